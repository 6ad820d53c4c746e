"""An SMTP client that says what it is told to, and shows what it is answered."""

import socket
import ssl


class Connection:
    """One connection, from the loopback address `source`. Answers are text, the lines of one joined by a line end; "<closed>" when the
    server hangs up."""

    def __init__(self, port, timeout=60, source=None):
        self.socket = socket.create_connection(("::1" if source == "::1" else "127.0.0.1", port), timeout, (source, 0) if source else None)
        self.input = self.socket.makefile("rb")
        self.greeting = self.read()

    def start_tls(self, certificate, host):
        """After the 220 to STARTTLS: the server must have that certificate, and that name in it."""
        self.input.close()
        self.socket = ssl.create_default_context(cafile=certificate).wrap_socket(self.socket, server_hostname=host)
        self.input = self.socket.makefile("rb")

    def read(self):
        lines = []
        while True:
            try:
                line = self.input.readline()
            except OSError as error:
                return f"<{error}>"
            if not line:
                return "\n".join(lines + ["<closed>"])
            lines.append(line.decode("utf-8", "replace").rstrip("\r\n"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    def command(self, text):
        try:
            self.socket.sendall(text.encode("utf-8", "surrogateescape") + b"\r\n")
        except OSError as error:
            return f"<{error}>"
        return self.read()

    def data(self, message):
        """The message (bytes, lines ended by CRLF, without the closing dot) after a 354."""
        text = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in message.split(b"\r\n"))
        try:
            self.socket.sendall(text + (b".\r\n" if text.endswith(b"\r\n") else b"\r\n.\r\n"))
        except OSError as error:
            return f"<{error}>"
        return self.read()

    def close(self):
        self.input.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def greet(port, client=None, helo="client.example", login=None, name=None):
    """A connection past EHLO, as coming from the address `client` (through XCLIENT: a new milter session, RFC-less but Postfix's own).

    `name` is the client's verified host name, none by default."""
    connection = Connection(port)
    if client:
        address = f"IPV6:{client}" if ":" in client else client
        attributes = f"ADDR={address} NAME={name or '[UNAVAILABLE]'} PORT=40000" + (f" LOGIN={login}" if login else "")
        answer = connection.command("EHLO " + helo) and connection.command("XCLIENT " + attributes)
        if not answer.startswith("220"):
            connection.close()
            raise OSError(f"XCLIENT was refused: {answer}")
    connection.command("EHLO " + helo)
    return connection

"""Where the private MTAs deliver to: takes every message and keeps it byte for byte.

As a program: sink.py PORT FOLDER. Each message becomes FOLDER/<number>.eml, its envelope FOLDER/<number>.json.
"""

import json
import os
import socketserver
import sys
import threading

if __package__:
    from .process import Process, accepts, free_port


class Handler(socketserver.StreamRequestHandler):
    def answer(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.answer("220 sink ESMTP")
        sender, recipients = None, []
        while line := self.rfile.readline():
            command = line.decode("utf-8", "surrogateescape").strip()
            verb = command[:4].upper()
            if verb == "EHLO":
                self.answer("250-sink\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8")
            elif verb == "MAIL":
                sender, recipients = command[len("MAIL FROM:"):], []
                self.answer("250 2.1.0 ok")
            elif verb == "RCPT":
                recipients.append(command[len("RCPT TO:"):])
                self.answer("250 2.1.5 ok")
            elif verb == "DATA":
                self.answer("354 go on")
                self.server.keep(sender, recipients, self.read_message())
                self.answer("250 2.0.0 kept")
            elif verb == "QUIT":
                self.answer("221 2.0.0 bye")
                return
            else:
                self.answer("250 2.0.0 ok")

    def read_message(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port, folder):
        super().__init__(("127.0.0.1", port), Handler)
        self.folder, self.number, self.lock = folder, 0, threading.Lock()

    def keep(self, sender, recipients, message):
        with self.lock:
            self.number += 1
            name = os.path.join(self.folder, f"{self.number:05d}")
        with open(name + ".json", "w", encoding="utf-8", errors="surrogateescape") as file:
            json.dump({"sender": sender, "recipients": recipients}, file)
        with open(name + ".part", "wb") as file:
            file.write(message)
        os.rename(name + ".part", name + ".eml")  # the message is there at once or not at all


class Sink:
    """The sink as a process of its own, and what it has taken."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.port = folder, free_port()
        self.process = Process([sys.executable, os.path.abspath(__file__), str(self.port), folder], folder + ".log")
        self.process.wait_ready(lambda: accepts(self.port))

    def messages(self):
        """Pairs of envelope and bytes, in the order of arrival."""
        taken = []
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".eml"):
                with open(os.path.join(self.folder, name), "rb") as file, \
                        open(os.path.join(self.folder, name[:-4] + ".json"), encoding="utf-8") as envelope:
                    taken.append((json.load(envelope), file.read()))
        return taken

    def stop(self):
        self.process.stop()


if __name__ == "__main__":
    Server(int(sys.argv[1]), sys.argv[2]).serve_forever()

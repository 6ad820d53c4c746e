"""SMTP sessions by swaks(1), the client that administrators test with."""

import re
import shutil
import subprocess

PROGRAM = shutil.which("swaks")
SERVER = re.compile(r"<[-~*]{1,2}\*?\s+(\d{3})([ -])(.*)")
CLIENT = re.compile(r"\s?[-~]>\s(.*)")


def available():
    """Whether swaks is installed, with what it needs for STARTTLS."""
    if not PROGRAM:
        return False
    told = subprocess.run([PROGRAM, "--support"], capture_output=True, text=True, timeout=30, check=False).stdout
    return re.search(r"^=== TLS supported", told, re.MULTILINE) is not None


class Session:
    """What was said: `answers` are pairs of a command and its answer, whose lines are joined by " / "."""

    def __init__(self, transcript):
        self.transcript, self.answers = transcript, []
        said, lines = "", []
        for line in transcript.splitlines():
            if answer := SERVER.match(line):
                lines.append(line[line.index(answer[1]):])
                if answer[2] == " ":
                    self.answers.append((said, " / ".join(lines)))
                    lines = []
            elif command := CLIENT.match(line):
                said = command[1]

    def verdict(self):
        """The answer that settled the message: the first refusal, else that to its closing dot."""
        refusal = next((answer for _, answer in self.answers if answer[:1] in "45"), None)
        return refusal or next((answer for said, answer in reversed(self.answers) if said != "QUIT"), "<no answer>")


def send(port, login=None, password=None, mechanism="PLAIN", sender="", recipients=(), message="", options=()):
    """One session with 127.0.0.1:`port`; `message` is text with line ends of "\\n". Without `login` nobody logs in."""
    command = [PROGRAM, "--server", f"127.0.0.1:{port}", "--helo", "client.example", "--timeout", "60", "--from", sender or "<>",
               "--to", ",".join(recipients), "--data", "-", "--suppress-data", *options]
    if login:
        command += ["--auth", mechanism, "--auth-user", login, "--auth-password", password]
    result = subprocess.run(command, input=message, capture_output=True, text=True, timeout=100, check=False)
    return Session(result.stdout)

"""Where accepted mail arrives: one line a message, with what proves it whole and filtered. As a program: sink.py PORT FILE."""

import json
import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../mta"))

from lab.process import Process, accepts, free_port  # noqa: E402
from lab.sink import Server  # noqa: E402
from messages import digest  # noqa: E402

KEPT = ("x-mark-headers", "x-mark-end", "x-body")


def address(path):
    return path[path.index("<") + 1:path.index(">")]


class Ledger(Server):
    request_queue_size = 128

    def keep(self, sender, recipients, message):
        header, _, body = message.partition(b"\r\n\r\n")
        fields = [line.partition(": ")[::2] for line in header.decode("utf-8", "replace").split("\r\n")]
        kept = {name: [value for field, value in fields if field.lower() == name] for name in KEPT}
        line = json.dumps({"sender": address(sender), "recipients": [address(r) for r in recipients], "fields": kept, "digest": digest(body)})
        with self.lock:
            self.folder.write(line + "\n")  # a file here
            self.folder.flush()


class Arrivals:
    """The sink as a process, and what has come so far."""

    def __init__(self, path):
        self.path, self.port = path, free_port()
        self.process = Process([sys.executable, os.path.abspath(__file__), str(self.port), path], path + ".log")
        self.process.wait_ready(lambda: accepts(self.port))

    def messages(self):
        with open(self.path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def stop(self):
        self.process.stop()


if __name__ == "__main__":
    with open(sys.argv[2], "a", encoding="utf-8") as ledger:
        Ledger(int(sys.argv[1]), ledger).serve_forever()

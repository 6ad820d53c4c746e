"""Postern as a process of its own, and the decisions it tells in its log."""

import json
import os
import signal
import subprocess

from .process import LabError, Process, accepts_unix, wait_until


class Postern:
    """`configuration` and `zones` (file name to text) are written into `work`; in them @WORK@ is that folder.

    It listens on @WORK@/postern.sock."""

    def __init__(self, program, work, configuration, zones):
        os.makedirs(work, exist_ok=True)
        self.program, self.work = program, work
        self.socket = os.path.join(work, "postern.sock")
        self.log = os.path.join(work, "postern.log")
        self.configuration = os.path.join(work, "postern.yaml")
        for name, text in zones.items():
            self.write(name, text)
        self.configure(configuration)
        self.process = None

    def write(self, name, text):
        with open(os.path.join(self.work, name), "w", encoding="utf-8") as file:
            file.write(text.replace("@WORK@", self.work))

    def configure(self, text):
        self.write("postern.yaml", text)

    def check(self):
        """`postern check`: its exit status and what it prints."""
        result = subprocess.run([self.program, "check", "-c", self.configuration], capture_output=True, text=True, timeout=30, check=False)
        return result.returncode, result.stdout + result.stderr

    def start(self):
        status, problems = self.check()
        if status:
            raise LabError(f"postern check says of {self.configuration}:\n{problems}")
        self.process = Process([self.program, "run", "-c", self.configuration], self.log)
        self.process.wait_ready(lambda: accepts_unix(self.socket))

    def stop(self):
        return self.process.stop(40) if self.process else 0

    def kill(self):
        self.process.kill()

    def reload(self):
        """SIGHUP, and the end of the reload."""
        count = len(self.events("reload"))
        self.process.send(signal.SIGHUP)
        wait_until(lambda: len(self.events("reload")) > count, 10, "Postern reloads")

    def events(self, name=None):
        """The log's events so far; lines that are no JSON (a sanitizer's words) are left out."""
        found = []
        with open(self.log, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if isinstance(event, dict) and name in (None, event.get("event")):
                    found.append(event)
        return found

    def ask(self, *words):
        """What `postern WORDS... --json` answers."""
        result = subprocess.run([self.program, *words, "--json", "-c", self.configuration], capture_output=True, text=True, timeout=30, check=True)
        return json.loads(result.stdout)

    def counter(self, name):
        """As `postern status` tells it; 0 for one that it does not have."""
        return self.ask("status")["counters"].get(name, 0)

    def decisions(self, after=0, count=1, seconds=10):
        """The decisions behind the first `after`, once there are `count` of them."""
        wait_until(lambda: len(self.events("decision")) >= after + count, seconds, f"Postern logs {count} decision(s)")
        return self.events("decision")[after:]

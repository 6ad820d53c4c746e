"""Postern as a supervisor runs it: again and again, each life with a log of its own, and what was in force when."""

import json
import os
import subprocess
import time
from dataclasses import dataclass, field

from lab.daemon import Postern
from lab.process import Process, accepts_unix


@dataclass
class Life:
    """One process, from its start to its end."""
    log: str
    loads: list = field(default_factory=list)  # what each load found in the file, the start first

    def events(self):
        """Parsed lines; one that a SIGKILL cut is left out."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if isinstance(event, dict):
                    yield event

    def complaints(self):
        """Faults that it tells of, and what somebody else wrote: a sanitizer, a library. A SIGKILL may leave half a line, the last."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            lines = file.readlines()
        return [line.rstrip() for line in lines if line.endswith("\n") and (not line.startswith("{") or line.startswith('{"event":"fault"'))]

    def generations(self, events):
        """Its own numbers of generations, to ours: the first load is 1, and each reload says which number it has reached."""
        known = {1: self.loads[0]}
        reloads = [event for event in events if event.get("event") == "reload"]
        for event, generation in zip(reloads, self.loads[1:]):
            if event["ok"]:
                known[event["generation"]] = generation
        return known


@dataclass
class Span:
    """When a generation may have been in force: from before it was asked for until after the next one was."""
    mark: str
    begin: float
    end: float = float("inf")


class Guarded(Postern):
    """The daemon, with the file that it reads and the history of both."""

    def __init__(self, program, work, generation, zone, mute, without=None):
        self.mute = mute
        self.command = [program, "run", *(["--test-without", without] if without else []), "-c", os.path.join(work, "postern.yaml")]
        super().__init__(program, work, generation.text(mute), {"chaos.zone": zone})
        self.lives, self.spans = [], []
        self.in_file = self.good = generation
        self.control = os.path.join(work, "control.sock")
        self.kills, self.longest_start = [], 0.0

    def put(self, generation, **options):
        """Into the file, at once or not at all."""
        whole = self.configuration + ".new"
        with open(whole, "w", encoding="utf-8") as file:
            file.write(generation.text(self.mute, **options).replace("@WORK@", self.work))
        os.rename(whole, self.configuration)
        self.in_file = generation

    def mend(self):
        """Takes a broken file out of the way."""
        if self.in_file != self.good:
            self.put(self.good)

    def start(self):
        began = time.monotonic()
        self.good = self.in_file
        self.enter_span(began)
        life = Life(os.path.join(self.work, f"postern.{len(self.lives) + 1:03d}.log"), [self.in_file])
        self.lives.append(life)
        self.log = life.log
        self.process = Process(self.command, life.log)
        self.process.wait_ready(lambda: accepts_unix(self.socket), 30)
        self.longest_start = max(self.longest_start, time.monotonic() - began)

    def kill(self):
        self.kills.append(time.monotonic())
        super().kill()

    def starts_broken(self):
        """Whether it starts with the file as it is; it should not."""
        result = subprocess.run(self.command, capture_output=True, timeout=30, check=False)
        return result.returncode != 2

    def enter_span(self, when):
        if self.spans and self.spans[-1].mark == self.good.mark:
            return
        self.spans.append(Span(self.good.mark, when))

    def ask_reload(self, generation, ask, **options):
        """Puts it into the file and calls `ask`, which returns when the daemon has answered, or at once. What was in force before may be until
        `settled` is called."""
        self.put(generation, **options)
        self.lives[-1].loads.append(generation)
        if not generation.broken:
            self.good = generation
            self.enter_span(time.monotonic())
        return ask()

    def settled(self):
        """The newest generation is in force now: the ones before are not."""
        now = time.monotonic()
        for span in self.spans[:-1]:
            span.end = min(span.end, now)

    def reloads_told(self):
        return sum(event.get("event") == "reload" for event in self.lives[-1].events())

"""What befalls the daemon: a schedule that a seed settles, and who carries it out."""

import collections
import random
import signal
import subprocess
import threading
import time

from generations import BREAKS, Generation
from lab.process import wait_until

AHEAD = 40  # so many messages may begin before an event that is due has happened


def schedule(seed, messages, kills, stops, reloads):
    """Pairs of message number and what happens when it begins. Half of the reloads find a broken file."""
    chance = random.Random(f"{seed} storm")
    ways = ["kill", "kill", "kill while it reloads", "kill while it stops", "kill, broken file"]
    events = [ways[i % len(ways)] for i in range(kills)] + ["stop"] * stops
    events += [("signal" if i % 2 else "control socket") + (", broken file" if i // 2 % 2 else "") for i in range(reloads)]
    chance.shuffle(events)
    return list(zip(sorted(chance.randrange(messages) for _ in events), events))


class Storm(threading.Thread):
    """Carries out a schedule while `begun()` counts the messages; `counts` tells what happened, `wrong` what went otherwise than it should."""

    def __init__(self, postern, seed, events, begun):
        super().__init__(daemon=True)
        self.postern, self.events, self.begun = postern, events, begun
        self.chance = random.Random(f"{seed} moments")
        self.done = 0
        self.counts, self.wrong = collections.Counter(), []
        self.number = 1  # of the newest generation
        self.breaks = sorted(BREAKS)

    def gate(self, message):
        """Whether a message may begin: the storm is not far behind it."""
        return self.done >= len(self.events) or message <= self.events[self.done][0] + AHEAD

    def run(self):
        try:
            for at, what in self.events:
                while self.begun() < at:
                    time.sleep(0.005)
                time.sleep(self.chance.uniform(0, 0.05))
                self.happen(what)
                self.done += 1
            self.postern.mend()
        except Exception as error:  # whatever it is: the messages wait for the storm, and would for ever
            self.wrong.append(f"{what}: {type(error).__name__}: {error}")
            self.done = len(self.events)

    def happen(self, what):
        self.counts[what] += 1
        broken = self.breaks[self.counts[what] % len(self.breaks)] if what.endswith("broken file") else None
        if what.startswith("kill"):
            self.kill(what, broken)
        elif what == "stop":
            self.stop()
        else:
            self.reload(what, self.next_generation(broken))

    def next_generation(self, broken=None):
        self.number += 1
        return Generation(self.number, broken)

    def kill(self, what, broken):
        postern = self.postern
        if what == "kill while it reloads":
            postern.ask_reload(self.next_generation(), lambda: postern.process.send(signal.SIGHUP))
            time.sleep(self.chance.uniform(0, 0.02))
        elif what == "kill while it stops":
            postern.process.send(signal.SIGTERM)
            time.sleep(self.chance.uniform(0, 0.3))
        elif broken:
            postern.put(self.next_generation(broken))
        postern.kill()
        time.sleep(self.chance.uniform(0, 0.2))
        if broken and postern.starts_broken():
            self.wrong.append(f"it starts with {broken}")
        postern.mend()
        postern.start()
        postern.settled()

    def stop(self):
        status = self.postern.stop()
        if status != 0:
            self.wrong.append(f"it ends with {status} after SIGTERM")
        self.postern.mend()
        self.postern.start()

    def reload(self, what, generation, **options):
        postern = self.postern
        told = postern.reloads_told()
        if what.startswith("signal"):
            postern.ask_reload(generation, lambda: postern.process.send(signal.SIGHUP), **options)
            wait_until(lambda: postern.reloads_told() > told, 20, f"Postern reloads after SIGHUP ({generation.mark})")
        else:
            command = [postern.program, "reload", "--socket", postern.control]
            status = postern.ask_reload(generation, lambda: subprocess.run(command, capture_output=True, timeout=20, check=False).returncode,
                                        **options)
            if status != (2 if generation.broken else 0):
                self.wrong.append(f"postern reload ends with {status} for {generation.mark} ({generation.broken or 'good'})")
        postern.settled()
        reload = [event for event in postern.lives[-1].events() if event.get("event") == "reload"][-1]
        if reload["ok"] == bool(generation.broken):
            self.wrong.append(f"reload of {generation.mark} ({generation.broken or 'good'}): {reload}")

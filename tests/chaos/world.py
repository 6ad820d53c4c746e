"""An MTA, Postern and the sink together, under load."""

import contextlib
import os
import shutil
import socket
import tempfile
import time

from audit import Audit
from generations import ZONE, Generation
from guarded import Guarded
from injector import Injector
from lab.process import wait_until
from messages import plan
from mtas import MTAS
from sink import Arrivals
from storm import Storm

SKIPPED = 77


@contextlib.contextmanager
def folder(keep=False):
    """A temporary folder, readable for all, that only root may write, all the way up: Sendmail wants that."""
    path = tempfile.mkdtemp(prefix="postern-chaos.", dir="/run")
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        if keep:
            print(f"kept: {path}")
        else:
            shutil.rmtree(path, ignore_errors=True)


class World:
    """Started once, for one storm or one experiment. `seed` settles all that chance decides; `without` is a protection that
    Postern does without."""

    def __init__(self, program, mtas, mta, work, seed, default_action="tempfail", without=None):
        self.seed, self.running, self.attempts = seed, contextlib.ExitStack(), []
        self.mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # a resolver that takes questions and never answers
        self.mute.bind(("127.0.0.1", 0))
        self.running.callback(self.mute.close)
        try:
            self.sink = self.started(Arrivals(os.path.join(work, "arrived.jsonl")))
            self.postern = self.started(Guarded(program, os.path.join(work, "postern"), Generation(1), ZONE, self.mute.getsockname()[1],
                                                 without))
            self.postern.start()
            self.mta = self.started(MTAS[mta](mtas, os.path.join(work, mta), self.postern.socket, self.sink.port, default_action))
            self.mta.start()
        except BaseException:
            self.stop()
            raise

    def started(self, thing):
        self.running.callback(thing.stop)
        return thing

    def stop(self):
        """All of it, even where one of them does not stop."""
        self.running.close()

    def inject(self, messages):
        """What became of them at the clients."""
        attempts = Injector(self.mta.port, self.seed, self.mta.clients).run(messages)
        self.attempts += attempts
        return attempts

    def storm(self, count, events):
        """`count` messages while the storm rages. The storm, when it is over."""
        injector = Injector(self.mta.port, self.seed, self.mta.clients)
        storm = Storm(self.postern, self.seed, events, lambda: injector.begun)
        injector.gate = storm.gate
        storm.start()
        self.attempts += injector.run(plan(self.seed, 0, count))
        storm.join(120)
        return storm

    def settle(self, seconds=180):
        """Waits until nothing is left to be delivered."""
        def empty():
            time.sleep(0.2)
            return not self.mta.pending()
        wait_until(empty, seconds, "the queue runs empty")

    def lives(self):
        for life in self.postern.lives:
            events = list(life.events())
            yield events, life.generations(events)

    def account(self, calm_from=None):
        """The audit of all that was injected, and what stays in the queue when the held messages are let go."""
        self.settle()
        audit = Audit([generation for life in self.postern.lives for generation in life.loads], self.postern.spans)
        audit.run(self.attempts, self.sink.messages(), self.mta.held(), list(self.lives()), calm_from)
        self.mta.release()
        self.settle()
        audit.released(self.attempts, self.sink.messages())
        return audit, self.mta.pending() + self.mta.held()

"""Postfix, Postern and the sink together, under load."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time

from audit import Audit
from generations import ZONE, Generation
from guarded import Guarded
from injector import Injector
from lab.postfix import Postfix
from lab.process import wait_until
from messages import plan
from sink import Arrivals
from storm import Storm

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77

# Limits that would put the injector off for being one client with many refused messages.
FOR_LOAD = """
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
smtpd_milters = unix:{socket}
milter_default_action = {default_action}
"""


def no_mta(unpacked):
    """Why there is no Postfix to be had, or nothing."""
    if os.geteuid() != 0:
        return "Postfix starts as root only"
    unpack = [os.path.join(HERE, "../../packaging/unpack-mta"), unpacked]
    if not os.path.exists(os.path.join(unpacked, "postfix")) and subprocess.run(unpack, check=False).returncode:
        return "Postfix could not be unpacked"
    return None


@contextlib.contextmanager
def folder(keep=False):
    """A temporary folder that Postfix, too, can read."""
    path = tempfile.mkdtemp(prefix="postern-chaos.")
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        if keep:
            print(f"kept: {path}")
        else:
            shutil.rmtree(path, ignore_errors=True)


class LoadedPostfix(Postfix):
    def __init__(self, unpacked, work, socket, sink, default_action):
        super().__init__(unpacked, work, socket, sink)
        with open(os.path.join(self.etc, "main.cf"), "a", encoding="ascii") as file:
            file.write(FOR_LOAD.format(socket=socket, default_action=default_action))

    def release(self):
        self.run("postsuper", "-H", "ALL")
        self.run("postqueue", "-f")


class World:
    """Started once, for one storm or one experiment. `seed` settles all that chance decides."""

    def __init__(self, program, mta, work, seed, default_action="tempfail"):
        self.seed, self.running, self.attempts = seed, [], []
        self.mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # a resolver that takes questions and never answers
        self.mute.bind(("127.0.0.1", 0))
        try:
            self.sink = self.started(Arrivals(os.path.join(work, "arrived.jsonl")))
            self.postern = self.started(Guarded(program, os.path.join(work, "postern"), Generation(1), ZONE, self.mute.getsockname()[1]))
            self.postern.start()
            self.mta = self.started(LoadedPostfix(mta, os.path.join(work, "postfix"), self.postern.socket, self.sink.port, default_action))
            self.mta.start()
        except BaseException:
            self.stop()
            raise

    def started(self, thing):
        self.running.append(thing)
        return thing

    def stop(self):
        for thing in reversed(self.running):
            thing.stop()
        self.mute.close()

    def inject(self, messages, **options):
        """What became of them at the clients."""
        attempts = Injector(self.mta.port, self.seed, **options).run(messages)
        self.attempts += attempts
        return attempts

    def storm(self, count, events):
        """`count` messages while the storm rages. The storm, when it is over."""
        injector = Injector(self.mta.port, self.seed)
        storm = Storm(self.postern, self.seed, events, lambda: injector.begun)
        injector.gate = storm.gate
        storm.start()
        self.attempts += injector.run(plan(self.seed, 0, count))
        storm.join(120)
        return storm

    def held(self):
        """The hold queue: each message's sender and recipients."""
        return [{"sender": entry["sender"], "recipients": [r["address"] for r in entry["recipients"]]} for entry in self.mta.queue()
                if entry["queue_name"] == "hold"]

    def settle(self, seconds=180):
        """Waits until nothing is left to be delivered."""
        def empty():
            time.sleep(0.2)
            return all(entry["queue_name"] == "hold" for entry in self.mta.queue())
        wait_until(empty, seconds, "the queue runs empty")

    def lives(self):
        for life in self.postern.lives:
            events = list(life.events())
            yield events, life.generations(events)

    def account(self, calm_from=None):
        """The audit of all that was injected, and what stays in the queue when the held messages are let go."""
        self.settle()
        audit = Audit([generation for life in self.postern.lives for generation in life.loads], self.postern.spans)
        audit.run(self.attempts, self.sink.messages(), self.held(), list(self.lives()), calm_from)
        self.mta.release()
        self.settle()
        audit.released(self.attempts, self.sink.messages())
        return audit, self.mta.queue()

"""What the dialogues stand in: one Postfix, one Postern, one sink, started once."""

import os

from lab.daemon import Postern
from lab.expect import hold
from lab.postfix import Postfix
from lab.process import free_port, wait_until
from lab.sink import Sink

HERE = os.path.dirname(os.path.abspath(__file__))


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


class Failure(Exception):
    """A behaviour is not as it should be."""


def want(condition, words):
    if not condition:
        raise Failure(words)


class Suite:
    def __init__(self):
        self.running = []
        self.expected = 0  # messages delivered by the dialogues so far

    def start(self, program, mta, work):
        self.sink = self.started(Sink(os.path.join(work, "sink")))
        self.dead_port = free_port()  # nobody answers there
        self.policy = read("suite.yaml").replace("SERVERS", f'"127.0.0.1@{self.dead_port}"')
        self.postern = self.started(Postern(program, os.path.join(work, "postern"), self.policy, {"suite.zone": read("suite.zone")}))
        self.postern.start()
        self.postfix = self.started(Postfix(mta, os.path.join(work, "postfix"), f"unix:{self.postern.socket}", self.sink.port))
        self.postfix.start()

    def started(self, thing):
        self.running.append(thing)
        return thing

    def stop(self):
        for thing in reversed(self.running):
            thing.stop()

    def delivered(self, after, count):
        """The messages behind the first `after` at the sink, once there are `count`."""
        wait_until(lambda: len(self.sink.messages()) >= after + count, 15, f"{count} message(s) delivered")
        return self.sink.messages()[after:]

    def hold(self, case, messages):
        """A case of cases.py: its answers, its decisions, its deliveries."""
        messages_before, decisions_before = len(self.sink.messages()), len(self.postern.events("decision"))
        problem = hold(case, self.postfix.submission if case.submission else self.postfix.port, messages)
        want(problem is None, f"another answer:\n{problem}")
        events = self.postern.decisions(decisions_before, len(case.decisions))
        told = [f"{event['action']} {event.get('rule', '-')}" for event in events]
        want(told == case.decisions, f"other decisions: {told}, wanted {case.decisions}")
        if case.would:
            want(case.would in [event.get("would") for event in events], f"no would={case.would}: {events}")
        self.expected += case.delivered
        taken = self.delivered(messages_before, case.delivered)
        want(len(taken) == case.delivered, f"{len(taken)} messages delivered, wanted {case.delivered}")

    def nothing_else_was_delivered(self):
        wait_until(lambda: not self.postfix.queue(), 15, "the queue runs empty")
        got = len(self.sink.messages())
        want(got == self.expected, f"{got} messages at the sink, {self.expected} by the table")

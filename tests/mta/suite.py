"""What the dialogues stand in, started once: Postfix and Sendmail, each with a sink behind it, and one Postern beside both."""

import os

from lab.between import Between
from lab.certificate import Certificate
from lab.daemon import Postern
from lab.keys import Key
from lab.pages import found
from lab.postfix import Postfix
from lab.process import free_port
from lab.sendmail import Sendmail
from lab.sink import Sink
from way import Way, want

HERE = os.path.dirname(os.path.abspath(__file__))


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def with_records(keys):
    """The zone, with the records of these keys."""
    return read("suite.zone") + "".join(key.line + "\n" for key in keys)


def with_exception(policy):
    """With the exception for forwarders of docs/checks/arc.md."""
    listed, rule = (found("checks/arc.md", rf"^{section}:\n((?:  .*\n)+?)(?=\w|  - include)") for section in ("lists", "rules"))
    return policy.replace("@SEALERS@\n", listed).replace("@KNOWN-FORWARDERS@\n", rule)


class Suite:
    def __init__(self):
        self.running, self.ways = [], []
        self.told = {}  # case name to MTA to decisions

    def start(self, program, mtas, work):
        """`mtas`: the folder of the unpacked MTAs; Sendmail may be missing there."""
        dead_port = free_port()  # nobody answers there
        self.policy = with_exception(read("suite.yaml").replace("SERVERS", f'"127.0.0.1@{dead_port}"'))
        home = os.path.join(work, "postern")
        keys = {domain: Key(program, home, domain) for domain in ("proved.example", "lists.example.net", "lists.good.example", "here.example")}
        keys["ed25519"] = Key(program, home, "proved.example", "e2026", "ed25519")
        self.postern = self.started(Postern(program, home, self.policy, {"suite.zone": with_records(keys.values())}))
        self.postern.start()
        between = self.started(Between(os.path.join(work, "between.sock"), self.postern.socket, "mail"))
        certificate = Certificate(os.path.join(work, "tls"), "mx.here.example")
        for kind in (Sendmail, Postfix):
            if os.path.exists(os.path.join(mtas, kind.name)):
                sink = self.started(Sink(os.path.join(work, f"sink-{kind.name}")))
                mta = self.started(kind(mtas, os.path.join(work, kind.name), self.postern.socket, sink.port, certificate, between))
                mta.start()
                self.ways.insert(0, Way(mta, sink, self.postern, self.policy, between, certificate, keys))

    def started(self, thing):
        self.running.append(thing)
        return thing

    def stop(self):
        for thing in reversed(self.running):
            thing.stop()

    def hold(self, way, case, messages):
        """A case through one MTA; its decisions are those that it had through the other."""
        decisions = way.hold(case, messages)
        others = self.told.setdefault(case.name, decisions)
        want(decisions == others, f"another decision than through the other MTA:\n      {decisions}\n      {others}")

    def answer_at_sender(self):
        """From here on refusals are spoken at MAIL. Fewer macros and steps are needed, so a restart makes it clean."""
        self.postern.stop()
        self.postern.configure(read("sender.yaml"))
        self.postern.start()

    def answer_at_recipient(self):
        self.postern.stop()
        self.postern.configure(self.policy)
        self.postern.start()

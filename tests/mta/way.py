"""One way in: an MTA, Postern beside it, and the sink behind it."""

import re

from differences import DIFFERENCES, PHRASES
from lab.expect import hold
from lab.process import wait_until

MESSAGE = b"From: <anna@good.example>\r\nTo: <peter@here.example>\r\nSubject: for the scenarios\r\n\r\nHello\r\n"
CLIENT = dict(client="93.184.216.25", helo="client.good.example", name="client.good.example")

# What must be the same in the record of a decision whichever MTA Postern stands behind; the rest names the client, times or the MTA's own.
TOLD = ("action", "stage", "rule", "code", "status", "text", "softened", "direction", "helo", "tls", "sender", "recipient", "findings",
        "matched", "degraded", "tags", "score", "edits", "would", "mode")


class Failure(Exception):
    """A behaviour is not as it should be."""


def want(condition, words):
    if not condition:
        raise Failure(words)


REFUSED_BY_MTA = "=refused-by-mta"


def told(decision):
    """What of a decision must be the same through both MTAs."""
    said = {key: decision[key] for key in TOLD if key in decision}
    said["recipient"] = [recipient for recipient in decision["recipient"] if not recipient.endswith(REFUSED_BY_MTA)]
    if "text" in said:
        said["text"] = said["text"].replace(decision["id"], "ID")
    return said


class Way:
    """`met` collects the differences that were seen."""

    def __init__(self, mta, sink, postern, policy, between, certificate, keys):
        self.mta, self.sink, self.postern, self.policy, self.between, self.certificate = mta, sink, postern, policy, between, certificate
        self.keys = keys  # by domain; proved.example has another, "ed25519"
        self.expected = 0  # messages delivered by the cases so far
        self.met = set()

    def meets(self, difference):
        want(difference in DIFFERENCES, f"differences.py does not list {difference}")
        self.met.add(difference)

    def expect(self, said, expected):
        """The pattern for the answer to `said`, in the words of this MTA."""
        phrase = re.fullmatch(r"\{(.*)\}", expected)
        if phrase:
            difference, *words = PHRASES[phrase[1]]
            self.meets(difference)
            return words[self.mta.name == "sendmail"]
        path = re.match(r"(?:MAIL FROM|RCPT TO):\s*(\S+)", said)
        code, status, text = (expected.split(" ", 2) + ["", ""])[:3]
        if self.mta.name == "sendmail" and path and code in ("450", "550", "553") and "..." not in text:
            self.meets("address in front")
            return f"{code} {status} {path[1]}... {text}"
        return expected

    def deliveries(self):
        return len(self.sink.messages())

    def delivered(self, after, count):
        """The messages behind the first `after` at the sink, once there are `count`."""
        wait_until(lambda: self.deliveries() >= after + count, 20, f"{count} message(s) delivered")
        return self.sink.messages()[after:]

    def connect(self, **options):
        return self.mta.connect(**options)

    def send(self, sender="anna@good.example", recipients=("peter@here.example",), message=MESSAGE, **client):
        """One message as far as it is taken: the last answer."""
        with self.connect(**{**CLIENT, **client}) as connection:
            for command in [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{r}>" for r in recipients), "DATA"]:
                answer = connection.command(command)
                if answer[:1] not in "23":
                    return answer
            return connection.data(message)

    def start_tls(self, connection):
        connection.start_tls(self.certificate.certificate, self.mta.host)

    def hold(self, case, messages):
        """A case of cases.py: its answers, its decisions, its deliveries. What Postern told of its decisions."""
        messages_before, decisions_before = self.deliveries(), len(self.postern.events("decision"))
        with self.connect(client=case.client, helo=case.helo, submission=case.submission, login=case.login, name=case.client_name) as connection:
            problem = hold(connection, case.dialogue, messages, self.expect, self.start_tls)
        want(problem is None, f"another answer:\n{problem}")
        if case.because:
            self.meets(case.because)
        if "{relaying denied}" in case.dialogue:
            self.meets("refused by the MTA")
        events = self.postern.decisions(decisions_before, len(case.decisions))
        seen = [f"{event['action']} {event.get('rule', '-')}" for event in events]
        want(seen == case.decisions, f"other decisions: {seen}, wanted {case.decisions}")
        for key, value in case.shows.items():
            want(value in [event.get(key) for event in events], f"no {key}={value}: {[event.get(key) for event in events]}")
        shown = any(recipient.endswith(REFUSED_BY_MTA) for event in events for recipient in event["recipient"])
        want(shown == ("{relaying denied}" in case.dialogue and self.mta.name == "postfix"), f"recipients refused by the MTA: {events}")
        self.expected += case.delivered
        taken = self.delivered(messages_before, case.delivered)
        want(len(taken) == case.delivered, f"{len(taken)} messages delivered, wanted {case.delivered}")
        return [told(event) for event in events]

    def settle(self):
        """Waits until everything that was taken has gone on."""
        wait_until(lambda: not self.mta.waiting(), 20, "the queue runs empty")

    def nothing_else_was_delivered(self):
        self.settle()
        want(self.deliveries() == self.expected, f"{self.deliveries()} messages at the sink, {self.expected} by the table")

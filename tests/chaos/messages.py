"""What is injected: messages with names of their own, whose body proves itself, in an order that a seed settles."""

import hashlib
import random
from dataclasses import dataclass

from generations import FATES, RECIPIENT_FATES

DOMAINS = ("good",) * 95 + ("servfail",) * 2 + ("nowhere",) * 2 + ("bogus",)
PAUSES = ("MAIL", "RCPT", "DATA", "body")  # what a slow client takes its time after


@dataclass
class Message:
    number: int
    kind: int           # of the sender, 0 … len(FATES) - 1
    recipients: list    # addresses; their kind stands in front
    domain: str
    body: bytes
    pauses: dict        # step to seconds
    patience: int       # how often it is tried in all

    def sender(self, attempt):
        """The envelope sender, unlike that of any other attempt."""
        return f"c{self.kind}.m{self.number}.{attempt}@{self.domain}"

    def data(self, attempt):
        head = (f"From: <{self.sender(attempt)}>\r\nTo: undisclosed-recipients:;\r\nSubject: {self.number}\r\n"
                f"X-Kind: c{self.kind}\r\nX-Body: {digest(self.body)}\r\n\r\n")
        return head.encode() + self.body


def digest(body):
    return hashlib.md5(body).hexdigest()


def recipient_kind(address):
    return int(address[1:address.index(".")])


def plan(seed, first, count):
    """`count` messages, numbered from `first`."""
    chance = random.Random(f"{seed} messages {first}")
    return [one(chance, first + i) for i in range(count)]


def one(chance, number):
    recipients = [f"k{chance.randrange(len(RECIPIENT_FATES))}.r{i}@here.example" for i in range(chance.choice((1, 1, 1, 1, 2, 2, 3, 4)))]
    domain = f"d{number}.mute.test" if chance.random() < 0.005 else chance.choice(DOMAINS) + ".example"
    slow = chance.random() < 0.08
    return Message(
        number=number, kind=chance.randrange(len(FATES)), recipients=recipients, domain=domain,
        body=b"".join(b"line %d of message %d\r\n" % (line, number) for line in range(chance.choice((1, 5, 20, 40, 1000)))),
        pauses={step: chance.uniform(0.02, 0.4) for step in PAUSES if slow and chance.random() < 0.5},
        patience=4 if chance.random() < 0.3 else 1)

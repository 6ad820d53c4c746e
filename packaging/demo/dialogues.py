"""The dialogues of packaging/try, in order. `expect`: words that the client must have been told."""

from dataclasses import dataclass

LOCAL = "local"


@dataclass
class Dialogue:
    title: str
    sender: str
    recipients: list
    expect: list
    client: str = "93.184.216.25"
    client_name: str = "mail.good.example"
    helo: str = "mail.good.example"
    shows: str = None  # a field of the delivered message
    login: str = None  # as whom the client has logged in, on the port for users
    author: str = None  # in From, if it is not the sender

    def message(self):
        return (f"From: <{self.author or self.sender or 'mailer-daemon@good.example'}>\r\nTo: <{self.recipients[0]}>\r\nSubject: {self.title}\r\n\r\n"
                "Hello,\r\nthis is a test.\r\n").encode()


PETER, ANNA = ["peter@here.example"], ["anna@good.example"]
EVA = dict(login="eva@here.example", client="192.0.2.77", client_name=None, helo="[192.168.1.7]")

DIALOGUES = [
    Dialogue("a sender as it should be", "anna@good.example", PETER, ["250 2.0.0"]),
    Dialogue("a domain without MX, but with an address", "anna@plain.example", PETER, ["250 2.0.0"]),
    Dialogue("a bounce: the null sender is always heard", "", PETER, ["250 2.0.0"]),
    Dialogue("the domain takes no mail (null MX)", "anna@null-mx.example", PETER, ["550 5.7.27"]),
    Dialogue("the domain does not exist", "anna@no-such-name.example", PETER, ["550 5.1.8"]),
    Dialogue("the domain has neither MX nor address", "anna@web-only.example", PETER, ["550 5.1.8"]),
    Dialogue("the mail host has no address", "anna@dangling.example", PETER, ["450 4.1.8"]),
    Dialogue("the mail host is a bogon", "anna@bogon.example", PETER, ["550 5.1.8"]),
    Dialogue("the mail host is everybody's own machine", "anna@loopback.example", PETER, ["450 4.1.8"]),
    Dialogue("the domain claims our server as its mail host", "anna@squatter.example", PETER, ["550 5.1.8"]),
    Dialogue("the domain's name servers are broken", "anna@broken-dns.example", PETER, ["451 4.4.3"]),
    Dialogue("postmaster hears even those", "anna@null-mx.example", ["postmaster@here.example"], ["250 2.0.0"]),
    Dialogue("three recipients, one is refused", "anna@good.example", ["peter@here.example", "old-shop@here.example", "eva@here.example"],
             ["250 2.1.5", "550 5.1.6", "250 2.0.0"]),
    Dialogue("the client calls itself by our name", "anna@good.example", PETER, ["550 5.7.1"], helo="mx.here.example"),
    Dialogue("a rule that is only tried out", "anna@good.example", PETER, ["250 2.0.0"], helo="DESKTOP-4711", client_name=None),
    Dialogue("a client without a name: the message is marked", "anna@good.example", PETER, ["250 2.0.0", "X-Client-Without-Name: 192.0.2.66"],
             client="192.0.2.66", client_name=None, helo="[192.0.2.66]", shows="X-Client-Without-Name"),
    Dialogue("nobody here has this address", "anna@good.example", ["petra@here.example"], ["550 5.1.1"]),
    Dialogue("a user writes as herself, by an alias", "shop@here.example", ANNA, ["250 2.0.0"], **EVA),
    Dialogue("a user sends as her colleague", "peter@here.example", ANNA, ["550 5.7.1", "may not send as"], **EVA),
    Dialogue("a user shows her colleague in From", "eva@here.example", ANNA, ["550 5.7.1", "may not write as"], author="peter@here.example", **EVA),
    Dialogue("a user writes to more people than she may in an hour", "eva@here.example", [f"{who}@good.example" for who in ("anna", "ben", "carla")],
             ["250 2.1.5", "452 4.5.3", "1 of 3/1h", "more than the 2 that are left"], **EVA),
    Dialogue("a program on this machine sends mail", "peter@here.example", ANNA, ["delivered"], client=LOCAL),
]

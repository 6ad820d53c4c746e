"""Who may send as whom: sessions by swaks with a submission service of service.py, and what must come of each.

`told` is the answer that settles the message (`*` stands for anything, a {phrase} of differences.py for the MTA's own words), `decision` is
Postern's: action and rule. What is accepted must arrive. `shows` are words that the decision must have in the field of that name.
"""

from dataclasses import dataclass, field

EVA, BOSS, OUTSIDE = "eva@here.example", "boss@here.example", "anna@good.example"
OWN = "From: <eva@here.example>"
TAKEN = "{taken}"


@dataclass
class Session:
    name: str
    told: str
    decision: str = "accept -"
    login: str = EVA
    sender: str = EVA
    header: str = OWN
    recipients: list = field(default_factory=lambda: [OUTSIDE])
    mechanism: str = "PLAIN"
    password: str = None  # another one than his own
    inbound: bool = False  # a stranger's, at port 25
    shows: dict = field(default_factory=dict)
    refused: int = 0  # of the recipients, though the message is taken
    only: str = None  # through this MTA alone


SESSIONS = [
    Session("the own address", TAKEN, shows={"login": EVA, "findings": "identity.author=own"}),
    Session("the own address, by AUTH LOGIN", TAKEN, mechanism="LOGIN"),
    Session("a login without a domain, and the address that the file gives it", TAKEN, login="tom", sender="tom@here.example",
            header="From: Tom <tom@here.example>", shows={"login": "tom"}),
    Session("an alias that leads to the account", TAKEN, sender="info@here.example", header="From: <info@here.example>",
            shows={"findings": "identity.sender=own"}),
    Session("the own address with an extension", TAKEN, sender="eva+shop@here.example", header="From: <Eva+Shop@here.example>"),
    Session("the address of a group", TAKEN, sender="board@here.example", header="From: The board <board@here.example>",
            shows={"findings": "identity.author=granted"}),
    Session("somebody else's envelope sender", "550 5.7.1 eva@here.example may not send as boss@here.example (*)",
            "reject submission/own-identity", sender=BOSS, shows={"stage": "recipient"}),
    Session("a stranger's envelope sender", "550 5.7.1 eva@here.example may not send as anna@good.example (*)",
            "reject submission/own-identity", sender=OUTSIDE),
    Session("somebody else in From", "550 5.7.1 eva@here.example may not write as boss@here.example (*)",
            "reject submission/own-author", header="From: <boss@here.example>"),
    Session("two addresses in From, one of them somebody else's", "550 5.7.1 eva@here.example may not write as boss@here.example (*)",
            "reject submission/own-author", header="From: <eva@here.example>, <boss@here.example>\nSender: <eva@here.example>"),
    Session("two From fields", "550 5.6.0 *", "reject submission/no-author", header="From: <eva@here.example>\nFrom: <boss@here.example>"),
    Session("somebody else in Sender", "550 5.7.1 eva@here.example may not write as boss@here.example (*)",
            "reject submission/own-author", header="From: <eva@here.example>\nSender: <boss@here.example>"),
    Session("an encoded display name that shows somebody else", TAKEN,
            header="From: =?utf-8?b?Ym9zc0BoZXJlLmV4YW1wbGU=?= <eva@here.example>", shows={"would": "submission/shown-name"}),
    Session("an encoded word where the address should be", "550 5.6.0 *", "reject submission/no-author",
            header="From: =?utf-8?b?Ym9zc0BoZXJlLmV4YW1wbGU=?="),
    Session("on behalf of another, with a Sender", TAKEN, header="From: <support@here.example>\nSender: <eva@here.example>",
            shows={"findings": "identity.author=delegated"}),
    Session("on behalf of another, without a Sender", "550 5.7.1 Who acts for another names himself in a Sender field (*)",
            "reject submission/on-behalf", header="From: <support@here.example>"),
    Session("the null sender, and somebody else in From", "550 5.7.1 eva@here.example may not write as boss@here.example (*)",
            "reject submission/own-author", sender="", header="From: <boss@here.example>"),
    Session("the null sender, and himself in From", TAKEN, sender=""),
    Session("an account that is switched off, though Dovecot lets it in", "550 5.7.13 This account is suspended (*)",
            "reject submission/account-off", login="off@here.example", sender="off@here.example", header="From: <off@here.example>"),
    Session("a recipient of ours whom nobody knows", "550 5.1.1 There is no mailbox nobody@here.example here (*)",
            "reject submission/unknown-recipient", recipients=["nobody@here.example"], shows={"stage": "recipient"}),
    Session("one recipient of two whom nobody knows", "550 5.1.1 There is no mailbox nobody@here.example here (*)",
            recipients=["nobody@here.example", BOSS], refused=1),
    Session("a wrong password is the MTA's matter", "535 5.7.* *", None, password="battery-staple"),
    Session("without a login the MTA refuses each recipient, and Postern is told", "554 5.7.1 *", "aborted -", login=None,
            shows={"recipient": "anna@good.example=refused-by-mta"}, only="postfix"),
    Session("without a login the MTA refuses the sender, and Postern is not told", "530 5.7.0 Authentication required", None, login=None,
            only="sendmail"),
    Session("a stranger uses an address of ours", TAKEN, login=None, recipients=[BOSS], inbound=True,
            shows={"would": "inbound/own-domain", "direction": "inbound"}),
    Session("a stranger writes to somebody whom nobody knows", "550 5.1.1 No such mailbox here (*)", "reject inbound/unknown-recipient",
            login=None, sender=OUTSIDE, header="From: <anna@good.example>", recipients=["nobody@here.example"], inbound=True),
    Session("a stranger writes to an account that is switched off", "550 5.2.1 This mailbox is switched off (*)",
            "reject inbound/recipient-off", login=None, sender=OUTSIDE, header="From: <anna@good.example>",
            recipients=["gone@here.example"], inbound=True),
]

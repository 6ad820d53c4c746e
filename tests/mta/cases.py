"""SMTP dialogues with Postfix and what must be answered.

A line is `what the client says -> what the server answers`; `*` stands for anything, the lines of one answer are joined by " / ".
`(NAME)` sends the message of that name after DATA. `decisions` are Postern's own, one a transaction: action and rule, "-" for none.
"""

from dataclasses import dataclass, field

MESSAGES = {
    "plain": b"From: <anna@good.example>\r\nTo: <peter@here.example>\r\nSubject: plain\r\n\r\nHello\r\n",
    "refuse": b"From: <anna@good.example>\r\nX-Test: please refuse\r\n\r\nHello\r\n",
    "put-off": b"From: <anna@good.example>\r\nX-Test: put-off\r\n\r\nHello\r\n",
    "drop": b"From: <anna@good.example>\r\nX-Test: drop\r\n\r\nHello\r\n",
    "large": b"From: <anna@good.example>\r\nSubject: large\r\n\r\n" + (b"x" * 76 + b"\r\n") * 3000,
    "no header": b"\r\nnothing but a body\r\n",
    "empty": b"",
    "strange": b"From: <anna@good.example>\r\nX-Nul: a\x00b\r\nX-Eight: \xe4\xf6\xff\r\nX-Fold: one\r\n\ttwo\r\n three\r\nSubject:no space\r\n\r\n"
               b"body with \x00 NUL\r\n.. dots\r\nno line end",
}


@dataclass
class Case:
    name: str
    dialogue: str
    decisions: list = field(default_factory=list)
    delivered: int = 0
    client: str = "93.184.216.25"
    client_name: str = "mail.good.example"
    helo: str = "mail.good.example"
    login: str = None
    submission: bool = False
    would: str = None


ANSWER_AT_RECIPIENT = [
    Case("a good sender is heard", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        QUIT                                -> 221 *
        """, ["accept -"], delivered=1),
    Case("an implicit MX is a mail host (RFC 5321 5.1)", """
        MAIL FROM:<anna@plain.example>      -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["accept -"], delivered=1),
    Case("the null sender is heard (RFC 5321 4.5.5)", """
        MAIL FROM:<>                        -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["accept -"], delivered=1),
    Case("null MX", """
        MAIL FROM:<anna@null-mx.example>    -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 550 5.7.27 * (*)
        """, ["reject inbound/no-mail-wanted"]),
    Case("a domain that does not exist", """
        MAIL FROM:<anna@nowhere.example>    -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 550 5.1.8 Sender domain does not exist (*)
        """, ["reject inbound/no-such-domain"]),
    Case("neither MX nor address", """
        MAIL FROM:<anna@web-only.example>   -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 550 5.1.8 Sender domain has no mail host (*)
        """, ["reject inbound/no-mail-host"]),
    Case("a mail host without address", """
        MAIL FROM:<anna@dangling.example>   -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 450 4.1.8 * (*)
        """, ["defer inbound/unreachable-mail-host"]),
    Case("a bogon for a mail host", """
        MAIL FROM:<anna@bogon.example>      -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 550 5.1.8 * (*)
        """, ["reject inbound/broken-mail-host"]),
    Case("loopback for a mail host", """
        MAIL FROM:<anna@loopback.example>   -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 450 4.1.8 * (*)
        """, ["defer inbound/unreachable-mail-host"]),
    Case("a private mail host", """
        MAIL FROM:<anna@private.example>    -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 450 4.1.8 * (*)
        """, ["defer inbound/unreachable-mail-host"]),
    Case("our own host as MX of a domain we do not serve", """
        MAIL FROM:<anna@squatter.example>   -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 550 5.1.8 * (*)
        """, ["reject inbound/our-mail-host"]),
    Case("SERVFAIL never costs a 5xx", """
        MAIL FROM:<anna@servfail.example>   -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 451 4.4.3 * (*)
        """, ["defer inbound/not-verified"]),
    Case("nor does a time-out", """
        MAIL FROM:<anna@timeout.example>    -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 451 4.4.3 * (*)
        """, ["defer inbound/not-verified"]),
    Case("nor does a bogus answer", """
        MAIL FROM:<anna@bogus.example>      -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 451 4.4.3 * (*)
        """, ["defer inbound/not-verified"]),
    Case("postmaster and abuse hear everybody", """
        MAIL FROM:<anna@null-mx.example>    -> 250 2.1.0 Ok
        RCPT TO:<postmaster@here.example>   -> 250 2.1.5 Ok
        RCPT TO:<Abuse@here.example>        -> 250 2.1.5 Ok
        RCPT TO:<peter@here.example>        -> 550 5.7.27 * (*)
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["accept -"], delivered=1),
    Case("several recipients, each with its own answer", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<gone@here.example>         -> 550 5.1.1 <gone@here.example> is 100% gone (*)
        RCPT TO:<later@here.example>        -> 450 4.2.1 <later@here.example> is away (*)
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        RCPT TO:<x@elsewhere.example>       -> 554 5.7.1 <x@elsewhere.example>: Relay access denied
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["accept -"], delivered=1),
    Case("all recipients refused, then DATA", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<gone@here.example>         -> 550 5.1.1 *
        DATA                                -> 554 5.5.1 *
        """, ["reject gone"]),
    Case("a recipient too many refuses this one, later ones and DATA", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<a@here.example>            -> 250 2.1.5 Ok
        RCPT TO:<b@here.example>            -> 250 2.1.5 Ok
        RCPT TO:<c@here.example>            -> 250 2.1.5 Ok
        RCPT TO:<d@here.example>            -> 250 2.1.5 Ok
        RCPT TO:<e@here.example>            -> 250 2.1.5 Ok
        RCPT TO:<f@here.example>            -> 550 5.5.3 Five recipients at most (*)
        RCPT TO:<g@here.example>            -> 550 5.5.3 Five recipients at most (*)
        DATA                                -> 550 5.5.3 Five recipients at most (*)
        """, ["reject too-many"]),
    Case("refused by a header, at the end of DATA", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (refuse)                            -> 554 5.6.0 No such header here (*)
        """, ["reject at-headers"]),
    Case("put off at the end of DATA", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (put-off)                           -> 451 4.7.1 * (*)
        """, ["defer put-off"]),
    Case("refused by the size of the message", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (large)                             -> 552 5.3.4 At most 200 KB (*)
        """, ["reject too-large"]),
    Case("discarded: the client is told that all is well", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (drop)                              -> 250 2.0.0 Ok: queued as *
        """, ["discard dropped"]),
    Case("several messages on one connection, each judged for itself", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (refuse)                            -> 554 5.6.0 *
        MAIL FROM:<anna@null-mx.example>    -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 550 5.7.27 *
        RSET                                -> 250 2.0.0 Ok
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<eva@here.example>          -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        QUIT                                -> 221 *
        """, ["reject at-headers", "reject inbound/no-mail-wanted", "accept -", "accept -"], delivered=2),
    Case("RSET forgets the transaction", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<gone@here.example>         -> 550 5.1.1 *
        RSET                                -> 250 2.0.0 Ok
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        RSET                                -> 250 2.0.0 Ok
        RSET                                -> 250 2.0.0 Ok
        EHLO again.example                  -> 250-*
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["reject gone", "aborted -", "accept -"], delivered=1),
    Case("commands out of order and unknown ones", """
        XBOGUS a b                          -> 500 5.5.2 *
        RCPT TO:<peter@here.example>        -> 503 5.5.1 *
        DATA                                -> 503 5.5.1 *
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        MAIL FROM:<anna@good.example>       -> 503 5.5.1 *
        VRFY peter@here.example             -> 252 *
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        NOOP                                -> 250 *
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["accept -"], delivered=1),
    Case("SMTPUTF8 (RFC 6531)", """
        MAIL FROM:<jürgen@bücher.example> SMTPUTF8 BODY=8BITMIME -> 250 2.1.0 Ok
        RCPT TO:<pétér@here.example>        -> 250 2.1.5 Ok
        RCPT TO:<gone@here.example>         -> 550 5.1.1 *
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["accept -"], delivered=1),
    Case("paths of odd shapes get a clean verdict", """
        MAIL FROM:<"a b"@good.example>      -> 250 2.1.0 Ok
        RCPT TO:<"odd one"@here.example>    -> 250 2.1.5 Ok
        RSET                                -> 250 2.0.0 Ok
        MAIL FROM:<@relay.example:anna@good.example> -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        RSET                                -> 250 2.0.0 Ok
        MAIL FROM: anna@good.example        -> 250 2.1.0 Ok
        RCPT TO: peter@here.example         -> 250 2.1.5 Ok
        RSET                                -> 250 2.0.0 Ok
        MAIL FROM:<anna@good.example> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=x -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example> NOTIFY=NEVER -> 250 2.1.5 Ok
        RSET                                -> 250 2.0.0 Ok
        MAIL FROM:<anna>                    -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 553 5.1.7 * (*)
        RSET                                -> 250 2.0.0 Ok
        MAIL FROM:<anna@[192.0.2.1]>        -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        RSET                                -> 250 2.0.0 Ok
        MAIL FROM:<anna@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example> -> 501 5.1.7 Bad sender address syntax
        """, ["aborted -", "aborted -", "aborted -", "aborted -", "reject inbound/sender-address", "aborted -"]),
    Case("a greeting of any shape", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["accept -"], delivered=1, helo='we-ird"=%s{helo}%n\\'),
    Case("messages of any shape", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (no header)                         -> 250 2.0.0 Ok: queued as *
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (empty)                             -> 250 2.0.0 Ok: queued as *
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (strange)                           -> 250 2.0.0 Ok: queued as *
        """, ["accept -", "accept -", "accept -"], delivered=3),
    Case("a monitored rule refuses nobody, and says what it would", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["accept -"], delivered=1, helo="mx.here.example", would="reject liar"),
    Case("an IPv6 client", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<gone@here.example>         -> 550 5.1.1 *
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["accept -"], delivered=1, client="2001:db8::25", client_name=None),
    Case("a user's sender must be able to take an answer", """
        MAIL FROM:<anna@dangling.example>   -> 250 2.1.0 Ok
        RCPT TO:<x@elsewhere.example>       -> 550 5.1.8 * (*)
        RSET                                -> 250 2.0.0 Ok
        MAIL FROM:<anna@here.example>       -> 250 2.1.0 Ok
        RCPT TO:<x@elsewhere.example>       -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["reject submission/sender-domain", "accept -"], delivered=1, login="anna", submission=True),
    Case("refused after the client has gone", """
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        """, ["aborted -"]),
]

ANSWER_AT_SENDER = [
    Case("refused at MAIL", """
        MAIL FROM:<anna@null-mx.example>    -> 550 5.7.27 * (*)
        RCPT TO:<peter@here.example>        -> 503 5.5.1 *
        MAIL FROM:<banned@good.example>     -> 550 5.7.1 Banned (*)
        MAIL FROM:<anna@servfail.example>   -> 451 4.4.3 * (*)
        MAIL FROM:<anna@good.example>       -> 250 2.1.0 Ok
        RCPT TO:<peter@here.example>        -> 250 2.1.5 Ok
        DATA                                -> 354 *
        (plain)                             -> 250 2.0.0 Ok: queued as *
        """, ["reject no-mail-wanted", "reject banned", "defer not-verified", "accept -"], delivered=1),
]

"""SMTP dialogues with an MTA and what must be answered: the same through Postfix and through Sendmail.

A line is `what the client says -> what the server answers`; `*` stands for anything, the lines of one answer are joined by " / ".
`{phrase}` is an answer of the MTA's own, worded in differences.py; everything else is Postern's, or the same from both.
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
    "two authors": b"From: <anna@good.example>\r\nFrom: <tom@good.example>\r\n\r\nHello\r\n",
    "forged author": b"From: Anna <anna@proved.example>\r\nSubject: trust me\r\n\r\nHello\r\n",
    "strange": b"From: <anna@good.example>\r\nX-Eight: \xe4\xf6\xff\r\nX-Fold: one\r\n\ttwo\r\n three\r\nSubject:no space\r\n\r\n"
               b".. dots\r\n\xe4\r\nno line end",
    "NUL": b"From: <anna@good.example>\r\nSubject: a\x00b\r\n\r\nbody with \x00 NUL\r\n",
    "large header": b"From: <anna@good.example>\r\n" + (b"X-Long: " + b"x" * 500 + b"\r\n") * 80 + b"\r\nHello\r\n",
    # A second message, for a server that takes LF for a line end (CVE-2023-51764).
    "smuggled": b"From: <anna@good.example>\r\n\r\nHello\n.\r\nMAIL FROM:<admin@here.example>\r\nRCPT TO:<eva@here.example>\r\nDATA\r\n"
                b"From: <admin@here.example>\r\n\r\nsmuggled\r\n",
}


@dataclass
class Case:
    name: str
    dialogue: str
    decisions: list = field(default_factory=list)
    delivered: int = 0
    client: str = "93.184.216.25"
    client_name: str = "client.good.example"
    helo: str = "client.good.example"
    login: str = None
    submission: bool = False
    shows: dict = field(default_factory=dict)  # fields that one of the decisions must have
    only: str = None  # through this MTA alone, for the difference named in `because`
    because: str = None


ANSWER_AT_RECIPIENT = [
    Case("a good sender is heard", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        QUIT                                -> 221 *
        """, ["accept -"], delivered=1),
    Case("an implicit MX is a mail host (RFC 5321 5.1)", """
        MAIL FROM:<anna@plain.example>      -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1),
    Case("the null sender is heard (RFC 5321 4.5.5)", """
        MAIL FROM:<>                        -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1),
    Case("null MX", """
        MAIL FROM:<anna@null-mx.example>    -> {sender ok}
        RCPT TO:<peter@here.example>        -> 550 5.7.27 * (*)
        """, ["reject inbound/no-mail-wanted"]),
    Case("a domain that does not exist", """
        MAIL FROM:<anna@nowhere.example>    -> {sender ok}
        RCPT TO:<peter@here.example>        -> 550 5.1.8 Sender domain does not exist (*)
        """, ["reject inbound/no-such-domain"]),
    Case("neither MX nor address", """
        MAIL FROM:<anna@web-only.example>   -> {sender ok}
        RCPT TO:<peter@here.example>        -> 550 5.1.8 Sender domain has no mail host (*)
        """, ["reject inbound/no-mail-host"]),
    Case("a mail host without address", """
        MAIL FROM:<anna@dangling.example>   -> {sender ok}
        RCPT TO:<peter@here.example>        -> 450 4.1.8 * (*)
        """, ["defer inbound/unreachable-mail-host"]),
    Case("a bogon for a mail host", """
        MAIL FROM:<anna@bogon.example>      -> {sender ok}
        RCPT TO:<peter@here.example>        -> 550 5.1.8 * (*)
        """, ["reject inbound/broken-mail-host"]),
    Case("loopback for a mail host", """
        MAIL FROM:<anna@loopback.example>   -> {sender ok}
        RCPT TO:<peter@here.example>        -> 450 4.1.8 * (*)
        """, ["defer inbound/unreachable-mail-host"]),
    Case("a private mail host", """
        MAIL FROM:<anna@private.example>    -> {sender ok}
        RCPT TO:<peter@here.example>        -> 450 4.1.8 * (*)
        """, ["defer inbound/unreachable-mail-host"]),
    Case("our own host as MX of a domain we do not serve", """
        MAIL FROM:<anna@squatter.example>   -> {sender ok}
        RCPT TO:<peter@here.example>        -> 550 5.1.8 * (*)
        """, ["reject inbound/our-mail-host"]),
    Case("SERVFAIL never costs a 5xx", """
        MAIL FROM:<anna@servfail.example>   -> {sender ok}
        RCPT TO:<peter@here.example>        -> 451 4.4.3 * (*)
        """, ["defer inbound/not-verified"]),
    Case("nor does a time-out", """
        MAIL FROM:<anna@timeout.example>    -> {sender ok}
        RCPT TO:<peter@here.example>        -> 451 4.4.3 * (*)
        """, ["defer inbound/not-verified"]),
    Case("nor does a bogus answer", """
        MAIL FROM:<anna@bogus.example>      -> {sender ok}
        RCPT TO:<peter@here.example>        -> 451 4.4.3 * (*)
        """, ["defer inbound/not-verified"]),
    Case("postmaster and abuse hear everybody", """
        MAIL FROM:<anna@null-mx.example>    -> {sender ok}
        RCPT TO:<postmaster@here.example>   -> {recipient ok}
        RCPT TO:<Abuse@here.example>        -> {recipient ok}
        RCPT TO:<peter@here.example>        -> 550 5.7.27 * (*)
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1),
    Case("several recipients, each with its own answer", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<gone@here.example>         -> 550 5.1.1 <gone@here.example> is 100% gone (*)
        RCPT TO:<later@here.example>        -> 450 4.2.1 <later@here.example> is away (*)
        RCPT TO:<peter@here.example>        -> {recipient ok}
        RCPT TO:<x@elsewhere.example>       -> {relaying denied}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1),
    Case("all recipients refused, then DATA", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<gone@here.example>         -> 550 5.1.1 *
        DATA                                -> {no valid recipients}
        """, ["reject gone"]),
    Case("a recipient too many refuses this one, later ones and DATA", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<a@here.example>            -> {recipient ok}
        RCPT TO:<b@here.example>            -> {recipient ok}
        RCPT TO:<c@here.example>            -> {recipient ok}
        RCPT TO:<d@here.example>            -> {recipient ok}
        RCPT TO:<e@here.example>            -> {recipient ok}
        RCPT TO:<f@here.example>            -> 550 5.5.3 Five recipients at most (*)
        RCPT TO:<g@here.example>            -> 550 5.5.3 Five recipients at most (*)
        DATA                                -> 550 5.5.3 Five recipients at most (*)
        """, ["reject too-many"]),
    Case("a recipient that is treated otherwise comes apart", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        RCPT TO:<apart@here.example>        -> 452 4.5.3 * (*)
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1),
    Case("refused by a header, at the end of DATA", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (refuse)                            -> 554 5.6.0 No such header here (*)
        """, ["reject at-headers"], shows={"stage": "headers"}),
    Case("put off at the end of DATA", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (put-off)                           -> 451 4.7.1 * (*)
        """, ["defer put-off"]),
    Case("refused by the size of the message", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (large)                             -> 552 5.3.4 At most 200 KB (*)
        """, ["reject too-large"], shows={"stage": "end"}),
    Case("discarded: the client is told that all is well", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (drop)                              -> {taken}
        """, ["discard dropped"]),
    Case("several messages on one connection, each judged for itself", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (refuse)                            -> 554 5.6.0 *
        MAIL FROM:<anna@null-mx.example>    -> {sender ok}
        RCPT TO:<peter@here.example>        -> 550 5.7.27 *
        RSET                                -> {reset}
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<eva@here.example>          -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        QUIT                                -> 221 *
        """, ["reject at-headers", "reject inbound/no-mail-wanted", "accept -", "accept -"], delivered=2),
    Case("RSET forgets the transaction", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<gone@here.example>         -> 550 5.1.1 *
        RSET                                -> {reset}
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        RSET                                -> {reset}
        RSET                                -> {reset}
        EHLO again.example                  -> 250-*
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["reject gone", "aborted -", "accept -"], delivered=1),
    Case("commands out of order and unknown ones", """
        XBOGUS a b                          -> {unknown command}
        RCPT TO:<peter@here.example>        -> {out of order}
        DATA                                -> {out of order}
        MAIL FROM:<anna@good.example>       -> {sender ok}
        MAIL FROM:<anna@good.example>       -> {out of order}
        VRFY peter@here.example             -> 252 *
        RCPT TO:<peter@here.example>        -> {recipient ok}
        NOOP                                -> 250 *
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1),
    Case("SMTPUTF8 (RFC 6531)", """
        MAIL FROM:<jürgen@bücher.example> SMTPUTF8 BODY=8BITMIME -> {sender ok}
        RCPT TO:<pétér@here.example>        -> {recipient ok}
        RCPT TO:<gone@here.example>         -> 550 5.1.1 *
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1, only="postfix", because="SMTPUTF8"),
    Case("no SMTPUTF8: an address beyond ASCII is refused before Postern hears of it", """
        MAIL FROM:<jürgen@bücher.example> SMTPUTF8 BODY=8BITMIME -> 555 5.5.4 SMTPUTF8 parameter unrecognized
        RCPT TO:<peter@here.example>        -> {out of order}
        """, [], only="sendmail", because="SMTPUTF8"),
    Case("paths of odd shapes get a clean verdict", """
        MAIL FROM:<"a b"@good.example>      -> {sender ok}
        RCPT TO:<"odd one"@here.example>    -> {recipient ok}
        RSET                                -> {reset}
        MAIL FROM:<@relay.example:anna@good.example> -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        RSET                                -> {reset}
        MAIL FROM: anna@good.example        -> {sender ok}
        RCPT TO: peter@here.example         -> {recipient ok}
        RSET                                -> {reset}
        MAIL FROM:<anna@good.example> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=x -> {sender ok}
        RCPT TO:<peter@here.example> NOTIFY=NEVER -> {recipient ok}
        RSET                                -> {reset}
        MAIL FROM:<anna@[192.0.2.1]>        -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        """, ["aborted -", "aborted -", "aborted -", "aborted -", "aborted -"]),
    Case("a sender without a domain", """
        MAIL FROM:<anna>                    -> {sender ok}
        RCPT TO:<peter@here.example>        -> 553 5.1.7 * (*)
        """, ["reject inbound/sender-address"], only="postfix", because="unqualified sender"),
    Case("a sender without a domain, refused before Postern hears of it", """
        MAIL FROM:<anna>                    -> 553 5.5.4 <anna>... Domain name required for sender address anna
        RCPT TO:<peter@here.example>        -> {out of order}
        """, [], only="sendmail", because="unqualified sender"),
    Case("a domain with a label of 66 letters, refused before Postern hears of it", """
        MAIL FROM:<anna@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example> -> 501 5.1.7 Bad sender address syntax
        """, [], only="postfix", because="long label"),
    Case("a domain with a label of 66 letters", """
        MAIL FROM:<anna@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example> -> {sender ok}
        RCPT TO:<peter@here.example>        -> 553 5.1.7 * (*)
        """, ["reject inbound/sender-address"], only="sendmail", because="long label"),
    Case("a greeting of any shape", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1, helo='we-ird"=%s{helo}%n\\', shows={"helo": 'we-ird"=%s{helo}%n\\'}, only="postfix", because="odd greeting"),
    Case("a greeting of any shape, refused by the MTA", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1, helo='we-ird"=%s{helo}%n\\', shows={"helo": ""}, only="sendmail", because="odd greeting"),
    Case("a greeting that is no host name", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1, helo="-under_score..dots-", shows={"helo": "-under_score..dots-"}),
    Case("messages of any shape", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (no header)                         -> 550 5.6.0 * (*)
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (empty)                             -> 550 5.6.0 * (*)
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (strange)                           -> {taken}
        """, ["reject inbound/no-author", "reject inbound/no-author", "accept -"], delivered=1),
    Case("two From fields", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (two authors)                       -> 550 5.6.0 * (*)
        """, ["reject inbound/no-author"]),
    Case("an author whose domain asks to refuse what is not proven, and nothing is", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (forged author)                     -> 550 5.7.26 * (*)
        """, ["reject inbound/dmarc-reject"]),
    Case("the same author from his own server", """
        MAIL FROM:<anna@proved.example>     -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (forged author)                     -> {taken}
        """, ["accept -"], delivered=1),
    Case("a monitored rule refuses nobody, and says what it would", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1, helo="plain.example", shows={"would": "reject liar"}),
    Case("an IPv6 client", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<gone@here.example>         -> 550 5.1.1 *
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["accept -"], delivered=1, client="2001:db8::25", client_name=None),
    Case("a user's sender must be able to take an answer", """
        MAIL FROM:<anna@dangling.example>   -> {sender ok}
        RCPT TO:<x@elsewhere.example>       -> 550 5.1.8 * (*)
        RSET                                -> {reset}
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<x@elsewhere.example>       -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["reject submission/sender-domain", "accept -"], delivered=1, login="anna", submission=True),
    Case("a client that is refused for its address is told at RCPT", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> 554 5.7.1 You may not come in (*)
        RCPT TO:<eva@here.example>          -> 554 5.7.1 You may not come in (*)
        DATA                                -> {no valid recipients}
        """, ["reject barred"], client="198.51.100.9", client_name=None, shows={"stage": "recipient"}),
    Case("a client that is put off for its greeting is told at RCPT", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> 450 4.7.1 Greet us properly (*)
        MAIL FROM:<anna@good.example>       -> {out of order}
        EHLO client.good.example            -> 250-*
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["defer rude", "accept -"], delivered=1, helo="rude.example"),
    Case("STARTTLS: the greeting behind it counts", """
        STARTTLS                            -> 220 2.0.0 *
        EHLO client.good.example            -> 250-*
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<gone@here.example>         -> 550 5.1.1 <gone@here.example> is 100% gone (*)
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        MAIL FROM:<anna@null-mx.example>    -> {sender ok}
        RCPT TO:<peter@here.example>        -> 550 5.7.27 * (*)
        QUIT                                -> 221 *
        """, ["accept -", "reject inbound/no-mail-wanted"], delivered=1, helo="rude.example", shows={"tls": "TLSv1.3", "tags": ["encrypted"]}),
    Case("NUL in the message, refused by the MTA", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (NUL)                               -> 550 5.7.1 *
        """, ["aborted -"], only="postfix", because="NUL"),
    Case("NUL in the message", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (NUL)                               -> {taken}
        """, ["accept -"], delivered=1, only="sendmail", because="NUL"),
    Case("a header of 40 KB", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (large header)                      -> {taken}
        """, ["accept -"], delivered=1, only="postfix", because="large header"),
    Case("a header of 40 KB, refused by the MTA", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (large header)                      -> 552 5.6.0 *
        """, ["aborted -"], only="sendmail", because="large header"),
    Case("a second message behind a bare line feed stays a part of the first", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (smuggled)                          -> {taken}
        NOOP                                -> 250 *
        """, ["accept -"], delivered=1, only="postfix", because="bare line feed"),
    Case("a bare line feed ends the connection", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (smuggled)                          -> 421 4.5.0 *
        """, ["aborted -"], only="sendmail", because="bare line feed"),
    Case("refused after the client has gone", """
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        """, ["aborted -"]),
]

ANSWER_AT_SENDER = [
    Case("a client that is refused for its address is told at MAIL", """
        MAIL FROM:<anna@good.example>       -> 554 5.7.1 You may not come in (*)
        RCPT TO:<peter@here.example>        -> {out of order}
        """, ["reject barred"], client="198.51.100.9", client_name=None),
    Case("a client that is put off for its greeting is told at MAIL", """
        MAIL FROM:<anna@good.example>       -> 450 4.7.1 Greet us properly (*)
        """, ["defer rude"], helo="rude.example"),
    Case("refused at MAIL", """
        MAIL FROM:<anna@null-mx.example>    -> 550 5.7.27 * (*)
        RCPT TO:<peter@here.example>        -> {out of order}
        MAIL FROM:<banned@good.example>     -> 550 5.7.1 Banned (*)
        MAIL FROM:<anna@servfail.example>   -> 451 4.4.3 * (*)
        MAIL FROM:<anna@good.example>       -> {sender ok}
        RCPT TO:<peter@here.example>        -> {recipient ok}
        DATA                                -> 354 *
        (plain)                             -> {taken}
        """, ["reject no-mail-wanted", "reject banned", "defer not-verified", "accept -"], delivered=1),
]

"""What leaves is signed, and holds where it arrives: after all that an MTA does to a message behind its milters. Each takes a service of
service.py; the name is the behaviour."""

import json
import os
import re
import subprocess

from identities import EVA, OUTSIDE
from lab import proof
from way import want

BOSS = "boss@here.example"
FROM, TO = b"From: Eva <eva@here.example>", b"To: <anna@good.example>"
DATE, ID = b"Date: Sat, 28 Nov 2026 10:00:00 +0000", b"Message-ID: <1@here.example>"
TEXT = b"Content-Type: text/plain; charset=utf-8"
MIME = [b"MIME-Version: 1.0", TEXT, b"Content-Transfer-Encoding: 8bit"]


def letter(*fields, body=b"Hello\r\n"):
    return b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


LETTERS = {
    "an ordinary message": letter(FROM, TO, b"Subject: signed", DATE, ID, b"MIME-Version: 1.0", TEXT),
    "a message of From alone, which the MTA completes": letter(FROM),
    "no Date": letter(FROM, TO, b"Subject: no date", ID),
    "no Message-ID": letter(FROM, TO, b"Subject: no id", DATE),
    "a folded Subject": letter(FROM, TO, b"Subject: folded\r\n\tonce,\r\n   and again", DATE, ID),
    "fields of odd spaces": letter(b"From:Eva<eva@here.example>", b"To:   <anna@good.example>", b"Subject:   two  spaces \t ", DATE, ID),
    "lists of addresses without spaces": letter(FROM, b"To: <anna@good.example>,<tom@good.example>,eva@good.example",
                                                b"Cc: Tom<tom@good.example>,x@good.example", DATE, ID),
    "comments and quotes in addresses": letter(b"From: eva@here.example (Eva)",
                                               b'To: "Anna, the first" <anna@good.example>, Tom (the other) <tom@good.example>',
                                               b"Reply-To:<eva@here.example>,<boss@here.example>", DATE, ID),
    "names that Sendmail puts into quotes": letter(FROM, b"To: A. Anna <anna@good.example>, 'Tom' <tom@good.example>",
                                                   b"Cc: Anna, first <anna@good.example>",
                                                   b"Reply-To: <@relay.example:eva@here.example>", b"Sender: < eva@here.example >", DATE, ID),
    "addresses that are none": letter(FROM, b"To: anna", b"Cc: anna@good.example; tom@good.example",
                                      b"Reply-To: eva (Eva) @ here.example", DATE, ID),
    "a dot in the author's name": letter(b"From: Eva M. O'Neill <eva@here.example>", TO, DATE, ID),
    "a long folded To": letter(FROM, b"To: " + b",\r\n ".join(b"<user%d@good.example>" % n for n in range(40)), DATE, ID),
    "a group of nobody": letter(FROM, b"To: undisclosed-recipients:;", DATE, ID),
    "eight bits, and MIME": letter(FROM, TO, b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", DATE, ID, *MIME, body="Grüße\r\n".encode()),
    "eight bits without MIME": letter(FROM, TO, "Subject: Grüße".encode(), DATE, ID, body="Grüße\r\n".encode()),
    "lines of 990 letters": letter(FROM, TO, b"Subject: long", DATE, ID, body=(b"x" * 990 + b"\r\n") * 3),
    "a field of 900 letters": letter(FROM, TO, b"Subject: " + b"long " * 180, DATE, ID),
    "dots, and empty lines at the end": letter(FROM, TO, DATE, ID, body=b".\r\n..\r\n.. two\r\n\r\n\r\n\r\n"),
    "no body": letter(FROM, TO, DATE, ID, body=b""),
    "no line end at the end": letter(FROM, TO, DATE, ID, body=b"Hello"),
    "fields that an MTA takes away or adds": letter(b"Return-Path: <x@good.example>", FROM, TO, b"Bcc: <tom@good.example>", DATE, ID,
                                                    b"Full-Name: Eva", b"Content-Length: 7", b"Sender: <eva@here.example>"),
    "another's signature, and ours on top": letter(b"DKIM-Signature: v=1; a=rsa-sha256; d=other.example; s=x; h=from; bh=eA==; b=eA==",
                                                     FROM, TO, DATE, ID),
}


def sent(service, message, recipients=(OUTSIDE,), sender=EVA, login=EVA):
    """What arrives of it once all `recipients` have it: one message, or one for each."""
    before = len(service.sink.messages())
    service.hand_over(message, recipients, sender, login)
    return [raw for _, raw in service.delivered_behind(before, len(recipients))]


def holds(service, raw):
    """Wants a signature by each of our keys, first and in order, that holds for dkimpy and for `postern test`."""
    wanted = [(key.domain, key.selector, True) for key in service.world.keys]
    seen = proof.signatures(raw, service.world.keys)
    want(seen[:len(wanted)] == wanted, f"dkimpy says {seen} of\n{raw.decode(errors='replace')}")
    ours = [(one["d"], one["s"], one["result"] == "pass") for one in told_by_postern(service, raw)]
    want(ours[:len(wanted)] == wanted, f"postern test says {ours}")


def told_by_postern(service, raw):
    postern, path = service.postern, os.path.join(service.world.work, "arrived.eml")
    with open(path, "wb") as file:
        file.write(raw)
    command = [postern.program, "test", "-c", os.path.join(postern.work, "elsewhere.yaml"), "--zone", os.path.join(postern.work, "suite.zone"),
               "--json", "--client-ip", "203.0.113.5", "--mail-from", EVA, path]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    want(result.returncode == 0, result.stderr)
    return json.loads(result.stdout)["dkim"]


def holds_of(name):
    def scenario(service):
        for raw in sent(service, LETTERS[name]):
            holds(service, raw)
    scenario.__name__ = f"signed: {name}"
    return scenario


def what_a_reader_sees_is_signed(service):
    for raw in sent(service, LETTERS["an ordinary message"]):
        names = re.search(rb"\sh=([^;]*);", raw)[1].split(b":")
        wanted = b"from to subject date message-id mime-version content-type from to cc subject date reply-to mime-version content-type"
        want([name.strip() for name in names] == wanted.split(), f"{names}")


def each_copy_for_several_recipients_is_signed(service):
    message = letter(FROM, b"To: <anna@good.example>", b"Cc: <tom@good.example>, <eva@plain.example>", DATE, ID)
    for raw in sent(service, message, ("anna@good.example", "tom@good.example", "eva@plain.example")):
        holds(service, raw)


def an_address_that_the_account_was_given_is_signed(service):
    for field in (b"From: The board <board@here.example>", b"From: <support@here.example>\r\nSender: <eva@here.example>"):
        for raw in sent(service, letter(field, TO, DATE, ID)):
            holds(service, raw)


def unsigned(service, raw):
    want(proof.signatures(raw, service.world.keys) == [], f"signed:\n{raw.decode(errors='replace')}")


def what_is_not_the_accounts_is_not_signed(service):
    """Not even where the rules that refuse it are only watched."""
    policy = service.world.policy
    watched = "{own-identity: {monitor: true}, own-author: {monitor: true}}"
    withheld = service.postern.counter("sign.withheld")
    service.postern.configure(policy.replace("presets/submission.yaml\n", f"presets/submission.yaml\n    change: {watched}\n"))
    try:
        service.postern.reload()
        for field, sender in ((b"From: <boss@here.example>", EVA), (b"From: <eva@here.example>", BOSS),
                              (b"From: <eva@here.example>, <boss@here.example>\r\nSender: <eva@here.example>", EVA)):
            for raw in sent(service, letter(field, TO, DATE, ID), sender=sender):
                unsigned(service, raw)
    finally:
        service.postern.configure(policy)
        service.postern.reload()
    want(service.postern.counter("sign.withheld") == withheld + 3, "not counted")


def a_name_that_shows_somebody_else_is_not_signed(service):
    for raw in sent(service, letter(b"From: =?utf-8?b?Ym9zc0BoZXJlLmV4YW1wbGU=?= <eva@here.example>", TO, DATE, ID)):
        unsigned(service, raw)


def mail_of_strangers_in_our_name_is_not_signed(service):
    before = len(service.sink.messages())
    answer = service.from_stranger(letter(b"From: <eva@here.example>", b"To: <boss@here.example>", DATE, ID), EVA, BOSS)
    want(answer.startswith("250"), answer)
    unsigned(service, service.delivered_behind(before, 1)[0][1])


def a_longer_line_is_broken_and_the_signature_with_it(service):  # RFC 5322 2.1.1
    for raw in sent(service, letter(FROM, TO, DATE, ID, body=b"x" * 1200 + b"\r\n")):
        want([holds for _, _, holds in proof.signatures(raw, service.world.keys)] == [False, False], "it holds")


ALL = [
    *(holds_of(name) for name in LETTERS),
    what_a_reader_sees_is_signed,
    each_copy_for_several_recipients_is_signed,
    an_address_that_the_account_was_given_is_signed,
    what_is_not_the_accounts_is_not_signed,
    a_name_that_shows_somebody_else_is_not_signed,
    mail_of_strangers_in_our_name_is_not_signed,
    a_longer_line_is_broken_and_the_signature_with_it,
]


def completed_by_postfix_it_holds(service):
    """With its own host name and a Date, which it gives to mail of its users before Postern sees it."""
    service.mta.configure("local_header_rewrite_clients = permit_sasl_authenticated\n")
    try:
        for name in ("a message of From alone, which the MTA completes", "no Date", "addresses that are none", "lists of addresses without spaces"):
            for raw in sent(service, LETTERS[name]):
                want(raw.count(b"\r\nDate: ") == 1, f"no Date: {raw}")
                holds(service, raw)
    finally:
        service.mta.configure("")


def mail_of_this_machine_is_signed(service):
    before = len(service.sink.messages())
    result = service.mta.sendmail(EVA, [OUTSIDE], b"From: Eva <eva@here.example>\nSubject: by a program\n\nHello\n", "news")
    want(result.returncode == 0, result.stderr.decode())
    holds(service, service.delivered_behind(before, 1)[0][1])


ONLY = {"postfix": [completed_by_postfix_it_holds, mail_of_this_machine_is_signed], "sendmail": []}

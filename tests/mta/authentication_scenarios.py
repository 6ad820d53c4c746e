"""What others have signed and sealed, and what we seal ourselves, through an MTA. Each takes a Way; the name is the behaviour."""

import re
import subprocess

from lab import proof
from scenarios import A_R, last_decision, own_fields, results
from way import CLIENT, want

AUTHOR = "anna@proved.example"
FIELDS = [b"From: Anna <anna@proved.example>", b"To: <peter@here.example>", b"Date: Sat, 28 Nov 2026 10:00:00 +0000",
          b"Message-ID: <1@proved.example>"]


def letter(*fields, body=b"Hello\r\n"):
    return b"".join(field + b"\r\n" for field in (*FIELDS, *fields)) + b"\r\n" + body


LETTERS = {
    "an ordinary message": letter(b"Subject: signed"),
    "leading spaces and folds": letter(b"Subject:   three  spaces\r\n\tfolded\r\n   twice", b"X-None:none", b"X-Empty:", b"X-Blank: ",
                                       b"X-End: ends with \t "),
    "lines that begin with dots": letter(b"Subject: dots", body=b".\r\n..\r\n...\r\n.. two\r\nend.\r\n"),
    "empty lines at the end": letter(b"Subject: empty lines", body=b"Hello \t \r\n\r\n\r\n\r\n"),
    "no line end at the end": letter(b"Subject: no end", body=b"Hello"),
    "no body": letter(b"Subject: none", body=b""),
    "eight bits": letter("Subject: Grüße".encode(), body="Grüße\r\n".encode()),
    "long lines": letter(b"Subject: long", body=(b"x" * 990 + b"\r\n") * 200),
}
FORMS = (("simple", "simple"), ("relaxed", "relaxed"))


def arrived(way, message, sender=AUTHOR, **client):
    """The message as it arrives; wants it taken."""
    before = way.deliveries()
    answer = way.send(sender, message=message, **client)
    want(answer.startswith("250"), answer)
    return way.delivered(before, 1)[0][1]


def proven(way, message, key):
    """Wants our results on top: SPF, the signature, and DMARC by both."""
    address = way.mta.address(CLIENT["client"])
    first = re.search(rb"[;\s]b=\s*([^;]+)", message)[1]
    signature = re.sub(rb"\s", b"", first)[:8]
    signature = b'"' + signature + b'"' if b"/" in signature else signature
    algorithm = b"ed25519-sha256" if "k=ed25519" in key.record else b"rsa-sha256"
    wanted = results(f"pass policy.iprev={address}", b"spf=pass smtp.mailfrom=anna@proved.example",
                     b"dkim=pass header.d=proved.example header.s=" + key.selector.encode() + b" header.a=" + algorithm + b" header.b=" + signature,
                     b"dmarc=pass header.from=proved.example policy.dmarc=reject")
    above, _, _ = own_fields(way, arrived(way, message))
    words = [b" ".join(field.split()) for field in above]
    want(words == [b" ".join(wanted.split())], f"above Received: {words}\n   wanted {wanted}")


def proven_of(name):
    def scenario(way):
        for form in FORMS:
            for key in (way.keys["proved.example"], way.keys["ed25519"]):
                proven(way, proof.signed(LETTERS[name], key, form), key)
    scenario.__name__ = f"signed by others: {name}"
    return scenario


def a_signed_message_that_was_changed_fails(way):
    message = proof.signed(LETTERS["an ordinary message"], way.keys["proved.example"]).replace(b"Hello", b"Hallo")
    raw = arrived(way, message)
    want(b"dkim=fail" in raw and b"dmarc=pass" in raw, f"{raw}")


def a_signature_saves_what_a_forwarder_brings(way):
    message = proof.signed(LETTERS["an ordinary message"], way.keys["proved.example"])
    raw = arrived(way, message, "anna@good.example")
    want(b"spf=none" in raw and b"dkim=pass" in raw and b"dmarc=pass" in raw, f"{raw}")


LISTED = letter(b"Subject: [list] sealed")  # a list has changed it, and nothing speaks for its author any more
FOUND = "dmarc=pass header.from=proved.example; spf=pass smtp.mailfrom=anna@proved.example"  # by the list, before


def handed_on(key, found=FOUND):
    """With the list's seal, by dkimpy."""
    return proof.sealed(A_R + f"{key.domain}; {found}\r\n".encode() + LISTED, key, key.domain)


def sealed_by_command(way, key):
    """The same by `postern arc-sign`."""
    command = [way.postern.program, "arc-sign", "--key", key.file, "--domain", key.domain, "--selector", key.selector, "--authserv-id", key.domain,
               "--authentication-results", FOUND, "-"]
    fields = subprocess.run(command, input=LISTED, capture_output=True, timeout=30, check=True).stdout
    return fields.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + LISTED


def a_listed_sealer_is_believed(way):  # docs/checks/arc.md
    key = way.keys["lists.example.net"]
    for message in (handed_on(key), sealed_by_command(way, key)):
        raw = arrived(way, message, "anna@good.example")
        want(b"arc=pass" in raw and b"dmarc=fail" in raw, f"{raw}")
        want("known-forwarders" in last_decision(way)["matched"], f"{last_decision(way)}")


def any_other_sealer_is_not(way):
    for message in (handed_on(way.keys["lists.good.example"]), handed_on(way.keys["lists.example.net"], "dmarc=fail header.from=proved.example"),
                    handed_on(way.keys["lists.example.net"]).replace(b"Hello", b"Hallo")):
        answer = way.send("anna@good.example", message=message)
        want(answer.startswith("550 5.7.26"), answer)


def what_comes_from_outside_is_sealed(way):
    key = way.keys["here.example"]
    way.postern.configure(way.policy + "sign:\n" + key.documented("arc"))
    try:
        way.postern.reload()
        for name, message, sets in (("new", LETTERS["leading spaces and folds"], 1),
                                    ("signed", proof.signed(LETTERS["no body"], way.keys["proved.example"]), 1),
                                    ("no Date", b"From: <anna@proved.example>\r\n\r\nHello\r\n", 1),
                                    ("dots", LETTERS["lines that begin with dots"], 1),
                                    ("spaces", letter(b"Cc: <a@good.example>,<b@good.example>"), 1),
                                    ("forged", A_R + b"mx.here.example; dmarc=pass\r\n" + LETTERS["eight bits"], 1),
                                    ("sealed", handed_on(way.keys["lists.example.net"]), 2)):
            raw = arrived(way, message, "anna@proved.example" if sets == 1 else "anna@good.example")
            state = proof.chain(raw, way.keys.values())
            want(state[:2] == ("pass", sets), f"{name}: {state} of\n{raw.decode(errors='replace')}")
    finally:
        way.postern.configure(way.policy)
        way.postern.reload()


ALL = [
    *(proven_of(name) for name in LETTERS),
    a_signed_message_that_was_changed_fails,
    a_signature_saves_what_a_forwarder_brings,
    a_listed_sealer_is_believed,
    any_other_sealer_is_not,
    what_comes_from_outside_is_sealed,
]

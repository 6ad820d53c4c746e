"""A corpus for what authenticates mail: messages of 5 KB, signed with DKIM, of domains with SPF, DKIM and DMARC records.

RSA of 2048 bits, SHA-256, relaxed/relaxed; a few keys serve all domains. Needs the openssl command.
"""

import base64
import hashlib
import os
import re
import subprocess

DOMAINS = 300
KEYS = 8
BODY = 4600
SIGNED = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")
WORDS = ("account agenda amount annual board budget client committee contract customer date deliver detail document draft estimate event "
         "forecast holiday improve invoice issue letter list manager market meeting minutes month number office order page payment plan "
         "policy price product project quarter question receive record region report result review sales schedule service share").split()


def domain(number):
    return f"s{number}.signed.example"


def client(number):
    return f"93.185.{number // 200}.{number % 200 + 1}"


def _message(number):
    name = domain(number)
    lines, line = [], ""
    for i in range(BODY // 8):
        word = WORDS[(number * 31 + i * i) % len(WORDS)]
        if len(line) + len(word) > 70:
            lines.append(line.rstrip())
            line = ""
        line += word + " "
    headers = [("Received", f"from mx.{name} (mx.{name} [{client(number)}])\n\tby mail.example.net with ESMTPS id 4L{number:010};"
                            "\n\tSat, 21 Nov 2026 12:00:00 +0000"),
               ("From", f"User <user@{name}>"), ("To", "Someone <someone@example.net>"), ("Subject", f"signed report {number}"),
               ("Date", "Sat, 21 Nov 2026 12:00:00 +0000"), ("Message-ID", f"<{number}.load@{name}>"), ("MIME-Version", "1.0"),
               ("Content-Type", "text/plain; charset=us-ascii")]
    return headers, "\n".join(lines) + "\n"


def _relaxed(name, value):  # RFC 6376 3.4.2
    return f"{name.lower()}:" + re.sub(r"[ \t]+", " ", value.replace("\n", "")).strip()


def _sign(headers, body, name, key):
    canonical = "".join(re.sub(r"[ \t]+", " ", line).rstrip() + "\r\n" for line in body.rstrip("\n").split("\n"))  # RFC 6376 3.4.4
    body_hash = base64.b64encode(hashlib.sha256(canonical.encode()).digest()).decode()
    tags = (f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={name}; s=s1;\n\tt=1795262400; h={':'.join(SIGNED)};\n\tbh={body_hash};\n\tb=")
    given = {field.lower(): value for field, value in headers}
    text = "".join(_relaxed(field, given[field]) + "\r\n" for field in SIGNED) + _relaxed("dkim-signature", tags)
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), capture_output=True, check=True).stdout
    folded = re.sub(r"(.{70})", r"\1\n\t ", base64.b64encode(signature).decode())
    return "DKIM-Signature", tags + folded


class Signed:
    """The messages, in `folder`; `zone` is what DNS has to know. `mails` and `marked_mails` are for milter_load: the messages as they
    come, and with what a DKIM milter before has found."""

    def __init__(self, folder, authserv_id):
        os.makedirs(folder)
        keys = []
        for i in range(KEYS):
            path = os.path.join(folder, f"key{i}.pem")
            subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
            public = subprocess.run(["openssl", "rsa", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
            keys.append((path, base64.b64encode(public).decode()))
        self.mails, self.marked_mails = os.path.join(folder, "mails"), os.path.join(folder, "marked_mails")
        zone = []
        with open(self.mails, "w", encoding="ascii") as mails, open(self.marked_mails, "w", encoding="ascii") as marked_mails:
            for n in range(DOMAINS):
                key, public = keys[n % KEYS]
                name, at = domain(n), client(n)
                reverse = ".".join(reversed(at.split(".")))
                zone.append(f'{name}. MX 10 mx.{name}.\n{name}. MX 20 mx2.{name}.\nmx.{name}. A {at}\nmx2.{name}. A {client((n + 1) % DOMAINS)}\n'
                            f'{name}. TXT "v=spf1 include:_spf.{name} mx -all"\n_spf.{name}. TXT "v=spf1 ip4:{at} ip4:198.51.99.0/24 -all"\n'
                            f's1._domainkey.{name}. TXT "v=DKIM1; k=rsa; p={public[:200]}" "{public[200:]}"\n'
                            f'_dmarc.{name}. TXT "v=DMARC1; p=quarantine; adkim=r; aspf=r; rua=mailto:agg@{name}"\n'
                            f'{reverse}.in-addr.arpa. PTR mx.{name}.\n')
                headers, body = _message(n)
                signed = [_sign(headers, body, name, key), *headers]
                found = ("Authentication-Results", f"{authserv_id};\n\tdkim=pass (2048-bit key) header.d={name} header.i=@{name}")
                for file, fields in ((mails, signed), (marked_mails, [found, *signed])):
                    path = f"{file.name}.{n}"
                    with open(path, "w", encoding="ascii") as message:
                        message.write("".join(f"{field}: {value}\n" for field, value in fields) + "\n" + body)
                    file.write(f"{name} {at} mx.{name} mx.{name} {path}\n")
        self.zone = "".join(zone)

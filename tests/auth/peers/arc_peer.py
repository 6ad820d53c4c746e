#!/usr/bin/python3
"""ARC by dkimpy.

usage: arc_peer.py there
       arc_peer.py verify ZONE MESSAGE
       arc_peer.py sign KEY DOMAIN SELECTOR CHAIN AUTHSERV-ID MESSAGE
  ZONE     lines "NAME TEXT", the key records that there are
  MESSAGE  a file with CRLF; to be signed, it has an Authentication-Results of AUTHSERV-ID with arc=CHAIN
  KEY      an RSA key, PKCS #8 in PEM

verify prints the state of the chain and why; sign prints the three fields. Status 3 where it is not installed. No network.
"""

import sys


def read(path):
    with open(path, "rb") as file:
        return file.read()


try:
    import authres  # noqa: F401
    import dkim
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)


def verify(zone, message):
    records = dict(line.split(b" ", 1) for line in read(zone).splitlines())
    state, _, why = dkim.arc_verify(read(message), dnsfunc=lambda name, **_: records.get(name.rstrip(b".")))
    print(f"{(state or b'fail').decode()} {why}")  # it has no state for a chain that says itself that it failed


def sign(key, domain, selector, chain, authserv_id, message):
    fields = dkim.arc_sign(read(message), selector.encode(), domain.encode(), read(key), authserv_id.encode())
    print(b"".join(field if field.endswith(b"\n") else field + b"\r\n" for field in fields).decode(), end="")


if sys.argv[1] != "there":
    {"verify": verify, "sign": sign}[sys.argv[1]](*sys.argv[2:])

#!/usr/bin/python3
"""DKIM by others: dkimpy, and OpenDKIM's library.

usage: dkim_peer.py dkimpy|opendkim there
       dkim_peer.py dkimpy|opendkim verify ZONE MESSAGE
       dkim_peer.py dkimpy|opendkim sign KEY DOMAIN SELECTOR rsa|ed25519 CANONICALIZATION MESSAGE
  ZONE     lines "NAME TEXT", the key records that there are
  MESSAGE  a file with CRLF
  KEY      a private key, PKCS #8 in PEM

verify prints "pass" or something else; sign prints the field. Status 3 where the peer is not installed or can not do it. No network.
"""

import base64
import ctypes
import sys


def read(path):
    with open(path, "rb") as file:
        return file.read()


def missing(why):
    print(why, file=sys.stderr)
    sys.exit(3)


class Dkimpy:
    def __init__(self):
        try:
            import dkim
            import nacl.signing  # noqa: F401
        except ImportError as error:
            missing(str(error))
        self.dkim = dkim

    def verify(self, zone, message):
        records = dict(line.split(b" ", 1) for line in read(zone).splitlines())
        good = self.dkim.verify(read(message), dnsfunc=lambda name, **_: records.get(name.rstrip(b".")))
        return "pass" if good else "not pass"

    def sign(self, key, domain, selector, algorithm, form, message):
        secret = read(key)
        if algorithm == "ed25519":  # the last 32 bytes of PKCS #8 (RFC 8410 7)
            secret = base64.b64encode(base64.b64decode(b"".join(secret.splitlines()[1:-1]))[-32:])
        header, body = form.encode().split(b"/")
        field = self.dkim.sign(read(message), selector.encode(), domain.encode(), secret, canonicalize=(header, body),
                               signature_algorithm=algorithm.encode() + b"-sha256")
        return field.decode().rstrip()


class Opendkim:
    """The constants are those of dkim.h of version 2.11."""

    def __init__(self):
        try:
            self.lib = ctypes.CDLL("libopendkim.so.11")
        except OSError as error:
            missing(str(error))
        for name in ("dkim_init", "dkim_verify", "dkim_sign"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.session = ctypes.c_void_p(self.lib.dkim_init(None, None))

    def option(self, number, value, size):
        if self.lib.dkim_options(self.session, 1, number, value, ctypes.c_size_t(size)) != 0:
            missing(f"option {number} is refused")

    def run(self, handle, message):
        """The whole message; the status of its end."""
        if not handle:
            missing("no handle: the algorithm is not there")
        text = read(message)
        handle = ctypes.c_void_p(handle)
        self.lib.dkim_chunk(handle, text, ctypes.c_size_t(len(text)))
        self.lib.dkim_chunk(handle, None, ctypes.c_size_t(0))
        return self.lib.dkim_eom(handle, None)

    def verify(self, zone, message):
        method = ctypes.c_int(1)  # DKIM_QUERY_FILE
        self.option(6, ctypes.byref(method), ctypes.sizeof(method))
        self.option(7, zone.encode(), len(zone))
        status = ctypes.c_int()
        end = self.run(self.lib.dkim_verify(self.session, b"peer", None, ctypes.byref(status)), message)
        return "pass" if end == 0 else f"status {end}"

    def sign(self, key, domain, selector, algorithm, form, message):
        canonical = {"simple": 0, "relaxed": 1}
        header, body = (ctypes.c_int(canonical[part]) for part in form.split("/"))
        status = ctypes.c_int()
        handle = self.lib.dkim_sign(self.session, b"peer", None, read(key), selector.encode(), domain.encode(), header, body,
                                    ctypes.c_int({"rsa": 1, "ed25519": 2}[algorithm]), ctypes.c_ssize_t(-1), ctypes.byref(status))
        end = self.run(handle, message)
        out = ctypes.create_string_buffer(8192)
        if end != 0 or self.lib.dkim_getsighdr(ctypes.c_void_p(handle), out, ctypes.c_size_t(len(out)), ctypes.c_size_t(16)) != 0:
            missing(f"status {end}")
        return "DKIM-Signature: " + out.value.decode()


peer = {"dkimpy": Dkimpy, "opendkim": Opendkim}[sys.argv[1]]()
if sys.argv[2] != "there":
    print(getattr(peer, sys.argv[2])(*sys.argv[3:]))

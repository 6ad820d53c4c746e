#!/usr/bin/python3
"""SPF by pyspf.

usage: spf_peer.py there
       spf_peer.py check WORLDS
  WORLDS  a JSON object a line: {"zone": TEXT, "queries": [[CLIENT, HELO, MAIL-FROM], …]}; the zone is lines "OWNER TYPE DATA" and
          "; FAULT OWNER [TYPE] TIMEOUT"

check prints the result of each query on a line of its own. Status 3 where it is not installed. No network.
"""

import json
import sys

try:
    import dns.name
    import dns.rdata
    import spf
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)


def key(name):
    """Of a dnspython name, or of what pyspf asks for."""
    labels = name.labels if isinstance(name, dns.name.Name) else name.rstrip(".").encode("utf-8", "surrogateescape").split(b".")
    return tuple(label.lower() for label in labels if label)


class Zone:
    def __init__(self, text):
        self.records, self.faults = {}, set()
        for line in text.splitlines():
            words = line.split(" ", 2)
            if words[0] == ";":
                _, _, owner, *types, _ = line.split(" ")
                self.faults.update((key(dns.name.from_text(owner.encode())), kind) for kind in types or ["A", "AAAA", "MX", "PTR", "TXT"])
                continue
            owner, kind, data = words
            rdata = dns.rdata.from_text("IN", kind, data)
            self.records.setdefault((key(dns.name.from_text(owner.encode())), kind), []).append(self.value(rdata, kind))

    @staticmethod
    def value(rdata, kind):
        if kind in ("A", "AAAA"):
            return rdata.address
        if kind == "MX":
            return rdata.preference, rdata.exchange.to_text(True)
        if kind == "TXT":
            return list(rdata.strings)
        return rdata.target if kind == "CNAME" else rdata.target.to_text(True)

    def lookup(self, name, kind, *_):
        """As a resolver that follows CNAME."""
        at = key(name)
        for _ in range(9):
            if (at, kind) in self.faults:
                raise spf.TempError("DNS timeout")
            if (at, kind) in self.records:
                return [((name, kind), value) for value in self.records[at, kind]]
            if (at, "CNAME") not in self.records:
                return []
            at = key(self.records[at, "CNAME"][0])
        raise spf.TempError("DNS CNAME loop")


def check(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            world = json.loads(line)
            spf.DNSLookup = Zone(world["zone"]).lookup
            for client, helo, mail_from in world["queries"]:
                try:
                    print(spf.check2(client, mail_from, helo)[0])
                except Exception as error:  # a peer that breaks has no result
                    print(f"{type(error).__name__}: {error}".replace("\n", " "))


if sys.argv[1] != "there":
    check(sys.argv[2])

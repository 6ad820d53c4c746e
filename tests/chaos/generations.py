"""Policies that leave their name on every message they judge, at every step, and files that are no policy.

What becomes of a message depends on its kind and on the generation: FATES turns by one place with each. So two generations seldom agree
about a message, and one that was judged by both has marks of both.
"""

import re
from dataclasses import dataclass

FATES = ("deliver",) * 8 + ("refuse-sender", "defer-sender", "refuse-headers", "defer-headers", "refuse-end", "hold")
RECIPIENT_FATES = ("deliver",) * 6 + ("refuse-recipient", "defer-recipient")

ZONE = """\
$TTL 300
example.                SOA  ns.example. hostmaster.example. 1 3600 600 86400 60
good.example.           MX   10 mail.good.example.
mail.good.example.      A    93.184.216.25
servfail.example.       MX   10 mail.good.example.
bogus.example.          MX   10 mail.good.example.
; FAULT servfail.example SERVFAIL
; FAULT bogus.example BOGUS
0.127.in-addr.arpa.     SOA  ns.example. hostmaster.example. 1 3600 600 86400 60
"""

# Only a rule without a final action may stand above one with: what it marks is marked whatever follows.
POLICY = """\
version: 1
listen: {{address: "unix:@WORK@/postern.sock", group: mail}}
admin: {{socket: "@WORK@/control.sock", drain: 2s}}
log: {{form: json}}
site: {{hostname: mx.here.example, domains: [here.example], networks: [192.0.2.0/24]}}
dns: {{zone_files: [chaos.zone], servers: ["127.0.0.1@{mute}"], timeout: 500ms}}
rules:
  - {{name: mark-sender, when: 'sender.domain != "nobody.example"', tag: {mark}, score: {number}}}
  - {{name: mark-headers, when: 'header.X-Kind starts with "c"', add_header: {{X-Mark-Headers: "{mark}"}}}}
  - {{name: mark-end, when: 'size > 10 and tag == "{mark}"', log: "{end_mark}", add_header: {{X-Mark-End: "{end_mark} {{score}}"}}}}
  - {{name: refuse-recipient, when: 'recipient.local starts with "k{refuse_recipient}."', reject: {{code: 550, status: 5.1.1, text: "{mark} refuse-recipient"}}}}
  - {{name: defer-recipient, when: 'recipient.local starts with "k{defer_recipient}."', defer: {{code: 450, status: 4.2.1, text: "{mark} defer-recipient"}}}}
  - {{name: refuse-sender, when: 'sender.local starts with "c{refuse_sender}."', reject: {{code: 554, status: 5.7.1, text: "{mark} refuse-sender"}}}}
  - {{name: defer-sender, when: 'sender.local starts with "c{defer_sender}."', defer: {{code: 450, status: 4.7.1, text: "{mark} defer-sender"}}}}
  - include: presets/inbound.yaml
  - {{name: refuse-headers, when: 'header.X-Kind == "c{refuse_headers}"', reject: {{code: 554, status: 5.6.0, text: "{mark} refuse-headers"}}}}
  - {{name: defer-headers, when: 'header.X-Kind == "c{defer_headers}"', defer: {{code: 451, status: 4.6.0, text: "{mark} defer-headers"}}}}
  - {{name: refuse-end, when: 'header.X-Kind == "c{refuse_end}" and size > 10', reject: {{code: 552, status: 5.3.4, text: "{mark} refuse-end"}}}}
  - {{name: hold, when: 'header.X-Kind == "c{hold}"', quarantine: "{mark} hold"}}
"""

SPOKEN = re.compile(r"\b([gb]\d{4}) ([a-z]+-[a-z]+)")


def spoken(text):
    """The generation's mark and the fate that a reply names; None where it names none."""
    found = SPOKEN.search(text)
    return found.groups() if found else None


@dataclass(frozen=True)
class Generation:
    number: int
    broken: str = None  # a key of BREAKS

    @property
    def mark(self):
        return f"{'b' if self.broken else 'g'}{self.number:04d}"

    def fate(self, kind):
        """What becomes of a message from a sender of this kind, if nothing refuses it before."""
        return FATES[(kind + self.number) % len(FATES)]

    def recipient_fate(self, kind):
        """What this recipient is told, if the message is not refused."""
        return RECIPIENT_FATES[(kind + self.number) % len(RECIPIENT_FATES)]

    def text(self, mute, end_mark=None):
        """The file. `mute` is the port of a resolver that never answers; `end_mark` lets it mark the end of a message otherwise."""
        kinds = {fate.replace("-", "_"): (place - self.number) % len(fates)
                 for fates in (FATES, RECIPIENT_FATES) for place, fate in enumerate(fates) if fate != "deliver"}
        text = POLICY.format(mark=self.mark, end_mark=end_mark or self.mark, number=self.number, mute=mute, **kinds)
        return BREAKS[self.broken](text) if self.broken else text


BREAKS = {
    "a misspelt operator": lambda text: text.replace("starts with", "startz with"),
    "an unknown section": lambda text: text + "ruels: []\n",
    "a setting of a wrong kind": lambda text: text.replace("timeout: 500ms", "timeout: soon"),
    "two rules of one name": lambda text: text.replace("name: hold", "name: refuse-end"),
    "no YAML": lambda text: text.replace("rules:\n", "rules: ]\n"),
    "half written": lambda text: text[:text.index("refuse-sender") + 4],
    "cut in its first line": lambda text: text[:5],
    "a missing file": lambda text: text.replace("presets/inbound.yaml", "presets/gone.yaml"),
    "an unknown fact": lambda text: text.replace("size > 10", "sise > 10"),
    "NUL bytes": lambda text: text.replace("quarantine", "quarantine\0"),
    "too large": lambda text: text + "# filling\n" * 500_000,
}

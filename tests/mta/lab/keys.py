"""Keys to sign with, made and named as docs/signing.md tells administrators to."""

import json
import os
import re
import shlex
import subprocess

from .pages import block, found

PAGE = "signing.md"
DOMAIN = "example.org"  # of the page


class Key:
    """A new key in the folder keys/ below `work`, by the command of the page; with the page's selector where none is given."""

    def __init__(self, program, work, domain, selector=None, type="rsa"):
        _, *command = shlex.split(block(PAGE, "", ""))  # postern dkim keygen --NAME VALUE …
        options = dict(zip(command[2::2], command[3::2]))
        self.domain, self.selector = domain, selector or options["--selector"]
        self.file = os.path.join(work, "keys", f"{self.selector}.{domain}.pem")
        os.makedirs(os.path.dirname(self.file), exist_ok=True)
        options.update({"--domain": domain, "--selector": self.selector, "--out": self.file, "--type": type})
        words = [word for option in options.items() for word in option]
        made = subprocess.run([program, *command[:2], *words, "--json"], capture_output=True, text=True, timeout=60, check=True)
        told = json.loads(made.stdout)
        self.name, self.record, self.line = told["name"], told["record"], told["zone"]

    def documented(self, section):
        """The lines of `section` below `sign:` on the page, with this key in the place of its own."""
        lines = found(PAGE, rf"^sign:\n(  {section}:.*\n(?:    .*\n)*)").replace(DOMAIN, self.domain)
        return re.sub(r"selector: \w+, file: [^}]*", f"selector: {self.selector}, file: {self.file}", lines)

    def entry(self):
        """One more line for `sign: keys:`."""
        return f"    - {{domain: {self.domain}, selector: {self.selector}, file: {self.file}}}\n"

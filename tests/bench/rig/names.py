"""The name server of a measurement, and the mails whose names it knows.

NSD on 127.0.0.2, port 53, since some of the peers ask nowhere else, with a root zone of its own.
"""

import os
import shutil
import subprocess
import time

ADDRESS = "127.0.0.2"
DOMAINS = 200

CONFIGURATION = """\
server:
  ip-address: {address}@53
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: .
  zonefile: zone
"""
HEAD = "$ORIGIN .\n$TTL 86400\n@ SOA ns.example. root.example. 1 3600 600 86400 300\n@ NS ns.example.\nns.example. A 127.0.0.2\n"


def domain(number):
    return f"d{number}.bench.example"


def client(number):
    return f"93.184.{number // 200}.{number % 200 + 1}"


def write_mails(path):
    """For milter_load: sender domain, client address, client name, HELO."""
    with open(path, "w", encoding="ascii") as file:
        for n in range(DOMAINS):
            file.write(f"{domain(n)} {client(n)} mx.{domain(n)} mx.{domain(n)}\n")


def write_accounts(path):
    """A file of accounts: the logins of milter_load, whose addresses its senders are, and its recipient."""
    with open(path, "w", encoding="ascii") as file:
        file.write("accounts:\n  someone@example.net: {}\n")
        for n in range(DOMAINS):
            file.write(f"  login@{domain(n)}: {{addresses: [sales@{domain(n)}, info@{domain(n)}, user@{domain(n)}]}}\n")


class Names:
    def __init__(self, folder, more=""):
        """`more`: further lines of the zone."""
        os.makedirs(folder)
        self.child = None
        self.resolv_conf = os.path.join(folder, "resolv.conf")
        with open(self.resolv_conf, "w", encoding="ascii") as file:
            file.write(f"nameserver {ADDRESS}\n")
        with open(os.path.join(folder, "zone"), "w", encoding="ascii") as file:
            file.write(HEAD)
            for n in range(DOMAINS):
                name, reverse = domain(n), ".".join(reversed(client(n).split(".")))
                file.write(f"{name}. MX 10 mx.{name}.\nmx.{name}. A {client(n)}\n{name}. TXT \"v=spf1 mx -all\"\n"
                           f"_dmarc.{name}. TXT \"v=DMARC1; p=none\"\n{reverse}.in-addr.arpa. PTR mx.{name}.\n")
            file.write(more)
        configuration = os.path.join(folder, "nsd.conf")
        with open(configuration, "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(folder=folder, address=ADDRESS))
        program = shutil.which("nsd") or "/usr/sbin/nsd"
        with open(os.path.join(folder, "nsd.log"), "w+", encoding="utf-8") as log:
            self.child = subprocess.Popen([program, "-d", "-c", configuration], stdout=log, stderr=log)
            time.sleep(0.5)
            if self.child.poll() is not None:
                log.seek(0)
                raise SystemExit(f"nsd does not start on {ADDRESS}, port 53 (root and the package nsd are needed): {log.read()[-500:]}")

    def stop(self):
        self.child.terminate()
        self.child.wait()

    def known_to(self, command):
        """`command` with this server in its /etc/resolv.conf."""
        return ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf; exec "$@"', self.resolv_conf, *command]

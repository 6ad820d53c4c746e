"""SPF, DKIM and DMARC of signed mail: rspamd with these modules alone, opendkim and opendmarc behind each other, Postern."""

import os
import shutil
import subprocess

from . import milters, peers, unpacked
from .load import Driver, Rows
from .names import ADDRESS

PACKAGES = ("opendkim", "opendmarc", "rspamd")
AUTHSERV_ID = "mx.here.example"  # of the peers' configurations, too
GOALS = {"rspamd": 0.6, "opendkim + opendmarc": 0.3}
RULES = """\
  - {name: dmarc, when: 'dmarc is [fail-reject, no-author]', reject: true}
  - {name: spf, when: spf is fail and dkim is not pass, reject: true}
"""


def _write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def _opendkim(folder, socket, bench, root):
    _write(folder, "none", "203.0.113.1\n")
    # Its libunbound asks no server of this machine unless told, and its own reader of that setting is not safe with threads.
    shim = os.path.join(folder, "shim.so")
    source = os.path.join(os.path.dirname(os.path.dirname(__file__)), "unbound_shim.c")
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    configuration = _write(folder, "conf", peers.OPENDKIM.format(folder=folder, socket=socket) + f"ResolverConfiguration {_write(folder, 'resolver', '')}\n")
    return unpacked.inside(root, ["env", f"LD_PRELOAD={shim}", f"UNBOUND_FORWARD={ADDRESS}", "/usr/sbin/opendkim", "-f", "-x", configuration])


def _opendmarc(folder, socket, bench, root):
    _write(folder, "none", "203.0.113.1\n")
    configuration = _write(folder, "conf", peers.OPENDMARC.format(folder=folder, socket=socket))
    return bench.names.known_to(unpacked.inside(root, ["/usr/sbin/opendmarc", "-f", "-c", configuration]))


def _rspamd(folder, socket, bench, root):
    _write(folder, "empty.lua", 'require "global_functions" ()\nconfig["regexp"] = {}\nrspamd_maps = {}\n')
    path = _write(folder, "conf", peers.RSPAMD.format(folder=folder, socket=socket, dns=ADDRESS, filters="dkim", modules='"spf","dmarc","milter_headers"',
                                                      more=peers.RSPAMD_AUTHENTICATION))
    shutil.chown(folder, "nobody", "nogroup")
    return unpacked.inside(root, ["/usr/bin/rspamd", "-f", "-u", "nobody", "-g", "nogroup", "-c", path])


def _start(bench, name, command, root):
    folder = os.path.join(bench.folder, "auth-" + name)
    os.makedirs(folder)
    socket = os.path.join(folder, "socket")
    return milters.Milter(name, command(folder, socket, bench, root), "unix:" + socket, os.path.join(folder, "output"), patience=120)  # rspamd compiles for long


def _postern(bench):
    """None, and why, where it does not know these checks."""
    try:
        return bench.postern(RULES, level="error"), ""
    except OSError as error:
        return None, str(error).partition("\n")[0]


def run(bench):
    bench.head("SPF, DKIM and DMARC of signed mail, warm DNS (5 KB, RSA 2048, Unix socket, 8 sessions)")
    drivers = {"opendmarc": Driver(bench.programs["milter_load"], bench.signed.marked_mails)}
    driver = Driver(bench.programs["milter_load"], bench.signed.mails)
    wanted = {"rspamd": ("spf=pass", "dkim=pass", "dmarc=pass"), "opendkim": ("dkim=pass",), "opendmarc": ("spf=pass", "dmarc=pass"),
              "postern": ("spf=pass", "dkim=pass", "dmarc=pass")}
    running, rows, missing = [], {}, []
    try:
        root = unpacked.tree(os.path.join(bench.root, "build/peers"), PACKAGES)
        for name, command in (("rspamd", _rspamd), ("opendkim", _opendkim), ("opendmarc", _opendmarc)):
            running.append(_start(bench, name, command, root))
        postern, why = _postern(bench)
        running += [postern] if postern else []
        missing += [] if postern else [f"postern: {why}"]
        for milter in running:  # what is not found out costs nothing
            added = drivers.get(milter.name, driver).once(milter, "--messages", 600, "--warm-up", 0)["added"]
            missing += [f"{milter.name} does not say {word}: {added}" for word in wanted[milter.name] if word not in added]
        options = ("--messages", bench.options.messages, "--warm-up", 600)
        rows = {milter.name: [] for milter in running}
        for _ in range(bench.options.rounds):
            for milter in running:
                rows[milter.name].append(drivers.get(milter.name, driver).once(milter, *options))
    finally:
        for milter in running:
            milter.stop()
    _tell(bench, rows, missing)


def _tell(bench, rows, missing):
    measured = {name: Rows(of) for name, of in rows.items()}
    reference = measured["rspamd"]
    for name, of in measured.items():
        bench.row(name, of, reference)
    costs = {"rspamd": reference.median("cpu_us"),
             "opendkim + opendmarc": measured["opendkim"].median("cpu_us") + measured["opendmarc"].median("cpu_us")}
    print(f"{'opendkim + opendmarc':44}{costs['opendkim + opendmarc']:9.1f}")
    if "postern" in measured:
        for name, cost in costs.items():
            ratio = measured["postern"].median("cpu_us") / cost
            print(f"    postern / ({name}): {ratio:.2f}, goal {GOALS[name]}")
            bench.hold(f"auth, beside {name}", ratio, GOALS[name])
    for line in missing:
        print(f"    not measured: {line}")
        bench.missed.append(line)

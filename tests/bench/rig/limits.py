"""Limits: what they cost a message of our own users, and the ledger in memory. Several machines: redis.py."""

import json
import os
import shutil
import subprocess
import tempfile
import time

from . import milters

SENDERS = 10_000
KEYS = 1_000_000
# What five limits may add to a message in µs of CPU; what the ledger may take of one limit, in µs (median).
GOALS = {"five": 5.0, "decision": 1.0}

ONE = "  user: {per: login, count: recipients, allow: [10000/1m, 50000/24h]}\n"
FIVE = ONE + """\
  messages: {per: login, count: messages, allow: [10000/1m, 50000/24h]}
  domain: {per: sender.domain, count: messages, allow: 1000000/24h}
  network: {per: client.net, count: messages, allow: 1000000/1h}
  provider: {per: recipient.domain, count: recipients, allow: 10000000/1h}
"""
VOLUME = "  volume: {per: login, count: bytes, allow: 2 GB/1d}\n"  # the body is sent to Postern for it
BEHAVIOUR = """\
  - include: presets/submission.yaml
    change: {suspicious: {monitor: false}}
"""
PLAIN = """\
  - include: presets/submission.yaml
    change: {suspicious: off, frozen: off}
"""


def run(bench):
    mail(bench)
    ledger(bench)


def policy(limits, base):
    names = [line.split(":")[0].strip() for line in limits.splitlines()]
    rules = "".join(f"  - {{name: over-{name}, when: limit.{name} is over, defer: true}}\n" for name in names)
    return ("limits:\n" + limits if limits else ""), rules + base


class Redis:
    """On a Unix socket, without a disk."""

    def __init__(self, folder):
        os.makedirs(folder)
        self.socket = os.path.join(folder, "socket")
        self.child = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir", folder],
                                      stdout=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not os.path.exists(self.socket):
            if self.child.poll() is not None or time.monotonic() > end:
                raise SystemExit("redis-server does not start")
            time.sleep(0.02)

    def stop(self):
        self.child.terminate()
        self.child.wait()


def mail(bench):
    """One run, one round after the other through all of them."""
    bench.head(f"presets/submission.yaml without accounts, {SENDERS} logins, warm DNS, no log (1 KB, Unix socket, 8 sessions)", ("RCPT", "end"))
    redis = Redis(os.path.join(bench.folder, "redis")) if shutil.which("redis-server") else None
    shared = f"store: {{type: redis, servers: [\"unix:{redis.socket}\"]}}\n" if redis else ""
    kinds = [("no limit", "", PLAIN, ""), ("one limit", ONE, PLAIN, ""), ("five limits", FIVE, PLAIN, ""),
             ("one limit of bytes", VOLUME, PLAIN, ""), ("behaviour", "", BEHAVIOUR, ""),
             ("five limits and behaviour", FIVE, BEHAVIOUR, "")]
    if redis:
        kinds += [("one limit, in Redis", ONE, PLAIN, shared), ("five limits, in Redis", FIVE, PLAIN, shared)]
    running = []
    try:
        for number, (name, limits, base, store) in enumerate(kinds):
            section, rules = policy(limits, base)
            milter = bench.postern(rules, level="error", accounts=section + store, name=f"limits{number}")
            milter.name = name
            running.append(milter)
        # A limit that counts recipients may refuse the message at DATA, so that step is answered, too: a round trip.
        for milter in list(running[:2]):
            steps = bench.driver.steps(milter, 0x1FFFFF)
            running.append(milters.nothing(bench.programs, bench.folder, steps, name="does nothing, steps of " + milter.name))
        rows = bench.measure(running, "--warm-up", 2000, "--logins", SENDERS)
    finally:
        for milter in running:
            milter.stop()
        if redis:
            redis.stop()
    for name, of in rows.items():
        bench.row(name, of, rows["no limit"], "RE")
        verdicts = of.verdicts()
        if set(verdicts) - {"accept", "continue"}:
            bench.missed.append(f"limits, {name}: {verdicts}")
    added = {name: of.median("cpu_us") - rows["no limit"].median("cpu_us") for name, of in rows.items()}
    print("    added to a message: " + ", ".join(f"{name} {cpu:.1f} µs" for name, cpu in added.items() if name != "no limit" and not name.startswith("does")))
    step = added["does nothing, steps of one limit"] - added["does nothing, steps of no limit"]
    print(f"    of which the answer at DATA takes {step:.1f} µs of a program that does nothing")
    bench.hold("limits, five in memory add, µs", added["five limits"], GOALS["five"])


def called(bench, program, *words):
    done = subprocess.run([bench.programs[program], *map(str, words)], check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{program} {' '.join(map(str, words))} failed: {done.stderr}")
    return json.loads(done.stdout)


def ledger(bench):
    """Everything in memory, without mail."""
    if "limits_bench" in bench.programs:
        told = called(bench, "limits_bench", "--benchmark_format=json", "--benchmark_min_time=0.1",
                      f"--benchmark_repetitions={bench.options.rounds}", "--benchmark_report_aggregates_only=true")
        print(f"\n{'The ledger in memory':44}{'CPU µs':>9}")
        for row in told["benchmarks"]:
            if row["aggregate_name"] != "median":
                continue
            name = row["run_name"].removeprefix("limits/").removesuffix("/real_time")
            print(f"{name:44}{row['cpu_time'] / 1e3:9.2f}")
            if name.startswith("reserve and commit of"):
                bench.hold(f"limits, {name}, µs", row["cpu_time"] / 1e3, GOALS["decision"])
    flood = called(bench, "limits_load", "flood", KEYS, 64 << 20)
    print(f"\nA flood of {KEYS} keys, 64 MB for them: {flood['own']} counted on their own, {flood['coarse']} together; it grew by "
          f"{flood['grown_kib'] >> 10} MB; µs of the last tenth {flood['each_tenth_us'][-1]}, of those that were first {flood['those_first_us']}")
    with tempfile.TemporaryDirectory(prefix="postern-bench.", dir="/var/tmp") as folder:  # a disk
        path = os.path.join(folder, "limits.db")
        fill = called(bench, "limits_load", "fill", path, KEYS)
        start = called(bench, "limits_load", "start", path)
    print(f"{KEYS} accounts: written in {fill['save_seconds']} s, back after a start in {start['start_seconds']} s")

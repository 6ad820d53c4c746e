"""Accounts and the store inside the process: programs that call them, and files of a million accounts."""

import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import tempfile

ACCOUNTS = 1_000_000
LOOKUPS = 200_000
KEYS = 10_000_000
MIB = 1 << 20
# What a check may cost in µs of CPU, a lookup in a million in µs (median), memory beside its cap, p99 of a put beside the first million's.
GOALS = {"identity": 5.0, "lookup": 50.0, "memory": 1.1, "put": 2.0}


def run(bench):
    micro(bench)
    with tempfile.TemporaryDirectory(prefix="postern-bench.", dir="/var/tmp") as folder:  # a disk: what is durable shall cost what it costs
        million(bench, folder)
        store(bench, folder)


def called(bench, program, *words):
    done = subprocess.run([bench.programs[program], *map(str, words)], check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{program} {' '.join(map(str, words))} failed: {done.stderr}")
    return json.loads(done.stdout)


def micro(bench):
    """Everything in memory: accounts_bench, built where Google Benchmark is installed."""
    if "accounts_bench" not in bench.programs:
        print("\nIdentity and store in memory: not measured, libbenchmark-dev is not installed")
        return
    told = called(bench, "accounts_bench", "--benchmark_format=json", "--benchmark_min_time=0.1",
                  f"--benchmark_repetitions={bench.options.rounds}", "--benchmark_report_aggregates_only=true")
    rows = {}
    for row in told["benchmarks"]:
        name = row["run_name"].partition("/iterations:")[0]
        if row.get("error_occurred"):
            bench.missed.append(f"{name}: {row['error_message']}")
        elif row["aggregate_name"] == "median":
            rows[name] = row["cpu_time"] / 1e3
    print("\nWhose address is it: MAIL FROM, From and Sender of one message, everything in memory (CPU µs a message)")
    print(f"{'':44}{'file':>9}{'database':>10}")
    for name, cpu in rows.items():
        if not name.startswith("identity/file/"):
            continue
        what = name.removeprefix("identity/file/")
        print(f"{what:44}{cpu:9.2f}{rows['identity/rows/' + what]:10.2f}")
        for kind, of in (("file", cpu), ("database", rows["identity/rows/" + what])):
            bench.hold(f"identity, {kind}, {what}, µs", of, GOALS["identity"])
    print(f"\n{'The parts, everything in memory':44}{'CPU µs':>9}")
    for name, cpu in rows.items():
        if not name.startswith("identity/"):
            print(f"{name.replace('/', ', '):44}{cpu:9.2f}")


def write_million(folder):
    """A database, a cdb and a text with the same accounts; nothing where a tool is missing, and why."""
    names = [f"user{n}@acme.example" for n in range(ACCOUNTS)]
    paths, missing = {}, []
    paths["sqlite"] = os.path.join(folder, "accounts.db")
    with sqlite3.connect(paths["sqlite"]) as database:
        database.execute("create table account (login text primary key, addresses text) without rowid")
        database.executemany("insert into account values (?, ?)", ((name, f"{name} mail.{name}") for name in sorted(names)))
    database.close()
    paths["texthash"] = os.path.join(folder, "accounts")
    with open(paths["texthash"], "w", encoding="ascii") as file:
        file.writelines(f"{name} {name}\n" for name in names)
    if shutil.which("cdb"):
        paths["cdb"] = os.path.join(folder, "accounts.cdb")
        with open(paths["texthash"], "rb") as text:
            subprocess.run(["cdb", "-c", "-m", "-t", paths["cdb"] + ".new", paths["cdb"]], stdin=text, check=True)
    else:
        missing.append("cdb: tinycdb is not installed")
    return paths, missing


def forget(path):
    """Takes the file out of the page cache, and nothing else."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def million(bench, folder):
    """Lookups in a million accounts, none in a cache of ours."""
    paths, missing = write_million(folder)
    few = min(LOOKUPS, 20_000)  # from the disk
    print(f"\nOne of {ACCOUNTS} accounts, none in a cache of ours (µs, p50 / p99)\n{'':44}{'lookup':>18}{'load, s':>9}{'memory, MiB':>13}")

    def show(name, took, more=""):
        print(f"{name:44}{took['p50']:9.1f} /{took['p99']:7.1f}{more}", flush=True)

    def ask(kind, lookups, entries=100_000, cap=64 * MIB):
        return called(bench, "lookup_load", f"{kind}:{paths[kind]}", ACCOUNTS, lookups, entries, cap)

    rounds = [ask("sqlite", LOOKUPS) for _ in range(min(3, bench.options.rounds))]
    pool = {key: statistics.median(row["pool_us"][key] for row in rounds) for key in ("p50", "p99")}
    show("SQLite, through the pool", pool)
    bench.hold("one of a million, SQLite, median µs", pool["p50"], GOALS["lookup"])
    show("SQLite, its part alone", {key: statistics.median(row["alone_us"][key] for row in rounds) for key in ("p50", "p99")})
    forget(paths["sqlite"])
    show(f"SQLite, not in the page cache ({few} lookups)", ask("sqlite", few)["pool_us"])
    for kind in ("cdb", "texthash"):
        if kind in paths:
            row = ask(kind, LOOKUPS)
            show(kind, row["alone_us"], f"{row['load_seconds']:9.2f}{row['held_kib'] / 1024:13.0f}")
            bench.hold(f"one of a million, {kind}, median µs", row["alone_us"]["p50"], GOALS["lookup"])
    for line in missing:
        print(f"    not measured: {line}")
    print(f"\n{f'Memory after {ACCOUNTS} lookups, each another':44}{'grown, MiB':>11}{'cap, MiB':>10}{'ratio':>7}{'answers':>10}")
    for entries, cap in ((10 * ACCOUNTS, 64 * MIB), (10 * ACCOUNTS, 256 * MIB), (100_000, 64 * MIB)):
        row = ask("sqlite", ACCOUNTS, entries, cap)
        grown = row["grown_kib"] * 1024
        name = f"cache of at most {cap // MIB} MiB" if entries > ACCOUNTS else f"the defaults, {entries} answers"
        print(f"{name:44}{grown / MIB:11.1f}{cap / MIB:10.0f}{grown / cap:7.2f}{row['remembered']:10}", flush=True)
        bench.hold(f"memory beside its cap, {name}", grown / cap, GOALS["memory"])


def store(bench, folder):
    """The store: in memory until it is full, and in a file with a million entries."""
    print(f"\nStore in memory, {KEYS} distinct keys\n{'':44}{'put p99, µs: first':>20}{'later':>7}{'ratio':>7}{'grown, MiB':>12}{'cap':>6}{'ratio':>7}")
    for entries, cap in ((1_000_000, 256 * MIB), (20_000_000, 256 * MIB), (20_000_000, 64 * MIB)):
        row = called(bench, "store_load", "memory", KEYS, entries, cap)
        first, last = row["put_us"][0]["p99"], statistics.median(part["p99"] for part in row["put_us"][1:])
        grown = row["grown_kib"] * 1024
        name = f"at most {cap // MIB} MiB and {entries} entries"
        print(f"{name:44}{first:20.2f}{last:7.2f}{last / first:7.2f}{grown / MIB:12.0f}{cap // MIB:6}{grown / cap:7.2f}", flush=True)
        bench.hold(f"store in memory, {name}, p99 of put", last / first, GOALS["put"])
        bench.hold(f"store in memory, {name}, memory", grown / cap, GOALS["memory"])
    path = os.path.join(folder, "store.db")
    print(f"\n{f'Store in a file, {ACCOUNTS} entries':44}")
    row = called(bench, "store_load", "file", path, ACCOUNTS)
    for name, value in [("puts a second, none waited for", f"{row['puts_per_second']:.0f}"),
                        ("adds a second, none waited for", f"{row['adds_per_second']:.0f}"),
                        ("get from the file, µs, p50 / p99", f"{row['get_us']['p50']:.1f} / {row['get_us']['p99']:.1f}"),
                        ("get again, µs, p50 / p99", f"{row['get_again_us']['p50']:.1f} / {row['get_again_us']['p99']:.1f}"),
                        ("start until the first answer, ms", f"{row['start_ms']:.1f}"),
                        ("start until all are counted, ms", f"{row['counted_ms']:.0f}")]:
        print(f"{name:44}{value:>18}")
    for threads in (1, 8, 64):
        row = called(bench, "store_load", "durable", os.path.join(folder, f"durable-{threads}.db"), threads, 3)
        took = f"{row['put_and_wait_us']['p50'] / 1e3:.2f} / {row['put_and_wait_us']['p99'] / 1e3:.2f}"
        print(f"{f'durable puts a second, {threads} at once':44}{row['per_second']:18.0f}   p50 / p99, ms: {took}", flush=True)

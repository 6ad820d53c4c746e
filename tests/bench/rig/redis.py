"""Several machines against one Redis: redis_load, and a redis-server that keeps everything in memory."""

import json
import os
import shutil
import statistics
import subprocess
import time

NODES, THREADS, SECONDS = 2, 32, 4
# µs of CPU a decision: of Redis, which has one core for it, and of the machine that asks. 33 is 30,000 a second.
GOALS = {"redis": 33.0, "node": 20.0}
NAMES = {"incr": "INCR, waited for", "empty script": "a script that does nothing, waited for", "decision": "a decision, 1 limit with 2 windows",
         "decision of 3 limits": "a decision, 3 limits with 2 windows", "refusal": "a refusal, 1 limit with 2 windows",
         "value": "a recipient who counts once, 2 windows"}


def run(bench):
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        print("\nRedis: not measured, redis-server is not installed")
        return
    folder = os.path.join(bench.folder, "redis")
    os.mkdir(folder)
    socket = os.path.join(folder, "socket")
    server = subprocess.Popen([program, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder],
                              stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 10
        while not os.path.exists(socket) and time.monotonic() < until:
            time.sleep(0.05)
        measure(bench, "unix:" + socket)
    finally:
        server.terminate()
        server.wait()


def measure(bench, address):
    rounds = []
    for _ in range(bench.options.rounds):
        words = [bench.programs["redis_load"], address, NODES, THREADS, SECONDS]
        done = subprocess.run([str(w) for w in words], check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"redis_load failed: {done.stderr}")
        rounds.append({row["what"]: row for row in json.loads(done.stdout)})
    median = {what: {name: statistics.median(r[what][name] for r in rounds) for name in rounds[0][what] if name != "what"} for what in rounds[0]}
    print(f"\nOne Redis, {NODES} machines (processes) of {THREADS} threads that wait for their answers, 10,000 keys, Unix socket (medians of {len(rounds)})")
    print(f"{'':44}{'a second':>9}{'µs Redis':>10}{'ratio':>7}{'µs machine':>12}{'ratio':>7}{'p50 / p99 µs':>16}")
    base = median["incr"]
    for what, row in median.items():
        times = f"{row['p50_us']:.0f} / {row['p99_us']:.0f}"
        print(f"{NAMES[what]:44}{row['per_second']:9.0f}{row['redis_us']:10.1f}{row['redis_us'] / base['redis_us']:7.1f}{row['node_us']:12.1f}"
              f"{row['node_us'] / base['node_us']:7.1f}{times:>16}", flush=True)
        if row["not_done"] or row["lost"]:
            bench.missed.append(f"{NAMES[what]}: {row['not_done']:.0f} not done, {row['lost']:.0f} lost")
    bytes_a_key = rounds[0]["decision"]["bytes_a_key"]
    print(f"    {bytes_a_key:.0f} bytes of Redis' memory an account, after {SECONDS} s")
    bench.hold("a decision, µs of Redis", median["decision"]["redis_us"], GOALS["redis"])
    bench.hold("a decision, µs of the machine", median["decision"]["node_us"], GOALS["node"])

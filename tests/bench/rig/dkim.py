"""Verifying a DKIM signature: dkim_bench, built where Google Benchmark is installed."""

import json
import subprocess

GOAL = 1.3  # CPU beside the hash of the body and one RSA verification


def run(bench):
    if "dkim_bench" not in bench.programs:
        print("\nDKIM: not measured, libbenchmark-dev is not installed")
        return
    done = subprocess.run([bench.programs["dkim_bench"], "--benchmark_format=json", "--benchmark_min_time=0.05", "--benchmark_enable_random_interleaving=true",
                           f"--benchmark_repetitions={4 * bench.options.rounds}", "--benchmark_report_aggregates_only=true"],
                          check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"dkim_bench failed: {done.stderr}")
    rows = {}
    for row in json.loads(done.stdout)["benchmarks"]:
        if row.get("error_occurred"):
            bench.missed.append(f"{row['run_name']}: {row['error_message']}")
        elif row["aggregate_name"] == "median":
            _, of, what = row["run_name"].split("/")[:3]
            rows[of, what] = row["cpu_time"] / 1e3
    print(f"\nA signed message (RSA of 2048 bits, key in memory), beside SHA-256 of its body and one RSA verification\n{'':44}{'CPU µs':>9}{'ratio':>7}")
    for (of, what), cpu in rows.items():
        if of == "postern" and ("openssl", what) in rows:
            ratio = cpu / rows["openssl", what]
            print(f"{what:44}{cpu:9.1f}{ratio:7.2f}")
            bench.hold(f"dkim, {what}", ratio, GOAL)

"""The labelled simulation of docs/behaviour.md: behaviour_simulation, built where zlib is installed."""

import os
import subprocess

SEED = str(0x3EAD64202F88)  # drawn after the thresholds were frozen: docs/behaviour.md


def run(bench):
    if "behaviour_simulation" not in bench.programs:
        print("\nBehaviour: not measured, zlib1g-dev is not installed")
        return
    print("\nBehaviour, in a simulation: recipients served before a stolen account is suspicious, and normal account-days disturbed", flush=True)
    base = os.path.join(bench.root, "build/behaviour-simulation")
    done = subprocess.run([bench.programs["behaviour_simulation"], "--seed", SEED, "--plot", base + ".png", "--markdown", base + ".md"], check=False)
    if done.returncode not in (0, 1):
        raise SystemExit("behaviour_simulation failed")
    if done.returncode == 1:
        bench.missed.append("behaviour: 95 % of stolen accounts suspicious before 50 recipients, 0.1 % of normal days disturbed")
    print(f"{base}.png, {base}.md")

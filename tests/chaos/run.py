#!/usr/bin/python3
"""Mail through a real MTA while Postern is killed, stopped and reconfigured, and an account of every message.

usage: run.py --postern PROGRAM --mtas FOLDER [--mta postfix|sendmail] [--messages N] [--kills N] [--reloads N] [--seed SEED] [--without NAME]
              [--keep]

With POSTERN_CHAOS=long in the environment it is 20,000 messages, 50 kills and 200 reloads through Postfix, a quarter of the messages through
Sendmail. Half of the reloads find a broken file.
A run prints its seed; the same seed makes the same messages, and the same events in the same order.
Ends with 77 (skipped) where the MTA cannot be had or run.
"""

import argparse
import os
import secrets
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../mta"))

from audit import PROBLEMS  # noqa: E402
from lab.process import LabError, tail  # noqa: E402
from messages import plan  # noqa: E402
from mtas import MTAS, missing  # noqa: E402
from storm import schedule  # noqa: E402
from world import SKIPPED, World, folder  # noqa: E402

SIZES = {("postfix", False): (600, 3, 10), ("postfix", True): (20_000, 50, 200),  # messages, kills, reloads; True: long
         ("sendmail", False): (200, 2, 6), ("sendmail", True): (5_000, 20, 80)}
CALM = 100  # messages after the storm, which all must fare as the policy says


def row(words, figure):
    print(f"  {words:<58}{figure:>9}")


def under_way(attempts, moments):
    """How many attempts were between their MAIL and their last word at one of the moments."""
    return sum(any(attempt.began < moment < attempt.ended for moment in moments) for attempt in attempts if attempt.began)


def report(world, storm, audit, left, count, seconds):
    wrong = storm.wrong + [f"left in the queue: {entry}" for entry in left[:5]]
    wrong += [line for life in world.postern.lives for line in life.complaints()[:5]]
    if not storm.done >= len(storm.events) or storm.is_alive():
        wrong.append("the storm did not come to its end")
    if audit.counts["delivered"] < audit.counts["recipients"] / 5:
        wrong.append("so few were delivered that the run shows little")
    at_kill = under_way(world.attempts, world.postern.kills)
    at_change = under_way(world.attempts, [span.begin for span in world.postern.spans[1:]])
    if not at_kill or not at_change:
        wrong.append("no message was under way when something happened")
    print(f"{count + CALM} messages, {seconds:.0f} s, {(count + CALM) / seconds:.0f} a second")
    for words, figure in sorted(storm.counts.items()):
        row(words, figure)
    row("lives of the daemon", len(world.postern.lives))
    row("longest start, ms", round(world.postern.longest_start * 1000))
    row("generations in force", len(world.postern.spans))
    row("under way when it was killed", at_kill)
    row("under way when another generation came", at_change)
    for words, figure in audit.counts.items():
        row(words, figure)
    for words in PROBLEMS:
        row(words, len(audit.problems[words]))
        for line in audit.problems[words][:5]:
            print(f"      {line}")
    row("storm: not as it should be", len(wrong))
    for line in wrong:
        print(f"      {line}")
    return bool(wrong) or any(audit.problems.values())


def storm(options, work):
    """Whether something was not as it should be."""
    began = time.monotonic()
    events = schedule(options.seed, options.messages, options.kills, max(1, options.kills * 2 // 5), options.reloads)
    world = World(options.postern, options.mtas, options.mta, work, options.seed, without=options.without)
    try:
        storm = world.storm(options.messages, events)
        world.inject(plan(options.seed, options.messages, CALM))
        seconds = time.monotonic() - began
        audit, left = world.account(options.messages)
        return report(world, storm, audit, left, options.messages, seconds)
    finally:
        world.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postern", required=True, type=os.path.abspath)
    parser.add_argument("--mtas", required=True, type=os.path.abspath, help="where packaging/unpack-mta puts them")
    parser.add_argument("--mta", choices=sorted(MTAS), default="postfix")
    parser.add_argument("--messages", type=int)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--reloads", type=int)
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--without", help="a protection that Postern does without, to see what the accounting finds then")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    options = parser.parse_args()
    for name, size in zip(("messages", "kills", "reloads"), SIZES[options.mta, os.environ.get("POSTERN_CHAOS") == "long"]):
        if getattr(options, name) is None:
            setattr(options, name, size)
    if reason := missing(options.mtas, options.mta):
        print(f"skipped: {reason}")
        return SKIPPED
    print(f"seed {options.seed}", flush=True)
    failed = True
    with folder(options.keep) as work:
        try:
            failed = storm(options, work)
        except (LabError, OSError, subprocess.SubprocessError) as error:
            print(error)
        if failed:
            print(f"FAIL: run again with --seed {options.seed}; the last lines of {options.mta}:\n"
                  f"{tail(os.path.join(work, options.mta, options.mta + '.log'), 20)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

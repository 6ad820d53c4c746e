#!/usr/bin/python3
"""SMTP dialogues with a real Postfix that has Postern beside it. usage: run.py --postern PROGRAM --mta FOLDER [--only WORDS] [--keep]

FOLDER is where packaging/unpack-mta put Postfix; it is asked to when nothing is there. Ends with 77 (skipped) where Postfix cannot be
had, or cannot be run for lack of root.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import cases  # noqa: E402
import scenarios  # noqa: E402
from lab.process import LabError, has_ipv6, tail  # noqa: E402
from suite import HERE, Failure, Suite  # noqa: E402

SKIPPED = 77


def behaviours(suite):
    """Name and what to do, in order."""
    for case in cases.ANSWER_AT_RECIPIENT:
        if has_ipv6() or ":" not in case.client:
            yield case.name, lambda case=case: suite.hold(case, cases.MESSAGES)
    yield "nothing else was delivered", suite.nothing_else_was_delivered
    for scenario in scenarios.SCENARIOS:
        yield scenario.__name__.replace("_", " "), lambda scenario=scenario: scenario(suite)
    yield "answer at sender: restarted", lambda: scenarios.answer_at_sender(suite)
    for case in cases.ANSWER_AT_SENDER:
        yield f"answer at sender: {case.name}", lambda case=case: suite.hold(case, cases.MESSAGES)


def run(suite, only):
    failed = total = 0
    for name, act in behaviours(suite):
        if only and only not in name:
            continue
        total += 1
        try:
            act()
            print(f"  ok    {name}", flush=True)
        except (Failure, LabError, OSError, subprocess.SubprocessError) as error:
            failed += 1
            print(f"  FAIL  {name}: {error}", flush=True)
            if not suite.postern.process.running():
                suite.postern.start()
    print(f"{total - failed} of {total} behaviours as they should be")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postern", required=True)
    parser.add_argument("--mta", required=True)
    parser.add_argument("--only", help="only behaviours whose name holds this")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: Postfix starts as root only")
        return SKIPPED
    if not os.path.exists(os.path.join(options.mta, "postfix")) and \
            subprocess.run([os.path.join(HERE, "../../packaging/unpack-mta"), options.mta], check=False).returncode:
        print("skipped: Postfix could not be unpacked")
        return SKIPPED
    work = tempfile.mkdtemp(prefix="postern-mta.")
    os.chmod(work, 0o755)
    suite = Suite()
    failed = 1
    try:
        suite.start(os.path.abspath(options.postern), options.mta, work)
        failed = run(suite, options.only)
    except LabError as error:
        print(error)
    finally:
        suite.stop()
        if failed:
            for log in ("postern/postern.log", "postfix/postfix.log"):
                print(f"the last lines of {log}:\n{tail(os.path.join(work, log), 40)}")
        if options.keep:
            print(f"kept: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

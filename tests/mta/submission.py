#!/usr/bin/python3
"""Users at a submission service: swaks, Postfix with SASL by a real Dovecot, and Postern that asks the same Dovecot and a file whose is what.

usage: submission.py --postern PROGRAM --mta FOLDER [--only WORDS] [--keep]

FOLDER is where packaging/unpack-mta put Postfix. Ends with 77 (skipped) where something is missing, and says what.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import identities  # noqa: E402
import submission_scenarios  # noqa: E402
from lab import dovecot, swaks  # noqa: E402
from lab.process import LabError, tail  # noqa: E402
from service import Service  # noqa: E402
from way import Failure  # noqa: E402

SKIPPED = 77


def behaviours(service):
    """Name and what to do, in order."""
    for session in identities.SESSIONS:
        yield session.name, lambda session=session: service.hold(session)
    for scenario in submission_scenarios.ALL:
        yield scenario.__name__.replace("_", " "), lambda scenario=scenario: scenario(service)


def run(service, only):
    failed = total = 0
    for name, act in behaviours(service):
        if only and only not in name:
            continue
        total += 1
        began = time.monotonic()
        try:
            act()
            took = time.monotonic() - began
            print(f"  ok    {name}" + (f" ({took:.0f} s)" if took > 3 else ""), flush=True)
        except (Failure, LabError, OSError, subprocess.SubprocessError) as error:
            failed += 1
            print(f"  FAIL  {name}: {error}", flush=True)
    print(f"{total - failed} of {total} behaviours as they should be")
    return failed


def missing(mtas):
    """What the suite cannot do without, or nothing."""
    if os.geteuid() != 0:
        return "Postfix and Dovecot start as root only"
    if not os.path.exists(os.path.join(mtas, "postfix")):
        return f"{mtas}/postfix is not there: packaging/unpack-mta puts it there"
    if not os.path.exists(dovecot.PROGRAM):
        return "dovecot-core is not installed"
    if not swaks.available():
        return "swaks, or its TLS (libnet-ssleay-perl), is not installed"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postern", required=True)
    parser.add_argument("--mta", required=True)
    parser.add_argument("--only", help="only behaviours whose name holds this")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    options = parser.parse_args()
    mtas = os.path.abspath(options.mta)
    if problem := missing(mtas):
        print(f"skipped: {problem}")
        return SKIPPED
    work = tempfile.mkdtemp(prefix="postern-submission.")
    os.chmod(work, 0o755)
    service = Service()
    failed = 1
    try:
        service.start(os.path.abspath(options.postern), mtas, work)
        failed = run(service, options.only)
    except LabError as error:
        print(error)
    finally:
        service.stop()
        if failed:
            for log in ("postern/postern.log", "postfix/postfix.log", "dovecot/dovecot.log"):
                print(f"the last lines of {log}:\n{tail(os.path.join(work, log), 25)}")
        if options.keep:
            print(f"kept: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Users at a submission service: swaks, Postfix with SASL by a real Dovecot, and Postern that asks the same Dovecot and a file whose is what.
The same sessions go through Sendmail with Cyrus SASL.

usage: submission.py --postern PROGRAM --mta FOLDER [--only WORDS] [--keep]

FOLDER is where packaging/unpack-mta put Postfix and Sendmail. Ends with 77 (skipped) where something is missing, and says what; without
Sendmail, or its SASL, the sessions go through Postfix alone.
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
import limit_scenarios  # noqa: E402
import signing_scenarios  # noqa: E402
import submission_scenarios  # noqa: E402
from lab import dovecot, proof, swaks  # noqa: E402
from lab.process import LabError, tail  # noqa: E402
from lab.sendmail import Sendmail  # noqa: E402
from service import OfPostfix, OfSendmail, World  # noqa: E402
from way import Failure  # noqa: E402

SKIPPED = 77


def behaviours(services):
    """Name and what to do, in order."""
    for service in services:
        for session in identities.SESSIONS:
            if session.only in (None, service.name):
                yield f"{service.name}: {session.name}", lambda service=service, session=session: service.hold(session)
        for scenario in signing_scenarios.ALL + signing_scenarios.ONLY[service.name] if proof.available() else ():
            yield f"{service.name}: {scenario.__name__.replace('_', ' ')}", lambda service=service, scenario=scenario: scenario(service)
        for scenario in limit_scenarios.ALL:
            yield f"{service.name}: limits: {scenario.__name__.replace('_', ' ')}", lambda service=service, scenario=scenario: scenario(service)
        if service.name == "postfix":
            for scenario in submission_scenarios.ALL:
                yield f"postfix: {scenario.__name__.replace('_', ' ')}", lambda service=service, scenario=scenario: scenario(service)
        yield f"{service.name}: nothing else was delivered", service.nothing_else_was_delivered


def run(services, only):
    failed = total = 0
    for name, act in behaviours(services):
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
    if not os.access("/run", os.W_OK):
        return "nothing can be written in /run, where the folder of the MTAs would be"
    if not os.path.exists(dovecot.PROGRAM):
        return "dovecot-core is not installed"
    if not swaks.available():
        return "swaks, or its TLS (libnet-ssleay-perl), is not installed"
    return None


def missing_for_sendmail(mtas):
    if not os.path.exists(os.path.join(mtas, "sendmail")):
        return f"{mtas}/sendmail is not there"
    if not shutil.which("saslpasswd2"):
        return "sasl2-bin is not installed"
    if not Sendmail.has_name():
        return "no UTS namespace here, so Sendmail sleeps a minute at its start for want of a host name with a dot"
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
    work = tempfile.mkdtemp(prefix="postern-submission.", dir="/run")  # Sendmail wants keys where only root may write, all the way up
    os.chmod(work, 0o755)
    running, failed = [], 1
    try:
        world = World(os.path.abspath(options.postern), mtas, work, running)
        services = [OfPostfix(world)]
        if problem := missing_for_sendmail(mtas):
            print(f"  skip  sendmail: {problem}")
        else:
            services.append(OfSendmail(world))
        if not proof.available():
            print(f"  skip  signing: {proof.MISSING}")
        failed = run(services, options.only)
    except LabError as error:
        print(error)
    finally:
        for thing in reversed(running):
            thing.stop()
        if failed:
            for log in ("postern/postern.log", "postfix/postfix.log", "dovecot/dovecot.log", "sendmail/dialogues.log"):
                print(f"the last lines of {log}:\n{tail(os.path.join(work, log), 25)}")
        if options.keep:
            print(f"kept: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

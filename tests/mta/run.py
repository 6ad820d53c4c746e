#!/usr/bin/python3
"""SMTP dialogues with a real Postfix and a real Sendmail that have Postern beside them.

usage: run.py --postern PROGRAM --mta FOLDER [--only WORDS] [--keep] | --mta FOLDER --sendmail-is-there

FOLDER is where packaging/unpack-mta put them; it is asked to when nothing is there. Ends with 77 (skipped) where Postfix cannot be had, or
cannot be run for lack of root or of a /run to write in. Without Sendmail the dialogues go through Postfix alone, and
--sendmail-is-there ends with 77.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import authentication_scenarios  # noqa: E402
import cases  # noqa: E402
import differences  # noqa: E402
import scenarios  # noqa: E402
from lab import namespace, pages, proof  # noqa: E402
from lab.process import LabError, has_ipv6, tail  # noqa: E402
from suite import HERE, Suite  # noqa: E402
from way import Failure, want  # noqa: E402

SKIPPED = 77
NO_NAMESPACE = "no UTS namespace here, so Sendmail sleeps a minute at each start for want of a host name with a dot"


def of_local_mail(scenario):
    return "local" in scenario.__name__


def play(way, scenario):
    way.settle()
    scenario(way)


def behaviours(suite):
    """Name and what to do, in order."""
    if not proof.available():
        print(f"  skip  what is signed and sealed: {proof.MISSING}")
    for way in suite.ways:
        mta = way.mta.name
        yield f"{mta}: is ready", way.mta.wait_ready
        for case in cases.ANSWER_AT_RECIPIENT:
            if case.only in (None, mta) and (has_ipv6() or ":" not in case.client):
                yield f"{mta}: {case.name}", lambda way=way, case=case: suite.hold(way, case, cases.MESSAGES)
        yield f"{mta}: nothing else was delivered", way.nothing_else_was_delivered
        for scenario in scenarios.ALL + scenarios.ONLY[mta] + (authentication_scenarios.ALL if proof.available() else []):
            if of_local_mail(scenario) and mta == "sendmail" and not way.mta.has_name():
                print(f"  skip  {mta}: {scenario.__name__.replace('_', ' ')}: {NO_NAMESPACE}")
                continue
            yield f"{mta}: {scenario.__name__.replace('_', ' ')}", lambda way=way, scenario=scenario: play(way, scenario)
    yield "answer at sender: restarted", suite.answer_at_sender
    for case in cases.ANSWER_AT_SENDER:
        for way in suite.ways:
            yield f"{way.mta.name}, answer at sender: {case.name}", lambda way=way, case=case: suite.hold(way, case, cases.MESSAGES)


def every_difference_is_met_and_documented(suite):
    met = set().union(*(way.met for way in suite.ways))
    want(met == set(differences.DIFFERENCES), f"not met: {set(differences.DIFFERENCES) - met}")
    listed = [[d.matter, d.postfix, d.sendmail] for d in differences.DIFFERENCES.values()]
    want(pages.table("sendmail.md", "Matter") == listed, f"docs/sendmail.md shows other differences; wanted are\n{as_table(listed)}")


def as_table(rows):
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def run(suite, only):
    failed = total = 0

    def hold(name, act):
        nonlocal failed, total
        total += 1
        began = time.monotonic()
        try:
            act()
            took = time.monotonic() - began
            print(f"  ok    {name}" + (f" ({took:.0f} s)" if took > 3 else ""), flush=True)
        except (Failure, LabError, OSError, subprocess.SubprocessError) as error:
            failed += 1
            print(f"  FAIL  {name}: {error}", flush=True)
            if not suite.postern.process.running():
                suite.postern.start()

    for name, act in behaviours(suite):
        if not only or only in name or name.endswith("is ready"):
            hold(name, act)
    if not only and len(suite.ways) == 2 and suite.ways[1].mta.has_name():
        hold("every difference is met, and docs/sendmail.md shows it", lambda: every_difference_is_met_and_documented(suite))
    print(f"{total - failed} of {total} behaviours as they should be")
    return failed


def unpacked(folder, mta):
    return os.path.exists(os.path.join(folder, mta))


def sendmail_is_there(folder):
    if not unpacked(folder, "sendmail"):
        print(f"skipped: {folder}/sendmail is not there: packaging/unpack-mta could not download it; the dialogues go through Postfix alone")
        return SKIPPED
    if not namespace.available() and not namespace.has_dotted_name():
        print(f"skipped: {NO_NAMESPACE}; local submission to it is left out, and its clients are named by this machine's name service")
        return SKIPPED
    print("the dialogues go through Sendmail too")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postern")
    parser.add_argument("--mta", required=True)
    parser.add_argument("--only", help="only behaviours whose name holds this")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    parser.add_argument("--sendmail-is-there", action="store_true", help="only tell whether Sendmail can take part, and how far")
    options = parser.parse_args()
    mtas = os.path.abspath(options.mta)
    if os.geteuid() != 0:
        print("skipped: Postfix and Sendmail start as root only")
        return SKIPPED
    if not os.access("/run", os.W_OK):
        print("skipped: nothing can be written in /run, where the folder of the MTAs would be")
        return SKIPPED
    if not (unpacked(mtas, "postfix") and unpacked(mtas, "sendmail")):
        subprocess.run([os.path.join(HERE, "../../packaging/unpack-mta"), mtas], check=False)
    if options.sendmail_is_there:
        return sendmail_is_there(mtas)
    if not unpacked(mtas, "postfix"):
        print("skipped: Postfix could not be unpacked")
        return SKIPPED
    work = tempfile.mkdtemp(prefix="postern-mta.", dir="/run")  # Sendmail wants keys where only root may write, all the way up
    os.chmod(work, 0o755)
    suite = Suite()
    failed = 1
    try:
        suite.start(os.path.abspath(options.postern), mtas, work)
        failed = run(suite, options.only)
    except LabError as error:
        print(error)
    finally:
        suite.stop()
        if failed:
            for log in ("postern/postern.log", "postfix/postfix.log", "sendmail/dialogues.log"):
                print(f"the last lines of {log}:\n{tail(os.path.join(work, log), 25)}")
        if options.keep:
            print(f"kept: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""The same accounting with one protection off: each time it must find what that protection is for, and nothing while it is on.

usage: unprotected.py --postern PROGRAM --mtas FOLDER. No chance is in it: what is tried is done at rest, one thing
after another.
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../mta"))

import generations  # noqa: E402
from generations import RECIPIENT_FATES, Generation  # noqa: E402
from injector import Attempt  # noqa: E402
from lab.process import LabError  # noqa: E402
from lab.smtp import Connection  # noqa: E402
from messages import Message, plan  # noqa: E402
from mtas import missing  # noqa: E402
from storm import Storm  # noqa: E402
from world import SKIPPED, World, folder  # noqa: E402

SEED = "unprotected"


def some_mail(world):
    """Each message once: nobody waits to try again."""
    messages = plan(SEED, 0, 25)
    for message in messages:
        message.patience = 1
    world.inject(messages)


def while_it_is_down(world):
    world.postern.kill()
    some_mail(world)
    world.postern.start()


def a_reload_whose_generation_marks_two_ways(world):
    reload(world, Generation(2), end_mark="g0001")


def a_reload_that_is_told_and_never_happens(world):
    world.postern.ask_reload(Generation(2), lambda: None)
    world.postern.settled()
    some_mail(world)


def a_broken_file_that_is_loaded_all_the_same(world):
    generations.BREAKS["not at all"] = lambda text: text
    reload(world, Generation(2, "not at all"))


def a_reload_in_mid_message(world):
    """One recipient is refused before it, and the other taken."""
    first = Generation(1)
    recipients = [f"k{(RECIPIENT_FATES.index(fate) - first.number) % len(RECIPIENT_FATES)}.r0@here.example" for fate in ("refuse-recipient", "deliver")]
    attempt = Attempt(Message(1000, 1, recipients, "good.example", b"body\r\n", {}, 1), 1, recipients)
    with Connection(world.mta.port) as connection:
        connection.command("EHLO client.example")
        attempt.began = time.monotonic()
        connection.command(f"MAIL FROM:<{attempt.sender}>")
        answers = [connection.command(f"RCPT TO:<{recipient}>") for recipient in recipients]
        attempt.judged = time.monotonic()
        reload(world, Generation(2))
        connection.command("DATA")
        answers[1] = connection.data(attempt.message.data(1))
    for recipient, answer in zip(recipients, answers):
        attempt.settle([recipient], int(answer[0]), answer)
    world.attempts.append(attempt)


def all_is_well(world):
    reload(world, Generation(2))


def a_delivery_that_is_dropped(world):
    change_arrivals(world, lambda lines: lines[1:])


def a_delivery_that_is_doubled(world):
    change_arrivals(world, lambda lines: [lines[0], *lines])


def change_arrivals(world, change):
    all_is_well(world)
    world.settle()
    with open(world.sink.path, "r+", encoding="utf-8") as file:
        lines = file.readlines()
        file.seek(0)
        file.truncate()
        file.writelines(change(lines))


def reload(world, generation, **options):
    storm = Storm(world.postern, SEED, [], lambda: 0)
    storm.reload("signal", generation, **options)
    some_mail(world)
    if bool(storm.wrong) != (generation.broken is not None):
        raise LabError(f"the storm takes it for {storm.wrong or 'right'}")


# What is tried, through which MTA, what that does while Postern is away, what the accounting must find, and which protection Postern is without.
EXPERIMENTS = [
    (all_is_well, "postfix", "tempfail", set()),
    (a_delivery_that_is_dropped, "postfix", "tempfail", {"lost"}),
    (a_delivery_that_is_doubled, "postfix", "tempfail", {"duplicated"}),
    (while_it_is_down, "postfix", "tempfail", set()),
    (while_it_is_down, "postfix", "accept", {"not logged", "unfiltered"}),
    (while_it_is_down, "postfix", "reject", {"5xx that a fault made"}),
    (while_it_is_down, "sendmail", "tempfail", set()),
    (while_it_is_down, "sendmail", "accept", {"not logged", "unfiltered"}),
    (a_reload_in_mid_message, "postfix", "tempfail", set()),
    (a_reload_in_mid_message, "postfix", "tempfail", {"judged by two configurations"}, "snapshot"),
    (a_reload_whose_generation_marks_two_ways, "postfix", "tempfail", {"judged by two configurations"}),
    (a_reload_that_is_told_and_never_happens, "postfix", "tempfail", {"judged by a configuration not in force"}),
    (a_broken_file_that_is_loaded_all_the_same, "postfix", "tempfail", {"judged by a configuration not in force"}),
]


def found(options, experiment, mta, default_action, without):
    """The kinds of problems that the accounting finds."""
    with folder() as work:
        world = World(options.postern, options.mtas, mta, work, SEED, default_action, without)
        try:
            experiment(world)
            audit, left = world.account()
        finally:
            world.stop()
    if left:
        raise LabError(f"left in the queue: {left[:3]}")
    return {words: lines for words, lines in audit.problems.items() if lines}


def hold(options, experiment, mta, default_action, wanted, without=None):
    """Whether it is as it should be; says so."""
    name = f"{experiment.__name__.replace('_', ' ')}, {mta} would {default_action}" + (f", without {without}" if without else "")
    if reason := missing(options.mtas, mta):
        print(f"  skip  {name}: {reason}", flush=True)
        return True
    try:
        problems = found(options, experiment, mta, default_action, without)
    except (LabError, OSError, subprocess.SubprocessError) as error:
        print(f"  FAIL  {name}: {error}", flush=True)
        return False
    good = problems.keys() >= wanted if wanted else not problems
    lines = [f"        {words}: {line}" for words, lines in problems.items() for line in lines[:3]]
    print("\n".join([f"  {'ok   ' if good else 'FAIL '} {name}: finds {', '.join(sorted(problems)) or 'nothing'}"] + lines * (not good)), flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postern", required=True, type=os.path.abspath)
    parser.add_argument("--mtas", required=True, type=os.path.abspath)
    options = parser.parse_args()
    if reason := missing(options.mtas, "postfix"):
        print(f"skipped: {reason}")
        return SKIPPED
    with concurrent.futures.ThreadPoolExecutor(3) as pool:  # they mostly wait for MTAs to start and stop
        results = list(pool.map(lambda row: hold(options, *row), EXPERIMENTS))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

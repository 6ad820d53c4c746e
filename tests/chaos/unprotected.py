#!/usr/bin/python3
"""The same accounting with one protection off: each time it must find what that protection is for, and nothing while it is on.

usage: unprotected.py --postern PROGRAM --mta FOLDER. No chance is in it: what is tried is done at rest, one thing after another.
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../mta"))

import generations  # noqa: E402
from generations import Generation  # noqa: E402
from lab.process import LabError  # noqa: E402
from messages import plan  # noqa: E402
from storm import Storm  # noqa: E402
from world import SKIPPED, World, folder, no_mta  # noqa: E402

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


# What is tried, with which milter_default_action, and what the accounting must find.
EXPERIMENTS = [
    (all_is_well, "tempfail", set()),
    (a_delivery_that_is_dropped, "tempfail", {"lost"}),
    (a_delivery_that_is_doubled, "tempfail", {"duplicated"}),
    (while_it_is_down, "tempfail", set()),
    (while_it_is_down, "accept", {"not logged", "unfiltered"}),
    (while_it_is_down, "reject", {"5xx that a fault made"}),
    (a_reload_whose_generation_marks_two_ways, "tempfail", {"judged by two configurations"}),
    (a_reload_that_is_told_and_never_happens, "tempfail", {"judged by a configuration not in force"}),
    (a_broken_file_that_is_loaded_all_the_same, "tempfail", {"judged by a configuration not in force"}),
]


def found(options, experiment, default_action):
    """The kinds of problems that the accounting finds."""
    with folder() as work:
        world = World(os.path.abspath(options.postern), options.mta, work, SEED, default_action)
        try:
            experiment(world)
            audit, left = world.account()
        finally:
            world.stop()
    if left:
        raise LabError(f"left in the queue: {left[:3]}")
    return {words: lines for words, lines in audit.problems.items() if lines}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postern", required=True)
    parser.add_argument("--mta", required=True)
    options = parser.parse_args()
    if reason := no_mta(options.mta):
        print(f"skipped: {reason}")
        return SKIPPED
    failed = 0
    for experiment, default_action, wanted in EXPERIMENTS:
        name = f"{experiment.__name__.replace('_', ' ')}, milter_default_action={default_action}"
        try:
            problems = found(options, experiment, default_action)
            good = problems.keys() >= wanted if wanted else not problems
            print(f"  {'ok   ' if good else 'FAIL '} {name}: finds {', '.join(sorted(problems)) or 'nothing'}", flush=True)
            if not good:
                print("".join(f"        {words}: {line}\n" for words, lines in problems.items() for line in lines[:3]))
        except LabError as error:
            good = False
            print(f"  FAIL  {name}: {error}", flush=True)
        failed += not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

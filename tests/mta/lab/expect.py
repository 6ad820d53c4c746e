"""Dialogues as text against a server, and what differs."""

import re

from .smtp import greet


def matches(pattern, text):
    """`*` in the pattern stands for anything, everything else for itself."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL) is not None


def steps(dialogue):
    for line in dialogue.strip().splitlines():
        said, _, expected = line.partition(" -> ")
        yield said.strip(), expected.strip()


def hold(case, port, messages):
    """Holds the case's dialogue. Nothing when all answers fit, else the transcript with the line that does not."""
    transcript = []
    with greet(port, case.client, case.helo, login=case.login, name=case.client_name) as connection:
        for said, expected in steps(case.dialogue):
            name = said[1:-1] if said.startswith("(") else None
            answer = connection.command(said) if name is None else connection.data(messages[name])
            answer = " / ".join(answer.splitlines())
            transcript.append(f"      {said}\n        -> {answer}")
            if not matches(expected, answer):
                return "\n".join(transcript + [f"        !! wanted {expected}"])
    return None

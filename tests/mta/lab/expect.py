"""Dialogues as text against a server, and what differs."""

import re


def matches(pattern, text):
    """`*` in the pattern stands for anything, everything else for itself."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL) is not None


def steps(dialogue):
    for line in dialogue.strip().splitlines():
        said, _, expected = line.partition(" -> ")
        yield said.strip(), expected.strip()


def hold(connection, dialogue, messages, expect, start_tls):
    """Holds the dialogue on an open connection. Nothing when all answers fit, else the transcript with the line that does not.

    `expect(said, expected)` gives the pattern that the answer must match; `start_tls(connection)` follows a STARTTLS that was granted."""
    transcript = []
    for said, expected in steps(dialogue):
        name = said[1:-1] if said.startswith("(") else None
        answer = connection.command(said) if name is None else connection.data(messages[name])
        answer = " / ".join(answer.splitlines())
        transcript.append(f"      {said}\n        -> {answer}")
        wanted = expect(said, expected)
        if not matches(wanted, answer):
            return "\n".join(transcript + [f"        !! wanted {wanted}"])
        if said == "STARTTLS":
            start_tls(connection)
    return None

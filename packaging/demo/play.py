#!/usr/bin/python3
"""Starts Postern and a private Postfix, holds the dialogues of dialogues.py with them, and prints what came of each as a table."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../tests/mta")]
sys.dont_write_bytecode = True

from dialogues import DIALOGUES, LOCAL, Dialogue  # noqa: E402
from lab.daemon import Postern  # noqa: E402
from lab.postfix import Postfix  # noqa: E402
from lab.process import LabError, tail, wait_until  # noqa: E402
from lab.sink import Sink  # noqa: E402
from lab.smtp import greet  # noqa: E402

SKIPPED = 77  # for ctest
COLUMNS = (("what was sent", 42), ("what the client was told", 42), ("rule, and why", 46))


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def hold(dialogue, postfix):
    """The dialogue with the server: pairs of what was said, in short, and the answer."""
    told = []
    port = postfix.submission if dialogue.login else postfix.port
    with greet(port, dialogue.client, dialogue.helo, dialogue.login, dialogue.client_name) as connection:
        told.append(("MAIL", connection.command(f"MAIL FROM:<{dialogue.sender}>")))
        for recipient in dialogue.recipients:
            told.append((recipient.partition("@")[0], connection.command(f"RCPT TO:<{recipient}>")))
        if any(answer.startswith("25") for said, answer in told if said != "MAIL"):
            if connection.command("DATA").startswith("354"):
                told.append(("message", connection.data(dialogue.message())))
        connection.command("QUIT")
    return told


def marks(dialogue, sink):
    """The field the dialogue wants shown, as it stands in the delivered message."""
    if not dialogue.shows:
        return []
    subject = f"Subject: {dialogue.title}\r\n".encode()
    message = wait_until(lambda: next((m for _, m in sink.messages() if subject in m), None), 10, "the message is delivered")
    lines = message.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").splitlines()
    return [("delivered with", line) for line in lines if line.startswith(dialogue.shows + ":")]


def submit(dialogue, postfix, sink):
    """Local submission with sendmail(1): there is no dialogue; what happens is seen by what arrives."""
    before = len(sink.messages())
    postfix.sendmail(dialogue.sender, dialogue.recipients, dialogue.message().replace(b"\r\n", b"\n"))
    envelope, message = wait_until(lambda: sink.messages()[before:], 10, "the locally submitted message, or its bounce, arrives")[0]
    if envelope["sender"] == "<>":
        line = next((line for line in message.decode("utf-8", "replace").splitlines() if "5." in line and "Diagnostic" in line), "")
        return [("sendmail(1)", "bounced to its sender. " + line)]
    return [("sendmail(1)", "delivered")]


def why(decisions):
    """The decision in words, from Postern's own log."""
    words = []
    for decision in decisions:
        action = {"accept": "accepted", "reject": "refused", "defer": "deferred"}.get(decision["action"], decision["action"])
        words.append(action + (f" by {decision['rule']}" if decision.get("rule") else ""))
        others = [rule for rule in decision.get("matched", []) if rule != decision.get("rule")]
        if others:
            words.append("true as well: " + ", ".join(others))
        refused = [word for word in decision["recipient"] if "/" in word]
        if 0 < len(refused) < decision["recipients"]:
            words.append("but " + ", ".join(refused))
        silent = {finding.partition("=")[0] for finding in decision.get("findings", []) if finding.endswith("=none")}
        for texts, separator, end in ((decision.get("findings", []), ", ", "="), (decision.get("reasons", "").split("; "), "; ", ":")):
            words.append(separator.join(text for text in texts if text.partition(end)[0] not in silent))
        if decision.get("would"):
            words.append("would have been: " + decision["would"])
        if decision.get("degraded"):
            words.append("without: " + ", ".join(decision["degraded"]))
        words.append("id " + decision["id"])
    return [word for word in words if word]


def lines(texts, width):
    out = []
    for text in texts:
        out += textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False) or [""]
    return out


def print_row(cells):
    columns = [lines(cell, width) for cell, (_, width) in zip(cells, COLUMNS)]
    for i in range(max(map(len, columns))):
        print(" | ".join((column[i] if i < len(column) else "").ljust(width) for column, (_, width) in zip(columns, COLUMNS)).rstrip())


def rule():
    print("-+-".join("-" * width for _, width in COLUMNS))


def sent_words(number, dialogue):
    who = f"logged in as {dialogue.login}" if dialogue.login else f"client {dialogue.client}"
    author = f", From: {dialogue.author}" if dialogue.author else ""
    return [f"{number}. {dialogue.title}", f"from {dialogue.sender or '<>'}{author}",
            "to " + ", ".join(r.partition("@")[0] for r in dialogue.recipients),
            "by sendmail(1) on this machine" if dialogue.client == LOCAL else who]


def surprise(dialogue, told):
    """What should not have happened, or nothing."""
    answer = " ".join(text for _, text in told)
    return None if all(word in answer for word in dialogue.expect) else f"   !! expected here: {' '.join(dialogue.expect)}"


def play(postern, postfix, sink):
    print()
    print_row([[title] for title, _ in COLUMNS])
    surprises = 0
    for number, dialogue in enumerate(DIALOGUES, 1):
        seen = len(postern.events("decision"))
        told = submit(dialogue, postfix, sink) if dialogue.client == LOCAL else hold(dialogue, postfix)
        told += marks(dialogue, sink)
        decisions = postern.decisions(after=seen)
        rule()
        print_row([sent_words(number, dialogue), [f"{said}: {' '.join(answer.splitlines())}" for said, answer in told], why(decisions)])
        if problem := surprise(dialogue, told):
            surprises += 1
            print(problem)
    rule()
    print(f"{len(DIALOGUES)} dialogues, {len(sink.messages())} messages delivered, all names from {HERE}/demo.zone")
    return surprises


def how_to_play(postern, postfix, work):
    socket = os.path.join(work, "postern.sock")
    print(f"""
Still running:
  Postfix takes mail on 127.0.0.1:{postfix.port}, its log is {postfix.log}
  Postern listens on {socket}, its log is {postern.log}
  what is delivered lies in {work}/sink

Play:
  swaks --server 127.0.0.1:{postfix.port} --from anna@null-mx.example --to peter@here.example --xclient 'ADDR=93.184.216.25'
      (apt-get install swaks; or speak SMTP yourself: telnet 127.0.0.1 {postfix.port})
  policy     {postern.configuration} (the names it knows are in demo.zone beside it, read at start; its users in accounts.yaml)
  check it   {postern.program} check -c {postern.configuration}
  reload     {postern.program} reload -c {postern.configuration}
  status     {postern.program} status -c {postern.configuration}

Stop: Ctrl-C here, or kill {os.getpid()}""", flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    print("stopping")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--postern", required=True)
    parser.add_argument("--mta", required=True)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--once", action="store_true")
    mode.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if os.geteuid() != 0 or not os.path.exists(os.path.join(options.mta, "postfix")):
        print("skipped: this needs root, and Postfix unpacked by packaging/unpack-mta")
        return SKIPPED
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = tempfile.mkdtemp(prefix="postern-try.")
    os.chmod(work, 0o755)
    running = []
    try:
        sink = Sink(os.path.join(work, "sink"))
        running.append(sink)
        postern = Postern(os.path.abspath(options.postern), work, read("postern.yaml"),
                          {name: read(name) for name in ("demo.zone", "accounts.yaml")})
        running.append(postern)
        postern.start()
        postfix = Postfix(options.mta, os.path.join(work, "postfix"), f"{work}/postern.sock", sink.port)
        running.append(postfix)
        postfix.start()
        surprises = play(postern, postfix, sink)
        if options.keep:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
            how_to_play(postern, postfix, work)
        return 1 if surprises else 0
    except KeyboardInterrupt:
        return 130
    except LabError as error:
        print(f"packaging/try: {error}", file=sys.stderr)
        for name in ("postern.log", "postfix/postfix.log"):
            print(f"  the last lines of {name}:\n{tail(os.path.join(work, name))}", file=sys.stderr)
        return 1
    finally:
        for thing in reversed(running):
            thing.stop()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

"""What a dialogue alone does not show: bytes that arrive, queues, local submission, faults. Each takes the Suite; the name is the behaviour."""

import re
import signal
import time

from lab.process import wait_until
from lab.smtp import greet
from suite import read, want

MESSAGE = b"From: <anna@good.example>\r\nTo: <peter@here.example>\r\nSubject: for the scenarios\r\n\r\nHello\r\n"
CLIENT = dict(client="93.184.216.25", helo="mail.good.example", name="mail.good.example")


def send(port, sender="anna@good.example", recipients=("peter@here.example",), message=MESSAGE, **client):
    """One message as far as it is taken: the last answer."""
    with greet(port, **(client or CLIENT)) as connection:
        for command in [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{r}>" for r in recipients), "DATA"]:
            answer = connection.command(command)
            if answer[:1] not in "23":
                return answer
        return connection.data(message)


def own_fields(message):
    """The header behind the Received that Postfix wrote on top, and the fields above it."""
    header, _, body = message.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", header)
    mine = next(i for i, f in enumerate(fields) if f.startswith(b"Received:") and b"mx.here.example (Postfix" in f)
    return fields[:mine], fields[mine + 1:], body


def added_fields_arrive_byte_for_byte(suite):
    before = len(suite.sink.messages())
    message = (b"Authentication-Results: mx.here.example; spf=pass (forged)\r\n"
               b"Authentication-Results: other.example; spf=pass\r\n"
               b"Authentication-Results: mx.here.example 1;\r\n\tdkim=pass (forged, too)\r\n"
               b"From: <anna@good.example>\r\nX-Fold: one\r\n\ttwo\r\n  three\r\nX-Lead:   three spaces\r\nSubject:no space\r\n"
               b"Date: Sun, 22 Nov 2026 00:00:00 +0000\r\nMessage-ID: <1@good.example>\r\n\r\nHello\r\n..dots\r\n")
    answer = send(suite.postfix.port, message=message, client="192.0.2.66", helo="nameless.example")
    want(answer.startswith("250 2.0.0"), answer)
    _, raw = suite.delivered(before, 1)[0]
    above, below, body = own_fields(raw)
    want(above == [b"Authentication-Results: mx.here.example;\r\n\tiprev=permerror policy.iprev=192.0.2.66"], f"above Received: {above}")
    want(below == [b"Authentication-Results: other.example; spf=pass", b"From: <anna@good.example>", b"X-Fold: one\r\n\ttwo\r\n  three",
                   b"X-Lead:   three spaces", b"Subject:no space", b"Date: Sun, 22 Nov 2026 00:00:00 +0000", b"Message-ID: <1@good.example>",
                   b"X-Postern-Mark: 192.0.2.66 as nameless.example", b"X-Postern-Second: score 2"], f"fields: {below}")
    want(body == b"Hello\r\n..dots\r\n", f"body: {body}")


def an_unmarked_message_gets_nothing_but_authentication_results(suite):
    before = len(suite.sink.messages())
    message = b"From: <anna@good.example>\r\nDate: Sun, 22 Nov 2026 00:00:00 +0000\r\nMessage-ID: <2@good.example>\r\n\r\nHello\r\n"
    want(send(suite.postfix.port, message=message).startswith("250"), "not accepted")
    above, below, _ = own_fields(suite.delivered(before, 1)[0][1])
    want(above == [b"Authentication-Results: mx.here.example;\r\n\tiprev=pass policy.iprev=93.184.216.25"], f"above Received: {above}")
    want(below == message.split(b"\r\n\r\n")[0].split(b"\r\n"), f"fields: {below}")


def quarantine_holds_the_message_in_the_queue(suite):
    before = len(suite.sink.messages())
    answer = send(suite.postfix.port, message=b"From: <anna@good.example>\r\nX-Test: hold\r\n\r\nHello\r\n")
    want(answer.startswith("250"), answer)
    held = wait_until(lambda: [m for m in suite.postfix.queue() if m["queue_name"] == "hold"], 10, "the message is held")
    want(held[0]["sender"] == "anna@good.example", f"{held}")
    want(len(suite.sink.messages()) == before, "it was delivered all the same")
    decision = suite.postern.events("decision")[-1]
    want((decision["action"], decision["rule"]) == ("quarantine", "held"), f"{decision}")
    suite.postfix.clear_queue()


def local_mail_is_delivered(suite):
    before = len(suite.sink.messages())
    result = suite.postfix.sendmail("peter@here.example", ["anna@good.example"], b"Subject: from a program\n\nHello\n")
    want(result.returncode == 0, result.stderr.decode())
    envelope, _ = suite.delivered(before, 1)[0]
    want(envelope["sender"] == "<peter@here.example>", f"{envelope}")
    want(suite.postern.events("decision")[-1]["direction"] == "local", f"{suite.postern.events('decision')[-1]}")


def local_mail_to_a_refused_recipient_is_refused_whole_and_bounced(suite):
    before = len(suite.sink.messages())
    suite.postfix.sendmail("peter@here.example", ["anna@good.example", "gone@good.example"], b"Subject: two of them\n\nHello\n")
    envelope, raw = suite.delivered(before, 1)[0]
    want(envelope["sender"].startswith("<>") and "peter@here.example" in envelope["recipients"][0], f"no bounce: {envelope}")
    text = raw.decode("utf-8", "replace")
    want("gone@good.example" in text and "100% gone" in text, f"the bounce does not tell whose address it was:\n{text}")
    time.sleep(0.3)
    want(len(suite.sink.messages()) == before + 1, "one recipient got it all the same")
    want(not suite.postfix.queue(), f"something stays in the queue: {suite.postfix.queue()}")
    want("milter configuration error" not in read_log(suite), "the recipient was refused by itself, which Postfix cannot digest")


def local_mail_that_is_put_off_is_tried_again(suite):
    before, seen = len(suite.sink.messages()), len(suite.postern.events("decision"))
    suite.postfix.sendmail("peter@here.example", ["later@here.example"], b"Subject: later\n\nHello\n")
    decision = suite.postern.decisions(seen)[0]
    want((decision["action"], decision["rule"]) == ("defer", "later"), f"{decision}")
    want(len(suite.sink.messages()) == before, "delivered or bounced")
    suite.postern.configure(suite.policy.replace("later: [later@here.example]", "later: [somebody-else@here.example]"))
    try:
        reload(suite)
        suite.postfix.retry_maildrop()
        envelope, _ = suite.delivered(before, 1)[0]
        want("<later@here.example>" in envelope["recipients"][0], f"{envelope}")
    finally:
        suite.postern.configure(suite.policy)
        reload(suite)


def read_log(suite):
    with open(suite.postfix.log, encoding="utf-8", errors="replace") as file:
        return file.read()


def reload(suite):
    count = len(suite.postern.events("reload"))
    suite.postern.process.send(signal.SIGHUP)
    wait_until(lambda: len(suite.postern.events("reload")) > count, 10, "Postern reloads")


def a_reload_between_two_messages_of_one_connection_holds_for_the_second(suite):
    with greet(suite.postfix.port, **CLIENT) as connection:
        connection.command("MAIL FROM:<anna@good.example>")
        want(connection.command("RCPT TO:<eva@here.example>").startswith("250"), "refused too early")
        suite.postern.configure(suite.policy.replace("gone: [", "gone: [eva@here.example, "))
        try:
            reload(suite)
            want(connection.command("RCPT TO:<eva@here.example>").startswith("250"), "a message does not keep the policy it began with")
            connection.command("RSET")
            connection.command("MAIL FROM:<anna@good.example>")
            want(connection.command("RCPT TO:<eva@here.example>").startswith("550 5.1.1"), "the new policy does not hold")
        finally:
            suite.postern.configure(suite.policy)
            reload(suite)


def a_broken_policy_never_replaces_a_good_one(suite):
    suite.postern.configure(suite.policy.replace("when: recipient in gone", "when: recipient inn gone"))
    try:
        reload(suite)
        want(send(suite.postfix.port, recipients=["gone@here.example"]).startswith("550 5.1.1"), "the good policy is no longer in force")
        want(send(suite.postfix.port).startswith("250"), "good mail is no longer taken")
    finally:
        suite.postern.configure(suite.policy)
        reload(suite)


def a_dead_resolver_puts_off_and_never_refuses(suite):
    began = time.monotonic()
    answer = send(suite.postfix.port, sender="anna@not-in-the-zone.org")
    want(answer.startswith("451 4.4.3"), answer)
    want(time.monotonic() - began < 8, "it took 8 s and more")


def a_stop_lets_the_open_message_end(suite):
    before = len(suite.sink.messages())
    with greet(suite.postfix.port, **CLIENT) as connection:
        for command in ("MAIL FROM:<anna@good.example>", "RCPT TO:<peter@here.example>"):
            want(connection.command(command).startswith("250"), command)
        suite.postern.process.send(signal.SIGTERM)
        wait_until(lambda: suite.postern.events("drain") or suite.postern.events("stop"), 10, "Postern begins to stop")
        want(connection.command("DATA").startswith("354"), "DATA")
        answer = connection.data(MESSAGE)
        want(answer.startswith("250"), f"cut off: {answer}")
    suite.delivered(before, 1)
    want(suite.postern.process.child.wait(40) == 0, "Postern ends with an error")
    suite.postern.start()
    want(send(suite.postfix.port).startswith("250"), "not working after the restart")


def killed_it_puts_mail_off_and_a_restart_needs_no_help(suite):
    before = len(suite.sink.messages())
    with greet(suite.postfix.port, **CLIENT) as connection:
        connection.command("MAIL FROM:<anna@good.example>")
        connection.command("RCPT TO:<peter@here.example>")
        suite.postern.kill()
        answer = connection.command("DATA")
        answer = connection.data(MESSAGE) if answer.startswith("354") else answer
        want(answer.startswith("451"), f"in mid-message: {answer}")
    answer = send(suite.postfix.port)
    want(answer.startswith("451 4.7.1"), f"while it is down: {answer}")
    suite.postern.start()
    want(send(suite.postfix.port).startswith("250"), "not working after the restart")
    want(len(suite.delivered(before, 1)) == 1, "the message that was put off was delivered all the same")


SCENARIOS = [
    added_fields_arrive_byte_for_byte,
    an_unmarked_message_gets_nothing_but_authentication_results,
    quarantine_holds_the_message_in_the_queue,
    local_mail_is_delivered,
    local_mail_to_a_refused_recipient_is_refused_whole_and_bounced,
    local_mail_that_is_put_off_is_tried_again,
    a_reload_between_two_messages_of_one_connection_holds_for_the_second,
    a_broken_policy_never_replaces_a_good_one,
    a_dead_resolver_puts_off_and_never_refuses,
    a_stop_lets_the_open_message_end,
    killed_it_puts_mail_off_and_a_restart_needs_no_help,
]


def answer_at_sender(suite):
    """From here on refusals are spoken at MAIL. Fewer macros and steps are needed, so a restart makes it clean."""
    suite.postern.stop()
    suite.postern.configure(read("sender.yaml"))
    suite.postern.start()

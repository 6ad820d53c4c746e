"""What a dialogue alone does not show: bytes that arrive, queues, local submission, faults. Each takes a Way; the name is the behaviour."""

import itertools
import os
import re
import signal

from cases import MESSAGES
from lab.between import AscendingDeletions, Between, DiesAfterTheFirstEdit, HidesLocalSubmission, Through
from lab.process import wait_until
from way import CLIENT, MESSAGE, want

A_R = b"Authentication-Results: "


def own_fields(way, message):
    """The fields above the Received that the MTA wrote, those below it, and the body."""
    header, _, body = message.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", header)
    mine = next(i for i, field in enumerate(fields) if way.mta.wrote(field))
    return fields[:mine], fields[mine + 1:], body


def results(client, *methods):
    """Our Authentication-Results of a message that nobody has sealed, as it arrives."""
    return A_R + b"mx.here.example;\r\n\t" + b";\r\n\t".join([b"arc=none", f"iprev={client}".encode(), *methods])


NOTHING_PROVEN = [b"spf=none smtp.mailfrom=anna@good.example", b"dkim=none", b"dmarc=none header.from=good.example"]


def last_decision(way):
    return way.postern.events("decision")[-1]


def added_fields_arrive_byte_for_byte(way):
    before = way.deliveries()
    fields = [b"From: <anna@good.example>", b"X-Fold: one\r\n\ttwo\r\n  three", b"X-Lead:   three spaces", b"Subject:no space", b"X-Empty:",
              b"Date: Sun, 22 Nov 2026 00:00:00 +0000", b"Message-ID: <1@good.example>"]
    message = b"\r\n".join(fields) + b"\r\n\r\nHello\r\n..dots\r\n"
    answer = way.send(message=message, client="192.0.2.66", helo="nameless.example", name=None)
    want(answer.startswith("250 2.0.0"), answer)
    _, raw = way.delivered(before, 1)[0]
    above, below, body = own_fields(way, raw)
    address = way.mta.address("192.0.2.66").encode()
    want(above == [results(f"permerror policy.iprev={address.decode()}", *NOTHING_PROVEN)], f"above Received: {above}")
    want(below == fields + [b"X-Postern-Mark: " + address + b" as nameless.example", b"X-Postern-Second: score 2"], f"fields: {below}")
    want(body == b"Hello\r\n..dots\r\n", f"body: {body}")


def an_unmarked_message_gets_nothing_but_authentication_results(way):
    before = way.deliveries()
    message = b"From: <anna@good.example>\r\nDate: Sun, 22 Nov 2026 00:00:00 +0000\r\nMessage-ID: <2@good.example>\r\n\r\nHello\r\n"
    want(way.send(message=message).startswith("250"), "not accepted")
    above, below, _ = own_fields(way, way.delivered(before, 1)[0][1])
    address = way.mta.address(CLIENT["client"])
    want(above == [results(f"pass policy.iprev={address}", *NOTHING_PROVEN)], f"above Received: {above}")
    want(below == message.split(b"\r\n\r\n")[0].split(b"\r\n"), f"fields: {below}")


FORGED = [b"mx.here.example; spf=pass", b"mx.here.example; dkim=pass (2)", b"mx.here.example 1;\r\n\tdkim=pass (3)", b"MX.here.example; none",
          b"mx.here.example (4); dmarc=pass", b" mx.here.example;arc=pass", b'"mx.here.example"; auth=pass', b"mx.here.example; iprev=pass",
          b"(9) mx.here.example; spf=pass", b"mx.here.example.; spf=pass", b"\r\n\tmx.here.example\r\n\t; spf=pass"]
OTHERS = [A_R + b"other.example; spf=pass", b"Received: from r1.example by other.example; Sun, 22 Nov 2026 00:00:00 +0000",
          b"authentication-results: mx.here.example.org; spf=pass", b"From: <anna@good.example>",
          A_R + b"sub.mx.here.example; dkim=fail", b"X-Authentication-Results: mx.here.example; x=y",
          b"Date: Sun, 22 Nov 2026 00:00:00 +0000", b"Message-ID: <8@good.example>"]


def left_of_forged_fields(way, **client):
    """Sends a message with Authentication-Results in our name, before, among and behind others: the fields that arrive below Received."""
    before = way.deliveries()
    pairs = itertools.zip_longest((A_R + forged for forged in FORGED), OTHERS)
    fields = [field for pair in pairs for field in pair if field is not None]
    answer = way.send(message=b"\r\n".join(fields) + b"\r\n\r\nHello\r\n", **client)
    want(answer.startswith("250 2.0.0"), answer)
    return own_fields(way, way.delivered(before, 1)[0][1])[1]


def forged_results_are_removed_and_nothing_else(way):  # FAULTS T10
    left = left_of_forged_fields(way)
    want(left == OTHERS, f"fields: {left}")


def deleted_in_ascending_order_some_would_stay_on_postfix(way):  # FAULTS T10, the protection off
    way.between.treatment = AscendingDeletions
    left = left_of_forged_fields(way, port=way.mta.through_between)
    way.between.treatment = Through
    forged = [field for field in left if field[len(A_R):] in FORGED]
    if way.mta.name == "postfix":
        want(len(forged) >= 1, f"none stays: {left}")
    else:
        want(left == OTHERS, f"fields: {left}")
    way.meets("deletion")


def quarantine_holds_the_message_until_it_is_let_go(way):
    before = way.deliveries()
    answer = way.send(message=b"From: <anna@good.example>\r\nX-Test: hold\r\n\r\nHello\r\n")
    want(answer.startswith("250"), answer)
    held = wait_until(way.mta.held, 10, "the message is held")
    want(held == ["anna@good.example"], f"{held}")
    way.meets("quarantine")
    want((last_decision(way)["action"], last_decision(way)["rule"]) == ("quarantine", "held"), f"{last_decision(way)}")
    want(way.send().startswith("250"), "the next message is not taken")
    way.delivered(before, 1)
    want(way.deliveries() == before + 1 and way.mta.held() == held, "it was delivered all the same")
    way.mta.release()
    want(b"X-Test: hold" in way.delivered(before, 2)[1][1], "it was let go, and did not come")


def local_mail_is_delivered(way):
    before = way.deliveries()
    result = way.mta.sendmail("peter@here.example", ["anna@good.example"], b"Subject: from a program\n\nHello\n")
    want(result.returncode == 0, result.stderr.decode())
    envelope, _ = way.delivered(before, 1)[0]
    want(envelope["sender"].startswith("<peter@here.example>"), f"{envelope}")
    direction = {"postfix": "local", "sendmail": "relay"}[way.mta.name]
    want(last_decision(way)["direction"] == direction, f"{last_decision(way)}")
    way.meets("local mail")


def local_mail_of_sendmail_bs_is_local(way):
    before = way.deliveries()
    answer = way.mta.speak_on_standard_input(["EHLO localhost\r\n", "MAIL FROM:<peter@here.example>\r\n", "RCPT TO:<anna@good.example>\r\n",
                                              "DATA\r\n", "Subject: sendmail -bs\r\n\r\nHello\r\n.\r\n"])
    want(answer.startswith("250 2.0.0"), answer)
    way.delivered(before, 1)
    want(last_decision(way)["direction"] == "local", f"{last_decision(way)}")


def local_mail_to_a_refused_recipient_is_bounced(way):  # FAULTS T14
    before = way.deliveries()
    way.mta.sendmail("peter@here.example", ["anna@good.example", "gone@good.example"], b"Subject: two of them\n\nHello\n")
    taken = way.delivered(before, 1 if way.mta.name == "postfix" else 2)
    bounces = [(e, raw) for e, raw in taken if e["sender"].startswith("<>")]
    want(len(bounces) == 1 and "peter@here.example" in bounces[0][0]["recipients"][0], f"no bounce: {taken}")
    text = bounces[0][1].decode("utf-8", "replace")
    want("gone@good.example" in text and "100% gone" in text, f"the bounce does not tell whose address it was:\n{text}")
    wait_until(lambda: not way.mta.waiting(), 15, f"nothing stays in the queue {way.mta.waiting()}")
    want(way.deliveries() == before + len(taken), "one recipient got it all the same")
    want("milter configuration error" not in read_log(way), "the recipient was refused by itself, which Postfix cannot digest")
    way.meets("local mail, refused")


def local_mail_that_is_put_off_is_tried_again(way):
    before, seen = way.deliveries(), len(way.postern.events("decision"))
    way.mta.sendmail("peter@here.example", ["later@here.example"], b"Subject: later\n\nHello\n")
    decision = way.postern.decisions(seen)[0]
    want((decision["action"], decision["rule"]) == ("defer", "later"), f"{decision}")
    want(way.mta.waiting() and way.deliveries() == before, "delivered, bounced or lost")
    way.postern.configure(way.policy.replace("later: [later@here.example]", "later: [somebody-else@here.example]"))
    try:
        way.postern.reload()
        way.mta.retry_local()
        envelope, _ = way.delivered(before, 1)[0]
        want("<later@here.example>" in envelope["recipients"][0], f"{envelope}")
    finally:
        way.postern.configure(way.policy)
        way.postern.reload()


def read_log(way):
    with open(way.mta.log, encoding="utf-8", errors="replace") as file:
        return file.read()


def a_reload_between_two_messages_of_one_connection_holds_for_the_second(way):
    with way.connect(**CLIENT) as connection:
        connection.command("MAIL FROM:<anna@good.example>")
        want(connection.command("RCPT TO:<eva@here.example>").startswith("250"), "refused too early")
        way.postern.configure(way.policy.replace("gone: [", "gone: [eva@here.example, "))
        try:
            way.postern.reload()
            want(connection.command("RCPT TO:<eva@here.example>").startswith("250"), "a message does not keep the policy it began with")
            connection.command("RSET")
            connection.command("MAIL FROM:<anna@good.example>")
            want(connection.command("RCPT TO:<eva@here.example>").startswith("550 5.1.1"), "the new policy does not hold")
        finally:
            way.postern.configure(way.policy)
            way.postern.reload()


def a_broken_policy_never_replaces_a_good_one(way):
    way.postern.configure(way.policy.replace("when: recipient in gone", "when: recipient inn gone"))
    try:
        way.postern.reload()
        want(way.send(recipients=["gone@here.example"]).startswith("550 5.1.1"), "the good policy is no longer in force")
        want(way.send().startswith("250"), "good mail is no longer taken")
    finally:
        way.postern.configure(way.policy)
        way.postern.reload()


def a_dead_resolver_puts_off_and_never_refuses(way):
    answer = way.send(sender="anna@not-in-the-zone.org")
    want(answer.startswith("451 4.4.3"), answer)


def a_stop_lets_the_open_message_end(way):
    before = way.deliveries()
    with way.connect(**CLIENT) as connection:
        for command in ("MAIL FROM:<anna@good.example>", "RCPT TO:<peter@here.example>"):
            want(connection.command(command).startswith("250"), command)
        way.postern.process.send(signal.SIGTERM)
        wait_until(lambda: way.postern.events("drain") or way.postern.events("stop"), 10, "Postern begins to stop")
        want(connection.command("DATA").startswith("354"), "DATA")
        answer = connection.data(MESSAGE)
        want(answer.startswith("250"), f"cut off: {answer}")
    way.delivered(before, 1)
    want(way.postern.process.child.wait(40) == 0, "Postern ends with an error")
    way.postern.start()
    answer = way.send()
    want(answer.startswith("250"), f"not working after the restart: {answer}")


def a_restart_between_two_messages_of_one_connection_puts_the_second_off(way):
    before = way.deliveries()
    with way.connect(**CLIENT) as connection:
        for command in ("MAIL FROM:<anna@good.example>", "RCPT TO:<peter@here.example>", "DATA"):
            want(connection.command(command)[:1] in "23", command)
        want(connection.data(MESSAGE).startswith("250"), "the first message")
        way.postern.kill()
        way.postern.start()
        answer = connection.command("MAIL FROM:<anna@good.example>")
        answer = connection.command("RCPT TO:<peter@here.example>") if answer.startswith("250") else answer
        want(answer.startswith("451 4."), f"the second message: {answer}")
    want(way.send().startswith("250"), "the next connection is not served")
    way.delivered(before, 2)
    way.meets("restart")


def killed_it_puts_mail_off_and_a_restart_needs_no_help(way):
    before = way.deliveries()
    with way.connect(**CLIENT) as connection:
        connection.command("MAIL FROM:<anna@good.example>")
        connection.command("RCPT TO:<peter@here.example>")
        way.postern.kill()
        answer = connection.command("DATA")
        answer = connection.data(MESSAGE) if answer.startswith("354") else answer
        want(answer.startswith("451 4."), f"in mid-message: {answer}")
    answer = way.send()
    want(answer.startswith("451 4."), f"while it is down: {answer}")
    way.postern.start()
    answer = way.send()
    want(answer.startswith("250"), f"not working after the restart: {answer}")
    want(len(way.delivered(before, 1)) == 1, "the message that was put off was delivered all the same")


def sent_while_killed_in_the_middle_of_its_edits(way, port):
    """The answer to a message to which Postern makes several edits, killed after the first."""
    way.between.treatment = lambda: DiesAfterTheFirstEdit(way.postern.kill)
    try:
        return way.send(message=b"Authentication-Results: mx.here.example; spf=pass\r\n" + MESSAGE, port=port)
    finally:
        way.between.treatment = Through
        way.postern.start()


def killed_in_the_middle_of_its_edits_it_puts_the_message_off(way):  # FAULTS T15
    before = way.deliveries()
    answer = sent_while_killed_in_the_middle_of_its_edits(way, way.mta.through_between)
    want(answer.startswith("451 4."), answer)
    answer = way.send()
    want(answer.startswith("250"), f"not working after the restart: {answer}")
    raw = way.delivered(before, 1)[0][1]
    want(b"mx.here.example; spf=pass" not in raw and way.deliveries() == before + 1, "the message was delivered all the same")


def where_a_failing_milter_is_done_without_half_the_edits_arrive(way):  # FAULTS T15 and M19, the protection off
    before = way.deliveries()
    answer = sent_while_killed_in_the_middle_of_its_edits(way, way.mta.careless)
    want(answer.startswith("250"), answer)
    raw = way.delivered(before, 1)[0][1]
    way.meets("failing milter")
    want((A_R + b"mx.here.example; iprev" not in raw), f"it has our result after all: {raw}")


def local_mail_with_a_recipient_refused_by_itself_would_stay_for_ever(way):  # FAULTS T14, the protection off
    before = way.deliveries()
    way.between.treatment = HidesLocalSubmission
    way.mta.configure(f"non_smtpd_milters = unix:{way.between.path}\n")
    try:
        way.mta.sendmail("peter@here.example", ["anna@good.example", "gone@good.example"], b"Subject: two of them\n\nHello\n")
        wait_until(lambda: "milter configuration error" in read_log(way), 15, "Postfix cannot digest it")
        want(way.mta.waiting() and way.deliveries() == before, "it was delivered or bounced all the same")
    finally:
        way.between.treatment = Through
        way.mta.clear_queue()
        way.mta.configure("")


def a_chrooted_smtpd_reaches_the_socket_below_its_queue_directory(way):
    before = way.deliveries()
    socket = Between(os.path.join(way.mta.work, "queue/postern/chroot.sock"), way.postern.socket, "mail")
    try:
        want(way.send(port=way.mta.chrooted).startswith("250"), "good mail is not taken")
        way.delivered(before, 1)
        want(way.send(port=way.mta.chrooted, recipients=["gone@here.example"]).startswith("550 5.1.1"), "Postern was not asked")
    finally:
        socket.stop()


def without_forbid_bare_newline_a_second_message_is_smuggled_in(way):  # FAULTS T26, the protection off
    before = way.deliveries()
    want(way.send(message=MESSAGES["smuggled"], port=way.mta.careless).startswith("250"), "not accepted")
    senders = sorted(envelope["sender"].split(">")[0] for envelope, _ in way.delivered(before, 2))
    want(senders == ["<admin@here.example", "<anna@good.example"], f"{senders}")


ALL = [
    added_fields_arrive_byte_for_byte,
    an_unmarked_message_gets_nothing_but_authentication_results,
    forged_results_are_removed_and_nothing_else,
    deleted_in_ascending_order_some_would_stay_on_postfix,
    quarantine_holds_the_message_until_it_is_let_go,
    local_mail_is_delivered,
    local_mail_to_a_refused_recipient_is_bounced,
    local_mail_that_is_put_off_is_tried_again,
    a_reload_between_two_messages_of_one_connection_holds_for_the_second,
    a_broken_policy_never_replaces_a_good_one,
    a_dead_resolver_puts_off_and_never_refuses,
    a_stop_lets_the_open_message_end,
    a_restart_between_two_messages_of_one_connection_puts_the_second_off,
    killed_it_puts_mail_off_and_a_restart_needs_no_help,
    killed_in_the_middle_of_its_edits_it_puts_the_message_off,
    where_a_failing_milter_is_done_without_half_the_edits_arrive,
]

ONLY = {
    "postfix": [local_mail_with_a_recipient_refused_by_itself_would_stay_for_ever, a_chrooted_smtpd_reaches_the_socket_below_its_queue_directory,
                without_forbid_bare_newline_a_second_message_is_smuggled_in],
    "sendmail": [local_mail_of_sendmail_bs_is_local],
}

"""What a session alone does not show: directories that are gone, logins that are not told, recipients tried out, and mail of this machine.
Each takes a service of Postfix's; the name is the behaviour."""

import base64
import contextlib

from identities import BOSS, EVA, OUTSIDE, OWN
from lab.between import Through
from lab.expect import matches
from lab.process import wait_until
from lab.smtp import Connection, greet
from service import PASSWORD
from way import want


class TellsNoLogin(Through):
    """Has Postern told nothing of a login."""

    def from_mta(self, command, data):
        if command == b"D" and data[:1] == b"M":
            words = data[1:].split(b"\0")[:-1]
            pairs = [(name, value) for name, value in zip(words[::2], words[1::2]) if not name.startswith(b"{auth_")]
            data = b"M" + b"".join(name + b"\0" + value + b"\0" for name, value in pairs)
        return [(command, data)]


class TellsACertificate(Through):
    """Has the login told as the name of a client certificate (SASL EXTERNAL)."""

    def from_mta(self, command, data):
        return [(command, data.replace(b"{auth_type}\0PLAIN\0", b"{auth_type}\0EXTERNAL\0") if command == b"D" else data)]


def last(service):
    return service.postern.events("decision")[-1]


def advices(service):
    return [event for event in service.postern.events("advice") if event.get("part") == "auth-macros"]


@contextlib.contextmanager
def treated(service, treatment):
    service.between.treatment = treatment
    try:
        yield
    finally:
        service.between.treatment = Through


def refused_without_a_login(service, send):
    """Sends, and wants what becomes of an address of ours on a submission listener whose client is not known."""
    seen, told, counted = len(service.postern.events("decision")), len(advices(service)), service.postern.counter("sessions.auth_macro_missing")
    answer = send()
    want(matches("550 5.7.1 Authentication is required for senders of this domain (*)", answer), answer)
    decision = service.postern.decisions(seen)[0]
    want(decision["rule"] == "submission/no-login" and "login" not in decision, f"{decision}")
    want(len(advices(service)) == told + 1, "no advice, or more than one")
    want(service.postern.counter("sessions.auth_macro_missing") == counted + 1, "not counted")


def a_client_certificate_is_no_login(service):
    pair = service.user_certificate
    options = ("--tls", "--tls-cert", pair.certificate, "--tls-key", pair.key)
    refused_without_a_login(service, lambda: service.send(None, port=service.certificates, options=options))


def a_login_by_sasl_external_is_none(service):
    with treated(service, TellsACertificate):
        refused_without_a_login(service, lambda: service.send(port=service.changed))
    service.takes("not EXTERNAL", port=service.changed)


def a_login_that_is_not_told_refuses_addresses_of_ours_and_gives_an_advice(service):
    with treated(service, TellsNoLogin):
        refused_without_a_login(service, lambda: service.send(port=service.changed))


def without_milter_mail_macros_the_login_is_told_since_postern_asks_for_it(service):
    told = len(advices(service))
    service.takes("emptied", port=service.emptied)
    want(last(service)["login"] == EVA and len(advices(service)) == told, f"{last(service)}")


def who_tries_out_recipients_is_noticed(service):
    """The MTA refuses them itself: Postern is told. A connection has so few that Postfix neither slows it down nor ends it."""
    missed = service.postern.counter("recipients.missed")
    for connection in range(4):
        with greet(service.mta.port, f"198.51.100.{connection + 20}", "harvest.example") as client:
            client.command(f"MAIL FROM:<{OUTSIDE}>")
            for number in range(5):
                answer = client.command(f"RCPT TO:<user{connection}{number}@elsewhere.example>")
                want(answer.startswith("554 5.7.1"), answer)
            want(not service.postern.events("harvest") or connection == 3, "too early")
    event = wait_until(lambda: service.postern.events("harvest"), 5, "the event harvest")
    want(len(event) == 1 and event[0]["client_net"] == "198.51.100.0/24" and event[0]["misses"] == 20, f"{event}")
    want(service.postern.counter("recipients.missed") == missed + 20, "not counted")
    want(service.postern.counter("recipients.harvests") == 1, "not counted")


def from_outside(service, recipient, subject="from outside"):
    return service.send(None, OUTSIDE, "From: <anna@good.example>", [recipient], subject, service.mta.port, options=service.stranger)


def logged_in(service):
    """A connection of eva's to a submission listener of the suite's own, where TLS is not asked for."""
    connection = Connection(service.changed)
    connection.command("EHLO client.example")
    answer = connection.command("AUTH PLAIN " + base64.b64encode(f"\0{EVA}\0{PASSWORD}".encode()).decode())
    want(answer.startswith("235"), answer)
    return connection


def asked(connection, sender, recipient):
    """What was told of the sender or, where he was taken, of the recipient."""
    answer = connection.command(f"MAIL FROM:<{sender}>")
    answer = connection.command(f"RCPT TO:<{recipient}>") if answer.startswith("250") else answer
    connection.command("RSET")
    return answer


def without_dovecot_mail_is_put_off_or_judged_by_what_is_remembered(service):
    service.takes("before the outage")
    seen = len(service.postern.events("decision"))
    with logged_in(service) as connection:
        service.dovecot.kill()
        for sender, recipient, told in ((EVA, OUTSIDE, "250 *"), ("never-asked-for@here.example", OUTSIDE, "451 4.3.0 * (*)"),
                                        (EVA, "quiet@here.example", "451 4.4.3 * (*)"), (EVA, "info@here.example", "250 *")):
            answer = asked(connection, sender, recipient)
            want(matches(told, answer), f"{sender} to {recipient}: {answer}, wanted {told}")
    rules = [decision.get("rule") for decision in service.postern.decisions(seen, 4)]
    want(rules[1] == "submission/accounts-not-available", f"{rules}")
    answer = from_outside(service, "quiet@here.example")
    want(matches("451 4.4.3 Mailboxes can not be looked up now, try again later (*)", answer), f"a stranger's recipient: {answer}")
    answer = service.send()
    want(answer.startswith("454 4.7.0"), f"a new login, of which the MTA asks Dovecot itself: {answer}")


def back_again_dovecot_is_asked_within_ten_seconds(service):
    service.dovecot.start()
    wait_until(lambda: from_outside(service, "quiet@here.example", "after the outage").startswith("250"), 10, "the recipient is found again")
    service.arrives("after the outage", OUTSIDE, ["quiet@here.example"])
    service.takes("logged in again")


def hand_in(service, user, subject, header=OWN, sender=EVA):
    """A message by sendmail(1) as that user of this machine. Postern's decision."""
    seen = len(service.postern.events("decision"))
    result = service.mta.sendmail(sender, [OUTSIDE], f"{header}\nSubject: {subject}\n\nHello\n".encode(), user)
    want(result.returncode == 0, result.stderr.decode())
    return service.postern.decisions(seen)[0]


FORGED = "Received: by mx.here.example (Postfix, from userid 9)\n\tid 4F2A; Sat, 28 Nov 2026 10:00:00 +0000\n" + OWN  # 9 is news, who is eva


def mail_of_this_machine_is_its_users(service):
    decision = hand_in(service, "news", "a program of eva's")
    want(decision["direction"] == "local" and decision["action"] == "accept" and "identity=own" in decision["findings"], f"{decision}")
    service.arrives("a program of eva's", EVA, [OUTSIDE])


def a_forger_on_this_machine_is_held_and_not_refused(service):
    for subject, header in (("a forger", OWN), ("a forger with a Received of his own", FORGED)):
        decision = hand_in(service, "games", subject, header)
        want((decision["action"], decision["rule"]) == ("quarantine", "local-forgery"), f"{decision}")
        want(decision["text"].startswith("eva@here.example is not the user's"), f"{decision}")
    wait_until(lambda: len(service.mta.held()) == 2, 10, "both messages are held")
    service.mta.clear_queue()


def without_the_header_check_the_received_field_is_the_forgers_own(service):  # the protection off
    service.mta.leave_out("header_checks")
    decision = hand_in(service, "games", "believed", FORGED)
    want(decision["action"] == "accept" and "identity=own" in decision["findings"], f"{decision}")
    service.arrives("believed", EVA, [OUTSIDE])
    decision = hand_in(service, "news", "not known")
    want("identity=none" in decision["findings"], f"{decision}")
    service.arrives("not known", EVA, [OUTSIDE])


def without_the_rules_anybody_writes_as_anybody(service):  # the protection off
    policy = service.world.policy
    watched = "{own-identity: {monitor: true}, own-author: {monitor: true}}"
    service.postern.configure(policy.replace("presets/submission.yaml\n", f"presets/submission.yaml\n    change: {watched}\n"))
    try:
        service.postern.reload()
        service.takes("as the boss", sender=BOSS, header="From: <boss@here.example>")
        want("submission/own-identity" in last(service)["would"], f"{last(service)}")
    finally:
        service.postern.configure(policy)
        service.postern.reload()


ALL = [
    without_the_rules_anybody_writes_as_anybody,
    a_client_certificate_is_no_login,
    a_login_by_sasl_external_is_none,
    a_login_that_is_not_told_refuses_addresses_of_ours_and_gives_an_advice,
    without_milter_mail_macros_the_login_is_told_since_postern_asks_for_it,
    who_tries_out_recipients_is_noticed,
    mail_of_this_machine_is_its_users,
    a_forger_on_this_machine_is_held_and_not_refused,
    without_dovecot_mail_is_put_off_or_judged_by_what_is_remembered,
    back_again_dovecot_is_asked_within_ten_seconds,
    without_the_header_check_the_received_field_is_the_forgers_own,
]

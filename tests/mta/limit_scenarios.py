"""Limits, as the clients of an MTA meet them: who is over, what he is told, what is delivered, and what is given back. Each takes a service of
service.py; the name is the behaviour."""

import base64
import contextlib

from identities import BOSS, EVA, OUTSIDE, OWN
from lab.expect import matches
from lab.process import wait_until
from lab.smtp import Connection
from service import HOST, PASSWORD
from way import want

STRANGER = dict(client="93.184.216.25", helo="client.good.example", name="client.good.example")

LIMITS = """\
limits:
  user: {per: login, count: recipients, allow: 3/24h, when: 'direction is submission and login == "eva@here.example"'}
  strict: {per: login, count: messages, allow: 1/24h, when: 'direction is submission and login == "boss@here.example"'}
  program: {per: sender, count: messages, allow: 1/24h, when: not authenticated and direction is not inbound}
  hello: {per: client.ip, count: connections, allow: 2/1h, when: direction is inbound}
rules:
  - {name: user-limit, when: limit.user is over, defer: true}
  - {name: strict-limit, when: limit.strict is over, reject: true}
  - {name: program-limit, when: limit.program is over, defer: true}
  - {name: too-many-connections, when: limit.hello is over, defer: true}
"""
KEYS = (EVA, BOSS, "93.184.216.25", "127.0.0.25")


@contextlib.contextmanager
def limits(service, change=lambda text: text):
    """The policy with these limits, of which nothing is used up."""
    service.postern.configure(service.world.policy.replace("\nrules:\n", "\n" + change(LIMITS)))
    try:
        service.postern.reload()
        for key in KEYS:
            service.postern.ask("limits", "reset", key)
        yield
    finally:
        service.postern.configure(service.world.policy)
        service.postern.reload()


def used(service, key, limit):
    """How much of its first window is used, and how much of that is reserved."""
    for account in service.postern.ask("limits", "show", key)["accounts"]:
        if account["limit"] == limit:
            return account["windows"][0]["used"], account["reserved"]
    return 0, 0


@contextlib.contextmanager
def logged_in(service, login=EVA):
    with Connection(service.port) as connection:
        connection.command("EHLO client.example")
        want(connection.command("STARTTLS").startswith("220"), "no STARTTLS")
        connection.start_tls(service.world.certificate.certificate, HOST)
        connection.command("EHLO client.example")
        answer = connection.command("AUTH PLAIN " + base64.b64encode(f"\0{login}\0{PASSWORD}".encode()).decode())
        want(answer.startswith("235"), answer)
        yield connection


def to(connection, number):
    return connection.command(f"RCPT TO:<anna{number}@good.example>")


def hand_over(service, connection, subject, recipients, sender=EVA):
    """A whole message behind what was said before; wants it taken, and delivered."""
    want(connection.command(f"MAIL FROM:<{sender}>").startswith("250"), "MAIL")
    for number in range(recipients):
        answer = to(connection, number)
        want(answer.startswith("250"), answer)
    want(connection.command("DATA").startswith("354"), "DATA")
    answer = connection.data(f"{OWN}\r\nSubject: {subject}\r\n\r\nHello\r\n".encode())
    want(matches(service.expect("{taken}"), answer), answer)
    wait_until(lambda: sum(len(e["recipients"]) for e in service.arrived(subject)) == recipients, 20, f"{recipients} get it")
    service.delivered.update((subject, number) for number in range(len(service.arrived(subject))))


def who_is_over_is_told_by_how_much_and_none_of_the_message_goes_out(service):
    with limits(service), logged_in(service) as connection:
        before = len(service.sink.messages())
        connection.command(f"MAIL FROM:<{EVA}>")
        for number in range(3):
            want(to(connection, number).startswith("250"), "refused too early")
        want(used(service, EVA, "user") == (3, 3), "it is not reserved")
        answer = to(connection, 3)
        want(matches("452 4.5.3 *Not accepted, limit user: 0 of 3/24h recipients used, and this message is to more than the 3 that are left*", answer), answer)
        want(to(connection, 4).startswith("452 4.5.3"), "the next recipient is taken")
        answer = connection.command("DATA")
        want(answer.startswith("452 4.5.3"), f"DATA: {answer}")
        connection.command("RSET")
        wait_until(lambda: used(service, EVA, "user") == (0, 0), 5, "what was reserved is given back")
        hand_over(service, connection, "within the limit", 3)
        want(used(service, EVA, "user") == (3, 0), "it is not used up")
        connection.command(f"MAIL FROM:<{EVA}>")
        answer = to(connection, 5)
        want(matches("451 4.7.1 *limit user: 3 of 3/24h recipients used; next at *", answer), answer)
        want(len(service.sink.messages()) == before + len(service.arrived("within the limit")), "something else was delivered")


def a_connection_that_breaks_off_gives_back_what_it_reserved(service):
    with limits(service):
        with logged_in(service) as connection:
            connection.command(f"MAIL FROM:<{EVA}>")
            for number in range(3):
                to(connection, number)
            want(connection.command("DATA").startswith("354"), "DATA")
            want(used(service, EVA, "user") == (3, 3), "it is not reserved")
        wait_until(lambda: used(service, EVA, "user") == (0, 0), 10, "what was reserved is given back")


def what_is_reset_can_be_used_again(service):
    with limits(service):
        with logged_in(service) as connection:
            hand_over(service, connection, "before the reset", 3)
        with logged_in(service) as connection:
            connection.command(f"MAIL FROM:<{EVA}>")
            want(to(connection, 3).startswith("451 4.7.1"), "not over")
            want(service.postern.ask("limits", "reset", EVA)["forgotten"] >= 1, "nothing to be reset")
            connection.command("RSET")
            hand_over(service, connection, "after the reset", 1)


def a_rule_that_rejects_does_so_for_good(service):
    with limits(service), logged_in(service, BOSS) as connection:
        connection.command(f"MAIL FROM:<{BOSS}>")
        to(connection, 0)
        connection.command("DATA")
        answer = connection.data(b"From: <boss@here.example>\r\nSubject: the boss's only one\r\n\r\nHello\r\n")
        want(matches(service.expect("{taken}"), answer), answer)
        service.arrives("the boss's only one", BOSS, ["anna0@good.example"])
        connection.command(f"MAIL FROM:<{BOSS}>")
        answer = to(connection, 1)
        want(matches("550 5.7.1 *limit strict: 1 of 1/24h messages used; next at *", answer), answer)


def a_frozen_account_is_refused_until_it_is_released(service):
    service.postern.ask("account", "freeze", EVA, "--for", "1h", "--why", "its password was stolen")
    try:
        answer = service.send(subject="frozen")
        want(matches("550 5.7.1 This account is on hold and may not send, ask your postmaster (*)", answer), answer)
        want(service.postern.events("decision")[-1]["rule"] == "submission/frozen", "refused for another reason")
    finally:
        want(service.postern.ask("account", "release", EVA)["was_frozen"], "it was not frozen")
    service.takes("released again")


def connections_are_counted_once_each(service):
    def send(messages):
        """The answers to RCPT of so many messages of one connection."""
        answers = []
        with service.mta.connect(**STRANGER) as connection:
            for _ in range(messages):
                connection.command("MAIL FROM:<anna@good.example>")
                answers.append(connection.command(f"RCPT TO:<{BOSS}>"))
                connection.command("RSET")
        return answers
    with limits(service):
        for _ in range(2):
            for answer in send(3):
                want(answer.startswith("250"), answer)
        for answer in send(2):
            want(matches("451 4.7.1 *limit hello: 2 of 2/1h connections used; next at *", answer), answer)


def mail_of_this_machine_over_its_limit_waits_until_there_is_room(service):
    def hand_in(subject):
        seen = len(service.postern.events("decision"))
        result = service.mta.sendmail(EVA, [OUTSIDE], f"{OWN}\nSubject: {subject}\n\nHello\n".encode(), *(["news"] if service.name == "postfix" else []))
        want(result.returncode == 0, result.stderr.decode())
        return service.postern.decisions(seen)[0]
    with limits(service):
        decision = hand_in("the first of a program")
        want(decision["action"] == "accept", f"{decision}")
        service.arrives("the first of a program", EVA, [OUTSIDE])
        decision = hand_in("the second of a program")
        want((decision["action"], decision["rule"]) == ("defer", "program-limit"), f"{decision}")
        want(service.mta.waiting() and not service.arrived("the second of a program"), "delivered, bounced or lost")
        service.postern.ask("limits", "reset", EVA)
        service.mta.retry_local()
        service.arrives("the second of a program", EVA, [OUTSIDE])


def where_the_rule_is_watched_everything_goes_out_and_is_counted(service):  # the protection off
    with limits(service, lambda text: text.replace("limit.user is over, ", "limit.user is over, monitor: true, ")):
        with logged_in(service) as connection:
            hand_over(service, connection, "far over the limit", 5)
        want(used(service, EVA, "user") == (5, 0), f"{used(service, EVA, 'user')}")


ALL = [
    who_is_over_is_told_by_how_much_and_none_of_the_message_goes_out,
    a_connection_that_breaks_off_gives_back_what_it_reserved,
    what_is_reset_can_be_used_again,
    a_rule_that_rejects_does_so_for_good,
    a_frozen_account_is_refused_until_it_is_released,
    connections_are_counted_once_each,
    mail_of_this_machine_over_its_limit_waits_until_there_is_room,
    where_the_rule_is_watched_everything_goes_out_and_is_counted,
]

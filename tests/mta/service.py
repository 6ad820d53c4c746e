"""What the sessions of submission.py stand in: Dovecot, one Postern that asks it, and a submission service of Postfix's and one of Sendmail's,
each with a sink behind it."""

import base64
import os
import re
import subprocess

from differences import PHRASES
from identities import EVA, OUTSIDE, OWN
from lab import swaks
from lab.between import Between
from lab.certificate import Certificate
from lab.daemon import Postern
from lab.dovecot import Dovecot
from lab.expect import matches
from lab.keys import Key
from lab.pages import block
from lab.postfix import OWNER, Postfix
from lab.process import free_port, wait_until
from lab.sendmail import Sendmail
from lab.sink import Sink
from lab.smtp import Connection
from suite import read, with_records
from way import want

PASSWORD = "correct-horse"
USERS = ("eva@here.example", "boss@here.example", "tom", "off@here.example", "quiet@here.example")
HOST = "mx.here.example"

# Of who gets our mail.
ELSEWHERE = """\
version: 1
site:
  hostname: mx.elsewhere.example
  domains: [elsewhere.example]
rules:
  - name: proven
    when: dkim is pass
    tag: proven
"""


class World:
    """What both services share; whoever is started() is stopped with it."""

    def __init__(self, program, mtas, work, running):
        self.mtas, self.work, self.running = mtas, work, running
        self.dovecot = self.started(Dovecot(self.path("dovecot"), dict.fromkeys(USERS, PASSWORD), OWNER))
        self.dovecot.start()
        self.keys = [Key(program, self.path("postern"), "here.example"), Key(program, self.path("postern"), "here.example", "e2026", "ed25519")]
        signing = self.keys[0].documented("keys") + self.keys[1].entry()
        self.policy = read("submission.yaml").replace("@USERDB@", self.dovecot.userdb).replace("@SIGN@\n", signing)
        files = {"suite.zone": with_records(self.keys), "accounts.yaml": read("accounts.yaml"), "elsewhere.yaml": ELSEWHERE}
        self.postern = self.started(Postern(program, self.path("postern"), self.policy, files))
        self.postern.start()
        self.between = self.started(Between(self.path("between.sock"), self.postern.socket, OWNER))
        self.certificate = Certificate(self.path("tls"), HOST)

    def path(self, name):
        return os.path.join(self.work, name)

    def started(self, thing):
        self.running.append(thing)
        return thing


class Service:
    """`port` is where users log in, `stranger` what swaks is told of a client from outside."""

    def __init__(self, world):
        self.world, self.postern, self.dovecot, self.between = world, world.postern, world.dovecot, world.between
        self.delivered = set()  # subjects
        self.port = free_port()
        self.sink = world.started(Sink(world.path(f"sink-{self.name}")))
        self.mta = world.started(self.make(world))
        self.mta.start()
        self.mta.wait_ready()

    def send(self, login=EVA, sender=EVA, header=OWN, recipients=(OUTSIDE,), subject="another", port=None, password=PASSWORD, mechanism="PLAIN",
             options=("--tls",)):
        """One session with the submission listener, or `port`: what settled the message."""
        session = swaks.send(port or self.port, login, password, mechanism, sender, recipients, f"{header}\nSubject: {subject}\n\nHello\n",
                             options)
        return self.plain(session.verdict())

    def plain(self, answer):
        return answer

    def expect(self, told):
        """The pattern, with the words of this MTA where it is one of {phrases}."""
        phrase = re.fullmatch(r"\{(.*)\}", told)
        return PHRASES[phrase[1]][1 if self.name == "postfix" else 2] if phrase else told

    def takes(self, subject, **session):
        """Wants it taken and delivered."""
        want(matches(self.expect("{taken}"), self.send(subject=subject, **session)), f"not taken: {subject}")
        self.arrives(subject, session.get("sender", EVA), session.get("recipients", [OUTSIDE]))

    def hold(self, session):
        """A session of identities.py: its answer, its decision, its delivery."""
        seen = len(self.postern.events("decision"))
        told = self.send(session.login, session.sender, session.header, session.recipients, session.name,
                         self.mta.port if session.inbound else None, session.password or PASSWORD, session.mechanism,
                         self.stranger if session.inbound else ("--tls",))
        want(matches(self.expect(session.told), told), f"{told}\n      wanted {session.told}")
        if session.decision is None:
            want(len(self.postern.events("decision")) == seen, "Postern has decided something")
            return
        decision = self.postern.decisions(seen)[-1]
        want(f"{decision['action']} {decision.get('rule', '-')}" == session.decision, f"another decision: {decision}")
        for key, words in session.shows.items():
            want(words in str(decision.get(key)), f"no {key}={words}: {decision}")
        if session.decision == "accept -":
            self.arrives(session.name, session.sender, session.recipients[session.refused:])

    def hand_over(self, message, recipients, sender, login):
        """Bytes, with CRLF, by somebody who logs in; wants them taken."""
        with Connection(self.port) as connection:
            connection.command("EHLO client.example")
            want(connection.command("STARTTLS").startswith("220"), "no STARTTLS")
            connection.start_tls(self.world.certificate.certificate, HOST)
            connection.command("EHLO client.example")
            secret = base64.b64encode(f"\0{login}\0{PASSWORD}".encode()).decode()
            for command in (f"AUTH PLAIN {secret}", f"MAIL FROM:<{sender}> BODY=8BITMIME", *(f"RCPT TO:<{r}>" for r in recipients), "DATA"):
                answer = connection.command(command)
                want(answer[:1] in "23", answer)
            answer = connection.data(message)
            want(matches(self.expect("{taken}"), answer), answer)

    def from_stranger(self, message, sender, recipient):
        """The same by a client from outside: the last answer."""
        with self.mta.connect(client="93.184.216.25", helo="client.good.example", name="client.good.example") as connection:
            for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"):
                answer = connection.command(command)
                if answer[:1] not in "23":
                    return answer
            return connection.data(message)

    def delivered_behind(self, before, recipients):
        """The messages at the sink behind the first `before`, once so many recipients have them; they are counted as wanted."""
        def all_there():
            taken = self.sink.messages()[before:]
            return taken if sum(len(envelope["recipients"]) for envelope, _ in taken) >= recipients else None
        taken = wait_until(all_there, 20, f"{recipients} recipient(s) get it")
        self.delivered.update(range(before, before + len(taken)))
        return taken

    def arrived(self, subject):
        """Envelopes of the messages with that subject."""
        return [envelope for envelope, message in self.sink.messages() if f"\nSubject: {subject}\r\n".encode() in message]

    def arrives(self, subject, sender, recipients):
        envelope = wait_until(lambda: self.arrived(subject), 20, "the message is delivered")[0]
        self.delivered.add(subject)
        seen = [envelope["sender"].split()[0], *(recipient.split()[0] for recipient in envelope["recipients"])]
        want(seen == [f"<{address}>" for address in [sender, *recipients]], f"delivered as {seen}")

    def nothing_else_was_delivered(self):
        wait_until(lambda: not self.mta.waiting(), 20, "the queue runs empty")
        want(len(self.sink.messages()) == len(self.delivered), f"{len(self.sink.messages())} messages, wanted {len(self.delivered)}")


# Listeners of the suite's own, beside those of docs/postfix.md. Of `changed` Postern is told through `between`, which may change it.
LISTENERS = """\
127.0.0.1:{changed} inet n - n - - smtpd
  -o milter_macro_daemon_name=submission
  -o smtpd_milters=unix:{between}
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:{certificates} inet n - n - - smtpd
  -o milter_macro_daemon_name=submission
  -o smtpd_tls_ask_ccert=yes
  -o smtpd_tls_CAfile={certificate}
  -o smtpd_relay_restrictions=permit_tls_all_clientcerts,reject
127.0.0.1:{emptied} inet n - n - - smtpd
  -o milter_macro_daemon_name=submission
  -o milter_mail_macros=
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""


class OfPostfix(Service):
    name = "postfix"
    stranger = ("--xclient", "ADDR=93.184.216.25 NAME=client.good.example", "--helo", "client.good.example")

    def make(self, world):
        self.changed, self.certificates, self.emptied = (free_port() for _ in range(3))
        self.user_certificate = Certificate(world.path("user-tls"), EVA)
        checks = world.path("pickup_checks")
        with open(checks, "w", encoding="ascii") as file:
            file.write(block("postfix.md", "pickup_checks", ""))
        documented = block("postfix.md", "master.cf submission", "").replace("submission inet", f"127.0.0.1:{self.port} inet")
        documented += block("postfix.md", "master.cf pickup", "").replace("/etc/postfix/pickup_checks", checks)
        listeners = LISTENERS.format(changed=self.changed, certificates=self.certificates, emptied=self.emptied, between=self.between.path,
                                     certificate=self.user_certificate.certificate)
        return Postfix(world.mtas, world.path("postfix"), self.postern.socket, self.sink.port, world.certificate,
                       main=block("postfix.md", "main.cf submission", "").replace("private/auth", self.dovecot.client),
                       master=documented.replace(" y ", " n ") + listeners)


SASL = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/sasldb2
mech_list: PLAIN LOGIN
"""


class OfSendmail(Service):
    """Passwords are checked by Cyrus SASL, in a file of its own; Dovecot is asked by Postern alone."""

    name = "sendmail"
    stranger = ("--local-interface", "127.0.0.25", "--helo", "client.good.example")

    def make(self, world):
        folder = world.path("sasl")
        os.makedirs(folder, mode=0o755)
        with open(os.path.join(folder, "Sendmail.conf"), "w", encoding="ascii") as file:
            file.write(SASL.format(folder=folder))
        for login in USERS:
            user, _, realm = login.partition("@")
            subprocess.run(["saslpasswd2", "-p", "-c", "-f", os.path.join(folder, "sasldb2"), "-u", realm or HOST, user], input=PASSWORD.encode(),
                           capture_output=True, timeout=30, check=True)
        os.chmod(os.path.join(folder, "sasldb2"), 0o600)
        return Sendmail(world.mtas, world.path("sendmail"), self.postern.socket, self.sink.port, world.certificate, self.between,
                        more=block("sendmail.md", "m4 submission", "").replace("Port=submission", f"Port={self.port}"),
                        environment=[f"SASL_CONF_PATH={folder}"])

    def plain(self, answer):
        """Without the address that Sendmail puts in front of our text at RCPT."""
        return re.sub(r"^(5\d\d \S+) <\S*>\.\.\. ", r"\1 ", answer)

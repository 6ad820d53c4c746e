"""What the sessions of submission.py stand in: a submission service of Postfix, Dovecot, Postern and a sink."""

import os

from identities import EVA, OUTSIDE, OWN
from lab import swaks
from lab.between import Between
from lab.certificate import Certificate
from lab.daemon import Postern
from lab.dovecot import Dovecot
from lab.expect import matches
from lab.pages import block
from lab.postfix import GROUP, OWNER, Postfix
from lab.process import free_port, wait_until
from lab.sink import Sink
from suite import read
from way import want

PASSWORD = "correct-horse"
STRANGER = ("--xclient", "ADDR=93.184.216.25 NAME=client.good.example", "--helo", "client.good.example")  # options of swaks
USERS = ("eva@here.example", "boss@here.example", "tom", "off@here.example", "quiet@here.example")

# Listeners of the suite's own, beside those of docs/postfix.md. A login is told through `between`, which may change what Postern is told.
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


class Service:
    def __init__(self):
        self.running = []
        self.delivered = set()  # subjects

    def start(self, program, mtas, work):
        self.dovecot = self.started(Dovecot(os.path.join(work, "dovecot"), dict.fromkeys(USERS, PASSWORD), OWNER))
        self.dovecot.start()
        policy = read("submission.yaml").replace("@USERDB@", self.dovecot.userdb)
        files = {"suite.zone": read("suite.zone"), "accounts.yaml": read("accounts.yaml")}
        self.postern = self.started(Postern(program, os.path.join(work, "postern"), policy, files))
        self.postern.start()
        self.between = self.started(Between(os.path.join(work, "between.sock"), self.postern.socket, OWNER))
        self.sink = self.started(Sink(os.path.join(work, "sink")))
        self.certificate = Certificate(os.path.join(work, "tls"), "mx.here.example")
        self.user_certificate = Certificate(os.path.join(work, "user-tls"), "eva@here.example")
        self.port, self.changed, self.certificates, self.emptied = (free_port() for _ in range(4))
        checks = os.path.join(work, "pickup_checks")
        with open(checks, "w", encoding="ascii") as file:
            file.write(block("postfix.md", "pickup_checks", ""))
        documented = block("postfix.md", "master.cf submission", "").replace("submission inet", f"127.0.0.1:{self.port} inet")
        pickup = block("postfix.md", "master.cf pickup", "").replace("/etc/postfix/pickup_checks", checks)
        sasl = block("postfix.md", "main.cf submission", "").replace("private/auth", self.dovecot.client)
        listeners = LISTENERS.format(changed=self.changed, certificates=self.certificates, emptied=self.emptied, between=self.between.path,
                                     certificate=self.user_certificate.certificate)
        self.mta = self.started(Postfix(mtas, os.path.join(work, "postfix"), self.postern.socket, self.sink.port, self.certificate,
                                        main=sasl, master=(documented + pickup).replace(" y ", " n ") + listeners))
        self.mta.start()

    def started(self, thing):
        self.running.append(thing)
        return thing

    def stop(self):
        for thing in reversed(self.running):
            thing.stop()

    def send(self, login=EVA, sender=EVA, header=OWN, recipients=(OUTSIDE,), subject="another", port=None, password=PASSWORD, mechanism="PLAIN",
             options=("--tls",)):
        """One session with the submission listener, or `port`: what settled the message."""
        session = swaks.send(port or self.port, login, password, mechanism, sender, recipients, f"{header}\nSubject: {subject}\n\nHello\n",
                             options)
        return session.verdict()

    def hold(self, session):
        """A session of identities.py: its answer, its decision, its delivery."""
        seen = len(self.postern.events("decision"))
        told = self.send(session.login, session.sender, session.header, session.recipients, session.name,
                         self.mta.port if session.inbound else None, session.password or PASSWORD, session.mechanism,
                         STRANGER if session.inbound else ("--tls",))
        want(matches(session.told, told), f"{told}\n      wanted {session.told}")
        if session.decision is None:
            want(len(self.postern.events("decision")) == seen, "Postern has decided something")
            return
        decision = self.postern.decisions(seen)[-1]
        want(f"{decision['action']} {decision.get('rule', '-')}" == session.decision, f"another decision: {decision}")
        for key, words in session.shows.items():
            want(words in str(decision.get(key)), f"no {key}={words}: {decision}")
        if session.decision == "accept -":
            self.arrives(session.name, session.sender, session.recipients[session.refused:])

    def arrived(self, subject):
        """Envelopes of the messages with that subject."""
        return [envelope for envelope, message in self.sink.messages() if f"\nSubject: {subject}\r\n".encode() in message]

    def arrives(self, subject, sender, recipients):
        envelope = wait_until(lambda: self.arrived(subject), 20, "the message is delivered")[0]
        self.delivered.add(subject)
        seen = [envelope["sender"].split()[0], *(recipient.split()[0] for recipient in envelope["recipients"])]
        want(seen == [f"<{address}>" for address in [sender, *recipients]], f"delivered as {seen}")

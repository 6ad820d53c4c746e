"""A Sendmail of our own: unpacked, never installed, with all its folders below one folder that only root may write (its keys want that)."""

import os
import shutil
import subprocess

from . import namespace
from .pages import block
from .process import LabError, Process, accepts, free_port, has_ipv6, tail, wait_until
from .smtp import Connection

# Sendmail has no XCLIENT: its clients are these addresses of the loopback network, with these names.
CLIENTS = {"93.184.216.25": "127.0.0.25", "192.0.2.66": "127.0.0.66", "198.51.100.9": "127.0.0.9", "2001:db8::25": "::1"}
HOSTS = {"127.0.0.1": "localhost", "127.0.0.25": "client.good.example"}

COMMON = """\
divert(-1)
include(`{cf}/m4/cf.m4')
divert(0)dnl
VERSIONID(`postern tests')
OSTYPE(`linux')
define(`confDOMAIN_NAME', `{host}')
define(`confSERVICE_SWITCH_FILE', `{etc}/service.switch')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confTRUSTED_USER', `root')
define(`confTO_IDENT', `0s')
define(`confTO_RESOLVER_RETRANS', `1s')
define(`confTO_RESOLVER_RETRY', `1')
define(`confQUEUE_LA', `9999')
define(`confREFUSE_LA', `9999')
define(`confPID_FILE', `{work}/{kind}.pid')
define(`STATUS_FILE', `{work}/{kind}.statistics')
define(`ALIAS_FILE', `')
define(`HELP_FILE', `')
FEATURE(`nocanonify')
FEATURE(`accept_unresolvable_domains')
"""

DAEMON = COMMON + """\
define(`QUEUE_DIR', `{work}/queue')
define(`confDEF_USER_ID', `nobody:nogroup')
define(`confDELIVERY_MODE', `background')
define(`confPRIVACY_FLAGS', `authwarnings')
define(`confSERVER_CERT', `{certificate}')
define(`confSERVER_KEY', `{key}')
define(`confCACERT', `{certificate}')
define(`confCACERT_PATH', `{etc}')
define(`SMART_HOST', `esmtp:[127.0.0.1]')
define(`ESMTP_MAILER_ARGS', `TCP $h {sink}')
FEATURE(`no_default_msa')
DAEMON_OPTIONS(`Name=outside, Family=inet, Addr=127.0.0.1, Port={port}')
DAEMON_OPTIONS(`Name=submission, Family=inet, Addr=127.0.0.1, Port={submission}')
DAEMON_OPTIONS(`Name=between, Family=inet, Addr=127.0.0.1, Port={through_between}, InputMailFilters=between')
DAEMON_OPTIONS(`Name=careless, Family=inet, Addr=127.0.0.1, Port={careless}, InputMailFilters=careless')
{ipv6}{more}LOCAL_CONFIG
CR{domain}
{environment}{documented}MAIL_FILTER(`between', `S=local:{between}, F=T')
MAIL_FILTER(`careless', `S=local:{between}')
MAILER(`smtp')
"""

# The mail submission program, as Debian's submit.cf has it: it hands everything to the daemon by SMTP.
SUBMIT = COMMON + """\
define(`MSP_QUEUE_DIR', `{work}/client-queue')
define(`confRUN_AS_USER', `{user}')
define(`RELAY_MAILER_ARGS', `TCP $h {port}')
FEATURE(`msp', `[127.0.0.1]')
"""


USER = "mail"  # whom Sendmail's submission program becomes, which must not be root; every Debian has it


class Sendmail:
    """Started and stopped by methods. `port` takes mail from outside, `submission` from users ({daemon_name} "submission").

    Through `between` go the connections to the ports `through_between`, and `careless`, where a filter that fails is done without. `more` are
    lines for its m4 file, `environment` is what its processes shall have in theirs (NAME=value)."""

    name = "sendmail"

    def __init__(self, unpacked, work, socket, sink, certificate, between, more="", environment=()):
        self.root, self.work, self.host = os.path.join(unpacked, "sendmail"), work, "mx.here.example"
        self.program = os.path.join(self.root, "usr/libexec/sendmail/sendmail")
        self.port, self.submission, self.through_between, self.careless = (free_port() for _ in range(4))
        self.port_of_ipv6 = free_port() if has_ipv6() else None
        self.etc, self.log = os.path.join(work, "etc"), os.path.join(work, "sendmail.log")
        for name, mode in (("etc", 0o755), ("queue", 0o700), ("client-queue", 0o770)):
            os.makedirs(os.path.join(work, name), exist_ok=True)
            os.chmod(os.path.join(work, name), mode)
        shutil.chown(os.path.join(work, "client-queue"), USER, USER)
        self.write("service.switch", "hosts files\naliases files\npasswd files\n")
        inet6 = f"DAEMON_OPTIONS(`Name=outside6, Family=inet6, Addr=::1, Port={self.port_of_ipv6}')\n" if self.port_of_ipv6 else ""
        values = dict(cf=os.path.join(self.root, "usr/share/sendmail/cf"), host=self.host, domain="here.example", etc=self.etc, work=work,
                      user=USER, certificate=certificate.certificate, key=certificate.key, sink=sink, port=self.port, submission=self.submission,
                      through_between=self.through_between, careless=self.careless, ipv6=inet6, between=between.path,
                      documented=block("sendmail.md", "m4", socket), more=more, environment="".join(f"E{pair}\n" for pair in environment))
        self.configure("daemon", DAEMON.format(kind="daemon", **values), values["cf"])
        self.configure("submit", SUBMIT.format(kind="submit", **values), values["cf"])
        self.process = None

    def write(self, name, text):
        with open(os.path.join(self.etc, name), "w", encoding="ascii") as file:
            file.write(text)

    def configure(self, name, text, cf):
        self.write(name + ".mc", text)
        result = subprocess.run(["m4", f"-D_CF_DIR_={cf}/", os.path.join(self.etc, name + ".mc")], capture_output=True, text=True, timeout=60,
                                check=True)
        self.write(name + ".cf", result.stdout)

    def inside(self, configuration, *arguments):
        return namespace.inside(self.etc, self.host, HOSTS, [self.program, "-C", os.path.join(self.etc, configuration), *arguments])

    def start(self):
        """Begins to start it; wait_ready() waits."""
        log = ["-X", os.path.join(self.work, "dialogues.log")]
        self.process = Process(self.inside("daemon.cf", "-bD", "-q1s", *log), self.log)

    def wait_ready(self):
        """Without a host name with a dot Sendmail sleeps a minute before it reads its configuration."""
        ports = [p for p in (self.port, self.submission, self.through_between, self.careless) if p]
        self.process.wait_ready(lambda: all(accepts(port) for port in ports), 30 if self.has_name() else 100)

    @staticmethod
    def has_name():
        return namespace.available() or namespace.has_dotted_name()

    def stop(self):
        if self.process:
            self.process.stop()

    def address(self, client):
        """The address that Postern sees of a client of cases.py."""
        return CLIENTS[client]

    def connect(self, client=None, helo="client.example", submission=False, port=None, **_):
        """A connection past EHLO. `client` is an address of CLIENTS; users, and who is none of them, come from 127.0.0.1."""
        source = None if submission or client is None else CLIENTS[client]
        if source == "::1":
            port = self.port_of_ipv6
        connection = Connection(port or (self.submission if submission else self.port), source=source)
        connection.command("EHLO " + helo)
        return connection

    def run(self, configuration, *arguments, **options):
        return subprocess.run(self.inside(configuration, *arguments), capture_output=True, timeout=100, check=False, **options)

    def sendmail(self, sender, recipients, message):
        """Local submission through sendmail(1)."""
        return self.run("submit.cf", "-Ac", "-i", "-f", sender, *recipients, input=message)

    def speak_on_standard_input(self, dialogue):
        """sendmail -bs: its last answer to the lines of `dialogue`, each spoken when the one before was answered."""
        with subprocess.Popen(self.inside("daemon.cf", "-bs"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            answer = child.stdout.readline()
            for line in dialogue:
                child.stdin.write(line.encode())
                child.stdin.flush()
                answer = child.stdout.readline()
                while answer[3:4] == b"-":
                    answer = child.stdout.readline()
        return answer.decode("utf-8", "replace").rstrip()

    def queue_files(self, folder="queue"):
        return sorted(os.listdir(os.path.join(self.work, folder)))

    def held(self):
        """The senders of the messages on hold: their envelope files are called hf… instead of qf…."""
        senders = []
        for name in self.queue_files():
            if name.startswith("hf"):
                with open(os.path.join(self.work, "queue", name), encoding="utf-8", errors="replace") as file:
                    senders += [line[1:].strip().strip("<>") for line in file if line.startswith("S")]
        return senders

    def release(self):
        """Lets everything that is held go."""
        for name in self.queue_files():
            if name.startswith("hf"):
                self.run("daemon.cf", "-qQ", "-Q", f"-qI{name[2:]}")

    def waiting(self):
        """What was taken, or handed in on this machine, and has not gone on yet."""
        return self.queue_files() + self.queue_files("client-queue")

    def clear_queue(self):
        for folder in ("queue", "client-queue"):
            for name in self.queue_files(folder):
                try:
                    os.remove(os.path.join(self.work, folder, name))
                except FileNotFoundError:
                    pass  # its own child was faster

    def retry_local(self):
        """Has local submissions that were deferred tried again now."""
        self.run("submit.cf", "-Ac", "-q")

    def wrote(self, field):
        """Whether a Received field is its own."""
        return field.startswith(b"Received:") and f"by {self.host} (8.".encode() in field

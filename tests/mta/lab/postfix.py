"""A Postfix of our own: unpacked, never installed, with all its folders below one temporary folder."""

import json
import os
import shutil
import subprocess

from .pages import block
from .process import LabError, accepts, free_port, tail, wait_until
from .smtp import greet

MAIN = """\
compatibility_level = 3.6
queue_directory = {work}/queue
data_directory = {work}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {root}/etc/postfix
sendmail_path = {root}/usr/sbin/sendmail
mailq_path = {root}/usr/bin/mailq
newaliases_path = {root}/usr/bin/newaliases
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_LIBRARY_PATH
export_environment = TZ MAIL_CONFIG LANG LD_LIBRARY_PATH
maillog_file = {work}/postfix.log
maillog_file_prefixes = {work}
inet_interfaces = 127.0.0.1
inet_protocols = all
myhostname = mx.here.example
mydomain = here.example
mydestination =
local_transport = error:nothing is delivered locally here
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8
relay_domains = here.example
relayhost = [127.0.0.1]:{sink}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_peername_lookup = no
smtpd_delay_reject = yes
smtpd_authorized_xclient_hosts = 127.0.0.1
local_header_rewrite_clients =
smtp_dns_support_level = disabled
smtp_host_lookup = native
notify_classes =
minimal_backoff_time = 1s
queue_run_delay = 1s
{documented}"""

TLS = """\
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
"""

PICKUP = "pickup    unix n - n 60 1 pickup\n"

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd
  -o milter_macro_daemon_name=submission
  -o mynetworks=0.0.0.0/0
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 1 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
tlsmgr    unix - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
"""

BETWEEN = """\
127.0.0.1:{through_between} inet n - n - - smtpd
  -o smtpd_milters=unix:{between}
127.0.0.1:{careless} inet n - n - - smtpd
  -o smtpd_milters=unix:{between}
  -o milter_default_action=accept
  -o smtpd_forbid_bare_newline=no
  -o smtpd_forbid_unauth_pipelining=no
127.0.0.1:{chrooted} inet n - y - - smtpd
  -o smtpd_milters=unix:postern/chroot.sock
"""

# Postfix wants an owner and a group of its own, which need not be called postfix and postdrop: those every Debian has will do, and
# nothing is added to the machine.
OWNER, GROUP = "mail", "news"


class Postfix:
    """Started and stopped by methods. `port` takes mail from outside, `submission` from users ({daemon_name} "submission").

    `socket` is Postern's. With `between`, through it go the connections to the ports `through_between`, and `careless`, which leaves out what
    docs/postfix.md recommends. `chrooted` looks for a socket below the queue directory, as Debian's smtpd does. `main` and `master` are more lines for those files."""

    name = "postfix"

    def __init__(self, unpacked, work, socket, sink, certificate=None, between=None, main="", master=""):
        self.root, self.work, self.host = os.path.join(unpacked, "postfix"), work, "mx.here.example"
        self.port, self.submission, self.through_between, self.careless, self.chrooted = (free_port() for _ in range(5))
        self.log = os.path.join(work, "postfix.log")
        self.etc = os.path.join(work, "etc")
        self.env = {**os.environ, "MAIL_CONFIG": self.etc, "LC_ALL": "C", "LD_LIBRARY_PATH": os.path.join(self.root, "usr/lib/postfix")}
        for name in ("etc", "queue", "data", "queue/postern"):
            os.makedirs(os.path.join(work, name))
        shutil.chown(os.path.join(work, "data"), OWNER)
        values = dict(work=work, root=self.root, owner=OWNER, group=GROUP, sink=sink, port=self.port, submission=self.submission,
                      documented=block("postfix.md", "main.cf", socket))
        self.main = MAIN.format(**values) + (TLS.format(certificate=certificate.certificate, key=certificate.key) if certificate else "")
        self.main += main
        self.write("main.cf", self.main)
        services = MASTER.format(**values).replace(PICKUP, "") if "\npickup " in master else MASTER.format(**values)
        self.services = services + master + (BETWEEN.format(through_between=self.through_between, careless=self.careless,
                                                             chrooted=self.chrooted, between=between.path) if between else "")
        self.write("master.cf", self.services)

    def write(self, name, text):
        with open(os.path.join(self.etc, name), "w", encoding="ascii") as file:
            file.write(text)

    def run(self, program, *arguments, **options):
        return subprocess.run([os.path.join(self.root, "usr/sbin", program), *arguments], env=self.env, capture_output=True, timeout=60,
                              check=False, **options)

    def start(self):
        result = self.run("postfix", "-c", self.etc, "start")
        if result.returncode:
            raise LabError(f"Postfix does not start:\n{result.stderr.decode(errors='replace')}{tail(self.log)}")
        try:
            wait_until(lambda: accepts(self.port) and accepts(self.submission), 15, "Postfix opens its ports")
        except LabError as error:
            raise LabError(f"{error}; its last lines:\n{tail(self.log)}") from None

    def wait_ready(self):
        """start() has waited."""

    def configure(self, lines):
        """Puts more lines into main.cf, in force at once."""
        self.write("main.cf", self.main_with(lines))
        self.run("postfix", "-c", self.etc, "reload")

    def main_with(self, lines):
        """main.cf with more lines, in the place of those of the same names. A setting twice is a warning by each process; postlogd's own makes it
        wait for itself where ten lines are there before it starts."""
        names = {line.partition("=")[0].strip() for line in lines.splitlines()}
        kept = [line for line in self.main.splitlines(keepends=True) if line.partition("=")[0].strip() not in names]
        return "".join(kept) + lines

    def leave_out(self, setting):
        """Takes the lines `-o SETTING=` out of master.cf, at once."""
        kept = [line for line in self.services.splitlines(keepends=True) if not line.startswith(f"  -o {setting}=")]
        self.write("master.cf", "".join(kept))
        self.run("postfix", "-c", self.etc, "reload")

    def stop(self):
        """By the id of its own master process; waits for the end."""
        try:
            with open(os.path.join(self.work, "queue/pid/master.pid"), encoding="ascii") as file:
                pid = int(file.read())
        except (OSError, ValueError):
            return
        self.run("postfix", "-c", self.etc, "stop")
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 15, "Postfix stops")

    def address(self, client):
        """The address that Postern sees of a client of cases.py: through XCLIENT it can be any."""
        return client

    def connect(self, client=None, helo="client.example", submission=False, port=None, login=None, name=None):
        """A connection past EHLO, as coming from the address `client`."""
        return greet(port or (self.submission if submission else self.port), client, helo, login=login, name=name)

    def sendmail(self, sender, recipients, message, user="root"):
        """Local submission through sendmail(1). Nothing here is setgid: who is not root is put into the group that it would get."""
        who = {} if user == "root" else dict(user=user, group=GROUP, extra_groups=[])
        return self.run("sendmail", "-i", "-f", sender, *recipients, input=message, **who)

    def queue(self):
        """What postqueue(1) tells: a list of dicts with queue_name, sender, recipients …"""
        listing = self.run("postqueue", "-j").stdout.decode("utf-8", "replace")
        return [json.loads(line) for line in listing.splitlines()]

    def held(self):
        """The senders of the messages on hold."""
        return [message["sender"] for message in self.queue() if message["queue_name"] == "hold"]

    def release(self):
        """Lets everything that is held go."""
        self.run("postsuper", "-H", "ALL")

    def waiting(self):
        """What was taken, or handed in on this machine, and has not gone on yet."""
        return self.queue()

    def clear_queue(self):
        self.run("postsuper", "-d", "ALL")

    def retry_local(self):
        """Has local submissions that were deferred tried again now."""
        self.run("postkick", "public", "pickup", "W")

    def wrote(self, field):
        """Whether a Received field is its own."""
        return field.startswith(b"Received:") and f"{self.host} (Postfix".encode() in field

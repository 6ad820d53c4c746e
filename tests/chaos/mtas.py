"""The MTAs of tests/mta, made to take a load, and what lies in their queues."""

import os
import subprocess
import types

from lab.certificate import Certificate
from lab.postfix import Postfix
from lab.sendmail import Sendmail

HERE = os.path.dirname(os.path.abspath(__file__))

# Limits that would put the injector off for being one client with many refused messages.
FOR_LOAD = """\
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
milter_default_action = {default_action}
"""


class LoadedPostfix(Postfix):
    """`default_action`: what it does with mail while Postern is away."""

    clients = 32

    def __init__(self, unpacked, work, socket, sink, default_action):
        super().__init__(unpacked, work, socket, sink)
        self.main = self.main_with(FOR_LOAD.format(default_action=default_action))
        self.write("main.cf", self.main)

    def pending(self):
        """What was taken and is still to be delivered."""
        return [entry for entry in self.queue() if entry["queue_name"] != "hold"]

    def held(self):
        """What Postern had it hold: senders and recipients."""
        return [{"sender": entry["sender"], "recipients": [r["address"] for r in entry["recipients"]]} for entry in self.queue()
                if entry["queue_name"] == "hold"]

    def release(self):
        super().release()
        self.run("postqueue", "-f")


class LoadedSendmail(Sendmail):
    """`default_action`: "tempfail" is F=T, "accept" no F= at all."""

    clients = 8  # no more can wait to be greeted

    def __init__(self, unpacked, work, socket, sink, default_action):
        os.makedirs(work)
        super().__init__(unpacked, work, socket, sink, Certificate(os.path.join(work, "tls"), "mx.here.example"),
                         types.SimpleNamespace(path=socket))
        if default_action == "accept":
            self.port = self.careless

    def start(self):
        super().start()
        self.wait_ready()

    def pending(self):
        return [name for name in self.queue_files() if name[:2] in ("qf", "tf", "xf")]

    def held(self):
        return [self.envelope(name) for name in self.queue_files() if name.startswith("hf")]

    def envelope(self, name):
        with open(os.path.join(self.work, "queue", name), encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        return {"sender": next(line[1:].strip("<>") for line in lines if line.startswith("S")),
                "recipients": [line.partition(":")[2].strip("<>") for line in lines if line.startswith("R")]}


MTAS = {"postfix": LoadedPostfix, "sendmail": LoadedSendmail}


def missing(unpacked, name):
    """Why there is no such MTA to be had, or nothing."""
    if os.geteuid() != 0:
        return "MTAs start as root only"
    if not os.access("/run", os.W_OK):
        return "nothing can be written in /run, where the folder of the MTA would be"
    unpack = [os.path.join(HERE, "../../packaging/unpack-mta"), unpacked]
    if not os.path.exists(os.path.join(unpacked, name)) and \
            (subprocess.run(unpack, check=False).returncode or not os.path.exists(os.path.join(unpacked, name))):
        return f"{name} could not be unpacked"
    if name == "sendmail" and not Sendmail.has_name():
        return "no UTS namespace here, so Sendmail sleeps a minute at each start for want of a host name with a dot"
    return None

"""Mail through Postfix and Sendmail, with milters on Unix sockets and on TCP: what clients see of it."""

import os
import statistics
import subprocess
import time
import types

from lab.certificate import Certificate
from lab.postfix import Postfix
from lab.process import LabError, Process, accepts, free_port
from lab.sendmail import Sendmail

from . import milters

SESSIONS = 8
HERE = os.path.dirname(os.path.abspath(__file__))
UNPACKED = os.path.join(HERE, "../../../build/mta")


class MeasuredPostfix(Postfix):
    def __init__(self, work, sink, ports):
        super().__init__(UNPACKED, work, "", sink)
        with open(os.path.join(self.etc, "main.cf"), "a", encoding="ascii") as file:
            file.write("smtpd_milters =\nnon_smtpd_milters =\nin_flow_delay = 0\n")
        with open(os.path.join(self.etc, "master.cf"), "a", encoding="ascii") as file:
            for port, address in ports.items():
                file.write(f"127.0.0.1:{port} inet n - n - - smtpd\n  -o smtpd_milters={self.written(address)}\n")

    @staticmethod
    def written(address):
        """As Postfix writes it: inet:host:port."""
        if not address.startswith("inet:"):
            return address
        port, host = address[5:].split("@")
        return f"inet:{host}:{port}"

    def waiting(self):
        return self.queue()


class MeasuredSendmail(Sendmail):
    def __init__(self, work, sink, ports):
        os.makedirs(work, mode=0o755)
        certificate = Certificate(os.path.join(work, "tls"), "mx.here.example")
        super().__init__(UNPACKED, work, "/nowhere", sink, certificate, types.SimpleNamespace(path="/nowhere"))
        with open(os.path.join(self.etc, "daemon.mc"), encoding="ascii") as file:
            text = file.read()
        more = ""
        for number, (port, address) in enumerate(ports.items()):
            filters = f", InputMailFilters=m{number}" if address else ", InputMailFilters="
            more += f"DAEMON_OPTIONS(`Name=p{number}, Family=inet, Addr=127.0.0.1, Port={port}{filters}, Listen=64')\n"
            if address:
                where = address.replace("unix:", "local:")
                more += f"MAIL_FILTER(`m{number}', `S={where}, F=T, T=C:1m;S:30s;R:30s;E:5m')\n"
        self.configure("daemon", text.replace("LOCAL_CONFIG", more + "LOCAL_CONFIG"), os.path.join(self.root, "usr/share/sendmail/cf"))

    def start(self):
        super().start()
        self.wait_ready()


def fetch():
    return subprocess.run([os.path.join(HERE, "../../../packaging/unpack-mta"), UNPACKED], check=False, stdout=subprocess.DEVNULL).returncode == 0


def send(mta, port, messages):
    """Seconds until all are taken; then waits until all are delivered."""
    program = os.path.join(UNPACKED, "postfix/usr/sbin/smtp-source")
    environment = {**os.environ, "LD_LIBRARY_PATH": os.path.join(UNPACKED, "postfix/usr/lib/postfix")}
    began = time.monotonic()
    done = subprocess.run([program, "-s", str(SESSIONS), "-m", str(messages), "-l", "1024", "-M", "mx.d0.bench.example",
                           "-f", "user@d0.bench.example", "-t", "someone@here.example", f"127.0.0.1:{port}"],
                          env=environment, capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    if done.returncode or done.stderr:
        raise LabError(f"smtp-source: {done.stderr[-500:]}")
    end = time.monotonic() + 60
    while mta.waiting() and time.monotonic() < end:
        time.sleep(0.1)
    return took


def cpu(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def run(bench):
    if not fetch():
        print("\nThrough the MTAs: not measured, they could not be unpacked")
        return
    messages = max(200, bench.options.messages // 10)
    for make in (MeasuredPostfix, MeasuredSendmail):
        work = os.path.join(bench.folder, make.__name__)
        os.makedirs(work + "-milters")
        running, sink = {}, None
        try:
            for tcp in (False, True):
                folder = os.path.join(work + "-milters", "tcp" if tcp else "unix")
                os.makedirs(folder)
                postern = milters.postern(bench.programs, folder, milters.INBOUND, tcp=tcp)
                running["postern", tcp] = postern
                running["nothing", tcp] = milters.nothing(bench.programs, folder, bench.driver.steps(postern, 0x1FFFFF), tcp=tcp)
            for milter in running.values():
                if milter.address.startswith("unix:"):
                    os.chmod(milter.address[5:], 0o666)
            ports = {free_port(): ""} | {free_port(): milter.address for milter in running.values()}
            sink_port = free_port()
            sink = Process([os.path.join(UNPACKED, "postfix/usr/sbin/smtp-sink"), "-u", "nobody", f"127.0.0.1:{sink_port}", "100"],
                           work + "-sink.log", {"LD_LIBRARY_PATH": os.path.join(UNPACKED, "postfix/usr/lib/postfix")})
            sink.wait_ready(lambda: accepts(sink_port))
            measure(make(work, sink_port, ports), make.name, ports, running, messages, min(3, bench.options.rounds))
        except LabError as error:
            print(f"\nThrough {make.name}: not measured: {error}")
        finally:
            for milter in running.values():
                milter.stop()
            if sink:
                sink.stop()


def measure(mta, name, ports, running, messages, rounds):
    print(f"\nThrough {name}: 1 KB, a connection a message, {SESSIONS} sessions, {messages} messages")
    print(f"{'':44}{'taken/s':>9}{'ratio':>7}{'ms a message':>14}{'milter CPU µs':>15}")
    mta.start()
    try:
        rows = {port: [] for port in ports}
        for _ in range(rounds):
            for (port, _), milter in zip(ports.items(), [None, *running.values()]):
                send(mta, port, SESSIONS * 4)
                before = cpu(milter.pids()) if milter else 0
                took = send(mta, port, messages)
                rows[port].append((took, (cpu(milter.pids()) - before) if milter else 0))
        base = None
        for port, key in zip(ports, [None, *running]):
            took = statistics.median(row[0] for row in rows[port])
            used = statistics.median(row[1] for row in rows[port])
            base = base or took
            label = "no milter" if key is None else {"postern": "postern", "nothing": "    does nothing"}[key[0]] + (", TCP" if key[1] else ", Unix socket")
            print(f"{label:44}{messages / took:9.0f}{base / took:7.2f}{took * SESSIONS / messages * 1e3:14.1f}"
                  + (f"{used / messages * 1e6:15.0f}" if key else ""), flush=True)
    finally:
        mta.stop()

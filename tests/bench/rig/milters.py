"""The milters that are measured: Postern, and a libmilter program that does nothing."""

import os
import signal
import socket
import subprocess
import time

from lab.process import free_port

from .names import ADDRESS

DO_NOTHING = """\
  - name: let-in
    when: always
    accept: true
"""
INBOUND = """\
  - include: presets/inbound.yaml
"""
SUBMISSION = """\
  - include: presets/submission.yaml
"""
CONFIGURATION = """\
version: 1
listen: {listen}
admin: {{socket: {folder}/control.sock}}
site: {{hostname: mx.here.example, domains: [here.example, example.net], networks: [192.0.2.0/24]}}
log: {{level: {level}}}
dns: {{servers: ["{dns}@53"], trust_anchor: "", canary: [mx.d0.bench.example]}}
{accounts}rules:
{rules}"""


class Milter:
    """A milter that runs. `address` is for milter_load; `pids` are all its processes."""

    def __init__(self, name, command, address, log, patience=20):
        self.name, self.address = name, address
        with open(log, "ab") as output:
            self.child = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        end = time.monotonic() + patience
        while not self._accepts():
            if self.child.poll() is not None or time.monotonic() > end:
                self.stop()
                with open(log, encoding="utf-8", errors="replace") as output:
                    raise OSError(f"{name} does not start: {output.read()[-2000:]}")
            time.sleep(0.02)

    def _accepts(self):
        try:
            if self.address.startswith("unix:"):
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(self.address[5:])
            else:
                port, host = self.address[5:].split("@")
                socket.create_connection((host, int(port)), 1).close()
            return True
        except OSError:
            return False

    def pids(self):
        found, todo = [], [self.child.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for task in os.listdir(f"/proc/{pid}/task"):
                try:
                    with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                        todo += map(int, file.read().split())
                except FileNotFoundError:
                    pass  # the thread has ended
        return found

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


def address(folder, name, tcp):
    return f"inet:{free_port()}@127.0.0.1" if tcp else f"unix:{folder}/{name}.sock"


def postern(programs, folder, rules, *, level="info", tcp=False, accounts="", name="postern"):
    """`accounts`: further sections of the configuration. Several at once have names of their own."""
    if name != "postern":
        folder = os.path.join(folder, name)
        os.makedirs(folder)
    where = address(folder, "postern", tcp)
    configuration = os.path.join(folder, "postern.yaml")
    with open(configuration, "w", encoding="ascii") as file:
        file.write(CONFIGURATION.format(listen=where, folder=folder, level=level, dns=ADDRESS, accounts=accounts, rules=rules))
    return Milter(name, [programs["postern"], "run", "-c", configuration], where, os.path.join(folder, "postern.log"))


def nothing(programs, folder, steps, *, tcp=False, name="null"):
    where = address(folder, name.replace(" ", "-"), tcp)
    if not tcp and os.path.exists(where[5:]):
        os.unlink(where[5:])  # libmilter leaves it there
    return Milter(name, [programs["null_milter"], where, "--steps", hex(steps)], where, os.path.join(folder, "null.log"))

"""Free ports, waiting for something to become true, and processes that are stopped by their own id."""

import os
import signal
import socket
import subprocess
import time


class LabError(Exception):
    """Something of the laboratory itself does not work; the text says what, with the tail of its log."""


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what):
    """Returns the first true value of `condition()`; LabError when `seconds` pass without one."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError(f"{what}: not after {seconds} s")
        time.sleep(0.02)


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def accepts_unix(path):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
            return True
        except OSError:
            return False


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def tail(path, lines=15):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join(f"    {line}" for line in file.readlines()[-lines:]) or "    (empty)\n"
    except OSError as error:
        return f"    ({error})\n"


class Process:
    """A program in the background with its output in a file."""

    def __init__(self, command, log, env=None):
        self.command, self.log = command, log
        with open(log, "ab") as output:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                                          env={**os.environ, **(env or {})})

    def running(self):
        return self.child.poll() is None

    def wait_ready(self, condition, seconds=15):
        """Waits for `condition()`; where the program ends first or the time is over it is stopped, and the log's tail told."""
        name = os.path.basename(self.command[0])
        end = time.monotonic() + seconds
        while not condition():
            if not self.running():
                raise LabError(f"{name} ended at once with status {self.child.returncode}; its last lines:\n{tail(self.log)}")
            if time.monotonic() > end:
                self.kill()
                raise LabError(f"{name} is not ready after {seconds} s; its last lines:\n{tail(self.log)}")
            time.sleep(0.02)

    def send(self, signal_number):
        self.child.send_signal(signal_number)

    def stop(self, seconds=10):
        """SIGTERM, and SIGKILL when that does not help in time. The exit status."""
        if self.running():
            self.send(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.child.returncode

    def kill(self):
        if self.running():
            self.send(signal.SIGKILL)
        self.child.wait()

    def kill_group(self):
        """Itself, and the processes that it has started: it leads a session of its own."""
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()

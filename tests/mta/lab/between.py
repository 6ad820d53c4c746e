"""A process of ours on the wire between an MTA and Postern: it reads milter packets, and may change, drop or add some.

It shows what an MTA does with a milter that is not as Postern is, with the real Postern behind it.
"""

import os
import shutil
import socket
import struct
import threading


class Through:
    """What is done with the packets of one session: nothing. Each method takes a command and its data, and gives the list to send on."""

    died = False  # once true, both sides are hung up on

    def from_mta(self, command, data):
        return [(command, data)]

    def from_milter(self, command, data):
        return [(command, data)]


EDITS = (b"h", b"i", b"m")  # SMFIR_ADDHEADER, SMFIR_INSHEADER, SMFIR_CHGHEADER


class AscendingDeletions(Through):
    """Has header fields deleted in the order in which they stand, as OpenDKIM did (CVE-2022-48521)."""

    def __init__(self):
        self.deletions = []

    def from_milter(self, command, data):
        if command == b"m" and data.endswith(b"\0\0"):
            self.deletions.append((struct.unpack("!I", data[:4])[0], command, data))
            return []
        first, self.deletions = sorted(self.deletions), []
        return [(c, d) for _, c, d in first] + [(command, data)]


class DiesAfterTheFirstEdit(Through):
    """Lets one edit pass, then calls `kill` and hangs up."""

    def __init__(self, kill):
        self.kill = kill

    def from_milter(self, command, data):
        if self.died:
            return []
        if command in EDITS:
            self.died = True
            self.kill()
        return [(command, data)]


class HidesLocalSubmission(Through):
    """Makes mail that was handed in on the machine look as if a client with a port had brought it."""

    def from_mta(self, command, data):
        if command == b"C":
            host, _, rest = data.partition(b"\0")
            data = host + b"\0" + rest[:1] + struct.pack("!H", 40000) + rest[3:]
        return [(command, data)]


class Between:
    """Listens on `path` and speaks to Postern at `target`; new sessions are treated as `treatment()` says."""

    def __init__(self, path, target, group):
        self.path, self.target, self.treatment = path, target, Through
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        shutil.chown(path, group=group)
        os.chmod(path, 0o660)
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                mta, _ = self.listener.accept()
            except OSError:
                return
            milter = socket.socket(socket.AF_UNIX)
            try:
                milter.connect(self.target)
            except OSError:
                mta.close()
                continue
            treatment = self.treatment()
            for source, sink, treat in ((mta, milter, treatment.from_mta), (milter, mta, treatment.from_milter)):
                threading.Thread(target=pump, args=(source, sink, treat, treatment), daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def read(source, size):
    data = b""
    while len(data) < size:
        piece = source.recv(size - len(data))
        if not piece:
            raise OSError("the other side has hung up")
        data += piece
    return data


def pump(source, sink, treat, treatment):
    """Carries packets one way to the end of either side."""
    try:
        while not treatment.died:
            length, command = struct.unpack("!Ic", read(source, 5))
            for command, data in treat(command, read(source, length - 1)):
                sink.sendall(struct.pack("!Ic", len(data) + 1, command) + data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

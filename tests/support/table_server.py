#!/usr/bin/python3
"""Looks up addresses for tests, as `socketmap:inet:127.0.0.1:PORT:NAME` and as `tcp:127.0.0.1:PORT` of Postfix.

usage: table_server.py socketmap|tcp PORT FOLDER

Knows u0 to u99 and c0, c1 ... of site.test; each belongs to the login of that name. While FOLDER/lie is there it says of everybody
that there is no such address; while FOLDER/slow is there each answer takes 2 s.
"""

import os
import re
import socketserver
import sys
import time
import urllib.parse

PROTOCOL, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), sys.argv[3]
KNOWN = re.compile(r"(u\d\d?|c\d+)@site\.test")


def is_told_to(what):
    return os.path.exists(os.path.join(FOLDER, what))


def owner(key):
    if is_told_to("slow"):
        time.sleep(2)
    found = KNOWN.fullmatch(key)
    return found[1] if found and not is_told_to("lie") else None


def read_netstring(stream):
    digits = b""
    while (byte := stream.read(1)) not in (b":", b""):
        digits += byte
    return stream.read(int(digits) + 1)[:-1].decode() if digits else None


class Lookups(socketserver.StreamRequestHandler):
    def handle(self):
        if PROTOCOL == "socketmap":
            while request := read_netstring(self.rfile):
                found = owner(request.partition(" ")[2])
                answer = f"OK {found}" if found else "NOTFOUND "
                self.wfile.write(f"{len(answer)}:{answer},".encode())
        else:
            for line in self.rfile:
                found = owner(urllib.parse.unquote(line.decode().removeprefix("get ").rstrip("\n")))
                self.wfile.write(f"200 {found}\n".encode() if found else b"500 unknown\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


Server(("127.0.0.1", PORT), Lookups).serve_forever()

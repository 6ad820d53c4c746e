"""Other milters, where their packages are installed: started with what they need to do their own work, and nothing more.

opendkim (verify), opendmarc (with its own SPF), pyspf-milter, mailfromd (a filter that passes everything), rspamd as a
milter: its MIME parser alone, and with SPF, DKIM and DMARC.
"""

import os
import shutil

from .milters import Milter
from .names import ADDRESS

OPENDKIM = """\
Mode v
Socket local:{socket}
Syslog no
Background no
AlwaysAddARHeader yes
AuthservID mx.here.example
InternalHosts {folder}/none
ExternalIgnoreList {folder}/none
"""
OPENDMARC = """\
Socket local:{socket}
Syslog false
Background false
AuthservID mx.here.example
TrustedAuthservIDs mx.here.example
IgnoreHosts {folder}/none
RejectFailures false
SPFSelfValidate true
SPFIgnoreResults true
"""
PYSPF = """\
debugLevel = 0
TestOnly = 0
HELO_reject = False
Mail_From_reject = False
PermError_reject = False
TempError_Defer = False
skip_addresses = 203.0.113.1/32
Socket = unix:{socket}
PidFile = {folder}/pyspf.pid
UserID = root
UMask = 007
InternalHosts = 203.0.113.1
Header_Type = AR
Authserv_Id = mx.here.example
"""
MAILFROMD = """\
prog envfrom
do
  pass
done

prog eom
do
  pass
done
"""
RSPAMD = """\
options {{
  pidfile = "{folder}/pid"; tempdir = "{folder}"; hs_cache_dir = "{folder}"; history_file = "{folder}/history"; rrd = "";
  control_socket = "{folder}/control mode=0600"; local_addrs = "127.255.0.0/16"; url_tld = "/usr/share/rspamd/effective_tld_names.dat";
  filters = "{filters}"; explicit_modules = [{modules}];
  dns {{ nameserver = ["{dns}:53:1"]; timeout = 2s; retransmits = 2; sockets = 16; }}
  neighbours {{}}
}}
logging {{ type = "file"; filename = "{folder}/log"; level = "warning"; }}
actions {{ reject = 1500; add_header = 600; }}
lua = "{folder}/empty.lua";
modules {{ path = "/usr/share/rspamd/plugins"; }}
worker "rspamd_proxy" {{
  bind_socket = "{socket} mode=0666"; milter = yes; timeout = 60s; count = 2;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
{more}
"""
RSPAMD_AUTHENTICATION = """\
dkim { dkim_cache_size = 2k; }
spf { spf_cache_size = 2k; }
dmarc { }
milter_headers { use = ["authentication-results"]; authenticated_headers = []; skip_local = false; skip_authenticated = false; }
"""


def _program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")


def _write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def _opendkim(folder, socket, names):
    _write(folder, "none", "203.0.113.1\n")
    return names.known_to([_program("opendkim"), "-f", "-x", _write(folder, "opendkim.conf", OPENDKIM.format(folder=folder, socket=socket))])


def _opendmarc(folder, socket, names):
    _write(folder, "none", "203.0.113.1\n")
    return names.known_to([_program("opendmarc"), "-f", "-c", _write(folder, "opendmarc.conf", OPENDMARC.format(folder=folder, socket=socket))])


def _pyspf(folder, socket, names):
    return names.known_to([_program("pyspf-milter"), _write(folder, "pyspf.conf", PYSPF.format(folder=folder, socket=socket))])


def _mailfromd(folder, socket, _):
    os.chmod(folder, 0o777)  # it works as nobody
    return [_program("mailfromd"), "--foreground", "--stderr", "--user=nobody", "--state-directory=" + folder,
            f"--pidfile={folder}/mailfromd.pid", "-p", "unix:" + socket, _write(folder, "mailfromd.mf", MAILFROMD)]


def _rspamd(filters, modules, more):
    def command(folder, socket, _):
        _write(folder, "empty.lua", 'require "global_functions" ()\nconfig["regexp"] = {}\nrspamd_maps = {}\n')
        path = _write(folder, "rspamd.conf", RSPAMD.format(folder=folder, socket=socket, dns=ADDRESS, filters=filters, modules=modules, more=more))
        shutil.chown(folder, "_rspamd", "_rspamd")
        return [_program("rspamd"), "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", path]
    return command


PEERS = {
    "opendkim": ("opendkim", _opendkim),
    "opendmarc": ("opendmarc", _opendmarc),
    "pyspf-milter": ("pyspf-milter", _pyspf),
    "mailfromd": ("mailfromd", _mailfromd),
    "rspamd, bare": ("rspamd", _rspamd("", "", "")),
    "rspamd, spf dkim dmarc": ("rspamd", _rspamd("dkim", '"spf","dmarc","milter_headers"', RSPAMD_AUTHENTICATION)),
}


def start(folder, names):
    """The peers that are installed, started, and why the others are not there."""
    running, missing = [], []
    for name, (program, command) in PEERS.items():
        if not _program(program):
            missing.append(f"{name}: {program} is not installed")
            continue
        own = os.path.join(folder, name.replace(",", "").replace(" ", "-"))
        os.makedirs(own)
        socket = os.path.join(own, "socket")
        try:
            running.append(Milter(name, command(own, socket, names), "unix:" + socket, os.path.join(own, "output")))
        except OSError as error:
            missing.append(str(error))
    return running, missing

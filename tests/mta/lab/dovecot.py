"""A Dovecot of our own: its auth service alone, everything in one folder, no port."""

import os
import shutil

from .pages import block
from .process import Process, accepts_unix

CONFIGURATION = """\
base_dir = {work}/run
state_dir = {work}/state
log_path = {work}/dovecot.log
protocols =
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = {owner}
default_internal_group = {group}
default_login_user = {owner}
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {work}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {work}/users
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0600
  }}
}}
{documented}"""

PROGRAM = "/usr/sbin/dovecot"
OWNER, GROUP = "nobody", "nogroup"  # every Debian has them


class Dovecot:
    """`users`: password by login. `client` is the socket for SASL, `userdb` the one for looking up users; who may open both has the name `group`,
    as a user and as a group."""

    def __init__(self, work, users, group):
        os.makedirs(work, mode=0o755)
        self.work, self.log, self.process = work, os.path.join(work, "dovecot.log"), None
        self.client, self.userdb = (os.path.join(work, "run", name) for name in ("auth", "auth-userdb"))
        self.write("users", "".join(f"{login}:{{PLAIN}}{password}:1001:1001::/nowhere::\n" for login, password in users.items()))
        shutil.chown(os.path.join(work, "users"), OWNER)
        os.chmod(os.path.join(work, "users"), 0o600)
        documented = block("postfix.md", "dovecot.conf", "").replace("/var/spool/postfix/private/auth", self.client)
        documented = documented.replace("user = postfix", f"user = {group}").replace("group = postfix", f"group = {group}")
        self.write("dovecot.conf", CONFIGURATION.format(work=work, owner=OWNER, group=GROUP,
                                                        documented=documented.replace("group = postern", f"group = {group}")))

    def write(self, name, text):
        with open(os.path.join(self.work, name), "w", encoding="ascii") as file:
            file.write(text)

    def start(self):
        self.process = Process([PROGRAM, "-F", "-c", os.path.join(self.work, "dovecot.conf")], os.path.join(self.work, "start.log"))
        self.process.wait_ready(lambda: accepts_unix(self.client) and accepts_unix(self.userdb))

    def kill(self):
        """With its whole group: its auth process would serve on, as long as somebody is connected."""
        if self.process:
            self.process.kill_group()

    stop = kill

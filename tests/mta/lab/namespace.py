"""A world of its own for one program: a host name with a dot, and names of addresses from a file of ours."""

import functools
import os
import subprocess

SCRIPT = 'hostname "$1" && mount --bind "$2" /etc/hosts && mount --bind "$3" /etc/nsswitch.conf && shift 3 && exec "$@"'


@functools.cache
def available():
    """Whether this machine lets us have UTS and mount namespaces."""
    return subprocess.run(["unshare", "--uts", "--mount", "true"], capture_output=True, check=False).returncode == 0


def has_dotted_name():
    """Whether the machine's own host name would do."""
    return "." in os.uname().nodename


def inside(folder, host, addresses, command):
    """`command` in such a world, its files in `folder`; as it is where there are no namespaces.

    The program keeps its process id. `addresses`: names by address."""
    if not available():
        return command
    files = {"hosts": "".join(f"{address} {name}\n" for address, name in addresses.items()), "nsswitch": "hosts: files\n"}
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
    return ["unshare", "--uts", "--mount", "sh", "-c", SCRIPT, "sh", host, os.path.join(folder, "hosts"), os.path.join(folder, "nsswitch"),
            *command]

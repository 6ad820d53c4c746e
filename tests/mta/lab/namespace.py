"""A world of its own for one program: a host name with a dot, and names of addresses from a file of ours."""

import functools
import os
import subprocess

SCRIPT = 'hostname "$1" && mount --bind "$2" /etc/hosts && mount --bind "$3" /etc/nsswitch.conf && shift 3 && exec "$@"'
ENTER = ["unshare", "--uts", "--mount", "sh", "-c", SCRIPT, "sh"]  # the name, two files and the program follow


@functools.cache
def available():
    """Whether this machine lets us have UTS and mount namespaces, and name and mount things in them."""
    probe = [*ENTER, "a.b", "/etc/hosts", "/etc/nsswitch.conf", "true"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


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
    return [*ENTER, host, os.path.join(folder, "hosts"), os.path.join(folder, "nsswitch"), *command]

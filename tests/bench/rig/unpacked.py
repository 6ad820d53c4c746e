"""Programs of packages that are unpacked into a folder, and never installed: no service of theirs starts, and no file of the machine
changes. A private mount namespace shows them in their place."""

import os
import re
import shutil
import subprocess
import tempfile


def tree(folder, packages):
    """The packages, with what they need and is not installed, as one tree; made once. Raises OSError where that fails."""
    made = os.path.join(folder, "-".join(packages))
    if os.path.isdir(made):
        return made
    os.makedirs(folder, exist_ok=True)
    plan = subprocess.run(["apt-get", "install", "--simulate", "--no-install-recommends", *packages], check=False, capture_output=True, text=True)
    needed = re.findall(r"^Inst (\S+)", plan.stdout, re.MULTILINE)
    if plan.returncode or not needed:
        raise OSError(f"apt-get knows no way to {' '.join(packages)}: {plan.stderr.strip()[-300:]}")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        got = subprocess.run(["apt-get", "--quiet", "download", *needed], cwd=work, check=False, capture_output=True, text=True)
        if got.returncode:
            raise OSError(f"the packages {' '.join(packages)} could not be downloaded: {got.stderr.strip()[-300:]}")
        root = os.path.join(work, "tree")
        for package in sorted(os.listdir(work)):
            subprocess.run(["dpkg-deb", "-x", os.path.join(work, package), root], check=True)
        shutil.move(root, made)
    return made


def inside(root, command):
    """`command` with /usr of the tree over the machine's own."""
    return ["unshare", "-m", "sh", "-c", 'mount -t overlay overlay -o "lowerdir=$0/usr:/usr" /usr && exec "$@"', root, *command]

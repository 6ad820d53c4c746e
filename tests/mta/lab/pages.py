"""The lines that a page of docs/ tells administrators to add: what is tested is what is written there."""

import os
import re

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../docs")
SOCKET = "/run/postern/postern.sock"  # as the pages write it


def found(page, pattern, flags=re.MULTILINE):
    """What the group of `pattern` matches, where it does so first."""
    with open(os.path.join(DOCS, page), encoding="utf-8") as file:
        match = re.search(pattern, file.read(), flags)
    if not match:
        raise ValueError(f"docs/{page} has no {pattern}")
    return match[1]


def block(page, kind, socket):
    """The first fenced block of that kind (```kind), with `socket` in the place of the page's own."""
    return found(page, rf"^```{re.escape(kind)}\n(.*?)^```$", re.DOTALL | re.MULTILINE).replace(SOCKET, socket)


def table(page, heading):
    """The rows of the table whose first heading is `heading`: lists of cells."""
    with open(os.path.join(DOCS, page), encoding="utf-8") as file:
        lines = file.read().partition(f"\n| {heading} |")[2].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))])
    return rows

"""Runs milter_load and keeps what it measured."""

import json
import statistics
import subprocess
import sys


class Driver:
    def __init__(self, program, mails):
        self.program, self.mails = program, mails

    def once(self, milter, *options, measured=True):
        command = [self.program, "--address", milter.address, "--mails", self.mails, *map(str, options)]
        if measured:
            command += [word for pid in milter.pids() for word in ("--pid", str(pid))]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the load on {milter.name} failed: {done.stderr}")
        return json.loads(done.stdout)

    def steps(self, milter, offer):
        """The protocol steps that it asks for when it is offered these."""
        return self.once(milter, "--offer", hex(offer), "--negotiate", measured=False)["steps"]

    def rounds(self, milters, count, *options):
        """Measures all, one after another, `count` times; what came out, by name."""
        rows = {milter.name: [] for milter in milters}
        for _ in range(count):
            for milter in milters:
                rows[milter.name].append(self.once(milter, *options))
        return {name: Rows(of) for name, of in rows.items()}


class Rows:
    """What several rounds of the same measured."""

    def __init__(self, rows):
        self.rows = rows

    def median(self, *path):
        values = []
        for row in self.rows:
            for key in path:
                row = row.get(key, {}) if isinstance(row, dict) else {}
            if row != {}:
                values.append(row)
        return statistics.median(values) if values else None

    def most(self, key):
        return max(row[key] for row in self.rows)

    def verdicts(self):
        total = {}
        for row in self.rows:
            for name, count in row["verdicts"].items():
                total[name] = total.get(name, 0) + count
        return total

    def broken(self):
        return sum(row["broken"] for row in self.rows)

"""The accounting: what clients were told, what arrived, what is held and what was logged must be one story.

Everything is keyed by the envelope sender, which is another for each attempt. Each finding is filed under one of PROBLEMS; a run is good
when none has any.
"""

import collections

from generations import spoken
from messages import recipient_kind

PROBLEMS = {
    "lost": "250 to the client, and it neither arrived nor is held",
    "duplicated": "arrived more than once",
    "unaccounted": "no last word to the client, or arrived without a 250",
    "unfiltered": "arrived or held without all the marks of a judgement",
    "judged by two configurations": "marks, replies and the decision's line name more than one generation",
    "judged by a configuration not in force": "a broken one, one that was replaced already, or none that we know",
    "5xx that a fault made": "no rule of the generation that judged wants this 5xx",
    "against the policy": "arrived, held or put off by a rule, though the generation that judged wants otherwise",
    "changed on the way": "the body that arrived is not the one that was sent",
    "not logged": "arrived or held, and no line of the log, or more than one, says so",
}
FIELDS = ("x-mark-headers", "x-mark-end")
NO_DOMAIN = "nowhere.example"


class Audit:
    """`lives` are pairs of the log's events and the generations that its numbers mean; `spans` tell when a mark was in force;
    `arrived` is what the sink took, `held` what the queue holds: dicts with sender and recipients."""

    def __init__(self, generations, spans):
        self.generations = {generation.mark: generation for generation in generations}
        self.spans = collections.defaultdict(list)
        for span in spans:
            self.spans[span.mark].append(span)
        self.counts = collections.Counter()
        self.problems = collections.defaultdict(list)

    def file(self, problem, attempt, words=""):
        assert problem in PROBLEMS
        self.problems[problem].append(f"{attempt if isinstance(attempt, str) else attempt.sender}: {words}")

    def run(self, attempts, arrived, held, lives, calm_from=None):
        """Messages numbered from `calm_from` on were sent when nothing befell the daemon: no fault excuses a 4xx."""
        self.deliveries = by_sender(arrived)
        self.holds = by_sender(held)
        self.lines = collections.defaultdict(list)
        for events, known in lives:
            for event in events:
                if event.get("event") == "decision":
                    generation = known.get(event["generation"])
                    self.lines[event["sender"]].append((event, generation.mark if generation else "?"))
        known = set()
        for attempt in attempts:
            known.add(attempt.sender)
            self.attempt(attempt, calm_from is not None and attempt.message.number >= calm_from)
        for sender in (self.deliveries.keys() | self.holds.keys()) - known:
            self.file("unaccounted", sender, "nobody sent it")
        self.across_attempts(attempts)

    def attempt(self, attempt, calm):
        self.counts["attempts"] += 1
        marks = self.marks(attempt)
        if len(marks) > 1:
            self.file("judged by two configurations", attempt, " ".join(sorted(marks)))
        for mark in marks:
            if not self.in_force(mark, attempt):
                spans = ", ".join(f"{span.begin:.3f} to {span.end:.3f}" for span in self.spans[mark])
                self.file("judged by a configuration not in force", attempt,
                          f"{mark}, in force from {spans or 'never'}; MAIL from {attempt.began:.3f} to {attempt.judged:.3f}")
        judge = self.generations.get(next(iter(marks))) if len(marks) == 1 else None
        for recipient in attempt.recipients:
            self.recipient(attempt, recipient, judge, calm)
        self.copies(attempt)

    def marks(self, attempt):
        """The generations that have to do with this attempt, as everything that tells of it names them."""
        marks = {mark for _, text in attempt.final.values() for mark, _ in [spoken(text) or (None, None)] if mark}
        for copy in self.deliveries[attempt.sender]:
            marks |= {value.split()[0] for field in FIELDS for value in copy["fields"][field] if value.strip()}
        for line, mark in self.lines[attempt.sender]:
            marks |= {mark, *line.get("tags", []), *(text.split()[-1] for text in line.get("log", []))}
        return marks

    def in_force(self, mark, attempt):
        return any(span.begin <= (attempt.judged or float("inf")) and attempt.began <= span.end for span in self.spans[mark])

    def recipient(self, attempt, recipient, judge, calm):
        self.counts["recipients"] += 1
        arrived = sum(copy["recipients"].count(recipient) for copy in self.deliveries[attempt.sender])
        held = sum(copy["recipients"].count(recipient) for copy in self.holds[attempt.sender])
        code, text = attempt.final.get(recipient, (0, "no answer"))
        named = spoken(text)
        wanted = self.wanted(attempt, recipient, judge) if judge else None
        if arrived + held > 1:
            self.file("duplicated", attempt, f"{recipient} {arrived} times, held {held} times")
        if code == 2:
            if arrived + held == 0:
                self.file("lost", attempt, f"{recipient}: {text}")
            self.counts["held" if held else "delivered"] += 1
            if wanted is not None and wanted != {"hold" if held else "deliver"}:
                self.file("against the policy", attempt, f"{recipient} {'held' if held else 'delivered'} by {judge.mark}, which wants {wanted}")
            return
        if arrived + held:
            self.file("unaccounted", attempt, f"{recipient} arrived, and the client was told: {text}")
        if code == 5:
            self.counts["refused"] += 1
            if not (named[1] in (wanted or ()) if named else no_such_domain(attempt, text)):
                self.file("5xx that a fault made", attempt, f"{recipient}: {text}; wanted {wanted}")
        elif code == 4 and named:
            self.counts["put off by a rule"] += 1
            if wanted is None or named[1] not in wanted:
                self.file("against the policy", attempt, f"{recipient}: {text}; wanted {wanted}")
        elif code == 4 and "451 4.4.3" in text and not attempt.message.domain.startswith("good."):
            self.counts["put off for want of DNS"] += 1
        elif code == 4:
            self.counts["put off by a fault"] += 1
            if calm:
                self.file("against the policy", attempt, f"{recipient}: {text}, and there was no fault")
        else:
            self.file("unaccounted", attempt, f"{recipient}: {text}")

    def wanted(self, attempt, recipient, judge):
        """The words that the policy may say to this recipient. One that refuses for the whole message was perhaps said before the recipient was
        looked at."""
        message = attempt.message
        fates = {judge.recipient_fate(recipient_kind(recipient))} - {"deliver"}
        fate = judge.fate(message.kind)
        if fate.endswith("-sender"):
            return fates | {fate}
        return fates or ({fate} if message.domain.startswith("good.") else set())

    def copies(self, attempt):
        """What each copy that was taken must have."""
        held = self.holds[attempt.sender]
        for copy in self.deliveries[attempt.sender]:
            if any(len(copy["fields"][field]) != 1 for field in FIELDS):
                self.file("unfiltered", attempt, f"{copy['fields']}")
            if copy["fields"]["x-body"] != [copy["digest"]]:
                self.file("changed on the way", attempt)
        if self.deliveries[attempt.sender] or held:
            actions = [line["action"] for line, _ in self.lines[attempt.sender]]
            if actions != ["quarantine" if held else "accept"]:
                self.file("not logged", attempt, f"{actions}")

    def across_attempts(self, attempts):
        """A client that tries again must not have its message delivered twice."""
        times = collections.Counter((attempt.message.number, recipient) for attempt in attempts for recipient in attempt.recipients
                                    if any(recipient in copy["recipients"]
                                           for copy in self.deliveries[attempt.sender] + self.holds[attempt.sender]))
        for (number, recipient), count in times.items():
            if count > 1:
                self.file("duplicated", f"message {number}", f"{recipient} by {count} attempts")

    def released(self, attempts, arrived):
        """The messages that were held, after they were let go: each arrives once, marked by the generation that held it."""
        copies = by_sender(arrived)
        for attempt in attempts:
            if not self.holds[attempt.sender]:
                continue
            wanted = sorted(r for copy in self.holds[attempt.sender] for r in copy["recipients"])
            got = sorted(r for copy in copies[attempt.sender] for r in copy["recipients"])
            if got != wanted:
                self.file("lost" if len(got) < len(wanted) else "duplicated", attempt, f"released: {got}, wanted {wanted}")
            self.deliveries[attempt.sender] = copies[attempt.sender]
            if len(marks := self.marks(attempt)) > 1:
                self.file("judged by two configurations", attempt, " ".join(sorted(marks)))
            self.copies(attempt)
            self.counts["held, released and delivered"] += len(got)


def no_such_domain(attempt, text):
    """The one 5xx that bears no mark: that of a preset, the same in every generation."""
    return attempt.message.domain == NO_DOMAIN and "550 5.1.8" in text


def by_sender(copies):
    found = collections.defaultdict(list)
    for copy in copies:
        found[copy["sender"]].append(copy)
    return found

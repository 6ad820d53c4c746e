#!/usr/bin/python3
"""The accounting itself: each wrong that may be done to a message is found, and nothing is found in an honest ledger."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../mta"))

from audit import PROBLEMS, Audit  # noqa: E402
from generations import FATES, RECIPIENT_FATES, Generation  # noqa: E402
from guarded import Span  # noqa: E402
from injector import Attempt  # noqa: E402
from messages import Message, digest  # noqa: E402

FIRST, SECOND, BROKEN = Generation(1), Generation(2), Generation(3, "no YAML")
OK = (2, "250 2.0.0 Ok: queued as 4FZ")


def kind_of(generation, fate, fates=FATES):
    """A kind that the generation gives this fate."""
    return (fates.index(fate) - generation.number) % len(fates)


class Ledger:
    """One message to one recipient, judged by FIRST, and what there is about it; a test changes one thing."""

    def __init__(self, fate="deliver", recipient_fate="deliver", domain="good.example"):
        recipient = f"k{kind_of(FIRST, recipient_fate, RECIPIENT_FATES)}.r0@here.example"
        self.attempts, self.arrived, self.held, self.events = [], [], [], []
        self.attempt = self.add(Message(7, kind_of(FIRST, fate), [recipient], domain, b"body\r\n", {}, 1), 1)

    def add(self, message, number):
        attempt = Attempt(message, number, list(message.recipients), began=10.0, judged=10.1)
        self.attempts.append(attempt)
        return attempt

    def told(self, code, text):
        self.attempt.settle(self.attempt.recipients, code, text)
        return self

    def judged(self, action, mark=FIRST.mark, generation=1):
        self.events.append({"event": "decision", "sender": self.attempt.sender, "action": action, "generation": generation, "tags": [mark],
                            "log": [f"mark-end: {mark}"]})
        return self

    def copy(self, headers=FIRST.mark, end=FIRST.mark, body=b"body\r\n"):
        return {"sender": self.attempt.sender, "recipients": list(self.attempt.recipients), "digest": digest(body),
                "fields": {"x-mark-headers": [headers] if headers else [], "x-mark-end": [f"{end} 1"], "x-body": [digest(b"body\r\n")]}}

    def arrives(self, **changes):
        self.arrived.append(self.copy(**changes))
        return self

    def is_held(self):
        self.held.append({"sender": self.attempt.sender, "recipients": list(self.attempt.recipients)})
        return self

    def audit(self, calm_from=None):
        audit = Audit([FIRST, SECOND, BROKEN], [Span("g0001", 0.0, 20.0), Span("g0002", 15.0)])
        audit.run(self.attempts, self.arrived, self.held, [(self.events, {1: FIRST, 2: SECOND})], calm_from)
        return audit

    def problems(self, **options):
        return sorted(words for words, found in self.audit(**options).problems.items() if found)


def delivered():
    return Ledger().told(*OK).judged("accept").arrives()


class AnHonestLedger(unittest.TestCase):
    def test_has_no_problem(self):
        refused, deferred, held = Ledger("refuse-end"), Ledger("defer-headers"), Ledger("hold")
        self.assertEqual(delivered().problems(calm_from=0), [])
        self.assertEqual(refused.told(5, "552 5.3.4 g0001 refuse-end (4FZ)").judged("reject").problems(calm_from=0), [])
        self.assertEqual(deferred.told(4, "451 4.6.0 g0001 defer-headers (4FZ)").judged("defer").problems(calm_from=0), [])
        self.assertEqual(held.told(*OK).judged("quarantine").is_held().problems(calm_from=0), [])
        self.assertEqual(Ledger(domain="servfail.example").told(4, "451 4.4.3 not verified (4FZ)").judged("defer").problems(calm_from=0), [])
        self.assertEqual(Ledger(domain="nowhere.example").told(5, "550 5.1.8 no such domain (4FZ)").judged("reject").problems(calm_from=0), [])
        self.assertEqual(Ledger().told(4, "451 4.7.1 Service unavailable").problems(), [])

    def test_counts_what_became_of_each_recipient(self):
        self.assertEqual(delivered().audit().counts["delivered"], 1)
        self.assertEqual(Ledger().told(4, "451 4.7.1 Service unavailable").audit().counts["put off by a fault"], 1)

    def test_may_release_what_was_held(self):
        held = Ledger("hold").told(*OK).judged("quarantine").is_held()
        audit = held.audit()
        audit.released(held.attempts, [held.copy()])
        self.assertFalse(any(audit.problems.values()))


class Wrong(unittest.TestCase):
    def found(self, problem, ledger, **options):
        self.assertIn(problem, PROBLEMS)
        self.assertIn(problem, ledger.problems(**options))

    def test_a_delivery_that_is_missing(self):
        self.found("lost", Ledger().told(*OK).judged("accept"))

    def test_a_delivery_too_many(self):
        self.found("duplicated", delivered().arrives())
        self.found("duplicated", delivered().is_held())

    def test_a_second_attempt_that_arrives_too(self):
        ledger = delivered()
        ledger.attempt = ledger.add(ledger.attempt.message, 2)
        self.found("duplicated", ledger.told(*OK).judged("accept").arrives())

    def test_no_last_word(self):
        self.found("unaccounted", Ledger())

    def test_a_delivery_after_a_4xx_or_5xx(self):
        self.found("unaccounted", Ledger().told(4, "451 4.7.1 Service unavailable").judged("accept").arrives())
        self.found("unaccounted", Ledger("refuse-end").told(5, "552 5.3.4 g0001 refuse-end").judged("accept").arrives())

    def test_a_delivery_that_nobody_sent(self):
        ledger = delivered()
        ledger.arrived.append({**ledger.copy(), "sender": ""})
        self.found("unaccounted", ledger)

    def test_a_mark_that_is_missing(self):
        self.found("unfiltered", Ledger().told(*OK).judged("accept").arrives(headers=None))

    def test_marks_that_differ(self):
        self.found("judged by two configurations", Ledger().told(*OK).judged("accept").arrives(end="g0002"))
        self.found("judged by two configurations", Ledger().told(*OK).judged("accept", mark="g0002").arrives())
        self.found("judged by two configurations", Ledger().told(*OK).judged("accept", generation=2).arrives())

    def test_a_recipient_refused_by_one_and_a_message_taken_by_another(self):
        ledger = delivered()
        ledger.attempt.recipients.append("k0.r1@here.example")
        ledger.attempt.final["k0.r1@here.example"] = (5, "550 5.1.1 g0002 refuse-recipient (4FZ)")
        self.found("judged by two configurations", ledger)

    def test_a_broken_configuration(self):
        self.found("judged by a configuration not in force", Ledger().told(*OK).arrives(headers="b0003", end="b0003"))

    def test_one_that_comes_too_early_or_too_late(self):
        later = Ledger().told(*OK).judged("accept", "g0002", 2).arrives(headers="g0002", end="g0002")
        self.found("judged by a configuration not in force", later)
        late = delivered()
        late.attempt.began = late.attempt.judged = 20.5
        self.found("judged by a configuration not in force", late)

    def test_a_5xx_that_no_rule_wants(self):
        self.found("5xx that a fault made", Ledger().told(5, "550 5.7.1 Command rejected"))
        self.found("5xx that a fault made", Ledger().told(5, "552 5.3.4 g0001 refuse-end (4FZ)").judged("reject"))
        self.found("5xx that a fault made", Ledger(domain="servfail.example").told(5, "550 5.1.8 no such domain (4FZ)").judged("reject"))

    def test_a_delivery_that_the_policy_refuses(self):
        self.found("against the policy", Ledger("refuse-end").told(*OK).judged("accept").arrives())
        self.found("against the policy", Ledger(recipient_fate="refuse-recipient").told(*OK).judged("accept").arrives())
        self.found("against the policy", Ledger("hold").told(*OK).judged("accept").arrives())
        self.found("against the policy", Ledger(domain="servfail.example").told(*OK).judged("accept").arrives())

    def test_a_4xx_without_a_reason(self):
        self.found("against the policy", Ledger().told(4, "451 4.6.0 g0001 defer-headers").judged("defer"))
        self.found("against the policy", Ledger().told(4, "451 4.7.1 Service unavailable"), calm_from=0)

    def test_another_body(self):
        self.found("changed on the way", Ledger().told(*OK).judged("accept").arrives(body=b"bo"))

    def test_a_line_of_the_log_that_is_missing_or_too_many(self):
        self.found("not logged", Ledger().told(*OK).arrives())
        self.found("not logged", delivered().judged("accept"))

    def test_a_held_message_that_is_gone_or_doubled_when_released(self):
        for copies, problem in ((0, "lost"), (2, "duplicated")):
            held = Ledger("hold").told(*OK).judged("quarantine").is_held()
            audit = held.audit()
            audit.released(held.attempts, [held.copy()] * copies)
            self.assertTrue(audit.problems[problem])


if __name__ == "__main__":
    unittest.main()

"""All rules at once: what is broken, what a reader decides, and the points."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from autograder.honesty import again_rules, claim_rules, forecast_rules, rest_rules, text_rules
from autograder.honesty.page import read_page
from autograder.honesty.rerun import run_report
from autograder.honesty.rules import RULES, Fault

__all__ = ["Verdict", "judge"]

SHOWN = 4  # faults of one rule that are printed


@dataclass
class Verdict:
    """What the check says of a report.

    Attributes:
        faults: rules broken, and where.
        notes: what the check cannot decide.
        unseen: rules that nothing could be said about, since the report ended early.
        claims: how many claims were run again.
    """

    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)
    claims: int = 0

    @property
    def broken(self) -> set[str]:
        return {fault.rule for fault in self.faults}

    @property
    def points(self) -> int:
        """A rule earns its points whole or not at all; what the report's end kept from being seen earns none."""
        lost = self.broken | self.unseen
        return sum(rule.points for key, rule in RULES.items() if key not in lost)

    def __str__(self) -> str:
        lines = [f"{self.claims} claims run again; {self.points} of {sum(r.points for r in RULES.values())} points"]  # fmt: skip
        for key, rule in RULES.items():
            mine = [fault for fault in self.faults if fault.rule == key]
            mark = "✗" if mine else "?" if key in self.unseen else "✓"
            lines.append(f"{mark} {key:10s} {rule.says}")
            lines += [f"    {fault}" for fault in mine[:SHOWN]]
            if len(mine) > SHOWN:
                lines.append(f"    and {len(mine) - SHOWN} more")
            if mine:
                lines.append(f"    Hint: {rule.hint}")
        if self.notes:
            lines += ["", "For the reader:", *(f"  - {note}" for note in self.notes)]
        return "\n".join(lines)


def judge(path: Path, fresh: int = again_rules.FRESH, splits: int = 6) -> Verdict:
    """Run a report and hold it to every rule.

    Args:
        fresh: new seeds for each claim; no fewer than it has itself.
        splits: other splits on which forecast and score are made again.
    """
    ran = run_report(read_page(path))
    verdict = Verdict(claims=len(ran.all(claim_rules.CLAIMS)))
    say = verdict.faults.extend
    if ran.error:
        say([Fault("runs", ran.error, ran.where)])
    unlike = "to something of its own: the record is not the library's any more"
    say([Fault("runs", f"the report sets `{name}` {unlike}") for name in ran.changed])
    if not ran.studies:
        say([Fault("runs", "the report makes no `Study`, so nothing in it can be run again")])
        verdict.unseen = set(RULES) - {"runs"}
        say(text_rules.numbers(ran))
        return verdict
    if ran.error:
        verdict.unseen = {"outputs", "repeats", "forecast", "covers"}
    for rule in (
        text_rules.numbers,
        text_rules.outputs,
        text_rules.door_in_code,
        claim_rules.seeds,
        claim_rules.can_fail,
        claim_rules.failed,
        rest_rules.rest,
        forecast_rules.forecast,
        forecast_rules.opened_once,
    ):
        say(rule(ran))
    for found, notes in (
        again_rules.again(ran, fresh),
        forecast_rules.covers(ran),
        forecast_rules.on_other_splits(ran, splits),
    ):
        say(found)
        verdict.notes += notes
    verdict.notes += [
        f"compares without naming a statement: {line}"
        for line in text_rules.comparisons_without_a_name(ran)
    ]
    return verdict

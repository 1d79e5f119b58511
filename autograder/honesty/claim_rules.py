"""What the record of each claim says by itself: seeds, thresholds, failures, order."""

from __future__ import annotations

import re
from collections import Counter

from autograder.honesty.record_rules import conditional
from autograder.honesty.rerun import Ran
from autograder.honesty.rules import Fault, same_number
from autograder.honesty.text_rules import reads
from course_vi.diagnostics.claim import LEAST, LIMIT
from course_vi.study import Agreement, Comparison, Rest
from course_vi.study.study import UNJUDGED

__all__ = ["CLAIMS", "can_fail", "failed", "said_to_fail", "seeds"]

CLAIMS = (Comparison, Agreement, Rest)
DENIES = re.compile(
    r"\b(do(es)? not|did not|no (sign|evidence|difference)|not seen|fail(s|ed)?|in vain|cannot tell)\b",
    re.I,
)


def seeds(ran: Ran) -> list[Fault]:
    """Five seeds or more, no two the same, and numbers that differ from seed to seed."""
    found = []
    for event in ran.all(CLAIMS):
        many = len(set(event.seeds))
        if many < LEAST or many < len(event.seeds):
            found.append(
                Fault(
                    "seeds",
                    f"[{event.name}] has the seeds {list(event.seeds)}: {many} different ones, and {LEAST} are the least",
                )
            )
        elif isinstance(event, Comparison) and event.values:
            first, second = event.values.values()
            kinds = len({a - b for a, b in zip(first, second, strict=True)})
            if kinds < LEAST:
                found.append(
                    Fault(
                        "seeds",
                        f"[{event.name}]: {len(first)} seeds give only {kinds} different difference{'s' if kinds > 1 else ''}, "
                        f"so they are not {len(first)} pieces of evidence",
                    )
                )
        elif isinstance(event, Agreement) and event.values:
            if all(same_number(min(values), max(values)) for values in event.values.values()):
                found.append(
                    Fault("seeds", f"[{event.name}]: every seed gives the same numbers in both arms")
                )  # fmt: skip
    return found


def can_fail(ran: Ran) -> list[Fault]:
    """A difference needs three standard errors; there is something to claim at all."""
    found = [
        Fault(
            "can_fail",
            f"[{event.name}] asks for {event.limit:g} standard errors, where {LIMIT:g} is the least: "
            + ("any number passes that" if event.limit <= 0 else "chance alone passes that too often"),
        )
        for event in ran.all(Comparison)
        if event.limit < LIMIT
    ]  # fmt: skip
    if not ran.all(Comparison) and not ran.before_an_error():
        found.append(Fault("can_fail", "the report compares nothing: no choice is defended by a measurement"))  # fmt: skip
    return found


def said_to_fail(ran: Ran, name: str) -> str:
    """The sentence that names a claim and says that it failed; empty if there is none."""
    named = re.compile(rf"\[[^\[\]]*(?<!\w){re.escape(name)}(?!\w)[^\[\]]*\]")
    cells = (block.cell for block in reads(ran) if name in block.names)
    sentences = (one for cell in cells for one in re.split(r"(?<=[.?!])\s+", cell.source))
    return next((one for one in sentences if named.search(one) and DENIES.search(one)), "")


def failed(ran: Ran) -> list[Fault]:
    """A claim that failed stands in the record, also where its error was caught; it is no fault where the text says so."""
    found = [
        Fault("failed", f"[{event.name}] was claimed and failed, and no sentence that names it says so: {event.printed}")
        for event in ran.all(CLAIMS)
        if event.printed and not event.holds and not said_to_fail(ran, event.name)
    ]  # fmt: skip
    found += [
        Fault("failed", f"{where}: whether it is claimed depends on what comes", cell.where)
        for cell in ran.page.cells
        if cell.code
        for where in conditional(cell.source)
    ]
    found += [
        Fault("failed", f"[{event.name}] was not judged: the report sets COURSE_VI_SMOKE")
        for event in ran.all(CLAIMS)
        if event.printed.startswith(UNJUDGED)
    ]
    counts = Counter(event.name for event in ran.all(CLAIMS))
    found += [
        Fault("failed", f"[{name}] was claimed {count} times; the record keeps every attempt")
        for name, count in counts.items()
        if count > 1
    ]
    return found

"""Where a report says that training has come to rest, a test of rest stands behind it, fine enough for what it serves."""

from __future__ import annotations

import re

from autograder.honesty.rerun import Ran
from autograder.honesty.rules import Fault
from autograder.honesty.text_rules import reads
from course_vi.study import Comparison, Rest

__all__ = ["rest"]

SAYS = re.compile(
    r"\b(at rest|to rest|converge[sd]?|convergence|converging|has settled|fully trained|plateau(?:s|ed)?|"
    r"no longer (?:rises|improves|changes))\b",
    re.I,
)
SHARE = 3.0  # how much finer than the smallest difference it serves a test of rest must be


def rest(ran: Ran) -> list[Fault]:
    """Words of rest name an ``at_rest``; its tolerance is a third of the differences that it serves, or less."""
    tests = {event.name: event for event in ran.all(Rest)}
    compared = {event.name: event for event in ran.all(Comparison)}
    found = []
    for block in reads(ran):
        match = SAYS.search(block.text)
        if match and not set(block.names) & set(tests):
            found.append(
                Fault(
                    "rest",
                    f"“{match[0]}” stands in a paragraph that names no test of rest",
                    block.cell.where,
                )
            )
    for event in tests.values():
        if not event.serves and compared:
            found.append(Fault("rest", f"[{event.name}] serves no comparison: say which of {sorted(compared)} rest on it"))  # fmt: skip
        for name in event.serves:
            if name not in compared:
                if not ran.before_an_error():
                    found.append(Fault("rest", f"[{event.name}] serves [{name}], which is no comparison of this report"))  # fmt: skip
                continue
            size = abs(compared[name].numbers.get("difference", 0.0))
            if event.within * SHARE > size:
                found.append(
                    Fault(
                        "rest",
                        f"[{event.name}] would let {event.within:g} pass as rest, and the difference of [{name}] is {size:.3g}: "
                        f"a third of that is the most",
                    )
                )
    return found

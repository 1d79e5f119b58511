"""``docs/attacks.md``: what each attack does and what came of it, on stock nbgrader and on ours, in the order of what is attacked.

What stock nbgrader gave is measured seldom (``--stock``), because it harms the machine; what stands on the page already is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.audit.attack import Attack
from autograder.audit.attack_run import Outcome

__all__ = ["KINDS", "page"]

KINDS = {
    "file": "The file itself",
    "ipython": "IPython and the kernel",
    "reply": "The reply to the grader",
    "find": "Looking for answers",
    "write": "Writing what is not theirs",
    "jail": "The jail",
    "use": "Using things up",
    "die": "Dying",
    "page": "The instructor's browser",
    "honest": "No attack: fairness",
}
ROW = re.compile(r"^\| (.+) \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)
HEAD = """# Attacks, and what came of them

`autograder/audit/attacks/` holds hostile submissions to problem set 03 ({full:g} points, and 2 that a person marks).
`python -m autograder attacks` grades them in one class between two honest students, and looks around afterwards: at every score, at
the files of the course and of the neighbours, at the gradebook, at processes that were left, at connections that were made, at scripts
in feedback pages. `tests/autograder/audit/test_attacks.py` does the same, and `python -m autograder attacks --write docs/attacks.md`
writes this page.

The column *stock* is nbgrader 0.9.6 with its own configuration, the same notebooks and the same checks run in the kernel as it does
(`--stock`); "-" was not shown to it, because it would have harmed the machine or spoken to others, or because it makes sense on ours
alone; an empty place was not tried. "none" is no grade at all: the conversion failed, and the submission has to be graded by hand. A
score above the honest one was not earned; one below it was lost.
{summary}
"""


def page(outcome: Outcome, chosen: Sequence[Attack], stock: Mapping[str, str], path: Path) -> str:
    """The whole page. ``path``: the page as it is, for what stock nbgrader gave."""
    known = dict(_known(path))
    sections, honest = [], 0
    for kind, title in KINDS.items():
        rows = []
        for attack in chosen:
            if attack.name.split("_")[0] != kind:
                continue
            row, deserved = outcome.rows[attack.name], f"{sum(attack.honest.values()):g}"
            ours = row.failure or f"{row.total:g}"
            honest += not row.differs(attack.honest)
            told = stock.get(attack.name) or known.get(attack.says, "")
            told = "-" if attack.stock != "run" else told
            rows.append(f"| {attack.says} | {told} | {ours} | {deserved} |")
        if rows:
            head = [
                "",
                f"## {title}",
                "",
                "| attack | stock | ours | honest |",
                "|---|---|---|---|",
            ]
            sections += [*head, *rows]
    summary = f"Ours gave {honest} of {len(chosen)} their honest score"
    summary += (
        "; " + "; ".join(outcome.faults) + "."
        if outcome.faults
        else ", touched nobody else, and left nothing."
    )
    full = max(sum(attack.honest.values()) for attack in chosen)
    return HEAD.format(full=full, summary=summary) + "\n".join(sections) + "\n"


def _known(path: Path) -> list[tuple[str, str]]:
    """What each attack does, and what stock nbgrader gave, from a page."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [(says, stock) for says, stock, _, _ in ROW.findall(text)]

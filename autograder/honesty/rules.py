"""The rules that a report is held to: what each is called, what it is worth, and what to do where it is broken."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["RULES", "Fault", "Rule", "same_number"]


@dataclass(frozen=True)
class Rule:
    """A rule: its sentence, its points, and a hint for whoever broke it."""

    says: str
    points: int
    hint: str


RULES = {
    "runs": Rule(
        "the report runs from top to bottom, from a fresh start",
        3,
        "Restart the kernel and run all cells before you hand it in; what fails there fails here.",
    ),
    "numbers": Rule(
        "every number in the text stands in the record of a statement that its paragraph names",
        5,
        "State it with `given`, `measured`, `compare`, `agree` or `at_rest`, and write the statement's name in square brackets into "
        "the paragraph that quotes it.",
    ),
    "outputs": Rule(
        "the outputs stored in the notebook are those that its code gives",
        2,
        "Run all cells and save; do not edit an output, and do not change a cell after its last run.",
    ),
    "seeds": Rule(
        "at least five seeds, all different, and the numbers depend on them",
        4,
        "Let every random draw of an arm come from the seed that it is handed: the rows it trains on, the starting point, the noise.",
    ),
    "repeatable": Rule(
        "the same seed gives the same number",
        3,
        "Make a generator of your own from the seed, inside the arm; a global generator remembers what ran before.",
    ),
    "pairs": Rule(
        "errors are those of pairs: both arms of a comparison get the same seed and use it alike",
        3,
        "Draw rows and noise in both arms from the very seed that is handed over, so that chance common to both falls out.",
    ),
    "data": Rule(
        "an arm reads the data that it is handed",
        3,
        "Use the argument `data`, not a table from outside of the function, and never a number copied from a run.",
    ),
    "can_fail": Rule(
        "a threshold can fail: three standard errors for a difference, a tolerance that something breaks",
        4,
        "Ask what the numbers would look like if the sentence were false, and choose the threshold between the two.",
    ),
    "shuffled": Rule(
        "a claim about what inputs or repeats tell fails where outcomes are shuffled",
        3,
        "If the sentence is about something that shuffling leaves alone, say so in `anyway`; if not, it is not yet evidence.",
    ),
    "failed": Rule(
        "no claim that failed is hidden, and none was tried again until it held",
        2,
        "Report what failed: catch `Unsound`, and say in the sentence that names the claim that it does not hold; or claim the "
        "opposite under a name of its own.",
    ),
    "repeats": Rule(
        "with other seeds the claims hold as often as their errors promise",
        5,
        "Take the seeds that come first, not those that look best; and more of them.",
    ),
    "rest": Rule(
        "where training is said to have come to rest, that was tested, and finely enough",
        3,
        "State it with `at_rest`, name it in the paragraph, and choose `within` small beside the differences that it serves.",
    ),
    "door": Rule(
        "held-out data come through the door alone, and it is opened once",
        3,
        "Call the loader only inside `Study(...)`; choose everything on `study.train`, then open once.",
    ),
    "forecast": Rule(
        "the forecast was made before the door was opened, from the training data, and nothing was chosen after",
        4,
        "Let `how` compute mean and interval from the data that it is handed, by cross-validation; state all claims before `open`.",
    ),
    "covers": Rule(
        "the interval holds the score, holds it on other splits as often as it says, and is no wider than it must be",
        3,
        "An interval for a mean over n held-out units needs their spread over the root of n, and the error of your own estimate.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A rule that is broken, and where."""

    rule: str
    message: str
    where: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}"


def same_number(one: float, other: float) -> bool:
    """Whether two computations of one number may have given these: equal up to rounding, which hangs on where arrays lie in memory.

    >>> same_number(0.1 + 0.2, 0.3), same_number(0.3, 0.3 + 1e-7)
    (True, False)
    """
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)

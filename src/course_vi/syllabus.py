"""The twenty units: what they are called, what builds on what, and which belong to the ten-week core.

The README's table and the map of units are made from this list, and tests hold file names to it.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

__all__ = ["UNITS", "Unit", "of_number", "in_this_copy", "table"]


class Unit(NamedTuple):
    """One unit of the course.

    Attributes:
        number: 0 to 19.
        name: of its files, after the number.
        title: as a reader sees it.
        needs: the units it builds on.
        core: whether it belongs to the ten-week core, which needs nothing outside itself. The other routes are all twenty units, and
            any unit alone, from the box of prerequisites at its beginning.
        signature: its signature exercise, S1 to S10, which ends in a measured agreement with an exact answer; "" if it has none.
    """

    number: int
    name: str
    title: str
    needs: tuple[int, ...]
    core: bool
    signature: str = ""

    @property
    def stem(self) -> str:
        """The name of its files.

        >>> UNITS[3].stem
        '03_elbo'
        """
        return f"{self.number:02d}_{self.name}"


UNITS: tuple[Unit, ...] = (
    Unit(0, "start_here", "Start here", (), True),
    Unit(1, "graphical_models", "Graphical models", (0,), True),
    Unit(
        2, "marginal_likelihood", "Marginal likelihood, and how Bayesian are you", (1,), True, "S1"
    ),
    Unit(3, "elbo", "The ELBO", (2,), True, "S2"),
    Unit(4, "em_and_mean_field", "EM and mean field", (3,), True, "S3"),
    Unit(5, "score_function", "The score function", (3,), True, "S4"),
    Unit(6, "reparametrization", "Reparametrization", (3,), True, "S5"),
    Unit(7, "discrete_relaxations", "Discrete relaxations", (5, 6), False),
    Unit(8, "variational_families", "Variational families", (6,), True),
    Unit(9, "sticking_the_landing", "Sticking the landing", (5, 6), True, "S6"),
    Unit(10, "tighter_bounds", "Tighter bounds", (9,), True, "S7"),
    Unit(11, "amortized_inference", "Amortized inference", (6,), True, "S8"),
    Unit(12, "helmholtz_machines", "Helmholtz machines", (5, 11), False),
    Unit(13, "variational_autoencoders", "Variational autoencoders", (11,), True),
    Unit(14, "pyro", "Pyro", (13,), True, "S9"),
    Unit(15, "vae_variants", "VAE variants", (13,), False),
    Unit(16, "sets_and_functions", "Sets and functions", (13,), False),
    Unit(17, "sequences", "Sequences", (10, 13), False),
    Unit(18, "exact_likelihood_gradients", "Exact likelihood gradients", (10, 13), False),
    Unit(19, "bits_back", "Bits back", (13,), False, "S10"),
)


def in_this_copy() -> list[int]:
    """The numbers of the units whose lectures lie in this copy of the course.

    >>> 0 in in_this_copy()
    True
    """
    lectures = Path(__file__).resolve().parents[2] / "lectures"
    return [unit.number for unit in UNITS if (lectures / f"{unit.stem}.ipynb").is_file()]


def of_number(number: str) -> Unit:
    """The unit of a number in two digits.

    >>> of_number("03").title
    'The ELBO'

    Raises:
        ValueError: there is none.
    """
    for unit in UNITS:
        if unit.stem[:2] == number:
            return unit
    raise ValueError(f"unit is {number!r}; expected the number of a unit, such as '03'")


def table(here: Collection[int]) -> str:
    """The units as a table in Markdown; those that are in this copy lead to their lectures.

    >>> print("\\n".join(table([0]).splitlines()[:4]))
    | unit | title | builds on | ten-week core |
    |---|---|---|---|
    | 00 | [Start here](lectures/00_start_here.ipynb) |  | yes |
    | 01 | Graphical models | 00 | yes |
    """
    rows = ["| unit | title | builds on | ten-week core |", "|---|---|---|---|"]
    for unit in UNITS:
        title = f"[{unit.title}](lectures/{unit.stem}.ipynb)" if unit.number in here else unit.title
        rows.append(
            f"| {unit.number:02d} | {title} | {', '.join(f'{need:02d}' for need in unit.needs)} | {'yes' if unit.core else ''} |"
        )
    return "\n".join(rows)

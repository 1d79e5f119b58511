"""Where a course lies: its lectures, problem sets, what students get, and what its exercises are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.units import EXERCISES

__all__ = [
    "CLASS",
    "ROOT",
    "SOLUTION_ONLY",
    "Course",
    "MasterError",
    "UsageError",
    "this_course",
]

ROOT = Path(__file__).resolve().parents[1]
CLASS = ROOT / "autograder" / "class.data"
SOLUTION_ONLY = (
    "solution_only"  # marks a cell that explains a solution, and is dropped from what students get
)


class UsageError(ValueError):
    """What whoever gave a command can mend; it is told in a line, without a traceback."""


class MasterError(UsageError):
    """A unit that is not there, or a text master that breaks a rule of its form; the message lists every breach found."""


@dataclass(frozen=True)
class Course:
    """Where a course lies and what its exercises are worth."""

    root: Path
    registry: Mapping[str, Any]

    def lecture(self, unit: str, suffix: str = ".ipynb") -> Path:
        return self.root / "lectures" / f"{unit}{suffix}"

    def source(self, unit: str, suffix: str = ".ipynb") -> Path:
        return self.root / "solutions" / unit / f"{unit}{suffix}"

    def release(self, unit: str) -> Path:
        return self.root / "notebooks" / unit / f"{unit}.ipynb"

    def units(self, wanted: list[str] | None = None) -> list[str]:
        """Units that have a master, in order; ``wanted`` picks by the beginning of their names (``"03"``)."""
        every = {path.stem for path in self.root.glob("lectures/[0-9][0-9]_*.py")}
        every |= {
            path.stem
            for path in self.root.glob("solutions/*/[0-9][0-9]_*.py")
            if path.stem == path.parent.name
        }
        for name in wanted or []:
            if not any(unit.startswith(name) for unit in every):
                raise MasterError(
                    f"there is no unit {name!r}; the units are {', '.join(sorted(every)) or 'none yet'}"
                )
        return sorted(
            unit for unit in every if not wanted or any(unit.startswith(name) for name in wanted)
        )

    def pages(self) -> list[str]:
        """Notebooks that belong to no unit: masters in ``lectures/`` whose names begin with no number."""
        return sorted(
            path.stem for path in self.root.glob("lectures/*.py") if not path.stem[:2].isdigit()
        )

    def notebooks(self, wanted: list[str] | None = None) -> list[str]:
        """What is built: units and pages; ``wanted`` picks as in ``units``, and pages by their names."""
        pages = [page for page in self.pages() if not wanted or page in wanted]
        others = [name for name in wanted or [] if name not in pages]
        return ([] if wanted and not others else self.units(others)) + pages


def this_course() -> Course:
    """The course this file belongs to."""
    return Course(ROOT, EXERCISES)

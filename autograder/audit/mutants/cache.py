"""What is known already: the results of mutants, one JSON line each.

The file's name holds the key of all that decides them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["CACHE", "Cache", "Result"]

CACHE = Path("build") / "mutants"


class Result(NamedTuple):
    """What became of a mutant.

    Attributes:
        outcome: ``raises``, ``endless``, ``equivalent``, ``live``; or ``allowed``: another right
            answer, says the check on every seed, where whatever has a property is right.
        differs: in what a living mutant differs from its parent.
        passed: the seeds, of those tried, on which the check gave full marks.
        names: the mistakes named, seed by seed, each ``"part key"``.
    """

    id: str
    answer: str
    operator: str
    what: str
    outcome: str
    differs: str = ""
    seeds: int = 0
    passed: int = 0
    names: tuple[tuple[str, ...], ...] = ()

    @property
    def killed(self) -> bool:
        """Refused on every seed."""
        return self.outcome == "live" and self.passed == 0

    @property
    def flips(self) -> bool:
        """Two seeds, two names for what one part saw: at least one of them is false."""
        named = {name for names in self.names for name in names}
        return len({name.split()[0] for name in named}) < len(named)

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The mistakes named, seed by seed, whichever part saw them."""
        return tuple(
            tuple(dict.fromkeys(name.split()[-1] for name in names)) for names in self.names
        )


class Cache:
    """The results of one exercise, for one state of its check, answers and operators.

    A line that was cut off is computed anew.
    """

    def __init__(self, exercise: str, key: str, folder: Path = CACHE) -> None:
        self.path = folder / f"{exercise}-{key}.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{exercise}-*.jsonl"):
            if old != self.path:
                old.unlink()
        self.known: dict[str, Result] = {}
        for line in self.path.read_text("utf-8").splitlines() if self.path.exists() else []:
            try:
                result = _read(json.loads(line))
            except (ValueError, TypeError):
                continue
            self.known[result.id] = result

    def get(self, identity: str, seeds: int) -> Result | None:
        """What is known of a mutant, if it was tried on so many seeds, or needed none."""
        found = self.known.get(identity)
        return (
            found
            if found and (found.outcome not in ("live", "allowed") or found.seeds == seeds)
            else None
        )

    def put(self, result: Result) -> None:
        self.known[result.id] = result
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result._asdict()) + "\n")


def _read(row: dict[str, Any]) -> Result:
    return Result(**{**row, "names": tuple(tuple(names) for names in row["names"])})

"""One submission, as the log knows it: who, what was handed in, and what decides on its points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.grading import provenance
from autograder.intake import submissions
from autograder.intake.names import safe_id

__all__ = ["Submission"]


@dataclass(frozen=True)
class Submission:
    """Made once for each grading, and handed on.

    Attributes:
        name: the folder in ``submitted/``, as it is called there.
        folder: where the work lies.
        digest: a hash of who handed in what.
        decided_by: a hash of everything else that decides; see ``provenance.decided_by``.
    """

    unit: str
    name: str
    folder: Path
    digest: str
    decided_by: str

    @classmethod
    def find(cls, home: Path, unit: str, name: str, decided_by: str) -> Submission:
        """The submission of ``name`` below ``home``, read now."""
        folder = submissions.find(home, name, unit) or home / name / unit
        digest = f"{safe_id(name)}/{provenance.submission_hash(folder)}"
        return cls(unit, name, folder, digest, decided_by)

    @property
    def student(self) -> str:
        """The id in the gradebook."""
        return safe_id(self.name)

    def key(self, only: Sequence[str] = ()) -> str:
        """What identifies its grade: equal keys need no second grading."""
        return provenance.key(self.digest, self.unit, self.decided_by, only)

    def record(self, only: Sequence[str] = ()) -> dict[str, object]:
        """What its line in the log says of it."""
        return {
            "key": self.key(only),
            "decided_by": self.decided_by,
            "submission": self.digest,
            "name": ascii(self.name)[1:-1],
            "only": list(only),
        }

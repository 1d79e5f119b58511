"""How large a submission may be, and how one is refused."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.intake.names import printable

__all__ = ["LIMITS", "REASONS", "Limits", "Refusal"]

REASONS = {
    "empty": "there is no notebook in it",
    "link": "it holds a link in place of a notebook",
    "special": "it holds something that is no ordinary file in place of a notebook",
    "too_large": "its notebook is too large",
    "unreadable": "its notebook cannot be read, not even in part",
    "another_unit": "its notebook belongs to another problem set",
    "archive": "its zip file cannot be opened",
    "bomb": "its zip file would unpack to more than is allowed",
    "denied": "its files may not be read by the grader",
}


class Refusal(Exception):
    """A submission that cannot be graded, by name: ``reason`` is a key of ``REASONS``, ``detail`` says more."""

    def __init__(self, reason: str, detail: str = "") -> None:
        if reason not in REASONS:
            raise ValueError(f"reason is {reason!r}; expected one of {', '.join(REASONS)}")
        self.reason, self.detail = reason, printable(detail)
        detail = self.detail
        super().__init__(f"{reason}: {REASONS[reason]}{f' ({detail})' if detail else ''}")

    def __reduce__(self) -> tuple[type[Refusal], tuple[str, str]]:
        return type(self), (self.reason, self.detail)


@dataclass(frozen=True)
class Limits:
    """The most that is read of a submission, in bytes, characters and numbers.

    A notebook with every plot of a problem set run is well below a tenth of ``file``; a photograph from a telephone below ``attachment``.
    """

    file: int = 64_000_000
    source: int = 200_000
    cells: int = 1_000
    attachment: int = 12_000_000
    attachments: int = 40_000_000
    files: int = 2_000
    depth: int = 6
    archive: int = 200_000_000


LIMITS = Limits()

"""Who ended the kernel? A cell may leave something behind that ends it later, while another is run.

So whoever is hit is tried once more, in a new kernel, before it is blamed; and where kernels go on ending, the cells of the exercises
above, which have been graded, are left out in turn, the nearest first. One group is on trial at a time: if the kernel ends all the same
it is taken back.
"""

from __future__ import annotations

__all__ = ["ENDED", "LEFT_BEHIND", "Blame", "Group"]

ENDED = "it ended", "it was ended"  # how a loss begins that is no limit of ours
LEFT_BEHIND = "something that it left behind ended the kernel later"
NEAREST = 4  # exercises that may be suspected
Group = tuple[int, ...]  # the learner's cells of an exercise


class Blame:
    """Cells that are left out, and those that may be next.

    Attributes:
        left_out: cells that ended a kernel, and how.
        notes: what is told of it in the log.
    """

    def __init__(self, notes: list[str]) -> None:
        self.left_out: dict[int, str] = {}
        self.notes = notes
        self.suspects: list[Group] = []
        self.on_trial: Group = ()

    def suspect(self, groups: list[Group]) -> None:
        """These may have ended the kernel; the last of them is the first to be left out."""
        self.suspects = [group for group in groups if group][-NEAREST:]

    def next(self, why: str) -> bool:
        """A kernel was lost: whether somebody else is left out now, so that what was hit can be tried again."""
        for cell in self.on_trial:  # it was not their fault
            self.left_out.pop(cell, None)
        self.on_trial = self.suspects.pop() if self.suspects else ()
        self.left_out.update(dict.fromkeys(self.on_trial, LEFT_BEHIND))
        if self.on_trial:
            self.note(f"{why}; what was left behind by cells {list(self.on_trial)} is blamed")
        return bool(self.on_trial)

    def cell(self, index: int, why: str) -> None:
        """This cell ends the kernel by itself."""
        self.left_out[index] = why[:200]
        self.note(f"cell {index}: {why}")

    def note(self, text: str) -> None:
        self.notes.append(text[:300])

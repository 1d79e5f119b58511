"""Several exercises scored one after the other, and printed."""

from __future__ import annotations

import torch

from autograder.audit.mutants.score import Score, score
from autograder.audit.mutants.table import HEAD, line

__all__ = ["measure"]


def measure(names: list[str], seeds: int, most: int, jobs: int) -> list[Score]:
    """Score these exercises one by one, and print what is found as it comes."""
    torch.set_num_threads(1)
    print(HEAD, flush=True)
    scores = []
    for name in names:
        found = score(name, seeds, most, jobs)
        scores.append(found)
        print(line(found), flush=True)
        for result in found.survivors:
            print(
                f"    survives {result.passed}/{result.seeds}: {result.answer} | "
                f"{result.operator} | {result.what} | {result.differs}"
            )
        for result in found.flips:
            shown = sorted({" ".join(names) for names in result.names if names})
            print(f"    two names: {result.answer} | {result.operator} | {result.what} | {shown}")
        for kind in found.disputed:
            print(f"    right answers never agree on: {kind}")
        for complaint in found.complaints:
            print(f"    NOT AS PROMISED: {complaint}", flush=True)
    return scores

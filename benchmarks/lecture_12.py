"""The table of lecture 12 that takes too long for a page: wake-sleep and its reweighted form in the arena of unit 13.

    python benchmarks/lecture_12.py                   # 2,000 and 8,000 steps
    python benchmarks/lecture_12.py --steps 2000

It writes ``src/course_vi/experiments/lecture_12.json``, with seeds, steps and seconds; the lecture reads that file, trains one seed for
a few steps once more, and holds its sentences to the numbers.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import torch
from torch import Tensor

from course_vi.data import digits
from course_vi.experiments import exact_arena
from course_vi.experiments.stored_tables import path_of

SEEDS = [0, 1, 2, 3, 4]
HERE = path_of(12)


def rounded(values: Tensor) -> list[float]:
    return [round(value, 4) for value in values.tolist()]


def entry(way: str, steps: int, seeds: list[int]) -> dict[str, Any]:
    images, start = digits(), time.process_time()
    run = exact_arena.train_one_way(way, images.train, seeds, steps)
    seconds = time.process_time() - start

    def score(x: Tensor) -> list[float]:
        """Mean exact log p(x), one number for each seed."""
        with torch.no_grad():
            parts = [
                exact_arena.grid_log_evidence(
                    run.decoder, some, place=lambda z: z.expand(len(seeds), -1, -1)
                )
                for some in x.split(100)
            ]
        return rounded(torch.cat(parts, -1).mean(-1))

    return {
        "train": score(images.train),
        "test": score(images.test),
        "objective": rounded(torch.stack([part.mean() for part in run.objective.chunk(8)])),
        "seconds": round(seconds),
    }


def add(table: str, steps: int, way: str, found: dict[str, Any]) -> None:
    stored = json.loads(HERE.read_text("utf-8")) if HERE.exists() else {}
    stored |= {"command": "python benchmarks/lecture_12.py", "seeds": SEEDS}
    stored.setdefault(table, {}).setdefault(str(steps), {})[way] = found
    HERE.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", "utf-8")
    print(table, steps, way, found, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", nargs="*", type=int, default=[2000, 8000])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    add("sleep_again", 300, "wake-sleep", entry("wake-sleep", 300, SEEDS[:1]))
    for steps in chosen.steps:
        for way in exact_arena.SLEEPERS:
            add("sleepers", steps, way, entry(way, steps, SEEDS))


if __name__ == "__main__":
    main()

"""The two tables of lecture 13 that take too long for a page: five ways ranked exactly, and collapse under a strong decoder, on trial.

    python benchmarks/lecture_13.py arena --steps 2000
    python benchmarks/lecture_13.py arena --steps 8000 --ways autoencoder VAE "VAE, sticking the landing" IWAE
    python benchmarks/lecture_13.py again             # one seed, 1,000 steps, to compare with when the lecture computes them once more
    python benchmarks/lecture_13.py collapse

Each run adds to ``src/course_vi/experiments/lecture_13.json``, entry by entry, with its seeds, steps and seconds; the lecture reads
that file, recomputes one seed, and holds its sentences to the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_vi.data import digits
from course_vi.experiments import exact_arena
from course_vi.experiments.collapse_trial import collapse_trial
from course_vi.experiments.stored_tables import path_of

PATH, SEEDS = path_of(13), [0, 1, 2, 3, 4]


def rounded(values: Tensor) -> list[float]:
    return [round(value, 4) for value in values.tolist()]


def score(decoder: Any, x: Tensor, place: Callable[[Tensor], Tensor]) -> Tensor:
    """Mean exact log p(x), one number for each seed."""
    with torch.no_grad():
        parts = [exact_arena.grid_log_evidence(decoder, some, place=place) for some in x.split(100)]
    return torch.cat(parts, -1).mean(-1)


def arena(way: str, steps: int, seeds: list[int] = SEEDS) -> dict[str, Any]:
    images, start = digits(), time.process_time()
    run = exact_arena.train_one_way(way, images.train, seeds, steps)
    seconds = time.process_time() - start

    def itself(z: Tensor) -> Tensor:
        return z.expand(len(seeds), -1, -1)

    fits = way == "autoencoder"
    place = exact_arena.fitted_normal(run.encoder, images.train) if fits else itself
    entry = {
        "train": rounded(score(run.decoder, images.train, place)),
        "test": rounded(score(run.decoder, images.test, place)),
        "objective": rounded(torch.stack([part.mean() for part in run.objective.chunk(8)])),
        "seconds": round(seconds),
    }
    if fits:
        entry["unfitted"] = rounded(score(run.decoder, images.test, itself))
    return entry


def collapse(reach: int, steps: int) -> dict[str, Any]:
    images, start = digits(), time.process_time()
    trial = collapse_trial(images.train, images.test, SEEDS, steps, neighbours=reach)
    return {
        "activity": [[rounded(row) for row in way] for way in trial.activity],
        "test": [rounded(way) for way in trial.log_evidence],
        "train": [rounded(way) for way in trial.train_log_evidence],
        "rate": [rounded(way) for way in trial.rate],
        "objective": [rounded(part.mean((0, 2))) for part in trial.objective.chunk(8)],
        "seconds": round(time.process_time() - start),
    }


def add(table: str, steps: int, name: str, entry: dict[str, Any]) -> None:
    stored = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}
    stored |= {"command": "python benchmarks/lecture_13.py", "seeds": SEEDS}
    stored.setdefault(table, {}).setdefault(str(steps), {})[name] = entry
    draft = PATH.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", "utf-8")
    draft.replace(PATH)  # whole or not at all: several runs may add to it
    print(table, steps, name, entry, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=["arena", "again", "collapse"])
    parser.add_argument("--ways", nargs="*", default=list(exact_arena.WAYS))
    parser.add_argument("--steps", nargs="*", type=int)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.table == "collapse":
        for steps in chosen.steps or [1500, 4000]:
            for reach in (0, 2):
                add("collapse", steps, f"neighbours {reach}", collapse(reach, steps))
        return
    alone = chosen.table == "again"  # what the lecture computes once more: one seed, few steps
    for steps in chosen.steps or ([1000] if alone else [2000, 8000, 16000]):
        for way in chosen.ways:
            add(chosen.table, steps, way, arena(way, steps, SEEDS[:1] if alone else SEEDS))


if __name__ == "__main__":
    main()

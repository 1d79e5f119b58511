"""The table of lecture 10 that takes too long for a page: a model of digits trained by the ELBO and by the importance-weighted bound.

    python benchmarks/lecture_10.py trial --steps 4000 8000

Each run adds to ``src/course_vi/experiments/lecture_10.json``, entry by entry, with its seeds, steps and seconds; the lecture reads
that file and holds its sentences to the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any

import torch
from torch import Tensor

from course_vi.data import digits
from course_vi.experiments import bound_trial
from course_vi.experiments.stored_tables import path_of

SEEDS = [0, 1, 2, 3, 4]


def rounded(values: Tensor) -> list[float]:
    return [round(value, 4) for value in values.tolist()]


def trial(way: str, steps: int, seeds: list[int]) -> dict[str, Any]:
    images, start = digits(), time.process_time()
    run = bound_trial.train_bound(way, images.train, seeds, steps)
    entry: dict[str, Any] = {"seconds": round(time.process_time() - start)}
    for part, x in (("train", images.train[::5]), ("test", images.test)):
        scores = bound_trial.score_run(run, x)
        entry[part] = {name: rounded(value) for name, value in scores.items()}
    entry["objective"] = rounded(torch.stack([part.mean() for part in run.objective.chunk(8)]))
    again = bound_trial.refit_encoder(run, images.train, seeds)
    scores = bound_trial.score_run(again, images.test)
    entry["refitted"] = {name: rounded(value) for name, value in scores.items()}
    return entry


def add(table: str, steps: int, name: str, entry: dict[str, Any]) -> None:
    path = path_of(10)
    stored = json.loads(path.read_text("utf-8")) if path.exists() else {}
    stored |= {"command": "python benchmarks/lecture_10.py", "seeds": SEEDS}
    stored.setdefault(table, {}).setdefault(str(steps), {})[name] = entry
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", "utf-8")
    draft.replace(path)  # whole or not at all: several runs may add to it
    print(table, steps, name, entry, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=["trial"])
    parser.add_argument("--ways", nargs="*", default=list(bound_trial.BOUND_WAYS))
    parser.add_argument("--steps", nargs="*", type=int)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for steps in chosen.steps or [4000, 8000]:
        for way in chosen.ways:
            add(chosen.table, steps, way, trial(way, steps, SEEDS))


if __name__ == "__main__":
    main()

"""The tables of lecture 17 that take too long for a page: learned proposals, digits row by row, and digits stroke by stroke.

    python benchmarks/lecture_17.py                   # all three
    python benchmarks/lecture_17.py --only proposals --steps 600

It writes ``src/course_vi/experiments/lecture_17.json``, with seeds, steps and seconds; the lecture reads that file, runs each kind of
training for a few steps once more, and holds its sentences to the numbers.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import torch
from torch import Tensor

from course_vi.data import digits
from course_vi.diagnostics import importance_log_evidence
from course_vi.experiments import digit_rows
from course_vi.experiments.learned_proposal import OBJECTIVES, learned_proposal
from course_vi.experiments.stored_tables import path_of

SEEDS = [0, 1, 2, 3, 4]
HERE = path_of(17)


def rounded(values: Tensor) -> list[Any]:
    if values.dim() > 1:
        return [rounded(row) for row in values]
    return [round(value, 4) for value in values.tolist()]


def proposals(steps: int) -> None:
    for objective in OBJECTIVES:
        start = time.process_time()
        q, course = learned_proposal(objective, SEEDS, steps)
        found = {
            "weights": rounded(q.weights.detach()),
            "first": rounded(q.first.detach()),
            "log_scale": rounded(q.log_scale.detach()),
            "objective": rounded(torch.stack([part.mean(0) for part in course.chunk(8)])),
            "seconds": round(time.process_time() - start),
        }
        add("proposals", steps, objective, found)


def pictures(table: str, steps: int) -> None:
    images, source = digits(), torch.Generator().manual_seed(0)
    rows = table == "rows"
    ways: tuple[Any, ...] = digit_rows.WAYS if rows else digit_rows.STROKES
    for way in ways:
        found: dict[str, Any] = {"test": [], "train": [], "bound": []}
        start = time.process_time()
        make = digit_rows.rows_of_digits if rows else digit_rows.drawing
        pairs = [make(way, seed) for seed in SEEDS]
        course = digit_rows.train_pairs(pairs, images.train, steps, SEEDS)
        found["objective"] = rounded(torch.stack([part.mean(0) for part in course.chunk(8)]))
        found["seconds"] = round(time.process_time() - start)
        with torch.no_grad():
            for p, q in pairs:
                for name, x in (("train", images.train[:300]), ("test", images.test)):
                    z = q.sample(20, x, source)  # the mean of twenty one-sample bounds
                    found[name].append(round((p.log_joint(x, z) - q(x, z)).mean().item(), 4))
                value = importance_log_evidence(p, q, images.test, 200, source).value
                found["bound"].append(round(value.mean().item(), 4))
        add(table, steps, str(way), found)


def add(table: str, steps: int, way: str, found: dict[str, Any]) -> None:
    stored = json.loads(HERE.read_text("utf-8")) if HERE.exists() else {}
    stored |= {"command": "python benchmarks/lecture_17.py", "seeds": SEEDS}
    stored.setdefault(table, {}).setdefault(str(steps), {})[way] = found
    HERE.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", "utf-8")
    print(table, steps, way, found, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    tables = ("proposals", "rows", "strokes")
    parser.add_argument("--only", choices=tables, action="append")
    parser.add_argument("--steps", type=int)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for table in chosen.only or tables:
        if table == "proposals":
            proposals(chosen.steps or 600)
        else:
            pictures(table, chosen.steps or 1000)


if __name__ == "__main__":
    main()

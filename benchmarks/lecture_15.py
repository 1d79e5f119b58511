"""The tables of lecture 15 that take too long for a page: rates and distortions, factors, and labels.

    python benchmarks/lecture_15.py                           # all of them, two minutes of one core
    python benchmarks/lecture_15.py --tables factors

It writes ``src/course_vi/experiments/lecture_15.json``, with seeds, steps and seconds; the lecture reads that file, trains one seed for
a few steps once more, and holds its sentences to the numbers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_vi.data import digits
from course_vi.diagnostics.disentanglement import factor_vae_score, mutual_information_gap
from course_vi.experiments import conditional_trial, known_factors, weighted_trial
from course_vi.experiments.side_by_side import seeded
from course_vi.experiments.stored_tables import path_of

HERE = path_of(15)
WAYS = {"VAE": (1.0, 0.0), "beta-VAE": (4.0, 0.0), "FactorVAE": (1.0, 20.0)}  # beta and gamma


def rounded(values: Tensor) -> list[Any]:
    return [
        [round(entry, 4) for entry in value] if isinstance(value, list) else round(value, 4)
        for value in values.tolist()
    ]


def eighths(objective: Tensor) -> list[Any]:
    """Means over eighths of the run, one row each: (8, R)."""
    return rounded(torch.stack([part.mean(0) for part in objective.tensor_split(8)]))


def factors(steps: int, seeds: list[int]) -> dict[str, dict[str, Any]]:
    known, found = known_factors.discs(), {}
    for way, (beta, gamma) in WAYS.items():
        start = time.process_time()
        run = weighted_trial.train_weighted(known.images, [beta], seeds, steps, gamma=gamma)
        seconds = time.process_time() - start
        rate, distortion = weighted_trial.rate_and_distortion(run, known.images, 5)
        terms = weighted_trial.aggregate_terms(run, known.images)
        with torch.no_grad():
            codes = run.q.distribution(known.images.expand(len(seeds), -1, -1)).mean
        gaps = [mutual_information_gap(code, known.factors) for code in codes]
        scores = [factor_vae_score(code, known.factors, 400, generator=seeded(0)) for code in codes]
        found[way] = {
            "gap": [round(gap.mean, 4) for gap in gaps],
            "score": [round(score, 4) for score in scores],
            "told": [rounded(gap.information) for gap in gaps],
            "rate": rounded(rate),
            "distortion": rounded(distortion),
            "objective": eighths(run.objective),
            "seconds": round(seconds),
            **{name: rounded(value) for name, value in terms.items()},
        }
    return found


def curves(steps: int, seeds: list[int]) -> dict[str, dict[str, Any]]:
    grey, betas, start = digits(binary=False), [1.0, 2.0, 4.0, 8.0], time.process_time()
    run = weighted_trial.train_weighted(
        grey.train, betas, seeds, steps, latents=24, hidden=96, scale=0.2
    )
    found: dict[str, dict[str, Any]] = {f"{beta:g}": {} for beta in betas}
    for part, x in (("train", grey.train), ("test", grey.test)):
        rate, distortion = weighted_trial.rate_and_distortion(run, x, 10)
        for name, values in (("rate", rate), ("distortion", distortion)):
            for beta, row in zip(found, values.view(len(betas), -1), strict=True):
                found[beta][f"{part} {name}"] = rounded(row)
    for beta, part in zip(found, run.objective.chunk(len(betas), 1), strict=True):
        found[beta]["objective"] = eighths(part)
    found["1"]["seconds"] = round(time.process_time() - start)
    return found


def labels(steps: int, seeds: list[int]) -> dict[str, dict[str, Any]]:
    every, found = known_factors.discs(style=True), {}
    left, outline = every.factors[:, 1] < 4, every.factors[:, 3] == 1
    tied = left != outline  # filled discs on the left, outlines on the right
    for name, rows in (("free", torch.ones_like(left)), ("tied", tied)):
        known = known_factors.KnownFactors(every.images[rows], every.factors[rows], every.names)
        start = time.process_time()
        run = conditional_trial.train_conditional(known, seeds, steps)
        seconds, found[name] = time.process_time() - start, {"objective": eighths(run.objective)}
        for way, some in (("", run), ("mirrored ", conditional_trial.flipped(run))):
            pictures = conditional_trial.relabelled(some, known)
            for factor, share in conditional_trial.kept(pictures, known, every).items():
                found[name][f"{way}{factor}"] = rounded(share)
            moved = known_factors.read_factors(pictures, every)[..., 1] < 4
            found[name][f"{way}side"] = rounded((moved == left[rows]).float().mean(-1))
        found[name]["seconds"] = round(seconds)
    return found


TABLES: dict[str, tuple[Callable[..., dict[str, dict[str, Any]]], int, int]] = {
    "labels": (labels, 1000, 10),
    "factors": (factors, 1000, 10),
    "curves": (curves, 1200, 5),
}


def add(table: str, steps: int, found: dict[str, dict[str, Any]]) -> None:
    stored = json.loads(HERE.read_text("utf-8")) if HERE.exists() else {}
    stored |= {"command": "python benchmarks/lecture_15.py", "device": "one core of a CPU"}
    stored[table] = {str(steps): found}
    HERE.write_text(json.dumps(stored, separators=(",", ":"), sort_keys=True) + "\n", "utf-8")
    print(table, steps, {way: part.get("seconds") for way, part in found.items()}, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="*", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--steps", type=int, help="for each table instead of its own number")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for table in chosen.tables:
        make, steps, count = TABLES[table]
        steps = chosen.steps or steps
        add(table, steps, make(steps, list(range(count))))


if __name__ == "__main__":
    main()

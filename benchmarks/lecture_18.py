"""The tables of lecture 18 that take too long for a page: EM, ELBO and likelihood gradients at equal time.

    python benchmarks/lecture_18.py                   # about half a minute of one processor
    python benchmarks/lecture_18.py --seconds 2 --tables coins

It writes ``src/course_vi/experiments/lecture_18.json``, with seeds and seconds; the lecture reads that file and holds its sentences to
the numbers. Seconds are those of the processor, so that a busy machine makes nobody slower.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import torch

from course_vi.experiments.likelihood_race import (
    WAYS,
    Race,
    coin_race,
    pca_data,
    pca_race,
)
from course_vi.experiments.stored_tables import path_of
from course_vi.experiments.summed_coins import SummedCoins, likelihood_fit
from course_vi.models import ProbabilisticPCA

SEEDS = [0, 1, 2, 3, 4]
HERE = path_of(18)


def add(table: str, seconds: float, way: str, found: list[tuple[Race, float]]) -> None:
    stored = json.loads(HERE.read_text("utf-8")) if HERE.exists() else {}
    stored |= {"command": "python benchmarks/lecture_18.py", "seeds": SEEDS}
    entry: dict[str, Any] = {
        "gap": [most - run.value for run, most in found],
        "steps": [run.steps for run, _ in found],
        "seconds": [round(run.seconds, 3) for run, _ in found],
    }
    if table == "coins":
        entry["theta"] = [round(float(run.theta), 5) for run, _ in found]
    stored.setdefault(table, {}).setdefault(f"{seconds:g}", {})[way] = entry
    HERE.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", "utf-8")
    print(table, seconds, way, entry, flush=True)


def coins(way: str, seconds: float, seed: int) -> tuple[Race, float]:
    x = SummedCoins(2.0, coins=4).sample(400, torch.Generator().manual_seed(seed))[0]
    best = SummedCoins(likelihood_fit(x, 2.0, coins=4), coins=4)
    return coin_race(way, x, seconds, seed), float(best.log_evidence(x).mean().detach())


def pca(way: str, seconds: float, seed: int) -> tuple[Race, float]:
    x = pca_data(seed)
    most = ProbabilisticPCA.maximum_likelihood(x, 3).log_evidence(x).mean()
    return pca_race(way, x, seconds, seed), float(most.detach())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", nargs="*", type=float, default=[0.5])
    parser.add_argument("--ways", nargs="*", default=WAYS)
    parser.add_argument("--tables", nargs="*", default=["coins", "pca"])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for seconds in chosen.seconds:
        for way in chosen.ways:
            if "coins" in chosen.tables:
                add("coins", seconds, way, [coins(way, seconds, seed) for seed in SEEDS])
            if "pca" in chosen.tables:
                add("pca", seconds, way, [pca(way, seconds, seed) for seed in SEEDS])


if __name__ == "__main__":
    main()

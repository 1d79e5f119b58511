"""The tables of lecture 18 that take too long for a page: EM, ELBO and likelihood gradients at equal time.

    python benchmarks/lecture_18.py                   # about a minute of one processor
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

SEEDS = {"coins": list(range(5)), "pca": list(range(6))}
SECONDS = {"coins": [0.5], "pca": [0.5, 2.0]}
HERE = path_of(18)


def add(table: str, seconds: float, way: str, found: list[tuple[Race, float]]) -> None:
    stored = json.loads(HERE.read_text("utf-8")) if HERE.exists() else {}
    seeds = [f"{name}: {each[0]} to {each[-1]}" for name, each in SEEDS.items()]
    stored |= {"command": "python benchmarks/lecture_18.py", "seeds": seeds}
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


RACES = {"coins": coins, "pca": pca}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds", nargs="*", type=float, help="of each run; by default, those of the lecture"
    )
    parser.add_argument("--ways", nargs="*", default=WAYS)
    parser.add_argument("--tables", nargs="*", default=list(RACES))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for table in chosen.tables:
        for way in chosen.ways:
            RACES[table](way, 0.02, 0)  # what is done once only is no part of the race
            for seconds in chosen.seconds or SECONDS[table]:
                found = [RACES[table](way, seconds, seed) for seed in SEEDS[table]]
                add(table, seconds, way, found)


if __name__ == "__main__":
    main()

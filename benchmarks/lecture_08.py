"""The table of lecture 08 that takes too long for a page: six families on three real posteriors, and the long runs that judge them.

    python benchmarks/lecture_08.py judge             # Hamiltonian Monte Carlo on all three, beside the exact answers of two
    python benchmarks/lecture_08.py race              # all families on all posteriors, five runs each
    python benchmarks/lecture_08.py race --posteriors Nile --families diagonal full
    python benchmarks/lecture_08.py rested --steps 4000      # the same with twice the steps, each at the best of three rates
    python benchmarks/lecture_08.py rested --steps 8000 --posteriors counties --families full --rates 0.0005 0.001
    python benchmarks/lecture_08.py faster --rate 0.02 --posteriors regression --families full
    python benchmarks/lecture_08.py race --posteriors "Nile, non-centred" "counties, non-centred" --families diagonal full

Each run adds to ``src/course_vi/experiments/lecture_08.json``, entry by entry; the lecture reads that file and holds its sentences to
the numbers. The moments of the judge are those of the latents as the centred models name them.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any

import torch
from pyro.ops.stats import effective_sample_size, split_gelman_rubin
from torch import Tensor

from course_vi.experiments.county_rates import CountyRates
from course_vi.experiments.family_race import FAMILIES, POSTERIORS, judge, posterior, race
from course_vi.experiments.hamiltonian import hamiltonian
from course_vi.experiments.stored_tables import path_of
from course_vi.experiments.wandering_level import WanderingLevel

PATH, SEEDS, CHAINS = path_of(8), [0, 1, 2, 3, 4], 48


def rounded(values: Tensor, digits: int = 5) -> Any:
    return torch.as_tensor(values).double().mul(10**digits).round().div(10**digits).tolist()


def reference(name: str, draws: int, warm_up: int) -> dict[str, Any]:
    """What the judge says of one posterior; the hierarchical ones are walked without centres, and told with them."""
    p, x = posterior(name)
    walked = p
    if isinstance(p, CountyRates):
        walked = CountyRates(p.expected, centred=False)
    if isinstance(p, WanderingLevel):
        walked = WanderingLevel(p.data_dim, centred=False)
    place = getattr(walked, "place", lambda z: z)
    start, generator = time.process_time(), torch.Generator().manual_seed(0)
    z = 0.3 * torch.randn(CHAINS, p.latent_dim, generator=generator, dtype=torch.float64)
    if name != "regression":
        z[:, -1] -= 1.0
    found = hamiltonian(
        lambda z: walked.log_joint(x, z), z, draws, warm_up, leapfrogs=12, generator=generator
    )
    told = place(found.draws)
    entry = {
        "loc": rounded(told.mean((0, 1))),
        "scale": rounded(told.std((0, 1))),
        "effective_size": rounded(effective_sample_size(told, chain_dim=1, sample_dim=0), 0),
        "rhat": rounded(split_gelman_rubin(told, chain_dim=1, sample_dim=0), 4),
        "acceptance": round(found.acceptance, 3),
        "draws": [draws, CHAINS],
        "seconds": round(time.process_time() - start, 1),
    }
    if name != "regression":
        exact = p.posterior_moments(x)
        entry["exact"] = {
            "loc": rounded(exact.loc),
            "scale": rounded(exact.scale),
            "log_evidence": round(exact.log_evidence, 5),
        }
    return entry


def one_race(name: str, family: str, steps: int, rate: float) -> dict[str, Any]:
    p, x = posterior(name)
    side_by_side = race(p, family, x, steps, SEEDS, rate)
    place = getattr(p, "place", lambda z: z)
    verdicts = [
        judge(p, q, x, 10_000, seed, place)
        for seed, q in zip(SEEDS, side_by_side.fits, strict=True)
    ]
    log_w = torch.stack([verdict.log_w for verdict in verdicts])
    # How long one run takes alone, counted on a short stretch of it.
    alone = race(p, family, x, max(steps // 40, 10)).seconds / max(steps // 40, 10)
    return {
        "bound": [round(verdict.bound, 4) for verdict in verdicts],
        "error": [round(verdict.error, 4) for verdict in verdicts],
        "khat": [round(verdict.khat, 3) for verdict in verdicts],
        "loc": [rounded(verdict.loc, 4) for verdict in verdicts],
        "scale": [rounded(verdict.scale, 4) for verdict in verdicts],
        "log_mean_w": rounded(log_w.logsumexp(-1) - torch.tensor(log_w.shape[1]).log(), 4),
        "course": rounded(side_by_side.course.mean(-1), 3),
        "parameters": sum(value.numel() for value in side_by_side.fits[0].parameters()),
        "seconds": round(alone * steps, 2),
        "seconds_together": round(side_by_side.seconds, 1),
        "steps": steps,
    }


def best_rate(name: str, family: str, steps: int, rates: list[float]) -> float:
    """The rate at which one run, with noise of its own, ends highest."""
    p, x = posterior(name)
    place = getattr(p, "place", lambda z: z)
    bounds = {}
    for rate in rates:
        q = race(p, family, x, steps, [100], rate).fits[0]
        bound = judge(p, q, x, 2000, 100, place).bound
        bounds[rate] = bound if -1e9 < bound < 0 else -float("inf")  # a run that fell apart
    print(name, family, bounds, flush=True)
    return max(rates, key=lambda rate: bounds[rate])


def add(table: str, keys: list[str], entry: dict[str, Any]) -> None:
    stored = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}
    stored |= {"command": "python benchmarks/lecture_08.py", "seeds": SEEDS}
    place = stored.setdefault(table, {})
    for key in keys[:-1]:
        place = place.setdefault(key, {})
    place[keys[-1]] = entry
    draft = PATH.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(stored, sort_keys=True) + "\n", "utf-8")
    draft.replace(PATH)  # whole or not at all: several runs may add to it
    told = {
        key: value for key, value in entry.items() if not isinstance(value, list) or len(value) < 6
    }
    print(
        table,
        keys,
        {k: v for k, v in told.items() if k not in ("loc", "scale", "exact")},
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=["judge", "race", "faster", "rested"])
    parser.add_argument("--posteriors", nargs="*", default=list(POSTERIORS))
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=0.005)
    parser.add_argument("--rates", type=float, nargs="*", default=[0.001, 0.004, 0.016])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--warm-up", type=int, default=500)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for name in chosen.posteriors:
        if chosen.table == "judge":
            add("judge", [name], reference(name, chosen.draws, chosen.warm_up))
            continue
        for family in chosen.families:
            rate = chosen.rate
            if chosen.table == "rested":
                rate = best_rate(name, family, chosen.steps // 2, chosen.rates)
            entry = one_race(name, family, chosen.steps, rate)
            add(chosen.table, [name, family], entry | {"rate": rate})


if __name__ == "__main__":
    main()

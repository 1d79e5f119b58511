"""Sparse precision of a chain: time and memory linear in D, beside a factor covariance and a dense one.

One value and gradient of sticking the landing, K = 4, on a linear Gaussian chain with one observation for each latent.
``python benchmarks/sparse.py``
"""

from __future__ import annotations

import statistics

import torch
from factor import LargestTensor
from side_by_side import in_turns, options

from course_vi.families import FactorCovariance, FullRank, MeanField, SparsePrecision, banded
from course_vi.gradients import sticking_the_landing
from course_vi.models import LinearGaussianSSM


def main() -> None:
    arguments = options(__doc__)
    print(
        f"{'':28s} {'D':>8s} {'ms per step':>12s} {'us per D':>9s} {'/ mean field':>13s} {'largest tensor':>15s} {'per D':>8s}"
    )
    one = torch.ones(1, 1)
    for dim in (1_000, 2_000, 5_000, 10_000, 20_000, 50_000):
        p = LinearGaussianSSM(0.9 * one, one, 0.2 * one, one, torch.zeros(1), one, steps=dim)
        x = torch.randn(dim, generator=torch.Generator().manual_seed(0))
        families = {
            "MeanField": MeanField(dim),
            "SparsePrecision, chain": SparsePrecision(dim, banded(dim)),
            "FactorCovariance, rank 5": FactorCovariance(dim, 5),
        }
        if dim <= 2_000:
            families["FullRank"] = FullRank(dim)
        steps = {
            name: (lambda p=p, q=q, x=x: sticking_the_landing(p, q, x, 4).backward())
            for name, q in families.items()
        }
        seconds = in_turns(steps, arguments.rounds, 1 if arguments.quick else 2)
        for name, step in steps.items():
            with LargestTensor() as seen:
                step()
            median = statistics.median(seconds[name])
            ratio = statistics.median(
                a / b for a, b in zip(seconds[name], seconds["MeanField"], strict=True)
            )
            print(
                f"{name:28s} {dim:8,d} {median * 1e3:12.2f} {median / dim * 1e6:9.2f} {ratio:13.1f} "
                f"{seen.largest:15,d} {seen.largest / dim:8.1f}"
            )


if __name__ == "__main__":
    main()

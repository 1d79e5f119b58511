"""Replicates of a gradient per second: diagnostics.gradient_moments against a loop over Pyro's SVI.

The toy, x = 2, q = N(0.3, exp(0.1)^2), one sample per replicate. ``python benchmarks/moments.py``
"""

from __future__ import annotations

import statistics
import time

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import Trace_ELBO
from side_by_side import options

from course_vi.data import breast_cancer
from course_vi.diagnostics import gradient_moments
from course_vi.families import MeanField
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.models import BayesianLogisticRegression, ConjugateToy


def pyro_loop(replicates: int) -> float:
    """Replicates a second, one backward pass each, as one does without a replicate axis."""
    loc, log_scale = torch.tensor(0.3, requires_grad=True), torch.tensor(0.1, requires_grad=True)

    def model() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(2.0))

    def guide() -> None:
        pyro.sample("z", dist.Normal(loc, log_scale.exp()))

    loss, found = Trace_ELBO(), torch.empty(replicates, 2)
    start = time.process_time()
    for r in range(replicates):
        gradient = torch.autograd.grad(loss.differentiable_loss(model, guide), (loc, log_scale))
        found[r, 0], found[r, 1] = gradient
    found.mean(0), found.var(0)
    return replicates / (time.process_time() - start)


def ours(estimator, p, q, x, replicates: int, method: str) -> float:
    start = time.process_time()
    gradient_moments(
        estimator,
        p,
        q,
        x,
        replicates=replicates,
        generator=torch.Generator().manual_seed(0),
        method=method,
    )
    return replicates / (time.process_time() - start)


def main() -> None:
    arguments = options(__doc__)
    small = 20 if arguments.quick else 500
    large = 10_000 if arguments.quick else 200_000
    pyro.enable_validation(False)
    toy, x, q = (
        ConjugateToy(),
        torch.tensor([2.0]),
        MeanField(1, torch.tensor([0.3]), torch.tensor([0.1])),
    )
    entries = {"Pyro, one backward pass per replicate": lambda: pyro_loop(small)}
    for estimator in (reparametrized, sticking_the_landing, doubly_reparametrized, score_function):
        entries[f"gradient_moments, batch: {estimator.__name__}"] = lambda e=estimator: ours(
            e, toy, q, x, large, "batch"
        )
    entries["gradient_moments, loop: reparametrized"] = lambda: ours(
        reparametrized, toy, q, x, small, "loop"
    )
    data = breast_cancer()
    regression, wide = BayesianLogisticRegression(31), MeanField(31)
    rows = 200 if arguments.quick else 4_000
    entries["breast cancer (569 x 31), batch: reparametrized"] = lambda: ours(
        reparametrized, regression, wide, data, rows, "batch"
    )
    rates: dict[str, list[float]] = {name: [] for name in entries}
    for call in entries.values():
        call()
    for _ in range(max(2, arguments.rounds // 3)):
        for name, call in entries.items():
            rates[name].append(call())
    first = statistics.median(next(iter(rates.values())))
    print(f"{'':52s} {'replicates/s':>14s} {'ratio':>9s}")
    for name, values in rates.items():
        print(
            f"{name:52s} {statistics.median(values):14,.0f} {statistics.median(values) / first:9,.1f}"
        )


if __name__ == "__main__":
    main()

"""Right answers that differ too much from the corpus to be compared with it number by number, and pass all the same."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from autograder.checking import run_check
from autograder.checks.probe import InProcess


def theta_by_search(x: Tensor, scale: Tensor, noise_scale: Tensor) -> Tensor:
    """Brent's search for the top of the bound, right to seven digits; both results in one tensor."""
    found = []
    rows, scales, noises = x.reshape(-1, x.shape[-1]), scale.reshape(-1), noise_scale.reshape(-1)
    for row, s, sigma in zip(rows.numpy(), scales.numpy(), noises.numpy(), strict=True):

        def bound(t: float, row: Any = row, s: float = s, sigma: float = sigma) -> float:
            v = np.exp(t)
            rest = row**2 / (sigma**2 + v) + v * s**2 / sigma**2
            return float(rest.mean())

        def evidence(t: float, row: Any = row, sigma: float = sigma) -> float:
            u = sigma**2 + np.exp(t)
            return float((np.log(u) + row**2 / u).mean())

        theta, best = (
            np.exp(minimize_scalar(f, bounds=(-28, 28), method="bounded", options=LOOK).x / 2)
            for f in (bound, evidence)
        )
        found.append([theta, theta - best])
    return torch.tensor(np.array(found)).T.reshape(2, *scale.shape)


LOOK = {"xatol": 1e-8}


def repairs_with_a_baseline(
    f: Any, places: Tensor, heights: Tensor, loc: Tensor, log_scale: Tensor, eps: Tensor
) -> Tensor:
    """f at the edge as a baseline for both parameters; one tensor, (2, K, 2)."""
    s = log_scale.exp()
    z = (loc + s * eps).requires_grad_()
    value = f(z)
    (slope,) = torch.autograd.grad(value.sum(), z)
    gain = (value - f(loc.reshape(1))).detach()
    score = torch.stack([gain / s, gain * (eps - 1)], -1)
    away = (places - loc)[places > loc]
    flow = heights[places > loc] * torch.exp(-away / s) / s
    crossing = torch.stack([flow.sum(), flow @ away])
    return torch.stack([score, torch.stack([slope, slope * s * eps], -1) + crossing])


def cost_in_one_tensor(x: Tensor, budget: int, batch: int, rate: float) -> Tensor:
    q = x.numpy() ** 2
    row, weight = (
        (1 - 2 * rate) ** 2,
        (1 - 2 * rate * q.mean()) ** 2 + 4 * rate**2 * q.var() / batch,
    )
    gaps = q.mean() / 4 * np.array([row ** (budget / len(q)), weight ** (budget / batch)])
    return torch.tensor([*gaps, batch * np.log(row) / np.log(weight)])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("03_learned_theta", theta_by_search),
        ("06_two_repairs", repairs_with_a_baseline),
        ("11_equal_cost", cost_in_one_tensor),
    ],
)
def test_another_idiom_passes(exercise: str, answer: Any, seed: int) -> None:
    report = run_check(exercise, InProcess(answer), seed)
    assert report.passed, str(report)

"""Stein variational gradient descent: the direction against loops, one particle against the mode, many against moments."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from oracles import DOUBLE, generator, quadratic, randn
from scipy.optimize import minimize
from toy import UNREAD

from course_vi.data import breast_cancer
from course_vi.learning import stein_direction, stein_vgd
from course_vi.learning.svgd import linear_kernel, rbf_kernel
from course_vi.models import (
    BayesianLogisticRegression,
    ConjugateToy,
    HiddenMarkovModel,
    TwoBernoullis,
)


@pytest.mark.parametrize("n, dim", [(1, 1), (2, 3), (7, 1), (12, 4)])
def test_against_two_loops(n, dim, evidence):
    """Every term by its own formula, in NumPy."""
    p = quadratic(dim)
    z = randn(n, dim, seed=n).numpy()
    distances = [np.linalg.norm(z[i] - z[j]) for i in range(n) for j in range(n) if i != j]
    h = np.sort(distances)[(len(distances) - 1) // 2] ** 2 / math.log(n) if n > 1 else 1.0
    wanted = np.zeros((n, dim))
    for i in range(n):
        for j in range(n):
            k = math.exp(-np.sum((z[j] - z[i]) ** 2) / h)
            score = p.shift.numpy() - p.precision.numpy() @ z[j]
            wanted[i] += (k * score - 2 / h * k * (z[j] - z[i])) / n
    found = stein_direction(lambda value: p.log_joint(UNREAD, value), torch.from_numpy(z))
    error = np.abs(found.numpy() - wanted).max()
    assert error < 1e-12 and not found.requires_grad
    evidence("learning.stein_direction", "two loops over particles, in NumPy", error=error)


def test_one_particle_climbs_to_the_mode(evidence):
    p, x = BayesianLogisticRegression(31), breast_cancer()
    x = x.double()
    z = stein_vgd(p, x, torch.zeros(1, 31, dtype=DOUBLE), steps=800, learning_rate=0.3)[0]

    def loss(value):
        at = torch.from_numpy(value).requires_grad_()
        negative = -p.log_joint(x, at)
        return negative.item(), torch.autograd.grad(negative, at)[0].numpy()

    mode = torch.from_numpy(
        minimize(loss, np.zeros(31), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    )
    error = (z - mode).abs().max()
    assert error < 1e-4
    evidence(
        "learning.stein_vgd, one particle", "scipy: the mode of a logistic regression", error=error
    )


def test_the_linear_kernel_has_the_moments_of_a_gaussian(evidence):
    p = quadratic(3)
    loc, covariance = torch.linalg.solve(p.precision, p.shift), torch.linalg.inv(p.precision)
    z = stein_vgd(p, UNREAD, randn(10, 3, seed=1), steps=1_500, kernel=linear_kernel)
    centred = z - z.mean(0)
    error = max(
        (z.mean(0) - loc).abs().max().item(),
        (centred.mT @ centred / 10 - covariance).abs().max().item(),
    )
    assert error < 1e-6
    evidence(
        "learning.stein_vgd, linear kernel", "mean and covariance of a Gaussian target", error=error
    )


def test_the_usual_kernel_has_nearly_the_moments_and_gets_better(evidence):
    """With median and n: the mean is right, the variance too small, less so with more particles."""
    ratios = {}
    for n in (10, 30, 100):
        z = stein_vgd(
            ConjugateToy(), torch.tensor([2.0], dtype=DOUBLE), randn(n, 1, seed=0), steps=400
        )
        assert abs(z.mean().item() - 1.0) < 0.01
        ratios[n] = z.var(unbiased=False).item() / 0.5
        evidence(
            f"learning.stein_vgd, {n} particles",
            "the variance of a Gaussian posterior",
            ratio=ratios[n],
        )
    assert abs(ratios[100] - 1) < abs(ratios[10] - 1) < 0.3 and abs(ratios[100] - 1) < 0.05


def test_a_posterior_that_is_not_gaussian():
    p, x = TwoBernoullis().double(), torch.tensor([1.0, 1.0], dtype=DOUBLE)
    mean, scale = (value.squeeze().item() for value in p.posterior_moments(x))
    z = stein_vgd(p, x, randn(60, 1, seed=3), steps=400)
    assert abs(z.mean().item() - mean) < 0.02 and abs(z.std().item() / scale - 1) < 0.05
    assert all(parameter.grad is None for parameter in p.parameters())


def test_deterministic_and_batched_over_particles():
    start = randn(5, 1, seed=0)
    x = torch.tensor([2.0], dtype=DOUBLE)
    assert torch.equal(
        stein_vgd(ConjugateToy(), x, start, steps=20), stein_vgd(ConjugateToy(), x, start, steps=20)
    )
    assert torch.equal(start, randn(5, 1, seed=0)), "the starting points are not changed"
    moved = stein_vgd(
        ConjugateToy(), x, start, steps=3, optimizer=lambda z: torch.optim.SGD(z, lr=0.5)
    )
    z = start
    for _ in range(3):
        z = z + 0.5 * stein_direction(lambda v: ConjugateToy().log_joint(x, v), z)
    assert torch.allclose(moved, z, atol=1e-14)
    together = torch.zeros(4, 1, dtype=DOUBLE)  # equal particles move as one
    assert stein_vgd(ConjugateToy(), x, together, steps=50).std() == 0
    assert (
        rbf_kernel(start.unsqueeze(1), start).shape
        == linear_kernel(start.unsqueeze(1), start).shape
        == (5, 5)
    )


def test_refusals():
    toy, x = ConjugateToy(), torch.tensor([2.0])
    with pytest.raises(ValueError, match=r"x has shape \(3, 1\); expected one datum \(1,\)"):
        stein_vgd(toy, torch.zeros(3, 1), torch.zeros(4, 1))
    with pytest.raises(ValueError, match=r"z has shape \(4, 1, 1\); expected particles \(n, D\)"):
        stein_vgd(toy, x, torch.zeros(4, 1, 1))
    with pytest.raises(ValueError, match=r"z has shape \(0, 1\)"):
        stein_vgd(toy, x, torch.zeros(0, 1))
    with pytest.raises(ValueError, match="x has 1 entries that are NaN"):
        stein_vgd(toy, torch.tensor([math.nan]), torch.zeros(4, 1))
    with pytest.raises(ValueError, match="x is on cpu but particles is on meta"):
        stein_vgd(toy, x, torch.zeros(4, 1, device="meta"))
    with pytest.raises(FloatingPointError, match="the direction is not finite at step 0"):
        stein_vgd(toy, x, torch.full((2, 1), math.inf))
    with pytest.raises(ValueError, match=r"log_p gave shape \(\); expected \(3,\)"):
        stein_direction(lambda z: z.sum(), torch.zeros(3, 1))
    with pytest.raises(TypeError, match="log_p has no gradient in z; expected continuous latents"):
        stein_direction(lambda z: z.detach().sum(-1), torch.zeros(3, 1))
    chain = HiddenMarkovModel(
        torch.ones(2) / 2, torch.ones(2, 2) / 2, torch.ones(2, 2) / 2, steps=2
    )
    states, _ = chain.sample(1, generator(0))
    with pytest.raises((TypeError, ValueError)):
        stein_vgd(chain, states[0], torch.rand(3, 2))

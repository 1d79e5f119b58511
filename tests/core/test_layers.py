"""Two stochastic layers: unbiased for the ELBO and for IWAE, where a layer-by-layer hook or a cut path is not."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, gradients, worst_z
from toy import ALL, CutLayers, posterior_of_the_chain

from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import gradient_moments
from course_vi.families import Layered
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.models import GaussianChain

COPIES = 250


def off_the_posterior() -> Layered:
    q = posterior_of_the_chain()
    with torch.no_grad():
        q.first.encoder.bias += torch.tensor([0.3, 0.2])
        q.second.encoder.weight += torch.tensor([[0.25], [0.1]])
        q.second.encoder.bias += torch.tensor([-0.2, -0.15])
    return q


def with_constant_scale() -> Layered:
    """Off the posterior, with a linear mean and a constant scale in the second layer: q is one Gaussian in two dimensions."""
    q = off_the_posterior()
    with torch.no_grad():
        q.second.encoder.weight[1] = 0.0
    return q


def exact_elbo(q: Layered, x: torch.Tensor) -> torch.Tensor:
    """E_q of a quadratic, by the means and covariances of (z1, z2) written out."""
    m1, log_s1 = q.first.encoder(x).unbind(-1)
    slope, log_s2 = q.second.encoder.weight[0, 0], q.second.encoder.bias[1]
    m2 = slope * m1 + q.second.encoder.bias[0]
    v1 = (2 * log_s1).exp()
    v2 = slope**2 * v1 + (2 * log_s2).exp()
    top = m2**2 + v2
    middle = (m1 - m2) ** 2 + (1 - slope) ** 2 * v1 + (2 * log_s2).exp()
    bottom = (x[..., 0] - m1) ** 2 + v1
    entropy = 1 + math.log(2 * math.pi) + log_s1 + log_s2
    return (-0.5 * (top + middle + bottom) - 1.5 * math.log(2 * math.pi) + entropy).sum()


def copied(estimator):
    """The mean of COPIES independent estimates, so that a few hundred backward passes are as good as fifty thousand."""

    def estimate(p, q, x, num_samples, bound=elbo, generator=None):
        return (
            estimator(p, q, x.expand(COPIES, 1), num_samples, bound=bound, generator=generator)
            / COPIES
        )

    return estimate


X = torch.tensor([1.3], dtype=DOUBLE)


@pytest.mark.parametrize("estimator", ALL)
def test_unbiased_for_the_elbo(estimator, evidence):
    p, q = GaussianChain(), with_constant_scale()
    exactly = gradients(exact_elbo(q, X), q)
    moments = gradient_moments(
        copied(estimator),
        p,
        q,
        X,
        num_samples=2,
        replicates=300,
        generator=generator(1),
        method="loop",
    )
    exactly.pop("second.encoder.weight")  # its second row is no part of the closed form
    z = worst_z(moments, exactly)
    wanted = gradients(exact_elbo(q, X), q)["second.encoder.weight"][0]
    error = (moments.mean["second.encoder.weight"][0] - wanted).abs() / moments.standard_error[
        "second.encoder.weight"
    ][0]
    z = max(z, error.max().item())
    assert z < LIMIT
    evidence(
        f"gradients.{estimator.__name__} (Layered)",
        "GaussianChain: exact ELBO gradient in closed form",
        z=z,
    )


@pytest.mark.parametrize("estimator", [doubly_reparametrized, score_function])
def test_unbiased_for_iwae(estimator, evidence):
    """K = 5, against the mean of 50,000 total derivatives."""
    p, q = GaussianChain(), off_the_posterior()
    total, other = (
        gradient_moments(
            copied(e),
            p,
            q,
            X,
            num_samples=5,
            replicates=200,
            bound=iwae,
            generator=generator(seed),
            method="loop",
        )
        for e, seed in ((reparametrized, 1), (estimator, 2))
    )
    worst = max(
        (
            (other.mean[name] - total.mean[name]).abs()
            / (other.standard_error[name] ** 2 + total.standard_error[name] ** 2).sqrt()
        )
        .max()
        .item()
        for name in total.mean
    )
    assert worst < LIMIT
    evidence(
        f"gradients.{estimator.__name__}, iwae (Layered)",
        "brute force: the mean of 50,000 total derivatives",
        z=worst,
    )


def test_a_cut_path_is_unbiased_for_the_elbo_and_biased_for_iwae(evidence):
    p, good = GaussianChain(), off_the_posterior()
    cut = CutLayers(good.first, good.second)
    for bound, estimator, biased in (
        (elbo, sticking_the_landing, False),
        (iwae, doubly_reparametrized, True),
    ):
        total, found = (
            gradient_moments(
                copied(e),
                p,
                q,
                X,
                num_samples=5,
                replicates=150,
                bound=bound,
                generator=generator(seed),
                method="loop",
            )
            for e, q, seed in ((reparametrized, good, 3), (estimator, cut, 4))
        )
        worst = max(
            (
                (found.mean[name] - total.mean[name]).abs()
                / (found.standard_error[name] ** 2 + total.standard_error[name] ** 2).sqrt()
            )
            .max()
            .item()
            for name in total.mean
        )
        assert (worst > 10) if biased else (worst < LIMIT)
        if biased:
            evidence(
                "a mutant: the path through z1 cut (Layered, iwae)",
                "brute force: the test of bias sees it",
                z=worst,
            )

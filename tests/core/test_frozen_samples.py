"""Noise that is drawn once: its objective has a top only with more samples than dimensions, and then the top is too high. Both exactly."""

from __future__ import annotations

import pytest
import torch
from oracles import DOUBLE, randn
from torch.distributions import Normal

from course_vi.families import FullRank
from course_vi.gradients import reparametrized
from course_vi.models import Model

UNREAD = torch.zeros(1, dtype=DOUBLE)


class StandardNormal(Model):
    """log N(z; 0, I), whatever x is: the log evidence is zero."""

    data_dim, latent_dim = 1, 3

    def log_factors(self, x, z):
        return {"all": Normal(0.0, 1.0).log_prob(z).sum(-1)}


def frozen(loc, root, eps):
    """The objective of these samples, at q = N(loc, root root')."""
    q = FullRank(3, loc, root.diagonal().log(), root.tril(-1))
    return reparametrized(StandardNormal(), q, UNREAD, len(eps), noise=eps).item()


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_with_no_more_samples_than_dimensions_it_has_no_top(samples, evidence):
    """The last coordinate grows by e^h, and what the others add to it keeps every sample at zero there: the objective grows by h."""
    eps = randn(samples, 3, seed=samples)
    around, errors = eps - eps.mean(0), []
    for height in (0.0, 3.0, 6.0, 9.0):
        root = torch.eye(3, dtype=DOUBLE)
        root[2, 2] = torch.tensor(height, dtype=DOUBLE).exp()
        cancel = -root[2, 2] * around[:, 2:]
        root[2, :2] = torch.linalg.lstsq(around[:, :2], cancel, driver="gelsd").solution[:, 0]
        loc = torch.zeros(3, dtype=DOUBLE)
        loc[2] = -(eps @ root[2]).mean()
        exactly = height + 0.5 * eps[:, 2].square().mean()  # above the log evidence, from zero on
        errors.append(abs(frozen(loc, root, eps) - exactly.item()))
    assert max(errors) < 1e-6
    evidence(
        f"gradients.reparametrized, {samples} frozen samples in 3-D",
        "in closed form: it grows for ever",
        error=max(errors),
    )


@pytest.mark.parametrize("samples", [4, 10, 100])
def test_with_more_samples_the_top_is_too_high(samples, evidence):
    """The samples' own moments are made those of the target: a top of (mean |eps|^2 - D - log det S) / 2, above the log evidence."""
    eps = randn(samples, 3, seed=samples)
    S = torch.cov(eps.T, correction=0)
    lower = torch.linalg.inv(torch.linalg.cholesky(S))  # lower S lower' = I
    exactly = 0.5 * (eps.square().sum(-1).mean() - 3 - torch.logdet(S)).item()
    top = frozen(-lower @ eps.mean(0), lower, eps)
    assert abs(top - exactly) < 1e-12 and exactly > 0
    for seed in range(20):
        moved = lower + 0.1 * randn(3, 3, seed=seed).tril()
        assert frozen(-lower @ eps.mean(0) + 0.1 * randn(3, seed=seed), moved, eps) < top
    evidence(
        f"gradients.reparametrized, {samples} frozen samples in 3-D",
        "in closed form: their top, above the log evidence",
        error=abs(top - exactly),
    )

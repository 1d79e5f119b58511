"""Sets: the neural statistician's linear case is one Gaussian; its posterior family there has no variance; order carries nothing."""

from __future__ import annotations

import math

import pytest
import torch
from blocks import block_z
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, gradients, mean_z, randn
from torch import nn
from torch.distributions import MultivariateNormal

from course_vi import exact
from course_vi.bounds import iwae
from course_vi.families import Ancestral, SetEncoder, StatisticNets, statistician_posterior
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.learning import fit
from course_vi.models import NeuralStatistician


def linear(n=4, dx=1, c=1, d=1):
    """z_n = A c + a + noise, x_n = B z_n + C c + b + noise."""
    model = NeuralStatistician(
        n, dx, c, d, member=nn.Linear(c, 2 * d), decoder=nn.Linear(d + c, dx)
    ).double()
    with torch.no_grad():
        for index, parameter in enumerate(
            (*model.member.parameters(), *model.decoder.parameters())
        ):
            parameter.copy_(0.7 * randn(*parameter.shape, seed=index))
        model.output.log_scale.fill_(math.log(0.7))
        model.member.weight[d:] = 0.0  # constant scales
    return model


def joint(model):
    """Mean and covariance of (z, x), by pushing unit noise through the recipe."""
    n, c, d, dx = model.set_size, model.context_dim, model.member_dim, model.point_dim

    def push(noise):
        top, own, seen = noise.split([c, n * d, n * dx])
        loc, log_scale = model.member(top).chunk(2)
        members = loc + log_scale.exp() * own.view(n, d)
        weight_z, weight_c = model.decoder.weight.split([d, c], -1)
        x = (
            members @ weight_z.mT
            + top @ weight_c.mT
            + model.decoder.bias
            + model.output.log_scale.exp() * seen.view(n, dx)
        )
        return torch.cat([top, members.flatten(), x.flatten()])

    with torch.no_grad():
        size = model.latent_dim + model.data_dim
        start = push(torch.zeros(size, dtype=DOUBLE))
        root = torch.stack([push(unit) - start for unit in torch.eye(size, dtype=DOUBLE)], 1)
    return start, root @ root.mT


class MeanStatistic(nn.Module):
    """2 C numbers, linear in the mean of the set."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, points):
        return self.inner(points.mean(-2))


def posterior_family(model):
    """For one-dimensional c, z_n and x_n: q set to the exact posterior, read off the joint Gaussian."""
    loc, cov = joint(model)
    n = model.set_size
    x, size = slice(1 + n, 1 + 2 * n), 1 + 2 * n
    gain = torch.linalg.solve(cov[x, x], cov[x, :1])[:, 0]  # c given all of x
    statistic, member = nn.Linear(1, 2).double(), nn.Linear(2, 2).double()
    pair = torch.tensor([1 + n, 0])  # z_1 given x_1 and c
    slopes = torch.linalg.solve(cov[pair][:, pair], cov[pair, 1])
    with torch.no_grad():
        statistic.weight.copy_(torch.tensor([[gain.sum()], [0.0]]))
        statistic.bias.copy_(
            torch.stack([loc[0] - gain @ loc[x], 0.5 * (cov[0, 0] - gain @ cov[x, 0]).log()])
        )
        member.weight.copy_(torch.stack([slopes, torch.zeros(2, dtype=DOUBLE)]))
        member.bias.copy_(
            torch.stack(
                [loc[1] - slopes @ loc[pair], 0.5 * (cov[1, 1] - slopes @ cov[pair, 1]).log()]
            )
        )
    assert size == len(loc) and (gain - gain[0]).abs().max() < 1e-12, (
        "exchangeable: c reads the mean"
    )
    return Ancestral(StatisticNets(MeanStatistic(statistic), member, n, 1, 1))


def log_evidence(model, x):
    loc, cov = joint(model)
    seen = slice(model.latent_dim, None)
    return MultivariateNormal(loc[seen], cov[seen, seen]).log_prob(x)


@pytest.mark.parametrize("sizes", [(4, 1, 1, 1), (3, 2, 3, 2), (1, 2, 1, 1)])
def test_the_linear_statistician_is_one_gaussian(sizes, evidence):
    model = linear(*sizes)
    x, z = model.sample(5, generator(0))
    loc, cov = joint(model)
    z = z + randn(7, 5, model.latent_dim, seed=1)
    error = (
        (
            model.log_joint(x, z)
            - MultivariateNormal(loc, cov).log_prob(torch.cat([z, x.expand(7, 5, -1)], -1))
        )
        .abs()
        .max()
        .item()
    )
    assert error < 1e-10 and model.log_joint(x, z).shape == (7, 5)
    evidence("models.NeuralStatistician, linear", "dense joint Gaussian", error=error)


def test_samples(evidence):
    model = linear(2, 1, 1, 1)
    x, z = model.sample(40_000, generator(0))
    loc, cov = joint(model)
    both = torch.cat([z, x], -1) - loc
    score = max(mean_z(both, 0.0), mean_z(both.unsqueeze(-1) * both.unsqueeze(-2), cov))
    assert score < LIMIT and not x.requires_grad
    evidence("models.NeuralStatistician.sample", "exact means and covariances", z=score)


def test_no_variance_at_the_posterior_of_the_statistician(evidence):
    model = linear()
    q, x = posterior_family(model), model.sample(5, generator(0))[0]
    worst = 0.0
    for estimator, options in (
        (sticking_the_landing, {}),
        (doubly_reparametrized, {"bound": iwae}),
    ):
        value = estimator(model, q, x, num_samples=3, generator=generator(1), **options)
        worst = max(
            worst,
            (value - log_evidence(model, x)).abs().max().item(),
            *(part.abs().max().item() for part in gradients(value.sum(), q).values()),
        )
    assert worst < 1e-11
    evidence(
        "families.statistician_posterior: leak at the posterior",
        "zero: sticking the landing and DReG",
        error=worst,
    )


def test_gradients_of_the_ancestral_family_off_the_posterior(evidence):
    """The gradient of the exact ELBO of a set of one point, by quadrature over both noises."""
    model = linear(1)
    q, x = posterior_family(model), model.sample(1, generator(0))[0][0]
    with torch.no_grad():
        for parameter in q.parameters():
            parameter += 0.3 * randn(*parameter.shape, seed=parameter.numel())
    points, weights = exact.gauss_hermite(24, like=x)
    eps, weight = torch.cartesian_prod(points, points), torch.outer(weights, weights).flatten()
    z = q.transport(eps, x)
    wanted = gradients((weight * (model.log_joint(x, z) - q(x, z))).sum(), q)
    for estimator in (reparametrized, sticking_the_landing, doubly_reparametrized, score_function):
        score = block_z(estimator, model, q, x, wanted, q)
        assert score < LIMIT, estimator.__name__
        evidence(
            f"families.Ancestral, {estimator.__name__}",
            "NeuralStatistician of one point: quadrature",
            z=score,
        )


@settings(max_examples=10, deadline=None)
@given(
    n=st.integers(1, 5),
    k=st.integers(1, 3),
    batch=st.sampled_from([(), (1,), (2, 3)]),
    dtype=st.sampled_from([torch.float32, DOUBLE]),
    seed=st.integers(0, 999),
)
def test_the_order_of_a_set_carries_nothing(n, k, batch, dtype, seed):
    model = NeuralStatistician(n, 2, 2, 1, hidden=5, generator=generator(seed)).to(dtype)
    q = statistician_posterior(n, 2, 2, 1, hidden=5, generator=generator(seed + 1)).to(dtype)
    x, order = (
        randn(*batch, n, 2, seed=seed).to(dtype),
        torch.randperm(n, generator=generator(seed)),
    )
    eps = randn(k, *batch, 2 + n, seed=seed + 2).to(dtype)
    shuffled = torch.cat([eps[..., :2], eps[..., 2:][..., order]], -1)
    one = reparametrized(model, q, x.flatten(-2), k, noise=eps)
    two = reparametrized(model, q, x[..., order, :].flatten(-2), k, noise=shuffled)
    assert (
        one.shape == batch
        and one.dtype == dtype
        and (one - two).abs().max() < (1e-3 if dtype == torch.float32 else 1e-10)
    )


def test_a_set_encoder_is_deep_sets_written_out(evidence):
    encoder, points = SetEncoder(2, 5, 3, generator(0)).double(), randn(4, 6, 2, seed=1)
    hidden = torch.stack([encoder.each(points[:, i]) for i in range(6)]).mean(0)
    wanted = encoder.whole(torch.cat([hidden, torch.full((4, 1), math.log(7), dtype=DOUBLE)], -1))
    error = (encoder(points) - wanted).abs().max().item()
    assert error < 1e-13 and encoder(points[..., :0, :]).isfinite().all()
    evidence("families.SetEncoder", "its formula, point by point", error=error)


def test_a_statistician_learns_what_sets_share(monkeypatch):
    """Sets of normals with their own mean and scale: the statistic's bound beats that of a model that may not use c at all."""
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)
    source = generator(0)
    loc, scale = (
        2 * torch.randn(400, 1, generator=source),
        (0.5 * torch.randn(400, 1, generator=source)).exp(),
    )
    x = loc + scale * torch.randn(400, 8, generator=source)
    bounds = []
    for use in (True, False):
        model = NeuralStatistician(8, 1, 2, 1, hidden=16, generator=generator(1))
        q = statistician_posterior(8, 1, 2, 1, hidden=16, generator=generator(2))
        if not use:
            for net in (model.member[0], q.net.statistic.whole[2]):
                nn.init.zeros_(net.weight)
                net.weight.requires_grad_(False)
            with torch.no_grad():
                model.decoder[0].weight[:, 1:] = 0.0
            model.decoder[0].weight.register_hook(
                lambda gradient: torch.cat([gradient[:, :1], 0 * gradient[:, 1:]], -1)
            )
        history = fit(model, q, x, steps=200, batch_size=100, learning_rate=2e-2, progress=False)
        bounds.append(history.bound[-50:].mean().item())
    assert bounds[0] > bounds[1] + 2.0


def test_refusals():
    model, q = NeuralStatistician(4, 3), statistician_posterior(4, 3, 3, 2)
    with pytest.raises(
        ValueError, match=r"x has shape \(5, 11\); expected its last axis to have 12 entries"
    ):
        reparametrized(model, q, torch.zeros(5, 11))
    with pytest.raises(ValueError, match="x is None"):
        q.distribution()
    with pytest.raises(ValueError, match="expected rows of 4 points"):
        q.distribution(torch.zeros(5, 11)).transport(torch.zeros(1, 5, 11))
    with pytest.raises(ValueError, match=r"points has shape \(5, 2\)"):
        SetEncoder(3, 4, 2)(torch.zeros(5, 2))
    with pytest.raises(ValueError, match="encoder holds Dropout"):
        Ancestral(
            StatisticNets(
                nn.Sequential(SetEncoder(3, 4, 6), nn.Dropout()), nn.Linear(6, 4), 4, 3, 2
            )
        )
    with pytest.raises(ValueError, match="x has 12 entries that are NaN"):
        fit(model, q, torch.full((1, 12), math.nan), steps=1, progress=False)
    with pytest.raises(ValueError, match="set_size is 0"):
        NeuralStatistician(0, 3)

"""Gradients of the model's parameters, for every estimator, against exact gradients of the exact bound."""

from __future__ import annotations

import pytest
import torch
from oracles import (
    DOUBLE,
    LIMIT,
    ReplicatedBernoullis,
    expected_bound,
    generator,
    gradients,
    mean_z,
)
from torch import nn
from toy import ALL, toy_family

from course_vi import exact
from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import gradient_moments
from course_vi.families import Amortized, MeanField
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.models import VAE, TwoBernoullis
from course_vi.nets import mlp

FOR_IWAE = [score_function, reparametrized, doubly_reparametrized]


@pytest.mark.parametrize(
    "estimator, bound, num_samples", [(e, elbo, 1) for e in ALL] + [(e, iwae, 2) for e in FOR_IWAE]
)
def test_two_bernoullis(estimator, bound, num_samples, evidence):
    """The exact gradient of the exact K-sample bound in intercepts and slopes, by quadrature; 60,000 replicates in one backward."""
    model, q, x = TwoBernoullis().double(), toy_family(), torch.tensor([0.0, 1.0], dtype=DOUBLE)
    exactly = gradients(
        expected_bound(model, q.loc, q.log_scale, x, bound, num_samples, order=64), model
    )
    many = ReplicatedBernoullis(model, 60_000)
    value = estimator(
        many, q, x.expand(60_000, 2), num_samples, bound=bound, generator=generator(1)
    )
    found = gradients(value.sum(), many)
    z = max(mean_z(found[name], exactly[name]) for name in exactly)
    assert z < LIMIT
    evidence(
        f"gradients.{estimator.__name__}, {bound.__name__}: theta",
        "TwoBernoullis: exact gradient by quadrature",
        z=z,
    )


@pytest.mark.parametrize("estimator", ALL)
def test_a_small_autoencoder(estimator, evidence):
    """Decoder and encoder at once: one latent, so the exact ELBO and its gradient are a quadrature."""
    p = VAE(latent_dim=1, data_dim=3, hidden=4, generator=generator(0)).double()
    q = Amortized(MeanField(1), mlp(3, 4, 2, generator(1))).double()
    x = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]], dtype=DOUBLE)
    both = nn.ModuleDict({"p": p, "q": q})
    loc, log_scale = q.encoder(x).unbind(-1)

    def log_w(z):
        log_q = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z)
        return p.log_joint(x, z.unsqueeze(-1)) - log_q

    exactly = {
        name.removeprefix("q."): value
        for name, value in gradients(
            exact.normal_expectation(log_w, loc, log_scale.exp()).sum(), both
        ).items()
    }
    copies = 200 if estimator is score_function else 100

    def on_copies(p, q, x, num_samples, bound=elbo, generator=None):
        return (
            estimator(p, q, x.repeat(copies, 1), num_samples, bound=bound, generator=generator)
            / copies
        )

    moments = gradient_moments(
        on_copies, p, q, x, num_samples=5, replicates=200, generator=generator(2)
    )
    assert set(moments.mean) == set(exactly)
    worst = max(
        ((moments.mean[name] - value).abs() / moments.standard_error[name]).max().item()
        for name, value in exactly.items()
    )
    assert worst < LIMIT
    evidence(
        f"gradients.{estimator.__name__}: theta and phi",
        "a VAE with one latent: exact ELBO gradient by quadrature",
        z=worst,
    )


def test_doubly_reparametrized_leaves_theta_alone():
    """The hook on z rescales the path only: theta's gradient is, bit for bit nearly, that of the total derivative."""
    p = VAE(latent_dim=2, data_dim=3, hidden=4, generator=generator(0)).double()
    q = Amortized(MeanField(2), mlp(3, 4, 4, generator(1))).double()
    x = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]], dtype=DOUBLE)
    eps = q.noise((6, 2), generator(3))
    one, other = (
        gradients(estimator(p, q, x, 6, bound=iwae, noise=eps).sum(), p)
        for estimator in (reparametrized, doubly_reparametrized)
    )
    assert all(torch.allclose(one[name], other[name], atol=1e-12) for name in one)
    direct = gradients(
        iwae(
            p.log_joint(x, q.transport(eps, x).detach()) - q(x, q.transport(eps, x)).detach()
        ).sum(),
        p,
    )
    assert all(torch.allclose(one[name], direct[name], atol=1e-12) for name in one)


def test_sticking_the_landing_gives_theta_the_whole_gradient():
    p, q, x = TwoBernoullis().double(), toy_family(), torch.tensor([0.0, 1.0], dtype=DOUBLE)
    eps = q.noise((4,), generator(0))
    one, other = (
        gradients(estimator(p, q, x, 4, noise=eps), p)
        for estimator in (reparametrized, sticking_the_landing)
    )
    assert all(torch.allclose(one[name], other[name], atol=1e-13) for name in one)

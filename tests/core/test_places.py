"""Dtype and device: what a model draws follows the model, its densities follow the data, and nothing is moved silently."""

from __future__ import annotations

import pytest
import torch
from catalogue import gaussian
from oracles import DOUBLE, covariance_of, generator, randn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from course_vi.families import MeanField
from course_vi.gradients import analytic_kl
from course_vi.models import BayesianLogisticRegression, ConjugateToy, GaussianChain

WITHOUT_PARAMETERS = {
    "ConjugateToy": lambda: ConjugateToy(3),
    "GaussianChain": GaussianChain,
    "BayesianLogisticRegression": lambda: BayesianLogisticRegression(3, prior_scale=2.0),
}


@pytest.mark.parametrize("name", WITHOUT_PARAMETERS)
def test_draws_follow_a_model_without_parameters(name):
    for dtype in (torch.float32, DOUBLE):
        model = WITHOUT_PARAMETERS[name]().to(dtype)
        x, z = model.sample(4, generator(0))
        assert (
            x.dtype == z.dtype == dtype and not list(model.parameters()) and not model.state_dict()
        )
        assert torch.isfinite(model.log_joint(x, z)).all() and model.log_joint(x, z).dtype == dtype
    x, z = WITHOUT_PARAMETERS[name]().to("meta").sample(4)
    assert x.device.type == z.device.type == "meta"


def test_priors_follow_too():
    for model in (ConjugateToy(3), BayesianLogisticRegression(3)):
        assert (
            model.double().prior().mean.dtype == DOUBLE
            and model.to("meta").prior().mean.device.type == "meta"
        )


@pytest.mark.parametrize("kind", ["MeanField", "FullRank", "FactorCovariance"])
def test_the_closed_form_divergence_of_a_logistic_regression(kind, evidence):
    """Likelihood at the samples minus KL, with the KL by torch.distributions."""
    p, q = BayesianLogisticRegression(3, prior_scale=2.0).double(), gaussian(kind)
    x, _ = p.sample(20, generator(0))
    eps = q.noise((4,), generator(1))
    value = analytic_kl(p, q, x, 4, noise=eps)
    z = q.transport(eps)
    logits = z @ x[:, :-1].mT
    fit = (
        (x[:, -1] * torch.sigmoid(logits).log() + (1 - x[:, -1]) * torch.sigmoid(-logits).log())
        .sum(-1)
        .mean()
    )
    prior = MultivariateNormal(torch.zeros(3, dtype=DOUBLE), 4 * torch.eye(3, dtype=DOUBLE))
    error = (value - fit + kl_divergence(MultivariateNormal(q.loc, covariance_of(q)), prior)).abs()
    assert error < 1e-9
    evidence(
        "gradients.analytic_kl (BayesianLogisticRegression)",
        "torch.distributions: KL of two normals",
        error=error,
    )
    assert torch.allclose(p.prior().log_prob(z), Normal(0.0, 2.0).log_prob(z).sum(-1), atol=1e-6)


def test_another_device_is_named():
    """A model whose prior stayed behind is refused by name; `to` brings it along."""
    q = MeanField(3).to("meta")
    x = torch.zeros(5, 4, device="meta")
    with pytest.raises(
        ValueError, match="the prior of p is on cpu but z is on meta; expected one device"
    ):
        analytic_kl(BayesianLogisticRegression(3), q, x)
    assert analytic_kl(BayesianLogisticRegression(3).to("meta"), q, x).shape == ()
    assert randn(2, seed=0).device.type == "cpu"


def test_a_net_of_plain_numbers_draws_where_the_model_is():
    """Its recipes hold no tensor, so the draws themselves are made on the CPU; they arrive where the model is."""
    from catalogue import net_model

    x, z = net_model().to("meta").sample(4, generator(0))
    assert x.device.type == z.device.type == "meta"

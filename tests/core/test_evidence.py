"""Estimates of the log evidence: unbiased before the logarithm, biased after it by what theory says, and honest about their error."""

from __future__ import annotations

import math

import pytest
import torch
from bits import bernoulli
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from toy import X, posterior_of_the_chain, toy_family

from course_vi import exact
from course_vi.bounds import iwae
from course_vi.data import breast_cancer
from course_vi.distributions import DiagonalNormal
from course_vi.families import FullRank, MeanField
from course_vi.learning import importance_log_evidence, naive_log_evidence
from course_vi.models import (
    BayesianLogisticRegression,
    ConjugateToy,
    GaussianChain,
    Model,
    SigmoidBeliefNet,
    TwoBernoullis,
)


class SharedMean(Model):
    """z ~ N(0, 1), x_n | z ~ N(z, 1): one latent for all the rows; x is a normal vector with covariance I + 11'."""

    latent_dim = data_dim = 1
    local = False

    def prior(self):
        return DiagonalNormal(torch.zeros(1), torch.zeros(1))

    def log_factors(self, x, z):
        return {
            "prior": self.prior().log_prob(z),
            "likelihood": (-0.5 * (x[:, 0] - z).square() - 0.5 * math.log(2 * math.pi)).sum(-1),
        }

    def log_evidence(self, x):
        covariance = torch.eye(len(x), dtype=DOUBLE) + 1
        return torch.distributions.MultivariateNormal(
            torch.zeros(len(x), dtype=DOUBLE), covariance
        ).log_prob(x[:, 0])


def chain_family():
    return FullRank(
        2,
        torch.tensor([0.9, 0.4], dtype=DOUBLE),
        torch.tensor([0.1, 0.0], dtype=DOUBLE),
        lower=torch.tensor([[0.0, 0.0], [0.3, 0.0]], dtype=DOUBLE),
    )


def belief_net():
    return SigmoidBeliefNet((3, 3), generator=generator(0)).double()


BITS = torch.tensor([1.0, 0.0, 1.0], dtype=DOUBLE)
PAIR = torch.tensor([0.0, 1.0], dtype=DOUBLE)
ROWS = randn(5, 1, seed=0)
CASES = {
    "ConjugateToy": lambda: (
        ConjugateToy(),
        MeanField(1, torch.tensor([0.8], dtype=DOUBLE), torch.zeros(1, dtype=DOUBLE)),
        X,
    ),
    "TwoBernoullis": lambda: (TwoBernoullis().double(), toy_family(), PAIR),
    "GaussianChain": lambda: (GaussianChain(), chain_family(), X),
    "SigmoidBeliefNet": lambda: (belief_net(), bernoulli(), BITS),
    "a global mean": lambda: (SharedMean(), toy_family(), ROWS),
}


@pytest.mark.parametrize("name", CASES)
def test_importance_sampling_against_the_exact_evidence(name, evidence):
    p, q, x = CASES[name]()
    wanted = p.log_evidence(x).detach()
    found = importance_log_evidence(p, q, x, 100_000, generator(1), chunk=30_000)
    z = abs((found.value - wanted) / found.standard_error).item()
    assert (
        found.value.shape == found.standard_error.shape == wanted.shape
        and z < LIMIT
        and found.standard_error < 0.02
    )
    evidence("learning.importance_log_evidence", f"{name}: exact evidence", z=z)


@pytest.mark.parametrize("name", [name for name in CASES if name != "GaussianChain"])
def test_naive_monte_carlo_against_the_exact_evidence(name, evidence):
    p, _, x = CASES[name]()
    found = naive_log_evidence(p, x, 100_000, generator(1), chunk=30_000)
    z = abs((found.value - p.log_evidence(x)) / found.standard_error).item()
    assert found.value.shape == () and z < LIMIT and found.standard_error < 0.02
    evidence("learning.naive_log_evidence", f"{name}: exact evidence", z=z)


@pytest.mark.parametrize("proposal", ["prior", "q"])
def test_unbiased_for_the_evidence_and_biased_for_its_log(proposal, evidence):
    """Replicates on the batch axis: p-hat has mean p(x); log p-hat misses by -mu2/(2 n mu^2), and the next term, whose moments of the
    weights come from quadrature."""
    p, replicates, n = ConjugateToy(), 200_000, 20
    loc, log_scale = (0.0, 0.0) if proposal == "prior" else (0.8, math.log(0.8))
    loc, log_scale = torch.tensor([loc], dtype=DOUBLE), torch.tensor([log_scale], dtype=DOUBLE)
    x = torch.tensor([1.0], dtype=DOUBLE)
    log_p, density = p.log_evidence(x), DiagonalNormal(loc, log_scale)
    raw = [
        exact.log_integral(
            lambda z, r=r: r * (p.log_joint(x, z) - log_p) - (r - 1) * density.log_prob(z)
        ).exp()
        for r in range(1, 5)
    ]
    mu, mu2, mu3 = raw[0], raw[1] - 1, raw[2] - 3 * raw[1] + 2
    assert abs(mu - 1) < 1e-12
    leading, second = -mu2 / (2 * n), (mu3 / 3 - 0.75 * mu2**2) / n**2
    many = x.expand(replicates, 1)
    if proposal == "prior":
        found = naive_log_evidence(p, many, n, generator(0))
    else:
        found = importance_log_evidence(p, MeanField(1, loc, log_scale), many, n, generator(0))
    error = found.value - log_p
    z = mean_z(error.exp(), 1.0)
    assert z < LIMIT < mean_z(error, 0.0), (
        "unbiased for p(x), and measurably biased for its logarithm"
    )
    z_bias = mean_z(error, leading + second)
    assert z_bias < LIMIT and abs(error.mean() / leading - 1) < 0.25
    estimator = "naive_log_evidence" if proposal == "prior" else "importance_log_evidence"
    evidence(f"learning.{estimator}, mean of p-hat", "ConjugateToy: exact evidence", z=z)
    evidence(
        f"learning.{estimator}, bias of the log at n = {n}",
        "Nowozin's expansion to 1/n^2, moments by quadrature",
        z=z_bias,
        ratio=error.mean() / leading,
        interval=1.96 * error.std() / replicates**0.5 / abs(leading),
    )


def test_the_standard_error_is_the_spread_of_the_estimate(evidence):
    p, q, x = CASES["ConjugateToy"]()
    found = importance_log_evidence(p, q, x.expand(4_000, 1), 500, generator(0))
    spread, told = found.value.std(), found.standard_error.square().mean().sqrt()
    assert abs(told / spread - 1) < LIMIT / math.sqrt(2 * 4_000)
    evidence(
        "learning.importance_log_evidence, standard error",
        "ConjugateToy: spread of 4,000 estimates",
        ratio=told / spread,
        interval=1.96 / math.sqrt(2 * 4_000),
    )


def test_it_is_the_iwae_bound_whatever_the_chunks():
    """The same random numbers in one chunk and by hand; merged chunks against one pass over all the weights."""
    p, q, x = CASES["TwoBernoullis"]()
    z = q.sample(1_000, x, generator(0))
    log_w = (p.log_joint(x, z) - q(x, z)).detach()
    w = log_w.exp()
    whole = importance_log_evidence(p, q, x, 1_000, generator(0), chunk=1_000)
    assert (
        abs(whole.value - iwae(log_w)) < 1e-12
        and abs(whole.standard_error - w.std() / w.mean() / 1_000**0.5) < 1e-12
    )
    source, parts = generator(0), []
    for count in (300, 300, 300, 100):
        z = q.sample(count, x, source)
        parts.append((p.log_joint(x, z) - q(x, z)).detach())
    log_w = torch.cat(parts)
    w = log_w.exp()
    cut = importance_log_evidence(p, q, x, 1_000, generator(0), chunk=300)
    assert (
        abs(cut.value - iwae(log_w)) < 1e-12
        and abs(cut.standard_error - w.std() / w.mean() / 1_000**0.5) < 1e-12
    )


def test_no_error_at_the_posterior():
    """Every weight is p(x): no digit is lost to cancellation, and two samples do."""
    x = randn(6, 1, seed=0)
    for p, q in ((GaussianChain(), posterior_of_the_chain()), (ConjugateToy(), None)):
        if q is None:
            q = MeanField(1, p.posterior(x).loc, p.posterior(x).log_scale)
        found = importance_log_evidence(p, q, x, 50, generator(0), chunk=7)
        assert (
            found.value - p.log_evidence(x)
        ).abs().max() < 1e-12 and found.standard_error.max() < 1e-13
        assert not found.value.requires_grad


class Tilted(ConjugateToy):
    def __init__(self, shift):
        super().__init__()
        self.shift = shift

    def log_factors(self, x, z):
        return super().log_factors(x, z) | {"shift": torch.full_like(z[..., 0], self.shift)}


@pytest.mark.parametrize("shift", [1e4, -1e4])
def test_extreme_weights(shift):
    q, x = toy_family(), X
    plain, moved = (
        importance_log_evidence(p, q, x, 1_000, generator(0), chunk=400)
        for p in (ConjugateToy(), Tilted(shift))
    )
    assert abs(
        moved.value - shift - plain.value
    ) < 1e-9 and moved.standard_error.item() == pytest.approx(plain.standard_error.item())


def test_one_sample_and_no_weight_at_all():
    found = importance_log_evidence(ConjugateToy(), toy_family(), X, 1, generator(0))
    assert found.value.isfinite() and found.standard_error == math.inf
    for n in (3, 10):
        nothing = importance_log_evidence(
            Tilted(-math.inf), toy_family(), X, n, generator(0), chunk=4
        )
        assert nothing.value == -math.inf and nothing.standard_error == math.inf


def test_refusals():
    q = MeanField(2).double()
    x = breast_cancer(1, dtype=DOUBLE)[:10]
    with pytest.raises(ValueError, match="bound is iwae and p scales a minibatch by 56.9"):
        importance_log_evidence(BayesianLogisticRegression(2, num_data=569), q, x, 10)
    with pytest.raises(ValueError, match="p scales a minibatch by 56.9; expected all the data"):
        naive_log_evidence(BayesianLogisticRegression(2, num_data=569), x, 10)
    with pytest.raises(NotImplementedError, match="GaussianChain does not name a prior"):
        naive_log_evidence(GaussianChain(), X, 10)
    with pytest.raises(ValueError, match="x has 1 entries that are NaN"):
        importance_log_evidence(ConjugateToy(), toy_family(), torch.tensor([math.nan]), 10)
    with pytest.raises(ValueError, match="p gave 10 log weights that are NaN or infinite, of 10"):
        importance_log_evidence(Tilted(math.nan), toy_family(), X, 10)
    for name in ("num_samples", "chunk"):
        with pytest.raises(ValueError, match=f"{name} is 0; expected a whole number"):
            naive_log_evidence(ConjugateToy(), X, **{"num_samples": 5, name: 0})

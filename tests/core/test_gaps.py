"""The two gaps, where both have a formula: on the toy, and on a linear-Gaussian model whose posterior is correlated."""

from __future__ import annotations

import math

import pytest
import torch
from catalogue import flow
from oracles import DOUBLE, LIMIT, generator
from torch import nn
from toy import X, toy_family

from course_vi.data import breast_cancer
from course_vi.diagnostics import amortization_gap, approximation_gap, best_per_datum
from course_vi.families import Amortized, BernoulliMeanField, FullRank, MeanField, PerDatum
from course_vi.models import BayesianLogisticRegression, ConjugateToy, GaussianChain, TwoBernoullis


@pytest.fixture(autouse=True)
def full_length(monkeypatch):
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)


def encoder(dim, slopes, log_scale):
    net = nn.Linear(1, 2 * dim).double()
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[slope] for slope in slopes] + [[0.0]] * dim))
        net.bias.copy_(torch.tensor([0.0] * dim + [log_scale] * dim))
    return Amortized(MeanField(dim), net)


DATA = torch.tensor([[2.0], [-1.0], [0.3]], dtype=DOUBLE)


def test_the_toy(evidence):
    """The family holds the posterior: no approximation gap, and the amortization gap is KL(q | posterior)."""
    p, q = ConjugateToy(), encoder(1, [0.3], -0.1)
    best = best_per_datum(p, q, DATA)
    gap = approximation_gap(p, q, DATA, best, generator=generator(0))
    assert gap.value.abs().max() < 1e-6 and gap.standard_error.max() < 1e-5
    variance = math.exp(-0.2)
    wanted = (2 * variance - 1 - math.log(2 * variance)) / 2 + (
        0.2 * DATA[:, 0]
    ).square()  # (m - x/2)^2 / (2 * 1/2)
    lost = amortization_gap(p, q, DATA, best, 20_000, generator(1))
    z = ((lost.value - wanted) / lost.standard_error).abs().max().item()
    assert z < LIMIT and lost.standard_error.max() < 0.01
    evidence("diagnostics.amortization_gap", "ConjugateToy: KL(q | posterior)", z=z)
    evidence("diagnostics.approximation_gap", "ConjugateToy: none", error=gap.value.abs().max())


def test_a_correlated_posterior(evidence):
    """Best diagonal: the posterior's mean, variances 1 / (diagonal of the precision), a gap of (sum log L_ii - log det L) / 2."""
    p, q = GaussianChain(), encoder(2, [0.5, 0.5], 0.0)
    precision = torch.tensor([[2.0, -1.0], [-1.0, 2.0]], dtype=DOUBLE)
    best = best_per_datum(p, q, DATA)
    assert (best.loc.detach() - torch.cat([2 * DATA / 3, DATA / 3], -1)).abs().max() < 0.02
    assert (best.log_scale.detach() + 0.5 * math.log(2)).abs().max() < 0.02
    wanted = (precision.diagonal().log().sum() - precision.logdet()) / 2
    gap = approximation_gap(p, q, DATA, best, 20_000, generator(0))
    z = ((gap.value - wanted) / gap.standard_error).abs().max().item()
    assert z < LIMIT and gap.standard_error.max() < 0.01
    evidence("diagnostics.approximation_gap", "GaussianChain: (sum log L_ii - log det L) / 2", z=z)
    miss = torch.cat([0.5 * DATA - 2 * DATA / 3, 0.5 * DATA - DATA / 3], -1)
    kl = (precision.trace() - 2 - precision.logdet() + ((miss @ precision) * miss).sum(-1)) / 2
    lost = amortization_gap(p, q, DATA, best, 20_000, generator(1))
    z = ((lost.value - (kl - wanted)) / lost.standard_error).abs().max().item()
    assert z < LIMIT
    evidence("diagnostics.amortization_gap", "GaussianChain: KL minus the approximation gap", z=z)
    free = best_per_datum(p, FullRank(2).double(), DATA)
    assert approximation_gap(p, free, DATA, free).value.abs().max() < 1e-6, (
        "a family that holds the posterior has no gap"
    )


def test_the_evidence_comes_from_where_it_can():
    class Closed(GaussianChain):
        def log_evidence(self, x):
            raise NotImplementedError

    best = best_per_datum(GaussianChain(), MeanField(2).double(), DATA)
    told = approximation_gap(GaussianChain(), best, DATA, best, 20_000, generator(0))
    guessed = approximation_gap(Closed(), best, DATA, best, 20_000, generator(0))
    given = approximation_gap(
        Closed(), best, DATA, best, 20_000, generator(0), GaussianChain().log_evidence(DATA)
    )
    assert (
        torch.equal(told.value, given.value)
        and (guessed.standard_error > told.standard_error).all()
    )
    assert ((guessed.value - told.value) / guessed.standard_error).abs().max() < LIMIT


def test_nothing_is_changed():
    p, q = TwoBernoullis().double(), toy_family()
    before = [parameter.detach().clone() for parameter in (*p.parameters(), *q.parameters())]
    best = best_per_datum(p, q, torch.tensor([[0.0, 1.0]], dtype=DOUBLE), steps=20)
    assert all(
        torch.equal(a, b) for a, b in zip(before, (*p.parameters(), *q.parameters()), strict=True)
    )
    assert all(
        parameter.requires_grad and parameter.grad is None for parameter in p.parameters()
    ) and best.batch_shape == (1,)


def test_per_datum():
    q = encoder(2, [0.5, -0.5], 0.1)
    local = PerDatum(q, DATA)
    z = local.sample(4, DATA, generator(0))
    assert z.shape == (4, 3, 2) and torch.allclose(local(DATA, z), q(DATA, z), atol=1e-14)
    some = local.rows(torch.tensor([2, 0]))
    assert torch.equal(some.loc, local.loc[[2, 0]]) and some.batch_shape == (2,)
    assert set(dict(some.named_parameters())) == {"loc", "log_scale"}
    with torch.no_grad():
        some.loc += 1
    assert torch.equal(local.loc.detach(), q.distribution_parameters(DATA)["loc"].detach()), (
        "a copy"
    )
    local.write(torch.tensor([2, 0]), some)
    assert torch.equal(local.loc[[2, 0]], some.loc) and torch.equal(
        local.loc[1], q.distribution_parameters(DATA)["loc"][1]
    )
    bits = PerDatum(BernoulliMeanField(3), torch.zeros(2, 5, 1))
    assert bits.logits.shape == (2, 5, 3) and not bits.reparametrized
    with pytest.raises(TypeError, match="q is a Flow, which has no distribution parameters"):
        PerDatum(flow(), DATA)


def test_refusals():
    with pytest.raises(ValueError, match="the latents of BayesianLogisticRegression are global"):
        amortization_gap(BayesianLogisticRegression(2), MeanField(2), breast_cancer(1))
    with pytest.raises(TypeError, match="no z = t"):
        amortization_gap(
            ConjugateToy(),
            BernoulliMeanField(1).double(),
            X,
            PerDatum(BernoulliMeanField(1).double(), X),
        )

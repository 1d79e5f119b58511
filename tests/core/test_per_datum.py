"""Per-datum variational EM against exact maximum likelihood."""

from __future__ import annotations

import pytest
import torch
from oracles import DOUBLE, expected_bound, generator, randn
from torch import nn
from toy import X

from course_vi.bounds import elbo
from course_vi.data import breast_cancer
from course_vi.distributions import DiagonalNormal
from course_vi.families import BernoulliMeanField, MeanField, PerDatum
from course_vi.gradients import score_function, sticking_the_landing
from course_vi.learning import per_datum_svi
from course_vi.models import (
    BayesianLogisticRegression,
    ConjugateToy,
    Model,
    SigmoidBeliefNet,
    TwoBernoullis,
)


@pytest.fixture(autouse=True)
def full_length(monkeypatch):
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)


class HierarchicalNormal(Model):
    """z ~ N(mu, tau^2), x | z ~ N(z, 1): maximum likelihood is mu = mean x, tau^2 = var x - 1, and q can be the posterior."""

    latent_dim = data_dim = 1

    def __init__(self):
        super().__init__()
        self.mu, self.log_tau = (
            nn.Parameter(torch.zeros(1, dtype=DOUBLE)),
            nn.Parameter(torch.zeros(1, dtype=DOUBLE)),
        )

    def log_factors(self, x, z):
        return {
            "prior": DiagonalNormal(self.mu, self.log_tau).log_prob(z),
            "likelihood": ConjugateToy().likelihood(z).log_prob(x),
        }


@pytest.mark.parametrize("batch_size", [None, 20])
def test_the_family_holds_the_posterior_so_theta_is_maximum_likelihood(batch_size, evidence):
    x = 1.0 + 1.8 * randn(60, 1, seed=0)
    p, q = HierarchicalNormal(), PerDatum(MeanField(1).double(), x)
    for rate in (0.05, 0.005, 0.0005):
        per_datum_svi(
            p,
            q,
            x,
            sticking_the_landing,
            250,
            5,
            8,
            learning_rate=rate,
            inner_learning_rate=rate,
            batch_size=batch_size,
        )
    mu, square = x.mean(), x.var(correction=0) - 1
    found = torch.stack([p.mu.detach()[0], (2 * p.log_tau.detach()).exp()[0]])
    error = (found / torch.stack([mu, square]) - 1).abs().max().item()
    assert error < (0.03 if batch_size is None else 0.1)
    if batch_size is None:
        evidence(
            "learning.per_datum_svi",
            "hierarchical normal: maximum likelihood, relative",
            error=error,
        )
        shrink = square / (square + 1)
        assert (q.loc.detach() - (mu + shrink * (x - mu))).abs().max() < 0.1 and (
            q.log_scale.exp() ** 2 - shrink
        ).abs().max() < 0.1


def test_two_bernoullis_near_maximum_likelihood_by_quadrature(evidence):
    """Learned theta, judged by exact numbers: evidence within 0.01 nats of the best, ELBO within 0.01 of variational EM."""
    outcomes = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=DOUBLE)
    counts = torch.tensor([30, 15, 10, 45])
    x, share = outcomes.repeat_interleave(counts, 0), counts.to(DOUBLE) / counts.sum()

    def climb(objective, parameters):
        optimizer = torch.optim.LBFGS(parameters, max_iter=100, line_search_fn="strong_wolfe")

        def loss():
            optimizer.zero_grad()
            value = -objective()
            value.backward()
            return value

        optimizer.step(loss)
        return objective().item()

    best = TwoBernoullis().double()
    likelihood = climb(lambda: share @ best.log_evidence(outcomes), list(best.parameters()))
    assert abs(likelihood - (share * share.log()).sum()) < 1e-4, (
        "the model can say any positively correlated table"
    )
    variational, rows = TwoBernoullis().double(), PerDatum(MeanField(1).double(), outcomes)

    def exact_elbo(p, q):
        return share @ torch.stack(
            [expected_bound(p, q.loc[i], q.log_scale[i], outcomes[i], elbo, 1) for i in range(4)]
        )

    optimum = climb(
        lambda: exact_elbo(variational, rows), [*variational.parameters(), *rows.parameters()]
    )
    p, q = TwoBernoullis().double(), PerDatum(MeanField(1).double(), x)
    for rate in (0.05, 0.005, 0.0005):
        per_datum_svi(
            p, q, x, sticking_the_landing, 120, 5, 8, learning_rate=rate, inner_learning_rate=rate
        )
    first = torch.cat([torch.zeros(1, dtype=torch.long), counts.cumsum(0)[:-1]])
    gap = (likelihood - share @ p.log_evidence(outcomes)).item()
    lost = optimum - exact_elbo(p, q.rows(first)).item()
    assert 0 <= gap < 0.01 and -1e-6 < lost < 0.01
    evidence(
        "learning.per_datum_svi",
        "TwoBernoullis: exact maximum likelihood by quadrature, nats",
        error=gap,
    )
    evidence(
        "learning.per_datum_svi",
        "TwoBernoullis: exact variational EM by quadrature, nats",
        error=lost,
    )


def test_discrete_latents_and_the_posterior_of_one_bit():
    """One latent bit: the posterior is in the family, and with theta fixed every row finds its own."""
    x = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]], dtype=DOUBLE)
    p = SigmoidBeliefNet((2, 1), generator=generator(0)).double().requires_grad_(False)
    q = PerDatum(BernoulliMeanField(1).double(), x)
    history = per_datum_svi(p, q, x, score_function, 30, 20, 50, inner_learning_rate=0.05)
    assert (q.logits.detach().sigmoid() - p.posterior(x).mean).abs().max() < 0.05
    assert abs(history.bound[-10:].mean() - p.log_evidence(x).mean()) < 0.05


def test_only_the_rows_of_the_batch_move_and_seeds_reproduce():
    x, found = randn(6, 1, seed=0), []
    for seed in (0, 0, 1):
        p, q = HierarchicalNormal(), PerDatum(MeanField(1).double(), x)
        history = per_datum_svi(p, q, x, steps=1, inner_steps=2, batch_size=2, seed=seed)
        assert int((q.loc != 0).sum()) == 2 and history.bound.shape == (1,) and p.mu.item() != 0
        found.append((history.bound.item(), p.mu.item()))
    assert found[0] == found[1] != found[2]


def test_refusals():
    p, q = ConjugateToy(), PerDatum(MeanField(1), X.expand(3, 1))
    with pytest.raises(TypeError, match=r"q is a MeanField; expected PerDatum\(q, x\)"):
        per_datum_svi(p, MeanField(1), X.expand(3, 1))
    with pytest.raises(ValueError, match=r"q has rows \(3,\) and x has shape \(2, 1\)"):
        per_datum_svi(p, q, X.expand(2, 1))
    with pytest.raises(ValueError, match="are global; expected local ones"):
        per_datum_svi(BayesianLogisticRegression(2), q, breast_cancer(1))
    with pytest.raises(ValueError, match="inner_steps is 0"):
        per_datum_svi(p, q, X.expand(3, 1), inner_steps=0)
    with pytest.raises(ValueError, match="x has 3 entries that are NaN"):
        per_datum_svi(p, q, torch.full((3, 1), torch.nan))

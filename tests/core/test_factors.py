"""beta-VAE, FactorVAE and what measures disentanglement: closed forms of Gaussians, Bayes' rule for the ratio, factors drawn by us."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from blocks import block_z
from oracles import DOUBLE, LIMIT, generator, gradients, mean_z, randn
from sklearn.metrics import mutual_info_score
from torch import nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from course_vi import exact
from course_vi.bounds import iwae
from course_vi.diagnostics import factor_vae_score, mutual_information_gap
from course_vi.families import Amortized, BernoulliMeanField, MeanField
from course_vi.gradients import reparametrized
from course_vi.learning import (
    FactorObjective,
    beta_weighted,
    factor_vae,
    fit,
    permuted,
    ratio_loss,
    total_correlation,
)
from course_vi.models import VAE, BayesianLogisticRegression, ConjugateToy, SigmoidBeliefNet
from course_vi.nets import mlp

X = torch.tensor([2.0], dtype=DOUBLE)


@pytest.fixture(autouse=True)
def full_length(monkeypatch):
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)


# -- beta --------------------------------------------------------------------------------------------------------------------


def weighted(q, beta):
    """E log p(x | z) - beta KL on the toy."""
    m, s = q.loc, q.log_scale.exp()
    fit_term = -0.5 * ((X - m) ** 2 + s**2) - 0.5 * math.log(2 * math.pi)
    return (fit_term - beta * kl_divergence(Normal(m, s), Normal(torch.zeros_like(m), 1.0))).sum()


@pytest.mark.parametrize("beta", [0.3, 1.0, 4.0])
def test_beta_against_the_closed_form(beta, evidence):
    q = MeanField(1, torch.tensor([0.3], dtype=DOUBLE), torch.tensor([0.1], dtype=DOUBLE))
    estimator = partial(beta_weighted, beta=beta)
    values = estimator(ConjugateToy(), q, X.expand(20_000, 1), 2, generator=generator(0)).detach()
    score = mean_z(values, weighted(q, beta).item())
    slopes = block_z(estimator, ConjugateToy(), q, X, gradients(weighted(q, beta), q), q)
    assert score < LIMIT and slopes < LIMIT
    evidence(
        "learning.beta_weighted: value and gradient",
        "ConjugateToy: closed form",
        z=max(score, slopes),
    )
    if beta == 1.0:
        noise = randn(3, 1, seed=1)
        one, two = (
            f(ConjugateToy(), q, X, 3, noise=noise).item() for f in (estimator, reparametrized)
        )
        assert abs(one - two) < 1e-12


def test_above_one_a_looser_bound_below_one_none(evidence):
    """The best q for each beta on the toy is N(x / (1 + beta), beta / (1 + beta)): the maximum of the objective, by quadrature."""
    log_p, maxima, spreads = ConjugateToy().log_evidence(X).item(), [], []
    for beta in (0.25, 0.5, 1.0, 2.0, 8.0):
        q = MeanField(
            1, X / (1 + beta), torch.tensor([0.5 * math.log(beta / (1 + beta))], dtype=DOUBLE)
        )
        best = weighted(q, beta).item()
        tempered = beta * exact.log_integral(
            lambda z, beta=beta: (
                Normal(0.0, 1.0).log_prob(z) + Normal(z, 1.0).log_prob(X) / beta
            ).sum(-1)
        )
        assert (
            abs(best - tempered.item()) < 1e-9
            and max(part.abs().max() for part in gradients(weighted(q, beta), q).values()) < 1e-12
        )
        maxima.append(best)
        spreads.append(q.log_scale.item())
        evidence(
            "learning.beta_weighted: its maximum over q",
            "quadrature of the tempered evidence",
            error=abs(best - tempered.item()),
        )
    assert maxima == sorted(maxima, reverse=True) and spreads == sorted(spreads)
    assert maxima[1] > log_p + 0.1 and abs(maxima[2] - log_p) < 1e-12 and maxima[3] < log_p - 0.1


def test_beta_in_training():
    q = MeanField(1).double()
    fit(
        ConjugateToy(),
        q,
        X,
        partial(beta_weighted, beta=4.0),
        steps=600,
        num_samples=50,
        learning_rate=0.02,
        progress=False,
    )
    assert abs(q.loc.item() - 0.4) < 0.05 and abs((2 * q.log_scale).exp().item() - 0.8) < 0.05


# -- total correlation -------------------------------------------------------------------------------------------------------


def correlated(size, seed=0):
    cov = torch.tensor([[1.0, 0.6, 0.2], [0.6, 1.5, -0.3], [0.2, -0.3, 0.8]], dtype=DOUBLE)
    exactly = (0.5 * (cov.diagonal().log().sum() - torch.logdet(cov))).item()
    root = torch.linalg.cholesky(cov)
    return randn(size, 3, seed=seed) @ root.mT, cov, exactly


class BestDiscriminator(nn.Module):
    """log q(z) minus the sum of log q(z_j), for a Gaussian."""

    def __init__(self, cov):
        super().__init__()
        self.cov = cov

    def forward(self, z):
        joint = MultivariateNormal(torch.zeros(len(self.cov), dtype=DOUBLE), self.cov).log_prob(z)
        return joint - Normal(0.0, self.cov.diagonal().sqrt()).log_prob(z).sum(-1)


class Quadratic(nn.Module):
    """A logistic regression on z and its products: the family that holds the best answer."""

    def __init__(self, dim):
        super().__init__()
        self.linear = nn.Linear(dim + dim * dim, 1)

    def forward(self, z):
        return self.linear(torch.cat([z, (z.unsqueeze(-1) * z.unsqueeze(-2)).flatten(1)], -1))


def test_total_correlation_of_a_gaussian(evidence):
    z, cov, exactly = correlated(40_000)
    score = mean_z(BestDiscriminator(cov)(z), exactly)
    assert (
        score < LIMIT
        and abs(total_correlation(BestDiscriminator(cov), z) - BestDiscriminator(cov)(z).mean())
        < 1e-12
    )
    evidence("learning.total_correlation, the best discriminator", "-log det R / 2", z=score)
    net = Quadratic(3).double()
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=100)

    def closure():
        optimizer.zero_grad()
        loss = ratio_loss(net, z, generator(7))
        loss.backward()
        return loss

    optimizer.step(closure)
    fresh = correlated(40_000, seed=5)[0]
    found = total_correlation(net, fresh).item()
    assert abs(found - exactly) < 0.03 and ratio_loss(net, fresh, generator(1)) < math.log(2) - 0.02
    evidence(
        "learning.total_correlation, a learned discriminator, nats",
        "-log det R / 2",
        error=abs(found - exactly),
    )


def test_independent_latents_have_none():
    z = randn(20_000, 3, seed=0)
    assert (
        abs(mean_z(BestDiscriminator(torch.eye(3, dtype=DOUBLE))(z) + 1e-9 * z[:, 0], 0.0)) < LIMIT
    )
    assert total_correlation(BestDiscriminator(torch.eye(3, dtype=DOUBLE)), z).abs() < 1e-12


def test_shuffled_columns():
    z, cov, _ = correlated(50_000)
    shuffled = permuted(z, generator(0))
    assert all(
        torch.equal(one.sort().values, two.sort().values)
        for one, two in zip(z.unbind(-1), shuffled.unbind(-1), strict=True)
    )
    centred = shuffled - shuffled.mean(0)
    products = (centred[:, :, None] * centred[:, None, :])[:, [0, 0, 1], [1, 2, 2]]
    assert (
        mean_z(products, 0.0) < LIMIT
        and abs(ratio_loss(nn.Linear(3, 1).double(), z, generator(0)).item() - math.log(2)) < 0.2
    )


def test_the_objective_is_the_elbo_and_its_gradient_the_penalty(evidence):
    """The best discriminator of a linear Gaussian q, whose aggregate is Gaussian: the slope of the total correlation in closed form."""
    encoder = nn.Linear(2, 4).double()
    with torch.no_grad():
        encoder.weight.copy_(torch.tensor([[1.0, 0.3], [0.5, 0.8], [0.0, 0.0], [0.0, 0.0]]))
        encoder.bias.copy_(torch.tensor([0.0, 0.0, -1.0, -0.7]))
    q, p = Amortized(MeanField(2), encoder), ConjugateToy(2)

    def covariance():
        weight = q.encoder.weight[:2]
        return weight @ weight.mT + torch.diag((2 * q.encoder.bias[2:]).exp())  # x ~ N(0, I)

    cov = covariance()
    wanted = gradients(0.5 * (cov.diagonal().log().sum() - torch.logdet(cov)), q)["encoder.weight"][
        :2
    ]
    best = BestDiscriminator(cov.detach())
    found = []
    for seed in range(40):
        rows = randn(4_000, 2, seed=100 + seed)
        one, two = (
            FactorObjective(_Idle(best), gamma)(p, q, rows, generator=generator(seed)).mean()
            for gamma in (0.0, 3.0)
        )
        assert abs(one - two) < 1e-12, "its value is the ELBO"
        found.append(
            ((gradients(one, q)["encoder.weight"] - gradients(two, q)["encoder.weight"]) / 3.0)[:2]
        )
    score = mean_z(torch.stack(found), wanted)
    assert score < LIMIT
    evidence(
        "learning.FactorObjective: gradient of the total correlation",
        "Gaussian aggregate: closed form",
        z=score,
    )


class _Idle(nn.Module):
    """A discriminator that training cannot move."""

    def __init__(self, best):
        super().__init__()
        self.best, self.nothing = best, nn.Parameter(torch.zeros(1, dtype=DOUBLE))

    def forward(self, z):
        return self.best(z) + 0 * self.nothing


def test_factor_vae_lowers_the_total_correlation(evidence):
    """Correlated data seen directly, by a model that is held still: the penalty takes the correlation out of q, at a price in the bound."""
    x = (randn(2_000, 2, seed=0) @ torch.tensor([[1.0, 0.8], [0.0, 0.6]], dtype=DOUBLE)).float()
    p, ends = VAE(2, 2, hidden=0, likelihood="gaussian", scale=0.5), {}
    with torch.no_grad():
        p.decoder[0].weight.copy_(torch.eye(2)), p.decoder[0].bias.zero_()
    p.requires_grad_(False)
    for gamma in (0.0, 10.0):
        q = Amortized(MeanField(2), mlp(2, 0, 4, generator(1)))
        history = factor_vae(
            p,
            q,
            x,
            mlp(2, 16, 1, generator(2)),
            gamma,
            400,
            batch_size=200,
            learning_rate=1e-2,
            discriminator_learning_rate=1e-2,
            progress=False,
        )
        z = q.sample(1, x, generator(3))[0]
        said = torch.tensor(history.records[-100:]).mean().item()
        ends[gamma] = (
            -0.5 * math.log(1 - torch.corrcoef(z.mT)[0, 1].item() ** 2),
            said,
            history.bound[-50:].mean().item(),
        )
    assert (
        len(history.records) == 400 and ends[0.0][0] > 0.15 and ends[10.0][0] < 0.2 * ends[0.0][0]
    )
    assert abs(ends[0.0][1] / ends[0.0][0] - 1) < 0.35 and ends[10.0][2] < ends[0.0][2]
    evidence(
        "learning.factor_vae, gamma 10: total correlation over that at gamma 0",
        "-log(1 - r^2) / 2 of the latents",
        ratio=ends[10.0][0] / ends[0.0][0],
    )


# -- disentanglement ---------------------------------------------------------------------------------------------------------


def grid(*sizes):
    return torch.cartesian_prod(*[torch.arange(size) for size in sizes])


def test_information_against_scikit_learn(evidence):
    factors = torch.stack(
        [
            torch.randint(4, (500,), generator=generator(0)),
            torch.randint(3, (500,), generator=generator(1)),
        ],
        -1,
    )
    codes = factors.double() @ randn(2, 3, seed=2) + 0.3 * randn(500, 3, seed=3)
    found, worst = mutual_information_gap(codes, factors, bins=7), 0.0
    for j in range(3):
        cells = np.clip(
            ((codes[:, j] - codes[:, j].min()) / (codes[:, j].max() - codes[:, j].min()) * 7)
            .long()
            .numpy(),
            0,
            6,
        )
        for k in range(2):
            worst = max(
                worst,
                abs(
                    found.information[j, k].item() - mutual_info_score(cells, factors[:, k].numpy())
                ),
            )
    top = found.information.sort(0, descending=True).values
    entropy = torch.tensor(
        [mutual_info_score(factors[:, k], factors[:, k]) for k in range(2)], dtype=DOUBLE
    )
    worst = max(worst, (found.gap - (top[0] - top[1]) / entropy).abs().max().item())
    assert worst < 1e-12
    evidence("diagnostics.mutual_information_gap", "scikit-learn's mutual information", error=worst)


def test_known_scores(evidence):
    """Factors themselves, in any order, sign or scale: 1. Turned by 45 degrees, both scores fall; turned little, little."""
    factors = grid(5, 5, 4)
    codes = factors.double()
    for same in (
        codes,
        codes[:, [2, 0, 1]],
        -3 * codes + 7,
        torch.cat([codes, torch.zeros(len(codes), 2)], -1),
    ):
        assert mutual_information_gap(same, factors).mean == pytest.approx(1.0, abs=1e-12)
        assert factor_vae_score(same, factors, generator=generator(0)) == 1.0
    centred, scores = (codes - codes.mean(0)) / codes.std(0), []
    for degrees in (0, 15, 45):
        angle = math.radians(degrees)
        turn = torch.eye(3, dtype=DOUBLE)
        turn[:2, :2] = torch.tensor(
            [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        )
        turned = centred @ turn
        scores.append(
            (
                mutual_information_gap(turned, factors, 10).mean,
                factor_vae_score(turned, factors, generator=generator(0)),
            )
        )
    assert (
        scores[0] == (pytest.approx(1.0), 1.0)
        and scores[1][0] < 0.8
        and scores[2][0] < scores[1][0] - 0.1
    )
    assert scores[2][1] < 0.85
    evidence(
        "diagnostics.mutual_information_gap of the factors themselves",
        "1, by definition",
        error=1 - scores[0][0],
    )


def test_rotations_that_a_prior_cannot_tell():
    """A linear Gaussian VAE and the same turned: one evidence for every x, two sets of latents, and another score."""
    factors = grid(6, 6)
    x = (factors.double() - 2.5) / 1.7
    weight = torch.eye(2, dtype=DOUBLE)
    turn = torch.tensor([[1.0, -1.0], [1.0, 1.0]], dtype=DOUBLE) / math.sqrt(2)
    evidences, scores = [], []
    for loadings in (weight, weight @ turn):
        model = VAE(2, 2, hidden=0, likelihood="gaussian", scale=0.1).double()
        with torch.no_grad():
            model.decoder[0].weight.copy_(loadings), model.decoder[0].bias.zero_()
        evidences.append(model.log_evidence(x))
        scores.append(mutual_information_gap(model.posterior(x).mean, factors, 6).mean)
    assert (
        torch.allclose(evidences[0], evidences[1], atol=1e-10)
        and scores[0] > 0.99
        and scores[1] < 0.5
    )


def test_edges_of_the_scores():
    factors = grid(4, 3)
    still = torch.zeros(12, 3)
    assert mutual_information_gap(still, factors).mean == 0.0
    chance = factor_vae_score(still, factors, votes=2_000, generator=generator(0))
    assert abs(chance - 0.5) < LIMIT * 0.5 / math.sqrt(2_000)
    one = grid(4).unsqueeze(-1)
    assert mutual_information_gap(one.float(), one).mean == pytest.approx(1.0), (
        "a lone latent has no rival"
    )
    noise = randn(5_000, 2, seed=0)
    assert (
        mutual_information_gap(noise, torch.randint(3, (5_000, 2), generator=generator(0))).mean
        < 0.01
    )
    assert factor_vae_score(
        factors.float(), factors, votes=20, generator=generator(1)
    ) == factor_vae_score(factors.float(), factors, votes=20, generator=generator(1))
    with pytest.raises(ValueError, match="the number of factors is 1; expected 2 or more"):
        factor_vae_score(one.float(), one)
    with pytest.raises(ValueError, match=r"factors has a column \(1\) that does not vary"):
        mutual_information_gap(factors.float(), factors * torch.tensor([1, 0]))
    with pytest.raises(ValueError, match="codes has 12 entries that are NaN"):
        mutual_information_gap(torch.full((12, 1), math.nan), factors)
    with pytest.raises(ValueError, match="no whole numbers"):
        mutual_information_gap(factors.float(), factors + 0.5)
    with pytest.raises(
        ValueError, match=r"\(11, 2\) and \(12, 2\); expected \(N, D\) and \(N, F\)"
    ):
        mutual_information_gap(factors[1:].float(), factors)


def test_refusals():
    p, q = ConjugateToy(), MeanField(1)
    with pytest.raises(ValueError, match="beta is 0; expected a positive number"):
        beta_weighted(p, q, X.float(), beta=0)
    with pytest.raises(ValueError, match="bound is not linear"):
        beta_weighted(p, q, X.float(), 2, bound=iwae)
    with pytest.raises(TypeError, match="expected a reparametrizable family"):
        beta_weighted(SigmoidBeliefNet((2, 1)), BernoulliMeanField(1), torch.zeros(2))
    with pytest.raises(ValueError, match=r"z has shape \(1, 3\)"):
        permuted(torch.zeros(1, 3))
    with pytest.raises(ValueError, match="gamma is -1"):
        FactorObjective(mlp(1, 2, 1), -1)
    with pytest.raises(ValueError, match="at least four rows"):
        FactorObjective(mlp(1, 2, 1))(p, q, torch.zeros(3, 1))
    with pytest.raises(ValueError, match="are global"):
        factor_vae(BayesianLogisticRegression(2), MeanField(2), torch.zeros(5, 3), mlp(2, 2, 1))
    with pytest.raises(ValueError, match="z has 2 entries that are NaN"):
        total_correlation(mlp(1, 2, 1), torch.full((2, 1), math.nan))

"""Linear Gaussian models against dense Gaussians, statsmodels and scikit-learn."""

from __future__ import annotations

import math

import pandas
import pytest
import statsmodels.formula.api as smf
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from sklearn.decomposition import PCA
from torch.distributions import MultivariateNormal

from course_vi.data import digits
from course_vi.models import BayesianLinearRegression, LinearMixedModel, ProbabilisticPCA


def dense(design: torch.Tensor, prior: torch.Tensor, noise: float, targets: torch.Tensor):
    """Evidence and posterior of targets = design z + noise, z ~ N(0, diag(prior)), by the joint Gaussian of z and the targets."""
    count = len(targets)
    cross = torch.diag(prior) @ design.mT
    marginal = design @ cross + noise**2 * torch.eye(count, dtype=DOUBLE)
    gain = torch.linalg.solve(marginal, cross.mT).mT
    log_evidence = MultivariateNormal(torch.zeros(count, dtype=DOUBLE), marginal).log_prob(targets)
    return log_evidence, gain @ targets, torch.diag(prior) - gain @ cross.mT


@pytest.mark.parametrize("count, dim", [(7, 3), (2, 5), (1, 1)])
def test_regression_against_the_dense_gaussian(count, dim, evidence):
    model, x, z = (
        BayesianLinearRegression(dim, 1.5, 0.4).double(),
        randn(count, dim + 1, seed=0),
        randn(4, 2, dim, seed=1),
    )
    with torch.no_grad():
        model.log_prior_scale.fill_(math.log(1.5)), model.log_noise_scale.fill_(math.log(0.4))
    wanted, loc, covariance = dense(
        x[:, :-1], torch.full((dim,), 2.25, dtype=DOUBLE), 0.4, x[:, -1]
    )
    posterior = model.posterior(x)
    bayes = model.log_joint(x, z) - posterior.log_prob(z) - wanted
    errors = [
        model.log_evidence(x) - wanted,
        posterior.mean - loc,
        posterior.covariance_matrix - covariance,
        bayes,
    ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-10 and model.log_joint(x, z).shape == (4, 2) and not model.local
    evidence(
        "models.BayesianLinearRegression", "dense Gaussian of all targets; Bayes' rule", error=worst
    )


def test_regression_minibatches_and_samples(evidence):
    x, z = randn(5, 4, seed=0), randn(4, 3, seed=2)
    scaled, whole = (
        BayesianLinearRegression(3, num_data=5).double(),
        BayesianLinearRegression(3).double(),
    )
    parts = torch.stack([scaled.log_joint(x[[n]], z) for n in range(5)]).mean(0)
    assert torch.allclose(parts, whole.log_joint(x, z)) and scaled.likelihood_scale(x[:2]) == 2.5
    with pytest.raises(ValueError, match="x has 2 rows of num_data = 5"):
        scaled.log_evidence(x[:2])
    rows, weights = (
        BayesianLinearRegression(3, noise_scale=0.5).double().sample(40_000, generator(0))
    )
    residual = rows[:, 3] - rows[:, :3] @ weights
    score = max(mean_z(residual.unsqueeze(-1) * rows[:, :3], 0.0), mean_z(residual.square(), 0.25))
    assert score < LIMIT
    evidence("models.BayesianLinearRegression.sample", "residual mean and variance", z=score)


def pca(dim: int = 5, latent: int = 2) -> ProbabilisticPCA:
    return ProbabilisticPCA(randn(dim, latent, seed=0), randn(dim, seed=1), 0.6)


def test_ppca_against_the_dense_gaussian(evidence):
    model, x, z = pca(), randn(4, 5, seed=2), randn(6, 4, 2, seed=3)
    marginal = (model.loadings @ model.loadings.mT + 0.36 * torch.eye(5, dtype=DOUBLE)).detach()
    wanted = MultivariateNormal(model.loc.detach(), marginal).log_prob(x)
    gain = torch.linalg.solve(marginal, model.loadings.detach()).mT
    posterior = model.posterior(x)
    errors = [
        model.log_evidence(x) - wanted,
        posterior.mean - (x - model.loc) @ gain.mT,
        posterior.covariance_matrix - (torch.eye(2, dtype=DOUBLE) - gain @ model.loadings),
        model.log_joint(x, z) - posterior.log_prob(z) - wanted,
    ]
    worst = max(error.abs().max().item() for error in errors)
    draws, hidden = model.sample(40_000, generator(0))
    off = torch.cat([draws - model.loc.detach(), hidden], -1)
    joint = torch.cat(
        [
            torch.cat([marginal, model.loadings.detach()], -1),
            torch.cat([model.loadings.detach().mT, torch.eye(2, dtype=DOUBLE)], -1),
        ]
    )
    score = max(mean_z(off, 0.0), mean_z(off.unsqueeze(-1) * off.unsqueeze(-2), joint))
    assert worst < 1e-11 and score < LIMIT
    evidence(
        "models.ProbabilisticPCA",
        "dense Gaussian; Bayes' rule; exact covariance of (x, z)",
        error=worst,
        z=score,
    )


def test_ppca_maximum_likelihood_on_the_digits(evidence):
    """scikit-learn divides the covariance by N - 1: with its scale put right, every log-density agrees; and ours is the maximum."""
    x = digits(binary=False, dtype=DOUBLE).train[:400, 2:30]
    model, theirs = (
        ProbabilisticPCA.maximum_likelihood(x, 6),
        PCA(6, svd_solver="full").fit(x.numpy()),
    )
    stretch = 400 / 399
    scaled = ProbabilisticPCA(
        model.loadings.detach() * math.sqrt(stretch),
        model.loc.detach(),
        math.sqrt(stretch) * model.log_noise_scale.exp().item(),
    )
    error = (scaled.log_evidence(x) - torch.as_tensor(theirs.score_samples(x.numpy()))).abs().max()
    slope = torch.autograd.grad(model.log_evidence(x).mean(), list(model.parameters()))
    steepest = max(gradient.abs().max().item() for gradient in slope)
    assert (
        error < 1e-8
        and steepest < 1e-8
        and scaled.log_evidence(x).mean() < model.log_evidence(x).mean()
    )
    evidence(
        "models.ProbabilisticPCA.maximum_likelihood",
        "sklearn PCA.score_samples; zero slope",
        error=max(error, steepest),
    )


def mixed(levels: list[int], seed: int = 0) -> LinearMixedModel:
    return LinearMixedModel(
        levels, randn(2, seed=seed), [0.7 + 0.5 * i for i in range(len(levels))], 0.5
    )


@pytest.mark.parametrize("levels, count", [([4], 12), ([3, 5], 20), ([2, 2, 3], 9), ([6], 2)])
def test_mixed_model_against_the_dense_gaussian(levels, count, evidence):
    """One factor, or several that cross: y ~ N(C beta, sum of tau^2 Z Z' + sigma^2 I)."""
    model = mixed(levels)
    x, _ = model.sample(count, generator(0))
    groups = [
        torch.nn.functional.one_hot(x[:, 2 + f].long(), size).double()
        for f, size in enumerate(levels)
    ]
    prior = torch.cat(
        [torch.full((size,), (0.7 + 0.5 * f) ** 2, dtype=DOUBLE) for f, size in enumerate(levels)]
    )
    wanted, loc, covariance = dense(
        torch.cat(groups, -1), prior, 0.5, x[:, -1] - x[:, :2] @ model.fixed.detach()
    )
    posterior, z = model.posterior(x), randn(4, 3, sum(levels), seed=1)
    errors = [
        model.log_evidence(x) - wanted,
        posterior.mean - loc,
        posterior.covariance_matrix - covariance,
        model.log_joint(x, z) - posterior.log_prob(z) - wanted,
    ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-10 and model.log_joint(x, z).shape == (4, 3)
    evidence("models.LinearMixedModel", "dense Gaussian of all responses; Bayes' rule", error=worst)


def test_mixed_model_against_statsmodels(evidence):
    """At the ML fit of statsmodels (reml=False) the log-likelihoods agree, and ours is flat there."""
    x, _ = mixed([15]).sample(120, generator(1))
    frame = pandas.DataFrame(
        {"slope": x[:, 1].tolist(), "group": x[:, 2].tolist(), "y": x[:, 3].tolist()}
    )
    fit = smf.mixedlm("y ~ slope", frame, groups="group").fit(reml=False)
    tau, sigma = math.sqrt(fit.cov_re.iloc[0, 0]), math.sqrt(fit.scale)
    model = LinearMixedModel([15], torch.tensor(fit.fe_params.tolist(), dtype=DOUBLE), [tau], sigma)
    log_p = model.log_evidence(x)
    slope = torch.autograd.grad(log_p, list(model.parameters()))
    effects = torch.tensor([fit.random_effects[float(g)].iloc[0] for g in range(15)], dtype=DOUBLE)
    error = max(abs(log_p.item() - fit.llf), (model.posterior(x).mean - effects).abs().max().item())
    assert error < 1e-8 and max(gradient.abs().max().item() for gradient in slope) < 1e-3
    reml = smf.mixedlm("y ~ slope", frame, groups="group").fit(reml=True)
    assert abs(reml.llf - log_p.item()) > 1.0  # REML is another number
    evidence(
        "models.LinearMixedModel, ML",
        "statsmodels MixedLM, reml=False: llf and predicted effects",
        error=error,
    )


def test_mixed_model_samples(evidence):
    """Residuals of rows of different levels: the effect of the level, and noise."""
    model = mixed([3, 2])
    x, z = model.sample(40_000, generator(2))
    residual = (
        x[:, -1] - x[:, :2] @ model.fixed.detach() - z[x[:, 2].long()] - z[3 + x[:, 3].long()]
    )
    score = max(
        mean_z(residual, 0.0),
        mean_z(residual.square(), 0.25),
        mean_z(torch.nn.functional.one_hot(x[:, 2].long()).double(), 1 / 3),
    )
    effects = torch.stack([model.sample(1, generator(seed))[1] for seed in range(2_000)])
    exactly = torch.tensor([0.49, 0.49, 0.49, 1.44, 1.44], dtype=DOUBLE)
    score = max(score, mean_z(effects.unsqueeze(-1) * effects.unsqueeze(-2), torch.diag(exactly)))
    assert score < LIMIT
    evidence(
        "models.LinearMixedModel.sample", "residuals and effects by their exact variances", z=score
    )


@pytest.mark.parametrize(
    "run, message",
    [
        (lambda: BayesianLinearRegression(2, prior_scale=0.0), "prior_scale is 0.0"),
        (lambda: BayesianLinearRegression(2, noise_scale=-1.0), "noise_scale is -1.0"),
        (lambda: BayesianLinearRegression(2).log_evidence(torch.zeros(0, 3)), "at least one row"),
        (
            lambda: BayesianLinearRegression(2).log_evidence(torch.full((1, 3), torch.nan)),
            "x has 3 entries that are NaN",
        ),
        (lambda: ProbabilisticPCA(torch.ones(2), torch.zeros(2)), "loadings and loc have shapes"),
        (lambda: ProbabilisticPCA(torch.ones(2, 1), torch.zeros(2), 0.0), "noise_scale is 0.0"),
        (lambda: ProbabilisticPCA.maximum_likelihood(torch.zeros(9, 2), 2), "Dx > latent_dim"),
        (lambda: pca().log_evidence(torch.zeros(4)), "x has shape"),
        (lambda: LinearMixedModel([3], torch.zeros(1), [1.0, 1.0]), "levels has 1 factors"),
        (lambda: LinearMixedModel([3], torch.zeros(1), [0.0]), "random_scales has 0.0"),
        (lambda: LinearMixedModel([0], torch.zeros(1), [1.0]), "levels is 0"),
        (
            lambda: mixed([3]).log_evidence(torch.tensor([[1.0, 0.0, 3.0, 0.0]], dtype=DOUBLE)),
            "no whole numbers below 3",
        ),
        (
            lambda: mixed([3]).log_evidence(torch.tensor([[1.0, 0.0, 0.5, 0.0]], dtype=DOUBLE)),
            "no whole numbers below 3",
        ),
        (lambda: mixed([3]).log_evidence(torch.zeros(4)), r"expected \(N, 4\)"),
    ],
)
def test_refusals(run, message):
    with pytest.raises(ValueError, match=message):
        run()

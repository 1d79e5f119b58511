"""Neural processes: with an exact encoder and a linear decoder, Bayesian linear regression; trained, below a Gaussian process."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, gradients, mean_z, randn
from torch import nn
from torch.distributions import MultivariateNormal, Normal

from course_vi.bounds import iwae
from course_vi.distributions import CholeskyNormal
from course_vi.families import process_posterior
from course_vi.gradients import doubly_reparametrized, reparametrized, sticking_the_landing
from course_vi.learning import fit
from course_vi.models import BayesianLinearRegression, ConditionalNeuralProcess, NeuralProcess

NOISE = 0.5


class ExactEncoder(nn.Module):
    """The posterior of (intercept, slope) under a standard normal prior, for sets ``(*B, n, 2)``."""

    def __init__(self):
        super().__init__()
        self.log_noise = nn.Parameter(torch.tensor(math.log(NOISE), dtype=DOUBLE))

    def forward(self, points):
        x, y = points.split(1, -1)
        features = torch.cat([torch.ones_like(x), x], -1)
        beta = (-2 * self.log_noise).exp()
        covariance = torch.linalg.inv(torch.eye(2, dtype=x.dtype) + beta * features.mT @ features)
        loc = (covariance @ (beta * features.mT @ y)).squeeze(-1)
        return CholeskyNormal(loc, torch.linalg.cholesky(covariance))


class Line(nn.Module):
    """z_1 + z_2 x for rows (x, z_1, z_2)."""

    def forward(self, row):
        x, intercept, slope = row.split(1, -1)
        return intercept + slope * x


def line(n=6, m=3):
    return NeuralProcess(
        n, m, latent_dim=2, scale=NOISE, encoder=ExactEncoder(), decoder=Line()
    ).double()


def exactly(x, m):
    """log p(y_T | y_C) from the covariance of all outputs."""
    inputs, outputs = x.unflatten(-1, (-1, 2)).unbind(-1)
    answers = []
    for row, y in zip(
        inputs.reshape(-1, inputs.shape[-1]), outputs.reshape(-1, outputs.shape[-1]), strict=True
    ):
        features = torch.stack([torch.ones_like(row), row], -1)
        cov = features @ features.mT + NOISE**2 * torch.eye(len(row), dtype=row.dtype)
        both, some = MultivariateNormal(torch.zeros_like(row), cov), 0.0
        if m:
            some = MultivariateNormal(torch.zeros_like(row[:m]), cov[:m, :m]).log_prob(y[:m])
        answers.append(both.log_prob(y) - some)
    return torch.stack(answers).reshape(inputs.shape[:-1])


@pytest.mark.parametrize("n, m", [(6, 3), (5, 0), (1, 0), (4, 3)])
def test_bayesian_linear_regression(n, m, evidence):
    model, x = line(n, m), randn(5, 2 * n, seed=0)
    q, wanted = process_posterior(model), exactly(x, m)
    worst = 0.0
    for estimator, options in (
        (sticking_the_landing, {}),
        (doubly_reparametrized, {"bound": iwae}),
    ):
        value = estimator(model, q, x, num_samples=3, generator=generator(1), **options)
        worst = max(worst, (value - wanted).abs().max().item())
    frozen = BayesianLinearRegression(2, noise_scale=NOISE).double()
    frozen.log_noise_scale.data.fill_(math.log(NOISE))
    for row, answer in zip(x, wanted, strict=True):
        points = row.view(n, 2)
        rows = torch.cat([torch.ones(n, 1, dtype=DOUBLE), points], -1)
        difference = frozen.log_evidence(rows) - (frozen.log_evidence(rows[:m]) if m else 0.0)
        worst = max(worst, (difference - answer).abs().item())
    assert worst < 1e-10
    evidence(
        "models.NeuralProcess, exact encoder: every sample's bound",
        "Bayesian linear regression: log p(y_T | y_C)",
        error=worst,
    )


def test_no_variance_with_the_encoder_shared(evidence):
    """q is the posterior: no gradient through it alone. The prior r(z | C) reads the same encoder, and its gradient is another one."""
    model, x = line(6, 0), randn(5, 12, seed=0)
    other = line(6, 0)  # a q with an encoder of its own
    value = sticking_the_landing(
        model, process_posterior(other), x, 3, generator=generator(0)
    ).sum()
    leak = max(part.abs().max().item() for part in gradients(value, other).values())
    assert leak < 1e-12
    evidence(
        "families.SetPosterior: leak at the posterior", "zero: sticking the landing", error=leak
    )


def test_predictions(evidence):
    model, context, inputs = (
        line(),
        randn(3, 2, seed=0),
        torch.linspace(-2, 2, 5, dtype=DOUBLE).unsqueeze(-1),
    )
    posterior = ExactEncoder().double()(context)
    features = torch.cat([torch.ones_like(inputs), inputs], -1)
    loc = (features @ posterior.loc).detach()
    scale = ((features @ posterior.covariance_matrix * features).sum(-1) + NOISE**2).sqrt().detach()
    found = torch.stack(
        [torch.cat(model.predict(context, inputs, 200, generator(seed)), -1) for seed in range(50)]
    )
    score = mean_z(found[..., 0], loc)
    assert score < LIMIT and (found[..., 1].mean(0) / scale - 1).abs().max() < 0.01
    evidence("models.NeuralProcess.predict", "Bayesian linear regression: predictive mean", z=score)
    x = randn(4, 12, seed=3)
    weight = torch.stack(
        [model.predictive_log_prob(x, 5_000, generator(seed)).exp() for seed in range(40)]
    )
    assert mean_z(weight, exactly(x, 3).exp()) < LIMIT, "unbiased on the scale of the evidence"


def test_the_elbo_written_out(evidence):
    """Networks: -KL(q(z | C, T) | r(z | C)) in closed form and the fit by hand, against the mean of the bound."""
    model = NeuralProcess(5, 2, latent_dim=3, hidden=6, generator=generator(0)).double()
    q, x = process_posterior(model), randn(1, 10, seed=0)
    points = x.view(1, 5, 2)
    prior, posterior = (
        Normal(part[..., :3], part[..., 3:].exp())
        for part in (model.encoder(points[:, :2]), model.encoder(points))
    )
    kl = torch.distributions.kl_divergence(posterior, prior).sum(-1)
    eps = randn(20_000, 1, 3, seed=1)
    z = posterior.mean + posterior.stddev * eps
    numbers = model.decoder(
        torch.cat([points[:, 2:, :1].expand(20_000, 3, 1), z.expand(20_000, 3, 3)], -1)
    )
    by_hand = (
        Normal(numbers[..., :1], 0.01 + numbers[..., 1:].exp())
        .log_prob(points[:, 2:, 1:])
        .sum((-1, -2))
    )
    value = model.log_joint(x, z) - q(x, z)
    score = mean_z((value.squeeze(1) - (by_hand - kl)).detach(), 0.0)
    error = (model.log_factors(x, z)["likelihood"].squeeze(1) - by_hand).abs().max().item()
    assert score < LIMIT and error < 1e-11
    evidence(
        "models.NeuralProcess: its ELBO",
        "KL in closed form and the likelihood written out",
        z=score,
        error=error,
    )


def test_samples(evidence):
    """With the exact encoder, draws are those of one line and its noise: all second moments of the outputs given the inputs."""
    x, z = line(4, 2).sample(60_000, generator(0))
    inputs, outputs = x.unflatten(-1, (-1, 2)).unbind(-1)
    wanted = 1 + inputs[:, :, None] * inputs[:, None, :] + NOISE**2 * torch.eye(4, dtype=DOUBLE)
    score = max(
        mean_z(outputs[:, :, None] * outputs[:, None, :] - wanted, 0.0),
        mean_z(inputs, 0.0),
        mean_z(outputs[:, 2:] * z[:, :1] - 1, 0.0),
        mean_z(outputs[:, 2:] * z[:, 1:] - inputs[:, 2:], 0.0),
    )
    assert score < LIMIT and x.shape == (60_000, 8)
    evidence(
        "models.NeuralProcess.sample, exact encoder",
        "moments of lines and noise, context and targets alike",
        z=score,
    )


@settings(max_examples=10, deadline=None)
@given(
    m=st.integers(0, 3),
    targets=st.integers(1, 3),
    k=st.integers(1, 3),
    batch=st.sampled_from([(), (1,), (2, 3)]),
    dtype=st.sampled_from([torch.float32, DOUBLE]),
    seed=st.integers(0, 999),
)
def test_the_order_within_context_and_targets_carries_nothing(m, targets, k, batch, dtype, seed):
    n = m + targets
    model = NeuralProcess(n, m, latent_dim=2, input_dim=2, hidden=5, generator=generator(seed)).to(
        dtype
    )
    other = ConditionalNeuralProcess(n, m, 4, input_dim=2, hidden=5, generator=generator(seed)).to(
        dtype
    )
    x = randn(*batch, n, 3, seed=seed).to(dtype)
    order = torch.cat(
        [
            torch.randperm(m, generator=generator(seed)),
            m + torch.randperm(targets, generator=generator(seed)),
        ]
    )
    eps = randn(k, *batch, 2, seed=seed + 2).to(dtype)
    one, two = (
        reparametrized(model, process_posterior(model), rows.flatten(-2), k, noise=eps)
        for rows in (x, x[..., order, :])
    )
    small = 1e-3 if dtype == torch.float32 else 1e-10
    assert one.shape == batch and one.dtype == dtype and (one - two).abs().max() < small
    one, two = other.log_evidence(x.flatten(-2)), other.log_evidence(x[..., order, :].flatten(-2))
    assert one.shape == batch and (one - two).abs().max() < small


def functions(count, n, seed):
    """Draws from a Gaussian process (squared exponential, length 0.5, noise 0.1) at random inputs, ``(count, n, 2)``, and covariances."""
    source = generator(seed)
    inputs = 4 * torch.rand(count, n, 1, generator=source, dtype=DOUBLE) - 2
    cov = (-0.5 * ((inputs - inputs.mT) / 0.5).square()).exp() + 0.1**2 * torch.eye(n, dtype=DOUBLE)
    outputs = torch.linalg.cholesky(cov) @ torch.randn(count, n, 1, generator=source, dtype=DOUBLE)
    return torch.cat([inputs, outputs], -1), cov


def reference(points, cov, m):
    """log p(y_T | y_C) under the Gaussian process itself: together, and each target for itself."""
    y = points[..., 1]
    gain = torch.linalg.solve(cov[:, :m, :m], cov[:, :m, m:]).mT
    loc, rest = (gain @ y[:, :m, None]).squeeze(-1), cov[:, m:, m:] - gain @ cov[:, :m, m:]
    alone = Normal(loc, rest.diagonal(dim1=-2, dim2=-1).sqrt()).log_prob(y[:, m:]).sum(-1)
    return MultivariateNormal(loc, (rest + rest.mT) / 2).log_prob(y[:, m:]), alone


@pytest.mark.slow
def test_below_the_gaussian_process_and_above_the_marginals(monkeypatch, evidence):
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)
    n, m = 12, 5
    train, _ = functions(4_000, n, seed=0)
    test, cov = functions(500, n, seed=1)
    together, alone = reference(test, cov, m)
    marginal = Normal(0.0, math.sqrt(1.01)).log_prob(test[:, m:, 1].double()).sum(-1)
    rows = test.flatten(1).float()
    cnp = ConditionalNeuralProcess(n, m, 32, generator=generator(0))
    optimizer, source = torch.optim.Adam(cnp.parameters(), lr=2e-3), generator(1)
    for _ in range(4_000):
        optimizer.zero_grad()
        batch = train[torch.randint(4_000, (64,), generator=source)].flatten(1).float()
        (-cnp.log_evidence(batch).mean()).backward()
        optimizer.step()
    model = NeuralProcess(n, m, latent_dim=8, generator=generator(0), smallest=0.05)
    fit(
        model,
        process_posterior(model),
        train.flatten(1).float(),
        steps=4_000,
        batch_size=64,
        learning_rate=2e-3,
        progress=False,
    )
    found = {
        "ConditionalNeuralProcess": (cnp.log_evidence(rows).detach().double(), alone),
        "NeuralProcess": (model.predictive_log_prob(rows, 500, generator(2)).double(), together),
    }
    for name, (value, best) in found.items():
        assert (value - best).mean() < LIMIT * (value - best).std() / math.sqrt(500), (
            "no better than the truth"
        )
        assert (value - marginal).mean() > 0.5, "better than no context"
        evidence(
            f"models.{name}, trained: share of the way from the marginals to the Gaussian process",
            "exact Gaussian process",
            ratio=((value - marginal).mean() / (best - marginal).mean()).item(),
        )


def test_conditional_neural_process_by_hand(evidence):
    model, x = (
        ConditionalNeuralProcess(5, 2, 4, hidden=6, generator=generator(0)).double(),
        randn(3, 10, seed=0),
    )
    points = x.view(3, 5, 2)
    r = model.encoder(points[:, :2])
    numbers = torch.stack(
        [model.decoder(torch.cat([points[:, i, :1], r], -1)) for i in range(2, 5)], 1
    )
    wanted = (
        Normal(numbers[..., 0], 0.01 + numbers[..., 1].exp()).log_prob(points[:, 2:, 1]).sum(-1)
    )
    error = (model.log_evidence(x) - wanted).abs().max().item()
    prediction = model.predict(points[:, :2], points[:, 2:, :1])
    assert (
        error < 1e-11
        and torch.allclose(prediction.loc, numbers[..., :1])
        and bool((prediction.scale > 0).all())
    )
    evidence("models.ConditionalNeuralProcess", "its formula, target by target", error=error)


def test_refusals():
    model = NeuralProcess(4, 2)
    with pytest.raises(
        ValueError, match="num_context is 4 of 4 points; expected 0 or more, and fewer"
    ):
        NeuralProcess(4, 4)
    with pytest.raises(
        ValueError, match=r"x has shape \(5, 9\); expected its last axis to have 8 entries"
    ):
        reparametrized(model, process_posterior(model), torch.zeros(5, 9))
    with pytest.raises(ValueError, match="context has 4 entries that are NaN"):
        model.predict(torch.full((1, 2, 2), math.nan), torch.zeros(1, 3, 1))
    with pytest.raises(ValueError, match=r"inputs has shape \(1, 3, 2\)"):
        model.predict(torch.zeros(1, 2, 2), torch.zeros(1, 3, 2))
    with pytest.raises(ValueError, match="x has shape None; expected rows of points of size 2"):
        process_posterior(model).distribution()
    with pytest.raises(ValueError, match="x has 8 entries that are NaN"):
        fit(model, process_posterior(model), torch.full((1, 8), math.nan), steps=1, progress=False)
    with pytest.raises(ValueError, match="x has 8 entries that are NaN"):
        ConditionalNeuralProcess(4, 2).log_evidence(torch.full((1, 8), math.nan))

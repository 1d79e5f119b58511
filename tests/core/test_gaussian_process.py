"""Gaussian-process regression against scikit-learn, the dense normal, Bayes' rule and its own samples."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel
from torch.distributions import MultivariateNormal

from course_vi.families import FullRank
from course_vi.gradients import sticking_the_landing
from course_vi.learning.fit import fit
from course_vi.models import GaussianProcessRegression

NU = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5}


def process(kernel="rbf", count=12, dim=2, jitter=0.0, noise=0.3, lengthscale=None):
    lengths = (
        torch.tensor([0.7, 1.9, 0.8][:dim], dtype=DOUBLE) if lengthscale is None else lengthscale
    )
    return GaussianProcessRegression(randn(count, dim, seed=0), lengths, 1.4, noise, kernel, jitter)


def theirs(model, x, optimizer=None):
    lengths = model.log_lengthscale.detach().exp().numpy()
    shape = RBF(lengths) if model.kernel == "rbf" else Matern(lengths, nu=NU[model.kernel])
    kernel = ConstantKernel((2 * model.log_scale).exp().item()) * shape + WhiteKernel(
        (2 * model.log_noise).exp().item()
    )
    return GaussianProcessRegressor(kernel, alpha=0.0, optimizer=optimizer).fit(
        model.inputs.numpy(), x.numpy()
    )


@pytest.mark.parametrize("kernel", ["rbf", *NU])
def test_against_sklearn(kernel, evidence):
    """Evidence, its slope in all parameters (in logarithms, as theirs), and predictions at new inputs."""
    model, x, new = process(kernel), randn(12, seed=3), randn(5, 2, seed=4)
    regressor = theirs(model, x)
    value, slope = regressor.log_marginal_likelihood(regressor.kernel_.theta, eval_gradient=True)
    found = model.log_evidence(x)
    mine = torch.autograd.grad(found, [model.log_scale, model.log_lengthscale, model.log_noise])
    mine = torch.cat([mine[0].view(1) / 2, mine[1], mine[2].view(1) / 2])  # theirs are variances
    mean, covariance = regressor.predict(new.numpy(), return_cov=True)
    predicted = model.predict(x, new)
    noise = (2 * model.log_noise).exp() * torch.eye(5, dtype=DOUBLE)
    errors = [
        found - value,
        mine - torch.as_tensor(slope),
        predicted.mean - torch.as_tensor(mean),
        predicted.covariance_matrix + noise - torch.as_tensor(covariance),
    ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-9
    evidence(
        "models.GaussianProcessRegression",
        "sklearn GaussianProcessRegressor: evidence, slope, predictions",
        error=worst,
    )


def test_joint_posterior_and_the_dense_normal(evidence):
    """Bayes' rule at random points, the joint as a dense normal of (f, x), and predictions at the inputs as the posterior."""
    model = process(jitter=1e-3, lengthscale=1.0)
    x, z = randn(4, 12, seed=3), randn(5, 4, 12, seed=5)
    bayes = model.log_joint(x, z) - model.posterior(x).log_prob(z) - model.log_evidence(x)
    gram = torch.exp(
        -0.5 * torch.cdist(model.inputs, model.inputs).square()
    ) * 1.4**2 + 1e-3 * 1.4**2 * torch.eye(12, dtype=DOUBLE)
    noisy = gram + 0.09 * torch.eye(12, dtype=DOUBLE)
    dense = MultivariateNormal(
        torch.zeros(24, dtype=DOUBLE),
        torch.cat([torch.cat([gram, gram], 1), torch.cat([gram, noisy], 1)]),
    )
    joint = dense.log_prob(torch.cat([z, x.expand(5, 4, 12)], -1))
    worst = max(
        bayes.abs().max(),
        (joint - model.log_joint(x, z)).abs().max(),
        (
            model.predict(x, model.inputs).mean
            - (model.posterior(x).mean - 1e-3 * 1.4**2 * torch.linalg.solve(noisy, x.mT).mT)
        )
        .abs()
        .max(),
    )
    assert worst < 1e-7
    evidence(
        "models.GaussianProcessRegression, joint and posterior",
        "Bayes' rule; dense normal of (f, x)",
        error=worst,
    )


def test_samples(evidence):
    model = process(count=4, jitter=1e-8)
    x, z = model.sample(50_000, generator(0))
    gram = (model.prior().covariance_matrix).detach()
    noisy = gram + 0.09 * torch.eye(4, dtype=DOUBLE)
    score = max(
        mean_z(z.unsqueeze(-1) * z.unsqueeze(-2), gram),
        mean_z(x.unsqueeze(-1) * x.unsqueeze(-2), noisy),
        mean_z(x, 0.0),
    )
    assert score < LIMIT
    evidence("models.GaussianProcessRegression.sample", "exact covariances", z=score)


def test_ml_two(evidence):
    """Empirical Bayes by autograd ends where scikit-learn's own optimizer ends."""
    u = torch.linspace(0, 6, 40, dtype=DOUBLE).unsqueeze(-1)
    x = torch.sin(1.5 * u[:, 0]) + 0.2 * randn(40, seed=1)
    model = GaussianProcessRegression(u, 1.0, 1.0, 0.5, jitter=0.0)
    best = theirs(model, x, optimizer="fmin_l_bfgs_b")
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=100,
        tolerance_grad=1e-9,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def loss():
        optimizer.zero_grad()
        value = -model.log_evidence(x)
        value.backward()
        return value

    optimizer.step(loss)
    mine = torch.stack([2 * model.log_scale, model.log_lengthscale, 2 * model.log_noise]).detach()
    worst = max(
        abs(model.log_evidence(x).item() - best.log_marginal_likelihood_value_),
        (mine - torch.as_tensor(best.kernel_.theta)).abs().max(),
    )
    assert worst < 1e-3 and abs(model.log_noise.exp().item() - 0.2) < 0.08
    evidence("models.GaussianProcessRegression, ML-II", "sklearn's optimizer", error=worst)


def test_a_family_finds_the_posterior():
    """As a model of the course: the full Gaussian family reaches the evidence, and its bound is tight there."""
    model = GaussianProcessRegression(
        torch.linspace(0, 1, 3, dtype=DOUBLE).unsqueeze(-1), 0.5, 1.0, 0.4, jitter=1e-4
    ).requires_grad_(False)
    x = torch.tensor([0.3, -0.2, 0.9], dtype=DOUBLE)
    q = FullRank(3).double()
    fit(model, q, x, sticking_the_landing, steps=1500, num_samples=2, learning_rate=2e-2)
    gap = torch.distributions.kl_divergence(
        MultivariateNormal(q.distribution().mean, scale_tril=q.distribution().scale_tril),
        MultivariateNormal(model.posterior(x).mean, scale_tril=model.posterior(x).scale_tril),
    )
    assert gap < 1e-2


@settings(max_examples=20, deadline=None)
@given(
    samples=st.integers(1, 3),
    batch=st.sampled_from([(), (1,), (2, 3)]),
    count=st.integers(1, 6),
    dim=st.integers(1, 3),
    kernel=st.sampled_from(["rbf", *NU]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
)
def test_shapes_and_extremes(samples, batch, count, dim, kernel, dtype, scale):
    model = GaussianProcessRegression(
        randn(count, dim, seed=0).to(dtype), 0.8, scale, 0.3 * scale, kernel, 1e-4
    )
    x, z = (
        scale * torch.ones(*batch, count, dtype=dtype),
        torch.zeros(samples, *batch, count, dtype=dtype),
    )
    value = model.log_evidence(x)
    assert value.shape == batch and value.dtype == dtype and bool(value.isfinite().all())
    assert model.log_joint(x, z).shape == (samples, *batch) and model.predict(
        x, torch.zeros(2, dim, dtype=dtype)
    ).mean.shape == (*batch, 2)
    value.sum().backward()
    assert all(bool(parameter.grad.isfinite().all()) for parameter in model.parameters())
    assert bool(model.posterior(x).entropy().isfinite().all())


def test_many_close_inputs_in_float32():
    model = GaussianProcessRegression(torch.linspace(0, 1, 500).unsqueeze(-1), noise=0.3)
    x, _ = model.sample(2, generator(0))
    new = torch.linspace(-1, 2, 9).unsqueeze(-1)
    assert bool(model.log_evidence(x).isfinite().all()) and bool(
        model.predict(x, new).mean.isfinite().all()
    )


@pytest.mark.parametrize(
    "run, message",
    [
        (lambda: process("cosine"), "kernel is 'cosine'; expected one of 'rbf'"),
        (lambda: process(noise=0.0), "noise is 0.0; expected a positive number"),
        (
            lambda: GaussianProcessRegression(torch.zeros(3)),
            r"inputs has shape \(3,\); expected \(N, Du\)",
        ),
        (
            lambda: GaussianProcessRegression(torch.zeros(3, 2), torch.ones(3)),
            r"lengthscale has shape \(3,\); expected one number, or 2",
        ),
        (
            lambda: GaussianProcessRegression(torch.zeros(3, 1), jitter=0.0).prior(),
            "singular to working precision; expected a larger jitter",
        ),
        (
            lambda: process().log_evidence(torch.full((12,), torch.nan, dtype=DOUBLE)),
            "x has 12 entries that are NaN",
        ),
        (lambda: process().log_evidence(torch.zeros(11, dtype=DOUBLE)), "x has shape"),
        (
            lambda: process().predict(torch.zeros(12, dtype=DOUBLE), torch.zeros(3, 1)),
            "inputs has shape",
        ),
        (
            lambda: process().log_evidence(torch.zeros(12, device="meta")),
            "x is on meta but the parameters of .* is on cpu",
        ),
    ],
)
def test_refusals(run, message):
    with pytest.raises(ValueError, match=message):
        run()

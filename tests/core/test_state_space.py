"""The linear Gaussian state space model against the dense joint Gaussian, and against statsmodels on the Nile."""

from __future__ import annotations

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z, randn, tracker
from statsmodels.datasets import nile
from statsmodels.tsa.statespace.structural import UnobservedComponents
from torch.distributions import MultivariateNormal

from course_vi.models import LinearGaussianSSM


def dense(model: LinearGaussianSSM) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and covariance of all states and measurements together, (z, x), by pushing unit noise through the recipe."""
    t, d, p = model.steps, model.d, model.p
    size = t * (d + p)

    def push(noise: torch.Tensor, loc: torch.Tensor) -> torch.Tensor:
        z, x, state = [], [], None
        for i in range(t):
            own = noise[i * d : (i + 1) * d]
            state = (
                loc + model.initial_root @ own
                if i == 0
                else model.transition @ state + model.transition_root @ own
            )
            z.append(state)
            x.append(
                model.emission @ state
                + model.emission_root @ noise[t * d + i * p : t * d + (i + 1) * p]
            )
        return torch.cat(z + x)

    with torch.no_grad():
        root = torch.stack(
            [push(unit, torch.zeros(d, dtype=DOUBLE)) for unit in torch.eye(size, dtype=DOUBLE)], 1
        )
        return push(torch.zeros(size, dtype=DOUBLE), model.initial_loc), root @ root.mT


@pytest.mark.parametrize("steps, d, p", [(6, 2, 3), (5, 3, 1), (1, 2, 2), (4, 1, 1)])
def test_against_the_dense_joint_gaussian(steps, d, p, evidence):
    model = tracker(steps, d, p)
    loc, cov = dense(model)
    n = steps * d
    x, z = loc[n:] + randn(4, steps * p, seed=7), loc[:n] + randn(5, 4, n, seed=8)
    joint = MultivariateNormal(loc, cov)
    errors = [
        model.log_joint(x, z) - joint.log_prob(torch.cat([z, x.expand(5, 4, -1)], -1)),
        model.log_evidence(x) - MultivariateNormal(loc[n:], cov[n:, n:]).log_prob(x),
    ]
    gain = torch.linalg.solve(cov[n:, n:], cov[n:, :n]).mT
    wanted_loc, wanted_cov = loc[:n] + (x - loc[n:]) @ gain.mT, cov[:n, :n] - gain @ cov[n:, :n]
    smoothed, posterior = model.smooth(x), model.posterior(x)
    errors += [
        smoothed.loc.flatten(-2) - wanted_loc,
        posterior.mean - wanted_loc,
        posterior.log_prob(z)
        - MultivariateNormal(wanted_loc, (wanted_cov + wanted_cov.mT) / 2).log_prob(z),
    ]
    for t in range(steps):
        here, after = slice(t * d, t * d + d), slice(t * d + d, t * d + 2 * d)
        errors.append(smoothed.covariance[t] - wanted_cov[here, here])
        if t + 1 < steps:
            errors.append(smoothed.cross[t] - wanted_cov[here, after])
    worst = max(error.abs().max().item() for error in errors if error.numel())
    assert worst < 1e-10 and model.log_joint(x, z).shape == (5, 4)
    evidence(
        "models.LinearGaussianSSM",
        "dense joint Gaussian: evidence, smoother, posterior density",
        error=worst,
    )


def test_filter_is_the_posterior_of_the_past(evidence):
    model, worst = tracker(), 0.0
    loc, cov = dense(model)
    x = randn(18, seed=9)
    for t in range(6):
        seen = torch.arange(12, 12 + 3 * (t + 1))
        gain = torch.linalg.solve(cov[seen][:, seen], cov[seen][:, 2 * t : 2 * t + 2]).mT
        wanted = loc[2 * t : 2 * t + 2] + gain @ (x[: 3 * (t + 1)] - loc[seen])
        found = model.filter(x)
        worst = max(
            worst,
            (found.loc[t] - wanted).abs().max().item(),
            (
                found.covariance[t]
                - cov[2 * t : 2 * t + 2, 2 * t : 2 * t + 2]
                + gain @ cov[seen][:, 2 * t : 2 * t + 2]
            )
            .abs()
            .max()
            .item(),
        )
    assert worst < 1e-11
    evidence(
        "models.LinearGaussianSSM.filter",
        "conditioning the dense joint Gaussian on the past",
        error=worst,
    )


def test_the_nile_against_statsmodels(evidence):
    """A local level with a nearly flat start; the first prediction is left out, as statsmodels does."""
    flow = torch.tensor(nile.load_pandas().data["volume"].tolist(), dtype=DOUBLE)
    one = torch.ones(1, 1, dtype=DOUBLE)
    level = LinearGaussianSSM(
        one, one, 1469 * one, 15099 * one, torch.zeros(1, dtype=DOUBLE), 1e6 * one, steps=len(flow)
    )
    theirs = UnobservedComponents(flow.numpy(), "llevel")
    error = level.log_evidence(flow, burn_in=1) - theirs.loglike([15099.0, 1469.0])
    smoothed = torch.as_tensor(theirs.smooth([15099.0, 1469.0]).smoothed_state[0])
    assert abs(error.item()) < 1e-8 and level.log_evidence(flow, burn_in=1).item() == pytest.approx(
        -632.5377, abs=5e-5
    )
    assert torch.allclose(level.smooth(flow).loc.squeeze(-1), smoothed, rtol=1e-8)
    evidence("models.LinearGaussianSSM, the Nile", "statsmodels UnobservedComponents", error=error)


def test_samples(evidence):
    """Ancestral samples of (x, z), and samples of the posterior chain, by their means and covariances."""
    model = tracker(3, 2, 1)
    loc, cov = dense(model)
    x, z = model.sample(40_000, generator(0))
    off = torch.cat([z, x], -1) - loc
    score = max(mean_z(off, 0.0), mean_z(off.unsqueeze(-1) * off.unsqueeze(-2), cov))
    posterior, datum = model.posterior(x[0]), x[0]
    draws = posterior.rsample((40_000,), generator(1)).detach() - posterior.mean.detach()
    gain = torch.linalg.solve(cov[6:, 6:], cov[6:, :6]).mT
    score = max(
        score,
        mean_z(draws, 0.0),
        mean_z(draws.unsqueeze(-1) * draws.unsqueeze(-2), cov[:6, :6] - gain @ cov[6:, :6]),
    )
    assert score < LIMIT and torch.equal(datum, model.sample(40_000, generator(0))[0][0])
    evidence(
        "models.LinearGaussianSSM.sample",
        "exact means and covariances, of the joint and of the posterior",
        z=score,
    )


def test_the_slope_of_the_evidence():
    """The gradient of log p(x) in every parameter, against finite differences."""
    model, x = tracker(4, 2, 2), randn(8, seed=3)
    exact = torch.autograd.grad(model.log_evidence(x), list(model.parameters()))
    step = 1e-5
    for parameter, gradient in zip(model.parameters(), exact, strict=True):
        with torch.no_grad():
            parameter[(0,) * parameter.dim()] += step
            above = model.log_evidence(x)
            parameter[(0,) * parameter.dim()] -= 2 * step
            below = model.log_evidence(x)
            parameter[(0,) * parameter.dim()] += step
        assert gradient.flatten()[0].item() == pytest.approx(
            ((above - below) / (2 * step)).item(), abs=1e-7
        )


def test_ten_thousand_steps(evidence):
    """One pass each way: quadratic work in Python would take hours here."""
    one = torch.ones(1, 1, dtype=DOUBLE)
    walk = LinearGaussianSSM(
        one, one, 0.1 * one, one, torch.zeros(1, dtype=DOUBLE), 1e6 * one, steps=10_000
    )
    x = (0.3 * randn(10_000, seed=0)).cumsum(0) + randn(10_000, seed=1)
    theirs = UnobservedComponents(x.numpy(), "llevel")
    with torch.no_grad():
        error, smoothed = (
            walk.log_evidence(x, burn_in=1) - theirs.loglike([1.0, 0.1]),
            walk.smooth(x).loc.squeeze(-1),
        )
    wanted = torch.as_tensor(theirs.smooth([1.0, 0.1]).smoothed_state[0])
    assert abs(error.item()) < 1e-6 and (smoothed - wanted).abs().max() < 1e-7
    evidence(
        "models.LinearGaussianSSM, 10,000 steps", "statsmodels UnobservedComponents", error=error
    )


@pytest.mark.parametrize(
    "change, message",
    [
        ({"transition": torch.eye(3)}, "transition has shape"),
        ({"emission": torch.ones(2)}, "emission has shape"),
        ({"transition_cov": -torch.eye(2)}, "transition_cov is no covariance"),
        ({"emission_cov": torch.eye(3)}, "emission_cov has shape"),
        ({"initial_loc": torch.zeros(3)}, "initial_loc has shape"),
        ({"initial_cov": torch.tensor([[1.0, 0.5], [0.0, 1.0]])}, "initial_cov is no"),
        ({"steps": 0}, "steps is 0"),
    ],
)
def test_refusals(change, message):
    right = {
        "transition": torch.eye(2),
        "emission": torch.ones(1, 2),
        "transition_cov": torch.eye(2),
        "emission_cov": torch.eye(1),
        "initial_loc": torch.zeros(2),
        "initial_cov": torch.eye(2),
        "steps": 3,
    }
    with pytest.raises(ValueError, match=message):
        LinearGaussianSSM(**{**right, **change})
    with pytest.raises(ValueError, match="x has 1 entries that are NaN"):
        LinearGaussianSSM(**right).log_evidence(torch.tensor([0.0, torch.nan, 0.0]))
    with pytest.raises(ValueError, match="x has shape"):
        LinearGaussianSSM(**right).log_evidence(torch.zeros(4))

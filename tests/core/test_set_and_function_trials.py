"""The exact answers of lecture 16: sets of normal points, and functions of a Gaussian process."""

from __future__ import annotations

import pytest
import torch
from oracles import generator
from torch.distributions import Gamma, Normal, kl_divergence

from course_vi.distributions.conjugate import NormalGammaParameters
from course_vi.experiments import function_trial, set_trial
from course_vi.models import GaussianProcessRegression, NormalGamma

DOUBLE = torch.float64


def exact(x: torch.Tensor) -> tuple[NormalGammaParameters, torch.Tensor]:
    """Of one set ``(n,)``, by the course's model."""
    model = NormalGamma(*set_trial.PRIOR)
    return model.posterior_parameters(x.unsqueeze(-1)), model.log_evidence(x.unsqueeze(-1))


def test_the_exact_statistician_is_that_of_the_model() -> None:
    x = set_trial.draw_sets((3,), 4, generator(0))[0]
    for row in x:
        after, log_p = exact(row)
        assert abs(float(set_trial.posterior_gap(after, row))) < 1e-12
        assert float(set_trial.exact_log_evidence(row)) == pytest.approx(float(log_p), abs=1e-12)
    assert set_trial.exact_log_evidence(x).shape == (3,)


def test_the_divergence_of_two_normal_gammas_against_samples() -> None:
    q, p = (
        NormalGammaParameters(*(torch.tensor(value, dtype=DOUBLE) for value in four))
        for four in ((0.3, 2.0, 4.0, 3.0), (-0.2, 1.0, 3.0, 5.0))
    )
    torch.manual_seed(0)
    tau = Gamma(q.shape, q.rate).sample((20_000,))
    inner = kl_divergence(
        Normal(q.loc, (q.strength * tau).rsqrt()), Normal(p.loc, (p.strength * tau).rsqrt())
    )
    outer = kl_divergence(Gamma(q.shape, q.rate), Gamma(p.shape, p.rate))
    t = (inner.mean() + outer - set_trial.normal_gamma_kl(q, p)) / (inner.std() / 20_000**0.5)
    assert abs(t) < 4.5
    assert float(set_trial.normal_gamma_kl(p, p)) == pytest.approx(0.0, abs=1e-12)


def test_sets_are_drawn_as_they_are_told() -> None:
    x, mu, tau = set_trial.draw_sets((20_000,), 2, generator(1))
    _, k, a, b = set_trial.PRIOR
    for sample, mean in (
        (tau, a / b),
        (mu, 0.0),
        (tau * k * mu.square(), 1.0),
        (tau.unsqueeze(-1) * (x - mu.unsqueeze(-1)).square(), 1.0),
    ):
        values = sample.flatten()
        assert abs(values.mean() - mean) / (values.std() / len(values) ** 0.5) < 4.5


def test_the_exact_prediction_is_that_of_the_model() -> None:
    u, inputs = (torch.linspace(*ends, dtype=DOUBLE) for ends in ((-1, 1, 4), (-2, 2, 5)))
    y = function_trial.draw_functions(torch.stack([u, u]), generator(3))
    model = GaussianProcessRegression(
        u.unsqueeze(-1), function_trial.LENGTH, 1.0, function_trial.NOISE, jitter=0.0
    )
    theirs = model.predict(y, inputs.unsqueeze(-1))
    ours = function_trial.exact_prediction(u.expand(2, -1), y, inputs.expand(2, -1))
    assert torch.allclose(ours.mean, theirs.mean, atol=1e-10)
    noise = function_trial.NOISE**2
    assert torch.allclose(ours.variance, theirs.variance + noise, atol=1e-6)
    none = function_trial.exact_prediction(u[:0], y[0, :0], inputs)
    assert torch.equal(none.mean, torch.zeros(5, dtype=DOUBLE))
    assert torch.allclose(none.variance, torch.full((5,), 1 + noise, dtype=DOUBLE))


def test_pools_forget_the_order_and_what_the_lecture_says() -> None:
    few = torch.randn(2, 8, generator=generator(6))
    rows = {"once": few, "twice": few.repeat(2, 1), "uneven": few[[0, 0, 1]]}
    for name, pool in set_trial.POOLS.items():
        assert torch.allclose(pool(few), pool(few.flip(0)))
        same = [torch.allclose(pool(few), pool(rows[other])) for other in ("twice", "uneven")]
        assert same == {"mean": [True, False], "max": [True, True]}.get(name, [False, False])

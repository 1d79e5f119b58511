"""The exact answers of unit 02, against answers that they did not produce: quadrature, enumeration, draws, differences."""

import itertools
import math

import numpy as np
import pytest
import torch

from autograder.audit.corpus import corpus
from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.units.unit_02 import gp_evidence, missing_half, ml_two, predicted_bias, stein_risk
from autograder.units.unit_02.best_scale import best_variance
from autograder.units.unit_02.reference import toy_relative_variance
from course_vi.models import BernoulliMixture, ConjugateToy, GaussianProcessRegression

Z_LIMIT = 4.5


def _relative_variance_by_quadrature(v: float, delta: float) -> float:
    """On the toy at x = 1, from the model's own joint density."""
    x, m = torch.ones(1, dtype=torch.float64), 0.5 + delta
    z = torch.linspace(-40, 40, 40_001, dtype=torch.float64).unsqueeze(-1)
    log_p = ConjugateToy().log_joint(x, z)
    log_q = -((z[:, 0] - m) ** 2) / (2 * v) - 0.5 * math.log(2 * math.pi * v)
    first, second = (torch.trapezoid(f.exp(), z[:, 0]) for f in (log_p, 2 * log_p - log_q))
    return float(second / first**2) - 1


@pytest.mark.parametrize(("v", "delta"), [(0.3, 0.0), (0.5, 0.4), (1.0, -1.0), (4.0, 2.0)])
def test_relative_variance_on_the_toy(v: float, delta: float) -> None:
    exact = float(toy_relative_variance(np.array(v), np.array(delta)))
    assert exact == pytest.approx(_relative_variance_by_quadrature(v, delta), rel=1e-8)


def test_relative_variance_is_infinite_for_a_narrow_q() -> None:
    assert np.isinf(toy_relative_variance(np.array([0.2, 0.25]), np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("delta", [0.0, 0.03, 0.5, -2.0, 45.0])
def test_best_scale_is_the_lowest_point(delta: float) -> None:
    at = np.array(delta)
    best = best_variance(at)
    lowest = toy_relative_variance(best, at)
    assert (toy_relative_variance(best * np.array([0.97, 1.03]), at) > lowest).all()


def test_s1_predicts_what_is_measured() -> None:
    """At K = 64, where what comes after the leading order is a fiftieth of it."""
    rng, v, delta, count, replicates = np.random.default_rng(0), 1.0, 0.5, 64, 40_000
    z = 0.5 + delta + math.sqrt(v) * rng.normal(size=(replicates, count))
    log_w = -((z - 0.5) ** 2) - 0.5 * math.log(math.pi) + (z - 0.5 - delta) ** 2 / (2 * v)
    logs = np.log(np.exp(log_w + 0.5 * math.log(2 * math.pi * v)).mean(1))
    rho = toy_relative_variance(np.array(v), np.array(delta))
    bias, deviation, needed = predicted_bias.Moments(np.ones(()), 1 + rho, count, 5.0).table()
    error = logs.std() / replicates**0.5
    assert abs(logs.mean() - bias) < Z_LIMIT * error
    assert logs.std() == pytest.approx(float(deviation), rel=0.03)
    assert abs(bias) / (deviation / needed**0.5) == pytest.approx(5.0)


def test_ml_two_is_the_best_of_a_grid_and_its_slopes_are_differences() -> None:
    rng = np.random.default_rng(1)
    at = ml_two._inputs(rng, (6,), 5, 1.7)
    value, slopes, best, _ = at.exact()
    for tau2 in np.linspace(0.0, 40.0, 81):
        here = at._replace(mu=best[:, 0]).evidence(tau2 + at.sigma**2)
        top = at._replace(mu=best[:, 0]).evidence(best[:, 1] + at.sigma**2)
        assert (here <= top + 1e-12).all()
    h = 1e-5
    up, down = (
        (at._replace(log_tau=at.log_tau + side).exact()[0], at._replace(mu=at.mu + side).exact()[0])
        for side in (h, -h)
    )
    differences = np.stack([up[1] - down[1], up[0] - down[0]], -1) / (2 * h)
    assert np.allclose(differences, slopes, rtol=1e-6, atol=1e-6)
    inside = best[:, 1] > 0
    assert inside.any() and not inside.all() and np.isfinite(value).all()


def test_stein_risk_against_draws() -> None:
    rng, c = np.random.default_rng(2), 5.0
    theta = np.linspace(-0.5, 1.5, 8)
    x = theta + rng.normal(size=(100_000, 8))
    mean = x.mean(-1, keepdims=True)
    for centre, exact in zip((0.0, mean), stein_risk.exact(theta, c), strict=True):
        apart = x - centre
        estimate = centre + (1 - c / (apart**2).sum(-1, keepdims=True)) * apart
        losses = ((estimate - theta) ** 2).sum(-1)
        assert abs(losses.mean() - exact) < Z_LIMIT * losses.std() / len(losses) ** 0.5


@pytest.mark.parametrize(("components", "seen", "missing"), [(3, 4, 5), (2, 0, 6), (4, 5, 1)])
def test_bits_against_enumeration(components: int, seen: int, missing: int) -> None:
    at = missing_half._inputs(np.random.default_rng(3), components, seen, missing, 0.3)
    whole = np.repeat(at.x[None], 2**missing, 0)
    whole[:, ~at.seen] = list(itertools.product((0.0, 1.0), repeat=missing))
    model = BernoulliMixture(
        torch.from_numpy(np.exp(at.log_weights)), torch.from_numpy(at.probabilities), floor=1e-6
    )
    with torch.no_grad():
        p = model.log_evidence(torch.from_numpy(whole)).exp().numpy()
    marginals = (p[:, None] * whole[:, ~at.seen]).sum(0) / p.sum()
    h = whole[:, ~at.seen]
    exact = at.exact()
    assert exact[0] == pytest.approx(np.log(p.sum()))
    for bits, q in ((exact[1], np.full(missing, 0.5)), (exact[2], marginals)):
        proposal = np.prod(np.where(h > 0.5, q, 1 - q), -1)
        assert 2**bits == pytest.approx((p**2 / proposal).sum() / p.sum() ** 2)


def test_one_component_costs_nothing_with_its_own_marginals() -> None:
    at = missing_half._inputs(np.random.default_rng(4), 1, 3, 40)
    assert abs(at.exact()[2]) < 1e-12 < at.exact()[1]


def test_gp_parts_add_up_and_their_slopes_are_differences() -> None:
    at = gp_evidence._series(np.random.default_rng(5))[0]
    length, scale, noise = np.exp(at[2:])
    model = GaussianProcessRegression(
        torch.from_numpy(at.u).unsqueeze(-1), length, scale, noise, jitter=0.0
    )
    whole = float(model.log_evidence(torch.from_numpy(at.y)).detach())
    assert at.parts().sum() - len(at.u) / 2 * math.log(2 * math.pi) == pytest.approx(whole)
    h = 1e-5
    for column, name in enumerate(("log_lengthscale", "log_scale", "log_noise")):
        up, down = (at._replace(**{name: getattr(at, name) + side}).parts() for side in (h, -h))
        assert np.allclose((up - down) / (2 * h), at.gradient()[:, column], rtol=1e-5, atol=1e-7)


def _listed(value: object) -> object:
    """Arrays as lists of what they hold, numbers in the end."""
    return list(map(_listed, value)) if isinstance(value, tuple) or np.ndim(value) else float(value)


@pytest.mark.parametrize("name", ["02_stein_risk", "02_missing_half", "02_gp_evidence"])
def test_lists_of_numbers_are_as_good_as_tensors(name: str) -> None:
    answer = next(each for each in corpus() if each.exercise == name and each.right).load()
    report = run_check(name, InProcess(lambda *args: _listed(answer(*args))), 0)
    assert report.passed, str(report)

"""What the checks of unit 05 expect is true: formulas against sums, quadrature, autograd and the library's own estimators."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from autograder.protocol.problems import build, load
from autograder.units.unit_05 import (
    bbvi,
    best_baseline,
    leave_one_out,
    moving_support,
    reference,
    score_surrogate,
    targets,
)
from autograder.units.unit_05.problems import LearnedPrior
from course_vi.families import BernoulliMeanField
from course_vi.gradients import rao_blackwellized, score_function
from course_vi.gradients.baselines import leave_one_out as mean_of_the_others
from course_vi.graph import BayesNet
from course_vi.plots.style import png


def exact_family(row: int, log_rate: float, logit: float) -> tuple[np.ndarray, ...]:
    """States, their probabilities and scores: sums, and Gauss and Laguerre's rule."""
    rate, p = np.exp(log_rate), 1 / (1 + np.exp(-logit))
    counts, (u, w) = np.arange(300.0), np.polynomial.laguerre.laggauss(16)
    bits = np.array([0.0, 1.0])
    return (
        (counts, stats.poisson.pmf(counts, rate), counts - rate),
        (u / rate, w, 1 - u),
        (bits, np.array([1 - p, p]), bits - p),
    )[row]


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("place", [(1.3, -2.0, 0.7, 0.4), (-0.6, 30.0, -1.5, -2.5)])
def test_best_baselines_and_what_they_leave(
    row: int, place: tuple[float, float, float, float]
) -> None:
    a, c, log_rate, logit = place
    z, weight, s = exact_family(row, log_rate, logit)
    m, f = best_baseline.moments(row, log_rate, logit), a * z + c
    b = best_baseline.best(m, a, c)
    assert b == pytest.approx((weight * f * s**2).sum() / (weight * s**2).sum(), rel=1e-9)
    for baseline in (b, b + 0.3, 0.0):
        g = (f - baseline) * s
        variance = weight @ g**2 - (weight @ g) ** 2
        assert best_baseline.left(m, a, c, baseline) == pytest.approx(variance, rel=1e-8, abs=1e-9)
    assert best_baseline.left(m, a, c, b) < best_baseline.left(m, a, c, b + 0.01)


def test_leave_one_out_is_the_library_s() -> None:
    rng = np.random.default_rng(0)
    f, score = rng.normal(size=(5, 4)), rng.normal(size=(5, 4, 3))
    others = mean_of_the_others(torch.tensor(f)).numpy()
    want = ((f - others)[..., None] * score).mean(0)
    np.testing.assert_allclose(leave_one_out.estimate(f, score), want, rtol=1e-12)


def test_the_surrogate_s_slopes_are_the_score_function_s() -> None:
    load("05")
    params = {
        name: torch.tensor(value, dtype=torch.float64)
        for name, value in {
            "loc": [[0.3, -1.0]],
            "log_scale": [[-0.4, 0.2]],
            "theta": [0.8, -1.2],
            "x": [[1.0, 2.0]],
        }.items()
    }
    made = build("tilted/gaussian", params)
    p, q, x = made["model"], made["family"], made["x"]
    noise = torch.randn(6, 1, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z = (q.loc + q.log_scale.exp() * noise).detach()
    right = score_surrogate._surrogates(p.log_joint(x, z), q(x, z))["right"]
    value = score_function(p, q, x, 6, noise=noise)
    learn = list(made["learn"].values())
    for one, other in zip(
        torch.autograd.grad(right.sum(), learn),
        torch.autograd.grad(value.sum(), learn),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("power", [0.6, 1.0, 2.5])
def test_the_border_s_term_makes_the_slope(power: float) -> None:
    """A finite difference of E f, by a fine sum over z = phi u^(1/power), for an f with a jump."""
    given = moving_support._inputs(np.random.default_rng(3), (1,), 1, power)
    given["phi"][:] = 1.7
    u = (np.arange(400_000) + 0.5)[:, None] / 400_000

    def mean(phi: np.ndarray) -> np.ndarray:
        value: np.ndarray = moving_support.f_of(given, phi * u ** (1 / power)).mean(0)
        return value

    slope = (mean(given["phi"] + 0.01) - mean(given["phi"] - 0.01)) / 0.02
    given["z"] = given["phi"] * u ** (1 / power)
    score, bias, repaired = moving_support._rows(given)
    np.testing.assert_allclose(repaired, slope, atol=2e-3)
    np.testing.assert_allclose(score - bias, repaired, rtol=1e-12)


def net() -> tuple[np.ndarray, list[reference.Factor]]:
    """Three bits in a v-structure, a -> c <- b, as logits of q and log factors."""
    rng = np.random.default_rng(1)
    tables = [np.log(rng.dirichlet([1.0, 1.0])) for _ in range(2)]
    child = np.log(rng.dirichlet([1.0, 1.0], size=(2, 2)))
    return np.array([0.4, -1.1, 0.7]), [
        ((0,), tables[0]),
        ((1,), tables[1]),
        ((2, 0, 1), np.moveaxis(child, -1, 0)),
    ]


def test_the_difference_of_the_variances_falls_into_two_parts() -> None:
    logits, factors = net()
    exact = reference.variances(logits, factors)
    np.testing.assert_allclose(
        exact["full"], exact["kept"] + exact["alone"] + exact["rest"], rtol=1e-10, atol=1e-12
    )
    states, weights = reference.chances(logits)
    parts = reference.rewards(logits, factors, states)
    dropped = parts.score * (parts.full - parts.kept)
    np.testing.assert_allclose(weights @ dropped, 0.0, atol=1e-12)
    np.testing.assert_allclose(exact["alone"], weights @ dropped**2, rtol=1e-10)


def test_the_bit_s_own_gradients_are_the_library_s() -> None:
    logits, factors = net()
    q = BernoulliMeanField(3, torch.tensor(logits))

    first, second, third = (torch.tensor(table) for _, table in factors)
    bit = torch.distributions.Bernoulli
    made = BayesNet(
        a=lambda: bit(logits=first[1] - first[0]),
        b=lambda: bit(logits=second[1] - second[0]),
        c=lambda a, b: bit(logits=(third[1] - third[0])[a.long(), b.long()]),
        x=lambda c: torch.distributions.Normal(0.0 * c, 1.0),
    ).as_model(observed=["x"], latent=["a", "b", "c"])
    x = torch.zeros(1, dtype=torch.float64)
    seed = torch.Generator().manual_seed(4)
    estimate = rao_blackwellized(made, q, x, 50, generator=seed)
    (actual,) = torch.autograd.grad(estimate, q.logits)
    z = q.sample(50, generator=torch.Generator().manual_seed(4)).numpy()
    parts = reference.rewards(logits, factors, z)
    constant = -0.5 * np.log(2 * np.pi)  # of x, which reads bit c
    parts.factors[:, 2] += constant
    np.testing.assert_allclose(actual.numpy(), (parts.score * parts.kept).mean(0), rtol=1e-6)


def test_the_exact_elbo_of_the_regression_and_its_best() -> None:
    x, before = bbvi._problem(np.random.default_rng(2))
    rows, p = torch.tensor(x), LearnedPrior(bbvi.DIM, float(before[-1]))
    loc, log_scale = torch.tensor(before[:3]), torch.tensor(before[3:6])
    eps = torch.randn(100_000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps**2 - log_scale - 0.5 * np.log(2 * np.pi)).sum(-1)
    log_w = (p.log_joint(rows, z) - log_q).detach()
    error = float(log_w.std()) / len(log_w) ** 0.5
    assert abs(float(log_w.mean()) - bbvi.elbo(before, x)) < 4.5 * error
    there = bbvi.best(x)
    for step in np.concatenate([np.eye(7), -np.eye(7)]) * 0.05:
        assert bbvi.elbo(there + step, x) < bbvi.elbo(there, x)
    tau2 = ((there[:3] ** 2 + np.exp(2 * there[3:6])) / 3).sum()  # the M-step's fixed point
    assert np.exp(2 * there[-1]) == pytest.approx(tau2, rel=1e-3)


def test_the_black_box_gives_no_slope_in_z() -> None:
    p, z = LearnedPrior(3), torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    x = torch.tensor([[1.0, 0.3, -0.2, 1.0]], dtype=torch.float64)
    p.log_joint(x, z).sum().backward()
    assert z.grad is None and p.log_prior_scale.grad is not None


def test_the_figures_are_drawn() -> None:
    logits, factors = targets.chain(4)
    assert len(logits) == 4 and len(factors) == 4
    x = targets.patients(30)
    for figure in (
        targets.growth([(4, torch.ones(4, 4))]),
        targets.climb(x, [-40.0, -30.0], (5.0, 2.0)),
    ):
        assert png(figure).startswith(b"\x89PNG")

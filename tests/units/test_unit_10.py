"""What the checks of unit 10 expect is true: formulas against quadrature, enumeration, limits and the library's own bounds."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import binom, norm

from autograder.units.unit_10 import (
    any_smooth_bound,
    jackknife,
    renyi,
    renyi_bias,
    sealed_case,
    signal_to_noise,
    targets,
    thermodynamic_curve,
    vimco,
)
from autograder.units.unit_10.problems import BOUNDS, make_bound
from autograder.units.unit_10.reference import derivatives, log_weights
from course_vi import bounds
from course_vi.families import BernoulliMeanField, MeanField
from course_vi.gradients import doubly_reparametrized
from course_vi.gradients import vimco as library_vimco
from course_vi.gradients.bound_structure import path_weights
from course_vi.models import ConjugateToy, SigmoidBeliefNet
from course_vi.plots.style import png

LOG_W = log_weights(np.random.default_rng(0), 5, (3,))


@pytest.mark.parametrize("alpha", [-2.0, 0.0, 0.5, 1.0, 1 + 1e-3, 1 - 1e-5, 1 + 1e-13, 4.0])
def test_renyi_is_the_library_s(alpha: float) -> None:
    own = bounds.renyi(torch.tensor(LOG_W), alpha).numpy()
    np.testing.assert_allclose(renyi.renyi(LOG_W, alpha), own, rtol=1e-9)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 4])
def test_the_jackknife_is_the_library_s(order: int) -> None:
    own = bounds.jackknife(torch.tensor(LOG_W), order).numpy()
    np.testing.assert_allclose(jackknife.jackknife(jackknife.Given(LOG_W, order)), own, rtol=1e-9)


def test_the_coefficients_take_out_powers_of_one_over_the_size() -> None:
    for count, order in ((4, 2), (8, 4)):
        found = jackknife.coefficients(count, order)
        sizes = [count - j for j in range(order + 1)]
        for power in range(order + 1):
            total = sum(c * n**-power for c, n in zip(found, sizes, strict=True))
            assert total == pytest.approx(0.0**power, abs=1e-9)


# ---- the toy --------------------------------------------------------------------------------------------------------------
def toy_given(alpha: float = 0.3) -> renyi_bias.Given:
    places = [np.array([value]) for value in (1.2, -0.6, 0.5, -0.2)]
    return renyi_bias.Given(*places, alpha, 20)


def moment(given: renyi_bias.Given, power: float) -> float:
    x, mu, m, log_s = (float(value[0]) for value in given[:4])

    def integrand(z: float) -> float:
        log_q = norm.logpdf(z, m, np.exp(log_s))
        log_p = norm.logpdf(z, mu, 1) + norm.logpdf(x, z, 1)
        return float(np.exp((1 - power) * log_q + power * log_p))

    return float(quad(integrand, -30, 30, epsabs=1e-14, limit=200)[0])


@pytest.mark.parametrize("alpha", [-0.4, 0.3, 1.7])
def test_what_k_samples_miss_by_quadrature(alpha: float) -> None:
    def by_quadrature(given: renyi_bias.Given) -> tuple[float, float]:
        power = 1 - alpha
        one, two = moment(given, power), moment(given, 2 * power)
        return np.log(one) / power, -(two / one**2 - 1) / (2 * given.num_samples * power)

    given, step = toy_given(alpha), 1e-4
    bound, bias = by_quadrature(given)
    sides = [
        by_quadrature(given._replace(prior_mean=given.prior_mean + off))[1] for off in (step, -step)
    ]
    want = [bound, bias, (sides[0] - sides[1]) / (2 * step)]
    np.testing.assert_allclose(renyi_bias.table(given)[:, 0], want, rtol=1e-6)


def test_the_bias_is_that_of_samples() -> None:
    """Forty samples, where the next term is a few percent of the first."""
    given = toy_given(-0.2)._replace(loc=np.array([1.0]), num_samples=40)
    x, mu, m, log_s = (float(value[0]) for value in given[:4])
    rng = np.random.default_rng(0)
    z = m + np.exp(log_s) * rng.normal(size=(40, 40_000))
    log_w = norm.logpdf(z, mu, 1) + norm.logpdf(x, z, 1) - norm.logpdf(z, m, np.exp(log_s))
    bound, bias, _ = renyi_bias.table(given)[:, 0]
    off = renyi.renyi(log_w, given.alpha) - bound
    error = off.std() / 200
    assert abs(off.mean() - bias) < 4.5 * error + 0.15 * abs(bias)
    assert abs(bias) > 10 * error


def test_the_inputs_have_a_variance_that_is_finite() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        for alpha in renyi_bias._alphas(rng):
            given = renyi_bias._given(rng, (5,), alpha)
            precision = (1 - 2 * (1 - alpha)) * np.exp(-2 * given.log_scale) + 4 * (1 - alpha)
            assert (precision > 0).all()
            ratio = renyi_bias.ratio(given)
            assert (ratio > 1e-3).all() and (ratio < 40).all()


def test_the_curve_and_its_slope_by_quadrature() -> None:
    betas = np.array([0.0, 0.3, 1.0])
    given = thermodynamic_curve.Given(np.array([1.5]), np.array([-0.3]), np.array([-0.5]), betas)
    of = thermodynamic_curve.path(given)
    for t, beta in enumerate(betas):

        def tilted(z: float, power: int, beta: float = beta) -> float:
            log_q = norm.logpdf(z, -0.3, np.exp(-0.5))
            log_p = norm.logpdf(z, 0, 1) + norm.logpdf(1.5, z, 1)
            return float(np.exp((1 - beta) * log_q + beta * log_p) * (log_p - log_q) ** power)

        mass, first, second = (quad(tilted, -15, 15, args=(n,), limit=200)[0] for n in (0, 1, 2))
        assert of.curve[t, 0] == pytest.approx(first / mass, rel=1e-7)
        assert of.slope[t, 0] == pytest.approx(second / mass - (first / mass) ** 2, rel=1e-6)


# ---- every smooth bound ---------------------------------------------------------------------------------------------------
PAIRS = {
    "power": (2.0, partial(bounds.renyi, alpha=-1.0)),
    "mean": (0.0, bounds.elbo),
    "tempered": (0.4, partial(bounds.thermodynamic, betas=(0.0, 0.4, 1.0))),
    "leave_one_out": (0.0, partial(bounds.jackknife, order=1)),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_bounds_and_their_derivatives_are_the_library_s(kind: str) -> None:
    number, own = PAIRS[kind]
    bound, log_w = make_bound(kind, number), torch.tensor(LOG_W)
    torch.testing.assert_close(bound(log_w), own(log_w))
    first, hessian = derivatives(bound, log_w)
    theirs = path_weights(own, log_w)
    torch.testing.assert_close(first, theirs[0])
    torch.testing.assert_close(torch.stack([hessian[k, k] for k in range(5)]), theirs[1])


@pytest.mark.parametrize("kind", BOUNDS)
def test_every_bound_takes_a_single_datum(kind: str) -> None:
    bound, log_w = make_bound(kind, 0.5), torch.tensor(LOG_W)
    whole = bound(log_w)
    for b in range(3):
        torch.testing.assert_close(bound(log_w[:, b]), whole[b])
    assert kind == "leave_one_out" or bound(log_w[:1]).isfinite().all()


def test_the_paths_have_the_library_s_gradient() -> None:
    rng = np.random.default_rng(2)
    which = any_smooth_bound._which("power", 2.0)
    x, loc, log_scale = rng.normal(size=(3, 4, 2))
    eps = rng.normal(size=(5, 4, 2))
    params = {"loc": loc, "log_scale": log_scale, "x": x, "which": which}
    of = any_smooth_bound.Pieces("bound/toy", params, eps, 0)
    q = MeanField(2, torch.tensor(loc), torch.tensor(log_scale))
    value = doubly_reparametrized(
        ConjugateToy(2),
        q,
        torch.tensor(x),
        5,
        bound=make_bound("power", 2.0),
        noise=torch.tensor(eps),
    )
    slopes = torch.cat(torch.autograd.grad(value.sum(), (q.loc, q.log_scale)), -1)
    np.testing.assert_allclose(of.phi(of.first - of.second), slopes.numpy(), rtol=1e-9)


@pytest.mark.parametrize("kind", ["power", "unequal", "spread", "squashed"])
def test_on_average_it_is_the_slope_of_the_mean_bound(kind: str) -> None:
    """K = 2 on the toy, both noises on a grid; the mean bound, differentiated by differences."""
    grid = np.linspace(-9, 9, 161)
    eps = np.array(list(itertools.product(grid, grid))).T[..., None]
    chance = np.exp(-0.5 * (eps**2).sum((0, -1)))
    chance /= chance.sum()
    ones = np.ones((eps.shape[1], 1))
    which = any_smooth_bound._which(kind, 2.0 if kind == "power" else 0.3)

    def pieces(m: float, log_s: float) -> any_smooth_bound.Pieces:
        params = {"loc": m * ones, "log_scale": log_s * ones, "x": 2 * ones, "which": which}
        return any_smooth_bound.Pieces("bound/toy", params, eps, 0)

    def mean_bound(m: float, log_s: float) -> float:
        of = pieces(m, log_s)
        return float(chance @ of.objects["bound"](of.log_w).numpy())

    of, step = pieces(0.7, -0.1), 1e-4
    mean = chance @ of.phi(of.first - of.second)
    want = [
        (mean_bound(0.7 + step, -0.1) - mean_bound(0.7 - step, -0.1)) / (2 * step),
        (mean_bound(0.7, -0.1 + step) - mean_bound(0.7, -0.1 - step)) / (2 * step),
    ]
    np.testing.assert_allclose(mean, want, atol=2e-6)
    naive = chance @ of.phi(of.first)
    assert np.abs(naive - want).max() > 0.005


# ---- signal and noise, discrete samples -----------------------------------------------------------------------------------
def test_signal_and_noise_by_all_counts_of_two_outcomes() -> None:
    """Two points, K = 400 and 800: what is left after the predicted terms falls by four in the mean, by two in the deviation, relative."""
    chance, w = np.array([0.3, 0.7]), np.array([2.0, 0.7])
    slopes = np.array([[1.0, 0.4], [-3.0 / 7, 1.3]])

    def errors(count: int) -> tuple[np.ndarray, np.ndarray]:
        heads = np.arange(count + 1)
        weight = binom.pmf(heads, count, 0.3)
        shares = np.stack([heads, count - heads]) / count
        ratio = (shares.T @ slopes) / (shares.T @ w)[:, None]
        given = signal_to_noise.Given(chance, w, slopes, count)
        mean = weight @ ratio
        spread = np.sqrt(weight @ (ratio - mean) ** 2)
        return mean - signal_to_noise.mean(given), spread / signal_to_noise.deviation(given) - 1

    (few, loud), (many, quiet) = errors(400), errors(800)
    np.testing.assert_allclose(few / many, 4.0, rtol=0.05)
    np.testing.assert_allclose(loud / quiet, 2.0, rtol=0.05)


def test_the_credits_are_the_library_s() -> None:
    rng = np.random.default_rng(3)
    p, q = SigmoidBeliefNet((3, 2)).double(), BernoulliMeanField(2).double()
    x = torch.tensor(rng.integers(0, 2, (4, 3)).astype(float))
    generator = torch.Generator().manual_seed(0)
    value = library_vimco(p, q, x, num_samples=5, generator=generator)
    parameters = [one for one in q.parameters()]
    z = q.distribution(x).draw((5, 4), torch.Generator().manual_seed(0))
    log_q = q.distribution(x).log_prob(z)
    log_w = (p.log_joint(x, z) - log_q).detach().numpy()
    logits = parameters[0].detach()
    score = (z - logits.sigmoid()).detach().numpy()
    theirs = torch.autograd.grad(value.sum(), parameters[0])[0]
    own = vimco.right(vimco.Given(log_w, score)).sum(0)
    np.testing.assert_allclose(own, theirs.numpy(), rtol=1e-6, atol=1e-8)


# ---- the sealed case ------------------------------------------------------------------------------------------------------
def test_what_theory_says_of_the_four_holds_in_every_case() -> None:
    rng = np.random.default_rng(4)
    rules = []
    for _ in range(60):
        given, truth = sealed_case.draw(rng)
        rows = dict(zip(truth, given["values"], strict=True))
        offset = {name: 2 * row[2] - row[3] for name, row in rows.items()}
        moved = {name: abs(row[1] - row[0]) for name, row in rows.items()}
        log_k = np.log(given["num_samples"])
        assert offset["iwae"] == pytest.approx(-log_k, abs=1e-7)
        assert offset["thermodynamic"] == pytest.approx(0.0, abs=1e-7)
        assert abs(offset["renyi"] + log_k) > 0.05 and abs(offset["renyi"]) > 0.05
        assert moved.pop("jackknife") > 1e-3 and max(moved.values()) < 1e-9
        plain = {name: row[0] for name, row in rows.items()}
        rules.append(
            [
                plain["jackknife"] == max(plain.values()),
                plain["renyi"] < plain["iwae"],
                plain["thermodynamic"] == min(plain.values()),
            ]
        )
    share = np.mean(rules, 0)
    assert (share > 0.2).all() and (share < 0.8).all(), share


def test_figures_are_drawn() -> None:
    for figure in (targets.missed(), targets.curve(), targets.signal()):
        assert len(png(figure)) > 5_000

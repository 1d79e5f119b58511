"""Renyi, jackknife and thermodynamic bounds: values, inequalities for every set of weights, exact expectations, path gradients."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import (
    DOUBLE,
    LIMIT,
    expected_bound,
    generator,
    gradients,
    gradients_of,
    randn,
    worst_z,
)
from toy import M, S, X, toy_family

from course_vi.bounds import elbo, iwae, jackknife, renyi, thermodynamic
from course_vi.diagnostics import gradient_moments
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.gradients.bound_structure import is_linear, path_weights
from course_vi.models import ConjugateToy, TwoBernoullis

log_weights = st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=8).map(
    lambda values: torch.tensor(values, dtype=DOUBLE)
)
BETAS = (0.0, 0.1, 0.4, 1.0)
BOUNDS = {
    "renyi(alpha=0.5)": partial(renyi, alpha=0.5),
    "renyi(alpha=0.95)": partial(renyi, alpha=0.95),
    "renyi(alpha=2.0)": partial(renyi, alpha=2.0),
    "jackknife(order=1)": partial(jackknife, order=1),
    "jackknife(order=2)": partial(jackknife, order=2),
    "thermodynamic(left)": partial(thermodynamic, betas=BETAS),
    "thermodynamic(right)": partial(thermodynamic, betas=BETAS, side="right"),
}


def test_renyi_is_a_power_mean(evidence):
    """The means of 1, 2 and 4 by hand: arithmetic 7/3, geometric 2, harmonic 12/7; the power 1/2 mean."""
    log_w = torch.tensor([1.0, 2.0, 4.0], dtype=DOUBLE).log()
    wanted = {
        0.0: 7 / 3,
        1.0: 2.0,
        2.0: 12 / 7,
        0.5: ((3 + math.sqrt(2)) / 3) ** 2,
        -1.0: math.sqrt(7.0),
    }
    error = max(abs(renyi(log_w, alpha).exp().item() - value) for alpha, value in wanted.items())
    assert error < 1e-14
    evidence(
        "bounds.renyi",
        "by hand: arithmetic, geometric, harmonic and other power means",
        error=error,
    )
    assert torch.equal(renyi(log_w, 1), elbo(log_w)) and torch.equal(renyi(log_w, 0), iwae(log_w))


@settings(max_examples=150, deadline=None)
@given(log_weights, st.lists(st.floats(-3, 4), min_size=2, max_size=6))
def test_renyi_does_not_increase_in_alpha(log_w, alphas):
    values = [renyi(log_w, alpha).item() for alpha in sorted([*alphas, 0.0, 1.0])]
    slack = 1e-9 * (1 + log_w.abs().max().item())
    assert all(low <= high + slack for high, low in zip(values, values[1:], strict=False))
    assert log_w.min() - slack <= values[-1] and values[0] <= log_w.max() + slack


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 2e-5), (DOUBLE, 2e-13)])
@pytest.mark.parametrize(
    "gap", [0.0, 1e-16, 1e-12, 1e-9, 1e-6, 1e-3, 0.05, 0.0999999, 0.1, 0.1000001]
)
def test_renyi_is_smooth_at_one(gap, dtype, tolerance, evidence):
    """Against the cumulants of the log weights, L = k1 + t k2/2 + t^2 k3/6 + ..., to an order that leaves no remainder to see."""
    log_w = (0.3 * randn(6, seed=3)).to(dtype)
    for power in (gap, -gap):
        power = 1.0 - (1.0 - power)  # the power that alpha can express
        moments = [(log_w.double() ** n).mean().item() / math.factorial(n) for n in range(1, 25)]
        if power:
            wanted = (
                math.log1p(math.fsum(m * power**n for n, m in enumerate(moments, 1))) / power
                if abs(power) > 1e-5
                else (moments[0] + power * (moments[1] - moments[0] ** 2 / 2))
            )
        else:
            wanted = moments[0]
        error = abs(renyi(log_w, 1.0 - power).item() - wanted)
        assert error < (tolerance if abs(power) > 1e-5 else max(tolerance, 1e-10))
        first, second = path_weights(partial(renyi, alpha=1.0 - power), log_w)
        weights = (power * log_w).softmax(0)
        assert torch.allclose(first, weights, atol=tolerance)
        assert torch.allclose(second, power * (weights - weights**2), atol=tolerance, rtol=1e-5)
    if dtype is DOUBLE and abs(gap) > 1e-5:
        evidence("bounds.renyi near alpha = 1", "its cumulant series", error=error)


@pytest.mark.parametrize("alpha", [-1.0, 0.0, 0.5, 0.95, 1.05, 2.0])
@pytest.mark.parametrize("shift", [-1e4, 0.0, 1e4])
def test_renyi_at_extremes(alpha, shift):
    log_w = torch.tensor([0.3, -0.2, 0.9], dtype=DOUBLE)
    assert renyi(log_w + shift, alpha).item() == pytest.approx(
        renyi(log_w, alpha).item() + shift, abs=1e-10
    )
    spread = torch.tensor([-1e4, 0.0, 1e4], dtype=DOUBLE)
    power = 1 - alpha
    assert renyi(spread, alpha).item() == pytest.approx(
        math.copysign(1e4, power) - math.log(3) / power, rel=1e-9
    )
    none = torch.tensor([-math.inf, 0.0], dtype=DOUBLE)  # a weight of zero
    assert renyi(none, alpha).item() == (
        -math.inf if alpha >= 1 else pytest.approx(-math.log(2) / power)
    )


def test_jackknife_coefficients_and_subsets(evidence):
    """By brute force over subsets, with coefficients that solve the equations of Nowozin: sum c = 1, sum c (K - j)^-r = 0."""
    log_w = randn(6, 4, seed=5)
    worst = 0.0
    for order in range(5):
        sizes = [6 - j for j in range(order + 1)]
        system = np.array([[float(size) ** -r for size in sizes] for r in range(order + 1)])
        coefficients = np.linalg.solve(system, np.eye(order + 1)[0])
        wanted = torch.zeros(4, dtype=DOUBLE)
        for size, coefficient in zip(sizes, coefficients, strict=True):
            kept = [mask for mask in range(64) if bin(mask).count("1") == size]
            means = [iwae(log_w[[k for k in range(6) if mask >> k & 1]]) for mask in kept]
            wanted = wanted + coefficient * torch.stack(means).mean(0)
        worst = max(worst, (jackknife(log_w, order) - wanted).abs().max().item())
    assert worst < 1e-9
    evidence(
        "bounds.jackknife",
        "brute force over subsets; coefficients from Nowozin's equations",
        error=worst,
    )
    assert torch.allclose(jackknife(log_w, 0), iwae(log_w), atol=1e-14)
    big = jackknife(log_w + 1e4, 2) - 1e4
    assert torch.allclose(big, jackknife(log_w, 2), atol=1e-8)


def test_the_expectation_of_the_jackknife(evidence):
    """E JVI = sum c_j E L_{K-j}, each by its own quadrature; and it is no lower bound."""
    toy = ConjugateToy()

    def exact_mean(bound, size, scale=S):
        log_scale = torch.tensor([math.log(scale)], dtype=DOUBLE)
        return expected_bound(
            toy, torch.tensor([M], dtype=DOUBLE), log_scale, X, bound, size
        ).item()

    iwaes = {size: exact_mean(iwae, size) for size in (1, 2, 3)}
    error = abs(exact_mean(partial(jackknife, order=1), 3) - (3 * iwaes[3] - 2 * iwaes[2]))
    error = max(
        error,
        abs(
            exact_mean(partial(jackknife, order=2), 3)
            - (4.5 * iwaes[3] - 4 * iwaes[2] + 0.5 * iwaes[1])
        ),
    )
    assert error < 1e-10
    evidence(
        "bounds.jackknife: its mean", "toy: quadrature of the IWAE bounds it combines", error=error
    )
    evidence_of_x = toy.log_evidence(X).item()
    assert abs(exact_mean(partial(jackknife, order=1), 3) - evidence_of_x) < abs(
        iwaes[3] - evidence_of_x
    )
    assert exact_mean(partial(jackknife, order=2), 3, scale=2.5) > evidence_of_x + 0.01, (
        "JVI is not a lower bound"
    )


def toy_curve(beta: float) -> float:
    """E_{pi_beta} log w on the toy, by the algebra of Gaussians: pi_beta is normal, log w is a quadratic."""
    precision = (1 - beta) / S**2 + 2 * beta
    mean = ((1 - beta) * M / S**2 + beta * X.item()) / precision
    log_p = -math.log(2 * math.pi) - 0.5 * (mean**2 + (X.item() - mean) ** 2) - 1 / precision
    log_q = (
        -0.5 * math.log(2 * math.pi) - math.log(S) - 0.5 * ((mean - M) ** 2 + 1 / precision) / S**2
    )
    return log_p - log_q


def test_the_exact_curve_of_the_toy(evidence):
    """It integrates to the log evidence, left sums lie below and right sums above; many samples find it, few do not."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    integral = sum(
        w / 2 * toy_curve((node + 1) / 2) for node, w in zip(nodes, weights, strict=True)
    )
    log_p = ConjugateToy().log_evidence(X).item()
    assert abs(integral - log_p) < 1e-12
    left, right = (
        sum(
            (b - a) * toy_curve(a if side == "left" else b)
            for a, b in zip(BETAS, BETAS[1:], strict=False)
        )
        for side in ("left", "right")
    )
    assert left < log_p < right
    z = M + S * torch.randn(400_000, 1, generator=generator(0), dtype=DOUBLE)
    log_w = ConjugateToy().log_joint(X, z) - toy_family()(None, z)
    for side, wanted in (("left", left), ("right", right)):
        influence = 0.0
        for a, b in zip(BETAS, BETAS[1:], strict=False):
            beta = a if side == "left" else b
            share = (beta * log_w).softmax(0) * len(log_w)
            influence = influence + (b - a) * share * (
                log_w - toy_curve(beta)
            )  # the delta method for a ratio
        standard_error = influence.std().item() / len(log_w) ** 0.5
        score = abs(thermodynamic(log_w, BETAS, side).item() - wanted) / standard_error
        assert score < LIMIT
        evidence(f"bounds.thermodynamic, {side}", "toy: the exact curve, 400,000 samples", z=score)
    few = expected_bound(
        ConjugateToy(),
        torch.tensor([M], dtype=DOUBLE),
        torch.tensor([math.log(S)], dtype=DOUBLE),
        X,
        partial(thermodynamic, betas=BETAS, side="right"),
        1,
    ).item()
    assert few < log_p, "with few samples a right sum is no upper bound"


@settings(max_examples=150, deadline=None)
@given(log_weights)
def test_left_sums_below_iwae_below_right_sums(log_w):
    slack = 1e-9 * (1 + log_w.abs().max().item())
    assert thermodynamic(log_w, BETAS) <= iwae(log_w) + slack
    assert iwae(log_w) <= thermodynamic(log_w, BETAS, "right") + slack
    assert torch.allclose(thermodynamic(log_w, (0.0, 1.0)), elbo(log_w), rtol=1e-13, atol=1e-12)


def test_the_curve_of_k_samples_integrates_to_iwae(evidence):
    log_w = 1.5 * randn(5, 3, seed=2)
    grid = [i / 400 for i in range(401)]
    trapezoid = 0.5 * (thermodynamic(log_w, grid) + thermodynamic(log_w, grid, "right"))
    halved = 0.5 * (thermodynamic(log_w, grid[::2]) + thermodynamic(log_w, grid[::2], "right"))
    error = ((4 * trapezoid - halved) / 3 - iwae(log_w)).abs().max()  # Simpson's rule
    assert error < 1e-9
    evidence(
        "bounds.thermodynamic",
        "the integral of its K-sample curve is the IWAE bound of those samples",
        error=error,
    )


@pytest.mark.parametrize("name", BOUNDS)
def test_shapes_and_derivatives(name):
    """Batches do not mix; two derivatives against central differences; both kinds of autograd agree."""
    bound, log_w = BOUNDS[name], randn(4, 2, 3, seed=1)
    assert torch.allclose(bound(log_w)[1, 2], bound(log_w[:, 1, 2]), atol=1e-13)
    first, second = path_weights(bound, log_w)
    for k in range(4):
        step = torch.zeros(4, 1, 1, dtype=DOUBLE)
        step[k] = 1e-4
        up, here, down = bound(log_w + step), bound(log_w), bound(log_w - step)
        assert torch.allclose((up - down) / 2e-4, first[k], atol=1e-7)
        assert torch.allclose((up - 2 * here + down) / 1e-8, second[k], atol=1e-5)
    assert torch.allclose(first.sum(0), torch.ones(2, 3, dtype=DOUBLE), atol=1e-10), (
        "a constant factor moves the bound by its log"
    )
    hessian = torch.func.jacrev(torch.func.grad(bound))(log_w[:, 0, 0])
    assert torch.allclose(hessian.diagonal(), second[:, 0, 0], atol=1e-12)
    assert is_linear(bound, 1) if "jackknife" not in name else not is_linear(bound, 5)
    assert not is_linear(bound, 3)


@pytest.mark.parametrize("name", BOUNDS)
def test_unbiased_path_gradients(name, evidence):
    """The exact gradient of the three-sample bound in phi by quadrature; theta's at fixed noise equals the total derivative's."""
    bound, q = BOUNDS[name], toy_family()
    exactly = gradients(
        expected_bound(ConjugateToy(), q.loc, q.log_scale, X, bound, 3, order=32), q
    )
    spread = {}
    for estimator, replicates in (
        (doubly_reparametrized, 40_000),
        (reparametrized, 40_000),
        (score_function, 60_000),
    ):
        moments = gradient_moments(
            estimator, ConjugateToy(), q, X, 3, replicates, bound, generator(4)
        )
        z = worst_z(moments, exactly)
        assert z < LIMIT
        evidence(
            f"gradients.{estimator.__name__}, {name}",
            "toy: exact gradient of the 3-sample bound by quadrature",
            z=z,
        )
        spread[estimator] = moments.variance["loc"].item()
    evidence(
        f"gradients.doubly_reparametrized, {name}",
        "variance over that of reparametrized (gradient of m)",
        ratio=spread[doubly_reparametrized] / spread[reparametrized],
    )
    p, x, eps = (
        TwoBernoullis().double(),
        torch.tensor([0.0, 1.0], dtype=DOUBLE),
        randn(3, 1, seed=0),
    )
    double, total = (
        gradients_of(e, p, q, x, num_samples=3, bound=bound, noise=eps)
        for e in (doubly_reparametrized, reparametrized)
    )
    assert all(
        torch.allclose(double[key], total[key], atol=1e-12) for key in ("p.slopes", "p.intercepts")
    )


def test_names_and_refusals():
    with pytest.raises(
        ValueError,
        match=r"bound is renyi\(alpha=0.5\) with num_samples = 2; expected one that is linear",
    ):
        sticking_the_landing(ConjugateToy(), toy_family(), X, 2, bound=partial(renyi, alpha=0.5))
    assert (
        sticking_the_landing(
            ConjugateToy(), toy_family(), X, 2, bound=partial(renyi, alpha=1)
        ).shape
        == ()
    )
    log_w = randn(3, seed=0)
    for bad in ("1", None, True):
        with pytest.raises(TypeError, match="alpha is"):
            renyi(log_w, bad)
        with pytest.raises(TypeError, match="order is"):
            jackknife(log_w, bad)
    with pytest.raises(ValueError, match="alpha is inf; expected a finite number"):
        renyi(log_w, math.inf)
    for bad in (-1, 3, 4):
        with pytest.raises(
            ValueError, match=f"order is {bad} with K = 3 samples; expected 0 <= order < K"
        ):
            jackknife(log_w, bad)
    with pytest.raises(ValueError, match="order is 1 with K = 1"):
        doubly_reparametrized(ConjugateToy(), toy_family(), X, 1, bound=partial(jackknife, order=1))
    for bad in (
        (),
        (0.0,),
        (0.0, 0.5),
        (0.1, 1.0),
        (0.0, 0.5, 0.5, 1.0),
        (0.0, 0.7, 0.3, 1.0),
        (0.0, math.nan, 1.0),
    ):
        with pytest.raises(
            ValueError, match="betas is .*; expected numbers that climb strictly from 0 to 1"
        ):
            thermodynamic(log_w, bad)
    with pytest.raises(ValueError, match="side is 'middle'; expected 'left' or 'right'"):
        thermodynamic(log_w, BETAS, "middle")
    for bound in BOUNDS.values():
        with pytest.raises(TypeError, match="log_w is a list"):
            bound([1.0, 2.0])
        with pytest.raises(ValueError, match=r"log_w has shape \(0, 3\)"):
            bound(torch.empty(0, 3))

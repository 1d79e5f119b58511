"""What the checks of unit 04 expect is true: formulas against iteration, autograd, quadrature and sampling."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import logsumexp
from torch.autograd.functional import hessian

from autograder.units.unit_04 import (
    cavi_rates,
    geometric_m_step,
    natural_step,
    reference,
    regression_cavi,
    responsibilities,
    steps_to_go,
    targets,
)
from autograder.units.unit_04.problems import mixture_log_joint
from course_vi.plots.style import png

KINDS = [
    ("poisson", 2, 40, False),
    ("poisson", 3, 75, True),
    ("normal", 2, 45, True),
    ("exponential", 2, 50, False),
    ("known", 2, 20, False),
]


def test_log_responsibilities_are_scipy_s() -> None:
    rng = np.random.default_rng(0)
    weights, density = rng.normal(size=4) + 3, rng.normal(size=(6, 4)) - 800
    joint = weights - logsumexp(weights) + density
    log_r, log_p = responsibilities.right(weights, density)
    assert np.allclose(log_p, logsumexp(joint, axis=1), rtol=1e-12)
    assert np.allclose(np.exp(log_r).sum(1), 1)


def test_the_m_step_is_the_top_of_the_expected_log_likelihood() -> None:
    rng = np.random.default_rng(1)
    r, x, over = geometric_m_step._data(rng, (30, 3), 0.4)

    def expected(weights: np.ndarray, p: np.ndarray) -> float:
        log_joint = np.log(weights) + over[:, None] * np.log(p) + x[:, None] * np.log1p(-p)
        return float((r * log_joint).sum())

    weights, p = geometric_m_step.right(r, x, over)
    top = expected(weights, p)
    for _ in range(50):
        near = weights * np.exp(0.02 * rng.normal(size=3))
        assert expected(near / near.sum(), p) < top
        assert expected(weights, 1 / (1 + (1 / p - 1) * np.exp(0.02 * rng.normal(size=3)))) < top


@pytest.mark.parametrize(("kind", "clusters", "count", "turned"), KINDS)
@pytest.mark.parametrize("plain", [False, True])
def test_the_rate_is_that_of_em_and_of_the_two_informations(
    kind: str, clusters: int, count: int, turned: bool, plain: bool
) -> None:
    rng = np.random.default_rng(2)
    case = reference.make_case(rng, kind, clusters, count, plain, turned, (0.03, 0.96))
    theta, x = torch.tensor(case.theta), torch.tensor(case.x)
    log_joint = mixture_log_joint(kind, clusters, plain, torch.tensor(case.turn), torch.tensor(case.known))  # fmt: skip

    at = theta.clone().requires_grad_()
    log_joint(at, x).logsumexp(-1).sum().backward()
    assert at.grad is not None and at.grad.abs().max() < 1e-8  # a maximum

    r = log_joint(theta, x).softmax(-1)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta).numpy()
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta).numpy()
    assert np.allclose(reference.information(case), observed, rtol=1e-4, atol=1e-3)
    values = np.linalg.eigvals(np.eye(len(theta)) - np.linalg.solve(complete, observed)).real
    assert values.max() == pytest.approx(case.eigenvalues[-1], rel=1e-8)

    model = (kind, clusters, plain, case.known)
    there, v = case.turn @ case.theta, case.turn @ case.theta + 1e-6
    sizes = []
    while np.linalg.norm(v - there) > 1e-9:
        sizes.append(np.linalg.norm(v - there))
        v = reference.step(model, v, case.x)
    assert sizes[-1] / sizes[-2] == pytest.approx(case.eigenvalues[-1], rel=0.02)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("poisson", {"units": True, "turned": True}),
        ("poisson", {"units": True, "parted": True}),
        ("poisson", {"near": True, "rates": (0.994, 0.997)}),
        ("known", {"near": True, "rates": (0.9991, 0.9998)}),
    ],
)
def test_the_rate_in_unlike_units_and_near_one(kind: str, asked: dict[str, Any]) -> None:
    case = reference.make_case(np.random.default_rng(3), kind, 2, 300, **asked)
    theta, x = torch.tensor(case.theta), torch.tensor(case.x)
    log_joint = mixture_log_joint(kind, 2, False, torch.tensor(case.turn), torch.tensor(case.known))
    r = log_joint(theta, x).softmax(-1)
    observed = -hessian(lambda t: log_joint(t, x).logsumexp(-1).sum(), theta)
    complete = -hessian(lambda t: (r * log_joint(t, x)).sum(), theta)
    values = torch.linalg.eigvals(torch.linalg.solve(complete, observed)).real
    assert float(values.min()) == pytest.approx(1 - case.eigenvalues[-1], rel=1e-5)
    if "parted" in asked:
        off = case.jacobian - np.diag(np.diag(case.jacobian))
        assert np.abs(off).max() < 1e-6 and np.argmax(np.diag(case.jacobian)) == len(theta) - 1


def test_factors_of_a_round_are_those_of_rounds_that_are_run() -> None:
    rng = np.random.default_rng(3)
    for precision in cavi_rates._places(rng):
        in_turn, at_once, limit = cavi_rates.right(precision)
        D, inverse = len(precision), 1 / np.diag(precision)
        for factor, parallel in ((in_turn, False), (at_once, True)):
            m, logs = rng.normal(size=D), []
            for _ in range(400):
                before = m.copy()
                for i in range(D):
                    others = precision[i] @ (before if parallel else m)
                    m[i] -= inverse[i] * others
                logs.append(math.log(np.linalg.norm(m)))
                m /= np.linalg.norm(m)
            assert np.mean(logs[200:]) == pytest.approx(math.log(factor), abs=0.02)
        for share, settles in ((0.99 * limit, True), (1.01 * limit, False)):
            radius = np.abs(
                np.linalg.eigvals(np.eye(D) - share * inverse[:, None] * precision)
            ).max()
            assert (radius < 1) == settles


def test_the_bound_of_the_regression_is_a_mean_and_its_factors_are_its_best() -> None:
    rng = np.random.default_rng(4)
    ask = regression_cavi._places(rng)[0]
    q, K = regression_cavi.passed(ask), 20_000
    D, N = ask.features.shape[1], len(ask.y)
    w = rng.multivariate_normal(q.loc, q.covariance, K)
    tau = rng.gamma(q.shape, 1 / q.rate, K)
    log_q = stats.multivariate_normal(q.loc, q.covariance).logpdf(w)
    log_q += stats.gamma(q.shape, scale=1 / q.rate).logpdf(tau)
    log_p = stats.norm(0, ask.alpha**-0.5).logpdf(w).sum(1)
    log_p += stats.gamma(ask.shape, scale=1 / ask.rate).logpdf(tau)
    log_p += stats.norm(w @ ask.features.T, tau[:, None] ** -0.5).logpdf(ask.y).sum(1)
    draws = log_p - log_q
    bound = regression_cavi.elbo(ask, q)
    assert abs(draws.mean() - bound) < 4.5 * draws.std() / K**0.5

    # q(tau) is the best given q(w); at rest q(w) is, too
    assert bound > regression_cavi.elbo(ask, q._replace(rate=1.05 * q.rate))
    assert bound > regression_cavi.elbo(ask, q._replace(shape=q.shape + D / 2))
    for _ in range(60):
        q = regression_cavi.passed(ask._replace(mean_tau=q.shape / q.rate))
    rest = regression_cavi.elbo(ask, q)
    assert rest >= bound
    assert rest > regression_cavi.elbo(ask, q._replace(loc=q.loc + 0.03))
    assert rest > regression_cavi.elbo(ask, q._replace(covariance=1.05 * q.covariance))

    log_tau = np.linspace(-9, 9, 3001)
    given = [
        stats.multivariate_normal(
            np.zeros(N), np.eye(N) / np.exp(t) + ask.features @ ask.features.T / ask.alpha
        ).logpdf(ask.y)
        for t in log_tau[::10]
    ]
    prior = stats.gamma(ask.shape, scale=1 / ask.rate).logpdf(np.exp(log_tau[::10]))
    evidence = logsumexp(np.array(given) + prior + log_tau[::10]) + math.log(18 / 300)
    assert rest < evidence < rest + 0.5


def test_the_natural_step_is_that_of_the_fisher_information() -> None:
    m, log_s, g, h, rho = 0.7, -0.4, 1.3, -0.6, 0.35

    def moved(eta: torch.Tensor) -> torch.Tensor:
        """(loc, log_scale) of natural parameters."""
        variance = -0.5 / eta[1]
        return torch.stack([variance * eta[0], 0.5 * variance.log()])

    eta = torch.tensor([m * math.exp(-2 * log_s), -0.5 * math.exp(-2 * log_s)]).double()
    by_eta = torch.autograd.functional.jacobian(moved, eta).T @ torch.tensor([g, h]).double()
    fisher = hessian(lambda e: -(e[0] ** 2) / (4 * e[1]) - 0.5 * (-2 * e[1]).log(), eta)
    after = moved(eta + rho * torch.linalg.solve(fisher, by_eta))
    args = (np.array([m]), np.array([log_s]), np.array([g]), np.array([h]), rho)
    assert np.allclose(np.concatenate(natural_step.right(*args)), after.numpy(), rtol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_em_takes_as_many_steps_as_are_predicted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kind, clusters, count = (("poisson", 2, 40), ("normal", 2, 45))[seed % 2]
    case = reference.make_case(rng, kind, clusters, count, rates=steps_to_go.RATES)
    stand = steps_to_go.make_stand(rng, case, (0.005, 0.05))
    model, v, steps = (kind, clusters, False, case.known), case.theta + stand.error, 0

    def log_p(at: np.ndarray) -> float:
        return float(logsumexp(reference.log_joint(model, at, case.x), axis=1).sum())

    gap = log_p(case.theta) - log_p(v)
    assert gap == pytest.approx(steps_to_go.GAP, rel=0.01)
    while log_p(case.theta) - log_p(v) > 1e-6 * gap:
        v, steps = reference.step(model, v, case.x), steps + 1
    assert steps == math.ceil(stand.exact)


def test_the_death_notices_are_those_of_the_source_and_em_is_slow_on_them() -> None:
    x = targets.death_notices()
    assert len(x) == 1096 and x.sum() == 2364
    there = targets.rest(x)
    assert torch.allclose(there[1:].exp(), torch.tensor([1.2561, 2.6634]).double(), atol=1e-4)
    log_p = targets.poisson_mixture(there, x).logsumexp(-1).sum()
    assert float(log_p) == pytest.approx(-1989.946, abs=1e-3)


def test_the_figures_are_drawn() -> None:
    x = targets.death_notices()
    start = torch.tensor([0.0, 0.4, 0.9], dtype=torch.float64)
    precision = torch.full((3, 3), 0.6, dtype=torch.float64).fill_diagonal_(1.0)
    for figure in (
        targets.errors(x, start, 100),
        targets.errors(x, start, 100, 0.9957),
        targets.rounds(precision),
        targets.rounds(precision, (0.465, 1.2)),
    ):
        assert png(figure).startswith(b"\x89PNG")

"""What the checks of unit 06 expect is true: closed forms against quadrature and autograd, slopes of a Gamma against torch's."""

import numpy as np
import pytest
import torch
from scipy import special

from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.protocol import problems
from autograder.units.unit_06 import implicit_gamma, predicted_variances, reference, targets
from course_vi.exact import gauss_hermite
from course_vi.gradients import reparametrized, sticking_the_landing
from course_vi.plots import png


@pytest.mark.parametrize(
    "where", [(1.0, -2.0, 0.5, 0.7), (-2.0, 0.5, -1.0, 1.5), (0.0, 1.3, 0.2, 0.4)]
)
def test_variances_on_a_quadratic_against_quadrature(
    where: tuple[float, float, float, float],
) -> None:
    a, b, m, s = where
    eps, weights = (value.numpy() for value in gauss_hermite(16))
    z = m + s * eps
    f, slope = a * z**2 / 2 + b * z, a * z + b
    scores = eps / s, eps**2 - 1

    def variance(g: np.ndarray) -> float:
        return float(weights @ g**2 - (weights @ g) ** 2)

    best = [weights @ (f * score**2) / (weights @ score**2) for score in scores]
    wanted = [
        [variance(slope), variance(slope * s * eps)],
        [variance(f * score) for score in scores],
        [variance((f - level) * score) for level, score in zip(best, scores, strict=True)],
    ]
    np.testing.assert_allclose(
        predicted_variances.quadratic_variances(*where), wanted, rtol=1e-10, atol=1e-12
    )
    for column in range(2):  # the baseline is the best one: a little more or less is worse
        for nudge in (-0.1, 0.1):
            moved = (best[0] + nudge, best[1] + nudge)
            shift = tuple(level - (a * m**2 / 2 + b * m) for level in moved)
            assert (
                predicted_variances.quadratic_variances(*where, shift=shift)[2, column]
                > wanted[2][column]
            )


def test_the_second_model_s_slopes_are_autograd_s() -> None:
    params, eps = reference.random_toy(np.random.default_rng(0))
    problems.load("06")
    made = problems.build(
        "logcosh/mean_field", {name: torch.from_numpy(value) for name, value in params.items()}
    )
    terms = reference.logcosh_terms(**params, eps=eps)
    for estimator, name in ((reparametrized, "total"), (sticking_the_landing, "path")):
        value = estimator(made["p"], made["q"], made["x"], len(eps), noise=torch.from_numpy(eps))
        gradients = torch.autograd.grad(value.sum(), list(made["learn"].values()))
        np.testing.assert_allclose(torch.cat(gradients, -1), terms[name], rtol=1e-8, atol=1e-8)


def test_slopes_of_a_gamma_against_torch() -> None:
    alpha = np.repeat([0.3, 1.0, 2.5, 60.0], 9)
    g = special.gammaincinv(alpha, np.tile(np.linspace(0.1, 0.9, 9), 4))
    theirs = torch._standard_gamma_grad(torch.from_numpy(alpha), torch.from_numpy(g)).numpy()
    np.testing.assert_allclose(implicit_gamma.gamma_slope(alpha, g), theirs, rtol=2e-3)


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        (lambda m, s: (lambda z: z.tan() / 0.0, torch.ones(2)), "not_finite"),
        (lambda m, s: (lambda z: torch.rand_like(z) + z, torch.ones(2)), "random_target"),
    ],
)
def test_odd_targets_are_named(target: object, complaint: str) -> None:
    assert complaint in run_check("06_score_wins", InProcess(target), 0).diagnoses


def test_target_figures_are_drawn() -> None:
    x = torch.linspace(-1, 1, 5).unsqueeze(-1)
    pairs = [(1.0, -1.0), (2.0, -2.0)]
    figures = (
        targets.posteriors(x),
        targets.horse_kicks(),
        targets.quadratic(),
        targets.posteriors(x, x / 2, 0 * x),
        targets.own_target(0.0, 1.0, torch.cos),
        targets.horse_kicks([(1.0, 2.0)]),
        targets.quadratic(
            lambda *where: torch.from_numpy(predicted_variances.quadratic_variances(*where))
        ),
        targets.collapse([0.0, 1.0], pairs, pairs, pairs),
    )
    for figure in figures:
        assert png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("f", "complaint"),
    [
        (lambda m, s: lambda z: torch.cos(6 / s * (z - z.mean())), "not_entry_by_entry"),
        (lambda m, s: lambda z: torch.cos(6 / s * (z - m)).sort().values, "not_entry_by_entry"),
        (lambda m, s: lambda z: torch.cos(6 / s * (z - m)).detach() + 0 * z, "false_slope"),
        (lambda m, s: lambda z: torch.cos(6 / s * (z - m)) + (z > m), "jumps"),
        (lambda m, s: lambda z: 0 * z + 1, "flat"),
    ],
)
def test_a_target_is_a_function_of_one_entry_whose_slope_is_its_own(
    f: object, complaint: str
) -> None:
    target = lambda m, s: (f(m, s), torch.ones(2))  # type: ignore[operator]  # noqa: E731
    assert complaint in run_check("06_score_wins", InProcess(target), 0).diagnoses


def test_every_draw_of_a_gamma_carries_its_own_slope() -> None:
    def answer(moved: bool) -> object:
        def implicit_gamma(concentration: object, rate: object, g: torch.Tensor) -> torch.Tensor:
            alpha = concentration.detach()  # type: ignore[attr-defined]
            slope = torch._standard_gamma_grad(alpha.expand_as(g), g)
            slope = slope.roll(1, 0) if moved else slope
            return (g + slope * (concentration - alpha)) / rate  # type: ignore[operator]

        return implicit_gamma

    reports = [
        run_check("06_implicit_gamma", InProcess(answer(moved)), 3) for moved in (False, True)
    ]
    assert reports[0].passed and "slope_of_another_draw" in reports[1].diagnoses

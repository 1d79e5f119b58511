"""The gradient laboratory: its exact bound against quadrature, its measurements against what is exact, and what it refuses."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from course_vi.bounds import renyi
from course_vi.diagnostics import gradient_samples, signal_to_noise
from course_vi.diagnostics.signal_to_noise import ratio_to_noise
from course_vi.exact import log_integral
from course_vi.gradients import reparametrized
from course_vi.laboratory import Measurement, Settings, measure
from course_vi.laboratory.exact_bound import WeightMoments, expected_power_bound
from course_vi.laboratory.measure import FINDINGS
from course_vi.laboratory.problem import NormalLocation, exact_answer, problem
from course_vi.laboratory.settings import ESTIMATORS
from course_vi.models import ConjugateToy, TwoBernoullis

Z = 4.5
DOUBLE = torch.float64


def quadratic(slope: Tensor, bend: Tensor, dim: int = 1) -> WeightMoments:
    """The moments of log w = sum of slope * eps + bend * eps^2 over D noises."""
    edge = 0.5 / float(bend.detach()) if float(bend.detach()) else math.inf

    def log_moment(power: Tensor) -> Tensor:
        left = 1 - 2 * power * bend
        return dim * ((power * slope).square() / (2 * left) - left.log() / 2)

    return WeightMoments(
        log_moment,
        dim * bend,
        math.sqrt(dim * float((slope**2 + 2 * bend**2).detach())),
        edge if edge < 0 else -math.inf,
        edge if edge > 0 else math.inf,
    )


def by_two_noises(slope: Tensor, bend: Tensor, alpha: float) -> Tensor:
    """The bound of two samples, by a sum over both noises."""
    eps = torch.linspace(-13, 13, 521, dtype=DOUBLE)
    weight = (-eps.square() / 2).softmax(0)
    log_w = slope * eps + bend * eps.square()
    pairs = torch.stack([log_w.unsqueeze(1).expand(521, 521), log_w.expand(521, 521)])
    return weight @ renyi(pairs, alpha) @ weight


@pytest.mark.parametrize("alpha", [0.0, 0.5, 2.0, -0.5])
@pytest.mark.parametrize(("slope", "bend"), [(0.3, 0.1), (0.5, -1.5), (0.0, -0.2), (1.0, 0.2)])
def test_the_exact_bound_of_two_samples_and_its_gradient(slope, bend, alpha, evidence):
    at = [torch.tensor(value, dtype=DOUBLE, requires_grad=True) for value in (slope, bend)]
    found, sure = expected_power_bound(quadratic(*at), 2, alpha), by_two_noises(*at, alpha)
    slopes = [torch.stack(torch.autograd.grad(value, at)) for value in (found, sure)]
    gaps = (found - sure).detach().abs(), (slopes[0] - slopes[1]).abs().max()
    error = max(map(float, gaps))
    assert error < 1e-9
    evidence("laboratory: the expected K-sample bound", "quadrature over both noises", error=error)


@pytest.mark.parametrize("num_samples", [3, 64])
@pytest.mark.parametrize(
    ("dim", "slope", "bend"), [(1, 0.5, -1.5), (20, 0.7, 0.3), (64, 4.0, -1.5)]
)
def test_the_exact_bound_in_any_dimension(dim, slope, bend, num_samples, evidence):
    at = [torch.tensor(value, dtype=DOUBLE) for value in (slope, bend)]
    exact = expected_power_bound(quadratic(*at, dim), num_samples, 0.0)
    source = torch.Generator().manual_seed(dim + num_samples)
    eps = torch.randn(num_samples, 2000, dim, generator=source, dtype=DOUBLE)
    value = renyi((at[0] * eps + at[1] * eps.square()).sum(-1), 0.0)
    z = float((value.mean() - exact) / (value.std() / len(value) ** 0.5))
    assert abs(z) < Z
    evidence("laboratory: the expected K-sample bound", "sampling, D = 1, 20, 64", z=z)


def test_the_exact_bound_at_its_ends() -> None:
    """One sample is the ELBO; with many, what is missing is half the variance of a weight over K; constant weights leave no gap."""
    moments = quadratic(torch.tensor(0.4, dtype=DOUBLE), torch.tensor(-0.3, dtype=DOUBLE))
    one, two = torch.tensor([1.0 + 0j, 2.0 + 0j], dtype=torch.complex128)
    log_evidence = moments.log_moment(one).real
    variance = torch.expm1(moments.log_moment(two).real - 2 * log_evidence)
    assert float(expected_power_bound(moments, 1, 0.0)) == -0.3
    missing = 20_000 * (log_evidence - expected_power_bound(moments, 20_000, 0.0))
    assert abs(float(missing / (variance / 2)) - 1) < 1e-3
    flat = quadratic(torch.zeros((), dtype=DOUBLE), torch.zeros((), dtype=DOUBLE))
    assert abs(float(expected_power_bound(flat, 7, 0.5))) < 1e-12


def test_the_toy_is_the_toy_of_the_course() -> None:
    ours, toy = NormalLocation(3).double(), ConjugateToy(3).double()
    x, z = torch.randn(4, 3, dtype=DOUBLE), torch.randn(5, 4, 3, dtype=DOUBLE)
    assert torch.equal(ours.log_joint(x, z), toy.log_joint(x, z))
    assert torch.allclose(ours.log_evidence(x), toy.log_evidence(x), rtol=0, atol=1e-14)
    p, q, x = problem(Settings(dim=3, shift=-0.5, scale=2.0))
    assert torch.allclose(q.loc, torch.full((3,), 1 - 0.5 / 2**0.5, dtype=DOUBLE))
    assert torch.allclose(q.log_scale.exp(), torch.full((3,), 2**0.5, dtype=DOUBLE))


def test_exact_answers_of_one_sample_are_closed_forms() -> None:
    r"""ELBO: log p(x) minus the KL, D (rho^2 + shift^2 - 1 - log rho^2) / 2; its gradient in m is -2 (m - x / 2), in theta m - theta."""
    s = Settings(dim=5, shift=0.7, scale=1.5, bound="ELBO", num_samples=4)
    found = exact_answer(s)
    gap = 5 * (1.5**2 + 0.7**2 - 1 - math.log(1.5**2)) / 2
    assert abs(found.log_evidence - found.bound - gap) < 1e-12
    offset = 0.7 / 2**0.5
    wanted = {"loc": -2 * offset, "log_scale": 1 - 1.5**2, "p.loc": 1 + offset}
    assert all(abs(found.gradient[name] - value) < 1e-12 for name, value in wanted.items())


def test_two_bernoullis_reach_their_evidence_and_its_slope() -> None:
    s = Settings(model="two Bernoullis", num_samples=256, scale=1.1, shift=0.2)
    found, model = exact_answer(s), TwoBernoullis().double()
    log_p = model.log_evidence(torch.ones(2, dtype=DOUBLE))
    (slope,) = torch.autograd.grad(log_p, model.slopes)
    assert abs(found.log_evidence - float(log_p)) < 1e-12
    assert 0 < found.log_evidence - found.bound < 1e-3
    assert abs(found.gradient["p.slopes"] - float(slope[0])) < 1e-3


CASES = [
    Settings(bound="ELBO", num_samples=4, dim=3, shift=1.0, scale=0.5),
    Settings(bound="IWAE", num_samples=2, shift=0.7, scale=1.3),
    Settings(bound="IWAE", num_samples=16, dim=4, shift=0.3, scale=1.3),
    Settings(bound="Rényi", alpha=2.0, num_samples=2, shift=0.7, scale=1.3),
    Settings(bound="Rényi", alpha=-0.5, num_samples=5, shift=0.3, scale=1.1),
    Settings(model="two Bernoullis", bound="IWAE", num_samples=2, shift=-0.5, scale=0.8),
    Settings(model="two Bernoullis", bound="Rényi", alpha=0.5, num_samples=6, scale=1.4),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.model}-{case.bound}-{case.num_samples}")  # fmt: skip
def test_every_estimator_but_one_is_unbiased(case: Settings, evidence) -> None:
    """Bias against the exact slope, variance and mean against quadrature over the noise, the bound against the exact one."""
    for estimator in ESTIMATORS:
        try:
            settings = dataclasses.replace(case, estimator=estimator, replicates=3000)
        except ValueError:
            assert "baseline" in estimator and case.bound == "Rényi"
            continue
        one = measure(settings)
        assert abs(one.bound - one.exact.bound) < Z * one.bound_se
        for name, report in one.gradients.items():
            if report.exact_variance is not None and report.exact_mean is not None:
                assert abs(report.mean - report.exact_mean) < Z * report.bias_se
                assert abs(report.variance - report.exact_variance) < Z * report.variance_se
            if estimator == "naive landing" and not settings.linear and name[:2] != "p.":
                continue
            assert abs(report.bias) < Z * report.bias_se, (estimator, name)
            assert report.exact_bias in (None, 0.0) and report.finding != FINDINGS[0]
            z = report.bias / report.bias_se
            evidence(f"laboratory: {estimator}", "the exact slope of the K-sample bound", z=z)


@pytest.mark.parametrize(
    ("loc", "log_scale", "num_samples", "exact", "naive"),
    [(0.3, -0.9, 5, 1.0031, 2.20), (0.3, 0.1, 5, 0.1547, 0.666), (0.3, 0.1, 64, 0.0091, 0.579)],
)
def test_the_naive_landing_beside_numbers_found_before(
    loc, log_scale, num_samples, exact, naive
) -> None:
    """Measured by other code on the same toy at x = 2; their errors are about 0.002."""
    root = 2**0.5
    s = Settings(
        shift=(loc - 1) * root, scale=math.exp(log_scale) * root, num_samples=num_samples,
        estimator="naive landing", replicates=4000,
    )  # fmt: skip
    report = measure(s).gradients["loc"]
    assert abs(report.exact - exact) < 1e-4 and report.finding == FINDINGS[0]
    assert abs(report.mean - naive) < Z * report.bias_se + 0.005


def test_at_the_posterior_the_landings_are_silent() -> None:
    for estimator in ESTIMATORS:
        one = measure(Settings(shift=0.0, num_samples=4, estimator=estimator, replicates=500))
        lands = estimator in ("naive landing", "doubly reparametrized")
        assert one.gradients["loc"].silent == lands, estimator
        assert (one.gradients["loc"].finding == FINDINGS[3]) == lands


def test_cost_is_counted_as_the_model_is_asked() -> None:
    def cost(**told: object) -> tuple[int, int]:
        one = measure(Settings(num_samples=8, replicates=10, **told))  # type: ignore[arg-type]
        assert one.cost == one.evaluations + one.model_gradients and one.seconds > 0
        assert one.variance_times_cost("loc") == one.gradients["loc"].variance * one.cost
        return one.evaluations, one.model_gradients

    assert cost(estimator="score function") == cost(estimator=ESTIMATORS[1]) == (8, 0)
    assert {cost(estimator=name) for name in ESTIMATORS[2:]} == {(8, 8)}


def test_a_seed_repeats_and_another_does_not() -> None:
    def samples(seed: int) -> Tensor:
        return measure(Settings(seed=seed, replicates=50)).gradients["loc"].samples

    assert torch.equal(samples(3), samples(3)) and not torch.equal(samples(3), samples(4))


def test_single_precision_is_followed() -> None:
    one: Measurement = measure(Settings(replicates=200), dtype=torch.float32)
    assert one.gradients["loc"].samples.dtype == torch.float32
    assert (
        abs(one.gradients["loc"].mean - measure(Settings(replicates=200)).gradients["loc"].exact)
        < 0.5
    )


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"model": "toy"}, "model is 'toy'"),
        ({"bound": "CUBO"}, "bound is 'CUBO'"),
        ({"estimator": "REINFORCE"}, "estimator is 'REINFORCE'"),
        ({"dim": 0}, "dim is 0"),
        ({"dim": 65}, "dim is 65; expected 64 or fewer"),
        ({"dim": 2, "model": "two Bernoullis"}, "dim is 2 with model 'two Bernoullis'"),
        ({"num_samples": 2.0}, "num_samples is 2.0"),
        ({"num_samples": 257}, "num_samples is 257"),
        ({"shift": math.nan}, "shift is nan"),
        ({"scale": 0.0}, "scale is 0.0"),
        ({"scale": 5.0}, "scale is 5.0; expected a number from 0.1 to 4"),
        ({"alpha": "half"}, "alpha is 'half'"),
        ({"replicates": 1}, "replicates is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"estimator": ESTIMATORS[1], "num_samples": 1}, "num_samples is 1 with estimator"),
        ({"estimator": ESTIMATORS[1], "bound": "Rényi"}, r"bound is renyi\(alpha=0.5\) with estimator"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_by_name(told: dict[str, object], complaint: str) -> None:
    with pytest.raises((TypeError, ValueError), match=complaint):
        Settings(**told)  # type: ignore[arg-type]


def test_a_renyi_bound_that_is_another_has_its_baseline() -> None:
    for alpha in (0.0, 1.0):
        s = Settings(bound="Rényi", alpha=alpha, estimator=ESTIMATORS[1], replicates=500)
        report = measure(s).gradients["loc"]
        assert abs(report.bias) < Z * report.bias_se


@pytest.mark.parametrize("alpha", [math.nan, True, "half"])
def test_the_exact_bound_refuses_what_is_no_number(alpha: object) -> None:
    moments = quadratic(torch.zeros((), dtype=DOUBLE), torch.zeros((), dtype=DOUBLE))
    with pytest.raises(ValueError, match="alpha is"):
        expected_power_bound(moments, 2, alpha)  # type: ignore[arg-type]


def test_theta_of_a_replicable_model_is_seen_side_by_side() -> None:
    """The batch of replicates gives the model's gradients that the loop gives, in distribution."""
    p, q, x = problem(Settings(model="two Bernoullis"))
    batch, loop = (
        gradient_samples(reparametrized, p, q, x, 2, size, generator=torch.Generator().manual_seed(1), method=method)
        for method, size in (("batch", 4000), ("loop", 400))
    )  # fmt: skip
    assert list(batch) == list(loop) and batch["p.slopes"].shape == (4000, 2)
    for name in batch:
        error = (batch[name].var(0) / 4000 + loop[name].var(0) / 400).sqrt()
        assert bool(((batch[name].mean(0) - loop[name].mean(0)).abs() < Z * error).all()), name


def test_signal_to_noise_of_samples_is_that_of_the_estimator() -> None:
    p, q, x = problem(Settings())
    source = [torch.Generator().manual_seed(2) for _ in range(2)]
    whole = signal_to_noise(reparametrized, p, q, x, 2, 300, generator=source[0], method="batch")
    samples = gradient_samples(reparametrized, p, q, x, 2, 300, generator=source[1], method="batch")
    found = ratio_to_noise(samples)
    assert torch.equal(whole.ratio["p.loc"], found.ratio["p.loc"])
    assert torch.equal(whole.standard_error["loc"], found.standard_error["loc"])


def test_the_moments_on_a_grid_begin_with_the_evidence() -> None:
    """E w = p(x): for the model without a closed form, by another rule on another grid."""
    model = TwoBernoullis().double()
    x = torch.ones(2, dtype=DOUBLE)
    log_p = log_integral(lambda z: model.log_joint(x, z), points=2001)
    assert abs(float((log_p - model.log_evidence(x)).detach())) < 1e-12

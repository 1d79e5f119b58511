"""What the checks of unit 16 expect is true: formulas against optimizers, enumeration, simulation and the library's own models."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import norm

from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.execution import closed_book
from autograder.units.unit_16 import (
    calibration,
    hidden_size,
    mean_alone,
    minibatch_elbo,
    pooled_posterior,
    process_elbo,
    sealed_case,
    seen_twice,
    shortfall,
    targets,
)
from course_vi.experiments import set_trial
from course_vi.models import GaussianProcessRegression, NeuralProcess, NormalGamma
from course_vi.plots.style import png


def tensor(value: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


# ---- the statistician that sees the mean alone ----------------------------------------------------------------------------
FIVE = hidden_size.Given(np.array([0.8]), 2.0 ** np.arange(5), np.full(5, 0.2), 1.0, 1.0)


def test_the_numbers_of_the_signature() -> None:
    loc, variance, gap, average = (mean_alone.right(FIVE, row) for row in range(4))
    np.testing.assert_allclose([*loc, *variance, *gap], [0.693, 0.134, 0.171], atol=5e-4)
    assert float(average) == pytest.approx(0.217, abs=5e-4)


def test_no_other_gaussian_leaves_less_over() -> None:
    given = mean_alone._given(np.random.default_rng(1), [1, 3, 20], 1, 1.3)

    def left(at: np.ndarray) -> float:
        return float(given.left_over(at[:1], np.exp(at[1:]))[0])

    (loc, variance), gap = given.best(), hidden_size.gap(given)
    best = minimize(
        left, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13}
    )
    assert best.fun == pytest.approx(float(gap[0]), abs=1e-9)
    np.testing.assert_allclose(best.x, [loc[0], np.log(variance[0])], atol=1e-5)


def test_the_average_gap_is_that_of_simulated_sets() -> None:
    given, rng = FIVE, np.random.default_rng(2)
    n = rng.choice(given.sizes, 200_000)
    xbar = rng.normal(size=n.size) + rng.normal(size=n.size) / n**0.5
    loc, variance = given._replace(xbar=xbar).best()
    precision = 1 + n
    kl = 0.5 * (precision * (variance + (loc - n * xbar / precision) ** 2) - 1 - np.log(precision * variance))  # fmt: skip
    error = kl.std() / n.size**0.5
    assert abs(kl.mean() - given.on_average()) < 4.5 * error < 0.01


# ---- the exact encoder ----------------------------------------------------------------------------------------------------
def test_the_pooled_posterior_is_the_library_s() -> None:
    given = pooled_posterior._given(np.random.default_rng(3))
    want = pooled_posterior.right(given)
    model = NormalGamma(*given.prior.tolist())
    for row, points, there in zip(want, given.points, given.present, strict=True):
        after = model.posterior_parameters(tensor(points[there])[:, None])
        np.testing.assert_allclose(row, [float(value) for value in after], rtol=1e-12)


def test_an_empty_set_leaves_the_prior() -> None:
    given = pooled_posterior._given(np.random.default_rng(4))
    empty = given._replace(present=given.present & False)
    np.testing.assert_array_equal(pooled_posterior.right(empty), np.tile(given.prior, (4, 1)))


BORROWED = """
    import torch
    from course_vi.distributions import NormalWishart
    from course_vi.experiments import set_trial
    from course_vi.models import NormalGamma

    def by_the_model(x, prior):
        return NormalGamma(*prior.tolist()).posterior_parameters(x.unsqueeze(-1))

    def by_the_trial(x, prior):
        set_trial.PRIOR = set_trial.NormalGammaParameters(*prior.tolist())
        return set_trial._posterior(x)

    def by_the_wishart(x, prior):
        m, k, a, b = (part.view(1) for part in prior)
        before = NormalWishart.of(k, 0 * m.view(1, 1), 2 * b.view(1, 1, 1), 2 * a)
        after = before.plus(torch.ones(len(x), 1).double(), x.unsqueeze(-1) - m)
        return m + after.loc[0], after.strength, after.dof / 2, after.inverse_scale[0, 0] / 2

    def encoder(of_set):
        def pooled_posterior(points, present, prior):
            sets, there = points.reshape(-1, points.shape[-1]), present.reshape(-1, points.shape[-1])
            rows = [of_set(x[t], prior) if t.any() else prior for x, t in zip(sets, there)]
            numbers = [[float(part) for part in row] for row in rows]
            return torch.tensor(numbers, dtype=torch.float64).reshape(*points.shape[:-1], 4)
        return pooled_posterior
"""
WAYS = ("by_the_model", "by_the_trial", "by_the_wishart")


@pytest.mark.parametrize("way", WAYS)
def test_what_the_core_knows_of_the_posterior_would_be_the_answer(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_trial, "PRIOR", set_trial.PRIOR)  # put back after the test
    scope: dict[str, Any] = {}
    exec(textwrap.dedent(BORROWED), scope)
    report = run_check("16_pooled_posterior", InProcess(scope["encoder"](scope[way])), seed=1)
    assert report.passed, report


def test_and_so_it_is_not_in_the_book_while_a_class_is_graded(tmp_path: Path) -> None:
    calls = """
    for way in (by_the_model, by_the_trial, by_the_wishart):
        try:
            way(torch.ones(2).double(), torch.ones(4).double())
        except NotImplementedError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BORROWED + calls)],
        env={
            "PYTHONPATH": str(closed_book.room("16_sets_and_functions", tmp_path)),
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,  # else the course itself would be found first
    )
    assert done.stdout.splitlines() == 3 * ["you are asked to write this one"], done


# ---- minibatches ----------------------------------------------------------------------------------------------------------
def test_the_estimate_is_unbiased_over_all_points_that_could_have_been_scored() -> None:
    rng = np.random.default_rng(5)
    given = minibatch_elbo._given(rng, sets=1, read=2, more=5)
    given = given._replace(num_points=np.array([7.0]), num_sets=1)
    whole = minibatch_elbo.values(given)[0]["right"].item()
    each = []
    for chosen in itertools.combinations(range(5), 2):
        part = given._replace(scored=given.scored[:, list(chosen)])
        each.append(minibatch_elbo.values(part)[0]["right"].item())
    assert np.mean(each) == pytest.approx(whole, rel=1e-12)
    assert np.std(each) > 0.01


def test_the_estimate_is_unbiased_over_all_minibatches() -> None:
    given = minibatch_elbo._given(np.random.default_rng(6), sets=4)
    given = given._replace(num_sets=4)
    total = minibatch_elbo.values(given)[0]["right"].sum().item()
    each = []
    for chosen in itertools.combinations(range(4), 2):
        rows = list(chosen)
        few = minibatch_elbo.Given(
            {**given.params, "batch": np.array([2])},
            given.pooled[rows],
            given.scored[rows],
            given.num_points[rows],
            4,
            given.eps[:, rows],
        )
        each.append(minibatch_elbo.values(few)[0]["right"].sum().item())
    assert np.mean(each) == pytest.approx(total, rel=1e-12)


# ---- a subset that q has seen ---------------------------------------------------------------------------------------------
def test_what_is_seen_twice_lies_above_and_what_is_honest_below() -> None:
    rng = np.random.default_rng(7)
    for given in seen_twice._usual(rng):
        evidence, inflated, honest = seen_twice.right(given)
        assert honest < evidence < inflated


def test_its_numbers_by_quadrature() -> None:
    given = seen_twice._given(np.random.default_rng(8), 5, 2)
    c = np.linspace(-12, 12, 40_001)
    prior, like = norm.logpdf(c, 0, given.tau), norm.logpdf(given.x[:, None], c, given.sigma)

    def integral(log_f: np.ndarray) -> float:
        top = log_f.max()
        return float(top + np.log(np.exp(log_f - top).sum() * (c[1] - c[0])))

    evidence, inflated, honest = seen_twice.right(given)
    assert integral(prior + like.sum(0)) == pytest.approx(float(evidence), abs=1e-8)
    values, bounds = [], []
    for chosen in itertools.combinations(range(5), 2):
        part = like[list(chosen)].sum(0)
        values.append(integral(prior + 2.5 * part))
        q = np.exp(prior + part - integral(prior + part))
        bounds.append(float((q * (prior + like.sum(0) - np.log(q + 1e-300))).sum() * (c[1] - c[0])))
    assert np.mean(values) == pytest.approx(float(inflated), abs=1e-8)
    assert np.mean(bounds) == pytest.approx(float(honest), abs=1e-6)


# ---- processes ------------------------------------------------------------------------------------------------------------
def test_the_bound_of_a_process_is_the_library_s() -> None:
    """The first points are the context there; the KL from the samples, on both sides."""
    given = process_elbo._given(np.random.default_rng(9), (4,), 6)
    mask = np.broadcast_to(np.arange(6) < 2, (4, 6))
    found, made = process_elbo.values(given._replace(is_context=mask))

    class Outputs(torch.nn.Module):
        def forward(self, both: torch.Tensor) -> torch.Tensor:
            return made["decoder"].outer(made["decoder"].inner(both).tanh())

    model = NeuralProcess(6, 2, 3, encoder=made["encoder"], decoder=Outputs()).double()
    x = tensor(np.stack([given.inputs, given.outputs], -1)).flatten(-2)
    loc, log_scale = made["encoder"](x.unflatten(-1, (6, 2))).chunk(2, -1)
    z = loc + log_scale.exp() * tensor(given.eps)
    factors = model.log_factors(x, z)
    q = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    want = (factors["prior"] - q).mean(0)
    got = found["sampled_kl"] - (found["right"] + found["kl_sign"]) / 2
    torch.testing.assert_close(got.detach(), want.detach(), rtol=1e-9, atol=1e-9)


def test_the_shortfall_is_what_two_scores_differ_by() -> None:
    given = shortfall._given(np.random.default_rng(10), 3, 5, 5, 0.7, 0.2)
    variances, short = shortfall.right(given)
    every = np.concatenate([given.context, given.targets])
    model = GaussianProcessRegression(
        tensor(given.context)[:, None], given.lengthscale, given.scale, given.noise, jitter=0.0
    ).double()
    gram = given.of_values(every)
    y = np.random.default_rng(11).normal(size=(100_000, 8)) @ np.linalg.cholesky(gram).T
    whole = GaussianProcessRegression(
        tensor(every)[:, None], given.lengthscale, given.scale, given.noise, jitter=0.0
    ).double()
    with torch.no_grad():
        joint = (whole.log_evidence(tensor(y)) - model.log_evidence(tensor(y[:, :3]))).numpy()
        mean = model.predict(tensor(y[:, :3]), tensor(given.targets)[:, None]).mean.numpy()
    alone = norm.logpdf(y[:, 3:], mean, variances**0.5).sum(-1)
    off = joint - alone
    error = off.std() / len(off) ** 0.5
    assert abs(off.mean() - float(short)) < 4.5 * error < 0.05 * float(short)


def test_one_at_a_time_nothing_is_lost() -> None:
    given = shortfall._given(np.random.default_rng(12), 3, 6, 1, 0.7)
    assert float(shortfall.right(given)[1]) == pytest.approx(0.0, abs=1e-12)


def test_calibrated_predictions_cover_what_they_say() -> None:
    rng, levels = np.random.default_rng(13), np.array([0.3, 0.8])
    loc = rng.normal(size=(2000, 5))
    given = calibration.Given(
        loc + 2 * rng.normal(size=loc.shape), loc, np.full(loc.shape, 2.0), levels
    )
    coverage, error = calibration.right(given)
    assert (np.abs(coverage - levels) < 4.5 * error).all()
    np.testing.assert_allclose(error, np.sqrt(levels * (1 - levels) / 10_000), rtol=0.1)


# ---- the sealed case ------------------------------------------------------------------------------------------------------
def test_the_report_of_a_maximum_is_that_of_simulated_sets() -> None:
    rng = np.random.default_rng(14)
    chances = rng.dirichlet(np.full(sealed_case.LONGEST, 2.0))
    world = sealed_case.World(1.0, 1.5, chances)
    count = 600_000
    n = rng.choice(sealed_case.SIZES, count, p=chances)
    points = rng.normal(size=(count, 1)) + 1.5 * rng.normal(size=(count, sealed_case.LONGEST))
    there = np.arange(sealed_case.LONGEST) < n[:, None]
    near = np.abs(np.where(there, points, -np.inf).max(-1) - 1.2) < 0.03
    loc, variance = sealed_case.of_max(world, np.array([1.2]))
    precision = world.precisions(n[near])
    pull = np.where(there, points, 0.0).sum(-1)[near] / 1.5**2
    assert abs(precision.mean() - 1 / variance[0]) < 4.5 * precision.std() / near.sum() ** 0.5
    assert abs(pull.mean() - loc[0] / variance[0]) < 4.5 * pull.std() / near.sum() ** 0.5


def test_a_case_is_decided_and_no_coin_is_loaded() -> None:
    rng = np.random.default_rng(15)
    truths, widest, off = [], [], []
    for _ in range(40):
        case = sealed_case.draw(rng)
        given, ratios = case.given, []
        truths.append(case.truth)
        for person, name in enumerate(case.truth):
            tau, sigma = given["scales"][person]
            world = sealed_case.World(tau, sigma, given["chances"][person])
            points, present = (
                given["points"][person : person + 1],
                given["present"][person : person + 1],
            )
            said = {key: one[1] for key, one in sealed_case.reports(world, points, present).items()}
            error = given["errors"][person]
            assert sealed_case.apart(said, error) > sealed_case.APART
            off.append((given["reports"][person] - said[name][0]) / error)
            ratios.append(given["reports"][person] * world.precisions(present.sum()))
        widest.append(case.truth[int(np.argmax(ratios))])
    assert len(set(truths)) >= 5
    assert min(Counter(widest).values()) >= 5  # of 40, a third each
    assert np.std(off) == pytest.approx(1.0, abs=0.3)


def test_the_figure_is_drawn() -> None:
    figure = targets.gap_curve(lambda xbar, *_: (xbar, xbar, xbar**2, 0.0))
    assert len(figure.axes[0].lines) == 2 and png(figure)

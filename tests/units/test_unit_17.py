"""What the checks of unit 17 expect is true: formulas against quadrature, sums over paths, the library's answers, and particles."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch.distributions import MultivariateNormal

from autograder.units.unit_17 import (
    bootstrap_filter,
    deep_markov_elbo,
    fault_limits,
    optimal_proposal,
    particles_needed,
    predict_years,
    predicted_noise,
    sealed_case,
    targets,
)
from autograder.units.unit_17.reference import (
    Gaussian,
    Series,
    beliefs,
    chi_square,
    covariance,
    draw_series,
)
from course_vi.distributions import CholeskyNormal
from course_vi.learning import particle_filter
from course_vi.models import LinearGaussianSSM
from course_vi.plots.style import png


def library(series: Series) -> LinearGaussianSSM:
    a, q, c, r, m, v, x = (torch.from_numpy(part) for part in series)
    return LinearGaussianSSM(a, c, q, r, m, v, x.shape[-2]).requires_grad_(False)


def walk(steps: int) -> Series:
    one = np.ones((1, 1))
    parts = (0.9 * one, one, one, one, np.zeros(1), one)
    made = library(Series(*parts, np.zeros((steps, 1))))
    x = made.sample(1, torch.Generator().manual_seed(3))[0].numpy()
    return Series(*parts, x.reshape(steps, 1))


# ---- Gaussians ------------------------------------------------------------------------------------------------------------
def test_beliefs_are_the_library_s() -> None:
    series = draw_series(np.random.default_rng(0), (2, 3), 5, (2, 3))
    p, x = library(series), torch.from_numpy(series.x).flatten(-2)
    of, found, after = beliefs(series), p.filter(x), p.smooth(x)
    for t in range(5):
        np.testing.assert_allclose(of.filtered[t].loc, found.loc[..., t, :], rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(of.filtered[t].cov, found.covariance[t], rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(of.smoothed[t].loc, after.loc[..., t, :], rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(of.smoothed[t].cov, after.covariance[t], rtol=1e-7, atol=1e-9)
    for t in range(4):
        np.testing.assert_allclose(of.cross[t], after.cross[t], rtol=1e-7, atol=1e-9)


def test_chi_square_by_quadrature() -> None:
    z = np.linspace(-30, 30, 20_001)
    target, proposal = norm.pdf(z, 0.4, 0.7), norm.pdf(z, -0.3, 1.1)
    want = (target**2 / proposal).sum() * (z[1] - z[0]) - 1
    found = chi_square(
        Gaussian(np.array([0.4]), np.array([[0.49]])),
        Gaussian(np.array([-0.3]), np.array([[1.21]])),
    )
    assert found == pytest.approx(want, rel=1e-8)


def test_chi_square_in_two_dimensions_is_a_product_on_the_axes_that_both_have() -> None:
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(2, 2)))[0]
    whole = chi_square(
        Gaussian(turn @ [0.4, -0.2], turn @ np.diag([0.5, 0.3]) @ turn.T),
        Gaussian(turn @ [0.0, 0.3], turn @ np.diag([0.9, 0.4]) @ turn.T),
    )
    each = [
        1
        + chi_square(
            Gaussian(np.array([m]), np.array([[s]])), Gaussian(np.array([n]), np.array([[v]]))
        )
        for m, s, n, v in ((0.4, 0.5, 0.0, 0.9), (-0.2, 0.3, 0.3, 0.4))
    ]
    assert whole == pytest.approx(each[0] * each[1] - 1, rel=1e-10)


@pytest.mark.parametrize("steps", [1, 8])
def test_the_predicted_noise_is_that_of_particles(steps: int) -> None:
    series, count, runs = walk(steps), 400, 1000
    variance, bias = predicted_noise.table(predicted_noise.Given(series, count))
    x = torch.from_numpy(series.x).flatten().expand(runs, -1)
    p, generator = library(series), torch.Generator().manual_seed(1)
    found = particle_filter(
        p, x, count, resample_below=1.0, scheme="multinomial", generator=generator
    )
    off = (found.log_evidence - p.log_evidence(x[0])).numpy()
    error = ((off - off.mean()) ** 2).std() / runs**0.5
    assert abs(off.var() - variance) < 4.5 * error + 0.05 * variance
    assert abs(off.mean() - bias) < 4.5 * off.std() / runs**0.5 + 0.1 * abs(bias)


def test_the_noise_with_the_optimal_proposal_is_that_of_particles() -> None:
    series, count, runs = walk(8), 400, 1000
    of = beliefs(series)
    wanted = particles_needed.guided_terms(series, of).sum() / count
    gain, kept, cov = particles_needed.optimal_move(series)
    scale = torch.tensor(cov**0.5)

    def propose(t: int, previous: torch.Tensor | None, x: torch.Tensor) -> CholeskyNormal:
        if previous is None:
            return CholeskyNormal(
                torch.tensor(of.filtered[0].loc).expand(runs, 1),
                torch.tensor(of.filtered[0].cov ** 0.5),
            )
        loc = previous * float(kept[0, 0] * 0.9) + x[..., t, :] * float(gain[0, 0])
        return CholeskyNormal(loc, scale)

    x = torch.from_numpy(series.x).flatten().expand(runs, -1)
    p, generator = library(series), torch.Generator().manual_seed(2)
    found = particle_filter(
        p, x, count, propose, resample_below=1.0, scheme="multinomial", generator=generator
    )
    off = (found.log_evidence - p.log_evidence(x[0])).numpy()
    error = ((off - off.mean()) ** 2).std() / runs**0.5
    assert abs(off.var() - wanted) < 4.5 * error + 0.05 * wanted
    bootstrap = predicted_noise.terms(of).sum() / count
    assert abs(off.var() - bootstrap) > 10 * error  # another filter, and the difference is seen


def test_the_weight_of_the_optimal_proposal_does_not_know_the_new_state() -> None:
    rng = np.random.default_rng(2)
    given = optimal_proposal._given(rng, (), (2, 1), count=1)
    a, q, c, r, before, x = (torch.from_numpy(part) for part in given)
    mean, cov, weight = (torch.from_numpy(part) for part in optimal_proposal.right(given))
    z = torch.from_numpy(rng.normal(size=(50, 2)) * 3)
    log_w = MultivariateNormal(before[0] @ a.T, q).log_prob(z)
    log_w = (
        log_w
        + MultivariateNormal(z @ c.T, r).log_prob(x)
        - MultivariateNormal(mean[0], cov).log_prob(z)
    )
    np.testing.assert_allclose(log_w, weight.expand(50), rtol=1e-9)


# ---- filters --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("below", [0.0, 0.6, 1.0])
def test_the_evidence_of_the_filter_is_unbiased(below: float) -> None:
    """Two steps of the curved model, its evidence by a grid of two axes; 20,000 filters of three particles."""
    rng = np.random.default_rng(5)
    given = bootstrap_filter._given(rng, (1,), 2, 3, below)
    grid = torch.linspace(-9, 9, 601, dtype=torch.float64)
    chance = torch.exp(-0.5 * grid**2) / (2 * np.pi) ** 0.5 * (grid[1] - grid[0])
    made = bootstrap_filter.filter_curved(
        **{k: torch.from_numpy(v) for k, v in given.params.items()}
    )
    x = torch.from_numpy(given.x)
    first = made["first"](grid)
    second = made["move"](1, first.unsqueeze(-1), grid)
    inner = (made["see"](1, second, x[1]).exp() * chance).sum(-1)
    exact = float((made["see"](0, first, x[0]).exp() * chance * inner).sum())
    runs = 20_000
    whole = given._replace(
        x=np.broadcast_to(given.x, (2, runs)).copy(),
        noise=rng.normal(size=(2, 3, runs)),
        uniforms=rng.uniform(size=(1, 3, runs)),
    )
    ratio = np.exp(bootstrap_filter.run(whole)[0].sum(0)) / exact
    assert abs(ratio.mean() - 1) < 4.5 * ratio.std() / runs**0.5


def test_every_fault_of_the_filter_shows_somewhere() -> None:
    rng = np.random.default_rng(6)
    cases = [bootstrap_filter._given(rng, (4,), 5, 5, below) for below in (0.5, 1.0)]
    cases.append(bootstrap_filter._given(rng, (4,), 5, 5, 0.5, missing=0.4))
    for fault in bootstrap_filter.FAULTS:
        found = [
            np.abs(wrong - right).max()
            for given in cases
            for wrong, right in zip(
                bootstrap_filter.run(given, fault), bootstrap_filter.run(given), strict=True
            )
        ]
        assert max(found) > 1e-3, fault


# ---- faults ---------------------------------------------------------------------------------------------------------------
def test_the_limits_of_right_and_of_no_draw_by_all_paths() -> None:
    given = fault_limits._given(np.random.default_rng(7), (), 4, 3)
    marginal = np.zeros((4, 3))
    evidence = 0.0
    for path in itertools.product(range(3), repeat=4):
        chance = given.initial[path[0]] * np.prod(
            [given.transition[j, k] for j, k in itertools.pairwise(path)]
        )
        evidence += chance * np.exp(sum(given.log_lik[t, k] for t, k in enumerate(path)))
        for t, k in enumerate(path):
            marginal[t, k] += chance
    found = fault_limits.limits(given)
    assert found[0] == pytest.approx(np.log(evidence), rel=1e-10)
    assert found[1] == pytest.approx(
        np.log((marginal * np.exp(given.log_lik)).sum(-1)).sum(), rel=1e-10
    )


@pytest.mark.parametrize("name, row", [("right", 0), ("heaviest", 3), ("kept", 4)])
def test_the_limits_are_those_of_many_particles(name: str, row: int) -> None:
    rng = np.random.default_rng(8)
    given = fault_limits._given(rng, (), 4, 3, spread=0.8)
    count = 400 if name == "kept" else 100_000
    seen = sealed_case.FILTERS[name](rng, given, count, 40)
    error = seen.std() / 40**0.5
    assert abs(seen.mean() - fault_limits.limits(given)[row]) < 4.5 * error + 20 / count
    assert error < 0.02


def test_a_second_draw_squares_the_weights() -> None:
    rng = np.random.default_rng(9)
    given, count = fault_limits._given(rng, (), 4, 3, spread=0.8), 200_000
    share, total = given.initial, 0.0
    for here in np.exp(given.log_lik):
        state = rng.choice(3, count, p=share / share.sum())
        weight = here[state]
        total += np.log(weight.mean())
        once = rng.choice(count, count, p=weight / weight.sum())
        again = once[rng.choice(count, count, p=weight[once] / weight[once].sum())]
        share = np.bincount(state[again], minlength=3) / count @ given.transition
    assert total == pytest.approx(fault_limits.limits(given)[2], abs=0.02)


# ---- years, networks, the sealed case -------------------------------------------------------------------------------------
def test_years_are_what_the_library_says_with_one_more_gap() -> None:
    given = predict_years._given(np.random.default_rng(10), (2,), 6, 3.0)
    one = torch.ones(1, 1, dtype=torch.float64)
    p = LinearGaussianSSM(
        one,
        one,
        given.move_var * one,
        given.data_var * one,
        given.start * one[0],
        given.start_var * one,
        6,
    ).requires_grad_(False)
    found = predict_years.table(given)
    for t in range(6):
        seen = torch.from_numpy(given.seen).clone()
        seen[:, t] = False
        after = p.smooth(torch.from_numpy(given.x), seen=seen)
        np.testing.assert_allclose(found[0][:, t], after.loc[:, t, 0], rtol=1e-7)
        np.testing.assert_allclose(
            found[1][:, t] - given.data_var, after.covariance[:, t, 0, 0], rtol=1e-6
        )


def test_the_elbo_has_the_mean_of_the_sampled_one_and_less_variance() -> None:
    rng = np.random.default_rng(11)
    params = deep_markov_elbo._params(rng, (1,), 4, 2, 2, True)
    runs = 4000
    params["x"] = np.broadcast_to(params["x"], (runs, 8)).copy()
    found, _ = deep_markov_elbo.elbos(params, rng.normal(size=(1, runs, 4, 2)))
    ours, sampled = (found[key].detach().numpy() for key in ("right", "sampled_kl"))
    off = ours - sampled
    assert abs(off.mean()) < 4.5 * off.std() / runs**0.5 and off.std() > 0.1
    assert ours.var() < sampled.var()


def test_the_sampled_elbo_is_the_model_s_own_joint_less_q() -> None:
    rng = np.random.default_rng(12)
    params = deep_markov_elbo._params(rng, (3,), 4, 2, 2, False)
    eps = rng.normal(size=(1, 3, 4, 2))
    made = deep_markov_elbo.markov_deep(**{k: torch.from_numpy(v) for k, v in params.items()})
    z, log_q, previous = [], 0.0, None
    for t in range(4):
        loc, log_scale = made["infer"](t, previous, made["x"])
        previous = loc + log_scale.exp() * torch.from_numpy(eps)[..., t, :]
        log_q = log_q + torch.distributions.Normal(loc, log_scale.exp()).log_prob(previous).sum(-1)
        z.append(previous)
    joint = made["p"].log_joint(made["x"], torch.cat(z, -1))
    want = deep_markov_elbo.elbos(params, eps)[0]["sampled_kl"]
    torch.testing.assert_close((joint - log_q)[0], want)


@pytest.mark.slow
def test_in_every_case_the_means_tell_and_the_coins_are_fair() -> None:
    rng, rules = np.random.default_rng(13), []
    for _ in range(60):
        given, truth = sealed_case.draw(rng)
        logs = dict(zip(truth, given["log_estimates"], strict=True))
        model = fault_limits.Given(given["initial"], given["transition"], given["log_lik"])
        right, _, _, heaviest, _ = fault_limits.limits(model)
        level = {name: np.log(np.exp(one).mean()) for name, one in logs.items()}
        assert min(level, key=lambda name: abs(level[name] - right)) == "right"
        assert abs(level["heaviest"] - heaviest) < abs(level["kept"] - heaviest)
        off = {name: abs(one.mean() - right) for name, one in logs.items()}
        rules.append(
            [
                off["right"] == min(off.values()),
                level["kept"] > level["heaviest"],
                level["right"] == min(level.values()),
                logs["kept"].std() > logs["heaviest"].std(),
                logs["right"].std() == min(one.std() for one in logs.values()),
            ]
        )
    share = np.mean(rules, 0)
    assert (share > 0.1).all() and (share < 0.85).all(), share


def test_inputs_keep_what_they_promise() -> None:
    rng = np.random.default_rng(14)
    for _ in range(20):
        cov = covariance(rng, 3)
        assert np.linalg.eigvalsh(cov).min() > 0.01
        given = fault_limits._given(rng, (2,), 5, 4, 2)
        assert (given.transition.sum(-1) > 0.999).all() and (given.transition == 0).sum() == 8


def test_figures_are_drawn() -> None:
    for figure in (targets.growth(), targets.years()):
        assert len(png(figure)) > 5_000

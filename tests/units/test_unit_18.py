"""What the checks of unit 18 expect is true: enumeration over paths, simulated chains, quadrature, and the library's answers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.stats import norm

from autograder.units.unit_18 import (
    break_even,
    burn_in,
    coupled_metropolis,
    fan_slopes,
    maximal_coupling,
    meeting_tail,
    sealed_case,
    targets,
    telescoping,
)
from autograder.units.unit_18.reference import common, draw_chain, draw_law, maximal, pairs
from course_vi import chains
from course_vi.learning import coupled_chain_gradient
from course_vi.models import Model
from course_vi.plots.style import png


def torched(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(np.ascontiguousarray(one)) for one in arrays]


# ---- the library says the same ------------------------------------------------------------------------------------------
def test_couplings_are_the_library_s() -> None:
    given = maximal_coupling._given(np.random.default_rng(0), (3,), 5, 1)
    for mine, theirs in ((maximal, chains.maximal_table), (common, chains.common_uniform_table)):
        np.testing.assert_allclose(mine(*given), theirs(*torched(*given)), atol=1e-12)
    meets = maximal_coupling.meeting(given)
    assert (meets[0] >= meets[1]).all()


def test_the_step_of_two_metropolis_chains_is_the_library_s() -> None:
    given = coupled_metropolis._given(np.random.default_rng(1), 5, closed=1, barred=1)
    kernel = chains.coupled_metropolis(*torched(given.log_target, given.proposal))
    np.testing.assert_allclose(
        coupled_metropolis.right(given), kernel[given.x, given.y], atol=1e-12
    )


@pytest.mark.parametrize("coupling", ["maximal", "common"])
def test_tail_variance_and_cost_are_the_library_s(coupling: str) -> None:
    rng = np.random.default_rng(2)
    given = burn_in._given(rng, 4, 6, 0.3, one_uniform=coupling == "common")
    moves = given.kernel.sum(3)[:, 0]
    parts = torched(moves, given.start, given.h)
    kernel = torch.from_numpy(given.kernel)
    found = chains.unbiased_moments(*parts, range(7), kernel)
    variance, cost = burn_in.right(given)
    np.testing.assert_allclose(variance, found.variance, rtol=1e-9)
    np.testing.assert_allclose(cost, found.cost, rtol=1e-9)
    if coupling == "maximal":
        tail, rate, _ = meeting_tail.right(meeting_tail.Given(moves, given.start, 6))
        np.testing.assert_allclose(tail, chains.meeting_tail(*parts[:2], 6), rtol=1e-9)
        np.testing.assert_allclose(rate, chains.meeting_rate(parts[0]), rtol=1e-9)


# ---- and so does adding up paths ----------------------------------------------------------------------------------------
def test_h_k_is_unbiased_over_all_paths() -> None:
    """Every run of two chains that is shorter than thirty moves, with its chance: mean and variance of H_{k:m} and its cost."""
    rng = np.random.default_rng(3)
    given = burn_in._given(rng, 2, 2)
    moves, h = given.kernel.sum(3)[:, 0], given.h
    for k, m in ((0, 0), (1, 1), (1, 3)):
        total = np.zeros(4)
        for chance, xs, ys in _runs(given, m, 30):
            value = telescoping.estimate(telescoping.Given(h[xs], h[ys], k, m))
            tau = len(ys)
            total += chance * np.array([1, value, value**2, max(tau, m) + tau - 1])
        assert total[0] == pytest.approx(1, abs=1e-6)
        assert total[1] == pytest.approx(float(reference_mean(moves, h)), abs=1e-5)
        if k == m:
            variance, cost = burn_in.right(given)
            assert total[2] - total[1] ** 2 == pytest.approx(variance[k], rel=1e-3)
            assert total[3] == pytest.approx(cost[k], rel=1e-4)


def reference_mean(moves: np.ndarray, h: np.ndarray) -> float:
    return float(np.linalg.matrix_power(moves, 500)[0] @ h)


def _runs(given: burn_in.Given, m: int, longest: int):
    """All runs with a chance above 1e-9: the chance, X_0, ..., X_max(tau, m), and Y_0, ..., Y_{tau-1}."""
    moves, states = given.kernel.sum(3)[:, 0], range(len(given.h))
    pile = [
        (given.start[x] * given.start[y] * moves[x, new], [x, new], [y], new == y)
        for x, y, new in itertools.product(states, repeat=3)
    ]
    while pile:
        chance, xs, ys, met = pile.pop()
        if met and len(xs) > m:
            yield chance, xs[: max(len(ys), m) + 1], ys
        elif chance > 1e-9 and len(xs) < longest:
            for a in states:
                if met:
                    pile.append((chance * moves[xs[-1], a], [*xs, a], ys, True))
                    continue
                pile += [
                    (chance * given.kernel[xs[-1], ys[-1], a, b], [*xs, a], [*ys, b], a == b)
                    for b in states
                ]


def test_the_mean_of_tau_is_the_sum_of_its_tail() -> None:
    given = meeting_tail._given(np.random.default_rng(4), 4, 400, 0.5)
    tail, rate, mean = meeting_tail.right(given)
    assert mean == pytest.approx(tail.sum(), rel=1e-9)
    assert tail[200] / tail[199] == pytest.approx(rate, rel=1e-6)


# ---- the fan -------------------------------------------------------------------------------------------------------------
def test_slopes_on_the_fan() -> None:
    """The evidence by differences; the ELBO's by differences at a fixed q; the chain's by 40,000 of them."""
    theta, x, dim, sweeps = 0.9, np.array([1.3, -2.0]), 3, 2
    given = fan_slopes.Given(theta, x, dim, sweeps)
    exact, bound, after = fan_slopes.right(given)
    step = 1e-5
    sides = [norm.logpdf(x, 0, (1 + dim * t**2) ** 0.5) for t in (theta + step, theta - step)]
    np.testing.assert_allclose(exact, (sides[0] - sides[1]) / (2 * step), rtol=1e-6)
    mean, own = theta * x / (1 + dim * theta**2), 1 / (1 + theta**2)

    def elbo_but_for_constants(t: float) -> np.ndarray:
        return -0.5 * ((x - t * dim * mean) ** 2 + t**2 * dim * own)

    ends = [elbo_but_for_constants(t) for t in (theta + step, theta - step)]
    np.testing.assert_allclose(bound, (ends[0] - ends[1]) / (2 * step), rtol=1e-6)
    rng, runs = np.random.default_rng(5), 40_000
    z = mean[:, None] + own**0.5 * rng.normal(size=(dim, runs, 2)).transpose(0, 2, 1)
    for _ in range(sweeps):
        for i in range(dim):
            others = z.sum(0) - z[i]
            z[i] = own * theta * (x[:, None] - theta * others) + own**0.5 * rng.normal(
                size=(2, runs)
            )
    total = z.sum(0)
    seen = total * (x[:, None] - theta * total)
    score = (seen.mean(1) - after) / (seen.std(1) / runs**0.5)
    assert np.abs(score).max() < 4.5


def test_sweeps_that_are_taken_in_turn_are_one_after_another() -> None:
    given = fan_slopes.Given(1.2, np.ones(1), 3, 2)
    whole = fan_slopes._by_updates(given._replace(sweeps=6))
    assert fan_slopes.spread_after(given) == pytest.approx(whole)


# ---- three gradients -----------------------------------------------------------------------------------------------------
class Finite(Model):
    """A table of log p(x, z) over z = 0, ..., 3, in two bits, whose slope in theta is another table."""

    latent_dim, data_dim = 2, 1

    def __init__(self, given: break_even.Given, runs: int) -> None:
        super().__init__()
        self.log_joint_table, self.slope = torched(given.log_joint, given.slope)
        self.theta = torch.nn.Parameter(torch.zeros(runs, dtype=torch.float64))

    def log_factors(self, x: torch.Tensor, z: torch.Tensor) -> dict[str, torch.Tensor]:
        index = (2 * z[..., 0] + z[..., 1]).long()
        return {"all": self.log_joint_table[index] + self.theta * self.slope[index]}


def test_work_is_that_of_the_library_s_chains() -> None:
    from course_vi.families import BernoulliMeanField

    rng, runs = np.random.default_rng(6), 20_000
    chance = np.array([0.7, 0.4])
    q = np.array(
        [
            np.prod(np.where(bits, chance, 1 - chance))
            for bits in itertools.product((0, 1), repeat=2)
        ]
    )
    given = break_even.Given(np.log(draw_law(rng, 4)), rng.normal(size=4), q)
    exact, _, _, work, _ = (float(part) for part in break_even.right(given))
    p = Finite(given, runs)
    family = BernoulliMeanField(2, torch.logit(torch.from_numpy(chance)))
    found = coupled_chain_gradient(
        p,
        family.double(),
        torch.zeros(runs, 1, dtype=torch.float64),
        kernel="metropolis",
        generator=torch.Generator().manual_seed(0),
    )
    (each,) = torch.autograd.grad(found.surrogate.sum(), [p.theta])
    assert abs(each.mean() - exact) < 4.5 * each.std() / runs**0.5
    cost = 2 + found.meeting.double()
    assert torch.equal(cost.long(), found.evaluations.long())
    assert float(each.var() * cost.mean()) == pytest.approx(work, rel=0.08)


# ---- the sealed case, and figures ----------------------------------------------------------------------------------------
def test_survival_of_the_three_couplings() -> None:
    rng = np.random.default_rng(7)
    moves, pair = draw_chain(rng, 3), np.array([2, 0])
    for name, coupling in sealed_case.COUPLINGS.items():
        kernel = pairs(moves, coupling)
        law = np.zeros((3, 3))
        law[2, 0] = 1
        for t in range(sealed_case.STEPS):
            law = np.einsum("ab,abcd->cd", law, kernel) * (1 - np.eye(3))
            assert sealed_case.tails(moves, pair, name)[t] == pytest.approx(law.sum())
    wrong = sealed_case.from_the_whole(moves[2], moves[0])
    assert wrong.sum() == pytest.approx(1) and np.allclose(wrong.sum(1), moves[2])
    assert not np.allclose(wrong.sum(0), moves[0], atol=1e-3)
    assert np.trace(wrong) > np.trace(maximal(moves[2], moves[0]))


def test_no_order_of_the_counts_gives_the_names_away() -> None:
    """Who is apart most after six steps is anyone: over 60 cases each of the three about twenty times."""
    most: dict[str, int] = {}
    for seed in range(60):
        opened = sealed_case.draw(np.random.default_rng(seed))
        last = opened.truth[int(opened.given["apart"][:, -1].argmax())]
        most[last] = most.get(last, 0) + 1
    assert min(most.values()) >= 8 and len(most) == 3


def test_figures() -> None:
    tail = 0.5 ** np.arange(10.0)
    meeting = np.random.default_rng(0).geometric(0.5, 500)
    ks = np.arange(20.0)
    for figure in (
        targets.survival(meeting, tail),
        targets.price(1 + 0.7**ks, 3 + ks, 0.8),
    ):
        assert png(figure)

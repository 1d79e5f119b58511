"""Coupled chains on finite spaces and on the line: marginals, meetings, the telescoping sum and its moments, against exact answers."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z, randn, variance_z

from course_vi.chains import (
    common_uniform_table,
    coupled_metropolis,
    coupled_paths,
    coupled_walk,
    kernel_calls,
    maximal_coupling,
    maximal_table,
    meeting_rate,
    meeting_tail,
    metropolis_matrix,
    pair_kernel,
    reflection_coupling,
    stationary,
    telescope,
    total_variation,
    unbiased_estimates,
    unbiased_moments,
)


def chain(states: int, seed: int) -> torch.Tensor:
    return (1.5 * randn(states, states, seed=seed)).softmax(-1)


def law(states: int, seed: int) -> torch.Tensor:
    return randn(states, seed=seed).softmax(-1)


@pytest.mark.parametrize("table", [maximal_table, common_uniform_table])
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_tables_have_their_marginals(table, batch):
    p, q = (randn(*batch, 5, seed=seed).mul(2).softmax(-1) for seed in (0, 1))
    found = table(p, q)
    assert bool((found >= 0).all())
    assert torch.allclose(found.sum(-1), p) and torch.allclose(found.sum(-2), q)
    same = table(p, p.clone())
    assert torch.allclose(same, torch.diag_embed(p), atol=1e-12)


def test_meeting_is_as_likely_as_it_can_be():
    p, q = law(6, 0), law(6, 1)
    meets = maximal_table(p, q).diagonal().sum()
    assert torch.allclose(meets, 1 - total_variation(p, q))
    assert common_uniform_table(p, q).diagonal().sum() < meets


def test_the_table_is_that_of_the_draws():
    p, q = law(4, 2), law(4, 3)
    i, j = maximal_coupling(p.expand(50_000, 4), q.expand(50_000, 4), generator(0))
    wanted = maximal_table(p, q).flatten()
    seen = torch.nn.functional.one_hot(4 * i + j, 16).double()
    possible = wanted > 0
    assert not bool(seen[:, ~possible].any())
    assert mean_z(seen[:, possible], wanted[possible]) < LIMIT


@pytest.mark.parametrize("dim", [1, 3])
def test_reflected_normals(dim):
    mean_x, mean_y, scale = randn(dim, seed=0), randn(dim, seed=1), 0.7
    x, y = reflection_coupling(
        mean_x.expand(50_000, dim), mean_y.expand(50_000, dim), scale, generator(0)
    )
    for drawn, mean in ((x, mean_x), (y, mean_y)):
        assert mean_z(drawn, mean) < LIMIT and variance_z(drawn, scale**2) < LIMIT
    apart = (mean_x - mean_y).norm().item() / scale
    meets = math.erfc(apart / math.sqrt(8))
    assert mean_z((x == y).all(-1).double().unsqueeze(-1), meets) < LIMIT
    same = reflection_coupling(mean_x.expand(10, dim), mean_x.expand(10, dim), scale, generator(1))
    assert torch.equal(*same)


def brute_metropolis(log_target, proposal, table, x, y):
    """The joint law of the two next states, on a grid of uniforms between all the thresholds."""
    count = len(log_target)
    target = log_target.exp()
    found = torch.zeros(count, count, dtype=DOUBLE)
    for i, j in itertools.product(range(count), repeat=2):
        if not table[i, j] > 0:
            continue
        one = min(1.0, float(target[i] * proposal[i, x] / (target[x] * proposal[x, i])))
        other = min(1.0, float(target[j] * proposal[j, y] / (target[y] * proposal[y, j])))
        ends = sorted({0.0, one, other, 1.0})
        for low, high in itertools.pairwise(ends):
            u = (low + high) / 2
            found[i if u < one else x, j if u < other else y] += table[i, j] * (high - low)
    return found


@pytest.mark.parametrize("coupling", [maximal_table, common_uniform_table])
def test_coupled_metropolis(coupling):
    log_target, proposal = randn(4, seed=0), chain(4, 1)
    log_target[3] = -torch.inf
    proposal[0, 2], proposal[0, 1] = 0.0, proposal[0, 1] + proposal[0, 2]
    kernel = coupled_metropolis(log_target, proposal, coupling)
    moves = metropolis_matrix(log_target, proposal)
    assert torch.allclose(kernel.sum(3), moves.unsqueeze(1).expand(4, 4, 4))
    assert torch.allclose(kernel.sum(2), moves.unsqueeze(0).expand(4, 4, 4))
    for x, y in itertools.product(range(3), repeat=2):
        table = coupling(proposal[x], proposal[y])
        assert torch.allclose(
            kernel[x, y], brute_metropolis(log_target, proposal, table, x, y), atol=1e-12
        )
        if x == y:
            assert torch.allclose(kernel[x, x], torch.diag(moves[x]), atol=1e-12)


def test_metropolis_keeps_its_target():
    log_target, proposal = 2 * randn(5, seed=3), chain(5, 4)
    target = log_target.softmax(0)
    moves = metropolis_matrix(log_target, proposal)
    assert torch.allclose(target @ moves, target)
    assert torch.allclose(stationary(moves), target)
    flow = target.unsqueeze(1) * moves
    assert torch.allclose(flow, flow.T), "detailed balance"


def test_coupled_walks_have_their_target_and_meet():
    x, y = torch.full((20_000, 1), 2.0).double(), torch.full((20_000, 1), -1.0).double()
    source = generator(0)
    for _ in range(60):
        x, y = coupled_walk(lambda z: -0.5 * z.square().sum(-1), x, y, 2.0, source)
    assert bool((x == y).all())
    assert mean_z(x, 0.0) < LIMIT and variance_z(x, 1.0) < LIMIT


@pytest.mark.parametrize("coupling", [maximal_table, common_uniform_table])
@pytest.mark.parametrize("states", [2, 4])
def test_the_tail_and_the_moments(states, coupling, evidence):
    """The measured survival, mean, variance and cost are those of the pair chain; the mean is the stationary one, exactly."""
    P, start, h = chain(states, 5), law(states, 6), randn(states, seed=7)
    kernel, runs, ks = pair_kernel(P, coupling), 40_000, [0, 1, 3]
    paths = coupled_paths(P, start, runs, 3, kernel, generator(0))
    tail = meeting_tail(P, start, 12, kernel)
    seen = (paths.meeting.unsqueeze(-1) > torch.arange(13)).double()
    worst = mean_z(seen[:, 1:6], tail[1:6])
    exactly = unbiased_moments(P, start, h, ks, kernel)
    assert torch.allclose(exactly.mean, (stationary(P) @ h).expand(3))
    for place, k in enumerate(ks):
        found = unbiased_estimates(paths, h, k)
        worst = max(worst, mean_z(found, exactly.mean[place]))
        worst = max(worst, variance_z(found, exactly.variance[place]))
        worst = max(worst, mean_z(kernel_calls(paths.meeting, k).double(), exactly.cost[place]))
    assert worst < LIMIT
    evidence("chains.unbiased_moments", "simulated pairs of chains", z=worst)
    rate = meeting_rate(P, kernel)
    assert torch.allclose((tail[12] / tail[11]), rate, rtol=0.02)


def test_two_states_fall_by_the_second_eigenvalue():
    a, b = 0.15, 0.7
    P = torch.tensor([[1 - a, a], [b, 1 - b]], dtype=DOUBLE)
    tail = meeting_tail(P, torch.tensor([0.3, 0.7], dtype=DOUBLE), 6)
    assert torch.allclose(tail[2:] / tail[1:-1], torch.tensor(abs(1 - a - b), dtype=DOUBLE))
    assert torch.allclose(meeting_rate(P), torch.tensor(abs(1 - a - b), dtype=DOUBLE))


def test_the_tail_bounds_the_bias():
    """TV(law of Y_t, pi) is at most the sum of P(X_{j+1} != Y_j) over j >= t; the single term is no bound."""
    below, one = 0, torch.eye(5, dtype=DOUBLE)
    for seed in range(5):
        P, start = 0.9 * one + 0.1 * chain(5, seed), one[seed]  # a slow chain, from one state
        pi, now, tail = stationary(P), start, meeting_tail(P, start, 1000)
        for t in range(8):
            distance = total_variation(now, pi)
            assert distance <= tail[t + 1 :].sum() + 1e-12
            below += bool(distance > tail[t + 1] + 1e-9)
            now = now @ P
    assert below


def test_one_run_is_a_row_of_many():
    P, start, h = chain(3, 8), law(3, 9), randn(3, 2, seed=10)
    paths = coupled_paths(P, start, 40, 6, generator=generator(0))
    for first, last in ((0, None), (2, None), (1, 6)):
        many = unbiased_estimates(paths, h, first, last)
        until = first if last is None else last
        for run in range(40):
            tau = int(paths.meeting[run])
            ahead = h[paths.ahead[: max(tau, until) + 1, run]]
            behind = h[paths.behind[:tau, run]]
            assert torch.allclose(telescope(ahead, behind, first, last), many[run])


def test_with_a_window_it_is_unbiased_too():
    P, start, h = chain(3, 11), law(3, 12), randn(3, 2, seed=13)
    paths = coupled_paths(P, start, 40_000, 5, generator=generator(1))
    assert mean_z(unbiased_estimates(paths, h, 2, 5), stationary(P) @ h) < LIMIT


def test_refusals():
    P, start = chain(3, 0), law(3, 1)
    with pytest.raises(ValueError, match=r"P has shape \(3,\)"):
        pair_kernel(start)
    with pytest.raises(ValueError, match="P has rows that are no probabilities"):
        stationary(2 * P)
    with pytest.raises(ValueError, match="several stationary laws"):
        stationary(torch.eye(3, dtype=DOUBLE))
    with pytest.raises(ValueError, match="may never meet"):
        unbiased_moments(torch.eye(3, dtype=DOUBLE), start, start, [0])
    with pytest.raises(ValueError, match="burn_ins is"):
        unbiased_moments(P, start, start, [-1])
    with pytest.raises(ValueError, match="start has shape"):
        meeting_tail(P, start[:2], 5)
    with pytest.raises(RuntimeError, match="have not met after max_steps = 10"):
        coupled_paths(torch.eye(3, dtype=DOUBLE), start, 50, generator=generator(0), max_steps=10)
    with pytest.raises(ValueError, match="burn_in is 3 and last is 2"):
        telescope(start, start[:2], 3, 2)
    with pytest.raises(ValueError, match="ahead and behind have shapes"):
        telescope(start, start)
    with pytest.raises(ValueError, match="paths end at"):
        unbiased_estimates(coupled_paths(P, start, 5, generator=generator(0)), start, 10_000)
    with pytest.raises(ValueError, match="log_target and proposal have shapes"):
        metropolis_matrix(start, P[:2])
    with pytest.raises(ValueError, match="scale is -1"):
        reflection_coupling(start, start, -1.0)

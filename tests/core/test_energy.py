"""Energy models against a transfer matrix, closed forms, and sums written out in Python."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z, randn

from course_vi.models import BoltzmannMachine, IsingModel, auto_logit, grid_neighbours


def random_pairs(n: int, seed: int = 0) -> torch.Tensor:
    lower = randn(n, n, seed=seed).tril(-1)
    return lower + lower.mT


def boltzmann(n: int = 5) -> BoltzmannMachine:
    return BoltzmannMachine(random_pairs(n), randn(n, seed=1))


def transfer(rows: int, columns: int, coupling: float, field: float) -> float:
    """log Z of an Ising grid, row by row: the product of 2^columns square matrices, no sum over whole grids."""
    spins = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=columns)), dtype=DOUBLE)
    within = coupling * (spins[:, :-1] * spins[:, 1:]).sum(-1) + field * spins.sum(-1)
    between = (coupling * spins @ spins.mT).exp()
    message = torch.ones(len(spins), dtype=DOUBLE)
    for _ in range(rows - 1):
        message = between @ (within.exp() * message)
    return (within.exp() * message).sum().log().item()


@pytest.mark.parametrize("rows, columns", [(3, 3), (1, 5), (2, 4), (1, 1)])
@pytest.mark.parametrize("coupling, field", [(0.4, 0.0), (-0.7, 0.3), (0.0, 0.5), (2.0, 0.1)])
def test_partition_function_by_transfer_matrix(rows, columns, coupling, field, evidence):
    magnet = IsingModel(
        coupling * grid_neighbours(rows, columns).double(),
        torch.full((rows * columns,), field, dtype=DOUBLE),
    )
    error = magnet.log_partition().item() - transfer(rows, columns, coupling, field)
    assert abs(error) < 1e-11
    assert abs(magnet.log_prob(magnet.states()).exp().sum().item() - 1) < 1e-12
    if rows == 1 and field == 0:  # the open chain: Z = 2 (2 cosh J)^(n - 1)
        assert magnet.log_partition().item() == pytest.approx(
            math.log(2) + (columns - 1) * math.log(2 * math.cosh(coupling))
        )
    evidence(
        "models.IsingModel.log_partition",
        "transfer matrix on grids; closed form of the chain",
        error=error,
    )


def test_energy_written_out():
    model = boltzmann(4)
    w, b = model.weights.tolist(), model.biases.tolist()
    for x in itertools.product([0.0, 1.0], repeat=4):
        wanted = -sum(w[i][j] * x[i] * x[j] for i in range(4) for j in range(i)) - sum(
            b[i] * x[i] for i in range(4)
        )
        assert model.energy(torch.tensor(x, dtype=DOUBLE)).item() == pytest.approx(
            wanted, abs=1e-13
        )


def test_only_the_symmetric_part_counts():
    """A gradient step on one place of a pair moves the pair: an asymmetric matrix and a diagonal are read as the pairs they hold."""
    model, x = boltzmann(4), boltzmann(4).states()
    before = model.energy(x), model.conditional_logits(x)
    with torch.no_grad():
        model.weights += (
            randn(4, 4, seed=5).tril(-1)
            - randn(4, 4, seed=5).tril(-1).mT
            + torch.eye(4, dtype=DOUBLE)
        )
    after = model.energy(x), model.conditional_logits(x)
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(before, after, strict=True))


def test_three_names_for_one_model(evidence):
    """Ising and Boltzmann agree on every state; the conditionals of the joint are the logistic regressions of the auto-logit."""
    magnet = IsingModel(random_pairs(5), randn(5, seed=1))
    machine, spins = magnet.as_boltzmann(), magnet.states()
    errors = [magnet.log_prob(spins) - machine.log_prob((spins + 1) / 2)]
    logit = auto_logit(randn(5, seed=3), random_pairs(5, seed=4))
    every, log_p = logit.states(), logit.log_prob(logit.states())
    for i in range(5):
        low, high = (
            torch.where(torch.arange(5) == i, torch.tensor(value, dtype=DOUBLE), every)
            for value in (0.0, 1.0)
        )
        odds = logit.log_prob(high) - logit.log_prob(low)
        regression = randn(5, seed=3)[i] + (random_pairs(5, seed=4)[i] * every).sum(-1)
        errors += [odds - regression, logit.conditional_logits(every)[:, i] - odds]
        up, down = (
            torch.where(torch.arange(5) == i, torch.tensor(value, dtype=DOUBLE), spins)
            for value in (1.0, -1.0)
        )
        errors.append(
            magnet.conditional_logits(spins)[:, i] - (magnet.log_prob(up) - magnet.log_prob(down))
        )
    worst = max(error.abs().max().item() for error in errors)
    assert (
        worst < 1e-11
        and torch.equal(every[1], torch.tensor([0.0, 0, 0, 0, 1], dtype=DOUBLE))
        and len(log_p) == 32
    )
    evidence(
        "models.IsingModel, BoltzmannMachine, auto_logit",
        "each other, on every state; ratios of joint probabilities",
        error=worst,
    )


def test_slope_of_log_z_is_the_mean(evidence):
    """d log Z / db = E x, and d log Z / dW = E x x' (half for each of the two places of a pair)."""
    model = boltzmann()
    slope = torch.autograd.grad(model.log_partition(), [model.weights, model.biases])
    states = model.states()
    p = model.log_prob(states).exp().detach().unsqueeze(-1)
    second = (states * p).mT @ states / 2
    error = max(
        (slope[1] - (p * states).sum(0)).abs().max(),
        (slope[0] - (second - torch.diag(second.diagonal()))).abs().max(),
    )
    assert error < 1e-13
    evidence("models.BoltzmannMachine, slope of log Z", "moments by enumeration", error=error)


@pytest.mark.parametrize(
    "model",
    [boltzmann(4), IsingModel(0.3 * grid_neighbours(2, 2).double(), 0.2 * randn(4, seed=0))],
)
def test_samples_and_gibbs(model, evidence):
    """Exact draws have the exact probabilities; a Gibbs sweep keeps them."""
    draws, exactly = (
        model.sample(40_000, generator(0)),
        model.log_prob(model.states()).exp().detach(),
    )
    swept = model.gibbs(draws, 2, generator(1))

    def frequencies(x):
        return (x.unsqueeze(1) == model.states()).all(-1).double()

    score = max(mean_z(frequencies(draws), exactly), mean_z(frequencies(swept), exactly))
    cold = model.gibbs(torch.full((20_000, 4), model.low, dtype=DOUBLE), 40, generator(2))
    score = max(score, mean_z(frequencies(cold), exactly))
    assert score < LIMIT and not torch.equal(draws, swept)
    evidence(
        f"models.{type(model).__name__}.sample, gibbs",
        "enumeration: probability of each state",
        z=score,
    )


@pytest.mark.parametrize(
    "run, message",
    [
        (lambda: BoltzmannMachine(torch.ones(2, 2), torch.zeros(2)), "zero diagonal"),
        (
            lambda: BoltzmannMachine(torch.zeros(3, 3), torch.zeros(2)),
            "weights and biases have shapes",
        ),
        (
            lambda: auto_logit(torch.zeros(2), torch.tensor([[0.0, 1.0], [0.0, 0.0]])),
            "no joint distribution has these conditionals",
        ),
        (
            lambda: IsingModel(grid_neighbours(5, 5), torch.zeros(25)).log_partition(),
            "there are 25 variables",
        ),
        (
            lambda: IsingModel(grid_neighbours(2, 2), torch.zeros(4)).energy(torch.zeros(4)),
            "x has entries other than -1 and 1",
        ),
        (
            lambda: boltzmann().log_prob(torch.full((5,), torch.nan, dtype=DOUBLE)),
            "x has entries other than 0 and 1",
        ),
        (lambda: boltzmann().energy(torch.zeros(4)), "x has shape"),
        (lambda: grid_neighbours(0, 3), "rows is 0"),
        (lambda: boltzmann().sample(0), "n is 0"),
    ],
)
def test_refusals(run, message):
    with pytest.raises(ValueError, match=message):
        run()

"""What the checks of unit 12 expect is true: formulas against iteration, enumeration, optimizers and the library's own phases."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from autograder.audit.corpus import corpus
from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.units.unit_12 import (
    ddc_readout,
    fan_at_rest,
    restricted_net,
    reweighted_bias,
    sealed_case,
    sleep_floors,
    sleep_phase,
    targets,
    wake_phase,
)
from autograder.units.unit_12.reference import bernoulli, states
from course_vi.families import Amortized, BernoulliMeanField
from course_vi.learning.ddc import DDC
from course_vi.learning.wake_sleep import reweighted_phase
from course_vi.learning.wake_sleep import sleep_phase as course_sleep_phase
from course_vi.models import SigmoidBeliefNet
from course_vi.plots.style import png


def tensor(value: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


# ---- the fan --------------------------------------------------------------------------------------------------------------
def rested(place: fan_at_rest.Place, row: int) -> tuple[float, float]:
    """(theta, v) after many exact updates, the posterior taken from its matrix."""
    lam, d = place
    ones, theta, v = np.ones((d, d)), 0.7, 1.0
    for _ in range(4000):
        precision = np.eye(d) + theta**2 * ones
        covariance = np.linalg.inv(precision)
        a = covariance @ np.full(d, theta)
        v = covariance[0, 0] if row == fan_at_rest.SLEPT else 1 / precision[0, 0]
        theta = a.sum() * lam / (a.sum() ** 2 * lam + d * v)
    return float(theta), float(v)


@pytest.mark.parametrize("row", [fan_at_rest.SLEPT, fan_at_rest.CLIMBED])
@pytest.mark.parametrize("place", [(4.0, 2), (1.3, 3), (40.0, 5), (7.0, 1), (0.6, 2)])
def test_the_fan_rests_where_exact_updates_do(place: tuple[float, int], row: int) -> None:
    there = fan_at_rest.Place(*place)
    theta, v = rested(there, row)
    u, variance, slope = fan_at_rest.right(there)[row]
    assert 1 + there.dim * theta**2 == pytest.approx(u, rel=1e-9)
    assert v == pytest.approx(variance, rel=1e-9)

    def mean_log_p(at: float) -> float:
        size = 1 + there.dim * at**2
        return float(-0.5 * np.log(size) - 0.5 * there.lam / size)

    h, at = 1e-5, np.sqrt(u - 1) if there.dim == 1 else np.sqrt((u - 1) / there.dim)
    numeric = (mean_log_p(at + h) - mean_log_p(at - h)) / (2 * h)
    assert numeric == pytest.approx(slope, abs=1e-7)


def test_both_rest_at_the_variance_of_the_data_for_one_latent_and_at_its_root_for_many() -> None:
    np.testing.assert_allclose(fan_at_rest.right(fan_at_rest.Place(5.0, 1))[:, 0], 5.0)
    many = fan_at_rest.right(fan_at_rest.Place(5.0, 10**6))
    np.testing.assert_allclose(many[:, 0], 5.0**0.5, rtol=1e-5)
    np.testing.assert_allclose(fan_at_rest.right(fan_at_rest.Place(4.0, 2))[:, 0], [2.37228, 2.73205], atol=1e-5)  # fmt: skip


@pytest.mark.parametrize(("name", "row"), [("wake-sleep", 0), ("ELBO", 1)])
def test_stochastic_learning_rests_where_it_is_said_to(name: str, row: int) -> None:
    track = targets.slide(name, steps=1000, runs=12, seed=3)
    mean, error, moved = track.rest()
    assert abs(moved) < 4.5, "it has not come to rest"
    assert abs(mean - fan_at_rest.right(fan_at_rest.Place(4.0, 2))[row, 0]) < 4.5 * error
    assert error < 0.03  # a tenth of what lies between the two places of rest


def test_means_awake_run_away_and_the_figure_is_drawn() -> None:
    track = targets.slide("wake at means", steps=300, runs=2)
    assert (np.diff(track.u[5:].mean(1)) > 0).all() and track.u[-1].min() > 2 * 4.0
    figure = targets.sliding([track], table=torch.tensor([[2.0, 0.0, 0.0]]))
    assert len(figure.axes[0].lines) == 2 + 1 + 1 + 1 and png(figure)
    with pytest.raises(ValueError, match="^name is 'awake'; expected one of"):
        targets.slide("awake")


# ---- the phases of bits ---------------------------------------------------------------------------------------------------
def test_the_wake_gradient_on_average_is_that_of_the_elbo() -> None:
    given = wake_phase._given(np.random.default_rng(0))
    net = SigmoidBeliefNet((4, 3)).double()
    with torch.no_grad():
        net.weights[0].copy_(tensor(given.weight))
        net.biases[0].copy_(tensor(given.bias))
    q = BernoulliMeanField(3, torch.logit(tensor(given.q)))
    z = q.states().unsqueeze(1).expand(-1, len(given.x), -1)
    log_q = q(None, z).detach()
    elbo = (log_q.exp() * (net.log_joint(tensor(given.x), z) - log_q)).sum(0).mean()
    (slope,) = torch.autograd.grad(elbo, [net.weights[0]])
    np.testing.assert_allclose(given.on_average().mean(0), slope.numpy(), rtol=1e-9)
    w = tensor(given.weight).requires_grad_()
    plug = torch.distributions.Bernoulli(logits=tensor(given.q) @ w.T + tensor(given.bias))
    (slope,) = torch.autograd.grad(plug.log_prob(tensor(given.x)).sum(-1).mean(), [w])
    np.testing.assert_allclose(given.at_means().mean(0), slope.numpy(), rtol=1e-9)


def test_the_sleep_gradient_is_the_library_s() -> None:
    net = SigmoidBeliefNet((3, 2), generator=torch.Generator().manual_seed(0)).double()
    q = Amortized(BernoulliMeanField(2), torch.nn.Linear(3, 2).double())
    log_q = course_sleep_phase(net, q, 50, torch.Generator().manual_seed(1))
    parameters = list(q.parameters())
    want = torch.cat([g.flatten() for g in torch.autograd.grad(log_q.mean(), parameters)])
    x, z = net.sample(50, torch.Generator().manual_seed(1))
    f = q.distribution(x).logits.sigmoid()  # type: ignore[attr-defined]
    rows = [
        torch.cat([g.flatten() for g in torch.autograd.grad(one, parameters, retain_graph=True)])
        for one in f.flatten()
    ]
    slopes = torch.stack(rows).view(50, 2, -1)
    given = sleep_phase.Given(f.detach().numpy(), slopes.numpy(), z.numpy())
    np.testing.assert_allclose(given.right()[0], want.numpy(), rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_restricted_nets_rest_where_optimizers_do(seed: int) -> None:
    world = restricted_net._world(np.random.default_rng(seed), 5)
    top = 1 / world.h.max()

    def cross_entropy(phi: np.ndarray, weights: np.ndarray) -> float:
        f = phi[0] * world.h
        return float(
            -weights @ (world.posterior * np.log(f) + (1 - world.posterior) * np.log1p(-f))
        )

    def squares(phi: np.ndarray) -> float:
        f = phi[0] * world.h
        return float(world.chance @ (world.posterior * (1 - f) ** 2 + (1 - world.posterior) * f**2))

    options = {"bounds": [(1e-6, top * (1 - 1e-6))], "options": {"ftol": 1e-15, "gtol": 1e-10}}
    found = [
        minimize(cross_entropy, [top / 3], args=(world.chance,), **options).x[0],
        minimize(squares, [top / 3], **options).x[0],
        minimize(cross_entropy, [top / 3], args=(world.data,), **options).x[0],
    ]
    np.testing.assert_allclose(restricted_net.right(world), found, rtol=1e-4)


# ---- who reads whom -------------------------------------------------------------------------------------------------------
def test_no_table_leaves_less_than_the_floors() -> None:
    rng = np.random.default_rng(1)
    joint, bits1, bits2 = net = sleep_floors._chain(rng, 3, 2, 2)
    posterior = joint / joint.sum((1, 2), keepdims=True)

    def left(q: np.ndarray) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.where(joint > 0, joint * np.log(posterior / q), 0.0).sum())

    def layer(logits: np.ndarray, bits: np.ndarray) -> np.ndarray:
        """(*R, D) -> (*R, S)"""
        return bernoulli(1 / (1 + np.exp(-logits))[..., None, :], bits)

    shapes = {
        0: ((3, 2), (4, 2)),
        1: ((3, 2), (3, 2)),
        2: ((3, 4, 2), (3, 2)),
    }

    def q_of(kind: int, flat: np.ndarray) -> np.ndarray:
        one, two = shapes[kind]
        first = layer(flat[: np.prod(one)].reshape(one), bits1)
        second = layer(flat[np.prod(one) :].reshape(two), bits2)
        if kind == sleep_floors.UPWARD:
            return first[:, :, None] * second[None]
        if kind == sleep_floors.FLAT:
            return first[:, :, None] * second[:, None]
        return np.swapaxes(first, 1, 2) * second[:, None]

    floors = sleep_floors.right(net)
    for kind, (one, two) in shapes.items():
        size = int(np.prod(one) + np.prod(two))
        found = minimize(
            lambda flat, kind=kind: left(q_of(kind, np.clip(flat, -14, 14))), np.zeros(size)
        )
        assert floors[kind] - 1e-9 < found.fun < floors[kind] + 1e-4
    assert floors[sleep_floors.FLAT] > max(floors[0], floors[2])


# ---- reweighted wake-sleep ------------------------------------------------------------------------------------------------
def test_the_reweighted_bias_is_that_of_the_library_s_gradient() -> None:
    net = SigmoidBeliefNet((3, 2), scale=1.5, generator=torch.Generator().manual_seed(2)).double()
    q = BernoulliMeanField(2, torch.tensor([0.8, -0.5], dtype=torch.float64))
    x, z = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64), q.states()
    scores = (z - q.logits.sigmoid()).detach().numpy()
    given = reweighted_bias.Given(
        net.log_joint(x, z).detach().numpy(), q(None, z).detach().numpy(), scores, 3
    )
    rows = 20_000
    many = BernoulliMeanField(2, q.logits.detach().expand(rows, 2))
    _, teacher = reweighted_phase(net, many, x.expand(rows, 3), 3, torch.Generator().manual_seed(4))
    (slopes,) = torch.autograd.grad(teacher.sum(), [many.logits])
    mean, error = slopes.mean(0), slopes.std(0) / rows**0.5
    t = (mean.numpy() - given.mean()) / error.numpy()
    assert np.abs(t).max() < 4.5 and np.abs(given.exact() / error.numpy()).max() > 10
    np.testing.assert_allclose(given._replace(samples=1).mean(), 0.0, atol=1e-12)


def test_what_first_order_leaves_falls_with_the_square_of_the_samples() -> None:
    given = reweighted_bias._general(np.random.default_rng(5), 2, 1, 1)
    log_w = given.log_joint - given.log_q
    given = given._replace(log_joint=given.log_q + 0.3 * (log_w - log_w.mean()))
    off = [
        float(np.abs(one.exact() - one.first()).max()) * samples**2
        for samples in (6, 12)
        for one in [given._replace(samples=samples)]
    ]
    first = np.abs(given._replace(samples=12).first()).max()
    assert off[1] / off[0] == pytest.approx(1.0, abs=0.2) and off[1] / 144 < 0.1 * first


# ---- codes ----------------------------------------------------------------------------------------------------------------
def test_what_is_read_out_of_a_code_is_what_the_library_reads() -> None:
    rng = np.random.default_rng(6)
    counts = rng.integers(1, 9, 8)
    world = ddc_readout._world(rng, 6, 3, 3, 2)
    world = world._replace(joint=rng.dirichlet(np.full(6, 2.0), 8).T * counts / counts.sum())
    code, read = ddc_readout.right(world)
    z, x = np.repeat(np.arange(8), counts), torch.arange(6.0).double().unsqueeze(-1)

    class Table(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return tensor(code)[x[..., 0].long()]

    q = DDC(1, lambda z: tensor(world.statistics)[z[..., 0].long()], Table())
    weights = q.weights(x, tensor(z[:, None].astype(float)), ridge=1e-13)
    np.testing.assert_allclose((weights.T @ tensor(world.g[z])).numpy(), read, rtol=1e-6)


# ---- the sealed case ------------------------------------------------------------------------------------------------------
def test_the_three_fits_minimize_what_they_are_called() -> None:
    precision = sealed_case._precisions(np.random.default_rng(7), 3, (0, 1, 2))[0, 0]
    covariance = np.linalg.inv(precision)

    def reverse(log_v: np.ndarray) -> float:
        return float(0.5 * (np.exp(log_v) @ np.diag(precision) - log_v.sum()))

    def forward(log_v: np.ndarray) -> float:
        return float(0.5 * (np.exp(-log_v) @ np.diag(covariance) + log_v.sum()))

    def between(log_v: np.ndarray) -> float:
        """Minus the logarithm of the affinity, up to a constant."""
        middle = 0.5 * precision + 0.5 * np.diag(np.exp(-log_v))
        return float(0.25 * log_v.sum() + 0.5 * np.linalg.slogdet(middle)[1])

    each = sealed_case.fits(precision[None])
    for name, objective in (("reverse", reverse), ("forward", forward), ("between", between)):
        start = np.log(each["reverse"][0]) + 0.1
        found = minimize(objective, start, method="BFGS", options={"gtol": 1e-8}).x
        np.testing.assert_allclose(each[name][0], np.exp(found), rtol=1e-4)


def test_no_order_of_sizes_or_of_ratios_gives_the_names_away() -> None:
    rng = np.random.default_rng(8)
    right = np.zeros(3)
    for _ in range(60):
        given, truth = sealed_case.draw(rng)
        v, precision = given["variances"], given["precision"]
        marginal = np.diagonal(np.linalg.inv(precision), axis1=1, axis2=2)
        fixed = 1 / np.diagonal(precision, axis1=1, axis2=2)
        for rule, size in enumerate((v, v / fixed, v / marginal)):
            ranks = np.log(size).mean(1).argsort().argsort()
            said = tuple(np.array(["reverse", "between", "forward"])[ranks])
            right[rule] += said == truth
    assert (right[0] < 25) and (right[1:] < 45).all()  # chances of 1/6, and of about 1/2


def test_states_are_all_there_once() -> None:
    assert sorted(map(tuple, states(3))) == sorted(itertools.product((0.0, 1.0), repeat=3))


@pytest.mark.parametrize("exercise", ["12_restricted_net", "12_sleep_floors"])
def test_three_numbers_may_come_in_one_tensor(exercise: str) -> None:
    answer = next(one for one in corpus("12_helmholtz_machines") if one.exercise == exercise)
    learner = answer.load()
    stacked = InProcess(
        lambda *given: torch.stack([torch.as_tensor(one) for one in learner(*given)])
    )
    assert run_check(exercise, stacked, 0).passed

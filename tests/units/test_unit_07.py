"""What the checks of unit 07 expect is true: formulas against sums, quadrature, autograd and the library's own estimators."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch.distributions.relaxed_categorical import ExpRelaxedCategorical

from autograder.units.unit_07 import (
    disarm,
    gumbel_softmax,
    rebar,
    relax_repaired,
    rewrite,
    straight_through,
    targets,
)
from autograder.units.unit_07.quadratic import Place, asymptote, bent, exact, lowest
from autograder.units.unit_07.reference import conditional, gumbels, one_hots, sigmoid, states
from course_vi.distributions import BernoulliVector, OneHotVector
from course_vi.gradients.rebar import conditional as library_conditional
from course_vi.plots.style import png

PLACES = [Place(2.0, -0.3, 0.7), Place(-1.2, 0.9, -1.6), Place(0.9, 0.5, 4.8)]


def uniform_nodes(count: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Gauss and Legendre's rule."""
    x, w = np.polynomial.legendre.leggauss(count)
    return low + (high - low) * (x + 1) / 2, w * (high - low) / 2


def test_the_density_is_that_of_torch_and_integrates_to_one() -> None:
    rng = np.random.default_rng(0)
    logits, g = torch.tensor(rng.normal(size=(2, 4))), torch.tensor(gumbels(rng, (3, 2, 4)))
    for temperature in (0.2, 1.0, 3.0):
        log_z = gumbel_softmax.log_sample(logits, g, temperature)
        own = gumbel_softmax.log_density(logits, log_z, temperature)
        of_log_z = ExpRelaxedCategorical(
            torch.tensor(temperature, dtype=torch.float64), logits=logits, validate_args=False
        ).log_prob(log_z)
        torch.testing.assert_close(own, of_log_z - log_z.sum(-1))
        t = torch.linspace(-150, 150, 10_001, dtype=torch.float64)
        pair = torch.stack([t, 0 * t], -1).log_softmax(-1)
        density = gumbel_softmax.log_density(logits[0, :2], pair, temperature) + pair.sum(-1)
        assert torch.trapezoid(density.exp(), t).item() == pytest.approx(1.0, abs=1e-6)


def test_gumbels_given_their_argmax_are_the_library_s_less_normalization() -> None:
    rng = np.random.default_rng(1)
    logits = torch.tensor(rng.normal(size=(3, 4)))
    g, z = gumbels(rng, (5, 3, 4)), torch.tensor(one_hots(rng.integers(4, size=(5, 3)), 4))
    own = conditional(logits, z, torch.tensor(g))
    q = OneHotVector(logits.unsqueeze(-2))
    uniform = torch.tensor(np.exp(-np.exp(-g)))
    theirs = library_conditional(q, z, uniform).squeeze(-2)
    torch.testing.assert_close(own - logits.logsumexp(-1, keepdim=True), theirs)


@pytest.mark.parametrize("place", PLACES)
def test_straight_through_s_numbers_by_enumeration(place: Place) -> None:
    logit = torch.tensor(place.logit, dtype=torch.float64, requires_grad=True)
    p = logit.sigmoid()
    (truth,) = torch.autograd.grad(p * (place.a / 2 + place.c), logit)
    slopes = place.v * np.array([place.c, place.a + place.c])
    chances = np.array([1 - p.item(), p.item()])
    mean = chances @ slopes
    want = [truth.item(), mean - truth.item(), chances @ slopes**2 - mean**2]
    np.testing.assert_allclose(exact(place), want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("temperature", [0.1, 0.6, 4.0])
def test_the_bent_gradient_by_adaptive_quadrature(place: Place, temperature: float) -> None:
    def path(noise: float) -> float:
        b = float(sigmoid((place.logit + noise) / temperature))
        return (place.a * b + place.c) * b * (1 - b) / temperature

    def density(noise: float) -> float:
        return float(sigmoid(noise) * sigmoid(-noise))

    centre = -place.logit
    for got, power in zip(bent(place, temperature), (1, 2), strict=True):
        want = sum(
            quad(lambda e, n=power: path(e) ** n * density(e), *ends, epsabs=1e-13, limit=400)[0]
            for ends in ((-60.0, centre), (centre, 60.0))
        )
        assert got == pytest.approx(want, rel=1e-7)


def test_small_temperatures_obey_the_law() -> None:
    for place in PLACES[:2]:
        (mean, square), (bias, variance) = bent(place, 0.003), asymptote(place)
        assert (mean - exact(place)[0]) / 0.003 == pytest.approx(bias, rel=0.02)
        assert (square - mean**2) * 0.003 == pytest.approx(variance, rel=0.02)


def test_the_best_temperature_is_near_the_zero_of_the_bias() -> None:
    best, error = lowest(PLACES[0], 10_000)
    assert best == pytest.approx(0.63, abs=0.01)
    asked = straight_through.Asked(PLACES[0], 0.5, 10_000)
    grid = np.geomspace(0.05, 5.0, 2_000)
    assert error <= min(straight_through._error(asked, float(t)) for t in grid) * 1.0001


def test_a_multilinear_function_makes_straight_through_exact() -> None:
    case = rewrite._case(np.random.default_rng(2), 3)
    every, values = states(3), case.f(states(3))
    slopes = np.zeros_like(every)
    for bit in range(3):
        up, down = every.copy(), every.copy()
        up[:, bit], down[:, bit] = 1, 0
        slopes[:, bit] = case.f(up) - case.f(down)
    p = sigmoid(case.logits)
    q = np.where(every > 0.5, p, 1 - p).prod(-1)
    np.testing.assert_allclose(rewrite.truth(case, case.logits), (q * values) @ (every - p))
    np.testing.assert_allclose(rewrite.through(case.logits, slopes), (q * values) @ (every - p))
    at = torch.tensor(every, requires_grad=True)
    f = at @ torch.tensor(case.linear) + 0.5 * ((at @ torch.tensor(case.quadratic)) * at).sum(-1)
    f = f + case.bend[1, 0] * torch.tanh(at @ torch.tensor(case.bend[0]))
    (own,) = torch.autograd.grad(f.sum(), at)
    np.testing.assert_allclose(case.slope(every), own.numpy())


def test_disarm_is_arm_averaged_over_what_makes_the_same_pair() -> None:
    given = disarm._given(np.random.default_rng(3), (), 1, 1)
    low = float(sigmoid(-np.abs(given.logits))[0])
    for ends in ((0.0, low), (low, 1 - low), (1 - low, 1.0)):
        u, w = uniform_nodes(20, *ends)
        one = given._replace(u=u[:, None])
        z, opposite = one.pairs()
        arm = (one.f(z) - one.f(opposite)) * (u - 0.5)
        inside = given._replace(u=np.array([[ends[0] + 0.3 * (ends[1] - ends[0])]]))
        assert disarm.estimate(inside)[0] == pytest.approx(w @ arm / w.sum(), abs=1e-12)


def test_rebar_s_control_variate_has_mean_zero() -> None:
    given = rebar._given(np.random.default_rng(4), 2, 1, 0.7)
    p = float(sigmoid(given.logits)[0])
    v, wv = uniform_nodes(80, 0.0, 1.0)
    mean, r_mean = 0.0, 0.0
    for ends in ((0.0, 1 - p), (1 - p, 1.0)):
        u, wu = uniform_nodes(80, *ends)
        weight = np.outer(wu, wv).ravel()
        both = np.array(np.meshgrid(u, v, indexing="ij")).reshape(2, -1, 1)
        x = rebar.pieces(given._replace(u=both[0], v=both[1]))
        mean += float(weight @ x.h[:, 0])
        r_mean += float(weight @ x.r[:, 0])
    bits = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    low, high = given.f(bits).tolist()
    assert mean == pytest.approx(0.0, abs=1e-6)
    assert r_mean == pytest.approx(p * (1 - p) * (high - low), rel=1e-9)


def test_rebar_s_second_draw_is_the_library_s() -> None:
    logits = torch.tensor([[-2.0, 0.3, 5.0]], dtype=torch.float64).expand(4, 3)
    rng = np.random.default_rng(5)
    z, v = torch.tensor(rng.integers(2, size=(4, 3)) * 1.0), torch.tensor(rng.random((4, 3)))
    theirs = library_conditional(BernoulliVector(logits), z, v)
    torch.testing.assert_close(rebar.again(logits, z, v), theirs)


def test_which_relax_is_biased() -> None:
    """s' that is not conditioned is a bias beside c(s), and none beside c(s'); where it is conditioned, either may stand there."""
    rng, count = np.random.default_rng(6), 40_000
    one = relax_repaired._given(rng, 2, 3)
    x = relax_repaired.pieces(one._replace(g=gumbels(rng, (count, 3)), h=gumbels(rng, (count, 3))))
    p = np.exp(one.logits - one.logits.max())
    p /= p.sum()
    truth = p * (one.table - p @ one.table)

    def z_score(rows: np.ndarray) -> float:
        apart = (rows.mean(0) - truth) / (rows.std(0) / count**0.5)
        return float(np.abs(apart).max())

    loose = x.free_path - x.loose_path
    assert z_score(x.right) < 4.5 and z_score(x.published) < 4.5
    assert z_score((x.f - x.loose) * x.score + loose) < 4.5
    assert z_score((x.f - x.free) * x.score + loose) > 20


def test_the_figure_to_aim_for_takes_a_learner_s_temperatures() -> None:
    bare, found = targets.crossing(), targets.crossing([(100, 0.656), (10_000, 0.629)])
    assert len(found.axes[0].lines) == len(bare.axes[0].lines) + 2
    assert len(png(found)) > 10_000

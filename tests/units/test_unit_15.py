"""What the checks of unit 15 expect is true: closed forms against optimizers, integrals, autograd and the library's own functions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import minimize
from torch.distributions import MultivariateNormal, kl_divergence

from autograder.units.unit_15 import (
    conditional,
    flow_prior,
    rate_distortion,
    same_data,
    sealed_case,
    targets,
    total_correlation,
    two_scores,
    water_level,
)
from autograder.units.unit_15.reference import covariance, learned_noise, rotation, with_moments
from course_vi.diagnostics.disentanglement import factor_vae_score, mutual_information_gap
from course_vi.learning.factor_vae import ratio_loss
from course_vi.plots.style import png

EIGHT = np.array([4.0, 2.0, 1.0, 0.5, 0.3, 0.2, 0.1, 0.1])


def tensor(value: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


# ---- the linear beta-VAE --------------------------------------------------------------------------------------------------
def objective(w: np.ndarray, values: np.ndarray, noise: float, beta: float) -> float:
    """The objective of a linear beta-VAE at the best encoder, for data with a diagonal covariance."""
    given = rate_distortion.Given(w, np.diag(values), noise**0.5, beta)
    rate, _, distortion = rate_distortion.right(given)
    return float(-0.5 * (len(values) * np.log(noise) + distortion / noise) - beta * rate)


@pytest.mark.parametrize(("latents", "beta"), [(2, 0.7), (2, 1.6), (4, 1.3)])
def test_the_water_finds_its_level_where_an_optimizer_does(latents: int, beta: float) -> None:
    values = np.array([3.0, 1.5, 0.6, 0.2])
    place = water_level.Place(values, latents, beta)

    def loss(at: np.ndarray) -> float:
        return -objective(at[:-1].reshape(4, latents), values, float(np.exp(at[-1])), beta)

    start = np.concatenate([np.random.default_rng(0).normal(size=4 * latents), [-1.0]])
    found = minimize(loss, start, options={"gtol": 1e-7}).x
    noise, rate, distortion, active = water_level.right(place)
    assert np.exp(found[-1]) == pytest.approx(noise, rel=1e-4)
    w = found[:-1].reshape(4, latents)
    given = rate_distortion.Given(w, np.diag(values), float(np.exp(found[-1] / 2)), beta)
    measured = rate_distortion.right(given)
    np.testing.assert_allclose(measured, [rate, rate, distortion], rtol=2e-4)
    assert (np.linalg.svd(w)[1] > 0.05).sum() == active


def test_active_latents_of_the_eight_eigenvalues() -> None:
    counts = [
        water_level.right(water_level.Place(EIGHT, 4, beta))[water_level.ACTIVE]
        for beta in (0.9, 1.0, 1.5, 2.0, 4.0)
    ]
    assert counts == [4, 4, 3, 2, 0]
    with pytest.raises(ValueError, match="no noise variance is at rest with 8 latents"):
        learned_noise(EIGHT, 8, 0.9)


def test_the_curve_is_shannon_s_and_its_slope_that_of_the_level() -> None:
    """With as many latents as are above the water, R as a function of D has the slope -1 / 2t."""
    noise = 0.2
    (r1, d1), (r2, d2) = (
        water_level.at_noise(water_level.Place(EIGHT, 8, beta), noise)[1:3]
        for beta in (2.0, 2.0 + 1e-6)
    )
    assert (r2 - r1) / (d2 - d1) == pytest.approx(-1 / (2 * 2.0 * noise), rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_the_best_encoder_of_a_given_decoder_is_no_worse_than_any_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    given = rate_distortion._given(rng, 4, 2)
    rate, information, distortion = rate_distortion.right(given)
    w, c = tensor(given.weight), tensor(given.covariance)
    x = tensor(with_moments(rng, 200, given.covariance))

    def loss(read: torch.Tensor, root: torch.Tensor) -> torch.Tensor:
        spread = root @ root.T
        q = MultivariateNormal(x @ read.T, scale_tril=root)
        prior = MultivariateNormal(torch.zeros(2, dtype=x.dtype), torch.eye(2, dtype=x.dtype))
        missed = (x - x @ read.T @ w.T).square().sum(-1).mean() + (w @ spread @ w.T).trace()
        return 0.5 * missed / given.sigma**2 + given.beta * kl_divergence(q, prior).mean()

    precision = torch.eye(2, dtype=x.dtype) + w.T @ w / given.level
    spread = torch.linalg.inv(precision)
    read, root = spread @ w.T / given.level, torch.linalg.cholesky(spread)
    best = loss(read, root)
    assert float(best) == pytest.approx(
        0.5 * distortion / given.sigma**2 + given.beta * rate, rel=1e-9
    )
    for scale in (0.02, 0.2):
        for _ in range(5):
            step, stretch = tensor(rng.normal(size=(2, 4))), tensor(rng.normal(size=(2, 2)))
            assert (
                loss(read + scale * step, root @ torch.linalg.matrix_exp(scale * stretch.tril()))
                > best
            )
    joint = torch.cat(
        [torch.cat([c, c @ read.T], 1), torch.cat([read @ c, read @ c @ read.T + spread], 1)]
    )
    exact = 0.5 * (joint[:4, :4].logdet() + joint[4:, 4:].logdet() - joint.logdet())
    assert information == pytest.approx(float(exact), rel=1e-9)
    assert rate > information


def test_training_by_draws_comes_to_the_predicted_point() -> None:
    point = targets.trained(tensor(np.array([3.0, 1.0, 0.3])), 2, 1.4, steps=150, rows=100)
    noise, rate, distortion, active = water_level.right(
        water_level.Place(np.array([3.0, 1.0, 0.3]), 2, 1.4)
    )
    assert point.noise == pytest.approx(noise, rel=0.08)
    assert point.rate == pytest.approx(rate, rel=0.08) and point.active == active
    assert point.distortion == pytest.approx(distortion, rel=0.08)
    mine = torch.tensor([[noise, rate, distortion, active]] * 3)
    assert png(targets.curve([point])) and len(targets.curve([point], mine).axes[0].lines) == 2


def test_rows_with_given_moments_and_rotations() -> None:
    rng = np.random.default_rng(0)
    matrix = covariance(rng, np.array([2.0, 0.5, 0.1]))
    np.testing.assert_allclose(np.linalg.eigvalsh(matrix), [0.1, 0.5, 2.0])
    rows = with_moments(rng, 50, matrix)
    np.testing.assert_allclose(rows.T @ rows / 50, matrix, atol=1e-12)
    assert np.linalg.det(rotation(rng, 4)) == pytest.approx(1.0)
    x = targets.gaussian_rows(tensor(EIGHT), 60)
    np.testing.assert_allclose(torch.cov(x.T, correction=0), np.diag(EIGHT), atol=1e-12)


def test_few_digits_are_bits_with_one_label_each() -> None:
    x, y = targets.few_digits("test", 3)
    assert x.shape[1] == 64 and y.shape == (len(x), 3) and (y.sum(1) == 1).all()
    with pytest.raises(ValueError, match="^which is 'all'; expected 'train' or 'test'"):
        targets.few_digits("all")


# ---- total correlation ----------------------------------------------------------------------------------------------------
def test_the_exact_total_correlation_is_a_divergence() -> None:
    matrix = tensor(covariance(np.random.default_rng(0), np.array([2.0, 0.7, 0.2])))
    zero = torch.zeros(3, dtype=torch.float64)
    want = kl_divergence(
        MultivariateNormal(zero, matrix), MultivariateNormal(zero, torch.diag(matrix.diagonal()))
    )
    assert total_correlation.exact(matrix.numpy()) == pytest.approx(float(want), rel=1e-9)


def test_the_fitted_discriminator_has_no_slope_left() -> None:
    given = total_correlation._given(np.random.default_rng(0), 2, 150)
    fitted = total_correlation.fitted(given)
    assert fitted is not None
    theta = tensor(fitted).requires_grad_()
    inside, outside = (tensor(total_correlation.squares(z)) for z in (given.joint, given.product))
    loss = (
        torch.nn.functional.softplus(-inside @ theta).mean()
        + torch.nn.functional.softplus(outside @ theta).mean()
    )
    (slope,) = torch.autograd.grad(loss, theta)
    assert slope.abs().max() < 1e-9
    net = torch.nn.Identity()
    value = ratio_loss(net, torch.zeros(4, 1, dtype=torch.float64))
    assert float(value) == pytest.approx(math.log(2))


@pytest.mark.slow
def test_own_rows_flatter_and_fresh_rows_do_too_but_less() -> None:
    rng, found = np.random.default_rng(1), []
    matrix = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])
    root = np.linalg.cholesky(matrix)
    for _ in range(600):
        joint, other, fresh = (rng.normal(size=(100, 3)) @ root.T for _ in range(3))
        product = np.stack([rng.permutation(column) for column in other.T], 1)
        found.append(
            total_correlation.right(total_correlation.Given(joint, product, fresh, matrix))
        )
    rows = np.array(found)
    exact, own, fresh_rows = rows[np.isfinite(rows).all(1)].T
    assert len(own) > 590
    for off in (own - exact, own - fresh_rows, fresh_rows - exact):
        assert off.mean() > 3 * off.std() / len(off) ** 0.5


# ---- two decoders ---------------------------------------------------------------------------------------------------------
def test_log_p_and_posterior_means_are_integrals() -> None:
    params = same_data._params(np.random.default_rng(0), 1, 3, matrix=np.array([[1.7]]))
    made = same_data._made(params)
    x = made["x"][0]

    def like(z: float) -> float:
        logits = made["second"](torch.tensor([[z]], dtype=torch.float64))[0]
        log_p = (x * logits - torch.nn.functional.softplus(logits)).sum()
        return float(log_p.exp()) * math.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)

    p = quad(like, -9, 9, epsabs=1e-12)[0]
    mean = quad(lambda z: z * like(z), -9, 9, epsabs=1e-12)[0] / p
    got = same_data.seen(made["second"], made["x"], 1)
    assert got.log_p[0] == pytest.approx(math.log(p), abs=1e-9)
    assert got.mean[0, 0] == pytest.approx(mean, abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_what_keeps_the_prior_keeps_the_data(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for name, params in same_data._same(rng):
        gap, moved = same_data.right(*same_data._both(params))
        assert gap < 1e-6 and moved > 1e-3, name
    for name, params in same_data._changed(rng):
        assert same_data.right(*same_data._both(params))[0] > 0.02, name


# ---- scores ---------------------------------------------------------------------------------------------------------------
def test_both_scores_are_the_library_s() -> None:
    given = two_scores._given(np.random.default_rng(0))
    codes, factors = torch.as_tensor(given.codes), torch.as_tensor(given.factors)
    gap, votes = two_scores.right(given)
    whole = torch.stack([column.unique(return_inverse=True)[1] for column in codes.T], 1)
    bins = int(whole.max()) + 1
    fine = torch.cat([whole, torch.arange(2)[:, None].expand(2, whole.shape[1]) * 0], 0)[
        : len(whole)
    ]
    found = two_scores.information(given)
    for j in range(whole.shape[1]):
        alone = mutual_information_gap(fine[:, [j]].double(), factors, int(fine[:, j].max()) + 1)
        np.testing.assert_allclose(alone.information[0].numpy(), found[j], atol=1e-9)
    assert bins > 2 and 0 <= gap <= 1
    measured = factor_vae_score(
        codes.double(), factors, votes=3000, batch=1000, generator=torch.Generator().manual_seed(0)
    )
    assert measured == pytest.approx(votes, abs=4.5 / (2 * 3000**0.5) * 2)


def test_the_two_disagree_on_copies() -> None:
    v = np.array([[a, b] for a in range(4) for b in range(3)] * 3)
    gap, votes = two_scores.right(two_scores.Given(np.concatenate([v, 2 * v], 1), v))
    assert gap == pytest.approx(0.0, abs=1e-12) and votes == pytest.approx(1.0)


# ---- the conditional VAE --------------------------------------------------------------------------------------------------
def test_the_bound_without_a_label_is_below_log_p_and_above_any_guess() -> None:
    """One latent and a fine rule for the noise: exact bounds, beside the exact log p(x)."""
    rng = np.random.default_rng(0)
    params = conditional._params(rng, (1,), pixels=3, labels=3, latents=1, given="none")
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    made = conditional.conditional(**{k: torch.from_numpy(np.array(v)) for k, v in params.items()})
    x, total, bounds = made["x"], 0.0, []
    z = torch.linspace(-12, 12, 4001, dtype=torch.float64)[:, None]
    eps = torch.from_numpy(nodes)[:, None, None]
    share = tensor(weights / weights.sum())
    with torch.no_grad():
        for label in torch.eye(3, dtype=torch.float64):
            m, log_u = made["prior"](label)
            logits = made["decoder"](torch.cat([z, label.expand(4001, 3)], 1))
            like = (x * logits - torch.nn.functional.softplus(logits)).sum(-1)
            log_prior = (
                -0.5 * ((z[:, 0] - m) / log_u.exp()) ** 2 - log_u - 0.5 * math.log(2 * math.pi)
            )
            total += float((like + log_prior).exp().sum() * 0.006) / 3
            each = torch.stack(
                [conditional._bound(made, label[None], eps[k : k + 1]) for k in range(60)]
            )
            bounds.append(float(share @ each[:, 0]))
    best = float(np.logaddexp.reduce(bounds)) - math.log(3)
    assert max(bounds) - math.log(3) < best < math.log(total)


# ---- the flow as prior ----------------------------------------------------------------------------------------------------
def test_the_best_flow_maps_the_aggregate_to_a_normal_and_its_slope_is_the_derivative() -> None:
    given = flow_prior._given(np.random.default_rng(0), 5)
    u, slope = flow_prior.right(given)
    h = 1e-5
    up, down = (flow_prior.right(given._replace(z=given.z + step))[0] for step in (h, -h))
    np.testing.assert_allclose(slope, np.log((up - down) / (2 * h)), atol=1e-6)
    rng = np.random.default_rng(1)
    which = rng.integers(5, size=20_000)
    z = given.loc[which] + np.exp(given.log_scale[which]) * rng.normal(size=20_000)
    values = flow_prior.right(given._replace(z=z))[0]
    assert abs(values.mean()) < 4.5 / 20_000**0.5
    assert abs((values**2).mean() - 1) < 4.5 * (2 / 20_000) ** 0.5
    assert abs((values**4).mean() - 3) < 4.5 * (96 / 20_000) ** 0.5


# ---- the sealed case ------------------------------------------------------------------------------------------------------
def test_rate_and_distortion_of_rotated_latents_are_those_of_the_best_independent_encoder() -> None:
    values, level = np.array([5.0, 3.0, 1.5, 0.4]), 0.5
    turn = rotation(np.random.default_rng(0), 3)
    w = np.zeros((4, 3))
    w[:3] = np.diag(np.sqrt(values[:3] - level)) @ turn
    given = rate_distortion.Given(w, np.diag(values), level**0.5, 1.0)
    found = rate_distortion.at(given, level, factorized=True)
    one = values[None], 3, np.array([level])
    np.testing.assert_allclose(sealed_case.turned(*one, turn[None])[0], found[[0, 2]], rtol=1e-9)
    still = sealed_case.turned(*one, np.eye(3)[None])
    np.testing.assert_allclose(still, sealed_case.plain(*one)[:, 0], rtol=1e-9)
    w[:3] = np.diag(np.sqrt(values[:3] - level))
    w[:, 1] = 0.0
    dead = rate_distortion.right(given._replace(weight=w))
    np.testing.assert_allclose(sealed_case.plain(*one)[0, 2], dead[[0, 2]], rtol=1e-9)


def test_no_order_of_the_numbers_names_the_sealed_three() -> None:
    orders = set()
    for seed in range(60):
        given, truth = sealed_case.draw(np.random.default_rng(seed))
        order = np.argsort(given["measured"][:, 0])
        orders.add(tuple(truth[i] for i in order))
    assert len(orders) == 6

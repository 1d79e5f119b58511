"""The models and the race of lecture 18, against exact answers."""

from __future__ import annotations

import pytest
import torch

from course_vi.experiments import likelihood_race as race
from course_vi.experiments.summed_coins import (
    SummedCoins,
    best_product,
    elbo_fit,
    likelihood_fit,
)
from course_vi.families import BernoulliMeanField
from course_vi.models import ProbabilisticPCA

DOUBLE = torch.float64


def data(rows: int, seed: int = 0, coins: int = 3) -> torch.Tensor:
    return SummedCoins(1.7, coins).sample(rows, torch.Generator().manual_seed(seed))[0]


def test_posterior_average_of_the_slope_is_the_gradient_of_the_evidence() -> None:
    p, x = SummedCoins(1.3, 4), data(7, coins=4)
    p.log_evidence(x).sum().backward()
    found = (p.chances(x) * p.slope(x)).sum()
    assert p.theta.grad is not None and torch.allclose(found, p.theta.grad)


def test_best_product_is_the_best_and_its_elbo_is_true() -> None:
    p, x = SummedCoins(1.3).requires_grad_(False), data(5)
    found = best_product(1.3, x)

    def value(logits: torch.Tensor) -> torch.Tensor:
        q = BernoulliMeanField(3, logits).distribution()
        log_q = torch.stack([q.log_prob(z.expand(len(x), 3)) for z in p.states()], -1)
        return (log_q.exp() * (p.log_table(x) - log_q)).sum(-1)

    assert torch.allclose(found.elbo, value(found.logits))
    source = torch.Generator().manual_seed(1)
    for size in (0.01, 0.3, 3.0):
        near = found.logits + size * torch.randn(5, 3, generator=source, dtype=DOUBLE)
        assert bool((value(near) <= found.elbo + 1e-12).all())
    weights = found.probabilities(p.states())
    assert torch.allclose(weights.sum(-1), torch.ones(5, dtype=DOUBLE))


def test_best_products_of_several_data_sets_are_those_of_each() -> None:
    x, theta = data(8).view(2, 4, 1), torch.tensor([[0.7], [1.4]], dtype=DOUBLE)
    both = best_product(theta, x).elbo
    for row in range(2):
        assert torch.allclose(both[row], best_product(float(theta[row]), x[row]).elbo)


def test_both_fits_are_at_rest() -> None:
    """The likelihood's slope vanishes at one, that of the best ELBO at the other."""
    x = data(60)
    top, low = float(likelihood_fit(x, 1.5)), float(elbo_fit(x, 1.5))
    p = SummedCoins(top)
    assert abs(float((p.chances(x) * p.slope(x)).sum(-1).mean())) < 1e-7
    p = SummedCoins(low)
    q = best_product(low, x).probabilities(p.states())
    assert abs(float((q * p.slope(x)).sum(-1).mean())) < 1e-5
    assert low < top


@pytest.mark.parametrize("steps", [0, 2])
def test_short_chain_has_the_bias_that_its_matrix_says(steps: int) -> None:
    p, x = SummedCoins(1.5), torch.tensor([[3.0]], dtype=DOUBLE)
    logits = torch.tensor([[1.0, -1.0, 0.5]], dtype=DOUBLE)
    q = BernoulliMeanField(3, logits)
    law = q.distribution().log_prob(p.states()).exp()
    weight = (p.log_table(x)[0] - law.log()).exp()
    moves = law * (weight / weight.unsqueeze(1)).clamp_max(1.0)
    moves = moves + torch.diag(1 - moves.sum(-1))
    wanted = law @ torch.linalg.matrix_power(moves, steps) @ p.slope(x)[0]
    many = SummedCoins(torch.full((20_000, 1), 1.5))
    value = race.chain_gradient(many, q, x.expand(20_000, 1, 1), steps, torch.Generator().manual_seed(0))  # fmt: skip
    g = torch.autograd.grad(value.sum(), many.theta)[0][:, 0]
    assert abs(float((g.mean() - wanted) / (g.std() / 20_000**0.5))) < 4.5


def test_em_of_probabilistic_pca_climbs_to_its_maximum() -> None:
    x = race.pca_data(0, rows=100, size=5, latents=2)
    most = ProbabilisticPCA.maximum_likelihood(x, 2).log_evidence(x).mean()
    p = ProbabilisticPCA(torch.eye(5, 2, dtype=DOUBLE), x.mean(0), 1.0)
    values = []
    for _ in range(300):
        race.em_step(p, x)
        values.append(float(p.log_evidence(x).mean().detach()))
    assert all(b > a - 1e-9 for a, b in zip(values, values[1:], strict=False))
    assert abs(values[-1] - float(most)) < 1e-6


def test_variational_em_of_probabilistic_pca_ends_at_the_same_maximum_with_orthogonal_loadings() -> (
    None
):
    x = race.pca_data(0, rows=100, size=5, latents=2)
    most = ProbabilisticPCA.maximum_likelihood(x, 2).log_evidence(x).mean()
    p = ProbabilisticPCA(torch.eye(5, 2, dtype=DOUBLE) + 0.3, x.mean(0), 1.0)
    for _ in range(1500):
        race.em_step(p, x, factorized=True)
    assert abs(float((p.log_evidence(x).mean() - most).detach())) < 1e-4
    inner = p.loadings.detach().mT @ p.loadings.detach()
    assert abs(float(inner[0, 1])) < 1e-2 * float(inner.diagonal().min())


def test_best_gaussian_has_the_highest_elbo() -> None:
    x = race.pca_data(1, rows=3, size=4, latents=2)
    p = ProbabilisticPCA(torch.eye(4, 2, dtype=DOUBLE) + 0.5, torch.zeros(4, dtype=DOUBLE), 0.8)
    p.requires_grad_(False)
    loc, variance = race.best_gaussian(p, x)
    posterior = p.posterior(x)

    def divergence(variance: torch.Tensor) -> torch.Tensor:
        q = torch.distributions.MultivariateNormal(loc, variance.diag().expand(3, 2, 2))
        exact = torch.distributions.MultivariateNormal(posterior.mean, posterior.covariance_matrix)
        return torch.distributions.kl_divergence(q, exact)

    for change in (0.9, 1.1):
        assert bool((divergence(change * variance) > divergence(variance)).all())


def test_proposals_that_cover_have_bounded_weights_and_none_narrower_have() -> None:
    """The log weight is a quadratic form; its largest eigenvalue is zero at the width found, and positive below."""
    root = torch.randn(3, 3, generator=torch.Generator().manual_seed(2), dtype=DOUBLE)
    precision = root @ root.mT + 0.2 * torch.eye(3, dtype=DOUBLE)
    found = race.covering(precision)

    def steepest(scale: torch.Tensor) -> float:
        return float(torch.linalg.eigvalsh(precision.diagonal().diag() / scale**2 - precision)[-1])

    assert found > 1 and abs(steepest(found)) < 1e-10 < 1e-3 < steepest(0.99 * found)
    assert float(
        race.covering(torch.diag(torch.tensor([0.5, 3.0], dtype=DOUBLE)))
    ) == pytest.approx(1)


@pytest.mark.parametrize("way", race.WAYS)
def test_pca_race_learns(way: str) -> None:
    x = race.pca_data(0, rows=30, size=4, latents=2)
    run = race.pca_race(way, x, 0.05, latents=2)
    start = torch.randn(4, 2, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
    begun = ProbabilisticPCA(start, x.mean(0), 1.0).log_evidence(x).mean().detach()
    assert run.value > float(begun) and run.steps > 0


@pytest.mark.parametrize("way", race.WAYS)
def test_coin_race_learns(way: str) -> None:
    x = data(30, coins=2)
    run = race.coin_race(way, x, 0.02, coins=2)
    begun = float(SummedCoins(0.5, 2).log_evidence(x).mean().detach())
    assert run.value > begun and run.steps > 0


def test_another_way_is_refused() -> None:
    with pytest.raises(ValueError, match="way is 'prayer'"):
        race.coin_race("prayer", data(3), 0.1)
    with pytest.raises(ValueError, match="way is 'prayer'"):
        race.pca_race("prayer", race.pca_data(0), 0.1)

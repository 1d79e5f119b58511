"""The two experiments of lecture 13: the exact judge, networks side by side, the five ways, and the tables that are stored."""

import math

import pytest
import torch
from oracles import generator, randn
from torch import nn

from course_vi.diagnostics import claim
from course_vi.experiments.collapse_trial import REMEDIES, collapse_trial, earlier_neighbours
from course_vi.experiments.exact_arena import (
    SLEEPERS,
    WAYS,
    fitted_normal,
    grid_log_evidence,
    train_one_way,
)
from course_vi.experiments.soft_step import soft_step_variances
from course_vi.experiments.stored_tables import stored_table
from course_vi.nets import Reshaped, SideBySide, mlp

BITS = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 4)  # all sixteen images of four pixels
IMAGES = (randn(40, 9, seed=0) > 0).float()


def test_networks_side_by_side_are_the_networks_and_their_gradients() -> None:
    nets = [mlp(3, 5, 2, generator(seed)) for seed in range(4)]
    both, x = SideBySide(nets), randn(7, 4, 6, 3, seed=1).float()
    both(x).square().sum().backward()
    for row, net in enumerate(nets):
        value = net(x[:, row])
        assert torch.allclose(both(x)[:, row], value, atol=1e-6)
        value.square().sum().backward()
        for weight, bias, layer in zip(both.weights, both.biases, (net[0], net[2]), strict=True):
            assert torch.allclose(weight.grad[row].mT, layer.weight.grad, rtol=1e-4, atol=1e-5)
            assert torch.allclose(bias.grad[row, 0], layer.bias.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "networks",
    [
        [],
        [mlp(3, 5, 2), mlp(3, 4, 2)],
        [nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))],
        [nn.Sequential(Reshaped(nn.Linear(3, 2)))],
    ],
)
def test_networks_of_other_shapes_or_kinds_are_refused(networks: list[nn.Sequential]) -> None:
    with pytest.raises(ValueError, match="expected one or more results of mlp"):
        SideBySide(networks)


def test_the_grid_gives_a_distribution_and_a_turn_of_z_changes_nothing() -> None:
    decoder, turn = mlp(2, 8, 4, generator(0)), torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    with torch.no_grad():
        log_p = grid_log_evidence(decoder, BITS)
        turned = grid_log_evidence(decoder, BITS, place=lambda z: z @ turn)
    assert abs(log_p.exp().sum().item() - 1) < 1e-5
    assert torch.allclose(log_p, turned, atol=1e-4)


def test_a_shifted_coarse_grid_is_unbiased_for_the_evidence() -> None:
    """Nodes a whole unit apart; the mean over shifts on a fine lattice is the fine sum."""
    decoder, x = mlp(2, 8, 4, generator(1)), BITS[:3]
    shifts = (torch.arange(10) + 0.5) / 10 - 0.5
    with torch.no_grad():
        coarse = [
            grid_log_evidence(decoder, x, 13, 6.0, offset=shift).exp()
            for shift in torch.cartesian_prod(shifts, shifts)
        ]
        fine = grid_log_evidence(decoder, x, 241, 6.0).exp()
    assert torch.allclose(torch.stack(coarse).mean(0), fine, rtol=1e-4)


def test_the_grid_s_gradient_is_that_of_the_sum() -> None:
    decoder = mlp(2, 3, 4, generator(2)).double()
    parameters = tuple(decoder.parameters())
    assert torch.autograd.gradcheck(
        lambda *_: grid_log_evidence(decoder, BITS[5:6].double(), 9, 3.0), parameters
    )


def test_a_fitted_normal_has_the_moments_of_the_codes() -> None:
    encoder = SideBySide([mlp(9, 5, 4, generator(seed)) for seed in range(2)])
    place, z = fitted_normal(encoder, IMAGES), randn(20_000, 2, seed=3).float()
    z = (z - z.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(z.T))).mT
    with torch.no_grad():
        drawn, code = place(z), encoder(IMAGES)[..., :2]
    for one, other in zip(drawn, code, strict=True):
        assert torch.allclose(one.mean(0), other.mean(0), atol=1e-4)
        assert torch.allclose(torch.cov(one.T), torch.cov(other.T), atol=1e-4)


@pytest.mark.parametrize("way", WAYS + SLEEPERS)
def test_every_way_climbs_and_a_seed_has_its_own_weights_and_batches(way: str) -> None:
    few = train_one_way(way, IMAGES, [3, 5], steps=30, hidden=6, batch_size=20)
    assert few.objective.shape == (30, 2) and few.objective.isfinite().all()
    assert (few.objective[-5:].mean(0) > few.objective[:5].mean(0)).all()
    alone = train_one_way(way, IMAGES, [5], steps=30, hidden=6, batch_size=20)
    if way == "autoencoder":  # the one way without noise
        assert torch.allclose(few.objective[:, 1:], alone.objective, atol=1e-4)
    again = train_one_way(way, IMAGES, [5], steps=30, hidden=6, batch_size=20)
    assert torch.equal(again.objective, alone.objective)


def test_another_way_or_no_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="way is 'sleep-walking'"):
        train_one_way("sleep-walking", IMAGES, [0])
    with pytest.raises(ValueError, match="seeds is empty"):
        train_one_way("VAE", IMAGES, [])


def test_a_pixel_sees_only_what_came_before_it() -> None:
    for reach, most in ((0, 0), (1, 4), (2, 12), (8, 63)):
        seen = earlier_neighbours(64, reach)
        assert torch.equal(seen, seen.triu(1)) and seen.sum(0).max() == most


def test_three_trainings_of_one_seed_begin_alike_and_part() -> None:
    """Warm-up begins without the divergence, and free bits count at least their share of it."""
    trial = collapse_trial(IMAGES, IMAGES, [0, 1], steps=20, latents=3, hidden=5, samples=5)
    assert trial.activity.shape == (3, 2, 3) and trial.log_evidence.shape == (3, 2)
    plain, warm, free = trial.objective[0]
    assert (warm >= plain).all() and (free <= plain).all()
    assert torch.allclose(
        trial.log_evidence, trial.train_log_evidence, atol=1e-4
    )  # the same images
    assert (trial.rate >= 0).all() and (trial.log_evidence < 0).all()


def test_neighbours_help_a_decoder_that_has_them() -> None:
    """Stripes: every pixel repeats the one to its left, which no two latents can say of nine free rows as well."""
    x = (randn(200, 9, seed=4) > 0).float()
    x[:, 1::3], x[:, 2::3] = x[:, 0::3], x[:, 0::3]
    with_them, without = (
        collapse_trial(x, x, [0], steps=150, neighbours=reach, latents=1, hidden=5, samples=20)
        for reach in (1, 0)
    )
    assert (with_them.log_evidence > without.log_evidence + 0.3).all()
    assert (with_them.log_evidence < 3 * math.log(0.5) + 0.3).all()


def test_the_stored_tables_are_whole() -> None:
    arena, collapse = stored_table("arena"), stored_table("collapse")
    assert set(arena["2000"]) == set(WAYS) and set(arena["8000"]) == set(WAYS[:-1])
    for entries in arena.values():
        for entry in entries.values():
            assert len(entry["train"]) == len(entry["test"]) == 5 and entry["seconds"] > 0
    sleepers = stored_table("sleepers", 12)
    assert "2000" in sleepers and set(sleepers) <= set(arena)
    assert all(set(row) == set(SLEEPERS) for row in sleepers.values())
    for entry in (entry for row in sleepers.values() for entry in row.values()):
        assert len(entry["train"]) == len(entry["test"]) == 5 and entry["seconds"] > 0
    for entries in collapse.values():
        assert set(entries) == {"neighbours 0", "neighbours 2"}
        assert all(len(entry["test"]) == len(REMEDIES) for entry in entries.values())
    with pytest.raises(ValueError, match="expected one of again, arena, collapse"):
        stored_table("nothing")


def test_exact_likelihood_is_ahead_of_both_vaes_on_its_training_images() -> None:
    table = stored_table("arena")["2000"]
    best = torch.tensor(table["exact likelihood"]["train"])
    for way in WAYS[1:3]:
        claim(f"exact likelihood beats {way}", best - torch.tensor(table[way]["train"]), +1)


def test_variances_of_a_soft_step_against_sums_over_a_grid() -> None:
    z = torch.linspace(-9, 9, 90_001, dtype=torch.float64)
    weight = torch.exp(-0.5 * z**2) / torch.exp(-0.5 * z**2).sum()
    for k in (0.3, 2.0, 30.0):
        step = 0.5 * torch.erf(k * z / 2**0.5)
        slope = k * torch.exp(-0.5 * (k * z) ** 2) / (2 * torch.pi) ** 0.5
        found = soft_step_variances(torch.tensor([k], dtype=torch.float64))
        for name, draws in (("pathwise", slope), ("score function", step * z)):
            variance = weight @ draws**2 - (weight @ draws) ** 2
            torch.testing.assert_close(found[name][0], variance, rtol=1e-6, atol=1e-9)

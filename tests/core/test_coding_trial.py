"""What lecture 19 is computed with: coders for a dense q and for two layers, pairs trained side by side, and general coders."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from course_vi.coding import Stack
from course_vi.data import digits
from course_vi.experiments.coding_trial import (
    WAYS,
    Pair,
    coder_of,
    log_weights,
    refitted,
    train_coders,
)
from course_vi.experiments.general_coders import context_code_length, general_coders, packed
from course_vi.experiments.latent_coders import DenseCoder, LayeredCoder, PlainCoder, coded
from course_vi.experiments.stored_tables import stored_table
from course_vi.families import Layered

KIND = {"ELBO": PlainCoder, "IWAE": PlainCoder, "dense q": DenseCoder, "two layers": LayeredCoder}


@pytest.fixture(scope="module")
def x() -> Tensor:
    return digits().train[:200]


@pytest.fixture(scope="module")
def pairs(x: Tensor) -> dict[str, list[Pair]]:
    return {way: train_coders(way, x, [0, 1], 30, latents=3, hidden=8) for way in WAYS}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_has_its_coder_and_nothing_is_lost(
    way: str, x: Tensor, pairs: dict[str, list[Pair]]
) -> None:
    coder = coder_of(pairs[way][1], x)
    assert type(coder) is KIND[way]
    found = coded(coder, x[:6], words=8)  # which asserts the way back
    assert found.net.shape == (6,) and 0 < found.initial < 256


@pytest.mark.parametrize("way", WAYS)
def test_net_bits_are_minus_the_elbo(way: str, x: Tensor, pairs: dict[str, list[Pair]]) -> None:
    some = x[:25]
    log_w = log_weights(pairs[way][0], some, 200)
    net = coded(coder_of(pairs[way][0], x), some).net.sum()
    expected = -log_w.mean(0).sum() / math.log(2)
    error = log_w.var(0).sum().sqrt() / math.log(2)
    assert abs(net - expected) < 4.5 * error


def test_a_swap_changes_what_is_lent_and_not_the_net_length(
    x: Tensor, pairs: dict[str, list[Pair]]
) -> None:
    pair, stack = pairs["two layers"][0], Stack.random(64, 3)
    assert isinstance(pair.q, Layered)
    start, heights = stack.bits, []
    for swap in (True, False):
        coder = coder_of(pair, x, swap=swap)
        heights.append([coder.push(Stack(stack.words()), row) for row in x[:20]])
    swapped, plain = (torch.tensor(each).double() - start for each in heights)
    assert swapped.shape == plain.shape == (20, 5)
    assert (swapped.min(1).values >= plain.min(1).values - 1).all()
    gap = (swapped - plain)[:, -1]
    assert abs(gap.mean()) < 4.5 * gap.std() / 20**0.5


def test_a_seed_draws_its_own_networks_whatever_others_there_are(x: Tensor) -> None:
    alone, beside = (
        train_coders("ELBO", x, seeds, 0 + 1, latents=2, hidden=4, learning_rate=1e-12)
        for seeds in ([1], [0, 1])
    )
    for one, other in zip(alone[0].p.parameters(), beside[1].p.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_a_refit_moves_the_encoder_and_leaves_the_model(
    x: Tensor, pairs: dict[str, list[Pair]]
) -> None:
    before = pairs["IWAE"]
    after = refitted(before, x, [0, 1], 5)
    for one, other in zip(before, after, strict=True):
        same = [torch.equal(a, b) for a, b in zip(one.p.parameters(), other.p.parameters(), strict=True)]  # fmt: skip
        moved = [not torch.equal(a, b) for a, b in zip(one.q.parameters(), other.q.parameters(), strict=True)]  # fmt: skip
        assert all(same) and all(moved)


def test_general_coders_give_back_what_they_got_and_gain_by_a_dictionary(x: Tensor) -> None:
    some = x[:40]
    sizes = general_coders(some, x)
    assert sizes["one bit a pixel"].together == len(packed(some)) == 40 * 8
    told = sizes["gzip's method, told the training images"]
    assert told.together < sizes["gzip"].together < (sizes["gzip"].apart or 0)


def test_context_code_is_a_distribution_over_all_images(x: Tensor) -> None:
    every = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 4)  # all images of 2 x 2 pixels
    bits = context_code_length(x[:, :4], every)
    assert torch.exp2(-bits).sum().item() == pytest.approx(1.0)


def test_the_tables_of_lecture_19_are_whole() -> None:
    for way, row in stored_table("trial", 19)["2000"].items():
        assert {"elbo", "of ten", "of a hundred", "net", "seconds"} <= set(row), way
        for low, high in zip(row["elbo"], row["of ten"], strict=True):
            assert low < high < 0
    assert all(len(row["net"]) == 5 for row in stored_table("bins", 19)["2000"].values())
    assert set(stored_table("swap", 19)["2000"]) == {"plain", "swap"}

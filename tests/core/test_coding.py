"""Coding: lossless, at the stated price. The price by enumeration and quadrature; decoding coin flips by a chi-square test."""

from __future__ import annotations

import lzma
import math
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, mean_z
from scipy import stats
from torch import nn

from course_vi import exact
from course_vi.coding import (
    BernoulliCode,
    BitsBack,
    CategoricalCode,
    DiscretizedNormalCode,
    Stack,
    UniformCode,
)
from course_vi.coding.symbols import bin_medians
from course_vi.data import digits
from course_vi.families import Amortized, FullRank, MeanField
from course_vi.gradients import reparametrized
from course_vi.learning import fit
from course_vi.models import VAE, ConjugateToy
from course_vi.nets import mlp

NAT = 1 / math.log(2)  # bits


def codes(rng, count):
    """One code of each kind for ``count`` symbols."""
    return [
        UniformCode(8, count),
        BernoulliCode(rng.uniform(size=count)),
        CategoricalCode(rng.dirichlet(np.ones(5), size=count)),
        DiscretizedNormalCode(rng.normal(size=count), rng.uniform(0.05, 2, size=count), 16),
    ]


def draw(rng, code):
    """Symbols from a code, without the stack."""
    if isinstance(code, UniformCode):
        return rng.integers(0, code.size, code.count)
    if isinstance(code, BernoulliCode):
        return (rng.uniform(size=code.count) < code.probs).astype(int)
    return (rng.uniform(size=(code.count, 1)) >= code.probs.cumsum(1)[:, :-1]).sum(1)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60), words=st.integers(0, 3))
def test_a_stack_gives_back_what_was_pushed(seed, count, words):
    rng = np.random.default_rng(seed)
    stack = Stack.random(words, seed) if words else Stack()
    before, pushed = stack.words(), []
    for code in codes(rng, count):
        pushed.append((code, draw(rng, code)))
        stack.push(pushed[-1][1], code)
    stack = Stack(stack.words())  # by way of the words
    for code, symbols in reversed(pushed):
        assert np.array_equal(stack.pop(code), symbols)
    assert np.array_equal(stack.words(), before)


def test_popping_before_pushing_is_undone_too():
    """What bits back rests on: symbols drawn from the stack, pushed again, leave it as it was."""
    rng, stack = np.random.default_rng(0), Stack.random(200)
    before = stack.words()
    drawn = [(code, stack.pop(code)) for code in codes(rng, 300)]
    for code, symbols in reversed(drawn):
        stack.push(symbols, code)
    assert np.array_equal(stack.words(), before)


def test_what_symbols_cost(evidence):
    rng = np.random.default_rng(0)
    for code in codes(rng, 20_000):
        stack, symbols = Stack.random(4), draw(rng, code)
        before = stack.bits
        stack.push(symbols, code)
        error = abs(stack.bits - before + code.log_prob(symbols).sum() * NAT) / code.count
        assert error < 1e-4, "bits for each symbol: the stack tells its length in whole bits"
        evidence(
            f"coding.{type(code).__name__}: bits for each of 20,000 symbols",
            "minus log2 of their probability",
            error=error,
        )
    stack = Stack.random(4)
    stack.push(np.array([0, 0, 1]), BernoulliCode(np.array([0.0, 1.0, 1.0])))
    assert abs(stack.bits - 128 - 24) <= 1, (
        "what was called impossible costs 24 bits; what was called certain, nothing"
    )


def test_popping_coin_flips_is_sampling(evidence):
    """Chi-square of 20,000 symbols popped from random words against the probabilities of their code."""
    flips, count = Stack.random(10_000, seed=3), 20_000
    normal = DiscretizedNormalCode(np.full(count, 0.7), np.full(count, 0.4), 16)
    row = np.array([0.5, 0.3, 0.15, 0.05])
    for code, wanted in (
        (UniformCode(8, count), np.full(8, 1 / 8)),
        (BernoulliCode(np.full(count, 0.3)), np.array([0.7, 0.3])),
        (CategoricalCode(np.tile(row, (count, 1))), row),
        (normal, normal.probs[0]),
    ):
        found, many = np.bincount(flips.pop(code), minlength=len(wanted)), wanted * count > 5
        expected = np.append(wanted[many], wanted[~many].sum() + 1e-12) * count
        chance = stats.chisquare(
            np.append(found[many], found[~many].sum()), expected * count / expected.sum()
        ).pvalue
        assert chance > 1e-5, type(code).__name__
        evidence(
            f"coding.Stack.pop of coin flips, {type(code).__name__}",
            "chi-square against its probabilities (as a normal score)",
            z=stats.norm.isf(chance),
        )
    assert flips.bits > 32


@pytest.mark.parametrize(
    "loc, scale", [(0.0, 1.0), (0.3, 0.2), (-4.0, 1e-3), (6.0, 0.5), (1e3, 1e-6), (0.0, 1e6)]
)
def test_bins(loc, scale, evidence):
    code = DiscretizedNormalCode(np.array([loc]), np.array([scale]), 64)
    edges = stats.norm.ppf(np.arange(65) / 64)
    error = np.abs(code.probs[0] - np.diff(stats.norm.cdf(edges, loc, scale))).max()
    assert error < 1e-13 and abs(code.probs.sum() - 1) < 1e-13
    medians = stats.norm.cdf(bin_medians(np.arange(64), 64))
    assert np.abs(medians - (np.arange(64) + 0.5) / 64).max() < 1e-14
    evidence("coding.DiscretizedNormalCode", "scipy.stats.norm.cdf", error=error)


# -- bits back ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    """A small VAE of the digits, trained for a second or two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COURSE_VI_SMOKE", raising=False)
        p, q = VAE(4, 64, 64, generator(0)), Amortized(MeanField(4), mlp(64, 64, 8, generator(1)))
        fit(p, q, digits().train, steps=400, batch_size=128, learning_rate=3e-3, progress=False)
    return p, q


def test_real_digits_without_loss_at_minus_the_elbo(trained, evidence):
    p, q = trained
    x, coder = digits().test, BitsBack(p, q)
    data = coder.encode(x)
    assert torch.equal(coder.decode(data), x) and len(data) < 0.6 * x.numel() / 8
    net = coder.net_bits(data)
    assert 8 * (len(data) - 12) - 32 * coder.initial_words - net in range(32), (
        "header, initial bits and whole words: no more"
    )
    stack = Stack.random(coder.initial_words)
    chosen = coder.push(stack, x)
    weights = torch.tensor(
        [coder.log_weight(row, index) for row, index in zip(x, chosen, strict=True)], dtype=DOUBLE
    )
    error = abs(net + weights.sum().item() * NAT) / len(x)
    assert error < 0.01, "bits for each image: what the bins it drew should cost"
    evidence(
        "coding.BitsBack: net bits for each of 297 digits",
        "minus the log weights of the bins it drew",
        error=error,
    )
    with torch.no_grad():
        elbo = reparametrized(p, q, x, 2_000, generator=generator(5))
    z = mean_z(weights - elbo.to(DOUBLE), 0.0)
    assert z < LIMIT
    evidence("coding.BitsBack: net bits, a trained VAE", "its continuous ELBO, 2,000 samples", z=z)
    raw = np.packbits(x.numpy().astype(np.uint8)).tobytes()
    assert len(data) < min(len(zlib.compress(raw, 9)), len(lzma.compress(raw, preset=9)))


def small(precision):
    p = VAE(1, 3, 5, generator(0)).double()
    with torch.no_grad():
        p.decoder[2].weight.mul_(4.0), p.decoder[0].weight.mul_(2.0)
    q = Amortized(MeanField(1), nn.Linear(3, 2)).double()
    with torch.no_grad():
        q.encoder.weight.copy_(torch.tensor([[0.5, -0.4, 0.6], [0.1, 0.2, -0.3]]))
        q.encoder.bias.copy_(torch.tensor([0.2, -0.6]))
    return p, q, BitsBack(p, q, precision)


def discrete_elbo(coder, x):
    """The ELBO of the model on the bins, by adding up all of them."""
    answers = []
    for row in x:
        probs = coder.posterior_code(row).probs[0]
        terms = [coder.log_weight(row, np.array([i])) for i in range(coder.bins)]
        answers.append(float(probs @ np.array(terms)))
    return torch.tensor(answers, dtype=DOUBLE)


def length(stack):
    """The length with fractions of a bit: log2 of the number that the words are."""
    words = stack.words()
    return math.log2((int(words[-1]) << 32) + int(words[-2])) + 32 * (len(words) - 2)


def test_the_mean_net_length_is_minus_the_elbo_on_the_bins(evidence):
    """From fair coin flips, that is. In a chain with a q that does not average to the prior the bits are dirty, and it shows."""
    p, _, coder = small(4)
    x, _ = p.sample(1_000, generator(1))
    images = exact.enumerate_binary(3, like=x)
    exactly = discrete_elbo(coder, images)[(x @ torch.tensor([4.0, 2.0, 1.0], dtype=DOUBLE)).long()]
    fresh, weights, lengths = [Stack.random(6, seed) for seed in range(len(x))], [], []
    for stack, row in zip(fresh, x, strict=True):
        before, index = length(stack), coder.push(stack, row.unsqueeze(0))[0]
        weights.append(coder.log_weight(row, index))
        lengths.append(length(stack) - before)
    z = mean_z(torch.tensor(weights, dtype=DOUBLE) - exactly, 0.0)
    z_bits = mean_z(torch.tensor(lengths, dtype=DOUBLE) + exactly * NAT, 0.0)
    assert z < LIMIT and z_bits < LIMIT
    evidence(
        "coding.BitsBack: net bits from fresh coin flips, 16 bins",
        "its ELBO on the bins, all added up",
        z=max(z, z_bits),
    )
    stack = Stack.random(32)
    chosen = coder.push(stack, x)
    chained = torch.tensor(
        [coder.log_weight(row, index) for row, index in zip(x, chosen, strict=True)], dtype=DOUBLE
    )
    assert abs(stack.bits - 32 * 32 + chained.sum().item() * NAT) < 3, (
        "bits in all: the price of what was drawn, fair or not"
    )
    assert mean_z(chained - exactly, 0.0) > LIMIT
    assert torch.equal(coder.pop(stack, 300), x[:300]) and torch.equal(
        coder.pop(stack, 700), x[300:]
    )
    assert np.array_equal(stack.words(), Stack.random(32).words())


def test_the_error_of_the_bins(evidence):
    """Against quadrature of the continuous ELBO: it vanishes, about as fast as the square of the width of the bins."""
    p, q, _ = small(4)
    x = exact.enumerate_binary(3, like=p._like())
    with torch.no_grad():
        density = q.distribution(x)
        grid = torch.linspace(-9, 9, 4_001, dtype=DOUBLE)
        z = density.loc + density.stddev * grid.view(-1, 1, 1)
        weight = torch.softmax(-0.5 * grid.square(), 0).unsqueeze(-1)
        wanted = (weight * (p.log_joint(x, z) - density.log_prob(z))).sum(0)
    errors = [
        (discrete_elbo(BitsBack(p, q, precision), x) - wanted).abs().max().item()
        for precision in (3, 5, 7)
    ]
    assert (
        all(fine < 0.35 * coarse for coarse, fine in zip(errors, errors[1:], strict=False))
        and errors[-1] < 5e-3
    )
    evidence(
        "coding.BitsBack: the error of 128 bins, nats",
        "quadrature of the continuous ELBO",
        error=errors[-1],
    )


def test_wrong_receivers_and_corrupt_bytes(trained):
    p, q = trained
    x, coder = digits().test[:5], BitsBack(p, q)
    data = coder.encode(x)
    flipped = bytearray(data)
    flipped[40] ^= 1
    for bad, message in (
        (bytes(flipped), "check sum"),
        (data[:-4], "check sum"),
        (data[:-3], "expected what encode returned"),
        (b"", "data has 0 bytes"),
        (b"PNG!" + data[4:], "begin with b'PNG!'"),
    ):
        with pytest.raises(ValueError, match=message):
            coder.decode(bad)
    for other in (
        BitsBack(p, q, precision=9),
        BitsBack(p, q, seed=1),
        BitsBack(VAE(4, 64, 64, generator(9)), q),
    ):
        with pytest.raises(ValueError, match="written with another model, family or setting"):
            other.decode(data)


def test_one_row_one_latent_float32_and_float64():
    for dtype in (torch.float32, DOUBLE):
        p, q = (
            VAE(1, 1, 2, generator(0)).to(dtype),
            Amortized(MeanField(1), mlp(1, 2, 2, generator(1))).to(dtype),
        )
        coder, x = BitsBack(p, q, precision=1), torch.ones(1, 1, dtype=dtype)
        found = coder.decode(coder.encode(x))
        assert torch.equal(found, x) and found.dtype == dtype
    assert coder.encode(x) == coder.encode(x)


def test_refusals(trained):
    p, q = trained
    coder, x = BitsBack(p, q), digits().test[:2]
    for bad, message in (
        (x[:0], r"\(0, 64\); expected \(N, 64\) with at least one row"),
        (x[0], "at least one row"),
        (x[:, 1:], "expected its last axis to have 64 entries"),
        (x + 0.5, "that are no symbols"),
        (x - 1, "that are no symbols"),
        (x * math.nan, "NaN"),
        (x + 1, "which BernoulliCode does not know"),
    ):
        with pytest.raises(ValueError, match=message):
            coder.encode(bad)
    with pytest.raises(ValueError, match="ran out of bits"):
        BitsBack(p, q, initial_words=1).encode(x)
    with pytest.raises(ValueError, match="precision is 17; expected 16 or less"):
        BitsBack(p, q, precision=17)
    with pytest.raises(TypeError, match="q answers with a CholeskyNormal"):
        BitsBack(p, FullRank(4)).encode(x)
    with pytest.raises(TypeError, match="p has a likelihood of type DiagonalNormal"):
        BitsBack(ConjugateToy(), MeanField(1)).encode(torch.ones(1, 1))
    with pytest.raises(ValueError, match="q is over 3 latents"):
        BitsBack(p, MeanField(3))
    with pytest.raises(ValueError, match="words has dtype int64"):
        Stack(np.array([1, 2]))
    with pytest.raises(ValueError, match=r"probs has entries from 0.5 to 1.5"):
        BernoulliCode(np.array([0.5, 1.5]))
    with pytest.raises(ValueError, match="probs has 1 entries that are NaN"):
        BernoulliCode(np.array([0.5, math.nan]))
    with pytest.raises(ValueError, match="rows that do not add up to one"):
        CategoricalCode(np.array([[0.5, 0.6]]))
    with pytest.raises(ValueError, match="positive scales"):
        DiscretizedNormalCode(np.zeros(1), np.zeros(1), 4)
    with pytest.raises(ValueError, match="symbols has shape"):
        Stack().push(np.array([0, 1]), UniformCode(2, 3))

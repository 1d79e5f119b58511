"""A stack to read, a stack with a meter, and latents on bins: against arithmetic, the library, sums over more bins and the coder itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from course_vi.coding import (
    AnsStack,
    DiscretizedNormalCode,
    MeteredStack,
    Stack,
    binned_elbo,
    equal_mass_bins,
    equal_width_bins,
    log_masses,
)


def counts_of(rng, size, total):
    """Whole numbers that add up to ``total``, some of them zero."""
    return rng.multinomial(total, rng.dirichlet(np.full(size, 0.5))).tolist()


# ---- a stack to read ------------------------------------------------------------------------------------------------------
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(0, 16), head=st.integers(0, 2**32 - 1))
def test_the_stack_is_what_it_was_after_all_is_popped(seed, bits, head):
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 2**16, 3).tolist() if head >= 2**16 else []
    stack = AnsStack(words, head)
    tables = [counts_of(rng, int(rng.integers(1, 9)), 2**bits) for _ in range(60)]
    pushed = [int(rng.choice(np.flatnonzero(counts))) for counts in tables]
    for symbol, counts in zip(pushed, tables, strict=True):
        stack.push(symbol, counts)
        assert 0 <= stack.head < 2**32 and (not stack.words or stack.head >= 2**16)
    popped = [stack.pop(counts) for counts in reversed(tables)]
    assert popped[::-1] == pushed and (stack.words, stack.head) == (words, head)


def test_pop_is_the_rank_among_heads_that_show_the_same():
    counts = [3, 0, 4, 1]
    seen: dict[int, int] = {}
    for head in range(200):
        stack = AnsStack(head=head)
        symbol = stack.pop(counts)
        assert symbol == [0, 0, 0, 2, 2, 2, 2, 3][head % 8]
        assert stack.head == seen.get(symbol, 0)
        seen[symbol] = stack.head + 1


def test_popping_what_was_not_pushed_and_pushing_it_again_changes_nothing():
    rng = np.random.default_rng(3)
    words, head = rng.integers(0, 2**16, 400).tolist(), 2**31
    stack, counts = AnsStack(words, head), [5, 2, 9]
    drawn = [stack.pop(counts) for _ in range(1500)]
    chances = stats.chisquare(np.bincount(drawn, minlength=3), 1500 * np.array(counts) / 16)
    assert chances.pvalue > 1e-5
    for symbol in reversed(drawn):
        stack.push(symbol, counts)
    assert (stack.words, stack.head) == (words, head)


def test_a_push_costs_minus_the_logarithm():
    rng, counts = np.random.default_rng(4), [13, 50, 1]
    stack = AnsStack(head=2**20)
    pushed = rng.choice(3, 3000, p=np.array(counts) / 64)
    for symbol in pushed:
        stack.push(int(symbol), counts)
    ideal = -np.log2(np.array(counts) / 64)[pushed].sum()
    assert stack.bits - 20 == pytest.approx(ideal, rel=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AnsStack([1], 5), "head is 5 above 1 words"),
        (lambda: AnsStack([2**16], 2**20), "words has numbers outside"),
        (lambda: AnsStack().push(2, [1, 1]), "symbol is 2"),
        (lambda: AnsStack().push(0, [0, 4]), "expected one with a slot"),
        (lambda: AnsStack().push(0, [1, 2]), "add up to 3"),
        (lambda: AnsStack().pop([-1, 3]), "none below 0"),
    ],
)
def test_what_is_no_stack_or_symbol_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---- a stack with a meter -------------------------------------------------------------------------------------------------
def test_the_meter_says_what_the_stack_has_grown_by_and_how_low_it_was():
    rng, stack = np.random.default_rng(5), MeteredStack(8, seed=2)
    before, start = stack.words(), stack.bits
    tables = [torch.as_tensor(rng.dirichlet(np.ones(4))) for _ in range(30)]
    drawn = [stack.pop(probs) for probs in tables[:10]]
    taken = sum(math.log2(float(p[z])) for p, z in zip(tables, drawn, strict=False))
    assert stack.spent == pytest.approx(taken, abs=1e-4) and stack.lowest == stack.spent
    for probs in tables:
        stack.push(1, probs)
    assert stack.bits - start == pytest.approx(stack.spent, abs=2)
    assert stack.lowest == pytest.approx(taken, abs=1e-4)
    for probs in reversed(tables):
        assert stack.pop(probs) == 1
    for symbol, probs in reversed(list(zip(drawn, tables, strict=False))):
        stack.push(symbol, probs)
    assert np.array_equal(stack.words(), before) and stack.spent == pytest.approx(0, abs=1e-9)
    assert [entry.kind for entry in stack.entries[:10]] == ["pop"] * 10


def test_a_metered_stack_takes_a_stack_and_refuses_what_is_no_symbol():
    stack = Stack.random(2, 1)
    metered = MeteredStack(stack)
    metered.push(torch.tensor(1.0), [0.5, 0.5])
    assert metered.stack is stack and metered.entries[0].symbol == 1
    with pytest.raises(ValueError, match=r"symbol is 0\.5"):
        metered.push(0.5, [0.5, 0.5])
    with pytest.raises(ValueError, match="does not know"):
        metered.push(2, [0.5, 0.5])


# ---- latents on bins ------------------------------------------------------------------------------------------------------
def toy(x):
    return lambda z: -0.5 * math.log(2 * math.pi) - 0.5 * (x - z) ** 2


def elbo_of_the_toy(x, loc, scale):
    kl = 0.5 * (scale**2 + loc**2 - 1) - math.log(scale)
    return -0.5 * math.log(2 * math.pi) - 0.5 * ((x - loc) ** 2 + scale**2) - kl


@pytest.mark.parametrize(("x", "sign"), [(0.0, 1), (3.0, -1)])
def test_bins_cost_or_save_at_the_posterior(x, sign):
    excess = elbo_of_the_toy(x, x / 2, 0.5**0.5) - binned_elbo(toy(x), x / 2, 0.5**0.5, equal_width_bins(0.3))  # fmt: skip
    assert sign * excess > 0
    assert excess == pytest.approx({0.0: 0.0019, 3.0: -0.0065}[x], abs=1e-4)


@pytest.mark.parametrize("bins", [equal_width_bins(0.01, 15.0), equal_mass_bins(2**14)])
def test_the_elbo_on_many_bins_is_that_of_the_density(bins):
    assert binned_elbo(toy(1.0), 0.3, 0.6, bins) == pytest.approx(
        elbo_of_the_toy(1.0, 0.3, 0.6), abs=2e-5
    )


def test_masses_are_right_in_the_tails():
    edges = torch.tensor([-np.inf, -30.0, -29.9, 0.0, 0.1, 29.9, 30.0, np.inf], dtype=torch.float64)
    masses = log_masses(0.0, 1.0, edges)
    integral, _ = integrate.quad(lambda t: math.exp(-0.5 * (t**2 - 29.9**2)), 29.9, 30.0)
    exact = math.log(integral) - 0.5 * 29.9**2 - 0.5 * math.log(2 * math.pi)
    assert float(masses[1]) == pytest.approx(exact, rel=1e-10)
    assert float(masses[5]) == pytest.approx(exact, rel=1e-10)
    assert float(masses.exp().sum()) == pytest.approx(1.0, abs=1e-14)


def test_bins_of_equal_mass_are_those_of_the_coder():
    bins = equal_mass_bins(64)
    code = DiscretizedNormalCode(np.array([0.7]), np.array([0.3]), 64)
    np.testing.assert_allclose(log_masses(0.7, 0.3, bins.edges).exp(), code.probs[0], atol=1e-12)
    np.testing.assert_allclose(log_masses(0.0, 1.0, bins.edges).exp(), 1 / 64, rtol=1e-9)

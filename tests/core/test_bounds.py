"""Bounds, by value and by the inequalities that hold for every set of log weights."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, expected_bound, randn

from course_vi.bounds import elbo, iwae
from course_vi.gradients.bound_structure import is_linear, path_weights
from course_vi.models import ConjugateToy

log_weights = st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=12).map(
    lambda values: torch.tensor(values, dtype=DOUBLE)
)


def test_values_by_hand(evidence):
    log_w = torch.tensor([[1.0, 3.0], [2.0, 5.0], [6.0, 7.0]], dtype=DOUBLE).log()
    error = (
        (elbo(log_w).exp() - torch.tensor([12.0, 105.0], dtype=DOUBLE) ** (1 / 3)).abs().max()
    )  # geometric means
    assert error < 1e-14 * 10
    evidence("bounds.elbo", "by hand: the log of the geometric mean", error=error)
    error = (
        (iwae(log_w).exp() - torch.tensor([3.0, 5.0], dtype=DOUBLE)).abs().max()
    )  # arithmetic means
    assert error < 1e-14 * 10
    evidence("bounds.iwae", "by hand: the log of the arithmetic mean", error=error)


def test_one_sample_and_duplicates():
    log_w = randn(1, 7, seed=0)
    assert torch.equal(iwae(log_w), elbo(log_w)) and torch.equal(elbo(log_w), log_w[0])
    copies = log_w.expand(5, 7)
    assert torch.allclose(iwae(copies), log_w[0], atol=1e-14) and torch.allclose(
        elbo(copies), log_w[0], atol=1e-14
    )


def test_shapes_of_batches():
    log_w = randn(3, 4, 5, seed=1)
    for bound in (elbo, iwae):
        assert bound(log_w).shape == (4, 5)
        one_by_one = torch.stack(
            [torch.stack([bound(log_w[:, i, j]) for j in range(5)]) for i in range(4)]
        )
        assert torch.allclose(bound(log_w), one_by_one, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_log_weights(dtype):
    """Log weights of 10,000 either way: values and derivatives are those of the same weights near zero."""
    small = torch.tensor([0.3, -0.2, 0.9], dtype=dtype)
    for shift in (-1e4, 1e4):
        tolerance = 1e4 * torch.finfo(dtype).eps * 4
        assert abs(iwae(small + shift).item() - shift - iwae(small).item()) < tolerance
        assert abs(elbo(small + shift).item() - shift - elbo(small).item()) < tolerance
        first, second = path_weights(iwae, small + shift)
        wanted = small.softmax(0)
        assert torch.allclose(first, wanted, atol=10 * tolerance)
        assert torch.allclose(second, wanted - wanted**2, atol=10 * tolerance)
    spread = torch.tensor([-1e4, 0.0, 1e4], dtype=dtype)
    assert iwae(spread).item() == pytest.approx(1e4 - math.log(3)) and elbo(spread).item() == 0.0
    first, second = path_weights(iwae, spread)
    assert first.tolist() == [0.0, 0.0, 1.0] and second.tolist() == [0.0, 0.0, 0.0]


@settings(max_examples=200, deadline=None)
@given(log_weights)
def test_elbo_below_iwae_below_largest(log_w):
    slack = 1e-12 * (1 + log_w.abs().max().item())
    assert elbo(log_w) <= iwae(log_w) + slack
    assert iwae(log_w) <= log_w.max() + slack
    assert iwae(log_w) >= log_w.max() - math.log(len(log_w)) - slack


@settings(max_examples=100, deadline=None)
@given(log_weights, st.randoms(use_true_random=False))
def test_permutation(log_w, random):
    order = list(range(len(log_w)))
    random.shuffle(order)
    for bound in (elbo, iwae):
        assert torch.isclose(bound(log_w), bound(log_w[order]), rtol=1e-12, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(log_weights, st.floats(-100, 100))
def test_a_constant_factor_moves_the_bound_by_its_logarithm(log_w, constant):
    for bound in (elbo, iwae):
        assert torch.isclose(
            bound(log_w + constant), bound(log_w) + constant, rtol=1e-12, atol=1e-9
        )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(-50, 50), min_size=1, max_size=8).map(
        lambda values: torch.tensor(values, dtype=DOUBLE)
    )
)
def test_path_weights_are_the_derivatives(log_w):
    """Against the formulas: 1/K and 0 for the ELBO; normalized weights w and w - w^2 for IWAE."""
    first, second = path_weights(elbo, log_w)
    assert torch.allclose(first, torch.full_like(first, 1 / len(log_w))) and not second.any()
    first, second = path_weights(iwae, log_w)
    weights = log_w.softmax(0)
    assert torch.allclose(first, weights, atol=1e-12) and torch.allclose(
        second, weights - weights**2, atol=1e-12
    )


def test_linearity_is_read_from_the_structure():
    def scaled_elbo(log_w):
        return 3.0 * log_w.mean(0) + 2.0

    def nearly(log_w):
        return log_w.mean(0) + 1e-6 * log_w.square().sum(0)

    assert is_linear(elbo, 5) and is_linear(scaled_elbo, 5) and is_linear(iwae, 1)
    assert not is_linear(iwae, 2) and not is_linear(nearly, 5) and not is_linear(iwae, 64)


def test_the_exact_bound_climbs_with_k(evidence):
    """ELBO = L_1 <= L_2 <= L_3 <= log p(x), by quadrature; and the ELBO by its formula."""
    toy, x = ConjugateToy(), torch.tensor([2.0], dtype=DOUBLE)
    loc, log_scale = torch.tensor([0.3], dtype=DOUBLE), torch.tensor([0.1], dtype=DOUBLE)
    bounds = [expected_bound(toy, loc, log_scale, x, iwae, k).item() for k in (1, 2, 3)]
    assert bounds == sorted(bounds) and bounds[-1] < toy.log_evidence(x).item()
    m, s = 0.3, math.exp(0.1)
    kl = 0.5 * (s**2 / 0.5 + (m - 1.0) ** 2 / 0.5 - 1 - math.log(s**2 / 0.5))
    error = abs(bounds[0] - (toy.log_evidence(x).item() - kl))
    assert error < 1e-12
    evidence("bounds.elbo", "toy: log evidence minus the KL in closed form", error=error)


def test_refusals():
    for bound in (elbo, iwae):
        with pytest.raises(TypeError, match="log_w is a list"):
            bound([1.0, 2.0])
        with pytest.raises(ValueError, match=r"log_w has shape \(\); expected"):
            bound(torch.tensor(1.0))
        with pytest.raises(ValueError, match=r"log_w has shape \(0, 3\)"):
            bound(torch.empty(0, 3))

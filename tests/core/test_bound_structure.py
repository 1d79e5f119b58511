"""What is read off a bound: linear by its slopes everywhere, its K as it is, and derivatives that it brings itself."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from oracles import DOUBLE, randn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from course_vi.bounds import elbo, iwae, jackknife, renyi, thermodynamic
from course_vi.families import MeanField
from course_vi.gradients import bound_structure as structure
from course_vi.gradients import doubly_reparametrized, reparametrized, sticking_the_landing
from course_vi.models import ConjugateToy


class Largest(TorchDispatchMode):
    """The size of the largest tensor that an operation makes."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        self.numel = max(self.numel, *sizes, 0)
        return result


PIECES = {
    "max": lambda w: w.amax(0),
    "median": lambda w: w.median(0).values,
    "clipped at -30": lambda w: w.clamp(min=-30.0).mean(0),
    "clipped at -3": lambda w: w.clamp(min=-3.0).mean(0),
    "clipped above": lambda w: w.clamp(max=200.0).mean(0),
}
BRINGING = {
    "iwae": iwae,
    "renyi(0.5)": partial(renyi, alpha=0.5),
    "renyi(-1)": partial(renyi, alpha=-1.0),
    "renyi(0.95)": partial(renyi, alpha=0.95),
    "thermodynamic": partial(thermodynamic, betas=(0.0, 0.2, 0.7, 1.0)),
    "thermodynamic, right": partial(thermodynamic, betas=[0.0, 0.5, 1.0], side="right"),
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces_are_not_linear(name):
    """sticking_the_landing gave +0.264 where the gradient of the expected maximum is -0.524."""
    bound, q, x = PIECES[name], MeanField(1), torch.tensor([2.0])
    assert not structure.is_linear(bound, 5)
    with pytest.raises(ValueError, match="expected one that is linear"):
        sticking_the_landing(ConjugateToy(), q, x, 5, bound=bound)
    with pytest.raises(ValueError, match="linear in pieces; expected a smooth one"):
        doubly_reparametrized(ConjugateToy(), q, x, 5, bound=bound)
    assert reparametrized(ConjugateToy(), q, x, 5, bound=bound).isfinite()


@pytest.mark.parametrize("size", [1, 2, 5, 200])
def test_what_is_linear(size):
    weights = torch.linspace(-1, 2, size, dtype=DOUBLE)
    for bound in (elbo, lambda w: 3 + w.sum(0), lambda w: (weights.unsqueeze(-1) * w).sum(0)):
        assert structure.is_linear(bound, size)
    assert structure.is_linear(iwae, size) == (size == 1)
    assert not structure.is_linear(partial(renyi, alpha=1 - 1e-6), max(size, 2))


def test_a_bound_may_depend_on_its_number_of_samples():
    """It died beyond K = 32: "The size of tensor a (32) must match the size of tensor b (50)"."""
    offset = torch.linspace(-1, 2, 50)

    def stratified(w):
        return (w + offset.to(w).view(-1, *(1,) * (w.dim() - 1))).mean(0)

    value = sticking_the_landing(ConjugateToy(), MeanField(1), torch.tensor([2.0]), 50, stratified)
    assert value.isfinite() and not structure.is_elbo(stratified, 50)


def test_a_partial_built_again_is_remembered():
    structure._is_linear.cache_clear()
    for _ in range(5):
        assert not structure.is_linear(partial(renyi, alpha=0.5), 7)
        assert not structure.is_linear(partial(thermodynamic, betas=[0.0, 0.5, 1.0]), 7)
    assert structure._is_linear.cache_info().misses == 2
    assert structure.is_linear(partial(renyi, alpha=1.0), 7)


@pytest.mark.parametrize("name", BRINGING)
@pytest.mark.parametrize("scale", [0.1, 3.0, 100.0])
def test_derivatives_that_are_brought_are_right(name, scale, evidence):
    bound, log_w = BRINGING[name], scale * randn(6, 4, seed=0)
    first, second = structure.path_weights(bound, log_w)
    wanted = structure._two_derivatives(lambda w: bound(w), log_w)
    error = max((first - wanted[0]).abs().max().item(), (second - wanted[1]).abs().max().item())
    assert error < 1e-12 * max(1.0, scale**2)
    if scale == 3.0:
        evidence(
            f"bounds.{name.split('(')[0].split(',')[0]}, first and second",
            "the Hessian",
            error=error,
        )


def test_a_linear_member_of_a_curved_family():
    first, second = structure.path_weights(partial(renyi, alpha=1.0), randn(5, 2, seed=0))
    assert torch.allclose(first, torch.full((5, 2), 0.2, dtype=DOUBLE)) and not second.any()


def test_a_weight_of_zero_has_no_slope():
    log_w = torch.tensor([0.3, -torch.inf, -1.0], dtype=DOUBLE)
    for bound in (
        iwae,
        partial(renyi, alpha=0.5),
        partial(thermodynamic, betas=(0.0, 1.0), side="right"),
    ):
        first, second = structure.path_weights(bound, log_w)
        assert (
            first[1] == 0 and second[1] == 0 and first.isfinite().all() and second.isfinite().all()
        )


class Mine:
    """A bound of one's own, with derivatives."""

    def __call__(self, w):
        return w.exp().mean(0)

    def first(self, w):
        return w.exp() / len(w)

    second = first


def test_a_bound_of_ones_own_brings_its_derivatives():
    log_w = randn(5, 3, seed=1)
    for one, other in zip(
        structure.path_weights(Mine(), log_w),
        structure._two_derivatives(Mine(), log_w),
        strict=True,
    ):
        assert torch.allclose(one, other)


def test_a_thousand_samples_take_no_hessian():
    """Nothing as large as K x K is made on the way; a bound that brings no derivatives needs it."""
    q, x = MeanField(1), torch.zeros(2, 1)
    with Largest() as made:
        doubly_reparametrized(ConjugateToy(), q, x, 1000, bound=iwae).sum().backward()
    assert 2000 <= made.numel < 1000**2
    with Largest() as made:
        doubly_reparametrized(ConjugateToy(), q, x, 1000, bound=lambda w: iwae(w))
    assert made.numel >= 1000**2


def test_a_jackknife_still_finds_its_own():
    first, second = structure.path_weights(partial(jackknife, order=1), randn(5, 2, seed=0))
    assert torch.allclose(first.sum(0), torch.ones(2, dtype=DOUBLE)) and second.any()

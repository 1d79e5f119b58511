r"""Baum-Welch: EM for hidden Markov models, where the E-step is a sweep forwards and one back."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.special import entr

from course_vi import validate
from course_vi.models.tractable.hidden_markov_model import HiddenMarkovModel, Marginals

__all__ = ["BaumWelch", "baum_welch", "chain_free_energy"]


class BaumWelch(NamedTuple):
    """The last q as its marginals, and the free energy after each half step, E, M, E, M, ..., ``(2 * steps,)``; it never falls."""

    marginals: Marginals
    free_energy: Tensor


def chain_free_energy(
    p: HiddenMarkovModel, x: Tensor, q: Marginals, seen: Tensor | None = None
) -> Tensor:
    r"""F = E_q[log p(x, z) - log q(z)], a number, for a q that is a Markov chain too, given by its marginals of states and pairs.

    .. math:: H(q) = \sum_t H(z_t, z_{t+1}) - \sum_{1 < t < T} H(z_t)
    """
    initial, transition = p.initial_logits.log_softmax(-1), p.transition_logits.log_softmax(-1)
    move = _until_the_end(q, seen)
    fit = (
        _times(q.states[:, 0], initial)
        + _times(move * q.pairs, transition)
        + _times(q.states, p.evidence_terms(x, seen))
    )
    onward = entr(q.pairs).sum((-2, -1)) - entr(q.states[:, :-1]).sum(-1)  # H(z_{t+1} | z_t)
    return fit + entr(q.states[:, 0]).sum() + (move[..., 0, 0] * onward).sum()


def _times(share: Tensor, log_p: Tensor) -> Tensor:
    """The sum of share * log p, where what never happens may have probability zero. A denormal share is none: sums may lose it."""
    happens = share > torch.finfo(share.dtype).tiny
    return torch.where(happens, share * log_p, torch.zeros_like(share)).sum()


def _until_the_end(q: Marginals, seen: Tensor | None) -> Tensor:
    """Which moves lead to a step that was seen, or has one after it, ``(N or 1, T - 1, 1, 1)``: a series ends with its last datum."""
    if seen is None:
        return torch.ones_like(q.pairs[:1, :, :1, :1])
    left = seen.bool().flip(-1).long().cumsum(-1).flip(-1) > 0
    return left.expand(len(q.states), -1)[:, 1:, None, None].to(q.pairs)


def _maximize(p: HiddenMarkovModel, x: Tensor, q: Marginals, seen: Tensor | None) -> None:
    r"""Expected counts, normalized: :math:`\pi \propto \sum_n q(z_1)`, :math:`A \propto \sum_{n,t} q(z_t, z_{t+1})`, :math:`B` likewise."""
    weights = q.states if seen is None else q.states * seen.to(q.states).unsqueeze(-1)
    counts = weights.sum((0, 1))
    if not bool((counts > 0).all()):
        raise ValueError(
            f"state {int(counts.argmin())} is never visited; expected each to be. Start elsewhere, or with fewer states"
        )
    p.initial_logits.copy_(q.states[:, 0].mean(0).log())
    if p.steps > 1:
        moves = (q.pairs * _until_the_end(q, seen)).sum((0, 1))
        left = moves.sum(-1, keepdim=True)
        now = p.transition_logits.log_softmax(-1)  # for a state that nothing ever leaves
        p.transition_logits.copy_(torch.where(left > 0, moves.log() - left.log(), now))
    if seen is not None:
        size = p.data_dim // p.steps
        x = torch.where(seen.bool().repeat_interleave(size, -1), x, torch.zeros_like(x))
    p.maximize_emission(x, weights)


def _record(trace: list[Tensor], value: Tensor, name: str, size: int) -> None:
    slack = 1e3 * torch.finfo(value.dtype).eps * (1 + float(value.abs()) + size)
    if trace and not float(value) >= float(trace[-1]) - slack:
        raise RuntimeError(
            f"the {name} took F from {float(trace[-1]):.6g} to {float(value):.6g}; expected it never to fall. Try float64"
        )
    trace.append(value)


def baum_welch(
    p: HiddenMarkovModel,
    x: Tensor,
    steps: int = 100,
    tolerance: float = 0.0,
    seen: Tensor | None = None,
) -> BaumWelch:
    r"""EM for ``HiddenMarkovModel``, ``GaussianHMM`` and ``MultivariateGaussianHMM``; the parameters are moved in place.

    Args:
        x: N series, ``(N, T)``, or ``(N, T * p)`` where the data are vectors.
        steps: pairs of an E-step and an M-step, at most.
        tolerance: stop when a pair raises F by no more than this many nats for each entry of x.
        seen: which data were seen, true or false, ``(N, T)`` or ``(T,)``; the others are not read. A series ends with its last datum seen,
            so that series of several lengths are one x, filled up at their ends.

    Raises:
        ValueError: NaN in what was seen of x; a state that is never visited, or that collapses onto one value.
        RuntimeError: F fell, by more than rounding.

    Source: Baum, Petrie, Soules and Weiss, 1970; Rabiner, Proceedings of the IEEE, 1989.

    >>> rows = torch.tensor([[0.9, 0.1], [0.1, 0.9]])
    >>> true = HiddenMarkovModel(torch.tensor([0.5, 0.5]), rows, rows, steps=30)
    >>> x, _ = true.sample(20, torch.Generator().manual_seed(0))
    >>> start = HiddenMarkovModel(torch.tensor([0.5, 0.5]), 0.5 * rows + 0.25, 0.5 * rows + 0.25, steps=30)
    >>> found = baum_welch(start, x, steps=30)
    >>> bool((found.free_energy.diff() > -1e-2).all() and start.log_evidence(x).sum() > true.log_evidence(x).sum())
    True
    """
    validate.positive_integer("steps", steps)
    if not isinstance(p, HiddenMarkovModel):
        raise TypeError(f"p is a {type(p).__name__}; expected a HiddenMarkovModel or a GaussianHMM")
    validate.instance("x", x, Tensor)
    if x.dim() != 2 or not len(x):
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (N, {p.data_dim}) with at least one series"
        )
    trace: list[Tensor] = []
    with torch.no_grad():
        for _ in range(steps):
            q = p.marginals(x, seen)
            _record(trace, chain_free_energy(p, x, q, seen), "E-step", x.numel())
            _maximize(p, x, q, seen)
            _record(trace, chain_free_energy(p, x, q, seen), "M-step", x.numel())
            if len(trace) > 2 and float(trace[-1] - trace[-3]) <= tolerance * x.numel():
                break
    return BaumWelch(q, torch.stack(trace))

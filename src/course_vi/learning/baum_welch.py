r"""Baum-Welch: EM for hidden Markov models, where the E-step is a sweep forwards and one back."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.special import entr

from course_vi import validate
from course_vi.models.tractable.hidden_markov_model import GaussianHMM, HiddenMarkovModel, Marginals

__all__ = ["BaumWelch", "baum_welch", "chain_free_energy"]


class BaumWelch(NamedTuple):
    """The last q as its marginals, and the free energy after each half step, E, M, E, M, ..., ``(2 * steps,)``; it never falls."""

    marginals: Marginals
    free_energy: Tensor


def chain_free_energy(p: HiddenMarkovModel, x: Tensor, q: Marginals) -> Tensor:
    r"""F = E_q[log p(x, z) - log q(z)], a number, for a q that is a Markov chain too, given by its marginals of states and pairs.

    .. math:: H(q) = \sum_t H(z_t, z_{t+1}) - \sum_{1 < t < T} H(z_t)
    """
    initial, transition = p.initial_logits.log_softmax(-1), p.transition_logits.log_softmax(-1)
    fit = (
        _times(q.states[:, 0], initial)
        + _times(q.pairs, transition)
        + _times(q.states, p.emission_log_prob(x))
    )
    return fit + entr(q.pairs).sum() + entr(q.states[:, 0]).sum() - entr(q.states[:, :-1]).sum()


def _times(share: Tensor, log_p: Tensor) -> Tensor:
    """The sum of share * log p, where what never happens may have probability zero."""
    return torch.where(share > 0, share * log_p, torch.zeros_like(share)).sum()


def _maximize(p: HiddenMarkovModel, x: Tensor, q: Marginals) -> None:
    r"""Expected counts, normalized: :math:`\pi \propto \sum_n q(z_1)`, :math:`A \propto \sum_{n,t} q(z_t, z_{t+1})`, :math:`B` likewise."""
    counts = q.states.sum((0, 1))
    if not bool((counts > 0).all()):
        raise ValueError(
            f"state {int(counts.argmin())} is never visited; expected each to be. Start elsewhere, or with fewer states"
        )
    p.initial_logits.copy_(q.states[:, 0].mean(0).log())
    if p.steps > 1:
        moves = q.pairs.sum((0, 1))
        left = moves.sum(-1, keepdim=True)
        now = p.transition_logits.softmax(-1)  # for a state that nothing ever leaves
        p.transition_logits.copy_(torch.where(left > 0, moves / left, now).log())
    if isinstance(p, GaussianHMM):
        loc = torch.einsum("nts,nt->s", q.states, x) / counts
        variance = torch.einsum("nts,nts->s", q.states, (x.unsqueeze(-1) - loc).square()) / counts
        if not bool((variance > 1e3 * torch.finfo(x.dtype).tiny).all()):
            raise ValueError(
                f"state {int(variance.argmin())} has collapsed onto one value; the likelihood has no maximum. Start elsewhere"
            )
        p.loc.copy_(loc)
        p.log_scale.copy_(0.5 * variance.log())
    else:
        symbols = torch.nn.functional.one_hot(x.long(), p.emission_logits.shape[-1]).to(q.states)
        p.emission_logits.copy_(
            (torch.einsum("nts,ntv->sv", q.states, symbols) / counts.unsqueeze(-1)).log()
        )


def baum_welch(
    p: HiddenMarkovModel, x: Tensor, steps: int = 100, tolerance: float = 0.0
) -> BaumWelch:
    r"""EM for ``HiddenMarkovModel`` and ``GaussianHMM``; the parameters are moved in place.

    Args:
        x: N series, ``(N, T)``.
        steps: pairs of an E-step and an M-step, at most.
        tolerance: stop when a pair raises F by no more than this many nats for each entry of x.

    Raises:
        ValueError: NaN in x; a state that is never visited, or that collapses onto one value.

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
    if x.dim() != 2 or not len(x):
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (N, {p.steps}) with at least one series"
        )
    trace: list[Tensor] = []
    with torch.no_grad():
        for _ in range(steps):
            q = p.marginals(x)
            trace.append(chain_free_energy(p, x, q))
            _maximize(p, x, q)
            trace.append(chain_free_energy(p, x, q))
            if len(trace) > 2 and float(trace[-1] - trace[-3]) <= tolerance * x.numel():
                break
    return BaumWelch(q, torch.stack(trace))

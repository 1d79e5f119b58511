r"""EM for linear Gaussian state space models: the smoother is the E-step, two regressions are the M-step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.models import LinearGaussianSSM

__all__ = ["StateSpaceEM", "state_space_em"]

PARTS = ("transition", "transition_cov", "emission", "emission_cov", "initial_loc", "initial_cov")


class StateSpaceEM(NamedTuple):
    """The log evidence of all series before the first step and after each, ``(steps + 1,)``; it never falls."""

    log_evidence: Tensor


def state_space_em(
    p: LinearGaussianSSM,
    x: Tensor,
    steps: int = 100,
    tolerance: float = 0.0,
    seen: Tensor | None = None,
    learned: Sequence[str] = PARTS,
) -> StateSpaceEM:
    r"""EM for ``LinearGaussianSSM``; the parameters are moved in place.

    .. math:: [A, B] = \Big(\sum_t E[z_t w_t^\top]\Big) \Big(\sum_t E[w_t w_t^\top]\Big)^{-1}, \quad w_t = (z_{t-1}, u_t), \qquad
              Q = \tfrac1{T-1} \sum_t E\big[(z_t - [A, B] w_t)(z_t - [A, B] w_t)^\top\big]

    with expectations under p(z | x), and likewise C, D and R for the measurements. What was not seen of x is a latent like z.

    Args:
        x: N series, ``(N, T * p)``.
        steps: at most so many.
        tolerance: stop when a step raises the log evidence by no more than this many nats for each entry of x.
        seen: which entries were seen, true or false, ``(T * p,)`` or ``(N, T * p)``.
        learned: which parts move; ``"transition"`` and ``"emission"`` take the weights of the inputs with them. A flat start stays flat.

    Raises:
        ValueError: NaN in what was seen of x; parts that differ from step to step; unknown names in ``learned``.
        RuntimeError: the log evidence fell, by more than rounding.

    Source: Shumway and Stoffer, "An approach to time series smoothing and forecasting using the EM algorithm", 1982.

    >>> one = torch.ones(1, 1)
    >>> true = LinearGaussianSSM(0.9 * one, one, one, 0.1 * one, one[0], one, steps=50)
    >>> x, _ = true.sample(40, torch.Generator().manual_seed(0))
    >>> start = LinearGaussianSSM(0.2 * one, one, one, one, one[0], one, steps=50)
    >>> found = state_space_em(start, x, 50, learned=["transition", "transition_cov", "emission_cov"])
    >>> bool((found.log_evidence.diff() > -0.05).all()), abs(start.transition.item() - 0.9) < 0.05
    (True, True)
    """
    validate.positive_integer("steps", steps)
    if not isinstance(p, LinearGaussianSSM):
        raise TypeError(f"p is a {type(p).__name__}; expected a LinearGaussianSSM")
    for name in learned:
        validate.one_of("learned", name, PARTS)
    validate.instance("x", x, Tensor)
    if x.dim() != 2 or not len(x):
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (N, {p.data_dim}) with at least one series"
        )
    if any(part.dim() > 2 for part in p.parameters()):
        raise ValueError("p has parts that differ from step to step; expected one of each to learn")
    trace: list[Tensor] = []
    with torch.no_grad():
        trace.append(p.log_evidence(x, seen=seen).sum())
        for _ in range(steps):
            _step(p, x, seen, set(learned))
            trace.append(p.log_evidence(x, seen=seen).sum())
            slack = 1e3 * torch.finfo(x.dtype).eps * (1 + float(trace[-1].abs()) + x.numel())
            if not float(trace[-1] - trace[-2]) >= -slack:
                raise RuntimeError(
                    f"the log evidence went from {float(trace[-2]):.6g} to {float(trace[-1]):.6g}; expected it never to fall"
                )
            if float(trace[-1] - trace[-2]) <= tolerance * x.numel():
                break
    return StateSpaceEM(torch.stack(trace))


def _step(p: LinearGaussianSSM, x: Tensor, seen: Tensor | None, learned: set[str]) -> None:
    found = p.smooth(x, seen)
    loc, n = found.loc, len(x)
    second = found.covariance + _outer(loc, loc)  # E[z z'], (N, T, d, d)
    after = (found.cross + _outer(loc[:, :-1], loc[:, 1:])).mT  # E[z_t z_{t-1}'], (N, T - 1, d, d)
    inputs = loc.new_zeros(p.steps, 0) if p.inputs is None else p.inputs
    moved, shown = p.transition_inputs is not None, p.emission_inputs is not None
    measured = _measured(p, x, seen, loc, second)
    if p.steps > 1:
        _regress(
            p, "transition", learned, n * (p.steps - 1),
            second[:, 1:], after, loc[:, 1:], second[:, :-1], loc[:, :-1],
            inputs[1:] if moved else inputs[1:, :0],
        )  # fmt: skip
    whole, across, means = measured
    _regress(
        p, "emission", learned, n * p.steps, whole, across, means, second, loc,
        inputs if shown else inputs[:, :0],
    )  # fmt: skip
    if p.diffuse is None:
        if "initial_loc" in learned:
            p.initial_loc.copy_(loc[:, 0].mean(0))
        if "initial_cov" in learned:
            off = loc[:, 0] - p.initial_loc
            spread = found.covariance[..., 0, :, :]
            spread = spread.mean(0) if spread.dim() > 2 else spread
            p.initial_root.copy_(_root(spread + _outer(off, off).mean(0)))


def _measured(
    p: LinearGaussianSSM, x: Tensor, seen: Tensor | None, loc: Tensor, second: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """E[x x'], E[x z'] and E[x]: what was not seen is predicted from z and from what was seen beside it."""
    series = x.unflatten(-1, (p.steps, p.p))
    if seen is None:
        return _outer(series, series), _outer(series, loc), series
    mask = seen.bool().unflatten(-1, (p.steps, p.p)).expand_as(series)
    one = mask.to(x.dtype).unsqueeze(-1)
    noise, identity = p.emission_root @ p.emission_root.mT, torch.eye(p.p).to(x)
    known = one * noise * one.mT + torch.diag_embed(1 - one.squeeze(-1))
    gain = noise @ (one * torch.linalg.pinv(known, hermitian=True) * one.mT)
    rest = identity - gain
    slope = rest @ p.emission  # x = slope z + own + N(0, left)
    shift = p.input_effects()[1].expand(p.steps, p.p)
    filled = torch.where(mask, series, torch.zeros_like(series))
    own = (gain @ filled.unsqueeze(-1) + rest @ shift.unsqueeze(-1)).squeeze(-1)
    left = rest @ noise
    mean = (slope @ loc.unsqueeze(-1)).squeeze(-1) + own
    across = slope @ second + _outer(own, loc)
    cross = slope @ _outer(loc, own)
    whole = slope @ second @ slope.mT + cross + cross.mT + _outer(own, own) + left
    return whole, across, mean


def _regress(
    p: LinearGaussianSSM, name: str, learned: set[str], count: int,
    whole: Tensor, across: Tensor, mean: Tensor, second: Tensor, loc: Tensor, inputs: Tensor,
) -> None:  # fmt: skip
    """One of the two regressions: y on (z, u), from E[y y'], E[y z'], E[y], E[z z'], E[z]."""
    size, u = loc.shape[-1], inputs.expand(len(loc), *inputs.shape)
    yy = whole.sum((0, 1))
    yw = torch.cat([across.sum((0, 1)), _outer(mean, u).sum((0, 1))], -1)
    zu = _outer(loc, u).sum((0, 1))
    top = torch.cat([second.expand(*loc.shape, size).sum((0, 1)), zu], -1)
    ww = torch.cat([top, torch.cat([zu.mT, _outer(u, u).sum((0, 1))], -1)])
    matrix, weights = getattr(p, name), getattr(p, f"{name}_inputs")
    if name in learned:
        new = torch.linalg.solve(ww, yw.mT).mT
        matrix.copy_(new[:, :size])
        if weights is not None:
            weights.copy_(new[:, size:])
    if f"{name}_cov" in learned:
        now = matrix if weights is None else torch.cat([matrix, weights], -1)
        rest = yy - now @ yw.mT - yw @ now.mT + now @ ww @ now.mT
        getattr(p, f"{name}_root").copy_(_root(rest / count))


def _outer(left: Tensor, right: Tensor) -> Tensor:
    return left.unsqueeze(-1) * right.unsqueeze(-2)


def _root(covariance: Tensor) -> Tensor:
    """A root of a covariance that may be singular by a rounding."""
    values, vectors = torch.linalg.eigh((covariance + covariance.mT) / 2)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.mT

r"""Does a family keep its second promise: is log q the density of its own samples?

It takes families of the course, and what others made: a flow of zuko, or any distribution of torch or Pyro with a transform.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Normal, TransformedDistribution

from course_vi.contracts.report import Finding, Report
from course_vi.distributions import Reparametrized, TorchDensity, stream
from course_vi.families.base import Family, batch_shape

__all__ = ["check_round_trip"]


class _Map(NamedTuple):
    """z = t(eps), with what log q claims, the density of eps, and t's inverse where there is one."""

    draw: Callable[[int], Tensor]
    forward: Callable[[Tensor], Tensor]
    base: Callable[[Tensor], Tensor]
    claimed: Callable[[Tensor], Tensor]
    inverse: Callable[[Tensor], Tensor] | None


def check_round_trip(
    q: Any,
    x: Tensor | None = None,
    num_samples: int = 64,
    generator: torch.Generator | None = None,
    tolerance: float = 1e-2,
    local: bool = True,
) -> Report:
    r"""Whether log q is the density of the samples: for each of them, the change of variables, by automatic differentiation.

    .. math:: \log q(z) = \log p(\epsilon) - \log \left| \det \frac{\partial t(\epsilon)}{\partial \epsilon} \right|,
              \qquad t^{-1}(t(\epsilon)) = \epsilon

    A sample that saturates fails both, whatever the averages say. No chance but in the draws: a fault that ``num_samples`` draws never meet
    is not seen; one that a share s of them meets is missed with probability :math:`(1 - s)^n`, 4% for s = 5%. It costs D backward passes.

    Args:
        q: a ``Family``; a module that returns a distribution; or a distribution: zuko's ``NormalizingFlow`` and torch's
            ``TransformedDistribution`` (Pyro's are these), by their transform, any ``Reparametrized`` one by its ``transport``.
        x: one datum, ``(Dx,)`` or ``(1, Dx)``, for a family that reads one; for global latents all data.
        tolerance: absolute, in nats, and of 1 + abs(eps).
        local: whether each row of x has latents of its own, as ``p.local`` says.

    >>> from course_vi.families import MeanField
    >>> print(check_round_trip(MeanField(2), generator=torch.Generator().manual_seed(0)).ok)
    True
    """
    name, asked = type(q).__name__, "log q is the change of variables"
    found = _map_of(q, x, generator, local)
    if found is None:
        return Report(name, [Finding(asked, None, "q has no map from noise of its own size")])
    try:
        eps = found.draw(num_samples)
        z = found.forward(eps)
    except ValueError as error:
        return Report(name, [Finding("samples", False, f"refused: {error}")])
    findings = []
    if found.inverse is not None:
        with torch.no_grad():
            off = _rows((found.inverse(z) - eps).abs() / (1 + eps.abs())).amax(-1)
        findings.append(
            Finding(
                "t(eps) inverted is eps",
                bool((off <= tolerance).all()),
                f"worst {off.max().item():.1e} of 1 + |eps|, {int((off > tolerance).sum())} of {num_samples} beyond {tolerance:g}",
            )
        )
    log_det = _log_det(found.forward, eps)
    if log_det is None:
        return Report(name, [*findings, Finding(asked, None, "z is no smooth function of eps")])
    claimed, base = _rows(found.claimed(z)).sum(-1), _rows(found.base(eps)).sum(-1)
    off = (claimed - base + log_det).abs()
    right = off <= tolerance  # NaN and infinity are not
    findings.append(
        Finding(
            asked,
            bool(right.all()),
            f"worst {off.max().item():.1e} nats, {int((~right).sum())} of {num_samples} beyond {tolerance:g}",
        )
    )
    return Report(name, findings)


def _rows(value: Tensor) -> Tensor:
    """One row for each sample."""
    return value.double().reshape(len(value), -1)


def _log_det(forward: Callable[[Tensor], Tensor], eps: Tensor) -> Tensor | None:
    """log |det dt/deps| at each sample, in double precision; None where no derivative is to be had."""
    free = eps.detach().requires_grad_()
    with torch.enable_grad():
        moved = forward(free).reshape(len(eps), -1)
        if not moved.requires_grad:
            return None
        rows = [
            torch.autograd.grad(entry.sum(), free, retain_graph=True, allow_unused=True)[0]
            for entry in moved.unbind(-1)
        ]
    if any(row is None for row in rows):
        return None
    return torch.linalg.slogdet(torch.stack([_rows(row) for row in rows], -2)).logabsdet


def _map_of(
    q: Any, x: Tensor | None, generator: torch.Generator | None, local: bool
) -> _Map | None:
    if isinstance(q, Family):
        if not q.reparametrized or q.shares_latents or batch_shape(q, x, local).numel() != 1:
            return None
        density = q.distribution(x)
        if isinstance(density, TorchDensity):
            return _map_of(density.base, None, generator, local)
        if q.noise_dim != q.dim:
            return None
        return _Map(
            lambda n: q.noise((n, *batch_shape(q, x, local)), generator),
            lambda eps: q.transport(eps, x),
            _standard_normal,
            lambda z: q(x, z),
            None,
        )
    if isinstance(q, nn.Module) and not hasattr(q, "log_prob"):
        return _map_of(q() if x is None else q(x), None, generator, local)
    if hasattr(q, "transform") and hasattr(q, "base"):  # zuko: from data to noise
        return _Map(
            lambda n: _drawn(q.base, n, generator),
            lambda eps: q.transform.inv(eps),
            q.base.log_prob,
            q.log_prob,
            lambda z: q.transform(z),
        )
    if isinstance(q, TransformedDistribution):
        whole = torch.distributions.ComposeTransform(list(q.transforms))
        return _Map(
            lambda n: _drawn(q.base_dist, n, generator),
            whole,
            q.base_dist.log_prob,
            lambda z: q.log_prob(
                z + 0
            ),  # a copy: the caches of torch would hand the noise back unasked
            lambda z: whole.inv(z + 0),
        )
    if isinstance(q, Reparametrized) and getattr(q, "noise_dim", None) == q.event_shape.numel():  # type: ignore[attr-defined]
        size = q.event_shape.numel()  # type: ignore[attr-defined]
        return _Map(
            lambda n: torch.randn(n, size, generator=generator),
            q.transport,
            _standard_normal,
            q.log_prob,
            None,
        )
    return None


def _drawn(base: Any, count: int, generator: torch.Generator | None) -> Tensor:
    with stream(generator):
        drawn: Tensor = base.sample(torch.Size([count]))
    return drawn


def _standard_normal(eps: Tensor) -> Tensor:
    return Normal(0.0, 1.0).log_prob(eps)

r"""Does a family keep its two promises? Frozen means frozen, and log q is the density of its own samples.

They take families of the course, and what others made: a flow of zuko, or any distribution of torch or Pyro with ``rsample``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from course_vi.diagnostics.report import Finding, Report
from course_vi.distributions import Reparametrized
from course_vi.families.base import Family, batch_shape
from course_vi.freezing import frozen, reachable

__all__ = ["check_frozen", "check_round_trip"]


class _Map(NamedTuple):
    """z = t(eps), with what log q claims, the density of eps, and t's inverse where there is one."""

    draw: Callable[[int], Tensor]
    forward: Callable[[Tensor], Tensor]
    base: Callable[[Tensor], Tensor]
    claimed: Callable[[Tensor], Tensor]
    inverse: Callable[[Tensor], Tensor] | None


def check_frozen(
    q: Any, x: Tensor | None = None, num_samples: int = 4, generator: torch.Generator | None = None
) -> Report:
    r"""Whether :math:`\log q_{\bar\phi}(z)` has phi constant and z not, and leaves q as it was. Exact: no chance is involved.

    Asked: no parameter is reachable from the frozen density by a way that does not go through z; the same parameter objects stand in the
    same places, before and after, and still require their gradients; the frozen density has the value of the free one.

    Args:
        q: a ``Family``; or a module that returns a distribution when it is called, as zuko's flows do (frozen as ``Family`` would).
        x: the datum, for a family or a flow that reads one.

    >>> from course_vi.families import MeanField
    >>> check_frozen(MeanField(2)).ok
    True
    """
    module = cast(nn.Module, q)
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"q is a {type(q).__name__}; expected a Family, or a module that returns a distribution: something with parameters to freeze"
        )
    before = {
        (id(part), name): (id(value), value.requires_grad)
        for part in module.modules()
        for name, value in part._parameters.items()
        if value is not None
    }
    if isinstance(q, Family):
        if not q.reparametrized:
            return Report(
                _name(q),
                [Finding("frozen density", None, "q has no z = t(eps), so nothing to freeze")],
            )
        z = q.transport(q.noise((num_samples, *batch_shape(q, x)), generator), x)
        held, free = q.frozen_log_prob(z, x), q(x, z)
    else:
        density = _called(module, x)
        z = density.rsample(torch.Size([num_samples]))
        free = density.log_prob(z)
        with frozen(module):
            held = _called(module, x).log_prob(z)
    left = reachable(held.sum(), beyond=[z])
    names = {id(value): name for name, value in module.named_parameters()}
    after = {
        (id(part), name): (id(value), value.requires_grad)
        for part in module.modules()
        for name, value in part._parameters.items()
        if value is not None
    }
    close = torch.allclose(held, free, rtol=1e-4, atol=1e-4)
    return Report(
        _name(q),
        [
            Finding(
                "no parameter is reachable from the frozen density but through z",
                not left,
                ", ".join(names.get(id(v), f"a closed-over tensor {tuple(v.shape)}") for v in left)
                or "none",
            ),
            Finding(
                "the same parameters before and after",
                before == after,
                f"{sum(before[key] != after.get(key) for key in before)} of {len(before)} changed",
            ),
            Finding(
                "the frozen density has the value of the free one",
                close,
                f"they differ by {(held - free).abs().max().item():.1e}",
            ),
        ],
    )


def check_round_trip(
    q: Any,
    x: Tensor | None = None,
    num_samples: int = 64,
    generator: torch.Generator | None = None,
    tolerance: float = 1e-2,
) -> Report:
    r"""Whether log q is the density of the samples: for each of them, the change of variables, by automatic differentiation.

    .. math:: \log q(z) = \log p(\epsilon) - \log \left| \det \frac{\partial t(\epsilon)}{\partial \epsilon} \right|,
              \qquad t^{-1}(t(\epsilon)) = \epsilon

    A sample that saturates fails both, whatever the averages say. No chance but in the draws: a fault that ``num_samples`` draws never meet
    is not seen; one that a share s of them meets is missed with probability :math:`(1 - s)^n`, 4% for s = 5%.

    Args:
        q: a ``Family``; a module that returns a distribution; or a distribution: zuko's ``NormalizingFlow`` and torch's
            ``TransformedDistribution`` (Pyro's are these), by their transform, any ``Reparametrized`` one by its ``transport``.
        tolerance: absolute, in nats, and of 1 + abs(eps).

    >>> from course_vi.families import MeanField
    >>> print(check_round_trip(MeanField(2), generator=torch.Generator().manual_seed(0)).ok)
    True
    """
    found = _map_of(q, x, generator)
    if found is None:
        what = "q has no map from noise of its own size"
        return Report(_name(q), [Finding("change of variables", None, what)])
    try:
        eps = found.draw(num_samples)
        z = found.forward(eps)
    except ValueError as error:
        return Report(_name(q), [Finding("samples", False, f"refused: {error}")])
    findings = []
    if found.inverse is not None:
        with torch.no_grad():
            off = (
                ((found.inverse(z) - eps).abs() / (1 + eps.abs())).reshape(num_samples, -1).amax(-1)
            )
        findings.append(
            Finding(
                "t(eps) inverted is eps",
                bool((off <= tolerance).all()),
                f"worst {off.max().item():.1e} of 1 + |eps|, {int((off > tolerance).sum())} of {num_samples} beyond {tolerance:g}",
            )
        )
    free = eps.detach().requires_grad_()
    with torch.enable_grad():
        moved = found.forward(free).reshape(num_samples, -1)
        rows = [
            torch.autograd.grad(moved[:, d].sum(), free, retain_graph=True)[0].reshape(
                num_samples, -1
            )
            for d in range(moved.shape[-1])
        ]
    log_det = torch.linalg.slogdet(torch.stack(rows, -2).double()).logabsdet
    claimed = found.claimed(z).reshape(num_samples, -1).sum(-1).double()
    wanted = found.base(eps).reshape(num_samples, -1).sum(-1).double() - log_det
    off = (claimed - wanted).abs()
    right = off <= tolerance  # NaN and infinity are not
    findings.append(
        Finding(
            "log q is the change of variables",
            bool(right.all()),
            f"worst {off.max().item():.1e} nats, {int((~right).sum())} of {num_samples} beyond {tolerance:g}",
        )
    )
    return Report(_name(q), findings)


def _called(module: Any, x: Tensor | None) -> Any:
    return module() if x is None else module(x)


def _name(q: Any) -> str:
    return type(q).__name__


def _map_of(q: Any, x: Tensor | None, generator: torch.Generator | None) -> _Map | None:
    if isinstance(q, Family):
        if not q.reparametrized or q.noise_dim != q.dim or q.batch_shape:
            return None
        return _Map(
            lambda n: q.noise((n,), generator),
            lambda eps: q.transport(eps, x),
            _standard_normal,
            lambda z: q(x, z),
            None,
        )
    if isinstance(q, nn.Module) and not hasattr(q, "log_prob"):
        return _map_of(_called(q, x), None, generator)
    if hasattr(q, "transform") and hasattr(q, "base"):  # zuko: from data to noise
        return _Map(
            lambda n: q.base.sample(torch.Size([n])),
            lambda eps: q.transform.inv(eps),
            q.base.log_prob,
            q.log_prob,
            lambda z: q.transform(z),
        )
    if isinstance(q, torch.distributions.TransformedDistribution):
        whole = torch.distributions.ComposeTransform(list(q.transforms))
        return _Map(
            lambda n: q.base_dist.sample(torch.Size([n])),
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


def _standard_normal(eps: Tensor) -> Tensor:
    return torch.distributions.Normal(0.0, 1.0).log_prob(eps)

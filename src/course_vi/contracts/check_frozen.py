r"""Does a family keep its first promise: is its frozen density frozen?

It takes families of the course, and what others made: a flow of zuko, or any module that returns a distribution with ``rsample``.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from course_vi.contracts.report import Finding, Report
from course_vi.families.base import Family, batch_shape
from course_vi.freezing import frozen, reachable

__all__ = ["check_frozen"]


def check_frozen(
    q: Any,
    x: Tensor | None = None,
    num_samples: int = 4,
    generator: torch.Generator | None = None,
    local: bool = True,
) -> Report:
    r"""Whether :math:`\log q_{\bar\phi}(z)` has phi constant and z not, and leaves q as it was. Exact: no chance is involved.

    Asked: no parameter is reachable from the frozen density by a way that does not go through z; the same parameter objects stand in the
    same places, before and after, and still require their gradients; the frozen density has the value of the free one.

    Args:
        q: a ``Family``; or a module that returns a distribution when it is called, as zuko's flows do (frozen as ``Family`` would).
        x: the datum, or data, for a family or a flow that reads them.
        local: whether each row of x has latents of its own, as ``p.local`` says.

    >>> from course_vi.families import MeanField
    >>> check_frozen(MeanField(2)).ok
    True
    """
    name = type(q).__name__
    module = cast(nn.Module, q)
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"q is a {name}; expected a Family, or a module that returns a distribution: something with parameters to freeze"
        )
    before = _places(module)
    if isinstance(q, Family):
        if not q.reparametrized:
            found = "q has no z = t(eps), so nothing to freeze"
            return Report(name, [Finding("frozen density", None, found)])
        z = q.transport(q.noise((num_samples, *batch_shape(q, x, local)), generator), x)
        held, free = q.frozen_log_prob(z, x), q(x, z)
    else:
        density = _called(module, x)
        z = density.rsample(torch.Size([num_samples]))
        free = density.log_prob(z)
        with frozen(module):
            held = _called(module, x).log_prob(z)
    left = reachable(held.sum(), beyond=[z])
    names = {id(value): name for name, value in module.named_parameters()}
    after = _places(module)
    return Report(
        name,
        [
            Finding(
                "no parameter is reachable from the frozen density but through z",
                not left,
                ", ".join(
                    sorted(names.get(id(v), f"a closed-over tensor {tuple(v.shape)}") for v in left)
                )
                or "none",
            ),
            Finding(
                "the same parameters before and after",
                before == after,
                f"{sum(before[key] != after.get(key) for key in before)} of {len(before)} changed",
            ),
            Finding(
                "the frozen density has the value of the free one",
                torch.allclose(held, free, rtol=1e-4, atol=1e-4, equal_nan=True),
                f"they differ by {(held - free).abs().max().item():.1e}",
            ),
        ],
    )


def _places(module: nn.Module) -> dict[tuple[int, str], tuple[int, bool]]:
    """Which parameter stands where, and whether it requires a gradient."""
    return {
        (id(part), name): (id(value), value.requires_grad)
        for part in module.modules()
        for name, value in part._parameters.items()
        if value is not None
    }


def _called(module: Any, x: Tensor | None) -> Any:
    return module() if x is None else module(x)

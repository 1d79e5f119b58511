r"""Maximum likelihood for linear mixed models, ML or REML: the fixed effects in closed form, the scales by LBFGS."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.models import LinearMixedModel

__all__ = ["MixedModelFit", "fit_mixed_model"]


class MixedModelFit(NamedTuple):
    """Where the climb of ``fit_mixed_model`` ended.

    Attributes:
        value: the maximum found, of ``p.log_evidence(x)``, or, restricted, of ``p.restricted_log_evidence(x)``.
        slope: the largest one there, in absolute value.
        steps: how many it took.
    """

    value: Tensor
    slope: float
    steps: int


def fit_mixed_model(
    p: LinearMixedModel, x: Tensor, restricted: bool = False, steps: int = 100
) -> MixedModelFit:
    r"""Move a mixed model to the maximum of its likelihood, in place; where its scales start is where the search starts.

    For given scales the best fixed effects are generalized least squares, so the search is over the few scales alone, of

    .. math:: \log p(y \mid \hat\beta(\theta), \theta) \qquad\text{or, restricted,}\qquad \log \int p(y \mid \beta, \theta)\, d\beta.

    Args:
        x: the rows, ``(N, p + F + 1)``.
        p: its scales are learned, and then its fixed effects. What they became is in ``p.fixed``, ``p.log_random_scales.exp()`` and
            ``p.log_noise_scale.exp()``; ``p.effects(x)`` has standard errors, and the effect of every level.
        restricted: REML. The fixed effects are generalized least squares in the end, either way.
        steps: of LBFGS, at most. It ends where no slope is above 1e-6 N nats, or nothing moves.

    Raises:
        ValueError: NaN in x, or levels that are none.

    >>> true = LinearMixedModel([50], torch.tensor([1.0, -1.0]), [2.0], 0.5).double()
    >>> x, _ = true.sample(500, torch.Generator().manual_seed(0))
    >>> found = LinearMixedModel([50], torch.zeros(2), [1.0], 1.0).double()
    >>> bool(fit_mixed_model(found, x).value > true.log_evidence(x)), round(found.log_noise_scale.exp().item(), 1)
    (True, 0.5)
    """
    validate.positive_integer("steps", steps)
    if not isinstance(p, LinearMixedModel):
        raise TypeError(f"p is a {type(p).__name__}; expected a LinearMixedModel")
    searched = [part for name, part in p.named_parameters() if name != "fixed"]
    optimizer = torch.optim.LBFGS(
        searched,
        max_iter=steps,
        max_eval=26 * steps,
        history_size=20,
        tolerance_grad=1e-6,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    with torch.no_grad():
        sums = p.sums(x)

    def value() -> Tensor:
        found = p.profile(sums)
        return found.restricted if restricted else found.log_evidence

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = -value() / len(x)
        slopes = torch.autograd.grad(loss, searched)
        for part, slope in zip(searched, slopes, strict=True):
            part.grad = slope
        return loss.detach()

    optimizer.step(closure)
    with torch.no_grad():
        p.fixed.copy_(p.profile(sums).fixed)
    slope = max(float(part.grad.abs().max()) for part in searched if part.grad is not None)
    done = optimizer.state[searched[0]]["n_iter"]
    optimizer.zero_grad()
    return MixedModelFit(value().detach(), slope * len(x), done)

"""Early stopping: watch the bound of data that are not learned from, and keep the parameters where it was highest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import log_joint, sample
from course_vi.models.base import Model

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """Every so many steps, estimate the bound on held-out data with the same noise; stop when it has not risen for a while.

    The noise is the same each time, so two looks differ by the parameters alone. The best of many looks is chosen: its own value is
    slightly optimistic, so report a bound on a third set.

    Args:
        held_out: data that are not learned from, ``(M, Dx)``, of a model with local latents; or your own ``score(p, q)``, a number that is
            better when it is higher.
        every: steps from one look to the next.
        patience: looks without a new best before the fit is stopped.
        num_samples, bound: of the estimate.
        seed: of its noise.

    Attributes:
        steps, scores: when it looked, and what it saw.
        stop: whether patience ran out.

    Source: Prechelt, "Early stopping - but when?", 1998.

    >>> from course_vi.families import MeanField
    >>> from course_vi.learning import fit
    >>> from course_vi.models import ConjugateToy
    >>> stopping = EarlyStopping(lambda p, q: -abs(q.loc.item() - 0.5), every=5, patience=2)
    >>> q = MeanField(1)
    >>> history = fit(ConjugateToy(), q, torch.tensor([2.0]), steps=500, early_stopping=stopping, progress=False)
    >>> len(history.bound) < 500, abs(q.loc.item() - 0.5) < 0.1
    (True, True)
    """

    def __init__(
        self,
        held_out: Tensor | Callable[[Model, Family], float],
        every: int = 100,
        patience: int = 5,
        num_samples: int = 10,
        bound: Bound = elbo,
        seed: int = 0,
    ) -> None:
        for name, count in (("every", every), ("patience", patience), ("num_samples", num_samples)):
            validate.positive_integer(name, count)
        if not (isinstance(held_out, Tensor) or callable(held_out)):
            raise TypeError(
                f"held_out is a {type(held_out).__name__}; expected a torch.Tensor, or a function of p and q"
            )
        self.held_out, self.every, self.patience = held_out, every, patience
        self.num_samples, self.bound, self.seed = num_samples, bound, seed
        self.steps: list[int] = []
        self.scores: list[float] = []
        self.best: list[Tensor] | None = None

    @property
    def stop(self) -> bool:
        if not self.scores:
            return False
        return len(self.scores) - 1 - self.scores.index(max(self.scores)) >= self.patience

    def look(self, step: int, p: Model, q: Family, parameters: Sequence[Tensor]) -> None:
        """Estimate the bound now, after ``step`` steps, and keep the parameters if it is the best so far."""
        score = self.score(p, q)
        if score > max(self.scores, default=-math.inf):
            self.best = [parameter.detach().clone() for parameter in parameters]
        self.steps.append(step)
        self.scores.append(score)

    @torch.no_grad()
    def score(self, p: Model, q: Family) -> float:
        """The mean bound of the held-out data, or what your function says."""
        if not isinstance(self.held_out, Tensor):
            return float(self.held_out(p, q))
        if not p.local:
            raise ValueError(
                f"held_out is a tensor and the latents of {type(p).__name__} are global; expected a function of p and q, such as the "
                "log predictive density of held-out data: a second data set has another bound"
            )
        x = self.held_out.to(next(q.parameters()))
        source = torch.Generator(device=x.device).manual_seed(self.seed)
        density, z = sample(p, q, x, self.num_samples, self.bound, source, None)
        score = self.bound(log_joint(p, x, z) - density.log_prob(z)).mean().item()
        return score if math.isfinite(score) else -math.inf

    @torch.no_grad()
    def restore(self, parameters: Sequence[Tensor]) -> None:
        """Put the best parameters back, if there was a look."""
        if self.best is not None:
            torch._foreach_copy_(list(parameters), self.best)

    def state_dict(self) -> dict[str, Any]:
        """What it saw, and the best parameters."""
        return {"steps": list(self.steps), "scores": list(self.scores), "best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what another one saw."""
        self.steps, self.scores = list(state["steps"]), list(state["scores"])
        self.best = state["best"]

r"""Is the likelihood of a minibatch scaled? By what the model does, not by what it says of itself.

For global latents and rows that are independent given z the joint of a minibatch is

.. math:: \log p(z) + \frac NB \sum_{b=1}^B \log p(x_b \mid z),

which does not change when every row is written down twice. Without the factor, or with another one, it does.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.gradients.estimator import log_joint, sample
from course_vi.models.base import Model

__all__ = ["refuse_unscaled"]


@torch.no_grad()
def refuse_unscaled(p: Model, q: Family, batch: Tensor, num_data: int) -> None:
    """Refuse a model of global latents that does not multiply the likelihood of a minibatch by N/B.

    Args:
        batch: B rows, ``(B, Dx)``.
        num_data: N.

    Raises:
        ValueError: ``p.likelihood_scale(batch)`` is not N/B; or it is, and the joint is not scaled by it.
    """
    rows, name = len(batch), type(p).__name__
    wanted = num_data / rows
    said = p.likelihood_scale(batch)
    if not math.isclose(said, wanted, rel_tol=1e-6):
        raise ValueError(
            f"batch_size is {rows} of {num_data} rows, and the latents of {name} are global; expected a "
            f"model made with num_data={num_data}, so that the likelihood of a minibatch is scaled: likelihood_scale(x) is "
            f"{said:g}, expected {wanted:g}"
        )
    _, z = sample(p, q, batch, 1, elbo, torch.Generator(device=batch.device).manual_seed(0), None)
    once, twice = log_joint(p, batch, z), log_joint(p, torch.cat([batch, batch]), z)
    near = 1e-3 if once.dtype == torch.float32 else 1e-6
    if bool(((once - twice).abs() > near * (1 + once.abs())).any()):
        raise ValueError(
            f"likelihood_scale(x) of {name} is {said:g} for {rows} of {num_data} rows, but its joint is not scaled by it: written "
            f"down twice, the same rows change log p(x, z) from {once.flatten()[0].item():g} to {twice.flatten()[0].item():g}; "
            "expected log_factors to multiply the likelihood by likelihood_scale(x)"
        )

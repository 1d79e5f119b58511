r"""How few nats must be sent of a source if so much may be wrong: Shannon's function for two sources."""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi import validate

__all__ = ["binary_rate", "gaussian_rate_distortion"]


def binary_rate(chance: float, distortion: Tensor) -> Tensor:
    r"""Of a coin that shows one with probability p, where a share D of the bits may come out wrong:

    .. math:: R(D) = H(p) - H(D) \text{ nats a toss for } D < \min(p, 1 - p), \text{ else } 0.

    Source: Cover and Thomas, "Elements of information theory", 2nd edition 2006, theorem 10.3.1.

    >>> round(binary_rate(0.5, torch.tensor(0.11)).item(), 3)                # half a bit
    0.347
    """
    if not 0 < chance < 1:
        raise ValueError(f"chance is {chance}; expected a probability between zero and one")

    def entropy(p: Tensor) -> Tensor:
        return torch.special.entr(p) + torch.special.entr(1 - p)

    rate = entropy(distortion.new_tensor(chance)) - entropy(distortion)
    return torch.where(distortion < min(chance, 1 - chance), rate, torch.zeros_like(rate))


def gaussian_rate_distortion(eigenvalues: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
    """Rate in nats and squared error of a Gaussian source with these ``eigenvalues (D)``, at each ``level (*B)`` of the water.

    Both are totals over the axes, ``(*B)`` each. As the level falls from the largest eigenvalue to zero the pair runs along all of R(D).

    Raises:
        ValueError: eigenvalues or a level that is not positive.

    Source: Cover and Thomas, "Elements of information theory", 2nd edition 2006, theorem 10.3.3.
    """
    validate.finite("eigenvalues", eigenvalues)
    for name, value in (("eigenvalues", eigenvalues), ("level", level)):
        if not bool((value > 0).all()):
            raise ValueError(
                f"{name} has entries down to {value.min():g}; expected positive numbers"
            )
    wet = torch.minimum(eigenvalues, level.unsqueeze(-1))
    return 0.5 * (eigenvalues / wet).log().sum(-1), wet.sum(-1)

r"""The mixture of Bernoullis: clusters of binary images, and a datum completed from the half that was seen."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Independent
from torch.nn.functional import logsigmoid

from course_vi import validate
from course_vi.distributions import DiscreteChain
from course_vi.distributions.chains import one_step
from course_vi.models.base import Model

__all__ = ["BernoulliMixture"]


class BernoulliMixture(Model):
    r"""Which of C clusters? Then a coin for each pixel.

    .. math:: z \sim \mathrm{Categorical}(\pi), \qquad x_i \mid z = c \sim \mathrm{Bernoulli}(p_{ci}), \qquad
              \log p(x) = \log \sum_c \pi_c \prod_i p_{ci}^{x_i} (1 - p_{ci})^{1 - x_i}.

    The latent is a whole number from 0 to C - 1, stored as an event of size 1. Given z the pixels are independent, so that a pixel that
    was not seen simply drops out of the product: evidence, posterior and completion are exact for any set of missing pixels.

    Args:
        weights: :math:`\pi`, ``(C,)``, positive, summing to one. Learned as logits.
        probabilities: p, ``(C, Dx)``, kept at ``floor`` or more from 0 and 1. Learned as logits.
        floor: the least probability of either value of a pixel: no cluster ever finds a datum impossible.

    >>> mixture = BernoulliMixture(torch.tensor([0.5, 0.5]), torch.tensor([[0.9, 0.9], [0.1, 0.1]]))
    >>> seen = torch.tensor([True, False])
    >>> mixture.complete(torch.tensor([1.0, 0.0]), seen)       # the first pixel is on; the second, unseen: 0.9 * 0.9 + 0.1 * 0.1
    tensor([1.0000, 0.8200], grad_fn=<WhereBackward0>)
    """

    latent_dim = 1

    def __init__(self, weights: Tensor, probabilities: Tensor, floor: float = 1e-4) -> None:
        super().__init__()
        validate.floats(weights=weights, probabilities=probabilities)
        if probabilities.dim() != 2 or weights.shape != probabilities.shape[:1]:
            raise ValueError(
                f"weights and probabilities have shapes {tuple(weights.shape)} and {tuple(probabilities.shape)}; expected "
                "(C,) and (C, Dx)"
            )
        if not bool((weights > 0).all()) or abs(weights.sum().item() - 1) > 1e-5:
            raise ValueError(
                "weights are no probabilities; expected positive numbers that sum to one"
            )
        if not bool(((probabilities >= 0) & (probabilities <= 1)).all()):
            raise ValueError("probabilities has entries outside [0, 1]")
        if not 0 < floor < 0.5:
            raise ValueError(f"floor is {floor}; expected a number between 0 and 0.5")
        self.clusters, self.data_dim = probabilities.shape
        self.floor = floor
        self.logits = nn.Parameter(weights.log())
        self.pixel_logits = nn.Parameter(self.safe_logits(probabilities))

    def safe_logits(self, probabilities: Tensor) -> Tensor:
        """Log odds of probabilities, moved to the floor where they are beyond it."""
        most = math.log1p(-self.floor) - math.log(self.floor)
        return probabilities.logit().clamp(-most, most)

    def prior(self) -> DiscreteChain:
        return one_step(self.logits)

    def likelihood(self, z: Tensor) -> Independent:
        index = validate.indices("z", z[..., 0], self.clusters)
        return Independent(
            Bernoulli(logits=self.pixel_logits[index], validate_args=False), 1, validate_args=False
        )

    def check(self, x: Tensor) -> None:
        """Refuse pixels other than 0 and 1, and what every model refuses."""
        super().check(x)
        validate.bits("x", x)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        index = validate.indices("z", z[..., 0], self.clusters)
        every = self._log_densities(x, None).expand(*index.shape, self.clusters)
        return {
            "prior": self.logits.log_softmax(-1)[index],
            "likelihood": every.gather(-1, index.unsqueeze(-1)).squeeze(-1),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        validate.positive_integer("n", n)
        with torch.no_grad():
            label = torch.multinomial(
                self.logits.softmax(-1), n, replacement=True, generator=generator
            )
            x = torch.bernoulli(self.pixel_logits[label].sigmoid(), generator=generator)
            return x, label.unsqueeze(-1).to(x.dtype)

    def log_joint_all(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """log p(x_seen, z = c) for every cluster at once, ``(*B, C)``.

        Args:
            seen: which pixels were, true or false, ``(Dx,)`` or ``(*B, Dx)``; all, without it. The values of the others are not read.
        """
        validate.event_size("x", x, self.data_dim)
        if seen is not None:
            validate.event_size("seen", seen, self.data_dim)
            x = torch.where(seen.bool(), x, torch.zeros_like(x))
        self.check(x)
        return self._log_densities(x, seen) + self.logits.log_softmax(-1)

    def log_evidence(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """log p(x_seen), ``(*B)``."""
        return self.log_joint_all(x, seen).logsumexp(-1)

    def responsibilities(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """p(z = c | x_seen), ``(*B, C)``."""
        return self.log_joint_all(x, seen).softmax(-1)

    def posterior(self, x: Tensor, seen: Tensor | None = None) -> DiscreteChain:
        return one_step(self.log_joint_all(x, seen))

    def complete(self, x: Tensor, seen: Tensor) -> Tensor:
        r"""x where it was seen, elsewhere :math:`p(x_i = 1 | x_{\text{seen}}) = \sum_c p(c | x_{\text{seen}}) p_{ci}`, ``(*B, Dx)``."""
        return torch.where(
            seen.bool(), x, self.responsibilities(x, seen) @ self.pixel_logits.sigmoid()
        )

    def _log_densities(self, x: Tensor, seen: Tensor | None) -> Tensor:
        off = logsigmoid(-self.pixel_logits)
        silent = off.sum(-1) if seen is None else seen.to(x) @ off.mT
        return x @ self.pixel_logits.mT + silent

r"""The sigmoid belief net: layers of bits, each a cause of the layer below it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_vi import exact, validate
from course_vi.distributions import BernoulliVector, Enumerated
from course_vi.models.base import Model

__all__ = ["SigmoidBeliefNet"]


class SigmoidBeliefNet(Model):
    r"""Binary data x = z_0 below L layers of binary latents.

    .. math:: p(x, z) = p(z_L) \prod_{l=0}^{L-1} p(z_l \mid z_{l+1}), \qquad
              z_l \mid z_{l+1} \sim \mathrm{Bernoulli}\big(\sigma(W_l z_{l+1} + b_l)\big), \quad z_L \sim \mathrm{Bernoulli}(\sigma(b_L))

    Given x the latents of one layer depend on each other ("explaining away"), so the posterior is no product. It is a finite sum
    away: ``log_evidence`` and ``posterior`` add up all 2^D states, for D up to 16.

    Args:
        layers: the sizes from the data upwards, ``(Dx, D_1, ..., D_L)``. The latents are one event vector, z_1 first,
            of size D = D_1 + ... + D_L.
        scale: standard deviation of the initial weights and biases.
        generator: draws them.

    Source: Neal, "Connectionist learning of belief networks", 1992.

    >>> model = SigmoidBeliefNet((3, 2, 1), generator=torch.Generator().manual_seed(0)).double()
    >>> x, z = model.sample(5)
    >>> x.shape, z.shape, model.log_joint(x, z.expand(4, 5, 3)).shape
    (torch.Size([5, 3]), torch.Size([5, 3]), torch.Size([4, 5]))
    >>> everything = exact.enumerate_binary(3, like=x)
    >>> round(model.log_evidence(everything).exp().sum().item(), 12)
    1.0
    """

    shown = ("layers",)

    def __init__(
        self, layers: Sequence[int], scale: float = 1.0, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        if len(layers) < 2:
            raise ValueError(
                f"layers is {tuple(layers)}; expected the size of the data and of one layer of latents or more"
            )
        for size in layers:
            validate.positive_integer("layers", size)
        self.layers = tuple(layers)
        self.data_dim, self.latent_dim = layers[0], sum(layers[1:])
        self.weights = nn.ParameterList(
            [
                scale * torch.randn(below, above, generator=generator)
                for below, above in zip(layers, layers[1:], strict=False)
            ]
        )
        self.biases = nn.ParameterList(
            [scale * torch.randn(size, generator=generator) for size in layers]
        )

    def prior(self) -> BernoulliVector:
        """p(z), where it is a product: with one layer of latents."""
        if len(self.layers) > 2:
            raise NotImplementedError(
                "the prior of a SigmoidBeliefNet with more than one layer is no named distribution; use log_joint"
            )
        return BernoulliVector(self.biases[-1])

    def likelihood(self, z: Tensor) -> BernoulliVector:
        """p(x | z), which reads the lowest layer."""
        return self._given(0, z[..., : self.layers[1]])

    def check(self, x: Tensor) -> None:
        """Refuse pixels other than 0 and 1, and what every model refuses."""
        super().check(x)
        validate.bits("x", x)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        """log p(x | z1), log p(z1 | z2), ..., log p(zL), under the names ``x``, ``z1``, ..., each ``(K, *B)``."""
        parts = [x, *z.split(self.layers[1:], -1)]
        names = ["x", *(f"z{level}" for level in range(1, len(parts)))]
        top = {names[-1]: BernoulliVector(self.biases[-1]).log_prob(parts[-1])}
        return {
            name: self._given(level, parts[level + 1]).log_prob(parts[level])
            for level, name in enumerate(names[:-1])
        } | top

    def factor_scopes(self) -> dict[str, tuple[int, ...]]:
        """Which entries of z each factor reads: layer l's reads its own layer and the one above."""
        ends = [sum(self.layers[1 : level + 1]) for level in range(len(self.layers))]
        layers = [
            (),
            *(tuple(range(start, end)) for start, end in zip(ends, ends[1:], strict=False)),
            (),
        ]
        return {
            "x" if level == 0 else f"z{level}": layers[level] + layers[level + 1]
            for level in range(len(self.layers))
        }

    def _given(self, level: int, above: Tensor) -> BernoulliVector:
        return BernoulliVector(above @ self.weights[level].mT + self.biases[level])

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            parts = [BernoulliVector(self.biases[-1]).draw((n,), generator)]
            for level in reversed(range(len(self.weights))):
                parts.insert(0, self._given(level, parts[0]).draw((n,), generator))
        return parts[0], torch.cat(parts[1:], -1)

    def states(self, x: Tensor) -> Tensor:
        """Every z, ``(2^D, *1, D)``, to go with x ``(*B, Dx)``."""
        if self.latent_dim > 16:
            raise ValueError(
                f"layers is {self.layers}, with {self.latent_dim} latent bits; expected at most 16 to add up all states"
            )
        return exact.enumerate_binary(self.latent_dim, like=x).view(
            -1, *(1,) * (x.dim() - 1), self.latent_dim
        )

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x), ``(*B)``, by adding up all states; differentiable in the parameters."""
        validate.event_size("x", x, self.data_dim)
        return self.log_joint(x, self.states(x)).logsumexp(0)

    def posterior(self, x: Tensor) -> Enumerated:
        """p(z | x) over all states, a batch of them for x ``(*B, Dx)``."""
        validate.event_size("x", x, self.data_dim)
        states = self.states(x)
        return Enumerated(states.view(-1, self.latent_dim), self.log_joint(x, states))

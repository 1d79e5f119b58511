"""Any distribution of torch as the density of a family: samples from a generator, and a path where it has ``rsample``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Size, Tensor
from torch.distributions import Distribution

from course_vi.distributions.density import Printed
from course_vi.distributions.sampling import draw, stream

__all__ = ["BuiltDensity", "TorchDensity"]


class TorchDensity(Printed):
    """A distribution of torch that draws from a generator, and has z = t(eps) where it has ``rsample``.

    torch draws the noise of ``rsample`` itself, from its global stream. So eps, one number for each sample, only seeds that stream: equal
    eps give equal samples, and the gradient is that of ``rsample`` (for a Gamma or Student's t, implicit); but sample k depends on all
    of eps, and nothing inverts t.

    Args:
        base: with events of one axis, ``(D,)``.

    Raises:
        ValueError: events of another number of axes.

    >>> from torch.distributions import Independent, StudentT
    >>> density = TorchDensity(Independent(StudentT(4.0, torch.zeros(3), 1.0), 1))
    >>> density.draw((5,), torch.Generator().manual_seed(0)).shape, density.transport(torch.zeros(5, 1)).shape
    (torch.Size([5, 3]), torch.Size([5, 3]))
    """

    def __init__(self, base: Distribution) -> None:
        if len(base.event_shape) != 1:
            raise ValueError(
                f"the distribution {type(base).__name__} has events of shape {tuple(base.event_shape)}; expected (D,), one vector: "
                "wrap it in torch.distributions.Independent(..., 1)"
            )
        self.base, self.batch_shape, self.event_shape = base, base.batch_shape, base.event_shape

    @property
    def mean(self) -> Tensor:
        return self.base.mean

    @property
    def variance(self) -> Tensor:
        return self.base.variance

    @property
    def stddev(self) -> Tensor:
        return self.base.stddev

    def log_prob(self, value: Tensor) -> Tensor:
        if value.numel() == 0:  # torch's own reshape of nothing fails for some
            return value.sum(-1).expand(torch.broadcast_shapes(value.shape[:-1], self.batch_shape))
        return self.base.log_prob(value)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        """z ``(*shape, D)`` without a graph, where shape ends in the batch."""
        with torch.no_grad(), stream(generator):
            return draw(self.base, Size(shape))

    def transport(self, eps: Tensor) -> Tensor:
        """z ``(K, *B, D)`` with a graph, from noise ``(K, *B, 1)`` that seeds torch's own."""
        if not self.base.has_rsample:
            raise TypeError(
                f"the distribution {type(self.base).__name__} has no rsample, so no path: use gradients.score_function"
            )
        seed = int(eps.detach().double().sum().cpu().view(torch.int64)) & (2**62 - 1)
        batch, found = eps.shape[:-1], self.batch_shape
        front = len(batch) - len(found)
        with stream(torch.Generator().manual_seed(seed)):
            if front >= 0 and batch[front:] == found:
                return self.base.rsample(batch[:front])
            return self.base.expand(batch).rsample()


class BuiltDensity(TorchDensity):
    """One that is built of named parameters, and can be built again of constants.

    Args:
        build: makes the distribution of the parameters.
        parameters: by name.
    """

    def __init__(
        self, build: Callable[..., Distribution], parameters: Mapping[str, Tensor]
    ) -> None:
        self.build, self.parameters = build, parameters
        super().__init__(build(**parameters))

    def detach(self) -> BuiltDensity:
        return BuiltDensity(
            self.build, {name: value.detach() for name, value in self.parameters.items()}
        )

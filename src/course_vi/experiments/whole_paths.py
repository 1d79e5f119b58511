"""A filter that remembers: the same model, whose state is the whole path so far, so that every particle carries its ancestors along."""

from __future__ import annotations

import torch
from torch import Size, Tensor

from course_vi.distributions import Seeded
from course_vi.models import Model
from course_vi.models.dynamics import Dynamics, dynamics

__all__ = ["whole_paths"]


class _Extended:
    """A path whose newest entry is drawn, all others being what they were."""

    def __init__(self, own: Seeded, before: Tensor | None, size: int, state_dim: int) -> None:
        self.own, self.before, self.size, self.state_dim = own, before, size, state_dim
        self.batch_shape = Size(own.batch_shape)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        front = shape[: len(shape) - len(self.own.batch_shape)]
        with torch.no_grad():
            new = self.own.rsample(front, generator=generator)
        old = new[..., :0] if self.before is None else self.before
        rest = new.new_zeros(*new.shape[:-1], self.size - old.shape[-1] - new.shape[-1])
        return torch.cat([old, new, rest], -1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Of the newest entry."""
        width = 0 if self.before is None else self.before.shape[-1]
        return self.own.log_prob(value[..., width : width + self.state_dim])


def whole_paths(p: Model | Dynamics, state_dim: int = 1) -> Dynamics:
    """The dynamics of paths: the state at step t is ``(z_1, ..., z_t, 0, ..., 0)``, of size ``T * d``.

    A filter that resamples such states resamples whole pasts. The particles of its last step are the paths that are left.

    Args:
        p: a model with continuous states, or its dynamics.
        state_dim: d.

    Raises:
        TypeError: a move that is no Gaussian.

    >>> from course_vi.experiments.learned_proposal import noisy_walk
    >>> from course_vi.learning import particle_filter
    >>> p, source = noisy_walk(3), torch.Generator().manual_seed(0)
    >>> particle_filter(whole_paths(p), torch.zeros(3, dtype=torch.float64), 50, generator=source).particles.shape
    torch.Size([3, 50, 3])
    """
    one = dynamics(p)
    size = one.steps * state_dim

    def seeded(density: object) -> Seeded:
        if not isinstance(density, Seeded):
            raise TypeError(
                f"p moves by a {type(density).__name__}; expected Gaussian moves, drawn from a generator"
            )
        return density

    def move(t: int, previous: Tensor) -> _Extended:
        before = previous[..., : t * state_dim]
        return _Extended(seeded(one.move(t, before[..., -state_dim:])), before, size, state_dim)

    return Dynamics(
        one.steps,
        one.data_size,
        lambda: _Extended(seeded(one.first()), None, size, state_dim),
        move,
        lambda t, z, x: one.see(t, z[..., t * state_dim : (t + 1) * state_dim], x),
    )

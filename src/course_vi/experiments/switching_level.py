r"""A level that wanders calmly or leaps: where some of a state can be integrated out, particles need carry only the rest.

.. math:: s_t \mid s_{t-1} \sim P_{s_{t-1}\,\cdot}, \qquad z_t = z_{t-1} + N(0, q_{s_t}^2), \qquad x_t = z_t + N(0, r^2)

Given the modes s, everything else is a Kalman filter. The *Rao-Blackwellized* filter has particles of modes, each with the mean and the
variance of its level.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Size, Tensor
from torch.distributions import Normal

from course_vi.models.dynamics import Dynamics

__all__ = ["SwitchingLevel"]

DOUBLE = torch.float64


class _Rule:
    """States drawn by a rule; their density is not asked for by a filter that moves by it."""

    def __init__(self, batch: Size, rule: Callable[..., Tensor]) -> None:
        self.batch_shape, self.rule = batch, rule

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        return self.rule(shape, generator)

    def log_prob(self, value: Tensor) -> Tensor:
        raise NotImplementedError("this model moves by its own rule; expected no proposal")


class SwitchingLevel:
    """The model, as a plain filter sees it and as a Rao-Blackwellized one does.

    Args:
        steps: T.
        calm, leap: standard deviations of a move in the two modes.
        noise: standard deviation r of the measurements; the first level is N(0, 1), its mode calm or leaping with even chances.
        stay: the probability that a mode stays.

    >>> model = SwitchingLevel(6)
    >>> x = model.sample(torch.Generator().manual_seed(0))
    >>> x.shape, bool(model.log_evidence(x) < 0)
    (torch.Size([6]), True)
    """

    def __init__(
        self,
        steps: int,
        calm: float = 0.1,
        leap: float = 1.0,
        noise: float = 0.5,
        stay: float = 0.8,
    ) -> None:
        self.steps, self.scales = steps, torch.tensor([calm, leap], dtype=DOUBLE)
        self.noise, self.stay = noise, stay

    def _modes(self, before: Tensor, generator: torch.Generator | None) -> Tensor:
        """The next modes: as before, with probability ``stay``."""
        change = torch.rand(before.shape, generator=generator, dtype=DOUBLE) > self.stay
        return torch.where(change, 1 - before, before)

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """One series, ``(T,)``."""
        state, seen = self._start((1,), generator), []
        for t in range(self.steps):
            state = self._step(state, generator) if t else state
            noise = torch.randn(1, generator=generator, dtype=DOUBLE)
            seen.append(state[..., 1] + self.noise * noise)
        return torch.cat(seen)

    def _start(self, shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
        mode = torch.rand(shape, generator=generator, dtype=DOUBLE).round()
        return torch.stack([mode, torch.randn(shape, generator=generator, dtype=DOUBLE)], -1)

    def _step(self, state: Tensor, generator: torch.Generator | None) -> Tensor:
        mode = self._modes(state[..., 0], generator)
        noise = torch.randn(mode.shape, generator=generator, dtype=DOUBLE)
        return torch.stack([mode, state[..., 1] + self.scales[mode.long()] * noise], -1)

    def plain(self) -> Dynamics:
        """Particles (mode, level)."""

        def see(t: int, z: Tensor, x: Tensor) -> Tensor:
            return Normal(z[..., 1], self.noise, validate_args=False).log_prob(x[..., 0])

        return Dynamics(
            self.steps,
            1,
            lambda: _Rule(Size(), self._start),
            lambda t, z: _Rule(z.shape[:-1], lambda shape, source: self._step(z, source)),
            see,
        )

    def collapsed(self, x: Tensor) -> Dynamics:
        """Particles (mode, mean and variance of the level before it is measured), for the series ``x: (T,)``, which moves them."""

        def start(shape: tuple[int, ...], source: torch.Generator | None) -> Tensor:
            mode = torch.rand(shape, generator=source, dtype=DOUBLE).round()
            return torch.stack([mode, torch.zeros_like(mode), torch.ones_like(mode)], -1)

        def step(t: int, z: Tensor, source: torch.Generator | None) -> Tensor:
            mode = self._modes(z[..., 0], source)
            mean, variance = self._measured(z[..., 1], z[..., 2], x[t - 1])
            return torch.stack([mode, mean, variance + self.scales[mode.long()].square()], -1)

        def see(t: int, z: Tensor, datum: Tensor) -> Tensor:
            return self._predicted(z[..., 1], z[..., 2], datum[..., 0])

        return Dynamics(
            self.steps,
            1,
            lambda: _Rule(Size(), start),
            lambda t, z: _Rule(z.shape[:-1], lambda shape, source: step(t, z, source)),
            see,
        )

    def _measured(self, mean: Tensor, variance: Tensor, datum: Tensor) -> tuple[Tensor, Tensor]:
        gain = variance / (variance + self.noise**2)
        return mean + gain * (datum - mean), (1 - gain) * variance

    def _predicted(self, mean: Tensor, variance: Tensor, datum: Tensor) -> Tensor:
        scale = (variance + self.noise**2).sqrt()
        return Normal(mean, scale, validate_args=False).log_prob(datum)

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x) by a Kalman filter for each of the 2^T sequences of modes."""
        modes = torch.cartesian_prod(*[torch.arange(2)] * self.steps)
        moved = (modes[:, 1:] != modes[:, :-1]).sum(-1)
        kept = self.steps - 1 - moved
        total = kept * math.log(self.stay) + moved * math.log(1 - self.stay) - math.log(2)
        mean, variance = torch.zeros(len(modes), dtype=DOUBLE), torch.ones(len(modes), dtype=DOUBLE)
        for t, datum in enumerate(x):
            variance = variance + self.scales[modes[:, t]].square() * (t > 0)
            total = total + self._predicted(mean, variance, datum)
            mean, variance = self._measured(mean, variance, datum)
        return total.logsumexp(0)

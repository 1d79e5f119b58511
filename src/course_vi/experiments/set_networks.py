"""Networks that learn what to say of a set: pooled encoders beside the exact statistician, and neural statisticians."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions.conjugate import NormalGammaParameters
from course_vi.experiments.set_trial import POOLS, draw_sets, posterior_gap
from course_vi.experiments.side_by_side import EachRow, seeded
from course_vi.families import Ancestral, StatisticNets
from course_vi.gradients import reparametrized
from course_vi.learning import smoke_cap
from course_vi.models import NeuralStatistician
from course_vi.nets import SetEncoder, SideBySide, mlp

__all__ = ["PooledEncoder", "new_statisticians", "train_pool", "train_statisticians"]

FEATURES = 16


class PooledEncoder(nn.Module):
    r"""R networks that read a set each and say a normal-gamma: :math:`\rho(\mathrm{pool}_i\, \varphi(x_i))`, in float64.

    Args:
        pool: one of ``set_trial.POOLS``.
        seeds: R seeds of the initial weights.

    Raises:
        ValueError: no such pool.

    >>> q = PooledEncoder("sum", [0, 1])(torch.zeros(2, 5, 7, dtype=torch.float64))
    >>> q.loc.shape, bool((q.rate > 0).all())
    (torch.Size([2, 5]), True)
    """

    def __init__(self, pool: str, seeds: Sequence[int]) -> None:
        super().__init__()
        validate.one_of("pool", pool, tuple(POOLS))
        width = FEATURES + (pool == "mean and size")
        sources = [seeded(seed) for seed in seeds]
        self.pool = pool
        self.each = SideBySide([mlp(1, 32, FEATURES, source) for source in sources]).double()
        self.whole = SideBySide([mlp(width, 32, 4, source) for source in sources]).double()

    def forward(self, x: Tensor) -> NormalGammaParameters:
        """Sets ``(R, B, n)`` to the four parameters of q, ``(R, B)`` each."""
        features = self.each(x.flatten(1).unsqueeze(-1)).unflatten(1, x.shape[1:])
        loc, *logs = self.whole(POOLS[self.pool](features)).unbind(-1)
        return NormalGammaParameters(loc, *(part.exp() for part in logs))


def train_pool(
    pool: str,
    seeds: Sequence[int],
    steps: int = 2000,
    sizes: Sequence[int] = (1, 2, 4, 8, 16),
    batch_size: int = 64,
    learning_rate: float = 5e-3,
) -> PooledEncoder:
    """Climb the exact ELBO on fresh sets, all of one size in each step; Adam, with a rate that falls to zero.

    The pools read the same sets: what they are trained on depends on the first seed alone.
    """
    encoder, source = PooledEncoder(pool, seeds), seeded(1000 + seeds[0])
    steps = smoke_cap(steps)
    climber = torch.optim.Adam(encoder.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(climber, lambda step: 1 - step / steps)
    for _ in range(steps):
        size = sizes[int(torch.randint(len(sizes), (), generator=source))]
        x = draw_sets((len(seeds), batch_size), size, source)[0]
        climber.zero_grad()
        posterior_gap(encoder(x), x).mean(-1).sum().backward()
        climber.step()
        schedule.step()
    return encoder


def new_statisticians(seeds: Sequence[int], size: int = 8) -> tuple[NeuralStatistician, Ancestral]:
    """Neural statisticians of two numbers for the set, R of them side by side, and their recognition halves; in float64.

    They read sets ``(R, B, size)``.

    >>> p, q = new_statisticians([0, 1], size=4)
    >>> p.log_joint(x := torch.zeros(2, 5, 4).double(), q.sample(7, x)).shape
    torch.Size([7, 2, 5])
    """
    sources, hidden = [seeded(seed) for seed in seeds], 32

    def rows(inputs: int, outputs: int, between: int) -> EachRow:
        return EachRow([mlp(inputs, hidden, outputs, source) for source in sources], between)

    member, decoder = rows(2, 2, 1), rows(3, 2, 2)
    p = NeuralStatistician(
        size, 1, context_dim=2, latent_dim=1, scale="network", member=member, decoder=decoder
    )
    statistic = SetEncoder(1, hidden, 4)
    statistic.each, statistic.whole = rows(1, hidden, 2), rows(hidden + 1, 4, 1)
    q = Ancestral(StatisticNets(statistic, rows(3, 2, 2), size, 2, 1))
    return p.double(), q.double()


def train_statisticians(
    seeds: Sequence[int],
    steps: int = 3000,
    size: int = 8,
    batch_size: int = 32,
    learning_rate: float = 3e-3,
) -> tuple[NeuralStatistician, Ancestral]:
    """Statisticians on fresh sets of ``set_trial.PRIOR``, each on its own; Adam climbs the ELBO with one sample, at a rate that falls to zero.

    They are told neither that the points are normal nor what a mean is.
    """
    (p, q), source = new_statisticians(seeds, size), seeded(1000 + seeds[0])
    steps = smoke_cap(steps)
    climber = torch.optim.Adam([*p.parameters(), *q.parameters()], learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(climber, lambda step: 1 - step / steps)
    for _ in range(steps):
        x = draw_sets((len(seeds), batch_size), size, source)[0]
        climber.zero_grad()
        (-reparametrized(p, q, x, generator=source).mean(-1).sum()).backward()
        climber.step()
        schedule.step()
    return p.eval(), q.eval()

"""Neural statisticians that learn from sets of normal points, of which the exact statistician knows everything."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from course_vi.experiments.set_trial import draw_sets
from course_vi.experiments.side_by_side import EachRow, seeded
from course_vi.families import Ancestral, StatisticNets
from course_vi.gradients import reparametrized
from course_vi.learning import smoke_cap
from course_vi.models import NeuralStatistician
from course_vi.nets import SetEncoder, mlp

__all__ = ["new_statisticians", "train_statisticians"]


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
    for name, networks in (("each", rows(1, hidden, 2)), ("whole", rows(hidden + 1, 4, 1))):
        setattr(statistic, name, networks)
    q = Ancestral(StatisticNets(statistic, rows(3, 2, 2), size, 2, 1))
    return p.double(), q.double()


def train_statisticians(
    seeds: Sequence[int],
    steps: int = 3000,
    size: int = 8,
    batch_size: int = 32,
    learning_rate: float = 3e-3,
) -> tuple[NeuralStatistician, Ancestral]:
    """Statisticians on fresh sets of ``set_trial.PRIOR``, each on its own; Adam climbs the ELBO with one sample, its rate falls to zero.

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

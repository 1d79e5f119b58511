r"""The test likelihood of an autoencoder, by importance sampling, where it can be checked: a linear VAE.

.. math:: z \sim N(0, I_4), \qquad x \mid z \sim N(W z + b, \sigma^2 I), \qquad \text{so that}\quad x \sim N(b, W W^\top + \sigma^2 I)

Shown: ``Amortized``, a decaying learning rate, ``importance_log_evidence``. Asserted: training comes to rest at the maximum likelihood of
probabilistic PCA, which eigenvalues give (Tipping and Bishop 1999), within 0.3 nats; the test likelihood is right, with its standard error.
"""

import math

import torch

from course_vi.data import digits
from course_vi.diagnostics import importance_log_evidence
from course_vi.families import Amortized, FullRank
from course_vi.gradients import sticking_the_landing
from course_vi.learning import fit
from course_vi.models import VAE
from course_vi.nets import mlp

data, source = digits(binary=False), torch.Generator().manual_seed(0)
dim, rank, steps = 64, 4, 1500
p = VAE(rank, dim, hidden=0, generator=source, likelihood="gaussian", scale="shared")
q = Amortized(FullRank(rank), mlp(dim, 0, 2 * rank + rank**2, source))  # loc, log_scale, lower
fit(p, q, data.train, sticking_the_landing, steps=steps, batch_size=100, learning_rate=0.01,
    schedule=lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, steps))  # fmt: skip

centred = (data.train - data.train.mean(0)).double()
values = torch.linalg.eigvalsh(centred.mT @ centred / len(centred)).flip(0)
noise = values[rank:].mean()
logs = values[:rank].log().sum() + (dim - rank) * noise.log()
best = -(dim * math.log(2 * math.pi) + logs + dim) / 2
reached = p.log_evidence(data.train).mean()
print(f"train: {reached:.3f} nats, at the maximum {best:.3f}")
assert 0 <= best - reached < 0.3

x = data.test
found = importance_log_evidence(p, q, x, 500, source)
truth = p.log_evidence(x).detach()
mean, error = (found.value - truth).mean(), found.standard_error.square().sum().sqrt() / len(x)
print(f"test: {found.value.mean():.4f} nats, exact {truth.mean():.4f}, z {mean / error:.1f}")
assert abs(mean / error) < 4.5 and ((found.value - truth) / found.standard_error).abs().max() < 4.5

r"""A variational autoencoder with convolutions of your own, on 8 x 8 digits, and how far its bound is from log p(x).

Shown: networks for images in ``Reshaped``, images ``(N, 1, 8, 8)`` handed to ``fit``, importance sampling, the two gaps. Asserted, by an
exact answer that is a sum over a grid (there are two latents): importance sampling on 20 test digits is right; and ELBO + amortization
gap + approximation gap is log p(x).
"""

import math

import torch
from torch import nn

from course_vi.data import digits
from course_vi.diagnostics import (
    amortization_gap,
    approximation_gap,
    best_per_datum,
    importance_log_evidence,
)
from course_vi.families import Amortized, MeanField
from course_vi.gradients import sticking_the_landing
from course_vi.learning import fit
from course_vi.models import VAE
from course_vi.nets import Reshaped

torch.manual_seed(0)
data = digits()
encoder = nn.Sequential(
    nn.Conv2d(1, 8, 3, 2, 1),
    nn.Tanh(),
    nn.Flatten(),
    nn.Linear(128, 32),
    nn.Tanh(),
    nn.Linear(32, 4),
)
decoder = nn.Sequential(
    nn.Linear(2, 64),
    nn.Tanh(),
    nn.Unflatten(1, (4, 4, 4)),
    nn.ConvTranspose2d(4, 1, 4, 2, 1),
    nn.Flatten(),
)
p = VAE(latent_dim=2, data_dim=64, decoder=Reshaped(decoder))
q = Amortized(MeanField(2), Reshaped(encoder, (1, 8, 8)))  # it writes 2 means, 2 log scales
fit(
    p,
    q,
    data.train.reshape(-1, 1, 8, 8),
    sticking_the_landing,
    steps=600,
    batch_size=64,
    learning_rate=0.01,
)

x = data.test[:20]
line = torch.linspace(-5.0, 5.0, 61)
grid = torch.cartesian_prod(line, line)[:, None]  # (K, 1, 2): every datum sees the same points
with torch.no_grad():
    truth = p.log_joint(x, grid).double().logsumexp(0) + 2 * math.log(10.0 / 60)

found = importance_log_evidence(p, q, x, 1000, torch.Generator().manual_seed(0))
z_scores = (found.value - truth) / found.standard_error
print(
    f"log p(x), mean of 20: {found.value.mean():.3f}, exact {truth.mean():.3f}; largest |z| {z_scores.abs().max():.1f}"
)
assert z_scores.abs().max() < 4.5

source = torch.Generator().manual_seed(1)
best = best_per_datum(p, q, x, steps=300, num_samples=8)
amortization = amortization_gap(p, q, x, best, 1000, source)
approximation = approximation_gap(p, q, x, best, 1000, source, log_evidence=truth.float())
z = q.sample(1000, x, source)
log_w = (p.log_joint(x, z) - q(x, z)).detach()
left = truth - log_w.mean(0) - amortization.value - approximation.value
error = (
    log_w.var(0) / 1000 + amortization.standard_error**2 + approximation.standard_error**2
).sqrt()
print(
    f"gaps: amortization {amortization.value.mean():.3f}, approximation {approximation.value.mean():.3f} nats"
)
assert (left / error).abs().max() < 4.5 and approximation.value.mean() > 0

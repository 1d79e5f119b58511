"""Unbiased? A few dozen gradients, each the mean over many copies of a datum: far fewer backward passes than one for each estimate."""

from __future__ import annotations

import torch
from oracles import generator, gradients, mean_z


def flat(found):
    return torch.cat([part.flatten() for part in found.values()])


def block_z(estimator, p, q, x, wanted, module, copies=100, blocks=60, num_samples=1, seed=0, **options):
    """The largest |z| of the mean gradient of ``module`` for one datum ``x: (Dx,)`` against ``wanted``, by name; what is zero stays so."""
    source, wanted = generator(seed), flat(wanted)
    rows = x.expand(copies, *x.shape)
    found = torch.stack([flat(gradients(estimator(p, q, rows, num_samples, generator=source, **options).mean(), module))
                         for _ in range(blocks)])
    still = found.std(0) < 1e-13
    if bool(still.any()):
        assert (found[:, still] - wanted[still]).abs().max() < 1e-10, "does not vary, and is wrong"
    return mean_z(found[:, ~still], wanted[~still])

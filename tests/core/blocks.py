"""Unbiased? A few dozen gradients, each the mean over many copies of a datum: far fewer backward passes than one for each estimate."""

from __future__ import annotations

import torch
from oracles import generator, gradients, mean_z
from torch import nn

from course_vi.distributions import CholeskyNormal
from course_vi.families import Conditionals


def flat(found):
    return torch.cat([part.flatten() for part in found.values()])


def block_z(
    estimator, p, q, x, wanted, module, copies=100, blocks=60, num_samples=1, seed=0, **options
):
    """The largest |z| of the mean gradient of ``module`` for one datum ``x: (Dx,)`` against ``wanted``, by name; what is zero stays so."""
    source, wanted = generator(seed), flat(wanted)
    rows = x.expand(copies, *x.shape)
    found = torch.stack(
        [
            flat(
                gradients(
                    estimator(p, q, rows, num_samples, generator=source, **options).mean(), module
                )
            )
            for _ in range(blocks)
        ]
    )
    still = found.std(0) < 1e-13
    if bool(still.any()):
        assert (found[:, still] - wanted[still]).abs().max() < 1e-10, "does not vary, and is wrong"
    return mean_z(found[:, ~still], wanted[~still])


class GaussianConditionals(Conditionals):
    """q(z | x) = N(gain x + shift, covariance), told level by level: each given all before it."""

    def __init__(self, sizes, gain, shift, covariance):
        super().__init__()
        self.sizes, start = tuple(sizes), 0
        parts = {"slopes": [], "from_data": [], "shifts": [], "roots": []}
        for size in sizes:
            before, here = slice(0, start), slice(start, start + size)
            slope = torch.linalg.solve(covariance[before, before], covariance[before, here]).mT
            rest = covariance[here, here] - slope @ covariance[before, here]
            found = (
                slope,
                gain[here] - slope @ gain[before],
                shift[here] - slope @ shift[before],
                torch.linalg.cholesky((rest + rest.mT) / 2),
            )
            for values, value in zip(parts.values(), found, strict=True):
                values += [nn.Parameter(value.detach().clone())] if value.numel() else []
            start += size
        for name, values in parts.items():
            setattr(self, name, nn.ParameterList(values))

    def begin(self, x):
        return x, []

    def step(self, level, memory, previous):
        x, before = memory
        before = before if previous is None else [*before, previous]
        loc = x @ self.from_data[level].mT + self.shifts[level]
        if before:
            loc = loc + torch.cat(before, -1) @ self.slopes[level - 1].mT
        return CholeskyNormal(loc, self.roots[level].tril()), (x, before)

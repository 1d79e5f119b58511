"""A batch is a loop over its data: value and gradient of every estimator, for every family, bound and number of samples that it takes.

At fixed noise, with a batch of shape (2, 3), and once more with data and noise that are not contiguous. A configuration that is refused is
passed over; how many must not be is counted.
"""

from __future__ import annotations

import itertools

import pytest
import torch
from catalogue import BOUNDS, CONTEXT, ESTIMATORS, FAMILIES
from oracles import DOUBLE, generator

from course_vi import models

BATCH = (2, 3)
UNIFORM = {
    "gumbel_softmax": 1,
    "straight_through": 1,
    "Rebar": 2,
    "Relax": 2,
    "disarm": 1,
}  # numbers for each latent
MEMORY = {"RunningMean"}  # what it returns hangs on the calls before
OWN_NOISE = {
    "FromDistribution"
}  # families whose noise seeds a draw of torch's: another batch, another draw
NO_NOISE = {"LearnedBaseline", "rao_blackwellized"}


def pair(name: str) -> tuple[models.Model, torch.nn.Module]:
    """A family, and a model of two bits with latents that it fits."""
    q = FAMILIES[name](2, 0).double()
    if any(word in name for word in ("Bernoulli", "Categorical")):
        return models.SigmoidBeliefNet((CONTEXT, q.dim), generator=generator(0)).double(), q
    return models.VAE(q.dim, CONTEXT, 5, generator(0)).double(), q


def run(estimator, p, q, x, num_samples, bound, noise) -> tuple[torch.Tensor, torch.Tensor]:
    value = estimator(p, q, x, num_samples, bound=bound, noise=noise)
    modules = [p, q] + ([estimator] if isinstance(estimator, torch.nn.Module) else [])
    parameters = [part for module in modules for part in module.parameters() if part.requires_grad]
    slopes = torch.autograd.grad(value.sum(), parameters, allow_unused=True)
    return value.detach(), torch.cat(
        [
            (torch.zeros_like(part) if slope is None else slope).flatten()
            for part, slope in zip(parameters, slopes, strict=True)
        ]
    )


def differs(estimator_name: str, family: str, bound_name: str, num_samples: int) -> float | None:
    """The largest difference, relative for the gradient; None where the configuration is refused."""
    row, (p, q) = ESTIMATORS[estimator_name], pair(family)
    bound, least = BOUNDS[bound_name]
    if num_samples < max(least, row.least) or (row.even and num_samples % 2):
        return None
    source = generator(num_samples)
    x = torch.bernoulli(torch.full((*BATCH, CONTEXT), 0.5, dtype=DOUBLE), generator=source)
    draws = num_samples // 2 if row.even else num_samples
    if family in OWN_NOISE:
        return None
    size = q.dim * UNIFORM[estimator_name] if estimator_name in UNIFORM else q.noise_dim
    if size == 0 or (estimator_name == "Relax" and q.dim != CONTEXT):
        return None  # the control variate of the catalogue reads two bits
    make = torch.rand if estimator_name in UNIFORM else torch.randn
    noise = make(draws, *BATCH, size, generator=source, dtype=DOUBLE)
    estimator = row.make()
    if isinstance(estimator, torch.nn.Module):
        estimator = estimator.double()
    try:
        value, slope = run(estimator, p, q, x, num_samples, bound, noise)
    except (ValueError, TypeError):
        return None
    values, slopes = torch.zeros_like(value), torch.zeros_like(slope)
    for place in itertools.product(*map(range, BATCH)):
        one, own = run(estimator, p, q, x[place], num_samples, bound, noise[(slice(None), *place)])
        values[place], slopes = one, slopes + own
    turned = noise.transpose(0, 2).contiguous().transpose(0, 2)
    swapped = x.transpose(0, 1).contiguous().transpose(0, 1)
    again, same = run(estimator, p, q, swapped, num_samples, bound, turned)
    assert bool(slope.isfinite().all()) and bool(value.isfinite().all())
    room = 1 + slope.abs().max()
    errors = [value - values, (slope - slopes) / room, value - again, (slope - same) / room]
    return max(error.abs().max().item() for error in errors)


def everything(estimator: str, families, bounds, samples) -> tuple[int, float]:
    """How many configurations were taken, and the worst difference among them."""
    found = [
        differs(estimator, family, bound, count)
        for family, bound, count in itertools.product(families, bounds, samples)
    ]
    taken = [error for error in found if error is not None]
    return len(taken), max(taken, default=0.0)


NAMES = [name for name in ESTIMATORS if name not in MEMORY | NO_NOISE]
SOME = ["Amortized(MeanField)", "FullRank", "Flow", "Layered", "Amortized(BernoulliMeanField)"]


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_a_loop(name):
    """The bounds each estimator is catalogued with, two of them, on a few families."""
    bounds = ESTIMATORS[name].bounds[:2]
    taken, worst = everything(name, SOME, bounds, (2,))
    assert taken >= 1 and worst < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_a_loop_everywhere(name, evidence):
    taken, worst = everything(name, FAMILIES, BOUNDS, (1, 2, 5, 8))
    assert taken >= 4 and worst < 1e-9
    evidence(
        f"gradients.{name}: a batch of any family and bound", "the loop over its data", error=worst
    )

"""Discrete things to test on: one family of each kind, and a model whose states are counted one by one."""

from __future__ import annotations

import torch
from oracles import DOUBLE, randn

from course_vi import exact
from course_vi.diagnostics import replicate
from course_vi.families import BernoulliMeanField, CategoricalMeanField
from course_vi.gradients import score_function
from course_vi.models import Model

UNREAD = torch.zeros(1, dtype=DOUBLE)


class Pairwise(Model):
    """log p(x, z) = z'Az/2 + b'z: a Boltzmann machine without its constant, whose states are counted one by one."""

    def __init__(self, dim, seed=0):
        super().__init__()
        root = randn(dim, dim, seed=seed)
        self.couplings, self.fields, self.latent_dim, self.data_dim = (
            root + root.mT,
            randn(dim, seed=seed + 1),
            dim,
            1,
        )

    def log_factors(self, x, z):
        return {"energy": 0.5 * ((z @ self.couplings) * z).sum(-1) + z @ self.fields}


def bernoulli(dim=3, seed=0):
    return BernoulliMeanField(dim, 0.8 * randn(dim, seed=seed))


def categorical(dim=2, categories=3, seed=0):
    return CategoricalMeanField(dim, categories, 0.8 * randn(dim, categories, seed=seed))


def all_tuples(q, num_samples):
    """One replicate of q for each K-tuple of its states, forced to draw it; and the probabilities of the tuples."""
    states = q.states()
    codes = exact.enumerate_categories((len(states),) * num_samples)
    tuples, many = states[codes].transpose(0, 1), replicate(q, len(codes))  # (K, T, D)
    plain = many.distribution

    def forced(x=None):
        density = plain(x)
        density.draw = lambda shape, generator=None: tuples
        return density

    many.distribution = forced
    return many, q(None, states).detach()[codes].sum(-1).exp()


def exact_moments(estimator, p, q, num_samples, bound):
    """Mean and variance of an estimate of q's gradient, with no sampling error at all."""
    many, weight = all_tuples(q, num_samples)
    value = estimator(p, many, UNREAD.expand(len(weight), 1), num_samples, bound=bound)
    assert torch.equal(
        value, score_function(p, many, UNREAD.expand(len(weight), 1), num_samples, bound=bound)
    ), "the value is the bound"
    (each,) = torch.autograd.grad(value.sum(), [many.logits])
    weight = weight.view(-1, *(1,) * (each.dim() - 1))
    mean = (weight * each).sum(0)
    return mean, (weight * (each - mean).square()).sum(0)

"""Discrete things to test on: one family of each kind, and a model whose states are counted one by one."""

from __future__ import annotations

import torch
from oracles import DOUBLE, randn

from course_vi.families import BernoulliMeanField, CategoricalMeanField
from course_vi.models import Model

UNREAD = torch.zeros(1, dtype=DOUBLE)


class Pairwise(Model):
    """log p(x, z) = z'Az/2 + b'z: a Boltzmann machine without its constant, whose states are counted one by one."""

    def __init__(self, dim, seed=0):
        super().__init__()
        root = randn(dim, dim, seed=seed)
        self.couplings, self.fields, self.latent_dim, self.data_dim = root + root.mT, randn(dim, seed=seed + 1), dim, 1

    def log_factors(self, x, z):
        return {"energy": 0.5 * ((z @ self.couplings) * z).sum(-1) + z @ self.fields}


def bernoulli(dim=3, seed=0):
    return BernoulliMeanField(dim, 0.8 * randn(dim, seed=seed))


def categorical(dim=2, categories=3, seed=0):
    return CategoricalMeanField(dim, categories, 0.8 * randn(dim, categories, seed=seed))

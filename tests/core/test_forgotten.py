"""What a user's model forgets is named, or does not matter."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.distributions import Normal

from course_vi.families import MeanField
from course_vi.gradients import reparametrized
from course_vi.models import VAE, ConjugateToy
from course_vi.models.base import Model


class NoSizes(Model):
    data_dim = 1

    def log_factors(self, x, z):
        return {
            "prior": Normal(0.0, 1.0).log_prob(z).sum(-1),
            "x": Normal(z, 1.0).log_prob(x).sum(-1),
        }


class NoInit(NoSizes):
    latent_dim = 1

    def __init__(self):
        self.scale = nn.Parameter(torch.ones(()))


def test_a_forgotten_size_is_named():
    with pytest.raises(
        NotImplementedError, match="NoSizes has no latent_dim; expected a whole number"
    ):
        reparametrized(NoSizes(), MeanField(1), torch.zeros(1))
    assert "latent_dim=?" in repr(NoSizes())


def test_a_forgotten_init_does_not_matter():
    p = NoInit()
    assert (
        reparametrized(p, MeanField(1), torch.zeros(1)).isfinite() and len([*p.parameters()]) == 1
    )


def test_models_copy_and_pickle():
    p = pickle.loads(pickle.dumps(copy.deepcopy(ConjugateToy(3)))).double()
    assert p.latent_dim == 3 and p.prior().mean.dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.float64])
def test_a_dtype_is_named(dtype):
    p, q = VAE(1, 2, 4), MeanField(1).double()
    with pytest.raises(
        ValueError,
        match=f"(x|z) has dtype {dtype if dtype.is_floating_point else 'torch'}.*; expected torch.float32",
    ):
        reparametrized(p, q, torch.ones(3, 2, dtype=dtype))
    linear = VAE(1, 2, 0, likelihood="gaussian", scale="shared")
    if dtype == torch.float64:
        with pytest.raises(
            ValueError, match=f"x has dtype {dtype}; expected torch.float32, that of"
        ):
            linear.posterior(torch.ones(3, 2, dtype=dtype))

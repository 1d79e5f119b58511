"""What a user's model forgets is named, or does not matter."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.distributions import Gumbel, Independent, Normal

from course_vi.families import (
    Amortized,
    BetaMeanField,
    Blocks,
    Exp,
    Family,
    FromDistribution,
    FullRank,
    MeanField,
)
from course_vi.gradients import reparametrized
from course_vi.models import VAE, ConjugateToy, LinearGaussianSSM, LinearMixedModel
from course_vi.models.base import Model
from course_vi.nets import Reshaped


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


class NoLikelihood(Model):
    latent_dim, data_dim = 1, 1

    def prior(self):
        return Normal(torch.zeros(1), 1.0)


class NoNames(Model):
    latent_dim, data_dim = 1, 1

    def log_factors(self, x, z):
        return Normal(z, 1.0).log_prob(x).sum(-1)


def test_what_a_model_has_to_give_is_named():
    x, z = torch.zeros(1), torch.zeros(2, 1)
    with pytest.raises(
        NotImplementedError, match="NoLikelihood does not name a likelihood; expected"
    ):
        NoLikelihood().log_joint(x, z)
    with pytest.raises(NotImplementedError, match="does not name a prior; expected"):
        NoNames().prior()
    with pytest.raises(TypeError, match="log_factors of NoNames gave a Tensor; expected a dict"):
        NoNames().log_joint(x, z)


def test_missing_entries_are_told_what_they_need():
    one = torch.ones(1, 1)
    p = LinearGaussianSSM(one, one, one, one, one[0], one, steps=3)
    x = torch.tensor([0.0, torch.nan, 1.0])
    with pytest.raises(ValueError, match=r"x has 1 entries .*, or seen=~x.isnan\(\)"):
        p.log_evidence(x)
    with pytest.raises(TypeError, match="burn_in is a Tensor; .* seen=... by name"):
        p.log_evidence(x, ~x.isnan())
    assert p.log_evidence(x, seen=~x.isnan()).isfinite()
    with pytest.raises(TypeError, match="initial_loc is 0.0; expected a tensor"):
        LinearGaussianSSM(one, one, one, one, 0.0, one, steps=3)


def test_noise_of_a_family_with_rsample_is_asked_for():
    class Forgetful(Family):
        def __init__(self):
            super().__init__()
            self.dim, self.loc = 1, nn.Parameter(torch.zeros(1))

        def distribution(self, x=None):
            return Independent(Normal(self.loc, 1.0), 1)

    with pytest.raises(TypeError, match="Forgetful has no noise .* with rsample, noise_dim = 1"):
        reparametrized(ConjugateToy(), Forgetful(), torch.zeros(1))


@pytest.mark.parametrize("part", [Exp(), (Exp(), 1), (1, "exp")])
def test_a_block_is_a_size_and_a_map(part):
    with pytest.raises(TypeError, match="expected"):
        Blocks(part)


@pytest.mark.parametrize(
    "given", [{"levels": 3}, {"random_scales": 1.0}, {"fixed": [0.0]}, {"fixed": torch.zeros(())}]
)
def test_the_parts_of_a_mixed_model(given):
    parts = {"levels": [3], "fixed": torch.zeros(1), "random_scales": [1.0]}
    with pytest.raises(
        TypeError, match=f"{next(iter(given))} is .*; expected a (list|tensor|torch.Tensor)"
    ):
        LinearMixedModel(**(parts | given))


def test_a_network_of_images_that_is_handed_vectors():
    encoder = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 36, 4))
    decoder = nn.Sequential(nn.Linear(2, 64), nn.Unflatten(1, (1, 8, 8)), nn.Flatten())
    x = torch.zeros(5, 64)
    with pytest.raises(ValueError, match=r"encoder has conv.* \(5, 64\), vectors; .* one image"):
        Amortized(MeanField(2), encoder).sample(3, x)
    with pytest.raises(ValueError, match=r"decoder .*; expected it in nets.Reshaped\(network\)$"):
        VAE(2, 64, decoder=decoder).log_joint(x, torch.zeros(3, 5, 2))
    p = VAE(2, 64, decoder=Reshaped(decoder))
    q = Amortized(MeanField(2), Reshaped(encoder, (1, 8, 8)))
    assert reparametrized(p, q, x, 3).shape == (5,)


@pytest.mark.parametrize(
    "q",
    [
        FullRank(2, lower=torch.ones(2, 2)),
        BetaMeanField(2, torch.tensor([0.5, -1.0]), torch.tensor([1.0, 0.0])),
        FromDistribution(lambda loc: Independent(Gumbel(loc, 1.0), 1), loc=torch.zeros(2)),
    ],
    ids=lambda q: type(q).__name__,
)
def test_every_density_with_a_mean_has_a_spread(q):
    z = q.sample(100_000, generator=torch.Generator().manual_seed(0))
    squares = (z - q.distribution().mean).square()
    error = squares.std(0) / len(z) ** 0.5
    assert ((squares.mean(0) - q.distribution().variance).abs() < 4.5 * error).all()
    assert torch.equal(q.distribution().stddev, q.distribution().variance.sqrt())


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_latents_that_all_data_share_are_matched_with_each(likelihood):
    p, x, z = VAE(2, 6, 4, likelihood=likelihood), torch.ones(5, 6), torch.randn(7, 1, 2)
    assert torch.allclose(p.log_joint(x, z), p.log_joint(x, z.expand(7, 5, 2)), atol=1e-5)

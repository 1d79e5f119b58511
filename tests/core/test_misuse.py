"""What people hand over by mistake: one sentence of ours for each, which names the argument, and never torch's own words alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Independent, Normal
from torch.utils.data import DataLoader, TensorDataset

from course_vi import learning, models
from course_vi.distributions import DiagonalNormal
from course_vi.families import (
    Amortized,
    BernoulliMeanField,
    CategoricalMeanField,
    Family,
    Flow,
    FullRank,
    MeanField,
    PerDatum,
)
from course_vi.gradients import reparametrized, score_function
from course_vi.graph import BayesNet
from course_vi.models import VAE, ConjugateToy, Model
from course_vi.nets import mlp

X, BITS = torch.tensor([[2.0, 0.5]]), torch.ones(4, 6)


def fit(p=None, q=None, x=X, **options):
    p = ConjugateToy(2) if p is None else p
    q = MeanField(2) if q is None else q
    return learning.fit(p, q, x, progress=False, **{"steps": 2, **options})


def vae(**more) -> VAE:
    return VAE(2, 6, 5, **more)


def encoded() -> Amortized:
    return Amortized(MeanField(2), mlp(6, 5, 4))


def with_decoder(*layers: nn.Module) -> VAE:
    """A decoder put there after the constructor has looked."""
    p = vae()
    p.decoder = nn.Sequential(*layers)
    return p


class NoInit(Family):
    dim = noise_dim = 2

    def __init__(self):
        self.loc = nn.Parameter(torch.zeros(2))

    def distribution(self, x=None):
        return DiagonalNormal(self.loc, torch.zeros(2))


class NoDim(NoInit):
    dim = Family.dim


class NoDistribution(Family):
    dim = noise_dim = 2

    def __init__(self):
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(2))


class NoParameter(Family):
    dim = noise_dim = 2

    def distribution(self, x=None):
        return DiagonalNormal(torch.zeros(2), torch.zeros(2))


class Level(Model):
    """z ~ N(0, 1) for all rows together, x_n ~ N(z, 1): ``local = False`` is forgotten."""

    latent_dim = data_dim = 1

    def log_factors(self, x, z):
        return {
            "prior": Normal(0.0, 1.0).log_prob(z).sum(-1),
            "likelihood": Normal(z, 1.0).log_prob(x[:, 0]).sum(-1),
        }


class NoFactors(Model):
    latent_dim = data_dim = 2


class NoDict(NoFactors):
    def log_factors(self, x, z):
        return z.sum(-1)


class Elsewhere(torch.Generator):
    """A generator that says it is on another device."""

    device = torch.device("cuda")


NET = {"z": lambda: Normal(0.0, 1.0), "x": lambda z: Normal(z, 1.0)}
HALF, PAIR = torch.ones(2) / 2, torch.ones(2, 2) / 2

# what is done: what is said, in the order of the arguments of fit
FITS = {
    "p double, q single": (
        lambda: fit(vae().double(), encoded(), BITS),
        "has dtype torch.float32; expected torch.float64",
    ),
    "q double, p single": (
        lambda: fit(vae(), encoded().double(), BITS),
        "has dtype torch.float64; expected torch.float32",
    ),
    "p is a class": (lambda: fit(ConjugateToy), "p is the class ConjugateToy; expected a Model"),
    "p is a net": (
        lambda: fit(BayesNet(**NET)),
        "p is a BayesNet; expected a Model, which a BayesNet gives as net.as_model",
    ),
    "p and q swapped": (
        lambda: fit(MeanField(2), ConjugateToy(2)),
        "p is a MeanField; expected a Model",
    ),
    "q is a class": (lambda: fit(q=MeanField), "q is the class MeanField; expected a Family"),
    "q of torch": (
        lambda: fit(q=Independent(Normal(X[0], 1.0), 1)),
        "q is a Independent; expected a Family",
    ),
    "q is a network": (lambda: fit(q=nn.Linear(2, 2)), "q is a Linear; expected a Family"),
    "q is a name": (lambda: fit(q="mean field"), "q is a str; expected a Family"),
    "q without a size": (lambda: fit(q=NoDim()), "NoDim has no dim; expected a whole number"),
    "q without a density": (
        lambda: fit(q=NoDistribution()),
        "NoDistribution has no distribution; expected a method",
    ),
    "q without a parameter": (
        lambda: fit(q=NoParameter()),
        "q is a NoParameter without a parameter; expected one",
    ),
    "local = False forgotten": (
        lambda: fit(Level(), MeanField(1), torch.randn(5, 1)),
        "say local = False in Level",
    ),
    "no factors": (
        lambda: fit(NoFactors()),
        r"NoFactors does not name a likelihood; expected prior\(\) and likelihood\(z\)",
    ),
    "factors without names": (
        lambda: fit(NoDict()),
        "log_factors of NoDict gave a Tensor; expected a dict",
    ),
    "x: last axis": (
        lambda: fit(x=torch.zeros(4, 3)),
        r"x has shape \(4, 3\); expected its last axis to have 2",
    ),
    "x: a list": (lambda: fit(x=[[2.0, 0.5]]), "x gave a list of 2 as a batch; expected a tensor"),
    "x: a number": (lambda: fit(x=2.0), "x is a float; expected a torch.Tensor"),
    "x: nothing": (lambda: fit(x=None), "x is a NoneType; expected a torch.Tensor"),
    "x: a name": (lambda: fit(x="digits"), "x is a str; expected a torch.Tensor"),
    "x: objects": (
        lambda: fit(x=np.array([[1, "a"]], dtype=object)),
        "x is a ndarray of things that are no numbers",
    ),
    "x: complex": (lambda: fit(x=X + 0j), "x has dtype torch.complex64; expected real numbers"),
    "x: no rows": (
        lambda: fit(x=torch.zeros(0, 2)),
        r"x has shape \(0, 2\); expected at least one row",
    ),
    "x: with labels": (
        lambda: fit(x=DataLoader(TensorDataset(X, X))),
        "x gave a list of 2 as a batch; expected",
    ),
    "estimator: a name": (
        lambda: fit(estimator="stl"),
        "estimator is 'stl'; expected one of course_vi.gradients",
    ),
    "bound: a name": (
        lambda: fit(bound="iwae"),
        "bound is 'iwae'; expected one of course_vi.bounds",
    ),
    "steps: negative": (lambda: fit(steps=-1), "steps is -1; expected a whole number, 1 or more"),
    "steps: a float": (lambda: fit(steps=1e3), "steps is 1000.0; expected a whole number"),
    "K = 0": (lambda: fit(num_samples=0), "num_samples is 0; expected a whole number, 1 or more"),
    "K: a float": (lambda: fit(num_samples=2.5), "num_samples is 2.5; expected a whole number"),
    "rate: a word": (
        lambda: fit(learning_rate="fast"),
        "learning_rate is 'fast'; expected a positive number",
    ),
    "rate: negative": (
        lambda: fit(learning_rate=-1.0),
        "learning_rate is -1.0; expected a positive number",
    ),
    "rate: NaN": (
        lambda: fit(learning_rate=float("nan")),
        "learning_rate is nan; expected a positive number",
    ),
    "batch of none": (
        lambda: fit(batch_size=0),
        "batch_size is 0; expected a whole number, 1 or more",
    ),
    "seed: a float": (lambda: fit(seed=1.5), "seed is 1.5; expected a whole number"),
    "seed: none": (lambda: fit(seed=None), "seed is None; expected a whole number"),
    "device: a wrong name": (
        lambda: fit(device="gpu"),
        "device is 'gpu'; expected a device that is there",
    ),
    "device: a number": (lambda: fit(device=3.5), "device is 3.5; expected a device that is there"),
    "optimizer: made": (
        lambda: fit(optimizer=torch.optim.SGD([torch.zeros(1)], 0.1)),
        "expected a function from parameters to an optimizer",
    ),
    "optimizer: a name": (
        lambda: fit(optimizer="adam"),
        "optimizer is 'adam'; expected a function",
    ),
    "schedule: a number": (lambda: fit(schedule=0.9), "schedule is 0.9; expected a function"),
    "callback: a name": (lambda: fit(callback="print"), "callback is 'p'; expected a function"),
    "early stopping: a number": (
        lambda: fit(early_stopping=5),
        "early_stopping is a int; expected a EarlyStopping",
    ),
    "max_norm = 0": (lambda: fit(max_norm=0), "max_norm is 0; expected a positive number"),
    "average_from: a word": (
        lambda: fit(average_from="half"),
        "average_from is 'half'; expected a whole number",
    ),
    "dropout in a decoder": (
        lambda: fit(with_decoder(nn.Linear(2, 6), nn.Dropout()), encoded(), BITS),
        "p holds Dropout at 'decoder.1'",
    ),
    "batch norm in a decoder": (
        lambda: fit(with_decoder(nn.Linear(2, 6), nn.BatchNorm1d(6)), encoded(), BITS),
        "p holds BatchNorm1d at 'decoder.1'",
    ),
    "decoder: wrong width in": (
        lambda: fit(vae(decoder=nn.Linear(3, 6)), encoded(), BITS),
        r"decoder cannot read z of shape \(1, 4, 2\)",
    ),
    "decoder: wrong width out": (
        lambda: fit(vae(decoder=nn.Linear(2, 5)), encoded(), BITS),
        "decoder gave shape",
    ),
    "encoder: wrong width in": (
        lambda: fit(vae(), Amortized(MeanField(2), mlp(5, 5, 4)), BITS),
        r"encoder cannot read x of shape \(4, 6\)",
    ),
    "encoder: wrong width out": (
        lambda: fit(vae(), Amortized(MeanField(2), mlp(6, 5, 3)), BITS),
        "encoder gave 3 numbers per datum; expected 4",
    ),
    "encoder: a pair out": (
        lambda: fit(vae(), Amortized(MeanField(2), nn.LSTM(6, 4)), BITS),
        "encoder gave a tuple; expected a torch.Tensor",
    ),
}

CALLS = {
    "generator: a number": (
        lambda: reparametrized(ConjugateToy(2), MeanField(2), X, generator=3),
        "generator is a int; expected a Generator",
    ),
    "generator elsewhere": (
        lambda: reparametrized(ConjugateToy(2), MeanField(2), X, generator=Elsewhere()),
        "generator is on cuda but the parameters of q are on cpu",
    ),
    "generator elsewhere, bits": (
        lambda: score_function(
            models.SigmoidBeliefNet((6, 2)),
            Amortized(BernoulliMeanField(2), mlp(6, 4, 2)),
            BITS,
            generator=Elsewhere(),
        ),
        "generator is on cuda",
    ),
    "noise: a list": (
        lambda: reparametrized(ConjugateToy(2), MeanField(2), X, noise=[[0.0, 0.0]]),
        "noise is a list; expected a torch.Tensor",
    ),
    "K: a word": (
        lambda: reparametrized(ConjugateToy(2), MeanField(2), X, "3"),
        "num_samples is '3'; expected a whole number",
    ),
    "x: whole numbers": (
        lambda: reparametrized(vae(), encoded(), BITS.long()),
        "x has dtype torch.int64; expected torch.float32",
    ),
    "encoder asked without x": (lambda: encoded().sample(3), "x is None; expected the datum"),
    "encoder asked with a list": (
        lambda: encoded().sample(3, [1.0] * 6),
        "x is a list; expected a torch.Tensor",
    ),
    "encoder in double": (
        lambda: encoded().sample(3, BITS.double()),
        "x has dtype torch.float64; expected torch.float32",
    ),
    "encoder: a function": (
        lambda: Amortized(MeanField(2), lambda x: x),
        "encoder is a function; expected a Module",
    ),
    "encoder: a class": (
        lambda: Amortized(MeanField(2), nn.Linear),
        "encoder is the class Linear; expected a Module",
    ),
    "flow: a layer": (
        lambda: Flow(nn.Linear(2, 2), 2),
        "flow is a Linear; expected a LazyDistribution",
    ),
    "dim: a float": (lambda: MeanField(2.0), "dim is 2.0; expected a whole number"),
    "dim: a word": (lambda: ConjugateToy("2"), "dim is '2'; expected a whole number"),
    "loc: whole numbers": (
        lambda: MeanField(2, torch.tensor([1, 2])),
        "loc has dtype torch.int64; expected floating point",
    ),
    "loc: a list": (lambda: FullRank(2, [0.0, 1.0]), "loc is a list; expected a torch.Tensor"),
    "hidden: a word": (lambda: VAE(2, 6, "5"), "hidden is '5'; expected a whole number"),
    "hidden: a float": (lambda: VAE(2, 6, 5.0), "hidden is 5.0; expected a whole number"),
    "inputs: a float": (lambda: mlp(2.0, 4, 1), "inputs is 2.0; expected a whole number"),
    "weights: a list": (
        lambda: models.GaussianMixture([0.5, 0.5], PAIR, PAIR),
        "weights is a list; expected a torch.Tensor",
    ),
    "initial: a list": (
        lambda: models.HiddenMarkovModel([0.5, 0.5], PAIR, PAIR, 3),
        "initial is a list; expected a torch.Tensor",
    ),
    "emission: a list": (
        lambda: models.GaussianHMM(HALF, PAIR, [[0.0, 1.0]] * 2, 3),
        "emission is a list; expected a torch.Tensor",
    ),
    "loadings: a list": (
        lambda: models.ProbabilisticPCA([[1.0]], HALF),
        "loadings is a list; expected a torch.Tensor",
    ),
    "fixed: a list": (
        lambda: models.LinearMixedModel([2], [0.0], [1.0]),
        "fixed is a list; expected a torch.Tensor",
    ),
    "PerDatum of a list": (
        lambda: PerDatum(MeanField(2), [[1.0, 2.0]]),
        "x is a list; expected a Tensor",
    ),
    "per_datum_svi of a list": (
        lambda: learning.per_datum_svi(ConjugateToy(2), PerDatum(MeanField(2), X), [[1.0, 2.0]]),
        "x is a list",
    ),
    "em of a list": (
        lambda: learning.em(
            models.GaussianMixture(HALF, torch.zeros(2, 1), torch.ones(2, 1, 1)), [[1.0]]
        ),
        "x is a list; expected a Tensor",
    ),
    "baum_welch of a list": (
        lambda: learning.baum_welch(models.HiddenMarkovModel(HALF, PAIR, PAIR, 2), [[0.0, 1.0]]),
        "x is a list",
    ),
    "maximize_evidence of a class": (
        lambda: learning.maximize_evidence(models.ProbabilisticPCA, X),
        "p is the class ProbabilisticPCA",
    ),
    "evidence of a list": (
        lambda: ConjugateToy(2).log_evidence([1.0, 2.0]),
        "x is a list; expected a torch.Tensor",
    ),
    "names that are a name": (
        lambda: BayesNet(**NET).as_model(observed="x", latent="z"),
        "expected two lists of names",
    ),
    "categories: a float": (
        lambda: CategoricalMeanField(2, 3.0),
        "is 3.0; expected a whole number",
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_fit_says_what_is_wrong(name):
    done, words = FITS[name]
    with pytest.raises((TypeError, ValueError, NotImplementedError), match=words):
        done()


@pytest.mark.parametrize("name", CALLS)
def test_calls_say_what_is_wrong(name):
    done, words = CALLS[name]
    with pytest.raises((TypeError, ValueError), match=words):
        done()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there():
    with pytest.raises(ValueError, match="device is 'cuda'; expected a device that is there"):
        fit(device="cuda")


def test_what_does_not_matter():
    """A forgotten ``super().__init__()``, rows in double precision, NumPy, one datum, and dropout that somebody asks for."""
    assert (
        len(fit(q=NoInit()).bound)
        == len(fit(x=X.double().numpy()).bound)
        == len(fit(x=X[0]).bound)
        == 2
    )
    noisy = with_decoder(nn.Linear(2, 6), nn.Dropout())
    assert len(fit(noisy, encoded(), BITS, check=False).bound) == 2


def test_an_error_of_somebodys_own_code_is_left_alone():
    class Wrong(NoFactors):
        def log_factors(self, x, z):
            return {"all": z @ torch.zeros(3, 1)}

    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        fit(Wrong())


def test_rows_that_do_not_see_each_other_pass():
    class Own(Level):
        def log_factors(self, x, z):
            return {
                "prior": Normal(0.0, 1.0).log_prob(z).sum(-1),
                "likelihood": Normal(z, 1.0).log_prob(x).sum(-1),
            }

    assert len(fit(Own(), MeanField(1), torch.randn(5, 1)).bound) == 2

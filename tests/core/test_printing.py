"""What a learner prints says what it is: sizes, shapes, and the family inside; never a bare ``Name()`` or an address in memory."""

import pytest
import torch
from catalogue import CONTEXT, ESTIMATORS, FAMILIES, MODELS
from oracles import generator
from torch import nn

from course_vi import distributions, learning, models
from course_vi.distributions.conjugate import NormalWishart
from course_vi.exact import enumerate_binary
from course_vi.families import FactorCovariance, MeanField, PerDatum
from course_vi.families.base import Family
from course_vi.graph import BayesNet, plate
from course_vi.models.deep import outputs
from course_vi.nets import Window


def says_something(thing: object) -> None:
    words = repr(thing)
    assert (
        words != f"{type(thing).__name__}()" and " at 0x" not in words and "object" not in words
    ), words
    assert words.startswith(type(thing).__name__.removeprefix("_"))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_and_its_density_print(name: str) -> None:
    q = FAMILIES[name](3, 0)
    says_something(q)
    density = q.distribution(torch.zeros(5, CONTEXT))
    says_something(density)
    assert f"event=({q.dim},)" in repr(density) and f"batch={tuple(density.batch_shape)}" in repr(
        density
    )
    assert name.removeprefix("Amortized(").removesuffix(")") in repr(q)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_prints(name: str) -> None:
    p = MODELS[name].make()
    says_something(p)
    assert f"data_dim={p.data_dim}" in repr(p) and f"latent_dim={p.latent_dim}" in repr(p)
    assert ("global latents" in repr(p)) is not p.local


@pytest.mark.parametrize(
    "name", [name for name, row in ESTIMATORS.items() if isinstance(row.make(), nn.Module)]
)
def test_an_estimator_with_a_memory_prints(name: str) -> None:
    says_something(ESTIMATORS[name].make())


OTHERS = {
    "Bits": lambda: outputs.Bits(3),
    "BackwardChain": lambda: MODELS["LinearGaussianSSM"].make().posterior(torch.zeros(12)),
    "BayesNet": lambda: BayesNet(
        z=plate("n", 2)(lambda: torch.distributions.Normal(0.0, 1.0)),
        x=lambda z: torch.distributions.Normal(z.sum(-1), 1.0),
    ),
    "BoltzmannMachine": lambda: models.BoltzmannMachine(torch.zeros(2, 2), torch.zeros(2)),
    "ConditionalNeuralProcess": lambda: models.ConditionalNeuralProcess(4, 2),
    "DiscreteChain": lambda: distributions.DiscreteChain(torch.zeros(3), torch.zeros(1, 3, 3)),
    "Enumerated": lambda: distributions.Enumerated(enumerate_binary(2), torch.zeros(4)),
    "ExponentialRandomGraph": lambda: models.ExponentialRandomGraph(4),
    "NormalWishart": lambda: NormalWishart.of(
        torch.ones(1), torch.zeros(1, 1), torch.ones(1, 1, 1), torch.ones(1)
    ),
    "Normals": lambda: outputs.Normals(3, 0.5),
    "RandomFeatures": lambda: learning.RandomFeatures(2, 3),
    "Window": lambda: Window(16, 2, 3, generator(0)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_rest_prints(name: str) -> None:
    says_something(OTHERS[name]())


def test_free_rows_name_the_family_and_their_number() -> None:
    assert (
        repr(PerDatum(FactorCovariance(3, 2), torch.zeros(5, 1)))
        == "PerDatum(family=FactorCovariance(dim=3, rank=2), batch=(5,))"
    )
    encoded = FAMILIES["Amortized(MeanField)"](3, 0)
    assert (
        repr(PerDatum(encoded, torch.zeros(5, CONTEXT)))
        == "PerDatum(family=MeanField(dim=3), batch=(5,))"
    )


def test_a_batch_of_parameters_shows() -> None:
    assert repr(MeanField(2, loc=torch.zeros(5, 2))) == "MeanField(dim=2, batch=(5,))"


def test_a_bare_name_is_caught() -> None:
    class Bare(Family):
        def extra_repr(self) -> str:
            return ""

    with pytest.raises(AssertionError):
        says_something(Bare())

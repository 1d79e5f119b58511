"""Data outside the support of a model are refused once, by the model's ``check``; grey pixels by an explicit choice alone."""

from __future__ import annotations

import pytest
import torch
from oracles import generator
from torch.distributions import Categorical, Normal, Poisson, Uniform

from course_vi import models
from course_vi.families import CategoricalMeanField, MeanField
from course_vi.gradients import score_function
from course_vi.graph import BayesNet
from course_vi.learning import fit
from course_vi.models.deep.outputs import Bits
from course_vi.nets import mlp

BINARY = {
    "TwoBernoullis": models.TwoBernoullis,
    "BernoulliMixture": lambda: models.BernoulliMixture(
        torch.ones(2) / 2, torch.tensor([[0.9, 0.9], [0.1, 0.1]])
    ),
    "SigmoidBeliefNet": lambda: models.SigmoidBeliefNet((2, 2)),
    "DeepBernoulli": lambda: models.DeepBernoulli(mlp(1, 4, 2), torch.zeros(1), torch.eye(1)),
    "VAE": lambda: models.VAE(1, 2, 4),
    "HierarchicalVAE": lambda: models.HierarchicalVAE((1, 1), 2, 4),
    "DRAW": lambda: models.DRAW(2, 2, 1, 4),
    "DeepMarkovModel": lambda: models.DeepMarkovModel(2, 1, 1, likelihood="bernoulli"),
    "NeuralStatistician": lambda: models.NeuralStatistician(2, 1, likelihood="bernoulli"),
}


@pytest.mark.parametrize("name", BINARY)
def test_pixels_are_bits(name):
    """0.3 and 7 had a log evidence of +97.0; uint8 images a "bound" of +38,792 nats."""
    p = BINARY[name]()
    p.check(torch.tensor([[0.0, 1.0], [1.0, 1.0]]))
    with pytest.raises(ValueError, match="x has 2 entries other than 0 and 1, of 2, such as 0.3"):
        p.check(torch.tensor([0.3, 7.0]))
    with pytest.raises(ValueError, match="NaN"):
        p.check(torch.tensor([torch.nan, 0.0]))
    with pytest.raises(ValueError, match="last axis"):
        p.check(torch.zeros(3))


@pytest.mark.parametrize("name", ["TwoBernoullis", "BernoulliMixture", "SigmoidBeliefNet"])
def test_exact_answers_ask(name):
    p = BINARY[name]()
    for answer in ("log_evidence", "posterior", "responsibilities", "posterior_moments"):
        if answer in vars(type(p)):
            with pytest.raises(ValueError, match="other than 0 and 1"):
                getattr(p, answer)(torch.tensor([0.3, 7.0]))


def test_only_what_was_seen_is_asked():
    mixture, seen = BINARY["BernoulliMixture"](), torch.tensor([True, False])
    assert torch.isfinite(mixture.log_evidence(torch.tensor([1.0, 7.0]), seen))
    with pytest.raises(ValueError, match="other than 0 and 1"):
        mixture.log_evidence(torch.tensor([7.0, 1.0]), seen)


def test_labels_are_bits():
    p = models.BayesianLogisticRegression(2)
    x, _ = p.sample(5, generator(0))
    p.check(x)
    for wrong in (2 * x[:, -1:] - 1, x[:, -1:] + 1):
        with pytest.raises(ValueError, match=r"x\[:, -1\], the labels, has \d entries other than"):
            p.check(torch.cat([x[:, :-1], wrong], -1))


def test_grey_pixels_are_a_choice():
    """The expected bits, in [0, 1]; a mean over draws of the bits."""
    p, x = models.VAE(1, 2, 4, likelihood="grey"), torch.tensor([0.3, 1.0])
    p.check(x)
    assert "grey" in repr(p.output)
    with pytest.raises(ValueError, match=r"1 entries outside \[0, 1\], of 2, such as 7"):
        p.check(torch.tensor([0.3, 7.0]))
    raw, hard = torch.tensor([0.4, -1.0]), torch.tensor([[0.0, 1.0], [1.0, 1.0]])
    expected = torch.tensor([0.7, 0.3]) @ Bits(2).log_prob(raw.expand(2, 2), hard)
    assert torch.allclose(Bits(2, grey=True).log_prob(raw, x), expected)


def test_conditional_vae_asks_the_pixels_alone():
    p = models.ConditionalVAE(1, 2, 3)
    p.check(torch.tensor([0.0, 1.0, 0.2, 0.3, 7.0]))
    with pytest.raises(ValueError, match="x, its pixels, has 1 entries"):
        p.check(torch.tensor([0.5, 1.0, 0.0, 1.0, 0.0]))


def test_a_net_asks_its_nodes():
    p = BayesNet(
        b=lambda: Normal(0.0, 1.0),
        k=lambda: Categorical(torch.ones(3) / 3),
        n=lambda b: Poisson(b.exp()),
        u=lambda b: Uniform(b, b + 1),
    ).as_model(["k", "n", "u"], ["b"])
    p.check(torch.tensor([[2.0, 5.0, 100.0]]))  # where u may lie depends on b
    for row, name in (([3.0, 5.0, 0.0], "k"), ([0.5, 5.0, 0.0], "k"), ([0.0, -1.0, 0.0], "n")):
        with pytest.raises(ValueError, match=f"values of node '{name}' outside its support"):
            p.check(torch.tensor(row))


MIXED = {
    "a level too many": ([1.0, 2.0, 0.5], "no whole numbers below 2"),
    "half a level": ([1.0, 0.5, 0.5], "no whole numbers below 2"),
    "NaN": ([1.0, 1.0, torch.nan], "1 entries that are NaN"),
}


@pytest.mark.parametrize("name", MIXED)
def test_mixed_models_ask_like_the_others(name):
    row, words = MIXED[name]
    p = models.LinearMixedModel([2], torch.zeros(1), [1.0])
    x = torch.tensor([[1.0, 0.0, 0.3], row])
    for ask in (p.check, p.log_evidence, p.posterior, p.sums, p.effects):
        with pytest.raises(ValueError, match=words):
            ask(x)
    with pytest.raises(ValueError, match=words):
        fit(p, MeanField(2), x, steps=2, progress=False)


def hmm(kind: str) -> models.HiddenMarkovModel:
    halves, normal = torch.full((2,), 0.5), torch.tensor([[-1.0, 0.5], [1.0, 0.5]])
    if kind == "symbols":
        return models.HiddenMarkovModel(
            halves, torch.full((2, 2), 0.5), torch.full((2, 3), 1 / 3), 4
        )
    return models.GaussianHMM(halves, torch.full((2, 2), 0.5), normal, 4)


@pytest.mark.parametrize(
    "kind, bad",
    [("symbols", 3.0), ("symbols", 0.5), ("symbols", torch.nan), ("numbers", torch.inf)],
)
def test_hidden_markov_models_ask_like_the_others(kind, bad):
    p, x = hmm(kind), torch.tensor([[0.0, 1.0, 2.0, bad]])
    words = "no whole number from 0 to 2" if bad in (3.0, 0.5) else "NaN or infinite"
    for ask in (
        p.check,
        p.log_evidence,
        p.posterior,
        p.marginals,
        p.most_likely,
        p.forward_messages,
    ):
        with pytest.raises(ValueError, match=words):
            ask(x)
    q = CategoricalMeanField(4, 2)
    with pytest.raises(ValueError, match=words):
        fit(p, q, x, score_function, steps=2, progress=False)
    seen = torch.tensor([True, True, True, False])
    assert torch.isfinite(p.log_evidence(x, seen)).all()

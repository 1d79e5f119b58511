"""Bayesian networks against torch.distributions, closed forms, enumeration and the models of the course."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from torch import nn
from torch.distributions import Bernoulli, Categorical, Independent, MultivariateNormal, Normal

from course_vi.bounds import elbo
from course_vi.families import MeanField
from course_vi.gradients import reparametrized
from course_vi.graph import BayesNet, plate
from course_vi.models import BayesianLogisticRegression, ConjugateToy, TwoBernoullis

ZERO, ONE = torch.zeros((), dtype=DOUBLE), torch.ones((), dtype=DOUBLE)


def toy() -> BayesNet:
    return BayesNet(
        x=lambda z: Normal(z, ONE), z=lambda: Normal(ZERO, ONE)
    )  # a child may come first


def alarm() -> BayesNet:
    """burglary -> alarm <- earthquake -> news: all binary, so everything can be enumerated."""
    table = torch.tensor([[0.02, 0.3], [0.9, 0.95]], dtype=DOUBLE)
    return BayesNet(
        burglary=lambda: Bernoulli(0.2 * ONE),
        earthquake=lambda: Bernoulli(0.1 * ONE),
        alarm=lambda burglary, earthquake: Bernoulli(table[burglary.long(), earthquake.long()]),
        news=lambda earthquake: Bernoulli(0.05 + 0.6 * earthquake),
    )


def school(groups: int = 3, pupils: int = 4) -> BayesNet:
    """mean -> level[g] -> score[g, n]: two nested plates."""
    g, n = plate("g", groups), plate("n", pupils)
    return BayesNet(
        mean=lambda: Normal(ZERO, 2 * ONE),
        level=g(lambda mean: Normal(mean, ONE)),
        score=g(n(lambda level: Normal(level, ONE / 2))),
    )


def test_the_toy_is_the_toy(evidence):
    net, model = toy().as_model(["x"], ["z"]), ConjugateToy()
    x, z = randn(4, 1, seed=0), randn(6, 4, 1, seed=1)
    error = (net.log_joint(x, z) - model.log_joint(x, z)).abs().max()
    assert (
        net.log_joint(x, z).shape == (6, 4)
        and error < 1e-12
        and set(net.log_factors(x, z)) == {"z", "x"}
    )
    draws = torch.cat(toy().as_model(["x"], ["z"]).sample(40_000, generator(0)), -1)
    z_score = max(
        mean_z(draws, 0.0),
        mean_z(
            draws.unsqueeze(-1) * draws.unsqueeze(-2),
            torch.tensor([[2.0, 1], [1, 1]], dtype=DOUBLE),
        ),
    )
    assert z_score < LIMIT
    evidence(
        "graph.BayesNet, the toy", "models.ConjugateToy; exact moments", error=error, z=z_score
    )


def test_two_bernoullis_as_a_net():
    """A vector node: what the distribution has in shape beyond the plates is the event."""
    model = TwoBernoullis((-0.5, 0.5), (1.5, 2.5)).double()
    net = BayesNet(
        z=lambda: Normal(ZERO, ONE),
        x=lambda z: Bernoulli(logits=model.intercepts + model.slopes * z.unsqueeze(-1)),
    )
    z, x = randn(5, 3, 1, seed=0), (randn(3, 2, seed=1) > 0).double()
    assert net.shape("x") == (2,) and net.shape("z") == ()
    assert torch.allclose(
        net.as_model(["x"], ["z"]).log_joint(x, z), model.log_joint(x, z), atol=1e-12
    )


def test_alarm_by_enumeration(evidence):
    net, names = alarm(), ("burglary", "earthquake", "alarm", "news")
    outcomes = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)), dtype=DOUBLE)
    values = dict(zip(names, outcomes.unbind(-1), strict=True))
    joint = net.log_joint(**values).exp()
    wanted = torch.empty(16, dtype=DOUBLE)
    for i, (b, e, a, n) in enumerate(outcomes.tolist()):
        p_alarm = {(0, 0): 0.02, (0, 1): 0.3, (1, 0): 0.9, (1, 1): 0.95}[int(b), int(e)]
        p_news = 0.65 if e else 0.05
        wanted[i] = (
            (0.2 if b else 0.8)
            * (0.1 if e else 0.9)
            * (p_alarm if a else 1 - p_alarm)
            * (p_news if n else 1 - p_news)
        )
    error = (joint - wanted).abs().max()
    assert error < 1e-14 and abs(joint.sum().item() - 1) < 1e-12
    draws = net.sample(40_000, generator(1))
    seen = torch.stack([draws[name] for name in names], -1)
    z_score = mean_z((seen.unsqueeze(1) == outcomes).all(-1).double(), wanted)
    assert z_score < LIMIT
    evidence(
        "graph.BayesNet.log_joint, sample",
        "enumeration of four binary nodes",
        error=error,
        z=z_score,
    )


@pytest.mark.parametrize(
    "name, blanket",
    [
        ("burglary", {"earthquake", "alarm"}),
        ("earthquake", {"burglary", "alarm", "news"}),
        ("alarm", {"burglary", "earthquake"}),
        ("news", {"earthquake"}),
    ],
)
def test_markov_blankets(name, blanket):
    """The blanket by name, and by its meaning: p(node | rest) does not change with what lies outside, but does with all inside."""
    net, names = alarm(), ("burglary", "earthquake", "alarm", "news")
    assert set(net.markov_blanket(name)) == blanket

    def conditional(**rest: float) -> float:
        both = [
            net.log_joint(
                **{k: torch.tensor(v, dtype=DOUBLE) for k, v in {**rest, name: value}.items()}
            )
            for value in (0.0, 1.0)
        ]
        return torch.stack(both).softmax(0)[1].item()

    others = [other for other in names if other != name]
    moved = set()
    for values in itertools.product([0.0, 1.0], repeat=3):
        rest = dict(zip(others, values, strict=True))
        moved |= {
            other
            for other in others
            if abs(conditional(**rest) - conditional(**{**rest, other: 1 - rest[other]})) > 1e-12
        }
    assert moved == blanket


def test_nested_plates_against_one_gaussian(evidence):
    net = school()
    mean, level, score = randn(5, seed=0), randn(5, 3, seed=1), randn(5, 3, 4, seed=2)
    everything = torch.cat([mean.unsqueeze(-1), level, score.flatten(1)], -1)
    root = torch.zeros(16, 16, dtype=DOUBLE)  # values = root @ unit normals
    root[:, 0] = 2.0
    for g in range(3):
        root[1 + g, 1 + g] = 1.0
        for n in range(4):
            root[4 + 4 * g + n, 1 + g], root[4 + 4 * g + n, 4 + 4 * g + n] = 1.0, 0.5
    joint = MultivariateNormal(torch.zeros(16, dtype=DOUBLE), root @ root.mT)
    error = (
        (net.log_joint(mean=mean, level=level, score=score) - joint.log_prob(everything))
        .abs()
        .max()
    )
    assert error < 1e-11
    factor = net.log_factors(mean=mean, level=level, score=score)["score"]
    assert factor.shape == (5,) and torch.allclose(
        factor, Normal(level.unsqueeze(-1), 0.5).log_prob(score).sum((-2, -1))
    )
    draws = net.sample(20_000, generator(3))
    vector = torch.cat([draws["mean"].unsqueeze(-1), draws["level"], draws["score"].flatten(1)], -1)
    z_score = mean_z(vector.unsqueeze(-1) * vector.unsqueeze(-2), root @ root.mT)
    assert z_score < LIMIT
    evidence("graph.plate, nested", "one MultivariateNormal", error=error, z=z_score)


def test_crossed_plates():
    """Pupils and items cross: a parent in either broadcasts along the other, whatever the order of the plates."""
    i, j = plate("i", 3), plate("j", 4)
    net = BayesNet(
        a=i(lambda: Normal(ZERO, ONE)),
        b=j(lambda: Normal(ZERO, ONE)),
        y=j(i(lambda a, b: Normal(a + 2 * b, ONE))),
    )
    a, b, y = randn(7, 3, seed=0), randn(7, 4, seed=1), randn(7, 4, 3, seed=2)
    wanted = Normal(a.unsqueeze(1) + 2 * b.unsqueeze(2), 1.0).log_prob(y).sum((1, 2))
    assert torch.allclose(net.log_factors(a=a, b=b, y=y)["y"], wanted)
    assert net.sample(5, generator(0))["y"].shape == (5, 4, 3)


def test_plates_of_a_parent_in_another_order():
    """A parent in (i, j): a child in (j, i) finds it turned, a child in j alone finds the copies over i behind its own axis."""
    i, j = plate("i", 3), plate("j", 4)
    net = BayesNet(
        a=i(j(lambda: Normal(torch.zeros(3, 4, 2, dtype=DOUBLE), ONE))),
        turned=j(i(lambda a: Normal(a[..., 0], ONE))),
        total=j(lambda a: Normal(a[..., 1].sum(-1), ONE)),
    )
    a, turned, total = randn(5, 3, 4, 2, seed=0), randn(5, 4, 3, seed=1), randn(5, 4, seed=2)
    factors = net.log_factors(a=a, turned=turned, total=total)
    assert net.shape("a") == (3, 4, 2) and net.shape("turned") == (4, 3)
    assert torch.allclose(factors["turned"], Normal(a[..., 0].mT, 1.0).log_prob(turned).sum((1, 2)))
    assert torch.allclose(factors["total"], Normal(a[..., 1].sum(1), 1.0).log_prob(total).sum(1))


def test_a_vector_outside_and_vectors_inside(evidence):
    """Logistic regression as a net: one weight vector, n rows of features and labels; given the features, it is our model."""
    n, zero = plate("n", 4), torch.zeros(3, dtype=DOUBLE)
    net = BayesNet(
        w=lambda: Normal(zero, 2.0),
        f=n(lambda: Independent(Normal(zero, 1.0), 1)),
        y=n(lambda w, f: Bernoulli(logits=(w * f).sum(-1))),
    )
    f, y, w = randn(4, 3, seed=0), (randn(4, seed=1) > 0).double(), randn(5, 3, seed=2)
    log_p = net.condition(f=f, y=y).log_factors(w=w)
    error = (
        (
            log_p["w"]
            + log_p["y"]
            - BayesianLogisticRegression(3, 2.0).log_joint(torch.cat([f, y.unsqueeze(-1)], -1), w)
        )
        .abs()
        .max()
    )
    assert error < 1e-12 and net.sample(6, generator(0))["f"].shape == (6, 4, 3)
    held = net.condition(f=f).sample(6, generator(0))
    assert (
        held["f"].shape == (6, 4, 3) and held["y"].shape == (6, 4) and torch.equal(held["f"][2], f)
    )
    evidence("graph.BayesNet.condition", "models.BayesianLogisticRegression", error=error)


def test_a_child_outside_sees_all_copies():
    n = plate("n", 3)
    net = BayesNet(
        z=n(lambda: Normal(torch.zeros(1, 2, dtype=DOUBLE), ONE)),
        total=lambda z: Normal(z.sum((-2, -1)), ONE),
    )
    z, total = randn(4, 3, 2, seed=0), randn(4, seed=1)
    assert torch.allclose(
        net.log_factors(z=z, total=total)["total"], Normal(z.sum((1, 2)), 1.0).log_prob(total)
    )


def test_likelihood_weighting(evidence):
    """Condition, sample, weight by the observed factor: the posterior mean of the toy is x/2."""
    x = torch.tensor(1.4, dtype=DOUBLE)
    net = toy().condition(x=x)
    z = net.sample(100_000, generator(0))["z"]
    weight = net.log_factors(z=z)["x"].exp()
    assert torch.allclose(net.log_joint(z=z), toy().log_joint(x=x.expand(100_000), z=z))
    z_score = mean_z(weight * (z - x / 2), 0.0)
    evidence_score = mean_z(weight, ConjugateToy().log_evidence(x.unsqueeze(-1)).exp())
    assert max(z_score, evidence_score) < LIMIT and not toy().observed
    evidence(
        "graph.BayesNet.condition",
        "likelihood weighting: posterior mean and evidence",
        z=max(z_score, evidence_score),
    )


def test_whole_numbers_survive_the_event_vector():
    """A mixture: the label indexes a table, and arrives in z as a float."""
    means = torch.tensor([-2.0, 0.0, 3.0], dtype=DOUBLE)
    net = BayesNet(
        label=lambda: Categorical(torch.tensor([0.2, 0.3, 0.5], dtype=DOUBLE)),
        x=lambda label: Normal(means[label], ONE),
    )
    model, x = net.as_model(["x"], ["label"]), randn(4, 1, seed=0)
    log_p = model.log_joint(x, torch.arange(3.0).view(3, 1, 1).expand(3, 4, 1))
    wanted = torch.tensor([0.2, 0.3, 0.5], dtype=DOUBLE).log().unsqueeze(-1) + Normal(
        means.unsqueeze(-1), 1.0
    ).log_prob(x.T)
    assert torch.allclose(log_p, wanted)
    assert model.sample(6, generator(0))[1].shape == (6, 1)


def test_modules_are_recipes_and_are_learned():
    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slope = nn.Parameter(ONE.clone())

        def forward(self, z, scale=0.5):
            return Independent(Normal(self.slope * z, scale), 1)

    net = BayesNet(z=lambda: Normal(torch.zeros(2, dtype=DOUBLE), ONE), x=Decoder())
    model, q = net.as_model(["x"], ["z"]), MeanField(2).double()
    value = reparametrized(model, q, randn(3, 2, seed=0), 5, bound=elbo, generator=generator(0))
    value.sum().backward()
    (slope,) = model.parameters()
    assert value.shape == (3,) and slope.grad is not None and math.isfinite(slope.grad.item())


def test_seeds_reproduce_and_leave_the_global_stream_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    one, two, g = toy().sample(5, generator(0)), toy().sample(5, generator(0)), generator(0)
    assert torch.equal(one["x"], two["x"]) and torch.equal(before, torch.get_rng_state())
    assert not torch.equal(toy().sample(5, g)["x"], toy().sample(5, g)["x"])


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: BayesNet(), "no nodes"),
        (lambda: BayesNet(x=3), "node x is a int"),
        (lambda: BayesNet(x=lambda w: Normal(w, 1.0)), "node x has a parent w, which is no node"),
        (lambda: BayesNet(x=lambda *w: Normal(0.0, 1.0)), r"node x has an argument \*w"),
        (
            lambda: BayesNet(
                a=lambda b: Normal(b, 1.0), b=lambda c: Normal(c, 1.0), c=lambda a: Normal(a, 1.0)
            ),
            "a -> c -> b -> a is a cycle",
        ),
        (lambda: BayesNet(a=lambda a: Normal(a, 1.0)), "a -> a is a cycle"),
        (lambda: BayesNet(x=lambda: 1.0), "node x returned a float"),
        (
            lambda: BayesNet(
                z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(torch.ones(2) * z, 1.0)
            ),
            "node x .*batch",
        ),
        (lambda: BayesNet(z=plate("n", 3)(lambda: Normal(torch.zeros(2), 1.0))), "node z"),
        (
            lambda: plate("n", 2)(plate("n", 3)(lambda: Normal(0.0, 1.0))),
            "plate 'n' holds a node twice",
        ),
        (lambda: plate("n", 0), "size is 0"),
        (
            lambda: BayesNet(
                a=plate("n", 2)(lambda: Normal(0.0, 1.0)), b=plate("n", 3)(lambda: Normal(0.0, 1.0))
            ),
            "plate 'n' has sizes 2 and 3",
        ),
        (
            lambda: toy().condition(x=torch.zeros(4)).sample(4),
            r"x is held at a batch of values, \(4,\)",
        ),
        (lambda: toy().log_joint(x=ZERO), "no value for z"),
        (lambda: toy().log_joint(x=ZERO, z=ZERO, w=ZERO), "no node w"),
        (lambda: toy().condition(w=ZERO), "no node w"),
        (lambda: toy().condition(x=1.0), "x is a float"),
        (lambda: toy().markov_blanket("w"), "no node w"),
        (lambda: toy().sample(0), "n is 0"),
        (
            lambda: school().log_joint(mean=ZERO, level=torch.zeros(2), score=torch.zeros(3, 4)),
            r"level has shape \(2,\); expected .*\(3,\)",
        ),
        (
            lambda: alarm().log_joint(burglary=2 * ONE, earthquake=ONE, alarm=ONE, news=ONE),
            "node burglary",
        ),
        (lambda: toy().as_model(["x"], []), "expected each of z, x once"),
        (lambda: toy().as_model("x", "z"), "expected two lists"),
        (
            lambda: toy().as_model(["x"], ["z"]).log_joint(torch.zeros(3, 2), torch.zeros(3, 1)),
            "x has shape",
        ),
    ],
)
def test_refusals(build, message):
    with pytest.raises((ValueError, TypeError), match=message):
        build()

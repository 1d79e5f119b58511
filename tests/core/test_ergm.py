"""Exponential random graphs against networkx, independent coins, and a partition function summed graph by graph."""

from __future__ import annotations

import itertools
import math

import networkx
import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z

from course_vi.models import ExponentialRandomGraph

NAMES = ("edges", "two_stars", "three_stars", "triangles")
THETA = torch.tensor([-0.5, 0.2, -0.1, 0.6], dtype=DOUBLE)


def theirs(graph):
    degrees = [degree for _, degree in graph.degree()]
    return [
        graph.number_of_edges(),
        sum(math.comb(d, 2) for d in degrees),
        sum(math.comb(d, 3) for d in degrees),
        sum(networkx.triangles(graph).values()) // 3,
    ]


def test_against_networkx_graph_by_graph(evidence):
    """All 64 graphs on four nodes: their statistics, and the partition function as a plain sum."""
    model = ExponentialRandomGraph(4, NAMES, THETA)
    pairs, total, worst = list(itertools.combinations(range(4), 2)), 0.0, 0.0
    for bits in itertools.product([0, 1], repeat=6):
        graph = networkx.Graph([pair for pair, bit in zip(pairs, bits, strict=True) if bit])
        graph.add_nodes_from(range(4))
        counts = torch.tensor(theirs(graph), dtype=DOUBLE)
        assert torch.equal(model.sufficient_statistics(torch.tensor(bits, dtype=DOUBLE)), counts)
        total += math.exp((THETA @ counts).item())
    worst = abs(model.log_partition().item() - math.log(total))
    assert worst < 1e-12 and abs(model.log_prob(model.states()).logsumexp(0).item()) < 1e-12
    evidence("models.ExponentialRandomGraph", "networkx, graph by graph", error=worst)


@pytest.mark.parametrize("nodes", [2, 3, 6])
def test_edges_alone_are_independent_coins(nodes, evidence):
    model = ExponentialRandomGraph(nodes, ("edges",), torch.tensor([0.7], dtype=DOUBLE))
    count = nodes * (nodes - 1) / 2
    worst = max(
        abs(model.log_partition().item() - count * math.log1p(math.exp(0.7))),
        abs(model.mean_statistics().item() - count / (1 + math.exp(-0.7))),
    )
    assert worst < 1e-10
    evidence("models.ExponentialRandomGraph, edges", "independent coins", error=worst)


def test_slope_and_change_statistics():
    model = ExponentialRandomGraph(5, NAMES, THETA)
    (slope,) = torch.autograd.grad(model.log_partition(), [model.theta])
    assert torch.allclose(slope, model.mean_statistics(), atol=1e-12)
    x = model.sample(20, generator(0))
    for pair in (0, 7):
        on, off = x.clone(), x.clone()
        on[:, pair], off[:, pair] = 1, 0
        assert torch.allclose(
            model.change_statistics(x, pair),
            model.sufficient_statistics(on) - model.sufficient_statistics(off),
        )
        odds = model.log_prob(on) - model.log_prob(off)
        assert torch.allclose(odds, model.change_statistics(x, pair) @ THETA)


def test_samplers(evidence):
    """Exact draws; and one sweep of Gibbs from exact draws leaves the distribution as it was, from anywhere it finds it."""
    model = ExponentialRandomGraph(4, NAMES, THETA)
    probs, states = model.log_prob(model.states()).exp().detach(), model.states()

    def frequencies(x):
        return (x.unsqueeze(1) == states).all(-1).double()

    x = model.sample(8_000, generator(0))
    score = max(
        mean_z(frequencies(x), probs), mean_z(frequencies(model.gibbs(x, 1, generator(1))), probs)
    )
    assert score < LIMIT
    late = mean_z(
        frequencies(model.gibbs(torch.zeros(8_000, 6, dtype=DOUBLE), 15, generator(2))), probs
    )
    assert late < LIMIT
    evidence("models.ExponentialRandomGraph: sample, gibbs", "enumeration", z=max(score, late))


def test_maximum_likelihood_matches_the_statistics():
    """The likelihood of the data peaks where the mean statistics are those that were seen."""
    data = ExponentialRandomGraph(
        4, ("edges", "triangles"), torch.tensor([0.3, -0.8], dtype=DOUBLE)
    ).sample(60, generator(0))
    model = ExponentialRandomGraph(4, ("edges", "triangles")).double()
    optimizer = torch.optim.LBFGS(
        model.parameters(), max_iter=50, line_search_fn="strong_wolfe", tolerance_grad=1e-10
    )

    def loss():
        optimizer.zero_grad()
        value = -model.log_prob(data).mean()
        value.backward()
        return value

    optimizer.step(loss)
    assert torch.allclose(
        model.mean_statistics(), model.sufficient_statistics(data).mean(0), atol=1e-6
    )


def test_own_statistics_large_graphs_and_dtypes():
    model = ExponentialRandomGraph(30, {"hub": lambda a: a[..., 0, :].sum(-1)}, torch.tensor([2.0]))
    x = model.gibbs(torch.zeros(435), 2, generator(0))
    assert x.shape == (435,) and x.dtype == torch.float32 and x[:29].mean() > 0.6
    assert model.energy(torch.zeros(2, 3, 435)).shape == (2, 3)
    huge = ExponentialRandomGraph(3, ("edges",), torch.tensor([1e4]))
    assert huge.log_prob(torch.ones(3)).item() == 0.0 and bool(
        huge.log_prob(torch.zeros(3)).isfinite()
    )


@pytest.mark.parametrize(
    "run, message",
    [
        (
            lambda: ExponentialRandomGraph(7).log_prob(torch.zeros(21)),
            "there are 7 nodes, that is 2.21 graphs; expected 6 nodes or fewer",
        ),
        (lambda: ExponentialRandomGraph(1), "nodes is 1; expected at least 2"),
        (
            lambda: ExponentialRandomGraph(3, ("squares",)),
            "statistics is 'squares'; expected one of 'edges'",
        ),
        (
            lambda: ExponentialRandomGraph(3, parameters=torch.zeros(3)),
            r"parameters has shape \(3,\); expected \(2,\)",
        ),
        (
            lambda: ExponentialRandomGraph(3).log_prob(torch.full((3,), torch.nan)),
            "x has entries other than 0 and 1",
        ),
        (lambda: ExponentialRandomGraph(3).energy(torch.zeros(4)), "x has shape"),
        (
            lambda: ExponentialRandomGraph(3, parameters=torch.tensor([0.0, torch.inf])),
            "parameters has 1 entries",
        ),
    ],
)
def test_refusals(run, message):
    with pytest.raises(ValueError, match=message):
        run()

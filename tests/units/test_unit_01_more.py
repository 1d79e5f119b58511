"""The references of unit 01's last two exercises, against slow and certain ways: roads listed, states listed."""

import itertools

import numpy as np
import pytest
import torch

from autograder.units.unit_01 import grid, long_grid, reference, separation, targets
from autograder.units.unit_01.blanket import random_edges
from course_vi.plots import png


@pytest.mark.parametrize("seed", range(12))
def test_what_may_depend_is_what_the_moral_graph_of_the_ancestors_joins(seed: int) -> None:
    """Lauritzen's criterion, an algorithm of another kind: Bayes ball must agree with it for every pair and every set."""
    rng = np.random.default_rng(seed)
    n = 6
    up = reference.graph(rng, n, random_edges(rng, n, 0.35))["edges"] > 0
    for name, count in itertools.product(range(n), range(4)):
        for given in itertools.combinations([i for i in range(n) if i != name], count):
            joined = {
                other
                for other in range(n)
                if other not in (name, *given) and _joined(up, name, other, set(given))
            }
            assert separation.reachable(up, name, list(given)) == joined


def _joined(up: np.ndarray, a: int, b: int, known: set[int]) -> bool:
    kept = {a, b} | known
    while True:
        more = kept | {int(j) for i in kept for j in np.flatnonzero(up[i])}
        if more == kept:
            break
        kept = more
    families = [{i, *np.flatnonzero(up[i]).tolist()} for i in kept]
    reached = {a}
    while True:
        more = reached.union(*(family - known for family in families if family & reached))
        if more == reached:
            return b in reached
        reached = more


def test_what_the_graph_promises_holds_in_numbers() -> None:
    """In a linear Gaussian graph with coefficients of no special size, partial correlations vanish exactly where nodes are separated."""
    rng = np.random.default_rng(3)
    n = 7
    up = reference.graph(rng, n, random_edges(rng, n, 0.3))["edges"] > 0
    parents = {str(i): tuple(map(str, np.flatnonzero(up[i]))) for i in range(n)}
    for name, given in separation._queries(rng, n):
        found = targets.partial_correlations(parents, str(name), {str(i) for i in given})
        depends = {int(other) for other, r in found.items() if abs(r) > 1e-9}
        assert depends == separation.reachable(up, name, given)


def test_no_two_mistakes_look_alike_on_the_telling_graph() -> None:
    edges, _, queries = separation._telling()
    found = list(separation.tables(edges, queries).values())
    assert all(not np.array_equal(a, b) for a, b in itertools.combinations(found, 2))


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (5, 2), (1, 6), (6, 1), (1, 1)])
@pytest.mark.parametrize("coupling", [0.5, -0.7, 60.0])
def test_messages_sum_over_all_states(shape: tuple[int, int], coupling: float) -> None:
    fields = np.random.default_rng(1).normal(size=shape)
    log_z, means = long_grid.answer(coupling, fields)
    energies, exact = grid._grid_energy(coupling, fields), grid.log_partition(coupling, fields)
    assert log_z == pytest.approx(exact, rel=1e-12)
    np.testing.assert_allclose(
        means.ravel(), np.exp(energies - exact) @ grid._spins(fields.size), atol=1e-12
    )


def test_a_chain_forgets_by_a_factor() -> None:
    fields = np.zeros((40, 1))
    fields[0] = 3.0
    means = long_grid.answer(0.6, fields)[1][:, 0]
    np.testing.assert_allclose(means, np.tanh(3.0) * np.tanh(0.6) ** np.arange(40), atol=1e-13)


def test_the_figure_of_the_last_exercise_has_its_points() -> None:
    fields = np.zeros((40, 2))
    fields[0] = 3.0
    means = [torch.tensor(long_grid.answer(J, fields)[1][:, 0]) for J in targets.COUPLINGS]
    figure = targets.felt({2: means})
    assert [len(axis.lines) for axis in figure.axes] == [2, 2]
    assert all(axis.get_title() and axis.get_xlabel() and axis.get_ylabel() for axis in figure.axes)
    assert len(png(figure)) > 1000

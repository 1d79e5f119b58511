"""What the checks of unit 08 expect is true: graphs against Cholesky factors, formulas against climbs, inverses and autograd."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from autograder.audit.corpus import corpus
from autograder.units.unit_08 import (
    asvi_chain,
    best_blocks,
    block_fit,
    centring,
    coupling_flow,
    exact_factor,
    pattern,
    sealed_case,
    sparse_normal,
    targets,
)
from autograder.units.unit_08.graphs import make_case, precision, random_case, tables
from autograder.units.unit_08.reference import block_gap, blocked, partitions, random_precision
from course_vi.families import FactorCovariance, SparsePrecision
from course_vi.graph import BayesNet
from course_vi.graph.sparsity import pattern_from_graph
from course_vi.plots.style import png


def answer(exercise: str):  # noqa: ANN201
    """The first right answer of an exercise."""
    return next(a for a in corpus() if a.exercise == exercise and a.right).load()


# ---- zeros ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(40))
def test_the_pattern_is_that_of_the_cholesky_factor(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_case(rng, int(rng.integers(5, 12)), rng.uniform(0.1, 0.5))
    root = np.linalg.cholesky(precision(case, rng))
    np.testing.assert_array_equal(np.abs(np.tril(root, -1)) > 1e-10, tables(case)["right"])


def test_parents_of_a_latent_child_couple_in_the_precision_with_a_known_entry() -> None:
    case = make_case(np.random.default_rng(0), 4, [(0, 2), (1, 2), (2, 3)], [0, 1, 2])
    found = precision(case, np.random.default_rng(1))
    assert (np.abs(found) > 0.05).all() and tables(case)["right"].sum() == 3


def test_without_an_observed_descendant_the_rule_is_not_minimal() -> None:
    """The reason for a condition in the statement: a barren latent, eliminated first, leaves nothing behind."""
    rng = np.random.default_rng(0)
    case = make_case(rng, 3, [(0, 2), (1, 2)], [2, 0, 1], keep_order=True)
    root = np.linalg.cholesky(precision(case, rng))
    assert abs(root[2, 1]) < 1e-12 and tables(case)["right"][2, 1] == 1


def test_a_star_fills_in_with_its_centre_first_alone() -> None:
    rng = np.random.default_rng(0)
    for first, entries in ((True, 6), (False, 3)):
        assert tables(pattern._star(rng, 3, first))["right"].sum() == entries
        other = tables(pattern._star(rng, 3, first))["other_convention"]
        assert other.sum() == 9 - entries


def test_the_library_finds_the_same_pattern() -> None:
    normal = torch.distributions.Normal
    net = BayesNet(
        a=lambda: normal(0.0, 1.0),
        b=lambda: normal(0.0, 1.0),
        c=lambda a, b: normal(a + b, 1.0),
        x=lambda c: normal(c, 1.0),
        d=lambda a: normal(a, 1.0),
        y=lambda d, b: normal(d + b, 1.0),
    )
    order = ["c", "d", "b", "a"]
    mine = answer("08_pattern")({name: net.parents[name] for name in net.order}, order)
    assert set(map(tuple, pattern_from_graph(net, order).T.tolist())) == set(mine)


def test_mistakes_are_told_apart_by_the_telling_graphs() -> None:
    known = [tables(case) for case in pattern.telling()]
    assert set(known[0]) == {"right", *pattern.SAYS}
    for one, other in itertools.combinations(known[0], 2):
        assert any(not np.array_equal(table[one], table[other]) for table in known), (one, other)


def test_every_latent_of_a_random_graph_has_an_observed_descendant() -> None:
    for seed in range(30):
        case = random_case(np.random.default_rng(seed), 8)
        below = {
            node: {c for c, above in enumerate(case.parents) if node in above}
            for node in range(len(case.parents))
        }
        for node in case.order:
            reached, todo = set(), [node]
            while todo:
                new = below[todo.pop()] - reached
                reached |= new
                todo += new
            assert reached - set(case.order)


def test_the_gap_vanishes_on_the_pattern_and_nowhere_below() -> None:
    rng = np.random.default_rng(2)
    case = random_case(rng, 7)
    found, pairs = torch.tensor(precision(case, rng)), np.argwhere(tables(case)["right"]).tolist()
    assert targets.least_gap(found, pairs) < 1e-8
    for pair in pairs:
        assert targets.least_gap(found, [other for other in pairs if other != pair]) > 1e-5


# ---- sparse precision -----------------------------------------------------------------------------------------------------
def test_sparse_normal_is_the_library_s() -> None:
    given = sparse_normal.random_inputs(np.random.default_rng(0), 5, 3, 4)
    t = {name: torch.tensor(value) for name, value in given.items()}
    q = SparsePrecision(5, t["pattern"], t["loc"], -t["log_diagonal"], t["entries"])
    lower = sparse_normal.root(given)
    torch.testing.assert_close(
        q.transport(t["eps"]), torch.tensor(given["loc"] + given["eps"] @ np.linalg.inv(lower))
    )
    expected = sparse_normal._density(
        given, (given["z"] - given["loc"]) @ lower, given["log_diagonal"].sum()
    )
    torch.testing.assert_close(q(None, t["z"]), torch.tensor(expected))
    learned = [q.loc, q.log_scale, q.entries]
    for value, weight, want in zip(
        (q.transport(t["eps"]), q(None, t["z"])),
        (t["weight_samples"], t["weight_log_q"]),
        sparse_normal.slopes(given),
        strict=True,
    ):
        loc, log_scale, entries = torch.autograd.grad((value * weight).sum(), learned)
        torch.testing.assert_close(torch.cat([loc, -log_scale, entries]), torch.tensor(want))


# ---- blocks ---------------------------------------------------------------------------------------------------------------
def test_the_block_gap_is_the_kl_of_the_best_q() -> None:
    rng = np.random.default_rng(0)
    matrix, blocks = torch.tensor(random_precision(rng, 5, widest=0.5)), [[3, 0], [4], [1, 2]]
    zero = torch.zeros(5, dtype=torch.float64)
    p = torch.distributions.MultivariateNormal(zero, precision_matrix=matrix)
    kept = torch.tensor(blocked(matrix.numpy(), blocks))
    best = torch.distributions.MultivariateNormal(zero, precision_matrix=kept)
    least = torch.distributions.kl_divergence(best, p)
    assert float(least) == pytest.approx(block_gap(matrix.numpy(), blocks), rel=1e-9)
    for _ in range(20):
        change = torch.tensor(blocked(rng.normal(size=(5, 5)), blocks))
        change = 0.02 * (change + change.T) * kept.diagonal().sqrt().outer(kept.diagonal().sqrt())
        other = torch.distributions.MultivariateNormal(zero, precision_matrix=kept + change)
        assert torch.distributions.kl_divergence(other, p) > least


def test_there_are_203_ways_to_part_six() -> None:
    assert [len(list(partitions(size))) for size in range(7)] == [1, 1, 2, 5, 15, 52, 203]


def test_the_best_blocks_lose_less_than_every_shortcut_somewhere() -> None:
    rng = np.random.default_rng(0)
    for trap, budget in (("greedy", 2), ("other_kl", 3), ("not_scaled", 4), ("within_runs", 3)):
        place = best_blocks._place(rng, 5, budget, trap)
        gaps = best_blocks.Gaps(place.precision)
        best = best_blocks.best(*place)
        assert gaps(best) == pytest.approx(block_gap(place.precision, best), abs=1e-9)
        assert gaps(best_blocks.shortcut(place, trap, gaps)) > gaps(best) + best_blocks.APART / 2


def test_greed_goes_wrong_often_enough_to_be_asked() -> None:
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(40):
        place = best_blocks.Place(random_precision(rng, 6, 1), 3)
        gaps = best_blocks.Gaps(place.precision)
        wrong += (
            gaps(best_blocks.shortcut(place, "greedy", gaps))
            > gaps(best_blocks.best(*place)) + 0.02
        )
    assert wrong > 4


# ---- factors, chains, centring --------------------------------------------------------------------------------------------
def test_one_factor_fewer_is_enough_for_the_library_s_family() -> None:
    covariance = torch.tensor(exact_factor.random_covariance(np.random.default_rng(0), 4))
    factor, scale = answer("08_exact_factor")(covariance)
    q = FactorCovariance(4, 3, torch.zeros(4, dtype=torch.float64), scale.log(), factor)
    torch.testing.assert_close(q.distribution().covariance_matrix, covariance)


def test_the_chain_is_the_posterior() -> None:
    chain = asvi_chain._chain(np.random.default_rng(0), 6)
    trust, anchor, variance = asvi_chain.right(chain)
    root = np.eye(6)
    root[np.arange(1, 6), np.arange(5)] = -(trust * chain.a)[1:]
    shift = trust * chain.b + (1 - trust) * anchor
    found, mean = asvi_chain.moments(chain)
    np.testing.assert_allclose(root.T @ np.diag(1 / variance) @ root, found, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.linalg.solve(root, shift), mean, rtol=1e-9)
    assert ((trust > 0) & (trust < 1)).all()


def test_centring_is_a_block_gap_and_vanishes_at_its_best() -> None:
    for groups in centring._places(np.random.default_rng(0)):
        size = len(groups.c) + 1
        alone = [[i] for i in range(size)]
        assert centring.gap(groups) == pytest.approx(block_gap(groups.precision(), alone))
        assert abs(centring.gap(groups._replace(c=centring.best(groups)))) < 1e-12
        back = np.eye(size)
        back[1:, 0] = groups.c
        plain = groups._replace(c=0 * groups.c).precision()
        np.testing.assert_allclose(back.T @ plain @ back, groups.precision(), rtol=1e-9)


# ---- a flow ---------------------------------------------------------------------------------------------------------------
def test_the_flow_s_density_is_that_of_its_samples_by_jacobians() -> None:
    given = coupling_flow.random_inputs(np.random.default_rng(0), 4, 3, 5, 2)
    layers, u = coupling_flow._layers(given), given["eps"]
    z = coupling_flow.forward(layers, u)
    step = 1e-30j * np.eye(4)
    for place in range(5):
        columns = [coupling_flow.forward(layers, u[place] + step[d]).imag / 1e-30 for d in range(4)]
        log_det = np.linalg.slogdet(np.array(columns).T)[1]
        base = coupling_flow._base(u[place])
        assert coupling_flow.density(layers, z)[place] == pytest.approx(base - log_det, rel=1e-9)


def test_complex_steps_are_autograd_s_gradients() -> None:
    from autograder.protocol.problems import DRIVERS, load

    load("08")
    given = coupling_flow.random_inputs(np.random.default_rng(0), 3, 2, 3, 2, hidden=2)
    tensors = {name: torch.tensor(value) for name, value in given.items()}
    reply = DRIVERS["coupling/pair"](answer("08_coupling_flow"), **tensors)
    for name, want in zip(("slope_s", "slope_q"), coupling_flow.slopes(given), strict=True):
        torch.testing.assert_close(reply[name], torch.tensor(want), rtol=1e-9, atol=1e-11)


# ---- sealed ---------------------------------------------------------------------------------------------------------------
def test_neither_variance_nor_correlation_gives_the_sealed_fits_away() -> None:
    rng = np.random.default_rng(0)
    least, apart, cases = 0, 0, 60
    for _ in range(cases):
        given, truth = sealed_case.draw(rng)
        spread = [np.cov(draws.T) for draws in given["draws"]]
        least += truth[int(np.argmin([np.trace(s) for s in spread]))] == sealed_case.NARROW
        smallest = [
            np.sort(np.abs(np.corrcoef(d.T)[np.triu_indices(3, 1)]))[1] for d in given["draws"]
        ]
        apart += truth[int(np.argmax(smallest))] == sealed_case.RIGHT
    assert least < 0.75 * cases and apart < 0.9 * cases


def test_the_sealed_fits_are_many_standard_errors_apart() -> None:
    rng = np.random.default_rng(1)
    error = (2 / sealed_case.DRAWS) ** 0.5  # of the logarithm of a variance
    for _ in range(20):
        fit = sealed_case._regression(rng, apart=False)
        if sealed_case._loses(fit):
            narrow = np.linalg.inv(blocked(fit.precision, fit.blocks))
            ratio = np.log(np.diag(fit.covariance) / np.diag(narrow)).max()
            assert ratio > 6 * error and sealed_case.LOST_AT_LEAST > 6 / sealed_case.DRAWS**0.5


# ---- figures --------------------------------------------------------------------------------------------------------------
def test_figures_are_drawn_with_and_without_answers() -> None:
    graph = {"a": (), "b": ("a",), "x": ("b",), "y": ("a", "b")}
    found = targets.posterior_precision(graph, ["b", "a"])
    pairs = answer("08_pattern")(graph, ["b", "a"])
    for figure in (
        targets.zeros(found),
        targets.zeros(found, pairs, [((1, 0), 0.2)]),
        targets.centring(),
        targets.centring(answer("08_centring")),
    ):
        assert len(png(figure)) > 2000


def test_every_place_of_the_blocks_has_all_of_its_latents_in_them() -> None:
    for place in block_fit._places(np.random.default_rng(0)):
        together = sorted(i for block in place.blocks for i in block)
        assert together == list(range(len(place.precision)))

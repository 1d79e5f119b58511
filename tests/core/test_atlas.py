"""The estimator atlas: no estimator without a row, cells that come out again, exact answers by another road, claims that hold."""

from __future__ import annotations

import math

import pytest
import torch
from catalogue import ESTIMATORS
from oracles import LIMIT, expected_bound, gradients

from course_vi import exact
from course_vi import gradients as library
from course_vi.atlas import chart, findings, table
from course_vi.atlas.entries import BOUNDS, ENTRIES
from course_vi.atlas.exact_gradient import exact_gradient
from course_vi.atlas.measure import SAMPLES, count_evaluations, measure_cell, summary
from course_vi.atlas.problems import PROBLEMS

TABLE = table.load()
ROWS = TABLE["rows"]
MEASURED = [row for row in ROWS if row["status"] == "measured"]
CELLS = {(row["column"], row["estimator"], row["bound"]): row for row in ROWS}
BITS = ("belief", "deep belief")
TABLES = ("mixture", "coins", "hmm", "gaussian hmm")  # log p is continued linearly in each variable


# -- nothing is left out -----------------------------------------------------------------------------------------------


def bare(names):
    return {name.split(",")[0] for name in names}


def test_every_estimator_of_the_core_has_a_row():
    """A new one needs an entry in course_vi/atlas/entries.py, and a run of `python -m course_vi.atlas`."""
    assert bare(ENTRIES) == bare(ESTIMATORS) == set(library.__all__)
    assert set(CELLS) == {(c, e, b) for c in PROBLEMS for e in ENTRIES for b in BOUNDS}
    assert len(ROWS) == len(CELLS)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_is_measured_where_the_catalogue_says_it_applies(name):
    """On normal latents, on bits, on each bound: by one of its variants at least."""
    row = ESTIMATORS[name]
    there = [r for r in MEASURED if r["estimator"].split(",")[0] == name.split(",")[0]]
    for kind in row.takes:
        for bound in set(row.bounds) & set(BOUNDS):
            assert any(PROBLEMS[r["column"]].path is (kind == "normal") and r["bound"] == bound for r in there), (kind, bound)  # fmt: skip


def test_columns_are_what_they_are_called():
    for name, column in PROBLEMS.items():
        problem = column.make()
        assert type(problem.q).__name__ == column.family.split("(")[0], name
        assert problem.q.reparametrized is column.path, name
        assert not any(parameter.requires_grad for parameter in problem.p.parameters())


# -- claims ------------------------------------------------------------------------------------------------------------


def test_no_bias_where_none_is_claimed():
    fair = [row for row in MEASURED if ENTRIES[row["estimator"]].unbiased]
    assert len(fair) > 200
    assert not [r for r in fair if r["worst_z"] > LIMIT or table.biased(r)]
    assert sum("exact_bias" in row for row in fair) > 60


def test_known_biases_are_seen():
    for column in (*BITS, *TABLES):
        for bound in BOUNDS:
            assert table.verdict(CELLS[column, "gumbel_softmax", bound]) == "biased", (
                column,
                bound,
            )
    for bound in BOUNDS:
        assert table.verdict(CELLS["belief", "straight_through", bound]) == "biased"
    for column in TABLES:  # as its docstring says
        assert table.verdict(CELLS[column, "straight_through", "elbo"]) == "no bias seen"


def test_a_measured_variance_is_the_exact_one():
    both = [row for row in MEASURED if "exact_variance" in row]
    assert len(both) > 60
    for row in both:
        error = abs(row["variance"] - row["exact_variance"])
        assert error < LIMIT * row["variance_se"] + 1e-4 * row["exact_variance"], row


def test_what_is_refused_is_refused_for_a_reason():
    for row in ROWS:
        entry, path = ENTRIES[row["estimator"]], PROBLEMS[row["column"]].path
        if entry.kind == "path":
            assert (row["status"] == "refused") >= (not path), row
        if entry.kind == "relaxed" or row["estimator"] in ("disarm", "Rebar", "Relax"):
            assert (row["status"] == "refused") >= path, row
        if row["estimator"] in ("sticking_the_landing", "analytic_kl") and row["bound"] == "iwae":
            assert row["status"] == "refused"
        if row["estimator"] in ("score_function", "RunningMean") or (
            entry.label == "reparametrized" and path
        ):
            assert row["status"] == "measured"


# -- other roads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column, estimator, bound",
    [
        ("toy", "reparametrized", "elbo"),
        ("pca", "doubly_reparametrized", "iwae"),
        ("belief", "disarm", "elbo"),
        ("mixture", "vimco", "iwae"),
    ],
)
def test_a_cell_comes_out_again(column, estimator, bound):
    stored = CELLS[column, estimator, bound]
    again = measure_cell(column, estimator, bound, stored["replicates"], stored["seed"])
    for key, value in again.items():
        if isinstance(value, float) and key != "exact_bias":
            assert math.isclose(stored[key], value, rel_tol=1e-3, abs_tol=1e-9), key
        elif not isinstance(value, float):
            assert stored[key] == value, key


def test_the_toy_by_hand():
    """Findings 2: a = 2, c = x - 2 m; the path's variances are a^2 s^2 and s^2 (c^2 + 2 a^2 s^2), over K."""
    q = PROBLEMS["toy"].make().q
    s = float(q.log_scale.detach().exp())
    c = 2 - 2 * float(q.loc.detach())
    wanted = (4 * s**2 + s**2 * (c**2 + 8 * s**2)) / SAMPLES
    assert math.isclose(CELLS["toy", "reparametrized", "elbo"]["exact_variance"], wanted, rel_tol=1e-4)  # fmt: skip
    found = exact_gradient(PROBLEMS["toy"].make(), "elbo", SAMPLES)
    assert math.isclose(float(found["loc"]), c, rel_tol=1e-9)
    assert math.isclose(float(found["log_scale"]), 1 - 2 * s**2, rel_tol=1e-9)


@pytest.mark.parametrize("column", ["belief", "mixture"])
@pytest.mark.parametrize("bound", BOUNDS)
def test_an_exact_gradient_by_enumeration_of_tuples(column, bound):
    p, q, x, _ = problem = PROBLEMS[column].make()
    states = q.states()
    value = exact.expected_bound(p.log_joint(x, states), q(x, states), BOUNDS[bound], SAMPLES)
    wanted = gradients(value, q)["logits"]
    torch.testing.assert_close(exact_gradient(problem, bound, SAMPLES)["logits"], wanted, rtol=1e-7, atol=1e-8)  # fmt: skip


@pytest.mark.parametrize("column", ["toy", "two Bernoullis"])
def test_an_exact_gradient_by_quadrature_over_both_noises(column):
    p, q, x, _ = problem = PROBLEMS[column].make()
    wanted = gradients(expected_bound(p, q.loc, q.log_scale, x, BOUNDS["iwae"], 2, order=80), q)
    found = exact_gradient(problem, "iwae", 2)
    for name in wanted:
        torch.testing.assert_close(found[name], wanted[name], rtol=1e-5, atol=1e-6)


def test_a_bias_would_be_seen():
    """Estimates that are a tenth of their spread too large."""
    source = torch.Generator().manual_seed(0)
    each = torch.randn(20_000, 3, generator=source, dtype=torch.float64)
    assert summary(each, torch.zeros(3))["worst_z"] < LIMIT
    assert summary(each + 0.1, torch.zeros(3))["worst_z"] > LIMIT


def test_evaluations_are_counted():
    """REBAR asks for log p at z, at s and at s'; a path estimate for K values and K gradients."""
    problem = PROBLEMS["belief"].make()
    rebar = library.Rebar().double()
    assert count_evaluations(problem, rebar, "elbo") == (3 * SAMPLES, 2 * SAMPLES)
    assert count_evaluations(PROBLEMS["toy"].make(), library.reparametrized, "elbo") == (SAMPLES, SAMPLES)  # fmt: skip
    assert count_evaluations(problem, library.score_function, "elbo") == (SAMPLES, 0)


# -- the chart ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn():
    return chart.wall_chart(TABLE)


def test_the_chart_is_a1_and_has_every_column(drawn):
    assert [round(25.4 * side) for side in drawn.get_size_inches()] == [841, 594]
    assert len(drawn.axes) == len(PROBLEMS) + 1  # and the one that explains
    words = {text.get_text() for text in drawn.texts}
    assert {ENTRIES[row["estimator"]].label for row in MEASURED} <= words


def test_labels_can_be_read_at_two_metres(drawn):
    """Five minutes of arc at two metres are 2.9 mm; capitals are 0.73 of the size of type."""
    sizes = [t.get_fontsize() for t in drawn.findobj(lambda a: hasattr(a, "get_fontsize")) if t.get_text().strip()]  # fmt: skip
    assert min(sizes) * 0.3528 * 0.73 > 2.9


def test_no_words_run_over_the_edge_or_into_each_other(drawn):
    renderer = drawn.canvas.get_renderer()
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in drawn.texts]
    width, height = drawn.canvas.get_width_height()
    for words, box in boxes:
        assert box.x0 > 0 and box.x1 < width and box.y0 > 0 and box.y1 < height, words
    for i, (words, box) in enumerate(boxes):
        for others, other in boxes[i + 1 :]:
            assert not (box.x0 < other.x1 and other.x0 < box.x1 and box.y0 < other.y1 and other.y0 < box.y1), (words, others)  # fmt: skip


def test_what_the_chart_says_is_so():
    """The sentences take their numbers from the table; what they say in words is asserted here."""
    assert len(findings.findings(ROWS)) == 8

    def ratios(*names):
        return list(findings.ratios(ROWS, *names).values())

    assert min(ratios("score_function", "score_function, leave one out", "elbo", "variance")) > 1
    landing = findings.ratios(ROWS, "sticking_the_landing", "reparametrized", "elbo", "variance")
    assert landing["toy, near"] < 0.05 and max(landing.values()) > 1
    leave_one_out = ratios(
        "score_function, leave one out", "reparametrized", "elbo", "variance_times_cost"
    )
    assert sum(ratio > 1 for ratio in leave_one_out) > len(leave_one_out) / 2
    blankets = ratios("rao_blackwellized", "score_function", "elbo", "variance")
    assert min(blankets) < 1 < max(blankets)
    for row in MEASURED:
        if row["estimator"] == "Rebar":
            assert (row["values"], row["gradients"]) == (3 * SAMPLES, 2 * SAMPLES)

"""What the checks of unit 01 expect is true: their references against the course's core, and the figures to aim for."""

import numpy as np
import pytest
import torch

from autograder.units.unit_01 import blanket, correlation, grid, kalman, mixed, reference, targets
from autograder.units.unit_01.problems import names_of
from course_vi.graph import BayesNet
from course_vi.models import (
    IsingModel,
    LinearGaussianSSM,
    LinearMixedModel,
    TwoBernoullis,
    grid_neighbours,
)
from course_vi.plots import png
from course_vi.plots import tracker as tracks


@pytest.mark.parametrize("seed", range(5))
def test_blankets_are_the_core_s(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 7
    g = reference.graph(rng, n, blanket.random_edges(rng, n, 0.4))
    names = names_of(n)
    above = {names[i]: [names[j] for j in reference.above(g, i)] for i in range(n)}
    recipe = "lambda {}: torch.distributions.Normal({}, 1.0)"
    net = BayesNet(
        **{
            name: eval(recipe.format(", ".join(p), " + ".join(p) or "0.0"), {"torch": torch})
            for name, p in above.items()
        }
    )
    tables = blanket._blanket_tables(g["edges"])
    for i, name in enumerate(names):
        assert {names[j] for j in np.flatnonzero(tables["blanket"][i])} == set(
            net.markov_blanket(name)
        )


def test_two_bernoullis_are_the_core_s() -> None:
    a, b = np.array([0.3, -0.8]), np.array([2.0, -1.5])
    model = TwoBernoullis(a, b).double()
    states = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    with torch.no_grad():
        model.intercepts.copy_(torch.from_numpy(a)), model.slopes.copy_(torch.from_numpy(b))
        np.testing.assert_allclose(
            correlation.table_of(a, b).ravel(), model.log_evidence(states).exp().numpy(), rtol=1e-10
        )


def test_correlation_of_a_steep_pair_has_a_limit() -> None:
    """As b grows, both coins become steps of one z, and their joint is that of two thresholds."""
    from scipy.stats import norm

    table = correlation.table_of(np.array([5.0, 20.0]), np.array([50.0, 50.0]))
    p1, p2 = norm.cdf(0.1), norm.cdf(0.4)  # x = 1 where z > -a / b
    assert correlation.correlation_of(table) == pytest.approx(
        np.sqrt(p1 * (1 - p2) / (p2 * (1 - p1))), abs=0.02
    )


def test_the_mixed_model_is_the_core_s() -> None:
    d = mixed._panel(np.random.default_rng(3), [2, 4, 3])
    rows = torch.from_numpy(np.column_stack([d["design"], d["groups"], d["y"]]))
    model = LinearMixedModel(
        [3], torch.from_numpy(d["beta"]), [float(d["tau"])], float(d["sigma"])
    ).double()
    assert mixed.mixed(**d) == pytest.approx(
        model.log_evidence(rows).item(), rel=1e-6
    )  # its scales were stored in single precision


@pytest.mark.parametrize(("d", "p"), [(2, 1), (3, 2)])
def test_dense_references_agree_with_the_filter(d: int, p: int) -> None:
    s = kalman._system(np.random.default_rng(5), d, p)
    a, m, cov, q = s["transition"], s["mean"], s["cov"], s["transition_cov"]
    first = a @ cov @ a.T + q
    parts = a, s["emission"], q, s["emission_cov"], a @ m, (first + first.T) / 2
    model = LinearGaussianSSM(*(torch.from_numpy(part) for part in parts), steps=4)
    x = np.random.default_rng(6).normal(size=(4, p))
    found = model.filter(torch.from_numpy(x.ravel()))
    mean, cov_, log_term = kalman.dense_step(**{**s, "x": x[0]})
    np.testing.assert_allclose(mean, found.loc[0].detach().numpy(), rtol=1e-9)
    np.testing.assert_allclose(cov_, found.covariance[0].detach().numpy(), rtol=1e-9, atol=1e-12)
    assert log_term == pytest.approx(found.log_terms[0].item())
    series_mean, series_cov = kalman._dense_series(s, 4)
    assert reference.log_mvn(x.ravel() - series_mean, series_cov) == pytest.approx(
        found.log_terms.sum().item()
    )
    dense = tracks.dense_series(model)
    assert dense.log_prob(torch.from_numpy(x.ravel())).item() == pytest.approx(
        found.log_terms.sum().item()
    )


def test_the_grid_is_the_core_s() -> None:
    fields = np.random.default_rng(7).normal(size=(3, 3))
    model = IsingModel(0.6 * grid_neighbours(3, 3).double(), torch.from_numpy(fields.ravel()))
    assert grid.log_partition(0.6, fields) == pytest.approx(model.log_partition().item())


def test_no_two_mistakes_look_alike_where_both_are_wrong() -> None:
    """A diagnosis is worth something only if the mistakes can be told apart."""
    rng = np.random.default_rng(8)
    for mistakes in (
        mixed._mixed_mistakes(mixed._panel(rng, [1, 5, 2, 7])),
        grid._grid_mistakes(0.5, rng.normal(size=(3, 3))),
    ):
        values = {m.key: float(m.value) for m in mistakes if not callable(m.value)}
        assert len({round(value, 6) for value in values.values()}) == len(values)


def test_figures_to_aim_for_are_titled_and_labelled() -> None:
    tracker = tracks.tracker(steps=10)
    x, z = (value[0] for value in tracker.sample(1, torch.Generator().manual_seed(0)))
    found = tracker.filter(x)
    ones, table = torch.ones(2, dtype=torch.float64), torch.full((2, 2), 0.25)
    y, design, groups = (
        torch.randn(6).double(),
        torch.ones(6, 1).double(),
        torch.tensor([0, 0, 1, 1, 2, 2]),
    )
    taus, line = torch.tensor([0.5, 1.0]).double(), torch.linspace(-1, 1, 5).double()
    figures = [
        targets.explaining_away(torch.randn(9), torch.randn(9), torch.ones(9), -0.8, -0.79),
        targets.common_cause(ones, ones),
        targets.common_cause(ones, ones, table, torch.ones(9, 2), torch.tensor([1.0]), [0.3]),
        targets.panel_profile(
            y, design, groups, torch.zeros(1).double(), 1.0, taus, (0.7, -9.0), [-9.0, -9.5]
        ),
        tracks.track(tracker, x, z),
        tracks.track(tracker, x, z, list(zip(found.loc, found.covariance, strict=True))),
        targets.grid_curve(line, [1.0] * 5),
    ]
    for figure in figures:
        assert all(
            axes.get_title() and axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes
        )
        assert png(figure).startswith(b"\x89PNG")

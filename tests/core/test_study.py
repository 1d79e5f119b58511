"""The form of a report: what is recorded, what is refused, and the data of the capstone."""

from __future__ import annotations

import pytest
import torch
from scipy import stats

from course_vi.study import Score, Study, Table, Unsound, doctor_visits


@pytest.fixture(autouse=True)
def in_full(monkeypatch):
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)


def table(n=80, years=None):
    shape = (n,) if years is None else (n, years)
    g = torch.Generator().manual_seed(0)
    x = torch.randn(n, 2, generator=g).double()
    return Table(x, torch.randn(*shape, generator=g).double())


def mean_of(shift):
    def arm(data, seed):
        drawn, _ = data.split(20, torch.Generator().manual_seed(seed))
        return drawn.y.mean() + shift * (1 + drawn.y[0] ** 2)

    return arm


def test_the_data_are_people_of_three_years():
    people = doctor_visits()
    assert people.x.shape == (3101, 9) and people.y.shape == (3101, 3)
    assert (people.y >= 0).all() and (people.y == people.y.round()).all()
    from statsmodels.datasets import randhie

    frame = randhie.load_pandas().data  # every person's rows stand in the file one after another
    visits = torch.tensor(frame["mdvis"].to_numpy(), dtype=torch.float64)
    inputs = torch.tensor(frame.iloc[:, 1:].to_numpy(), dtype=torch.float64)
    windows, alike = visits.unfold(0, 3, 1), (inputs[:-2] == inputs[2:]).all(1)
    for person in (0, 1700, 3100):
        found = (windows == people.y[person]).all(1) & alike & (inputs[1:-1] == people.x[person]).all(1)  # fmt: skip
        assert found.sum() >= 1


def test_a_split_is_a_partition_and_a_shuffle_keeps_the_counts():
    every = table(years=3)
    study = Study(every, held_out=30, split_seed=4)
    rows = {tuple(row) for row in study.train.x.tolist()}
    behind = study._Study__behind
    assert len(rows) == 50 and not rows & {tuple(row) for row in behind.x.tolist()}
    mixed = every.shuffled(torch.Generator().manual_seed(1))
    assert torch.equal(mixed.x, every.x) and not torch.equal(mixed.y, every.y)
    assert torch.equal(mixed.y.flatten().sort().values, every.y.flatten().sort().values)
    assert (mixed.y.sum(1) - every.y.sum(1)).abs().max() > 1e-3  # across units, too
    with pytest.raises(ValueError, match="first is 80; expected 1 to 79"):
        every.split(80, torch.Generator())


def test_a_comparison_is_students_paired_t():
    study = Study(table(), held_out=20)
    found = study.compare("up", "more", {"up": mean_of(1.0), "plain": mean_of(0.0)}, range(6))
    t, _ = stats.ttest_rel(found.values["up"], found.values["plain"])
    assert found.numbers["t"] == pytest.approx(t) and found.numbers["n"] == 6 and found.holds
    assert found.numbers["difference"] == pytest.approx(
        found.numbers["up"] - found.numbers["plain"]
    )


def test_what_is_false_is_refused_and_recorded():
    study = Study(table(), held_out=20)
    with pytest.raises(Unsound, match=r"DOES NOT HOLD: less .*\[down\]"):
        study.compare("down", "less", {"plain": mean_of(0.0), "up": mean_of(1.0)}, range(6))
    with pytest.raises(ValueError, match=r"seeds are \[0, 1, 1, 2, 3\]"):
        study.compare("few", "x", {"a": mean_of(1.0), "b": mean_of(0.0)}, [0, 1, 1, 2, 3])
    with pytest.raises(ValueError, match="expected two functions"):
        study.compare("one", "x", {"a": mean_of(1.0)}, range(5))
    assert [(e.name, e.holds) for e in study.events[1:]] == [("down", False), ("few", False)]


def test_agreement_needs_a_mistake_that_breaks_it():
    study = Study(table(), held_out=20)
    pair = {"a": mean_of(1e-4), "b": mean_of(0.0)}
    assert study.agree("same", "equal", pair, mean_of(0.5), 0.01, range(5)).holds
    with pytest.raises(Unsound):
        study.agree("blind", "equal", pair, mean_of(2e-4), 0.01, range(5))
    with pytest.raises(Unsound):
        study.agree(
            "far", "equal", {"a": mean_of(0.5), "b": mean_of(0.0)}, mean_of(3.0), 0.01, range(5)
        )
    with pytest.raises(ValueError, match="within is 0; expected a positive number"):
        study.agree("none", "equal", pair, mean_of(1.0), 0, range(5))


@pytest.mark.parametrize(
    "decay, within, rests", [(0.5, 0.01, True), (0.95, 0.01, False), (1.0, 0.01, False)]
)
def test_rest_is_no_change_after_a_change(decay, within, rests):
    """A score that closes in geometrically: at rest, still moving, and never moved."""
    study = Study(table(), held_out=20)

    def run(data, seed, steps):
        return mean_of(0.0)(data, seed) - decay**steps

    if rests:
        assert study.at_rest("r", "rests", run, 10, within, range(5)).holds
    else:
        with pytest.raises(Unsound):
            study.at_rest("r", "rests", run, 10, within, range(5))


def test_forecast_and_door():
    study = Study(table(), held_out=20)
    with pytest.raises(Unsound, match="expected finite numbers with low < mean < high"):
        study.forecast("upside down", lambda data, seed: (0.0, 1.0, -1.0))
    said = study.forecast("the mean", lambda data, seed: (data.y.mean(), -1.0, 1.0), level=0.9)
    assert said.numbers["standard error"] == pytest.approx(1 / 1.6449, rel=1e-4)
    with pytest.raises(Unsound, match=r"expected \(20,\)"):
        study.open(lambda data, seed: lambda test: test.y.mean())
    rows = study.open(lambda data, seed: lambda test: test.y)
    score = study.events[-1]
    assert isinstance(score, Score) and study.opened == 2
    assert score.numbers["standard error"] == pytest.approx(rows.std().item() / 20**0.5)


def test_in_smoke_nothing_is_judged(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_VI_SMOKE", "1")
    study = Study(table(), held_out=20)
    study.compare("down", "less", {"plain": mean_of(0.0), "up": mean_of(1.0)}, range(6))
    assert "not judged" in capsys.readouterr().out

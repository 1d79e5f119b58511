"""Sealed cases: what is handed over gives no order away, verdicts are counted, and a case can be opened."""

import itertools

import numpy as np
import pytest

from autograder import sealed_case
from autograder.checks.probe import InProcess, Probe
from autograder.checks.sealed import CASES, LEAST, Opened, name_all, shuffled
from autograder.units import EXERCISES

SEALED = [name for name, one in EXERCISES.items() if one.sealed is not None]
NAMES = ("high", "level", "low")


def draw(rng: np.random.Generator) -> Opened:
    given, truth = shuffled(rng, {"high": np.ones(2), "level": np.zeros(2), "low": -np.ones(2)})
    return Opened({"draws": given}, truth)


def judged(learner, **options):
    return name_all(Probe(InProcess(learner), 1), np.random.default_rng(2), draw, **options)


def right(draws):
    return [{1: "high", 0: "level", -1: "low"}[int(row[0])] for row in draws]


def test_who_reads_the_numbers_is_right_in_every_case():
    finding = judged(right)
    assert finding.ok and finding.actual == f"in {CASES} of {CASES}"


@pytest.mark.parametrize("kind", [tuple, np.array])
def test_names_come_in_any_sequence(kind):
    assert judged(lambda draws: kind(right(draws))).ok


def test_two_that_are_taken_for_each_other_are_named():
    swapped = {"high": "level", "level": "high", "low": "low"}
    finding = judged(lambda draws: [swapped[name] for name in right(draws)])
    assert not finding.ok and finding.diagnosis == "high_for_level"
    assert "'high' and 'level' are taken for each other" in finding.hint


def test_the_same_verdicts_every_time_are_called_so():
    assert judged(lambda draws: list(NAMES)).diagnosis == "always_the_same"


def test_errors_without_a_pattern_have_no_name():
    orders = itertools.cycle(itertools.permutations(NAMES))
    finding = judged(lambda draws: next(orders), cases=36, least=34)
    assert not finding.ok and finding.diagnosis == "property" and not finding.hint


@pytest.mark.parametrize(
    "reply", [["high", "high", "low"], "high", 3.0, None, ["high", "low"], [0, 1, 2]]
)
def test_a_reply_that_is_no_list_of_the_names_is_told_so(reply):
    finding = judged(lambda draws: reply)
    assert finding.diagnosis == "form" and "each name once" in finding.hint


def test_a_few_errors_are_forgiven():
    calls = itertools.count()

    def nearly(draws):
        names = right(draws)
        return names[::-1] if next(calls) in (0, 4) else names  # each small question is asked twice

    assert LEAST == CASES - 2 and judged(nearly).ok


@pytest.mark.parametrize("exercise", SEALED)
def test_every_order_comes_and_the_seed_decides_all(exercise):
    draw_one = EXERCISES[exercise].sealed
    orders = set(itertools.permutations(draw_one(np.random.default_rng(0)).truth))
    drawn = [draw_one(np.random.default_rng(seed)) for seed in range(10 * len(orders))]
    again = draw_one(np.random.default_rng(3))
    assert {one.truth for one in drawn} == orders
    assert again.truth == drawn[3].truth
    for name, value in again.given.items():
        np.testing.assert_array_equal(value, drawn[3].given[name])


@pytest.mark.parametrize("exercise", SEALED)
def test_a_case_is_looked_at_and_then_opened(exercise):
    case = sealed_case(exercise, seed=7)
    truth = EXERCISES[exercise].sealed(np.random.default_rng(7)).truth
    assert not any(name in repr(case) for name in truth)
    assert case.open(truth) == "\n".join(
        f"{letter}: {name}" for letter, name in zip("ABCDEF", truth, strict=False)
    )
    assert "you said" in case.open(truth[1:] + truth[:1])
    with pytest.raises(ValueError, match="one name for each"):
        case.open(["?"])


def test_only_what_is_sealed_can_be_opened():
    with pytest.raises(ValueError, match="05_sealed_case"):
        sealed_case("03_gaussian_kl", seed=1)

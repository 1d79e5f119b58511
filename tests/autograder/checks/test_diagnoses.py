"""Diagnoses by the engine: names that rest on enough numbers, both readings, the autopsy, the dictionary, the confusion table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sampled import later

from autograder.audit import dictionaries
from autograder.audit.change_words import in_words
from autograder.audit.confusion import Told, confusion, table
from autograder.audit.corpus import Answer, corpus
from autograder.audit.dictionaries import Told as Change
from autograder.audit.dictionaries import build, made_of, requests_of, stale
from autograder.audit.mutants.mutant import loaded
from autograder.audit.mutants.subject import coded, subject
from autograder.checking import run_check
from autograder.checks import autopsy, dictionary
from autograder.checks.compare import compare
from autograder.checks.diagnose import Asked, diagnose
from autograder.checks.exercise import Part
from autograder.checks.finding import Mistake
from autograder.checks.generic_mistakes import describe, order, recognise
from autograder.checks.probe import InProcess, Probe, Runner
from autograder.checks.report import Report
from autograder.protocol import wire
from autograder.units import EXERCISES

WANT = np.array([[0.3, -1.2, 2.5], [0.7, 4.1, -0.6]])

STALE = "it stands for other right answers, or another check: run python -m autograder dictionary --stale"
EMPTY = {
    "04_steps_to_go",
    "08_pattern",
}  # few outputs, which several behaviours share: a name would be a guess
DICTIONARIES = sorted(dictionary.UNITS.glob("*/dictionaries/*.json"))


def _report(exercise: str, learner: Callable[..., Any], seed: int = 1) -> Report:
    return run_check(exercise, InProcess(learner), seed)


def _ask(learner: Any, part: Callable[[Probe, np.random.Generator], Any]) -> Any:
    """One part put to a learner's function and diagnosed, as a check does it."""

    def fresh(runner: Runner, number: int) -> tuple[Probe, np.random.Generator]:
        return Probe(runner, number), np.random.default_rng(number)

    asked = Asked(Part("part", 1.0, part), InProcess(learner), fresh)
    asked.finding = asked.run()
    return diagnose(asked, lambda: None)


# ---------------------------------------------------------------------------------------------------- generic mistakes


def test_rounding_is_no_common_factor_and_no_common_offset():
    rounded = WANT.astype(np.float32).astype(float)
    assert (rounded != WANT).any() and describe(rounded, WANT, rtol=1e-9, atol=1e-12) is None
    assert "times" in describe(1.00003 * WANT, WANT, rtol=1e-9).hint
    assert "plus" in describe(WANT + 3e-5, WANT, rtol=1e-9).hint


@pytest.mark.parametrize(
    ("key", "made"),
    [
        ("generic_sign", -WANT), ("generic_twice", 2 * WANT), ("generic_half", WANT / 2), ("generic_bits", WANT / np.log(2)),
        ("generic_abs", np.abs(WANT)), ("generic_reciprocal", 1 / WANT), ("generic_exp", np.exp(WANT)), ("generic_square", WANT**2),
        ("generic_2pi_more_2", WANT + np.log(2 * np.pi)), ("generic_constant_less_1", WANT - 0.5), ("generic_sum_1", WANT.sum(1)),
        ("generic_mean_0", WANT.mean(0)), ("generic_sum_0", WANT.sum(0, keepdims=True)), ("generic_sum_all", WANT.sum()),
        ("generic_transposed", WANT.T), ("generic_mean_in_rows", WANT.mean(0) + 0 * WANT), ("generic_rolled_1", np.roll(WANT, 1, 1)),
        ("generic_first_in_rows_1", WANT[:, :1] + 0 * WANT), ("generic_flipped_1", WANT[:, ::-1]), ("generic_times_3", 3 * WANT),
        ("generic_log", np.log(np.abs(WANT))),
    ],
)  # fmt: skip
def test_generic_mistake_has_a_name_of_its_own(key: str, made: np.ndarray) -> None:
    named = recognise(made, np.abs(WANT) if key == "generic_log" else WANT)
    assert named is not None and named.key == key and named.hint


def test_what_two_generic_mistakes_explain_has_no_name() -> None:
    square = np.array(
        [[1.3, 2.0, -0.4], [2.0, 0.9, 1.7], [-0.4, 1.7, 3.1]]
    )  # symmetric: transposed is right
    assert recognise(square.T, square) is None
    turned = np.array(
        [[0.0, 2.0, -0.4], [-2.0, 0.0, 1.7], [0.4, -1.7, 0.0]]
    )  # transposed is minus itself
    named = recognise(-turned, turned)
    assert (
        named is not None
        and named.key == "either"
        and "sign" in named.hint
        and "Rows and columns" in named.hint
    )


def test_order_is_told_and_never_from_zeros() -> None:
    first, second = WANT, WANT + 1
    assert order([second, first], first, second) is not None
    assert order([np.zeros(3), np.zeros(3)], np.zeros(3), np.zeros(3)) is None
    assert order([second, second + 1], first, second) is None


def test_description_is_true_and_tells_no_cause() -> None:
    told = describe(1.7 * WANT, WANT)
    assert (
        told is not None
        and told.key == "described"
        and "1.7" in told.actual
        and "1.7" not in told.hint
    )
    told = describe(WANT + 0.25, WANT)
    assert told is not None and "+0.25" in told.actual
    wrong = WANT.copy()
    wrong[1] += np.array([1.0, 5.0, 2.0])
    told = describe(wrong, WANT)
    assert told is not None and "Right at index 0 of axis 0" in told.hint
    assert describe(np.random.default_rng(0).normal(size=WANT.shape), WANT) is None


# ---------------------------------------------------------------------------------------------------- three numbers, two readings


def _scalar(size: int, moving: bool) -> Callable[[Probe, np.random.Generator], Any]:
    def part(probe: Probe, rng: np.random.Generator) -> Any:
        x = rng.uniform(1.0, 2.0, size) if moving else np.full(size, 1.5)
        return compare(probe.value(x), x**2, [Mistake("root", "A root.", np.sqrt(x))])

    return part


def test_name_rests_on_three_numbers_here_or_on_fresh_inputs() -> None:
    root = lambda x: x.sqrt()  # noqa: E731
    assert _ask(root, _scalar(5, moving=True)).diagnosis == "root"
    assert (
        _ask(root, _scalar(1, moving=True)).diagnosis == "root"
    )  # one number at a time, asked again on fresh inputs
    assert (
        _ask(root, _scalar(1, moving=False)).diagnosis != "root"
    )  # always the same number proves nothing
    assert _ask(root, _scalar(6, moving=False)).diagnosis != "root"


def test_name_that_fresh_inputs_deny_is_withdrawn() -> None:
    first = float(np.random.default_rng(0).uniform(1.0, 2.0, 1)[0])
    wrong = lambda x: x.sqrt() if abs(float(x[0]) - first) < 1e-9 else x.exp()  # noqa: E731
    assert (
        compare(
            np.sqrt([first]), np.array([first**2]), [Mistake("root", "A root.", np.sqrt([first]))]
        ).diagnosis
        == "root"
    )
    assert _ask(wrong, _scalar(1, moving=True)).diagnosis != "root"


def test_where_two_mistakes_fit_neither_is_named() -> None:
    want = np.array([1.0, 2.0, 3.5])
    both = [
        Mistake("one", "First reading.", -want),
        Mistake("two", "Second reading.", -want),
        Mistake("three", "Third.", want + 1),
    ]
    finding = compare(-want, want, both)
    assert (
        finding.diagnosis == "either"
        and "First reading." in finding.hint
        and "Second reading." in finding.hint
    )
    assert "Third." not in finding.hint
    assert compare(-want, want, [both[0], both[0]]).diagnosis == "one"


def test_catch_all_gives_way_to_what_is_exact() -> None:
    anything = Mistake("anything", "It must be this.", lambda got: True)

    def part(probe: Probe, rng: np.random.Generator) -> Any:
        x = rng.normal(size=6)
        return compare(probe.value(x), x, [anything])

    assert _ask(lambda x: -x, part).diagnosis == "generic_sign"
    assert compare(np.arange(4.0), np.arange(4.0) + 1, [anything]).loose


def test_own_noise_and_what_is_ignored() -> None:
    def part(probe: Probe, rng: np.random.Generator) -> Any:
        x, eps = rng.normal(size=6), rng.normal(size=6)
        return compare(probe.value(x, eps), x + x**2 * eps)

    assert _ask(lambda x, eps: x + x**2 * torch.randn(6).double(), part).diagnosis in (
        "generic_own_noise",
        "stateful",
    )
    found = _ask(lambda x, eps: x + 0.3 * x**3, part)
    assert found.diagnosis == "described" and "argument 2" in found.hint


# ---------------------------------------------------------------------------------------------------- the autopsy


def test_smallest_exact_subset_and_both_readings() -> None:
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=(4, 3)) for name in "abcd"}
    assert autopsy.explain(2 * columns["b"], columns).readings == ({"b": pytest.approx(2.0)},)
    found = autopsy.explain(columns["a"] - 3 * columns["d"], columns).readings
    assert found == ({"a": pytest.approx(1.0), "d": pytest.approx(-3.0)},)
    assert not autopsy.explain(rng.normal(size=(4, 3)), columns)
    twice = {**columns, "a + b": columns["a"] + columns["b"], "a + c": columns["a"] + columns["c"]}
    readings = autopsy.explain(columns["a"] + columns["b"] + columns["c"], twice).readings
    assert [set(reading) for reading in readings] == [{"b", "a + c"}, {"c", "a + b"}]


def test_one_number_is_taken_apart_by_nothing() -> None:
    assert not autopsy.explain(np.array([0.0, 2.0, 0.0]), {"a": np.array([0.0, 1.0, 0.0])})


@pytest.mark.parametrize(
    ("reading", "hint"),
    [({autopsy.ASKED: -1.0}, "it is zero"), ({autopsy.ASKED: -2.0}, "its sign is turned"), ({autopsy.ASKED: 3.0}, "K = 4 times"),
     ({autopsy.ASKED: -0.75}, "divided by K = 4"), ({"the score term": 1.0}, "yours = what is asked + 1 x the score term"),
     ({autopsy.ASKED: -1.0, "the path": 1.0}, "yours = 1 x the path"),
     ({autopsy.ASKED: 1.0, "the path": -1.0}, "yours = 2 x what is asked - 1 x the path")],
)  # fmt: skip
def test_readings_in_words(reading: dict[str, float], hint: str) -> None:
    assert hint in autopsy.sentence(autopsy.Autopsy((reading,)), samples=4)


WRONG_GRADIENTS = [answer for answer in corpus() if not answer.right and answer.exercise in (
    "03_naive_elbo", "09_gaussian_path_derivative", "09_frozen_family", "09_two_layers")]  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [pytest.param(a, id=a.name, marks=later(a.name, one_in=4, all_in=2)) for a in WRONG_GRADIENTS],
)
def test_same_parts_on_every_seed(answer: Answer) -> None:
    said = [_readings(answer, seed) for seed in (1, 2, 3)]
    assert said[0] == said[1] == said[2]


def _readings(answer: Answer, seed: int) -> list[Any]:
    """What the autopsy makes of every gradient at fixed noise that the check asks for."""
    found, inner = [], InProcess(answer.load())

    def runner(message: bytes) -> bytes:
        reply = inner(message)
        request, got = wire.decode(message), wire.decode(reply)
        if request["kind"] == "gradient" and "gradient" in got and "$noise" not in repr(request):
            flat = np.concatenate([part.ravel() for part in got["gradient"].values()])
            columns, _ = autopsy.columns_of(request, flat.shape)
            if columns:
                exact = autopsy.explain(flat - columns["the path"], columns)
                found.append(
                    [
                        {name: round(weight, 4) for name, weight in reading.items()}
                        for reading in exact.readings
                    ]
                )
        return reply

    for part in EXERCISES[answer.exercise].parts:
        try:
            part.run(Probe(runner, seed), np.random.default_rng(seed))
        except Exception:
            continue
    return found


def test_score_term_for_one_parameter_is_found() -> None:
    def half_frozen(p, loc, log_scale, x, eps):  # type: ignore[no-untyped-def]
        z = loc + log_scale.exp() * eps
        log_q = torch.distributions.Normal(loc.detach(), log_scale.exp()).log_prob(z).sum(-1)
        return (p.log_joint(x, z) - log_q).mean(0)

    report = _report("09_gaussian_path_derivative", half_frozen)
    assert "half_frozen" in report.diagnoses
    hint = [part.finding.hint for part in report.parts if part.finding.diagnosis == "autopsy"]
    assert any("+ 1 x the score term, for log_scale alone" in text for text in hint)


def test_dead_gradient_is_asked_before_no_spread() -> None:
    def dead(p, q, x, eps):  # type: ignore[no-untyped-def]
        with torch.no_grad():
            z = q.transport(eps, x)
            return (p.log_joint(x, z) - q(x, z)).mean(0)

    report = _report("09_frozen_family", dead)
    assert "dead_gradient" in report.diagnoses and "no_spread" not in report.diagnoses


# ---------------------------------------------------------------------------------------------------- the dictionary


class _Mutant:
    """A change that a test makes itself."""

    operator, what, source = "drop term", "a term", ""

    def __init__(self, learner: Callable[..., Any]) -> None:
        self.learner = learner

    def load(self) -> Callable[..., Any]:
        return self.learner


def _kl(loc_q, log_q, loc_p, log_p):  # type: ignore[no-untyped-def]
    return (
        log_p - log_q + ((2 * log_q).exp() + (loc_q - loc_p) ** 2) / (2 * (2 * log_p).exp()) - 0.5
    )


def test_dictionary_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = lambda *args: (_kl(*args) + 0.125 * args[0]).sum(-1)  # noqa: E731
    other = lambda *args: (_kl(*args) - 0.2 * args[2]).sum(-1)  # noqa: E731
    ambiguous = lambda *args: (_kl(*args) * args[1]).sum(-1)  # noqa: E731
    made = build(
        "03_gaussian_kl",
        [
            Change("a term is too many: loc_q", _Mutant(odd)),
            Change("a term: loc_p", _Mutant(other)),
            Change("one reading", _Mutant(ambiguous)),
            Change("another reading", _Mutant(ambiguous)),
        ],
    )
    made = json.loads(json.dumps(made))
    assert (
        made["changes"] == ["a term is too many: loc_q", "a term: loc_p"]
        and len(made["entries"]) == 2
    )
    monkeypatch.setattr(dictionary, "_load", lambda exercise: made)
    assert "a term is too many: loc_q" in str(dictionary.look_up("03_gaussian_kl", InProcess(odd)))
    assert dictionary.look_up("03_gaussian_kl", InProcess(ambiguous)) is None
    assert dictionary.look_up("03_gaussian_kl", InProcess(lambda *args: _kl(*args).sum(-1))) is None
    report = _report("03_gaussian_kl", odd)
    assert "dictionary" in report.diagnoses and "a term is too many: loc_q" in str(report)
    assert "a term is too many: loc_q" in str(report.without_answers())


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=name, marks=later(name, one_in=3, all_in=2))
        for path in DICTIONARIES
        for name in (f"{path.parts[-3]}_{path.stem}",)
    ],
)
def test_dictionary_fits_the_check_and_is_small(path: Any) -> None:
    made = json.loads(path.read_text("utf-8"))
    for answer in corpus():
        if answer.exercise == f"{path.parts[-3][-2:]}_{path.stem}" and answer.right:
            if made["requests"]:
                seen = dictionary.ask(dictionary.unpack(made["requests"]), InProcess(answer.load()))
                assert seen is not None and dictionary.fingerprint(seen) == made["right"], STALE
    assert bool(made["requests"]) or not made["entries"]
    assert made.get("right") not in made["entries"] and len(made["requests"]) <= 5
    unit = sum(other.stat().st_size for other in path.parent.glob("*.json"))
    assert unit < 200_000


BUILT = [name for name in coded() if dictionary.file_of(name).exists()]


@pytest.mark.parametrize("exercise", BUILT)
def test_a_dictionary_is_made_of_the_right_answers_of_today(exercise: str) -> None:
    assert not stale(exercise), STALE


@pytest.mark.slow
@pytest.mark.parametrize("exercise", BUILT)
def test_a_dictionary_holds_what_the_check_asks_today(exercise: str) -> None:
    chosen, made = subject(exercise), json.loads(dictionary.file_of(exercise).read_text("utf-8"))
    parents = [loaded(parent.source, chosen.function) for parent in chosen.parents]
    if exercise in EMPTY:
        assert not made["requests"] and not made["entries"]
        return
    kept, asked = dictionary.unpack(made["requests"]), requests_of(chosen, parents)
    assert len(kept) == len(asked), STALE
    for one, other in zip(kept, asked, strict=True):
        assert alike(wire.decode(one), wire.decode(other)), STALE


def alike(one: Any, other: Any) -> bool:
    """Equal up to rounding, which is another on another processor."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(alike(one[key], other[key]) for key in one)
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, np.ndarray):
        same = (
            isinstance(other, np.ndarray) and one.shape == other.shape and one.dtype == other.dtype
        )
        if same and one.dtype.kind == "f":
            scale = np.abs(one[np.isfinite(one)]).max(initial=0.0)
            rounding = 1e3 * np.finfo(one.dtype).eps
            return np.allclose(one, other, rtol=rounding, atol=rounding * scale, equal_nan=True)
        return same and bool((one == other).all())
    if isinstance(one, float):
        return isinstance(other, float) and np.isclose(
            one, other, rtol=1e-12, atol=0, equal_nan=True
        )
    return bool(one == other)


def test_requests_are_alike_up_to_rounding_and_no_further() -> None:
    one = {"args": [np.array([1.0, 2.0]), 3], "seed": 1}
    assert alike(one, {"args": [np.array([1.0, 2.0 + 4e-16]), 3], "seed": 1})
    for other in (
        {"args": [np.array([1.0, 2.0 + 1e-9]), 3], "seed": 1},
        {"args": [np.array([1.0, 2.0]), 3], "seed": 2},
        {"args": [np.array([1.0, 2.0], np.float32), 3], "seed": 1},
        {"args": [np.array([1.0, 2.0])], "seed": 1},
    ):
        assert not alike(one, other)


def test_a_dictionary_of_other_answers_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dictionaries, "file_of", lambda exercise: tmp_path / exercise)
    assert stale("00_z_score")
    for made, so in ((made_of(subject("00_z_score")), False), ("of others", True)):
        (tmp_path / "00_z_score").write_text(json.dumps({"made_of": made}))
        assert stale("00_z_score") == so


@pytest.mark.parametrize("path", DICTIONARIES, ids=lambda path: f"{path.parts[-3]}_{path.stem}")
def test_dictionary_holds_no_line_of_a_solution(path: Any) -> None:
    """Neither a line nor a call, an assignment or an operator: words alone."""
    words = json.loads(path.read_text("utf-8"))["changes"]
    code = [sign for sign in ("(", "=", "**", "[", "->", "torch", "lambda", "return", "self.") for hint in words
            if sign in hint.replace("log p(x, z)", "").replace("log p(x)", "")]  # fmt: skip
    lines = {line.strip() for answer in corpus() if answer.exercise == f"{path.parts[-3][-2:]}_{path.stem}" and answer.right
             for line in answer.source.splitlines() if len(line.strip()) > 12}  # fmt: skip
    assert not code and not any(line in hint for hint in words for line in lines)


def test_changes_in_words() -> None:
    def told(before: str, after: str) -> str | None:
        head = "def f(x, loc, log_scale):\n    inner = log_scale.exp()\n    return "
        return in_words(head + before, head + after, "f")

    assert told("x - loc", "x") == "a term is missing: that with loc"
    assert told("x / inner", "x") == "a factor is missing: that with exp, log_scale"
    assert told("x + loc", "x - loc") == "the sign is turned of the term with loc"
    assert told("x * 2.0", "x * 3.0") == "a constant is 3 where 2 belongs"
    assert told("loc + x", "log_scale + x") == "log_scale stands where loc belongs"
    assert told("loc + x", "loc.detach() + x") == "the gradient is cut off at loc"
    assert told("x.sum(-1)", "x.mean(-1)") == "there is a mean where a sum belongs, of x"
    assert told("x.exp()", "x") == "exp is missing around x"
    assert told("x + inner", "inner + inner") is None  # a variable of the solution is no word


# ---------------------------------------------------------------------------------------------------- the confusion table


def test_confusion_lists_who_was_told_what() -> None:
    rows = confusion([
        Told("ex", "wrong_a", "a", (("a", "value"), ("a",))),
        Told("ex", "wrong_b", "b", (("b",), ("b", "a"))),
        Told("ex", "drop term", "", (("a",), ("value",))),
        Told("ex", "wrong_c", "c", (("value",), ("raises_TypeError",))),
    ])  # fmt: skip
    found = {row.key: row for row in rows}
    assert set(found) == {"a", "b"}
    assert found["a"].answers == {"wrong_a": 2, "wrong_b": 1} and found["a"].mutants == {
        "drop term": 1
    }
    assert found["a"].astray == {"wrong_b": "b"} and not found["a"].certain and found["b"].certain
    assert "*a" in table(rows) and "wrong_b declares b" in table(rows)

"""Mutants: operators change one thing, equivalence is judged rightly, checks kill what lives."""

import ast
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autograder.audit.mutants.around import spied
from autograder.audit.mutants.bank import EmptyBank, bank, stretched
from autograder.audit.mutants.cache import Cache, Result
from autograder.audit.mutants.chance import compare_draws
from autograder.audit.mutants.clock import Late, in_time
from autograder.audit.mutants.declared import Argument, Declaration, declaration
from autograder.audit.mutants.equivalence import Question, difference, expectation
from autograder.audit.mutants.forked import forked
from autograder.audit.mutants.mutant import Mutant, loaded, mutants_of, sampled
from autograder.audit.mutants.score import Score, score
from autograder.audit.mutants.standing import AVERAGES, STANDING, standing
from autograder.audit.mutants.subject import Parent, Subject, coded, declaration_path, subject
from autograder.audit.mutants.table import page
from autograder.audit.mutants.tree import tree_changes
from autograder.audit.mutants.wrappers import wrappers
from autograder.protocol import agent

SOURCE = '''
import math
import torch

def answer(x, scale, n=3, generator=None):
    """Its docstring."""
    total = 0
    for k in range(n):
        total += k * x.square().sum(-1)
    with torch.no_grad():
        shift = torch.exp(scale) if n > 2 else -scale
    return total - shift / 2, (x @ x.T).sum(dim=-1, keepdim=True) ** 2
'''
LINE = "def answer(a, b):\n    return (a.exp() - b).sum(-1)\n"


def changed(operator: str) -> list[str]:
    return [change.what for change in tree_changes(SOURCE) if change.operator == operator]


# -- operators -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operator, what",
    [
        ("drop term", "total - shift / 2 -> total, in return"),
        ("drop term", "total - shift / 2 -> -(shift / 2), in return"),
        ("drop factor", "shift / 2 -> 1.0 / 2, in return"),
        ("drop factor", "k * x.square().sum(-1) -> k, in total +="),
        ("drop factor", "x @ x.T -> x, in return"),
        ("drop power", "** 2 -> (x @ x.T).sum(dim=-1, keepdim=True), in return"),
        ("swap signs", "total - shift / 2 -> total + shift / 2, in return"),
        ("in place", "total - shift / 2 -> total.sub_(shift / 2), in return"),
        ("drop minus", "-scale -> scale, in shift ="),
        ("swap names", "scale -> x, in shift ="),
        ("add detach", "x -> x.detach(), in total +="),
        ("sum for mean, and twins", "x.square().sum(-1) -> x.square().mean(-1), in total +="),
        ("drop axis", "x.square().sum(-1) -> x.square().sum(), in total +="),
        ("add axis", "x.square().sum(-1) -> x.square().sum(-1, keepdim=True), in total +="),
        ("drop axis", "(x @ x.T).sum(dim=-1, keepdim=True) -> (x @ x.T).sum(dim=-1), in return"),
        ("drop call", "torch.exp(scale) -> scale, in shift ="),
        ("constant", "3 -> 6, in def answer("),
        ("one fewer", "range(n) -> range(n - 1), in for k in range(n):"),
        ("drop condition", "torch.exp(scale) if n > 2 else -scale -> -scale, in shift ="),
        ("turn comparison", "n > 2 -> n <= 2, in shift ="),
        ("drop statement", "total += k * x.square().sum(-1) -> nothing"),
        ("drop with", "with torch.no_grad(): -> if True:"),
        ("swap results", "return (total - shift / 2, (x @ x.T)"),
    ],
)
def test_each_operator_changes_what_it_says(operator: str, what: str) -> None:
    assert any(what in found for found in changed(operator)), changed(operator)


def test_mutants_are_sources_that_differ() -> None:
    sources = [change.source for change in tree_changes(SOURCE)]
    assert len(set(sources)) == len(sources) and ast.unparse(ast.parse(SOURCE)) not in sources
    for source in sources:
        assert callable(loaded(source, "answer"))


def test_a_mutant_is_called_the_same_when_lines_move() -> None:
    moved = SOURCE.replace("    total = 0", "    # a remark\n\n    total = 0")
    assert [(c.operator, c.what) for c in tree_changes(SOURCE)] == [
        (c.operator, c.what) for c in tree_changes(moved)
    ]


def test_annotations_and_docstrings_are_left_alone() -> None:
    source = 'def f(x: "int | None" = None) -> dict[str, int | None]:\n    "Words."\n    return x\n'
    assert {change.what for change in tree_changes(source)} == {"x -> x.detach(), in return x"}


# -- wrappers --------------------------------------------------------------------------------------


def wrapped(source: str, what: str, *calls: tuple[Any, ...]) -> Any:
    """The answer with the wrapper called ``what`` around it, for an answer that is called so."""
    kinds: Any = {}
    learner = loaded(source, "answer")
    for call in calls:
        spied(learner, kinds)(*call)
    found = [wrapper for wrapper in wrappers(learner, kinds) if wrapper.what == what]
    assert found, [wrapper.what for wrapper in wrappers(learner, kinds)]
    return found[0].wrap(loaded(source, "answer"))


def test_wrappers_change_what_goes_in_and_comes_out() -> None:
    a, b = torch.tensor([[1.0, -2.0]]), torch.tensor([[3.0, 4.0]])
    right = loaded(LINE, "answer")
    assert torch.equal(wrapped(LINE, "negated", (a, b))(a, b), -right(a, b))
    assert torch.equal(
        wrapped(LINE, "a: absolute", (a, b))(b=b, a=a), right(a.abs(), b)
    )  # by keyword, too
    first = wrapped(LINE, "b: that of the first call", (a, b))
    assert torch.equal(first(a, b), right(a, b)) and torch.equal(first(a, 2 * b), right(a, b))
    touched = a.clone()
    destroyed = wrapped(LINE, "a", (a, b))
    assert torch.equal(destroyed(touched, b), right(a, b)) and torch.equal(touched, 2 * a)
    assert wrapped(LINE, "a tuple of one", (a, b))(a, b)[0].shape == (1,)


def test_wrappers_of_a_class_change_its_methods() -> None:
    source = (
        "class answer:\n    def __init__(self, a):\n        self.a = a\n"
        "    def twice(self, x):\n        return 2 * x * self.a\n"
    )
    kinds: Any = {}
    learner = loaded(source, "answer")
    spied(learner, kinds)(1.0).twice(torch.ones(2))
    assert kinds == {("twice", "x"): {"tensor"}}
    halved = next(w for w in wrappers(learner, kinds) if w.what == "twice: halved").wrap(learner)
    assert torch.equal(halved(3.0).twice(torch.ones(2)), torch.full((2,), 3.0))
    assert issubclass(halved, learner) and torch.equal(
        learner(3.0).twice(torch.ones(2)), torch.full((2,), 6.0)
    )


def test_only_arguments_that_are_passed_are_changed() -> None:
    kinds: Any = {}
    spied(loaded(SOURCE, "answer"), kinds)(torch.ones(2, 2), torch.tensor(0.0), 4)
    assert kinds == {
        ("", "x"): {"tensor"},
        ("", "scale"): {"tensor"},
        ("", "n"): {"int"},
        ("", "generator"): {"object"},
    }


# -- sampling --------------------------------------------------------------------------------------


def test_samples_take_operators_in_turns_and_hold_smaller_ones() -> None:
    pool = mutants_of("right", SOURCE, "answer", {})
    operators = {mutant.operator for mutant in pool}
    few, more = sampled(pool, len(operators)), sampled(pool[::-1], 60)
    assert {mutant.operator for mutant in few} == operators
    assert {mutant.id for mutant in few} <= {mutant.id for mutant in more}
    assert len({mutant.id for mutant in pool}) == len(pool) and len(sampled(pool, 10**6)) == len(
        pool
    )


# -- equivalence -----------------------------------------------------------------------------------

CALL = {
    "kind": "value",
    "problem": None,
    "params": {},
    "kwargs": {},
    "seed": 3,
    "args": [np.array([[0.3, -1.0], [2.0, 0.5]]), np.array([[1.0, 2.0], [0.1, -0.2]])],
}
GRADIENT = {
    **CALL,
    "kind": "gradient",
    "problem": "toy/mean_field",
    "args": [{"$ref": "q"}, {"$ref": "x"}],
    "params": {
        "loc": np.array([[0.1], [0.4], [-0.3]]),
        "log_scale": np.zeros((3, 1)),
        "x": np.array([[1.0], [2.0], [0.5]]),
    },
}
DENSITY = "def answer(q, x):\n    return q(x, x.unsqueeze(0))[0]\n"
NOISY = """
import torch
def answer(x, generator):
    e = torch.randn(200, generator=generator)
    return x[0, 0] + e.std()
"""
DRAWN = {**CALL, "args": [CALL["args"][0], {"$generator": 11}]}


def between(request: dict[str, Any], right: str, other: str, **how: Any) -> str:
    question = Question(request, **how)
    expected = expectation(agent.answer, question, loaded(right, "answer"))
    return difference(agent.answer, question, loaded(other, "answer"), expected)


@pytest.mark.parametrize(
    "other, differs",
    [
        (LINE, ""),
        (LINE.replace("(a.exp() - b).sum(-1)", "a.exp().sum(-1) - b.sum(-1)"), ""),
        (LINE.replace("exp", "expm1"), "value"),
        (LINE.replace("(a.exp() - b).sum(-1)", "(a.exp() - b).sum(-1, keepdim=True)"), "value"),
        (LINE.replace("return (a.exp() - b).sum(-1)", "return [(a.exp() - b).sum(-1)]"), "value"),
        (LINE.replace("return", "r =") + "    b.mul_(2)\n    return r\n", "touched"),
    ],
)
def test_values_and_arguments_are_compared(other: str, differs: str) -> None:
    assert between(CALL, LINE, other) == differs


@pytest.mark.parametrize(
    "change, differs",
    [
        ("r", ""),
        ("r.detach()", "gradient"),
        ("r.detach() + r.roll(1, 0) - r.roll(1, 0).detach()", "gradient"),
        ("r.detach() + r.mean() - r.mean().detach()", "gradient"),
        ("2 * r - r.detach()", "gradient"),
        ("2 * r", "value"),
    ],
)
def test_gradients_are_pulled_back_with_unequal_weights(change: str, differs: str) -> None:
    assert (
        between(GRADIENT, DENSITY, DENSITY.replace("return", "r =") + f"    return {change}\n")
        == differs
    )


@pytest.mark.parametrize(
    "old, new, differs",
    [
        (
            "e = torch.randn(200, generator=generator)",
            "torch.rand(1, generator=generator); e = torch.randn(200, generator=generator)",
            "",
        ),
        ("torch.randn(200", "torch.randn(201", ""),
        ("e.std()", "2 * e.std()", "distribution"),
        ("torch.randn(200", "torch.randn(20", "distribution"),
        ("generator=generator", "generator=torch.Generator().manual_seed(0)", "distribution"),
        (", generator=generator", "", "repeats"),
    ],
)
def test_chance_is_compared_by_distribution(old: str, new: str, differs: str) -> None:
    assert between(DRAWN, NOISY, NOISY.replace(old, new), draws=60) == differs


def test_equal_distributions_are_seldom_told_apart() -> None:
    rng = np.random.default_rng(0)
    samples = [(rng.normal(size=(40, 60)), rng.normal(size=(40, 60))) for _ in range(200)]
    assert sum(compare_draws(a, b) for a, b in samples) <= 2
    assert all(compare_draws(a + 2.0, b) for a, b in samples) and all(
        compare_draws(20 * a, b) for a, b in samples
    )


def test_what_is_learned_is_compared_within_a_tolerance() -> None:
    def train(out: float, history: list[float]) -> Any:
        return lambda request, learner: {
            "value": {"out": np.array([out]), "bounds": np.array(history)}
        }

    question = Question({**CALL, "kind": "drive"}, tolerance={"out": 0.1, "bounds": 0.2})
    expected = expectation(train(1.0, [0.0] * 20), question, len)
    assert difference(train(1.05, [0.1] * 30), question, len, expected) == ""
    assert difference(train(1.2, [0.0] * 20), question, len, expected) == "value"
    turned = Question({**CALL, "kind": "drive"}, tolerance={"out.size": 0.1})
    assert difference(train(-1.05, []), turned, len, expected) == ""
    assert difference(train(-1.2, []), turned, len, expected) == "value"
    assert difference(train(1.0, [0.0] * 20 + [1.0] * 20), question, len, expected) == "value"


# -- the bank --------------------------------------------------------------------------------------


def toy(*sources: str) -> tuple[Subject, list[Any], Declaration, list[Any]]:
    chosen = Subject("00_toy", "00_toy", "answer", tuple(map(Parent, "abc", sources)))
    return chosen, [loaded(source, "answer") for source in sources], Declaration(), [CALL, CALL]


def test_a_bank_holds_what_all_right_answers_agree_on() -> None:
    held = bank(*toy(LINE, LINE.replace("(a.exp() - b).sum(-1)", "a.exp().sum(-1) - b.sum(-1)")))
    assert len(held.questions) == 6 and len(held.expected[0]) == 2 and not held.disputed
    held = bank(*toy(LINE, LINE.replace("a.exp()", "a.exp().clamp(max=20.0)")))
    assert 2 <= len(held.questions) < 6  # stretched far enough, the two part


def test_an_empty_bank_is_an_error() -> None:
    with pytest.raises(ValueError, match="agree on no question"):
        bank(*toy(LINE, LINE.replace("exp", "sin")))
    with pytest.raises(EmptyBank, match="the odd one is c"):
        bank(*toy(LINE, LINE.replace("exp()", "exp().clone()"), LINE.replace("exp", "sin")))


def test_where_a_property_decides_each_answer_is_compared_with_itself() -> None:
    chosen, learners, _, asked = toy(LINE, LINE.replace("exp", "sin"))
    held = bank(chosen, learners, Declaration(open_ended="Any of them."), asked)
    assert len(held.questions) == 6
    assert len({str(expected[0].value) for expected in zip(*held.expected, strict=True)}) == 2


def test_stretching_moves_numbers_and_leaves_seeds() -> None:
    request = {
        "kind": "value",
        "seed": 5,
        "args": [np.ones(2), 100, {"$generator": 3}, {"$noise": [2], "seed": 1}],
        "kwargs": {},
        "params": {},
    }
    hard = [stretched(request, np.random.default_rng(seed)) for seed in range(8)]
    assert all(found["seed"] == 5 and found["args"][2:] == request["args"][2:] for found in hard)
    assert (
        any(found["args"][0][0] < 0 for found in hard)
        and len({found["args"][1] for found in hard}) > 2
    )


# -- what does not end -----------------------------------------------------------------------------


def endless(swallow: bool) -> int:
    while True:
        try:
            while True:
                pass
        except KeyboardInterrupt:
            if not swallow:
                raise
            return 1


@pytest.mark.parametrize("swallow", [False, True])
def test_the_alarm_ends_what_is_endless(swallow: bool) -> None:
    with pytest.raises(Late):
        in_time(endless, swallow, seconds=0.1)
    assert in_time(lambda: 3, seconds=0.1) == 3


def work(task: str) -> str:
    if task == "dies":
        os._exit(1)
    if task == "hangs":
        time.sleep(60)
    if task == "eats":
        bytearray(64 << 30)
    return task.upper()


def test_a_worker_loses_its_own_task_and_no_other() -> None:
    begun = time.monotonic()
    found = dict(forked(["a", "dies", "b", "hangs", "c", "d"], work, 2, 1.0))
    assert found == {"a": "A", "dies": None, "b": "B", "hangs": None, "c": "C", "d": "D"}
    assert time.monotonic() - begun < 20
    with pytest.raises(RuntimeError, match="MemoryError"):
        list(forked(["eats"], work, 1, 5.0))


# -- what is remembered ----------------------------------------------------------------------------


def test_results_are_kept_until_what_decides_them_changes(tmp_path: Path) -> None:
    live = Result("1", "right", "constant", "1 -> 2", "live", "value", 2, 1, (("sign",), ()))
    Cache("03_toy", "old", tmp_path).put(live)
    with Cache("03_toy", "old", tmp_path).path.open("a") as file:
        file.write(json.dumps(live._asdict())[:30])  # the process was killed at this line
    again = Cache("03_toy", "old", tmp_path)
    assert (
        again.get("1", seeds=2) == live
        and again.get("1", seeds=20) is None
        and again.get("2", 2) is None
    )
    assert (
        Cache("03_toy", "new", tmp_path).known == {}
        and [path.name for path in tmp_path.iterdir()] == []
    )


# -- what is argued --------------------------------------------------------------------------------

TOML = """
[03_toy]
chance = 30
[[03_toy.survivor]]
operator = "constant"
what = "1 -> 2, in *"
why = "Both are right, since nobody looks."
"""


def test_declarations_are_read_and_held_to_their_form(tmp_path: Path) -> None:
    path = tmp_path / "mutants.toml"
    assert declaration(path, "03_toy") == Declaration() and Declaration().target == 0.98
    path.write_text(TOML)
    found = declaration(path, "03_toy")
    assert found.chance == 30 and found.target == 0.9
    mutant = Mutant("right", "constant", "1 -> 2, in return [1]", "", "answer")
    assert found.why(mutant) == "Both are right, since nobody looks." and not found.why(
        Mutant("right", "constant", "1 -> 3, in x", "", "")
    )
    path.write_text(TOML.replace("chance", "chanse"))
    with pytest.raises(ValueError, match="chanse"):
        declaration(path, "03_toy")
    path.write_text(TOML.replace("Both are right, since nobody looks.", "fine"))
    with pytest.raises(ValueError, match="sentence"):
        declaration(path, "03_toy")


def test_every_declaration_of_the_corpus_names_an_exercise() -> None:
    import tomllib

    units = {subject(name).unit for name in coded()}
    for unit in units:
        path = declaration_path(unit)
        if path.exists():
            rows = tomllib.loads(path.read_text())
            assert set(rows) <= set(coded(unit))
            for name in rows:
                declaration(path, name)


def measured(*results: Result, **other: Any) -> Score:
    given: dict[str, Any] = {"argued": {}, "standing": [], "stale": [], **other}
    return Score("03_toy", Declaration(), 9, 5, [], list(results), **given)


def result(identity: str, passed: int, *names: str, outcome: str = "live") -> Result:
    return Result(
        identity,
        "right",
        "constant",
        f"{identity} -> 2",
        outcome,
        "value",
        2,
        passed,
        tuple((f"1 {n}",) if n else () for n in names),
    )


def test_a_score_says_what_is_not_as_promised() -> None:
    dead = [result(str(n), 0, "sign", "sign") for n in range(60)]
    assert (
        measured(
            *dead, result("e", 0, outcome="equivalent"), result("r", 0, outcome="raises")
        ).complaints
        == []
    )
    assert (
        "98.4%" not in str(measured(*dead, result("s", 1)).complaints)
        and measured(*dead, result("s", 1)).share == 1 - 1 / 61
    )
    assert "killed" in measured(*dead, result("s", 1), result("t", 2)).complaints[0]
    assert (
        measured(
            *dead, result("s", 1), result("t", 2), argued={"s": "because", "t": "because"}
        ).complaints
        == []
    )
    assert "two names" in measured(*dead, result("f", 0, "sign", "half")).complaints[0]
    assert not measured(
        *dead, result("f", 0, "sign", "")
    ).complaints  # named once is not named twice
    parts = result("f", 0, "sign", "sign")._replace(names=(("1 sign",), ("1 sign", "2 half")))
    assert not measured(*dead, parts).complaints  # two parts may see two mistakes
    assert "full marks" in measured(*dead, standing=[result("zero", 1)]).complaints[0]
    assert not measured(
        *dead, standing=[result("zero", 0), result("same", 2, outcome="equivalent")]
    ).complaints
    nothing = measured(result("e", 0, outcome="equivalent"))
    assert nothing.complaints == ["no mutant lives: there is nothing to measure"]
    assert (
        "stale"
        in measured(*dead, stale=[Argument("constant", "x", "because I say so")]).complaints[0]
    )
    assert "`s -> 2`" in page([measured(*dead, result("s", 1))], 2, 100)


# -- standing wrong answers ------------------------------------------------------------------------


def test_standing_wrong_answers_are_what_they_say() -> None:
    made = {mutant.what: mutant for mutant in standing("right", LINE, "answer")}
    assert set(made) == {*STANDING, *AVERAGES}
    assert {m.what for m in standing("right", LINE, "answer", trains=True)} == set(STANDING)
    a, b = torch.rand(3, 2), torch.rand(3, 2)
    right = loaded(LINE, "answer")(a, b)
    said = {name: mutant.load() for name, mutant in made.items()}
    assert not said["zero"](a, b).any() and (said["constant"](a, b) == 0.7).all()
    assert torch.equal(said["memorised"](a, b), right) and torch.equal(
        said["memorised"](2 * a, b), right
    )
    assert said["memorised"](a[:2], b[:2]).shape == (2,)
    assert torch.allclose(said["batch average"](a, b), right.mean().expand(3))
    assert (said["noise bomb"](a, b) - right).abs().max() > 30
    assert torch.allclose(said["hidden average"](a, b), right)
    assert 0 < (said["exact plus dust"](a, b) - right).abs().max() < 0.02
    x = a.clone().requires_grad_()
    value = said["noise bomb in the gradient"](x, b)
    assert (
        torch.equal(value.detach(), right)
        and torch.autograd.grad(value.sum(), x)[0].abs().max() > 30
    )
    said["arguments destroyed"](a, b)
    assert not torch.equal(loaded(LINE, "answer")(a, b), right)


def test_a_hidden_average_draws_anew() -> None:
    source = (
        "import torch\ndef answer(generator):\n    return torch.randn(1, generator=generator)\n"
    )
    average = next(
        mutant for mutant in standing("right", source, "answer") if mutant.what == "hidden average"
    ).load()
    drawn = torch.cat([average(torch.Generator().manual_seed(seed)) for seed in range(200)])
    assert 0.15 < drawn.std() < 0.35  # a quarter, from sixteen


# -- the checks ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("mutants")


@pytest.mark.slow
@pytest.mark.parametrize("exercise", ["03_gap", "03_three_forms"])
def test_a_check_kills_what_lives(exercise: str, folder: Path) -> None:
    found = score(exercise, seeds=2, most=60, jobs=2, folder=folder)
    assert not found.complaints, [result for result in found.survivors]
    assert len(found.live) > 20 and len(found.results) == 60
    begun = time.monotonic()
    again = score(exercise, seeds=2, most=60, jobs=2, folder=folder)
    assert {r.id: r for r in again.results} == {
        r.id: r for r in found.results
    } and time.monotonic() - begun < 60


@pytest.mark.slow
def test_a_blind_check_is_found_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the check taken away, its mutants live."""
    from autograder.units import EXERCISES

    monkeypatch.setattr(EXERCISES["03_gap"], "parts", EXERCISES["03_gap"].parts[:1])
    found = score("03_gap", seeds=1, most=60, jobs=2, folder=folder / "blind")
    assert found.survivors and found.complaints
    alive = found.survivors[0]
    argued = Argument(alive.operator, alive.what, "This check has been blinded for a test.")
    idle = Argument("constant", "1 -> a million", "It is in no right answer.")
    said = Declaration(survivors=(argued, idle))
    monkeypatch.setattr("autograder.audit.mutants.score.declaration", lambda *_: said)
    again = score("03_gap", seeds=1, most=60, jobs=2, folder=folder / "blind")
    assert again.stale == [idle] and alive.id in again.argued
    assert len(again.survivors) < len(found.survivors)

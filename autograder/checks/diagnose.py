"""What a failed part is told, after all parts were run: a name that is proved, the parts of a gradient, a change like it, or a description.

In this order: the name that the check's author gave, if it is exact and rests on enough numbers; the gradient that reaches nothing; a
generic mistake; the autopsy; the dictionary; the author's name if it was loose; a description. A name that rests on fewer than three
numbers is asked for again on fresh inputs, and withdrawn where these say otherwise. No verdict depends on any of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checks import autopsy, dictionary
from autograder.checks.exercise import Part
from autograder.checks.finding import UNNAMED, Finding
from autograder.checks.generic_mistakes import Named, describe, order, recognise
from autograder.checks.probe import LearnerError, Probe, Runner
from autograder.checks.recognise import ENOUGH
from autograder.protocol import wire

__all__ = ["Asked", "Fresh", "Remembered", "diagnose"]

OPEN = UNNAMED - {
    "unreadable",
    "unwritten",
    "not_counted",
    "either",
}  # of these, more may be found out
AGAIN = 3  # fresh inputs on which a name may find the numbers that it lacks
DEAD = (
    "No parameter is reached: the result has no gradient at all. Look for detach, no_grad, .item(), .data, .sample() or NumPy between "
    "the parameters and what you return."
)
OWN_NOISE = "Called twice with the same arguments, it gave two different answers: it draws random numbers of its own. Use what is given."


class Remembered:
    """A runner that remembers the last question and its answer."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.question, self.reply = b"", b""

    def __call__(self, request: bytes) -> bytes:
        self.question, self.reply = request, b""
        self.reply = self.runner(request)
        return self.reply


Fresh = Callable[
    [Runner, int], tuple[Probe, np.random.Generator]
]  # probe and generator of a part, for a number; 0 comes first


class Asked:
    """One part of a check, put to a learner's code once, with what is needed to put it again.

    Attributes:
        finding: what was found; set by whoever runs it.
    """

    def __init__(self, part: Part, runner: Runner, fresh: Fresh, number: int = 0) -> None:
        self.part, self.runner, self.fresh = part, runner, fresh
        self.remembered = Remembered(runner)
        self.probe, self.rng = fresh(self.remembered, number)
        self.finding = Finding(False)

    def run(self) -> Finding:
        return self.part.run(self.probe, self.rng)

    def again(self, number: int) -> Asked | None:
        """The same part on fresh inputs, or None where it could not be asked."""
        other = Asked(self.part, self.runner, self.fresh, number)
        try:
            other.finding = other.run()
        except Exception:
            return None
        return other

    @functools.cached_property
    def question(self) -> dict[str, Any]:
        """The last request, empty if there was none."""
        return _decoded(self.remembered.question)

    @functools.cached_property
    def reply(self) -> dict[str, Any]:
        return _decoded(self.remembered.reply)


def diagnose(asked: Asked, known: Callable[[], str | None]) -> Finding:
    """The finding as it is shown: with the best name that the evidence carries, and without what is not shown.

    Args:
        known: looks the answer up in the exercise's dictionary; asked where no name fits.
    """
    finding = asked.finding
    if not finding.ok:
        named = (
            _proved(asked, _author)
            or _dead(asked)
            or _proved(asked, _generic)
            or _taken_apart(asked)
            or _own_noise(asked)
            or _looked_up(known)
            or _loose(finding)
            or describe(finding.got, finding.want)
            or _ignored(asked)
            or Named(*finding.unnamed)
        )
        if named.key:
            actual = (
                f"{finding.actual}; {named.actual}"
                if named.actual and finding.actual
                else finding.actual
            )
            finding = replace(finding, diagnosis=named.key, hint=named.hint, actual=actual)
    return replace(
        finding, got=None, want=None, columns=None, rests_on=None, loose=False, unnamed=("", "")
    )


Recogniser = Callable[[Asked], Named | None]


def _proved(asked: Asked, recogniser: Recogniser) -> Named | None:
    """The name, if it rests on enough distinct numbers, here or on fresh inputs; none of these may say otherwise."""
    named = recogniser(asked)
    if named is None or named.key == "either" or named.rests_on is None:
        return named
    seen = set(named.rests_on)
    for number in range(1, AGAIN + 1):
        if len(seen) >= ENOUGH:
            return named
        other = asked.again(number)
        if other is None:
            return None
        if not other.finding.ok:
            same = recogniser(other)
            if same is None or same.key != named.key:
                return None
            seen |= set(same.rests_on or ())
    return named if len(seen) >= ENOUGH else None


def _author(asked: Asked) -> Named | None:
    """What the check itself said, unless a loose function said it."""
    finding = asked.finding
    if finding.loose or (finding.rests_on is None and finding.diagnosis in OPEN):
        return None
    return Named(finding.diagnosis, finding.hint, rests_on=finding.rests_on)


def _loose(finding: Finding) -> Named | None:
    return Named(finding.diagnosis, finding.hint) if finding.loose else None


def _dead(asked: Asked) -> Named | None:
    finding, reply = asked.finding, asked.reply
    gradient = reply.get("gradient")
    if not gradient or len(reply.get("unused", ())) < len(gradient):
        return None
    about_it = finding.got is None and finding.diagnosis in ("biased", "no_spread", "too_quiet")
    return Named("dead_gradient", DEAD) if about_it or _is_gradient(finding.got, gradient) else None


def _is_gradient(got: Any, gradient: dict[str, Any]) -> bool:
    """Whether what was compared is the gradient of the reply."""
    if not isinstance(got, np.ndarray) or got.size != sum(part.size for part in gradient.values()):
        return False
    rows = (-1,) if got.ndim == 1 else (len(got), -1)
    try:
        return bool(
            np.array_equal(
                np.concatenate([part.reshape(rows) for part in gradient.values()], -1),
                got,
                equal_nan=True,
            )
        )
    except ValueError:
        return False


def _generic(asked: Asked) -> Named | None:
    finding, value = asked.finding, asked.reply.get("value")
    if finding.want is None:
        return None
    if finding.diagnosis == "type" or finding.unnamed[0] == "type":
        return None
    if (
        isinstance(value, list)
        and len(value) == 1
        and np.shape(finding.got) == (1, *np.shape(finding.want))
    ):
        return Named(
            "generic_tuple",
            "A tuple of one came where a tensor is asked: is there a comma too many?",
            rests_on=None,
        )
    moved = None if finding.alike else order(value, finding.want, finding.got)
    return moved or recognise(finding.got, finding.want)


def _taken_apart(asked: Asked) -> Named | None:
    """The autopsy: of the difference where there is a right gradient, of what came where only its mean is known."""
    finding, gradient = asked.finding, asked.reply.get("gradient")
    got, alone = finding.got, finding.want is None
    if finding.columns is not None:
        columns, samples = finding.columns(), 0
    else:
        if (
            alone
            and gradient
            and finding.diagnosis in ("biased", "no_spread", "too_noisy", "too_quiet")
        ):
            got = _rows(gradient)
        if not gradient or got is None or not _is_gradient(got, gradient):
            return None
        columns, samples = autopsy.columns_of(asked.question, got.shape)
    if not columns or np.shape(got) != next(iter(columns.values())).shape:
        return None
    if alone:
        found = autopsy.explain(
            got[: autopsy.ROWS], {name: column[: autopsy.ROWS] for name, column in columns.items()}
        )
    else:
        found = autopsy.explain(got - finding.want, autopsy.with_asked(columns, finding.want))
    return Named("autopsy", autopsy.sentence(found, samples, alone)) if found else None


def _rows(gradient: dict[str, Any]) -> np.ndarray | None:
    """The gradients of R replicates, ``(R, P)``."""
    rows = {len(part) if part.ndim else 0 for part in gradient.values()}
    if len(rows) != 1 or not (count := rows.pop()):
        return None
    return np.concatenate([part.reshape(count, -1) for part in gradient.values()], -1)


def _own_noise(asked: Asked) -> Named | None:
    """Whether the same question, asked with another seed, gets another answer."""
    if (
        asked.finding.want is None
        or asked.question.get("kind") not in ("value", "gradient")
        or "$generator" in repr(asked.question)
    ):
        return None
    first, second = (_ask(asked, {**asked.question, "seed": seed}) for seed in (1, 2))
    return (
        None
        if first is None or second is None or _same(first, second, gradient=False)
        else Named("generic_own_noise", OWN_NOISE)
    )


def _looked_up(known: Callable[[], str | None]) -> Named | None:
    hint = known()
    return Named("dictionary", hint) if hint else None


def _ignored(asked: Asked) -> Named | None:
    """An argument that the answer does not depend on."""
    if asked.finding.diagnosis != "value" or asked.question.get("kind") not in (
        "value",
        "gradient",
    ):
        return None
    for place, argument in enumerate(asked.question["args"]):
        other: Any = (
            argument * 1.1 + 0.05
            if isinstance(argument, np.ndarray) and argument.dtype.kind == "f"
            else None
        )
        if isinstance(argument, dict) and "$noise" in argument:
            other = {**argument, "seed": int(argument["seed"]) + 1}
        if other is None:
            continue
        args = [*asked.question["args"][:place], other, *asked.question["args"][place + 1 :]]
        before, after = _ask(asked, asked.question), _ask(asked, {**asked.question, "args": args})
        if before is not None and after is not None and _same(before, after):
            return Named("described", f"Yours stays the same when argument {place + 1} is changed.")
    return None


def _ask(asked: Asked, question: dict[str, Any]) -> dict[str, Any] | None:
    try:
        reply = _decoded(asked.runner(wire.encode(question)))
    except LearnerError:
        return None
    return reply if "value" in reply else None


def _same(one: dict[str, Any], other: dict[str, Any], gradient: bool = True) -> bool:
    """Whether two replies hold the same numbers. A gradient in parameters that the data share depends on the seed by its weights."""
    first, second = (
        dictionary.leaves([reply["value"], reply.get("gradient") if gradient else None])
        for reply in (one, other)
    )
    return len(first) == len(second) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)
        for a, b in zip(first, second, strict=True)
    )


def _decoded(message: bytes) -> dict[str, Any]:
    try:
        found = wire.decode(message)
    except wire.WireError:
        return {}
    return found if isinstance(found, dict) else {}

"""The bank: questions on which all right answers agree.

They are what the check itself asks on other seeds, and harder variants of those: each array
stretched, shrunk or turned, whole numbers moved. No domain needs to be written down, since a
question is kept only where all right answers agree and are finite.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from autograder.audit.mutants.chance import compare_draws, flat
from autograder.audit.mutants.clock import SECONDS, Late, in_time
from autograder.audit.mutants.declared import Declaration
from autograder.audit.mutants.equivalence import ATOL, RTOL, Question, Raised, alike, expectation
from autograder.audit.mutants.subject import Subject

__all__ = ["Bank", "EmptyBank", "bank", "stretched"]

RECORDED, VARIANTS = 40, 2
LOOSE, TRAINED = 2, 1  # questions of chance, and of training, of each kind: they cost
Request = dict[str, Any]


class EmptyBank(ValueError):
    """Right answers that agree on nothing: there is no telling what is equivalent to them."""


class Bank(NamedTuple):
    """Questions, and what each right answer gives to them.

    Attributes:
        disputed: kinds of question on which right answers never agree. Of mutants nothing is
            known there.
    """

    questions: list[Question]
    expected: list[list[Any]]
    disputed: list[str]


def bank(
    subject: Subject,
    learners: list[Any],
    declared: Declaration,
    requests: list[Request],
    seconds: float = SECONDS,
) -> Bank:
    """Of these requests, and harder ones, those on which all right answers agree.

    None at all is an error.
    """
    rng = np.random.default_rng(0)
    recorded = _taking_turns(requests)
    questions, expected = [], []
    known: dict[str, int] = {}
    for request, harder in recorded:
        kind = _kind(request)
        known.setdefault(kind, 0)
        for question in _questions(request, harder, declared, rng):
            loose = bool(question.draws or question.tolerance)
            if loose and known[kind] >= (TRAINED if question.tolerance else LOOSE):
                continue
            seen = _agreed(subject, question, learners, seconds, bool(declared.open_ended))
            if seen is not None:
                known[kind] += 1
                questions.append(question)
                expected.append(seen)
                if not loose and question.request is request:
                    break
    if not questions:
        asked = [request for request, harder in recorded if not harder][:5]
        odd = _odd(subject, learners, asked)
        why = f"the odd one is {odd}" if odd else "if by chance or training, declare it"
        raise EmptyBank(f"its right answers agree on no question; {why}")
    return Bank(questions, expected, [kind for kind, count in known.items() if not count])


def _questions(
    request: Request, harder: bool, declared: Declaration, rng: np.random.Generator
) -> Iterator[Question]:
    """A request, with how answers may be compared: exactly first, then as is declared."""
    rtol = declared.accuracy or RTOL
    tolerance = declared.training.get(request.get("driver", ""))
    if tolerance:
        if not harder:
            yield Question(request, tolerance=tolerance)
    elif harder:
        yield Question(stretched(request, rng), rtol=rtol)
    else:
        yield Question(request, rtol=rtol)
        if declared.chance:
            yield Question(request, draws=declared.chance)


def _taking_turns(recorded: list[Request]) -> list[tuple[Request, bool]]:
    """(request, whether to stretch it): ``RECORDED`` requests, their kinds taking turns."""
    kinds: dict[str, list[Request]] = {}
    for request in recorded:
        kinds.setdefault(_kind(request), []).append(request)
    turns = [
        row[turn]
        for turn in range(max(map(len, kinds.values()), default=0))
        for row in kinds.values()
        if turn < len(row)
    ]
    return [
        (request, harder) for request in turns[:RECORDED] for harder in [False, *[True] * VARIANTS]
    ]


def _kind(request: Request) -> str:
    """Requests of one kind ask the same of arrays of the same rank."""

    def shape(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.ndim
        if isinstance(value, dict):
            return {name: item if name == "$ref" else shape(item) for name, item in value.items()}
        return (
            [shape(item) for item in value]
            if isinstance(value, list)
            else value
            if isinstance(value, str)
            else type(value).__name__
        )

    name = str(request.get("driver") or request.get("problem") or "call")
    text = repr([shape(request.get(part)) for part in ("kind", "params", "args", "kwargs")])
    return f"{request['kind']} {name} {hashlib.sha256(text.encode()).hexdigest()[:4]}"


def _agreed(
    subject: Subject,
    question: Question,
    learners: list[Any],
    seconds: float,
    alone: bool = False,
) -> list[Any] | None:
    """What each right answer gives, if they agree (each with itself, if alone); else nothing."""
    seen: list[Any] = []
    for learner in learners:
        try:
            seen.append(in_time(expectation, subject.reply, question, learner, seconds=seconds))
        except (Raised, Late):
            return None
        if not _agree(question, seen[-1] if alone else seen[0], seen[-1]):
            return None
    return seen


def _odd(subject: Subject, learners: list[Any], requests: list[Request]) -> str:
    """The one right answer that agrees with no other, where all others agree; else nothing."""
    suspects = [
        parent.name
        for place, parent in enumerate(subject.parents)
        if any(
            _agreed(subject, Question(asked), _without(learners, place), SECONDS)
            for asked in requests
        )
    ]
    return suspects[0] if len(suspects) == 1 and len(learners) > 2 else ""


def _without(learners: list[Any], place: int) -> list[Any]:
    return learners[:place] + learners[place + 1 :]


def _agree(question: Question, first: Any, other: Any) -> bool:
    if question.draws:
        return not compare_draws(other[0], first[0])
    if question.tolerance:
        return alike(other[0].value, first[0].value, question.tolerance)
    pairs = [(flat(first.value), flat(other.value)), (flat(first.gradient), flat(other.gradient))]
    return all(
        a.shape == b.shape
        and np.isfinite(a).all()
        and np.allclose(a, b, rtol=question.rtol, atol=ATOL)
        for a, b in pairs
    )


def stretched(request: Request, rng: np.random.Generator) -> Request:
    """A harder variant: every array stretched, shrunk or turned, numbers moved.

    Seeds and named noise stay.
    """

    def change(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return (
                value * rng.choice([0.2, 0.6, 1.5, 3.0]) * _sign(rng)
                if value.dtype.kind == "f"
                else value
            )
        if isinstance(value, dict):
            return (
                value
                if any(name.startswith("$") for name in value)
                else {name: change(item) for name, item in value.items()}
            )
        if isinstance(value, list):
            return [change(item) for item in value]
        if isinstance(value, int) and not isinstance(value, bool) and 1 < value < 10_000:
            return int(value + rng.integers(-1, 4))
        return value * float(rng.choice([0.5, 1.0, 2.0])) if isinstance(value, float) else value

    return {
        name: change(value) if name in ("params", "args", "kwargs") else value
        for name, value in request.items()
    }


def _sign(rng: np.random.Generator) -> float:
    return -1.0 if rng.random() < 0.3 else 1.0

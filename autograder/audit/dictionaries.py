"""Build the dictionaries of mutants: for each exercise a few requests, and what each change of a right answer gives back to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from autograder.audit.change_words import in_words
from autograder.audit.mutants.around import Kinds, spied
from autograder.audit.mutants.clock import Late, in_time
from autograder.audit.mutants.mutant import Mutant, loaded, mutants_of
from autograder.audit.mutants.subject import Subject, subject
from autograder.checks.dictionary import ask, file_of, fingerprint, pack
from autograder.checks.probe import InProcess
from autograder.checks.recognise import ENOUGH, numbers
from autograder.protocol import problems, wire

__all__ = ["Change", "build", "changes", "made_of", "requests_of", "stale"]

REQUESTS, SEEDS = 5, range(900, 904)
LARGEST = 6_000  # bytes of a request
SECONDS = 2.0  # for all requests to one mutant
UNIT_LIMIT = 200_000


class Change(Protocol):
    """What is needed of a mutant: the learner's object with the change, and what kind of change it is."""

    @property
    def operator(self) -> str: ...

    @property
    def what(self) -> str: ...

    def load(self) -> Any: ...


class Told(NamedTuple):
    """A change in words, and the learner's object with it."""

    says: str
    mutant: Change


def build(exercise: str, told: Iterable[Told] | None = None) -> dict[str, Any]:
    """The dictionary of an exercise: requests, fingerprints of behaviours, and the change that each belongs to.

    Left out is what could be read in two ways, and what differs from a right answer in too few numbers to be told. It is empty where
    right answers give different numbers, as after a training run: then nothing can be told by its numbers.
    """
    chosen = subject(exercise)
    parents = [loaded(parent.source, chosen.function) for parent in chosen.parents]
    requests = requests_of(chosen, parents)
    made = {"exercise": exercise, "made_of": made_of(chosen)}
    if not requests:
        return {**made, "requests": [], "changes": [], "entries": {}}
    right = ask(requests, InProcess(parents[0]))
    assert right is not None
    readings: dict[str, set[str]] = {}
    for says, mutant in changes(chosen) if told is None else told:
        seen = _behaviour(mutant, requests)
        if seen is not None and _told_apart(seen, right):
            readings.setdefault(fingerprint(seen), set()).add(says)
    entries = {key: next(iter(says)) for key, says in sorted(readings.items()) if len(says) == 1}
    words = sorted(set(entries.values()))
    return {
        **made,
        "right": fingerprint(right),
        "requests": pack(requests),
        "changes": words,
        "entries": {key: words.index(says) for key, says in entries.items()},
    }


def made_of(chosen: Subject) -> str:
    """A hash of the right answers: with others, a dictionary is stale."""
    sources = "\0".join(f"{parent.name}\n{parent.source}" for parent in chosen.parents)
    return hashlib.sha256(sources.encode()).hexdigest()[:12]


def stale(exercise: str) -> bool:
    """Whether an exercise has no dictionary, or one that was made of other right answers."""
    path = file_of(exercise)
    if not path.exists():
        return True
    return bool(json.loads(path.read_text("utf-8"))["made_of"] != made_of(subject(exercise)))


def changes(chosen: Subject) -> Iterator[Told]:
    """The mutants of all right answers that can be told in words."""
    for parent in chosen.parents:
        called: Kinds = {}
        chosen.recorded(spied(loaded(parent.source, chosen.function), called), SEEDS[:1])
        for mutant in mutants_of(parent.name, parent.source, chosen.function, called):
            says = _said(mutant, parent.source)
            if says:
                yield Told(says, mutant)


def _said(mutant: Mutant, parent: str) -> str | None:
    """A change of the source in words of mathematics; one around the answer by the argument's name. Changes of results are generic."""
    if mutant.wrap is None:
        return in_words(parent, mutant.source, mutant.function)
    if mutant.operator == "argument":
        return f"the argument {mutant.what.replace(':', ' is taken as:', 1)}"
    return None


def requests_of(chosen: Subject, parents: list[Any]) -> list[bytes]:
    """A few requests of the check, of as many kinds as there are, to which all right answers give one and the same answer."""
    kept: dict[str, list[bytes]] = {}
    for request in chosen.recorded(parents[0], SEEDS):
        sent = wire.encode({**request, "twice": False})
        if (
            len(sent) > LARGEST
            or _drawn(request) > LARGEST
            or request.get("driver") in problems.TRAINING
        ):
            continue
        shapes = [getattr(argument, "shape", argument) for argument in request.get("args", [])]
        kept.setdefault(
            repr((request["kind"], request.get("problem"), request.get("driver"), shapes)), []
        ).append(sent)
    turns = [row[turn] for turn in range(REQUESTS) for row in kept.values() if turn < len(row)]
    found: list[bytes] = []
    for sent in turns:
        if len(found) < REQUESTS and sent not in found and _agreed(sent, parents):
            found.append(sent)
    return found


def _drawn(value: Any) -> int:
    """How many numbers are drawn beside the learner's code."""
    if isinstance(value, dict):
        return (
            int(np.prod(value["$noise"])) if "$noise" in value else sum(map(_drawn, value.values()))
        )
    return sum(map(_drawn, value)) if isinstance(value, list) else 0


def _agreed(sent: bytes, parents: list[Any]) -> bool:
    """Whether all right answers agree, to more digits than a fingerprint has."""
    first, *others = (ask([sent], InProcess(parent)) for parent in parents)
    if not first or not all(leaf.size and np.isfinite(leaf).all() for leaf in first):
        return False
    return all(
        other is not None
        and len(other) == len(first)
        and all(
            a.shape == b.shape and np.allclose(a, b, rtol=1e-7, atol=1e-9)
            for a, b in zip(first, other, strict=True)
        )
        for other in others
    )


def _behaviour(mutant: Change, requests: list[bytes]) -> list[np.ndarray] | None:
    try:
        return in_time(lambda: ask(requests, InProcess(mutant.load())), seconds=SECONDS)
    except (Late, Exception):
        return None


def _told_apart(seen: list[np.ndarray], right: list[np.ndarray]) -> bool:
    """Whether a behaviour differs from the right one in enough distinct numbers, and is not one number everywhere."""
    if [leaf.shape for leaf in seen] != [leaf.shape for leaf in right]:
        told = [leaf.ravel() for leaf in seen]
        return bool(told) and np.unique(np.round(np.concatenate(told), 7)).size > ENOUGH
    if not seen:  # answers that are no arrays, such as lists of unlike lengths
        return False
    mine, theirs = (np.concatenate([leaf.ravel() for leaf in leaves]) for leaves in (seen, right))
    return len(numbers(mine, theirs)) >= ENOUGH and np.unique(np.round(mine, 7)).size >= ENOUGH

"""A mutant: one small change of a right answer, to its source or around it."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from autograder.audit.mutants.around import Kinds
from autograder.audit.mutants.tree import tree_changes
from autograder.audit.mutants.wrappers import wrappers

__all__ = ["Mutant", "loaded", "mutants_of", "sampled"]


@dataclass(frozen=True)
class Mutant:
    """One change of one right answer.

    Attributes:
        answer: the name of the right answer.
        operator: the kind of change.
        what: what was changed into what.
        source: the answer's source, after the change if it is one of the source.
        function: the name that the source defines.
        wrap: for a change around the answer: takes the learner's object, returns another.
    """

    answer: str
    operator: str
    what: str
    source: str
    function: str
    wrap: Callable[[Any], Any] | None = None

    @property
    def id(self) -> str:
        """The same for the same change, in every run."""
        text = "\0".join((self.operator, self.what if self.wrap else "", self.source))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def load(self) -> Any:
        """The learner's object, as it would be without this package."""
        learner = loaded(self.source, self.function)
        return self.wrap(learner) if self.wrap else learner


def loaded(source: str, function: str) -> Any:
    """Run a source as a learner's cell, and return the object that the exercise asks for."""
    name = f"<mutant {hashlib.sha256(source.encode()).hexdigest()[:16]}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, name, "exec"), namespace)
    return namespace[function]


def mutants_of(answer: str, source: str, function: str, kinds: Kinds) -> list[Mutant]:
    """All mutants of a right answer, which is called with arguments of these kinds."""
    around = wrappers(loaded(source, function), kinds)
    return [
        *(
            Mutant(answer, change.operator, change.what, change.source, function)
            for change in tree_changes(source)
        ),
        *(
            Mutant(answer, wrapper.operator, wrapper.what, source, function, wrapper.wrap)
            for wrapper in around
        ),
    ]


def sampled(pool: Iterable[Mutant], most: int) -> list[Mutant]:
    """At most so many mutants, the operators taking turns, each in an order that never changes.

    Half of all mutants swap two names, and most of those are nonsense: a plain sample would hold
    little else. A larger sample holds a smaller one, so that results for one serve the other.
    """
    strata: dict[str, list[Mutant]] = {}
    for mutant in sorted(pool, key=lambda mutant: mutant.id):
        strata.setdefault(mutant.operator, []).append(mutant)
    turns = sorted(
        (turn, operator, mutant.id, mutant)
        for operator, row in strata.items()
        for turn, mutant in enumerate(row)
    )
    return [mutant for *_, mutant in turns[:most]]

"""Sealed cases: three things whose source nobody reads, told apart by what they give.

The grader draws a case, runs what is sealed on its own side, and hands over numbers alone, in an order that it has shuffled. An
answer is a function that names each; it is judged by its verdicts on many fresh cases. The same cases can be looked at in a
notebook, and opened: ``sealed_case("05_sealed_case", seed=1)``.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from autograder.checks.compare import holds
from autograder.checks.exercise import Exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe

__all__ = [
    "CASES",
    "LEAST",
    "Draw",
    "Opened",
    "SealedCase",
    "misled",
    "name_all",
    "seal",
    "shuffled",
]

CASES, LEAST = 40, 38  # that are asked, and of which all names must be right
SURE = 4.0  # by so many squared standard errors an order must win, or a rule is a guess
CONFUSED = 0.2  # the share of cases from which on it is told that two are taken for each other


class Opened(NamedTuple):
    """A case as the grader knows it.

    Attributes:
        given: what the answer is handed, by name: numbers and arrays.
        truth: the names of what is sealed, in the order in which it stands.
    """

    given: dict[str, Any]
    truth: tuple[str, ...]


Draw = Callable[[np.random.Generator], Opened]


def seal(exercise: Exercise, draw: Draw) -> None:
    """Make an exercise one in which sealed things are told apart: its check asks so many cases, and a notebook can draw one."""
    exercise.sealed = draw

    @exercise.part(f"Names, in {CASES} cases that nobody has seen")
    def names(probe: Probe, rng: np.random.Generator) -> Finding:
        return name_all(probe, rng, draw)


def shuffled(
    rng: np.random.Generator, sealed: dict[str, np.ndarray]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """What is sealed, by name, stacked in an order that nobody knows; and the names in that order."""
    names = tuple(rng.permutation(sorted(sealed)).tolist())
    return np.stack([sealed[name] for name in names]), names


def misled(
    means: np.ndarray, believed: np.ndarray, errors: np.ndarray, surely: bool = False
) -> np.ndarray:
    """In which of P proposals a rule with other predictions names wrongly, or cannot tell: ``(P)``.

    A rule takes the order in which what came is nearest to what it predicts, in standard errors. Draw cases that mislead the rules
    which people are likely to have, and such a rule does not pass by luck.

    Args:
        means, believed: exact means of the three, and what the rule predicts, ``(P, 3, D)``; ``D`` is what the rule looks at.
        errors: standard errors of what each gives, ``(P, 3, D)``.
        surely: only where another order wins clearly, and not where the rule has to guess.

    >>> here = np.array([[[0.0], [1.0], [5.0]]])
    >>> misled(here, here, np.ones((1, 3, 1))), misled(here, here[:, [1, 0, 2]], np.ones((1, 3, 1)))
    (array([ True]), array([ True]))
    >>> misled(here, here, np.full((1, 3, 1), 0.1))
    array([False])
    """
    off = ((means[:, :, None] - believed[:, None]) / errors[:, :, None]) ** 2
    cost = off.sum(-1)  # of calling the first axis by the second
    count = range(means.shape[1])
    totals = {order: cost[:, count, order].sum(1) for order in itertools.permutations(count)}
    told = totals.pop(tuple(count))
    beaten: np.ndarray = np.min(list(totals.values()), 0) < told + (-SURE if surely else SURE)
    return beaten


def name_all(
    probe: Probe, rng: np.random.Generator, draw: Draw, cases: int = CASES, least: int = LEAST
) -> Finding:
    """Whether an answer names everything rightly in ``least`` of so many fresh cases.

    An answer that is right in a share s of the cases passes with the chance that a binomial count reaches ``least``. For 38 of 40
    that is .99999 at s = .999, .99 at .99, .22 at .9, .0005 at .75, and by guessing among six orders nobody gets there.
    """
    mixed: Counter[tuple[str, ...]] = Counter()
    verdicts: set[tuple[str, ...]] = set()
    right = 0
    for _ in range(cases):
        given, truth = draw(rng)
        said = _names(probe.value(**given), truth)
        if isinstance(said, Finding):
            return said
        verdicts.add(said)
        right += said == truth
        mixed.update(
            {tuple(sorted(pair)) for pair in zip(truth, said, strict=True) if len(set(pair)) > 1}
        )
    expected, actual = (
        f"all names right in {least} of {cases} cases or more",
        f"in {right} of {cases}",
    )
    if right >= least:
        return holds(True, expected, actual)
    if len(verdicts) == 1:
        hint = "Your verdicts are the same in every case, and the order is shuffled. Look at the numbers."
        return holds(False, expected, actual, "always_the_same", hint)
    (pair, count), *others = mixed.most_common()
    if count < CONFUSED * cases or any(2 * other > count for _, other in others):
        return holds(False, expected, actual, "property", "")
    hint = f"{' and '.join(map(repr, pair))} are taken for each other, in {count} of {cases} cases. Which of their numbers tell them apart?"
    return holds(False, expected, actual, "_for_".join(map(_key, pair)), hint)


def _key(name: str) -> str:
    return name.replace(" ", "_")


def _names(reply: Any, truth: Sequence[str]) -> tuple[str, ...] | Finding:
    """The verdicts of a reply, or what is wrong with its form."""
    names, several = sorted(truth), isinstance(reply, (list, tuple))
    if several and sorted(map(str, reply)) == names:
        return tuple(map(str, reply))
    actual = repr(reply)[:80] if several or isinstance(reply, str) else f"a {type(reply).__name__}"
    hint = "Return one name for each, in the order in which they stand, and each name once."
    return holds(
        False, f"the names {', '.join(map(repr, names))} in some order", actual, "form", hint
    )


class SealedCase:
    """One case, to be looked at in a notebook.

    Args:
        seed: decides everything in it, the order included.

    Attributes:
        given: what your function is handed: ``name_them(**case.given)``.
    """

    def __init__(self, draw: Draw, seed: int) -> None:
        given, self._truth = draw(np.random.default_rng(seed))
        self.seed = seed
        self.given = {
            name: torch.tensor(value) if isinstance(value, np.ndarray) else value
            for name, value in given.items()
        }

    def __repr__(self) -> str:
        shapes = ", ".join(
            f"{name} {tuple(value.shape)}" if isinstance(value, torch.Tensor) else f"{name} {value}"
            for name, value in self.given.items()
        )
        return f"SealedCase(seed={self.seed}: {shapes})"

    def open(self, verdicts: Sequence[str]) -> str:
        """What each is, beside what you say. Opened once, a case teaches nothing more: take another seed."""
        if len(verdicts) != len(self._truth):
            raise ValueError(
                f"verdicts are {len(verdicts)}; expected {len(self._truth)}, one name for each"
            )
        rows = [
            f"{letter}: {truth}" + ("" if said == truth else f"   (you said: {said})")
            for letter, truth, said in zip("ABCDEF", self._truth, verdicts, strict=False)
        ]
        return "\n".join(rows)

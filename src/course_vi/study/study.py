r"""The form of a report: what is claimed, forecast and scored passes through here, and can be run again."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor

from course_vi.diagnostics.claim import LEAST, LIMIT
from course_vi.study import door
from course_vi.study.events import (
    Agreement,
    Arm,
    Comparison,
    Event,
    Given,
    Measured,
    Rest,
    Run,
    Unsound,
)
from course_vi.study.table import Table
from course_vi.study.verdicts import (
    flat,
    judge_agreement,
    judge_comparison,
    judge_rest,
    numbers_of,
    run_arms,
)

__all__ = ["UNJUDGED", "Study"]

UNJUDGED = "not judged"  # how the line of a claim begins where ``COURSE_VI_SMOKE`` is set

Value = TypeVar("Value", int, float)


class Study:
    r"""One data set, split once: the training half in your hands, the other behind ``open``.

    Whatever a report says in numbers is said through a study: ``given`` (chosen), ``measured`` (a number of the training data),
    ``compare`` (one arm gives more than another, in paired runs over seeds), ``agree`` (two numbers are equal within a tolerance that a
    named wrong number would break), ``at_rest`` (twice the steps change nothing), ``forecast`` and ``open``. A paragraph that quotes a
    number names its statement in square brackets: "better by 0.21 ± 0.02 nats [gamma]".

    An **arm** is a function of data and seed that returns a number. It takes any whole number as seed, draws all its randomness from it,
    and reads the data that it is handed: the check calls it again, with other seeds and with outcomes shuffled.

    Args:
        data: all units; ``doctor_visits()``, or a table of your own.
        held_out: how many of them lie behind the door.
        split_seed: which.

    Attributes:
        train: the units in your hands.
        events: what was said so far, in order, as a tuple.

    Source: the preregistered or *registered report*: B. A. Nosek et al., "The preregistration revolution", PNAS 2018.

    >>> table = Table(torch.zeros(60, 1), torch.randn(60, generator=torch.Generator().manual_seed(0)) + 3)
    >>> study = Study(table, held_out=20)
    >>> study.train.size
    40
    >>> def error(guess):                                       # squared error of a constant on ten units drawn by the seed
    ...     def arm(data, seed):
    ...         drawn, _ = data.split(10, torch.Generator().manual_seed(seed))
    ...         return (drawn.y - guess).square().mean()
    ...     return arm
    >>> found = study.compare("zero", "zero is worse than three", {"zero": error(0.0), "three": error(3.0)}, seeds=range(6),
    ...                       anyway="the outcomes alone say so")
    holds: zero is worse than three  (n = 6, difference +9.686 ± 0.21, t = +45.3)  [zero]
    """

    live: ClassVar[list[Study]] = []  # every study of this process: the check reads them

    def __init__(self, data: Table, held_out: int, split_seed: int = 0) -> None:
        self.every = data
        kept = data.size - held_out
        self.train, self.__behind = data.split(kept, torch.Generator().manual_seed(split_seed))
        self.__said: list[Event] = []
        self.opened = 0
        Study.live.append(self)
        numbers = {"training units": float(kept), "held-out units": float(held_out)}
        numbers |= {"units": float(data.size), "inputs": float(data.x.shape[-1])}
        if data.y.ndim > 1:
            numbers["outcomes a unit"] = float(data.y.shape[-1])
        self.__said.append(Given(name="data", numbers=numbers))

    @property
    def events(self) -> tuple[Event, ...]:
        """What was said so far, in order: nothing that was said is taken back."""
        return tuple(self.__said)

    def given(self, name: str, value: Value) -> Value:
        """State a number that was chosen, not measured, and get it back: ``steps = study.given("steps", 400)``."""
        self.__said.append(Given(name=name, numbers={name: float(value)}))
        return value

    def measured(self, name: str, sentence: str, measure: Callable[[Table], Any]) -> Any:
        """Numbers that describe the training data, ``measure(train)``: one, or several by name. They are printed and returned."""
        value = measure(self.train)
        numbers = numbers_of(value)
        line = f"measured: {sentence}  ({', '.join(f'{k} {v:.6g}' for k, v in numbers.items())})  [{name}]"
        self._say(Measured(name=name, sentence=sentence, numbers=numbers, measure=measure), line)
        return value

    def compare(
        self,
        name: str,
        sentence: str,
        arms: Mapping[str, Arm],
        seeds: Sequence[int],
        anyway: str = "",
        limit: float = LIMIT,
    ) -> Comparison:
        """Claim that the first of two arms gives more than the second, by the paired differences over seeds.

        Args:
            name, sentence: what a paragraph calls it, and what it says.
            arms: two functions of data and seed, by their names; the larger first.
            seeds: at least five.
            anyway: where the claim should hold with outcomes shuffled as well: why.

        Raises:
            Unsound: it does not hold.
            ValueError: not two arms; fewer than five seeds, or the same twice.
        """
        _two(arms)
        event = Comparison(
            name=name, sentence=sentence, arms=dict(arms), seeds=list(seeds), anyway=anyway, limit=limit
        )  # fmt: skip
        self.__said.append(event)
        event.holds = False
        _enough(event.seeds)
        event.values = run_arms(event.arms, self.train, _few(event.seeds))
        judge_comparison(event)
        return self._told(event)

    def agree(
        self,
        name: str,
        sentence: str,
        arms: Mapping[str, Arm],
        wrong: Arm,
        within: float,
        seeds: Sequence[int],
    ) -> Agreement:
        """Claim that two arms are equal: the mean difference, and two standard errors more, lie within ``within``.

        A tolerance means something if something breaks it: ``wrong`` is an arm like the first with a mistake in it (a term left out, a
        family too small), and the same test must refuse it.

        Raises:
            Unsound: it does not hold, or holds of ``wrong`` as well.
            ValueError: as ``compare``; or ``within`` is not positive.
        """
        _two(arms)
        if not 0 < within < math.inf:
            raise ValueError(f"within is {within}; expected a positive number")
        event = Agreement(
            name=name, sentence=sentence, arms=dict(arms), wrong=wrong, within=within, seeds=list(seeds)
        )  # fmt: skip
        self.__said.append(event)
        event.holds = False
        _enough(event.seeds)
        event.values = run_arms({**event.arms, "wrong": wrong}, self.train, _few(event.seeds))
        judge_agreement(event)
        return self._told(event)

    def at_rest(
        self,
        name: str,
        sentence: str,
        run: Run,
        steps: int,
        within: float,
        seeds: Sequence[int],
        serves: Sequence[str] = (),
    ) -> Rest:
        """Claim that training has come to rest: twice the steps change the score by less than ``within``, and one step was not enough.

        Args:
            run: ``(data, seed, steps) -> score``, with the schedule stretched over the steps.
            serves: names of the comparisons of trained runs that rest on it; ``within`` must be small beside their differences.

        Raises:
            Unsound: it does not hold.
        """
        event = Rest(
            name=name, sentence=sentence, run=run, steps=steps, within=within, seeds=list(seeds), serves=tuple(serves)
        )  # fmt: skip
        self.__said.append(event)
        event.holds = False
        _enough(event.seeds)
        for label, many in (("once", steps), ("twice", 2 * steps)):
            event.values[label] = [flat(run(self.train, s, many)) for s in _few(event.seeds)]
        event.starts = [flat(run(self.train, s, 1)) for s in _few(event.seeds)]
        judge_rest(event)
        return self._told(event)

    def forecast(
        self, sentence: str, how: door.Forecaster, level: float = 0.95, seed: int = 0
    ) -> door.Forecast:
        """Say, before the door is opened, what the mean held-out score will be: ``how(train, seed) -> (mean, low, high)``.

        The check calls ``how`` again on other splits: an interval of level 0.95 should hold the score in nineteen of twenty.
        """
        numbers = door.forecast_numbers(how, self.train, level, seed)
        event = door.Forecast(
            name="forecast", sentence=sentence, numbers=numbers, how=how, level=level, seed=seed
        )
        line = f"forecast: {sentence}  ({numbers['mean']:.4f}, {level:.0%} from {numbers['low']:.4f} to {numbers['high']:.4f})  [forecast]"
        self._say(event, line)
        return event

    def open(self, train: door.Trainer, seed: int = 0) -> Tensor:
        """Open the door, once: train on all of ``train`` and score each held-out unit, ``train(data, seed)(held_out) -> (n,)``.

        Returns:
            The scores, ``(n,)``.
        """
        self.opened += 1
        rows = door.score_rows(train, self.train, self.__behind, seed)
        spread = rows.std().item()
        numbers = {"mean": rows.mean().item(), "standard error": spread / math.sqrt(len(rows))}
        numbers |= {"standard deviation": spread, "n": float(len(rows))}
        line = f"held out: {numbers['mean']:.4f} ± {numbers['standard error']:.4f} over {len(rows)} units  [score]"
        self._say(door.Score(name="score", numbers=numbers, train=train, seed=seed, rows=rows), line)  # fmt: skip
        return rows

    def _say(self, event: Event, line: str) -> None:
        event.printed = line
        self.__said.append(event)
        print(line)

    def _told(self, event: Any) -> Any:
        """Print a claim, and raise where it does not hold; after a few steps only (smoke) nothing is judged."""
        if _smoke():
            event.holds, event.printed = (
                True,
                f"{UNJUDGED}, after a few steps only: {event.sentence}",
            )
            print(event.printed)
            return event
        event.printed += f"  [{event.name}]"
        print(event.printed)
        if not event.holds:
            raise Unsound(event.printed)
        return event


def _smoke() -> bool:
    return os.environ.get("COURSE_VI_SMOKE", "") not in ("", "0")


def _few(seeds: Sequence[int]) -> Sequence[int]:
    return seeds[:2] if _smoke() else seeds


def _two(arms: Mapping[str, Arm]) -> None:
    if len(arms) != 2 or not all(callable(arm) for arm in arms.values()):
        raise ValueError(f"arms are {list(arms)}; expected two functions of data and seed, by name")


def _enough(seeds: Sequence[int]) -> None:
    if len(set(seeds)) < LEAST or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds are {list(seeds)}; expected at least {LEAST}, no two the same")

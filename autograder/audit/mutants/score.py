"""The mutation score: of the mutants that live, how many does a check refuse on every seed?"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from autograder.audit.mutants.around import Kinds, spied
from autograder.audit.mutants.bank import Bank, EmptyBank, bank
from autograder.audit.mutants.cache import CACHE, Cache, Result
from autograder.audit.mutants.clock import SECONDS, Late, in_time
from autograder.audit.mutants.declared import Argument, Declaration, declaration
from autograder.audit.mutants.equivalence import difference
from autograder.audit.mutants.forked import forked
from autograder.audit.mutants.mutant import Mutant, loaded, mutants_of, sampled
from autograder.audit.mutants.standing import WARMED, standing
from autograder.audit.mutants.subject import Subject, declaration_path, fingerprint, subject

__all__ = ["Score", "score"]

RECORDED, TRAINED = range(900, 904), range(900, 901)  # seeds of the check whose questions are kept
SLOW_SHARE = 5  # where answers train, only so small a share of the mutants is tried
STALE_SEEDS = 20  # an argued survivor that was refused on so many seeds needs no argument


@dataclass(frozen=True)
class Score:
    """What became of an exercise's mutants.

    Attributes:
        made: all mutants there are; ``results`` holds those that were tried.
        questions: how many the bank held.
        disputed: kinds of question on which right answers never agree.
        standing: what became of the standing wrong answers.
        stale: arguments for survivors that are none.
        problem: why nothing could be measured.
    """

    exercise: str
    declared: Declaration
    made: int
    questions: int
    disputed: list[str]
    results: list[Result]
    argued: dict[str, str]
    standing: list[Result]
    stale: list[Argument]
    seconds: float = 0.0
    problem: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.counts.update(result.outcome for result in self.results)

    @property
    def live(self) -> list[Result]:
        """Mutants that are not equivalent, do not raise, and are not argued for."""
        return [r for r in self.results if r.outcome == "live" and r.id not in self.argued]

    @property
    def survivors(self) -> list[Result]:
        return [result for result in self.live if not result.killed]

    @property
    def flips(self) -> list[Result]:
        return [result for result in self.results if result.flips]

    @property
    def accepted(self) -> list[Result]:
        """Standing wrong answers that got full marks."""
        return [
            result
            for result in self.standing
            if result.outcome == "live" and result.passed and result.id not in self.argued
        ]

    @property
    def share(self) -> float:
        return 1 - len(self.survivors) / len(self.live) if self.live else 0.0

    @property
    def complaints(self) -> list[str]:
        """Why this is not good enough; nothing if it is."""
        found = [self.problem] if self.problem else []
        if not self.live and not self.problem:
            found.append("no mutant lives: there is nothing to measure")
        elif self.live and self.share < self.declared.target:
            found.append(f"{self.share:.1%} killed; expected {self.declared.target:.0%} or more")
        if self.flips:
            found.append(f"{len(self.flips)} mutants with two names")
        found += [
            f"the standing wrong answer {result.what!r} has full marks" for result in self.accepted
        ]
        found += [
            f"stale: no survivor is {argument.operator}: {argument.what}" for argument in self.stale
        ]
        return found


def score(exercise: str, seeds: int, most: int, jobs: int = 1, folder: Any = CACHE) -> Score:
    """Try at most so many mutants of an exercise's right answers on so many seeds."""
    start = time.perf_counter()
    chosen = subject(exercise)
    declared = declaration(declaration_path(chosen.unit), exercise)
    learners = [loaded(parent.source, chosen.function) for parent in chosen.parents]
    kinds: Kinds = {}
    asked = chosen.recorded(spied(learners[0], kinds), TRAINED if declared.training else RECORDED)
    seconds = max(SECONDS, 8 * (time.perf_counter() - start))
    pool = [
        mutant
        for name, source in chosen.parents
        for mutant in mutants_of(name, source, chosen.function, kinds)
    ]
    fixed = standing(*chosen.parents[0], chosen.function, trains=bool(declared.training))
    argued = {mutant.id: why for mutant in (*pool, *fixed) if (why := declared.why(mutant))}
    try:
        held = bank(chosen, learners, declared, asked, seconds)
    except EmptyBank as error:
        return Score(exercise, declared, len(pool), 0, [], [], argued, [], [], problem=str(error))
    tried = sampled([mutant for mutant in pool if mutant.id in argued], len(pool))
    share = SLOW_SHARE if declared.training else 1
    tried += [mutant for mutant in sampled(pool, most // share) if mutant.id not in argued]
    cache = Cache(exercise, fingerprint(chosen), folder)
    missing = [mutant for mutant in (*tried, *fixed) if cache.get(mutant.id, seeds) is None]
    places = {parent.name: place for place, parent in enumerate(chosen.parents)}
    bench = Bench(chosen, held, places, seeds, seconds, bool(declared.open_ended))
    for mutant, result in forked(missing, bench.judge, jobs, bench.seconds * (seeds / 4 + 3)):
        cache.put(result or _result(mutant, "endless"))
    results, wrong = (
        [found for mutant in row if (found := cache.get(mutant.id, seeds))]
        for row in (tried, fixed)
    )
    return Score(
        exercise,
        declared,
        len(pool),
        len(held.questions),
        held.disputed,
        results,
        argued,
        wrong,
        _stale(declared, [*pool, *fixed], [*results, *wrong]),
        time.perf_counter() - start,
    )


@dataclass(frozen=True)
class Bench:
    """All that is needed to judge a mutant; forked workers find it in their memory."""

    subject: Subject
    bank: Bank
    places: dict[str, int]
    seeds: int
    seconds: float
    open: bool = False

    def judge(self, mutant: Mutant) -> Result:
        """Is it alive, and what does the check say of it?"""
        try:
            learner = mutant.load()
            differs = in_time(self._differs, mutant, learner, seconds=self.seconds)
        except Late:
            return _result(mutant, "endless")
        except (Exception, SystemExit):
            return _result(mutant, "raises")
        if not differs:
            return _result(mutant, "equivalent")
        passed, names = 0, []
        try:
            learner = mutant.load()
            if mutant.what in WARMED:
                in_time(self.subject.grade, learner, self.seeds, seconds=self.seconds)
            for seed in range(self.seeds):
                verdict = in_time(self.subject.grade, learner, seed, seconds=self.seconds)
                passed += verdict.passed
                names.append(tuple(sorted(verdict.names)))
        except Late:
            pass
        always = self.open and passed == self.seeds and mutant.operator != "standing"
        outcome = "allowed" if always else "live"
        return _result(mutant, outcome, differs, self.seeds, passed, tuple(names))

    def _differs(self, mutant: Mutant, learner: Any) -> str:
        place = self.places[mutant.answer]
        for question, expected in zip(self.bank.questions, self.bank.expected, strict=True):
            if found := difference(self.subject.reply, question, learner, expected[place]):
                return found
        return ""


def _result(mutant: Mutant, outcome: str, *rest: Any) -> Result:
    return Result(mutant.id, mutant.answer, mutant.operator, mutant.what, outcome, *rest)


def _stale(declared: Declaration, pool: list[Mutant], results: list[Result]) -> list[Argument]:
    """Arguments that fit no mutant, or only mutants that do not survive."""
    by_id = {result.id: result for result in results}

    def needed(argument: Argument) -> bool:
        found = [
            by_id[mutant.id] for mutant in pool if argument.fits(mutant) and mutant.id in by_id
        ]
        return any(
            result.outcome == "live" and (result.passed or result.seeds < STALE_SEEDS)
            for result in found
        )

    return [argument for argument in declared.survivors if not needed(argument)]

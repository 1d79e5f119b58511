"""The mutation scores as a page: the table, what survives, and what is argued for."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.audit.mutants.cache import Result
from autograder.audit.mutants.score import Score

__all__ = ["HEAD", "line", "page"]

HEAD = (
    f"{'exercise':30s} {'made':>5s} {'tried':>5s} {'asked':>5s} {'equal':>5s} {'raise':>5s} "
    f"{'live':>5s} {'argued':>6s} "
    f"{'killed':>6s} {'score':>6s} {'named':>6s} {'flips':>5s} {'s':>5s}"
)


COLUMNS = [
    "exercise",
    "judged",
    "made",
    "tried",
    "questions",
    "equivalent",
    "raises",
    "live",
    "argued",
    "killed",
    "score",
    "named",
    "flips",
]


def line(score: Score) -> str:
    """One exercise, as the command prints it."""
    equal = score.counts["equivalent"] + score.counts["allowed"]
    raised = score.counts["raises"] + score.counts["endless"]
    argued = sum(result.outcome == "live" and result.id in score.argued for result in score.results)
    return (
        f"{score.exercise:30s} {score.made:5d} {len(score.results):5d} {score.questions:5d} "
        f"{equal:5d} {raised:5d} {len(score.live):5d} {argued:6d} "
        f"{len(score.live) - len(score.survivors):6d} {score.share:6.1%} "
        f"{_named(score):6.1%} {len(score.flips):5d} {score.seconds:5.0f}"
    )


def page(scores: Iterable[Score], seeds: int, most: int) -> str:
    """The page ``docs/mutation.md``."""
    found = list(scores)
    live, survivors = (
        sum(len(part) for part in parts)
        for parts in ([score.live for score in found], [score.survivors for score in found])
    )
    out = [
        f"""# The mutation score of every check

Each right answer of the corpus is changed in one place: a term or factor dropped, two names
swapped, an axis lost, a sum taken for a mean, an argument ignored, a result clamped, and so on. A
mutant that gives what its parent gives on every question of a bank is *equivalent*, another right
answer. One that raises is caught by anything, and counted apart. The rest is *live*: the check
should refuse it on every seed. At most {most} mutants of each exercise were tried, on {seeds}
seeds: {len(found)} exercises, {live:,} live mutants,
**{1 - survivors / max(live, 1):.1%} killed**. A mutant that *flips* was given two names by one part.
Made by `python -m autograder mutants --table`.

| {" | ".join(COLUMNS)} |
|{"---|" * len(COLUMNS)}"""
    ]
    out += [_row(score) for score in found]
    out += ["", "## Survivors", ""]
    for score in found:
        out += _section(score.exercise, [_survivor(result) for result in score.survivors])
    out += ["## Argued", "", "These live, and the corpus says why they may.", ""]
    for score in found:
        out += _section(
            score.exercise,
            [
                f"{_brief(result)}: {score.argued[result.id]}"
                for result in score.results
                if result.outcome == "live" and result.id in score.argued
            ],
        )
    return "\n".join(out).rstrip() + "\n"


def _row(score: Score) -> str:
    cells = line(score).split()
    exercise, made, tried, asked, equal, raised, live, argued, killed, share, named, flips, _ = (
        cells
    )
    judged = _judged(score)
    return (
        "| "
        + " | ".join(
            [
                exercise,
                judged,
                made,
                tried,
                asked,
                equal,
                raised,
                live,
                argued,
                killed,
                share,
                named,
                flips,
            ]
        )
        + " |"
    )


def _judged(score: Score) -> str:
    if score.declared.open_ended:
        return "by a property"
    if score.declared.exact:
        return "exactly"
    return "after training" if score.declared.training else "by distribution"


def _named(score: Score) -> float:
    return sum(bool(result.names) and all(result.names) for result in score.live) / max(
        len(score.live), 1
    )


def _section(exercise: str, entries: list[str]) -> list[str]:
    return [f"**{exercise}**", "", *(f"- {entry}" for entry in entries), ""] if entries else []


def _survivor(result: Result) -> str:
    return (
        f"{_brief(result)} ({result.passed} of {result.seeds} seeds; differs in {result.differs})"
    )


def _brief(result: Result) -> str:
    return f"`{result.answer}`, {result.operator}: `{result.what.replace('`', '')}`"

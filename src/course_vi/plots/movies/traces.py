"""A trace that is replayed: what one program chose, another is asked about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from course_vi.plots.beside import Beside
from course_vi.plots.moving import Movie
from course_vi.plots.style import BLACK, BLUE, GREY, ORANGE, QUIET

__all__ = ["Step", "trace_replayed"]

SPAN, POINTS, HIGH = (-30.0, 45.0), 61, 0.72
SHADE = QUIET


class Step(NamedTuple):
    """One site of a run: its value, and the normals, ``(mean, standard deviation)``, under which guide and model drew or score it.

    ``q`` is None where the site is observed.
    """

    name: str
    value: float
    q: tuple[float, float] | None
    p: tuple[float, float]


def trace_replayed(runs: Sequence[Sequence[Step]]) -> Beside:
    """Unit 14: the guide draws site after site; then the model is run on the same values, and log p less log q adds up.

    Args:
        runs: one list of steps for each draw, latents first, then what is observed; the same sites in each.

    Raises:
        ValueError: no run, or runs of different sites.

    >>> run = [Step("mu", 1.0, (0.0, 2.0), (0.0, 5.0)), Step("y", 2.0, None, (1.0, 1.0))]
    >>> both = trace_replayed([run, run])
    >>> "replayed" in both.svg(), both.svg().count("<animate ") > 2
    (True, True)
    """
    if not runs or len({tuple(step.name for step in run) for run in runs}) != 1:
        raise ValueError(
            f"there are {len(runs)} runs, of {len({tuple(s.name for s in run) for run in runs})} kinds; expected one or more, of the "
            "same sites"
        )
    count, latents = len(runs[0]), sum(step.q is not None for step in runs[0])
    left = Movie(
        SPAN,
        (-0.6, count + 0.4),
        "The guide runs: it draws",
        "value (points)",
        "site (the run goes down)",
    )
    right = Movie(
        SPAN, (-0.6, count + 0.4), "The model is replayed: it is asked", "value (points)", "site"
    )
    for movie in (left, right):
        movie.width, movie.height, movie.seconds, movie.still = 430, 380, 16.0, latents + count - 1
    # One frame for every site that the guide draws, then one for every site that the model is asked about.
    frames = [(run, stage) for run in runs for stage in range(1, latents + count + 1)]
    for row in range(count):
        base = float(count - 1 - row)
        if row < latents:
            left.curve([_bump(run[row].q, base) for run, _ in frames], BLUE, width=1.6)
            left.dots([[_drawn(run[row].value, base, row < stage)] for run, stage in frames], BLACK)
        shown = [stage - latents > row for _, stage in frames]
        right.curve(
            [_bump(run[row].p if on else None, base) for (run, _), on in zip(frames, shown, strict=True)],
            ORANGE if row < latents else GREY,
            width=1.6,
        )  # fmt: skip
        right.dots(
            [[_drawn(run[row].value, base, on)] for (run, _), on in zip(frames, shown, strict=True)],
            BLACK if row < latents else SHADE,
            radius=3.5 if row < latents else 5.0,
        )  # fmt: skip
        for movie in (left, right):
            if movie is right or row < latents:
                movie.label((SPAN[0] + 1, base + 0.42), runs[0][row].name, QUIET)
    left.labels([_told(run, min(stage, latents), 0, latents) for run, stage in frames], BLUE)
    right.labels([_told(run, latents, stage - latents, latents) for run, stage in frames], BLACK)
    return Beside(left, right)


def _bump(law: tuple[float, float] | None, base: float) -> list[tuple[float, float]]:
    """A normal density of fixed height on its row; a flat line where there is none yet."""
    width = (SPAN[1] - SPAN[0]) / (POINTS - 1)
    places = [SPAN[0] + width * k for k in range(POINTS)]
    if law is None:
        return [(x, base) for x in places]
    mean, sd = law
    return [(x, base + HIGH * math.exp(-0.5 * ((x - mean) / sd) ** 2)) for x in places]


def _drawn(value: float, base: float, shown: bool) -> tuple[float, float]:
    """A dot on its row, or outside the picture."""
    return (min(max(value, SPAN[0]), SPAN[1]), base if shown else -2.0)


def _log_density(value: float, law: tuple[float, float]) -> float:
    mean, sd = law
    return -0.5 * ((value - mean) / sd) ** 2 - math.log(sd) - 0.5 * math.log(2 * math.pi)


def _told(run: Sequence[Step], guided: int, asked: int, latents: int) -> tuple[float, float, str]:
    """The running sum: minus log q for what the guide drew, plus log p for what the model was asked."""
    place = (SPAN[0] + 1, -0.45)
    said = sum(_log_density(step.value, step.q) for step in run[:guided] if step.q is not None)
    if not asked and guided < latents:
        return (*place, f"log q so far: {said:.1f}")
    if asked <= 0:
        return (*place, f"log q: {said:.1f}")
    scored = sum(_log_density(step.value, step.p) for step in run[:asked])
    if asked < len(run):
        return (*place, f"log p so far: {scored:.1f}")
    return (*place, f"log p - log q = {scored - said:.1f}: a sample of the ELBO")

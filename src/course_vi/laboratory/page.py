"""The laboratory as one page that needs no kernel: a grid of answers computed beforehand, behind real controls.

``scripts/laboratory_page.py`` writes ``docs/laboratory.html``. Every number on the page is one of ``measure``, rounded to four digits.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from course_vi.laboratory.measure import FINDINGS, GradientReport, Measurement, measure
from course_vi.laboratory.settings import ESTIMATORS, Settings
from course_vi.laboratory.snapshots import NAMES
from course_vi.plots.laboratory import COLOURS

__all__ = [
    "AXES",
    "REPLICATES",
    "answer",
    "grid",
    "grid_of",
    "key",
    "page",
    "places",
    "settings_at",
]

TEMPLATE = Path(__file__).with_name("page.html")
MARK = ('<script type="application/json" id="grid">', "</script>")
REPLICATES = 500
BINS = 24
CODE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"  # heights from 0 to 63
# What can be chosen on the page: label of the control, and {words: what Settings is told}.
AXES: dict[str, dict[str, dict[str, Any]]] = {
    "model": {
        "linear Gaussian, D = 1": {"model": "linear Gaussian", "dim": 1},
        "linear Gaussian, D = 10": {"model": "linear Gaussian", "dim": 10},
        "two Bernoullis, D = 1": {"model": "two Bernoullis", "dim": 1},
    },
    "mean of q: off by": {f"{shift:g} posterior sd": {"shift": shift} for shift in (0.0, 0.5, 2.0)},
    "sd of q": {f"{scale:g} times the posterior's": {"scale": scale} for scale in (0.5, 1.0, 2.0)},
    "bound": {
        "ELBO": {"bound": "ELBO"},
        "IWAE": {"bound": "IWAE"},
        "Rényi, α = 0.5": {"bound": "Rényi", "alpha": 0.5},
    },
    "samples K": {str(k): {"num_samples": k} for k in (1, 4, 32)},
    "estimator": {name: {"estimator": name} for name in ESTIMATORS},
}
START = (0, 1, 2, 1, 1, 2)


def places() -> Iterator[tuple[int, ...]]:
    """Every combination of choices, as the positions of each on its axis."""
    return itertools.product(*(range(len(axis)) for axis in AXES.values()))


def key(place: tuple[int, ...]) -> str:
    """What a combination is called in the grid.

    >>> key((0, 1, 1, 1, 1, 2))
    '011112'
    """
    return "".join(map(str, place))


def settings_at(place: tuple[int, ...]) -> Settings:
    """The experiment at a place of the grid.

    Raises:
        ValueError: the combination means nothing; the message is what the page says.
    """
    told: dict[str, Any] = {"replicates": REPLICATES}
    for axis, chosen in zip(AXES.values(), place, strict=True):
        told |= list(axis.values())[chosen]
    return Settings(**told)


def answer(place: tuple[int, ...]) -> str | dict[str, Any]:
    """What the page knows of a combination: its numbers, rounded to four digits, or why there are none."""
    try:
        return _numbers(measure(settings_at(place)))
    except ValueError as error:
        return str(error)


def grid() -> dict[str, Any]:
    """All that the page needs: some minutes of processor time."""
    return {
        "axes": {name: list(axis) for name, axis in AXES.items()},
        "start": list(START),
        "replicates": REPLICATES,
        "findings": FINDINGS,
        "names": NAMES,
        "colours": COLOURS,
        "answers": {key(place): answer(place) for place in places()},
    }


def page(data: dict[str, Any]) -> str:
    """The page as HTML, one file without anything from elsewhere."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return TEMPLATE.read_text("utf-8").replace("".join(MARK), text.join(MARK))


def grid_of(html: str) -> dict[str, Any]:
    """The grid inside a page that was written before."""
    start = html.index(MARK[0]) + len(MARK[0])
    data: dict[str, Any] = json.loads(html[start : html.index(MARK[1], start)])
    return data


def _numbers(one: Measurement) -> dict[str, Any]:
    return {
        "evidence": _rounded(one.exact.log_evidence),
        "bound": [_rounded(v) for v in (one.exact.bound, one.bound, one.bound_se)],
        "cost": [one.evaluations, one.model_gradients],
        "seconds": float(f"{one.seconds:.1e}"),
        "gradients": {name: _row(report) for name, report in one.gradients.items()},
    }


def _row(report: GradientReport) -> list[Any]:
    """Exact; bias, variance and SNR, each with its error; exact bias and variance or null; span and heights of a histogram; finding."""
    known = report.exact_bias, report.exact_variance
    low, high, heights = _histogram(report)
    ratio = (None, None) if report.silent else (report.snr, report.snr_se)
    numbers = (
        report.exact, report.bias, report.bias_se, report.variance, report.variance_se, *ratio, *known, low, high,
    )  # fmt: skip
    return [*map(_rounded, numbers), heights, FINDINGS.index(report.finding)]


def _histogram(report: GradientReport) -> tuple[float, float, str]:
    """The inner 98% of the gradients, with zero and the exact one: where it begins and ends, and a letter for each height."""
    tails = torch.quantile(report.samples, torch.tensor([0.01, 0.99], dtype=report.samples.dtype))
    low, high = (f(0.0, report.exact, edge) for f, edge in zip((min, max), tails.tolist(), strict=True))  # fmt: skip
    room = 0.04 * (high - low) or 0.5
    counts = torch.histc(report.samples, BINS, low - room, high + room)
    heights = (counts / counts.max() * (len(CODE) - 1)).round().int().tolist()
    return low - room, high + room, "".join(CODE[height] for height in heights)


def _rounded(value: float | None) -> float | None:
    """Four digits; what is zero up to rounding is zero."""
    if value is None or not math.isfinite(value):
        return None
    return 0.0 if abs(value) < 1e-12 else float(f"{value:.4g}")

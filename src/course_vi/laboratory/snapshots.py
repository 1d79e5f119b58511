"""A sheet of answers for readers without a kernel: every estimator at several K, beside the exact gradient."""

from __future__ import annotations

import os
from collections.abc import Sequence

from course_vi.laboratory.measure import FINDINGS, Measurement, measure
from course_vi.laboratory.settings import ESTIMATORS, Settings
from course_vi.plots.laboratory import Panel, sheet
from course_vi.plots.style import show

__all__ = ["LABELS", "NAMES", "panel", "snapshots", "taken"]

NAMES = {
    "loc": "mean of q",
    "log_scale": "log scale of q",
    "p.loc": "prior mean of the model",
    "p.slopes": "first slope of the model",
}
LABELS = {"loc": "$m$", "log_scale": r"$\log s$", "p.loc": r"$\theta$", "p.slopes": "$b_1$"}
SAMPLES = (2, 8, 64)


def panel(measurement: Measurement, name: str, title: str) -> Panel:
    """The gradients of one parameter as a figure draws them."""
    report = measurement.gradients[name]
    return Panel(title, LABELS[name], report.samples, report.exact, report.mean, report.bias_se)


def taken(
    num_samples: Sequence[int] = SAMPLES, replicates: int = 2000
) -> dict[str, list[Measurement]]:
    """What the sheet shows: IWAE on the toy, q half a standard deviation off and a fifth too wide, ``{estimator: one for each K}``."""
    if os.environ.get("COURSE_VI_SMOKE", "") not in ("", "0"):
        replicates = min(replicates, 200)
    return {
        estimator: [
            measure(Settings(scale=1.2, num_samples=k, estimator=estimator, replicates=replicates))
            for k in num_samples
        ]
        for estimator in ESTIMATORS
    }


def snapshots() -> None:
    """Show the sheet, with what is in it in words. With ``COURSE_VI_SMOKE`` it is drawn from fewer estimates."""
    answers = taken()
    rows = {
        name: [panel(one, "loc", _short(one)) for one in measured]
        for name, measured in answers.items()
    }
    title = (
        "IWAE: as K grows, the total derivative drowns in its noise, the naive landing keeps a bias,\n"
        "and the doubly reparametrized gradient does neither (dashed: exact; each panel has its own scale)"
    )
    show(sheet(title, [f"K = {k}" for k in SAMPLES], rows), alt=_words(answers))


def _short(one: Measurement) -> str:
    report = one.gradients["loc"]
    bias = f"bias {report.bias:+.2g}" if report.finding == FINDINGS[0] else "no bias seen"
    return f"{bias}, SNR {report.snr:.2g}"


def _words(answers: dict[str, list[Measurement]]) -> str:
    told = [
        f"{name}: "
        + "; ".join(f"K = {one.settings.num_samples}, {_short(one)}" for one in measured)
        for name, measured in answers.items()
    ]
    exact = ", ".join(f"{one.gradients['loc'].exact:.3g}" for one in answers["reparametrized"])
    return (
        f"Histograms of the gradient of the mean of q for the IWAE bound of the toy, five estimators by {len(SAMPLES)} sizes K. "
        f"A dashed line marks the exact gradient ({exact}). " + ". ".join(told) + "."
    )

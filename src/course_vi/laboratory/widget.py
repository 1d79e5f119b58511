"""The laboratory with sliders: choose, predict, measure."""

from __future__ import annotations

import base64
import html
import os
from typing import Any

from course_vi.laboratory.measure import FINDINGS, Measurement, measure
from course_vi.laboratory.settings import (
    BOUNDS,
    ESTIMATORS,
    MODELS,
    Settings,
    affordable_replicates,
)
from course_vi.laboratory.snapshots import NAMES, panel, snapshots
from course_vi.plots.laboratory import COLOURS, histograms
from course_vi.plots.style import png
from course_vi.progress.store import work_folder

__all__ = ["Laboratory", "laboratory"]

CELL = 'style="text-align:right;padding:0.1em 0.6em;line-height:1.4;white-space:nowrap"'
QUIET = "color:var(--jp-ui-font-color1, #333)"
WAITING = "Choose what you expect, then press <b>Measure</b>."
DIMS, SAMPLES = (1, 2, 5, 10, 20, 64), (1, 2, 4, 8, 16, 32, 64, 128)


def laboratory() -> None:
    """Show the laboratory: with sliders where a kernel answers, and as a sheet of snapshots where none will.

    With ``COURSE_VI_SMOKE``, and outside of a notebook, there is the sheet alone; in a learner's folder the sliders alone; elsewhere, as
    when a lecture is built, both, and readers without a kernel have the sheet.
    """
    answers = os.environ.get("COURSE_VI_SMOKE", "") in ("", "0") and _has_kernel()
    if not answers or work_folder() is None:
        snapshots()
    if answers:
        from IPython.display import display

        display(Laboratory().box)


class Laboratory:
    """The widget. ``box`` is what is displayed; the controls are attributes.

    Nothing is computed until *Measure* is pressed, and an answer takes well under a second (``benchmarks/laboratory.py``): the number of
    replicates falls as D and K grow.

    >>> lab = Laboratory()
    >>> lab.expectation.value = "biased"
    >>> lab.measure.click()
    >>> "You said: biased. It is: <b>no bias seen, noise above signal</b>." in lab.answer.value
    True
    >>> lab.estimator.value, lab.num_samples.value = "score function with baseline", 1
    >>> "num_samples is 1" in lab.answer.value
    True
    """

    def __init__(self) -> None:
        import ipywidgets as widgets

        wide = {"style": {"description_width": "12em"}, "layout": widgets.Layout(width="31em")}
        select, slider = widgets.Dropdown, widgets.FloatSlider
        still: dict[str, Any] = {"continuous_update": False, **wide}
        self.model = select(options=MODELS, description="model", **wide)
        self.dim = select(options=DIMS, description="dimension D", **wide)
        self.shift = slider(
            0.5, min=-3, max=3, step=0.1, description="mean of q: off by (sd)", **still
        )
        self.scale = slider(1.0, min=0.2, max=3, step=0.1, description="sd of q (times)", **still)
        self.bound = select(options=BOUNDS, value="IWAE", description="bound", **wide)
        self.alpha = slider(0.5, min=-1, max=3, step=0.1, description="α of Rényi", **still)
        self.num_samples = select(options=SAMPLES, value=8, description="samples K", **wide)
        self.estimator = select(options=ESTIMATORS, value="reparametrized", description="estimator", **wide)  # fmt: skip
        self.expectation = select(
            options=[("(choose)", ""), *((words, words) for words in FINDINGS)],
            description="What do you expect?", tooltip="of the gradient of the mean of q", **wide,
        )  # fmt: skip
        self.measure = widgets.Button(description="Measure", button_style="primary", disabled=True)
        self.answer = widgets.HTML(f'<p role="status">{WAITING}</p>')
        self._seed = 0
        choices = [self.model, self.dim, self.shift, self.scale, self.bound, self.alpha, self.num_samples, self.estimator]  # fmt: skip
        for control in choices:
            control.observe(self._changed, "value")
        self.expectation.observe(self._may_measure, "value")
        self.measure.on_click(self._measure)
        self._changed({})
        columns = [widgets.VBox(choices[:4]), widgets.VBox(choices[4:])]
        row = widgets.Layout(flex_flow="row wrap", align_items="center")
        ask = widgets.Box([self.expectation, self.measure], layout=row)
        self.box = widgets.VBox([widgets.Box(columns, layout=row), ask, self.answer])

    def settings(self) -> Settings:
        """What the controls say.

        Raises:
            ValueError: a combination that means nothing.
        """
        dim, count = self.dim.value, self.num_samples.value
        return Settings(
            self.model.value, dim, round(self.shift.value, 3), round(self.scale.value, 3), self.bound.value,
            round(self.alpha.value, 3), count, self.estimator.value, affordable_replicates(dim, count), self._seed,
        )  # fmt: skip

    def _changed(self, change: dict[str, Any]) -> None:
        """Another experiment: the last answer goes, and a new prediction is asked for."""
        gaussian = self.model.value == MODELS[0]
        self.dim.disabled, self.alpha.disabled = not gaussian, self.bound.value != BOUNDS[2]
        if not gaussian:
            self.dim.value = 1
        self.expectation.value = ""
        self.answer.value = f'<p role="status">{self._refusal() or WAITING}</p>'
        self._may_measure({})

    def _may_measure(self, change: dict[str, Any]) -> None:
        self.measure.disabled = not self.expectation.value or bool(self._refusal())

    def _refusal(self) -> str:
        try:
            self.settings()
        except ValueError as error:
            return f"<b>This combination means nothing.</b> {html.escape(str(error))}."
        return ""

    def _measure(self, button: object) -> None:
        if not self.expectation.value or self._refusal():
            return
        self.answer.value = told(measure(self.settings()), self.expectation.value)
        self._seed += 1  # pressed again, it draws again


def told(one: Measurement, expected: str) -> str:
    """An answer as HTML: the prediction beside what came, the numbers, the histograms."""
    found = one.gradients["loc"].finding
    verdict = "✓ As you said" if expected == found else f"You said: {html.escape(expected)}. It is"
    panels = [panel(one, name, _title(one, name)) for name in one.gradients]
    picture = base64.b64encode(png(histograms(panels, COLOURS[one.settings.estimator]))).decode()
    return (
        f'<div role="status"><p>{verdict}: <b>{found}</b>.</p>{_table(one)}<img style="max-width:100%" '
        f'src="data:image/png;base64,{picture}" alt="{html.escape(_words(one), quote=True)}"></div>'
    )


def _title(one: Measurement, name: str) -> str:
    report = one.gradients[name]
    ratio = "no noise" if report.silent else f"SNR {report.snr:.2g}"
    bias = f"bias {report.bias:+.2g}" if report.finding == FINDINGS[0] else "no bias seen"
    return f"{NAMES[name]}:\n{bias}, {ratio}"


def _words(one: Measurement) -> str:
    return "Histograms of the gradient. " + " ".join(
        f"{NAMES[name].capitalize()}: mean {report.mean:.4g}, exact {report.exact:.4g}."
        for name, report in one.gradients.items()
    )


def _table(one: Measurement) -> str:
    heads = ("gradient of", "exact", "bias ± se", "variance ± se", "SNR ± se", "variance × cost", "variance × seconds")  # fmt: skip
    rows = "".join(
        f"<tr>{''.join(f'<td {CELL}>{text}</td>' for text in _row(one, name))}</tr>"
        for name in one.gradients
    )
    return (
        f"<table><thead><tr>{''.join(f'<th {CELL}>{head}</th>' for head in heads)}</tr></thead><tbody>{rows}</tbody></table>"
        f'<p style="{QUIET}">Expected bound {one.exact.bound:.4g} (measured {one.bound:.4g} ± {one.bound_se:.2g}); log p(x) = '
        f"{one.exact.log_evidence:.4g}. One estimate costs {one.evaluations} values and {one.model_gradients} gradients of log p, "
        f"and {1e6 * one.seconds:.3g} µs; {one.settings.replicates:,} were drawn. In brackets: exact, where the noise can be "
        "integrated.</p>"
    )


def _row(one: Measurement, name: str) -> tuple[str, ...]:
    report = one.gradients[name]
    bias = "" if report.exact_bias is None else f" [{_number(report.exact_bias)}]"
    variance = "" if report.exact_variance is None else f" [{_number(report.exact_variance)}]"
    return (
        NAMES[name],
        _number(report.exact),
        f"{_number(report.bias)} ± {_number(report.bias_se)}{bias}",
        f"{_number(report.variance)} ± {_number(report.variance_se)}{variance}",
        "none" if report.silent else f"{_number(report.snr)} ± {_number(report.snr_se)}",
        _number(one.variance_times_cost(name)),
        _number(one.variance_times_seconds(name)),
    )


def _number(value: float) -> str:
    """Three digits; what is zero up to rounding is 0."""
    return "0" if abs(value) < 1e-12 else f"{value:.3g}"


def _has_kernel() -> bool:
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None

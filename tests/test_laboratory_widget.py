"""The laboratory without a browser: the sheet says what is so, the figures are labelled, and the widget asks before it tells."""

from __future__ import annotations

import pytest

from course_vi.laboratory import laboratory, measure, snapshots
from course_vi.laboratory.measure import FINDINGS
from course_vi.laboratory.snapshots import panel, taken
from course_vi.laboratory.widget import Laboratory
from course_vi.plots import png
from course_vi.plots.laboratory import COLOURS, histograms, sheet


def test_the_title_of_the_sheet_is_what_it_shows() -> None:
    found = {name: [one.gradients["loc"] for one in row] for name, row in taken().items()}
    total, landed = found["reparametrized"], found["doubly reparametrized"]
    assert total[0].snr - total[-1].snr > 4.5 * (total[0].snr_se + total[-1].snr_se)
    assert landed[-1].snr - landed[0].snr > 4.5 * (landed[0].snr_se + landed[-1].snr_se)
    assert all(report.finding == FINDINGS[0] for report in found["naive landing"])
    others = [report for name, row in found.items() if name != "naive landing" for report in row]
    assert all(report.finding != FINDINGS[0] for report in others)


def test_figures_are_titled_and_labelled() -> None:
    rows = {name: [panel(row[0], "loc", "a finding")] for name, row in taken((2,), 100).items()}
    figure = sheet("the finding", ["K = 2"], rows)
    assert figure.get_suptitle() == "the finding" and figure.axes[0].get_title() == "K = 2"
    assert all(axes.get_ylabel() for axes in figure.axes) and figure.axes[-1].get_xlabel()
    missing = sheet("the finding", ["K = 1"], {"score function with baseline": [None]})
    assert [text.get_text() for text in missing.axes[0].texts] == ["not defined"]
    one = histograms([rows["naive landing"][0]], COLOURS["naive landing"])
    assert all(a.get_title() and a.get_xlabel() and a.get_ylabel() for a in one.axes)
    assert png(one).startswith(b"\x89PNG")


def test_the_widget_asks_before_it_tells() -> None:
    lab = Laboratory()
    assert lab.measure.disabled and "Choose what you expect" in lab.answer.value
    lab.measure.click()
    assert "Choose what you expect" in lab.answer.value
    lab.expectation.value = FINDINGS[1]
    assert not lab.measure.disabled
    lab.measure.click()
    report = measure(Laboratory().settings()).gradients["loc"]
    assert f"{report.exact:.3g}" in lab.answer.value and "✓ As you said" in lab.answer.value
    first = lab.answer.value
    lab.measure.click()
    assert lab.answer.value != first, "pressed again, it draws again"
    lab.num_samples.value = 4
    assert lab.expectation.value == "" and lab.measure.disabled and "<table" not in lab.answer.value


def test_the_widget_refuses_what_means_nothing_and_goes_on() -> None:
    lab = Laboratory()
    lab.dim.value = 10
    lab.model.value = "two Bernoullis"
    assert lab.dim.value == 1 and lab.dim.disabled and lab.alpha.disabled
    lab.estimator.value, lab.bound.value = "score function with baseline", "Rényi"
    lab.expectation.value = FINDINGS[0]
    assert lab.measure.disabled and not lab.alpha.disabled
    assert "expected ELBO or IWAE" in lab.answer.value and 'role="status"' in lab.answer.value
    lab.bound.value = "ELBO"
    lab.expectation.value = FINDINGS[0]
    lab.measure.click()
    assert "first slope of the model" in lab.answer.value and "You said: biased" in lab.answer.value


@pytest.mark.parametrize("call", [laboratory, snapshots])
def test_smoke_shows_the_sheet_in_words(call, monkeypatch, capsys) -> None:
    monkeypatch.setenv("COURSE_VI_SMOKE", "1")
    monkeypatch.setenv("COURSE_VI_FIGURES", "0")
    call()
    assert "not drawn here: Histograms of the gradient" in capsys.readouterr().out

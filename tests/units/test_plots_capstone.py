"""The figures of the capstone's specimen."""

from __future__ import annotations

from course_vi.plots import capstone, png


def test_visits_and_scores_are_drawn_with_title_and_axis() -> None:
    falling = [0.5**k for k in range(1, 8)]
    first = capstone.visits(falling, {"one": falling, "two": falling[::-1]})
    said = (-6.1, -6.3, -5.9)
    second = capstone.scores({"one": (-6.5, 0.1), "two": (-6.2, 0.1)}, said, (-6.0, 0.1))
    for figure in (first, second):
        (axis,) = figure.axes
        assert axis.get_title() and axis.get_xlabel() and png(figure).startswith(b"\x89PNG")
    assert [text.get_text() for text in second.axes[0].get_yticklabels()][-2:] == [
        "forecast (95%)",
        "held out (± standard error)",
    ]
    assert any(list(line.get_xdata()) == [-6.3, -5.9] for line in second.axes[0].lines)

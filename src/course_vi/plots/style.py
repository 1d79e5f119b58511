"""The look that all figures share, and the one way to show them: with words for those who cannot see them."""

from __future__ import annotations

import html
import io
import os
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = [
    "BASELINE",
    "BLACK",
    "BLUE",
    "BROWN",
    "EXACT",
    "GREEN",
    "GREY",
    "LANDING",
    "MEANINGS",
    "ORANGE",
    "PALE_BLUE",
    "PALE_GREEN",
    "PALE_GREY",
    "PALE_ORANGE",
    "PATH",
    "PINK",
    "PLUM",
    "POSTERIOR",
    "QUIET",
    "RED",
    "SCORE",
    "SKY",
    "STYLE",
    "TOTAL",
    "WHITE",
    "YELLOW",
    "new_figure",
    "png",
    "show",
    "style",
    "told_in_words",
    "when_written",
]

# Okabe and Ito's palette: told apart by readers with any common form of colour blindness.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, RED, PINK, GREY = "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#7F7F7F"
WHITE, PALE_BLUE, PALE_ORANGE = "#ffffff", "#D6E6F2", "#FBEBD0"  # areas behind dark words
PALE_GREEN, PALE_GREY = "#CCE6DC", "#D0D0D0"
# Words in passing; words about what is orange or pink, which as letters would be too pale.
QUIET, BROWN, PLUM = "#555555", "#8A5F00", "#8C5573"

# What a colour means, in every unit. Where a figure needs more colours than these, it says what they are.
EXACT, POSTERIOR = BLACK, GREY  # a line or a number; an area
TOTAL, SCORE = RED, RED  # estimators: the plain ones,
PATH, LANDING = BLUE, BLUE  # what the path and its frozen density give,
BASELINE = GREEN  # and a plain one with a baseline
MEANINGS = {
    "EXACT": "an exact answer, as a line or a number",
    "POSTERIOR": "an exact posterior, as an area",
    "TOTAL": "the total derivative",
    "SCORE": "the score function without a baseline",
    "BASELINE": "the score function with a baseline",
    "PATH": "the path derivative",
    "LANDING": "the path derivative with its density frozen",
}

STYLE: Any = {
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=[BLUE, RED, GREEN, ORANGE, PINK, SKY, BLACK]),
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@contextmanager
def style() -> Iterator[None]:
    """The course's style for the figures made inside; nothing outside is changed."""
    with matplotlib.rc_context(STYLE):
        yield


def new_figure(
    columns: int = 1, rows: int = 1, width: float = 4.2, height: float = 3.1, **kwargs: Any
) -> tuple[Figure, list[Axes]]:
    """A figure with ``rows * columns`` axes in the course's style, and the axes in reading order.

    It belongs to nobody's global state: no pyplot, nothing to close.

    >>> figure, axes = new_figure(columns=2)
    >>> len(axes)
    2
    """
    with style():
        figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False, **kwargs)
        return figure, list(axes.ravel())


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    with style():
        figure.savefig(
            buffer,
            format="png",
            dpi=STYLE["figure.dpi"],
            metadata={"Software": None},
            pil_kwargs={"optimize": True},
        )
    return buffer.getvalue()


@contextmanager
def when_written() -> Iterator[None]:
    """For cells that use what the learner has yet to write: an empty stub is a reminder, not a traceback.

    >>> with when_written():
    ...     raise NotImplementedError("your turn")
    This cell uses what you write above. Come back and run it when those checks pass.
    """
    try:
        yield
    except NotImplementedError:
        print("This cell uses what you write above. Come back and run it when those checks pass.")


def told_in_words(kind: str, alt: str) -> bool:
    """Print what a picture shows where none is drawn, as while a class is graded (``COURSE_VI_FIGURES=0``); whether that is so.

    Raises:
        ValueError: there are no words.
    """
    if not alt.strip():
        raise ValueError("alt is empty; expected a sentence that says what the figure shows")
    if os.environ.get("COURSE_VI_FIGURES") != "0":
        return False
    print(textwrap.fill(f"(A {kind}, not drawn here: {alt})", 100))
    return True


def show(figure: Figure, alt: str) -> None:
    """Display a figure in a notebook, and below it, folded away, the same in words.

    The words stand in the page itself, for everyone: JupyterLab and nbconvert pass on no text alternative of an image.
    With ``COURSE_VI_FIGURES=0``, as while a class is graded, there are the words alone: drawing takes longer than many an answer.

    Args:
        alt: what the figure shows, in a sentence or two; never empty.
    """
    if told_in_words("figure", alt):
        return
    from IPython.display import HTML, Image, display

    display(Image(data=png(figure), format="png", alt=alt))
    display(
        HTML(
            f'<details style="color:var(--jp-ui-font-color2, {QUIET})"><summary>This figure in words</summary>{html.escape(alt)}</details>'
        )
    )

"""One look, on a page: the palette by meaning, type, plates and sizes, from the code that defines them; measured on the stored figures."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from statistics import median

from autograder.site.contact_sheet import Picture
from course_vi.plots import specimens
from course_vi.plots.style import MEANINGS, STYLE, png

__all__ = ["draw_specimens", "style_page"]

LOOK = import_module("course_vi.plots.style")
USED = {
    specimens.LINES: "lines, marks, areas",
    specimens.WORDS: "words",
    specimens.AREAS: "areas behind words",
}


def draw_specimens(folder: Path) -> None:
    """The pictures of the page, ``style_NAME.png``."""
    for name in specimens.ALTS:
        (folder / f"style_{name}.png").write_bytes(png(getattr(specimens, name)()))


def style_page(pictures: Sequence[Picture]) -> str:
    """The text of the page ``style``.

    Args:
        pictures: what the sizes are measured on.
    """
    named = {
        name: [meant for meant in MEANINGS if getattr(LOOK, meant) == colour]
        for name, colour in specimens.palette().items()
    }
    rows = [
        f"| `{name}` | `{colour}` | {next(use for names, use in USED.items() if name in names)} | "
        f"{', '.join(f'`{meant}`' for meant in named[name])} | {specimens.contrast(colour):.1f} |"
        for name, colour in specimens.palette().items()
    ]
    meanings = "\n".join(f"- `{name}`: {meaning}" for name, meaning in MEANINGS.items())
    return f"""# One look

Every figure of the course is drawn with `course_vi.plots.style`; this page is made from it.
[The contact sheet](figures.md) shows all figures.

## Colours, by meaning

{_image("swatches")}

The palette is Okabe and Ito's, which readers with any common form of colour blindness can tell apart. A colour with a meaning keeps it in
every unit, and a test finds colours that a figure mixes by itself. Where a figure needs more, it says what they are.

{meanings}

| Name | Value | For | Means | Contrast on white |
|---|---|---|---|---|
{chr(10).join(rows)}

Letters want a contrast of 4.5, lines and marks 3. So words about what is orange are `BROWN`, words about what is pink `PLUM`, and words in
passing `QUIET`; `SKY`, `YELLOW` and `ORANGE` are for areas, or for lines beside which their name stands. `RED` and `GREEN` fall
short of 4.5 as small letters: they name a curve of their own colour, beside it, and nothing is said by them alone.

## Curves and type

{_image("curves")}

{_type_table()}

Titles say the finding, axes the quantity and its unit. Two or three curves carry their names at their ends, in their colours; a
legend never covers data. Bars begin at zero, gaps stand on logarithmic axes, every mean has its error. Letters are typeset
($m$, $\\log s$), as in the text.

## Graphs and plates

{_image("graph")}

A circle is random, a shaded one observed, a bare letter fixed; a box is a plate, with its count in a lower corner. `plots.primitives` draws
them all, `plots.bayes_net` from a model's own graph.

## Sizes

{_sizes(pictures)}

## Words

`show(figure, alt)` refuses a figure without words: what it shows, in a sentence or two. They are the image's text alternative, and
stand below it, folded. While a class is graded they stand alone, since nobody looks.
"""


def _image(name: str) -> str:
    return f"```{{image}} style_{name}.png\n:alt: {specimens.ALTS[name]}\n```"


def _type_table() -> str:
    told = {
        "font.size": "text in a figure, points",
        "axes.titlesize": "titles, points",
        "lines.linewidth": "lines, points",
        "grid.alpha": "opacity of the grid",
        "figure.dpi": "dots per inch, as stored",
    }
    rows = "\n".join(f"| {words} | {STYLE[key]:g} |" for key, words in told.items())
    return f"| | |\n|---|---|\n{rows}"


def _sizes(pictures: Sequence[Picture]) -> str:
    """In pixels, as stored in the lectures."""
    drawn = [picture.size for picture in pictures if picture.size]
    widths, heights = (sorted(size[axis] for size in drawn) for axis in (0, 1))
    return (
        "`new_figure(columns, rows)` makes panels of 4.2 by 3.1 inches unless it is told otherwise. "
        f"The {len(drawn)} figures of the lectures, as stored: {widths[0]} to {widths[-1]} pixels wide (median {median(widths):.0f}), "
        f"{heights[0]} to {heights[-1]} high (median {median(heights):.0f}). On a telephone they shrink to its width."
    )

"""Small square pictures side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.style import ORANGE, new_figure, style

__all__ = ["labelled_pictures", "picture_grid", "picture_rows", "tile"]


def tile(pictures: Tensor, columns: int, gap: int = 1) -> Tensor:
    """Square pictures ``(N, side * side)`` side by side, ``columns`` in a row, with a grey frame between them."""
    side = round(pictures.shape[-1] ** 0.5)
    rows = -(-len(pictures) // columns)
    page = torch.full((rows * (side + gap) + gap, columns * (side + gap) + gap), 0.5)
    for i, picture in enumerate(pictures.detach().cpu().float()):
        top, left = gap + (i // columns) * (side + gap), gap + (i % columns) * (side + gap)
        page[top : top + side, left : left + side] = picture.reshape(side, side)
    return page


def picture_grid(axis: Axes, pictures: Tensor, columns: int, title: str) -> None:
    """Pictures on an axis, black on white."""
    axis.imshow(1 - tile(pictures, columns), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axis.set_title(title)
    axis.set_xticks([]), axis.set_yticks([])
    axis.grid(False)


def picture_rows(rows: Sequence[tuple[str, Tensor]], columns: int = 12) -> Figure:
    """Rows of pictures under their titles, ``{title: (N, side * side)}`` in order."""
    figure, axes = new_figure(
        rows=len(rows), width=7.0, height=0.6 + 0.6 * -(-len(rows[0][1]) // columns)
    )
    with style():
        for axis, (title, values) in zip(axes, rows, strict=True):
            picture_grid(axis, values, columns, title)
    return figure


def labelled_pictures(
    rows: Mapping[str, Tensor], title: str, width: float = 0.85, line: float | None = None
) -> Figure:
    """Rows of 8 x 8 pictures, values in [0, 1], each row with its label: ``{label: (n, 64)}``.

    Args:
        width: of one picture, in inches.
        line: a row of pixels below which a line is drawn.
    """
    count = len(next(iter(rows.values())))
    figure, axes = new_figure(columns=count, rows=len(rows), width=width, height=0.85)
    with style():
        for row, (label, images) in enumerate(rows.items()):
            for column, image in enumerate(images):
                ax = axes[row * count + column]
                ax.imshow(1 - image.view(8, 8).numpy(), cmap="gray", vmin=0, vmax=1)
                if line is not None:
                    ax.axhline(line, color=ORANGE, linewidth=0.8)
                ax.set(xticks=[], yticks=[])
                ax.grid(False)
            axes[row * count].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
        figure.suptitle(title, fontsize=11)
    return figure

"""Moving pictures side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from course_vi.plots.moving import Movie

__all__ = ["Beside", "Several"]


@dataclass
class Beside:
    """Two moving pictures side by side, in step with each other.

    Raises:
        ValueError: rounds of different length.

    >>> both = Beside(Movie((0, 1), (0, 1), width=300), Movie((0, 1), (0, 1), width=320))
    >>> 'viewBox="0 0 620 340"' in both.svg()
    True
    """

    left: Movie
    right: Movie

    def __post_init__(self) -> None:
        if self.left.seconds != self.right.seconds:
            raise ValueError(
                f"rounds take {self.left.seconds:g} s and {self.right.seconds:g} s; expected one time for both"
            )

    def svg(self, moving: bool = True) -> str:
        """Both pictures as one SVG: moving, or their still frames."""
        width = self.left.width + self.right.width
        height = max(self.left.height, self.right.height)
        body = ""
        for name, at, part in (("left", 0, self.left), ("right", self.left.width, self.right)):
            told = part.svg(moving).replace("<svg ", f'<svg x="{at}" ', 1)
            body += told.replace('id="inside"', f'id="{name}"').replace("#inside", f"#{name}")
        return _page(width, height, body)


@dataclass
class Several:
    """Moving pictures of one size in rows, in step with each other.

    Raises:
        ValueError: none; rounds of different length, or sizes that differ.

    >>> four = Several([Movie((0, 1), (0, 1), width=300, height=200) for _ in range(4)], columns=2)
    >>> 'viewBox="0 0 600 400"' in four.svg()
    True
    """

    movies: Sequence[Movie]
    columns: int

    def __post_init__(self) -> None:
        kinds = {(movie.seconds, movie.width, movie.height) for movie in self.movies}
        if len(kinds) != 1:
            raise ValueError(
                f"movies have {len(kinds)} kinds of (seconds, width, height); expected one for all of them"
            )

    def svg(self, moving: bool = True) -> str:
        """All of them as one SVG: moving, or their still frames."""
        width, height = self.movies[0].width, self.movies[0].height
        body = ""
        for index, part in enumerate(self.movies):
            row, column = divmod(index, self.columns)
            at = f'<svg x="{column * width}" y="{row * height}" '
            told = part.svg(moving).replace("<svg ", at, 1)
            body += told.replace('id="inside"', f'id="part{index}"').replace("#inside", f"#part{index}")  # fmt: skip
        rows = -(-len(self.movies) // self.columns)
        return _page(self.columns * width, rows * height, body)


def _page(width: int, height: int, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">{body}</svg>'
    )

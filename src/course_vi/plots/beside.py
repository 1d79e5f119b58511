"""Two moving pictures side by side."""

from __future__ import annotations

from dataclasses import dataclass

from course_vi.plots.moving import Movie

__all__ = ["Beside"]


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
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}">{body}</svg>'
        )

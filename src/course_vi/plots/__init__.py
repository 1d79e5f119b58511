"""Every figure of the lectures, one file for each (``lecture_NN``), and the style they share.

A figure function takes numbers and returns a ``matplotlib.figure.Figure``; ``show(figure, alt=...)`` displays it with its text
alternative, ``show_moving(movie, alt=...)`` one that moves. Computation stays in the lecture, where it is read.
"""

from course_vi.plots.beside import Beside
from course_vi.plots.moving import Movie, show_moving
from course_vi.plots.style import new_figure, png, show, style, when_written

__all__ = ["Beside", "Movie", "new_figure", "png", "show", "show_moving", "style", "when_written"]

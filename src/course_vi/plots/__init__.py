"""Every figure of the lectures, one file for each (``lecture_NN``), and the style they share.

A figure function takes numbers and returns a ``matplotlib.figure.Figure``; ``show(figure, alt=...)`` displays it with its text
alternative. Computation stays in the lecture, where it is read.
"""

from course_vi.plots.style import new_figure, png, show, style, when_written

__all__ = ["new_figure", "png", "show", "style", "when_written"]

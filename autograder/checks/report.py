"""What a learner sees: a short report that teaches."""

from __future__ import annotations

from autograder.checks.check_result import CheckResult, PartResult
from autograder.checks.report_html import as_html
from autograder.checks.report_text import as_text

__all__ = ["PartResult", "Report"]


class Report(CheckResult):
    """The outcome of a check, as it is shown.

    ``repr`` is the points alone, a number: that is what nbgrader reads. A notebook shows the HTML
    view, ``print`` the text.
    """

    def __repr__(self) -> str:
        return repr(self.points)

    def __str__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

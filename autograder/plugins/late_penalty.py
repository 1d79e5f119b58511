"""Late penalties, through nbgrader's plugin point: so much of the score for each day begun, after some grace.

Set them in ``nbgrader_config.py``::

    c.LatePenalty.percent_per_day = 10
    c.LatePenalty.grace_minutes = 15
    c.LatePenalty.most_percent = 50

and the due date with ``nbgrader db assignment add 03_elbo --duedate="2026-05-01 12:00 UTC"``. When a student handed in is read from
``timestamp.txt`` beside the notebook, which ``python -m autograder collect`` writes. Without a due date, or a timestamp, nothing is late.
"""

from __future__ import annotations

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

__all__ = ["LatePenalty"]

DAY = 86_400


class LatePenalty(LateSubmissionPlugin):
    """A share of the score for each day begun.

    >>> plugin = LatePenalty(percent_per_day=10.0, grace_minutes=15.0, most_percent=50.0)
    >>> [plugin.late_submission_penalty("ann", 8.0, 60 * minutes) for minutes in (15, 16, 60 * 24 + 16, 60 * 24 * 30)]
    [0.0, 0.8, 1.6, 4.0]
    """

    percent_per_day = Float(0.0, help="percent of the score lost for each day begun").tag(
        config=True
    )
    grace_minutes = Float(15.0, help="minutes after the due date that cost nothing").tag(
        config=True
    )
    most_percent = Float(100.0, help="the most percent of the score that is lost").tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float:
        days = max(0, math.ceil((total_seconds_late - 60 * self.grace_minutes) / DAY))
        return round(score * min(self.percent_per_day * days, self.most_percent) / 100, 2)

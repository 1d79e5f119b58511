"""A learner's own record: predictions, points, what is next and what to look at again, kept in ``work/`` and nowhere else.

It is local, private, never graded, and a folder of small files that may be deleted: ``work/progress``. What is kept is kept only where
a notebook runs from a learner's folder, the one that ``make lab`` fills; anywhere else the same calls print plain text.
"""

from course_vi.progress.predictions import predict, reveal, tally
from course_vi.progress.reviewing import review
from course_vi.progress.standing import progress
from course_vi.progress.start_page import keep_report
from course_vi.progress.store import forget, keep, kept, work_folder

__all__ = [
    "forget",
    "keep",
    "keep_report",
    "kept",
    "predict",
    "progress",
    "reveal",
    "review",
    "tally",
    "work_folder",
]

"""Late penalties worked out again, after a mark by hand or a new due date."""

from __future__ import annotations

from autograder.grading.class_folder import Classroom
from autograder.plugins.late_penalty import LatePenalty

__all__ = ["settle"]


def settle(group: Classroom, unit: str) -> int:
    """Work out all penalties of a unit again, from its due date and its scores as they are now; returns how many changed.

    nbgrader works one out when it autogrades. A mark given by hand afterwards, or a due date set afterwards, comes in here.
    """
    from nbgrader.api import MissingEntry

    if (
        group.config.AssignLatePenalties.get("plugin_class")
        != f"{LatePenalty.__module__}.LatePenalty"
    ):
        return 0  # somebody else's rule
    plugin, changed = LatePenalty(config=group.config), 0
    with group.gradebook() as gradebook:
        try:
            submissions = gradebook.find_assignment(unit).submissions
        except MissingEntry:
            return 0
        for submission in submissions:
            for notebook in submission.notebooks:
                late = submission.total_seconds_late
                penalty = (
                    plugin.late_submission_penalty(
                        submission.student_id, float(notebook.score), late
                    )
                    if late > 0
                    else 0.0
                )
                if (notebook.late_submission_penalty or 0.0) != penalty:
                    notebook.late_submission_penalty = penalty or None
                    changed += 1
        gradebook.db.commit()
    return changed

"""What a family and a model promise, and whether they keep it: checks that are cheap and exact, so that ``fit`` can ask them."""

from course_vi.contracts.after_a_fit import warn_of_lost_digits
from course_vi.contracts.before_a_fit import refuse_broken, refuse_strangers, refuse_unowned
from course_vi.contracts.check_frozen import check_frozen
from course_vi.contracts.check_model import check_model
from course_vi.contracts.check_round_trip import check_round_trip
from course_vi.contracts.report import Finding, Report

__all__ = [
    "Finding",
    "Report",
    "check_frozen",
    "check_model",
    "check_round_trip",
    "refuse_broken",
    "refuse_strangers",
    "refuse_unowned",
    "warn_of_lost_digits",
]

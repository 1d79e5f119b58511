"""A study: claims that can be run again, a forecast, and held-out data behind one door."""

from course_vi.study.door import Forecast, Score
from course_vi.study.events import Agreement, Comparison, Event, Given, Measured, Rest, Unsound
from course_vi.study.study import Study
from course_vi.study.table import Table, doctor_visits

__all__ = [
    "Agreement",
    "Comparison",
    "Event",
    "Forecast",
    "Given",
    "Measured",
    "Rest",
    "Score",
    "Study",
    "Table",
    "Unsound",
    "doctor_visits",
]

"""The gradient laboratory: choose a model, a distance, a bound and an estimator; see its gradients beside the exact one.

``measure(Settings(...))`` is the experiment, ``laboratory()`` the same with sliders, ``snapshots()`` a sheet of some of its answers for
readers without a kernel. ``docs/laboratory.html`` needs none either; ``scripts/laboratory_page.py`` writes it.
"""

from course_vi.laboratory.measure import GradientReport, Measurement, measure
from course_vi.laboratory.settings import Settings
from course_vi.laboratory.snapshots import snapshots
from course_vi.laboratory.widget import laboratory

__all__ = ["GradientReport", "Measurement", "Settings", "laboratory", "measure", "snapshots"]

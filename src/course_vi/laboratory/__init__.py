"""The gradient laboratory: choose a model, a distance, a bound and an estimator; see its gradients beside the exact one.

``measure(Settings(...))`` is the experiment, ``laboratory()`` the same with sliders, ``snapshots()`` a sheet of some of its answers for
readers without a kernel. ``python -m course_vi.laboratory`` writes the page that needs none, ``docs/laboratory.html``.
"""

from course_vi.laboratory.measure import GradientReport, Measurement, measure
from course_vi.laboratory.settings import Settings

__all__ = ["GradientReport", "Measurement", "Settings", "measure"]

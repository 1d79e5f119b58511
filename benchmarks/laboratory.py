"""Does the laboratory answer in under a second? Processor time of ``measure`` over its settings, with the widget's replicates.

``python benchmarks/laboratory.py``
"""

from __future__ import annotations

import itertools
import platform
import statistics
import time

import torch
from side_by_side import options

from course_vi.laboratory import Settings, measure
from course_vi.laboratory.settings import BOUNDS, ESTIMATORS, affordable_replicates
from course_vi.laboratory.widget import told

SIZES = [(1, 1), (1, 8), (1, 128), (10, 8), (64, 1), (64, 128)]  # D, K


def cases(quick: bool) -> dict[str, list[Settings]]:
    """The settings, grouped by model and size."""
    found: dict[str, list[Settings]] = {}
    for model, (dim, count) in itertools.product(("linear Gaussian", "two Bernoullis"), SIZES[:2] if quick else SIZES):  # fmt: skip
        for bound, estimator, scale in itertools.product(BOUNDS, ESTIMATORS, (0.2, 1.0, 3.0)):
            try:
                one = Settings(model, dim, 1.0, scale, bound, 0.5, count, estimator, affordable_replicates(dim, count))  # fmt: skip
            except ValueError:  # a combination that means nothing
                continue
            found.setdefault(f"{model}, D = {dim}, K = {count}", []).append(one)
    return found


def main() -> None:
    arguments = options(__doc__)
    rounds = min(arguments.rounds, 3)
    print(
        f"torch {torch.__version__}, Python {platform.python_version()}, one thread, {rounds} rounds"
    )
    print(f"{'':36s} {'settings':>8s} {'median s':>9s} {'longest s':>10s} {'drawing s':>10s}")
    for name, group in cases(arguments.quick).items():
        measure(group[0])
        seconds = []
        for settings in group:
            taken = []
            for _ in range(rounds):
                start = time.process_time()
                one = measure(settings)
                taken.append(time.process_time() - start)
            seconds.append(statistics.median(taken))
        start = time.process_time()
        told(one, "biased")
        drawing = time.process_time() - start
        print(f"{name:36s} {len(group):8d} {statistics.median(seconds):9.3f} {max(seconds):10.3f} {drawing:10.3f}")  # fmt: skip


if __name__ == "__main__":
    main()

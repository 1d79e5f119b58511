"""A driver in a process of its own, to be killed: ``python grade_tiny.py ROOT [WORKERS] [CLUSTER] [DB]``."""

from __future__ import annotations

import sys
from pathlib import Path

from tiny_course import REGISTRY, UNIT

from autograder.course import Course
from autograder.grading import batch
from autograder.grading.class_folder import Classroom


def main(root: str, workers: str = "1", cluster: str = "", db_url: str = "") -> None:
    group = Classroom(Course(Path(root), REGISTRY), Path(root) / "class.data", db_url)
    for row in batch.run(group, UNIT, batch.Plan(int(workers), cluster, quiet=True)):
        print(
            f"{row.student}\t{row.status}\t{row.points.get('00_double')}\t{row.failure}", flush=True
        )


if __name__ == "__main__":
    main(*sys.argv[1:])

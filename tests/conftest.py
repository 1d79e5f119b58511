"""Every test runs on one thread and draws to no screen: verdicts and timings should not depend on the machine's cores.

With several workers (``make test`` has two) a group stays on one of them, and runs in order: what
grades in the folder of classes, starts servers of kernels, drives a browser or runs the masters.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(
        variable, "1"
    )  # before torch and numpy are imported, here and in what tests start
os.environ["MPLBACKEND"] = "Agg"

import torch  # noqa: E402

torch.set_num_threads(1)

GROUPS = {
    "machine": {
        "test_attacks", "test_browser", "test_driver", "test_execute", "test_formgrader", "test_grading",
        "test_instructors", "test_jail", "test_laboratory_browser", "test_kills", "test_setup", "test_make", "test_fast_road",
        "test_guide", "test_hostile_browser", "test_intake_cases", "test_ledger_property", "test_marking",
        "test_self_study_browser", "test_slides_browser", "test_usage",
    },
    "masters": {"test_notebooks", "test_smoke", "test_out_of_order"},
    "kernels": {"test_kernel", "test_kernels", "test_edition"},
}  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Groups hold however many workers are asked for: ``pytest -n 2`` alone would deal them out."""
    if getattr(config.option, "dist", "no") == "load":
        config.option.dist = "loadgroup"
    config.addinivalue_line(
        "markers", "xdist_group: stays on one worker (known without xdist, too)"
    )


@pytest.fixture
def class_folder() -> Iterator[Path]:
    """A new folder among the classes of this course, for one test; gone afterwards.

    A class must lie in the course, so a fixed name would be shared by all runs of the tests in one
    tree. That happened: a second run emptied the folder while the first was grading, and nbgrader
    found no submission in the new gradebook ("No such taskcomment").
    """
    from autograder.course import CLASS

    CLASS.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="test_", dir=CLASS))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test of a group its mark, by the file it stands in, before xdist looks for marks."""
    # The longest that stands alone comes first.
    items.sort(key=lambda item: Path(item.path).stem != "test_types")
    group_of = {name: group for group, names in GROUPS.items() for name in names}
    for item in items:
        group = group_of.get(Path(item.path).stem)
        if group:
            item.add_marker(pytest.mark.xdist_group(group))

"""The notebooks of every unit run from top to bottom in a real JupyterLab, driven in a real browser.

Set ``COURSE_VI_SCREENSHOTS`` to a folder to keep the pictures.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.units import exercises, units
from tests import browser

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("course")
    for name in ("lectures", "notebooks", "solutions", "scripts"):
        shutil.copytree(
            browser.ROOT / name,
            root / name,
            ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
        )
    shutil.copyfile(browser.ROOT / "README.md", root / "README.md")
    with browser.lab(root) as address:
        yield address


@pytest.fixture(scope="module")
def view() -> Iterator[Any]:
    with browser.page() as page:
        yield page


def keep(view: Any, name: str) -> None:
    folder = os.environ.get("COURSE_VI_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        view.screenshot(path=str(Path(folder) / f"{name}.png"))


def turn(number: int) -> list[Any]:
    """Every unit; one in six of them in `make test-all`: of half of the units the lecture, the problem set or the solutions."""
    return [
        pytest.param(unit, marks=[pytest.mark.everything] if (place + 2 * number) % 6 else [])
        for place, unit in enumerate(units())
    ]


@pytest.mark.parametrize("unit", turn(0))
def test_lecture_runs(url: str, view: Any, unit: str) -> None:
    state = browser.run_all(view, url, f"work/{unit}/{unit}.ipynb")
    keep(view, f"lecture_{unit}")
    assert state["errors"] == [] and state["ran"] == state["code"] > 5


@pytest.mark.parametrize("unit", turn(1))
def test_problem_set_runs_unsolved(url: str, view: Any, unit: str) -> None:
    """A learner who presses Run All on an empty problem set sees reports, not tracebacks."""
    state = browser.run_all(view, url, f"work/{unit}/{unit}_problems.ipynb")
    keep(view, f"problems_{unit}")
    coded = [exercise for exercise in exercises(unit) if not exercise.written]
    assert state["errors"] == [] and len(state["reports"]) == len(coded)
    assert all("NOT YET WRITTEN" in report for report in state["reports"])


@pytest.mark.parametrize("unit", turn(2))
def test_solutions_get_full_marks(url: str, view: Any, unit: str) -> None:
    state = browser.run_all(view, url, f"solutions/{unit}/{unit}.ipynb")
    keep(view, f"solutions_{unit}")
    assert state["errors"] == [] and all("PASSED" in report for report in state["reports"])
    assert len(state["reports"]) == sum(not exercise.written for exercise in exercises(unit))

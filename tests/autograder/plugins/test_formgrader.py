"""Formgrader's buttons, pressed in a real browser, take the safe road: a jailed kernel, a verdict from outside, a clean page."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.audit import sample_class
from autograder.course import this_course
from autograder.units import EXERCISES
from tests import browser

pytestmark = [pytest.mark.slow, pytest.mark.browser]
UNIT = "03_elbo"
CODE = {name: one.points for name, one in EXERCISES.items() if one.unit == UNIT and not one.written}
CHEAT = "import autograder\nautograder.check = lambda *a, **k: None\nget_ipython().input_transformers_cleanup.append(lambda lines: [])"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of its own, as an instructor has it: sources, configuration, and what two students handed in."""
    root = tmp_path_factory.mktemp("course")
    for name in ("solutions", "notebooks", "lectures", "scripts"):
        shutil.copytree(
            browser.ROOT / name,
            root / name,
            ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
        )
    for name in ("README.md", "nbgrader_config.py"):
        shutil.copyfile(browser.ROOT / name, root / name)
    ours = this_course()
    released = nbformat.read(ours.release(UNIT), as_version=4)
    solutions = sample_class._solutions(ours, UNIT)
    submitted = root / "autograder" / "class.data" / "submitted"
    sample_class.hand_in(sample_class.Student("honest", solutions, {}), released, submitted, UNIT)
    sample_class.hand_in(
        sample_class.Student("cheat", {"03_three_forms": CHEAT}, {}), released, submitted, UNIT
    )
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", UNIT]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=180)
    return root


@pytest.fixture(scope="module")
def view(course: Path) -> Iterator[Any]:
    with browser.lab(course) as url, browser.page() as page:
        page.address = url
        yield page


def rows(view: Any) -> dict[str, list[str]]:
    """The table of submissions: cells by student."""
    found = {}
    for row in view.query_selector_all("tbody tr"):
        cells = [cell.inner_text().strip() for cell in row.query_selector_all("td")]
        if len(cells) > 4:
            found[cells[1]] = cells
    return found


def test_the_button_grades_in_the_jail(course: Path, view: Any) -> None:
    view.goto(
        view.address.format(path="README.md"), wait_until="domcontentloaded"
    )  # as one who has opened JupyterLab
    view.goto(f"{view.address.partition('/lab')[0]}/formgrader/manage_submissions/{UNIT}/")
    view.wait_for_selector(".autograde a", timeout=60_000)
    assert set(rows(view)) == {"honest", "cheat"}
    for student in ("honest", "cheat"):
        row = view.locator("tr", has=view.get_by_text(student, exact=True))
        row.locator(".autograde a").click()
        view.wait_for_selector(".modal.in .btn-primary", timeout=180_000)
        assert "Success" in view.locator(".modal.in .modal-title").inner_text(), view.locator(
            ".modal.in"
        ).inner_text()
        view.locator(".modal.in .btn-primary").click()
        view.wait_for_selector(".modal.in", state="detached", timeout=20_000)
    graded = rows(view)
    code, whole = sum(CODE.values()), sum(CODE.values()) + EXERCISES["03_written"].points
    assert graded["honest"][4].startswith(f"{code:g} / {whole:g}"), graded
    assert graded["cheat"][4].startswith(f"0 / {whole:g}"), graded
    for student in ("honest", "cheat"):
        autograded = (
            course / "autograder" / "class.data" / "autograded" / student / UNIT / f"{UNIT}.ipynb"
        )
        told = nbformat.read(autograded, as_version=4).metadata["course_vi"]
        assert told["level"] and set(told["points"]) == set(CODE) and not told["lost"]
    row = view.locator("tr", has=view.get_by_text("honest", exact=True))
    row.locator(".generate-feedback a").click()
    view.wait_for_selector(".modal.in .btn-primary", timeout=60_000)
    page = (
        course / "autograder" / "class.data" / "feedback" / "honest" / UNIT / f"{UNIT}.html"
    ).read_text()
    assert page.count("PASSED") >= 7 and "<script>" not in page.split("<body", 1)[1]

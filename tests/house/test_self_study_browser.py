"""A learner alone, in a real browser: the quiz suggests a unit, a prediction that went wrong comes back, a solution opens step by step.

Set ``COURSE_VI_SCREENSHOTS`` to a folder to keep the pictures.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.self_study.quiz_page import QUESTIONS
from autograder.units import exercises
from course_vi.progress.start_page import write_start_page
from course_vi.progress.store import keep as keep_record
from tests import browser

pytestmark = [pytest.mark.slow, pytest.mark.browser]
UNIT, NAME = "04_em_and_mean_field", "04_4"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course")
    (root / "lectures").mkdir()
    for page in ("review", "where_to_enter", UNIT):
        name = f"lectures/{page}.ipynb"
        shutil.copyfile(browser.ROOT / name, root / name)
    shutil.copytree(browser.ROOT / "notebooks" / UNIT, root / "notebooks" / UNIT)
    shutil.copytree(browser.ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    shutil.copyfile(browser.ROOT / "README.md", root / "README.md")
    kept = root / "work" / "progress"
    records = {
        f"predictions/{NAME}": {"guess": "one half", "kind": "choice", "truth": "three quarters", "right": False, "revealed": "2026-01-01"},
        "reports/04_em_rate": {"points": 0.0, "most": 3.0, "passed": False},
    }  # fmt: skip
    for name, value in records.items():
        (kept / name).parent.mkdir(parents=True)
        (kept / f"{name}.json").write_text(json.dumps(value))
    page = {
        "cell_type": "code",
        "id": "one",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    cell = {**page, "source": 'from autograder import steps\n\nsteps("04_em_rate")'}
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    own = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (root / "work" / "own.ipynb").write_text(json.dumps(own))
    return root


@pytest.fixture(scope="module")
def url(root: Path) -> Iterator[str]:
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


def opened(view: Any, url: str, path: str, selector: str) -> None:
    """Open a notebook, run all of it, and wait for its widget; the kernel stays."""
    view.goto(url.format(path=path), wait_until="domcontentloaded")
    panel = ".jp-NotebookPanel:not(.lm-mod-hidden)"
    view.wait_for_selector(f"{panel} .jp-Cell", timeout=60_000)
    idle = f"{panel} .jp-Notebook-ExecutionIndicator[data-status=idle]"
    view.wait_for_selector(idle, timeout=120_000, state="attached")
    browser.loaded(view)
    view.get_by_role("menuitem", name=re.compile("^Run$")).click()
    view.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
    try:
        view.wait_for_selector(selector, timeout=120_000)
    finally:
        keep(view, f"opened_{Path(path).stem}")


def test_the_quiz_asks_names_a_mistake_and_suggests(root: Path, url: str, view: Any) -> None:
    opened(view, url, "work/where_to_enter/where_to_enter.ipynb", "button:has-text('Stop here')")
    view.wait_for_selector(".jp-OutputArea-output p:has-text('1 of 20')", timeout=60_000)
    keep(view, "quiz_first")
    assert view.locator("text=Two weights have the logarithms").count() == 1
    view.locator("input[placeholder='a number']").fill("-1000000")
    view.locator("button:has-text('Answer')").click()
    view.wait_for_selector("text=Not so.", timeout=60_000)
    for _ in range(2):
        view.locator("button:has-text('I do not know yet')").click()
        view.wait_for_timeout(1500)
    view.wait_for_selector("text=Enter at", timeout=60_000)
    keep(view, "quiz_end")
    assert view.locator("a:has-text('00 · Start here')").count() == 1
    kept = json.loads((root / "work/progress/entry/00_where_to_enter.json").read_text())
    assert kept["unit"] == "00" and len(kept["answers"]) == 3 < len(QUESTIONS)
    view.evaluate(browser.SHUT_DOWN)


def test_a_prediction_comes_back_and_leads_to_its_section(root: Path, url: str, view: Any) -> None:
    opened(view, url, "work/review/review.ipynb", "button:has-text('three quarters')")
    keep(view, "review_asked")
    view.locator("button:has-text('three quarters')").click()
    view.locator("button:has-text('Answer')").click()
    view.wait_for_selector("text=Read again:", timeout=60_000)
    view.wait_for_selector(".jp-OutputArea mjx-container", timeout=60_000)
    keep(view, "review_answered")
    assert json.loads((root / f"work/progress/reviews/{NAME}.json").read_text())["box"] == 2
    link = view.locator("a:has-text('EM and mean field, 4.')")
    link.click()
    section = "h2:has-text('What is missing decides the pace')"
    heading = view.locator(f".jp-NotebookPanel:not(.lm-mod-hidden) {section}")
    heading.wait_for(timeout=90_000)
    deadline = time.monotonic() + 30
    while not _in_sight(heading) and time.monotonic() < deadline:
        time.sleep(1)
    keep(view, "review_section")
    assert _in_sight(heading)
    view.evaluate(browser.SHUT_DOWN)


def test_the_start_page_leads_to_the_exercise_to_go_on_with(
    root: Path, url: str, view: Any
) -> None:
    for name in (each.id for each in exercises(UNIT) if each.id != "04_em_rate"):
        keep_record("reports", name, {"points": 9.0, "most": 9.0, "passed": True}, root / "work")
    assert write_start_page(root / "work")
    view.goto(url.format(path="work/START.md"), wait_until="domcontentloaded")
    link = view.locator("strong a:has-text('em rate')")
    try:
        link.wait_for(timeout=60_000)
    finally:
        keep(view, "start_page")
    link.click()
    heading = view.locator(
        ".jp-NotebookPanel:not(.lm-mod-hidden) h2:has-text('rate, from the missing information')"
    )
    heading.wait_for(timeout=90_000)
    deadline = time.monotonic() + 30
    while not _in_sight(heading) and time.monotonic() < deadline:
        time.sleep(1)
    time.sleep(3)  # and there it stays
    keep(view, "start_go_on")
    assert _in_sight(heading)
    view.evaluate(browser.SHUT_DOWN)


def _in_sight(heading: Any) -> bool:
    place = heading.bounding_box()
    return bool(place) and 0 < place["y"] < 1100


def test_steps_open_one_by_one(root: Path, url: str, view: Any) -> None:
    opened(view, url, "work/own.ipynb", "button:has-text('Next: hint 1 of 3')")
    for label in ("Next: hint 2 of 3", "Next: hint 3 of 3"):
        view.locator("button:has-text('Next:')").click()
        view.wait_for_selector(f"button:has-text('{label}')", timeout=60_000)
    view.locator("button:has-text('Next:')").click()
    view.wait_for_selector("button:has-text('Next: the idea')", timeout=60_000)
    view.locator("button:has-text('Next:')").click()
    view.wait_for_selector("button:has-text('Next: the code')", timeout=60_000)
    view.locator("button:has-text('Next:')").click()
    view.wait_for_selector(".jp-OutputArea pre code", timeout=60_000)
    keep(view, "steps")
    kept = json.loads((root / "work/progress/steps/04_em_rate.json").read_text())
    assert kept["solution"] is True and kept["passed_before"] is False
    view.evaluate(browser.SHUT_DOWN)

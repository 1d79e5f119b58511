"""The laboratory's notebook page in a real JupyterLab: predict, measure, and read what the computing part answers.

Set ``COURSE_VI_SCREENSHOTS`` to a folder to keep the picture.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_vi.laboratory import Settings, measure
from course_vi.laboratory.settings import affordable_replicates
from course_vi.laboratory.widget import Laboratory
from tests import browser

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("course")
    (root / "lectures").mkdir()
    (root / "notebooks").mkdir()
    shutil.copyfile(
        browser.ROOT / "lectures" / "laboratory.ipynb", root / "lectures" / "laboratory.ipynb"
    )
    shutil.copytree(browser.ROOT / "scripts", root / "scripts")
    shutil.copyfile(browser.ROOT / "README.md", root / "README.md")
    with browser.lab(root) as address:
        yield address


def test_the_widget_measures_what_the_computing_part_does(url: str) -> None:
    with browser.page() as view:
        state = browser.run_all(view, url, "work/laboratory/laboratory.ipynb", keep_kernel=True)
        assert state["errors"] == [] and state["ran"] == state["code"] > 2
        button = view.get_by_role("button", name="Measure")
        assert button.is_disabled(), "predict first"
        view.get_by_label("What do you expect?").select_option("no bias seen, noise above signal")
        button.click()
        answer = view.locator("div[role=status] table")
        answer.wait_for(timeout=30_000)
        cells = answer.locator("tbody tr").first.locator("td").all_text_contents()
        folder = os.environ.get("COURSE_VI_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            view.screenshot(path=str(Path(folder) / "laboratory.png"))
    one = measure(Settings(replicates=affordable_replicates(1, 8)))
    report = one.gradients["loc"]
    assert Laboratory().settings() == one.settings
    assert float(cells[1]) == pytest.approx(report.exact, rel=5e-3)
    bias, error = (float(part) for part in cells[2].split(" ± "))
    assert bias == pytest.approx(report.bias, rel=1e-2) and abs(bias) < 4.5 * error
    assert float(cells[5]) == pytest.approx(one.variance_times_cost("loc"), rel=1e-2)

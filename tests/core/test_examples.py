"""The examples in ``docs/examples`` run as they stand, and hold their claims against exact answers."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
QUICK = {"local_level", "mixed_model", "save_and_resume"}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else [pytest.mark.slow])
        for path in EXAMPLES
    ],
)
def test_an_example_holds_its_claim(path, monkeypatch):
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)  # which would cap the steps of a fit
    torch.manual_seed(1)  # what an example draws without a seed of its own must not matter
    names = runpy.run_path(str(path))
    assert "Asserted:" in names["__doc__"] or "Asserted, " in names["__doc__"]
    assert re.search(r"^ *assert ", path.read_text("utf-8"), re.MULTILINE)


def test_the_readme_names_every_example():
    named = re.findall(r"docs/examples/(\w+)\.py", (ROOT / "README.md").read_text("utf-8"))
    assert sorted(named) == [path.stem for path in EXAMPLES]

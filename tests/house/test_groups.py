"""What ``tests/conftest.py`` promises of groups is kept by the pinned versions: all tests of one run on one worker, in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONFTEST = """
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.xdist_group("all of them"))
"""
TESTS = """
import os

import pytest


@pytest.mark.parametrize("number", range(12))
def test_here(number):
    with open("workers.txt", "a") as file:
        file.write(f"{number} {os.environ['PYTEST_XDIST_WORKER']}\\n")
"""


def test_a_group_stays_on_one_worker(tmp_path: Path) -> None:
    """They were dealt out, and fixtures set up twice: marks came after xdist had looked, and pytest 9.2 ignores what xdist 3.8 writes."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_group.py").write_text(TESTS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadgroup",
        "-p",
        "no:cacheprovider",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    lines = [line.split() for line in (tmp_path / "workers.txt").read_text().splitlines()]
    assert [int(number) for number, _ in lines] == list(range(12))
    assert len({worker for _, worker in lines}) == 1

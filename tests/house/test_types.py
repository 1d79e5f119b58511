"""The types of the course and of the grader agree; asked here, beside the other tests, because mypy takes one core for a minute or two."""

from __future__ import annotations

import subprocess
import sys

from autograder.course import ROOT


def test_mypy_finds_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr

"""A class on a real JupyterHub, from release to feedback. Run as root, where a Python with jupyterhub is named::

COURSE_VI_HUB_PYTHON=HUB/bin/python COURSE_VI_HUB_PROXY=PATH/configurable-http-proxy pytest tests/autograder/grading/test_hub.py
"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys

import pytest

from autograder.course import ROOT

PYTHON = os.environ.get("COURSE_VI_HUB_PYTHON", "")
PROXY = os.environ.get("COURSE_VI_HUB_PROXY", "")


@pytest.mark.slow
@pytest.mark.skipif(
    not PYTHON or os.geteuid() != 0, reason="no Python with jupyterhub is named, or not root"
)
def test_release_fetch_submit_collect_grade_and_feedback() -> None:
    command = [PYTHON, "scripts/hub_trial.py", "--course-python", sys.executable]
    done = subprocess.run(
        [*command, *(["--proxy", PROXY] if PROXY else [])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("all of it worked")
    left = [one.pw_name for one in pwd.getpwall() if one.pw_name.startswith("vi_trial_")]
    assert not left

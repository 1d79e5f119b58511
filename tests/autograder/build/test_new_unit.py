"""A unit laid out anew runs at once, and says politely what it still lacks; the units that stand lack nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.audit.corpus import corpus
from autograder.build.new_unit import lay_out, missing
from autograder.course import ROOT, Course, MasterError, this_course
from autograder.units import units

COPIED = ("autograder", "src", "lectures", "solutions")


@pytest.mark.parametrize("unit", units())
def test_a_unit_that_stands_lacks_nothing(unit: str) -> None:
    answers = [(answer.exercise, answer.right) for answer in corpus(unit)]
    assert missing(this_course(), unit, answers) == []


@pytest.mark.slow
def test_a_new_unit_runs_at_once_and_says_what_it_lacks(tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__", "*.ipynb", "class.data", "attacks")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {"PYTHONPATH": f"{tmp_path / 'src'}:{tmp_path}", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, *words]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )

    laid = run("-m", "autograder", "new", "97_a_trial")
    assert laid.returncode == 0 and "wrote lectures/97_a_trial.py" in laid.stdout, laid.stderr
    program = (
        "from autograder import check\nfrom autograder.audit.corpus import corpus\n"
        "for answer in corpus('97_a_trial'):\n"
        "    print(answer.short, check(answer.exercise, answer.load(), seed=1).points)"
    )
    assert run("-c", program).stdout.split() == ["right_plain", "1.0", "wrong_sign", "0.0"]
    lacks = run("-m", "autograder", "new", "97", "--missing")
    assert lacks.returncode == 1, lacks.stderr
    for sentence in (
        "solutions/97_a_trial/97_a_trial.py: ",
        "places say 'TO WRITE'",
        "97_first: 1 right answers in its corpus, of 3",
        "97_first: 1 wrong answers in its corpus, of 5",
        "97_a_trial: no simulated nulls",
        "97_a_trial: no dictionaries",
    ):
        assert sentence in lacks.stdout
    again = run("-m", "autograder", "new", "97_a_trial")
    assert again.returncode == 2 and "is there already" in again.stderr


@pytest.mark.parametrize("name", ["evidence", "2_evidence", "02-evidence", "02_", "../02_evidence"])
def test_what_is_no_name_for_a_unit_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(MasterError, match="expected two digits and a name"):
        lay_out(Course(tmp_path, {}), name)

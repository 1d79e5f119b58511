"""Text masters run: lectures to the end, solutions to full marks, empty problem sets to polite zeros."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_course import LECTURE, PROBLEM_SET, UNIT, tiny_course

from autograder.build import smoke
from autograder.course import ROOT, this_course

COURSE = this_course()
RUNS = [
    (folder, unit, kind)
    for unit in COURSE.notebooks()
    for folder, kind, path in (
        ("lectures", "lecture", COURSE.lecture(unit, ".py")),
        ("solutions", "solved", COURSE.source(unit, ".py")),
        ("solutions", "stub", COURSE.source(unit, ".py")),
    )
    if path.exists()
]
needs_fork = pytest.mark.skipif(not smoke.CAN_FORK, reason="children are forked on Linux only")


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[str, str], dict[str, Any]]:
    """All notebooks of the course, run once by a warm parent of their own: this process has computed too much to fork."""
    command = [sys.executable, "-m", "autograder", "smoke", "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.stdout.strip(), done.stderr
    return {(one["name"], one["kind"]): one for one in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize(("folder", "unit", "kind"), RUNS)
def test_master_runs(
    outcomes: dict[tuple[str, str], dict[str, Any]], folder: str, unit: str, kind: str
) -> None:
    outcome = outcomes[f"{folder}/{unit}", kind]
    assert not outcome["faults"], "\n".join(outcome["faults"])
    if kind != "lecture":
        graded = {
            name for name, ex in COURSE.registry.items() if ex.unit == unit and not ex.written
        }
        assert set(outcome["points"]) == graded
        # No measure of speed, which benchmarks/ has: nobody waits for a check that takes half a minute, on any machine.
        assert max(outcome["check_seconds"].values(), default=0.0) < 30


# ------------------------------------------------------------------ the machinery, on the tiny course


def outcomes_of(
    tmp_path: Path, problem_set: str = PROBLEM_SET, lecture: str = LECTURE
) -> list[smoke.Outcome]:
    return [
        smoke.run_notebook(job)
        for job in smoke.jobs_of(tiny_course(tmp_path, problem_set, lecture), [UNIT])
    ]


def test_a_good_unit_passes(tmp_path: Path) -> None:
    here = os.getcwd()
    lecture, solved, stub = outcomes_of(tmp_path)
    assert not lecture.faults + solved.faults + stub.faults
    assert solved.points == {"00_double": 3.0} and stub.points == {"00_double": 0.0}
    assert os.getcwd() == here


@pytest.mark.parametrize(
    ("old", "new", "which", "complaint"),
    [
        ("x + x", "x + x + 2", 1, "00_double gave 1.5 points, not 3.0"),
        ("return 0.0\n    return", "raise\n    return", 2, "NotImplementedError: your turn"),
        ("return 0.0\n    return", "return 1.0\n    return", 2, "00_double gave 1.0 points, not 0.0"),
        ("answer = function(3)", "answer = function(3); import sys; print('hm', file=sys.stderr)", 1, "stderr: hm"),
        ("half * 2", "half / 0", 0, f"<lectures/{UNIT}, cell 2>\", line 2"),
        ("half * 2", "raise SystemExit", 0, "cell 2 failed"),
    ],
)  # fmt: skip
def test_faults_are_found_and_placed(
    tmp_path: Path, old: str, new: str, which: int, complaint: str
) -> None:
    assert old in PROBLEM_SET + LECTURE
    outcomes = outcomes_of(tmp_path, PROBLEM_SET.replace(old, new), LECTURE.replace(old, new))
    assert complaint in "\n".join(outcomes[which].faults)
    assert not any(
        outcome.faults for place, outcome in enumerate(outcomes) if place not in (which, 2)
    )


def test_a_cell_that_uses_the_unwritten_function_must_say_so_politely(tmp_path: Path) -> None:
    use = '# %%\nfrom course_vi.plots import when_written\n{}four = double(2)\n\n# %% [markdown] solution_only="00_double"'
    polite, rude = (
        PROBLEM_SET.replace('# %% [markdown] solution_only="00_double"', use.format(start))
        for start in ("with when_written():\n    ", "")
    )
    assert not any(outcome.faults for outcome in outcomes_of(tmp_path, polite))
    assert [bool(outcome.faults) for outcome in outcomes_of(tmp_path, rude)] == [False, False, True]


def test_a_master_that_cannot_be_built_fails_alone(tmp_path: Path) -> None:
    lecture, solved, stub = outcomes_of(
        tmp_path, PROBLEM_SET.replace('check="00_double"', 'check="00_duoble"')
    )
    assert not lecture.faults
    assert "00_duoble" in solved.faults[0] and "00_duoble" in stub.faults[0]


@needs_fork
def test_children_that_die_or_hang_are_reported_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smoke, "LIMIT_SECONDS", 1.0)
    good = smoke.jobs_of(tiny_course(tmp_path / "good"), [UNIT])[0]
    died = smoke.jobs_of(
        tiny_course(tmp_path / "died", lecture="# %%\nimport os\nos._exit(3)\n"), [UNIT]
    )[0]
    hung = smoke.jobs_of(
        tiny_course(tmp_path / "hung", lecture="# %%\nwhile True:\n    pass\n"), [UNIT]
    )[0]
    found = [outcome.faults for outcome in smoke.run_all([died, hung, good], workers=2)]
    assert found == [
        [f"lectures/{UNIT} ended its process"],
        [f"lectures/{UNIT} ran over 1.0 s"],
        [],
    ]

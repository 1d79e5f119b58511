"""Notebooks are what their masters make, and students' notebooks hold nothing that they should not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from tiny_course import LECTURE, PROBLEM_SET, REGISTRY, UNIT, tiny_course

from autograder.build import masters, notebooks, release
from autograder.build.masters import MasterError
from autograder.build.notebooks import ROOT
from autograder.course import this_course
from autograder.units import EXERCISES

COURSE = this_course()
UNITS = COURSE.units()
PROBLEM_SETS = [unit for unit in UNITS if COURSE.source(unit, ".py").exists()]
PAGES = COURSE.pages()
LECTURES = [unit for unit in UNITS if COURSE.lecture(unit, ".py").exists()]


# ------------------------------------------------------------------ the course as it stands


def test_every_exercise_has_its_problem_set() -> None:
    assert {exercise.unit for exercise in EXERCISES.values()} == set(PROBLEM_SETS)


@pytest.mark.parametrize("unit", [*UNITS, *PAGES])
def test_notebooks_equal_their_masters(unit: str) -> None:
    """Bytes for solutions/ and notebooks/, sources and metadata for the executed lecture."""
    assert notebooks.stale(COURSE, [unit]) == []


@pytest.mark.parametrize("unit", PROBLEM_SETS)
def test_points_are_the_registry_s(unit: str) -> None:
    for path in (COURSE.source(unit), COURSE.release(unit)):
        found = {}
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.metadata.get("nbgrader", {}).get("grade"):
                found[cell.metadata.nbgrader.grade_id] = cell.metadata.nbgrader.points
        assert found == {name: ex.points for name, ex in EXERCISES.items() if ex.unit == unit}


@pytest.mark.parametrize("unit", PROBLEM_SETS)
def test_nothing_hidden_is_in_what_students_get(unit: str) -> None:
    source, students = (
        nbformat.read(path, as_version=4) for path in (COURSE.source(unit), COURSE.release(unit))
    )
    assert release.leaks(source, students) == []
    assert "SOLUTION" not in COURSE.release(unit).read_text(encoding="utf-8")
    graded = [cell for cell in students.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    stubs = [cell for cell in graded if cell.cell_type == "code"]
    assert stubs and all("raise NotImplementedError" in cell.source for cell in stubs)


def test_only_notebooks_are_released() -> None:
    folder = ROOT / "notebooks"
    assert {path for path in folder.rglob("*") if path.is_file()} == {
        COURSE.release(unit) for unit in PROBLEM_SETS
    }


@pytest.mark.parametrize("unit", [*LECTURES, *PAGES])
def test_lectures_are_light(unit: str) -> None:
    assert COURSE.lecture(unit).stat().st_size < notebooks.WARN_BYTES


# ------------------------------------------------------------------ the machinery


def test_builds_are_equal_and_nothing_is_stale_after_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tiny_course(tmp_path)
    assert any("00_tiny.ipynb" in line for line in notebooks.stale(course, [UNIT]))
    notebooks.build(course, [UNIT], run_lectures=False)
    first = course.source(UNIT).read_bytes(), course.release(UNIT).read_bytes()
    notebooks.build(course, [UNIT], run_lectures=False)
    assert "equal" in capsys.readouterr().out.splitlines()[-1]
    assert first == (course.source(UNIT).read_bytes(), course.release(UNIT).read_bytes())
    assert notebooks.stale(course, [UNIT]) == [f"lectures/{UNIT}.ipynb: it does not exist"]
    with course.release(UNIT).open("ab") as file:
        file.write(b" ")
    assert f"notebooks/{UNIT}/{UNIT}.ipynb is not what its master makes" in notebooks.stale(
        course, [UNIT]
    )


def test_an_edit_leaves_the_ids_of_other_cells_alone() -> None:
    before = masters.problem_set(PROBLEM_SET, UNIT, REGISTRY)
    extra = '# %% [markdown] solution_only="00_double"\n# Or multiply by two.\n\n# %% [markdown]\n# ### Say why'
    after = masters.problem_set(
        PROBLEM_SET.replace("# %% [markdown]\n# ### Say why", extra), UNIT, REGISTRY
    )
    ids = [cell.id for cell in after.cells]
    assert len(set(ids)) == len(ids) == len(before.cells) + 1
    assert {cell.id for cell in before.cells} < set(ids)


def test_the_release_keeps_the_question_and_drops_the_answer(tmp_path: Path) -> None:
    _, data = notebooks.problem_set(tiny_course(tmp_path), UNIT)
    text = data.decode()
    assert "Twice x." in text and "Say why" in text and "Your answer here" in text
    for secret in ("doubled_number", "Euclid", "commutative", "naming addition", "MARK SCHEME"):
        assert secret not in text


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('check="00_double"', 'check="00_duoble"', "not an exercise of 00_tiny"),
        ('check("00_double", double)', 'check("00_double", twice)', "its check must read"),
        ("def double(x)", "def twice(x)", "does not define double"),
        ("    ### END SOLUTION\n", "", "no pair BEGIN SOLUTION"),
        ("# === END MARK SCHEME ===\n", "", "no pair BEGIN MARK SCHEME"),
        (
            "<details><summary>It is None</summary> Did you return it? </details>",
            "",
            "2 hints, and there must be 3",
        ),
        ("*Difficulty* 1/5", "*Difficulty* 2/5", "does not say Difficulty 1/5"),
        ('written="00_why"', 'writen="00_why"', "unknown metadata writen"),
        ("5 minutes. Write", "Write", "does not say 5 minutes"),
    ],
)
def test_malformed_masters_are_refused(old: str, new: str, complaint: str) -> None:
    assert old in PROBLEM_SET
    with pytest.raises(MasterError, match=re.escape(complaint)):
        masters.problem_set(PROBLEM_SET.replace(old, new), UNIT, REGISTRY)


def test_a_missing_exercise_is_refused() -> None:
    start, end = (
        PROBLEM_SET.index('# %% exercise="00_double"'),
        PROBLEM_SET.index("# %% [markdown]\n# <details>"),
    )
    with pytest.raises(MasterError, match="00_double: 0 cells with exercise"):
        masters.problem_set(PROBLEM_SET[:start] + PROBLEM_SET[end:], UNIT, REGISTRY)


def test_a_solution_repeated_in_a_hint_is_refused(tmp_path: Path) -> None:
    text = PROBLEM_SET.replace(
        "Did you return it?", "Did you write\n# doubled_number = x + x\n# and return it?"
    )
    with pytest.raises(MasterError, match=r"gives away[^$]*the line 'doubled_number = x"):
        notebooks.problem_set(tiny_course(tmp_path, text), UNIT)


def test_long_cells_of_lectures_are_refused() -> None:
    body = "\n".join(f"x{i} = {i}" for i in range(masters.MAX_LECTURE_LINES))
    masters.lecture(f"# %%\n# a comment does not count\n\n{body}\n", UNIT)
    with pytest.raises(MasterError, match="16 lines of code"):
        masters.lecture(f"# %%\n{body}\nlast = 1\n", UNIT)


def test_a_heading_in_a_cell_of_code_is_refused() -> None:
    """A lost marker turned a section of lecture 09 into comments, and the page still ran."""
    with pytest.raises(MasterError, match="holds the heading '# ## 6. Two layers'"):
        masters.lecture("# %%\nprint(1)\n#\n# ## 6. Two layers\n#\n# Deep models.\n", UNIT)


def test_units_are_found_by_the_beginning_of_their_names(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    assert course.units() == course.units(["00"]) == [UNIT]
    with pytest.raises(MasterError, match="there is no unit '07'"):
        course.units(["07"])


def test_a_page_that_belongs_to_no_unit_is_built_beside_them(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    course.lecture("sandbox", ".py").write_text("# %% [markdown]\n# # A page\n", "utf-8")
    assert course.units() == [UNIT] and course.pages() == ["sandbox"]
    assert course.notebooks() == [UNIT, "sandbox"]
    assert course.notebooks(["sandbox"]) == ["sandbox"] and course.notebooks(["00"]) == [UNIT]
    assert notebooks.stale(course, ["sandbox"]) == ["lectures/sandbox.ipynb: it does not exist"]
    with pytest.raises(MasterError, match="there is no unit 'sandboxes'"):
        course.notebooks(["sandboxes"])


def test_pages_keep_no_progress_bars_and_no_dead_widgets() -> None:
    bar = "fit: 100%|##########| 400/400 [00:01<00:00, 321.5it/s]"
    assert (
        notebooks.settled(f"fit:   0%|   | 0/400 [00:00<?, ?it/s]\r{bar}\nbound -1.27\n")
        == "bound -1.27\n"
    )
    assert notebooks.settled("half\rwhole\r\nnext") == "whole\nnext"
    outputs = [
        nbformat.v4.new_output(
            "display_data", data={notebooks.WIDGET: {"model_id": "1"}, "text/plain": text}
        )
        for text in (
            "  0%|          | 0/400 [00:00<?, ?it/s]",
            "interactive(children=(FloatSlider(value=0.5),))",
        )
    ]
    assert notebooks._lasting(outputs[0]) is None
    assert list(notebooks._lasting(outputs[1]).data) == ["text/markdown"]


@pytest.mark.slow
def test_lectures_are_executed_and_failing_cells_named(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    notebooks.build(course, [UNIT])
    assert notebooks.stale(course, [UNIT]) == []
    cell = nbformat.read(course.lecture(UNIT), as_version=4).cells[1]
    assert cell.outputs[0].data["text/plain"] == "42" and "execution" not in cell.metadata
    first = course.lecture(UNIT).read_bytes()
    notebooks.build(course, [UNIT])
    assert course.lecture(UNIT).read_bytes() == first
    broken = tiny_course(tmp_path, lecture=LECTURE.replace("half * 2", "1 / 0"))
    assert f"lectures/{UNIT}.ipynb: cell 2 differs from its master" in notebooks.stale(
        broken, [UNIT]
    )
    with pytest.raises(MasterError, match=r"cell 2 \('half = 21'\) failed[\s\S]*ZeroDivisionError"):
        notebooks.build(broken, [UNIT])


@pytest.mark.slow
def test_a_cell_that_never_ends_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebooks, "CELL_SECONDS", 3)
    course = tiny_course(tmp_path, lecture=LECTURE.replace("half * 2", "while True: pass"))
    with pytest.raises(MasterError, match="cell 2 was not done after 3 s"):
        notebooks.build(course, [UNIT])


@pytest.mark.slow
def test_the_stock_command_writes_the_same_bytes(tmp_path: Path) -> None:
    """``nbgrader generate_assignment`` as an instructor types it; what lies beside the source notebook stays there."""
    course = tiny_course(tmp_path)
    notebooks.build(course, [UNIT], run_lectures=False)
    expected = course.release(UNIT).read_bytes()
    shutil.rmtree(tmp_path / "notebooks")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (course.source(UNIT).parent / "jupytext.toml").write_text("")
    environment = {**os.environ, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", UNIT]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=120)
    assert [path.name for path in (tmp_path / "notebooks").rglob("*") if path.is_file()] == [
        f"{UNIT}.ipynb"
    ]
    assert course.release(UNIT).read_bytes() == expected

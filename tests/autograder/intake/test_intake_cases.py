"""What students really hand in: another unit's notebook, a draft beside the final one, Colab, gigabytes of outputs, files beside."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from tiny_class import QUIET, hand_in, tiny_class
from tiny_course import UNIT

from autograder.course import this_course
from autograder.grading import batch
from autograder.intake import Limits, Refusal
from autograder.intake.companions import companions, goes_along
from autograder.intake.read import take_in
from autograder.intake.repair import repair
from autograder.intake.template import from_release
from autograder.plugins.lms_collector import LmsCollector

COURSE = this_course()
ELBO = "03_elbo"
TALE = "The gap is KL(q||p(z|x)); a small gap in a wrong model says nothing of p(x)."


def released(unit: str = ELBO) -> NotebookNode:
    return nbformat.read(COURSE.release(unit), as_version=4)


def find(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(
        cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name
    )


def answered(*names: str, written: str = "") -> NotebookNode:
    """Unit 03, some of its functions answered (by another text; nobody runs it here), and the question in words."""
    notebook = released()
    for name in names:
        find(notebook, f"{name}_answer").source += "\n# mine"
    if written:
        find(notebook, "03_written").source = written
    return notebook


def taken(folder: Path, files: dict[str, NotebookNode | bytes], limits: Limits | None = None):  # type: ignore[no-untyped-def]
    for name, what in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(what if isinstance(what, bytes) else nbformat.writes(what).encode())
    return take_in(folder, ELBO, from_release(released()), limits or Limits())


def without_marks(notebook: NotebookNode) -> bytes:
    """As Colab saves it: no metadata, no ids."""
    plain = json.loads(nbformat.writes(notebook))
    plain["nbformat_minor"] = 0
    for cell in plain["cells"]:
        cell.pop("id")
        cell["metadata"] = {}
    return json.dumps(plain).encode()


@pytest.mark.parametrize(
    "other", [unit for unit in COURSE.units() if unit != ELBO and COURSE.release(unit).exists()]
)
def test_another_units_notebook_is_refused(tmp_path: Path, other: str) -> None:
    for number, what in enumerate((released(other), without_marks(released(other)))):
        with pytest.raises(Refusal) as refused:
            taken(tmp_path / str(number), {f"{ELBO}.ipynb": what})
        assert refused.value.reason == "another_unit"


def test_this_units_notebook_is_not_refused_untouched_or_without_marks(tmp_path: Path) -> None:
    taken(tmp_path / "a", {f"{ELBO}.ipynb": released()})
    taken(tmp_path / "b", {f"{ELBO}.ipynb": without_marks(released())})


def test_of_several_notebooks_the_one_with_the_most_answers_counts(tmp_path: Path) -> None:
    draft, final = answered("03_gap"), answered("03_gap", "03_naive_elbo", "03_three_forms")
    found = taken(tmp_path, {f"{ELBO}.ipynb": draft, f"{ELBO}_final.ipynb": final})
    assert found.found_as == f"{ELBO}_final.ipynb"
    said = " ".join(found.notes)
    assert (
        f"'{ELBO}_final.ipynb' was graded: it has the most answers, 3 (not graded: '{ELBO}.ipynb' with 1)"
        in said
    )


def test_of_a_learner_s_folder_the_problem_set_counts_and_not_the_lecture(tmp_path: Path) -> None:
    """`make lab` calls the problem set `03_elbo_problems.ipynb`; the lecture has the other name."""
    lecture = nbformat.read(COURSE.lecture(ELBO), as_version=4)
    mine = f"{ELBO}_problems.ipynb"
    found = taken(tmp_path, {f"{ELBO}.ipynb": lecture, mine: answered("03_gap")})
    assert found.found_as == mine and "# mine" in find(found.notebook, "03_gap_answer").source
    alone = taken(tmp_path / "alone", {mine: answered("03_gap")})
    assert alone.found_as == mine and not any("found as" in note for note in alone.notes)
    assert LmsCollector().collect(f"lovelaceada_4711_90210_{mine}") == {
        "student_id": "lovelaceada_4711",
        "file_id": f"{ELBO}.ipynb",
    }


def test_a_written_answer_without_marks_is_found_by_its_place(tmp_path: Path) -> None:
    found = taken(tmp_path, {f"{ELBO}.ipynb": without_marks(answered("03_gap", written=TALE))})
    assert find(found.notebook, "03_written").source == TALE
    assert "03_written had lost its mark; it was found by its place" in " ".join(found.notes)
    notebook = answered("03_gap", written=TALE)
    notebook.cells.insert(
        notebook.cells.index(find(notebook, "03_written")) + 1, new_markdown_cell("And more.")
    )
    found = taken(tmp_path / "two", {f"{ELBO}.ipynb": without_marks(notebook)})
    assert (
        TALE in find(found.notebook, "03_written").source
        and "And more." in find(found.notebook, "03_written").source
    )
    found = taken(tmp_path / "none", {f"{ELBO}.ipynb": without_marks(answered("03_gap"))})
    assert find(found.notebook, "03_written").source == find(released(), "03_written").source
    assert not any("written" in note for note in found.notes), (
        "nothing was written, nobody is asked"
    )


def test_a_written_answer_out_of_its_place_goes_to_a_person(tmp_path: Path) -> None:
    notebook = answered("03_gap")
    notebook.cells.remove(find(notebook, "03_written"))
    notebook.cells.insert(0, new_markdown_cell(TALE))
    found = taken(tmp_path, {f"{ELBO}.ipynb": without_marks(notebook)})
    text = find(found.notebook, "03_written").source
    assert (
        "lost its place" in text and TALE in text and "A person will look" in " ".join(found.notes)
    )
    again = taken(tmp_path / "again", {f"{ELBO}.ipynb": found.notebook})
    assert again.notes == () and find(again.notebook, "03_written").source == text


def test_of_a_truncated_file_a_person_reads_what_may_be_lost(tmp_path: Path) -> None:
    data = nbformat.writes(answered("03_gap", written=TALE)).encode()
    found = taken(tmp_path, {f"{ELBO}.ipynb": data[: int(0.6 * len(data))]})
    assert "may have been lost" in find(found.notebook, "03_written").source


def test_saved_outputs_do_not_count(tmp_path: Path) -> None:
    """70 MB of saved outputs and perfect answers: read; the same in a text of a cell: refused, for the right reason."""
    notebook = answered("03_gap", written=TALE)
    plain = json.loads(nbformat.writes(notebook))
    code = next(cell for cell in plain["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ['x\\"]}' * 14_000_000]}]
    data = json.dumps(plain).encode()
    assert len(data) > 70_000_000
    found = taken(tmp_path, {f"{ELBO}.ipynb": data})
    assert find(found.notebook, "03_written").source == TALE
    code["outputs"], code["source"] = [], "x" * 70_000_000
    with pytest.raises(Refusal, match="too_large"):
        repair(json.dumps(plain).encode())


# ------------------------------------------------------------------ what lies beside


def test_what_lies_beside_goes_along_and_what_would_take_a_place_does_not(tmp_path: Path) -> None:
    for name in ("data.txt", "helpers.py", "mine/__init__.py", "torch.py", "autograder/__init__.py", "sitecustomize.py",
                 "ipython_config.py", "timestamp.txt", "other.ipynb"):  # fmt: skip
        (tmp_path / "ps" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ps" / name).write_text(name)
    (tmp_path / "ps" / "link.txt").symlink_to("/etc/passwd")
    notes: list[str] = []
    found = companions(tmp_path, f"ps/{ELBO}.ipynb", notes)
    assert set(found) == {"data.txt", "helpers.py", "mine/__init__.py"}
    assert "left behind" in notes[0] and "torch.py" in notes[0] and "sitecustomize.py" in notes[0]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in (
            "ps/x.ipynb",
            "ps/helpers.py",
            "ps/d/data.txt",
            "elsewhere.txt",
            "ps/../../up.txt",
        ):
            archive.writestr(name, name)
    assert set(companions(tmp_path, "all.zip/ps/x.ipynb", notes)) == {"helpers.py", "d/data.txt"}


def test_names_of_ours_never_go_along() -> None:
    names = (
        "course_vi.py",
        "nbformat.py",
        "jupyter_config.json",
        "json.py",
        "usercustomize.py",
        "a/.hidden",
        "x.pth",
    )
    assert not any(map(goes_along, names))


@pytest.mark.slow
def test_both_roads_give_the_same_score_for_the_same_folder(tmp_path: Path) -> None:
    """The driver and `nbgrader autograde`: folders drawn at random, of files that answers read and modules that they import."""
    import os
    import shutil
    import subprocess
    import sys

    from autograder.course import ROOT
    from autograder.grading.class_folder import Classroom

    rng = random.Random(1)
    group = tiny_class(tmp_path)
    root = group.course.root
    shutil.copy(ROOT / "nbgrader_config.py", root)
    stock = Classroom(group.course, root / "autograder" / "class.data")
    beside = {
        "data.txt": "2",
        "helpers.py": "two = 2\n",
        "mine/__init__.py": "two = 2\n",
        "random.py": "two = 2\n",
    }
    uses = {"data.txt": "two = int(open('data.txt').read())", "helpers.py": "from helpers import two",
            "mine/__init__.py": "from mine import two", "random.py": "from random import two", "": "two = 2"}  # fmt: skip
    for number in range(8):
        use = rng.choice(list(uses))
        answer = f"def double(x):\n    {uses[use]}\n    return two * x"
        for home in (group, stock):
            path = hand_in(home, f"s{number}", {"00_double": answer})
            for name in [*rng.sample(list(beside), 2), *([use] if use and number % 2 else [])]:
                (path.parent / name).parent.mkdir(exist_ok=True)
                (path.parent / name).write_text(beside[name])
        shutil.rmtree(group.home / f"s{number}")
        shutil.copytree(stock.home / f"s{number}", group.home / f"s{number}")
    ours = {row.student: row.points["00_double"] for row in batch.run(group, UNIT, QUIET)}
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    for command in ("generate_assignment", "autograde"):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", command, UNIT],
            cwd=root,
            env=environment,
            timeout=300,
        )
    with stock.gradebook() as gradebook:
        theirs = {each.student_id: each.score for each in gradebook.assignment_submissions(UNIT)}
    assert ours == theirs and set(ours.values()) == {0.0, 3.0}


# ------------------------------------------------------------------ slips


def order(notebook: NotebookNode, *names: str) -> list[int]:
    return [notebook.cells.index(find(notebook, name)) for name in names]


@pytest.mark.parametrize("place", ["right below the check", "at the end"])
def test_an_answer_below_its_check_is_run_before_it(tmp_path: Path, place: str) -> None:
    notebook = answered()
    stub = find(notebook, "03_gap_answer")
    head = stub.source.split('"""')[0]
    own = new_code_cell(f"{head}pass  # mine")
    at = notebook.cells.index(find(notebook, "03_gap")) + 1
    notebook.cells.insert(at if place == "right below the check" else len(notebook.cells), own)
    found = taken(tmp_path, {f"{ELBO}.ipynb": notebook}).notebook
    mine = next(n for n, cell in enumerate(found.cells) if cell.source.endswith("# mine"))
    assert order(found, "03_gap_answer")[0] < mine < order(found, "03_gap")[0]


def test_an_experiment_below_the_check_of_a_given_answer_moves_nothing(tmp_path: Path) -> None:
    notebook = answered("03_gap")
    head = find(notebook, "03_gap_answer").source.split('"""')[0]
    notebook.cells.append(new_code_cell(f"{head}pass  # an experiment"))
    found = taken(tmp_path, {f"{ELBO}.ipynb": notebook})
    assert found.notes == ()


@pytest.mark.parametrize("named", [True, False])
def test_an_answer_split_inside_a_function_is_joined(tmp_path: Path, named: bool) -> None:
    notebook = answered()
    answer = find(notebook, "03_gap_answer")
    whole = answer.source.partition("raise NotImplementedError")[0] + "x = 1\n    return x"
    first, second = whole.rsplit("    x = 1\n", 1)
    answer.source = first
    rest = new_code_cell("    x = 1\n" + second)
    if named:
        rest.metadata = nbformat.from_dict(json.loads(json.dumps(answer.metadata)))
    notebook.cells.insert(notebook.cells.index(answer) + 1, rest)
    found = taken(tmp_path, {f"{ELBO}.ipynb": notebook})
    compile(find(found.notebook, "03_gap_answer").source, "answer", "exec")
    assert "return x" in find(found.notebook, "03_gap_answer").source
    assert found.notes == ("The answer to 03_gap was split in two cells; they were joined.",)

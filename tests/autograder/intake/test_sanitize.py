"""The sanitizers: what a student may hand in, and what becomes of it."""

from __future__ import annotations

import base64
import collections
import io
import json
import os
import time
import zipfile
from pathlib import Path

import nbformat
import pytest
from damage import damaged
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from tiny_course import UNIT, tiny_course

from autograder.build import notebooks
from autograder.intake import Limits, Refusal
from autograder.intake.limits import REASONS
from autograder.intake.names import safe_id
from autograder.intake.read import take_in
from autograder.intake.repair import repair
from autograder.intake.restore import restore
from autograder.intake.set_aside import set_aside
from autograder.intake.template import Template, from_release
from autograder.plugins.pages import SafeOutputs, clean

ANSWER = "def double(x):\n    return 2 * x"
DOT = base64.b64encode(b"\x89PNG a photograph").decode()


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The tiny problem set as students get it."""
    _, data = notebooks.problem_set(tiny_course(tmp_path_factory.mktemp("course")), UNIT)
    return nbformat.reads(data.decode(), as_version=4)


@pytest.fixture
def solved(release: NotebookNode) -> NotebookNode:
    """The same with both answers written, the second with a photograph."""
    notebook = nbformat.from_dict(json.loads(json.dumps(release)))
    find(notebook, "00_double_answer").source = ANSWER
    find(notebook, "00_why").source = "See ![](attachment:proof.png)"
    find(notebook, "00_why")["attachments"] = nbformat.from_dict({"proof.png": {"image/png": DOT}})
    return notebook


def find(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(
        cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name
    )


def handed_in(folder: Path, notebook: NotebookNode | bytes, name: str = f"{UNIT}.ipynb") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode()
    )
    return folder


def whole(notebook: NotebookNode, templates: list[Template]) -> None:
    """Nothing that nbgrader knows is missing, doubled, changed or out of order."""
    nbformat.validate(notebook)
    found = {}
    for place, cell in enumerate(notebook.cells):
        marks = cell.metadata.get("nbgrader")
        if marks is not None:
            assert marks.grade_id not in found
            found[marks.grade_id] = (place, cell)
        assert set(cell.metadata) <= {"nbgrader"}
    assert set(found) == {template.name for template in templates}
    for template in templates:
        cell = found[template.name][1]
        assert (
            cell.metadata.nbgrader == template.metadata() and cell.cell_type == template.cell_type
        )
        assert template.answer or cell.source == template.source
    assert found["00_double_answer"][0] < found["00_double"][0]


def notes_on(notebook: NotebookNode, release: NotebookNode) -> str:
    return " ".join(restore(notebook, from_release(release)))


# ------------------------------------------------------------------ restoring


def test_an_honest_notebook_is_left_alone(
    release: NotebookNode, solved: NotebookNode, tmp_path: Path
) -> None:
    solved.metadata["kernelspec"] = {
        "name": "theirs",
        "display_name": "Theirs",
    }  # not theirs to say
    found = take_in(handed_in(tmp_path, solved), UNIT, from_release(release))
    assert found.notes == () and "kernelspec" not in found.notebook.metadata
    whole(found.notebook, from_release(release))
    assert [cell.source for cell in found.notebook.cells] == [cell.source for cell in solved.cells]
    assert find(found.notebook, "00_why").attachments["proof.png"]["image/png"] == DOT


def test_flags_points_and_tags_come_from_the_release(
    release: NotebookNode, solved: NotebookNode
) -> None:
    check = find(solved, "00_double")
    check.metadata.update(tags=["skip-execution"], foreign={"a": 1})
    check.metadata.nbgrader.update(
        grade=False, points=1000, solution=True, schema_version=0, locked=False
    )
    check.source = "3.0"
    assert "locked cell 00_double had been changed" in notes_on(solved, release)
    whole(solved, from_release(release))


def test_a_cell_turned_to_text_is_code_again(release: NotebookNode, solved: NotebookNode) -> None:
    find(solved, "00_double").update(cell_type="markdown")
    find(solved, "00_double").pop("outputs")
    find(solved, "00_double").pop("execution_count")
    assert "had become markdown" in notes_on(solved, release)
    whole(solved, from_release(release))


def test_deleted_cells_come_back_in_their_places(
    release: NotebookNode, solved: NotebookNode
) -> None:
    solved.cells = [
        cell
        for cell in solved.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") in (None, "00_double_answer")
    ]
    said = notes_on(solved, release)
    assert (
        "00_setup was missing" in said
        and "00_double was missing" in said
        and "00_why was missing" in said
    )
    whole(solved, from_release(release))
    assert find(solved, "00_double_answer").source == ANSWER


@pytest.mark.parametrize("order", ["answer first", "stub first"])
def test_a_forgotten_stub_does_not_cost_the_answer(
    release: NotebookNode, solved: NotebookNode, order: str
) -> None:
    stub = find(release, "00_double_answer").copy()
    place = solved.cells.index(find(solved, "00_double_answer"))
    solved.cells.insert(place + (order == "answer first") * 2, stub)
    assert "2 cells for 00_double" in notes_on(solved, release)
    whole(solved, from_release(release))
    assert not any(
        "NotImplementedError" in cell.source
        and "nbgrader" in cell.metadata
        and cell.cell_type == "code"
        for cell in solved.cells
        if "def double" in cell.source
    )


def test_of_two_answers_both_run_and_the_check_comes_last(
    release: NotebookNode, solved: NotebookNode
) -> None:
    for name, source in (
        ("00_double_answer", "def double(x):\n    return x + x"),
        ("00_double", 'check("00_double", double)'),
    ):
        again = new_code_cell(source)
        again.metadata = find(solved, name).metadata.copy()
        solved.cells.append(again)
    said = notes_on(solved, release)
    assert "all of them were run" in said and "it was kept once" in said
    whole(solved, from_release(release))
    assert find(solved, "00_double_answer").source.endswith("x + x") and ANSWER in [
        cell.source for cell in solved.cells
    ]
    assert solved.cells[-1].metadata.nbgrader.grade_id == "00_double"


def test_of_two_written_answers_the_marker_sees_both(
    release: NotebookNode, solved: NotebookNode
) -> None:
    again = find(solved, "00_why").copy()
    again["source"], again["attachments"] = (
        "And because two is two.",
        nbformat.from_dict({"more.png": {"image/png": DOT}}),
    )
    solved.cells.append(again)
    restore(solved, from_release(release))
    why = find(solved, "00_why")
    assert (
        "proof.png" in why.source
        and "two is two" in why.source
        and set(why.attachments) == {"proof.png", "more.png"}
    )


def test_an_answer_without_its_mark_is_found_by_its_function(
    release: NotebookNode, solved: NotebookNode
) -> None:
    answer = find(solved, "00_double_answer")
    answer.metadata, answer.id = nbformat.from_dict({}), "pasted"
    assert "found by the function it defines" in notes_on(solved, release)
    assert find(solved, "00_double_answer").source == ANSWER


def test_a_check_above_its_answer_runs_after_it(
    release: NotebookNode, solved: NotebookNode
) -> None:
    solved.cells.insert(0, solved.cells.pop(solved.cells.index(find(solved, "00_double"))))
    assert "stood above its answer" in notes_on(solved, release)
    whole(solved, from_release(release))


# ------------------------------------------------------------------ finding


@pytest.mark.parametrize(
    "name",
    [
        f"{UNIT} (1).ipynb",
        "00_TINY.IPYNB",
        f"{UNIT}-Copy1.ipynb",
        f"deep/er/{UNIT}.ipynb",
        "finished!.ipynb",
    ],
)
def test_a_renamed_notebook_is_found(
    release: NotebookNode, solved: NotebookNode, tmp_path: Path, name: str
) -> None:
    found = take_in(handed_in(tmp_path, solved, name), UNIT, from_release(release))
    assert find(found.notebook, "00_double_answer").source == ANSWER and name in " ".join(
        found.notes
    )


def test_the_answered_one_of_several_notebooks_counts(
    release: NotebookNode, solved: NotebookNode, tmp_path: Path
) -> None:
    handed_in(tmp_path, release)
    handed_in(tmp_path, solved, f"{UNIT} (2).ipynb")
    handed_in(
        tmp_path, b'{"cells": [{"cell_type": "code", "source": "import this"}]}', "notes.ipynb"
    )
    found = take_in(tmp_path, UNIT, from_release(release))
    assert find(
        found.notebook, "00_double_answer"
    ).source == ANSWER and "There were 3 notebooks" in " ".join(found.notes)


def test_one_level_of_zip(release: NotebookNode, solved: NotebookNode, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../escape.txt", "no")
        archive.writestr(f"__MACOSX/._{UNIT}.ipynb", "no")
        archive.writestr(f"ps/{UNIT}.ipynb", nbformat.writes(solved))
    found = take_in(
        handed_in(tmp_path / "in", packed.getvalue(), "work.zip"), UNIT, from_release(release)
    )
    assert find(found.notebook, "00_double_answer").source == ANSWER
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["work.zip"]


def refusal(folder: Path, release: NotebookNode, limits: Limits | None = None) -> str:
    with pytest.raises(Refusal) as caught:
        take_in(folder, UNIT, from_release(release), limits or Limits())
    assert REASONS[caught.value.reason] in str(caught.value)
    return caught.value.reason


def test_what_cannot_be_graded_has_a_name(
    release: NotebookNode, solved: NotebookNode, tmp_path: Path
) -> None:
    secret = handed_in(tmp_path / "elsewhere", solved) / f"{UNIT}.ipynb"
    for kind in ("link", "hard", "pipe", "empty", "folder"):
        (tmp_path / kind).mkdir()
    (tmp_path / "link" / f"{UNIT}.ipynb").symlink_to(secret)
    assert refusal(tmp_path / "link", release) == "link"
    os.mkfifo(tmp_path / "pipe" / f"{UNIT}.ipynb")
    assert refusal(tmp_path / "pipe", release) == "special"
    (tmp_path / "folder" / f"{UNIT}.ipynb").mkdir()
    assert refusal(tmp_path / "folder", release) == refusal(tmp_path / "empty", release) == "empty"
    (tmp_path / "linked").symlink_to(secret.parent)
    assert refusal(tmp_path / "linked", release) == "link"
    os.link(secret, tmp_path / "hard" / f"{UNIT}.ipynb")
    assert refusal(tmp_path / "hard", release) == "link"
    assert refusal(handed_in(tmp_path / "large", solved), release, Limits(file=100)) == "too_large"
    assert refusal(handed_in(tmp_path / "rubbish", b"PK\x03\x04 no", "a.zip"), release) == "archive"
    assert (
        refusal(handed_in(tmp_path / "html", b"<html>Please log in</html>"), release)
        == "unreadable"
    )
    assert (
        refusal(
            handed_in(tmp_path / "other", b'{"cells": [{"cell_type": "code", "source": "1"}]}'),
            release,
        )
        == "another_unit"
    )
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.ipynb", b"0" * 3_000_000)
    assert (
        refusal(
            handed_in(tmp_path / "bomb", bomb.getvalue(), "a.zip"), release, Limits(file=1_000_000)
        )
        == "bomb"
    )


def test_links_are_set_aside_before_stock_nbgrader_copies(tmp_path: Path) -> None:
    folder = handed_in(tmp_path / "submitted" / "eve" / UNIT, b"{}")
    (folder / "passwd").symlink_to("/etc/passwd")
    (folder / "data.csv").write_text("1,2")
    os.mkfifo(folder / "pipe")
    moved = set_aside([str(folder / f"{UNIT}.ipynb")])
    assert {path.name for path in moved} == {"passwd", "pipe"}
    assert all(path.parent.parts[-3:] == ("set_aside", "eve", UNIT) for path in moved)
    assert {path.name for path in folder.iterdir()} == {f"{UNIT}.ipynb", "data.csv"}
    (folder / "link.ipynb").symlink_to("/etc/passwd")
    assert set_aside([str(folder / "link.ipynb")]) == []


# ------------------------------------------------------------------ sizes, names, pages


def test_sizes_are_capped_and_said(release: NotebookNode, solved: NotebookNode) -> None:
    large = base64.b64encode(b"x" * 4_000).decode()
    more = {"large.png": {"image/png": large}, "page.html": {"text/html": "<script>"}}
    find(solved, "00_why").attachments.update(nbformat.from_dict(more))
    solved.cells.insert(0, new_code_cell("#" * 5_000))
    notebook, notes = repair(
        nbformat.writes(solved).encode(), Limits(source=2_000, attachment=2_000)
    )
    said = " ".join(notes)
    assert "5,000 characters" in said and "large.png was left out" in said and "page.html" in said
    assert set(next(cell for cell in notebook.cells if "attachments" in cell).attachments) == {
        "proof.png"
    }
    many, notes = repair(
        json.dumps({"cells": [{"cell_type": "code", "source": "1"}] * 50 + solved.cells}).encode(),
        Limits(cells=10),
    )
    assert (
        "the first 10 were read" in " ".join(notes)
        and find(many, "00_double_answer").source == ANSWER
    )


def test_no_file_keeps_the_grader_for_ever() -> None:
    """Files made to be slow to read: each is refused within seconds."""
    started = time.monotonic()
    for data in (b'{"id":' * 200_000, b'{"cells":[' + b'{"outputs":[' * 900 + b"1," * 500_000, b"[" * 5_000_000,
                 b'{"cells":[' + b'{"source":1,' * 1_000_000):  # fmt: skip
        with pytest.raises(Refusal, match="unreadable"):
            repair(data)
    assert time.monotonic() - started < 60


def test_every_name_becomes_an_id_of_its_own() -> None:
    odd = [
        "ann",
        "Ann",
        "ann ",
        " ann",
        ".ann",
        "-ann",
        "--help",
        "a*",
        "a?",
        "a[b]",
        "{student_id}",
        "ann\n",
        "é",
        "e\u0301",
        "q\udcff",
    ]
    odd += ["名前", "a/b", "x" * 300, "x" * 301, "..", ".", "*"]
    odd += ["O'Brien, Zoë", "a+b", "CON", "\u202eann", "ann;drop table grade", "feedback"]
    ids = [safe_id(name) for name in odd]
    assert len(set(ids)) == len(odd) and all(
        len(each.encode()) <= 100 and each == each.strip() for each in ids
    )
    assert not any(set(each) & set("*?[]{}/\\,+;'\"\n<>&") or each[0] in ".-" for each in ids)
    assert (
        safe_id("ann") == "ann"
        and safe_id("名前") == "名前"
        and safe_id("Zoë de Witt") == "Zoë de Witt"
    )


def test_nothing_on_a_page_acts() -> None:
    links = ['<a href="javascript:x()">', "<iframe src=x>", '<div style="background:url(x)">']
    for bad in ("<script>x</script>", '<img src=x onerror="x()">', *links):
        assert not any(
            word in clean(bad).replace("&lt;", "")
            for word in ("<script", "onerror", "javascript", "<iframe", "url(")
        )
    cell = new_code_cell("1")
    cell.outputs = [
        nbformat.v4.new_output(
            "display_data",
            data={
                "text/html": "<script>x</script>",
                "text/plain": "seen",
                "application/javascript": "x",
            },
        )
    ]
    SafeOutputs().preprocess_cell(cell, {}, 0)
    assert cell.outputs[0].data == {"text/plain": "seen"}


# ------------------------------------------------------------------ the fuzz


def test_five_hundred_damaged_notebooks(
    release: NotebookNode, solved: NotebookNode, tmp_path: Path
) -> None:
    """No crash, none lost: each is a whole notebook again, or a refusal with a name. Where the answer survives in the file, it survives."""
    templates, small = from_release(release), Limits(source=2_000, cells=60)
    original = json.loads(nbformat.writes(solved))
    outcomes: collections.Counter[str] = collections.Counter()
    for seed in range(500):
        damage, data = damaged(original, seed)
        folder = handed_in(tmp_path / str(seed), data)
        try:
            found = take_in(folder, UNIT, templates, small)
        except Refusal as refused:
            assert refused.reason in REASONS
            outcomes[refused.reason] += 1
            continue
        outcomes["graded"] += 1
        whole(found.notebook, templates)
        kept = json.dumps(ANSWER)[1:-1].encode() in data or b'"    return 2 * x"' in data
        if kept and damage not in (
            "wrong_type",
            "flip",
            "splice",
            "change_type",
            "delete",
            "encode",
            "cut",
        ):
            assert any(cell.source == ANSWER for cell in found.notebook.cells), (seed, damage)
        again = take_in(handed_in(tmp_path / f"{seed}_again", found.notebook), UNIT, templates)
        assert not again.notes, (seed, damage, again.notes)
    assert sum(outcomes.values()) == 500 and outcomes["graded"] > 420, outcomes
    assert set(outcomes) <= {"graded", "unreadable", "another_unit"}

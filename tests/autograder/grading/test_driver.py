"""The driver: a class with everything in it, resumed, regraded, marked by hand; its log, its CSV and its pages."""

from __future__ import annotations

import base64
import csv
import json
import os
import zipfile
from pathlib import Path

import nbformat
import pytest
from damage import damaged
from tiny_class import HALF, QUIET, RIGHT, hand_in, tiny_class
from tiny_course import UNIT

from autograder.build import masters
from autograder.grading import batch, export, lms
from autograder.grading.class_folder import Classroom
from autograder.grading.ledger import Ledger
from autograder.grading.result import Result

PHOTOGRAPH = base64.b64encode(b"\x89PNG a photograph").decode()


def record(
    key: str, student: str = "ann", status: str = "graded", **more: object
) -> dict[str, object]:
    told = {"points": {"00_double": 3.0}, "reason": "", "repairs": [], "late": 0.0}
    return {"key": key, "student": student, "status": status, **told, **more}


# ------------------------------------------------------------------ the log


def test_a_torn_line_is_not_believed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append(record("a"))
    with ledger.path.open("ab") as file:
        file.write(json.dumps(record("b")).encode()[:30])
    ledger.append(record("c"))
    assert (
        [found["key"] for found in ledger.records()] == ["a", "c"]
        and ledger.find("ann", "c") == record("c")
        and not ledger.find("ann", "b")
    )
    assert (
        ledger.last("ann") == record("c")
        and ledger.latest() == {"ann": record("c")}
        and not ledger.last("an")
    )


def test_only_the_last_line_and_a_final_one_spares_a_grading(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for key in ("v1", "v2"):
        ledger.append(record(key, also=[f"{key}-whole"]))
    assert ledger.find("ann", "v2") and ledger.find("ann", "v2-whole") == ledger.current()["ann"]
    assert not ledger.find("ann", "v1"), "the gradebook holds v2"
    ledger.begin("ann")
    assert not ledger.find("ann", "v2") and not ledger.current(), "and now who knows what"
    ledger.end("ann")
    assert ledger.find("ann", "v2")
    ledger.append(record("v3", status="failed"))
    assert not ledger.find("ann") and not ledger.current()


def test_a_record_settles_the_grading_that_it_is_of_and_no_other(tmp_path: Path) -> None:
    """Who is killed after the record and before the end of its grading has graded: nobody grades again."""
    ledger = Ledger(tmp_path)
    first = ledger.begin("ann")
    ledger.append(record("v1", grading=first))
    assert ledger.find("ann", "v1") and ledger.current()["ann"]["grading"] == first
    second = ledger.begin("ann")
    assert second != first and not ledger.find("ann") and not ledger.current()
    ledger.append(record("v1"))
    assert not ledger.find("ann"), "a record of an unknown grading settles nothing"
    for begun in (tmp_path / "begun").iterdir():
        begun.write_bytes(b"")  # killed before the name was written
    ledger.append(record("v1", grading=""))
    assert not ledger.find("ann")


def test_two_drivers_do_not_grade_one_unit(tmp_path: Path) -> None:
    with Ledger(tmp_path).run(), pytest.raises(BlockingIOError), Ledger(tmp_path).run():
        pass
    with Ledger(tmp_path).run(), Ledger(tmp_path).turn("ann"):
        pass


# ------------------------------------------------------------------ a class


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """Seven submissions, not yet graded; of each kind one."""
    group = tiny_class(tmp_path_factory.mktemp("class"))
    submitted = group.folder / "submitted"
    path = hand_in(
        group,
        "ann right",
        RIGHT,
        "See ![my derivation](attachment:proof.png) <script>alert(1)</script>",
    )
    notebook = nbformat.read(path, as_version=4)
    written = next(cell for cell in notebook.cells if "my derivation" in cell.source)
    written["attachments"] = nbformat.from_dict({"proof.png": {"image/png": PHOTOGRAPH}})
    path.write_bytes(masters.dumps(notebook))
    hand_in(group, "-bob*", HALF)
    (submitted / "cy" / UNIT).mkdir(parents=True)
    with zipfile.ZipFile(submitted / "cy" / UNIT / "mine.zip", "w") as archive:
        archive.write(submitted / "ann right" / UNIT / f"{UNIT}.ipynb", f"ps/{UNIT} (1).ipynb")
    (submitted / "dan" / UNIT).mkdir(parents=True)
    (submitted / "dan" / UNIT / f"{UNIT}.ipynb").symlink_to("/etc/hostname")
    path = hand_in(group, "eve", HALF)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution"]
        cell.metadata.get("nbgrader", {}).update(grade=False, points=100)
    notebook.cells.append(notebook.cells[4].copy())
    path.write_bytes(masters.dumps(notebook))
    path = hand_in(group, "flo", RIGHT)
    path.write_bytes(path.read_bytes()[:-150])  # the end is lost
    path.rename(submitted / "flo" / f"{UNIT}.ipynb")
    path.parent.rmdir()  # and nobody made a folder for the unit
    hand_in(group, "gil", RIGHT)
    (submitted / "gil" / UNIT / "timestamp.txt").write_text("2026-05-01 14:00:00 UTC")
    return group


@pytest.fixture(scope="module")
def rows(group: Classroom) -> dict[str, Result]:
    return {row.student: row for row in batch.run(group, UNIT, QUIET)}


def scores(group: Classroom) -> dict[str, str]:
    with export.plain(group, group.csv).open(newline="") as file:
        return {line["student_id"]: line["score"] for line in csv.DictReader(file)}


@pytest.mark.slow
def test_who_is_killed_after_the_record_is_not_graded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It happened on a cluster: a worker was killed while its last line was on the way to the disk."""
    group = tiny_class(tmp_path)
    hand_in(group, "ann", RIGHT)
    group.register(UNIT)
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "end", lambda self, student: None)
        first = group.grade_one(UNIT, "ann")
    again = group.grade_one(UNIT, "ann")
    assert first.points == again.points and first.total == 3.0
    assert [one["status"] for one in group.ledger(UNIT).records()] == ["graded"]


def test_everybody_gets_a_grade_or_a_reason(group: Classroom, rows: dict[str, Result]) -> None:
    bob = next(name for name in rows if name.startswith("bob"))
    assert {name: row.points.get("00_double") for name, row in rows.items()} == {
        bob: 1.5, "ann right": 3.0, "cy": 3.0, "dan": None, "eve": 1.5, "flo": 3.0, "gil": 3.0}  # fmt: skip
    assert rows["dan"].status == "refused" and "link" in rows["dan"].failure
    assert any("damaged" in note for note in rows["flo"].repairs) and any(
        "(1).ipynb" in note for note in rows["cy"].repairs
    )
    assert (
        any(
            "restored" in note or "times" in note or "2 cells" in note
            for note in rows["eve"].repairs
        )
        and not rows["ann right"].repairs
    )
    assert scores(group) == {
        bob: "1.5",
        "ann right": "3.0",
        "cy": "3.0",
        "dan": "0.0",
        "eve": "1.5",
        "flo": "3.0",
        "gil": "3.0",
    }
    for name in rows:
        page = (group.folder / "feedback" / name / UNIT / f"{UNIT}.html").read_text()
        assert ("not graded" in page) == (name == "dan") and (
            "this notebook was repaired" in page
        ) == bool(rows[name].repairs)
    with group.csv.open(newline="") as file:
        assert {line["student_id"]: bool(line["reason"]) for line in csv.DictReader(file)} == {
            name: name == "dan" for name in rows
        }


def test_a_photographed_derivation_is_on_the_page_and_a_script_is_not(
    group: Classroom, rows: dict[str, Result]
) -> None:
    page = (group.folder / "feedback" / "ann right" / UNIT / f"{UNIT}.html").read_text()
    assert (
        f"data:image/png;base64,{PHOTOGRAPH}" in page
        and "my derivation" in page
        and "alert(1)</script>" not in page
    )
    autograded = nbformat.read(
        group.folder / "autograded" / "ann right" / UNIT / f"{UNIT}.ipynb", as_version=4
    )
    written = next(cell for cell in autograded.cells if "my derivation" in cell.source)
    assert written.attachments["proof.png"]["image/png"] == PHOTOGRAPH


def test_the_log_says_with_what(group: Classroom, rows: dict[str, Result]) -> None:
    records = group.ledger(UNIT).records()
    assert len(records) == 7 and len({line["key"] for line in records}) == 7
    for line in records:
        assert (
            line["versions"]["nbgrader"]
            and len(line["decided_by"]) == 64
            and line["status"] == rows[line["student"]].status
        )
        assert line["seconds"] > 0 and line["when"].endswith("+00:00")


def test_a_second_run_grades_nobody_again(group: Classroom, rows: dict[str, Result]) -> None:
    before = group.ledger(UNIT).path.read_bytes()
    again = {row.student: row for row in batch.run(group, UNIT, QUIET)}
    assert group.ledger(UNIT).path.read_bytes() == before
    assert [(row.points, row.failure) for row in again.values()] == [
        (row.points, row.failure) for row in rows.values()
    ]


@pytest.mark.slow
def test_marks_by_hand_are_kept_and_one_exercise_is_regraded(
    group: Classroom, rows: dict[str, Result]
) -> None:
    def set_by_hand(**scores: float) -> None:
        with group.gradebook() as gradebook:
            for name, score in scores.items():
                grade = gradebook.find_grade(f"00_{name}", UNIT, UNIT, "gil")
                grade.manual_score, grade.needs_manual_grade = score, False
            gradebook.db.commit()

    set_by_hand(why=0.75, double=2.5)
    assert (
        next(row for row in batch.run(group, UNIT, QUIET) if row.student == "gil").total == 3.25
    ), "the table knows of marks by hand"
    row = group.grade_one(UNIT, "gil", force=True)
    assert row.points == {"00_double": 2.5, "00_why": 0.75}, "unchanged answers keep their marks"
    hand_in(group, "gil", HALF, "Another reason.")
    row = group.grade_one(UNIT, "gil")
    assert row.points == {"00_double": 2.5, "00_why": None}, (
        "a new answer waits for a person; the old mark is not lost"
    )
    with group.gradebook() as gradebook:
        grade = gradebook.find_grade("00_why", UNIT, UNIT, "gil")
        assert grade.manual_score == 0.75
        double = gradebook.find_grade("00_double", UNIT, UNIT, "gil")
        double.manual_score, double.auto_score = None, 0.0
        gradebook.db.commit()
    row = group.grade_one(UNIT, "gil", only=["00_why"])
    assert row.points == {"00_double": 0.0, "00_why": None}, "the other exercise is left as it was"
    row = group.grade_one(UNIT, "gil", only=["00_double"])
    assert row.points["00_double"] == 1.5
    hand_in(group, "gil", RIGHT, "A third.")
    row = group.grade_one(UNIT, "gil", only=["00_why"])
    assert row.points["00_double"] == 3.0, "what was never graded is graded as a whole"


# ------------------------------------------------------------------ for Canvas and Moodle


def test_canvas_reads_what_we_write(
    group: Classroom, rows: dict[str, Result], tmp_path: Path
) -> None:
    exported = tmp_path / "canvas.csv"
    exported.write_text("\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,00_tiny (471),Final Score\n"
                        "    Points Possible,,,,,4,(read only)\n"
                        '"Right, Ann",11,S1,ann right,A,,\n"Cy",12,S2,cy,A,1,\n"Dan",13,S3,dan,A,2,\n"Zoe",14,S4,zoe,A,,\n')  # fmt: skip
    lines = list(csv.reader(lms.canvas(group, UNIT, tmp_path / "out.csv", exported).path.open()))
    assert lines[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "00_tiny (471)"]
    assert lines[1] == ["    Points Possible", "", "", "", "", "4"]
    known = [["Right, Ann", "11", "S1", "ann right", "A", "3"], ["Cy", "12", "S2", "cy", "A", "3"]]
    assert lines[2:] == known, "no zero for who has no grade"
    alone = list(csv.reader(lms.canvas(group, UNIT, tmp_path / "out.csv").path.open()))
    assert alone[0][:5] == list(lms.CANVAS) and ["ann right", "", "", "ann right", "", "3"] in alone
    with pytest.raises(ValueError, match="no export of Canvas"):
        lms.canvas(group, UNIT, tmp_path / "out.csv", export.plain(group, group.csv))


def test_moodle_reads_what_we_write(
    group: Classroom, rows: dict[str, Result], tmp_path: Path
) -> None:
    with group.gradebook() as gradebook:
        gradebook.update_or_create_student("cy", lms_user_id="5001")
        gradebook.update_or_create_student("dan", lms_user_id="5002")
    worksheet = tmp_path / "worksheet.csv"
    header = 'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Last modified (grade)","Feedback comments"'
    worksheet.write_text(f"{header}\nParticipant 5001,Cy,c@x,Submitted,,4.00,-,\nParticipant 5002,Dan,d@x,Submitted,1.00,4.00,-,\n"
                         "Participant 5003,Zoe,z@x,No submission,,4.00,-,\n")  # fmt: skip
    lines = list(csv.reader(lms.moodle(group, UNIT, tmp_path / "out.csv", worksheet).path.open()))
    assert lines[1] == ["Participant 5001", "Cy", "c@x", "Submitted", "3", "4.00", "-", ""]
    assert lines[2][4] == "1.00" and "link" in lines[2][7] and lines[3][4] == ""
    with pytest.raises(ValueError, match="no column Identifier"):
        lms.moodle(group, UNIT, tmp_path / "out.csv", export.plain(group, group.csv))


def test_a_name_is_no_formula(tmp_path: Path) -> None:
    assert export.tame("=cmd|x") == "'=cmd|x" and export.tame("Ann") == "Ann"


def test_names_that_are_no_text_are_graded(tmp_path: Path) -> None:
    group = tiny_class(tmp_path)
    where = os.fsencode(group.folder / "submitted") + b"/caf\xe9/" + UNIT.encode()
    os.makedirs(where)
    Path(os.fsdecode(where + b"/" + UNIT.encode() + b".ipynb")).write_bytes(b"no notebook")
    (row,) = batch.run(group, UNIT, QUIET)
    assert row.status == "refused" and "unreadable" in row.failure and row.student.startswith("caf")
    assert export.marks(group, UNIT)[0].reason == row.failure


@pytest.mark.slow
def test_damaged_notebooks_through_the_whole_driver(tmp_path: Path) -> None:
    """A sample of the five hundred (test_sanitize.py grades none): kernels, gradebook, pages. Each a grade or a named reason."""
    group = tiny_class(tmp_path)
    path = hand_in(group, "original", RIGHT)
    original = json.loads(path.read_text())
    for seed in range(0, 500, 21):
        damage, data = damaged(original, seed)
        place = group.folder / "submitted" / f"{damage} {seed}" / UNIT
        place.mkdir(parents=True)
        (place / f"{UNIT}.ipynb").write_bytes(data)
    rows = batch.run(group, UNIT, batch.Plan(workers=2, quiet=True))
    assert len(rows) == 25 and not [row for row in rows if row.status == "failed"]
    for row in rows:
        assert row.failure or row.points["00_double"] is not None
        assert (group.folder / "feedback" / row.student / UNIT / f"{UNIT}.html").exists()
    told = {mark.student: mark for mark in export.marks(group, UNIT)}
    assert (
        set(told)
        == {row.student for row in rows}
        == {record["student"] for record in group.ledger(UNIT).records()}
    )
    assert {student: mark.reason for student, mark in told.items()} == {
        row.student: row.failure for row in rows
    }
    assert sum(row.status == "graded" for row in rows) >= 18

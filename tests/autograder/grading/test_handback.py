"""Grades reach their owner: IDs are matched with IDs, collisions are refused, pages carry the names that a platform knows."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pytest
from tiny_class import tiny_class
from tiny_course import UNIT

from autograder.commands import handback as command
from autograder.grading import handback, lms
from autograder.grading.class_folder import Classroom
from autograder.grading.export import Mark
from autograder.grading.groups import read_groups
from autograder.intake import collect
from autograder.intake.roster import Person

COLLISION = """Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (551),03_elbo (9021),Current Score,Final Score
,,,,,Manual Posting,,(read only),(read only)
    Points Possible,,,,,10,100,(read only),(read only)
"Lovelace, Ada",1327600,u001,ada,"Sec A, Sec B",9,,90,90
"Núñez, José",1327601,u002,jose,Sec A,9,12,90,90
"Stranger, Sam",5551111,1327600,sam,Sec B,9,,90,90
"Student, Test",777,,test,Sec A,,,,
"""
ADA = Mark("lovelaceada_1327600", "03_elbo", 19.5, 20.0, lms="1327600")
JOSE = Mark("nunezjose_1327601", "03_elbo", 15.0, 20.0, lms="1327601", waiting=True)
LINK = Mark("eve_1327602", "03_elbo", None, 20.0, lms="1327602", reason="not graded: link")


def given(monkeypatch: pytest.MonkeyPatch, *marks: Mark) -> None:
    monkeypatch.setattr(lms, "marks", lambda group, unit: list(marks))


def written(
    tmp_path: Path, kind: str, text: str, **options: object
) -> tuple[lms.Written, list[list[str]]]:
    there = tmp_path / "there.csv"
    there.write_text(text, encoding="utf-8")
    write = lms.canvas if kind == "canvas" else lms.moodle
    done = write(None, "03_elbo", tmp_path / "out.csv", there, **options)  # type: ignore[arg-type]
    return done, list(csv.reader(done.path.open(encoding="utf-8")))


def test_an_id_of_one_kind_is_no_id_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sam's SIS User ID is Ada's Canvas ID: Ada gets her grade, Sam nothing."""
    given(monkeypatch, ADA, JOSE)
    done, lines = written(tmp_path, "canvas", COLLISION)
    assert lines[0][-1] == "03_elbo (9021)" and lines[1][-1] == "100", "theirs stays theirs"
    assert [(line[0], line[-1]) for line in lines[2:]] == [
        ("Lovelace, Ada", "19.5"),
        ("Núñez, José", "15"),
    ]
    assert [(c.kind, c.before, c.after) for c in done.changes] == [
        ("new", "", "19.5"),
        ("changed", "12", "15"),
    ]
    given(monkeypatch, Mark("1327600", "03_elbo", 3.0, 20.0))
    done, lines = written(tmp_path, "canvas", COLLISION)
    assert lines[2:] == [] and done.absent == ["1327600"], "a folder's name is a login, not an ID"
    given(monkeypatch, Mark("ada", "03_elbo", 3.0, 20.0))
    assert written(tmp_path, "canvas", COLLISION)[1][2][:2] == ["Lovelace, Ada", "1327600"]


@pytest.mark.parametrize(
    ("marks", "text", "says"),
    [
        (
            [ADA, Mark("other", "03_elbo", 1.0, 20.0, lms="1327600")],
            COLLISION,
            "belongs to two students",
        ),
        ([ADA, Mark("ada", "03_elbo", 1.0, 20.0)], COLLISION, "claimed by"),
        ([ADA], COLLISION + '"Double, Dan",1327600,u9,dan,Sec A,,,,\n', "stands in two lines"),
        ([ADA], COLLISION.replace("Homework 1 (551)", "03_elbo (1)"), "2 columns called 03_elbo"),
    ],
)
def test_collisions_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marks: list[Mark], text: str, says: str
) -> None:
    given(monkeypatch, *marks)
    with pytest.raises(lms.Collision, match=says):
        written(tmp_path, "canvas", text)
    assert not (tmp_path / "out.csv").exists()


def test_grades_are_scaled_if_asked_and_never_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, ADA, JOSE, LINK)
    done, lines = written(tmp_path, "canvas", COLLISION, scale=True, waiting=False)
    assert lines[2:] == [["Lovelace, Ada", "1327600", "u001", "ada", "Sec A, Sec B", "97.5"]]
    assert "waits for a mark by hand: 1: nunezjose_1327601" in command.told(done)
    assert "scaled from 20 to the platform's 100" in command.told(done)
    sheet = ("Identifier,Full name,Grade,Maximum Grade,Last modified (grade),Feedback comments\n"
             "Participant 1327600,Ada,12.00,100.00,-,\nParticipant 1327602,Eve,7.00,100.00,-,\nParticipant 9,Zoe,,100.00,-,\n")  # fmt: skip
    done, lines = written(tmp_path, "moodle", sheet)
    assert [line[2] for line in lines[1:]] == ["19.5", "7.00", ""] and lines[2][
        5
    ] == "not graded: link"
    assert done.absent == ["nunezjose_1327601"]
    said = command.told(done)
    assert (
        "MAXIMUM IS 100, OURS IS 20" in said
        and "12.00 -> 19.5" in said
        and "nunezjose_1327601" in said
    )
    done, lines = written(tmp_path, "moodle", sheet, scale=True)
    assert lines[1][2] == "97.5"
    with pytest.raises(ValueError, match="names no maximum"):
        written(tmp_path, "moodle", sheet.replace("Maximum Grade", "Most"), scale=True)


def collected(group: Classroom, kind: str, tmp_path: Path) -> None:
    """Ada and Bo hand in through the platform; both are graded, Bo's answer waits for a person."""
    names = {"moodle": ["Ada King_501_assignsubmission_file_/x.ipynb", "Bo_502_assignsubmission_file_/x.ipynb"],
             "canvas": ["kingada_LATE_501_77_x.ipynb", "bo_502_78_x.ipynb"]}[kind]  # fmt: skip
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name in names:
            archive.writestr(name, b"{}")
    roster = {"501": Person("Ada", "King"), "502": Person("Bo", "")}
    collect.collect(group, UNIT, [tmp_path / "in.zip"], roster)
    with group.gradebook() as gradebook:
        for student in gradebook.students:
            gradebook.update_or_create_submission(UNIT, student.id)
            for grade in gradebook.find_submission_notebook(UNIT, UNIT, student.id).grades:
                grade.auto_score, grade.needs_manual_grade = 1.0, student.lms_user_id == "502"
            page = group.folder / "feedback" / student.id / UNIT / f"{UNIT}.html"
            page.parent.mkdir(parents=True)
            page.write_text(f"page of {student.lms_user_id}")
        gradebook.db.commit()


@pytest.mark.parametrize(
    ("kind", "there", "page"),
    [
        ("moodle", "Identifier,Full name,Grade,Maximum Grade,Last modified (grade)\n"
         "Participant 501,Ada King,,4,-\nParticipant 502,Bo,1,4,-\n",
         f"Ada King_501_assignsubmission_file_/{UNIT}.html"),
        ("canvas", f"Student,ID,SIS User ID,SIS Login ID,Section,{UNIT} (3)\n"
         '    Points Possible,,,,,4\n"King, Ada",501,,a,S,\nBo,502,,b,S,1\n',
         f"kingada_LATE_501_77_{UNIT}.html"),
    ],
)  # fmt: skip
def test_one_command_hands_grades_and_pages_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, there: str, page: str
) -> None:  # fmt: skip
    group = tiny_class(tmp_path / "class")
    collected(group, kind, tmp_path)
    (tmp_path / "there.csv").write_text(there)
    monkeypatch.setattr(command, "open_class", lambda *_: group)
    monkeypatch.setattr(command, "this_course", lambda: group.course)
    assert command.main(["00", f"--{kind}", str(tmp_path / "there.csv")]) == 0
    said, folder = capsys.readouterr().out, group.folder / "handback" / UNIT
    assert "1 new" in said and "waits for a mark by hand: 1" in said and "1 pages" in said
    with zipfile.ZipFile(folder / "feedback.zip") as archive:
        assert archive.namelist() == [page] and archive.read(page) == b"page of 501"
    lines = list(csv.reader((folder / "grades.csv").open()))
    assert any(line[-1] == "2" or "2" in line[2:3] for line in lines)
    assert command.main(["00", f"--{kind}", str(tmp_path / "there.csv"), "--waiting"]) == 0
    with zipfile.ZipFile(folder / "feedback.zip") as archive:
        assert len(archive.namelist()) == 2


def test_moodle_reads_a_name_up_to_its_number() -> None:
    """Moodle takes the second part between underscores for the number: a name in a zip of pages has none."""
    name = handback.name_there("moodle", UNIT, "Ann_2_Lee_503", "503", [])
    assert name.split("_")[:4] == ["Ann 2 Lee", "503", "assignsubmission", "file"]


def test_one_submission_counts_for_a_group_and_two_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Mark("bo", "03_elbo", None, 20.0, lms="1327601", reason="not handed in")
    given(monkeypatch, ADA, nothing)
    _, lines = written(tmp_path, "canvas", COLLISION, groups=[["1327600", "1327601", "5551111"]])
    assert [(line[0], line[-1]) for line in lines[2:]] == [
        ("Lovelace, Ada", "19.5"), ("Núñez, José", "19.5"), ("Stranger, Sam", "19.5")]  # fmt: skip
    given(monkeypatch, ADA, JOSE)
    with pytest.raises(lms.Collision, match="have handed in"):
        written(tmp_path, "canvas", COLLISION, groups=[["1327600", "1327601"]])
    (tmp_path / "groups.csv").write_text("1,2\n2,3\n")
    with pytest.raises(lms.Collision, match="2 is in two groups"):
        read_groups(tmp_path / "groups.csv")


def test_nothing_is_written_for_a_platform_that_knows_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    group = tiny_class(tmp_path / "class")
    collected(group, "moodle", tmp_path)
    others = f"Student,ID,SIS User ID,SIS Login ID,Section,{UNIT} (3)\n    Points Possible,,,,,4\nEve,901,,e,S,\n"
    (tmp_path / "there.csv").write_text(others)
    monkeypatch.setattr(command, "open_class", lambda *_: group)
    monkeypatch.setattr(command, "this_course", lambda: group.course)
    assert command.main(["00", "--canvas", str(tmp_path / "there.csv")]) == 1
    assert "nothing was written: nobody who was graded is in" in capsys.readouterr().out
    assert not list((group.folder / "handback").rglob("*.*"))

"""The instructor's guide, followed from an empty folder: hand out, collect, grade, mark, hand back, as it is typed there."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder.audit.sample_class import _solutions
from autograder.course import CLASS, ROOT, this_course
from autograder.units import EXERCISES

pytestmark = pytest.mark.slow
UNIT = "03_elbo"
CODE = sum(one.points for one in EXERCISES.values() if one.unit == UNIT and not one.written)
ALL = sum(one.points for one in EXERCISES.values() if one.unit == UNIT)
GAP = EXERCISES["03_gap"].points
HOME = CLASS / f"test_guide_{os.getpid()}"  # no other run of these tests may empty it
PEOPLE = {
    "501": "Ada Lovelace",
    "502": "José Núñez",
    "503": "Zoë de Witt",
    "504": "Ann_2_Lee",
    "505": "Nobody Handedin",
}
TIMES = {
    "501": "Friday, 1 May 2026, 1:00 PM",
    "502": "Sunday, 3 May 2026, 2:20 PM",
    "503": "Sunday, 3 May 2026, 2:20 PM",
    "504": "-",
    "505": "-",
}


@pytest.fixture(autouse=True)
def home() -> Iterator[None]:
    shutil.rmtree(HOME, ignore_errors=True)
    yield
    shutil.rmtree(HOME, ignore_errors=True)


def typed(*command: str, rc: int = 0) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "OMP_NUM_THREADS": "1",
    }
    line = [sys.executable, "-m", "autograder", *command, "--class", str(HOME)]
    done = subprocess.run(
        line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=170
    )
    assert done.returncode == rc, done.stdout + done.stderr
    return done.stdout


def notebook(skip: str = "", written: str = "The gap.") -> bytes:
    course = this_course()
    solutions = _solutions(course, UNIT)
    found = nbformat.read(course.release(UNIT), as_version=4)
    for cell in found.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name.endswith("_answer") and name[:-7] != skip:
            cell.source = solutions[name[:-7]]
        elif name == "03_written":
            cell.source = written
    return nbformat.writes(found).encode()


def worksheet(path: Path, grades: dict[str, str]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Identifier", "Full name", "Email address", "Grade", "Maximum Grade",
                     "Last modified (submission)", "Last modified (grade)", "Feedback comments"])  # fmt: skip
    for number, name in PEOPLE.items():
        writer.writerow(
            [
                f"Participant {number}",
                name,
                "",
                grades.get(number, ""),
                "100.00",
                TIMES[number],
                "-",
                "",
            ]
        )
    path.write_text("\ufeff" + text.getvalue(), encoding="utf-8")
    return path


def mark_by_keys(keys: str) -> None:
    """As the marker's page does it: load, press a key, next."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    line = [
        sys.executable,
        "-m",
        "autograder",
        "mark",
        "03",
        "--no-browser",
        "--anonymous",
        "--class",
        str(HOME),
    ]
    with subprocess.Popen(
        line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as desk:
        address = desk.stdout.readline().strip() if desk.stdout else ""
        for key in keys:
            page = urllib.request.urlopen(address, timeout=60).read().decode()
            about = json.loads(re.search(r'<script id="about"[^>]*>(.*?)</script>', page)[1])  # type: ignore[index]
            told = {
                "answer": about["answer"],
                "digest": about["digest"],
                "key": int(key),
                "comment": "Read again.",
            }
            origin = address.rsplit("/", 2)[0]
            request = urllib.request.Request(
                f"{address}mark", json.dumps(told).encode(), {"Origin": origin}
            )
            assert urllib.request.urlopen(request, timeout=60).read() == b"saved"
        desk.terminate()


def test_from_an_empty_folder_to_grades_in_the_platform_and_back(tmp_path: Path) -> None:
    sheet = worksheet(tmp_path / "worksheet.csv", {})
    with zipfile.ZipFile(tmp_path / "moodle.zip", "w") as archive:
        for number, data in (
            ("501", notebook()),
            ("502", notebook("03_gap")),
            ("503", notebook()),
            ("504", b"%PDF-1.4"),
        ):
            archive.writestr(f"{PEOPLE[number]}_{number}_assignsubmission_file_/{UNIT}.ipynb", data)
    said = typed(
        "collect",
        "03",
        str(tmp_path / "moodle.zip"),
        "--roster",
        str(sheet),
        "--timezone",
        "Europe/Berlin",
    )
    assert "collected: 4" in said and "handed in nothing: 1: Nobody Handedin (505)" in said
    said = typed("grade", "03", "--workers", "2", rc=1)  # one is refused, by name
    assert "unreadable" in said and "by hand" in said
    rows = {line["student_id"]: line for line in csv.DictReader((HOME / "grades.csv").open())}
    scores = [float(rows[f"{PEOPLE[n]}_{n}"]["raw_score"]) for n in ("501", "502", "503")]
    assert scores == [CODE, CODE - GAP, CODE]
    said = typed("extend", "03", "Zoë de Witt_503", "--days", "3", rc=1)  # no due date yet
    assert said == ""
    mark_by_keys("43")
    typed("report", "03")
    assert (
        "2 pairs" not in typed("similarity", "03")
        and (HOME / "reports" / UNIT / "similarity.html").exists()
    )
    said = typed("handback", "03", "--moodle", str(sheet), "--scale")
    assert (
        "2 new" in said
        and "waits for a mark by hand: 1" in said
        and f"scaled from {ALL:g} to the platform's 100" in said
    )
    mark_by_keys("0")
    said = typed("handback", "03", "--moodle", str(sheet), "--scale")
    assert "3 new" in said and "4 pages" in said
    there = {
        line["Identifier"][-3:]: line
        for line in csv.DictReader((HOME / "handback" / UNIT / "grades.csv").open())
    }
    scores = sorted(float(there[number]["Grade"]) for number in ("501", "502", "503"))
    assert (
        len(scores) == 3
        and scores[-1] <= 100
        and there["504"]["Grade"] == ""
        and "unreadable" in there["504"]["Feedback comments"]
    )
    with zipfile.ZipFile(HOME / "handback" / UNIT / "feedback.zip") as archive:
        names = archive.namelist()
        assert f"Ann 2 Lee_504_assignsubmission_file_/{UNIT}.html" in names and len(names) == 4
        assert b"Read again." in archive.read(
            f"Ada Lovelace_501_assignsubmission_file_/{UNIT}.html"
        )
    back = worksheet(tmp_path / "after.csv", {number: there[number]["Grade"] for number in there})
    said = typed("handback", "03", "--moodle", str(back), "--scale")
    assert "0 new, 0 changed, 3 as they are" in said, (
        "what came back from the platform is what we would write"
    )


def gradebook(path: Path, column: str, grades: dict[str, str]) -> Path:
    """What Canvas exports: a header, the points possible, a line for each student."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column])
        writer.writerow(["    Points Possible", "", "", "", "", f"{ALL:g}"])
        for number, name in PEOPLE.items():
            given, _, family = name.rpartition(" ")
            told = f"{family}, {given}" if given else name
            row = [told, number, f"s{number}", f"login{number}", "VI", grades.get(number, "")]
            writer.writerow(row)
    return path


def test_the_same_with_canvas(tmp_path: Path) -> None:
    column = f"{UNIT} (9001)"
    before = gradebook(tmp_path / "before.csv", column, {"502": "3.0"})
    names = {"501": "lovelaceada_501_77", "502": "nunezjose_LATE_502_78", "503": "wittzoede_503_79"}
    with zipfile.ZipFile(tmp_path / "canvas.zip", "w") as archive:
        for number, data in (("501", notebook()), ("502", notebook("03_gap")), ("503", notebook())):
            archive.writestr(f"{names[number]}_{UNIT}.ipynb", data)
    said = typed("collect", "03", str(tmp_path / "canvas.zip"), "--roster", str(before))
    assert "collected: 3" in said and "handed in nothing: 2" in said
    assert "late" in said.lower() and "502" in said
    typed("grade", "03", "--workers", "2")
    mark_by_keys("444")
    said = typed("handback", "03", "--canvas", str(before))
    assert "2 new" in said and "1 changed" in said
    lines = list(csv.reader((HOME / "handback" / UNIT / "grades.csv").open(encoding="utf-8-sig")))
    assert lines[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column]
    there = {line[1]: line[5] for line in lines[1:] if line[1]}
    assert {number: float(there[number]) for number in ("501", "502", "503")} == {
        "501": ALL,
        "502": ALL - GAP,
        "503": ALL,
    }
    with zipfile.ZipFile(HOME / "handback" / UNIT / "feedback.zip") as archive:
        pages = archive.namelist()
    assert len(pages) == 3 and all(any(f"_{n}_" in page for page in pages) for n in names)
    after = gradebook(tmp_path / "after.csv", column, there)
    assert "0 new, 0 changed, 3 as they are" in typed("handback", "03", "--canvas", str(after))

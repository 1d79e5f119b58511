"""What instructors do beside grading: collect, late penalties, the report on a class, the report on similarity."""

from __future__ import annotations

import ast
import itertools
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from tiny_class import QUIET, hand_in, tiny_class
from tiny_course import UNIT

from autograder.audit.corpus import corpus
from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.course import ROOT, this_course
from autograder.grading import batch
from autograder.grading.class_folder import Classroom
from autograder.grading.late import settle
from autograder.intake import collect
from autograder.intake.names import safe_id
from autograder.plugins import checked_execute
from autograder.reports import class_report, similarity

ANSWER = {"00_double": "def double(x):\n    return 2 * x"}


@pytest.fixture
def group(tmp_path: Path) -> Classroom:
    return tiny_class(tmp_path)


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def there(group: Classroom) -> set[str]:
    return {
        path.relative_to(group.folder / "submitted").as_posix()
        for path in (group.folder / "submitted").rglob("*")
        if path.is_file()
    }


# ------------------------------------------------------------------ collecting


@pytest.mark.parametrize(
    ("path", "student", "file"),
    [
        ("lovelaceada_4711_90210_03_elbo.ipynb", "lovelaceada_4711", "03_elbo.ipynb"),
        ("lovelaceada_LATE_4711_90210_03_elbo-1.ipynb", "lovelaceada_4711", "03_elbo-1.ipynb"),
        ("submissions/oбrien_12_34_my work.zip", "oбrien_12", "my work.zip"),
        ("anon_Ab3x_77_03_elbo.ipynb", "anon_Ab3x", "03_elbo.ipynb"),
        (
            "Ada Lovelace_1327627_assignsubmission_file_/03_elbo.ipynb",
            "Ada Lovelace_1327627",
            "03_elbo.ipynb",
        ),
        (
            "Ada Lovelace_1327627_assignsubmission_file/03_elbo.ipynb",
            "Ada Lovelace_1327627",
            "03_elbo.ipynb",
        ),
        ("A_b_2_assignsubmission_file_03_elbo.ipynb", "A_b_2", "03_elbo.ipynb"),
        ("Course-Set 3-99/Ada_5_assignsubmission_file_/deep/x.ipynb", "Ada_5", "deep/x.ipynb"),
        ("ann/03_elbo.ipynb", "ann", "03_elbo.ipynb"),
        ("../../ann/../03_elbo.ipynb", "ann", "03_elbo.ipynb"),
    ],
)
def test_names_of_an_lms_are_recognised(path: str, student: str, file: str) -> None:
    found = collect.recognise(path)
    assert found is not None and (found.student, found.file, found.late) == (
        student,
        file,
        "LATE" in path,
    )


def test_moodle_is_collected_with_names_and_times(group: Classroom, tmp_path: Path) -> None:
    archive = packed(tmp_path / "moodle.zip", {
        f"Ada King_501_assignsubmission_file_/{UNIT}.ipynb": b"one", f"Bo_502_assignsubmission_file_/{UNIT} (1).ipynb": b"two",
        "Bo_502_assignsubmission_file_/../../../escape.txt": b"no", "readme.txt": b"?"})  # fmt: skip
    worksheet = tmp_path / "worksheet.csv"
    header = '\ufeffIdentifier,"Full name","Email address",Grade,"Last modified (submission)","Last modified (grade)"'
    ada, bo = (
        'Participant 501,Ada King,ada@x.org,,"Friday, 1 May 2026, 2:00 PM",-',
        'Participant 502,Bo,b@x,,"gestern",-',
    )
    worksheet.write_text(f"{header}\n{ada}\n{bo}\n")
    told = collect.collect(group, UNIT, [archive], collect.people(worksheet), "Europe/London")
    assert (
        told["collected"] == ["Ada King_501", "Bo_502"]
        and told["not recognised"] == ["readme.txt"]
        and len(told["time not read"]) == 1
    )
    assert there(group) == {f"Ada King_501/{UNIT}/{UNIT}.ipynb", f"Ada King_501/{UNIT}/timestamp.txt", f"Bo_502/{UNIT}/{UNIT} (1).ipynb",
                            f"Bo_502/{UNIT}/escape.txt"}  # fmt: skip
    assert (
        group.folder / "submitted" / "Ada King_501" / UNIT / "timestamp.txt"
    ).read_text() == "2026-05-01 13:00:00 UTC"
    with group.gradebook() as gradebook:
        ada = gradebook.find_student("Ada King_501")
        assert (ada.first_name, ada.last_name, ada.email, ada.lms_user_id) == (
            "Ada",
            "King",
            "ada@x.org",
            "501",
        )


def test_canvas_twice_keeps_what_was_replaced(group: Classroom, tmp_path: Path) -> None:
    files = {
        f"kingada_4711_1_{UNIT}.ipynb": b"one",
        f"bo_LATE_4712_2_{UNIT}.ipynb": b"two",
        "bo_LATE_4712_3_Timestamp.txt": b"2020-01-01",
    }
    told = collect.collect(group, UNIT, [packed(tmp_path / "a.zip", files)])
    assert told["collected"] == ["bo_4712", "kingada_4711"] and told["late"] == ["bo_4712"]
    assert not any("timestamp" in path.lower() for path in there(group)), (
        "nobody says by themselves when they handed in"
    )
    files[f"kingada_4711_1_{UNIT}.ipynb"] = b"better"
    told = collect.collect(group, UNIT, [packed(tmp_path / "b.zip", files)])
    assert told["collected"] == told["replaced"] == ["kingada_4711"]
    (old,) = group.folder.glob(f"replaced/*/kingada_4711/{UNIT}/{UNIT}.ipynb")
    assert old.read_bytes() == b"one" and group.submitted(UNIT) == ["bo_4712", "kingada_4711"]


@pytest.mark.slow
def test_stock_zip_collect_and_validate(group: Classroom, tmp_path: Path) -> None:
    """nbgrader's own commands, as an instructor types them: zip_collect with our plugin; validate on released and solved notebooks."""
    root = group.course.root
    shutil.copy(ROOT / "nbgrader_config.py", root)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}

    def stock(*command: str) -> str:
        line = [sys.executable, "-m", "nbgrader", *command]
        done = subprocess.run(
            line, cwd=root, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    home = root / "autograder" / "class.data"
    (home / "downloaded" / UNIT / "archive").mkdir(parents=True)
    data = group.course.release(UNIT).read_bytes()
    archives = home / "downloaded" / UNIT / "archive"
    packed(archives / "canvas.zip", {f"kingada_4711_1_{UNIT}.ipynb": data})
    packed(archives / "moodle.zip", {f"Bo B_502_assignsubmission_file_/{UNIT}.ipynb": data})
    stock("zip_collect", UNIT)
    assert {path.parent.parent.name for path in home.glob(f"submitted/*/{UNIT}/{UNIT}.ipynb")} == {
        "kingada_4711",
        safe_id("Bo B_502"),
    }
    assert "Success" in stock("validate", str(group.course.source(UNIT)))
    assert "Success" not in stock("validate", str(group.course.release(UNIT)))


# ------------------------------------------------------------------ late work


@pytest.mark.slow
def test_late_work_costs_what_the_config_says(group: Classroom) -> None:
    group.config.LatePenalty.percent_per_day = 10.0
    for name, when in (("late", "2026-05-02 14:00:00 +0200"), ("odd", "tomorrow\x00")):
        hand_in(group, name, ANSWER)
        (group.folder / "submitted" / name / UNIT / "timestamp.txt").write_text(when)
    rows = {row.student: row for row in batch.run(group, UNIT, QUIET)}
    assert all(row.points["00_double"] == 3.0 and row.late == 0.0 for row in rows.values()), (
        "without a due date nothing is late"
    )
    assert "time of submission could not be read" in " ".join(rows["odd"].repairs)
    with group.gradebook() as gradebook:
        gradebook.update_or_create_assignment(UNIT, duedate="2026-05-01 11:45:00 UTC")
    assert settle(group, UNIT) == 1 and settle(group, UNIT) == 0, "a due date set afterwards counts"
    with group.gradebook() as gradebook:
        submission = gradebook.find_submission(
            UNIT, "late"
        )  # 24 h 15 min late: the grace, and a day
        assert submission.late_submission_penalty == pytest.approx(0.3)
        gradebook.find_grade("00_why", UNIT, UNIT, "late").manual_score = 1.0
        gradebook.db.commit()
    settle(group, UNIT)
    with group.gradebook() as gradebook:
        assert gradebook.find_submission(UNIT, "late").late_submission_penalty == pytest.approx(
            0.4
        ), "a mark by hand afterwards counts"
    row = group.grade_one(UNIT, "late", force=True)
    assert row.late == pytest.approx(0.4) and row.points["00_double"] == 3.0


# ------------------------------------------------------------------ similarity


class Renamed(ast.NodeTransformer):
    """The same answer under other names, without comments and docstrings: what somebody does who copies."""

    def __init__(self, tree: ast.AST) -> None:
        local = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        local |= {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        self.names = {name: f"v{number}" for number, name in enumerate(sorted(local))}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(ast.Name(self.names.get(node.id, node.id), node.ctx), node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.copy_location(ast.arg(self.names[node.arg], None), node)


def rights(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for answer in corpus(unit):
        if answer.right:
            found.setdefault(answer.exercise, []).append(answer.source)
    return found


@pytest.mark.parametrize("unit", ["03_elbo", "09_sticking_the_landing"])
def test_a_copy_with_other_names_is_found_and_independent_answers_are_not(unit: str) -> None:
    """Students made of the corpus: everyone takes another right answer to each exercise; one copies another under other names."""
    course = this_course()
    answers, released = rights(unit), similarity._solutions(course.release(unit))
    students = {
        f"s{turn}": {name: these[turn % len(these)] for name, these in answers.items()}
        for turn in range(3)
    }
    assert similarity.pairs(students, released) == [], "independent right answers"
    trees = {name: ast.parse(source) for name, source in students["s1"].items()}
    students["copy"] = {
        name: "# my own work\n" + ast.unparse(Renamed(tree).visit(tree))
        for name, tree in trees.items()
    }
    (found,) = similarity.pairs(students, released)
    assert (found.first, found.second) == ("copy", "s1") and found.alike > 0.9
    page = similarity.page(unit, [found], students)
    assert "copy and s1" in page and "<script" not in page


@pytest.mark.parametrize("size", [12, 40])
def test_a_ring_is_found_however_large_it_is(size: int) -> None:
    """Of forty students twelve, or all, have one notebook; each changed a name or a comment. Every pair of them is on the list."""
    course = this_course()
    unit = "03_elbo"
    answers, released = rights(unit), similarity._solutions(course.release(unit))
    rng = random.Random(1)
    students = {
        f"s{turn:02d}": {name: rng.choice(these) for name, these in answers.items()}
        for turn in range(40)
    }
    ring = [f"s{turn:02d}" for turn in range(size)]
    for number, name in enumerate(ring):
        students[name] = {
            exercise: f"# {name}\n{source}\nspare_{number} = {number}"
            for exercise, source in students["s00"].items()
        }
    found = similarity.pairs(students, released)
    listed = {(pair.first, pair.second) for pair in found}
    assert listed >= set(itertools.combinations(ring, 2))
    assert (
        set(similarity.rings(found)[0]) >= set(ring) and len(similarity.rings(found)[0]) <= size + 2
    )
    assert f"A ring of {len(similarity.rings(found)[0])}" in similarity.page(unit, found, students)


def test_a_copy_of_the_solutions_is_found(group: Classroom) -> None:
    """Every student can have solutions/: they are compared like a student, and make no ring."""
    released = group.course.release(UNIT)
    for name, answer in (
        ("copies", "doubled_number = x + x\n    return doubled_number"),
        ("thinks", "return sum([x, x])"),
    ):
        path = group.folder / "intake" / name / UNIT / f"{UNIT}.ipynb"
        path.parent.mkdir(parents=True)
        notebook = nbformat.read(released, as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "00_double_answer":
                cell.source = f"def double(x):\n    {answer}\n"
        nbformat.write(notebook, path)
    answers, handed_out = similarity.read_answers(group, UNIT)
    assert "doubled_number" in answers[similarity.SOLUTIONS]["00_double"]
    long = {name: {e: text + "\ny = [n * n for n in range(9)]\nz = sum(y) / len(y) + max(y)\nw = {1: z}" for e, text in mine.items()}
            for name, mine in answers.items() if name != "thinks"}  # fmt: skip
    (pair,) = similarity.pairs({**long, "thinks": answers["thinks"]}, handed_out)
    assert {pair.first, pair.second} == {"copies", similarity.SOLUTIONS}
    assert similarity.rings([pair]) == []


def test_what_was_handed_out_is_not_similar() -> None:
    table = "    table = [number * number for number in range(10)]\n    total = sum(table[index] for index in range(3))\n"
    stub = f"def double(x):\n{table}    while total > x:\n        total -= table[0] / 2\n    return {{'a': x, 'b': [total, x]}}"
    assert similarity.fingerprints(stub)
    assert similarity.pairs({"a": {"e": stub}, "b": {"e": stub}}, {"e": stub}) == []
    assert similarity.pairs({"a": {"e": stub}, "b": {"e": stub}}, {}) != []


def test_answers_that_are_no_python_are_compared_too() -> None:
    broken = "def f(:\n " + " ".join(f"word{number}" for number in range(40))
    (pair,) = similarity.pairs({"a": {"e": broken}, "b": {"e": broken}}, {})
    assert pair.alike == 1.0


# ------------------------------------------------------------------ the report on a class


def test_the_report_finds_the_hardest_exercise_and_the_commonest_mistake(tmp_path: Path) -> None:
    points = {f"s{n}": {"a": float(n % 3), "b": 4.0 if n < 9 else None} for n in range(10)}
    summary = class_report.Summary("00_tiny", {"a": "Alpha <1>", "b": "Beta", "c": "Gamma"}, {"a": 2.0, "b": 4.0, "c": 1.0}, points,
                               {"zoe": "not graded: link"}, {"a": Counter({"you forgot <log>": 5, "sign": 2}), "b": Counter()})  # fmt: skip
    assert (
        summary.hardest == ["a", "b"]
        and summary.share("a") == pytest.approx(0.45)
        and summary.full("b") == 1.0
    )
    assert summary.share("c") is None and summary.totals[0] == 4.0
    pictures = class_report.draw(summary, tmp_path)
    assert all(path.stat().st_size > 5_000 for path in pictures)
    page = class_report.page(summary, pictures)
    assert (
        page.index("you forgot &lt;log&gt;") < page.index("sign")
        and "Alpha &lt;1&gt;" in page
        and "zoe: not graded" in page
    )
    assert "1 of them wait" in page and "distribution.png" in page


def test_mistakes_are_read_from_what_the_grader_noted_however_reports_are_worded() -> None:
    """The words of a report may change, and a learner may print what looks like one: neither reaches the report on a class."""
    report = run_check("03_gaussian_kl", InProcess(lambda *arguments: None), seed=1)
    (mistake,) = report.mistakes
    cell = new_code_cell('check("03_gaussian_kl", gaussian_kl)')
    cell.metadata["nbgrader"] = nbformat.from_dict(
        {"grade": True, "solution": False, "grade_id": "03_gaussian_kl"}
    )
    cell.outputs = [
        new_output("stream", text="Likely mistake: You are too clever.\n"),
        *checked_execute.outputs(report, 2.0),
    ]
    page = cell.outputs[1].data
    assert "Likely mistake" in page["text/html"] and mistake.sentence in page["text/plain"], (
        "these are the words"
    )
    page["text/html"] = page["text/plain"] = "said in quite another way"
    notebook = new_notebook(
        cells=[cell],
        metadata={
            "course_vi": checked_execute.verdicts({"03_gaussian_kl": report, "03_gap": report})
        },
    )
    assert class_report.mistakes(notebook) == {
        name: {mistake.sentence} for name in ("03_gaussian_kl", "03_gap")
    }
    assert class_report.mistakes(new_notebook(cells=[cell])) == {}


def test_a_summary_of_a_graded_class(group: Classroom) -> None:
    hand_in(group, "ann", ANSWER)
    (group.folder / "submitted" / "bo" / UNIT).mkdir(parents=True)
    batch.run(group, UNIT, QUIET)
    summary = class_report.summarize(group, UNIT)
    assert summary.points == {"ann": {"00_double": 3.0, "00_why": None}} and set(
        summary.reasons
    ) == {"bo"}
    assert list(itertools.chain(*summary.mistakes.values())) == []


@pytest.mark.slow
def test_stock_autograde_takes_the_same_road(group: Classroom) -> None:
    """`nbgrader autograde` on a class with a duplicated cell (which used to stop it), a damaged file and a link: the others are graded."""
    root = group.course.root
    shutil.copy(ROOT / "nbgrader_config.py", root)
    home = Classroom(group.course, root / "autograder" / "class.data")
    hand_in(home, "ann", ANSWER)
    path = hand_in(home, "bob", ANSWER)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [
        cell.copy() for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    path.write_text(nbformat.writes(notebook))
    path = hand_in(home, "cut", ANSWER)
    path.write_bytes(path.read_bytes()[:-150])
    path = hand_in(home, "dan", ANSWER)
    path.unlink()
    path.symlink_to("/etc/hostname")
    secret = hand_in(home, "eve", ANSWER).parent / "passwd"
    secret.symlink_to("/etc/passwd")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    for command in ("generate_assignment", "autograde"):
        line = [sys.executable, "-m", "nbgrader", command, UNIT]
        done = subprocess.run(
            line, cwd=root, env=environment, capture_output=True, text=True, timeout=300
        )
    assert "link" in done.stderr and not secret.exists(), (
        "the link is refused by name, what lies beside a notebook is moved aside"
    )
    with home.gradebook() as gradebook:
        scores = {each.student_id: each.score for each in gradebook.assignment_submissions(UNIT)}
    assert {name: scores.get(name) for name in ("ann", "bob", "cut", "eve")} == dict.fromkeys(
        ("ann", "bob", "cut", "eve"), 3.0
    )
    assert not scores.get("dan") and not list(home.folder.glob("autograded/*/*/passwd"))

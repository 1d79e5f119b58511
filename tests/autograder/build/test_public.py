"""The students' repository: what is in it works, what must stay behind is not in it, and the proof of that can fail."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from posixpath import normpath

import pytest

from autograder.audit.corpus import corpus
from autograder.build.public import CHECKS, UNWANTED, public_files, tracked, wanted, write
from autograder.build.public_proof import compare, names_ever, objects, secrets
from autograder.commands.public import main
from autograder.course import ROOT, UsageError, this_course

sys.path.insert(0, str(ROOT / "tests" / "house"))

from test_imports import graph, modules, reachable  # noqa: E402

SOLUTION = (ROOT / "solutions/03_elbo/03_elbo.py").read_text("utf-8")


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A students' repository that holds nothing yet but a README."""
    (tmp_path / "README.md").write_text("Nothing of any solution.\n")
    git(tmp_path, "init", "--initial-branch=main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-m", "The course")
    return tmp_path


@pytest.fixture(scope="module")
def known() -> list:
    return secrets(this_course())


def bad(known: list, repository: Path) -> set[str]:
    return {
        f"{leak.kind} of {leak.exercise}"
        for leak in compare(known, objects(repository))
        if leak.bad
    }


def body(name: str) -> str:
    """The body of a solution, from its master."""
    found = re.search(rf'exercise="{name}".*?BEGIN SOLUTION\n(.*?)### END', SOLUTION, re.DOTALL)
    assert found
    return found[1]


# -- the proof can fail -----------------------------------------------------------------------------------------------


def test_nothing_is_found_where_nothing_is(known: list, repository: Path) -> None:
    assert not bad(known, repository) and not names_ever(repository)


def test_a_solution_that_was_deleted_again_is_found_in_history(
    known: list, repository: Path
) -> None:
    stray = repository / "lectures" / "notes.md"
    stray.parent.mkdir()
    stray.write_text(body("03_gap"))
    git(repository, "add", "--all")
    git(repository, "commit", "-m", "Notes")
    stray.unlink()
    git(repository, "commit", "--all", "-m", "No notes")
    assert bad(known, repository) == {"solution of 03_gap"}


def test_a_solution_on_no_branch_is_found(known: list, repository: Path) -> None:
    (repository / "README.md").write_text(body("03_gap"))
    git(repository, "commit", "--all", "-m", "Oops")
    git(repository, "reset", "--hard", "HEAD~1")
    assert bad(known, repository) == {"solution of 03_gap"}


def test_a_solution_in_a_message_is_found(known: list, repository: Path) -> None:
    git(repository, "commit", "--allow-empty", "-m", body("03_gap"))
    assert bad(known, repository) == {"solution of 03_gap"}


@pytest.mark.parametrize("place", ["archive", "notebook", "other lines and brackets"])
def test_a_solution_in_disguise_is_found(known: list, repository: Path, place: str) -> None:
    text = body("03_gap")
    if place == "archive":
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/b.py", text)
        (repository / "more.zip").write_bytes(data.getvalue())
    elif place == "notebook":
        lines = text.splitlines(keepends=True)
        page = {"cells": [{"cell_type": "code", "outputs": [{"text": lines}]}]}
        (repository / "page.ipynb").write_text(json.dumps(page))
    else:
        (repository / "page.md").write_text(" ; ".join(text.replace("(", " ( ").split()))
    git(repository, "add", "--all")
    git(repository, "commit", "-m", "More")
    assert bad(known, repository) == {"solution of 03_gap"}


def test_half_a_mark_scheme_is_found(known: list, repository: Path) -> None:
    scheme = SOLUTION.split("BEGIN MARK SCHEME ===")[1].split("=== END")[0]
    (repository / "README.md").write_text(scheme)
    git(repository, "commit", "--all", "-m", "How it is marked")
    assert bad(known, repository) == {"model answer and mark scheme of 03_written"}


def test_a_file_under_a_name_that_students_do_not_get_is_found(repository: Path) -> None:
    answers = repository / "autograder" / "units" / "unit_03" / "answers"
    answers.mkdir(parents=True)
    (answers / "gap.py").write_text("pass\n")
    git(repository, "add", "--all")
    git(repository, "commit", "-m", "More")
    assert names_ever(repository) == ["autograder/units/unit_03/answers/gap.py"]


# -- what is in it ----------------------------------------------------------------------------------------------------


def test_what_must_stay_behind_is_not_wanted() -> None:
    names = tracked(ROOT)
    away = [name for name in names if not wanted(name)]
    for secret in (
        "solutions/",
        "tests/",
        "autograder/audit/",
        "autograder/grading/",
        "autograder/jail/",
    ):
        assert any(name.startswith(secret) for name in away)
        assert not any(name.startswith(secret) and wanted(name) for name in names)
    assert sum(bool(UNWANTED.fullmatch(name)) for name in names) > 100


def test_what_students_run_is_wanted() -> None:
    paths = modules()
    for start in ("autograder.__main__", "autograder.checking", "autograder.commands.honesty"):
        for name in reachable(start, graph()):
            if name in paths:
                assert wanted(paths[name].relative_to(ROOT).as_posix()), name


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("public") / "course"
    write(public_files(this_course()), target)
    return target


def test_every_link_leads_somewhere(edition: Path) -> None:
    files = {path.relative_to(edition).as_posix() for path in edition.rglob("*")}
    dead = []
    for name in sorted(files):
        path = edition / name
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text("utf-8"))["cells"]
            text = "\n".join(
                "".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"
            )
        elif path.suffix == ".md":
            text = path.read_text("utf-8")
        else:
            continue
        for place in re.findall(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)", text):
            if "/" in place or "." in place:
                target = normpath(str(PurePosixPath(name).parent / place))
                dead += [f"{name}: {place}"] if target not in files else []
    assert not dead


def ran(edition: Path, *words: str, **environment: str) -> str:
    """A Python in the edition, which sees this course's libraries and nothing else of this course."""
    path = f"{edition / 'src'}{os.pathsep}{edition}"
    done = subprocess.run(
        [sys.executable, *words],
        cwd=edition,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_commands_are_those_that_are_there(edition: Path) -> None:
    told = ran(edition, "-m", "autograder")
    assert re.findall(r"^  (\w+)", told, re.MULTILINE) == ["honesty", "steps"]


TRY = """
import json, sys
import autograder
from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.units import EXERCISES
assert autograder.__file__.startswith(sys.argv[2]), autograder.__file__
import importlib
told = {}
for exercise, source in json.load(open(sys.argv[1])).items():
    scope = {}
    exec(source, scope)
    report = run_check(exercise, InProcess(scope[EXERCISES[exercise].function]), 1)
    told[exercise] = report.passed
for unit in {name[:2] for name in EXERCISES}:
    importlib.import_module(f"autograder.units.unit_{unit}.targets")
print(json.dumps([len(EXERCISES), told]))
"""


@pytest.mark.slow
def test_checks_and_figures_work_from_the_archive(edition: Path, tmp_path: Path) -> None:
    from autograder.units import EXERCISES

    wrong, right = "03_three_forms", ("00_log_mean_exp", "03_gap", "06_predicted_variances")
    answers = {
        each.exercise: each.source for each in corpus() if each.right and each.exercise in right
    }
    answers[wrong] = next(
        a.source for a in corpus("03_elbo") if a.exercise == wrong and not a.right
    )
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    (tmp_path / "try.py").write_text(TRY)
    told = ran(edition, str(tmp_path / "try.py"), str(tmp_path / "answers.json"), str(edition))
    number, passed = json.loads(told.splitlines()[-1])
    assert number == len(EXERCISES)
    assert passed == {**dict.fromkeys(right, True), wrong: False}
    assert not [
        path
        for path in edition.rglob("*.py")
        if CHECKS.fullmatch(path.relative_to(edition).as_posix())
    ]


# -- the command ------------------------------------------------------------------------------------------------------


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="neither empty nor"):
        main([str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_it_does_not_lie_inside_the_course() -> None:
    with pytest.raises(UsageError, match="inside the course"):
        main([str(ROOT / "build" / "public")])


@pytest.mark.slow
def test_made_proven_and_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "course"
    assert main([str(target)]) == 0
    assert "nothing leaks" in capsys.readouterr().out
    count = ["git", "rev-list", "--count", "--all"]
    assert subprocess.check_output(count, cwd=target).strip() == b"1"
    assert main([str(target)]) == 0
    assert "nothing has changed" in capsys.readouterr().out
    assert subprocess.check_output(count, cwd=target).strip() == b"1"
    (target / "LICENSE").write_text(body("03_gap"))
    git(target, "commit", "--all", "-m", "Mine")
    assert main(["--prove", str(target)]) == 1
    assert "LICENSE holds" in capsys.readouterr().out

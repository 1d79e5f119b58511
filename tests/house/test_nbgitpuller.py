"""nbgitpuller brings a repository, later changes too, and keeps what a student wrote. Run where nbgitpuller is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from scripts import elsewhere

pytest.importorskip(
    "nbgitpuller", reason="nbgitpuller belongs to a hub, not to the course's environment"
)


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def publish(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.ipynb").write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "The course")


def pull(address: str, branch: str, target: Path) -> None:
    command = [sys.executable, "-m", "nbgitpuller.pull", address, branch, str(target)]
    subprocess.run(command, cwd=target.parent, check=True, capture_output=True, timeout=60)


def test_a_repository_by_its_path_arrives_and_follows(tmp_path: Path) -> None:
    course, student = tmp_path / "course", tmp_path / "home" / "course"
    course.mkdir()
    student.parent.mkdir()
    git(course, "init", "--quiet", "--initial-branch=main")
    publish(course, one="first\n", two="first\n")
    pull(course.as_uri(), "main", student)
    assert (student / "one.ipynb").read_text() == "first\n"

    (student / "one.ipynb").write_text("mine\n")
    (student / "notes.txt").write_text("mine\n")
    publish(course, one="second\n", two="second\n", three="new\n")
    pull(course.as_uri(), "main", student)
    found = {path.name: path.read_text() for path in student.iterdir() if path.is_file()}
    assert found == {
        "one.ipynb": "mine\n",  # both changed it: the student's stays
        "notes.txt": "mine\n",
        "two.ipynb": "second\n",
        "three.ipynb": "new\n",
    }


def test_the_link_names_what_the_puller_asks_for() -> None:
    """The words of nbgitpuller's own handler: ``repo``, ``branch``, ``urlpath``."""
    address = urlsplit(elsewhere.links("ann/course_vi")["nbgitpuller"])
    asked = parse_qs(address.query)
    assert address.path == "/hub/user-redirect/git-pull"
    assert asked == {
        "repo": ["https://github.com/ann/course_vi"],
        "branch": ["main"],
        "urlpath": ["lab/tree/course_vi/README.md"],
    }

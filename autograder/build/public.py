"""The course without its solutions: what goes into the repository that students get.

Solutions, the corpus of answers, tests, attacks and all of grading stay behind; what students run goes along, from a list of what is
wanted and never of what is not. The checks must know what is right, or they could not tell a learner: they go along closed, in an
archive that Python reads and that neither a list of files, a search nor an editor's assistant opens by itself. That is a
curtain, no lock. ``public_proof`` looks whether anything came along that should not have.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path, PurePosixPath

from autograder.build.public_pages import makefile, read_me, without_dead_links
from autograder.course import Course, UsageError

__all__ = [
    "ARCHIVE",
    "WANTED",
    "clear",
    "empty_or_ours",
    "public_files",
    "tracked",
    "wanted",
    "write",
]

WANTED = (
    "lectures/",
    "notebooks/",
    "src/",
    "autograder/__init__.py",
    "autograder/__main__.py",
    "autograder/checking.py",
    "autograder/course.py",
    "autograder/checks/",
    "autograder/protocol/",
    "autograder/units/",
    "autograder/honesty/",
    "autograder/self_study/",
    "autograder/build/__init__.py",
    "autograder/build/cells.py",
    "autograder/commands/__init__.py",
    "autograder/commands/honesty.py",
    "autograder/commands/steps.py",
    "scripts/setup.py",
    "scripts/lab.py",
    "scripts/carry.py",
    "scripts/colab.py",
    "scripts/elsewhere.py",
    "scripts/lab_extensions/",
    "scripts/lab_settings/",
    "docs/capstone_rubric.md",
    "docs/elsewhere.md",
    "docs/laboratory.html",
    "docs/examples/",
    "docs/images/",
    "binder/",
    ".devcontainer/",
    ".dockerignore",
    ".gitattributes",
    ".gitignore",
    "CITATION.cff",
    "Containerfile",
    "LICENSE",
    "LICENSE-text",
    "Makefile",
    "README.md",
    "constraints.txt",
    "environment.yml",
    "pyproject.toml",
)
# Of a unit's folder: the corpus, and what only an author reads.
UNWANTED = re.compile(r"autograder/units/unit_\d\d/(answers/.*|mutants\.toml|nulls\.json)")
CHECKS = re.compile(r"autograder/units/(unit_\d\d/\w+\.py)")
ARCHIVE = "autograder/units/checks.zip"
DOOR = "autograder/units/__init__.py"
OPENED = '\n__path__.append(__path__[0] + "/checks.zip")  # the units, closed: open it, and you spoil your own course\n'
ENTRY_POINT = re.compile(
    r'\[project\.entry-points\."jupyter_client\.kernel_provisioners"\]\n.*\n\n'
)


def tracked(root: Path) -> list[str]:
    """The files that git knows in a course."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise UsageError(
            f"{root} is no git repository, and only what git knows is published: {done.stderr.strip()}"
        )
    return [name for name in done.stdout.split("\0") if name and (root / name).is_file()]


def wanted(name: str) -> bool:
    """Whether a file of the course is one that students get.

    >>> [wanted(name) for name in ("notebooks/03_elbo/03_elbo.ipynb", "solutions/03_elbo/03_elbo.py")]
    [True, False]
    >>> wanted("autograder/units/unit_03/answers/gap.py")
    False
    """
    listed = any(name.startswith(each) if each.endswith("/") else name == each for each in WANTED)
    return listed and not UNWANTED.fullmatch(name)


def public_files(course: Course) -> dict[str, bytes]:
    """What students get, by name."""
    names = [name for name in tracked(course.root) if wanted(name)]
    files = {name: (course.root / name).read_bytes() for name in names}
    files[ARCHIVE] = _archive({name: files.pop(name) for name in names if CHECKS.fullmatch(name)})
    files[DOOR] = _edited(files[DOOR], "\nimport importlib\nimport pkgutil\n", OPENED)
    files["README.md"] = read_me(course).encode()
    files["Makefile"] = makefile(files["Makefile"].decode()).encode()
    files["pyproject.toml"] = _without(files["pyproject.toml"], ENTRY_POINT)
    for name in [name for name in files if name.endswith(".md")]:
        files[name] = without_dead_links(name, files[name].decode(), files).encode()
    return files


def write(files: dict[str, bytes], target: Path) -> None:
    """Put the files into a repository: what it tracked before goes, and what it does not track stays."""
    if (target / ".git").exists():
        for name in tracked(target):
            (target / name).unlink()
    for name, data in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if data.startswith(b"#!") or PurePosixPath(name).parent.name == "binder":
            path.chmod(0o755)


def empty_or_ours(target: Path, course: Course) -> None:
    """Refuse a folder in which something else lies.

    Raises:
        UsageError: it lies in the course, or is neither empty nor a repository that this command made.
    """
    if target.resolve().is_relative_to(course.root.resolve()):
        raise UsageError(
            f"{target} lies inside the course; students get a repository of its own, elsewhere"
        )
    if not target.exists() or not any(target.iterdir()):
        return
    if not (target / ".git").exists() or not (target / ARCHIVE).is_file():
        raise UsageError(
            f"{target} is neither empty nor a students' repository that this command made before"
        )


def clear(target: Path) -> None:
    """Take away a folder that was made in vain."""
    shutil.rmtree(target, ignore_errors=True)


def _archive(files: dict[str, bytes]) -> bytes:
    """The units' checks, in an archive whose bytes depend on nothing else."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            found = CHECKS.fullmatch(name)
            assert found
            member = zipfile.ZipInfo(found[1])
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, files[name])
    return data.getvalue()


def _edited(data: bytes, after: str, what: str) -> bytes:
    text = data.decode()
    if text.count(after) != 1:
        raise UsageError(f"{DOOR} has changed: there is no single place for {what.strip()!r}")
    return text.replace(after, after + what).encode()


def _without(data: bytes, pattern: re.Pattern[str]) -> bytes:
    text, count = pattern.subn("", data.decode())
    if count != 1:
        raise UsageError(f"there is no single {pattern.pattern!r} in pyproject.toml")
    return text.encode()

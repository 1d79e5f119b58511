"""``python -m autograder public DEST``: the course without its solutions, as a repository for students, and the proof."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import nbformat

from autograder.audit.corpus import corpus
from autograder.build.public import clear, empty_or_ours, public_files, write
from autograder.build.public_proof import Leak, Secret, compare, names_ever, objects, runs, secrets
from autograder.build.release import leaks
from autograder.course import Course, UsageError, this_course

__all__ = ["main"]

NOBODY = ("-c", "user.name=course_vi", "-c", "user.email=nobody@localhost")


def main(argv: list[str]) -> int:
    """Make or refresh it, and prove it; nothing is written where the proof fails. 0 when nothing leaks."""
    parser = argparse.ArgumentParser(
        "python -m autograder public",
        description="the course without its solutions, as a git repository for students, and the proof that nothing leaks",
    )
    parser.add_argument("folder", type=Path, help="a new folder, or the one made last time")
    parser.add_argument(
        "--prove", action="store_true", help="prove what is there, and write nothing"
    )
    parser.add_argument("--message", default="The course", help="of the commit")
    options = parser.parse_args(argv)
    course, target = this_course(), options.folder
    known = secrets(course) + [
        Secret(answer.exercise, "right answer of the corpus", runs(answer.source))
        for answer in corpus()
        if answer.right
    ]
    if options.prove:
        if not (target / ".git").exists():
            raise UsageError(f"{target} is no git repository")
        return _prove(known, target)
    empty_or_ours(target, course)
    files = public_files(course)
    bad = [leak for leak in compare(known, files.items()) if leak.bad]
    told = [str(leak) for leak in bad] + _released(course)
    if told:
        raise UsageError("\n".join([*told, "nothing was written"]))
    new = not target.exists()
    write(files, target)
    changed = _commit(target, options.message)
    print(f"{len(files)} files in {target}" + ("" if changed else "; nothing has changed"))
    result = _prove(known, target)
    if result and new:
        clear(target)
    return result


def _released(course: Course) -> list[str]:
    """What of the solutions stands in students' notebooks, line by line, and notebooks that are not there."""
    told = []
    for unit in course.units():
        source, release = course.source(unit), course.release(unit)
        if source.is_file() and release.is_file():
            found = leaks(nbformat.read(source, as_version=4), nbformat.read(release, as_version=4))
            told += [f"notebooks/{unit}: {each}" for each in found]
    return told


def _commit(target: Path, message: str) -> bool:
    """Commit all of it; False if nothing has changed since the last time."""

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=target, capture_output=True, text=True)

    if not (target / ".git").exists():
        git("init", "--initial-branch=main")
    git("add", "--all")
    if git("diff", "--cached", "--quiet").returncode == 0:
        return False
    who = () if git("config", "user.email").stdout.strip() else NOBODY
    done = git(*who, "commit", "--quiet", "-m", message)
    if done.returncode:
        raise UsageError(f"git could not commit in {target}: {done.stderr.strip()}")
    return True


def _prove(known: list[Secret], target: Path) -> int:
    """Look through all that the repository holds, and say what was found."""
    held = list(objects(target))
    found: list[Leak] = compare(known, held)
    strangers = names_ever(target)
    for name in strangers:
        print(f"{name} is no file that students get")
    bad = [leak for leak in found if leak.bad]
    for leak in bad:
        print(leak)
    kinds = [secret.kind for secret in known]
    counted = ", ".join(f"{kind} {kinds.count(kind)}" for kind in dict.fromkeys(kinds))
    print(
        f"{len(known)} secrets ({counted}) were looked for in {len(held)} objects, old ones included"
    )
    short = [f"{secret.exercise} ({secret.kind})" for secret in known if not secret.runs]
    if short:
        print(f"too short to be told from anybody's line: {', '.join(short)}")
    if bad or strangers:
        print("SOMETHING LEAKS: do not publish this folder")
        return 1
    nearest = found[0] if found else None
    print("nothing leaks" + (f"; the nearest: {nearest}" if nearest else ""))
    return 0

"""The museum of mistakes: each wrong answer of the corpus beside the right one that it comes from, and what its check says to it.

Reports are asked of the checks themselves, once for each answer: ``verdicts`` keeps them in a file, by a digest of the answer and of the
code that checks it.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tqdm.auto import tqdm

from autograder.audit.corpus import UNITS as FOLDER
from autograder.audit.corpus import Answer, corpus
from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.units import EXERCISES
from course_vi.syllabus import Unit

__all__ = ["museum_pages", "verdicts"]

SEED = 1  # of the report that is shown


def verdicts(answers: Iterable[Answer], kept: Path, workers: int = 2) -> dict[str, str]:
    """What each wrong answer is told, by its name; asked again only where the answer or its check has changed."""
    wrong = [answer for answer in answers if not answer.right]
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    digests = {answer.name: _digest(answer) for answer in wrong}
    missing = [a for a in wrong if before.get(a.name, ["", ""])[0] != digests[a.name]]
    found = {name: before[name] for name in digests if name in before}
    if missing:
        with ProcessPoolExecutor(workers) as pool:
            told = pool.map(_told, missing, chunksize=4)
            for answer, text in zip(
                missing, tqdm(told, "asking the checks", len(missing)), strict=True
            ):
                found[answer.name] = [digests[answer.name], text]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found), encoding="utf-8")
    return {name: text for name, (_, text) in found.items()}


def museum_pages(units: Sequence[Unit], told: dict[str, str]) -> dict[str, str]:
    """The text of ``index`` and of a page for each unit that has wrong answers."""
    pages, rows = {}, []
    for unit in units:
        answers = corpus(unit.stem)
        wrong = [answer for answer in answers if not answer.right]
        if not wrong:
            continue
        pages[unit.stem] = _page(unit, answers, told)
        rows.append(f"| [{unit.number:02d} {unit.title}]({unit.stem}.md) | {len(wrong)} |")
    names = "\n".join(pages)
    pages["index"] = (
        "# The museum of mistakes\n\nEvery wrong answer that the tests hold against the checks: what differs from a right one, what is "
        "wrong, in a sentence, and what the check says to it. Each is caught on every seed that was tried, or it would not stand here. "
        "**These pages give right answers away**: come after an honest try, or with an exercise that you teach. The search field finds a "
        "symptom by its words.\n\n"
        "| Unit | Mistakes |\n|---|---|\n"
        + "\n".join(rows)
        + f"\n\n```{{toctree}}\n:hidden:\n{names}\n```\n"
    )
    return pages


def _page(unit: Unit, answers: Sequence[Answer], told: dict[str, str]) -> str:
    text = [f"# {unit.number:02d} {unit.title}: mistakes\n"]
    right = {answer.name: answer for answer in answers if answer.right}
    for name in dict.fromkeys(answer.exercise for answer in answers):
        exercise = EXERCISES[name]
        text.append(
            f"## {exercise.title}\n\n`{exercise.function}`, in [the problem set](../notebooks/{unit.stem}/{unit.stem}.ipynb).\n"
        )
        for answer in answers:
            if answer.exercise == name and not answer.right:
                text.append(_exhibit(answer, right[answer.parent], told.get(answer.name, "")))
    return "\n".join(text)


def _exhibit(answer: Answer, parent: Answer, told: str) -> str:
    heading = answer.short.removeprefix("wrong_").replace("_", " ")
    parts = [
        f"### {heading[:1].upper()}{heading[1:]}\n\n{answer.says}\n",
        f"````diff\n{_changed(parent.source, answer.source)}\n````\n",
    ]
    if told:
        parts.append(
            f":::{{admonition}} What the check says\n:class: dropdown\n````text\n{told}\n````\n:::\n"
        )
    return "\n".join(parts)


def _changed(right: str, wrong: str) -> str:
    """The right answer with what differs marked, line by line."""
    lines = difflib.ndiff(right.strip().splitlines(), wrong.strip().splitlines())
    return "\n".join(line.rstrip() for line in lines if not line.startswith("?"))


def _told(answer: Answer) -> str:
    return str(run_check(answer.exercise, InProcess(answer.load()), SEED))


def _digest(answer: Answer) -> str:
    """Of the answer, and of all code that its check is made of."""
    number = EXERCISES[answer.exercise].number
    files = [*FOLDER.parent.glob("checks/*.py"), *FOLDER.glob(f"unit_{number}/*.py")]
    text = b"".join(path.read_bytes() for path in sorted(files))
    return hashlib.sha256(answer.source.encode() + text).hexdigest()[:12]

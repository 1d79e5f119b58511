"""A class: its folder, its gradebook, and the way of one submission from what was handed in to a grade, a page and a line in the log.

========================  ==========================================================================================
``submitted/``            what students handed in; never changed
``intake/``               what the sanitizers made of it: one whole notebook each; nbgrader starts here
``autograded/``           nbgrader's executed notebooks, with the reports of the checks
``feedback/``             pages for students; also for submissions that could not be graded, with the reason
``gradebook.db``          nbgrader's, unless another ``db_url`` is given
``logs/UNIT/``            ``ledger.jsonl``, and the full story of what went wrong, by student
========================  ==========================================================================================
"""

from __future__ import annotations

import html
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from traitlets.config import Config

from autograder.course import CLASS, ROOT, Course, UsageError
from autograder.grading import points, provenance
from autograder.grading.ledger import Ledger
from autograder.grading.result import BUSY, Result, reason, trouble
from autograder.grading.submission import Submission
from autograder.intake import Refusal, submissions
from autograder.intake.companions import companions
from autograder.intake.names import printable, safe_id
from autograder.intake.read import Submission as Taken
from autograder.intake.read import content, take_in
from autograder.intake.template import released_cells
from autograder.intake.times import in_utc

__all__ = ["STEPS", "Classroom", "open_class"]

STEPS = (
    "submitted",
    "intake",
    "autograded",
    "feedback",
    "solution",
    "source_with_tests",
    "release",
    "logs",
)


@dataclass
class Classroom:
    """A class in a folder. ``db_url`` names another gradebook, such as ``postgresql+psycopg2://...``.

    ``trusted``: everyone in it is; its submissions are run even where the jail is too weak, and the grades say so.
    """

    course: Course
    folder: Path
    db_url: str = ""
    trusted: bool = False

    def __post_init__(self) -> None:
        from autograder.build import release
        from autograder.plugins.sql_cache import remember

        remember()
        if not self.folder.is_relative_to(self.course.root):
            raise UsageError(
                f"--class is {self.folder}; expected a folder inside the course, {self.course.root}, such as "
                f"{CLASS.relative_to(ROOT)}-2027: nbgrader finds a class by its way from there"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = release.load_config(ROOT)
        directory = self.config.CourseDirectory
        directory.root = str(self.course.root)
        for step in STEPS:
            setattr(
                directory,
                f"{step}_directory",
                (self.folder / step).relative_to(self.course.root).as_posix(),
            )
        directory.submitted_directory = (
            directory.intake_directory
        )  # nbgrader sees what the sanitizers made
        del directory["intake_directory"], directory["logs_directory"]
        self.config.CheckedExecute.secret_file = str(self.folder / "secret.key")
        if self.trusted:
            self.config.CheckedExecute.trusted = True
        directory.db_url = (
            self.db_url or f"sqlite:///{(self.folder / 'gradebook.db').as_posix()}?timeout={BUSY}"
        )

    @property
    def csv(self) -> Path:
        return self.folder / "grades.csv"

    def ledger(self, unit: str) -> Ledger:
        return Ledger(self.folder / "logs" / unit)

    def gradebook(self) -> Any:
        """nbgrader's gradebook of this class; close it, or use it with ``with``."""
        from nbgrader.api import Gradebook

        return Gradebook(self.config.CourseDirectory.db_url, self.config.CourseDirectory.course_id)

    @property
    def home(self) -> Path:
        """Where students' work lies, as it was handed in."""
        return self.folder / "submitted"

    def submitted(self, unit: str) -> list[str]:
        """Who handed something in for a unit, whatever it is."""
        return submissions.names(self.home, unit)

    def register(self, unit: str) -> None:
        """Enter a unit and its points into the gradebook, as ``nbgrader generate_assignment`` does.

        Raises:
            RuntimeError: that was not possible, and why.
        """
        from nbgrader.converters import GenerateAssignment

        from autograder.build.release import convert

        outcome = convert(GenerateAssignment, self.config, unit)
        if not outcome["success"]:
            log = outcome.get("log", "") + outcome.get("error", "")
            raise RuntimeError(f"nbgrader could not release {unit}: {trouble(log) or log}")

    def released(self, unit: str) -> Path:
        return self.folder / "release" / unit / f"{unit}.ipynb"

    def grade_one(
        self, unit: str, name: str, only: Sequence[str] = (), force: bool = False
    ) -> Result:
        """Grade one submission, write its feedback page and its line in the log. What goes wrong with it is told in the row."""
        student, ledger = safe_id(name), self.ledger(unit)
        with ledger.turn(student):
            decided_by = provenance.decided_by(unit, self.released(unit))
            submission = Submission.find(self.home, unit, name, decided_by)
            asked = submission.record(only)
            if not force and (before := self._current(submission, only)):
                return Result.of(before)  # another process was faster
            if only and not self._keeps(submission):
                only = ()  # there is nothing to keep: this submission was not the last to be graded
            whole = submission.key()
            also = [whole] if not only or self._current(submission, ()) else []
            started = time.perf_counter()
            row, record, grading = Result(student, status="failed"), dict[str, Any](), ""
            try:
                grading = ledger.begin(student)
                try:
                    row, record = self._graded(submission, only)
                except Refusal as refusal:
                    row = self._refused(unit, student, refusal)
                with self.gradebook() as gradebook:
                    record["auto"] = points.automatic(gradebook, unit, student)
            except Exception as error:  # no submission, whatever it holds, stops the batch
                row.failure = (
                    f"not graded: {trouble(str(error)) or f'{type(error).__name__}: {error}'[:200]}"
                )
            row.seconds = time.perf_counter() - started
            about = {**asked, "only": list(only), "also": also, "grading": grading}
            return self.logged(unit, row, {**about, **record})

    def _current(self, submission: Submission, only: Sequence[str]) -> dict[str, Any]:
        """The record that makes a grading superfluous: the student's last, for this key, and the gradebook holds what it says."""
        found = self.ledger(submission.unit).find(submission.student, submission.key(only))
        if not found:
            return {}
        with self.gradebook() as gradebook:
            holds = points.automatic(gradebook, submission.unit, submission.student)
        return found if found.get("auto") == holds else {}

    def _keeps(self, submission: Submission) -> bool:
        """Whether the gradebook's points are those of this submission, so that some of them may stay."""
        last = self.ledger(submission.unit).find(submission.student)
        return last.get("status") == "graded" and last.get("submission") == submission.digest

    def logged(self, unit: str, row: Result, record: dict[str, Any]) -> Result:
        """Write a row's line into the log, on disk before it is told."""
        row.failure = printable(row.failure, 1_000)
        row.repairs = tuple(printable(note, 1_000) for note in row.repairs)
        record |= {
            "student": row.student, "unit": unit, "status": row.status, "points": row.points, "total": row.total, "late": row.late,
            "reason": row.failure, "repairs": list(row.repairs), "seconds": round(row.seconds, 3),
            "when": datetime.now(UTC).isoformat(timespec="seconds"), "versions": provenance.versions(),
        }  # fmt: skip
        try:
            self.ledger(unit).append(record)
            if row.status != "failed":
                self.ledger(unit).end(row.student)
        except OSError as error:
            return Result(
                row.student,
                {},
                f"not graded: {trouble(str(error)) or error}; it will be graded again",
                "failed",
            )
        return row

    def _graded(self, submission: Submission, only: Sequence[str]) -> tuple[Result, dict[str, Any]]:
        from nbgrader.converters import Autograde, GenerateFeedback

        from autograder.build.release import convert

        unit, student, folder = submission.unit, submission.student, submission.folder
        if (self.home / submission.name).is_symlink():
            raise Refusal("link", "the student's folder")
        taken = take_in(folder, unit, released_cells(self.released(unit)))
        repairs = (*taken.notes, *self._stage(unit, student, folder, taken))
        config = Config(self.config)
        config.RestoreCells = Config(notes=list(repairs))
        if only:
            config.Autograde = Config(config.Autograde)
            steps = config.Autograde.autograde_preprocessors
            steps = [
                "autograder.plugins.save_some.SaveSome"
                if step.endswith(".SaveAutoGrades")
                else step
                for step in steps
            ]
            config.Autograde.autograde_preprocessors = steps
            config.SaveSome = Config(only=list(only))
            config.CheckedExecute = Config(config.CheckedExecute)
            config.CheckedExecute.only = list(only)
        before = self.ledger(unit).last(student)
        told: dict[str, dict[str, Any]] = {
            "answers": provenance.answers(taken.notebook),
            "worth": provenance.worth(taken.notebook),
        }
        with self.gradebook() as gradebook:
            settled = points.settled(gradebook, unit, student) - {
                name
                for name in told["answers"]
                if before.get("answers", {}).get(name) != told["answers"][name]
                or before.get("worth", told["worth"]).get(name) != told["worth"][name]
            }
        for converter in (Autograde, GenerateFeedback):
            outcome = convert(converter, config, unit, student)
            log = outcome.get("log", "") + outcome.get("error", "")
            if not outcome["success"]:
                self._write_log(unit, student, log)
                return Result(student, status="failed", failure=reason(log), repairs=repairs), {}
            if converter is Autograde:
                with self.gradebook() as gradebook:
                    scores, late = points.read(gradebook, unit, student, settled)
        jail = provenance.jail_record(self.folder / "autograded" / student / unit / f"{unit}.ipynb")
        return Result(student, scores, repairs=repairs, late=late), {**told, "jail": jail}

    def write_page(self, unit: str, student: str) -> str:
        """Write a graded student's feedback page anew, after a mark by hand; why not, if that was not possible."""
        from nbgrader.converters import GenerateFeedback

        from autograder.build.release import convert

        outcome = convert(GenerateFeedback, self.config, unit, student)
        return (
            "" if outcome["success"] else reason(outcome.get("log", "") + outcome.get("error", ""))
        )

    def _stage(self, unit: str, student: str, folder: Path, taken: Taken) -> list[str]:
        """Put a mended notebook, what goes with it, and when it was handed in, where nbgrader looks; notes on that."""
        place = self.folder / "intake" / student / unit
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        notes: list[str] = []
        for name, data in companions(folder, taken.found_as, notes).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
        (place / f"{unit}.ipynb").write_text(nbformat.writes(taken.notebook), encoding="utf-8")
        stamp = folder / "timestamp.txt"
        if not stamp.exists() and not stamp.is_symlink():
            return notes
        try:
            (place / "timestamp.txt").write_text(in_utc(content(stamp, 1_000).decode()))
        except (Refusal, ValueError, OverflowError, AttributeError, TypeError):
            notes.append(
                "The time of submission could not be read; it counts as handed in on time."
            )
        return notes

    def _refused(self, unit: str, student: str, refusal: Refusal) -> Result:
        """No grade, but a place in the gradebook, hence in every CSV, and a page that says why."""
        row = Result(student, failure=f"not graded: {refusal}", status="refused")
        with self.gradebook() as gradebook:
            gradebook.update_or_create_student(student)
            gradebook.update_or_create_submission(unit, student)
            for grade in gradebook.find_submission_notebook(unit, unit, student).grades:
                grade.auto_score, grade.needs_manual_grade = 0.0, False
            gradebook.db.commit()
        page = self.folder / "feedback" / student / unit / f"{unit}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{unit}</title></head><body style="font-family:sans-serif;'
            f'max-width:40em;margin:2em auto"><h1>{unit}: not graded</h1><p>{html.escape(str(refusal))}.</p><p>Please hand in again: '
            f"the notebook itself, {unit}.ipynb, saved from JupyterLab.</p></body></html>\n",
            encoding="utf-8",
        )
        return row

    def _write_log(self, unit: str, student: str, log: str) -> None:
        path = self.folder / "logs" / unit / f"{student}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(printable(line, 10_000) for line in log.splitlines()), "utf-8")


def open_class(
    course: Course, folder: Path = CLASS, db_url: str = "", trusted: bool = False
) -> Classroom:
    """The class in a folder. Its gradebook is ``db_url``, or the server's that ``nbgrader_config.py`` names, or a file in the folder."""
    from autograder.build import release

    configured = str(release.load_config(ROOT).CourseDirectory.db_url)
    return Classroom(
        course,
        folder,
        db_url or ("" if configured.startswith("sqlite") or folder != CLASS else configured),
        trusted,
    )

"""``python -m autograder COMMAND``: what an author or an instructor does. A file of that name in ``commands/`` does it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

COMMANDS = {
    "grade": "run the instructor's loop: autograde, feedback, gradebook as CSV and table",
    "mark": "a page on this machine for the questions that are answered in words",
    "collect": "collect submissions from a zip of Canvas or Moodle, or from folders",
    "extend": "more time for some students",
    "report": "the class at a glance: distribution, hardest exercise, commonest mistakes",
    "similarity": "which answers look alike",
    "export": "grades as CSV, and as Canvas and Moodle import them",
    "handback": "grades and feedback pages for Canvas or Moodle, with what would change there",
    "new": "lay out a unit, or say what one still lacks",
    "notebooks": "build all notebooks from their text masters, and prove them",
    "honesty": "run a capstone report's own claims again: seeds, pairs, thresholds, rest, the forecast",
    "steps": "for whoever learns alone: hints one by one, then the solution piece by piece, after a try",
    "site": "build the course as a static book",
    "slides": "make slides of the lectures",
    "figures": "lay out all figures of the lectures on one sheet",
    "smoke": "run every text master quickly, in forked children of a warm parent",
    "attacks": "grade a class of hostile notebooks, and see that every score is the honest one",
    "audit": "regrade the corpus of answers on many seeds",
    "mutants": "change right answers in one place, and count what the checks notice",
    "dictionary": "build what tells a change of a right answer from its behaviour, for learners' reports",
    "calibrate": "simulate how often a right answer would fail, and write the table",
    "syllabus": "which units in which week, with hours: for 5, 10 and 14 weeks, or your own plan",
    "public": "the course without its solutions, as a repository for students, and the proof that nothing leaks",
}
HERE = Path(__file__).parent / "commands"


def main(argv: list[str]) -> int:
    """Dispatch to a command; without one, list them: those that are in this copy of the course."""
    here = {name: says for name, says in COMMANDS.items() if (HERE / f"{name}.py").is_file()}
    if not argv or argv[0] not in here:
        print("usage: python -m autograder COMMAND [options]\n")
        for name, says in here.items():
            print(f"  {name:10s} {says}")
        return 0 if argv in ([], ["-h"], ["--help"]) else 2
    from autograder.course import UsageError

    try:
        return int(importlib.import_module(f"autograder.commands.{argv[0]}").main(argv[1:]))
    except UsageError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Closed book: the edition of ``course_vi`` that a kernel gets, made per problem set.

In it the bodies of the functions asked for, which each exercise names in its ``hides``, raise "you are asked to write this one".
Everything else is there: honest imports work, the answer is not to be had. What a right answer of the corpus uses stays in: for some
exercises a call of the library is an answer. Beside it lies an ``autograder`` without checks: what answers requests, the unit's
problems, and a ``check`` that does nothing. Figures to aim for are not made at all while a class is graded, unless they are asked
for: they took longer than most answers.
"""

from __future__ import annotations

import ast
import compileall
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from autograder.units import EXERCISES

__all__ = ["blanked", "figures", "hidden", "room", "write"]

HERE = Path(__file__).resolve().parents[1]
CORE = HERE.parent / "src" / "course_vi"
IGNORE = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
RAISE = 'raise NotImplementedError("you are asked to write this one")'
NO_FIGURE = "return __import__('matplotlib.figure', fromlist=['Figure']).Figure()"
BESIDE = ("protocol",)  # packages
FRONT = '''"""Inside a grading kernel: what answers the grader's requests. The checks are elsewhere."""

__all__ = ["check", "sealed_case", "steps"]


class Later:
    """What ``check`` returns here: the real one runs outside, after your cells."""

    points = 0.0
    passed = True
    parts = diagnoses = ()
    seed = 0

    def __repr__(self):
        return "the check runs outside, after your cells"


def sealed_case(exercise, seed):
    raise NotImplementedError("while a class is graded, what is sealed is kept outside")


def check(exercise, learner=None, seed=None):
    """Does nothing here, whatever it is given."""
    return Later()


def steps(exercise):
    """Shows nothing here: no solution lies where work is graded."""
'''


def blanked(source: str, names: Iterable[str], body: str = RAISE) -> str:
    """The source with the bodies of these functions replaced; signatures and docstrings stay. ``LookupError`` if one is not there.

    >>> print(blanked('def f(x):\\n    "Twice."\\n    return 2 * x\\n', ["f"], "raise TypeError"))
    def f(x):
        "Twice."
        raise TypeError
    """
    lines = source.splitlines()
    found = [(_find(ast.parse(source), name), name) for name in names]
    for function, _ in sorted(found, key=lambda pair: -pair[0].lineno):
        first = function.body[0]
        documented = (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        )
        start = (first.end_lineno or first.lineno) if documented else first.lineno - 1
        lines[start : function.end_lineno] = [" " * first.col_offset + body]
    return "\n".join(lines)


def _find(tree: ast.AST, name: str) -> ast.FunctionDef:
    here = tree
    for part in name.split("."):
        inside = [
            node
            for node in ast.iter_child_nodes(here)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == part
        ]
        if not inside:
            raise LookupError(f"there is no {name} to take out of the book")
        here = inside[-1]
    if not isinstance(here, ast.FunctionDef):
        raise LookupError(f"{name} is no function")
    return here


def hidden(unit: str) -> list[str]:
    """What the exercises of a unit hide, each place once."""
    return list(
        dict.fromkeys(
            place
            for exercise in EXERCISES.values()
            if exercise.number == unit[:2]
            for place in exercise.hides
        )
    )


def write(folder: Path, unit: str) -> None:
    """Write the edition of a unit, and the ``autograder`` that goes with it, into ``folder``.

    A hidden function that draws a figure gives an empty one, so that cells that show it still run.
    """
    shutil.copytree(CORE, folder / "course_vi", ignore=IGNORE)
    for module, names in _by_module(hidden(unit)).items():
        path = folder / "course_vi" / (module.replace(".", "/") + ".py")
        source = path.read_text(encoding="utf-8")
        drawn = set(figures(source)) & set(names)
        source = blanked(blanked(source, sorted(set(names) - drawn)), sorted(drawn), NO_FIGURE)
        path.write_text(source + "\n", encoding="utf-8")
    beside = folder / "autograder"
    beside.mkdir()
    (beside / "__init__.py").write_text(FRONT, encoding="utf-8")
    for name in BESIDE:
        shutil.copytree(HERE / name, beside / name, ignore=IGNORE)
    _unit(beside / "units", f"unit_{unit[:2]}")
    compileall.compile_dir(folder, quiet=2)


def figures(source: str) -> list[str]:
    """The functions of a module that return a ``Figure``."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return [
        one.name
        for one in functions
        if isinstance(one.returns, ast.Name) and one.returns.id == "Figure"
    ]


def _unit(units: Path, name: str) -> None:
    """Of the units' folders, the problems of one, and its figures to aim for, without what draws
    them: no checks, no references, no answers."""
    (units / name).mkdir(parents=True)
    for folder in (units, units / name):
        (folder / "__init__.py").touch()
    for problems in (HERE / "units" / name).glob("problems*.py"):
        shutil.copy(problems, units / name)
    targets = HERE / "units" / name / "targets.py"
    if targets.exists():
        source = targets.read_text(encoding="utf-8")
        functions = [
            node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)
        ]
        drawn = set(figures(source))
        private = [one for one in functions if one.startswith("_") and one not in drawn]
        source = blanked(blanked(source, private), sorted(drawn), NO_FIGURE)
        (units / name / "targets.py").write_text(source + "\n", encoding="utf-8")


def _by_module(places: Iterable[str]) -> dict[str, list[str]]:
    """Module to names."""
    found: dict[str, list[str]] = {}
    for place in places:
        module, name = place.split(":")
        found.setdefault(module, []).append(name)
    return found


def room(unit: str, folder: Path) -> Path:
    """The edition of a unit below ``folder``, written if it is not there yet: whole or not at all."""
    target = folder / f"room-{hashlib.sha256(unit.encode()).hexdigest()[:8]}"
    if not target.exists():
        scratch = Path(tempfile.mkdtemp(prefix="room-", dir=folder))
        try:
            write(scratch, unit)
            scratch.chmod(0o755)
            os.rename(scratch, target)
        except OSError:
            shutil.rmtree(scratch, ignore_errors=True)
            if not target.exists():
                raise
    return target

"""What is wrong with an entry of the ledger: each function returns sentences, none where all is well. Tests are read, not run."""

from __future__ import annotations

import ast
import importlib
import inspect
from functools import cache
from pathlib import Path

from autograder.checks.lecture_links import headings
from autograder.units import EXERCISES
from course_vi.ledger import SEEDS, Row, System
from course_vi.syllabus import UNITS

ROOT = Path(__file__).resolve().parents[2]


def faults(system: System) -> list[str]:
    """Of one system, or one signature exercise."""
    found = [f"{system.name}: {text}" for text in [*_taught(system), *_coded(system)]]
    found += [f"{system.name}: {text}" for text in [*_exercised(system), *_proven(system)]]
    return found


def faults_of_row(row: Row) -> list[str]:
    """Of a row as a whole: its systems cover its sources and its units, and no others name them."""
    found = [f"no such source: {key}" for key in row.seeds if key not in SEEDS]
    named = {seed for system in row.systems for seed in system.seeds}
    if named != set(row.seeds):
        found.append(f"its systems name the sources {sorted(named)}, the row {sorted(row.seeds)}")
    found += [f"{system.name}: no source names it" for system in row.systems if not system.seeds]
    taught = {place.unit for system in row.systems for place in system.taught}
    found += [f"not taught in unit {unit:02d}" for unit in row.units if unit not in taught]
    return [f"{row.title}: {text}" for text in found] + [f for s in row.systems for f in faults(s)]


def thing(name: str) -> object:
    """What a dotted name in ``course_vi`` stands for.

    Raises:
        LookupError: nothing public has this name.
    """
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        path = ".".join(["course_vi", *parts[:cut]])
        try:
            found: object = importlib.import_module(path)
        except ModuleNotFoundError as error:
            if error.name and path.startswith(error.name):
                continue
            raise
        if parts[cut] not in getattr(found, "__all__", ()):
            raise LookupError(f"{path} does not offer {parts[cut]}")
        for part in parts[cut:]:
            if part.startswith("_") or not hasattr(found, part):
                raise LookupError(f"there is no public {part} in {name}")
            found = getattr(found, part)
        return found
    raise LookupError(f"there is no course_vi.{name}")


def reached(test: str) -> set[str]:
    """The names that a test uses, itself or through what else stands in its file, or beside it: fixtures, helpers, tables.

    A name that was imported as another counts as what it was; words of a table (``"MeanField"``) count as well.

    Raises:
        LookupError: there is no such file, or no such test in it.
    """
    file, _, function = test.partition("::")
    path = ROOT / file
    if not path.is_file():
        raise LookupError(f"there is no {file}")
    if not function.startswith("test_") or function not in _file(path)[0]:
        raise LookupError(f"there is no test {function} in {file}")
    seen: set[tuple[Path, str]] = set()
    waiting = [(path, function)]
    found: set[str] = set()
    while waiting:
        here, name = waiting.pop()
        if (here, name) in seen:
            continue
        seen.add((here, name))
        defined, imported = _file(here)
        waiting += [(here, other) for node in defined.get(name, ()) for other in _names(node)]
        module, _, original = imported.get(name, "").rpartition(".")
        beside = here.with_name(f"{module}.py")
        if original and beside.is_file():
            waiting.append((beside, original))
        found |= {name, original, *module.split(".")}
    return found - {""}


@cache
def _file(path: Path) -> tuple[dict[str, list[ast.AST]], dict[str, str]]:
    """What a file defines at its top, and what its imported names were called where they come from."""
    defined: dict[str, list[ast.AST]] = {}
    imported: dict[str, str] = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{module}.{alias.name}"
        else:
            for name in ast.walk(node):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    defined.setdefault(name.id, []).append(node)
    return defined, imported


def _names(node: ast.AST) -> list[str]:
    found = []
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.append(part.id)
        elif isinstance(part, ast.Attribute):
            found.append(part.attr)
        elif isinstance(part, ast.arg):
            found.append(part.arg)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            found += [part.value] if part.value.isidentifier() else []
    return found


def _taught(system: System) -> list[str]:
    if not system.taught:
        return ["it is taught nowhere"]
    stems = {unit.number: unit.stem for unit in UNITS}
    return [
        f"no heading {place.heading!r} in the lecture of unit {place.unit:02d}"
        for place in system.taught
        if place.heading not in headings(stems.get(place.unit, ""))
    ]


def _coded(system: System) -> list[str]:
    found = _reason(system.coded, system.no_code, "code") if not system.agrees else []
    for name in system.coded:
        try:
            if not inspect.getdoc(thing(name)):
                found.append(f"{name} has no docstring")
        except LookupError as error:
            found.append(str(error.args[0]))
    return found


def _exercised(system: System) -> list[str]:
    found = _reason(system.exercised, system.no_exercise, "exercise")
    return found + [f"no exercise {key}" for key in system.exercised if key not in EXERCISES]


def _proven(system: System) -> list[str]:
    found = _reason(system.proven, system.no_proof, "proof")
    wanted = {name.rpartition(".")[2] for name in system.coded}
    if system.agrees:  # what proves a signature exercise runs what its own unit knows
        wanted = {f"unit_{place.unit:02d}" for place in system.taught}
    proved: set[str] = set()
    for test in system.proven:
        try:
            names = reached(test)
        except LookupError as error:
            found.append(str(error.args[0]))
            continue
        if not names & wanted:
            found.append(f"{test} names none of {', '.join(sorted(wanted))}")
        proved |= names
    missing = sorted(wanted - proved) if system.proven and not system.agrees else []
    return found + [f"no test that is named here uses {name}" for name in missing]


def _reason(entries: tuple[str, ...], reason: str, what: str) -> list[str]:
    if entries and reason:
        return [f"there is a reason for no {what}, and there is one"]
    return [] if entries or reason else [f"no {what}, and no reason for it"]

"""Who may import whom: the floors of the house, read from the source by `ast`. No import is run.

An import inside a function counts like one at the top of a file: it is the same dependence, met later.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLACES = {"course_vi": ROOT / "src" / "course_vi", "autograder": ROOT / "autograder"}
NOT_CODE = {"answers", "attacks", "class.data", "__pycache__"}

# From the ground up. A room may import from its own floor and from those below.
FLOORS = {
    "course_vi": [
        {"data", "exact", "expect", "mini_vi", "nets", "distributions"},
        {"graph", "models", "families"},
        {"bounds", "gradients"},
        {"learning", "diagnostics", "coding"},
        {"plots", "preflight", "pyro_twins"},
    ],
    # The ground floor is what runs beside a learner's code; it knows nothing of verdicts. What is not named here (the
    # workshop: grading, building, measuring) stands on the top floor.
    "autograder": [
        {"discover", "exercises", "problems", "wire", "agent", "jail", "edition", "secret", "outputs"},
        {"probes", "evidence", "report", "stumbles"},
        {"checks", "session", "asker", "levels", "running"},
        {"checking", "execute"},
    ],
}


# -- reading the source -----------------------------------------------------------------------------------------------


def modules() -> dict[str, Path]:
    """`{"course_vi.bounds": path, ...}`; a package stands under its own name."""
    found = {}
    for package, folder in PLACES.items():
        for path in sorted(folder.rglob("*.py")):
            inside = path.relative_to(folder).with_suffix("").parts
            if not NOT_CODE & set(inside):
                found[".".join((package, *inside)).removesuffix(".__init__")] = path
    return found


def imported(source: str, module: str, is_package: bool = False) -> list[tuple[str, list[str]]]:
    """Each import as (absolute name, names taken from it), relative ones resolved."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".") if is_package else module.split(".")[:-1]
            base = base[: len(base) - node.level + 1] if node.level else []
            found.append((".".join([*base, *filter(None, [node.module])]), [alias.name for alias in node.names]))
    return found


def targets(imports: list[tuple[str, list[str]]], known: set[str]) -> set[str]:
    """The modules of ours that these imports name: `from course_vi import bounds` means `course_vi.bounds`."""
    found = set()
    for name, taken in imports:
        for full in [f"{name}.{part}" for part in taken] or [name]:
            while full and full not in known:
                full = full.rpartition(".")[0]
            if full:
                found.add(full)
    return found


def edges() -> dict[str, set[str]]:
    paths = modules()
    found = {}
    for name, path in paths.items():
        source = path.read_text("utf-8")
        found[name] = targets(imported(source, name, path.name == "__init__.py"), set(paths)) - {name}
        if "import_units(__name__, __path__)" in source:  # a package that finds its units by itself imports them all
            found[name] |= {other for other in paths if other.startswith(f"{name}.unit_")}
    return found


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """Some cycle, as the list of its modules, or nothing."""
    done: set[str] = set()

    def visit(name: str, road: list[str]) -> list[str]:
        if name in road:
            return [*road[road.index(name) :], name]
        if name not in done:
            for other in sorted(graph.get(name, ())):
                if found := visit(other, [*road, name]):
                    return found
            done.add(name)
        return []

    return next(filter(None, (visit(name, []) for name in sorted(graph))), [])


def reachable(start: str, graph: dict[str, set[str]]) -> set[str]:
    """All that importing `start` loads, the packages that enclose each module included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name and name not in seen:
            seen.add(name)
            waiting += [*graph.get(name, ()), name.rpartition(".")[0]]
    return seen


def floor(module: str) -> int:
    """Which floor a module stands on; a package's own front door, which shows all floors, is at the top."""
    package, _, inside = module.partition(".")
    room = inside.partition(".")[0]
    floors = FLOORS[package]
    return next((level for level, rooms in enumerate(floors) if room in rooms), len(floors))


# -- the rules --------------------------------------------------------------------------------------------------------

GRAPH = edges()


def test_every_room_of_the_core_has_its_floor() -> None:
    homeless = [m for m in GRAPH if m.startswith("course_vi.") and floor(m) == len(FLOORS["course_vi"])]
    assert not homeless, f"give these rooms a floor, here and in the contributors' guide: {homeless}"


@pytest.mark.parametrize("package", sorted(PLACES))
def test_no_import_goes_upward(package: str) -> None:
    upward = []
    for module, others in GRAPH.items():
        for other in others:
            if module.split(".")[0] != package or other.split(".")[0] != package:
                continue
            if floor(other) > floor(module):
                upward.append(f"{module} -> {other}")
    assert not upward


def test_the_core_knows_nothing_of_grading() -> None:
    core = [module for module in GRAPH if module.split(".")[0] == "course_vi"]
    assert not [m for m in core if any(other.split(".")[0] == "autograder" for other in GRAPH[m])]


def test_bounds_import_nothing_of_ours() -> None:
    assert GRAPH["course_vi.bounds"] == set()


def test_there_is_no_cycle() -> None:
    assert cycle(GRAPH) == []


def test_one_file_imports_zuko() -> None:
    """zuko switches off argument validation for the whole process; the one file that imports it puts that right."""
    paths = modules()
    importers = [m for m in paths if any(n.split(".")[0] == "zuko" for n, _ in imported(paths[m].read_text("utf-8"), m))]
    assert len(importers) == 1, importers


def test_checks_need_no_more_than_a_learner_installs() -> None:
    """`from autograder import check` must work where only [lab] is installed."""
    not_a_learners = {"nbgrader", "jupytext", "pytest", "hypothesis", "playwright"}
    paths = modules()
    loaded = [name for name in reachable("autograder.checking", GRAPH) if name in paths]
    assert {"autograder.checks.unit_03_forms", "autograder.problems.unit_03", "autograder.exercises.unit_03"} <= set(loaded)
    for name in loaded:
        roots = {other.split(".")[0] for other, _ in imported(paths[name].read_text("utf-8"), name)}
        assert not roots & not_a_learners, name


# -- the rules can fail -----------------------------------------------------------------------------------------------


def test_imports_are_read_rightly() -> None:
    source = "import course_vi.a\nfrom course_vi import b\nfrom . import c\nfrom ..d import e\nfrom os import path\n"
    known = {"course_vi", *(f"course_vi.{name}" for name in ("a", "b", "d", "sub", "sub.c", "sub.m"))}
    assert targets(imported(source, "course_vi.sub.m"), known) == {
        "course_vi.a",
        "course_vi.b",
        "course_vi.sub.c",
        "course_vi.d",
    }
    assert targets(imported("def f():\n    from .m import g", "course_vi.sub", is_package=True), known) == {
        "course_vi.sub.m"
    }


def test_a_cycle_is_found() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_floors_are_ordered() -> None:
    assert floor("course_vi.bounds") == 2 and floor("course_vi.models.toy") == 1 and floor("course_vi") == 5
    assert floor("autograder.grade") == len(FLOORS["autograder"])

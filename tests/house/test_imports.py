"""Who may import whom: the floors of the house, read from the source by `ast`. No import is run.

An import inside a function counts like one at the top of a file: it is the same dependence, met later.
"""

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = {"course_vi": ROOT / "src" / "course_vi", "autograder": ROOT / "autograder"}
NOT_CODE = {"answers", "attacks", "class.data", "__pycache__"}

# From the ground up. A room may import from its own floor and from those below.
FLOORS = {
    "course_vi": [
        {"freezing", "validate", "data", "exact", "ledger", "mini_vi", "nets", "syllabus"},
        {"chains", "distributions"},
        {"graph", "models", "families"},
        {"bounds", "contracts", "gradients"},
        {"learning", "diagnostics", "coding"},
        {
            "atlas",
            "experiments",
            "laboratory",
            "plots",
            "preflight",
            "progress",
            "pyro_twins",
            "study",
        },
    ],
    # The ground floor is what runs beside a learner's code; it knows nothing of verdicts.
    "autograder": [
        {"protocol", "jail", "intake"},
        {"checks"},
        {"units", "execution"},
        {"checking", "course", "self_study"},
        {"plugins"},
        {"build"},
        {"grading"},
        {"reports", "audit", "honesty"},
        {"site", "slides"},
        {"commands", "__main__"},
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
            found.append(
                (
                    ".".join([*base, *filter(None, [node.module])]),
                    [alias.name for alias in node.names],
                )
            )
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
        found[name] = targets(imported(source, name, path.name == "__init__.py"), set(paths)) - {
            name
        }
        if name == "autograder.units":  # it finds the units by itself, and imports them all
            found[name] |= {
                other for other in paths if re.fullmatch(r"autograder\.units\.unit_\d\d", other)
            }
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


@functools.cache
def graph() -> dict[str, set[str]]:
    return edges()


@pytest.mark.parametrize("package", sorted(PLACES))
def test_every_room_has_its_floor(package: str) -> None:
    homeless = [
        m for m in graph() if m.startswith(f"{package}.") and floor(m) == len(FLOORS[package])
    ]
    assert not homeless, (
        f"give these rooms a floor, here and in the contributors' guide: {homeless}"
    )


@pytest.mark.parametrize("package", sorted(PLACES))
def test_no_import_goes_upward(package: str) -> None:
    upward = []
    for module, others in graph().items():
        for other in others:
            if module.split(".")[0] != package or other.split(".")[0] != package:
                continue
            if floor(other) > floor(module):
                upward.append(f"{module} -> {other}")
    assert not upward


def test_the_core_knows_nothing_of_grading() -> None:
    core = [module for module in graph() if module.split(".")[0] == "course_vi"]
    assert not [m for m in core if any(other.split(".")[0] == "autograder" for other in graph()[m])]


def test_models_and_families_do_not_know_each_other() -> None:
    """Two of the four choices. What they share stands below them, in ``distributions`` and ``nets``."""
    arrows = [(module, other) for module, others in graph().items() for other in others]
    pairs = [("course_vi.models", "course_vi.families"), ("course_vi.families", "course_vi.models")]
    assert not [
        f"{a} -> {b}"
        for a, b in arrows
        if any(a.startswith(one) and b.startswith(two) for one, two in pairs)
    ]


def private_imports(source: str, module: str, is_package: bool = False) -> list[str]:
    """Names with a leading underscore that a file takes from another of ours."""
    ours = tuple(f"{package}." for package in PLACES)
    return [
        f"{name}.{part}"
        for name, taken in imported(source, module, is_package)
        if f"{name}.".startswith(ours)
        for part in taken
        if part.startswith("_") and not part.startswith("__")
    ]


def test_no_private_name_crosses_a_file_of_the_core() -> None:
    paths = {name: path for name, path in modules().items() if name.split(".")[0] == "course_vi"}
    crossing = {
        name: private_imports(path.read_text("utf-8"), name, path.name == "__init__.py")
        for name, path in paths.items()
    }
    assert not {name: taken for name, taken in crossing.items() if taken}


def test_bounds_import_nothing_of_ours() -> None:
    assert graph()["course_vi.bounds"] == set()


def test_there_is_no_cycle() -> None:
    assert cycle(graph()) == []


def test_no_unit_imports_another() -> None:
    unit = re.compile(r"autograder\.units\.(unit_\d\d)")
    pairs = [
        (module, other)
        for module in graph()
        if unit.match(module)
        for other in graph()[module]
        if unit.match(other)
    ]
    assert pairs and not [pair for pair in pairs if len({unit.match(name)[1] for name in pair}) > 1]


def test_problems_know_nothing_of_checks() -> None:
    """They lie beside the learner's code, where a class is graded, and nothing else of their folder does."""
    for module in graph():
        if re.fullmatch(r"autograder\.units\.unit_\d\d\.problems\w*", module):
            beside = f"{module.rpartition('.')[0]}.problems"
            others = graph()[module] - {m for m in graph() if m.startswith(beside)}
            assert not [o for o in others if re.match(r"autograder\.(units|checks)", o)], module


def test_one_file_imports_zuko() -> None:
    """zuko switches off argument validation for the whole process; the one file that imports it puts that right."""
    paths = modules()
    importers = [
        m
        for m in paths
        if any(n.split(".")[0] == "zuko" for n, _ in imported(paths[m].read_text("utf-8"), m))
    ]
    assert len(importers) == 1, importers


def test_checks_need_no_more_than_a_learner_installs() -> None:
    """`from autograder import check` must work where only [lab] is installed."""
    not_a_learners = {"nbgrader", "jupytext", "pytest", "hypothesis", "playwright"}
    paths = modules()
    loaded = [name for name in reachable("autograder.checking", graph()) if name in paths]
    assert {
        "autograder.units.unit_03.gap",
        "autograder.units.unit_03.reference",
        "autograder.checks.exercise",
    } <= set(loaded)
    for name in loaded:
        roots = {other.split(".")[0] for other, _ in imported(paths[name].read_text("utf-8"), name)}
        assert not roots & not_a_learners, name


# -- the rules can fail -----------------------------------------------------------------------------------------------


def test_imports_are_read_rightly() -> None:
    source = "import course_vi.a\nfrom course_vi import b\nfrom . import c\nfrom ..d import e\nfrom os import path\n"
    known = {
        "course_vi",
        *(f"course_vi.{name}" for name in ("a", "b", "d", "sub", "sub.c", "sub.m")),
    }
    assert targets(imported(source, "course_vi.sub.m"), known) == {
        "course_vi.a",
        "course_vi.b",
        "course_vi.sub.c",
        "course_vi.d",
    }
    assert targets(
        imported("def f():\n    from .m import g", "course_vi.sub", is_package=True), known
    ) == {"course_vi.sub.m"}


def test_a_private_name_is_found() -> None:
    source = "from course_vi.b import _c, d\nfrom os import _exit\nfrom .e import _f\nfrom course_vi import __version__\n"
    assert private_imports(source, "course_vi.sub.m") == ["course_vi.b._c", "course_vi.sub.e._f"]


def test_a_cycle_is_found() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_floors_are_ordered() -> None:
    assert (
        floor("course_vi.bounds") == 3
        and floor("course_vi.models.deep.vae") == 2
        and floor("course_vi") == 6
    )
    assert floor("autograder.commands.grade") == len(FLOORS["autograder"]) - 1

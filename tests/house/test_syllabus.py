"""The list of units agrees with itself, with the files of the course, and with the README."""

from pathlib import Path

from course_vi.syllabus import UNITS, table

ROOT = Path(__file__).resolve().parents[2]
HERE = sorted(int(path.name[:2]) for path in (ROOT / "lectures").glob("[0-9][0-9]_*.py"))


def test_units_are_numbered_and_lead_forward() -> None:
    assert [unit.number for unit in UNITS] == list(range(20))
    assert all(need < unit.number for unit in UNITS for need in unit.needs)
    assert len({unit.name for unit in UNITS}) == len({unit.title for unit in UNITS}) == len(UNITS)


def test_the_core_needs_nothing_outside_itself() -> None:
    assert [unit.number for unit in UNITS if unit.core] == [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        8,
        9,
        10,
        11,
        13,
        14,
    ]
    assert all(UNITS[need].core for unit in UNITS if unit.core for need in unit.needs)


def test_signatures_are_numbered_in_order() -> None:
    assert [unit.signature for unit in UNITS if unit.signature] == [f"S{n}" for n in range(1, 11)]


def test_files_bear_the_names_of_the_list() -> None:
    stems = {unit.stem for unit in UNITS}
    assert {path.stem for path in (ROOT / "lectures").glob("[0-9][0-9]_*.py")} <= stems
    assert {path.name for path in (ROOT / "solutions").glob("[0-9][0-9]_*")} <= stems


def test_the_readme_has_the_table() -> None:
    assert table(HERE) in (ROOT / "README.md").read_text("utf-8")

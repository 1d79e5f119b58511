"""A walk through the ledger: what the sources name is taught, coded, exercised and proven where the ledger says."""

from __future__ import annotations

import re
import sys

import pytest

from autograder.course import ROOT
from autograder.site.ledger_page import anchor_of_book, ledger_page
from autograder.units import EXERCISES
from course_vi.ledger import ROWS, SIGNATURES, Place, Row, System, read
from course_vi.syllabus import UNITS

sys.path.insert(0, str(ROOT / "tests" / "house"))

from ledger_walk import faults, faults_of_row, reached, thing  # noqa: E402

SYSTEMS = [system for row in ROWS for system in row.systems]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_every_entry_is_where_the_ledger_says(row: Row) -> None:
    assert not faults_of_row(row)


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda signature: signature.name)
def test_every_signature_exercise_is_where_the_ledger_says(signature: System) -> None:
    assert signature.agrees and not faults(signature)
    (number,) = {place.unit for place in signature.taught}
    assert {key[:2] for key in signature.exercised} == {f"{number:02d}"}
    assert signature.name == (UNITS[number].signature or f"S of unit {number:02d}")


def test_the_ledger_is_whole() -> None:
    """As many rows as the sources' list has, no thing twice, every unit, every signature exercise."""
    assert len({row.title for row in ROWS}) == len(ROWS) == 28
    assert len({system.name for system in SYSTEMS}) == len(SYSTEMS) > 70
    assert {place.unit for system in SYSTEMS for place in system.taught} == set(range(20))
    numbered = [unit.signature for unit in UNITS if unit.signature]
    assert [s.name for s in SIGNATURES][: len(numbered)] == numbered
    bear_the_letter = {key for key, one in EXERCISES.items() if re.match(r"S\d*: ", one.title)}
    assert bear_the_letter <= {key for one in SIGNATURES for key in one.exercised}


def test_few_things_are_without_code_exercise_or_proof() -> None:
    assert [s.name for s in SYSTEMS if s.no_code] == ["MAP-II", "NumPyro", "pyro.api"]
    assert [s.name for s in SYSTEMS if s.no_proof] == ["MAP-II", "NumPyro", "pyro.api"]
    assert sum(bool(s.no_exercise) for s in SYSTEMS) <= 9


def test_the_page_is_made_from_the_ledger_and_its_links_hold() -> None:
    page = (ROOT / "docs" / "ledger.md").read_text("utf-8")
    assert page == ledger_page(), "run python scripts/ledger_page.py --write"
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page)
    assert len(targets) > 200 and all((ROOT / "docs" / target).is_file() for target in targets)
    assert all(system.name in page for system in SYSTEMS)


def test_the_book_has_the_page_with_anchors_of_its_own() -> None:
    text = ledger_page(anchor_of_book)
    assert "(../lectures/03_elbo.ipynb#6-which-kl)" in text
    assert "(../lectures/03_elbo.ipynb#6.-Which-KL?)" in ledger_page()
    assert re.sub(r"#[^)]*\)", ")", text) == re.sub(r"#[^)]*\)", ")", ledger_page())


# -- the walk can fail ------------------------------------------------------------------------------------------------

SOUND = System(
    name="ELBO",
    taught=(Place(3, "6. Which KL?"),),
    exercised=("03_gap",),
    proven=("tests/core/test_bounds.py::test_values_by_hand",),
    coded=("bounds.elbo",),
    seeds=("004",),
)


def test_a_sound_entry_has_no_faults() -> None:
    assert faults(SOUND) == []
    assert faults_of_row(Row("KL", ("004",), (3,), (SOUND,))) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"taught": ()}, "taught nowhere"),
        ({"taught": (Place(3, "6. Which LK?"),)}, "no heading '6. Which LK?'"),
        ({"taught": (Place(4, "6. Which KL?"),)}, "in the lecture of unit 04"),
        ({"taught": (Place(20, "6. Which KL?"),)}, "in the lecture of unit 20"),
        ({"coded": ()}, "no code, and no reason"),
        ({"no_code": "it is hard"}, "a reason for no code, and there is one"),
        ({"coded": ("bounds.elbow",)}, "course_vi.bounds does not offer elbow"),
        ({"coded": ("bounds._power_first",)}, "does not offer _power_first"),
        ({"coded": ("bounds.torch",)}, "does not offer torch"),
        ({"coded": ("models.VAE.encode",)}, "no public encode"),
        ({"coded": ("wishes.elbo",)}, "no course_vi.wishes.elbo"),
        ({"coded": ("bounds.elbo", "bounds.renyi")}, "no test that is named here uses renyi"),
        ({"exercised": ("03_gaps",)}, "no exercise 03_gaps"),
        ({"exercised": ()}, "no exercise, and no reason"),
        ({"proven": ()}, "no proof, and no reason"),
        (
            {"proven": ("tests/core/test_bound.py::test_values_by_hand",)},
            "no tests/core/test_bound.py",
        ),
        ({"proven": ("tests/core/test_bounds.py::test_values",)}, "no test test_values in"),
        ({"proven": ("tests/core/test_bounds.py::randn",)}, "no test randn in"),
        ({"proven": ("tests/core/test_hmm.py::test_refusals",)}, "names none of elbo"),
    ],
)
def test_a_broken_entry_is_found(change: dict[str, object], says: str) -> None:
    (found,) = [f for f in faults(SOUND._replace(**change)) if says in f]
    assert found.startswith("ELBO: ")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (Row("KL", ("004", "005"), (3,), (SOUND,)), "no such source: 005"),
        (Row("KL", ("001", "004"), (3,), (SOUND,)), "its systems name the sources ['004']"),
        (Row("KL", ("004",), (3, 12), (SOUND,)), "not taught in unit 12"),
        (Row("KL", (), (3,), (SOUND._replace(seeds=()),)), "ELBO: no source names it"),
        (Row("KL", ("004",), (3,), ()), "its systems name the sources []"),
    ],
)
def test_a_broken_row_is_found(row: Row, says: str) -> None:
    assert any(says in found for found in faults_of_row(row))


def test_names_are_followed_through_a_file_and_no_further() -> None:
    """A fixture, a helper that calls a helper, a table, a name that was changed at its import; nothing that another test uses."""
    names = reached("tests/house/test_ledger.py::test_a_sound_entry_has_no_faults")
    assert {"SOUND", "System", "bounds", "faults", "ledger_walk"} <= names | {"bounds"}
    assert "parametrize" not in names and "find" not in names
    assert callable(thing("learning.em")) and callable(thing("learning.em.free_energy"))


@pytest.mark.parametrize("place", ["3 Which KL?", "03", "Which KL?"])
def test_a_place_without_a_unit_is_refused(place: str) -> None:
    text = f"""seeds = {{}}
row = []
[[signature]]
name = "S1"
taught = ["{place}"]
exercised = []
proven = []
"""
    with pytest.raises(ValueError, match="expected one such as '03 6. Which KL\\?'"):
        read(text)

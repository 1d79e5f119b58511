"""Syllabi respect what builds on what, and the page shows the hours that lectures and exercises state now."""

from __future__ import annotations

import itertools
import re

import pytest

from autograder.build.syllabi import CORE, SYLLABI, faults, table
from autograder.commands.syllabus import main
from autograder.course import ROOT, UsageError, this_course
from course_vi.syllabus import UNITS

PAGE = ROOT / "docs" / "instructor" / "syllabi.md"
PLANS = pytest.mark.parametrize("name", SYLLABI)


@PLANS
def test_every_unit_comes_after_all_that_it_builds_on(name: str) -> None:
    """Said again, without ``faults``: the place of each unit is behind those of its needs."""
    order = list(itertools.chain(*SYLLABI[name].weeks))
    assert len(order) == len(set(order))
    assert all(need in order[: order.index(unit)] for unit in order for need in UNITS[unit].needs)
    assert faults(SYLLABI[name].weeks) == []


@PLANS
def test_it_has_as_many_weeks_as_it_is_called_and_none_is_too_full(name: str) -> None:
    assert len(SYLLABI[name].weeks) == int(name.split("-")[0])
    rows = re.findall(
        r"^\| \d+ \|.*\| ([\d.]+) \|$", table(this_course(), SYLLABI[name].weeks), re.MULTILINE
    )
    assert len(rows) == len(SYLLABI[name].weeks)
    assert max(map(float, rows)) <= 10


@PLANS
def test_the_page_has_the_table_of_today(name: str) -> None:
    plan = SYLLABI[name]
    section = f"## {plan.title}\n\n{plan.says}\n\n{table(this_course(), plan.weeks)}\n"
    assert section in PAGE.read_text("utf-8"), (
        f"write it again: python -m autograder syllabus {name}"
    )


def test_ten_weeks_are_the_core() -> None:
    assert sorted(itertools.chain(*CORE)) == [unit.number for unit in UNITS if unit.core]


def test_each_of_the_other_units_may_follow_the_core() -> None:
    """What the page says of the last four weeks."""
    for unit in UNITS:
        if not unit.core:
            assert faults([*CORE, [unit.number]]) == []


@pytest.mark.parametrize(
    ("weeks", "says"),
    [
        ("00, 01, 03", "week 3: 03 builds on 02, which has not been taught"),
        ("00, 00", "week 2: 00 has been taught"),
        ("00, 20", "week 2: there is no unit 20"),
        ("first", "weeks is 'first'"),
    ],
)
def test_a_plan_that_is_none_is_refused(weeks: str, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        main(["--weeks", weeks])


def test_a_plan_of_your_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--weeks", "00+01, 02, 03+05+06, 09, 10"]) == 0
    assert capsys.readouterr().out.count("\n| ") == 6

"""The laboratory's page without a kernel holds what the computing part answers, and a real browser moves its controls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from autograder.course import ROOT
from course_vi.laboratory import page
from tests import browser

PATH = ROOT / "docs" / "laboratory.html"
DATA = page.grid_of(PATH.read_text("utf-8"))
PLACES = list(page.places())


def alike(found: Any, wanted: Any) -> bool:
    """Equal to three digits, whatever rounds differently elsewhere; the histogram's letters and the clock are left out."""
    if isinstance(wanted, dict):
        return all(alike(found[name], value) for name, value in wanted.items() if name != "seconds")
    if isinstance(wanted, list):
        return all(map(alike, found, wanted))
    if isinstance(wanted, float) and isinstance(found, (int, float)):
        return abs(found - wanted) <= 2e-3 * abs(wanted) + 1e-9
    return isinstance(wanted, str) and len(found) == len(wanted) or found == wanted


def test_the_page_is_one_file_under_a_megabyte() -> None:
    text = PATH.read_text("utf-8")
    assert PATH.stat().st_size < 1_000_000
    assert not re.search(r"""(src|href)=|@import|url\(|fetch\(""", text)


def test_the_page_is_what_its_grid_and_its_template_make() -> None:
    assert page.page(DATA) == PATH.read_text("utf-8"), (
        "run python scripts/laboratory_page.py --keep"
    )


def test_every_combination_has_an_answer_or_a_reason() -> None:
    assert set(DATA["answers"]) == {page.key(place) for place in PLACES}
    for place in PLACES:
        found = DATA["answers"][page.key(place)]
        try:
            page.settings_at(place)
            assert set(found["gradients"]) >= {"loc", "log_scale"}
        except ValueError as error:
            assert found == str(error)


@pytest.mark.parametrize("place", PLACES[7::97], ids=page.key)
def test_numbers_on_the_page_are_those_of_the_computing_part(place: tuple[int, ...]) -> None:
    found, wanted = DATA["answers"][page.key(place)], page.answer(place)
    assert alike(found, wanted), (found, wanted)


@pytest.fixture(scope="module")
def view() -> Iterator[Any]:
    with browser.page() as opened:
        opened.goto(PATH.as_uri())
        yield opened


def shown(view: Any, name: str) -> str:
    return str(view.text_content(f"#{name}")).replace("−", "-")


@pytest.mark.slow
@pytest.mark.browser
def test_a_moved_control_shows_the_numbers_of_the_grid(view: Any) -> None:
    """Predict, look; move a control, predict again; a closed form; a combination that means nothing; no mouse."""
    errors: list[str] = []
    view.on("pageerror", lambda error: errors.append(str(error)))
    assert view.locator("#waiting").count() == 1 and view.locator("table").count() == 0
    places = [(0, 1, 1, 0, 1, 2), (0, 2, 2, 1, 2, 3), (1, 1, 0, 2, 1, 4), (2, 0, 1, 1, 2, 1)]
    for place in places:
        for axis, chosen in enumerate(place):
            view.select_option(f"#choice-{axis}", index=chosen)
        assert view.locator("table").count() == 0, "a new experiment asks for a new prediction"
        view.check("#expected-0")
        row = DATA["answers"][page.key(place)]["gradients"]["loc"]
        assert float(shown(view, "loc-exact")) == pytest.approx(row[0], rel=1e-3, abs=1e-12)
        bias, error = re.findall(r"-?[\d.]+(?:e[+-]?\d+)?", shown(view, "loc-bias"))[:2]
        assert float(bias) == pytest.approx(row[1], rel=1e-3, abs=1e-12)
        assert float(error) == pytest.approx(row[2], rel=1e-3, abs=1e-12)
        assert DATA["findings"][row[12]] in shown(view, "verdict")
        assert view.locator("#pictures svg[role=img][aria-label]").count() == 3
    # ELBO of the toy: -2 (m - x/2) with q half a posterior standard deviation off, and log p(x) for x = 2.
    for axis, chosen in enumerate(places[0]):
        view.select_option(f"#choice-{axis}", index=chosen)
    view.check("#expected-1")
    assert float(shown(view, "loc-exact")) == pytest.approx(-(0.5**0.5), abs=1e-3)
    assert "log p(x) is -2.266" in shown(view, "bound")
    view.focus("#choice-5")
    view.keyboard.press("ArrowUp")
    assert "score function with baseline" in view.text_content("#choice-5 option:checked")
    view.select_option("#choice-4", index=0)
    assert "num_samples is 1" in shown(view, "refused") and not errors

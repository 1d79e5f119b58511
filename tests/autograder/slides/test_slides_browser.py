"""Every deck in Chromium at 1280 by 720: all slides fit, formulas are drawn, nothing complains, hands are counted, notes are told."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from autograder.course import this_course
from autograder.slides import deck
from course_vi.syllabus import UNITS
from tests import browser

pytestmark = [pytest.mark.slow, pytest.mark.browser]
SMALLEST = 20  # pixels, of words
# On the slide that is shown: what is larger than its place, what sticks out, pictures that are missing or not larger than a stamp.
TROUBLE = r"""() => {
  const slide = Reveal.getCurrentSlide(), box = slide.getBoundingClientRect(), found = [];
  if (slide.scrollHeight > slide.clientHeight || slide.scrollWidth > slide.clientWidth) found.push("overflows");
  for (const part of slide.querySelectorAll(".body *")) {
    const at = part.getBoundingClientRect();
    const out = at.right > box.right + 1 || at.left < box.left - 1 || at.bottom > box.bottom + 1;
    if (at.width && out) found.push(`${part.tagName} sticks out`);
  }
  for (const image of slide.querySelectorAll("img"))
    if (!image.naturalWidth || image.clientHeight < 150) found.push(`a picture of ${image.naturalWidth}, ${image.clientHeight} high`);
  const words = [...slide.childNodes].filter((node) => !node.matches?.("aside")).map((node) => node.textContent).join("");
  if (/\\\(|\\\[|\$\$/.test(words)) found.push("a formula in letters");
  if (parseFloat(slide.querySelector(".body").style.fontSize) < SMALLEST) found.push("small");
  return found;
}""".replace("SMALLEST", str(SMALLEST))


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("sphinx_revealjs") is None:
        pytest.skip("Reveal.js is not installed; `make test-all` installs it")
    out = tmp_path_factory.mktemp("slides") / "decks"
    deck.build_decks(this_course(), out)
    return out


def open_deck(view: Any, page: Path) -> int:
    """Open a deck from its file; the number of its slides."""
    view.goto(page.as_uri())
    view.wait_for_selector("body[data-ready]", timeout=120_000)
    return int(view.evaluate("Reveal.getTotalSlides()"))


def test_all_slides_fit_and_nothing_complains(decks: Path) -> None:
    trouble: list[str] = []
    told = ("file:", "data:", "blob:")
    with browser.page(720) as view:
        view.on("pageerror", lambda error: trouble.append(f"{view.url}: {error}"))
        view.on("console", lambda said: trouble.append(said.text) if said.type in ("error", "warning") else None)  # fmt: skip
        view.on("requestfailed", lambda sent: trouble.append(f"{sent.url} is missing"))
        view.on("request", lambda sent: None if sent.url.startswith(told) else trouble.append(sent.url))  # fmt: skip
        for unit in UNITS:
            count = open_deck(view, decks / f"{unit.stem}.html")
            assert view.evaluate("document.querySelectorAll('.slides mjx-container svg').length") > 20  # fmt: skip
            assert view.evaluate("document.querySelectorAll('mjx-merror').length") == 0
            assert view.evaluate("document.fonts.check('600 38px \"Source Sans Pro\"')")
            for number in range(count):
                view.evaluate(f"Reveal.slide({number})")
                trouble += [f"{unit.stem}, slide {number + 1}: {what}" for what in view.evaluate(TROUBLE)]  # fmt: skip
        # What is too much is seen, here and by the deck itself, which sets it smaller.
        lines = "insertAdjacentHTML('beforeend', '<p>line</p>'.repeat(30))"
        view.evaluate(f"document.querySelector('section.present .body').{lines}")
        assert "overflows" in view.evaluate(TROUBLE)
    assert not trouble, "\n".join(trouble)


def test_hands_are_counted_answers_wait_and_notes_are_told(decks: Path) -> None:
    counts = "[...document.querySelectorAll('section.present output')].map((count) => Number(count.value))"
    with browser.page(720) as view:
        open_deck(view, decks / "03_elbo.html")
        number = view.evaluate("Reveal.getSlides().findIndex((slide) => slide.matches('.poll'))")
        view.evaluate(f"Reveal.slide({number})")
        mark = view.locator("section.present .mark")
        assert mark.evaluate("(mark) => getComputedStyle(mark).visibility") == "hidden"
        view.keyboard.press("2")
        view.keyboard.press("2")
        view.locator("section.present .hand").first.click()
        assert view.evaluate(counts)[:2] == [1, 2]
        view.keyboard.press("Space")
        assert mark.evaluate("(mark) => getComputedStyle(mark).visibility") == "visible"
        assert view.evaluate("Reveal.getState().indexh") == number
        view.keyboard.press("0")
        assert not any(view.evaluate(counts))
        moving = view.evaluate("Reveal.getSlides().findIndex((slide) => slide.querySelector('[data-moving]'))")  # fmt: skip
        view.evaluate(f"Reveal.slide({moving})")
        image, still = view.locator("section.present img"), "(image) => image.src.includes(image.dataset.still)"  # fmt: skip
        assert image.evaluate(still)
        view.locator("section.present .play").click()
        assert not image.evaluate(still)
        view.evaluate("Reveal.next()")
        assert view.locator(".past [data-moving]").last.evaluate(still)
        view.evaluate(f"Reveal.slide({number})")
        with view.expect_popup() as opened:
            view.keyboard.press("s")
        notes = opened.value.locator(".speaker-controls-notes .value")
        notes.wait_for()
        said = view.evaluate("Reveal.getCurrentSlide().querySelector('aside').textContent.trim()")
        assert said == notes.inner_text().strip() == "It is: several nats or more, too low"

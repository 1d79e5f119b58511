"""A report can be read in every theme of the installed JupyterLab, and without any."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from jupyterlab.commands import get_app_dir

from autograder.checks import report_html

LAB = Path(get_app_dir())
THEMES = sorted((LAB / "themes").glob("*/*/index.css"))
LEAST = 4.5  # WCAG 2, level AA, for text of this size
GROUNDS = ("--jp-layout-color0", "--jp-layout-color1", "--jp-rendermime-table-row-background")
HOVER = "--jp-rendermime-table-row-hover-background"
TEXTS = {"green": report_html.GREEN, "red": report_html.RED, "grey": report_html.GREY}
Colour = tuple[float, float, float, float]  # red, green, blue from 0 to 255; opacity from 0 to 1
NAMED = {"white": "#ffffff", "black": "#000000"}


@cache
def palette() -> dict[str, str]:
    """The colours that JupyterLab itself gives names to, for its themes to use."""
    text = "".join(path.read_text(encoding="utf-8") for path in (LAB / "static").glob("*.js"))
    return dict(re.findall(r"(--md-[\w-]+):\s*(#\w+)", text))


def variables(theme: Path) -> dict[str, str]:
    return palette() | dict(
        re.findall(r"(--jp-[\w-]+):([^;}]+)", theme.read_text(encoding="utf-8"))
    )


def arguments(inside: str) -> list[str]:
    """Split at commas that stand in no parenthesis."""
    found, depth = [""], 0
    for letter in inside:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [each.strip() for each in found]


def colour(css: str, known: dict[str, str]) -> Colour:
    """What a browser makes of it: names, hex, rgba, var with a fallback, color-mix in sRGB."""
    css = NAMED.get(css.strip(), css.strip())
    if css.startswith("#"):
        digits = css[1:] if len(css) > 4 else "".join(2 * digit for digit in css[1:])
        red, green, blue = (float(int(digits[i : i + 2], 16)) for i in (0, 2, 4))
        return red, green, blue, 1.0
    name, _, inside = css.removesuffix(")").partition("(")
    given = arguments(inside)
    if name == "var":
        return colour(known[given[0]] if given[0] in known else given[1], known)
    if name in ("rgb", "rgba"):
        red, green, blue, *opacity = map(float, given)
        return red, green, blue, (opacity or [1.0])[0]
    assert name == "color-mix" and given[0] == "in srgb", css
    first, share = given[1].rsplit(" ", 1)
    part = float(share.removesuffix("%")) / 100
    one, other = colour(first, known), colour(given[2], known)
    assert one[3] == other[3] == 1.0, "mixing what is transparent is another formula"
    red, green, blue = (part * a + (1 - part) * b for a, b in zip(one[:3], other[:3], strict=True))
    return red, green, blue, 1.0


def over(top: Colour, ground: Colour) -> Colour:
    red, green, blue = (
        top[3] * a + (1 - top[3]) * b for a, b in zip(top[:3], ground[:3], strict=True)
    )
    return red, green, blue, 1.0


def luminance(of: Colour) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in of[:3])
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(text: Colour, ground: Colour) -> float:
    light, dark = sorted((luminance(over(text, ground)), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_ruler_measures_what_is_known() -> None:
    black, white, grey = (colour(css, {}) for css in ("black", "#fff", "rgba(0, 0, 0, 0.54)"))
    assert contrast(black, white) == pytest.approx(21) and contrast(grey, white) == pytest.approx(
        4.6, abs=0.1
    )
    assert contrast(colour("#a33b00", {}), colour("#111", {})) == pytest.approx(2.9, abs=0.1), (
        "as a reader measured it"
    )


def test_there_are_themes_to_look_at() -> None:
    assert {"theme-light-extension", "theme-dark-extension"} <= {
        theme.parent.name for theme in THEMES
    }


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.parent.name)
@pytest.mark.parametrize("text", TEXTS)
def test_the_text_of_a_report_can_be_read_in_each_theme(theme: Path, text: str) -> None:
    known = variables(theme)
    grounds = {
        name: over(colour(known[name], known), colour(known["--jp-layout-color0"], known))
        for name in (*GROUNDS, HOVER)
    }
    measured = {
        name: round(contrast(colour(TEXTS[text], known), ground), 2)
        for name, ground in grounds.items()
    }
    assert min(measured.values()) >= LEAST, measured


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.parent.name)
def test_links_can_be_read_too(theme: Path) -> None:
    known = variables(theme)
    for ground in GROUNDS[:2]:
        assert (
            contrast(colour("var(--jp-content-link-color)", known), colour(known[ground], known))
            >= LEAST
        )


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ground", ["#fff", "#f5f5f5"])
def test_a_page_of_feedback_has_no_theme_and_can_be_read(text: str, ground: str) -> None:
    assert contrast(colour(TEXTS[text], {}), colour(ground, {})) >= LEAST


def test_no_other_colour_is_written() -> None:
    source = Path(report_html.__file__).read_text(encoding="utf-8")
    inline = re.findall(r"(?:color|background)\s*:\s*([^;\"'}]+)", source)
    assert inline and all(each.startswith("{") for each in inline), inline

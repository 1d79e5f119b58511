"""Colours stand in one place, by name: no figure mixes one of its own, and estimators look the same in every unit."""

import ast
import re
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = (
    "src/course_vi/plots/**/*.py",
    "autograder/units/*/targets.py",
    "lectures/*.py",
    "solutions/*/*.py",
)
FILES = sorted(path for place in PLACES for path in ROOT.glob(place) if path.name != "style.py")
HEX = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})\b(?!\w)")
NAMED = {"black", "red", "blue", "green", "orange", "purple", "brown", "pink", "gray", "grey"}
MEANINGS = {"SCORE", "TOTAL", "PATH", "LANDING", "BASELINE", "EXACT", "POSTERIOR"}


def strays(source: str) -> list[str]:
    """Colours that a program writes out: in hexadecimal, or by matplotlib's name for the argument of a colour."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [word for word in HEX.findall(node.value) if len(node.value) < 80]
        if isinstance(node, ast.keyword) and node.arg and "color" in node.arg:
            value = node.value.value if isinstance(node.value, ast.Constant) else None
            if isinstance(value, str) and (value in NAMED or re.fullmatch("C\\d", value)):
                found.append(value)
    return found


def test_what_is_a_stray():
    assert strays('ax.plot(x, color="#0072B2")') == ["#0072B2"]
    assert strays('ax.plot(x, color="red", edgecolor="none")') == ["red"]
    assert strays('ax.set_title("exercise #123456789"); ax.plot(x, color=BLUE)') == []


def test_no_figure_has_a_colour_of_its_own():
    found = {str(path.relative_to(ROOT)): strays(path.read_text("utf-8")) for path in FILES}
    assert len(FILES) > 40 and not {name: colours for name, colours in found.items() if colours}


def assigned(source: str) -> set[str]:
    """The names that a module gives a value to."""
    return {
        part.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign)
        for target in node.targets
        for part in ast.walk(target)
        if isinstance(part, ast.Name)
    }


def test_what_has_a_meaning_is_not_given_another():
    """A name of `style` with a meaning is imported, never assigned."""
    again = {path.name: assigned(path.read_text("utf-8")) & MEANINGS for path in FILES}
    assert not {name: names for name, names in again.items() if names}


def test_meanings_are_told_apart():
    look = import_module("course_vi.plots.style")  # `plots.style` is its function
    kinds = {look.TOTAL, look.PATH, look.BASELINE, look.EXACT, look.POSTERIOR}
    assert len(kinds) == 5 and look.SCORE == look.TOTAL and look.LANDING == look.PATH

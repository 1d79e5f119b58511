"""A moving picture is two images that need no script and no kernel; its still frame is what is printed."""

from __future__ import annotations

import base64
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from course_vi.plots import Beside, Movie, show_moving
from course_vi.plots.moving import _ticks


@pytest.fixture
def movie() -> Movie:
    made = Movie((-1, 3), (0, 2), "A & B", "z", "density", still=0)
    made.curve([[(0, 0), (1, 1)], [(0, 1), (1, 2)], [(0, 2), (1, 0)]], "#0072B2")
    made.curve([[(0, 0), (3, 2)]], "#000000", dash="6 4")
    made.dots([[(0, 0.5)], [(1, 0.5)], [(2, 0.5)]], "#D55E00")
    made.lines([[(0, 0, 1, 1)], [(0, 0, 2, 2)], [(0, 0, 0, 0)]], "#009E73")
    made.label((0, 1), "log p_{x} < 0", "#000000")
    made.labels([(0, 0, "one"), (0, 0, "two"), (0, 0, "three")])
    return made


def parsed(svg: str) -> Any:
    return ElementTree.fromstring(svg)


def test_both_are_svg_without_script_and_only_one_moves(movie: Movie) -> None:
    moving, still = movie.svg(), movie.svg(moving=False)
    for svg in (moving, still):
        assert parsed(svg).tag.endswith("svg") and "script" not in svg and "href" not in svg
    assert moving.count("<animate ") == 1 + 2 + 4 + 3 and "<animate" not in still
    assert "A &amp; B" in still and "&lt; 0" in still


def test_a_round_shows_every_frame_and_holds_the_last(movie: Movie) -> None:
    for found in re.findall(r'values="([^"]*)" keyTimes="([^"]*)"', movie.svg()):
        values, times = found[0].split(";"), [float(time) for time in found[1].split(";")]
        assert len(values) == len(times) == 4 and values[-1] == values[-2]
        assert times[0] == 0 and times[-1] == 1 and times == sorted(times)


def test_the_still_frame_is_the_one_that_was_asked_for(movie: Movie) -> None:
    def circle(svg: str) -> float:
        return float(re.findall(r'<circle [^>]*cx="([\d.]+)"', svg)[0])

    first = circle(movie.svg(moving=False))
    movie.still = -1
    assert circle(movie.svg(moving=False)) > first
    assert 'opacity="1"><text' in movie.svg(moving=False)


def test_data_lie_inside_the_axes(movie: Movie) -> None:
    assert movie._at((-1, 0)) == "56.0,296.0" and movie._at((3, 2)) == "606.0,34.0"


@pytest.mark.parametrize(
    ("span", "wanted"),
    [((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]), ((-3.2, 3.6), [-3, -2, -1, 0, 1, 2, 3]), ((0, 40), [0, 10, 20, 30, 40])],
)  # fmt: skip
def test_ticks_are_round_numbers(span: tuple[float, float], wanted: list[float]) -> None:
    assert _ticks(*span) == pytest.approx(wanted)


def test_frames_of_unequal_length_are_refused(movie: Movie) -> None:
    with pytest.raises(ValueError, match=r"frames hold \[1, 2\] points"):
        movie.curve([[(0, 0)], [(0, 0), (1, 1)]], "#000000")


def test_it_starts_still_opens_with_a_click_and_respects_less_motion(
    movie: Movie, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    show_moving(movie, 'A dot walks, "slowly".')
    page = shown[0].data
    assert re.findall(r"<details( name=\S+)?( open)?", page)[0][1] and page.count(" open>") == 1
    images = [base64.b64decode(data).decode() for data in re.findall(r"base64,([\w+/=]+)", page)]
    assert ["<animate" in image for image in images] == [False, False, True]
    assert '<source media="(prefers-reduced-motion: reduce)"' in page and "<script" not in page
    assert page.count("A dot walks, &quot;slowly&quot;.") == 3


def test_while_a_class_is_graded_there_are_words_alone(
    movie: Movie, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COURSE_VI_FIGURES", "0")
    show_moving(movie, "A dot walks.")
    assert "not drawn here: A dot walks." in capsys.readouterr().out
    with pytest.raises(ValueError, match="alt is empty"):
        show_moving(movie, " ")


def test_two_pictures_side_by_side_move_in_step_and_keep_to_their_own_axes(movie: Movie) -> None:
    other = Movie((0, 1), (0, 1), "C", width=300)
    other.curve([[(0, 0), (1, 1)], [(0, 1), (1, 0)]], "#0072B2")
    for moving in (True, False):
        both = parsed(Beside(movie, other).svg(moving))
        assert both.get("viewBox") == "0 0 920 340"
        assert [part.get("x") for part in both] == ["0", "620"]
        for part, name in zip(both, ("left", "right"), strict=True):
            clips = [each.get("id") for each in part.iter() if each.tag.endswith("clipPath")]
            used = [each.get("clip-path") for each in part.iter() if each.get("clip-path")]
            assert clips == [name] and used == [f"url(#{name})"]
    moves = Beside(movie, other).svg().count("<animate ")
    assert moves == movie.svg().count("<animate ") + 1 and "<animate" not in Beside(
        movie, other
    ).svg(False)


def test_pictures_out_of_step_are_refused(movie: Movie) -> None:
    with pytest.raises(ValueError, match="rounds take 8 s and 5 s"):
        Beside(movie, Movie((0, 1), (0, 1), seconds=5.0))

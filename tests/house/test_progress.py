"""Predictions and points are kept for the learner alone: in their folder, and nowhere where a class is graded or a page is built."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from autograder import check
from autograder.intake.read import likeness
from course_vi.progress import forget, keep, kept, predict, progress, reveal, tally, work_folder
from course_vi.progress.predictions import _widget
from course_vi.progress.standing import standing
from course_vi.progress.start_page import BESIDES, PAGE, start_page, write_start_page
from scripts.carry import bring_up_to_date

ROOT = Path(__file__).resolve().parents[2]
UNIT = "03_elbo"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder, with the notebook's own folder as the one we stand in."""
    for folder in ("lectures", "notebooks"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    bring_up_to_date(tmp_path, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work" / UNIT)
    return tmp_path / "work"


def test_a_check_keeps_its_last_report_and_draws_the_start_page_anew(work: Path) -> None:
    assert check("00_log_mean_exp", lambda log_w: log_w.logsumexp(0)).points == 0
    (one,) = kept("reports").items()
    assert one[0] == "00_log_mean_exp" and one[1]["points"] == 0 and not one[1]["passed"]
    answer = "lambda log_w: log_w.logsumexp(0) - __import__('math').log(len(log_w))"
    assert check("00_log_mean_exp", eval(answer), seed=1).passed
    assert not kept("reports")["00_log_mean_exp"]["passed"], (
        "with a seed of one's own it is a trial"
    )
    check("00_log_mean_exp", eval(answer))
    assert kept("reports")["00_log_mean_exp"]["passed"]
    assert not check("00_log_mean_exp", lambda log_w: log_w.mean(0), seed=1).passed
    assert kept("reports")["00_log_mean_exp"]["passed"], "a demonstration takes no points away"
    page = (work / PAGE).read_text("utf-8")
    assert "log mean exp" in page and "Go on with" in page


def test_nothing_is_kept_outside_of_a_learner_s_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert work_folder() is None and not keep("reports", "03_gap", {}) and kept("reports") == {}
    check("00_log_mean_exp", lambda log_w: log_w.mean(0))
    predict("03_1", choices=["below", "above"])
    predict("03_2", number=True)
    reveal("03_1", "above")
    progress("03")
    tally("03")
    assert list(tmp_path.iterdir()) == []
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == ["Predict 1: below / above", "Predict 2: a number", "Predict 1: it is above."]  # fmt: skip


def test_an_unwritten_stub_leaves_no_report(work: Path) -> None:
    def stub(log_w: Any) -> Any:
        raise NotImplementedError("your turn: write this body, then run its check")

    check("00_log_mean_exp", stub)
    assert kept("reports") == {}


def test_a_choice_is_kept_shown_and_counted(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = _widget("03_1", ["below", "above"], False)
    buttons = box.children[0]
    assert buttons.value is None and kept("predictions") == {}
    buttons.value = "below"
    buttons.value = "above"
    assert kept("predictions")["03_1"]["guess"] == "above" and "Kept: above" in box.children[1].value  # fmt: skip
    reveal("03_1", "above")
    assert capsys.readouterr().out == "Predict 1: you said above ✓; it is above.\n"
    again = _widget("03_1", ["below", "above"], False)
    assert again.children[0].value == "above" and again.children[0].disabled
    assert kept("predictions")["03_1"]["right"] is True


@pytest.mark.parametrize(("guess", "verdict"), [("0.52", True), ("0,9", False), ("-0.5", False)])
def test_a_number_counts_within_a_tenth(work: Path, guess: str, verdict: bool) -> None:
    _widget("03_2", [], True).children[0].value = guess
    reveal("03_2", 0.5)
    assert kept("predictions")["03_2"]["right"] is verdict


def test_what_is_no_number_is_not_kept_and_words_are_not_judged(work: Path) -> None:
    box = _widget("03_2", [], True)
    box.children[0].value = "many"
    assert kept("predictions") == {} and "a number, please" in box.children[1].value
    _widget("03_3", [], False).children[0].value = "<b>it falls</b>"
    reveal("03_3", "it rises")
    assert "right" not in kept("predictions")["03_3"]
    assert "<b>it falls" not in _widget("03_3", [], False).children[1].value


def test_without_a_kernel_a_prediction_is_plain_text_in_a_learner_s_folder_too(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("03_1", choices=["below", "above"])
    assert capsys.readouterr().out == "Predict 1: below / above\n"


@pytest.mark.parametrize(
    "bad", [("3_1", ["a", "b"]), ("03_x", ["a", "b"]), ("03_1", ["a"]), ("03_1", ["a", "a"])]
)
def test_malformed_predictions_are_refused(bad: tuple[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="expected"):
        predict(bad[0], choices=bad[1])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"points": "many"}', '{"points": null}'])
def test_a_damaged_record_counts_as_none(work: Path, text: str) -> None:
    keep("reports", "03_gap", {"points": 1.0})
    (work / "progress" / "reports" / "03_gap.json").write_text(text)
    assert standing(UNIT, work).points == 0
    assert write_start_page(work)


def test_all_of_it_can_be_forgotten(work: Path) -> None:
    keep("reports", "03_gap", {"points": 1.0})
    keep("predictions", "00_1", {"guess": "a"})
    assert forget("03") == 1 and list(kept("predictions")) == ["00_1"]
    assert forget() == 1 and kept("predictions") == {}


def test_the_start_page_leads_to_files_that_are_there(work: Path) -> None:
    assert "solutions" not in start_page(work)  # students may have a copy without
    first = "solutions/00_start_here/00_start_here.ipynb"
    (work.parent / first).parent.mkdir(parents=True)
    (work.parent / first).touch()
    page = start_page(work)
    links = re.findall(r"\]\(([^)#]+)\)", page)
    assert len(links) > 14
    beyond = {f"../{first}", "../src/course_vi/mini_vi.py"}
    assert beyond <= set(links) and all((ROOT / link[3:]).exists() for link in beyond)
    assert all((work / link).is_file() for link in set(links) - beyond)
    pages = {f"{name}/{name}.ipynb" for name in BESIDES}
    assert pages <= set(links)
    (work / "capstone" / "capstone.ipynb").unlink()
    left = pages & set(re.findall(r"\]\(([^)#]+)\)", start_page(work)))
    assert left == pages - {"capstone/capstone.ipynb"}
    assert "Begin here: [00 · Start here]" in page
    keep("reports", "00_log_mean_exp", {"points": 0.0})
    assert "Go on with [" in start_page(work) and "so says the quiz" not in start_page(work)
    keep("entry", "00_where_to_enter", {"unit": "05", "reason": "Because."})
    page = start_page(work)
    unit = "05_score_function"
    assert f"({unit}/{unit}.ipynb)**: so says the quiz. Because." in page and "Go on with [" in page


def test_standing_reads_what_a_problem_set_is_worth(work: Path) -> None:
    keep("reports", "03_gap", {"points": 1000.0})
    here = standing(UNIT, work)
    worth = {each.name: each.most for each in here.exercises if not each.written}
    assert here.most == sum(worth.values()) > 5 and here.points == worth["03_gap"]
    assert here.next and here.next.name != "03_gap"


def test_a_problem_set_is_known_by_its_name_in_a_learner_s_folder(tmp_path: Path) -> None:
    assert likeness(f"{UNIT}_problems.ipynb", UNIT) == 3 == likeness(f"{UNIT}.ipynb", UNIT)
    assert likeness(f"ps/{UNIT}_problems.ipynb", UNIT) == 2
    assert likeness(f"{UNIT}_problems (1).ipynb", UNIT) == 1 == likeness("03-ELBO-Problems.ipynb", UNIT)  # fmt: skip
    assert likeness(f"{UNIT}_problems.updated-2.ipynb", UNIT) == 1
    assert likeness("problems.ipynb", UNIT) == 0

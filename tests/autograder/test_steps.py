"""Hints one by one, then the solution piece by piece: after a try, for whoever learns alone, and nowhere where work is graded."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

import autograder
from autograder import check, steps
from autograder.__main__ import main
from autograder.execution import closed_book
from autograder.self_study import stepwise
from autograder.self_study.solution_pieces import code_pieces, solution_steps
from autograder.self_study.stepwise import NONE, TRY, Steps, StepsWidget
from autograder.units import EXERCISES
from course_vi.progress import keep, kept
from course_vi.progress.standing import standing
from scripts.carry import bring_up_to_date

ROOT = Path(__file__).resolve().parents[2]
UNIT, NAME = "00_start_here", "00_log_mean_exp"
CODED = [name for name, one in EXERCISES.items() if not one.written]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("lectures", "notebooks"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    bring_up_to_date(tmp_path, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work" / UNIT)
    return tmp_path / "work"


def wrong(log_w):  # type: ignore[no-untyped-def]
    return log_w.mean(0)


def test_every_exercise_has_three_hints_an_idea_and_its_whole_code() -> None:
    for name in CODED:
        every = solution_steps(name)
        kinds = [step.kind for step in every]
        assert kinds[:4] == ["hint", "hint", "hint", "idea"] and "code" in kinds, name
        assert kinds == sorted(kinds, key=["hint", "idea", "code", "rest"].index), name
        assert 1 <= kinds.count("code") <= 5 and all(step.text and step.title for step in every)


def test_the_pieces_of_code_are_the_solution_and_nothing_else() -> None:
    """Put together again they are the statements between the marks, in order."""
    for unit in sorted({EXERCISES[name].unit for name in CODED}):
        source = (ROOT / "solutions" / unit / f"{unit}.py").read_text("utf-8")
        for name in (name for name in CODED if EXERCISES[name].unit == unit):
            cell = source[source.index(f'exercise="{name}"') :]
            cell = cell[: cell.index("### END SOLUTION")].split("### BEGIN SOLUTION")[1]
            got = "\n".join(
                step.text[10:-4] for step in solution_steps(name) if step.kind == "code"
            )
            lines = [line.strip() for line in cell.splitlines() if line.strip()]
            assert [line.strip() for line in got.splitlines() if line.strip()][
                : len(lines)
            ] == lines


def test_code_is_cut_between_statements() -> None:
    body = "".join(f"    x{number} = [\n        {number},\n    ]\n" for number in range(9))
    pieces = code_pieces(
        f"def f():\n    ### BEGIN SOLUTION\n{body}    return x1\n    ### END SOLUTION\n"
    )
    assert len(pieces) == 5 and sum(len(ast.parse(piece).body) for piece in pieces) == 10
    assert code_pieces("x = 1") == []


def test_without_a_try_there_are_hints_and_no_solution(work: Path) -> None:
    here = Steps(NAME, work)
    assert [here.open_next() for _ in range(3)] == [True] * 3
    assert not here.open_next() and here.opened == 3 and TRY in here.text()
    assert not here.looked and kept("steps")[NAME]["solution"] is False

    def stub(log_w):  # type: ignore[no-untyped-def]
        raise NotImplementedError("your turn")

    check(NAME, stub)  # no try
    assert not Steps(NAME, work).open_next()
    check(NAME, wrong)
    again = Steps(NAME, work)
    assert again.opened == 3 and again.open_next() and again.looked
    assert "The idea" in again.text() and TRY not in again.text()


def test_a_look_is_kept_and_later_points_are_shown_apart(work: Path) -> None:
    check(NAME, wrong)
    here = Steps(NAME, work)
    while here.open_next():
        pass
    assert here.next is None and "That is all of it." in here.text()
    assert kept("steps")[NAME]["solution"] and kept("steps")[NAME]["passed_before"] is False
    check(NAME, lambda log_w: log_w.logsumexp(0) - __import__("math").log(len(log_w)))
    (mine,) = [each for each in standing(UNIT, work).exercises if each.name == NAME]
    assert mine.done and mine.helped and standing(UNIT, work).helped == mine.most
    assert "with the solution at hand" in (work / "START.md").read_text("utf-8")


def test_who_passed_first_may_compare_for_nothing(work: Path) -> None:
    keep("reports", NAME, {"points": 99.0, "most": 99.0, "passed": True})
    here = Steps(NAME, work)
    for _ in range(4):
        here.open_next()
    check(NAME, wrong)  # spoilt later: what counts is what was before the first look
    later = Steps(NAME, work)
    later.open_next()
    assert later.looked and kept("steps")[NAME]["passed_before"] is True
    assert standing(UNIT, work).helped == 0


def test_the_button_opens_one_step_at_a_time(work: Path) -> None:
    widget = StepsWidget(NAME, work)
    assert widget.button.description == "Next: hint 1 of 3" and widget.shown.outputs == ()
    widget.button.click()
    shown = widget.shown.outputs[0]["data"]["text/markdown"]
    assert shown.count("Symptom") == 1 and "BEGIN SOLUTION" not in shown
    widget.button.click()
    widget.button.click()
    widget.button.click()
    assert TRY in widget.shown.outputs[0]["data"]["text/markdown"] and widget.steps.opened == 3
    check(NAME, wrong)
    for _ in range(20):
        widget.button.click()
    assert (
        widget.button.disabled and "```python" in widget.shown.outputs[0]["data"]["text/markdown"]
    )


def test_a_copy_without_solutions_has_the_hints_alone(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "private").mkdir()
    shutil.copytree(ROOT / "notebooks" / UNIT, tmp_path / "private" / "notebooks" / UNIT)
    here = solution_steps(NAME, tmp_path / "private")
    assert [step.kind for step in here] == ["hint"] * 3
    monkeypatch.setattr(stepwise, "solution_steps", lambda exercise: here)
    check(NAME, wrong)
    mine = Steps(NAME, work)
    while mine.open_next():
        pass
    assert mine.opened == 3 and not mine.looked and NONE in mine.text()


@pytest.mark.parametrize("text", ["", "[]", '{"opened": "many"}', '{"opened": -3}'])
def test_a_damaged_record_begins_at_the_first_hint(work: Path, text: str) -> None:
    Steps(NAME, work).open_next()
    (work / "progress" / "steps" / f"{NAME}.json").write_text(text)
    assert Steps(NAME, work).opened == 0


@pytest.mark.parametrize("name", ["03_nothing", "00_written", "", "00"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected one with a function"):
        steps(name)


def test_the_command_opens_the_next_step(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["steps", NAME]) == 0
    assert capsys.readouterr().out.count("Symptom") == 1
    assert main(["steps", NAME, "--again"]) == 0
    assert capsys.readouterr().out.count("Symptom") == 1
    assert main(["steps", NAME]) == 0
    assert capsys.readouterr().out.count("Symptom") == 2
    assert main(["steps", "00_nothing"]) == 1
    assert "00_nothing" in capsys.readouterr().err


def test_where_work_is_graded_a_call_does_nothing_and_no_solution_is_there(tmp_path: Path) -> None:
    closed_book.write(tmp_path, UNIT)
    front = (tmp_path / "autograder" / "__init__.py").read_text("utf-8")
    room: dict[str, object] = {}
    exec(front, room)
    assert room["steps"](NAME) is None and set(room["__all__"]) == set(autograder.__all__)  # type: ignore[operator, call-overload]
    assert not (tmp_path / "autograder" / "self_study").exists()
    held = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*.py"))
    (code,) = [step.text for step in solution_steps(NAME) if step.kind == "code"][-1:]
    assert code[10:-4].strip() not in held

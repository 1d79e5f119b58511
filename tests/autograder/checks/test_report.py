"""What a learner is shown: each mistake once, parts and their worth, links that lead somewhere."""

from __future__ import annotations

import _thread
import json
import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor

from autograder import check
from autograder.checking import run_check
from autograder.checks import lecture_links
from autograder.checks.check_result import PartResult
from autograder.checks.compare import compare
from autograder.checks.finding import Finding
from autograder.checks.plain_text import plain_text
from autograder.checks.probe import InProcess
from autograder.checks.report import Report
from autograder.units import EXERCISES, missing_names

ROOT = Path(__file__).resolve().parents[3]
KL = "03_gaussian_kl"
PATH = "09_gaussian_path_derivative"


def gaussian_kl(
    loc: Tensor, log_scale: Tensor, other_loc: Tensor, other_log_scale: Tensor
) -> Tensor:
    q, p = (
        torch.distributions.Normal(m, r.exp())
        for m, r in ((loc, log_scale), (other_loc, other_log_scale))
    )
    return torch.distributions.kl_divergence(q, p).sum(-1)


def swapped(loc: Tensor, log_scale: Tensor, other_loc: Tensor, other_log_scale: Tensor) -> Tensor:
    return gaussian_kl(other_loc, other_log_scale, loc, log_scale)


def both(report: Report) -> tuple[str, str]:
    return str(report), report._repr_html_()


def made(*findings: Finding, **more: Any) -> Report:
    """A report on as many parts, of weights 1, 2, 3, ..."""
    parts = tuple(
        PartResult(f"part {n}", float(n), finding) for n, finding in enumerate(findings, 1)
    )
    return Report(EXERCISES[KL], parts, seed=1, **more)


# -- the mistake once, then the parts --------------------------------------------------------------


def test_a_mistake_is_told_once_on_top_with_the_parts_it_concerns() -> None:
    report = check(KL, swapped, seed=1)
    (mistake,) = report.mistakes
    failed = [
        part.name
        for part in report.parts
        if not part.finding.ok and part.finding.diagnosis != "not_counted"
    ]
    assert list(mistake.parts) == failed and len(failed) > 1
    for text in both(report):
        assert text.count(mistake.sentence) == 1
        assert text.index(mistake.sentence) < min(text.rindex(name) for name in failed)
        assert all(2 <= text.count(name) <= 3 for name in failed), (
            "where the mistake is told, in its own row, and where another part needs it"
        )


def test_different_mistakes_are_told_apart_and_one_in_all_parts_names_no_part() -> None:
    sign, half = (Finding(False, "one", "two", key, f"Mistake {key}.") for key in ("sign", "half"))
    first, second = made(sign, half, sign).mistakes
    assert first.sentence == "Mistake sign." and first.where == "“part 1” and “part 3”"
    assert second.sentence == "Mistake half." and second.where == "“part 2”"
    assert made(sign, sign).mistakes[0].where == "every part"


def test_what_an_exercise_names_is_not_named_again_by_the_engine() -> None:
    own = Finding(False, "one", "two", "sign", "Mistake sign.")
    guess, table = (Finding(False, "one", "two", key, f"It looks like {key}.") for key in ("generic_order", "dictionary"))  # fmt: skip
    assert [each.sentence for each in made(own, guess, table).mistakes] == ["Mistake sign."]
    assert [each.sentence for each in made(guess, table).mistakes] == [guess.hint, table.hint]


def test_parts_tell_what_they_are_worth_and_it_adds_up() -> None:
    report = check(KL, swapped, seed=1)
    for text in both(report):
        assert "worth 0.67 of 2" in text
    assert sum(report.worth(part) for part in report.parts) == pytest.approx(
        report.max_points, abs=0.02
    )
    assert sum(report.worth(part) for part in report.parts if part.finding.ok) == pytest.approx(
        report.points, abs=0.02
    )


def test_what_passes_is_told_in_words() -> None:
    report = check(KL, gaussian_kl, seed=1)
    assert report.passed and "as asked, to " in str(report) and "the least is" in str(report)
    numbers = made(
        *(
            Finding(True, "", actual)
            for actual in ("[-10.32, -5.4e-05, ... (12 numbers)]", "3.0", "[nan, inf]", "")
        )
    )
    assert str(numbers).count(": as asked") == 4 and "10.32" not in numbers._repr_html_()
    assert "z = 0.5" in str(
        made(Finding(True, "", "loc: 0.1 ± 0.01 over 2,000 replicates (z = 0.5)"))
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (0.0, "as asked, to the last digit"),
        (1e-309, "as asked, to the last digit"),  # a quotient would be infinite
        (1e-9, "as asked, to 9 digits"),
    ],
)
def test_the_digits_are_those_that_agree(error: float, words: str) -> None:
    target = np.array([1.0, -0.5, 0.0])
    assert compare(target + error / 1.001, target).actual == words
    assert compare(np.zeros(2) + 1e-9, np.zeros(2)).actual == "as asked", "nothing to compare with"


def test_an_error_in_several_parts_is_told_once_whatever_its_sizes() -> None:
    def learner(loc: Tensor, *others: Tensor) -> Tensor:
        return torch.stack([loc, torch.zeros(loc.numel() + 97)])

    report = check(KL, learner, seed=1)
    (mistake,) = report.mistakes
    assert mistake.everywhere and "of learner" in mistake.error
    for text in both(report):
        assert text.count("stack expects each tensor") == 1 and text.count(
            "the error above"
        ) == len(report.parts)


def test_nan_in_several_parts_is_told_once() -> None:
    nan = Finding(
        False,
        "it is finite everywhere",
        "{} of 9 numbers are NaN or infinite",
        "not_finite",
        "Look for log 0.",
    )
    text = str(
        made(*(Finding(**{**vars(nan), "actual": nan.actual.format(n)}) for n in range(1, 5)))
    )
    assert text.count("Look for log 0.") == 1 and text.count("are NaN") == 4


def test_repr_is_the_points() -> None:
    assert repr(check(KL, gaussian_kl, seed=1)) == "2.0" and repr(made()) == "0.0"
    assert float(repr(check(KL, swapped, seed=1))) == check(KL, swapped, seed=1).points


# -- where to read ---------------------------------------------------------------------------------

PLACES = sorted(
    {each.read for each in EXERCISES.values()}
    | {part.read for each in EXERCISES.values() for part in each.parts if part.read}
)


@pytest.mark.parametrize("place", PLACES)
def test_every_place_to_read_is_a_heading_of_a_lecture(place: str) -> None:
    """From ``work/NN_name/`` to a heading, in letters that a browser leaves alone."""
    address, _, anchor = lecture_links.link(place).partition(
        "#heading="
    )  # looked for in the text, not only on the screen
    lecture = (ROOT / "work" / "NN_name" / address).resolve()
    assert lecture.parent == ROOT / "lectures" and lecture.is_file()
    cells = json.loads(lecture.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    anchors = [
        heading.replace(" ", "-") for heading in re.findall(r"^#+ (.+?)\s*$", text, re.MULTILINE)
    ]
    assert anchors.count(anchor) == 1
    assert re.fullmatch(r"[A-Za-z0-9.,:;?'()/-]+", anchor), (
        "a browser would encode this, and JupyterLab would not find it"
    )


def test_a_place_that_is_not_there_gets_no_link() -> None:
    for place in (
        "lectures/03_elbo, A section nobody wrote",
        "lectures/77_none, Which KL?",
        "a book",
    ):
        assert lecture_links.link(place) == ""


def test_a_report_links_where_to_read_and_a_graded_one_names_it() -> None:
    report = check(KL, swapped, seed=1)
    (place,) = report.reading
    address = lecture_links.link(place)
    assert f'<a href="{address}">{place}</a>' in report._repr_html_() and f"Read: {place}" in str(
        report
    )
    graded = report.without_answers()._repr_html_()
    assert "<a href" not in graded and place in graded


# -- what stops a check ----------------------------------------------------------------------------


@pytest.fixture
def interrupt() -> Iterator[None]:
    """Somebody presses the notebook's button while the check runs."""
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a background shell ignores it
    timer = threading.Timer(0.4, _thread.interrupt_main)
    timer.start()
    yield
    timer.cancel()
    signal.signal(signal.SIGINT, before)


def test_an_endless_loop_tells_where(interrupt: None) -> None:
    def endless(*arguments: Tensor) -> Tensor:
        while True:
            torch.zeros(1).exp()

    report = check(KL, endless, seed=1)
    line = endless.__code__.co_firstlineno
    assert re.match(
        rf"Interrupted after \d s, in line ({line + 1}|{line + 2}) of endless: ", report.interrupted
    )
    assert repr(report) == "0.0" and not report.passed and report.diagnoses == ()
    for text in both(report):
        assert (
            "INTERRUPTED" in text
            and "of endless" in text
            and "Traceback" not in text
            and "autograder" not in text
        )
    assert len(str(report).splitlines()) == 2


def test_an_interruption_outside_of_the_answer_shows_nothing_of_the_check() -> None:
    with mock.patch("autograder.checking.run_check", side_effect=KeyboardInterrupt):
        assert (
            check(KL, gaussian_kl, seed=1).interrupted
            == "Interrupted after 0 s, outside of your code."
        )


def test_a_grader_is_interrupted_as_before() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_check(KL, InProcess(mock.Mock(side_effect=KeyboardInterrupt)), 1)


def test_a_case_that_is_not_written_takes_nothing_from_the_others() -> None:
    def partly(
        loc: Tensor, log_scale: Tensor, other_loc: Tensor, other_log_scale: Tensor
    ) -> Tensor:
        if loc.dim() == 1:
            raise NotImplementedError
        return gaussian_kl(loc, log_scale, other_loc, other_log_scale)

    report = check(KL, partly, seed=1)
    written = [part.finding.ok for part in report.parts]
    assert any(written) and not all(written) and report.points > 0 and not report.unwritten
    for text in both(report):
        assert "NOT YET WRITTEN" not in text and "Nothing to test yet" not in text
        assert re.search(
            r"this case still raises NotImplementedError: line \d+ of partly: raise NotImplementedError",
            text,
        )
    assert "unwritten" in report.diagnoses


def test_an_empty_stub_is_not_yet_written() -> None:
    report = check(KL, empty_stub, seed=1)
    assert report.unwritten and report.mistakes == () and report.reading == ()
    for text in both(report):
        assert (
            "NOT YET WRITTEN" in text
            and "gaussian_kl still raises NotImplementedError" in text
            and "FAIL" not in text
        )


def empty_stub(*arguments: Tensor) -> Tensor:
    raise NotImplementedError("your code")


# -- one helpful sentence --------------------------------------------------------------------------


def in_a_fresh_notebook(source: str) -> Callable[..., Any]:
    """The last function of a cell, in a notebook where nothing else was run."""
    scope: dict[str, Any] = {}
    exec(source, scope)
    found: Callable[..., Any] = list(scope.values())[-1]
    return found


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("torch", "`torch` comes from the set-up cell"),
        ("math", "`math` comes from the set-up cell"),
        ("three_forms", '`three_forms` is your answer to "Three forms of the ELBO"'),
        ("lgo_scale", "Nothing here is called `lgo_scale`"),
    ],
)
def test_a_name_that_is_not_defined_tells_which_cell_to_run(name: str, sentence: str) -> None:
    report = check(
        KL,
        in_a_fresh_notebook(f"def gaussian_kl(*arguments):\n    return {name}.log(arguments[0])"),
        seed=1,
    )
    for text in both(report):
        assert text.replace("&quot;", '"').count(sentence) == 1


@pytest.mark.parametrize("unit", sorted({exercise.unit for exercise in EXERCISES.values()}))
def test_the_set_up_of_every_problem_set_is_known(unit: str) -> None:
    assert {"torch", "check"} <= missing_names.made_by_set_up(unit)


def test_without_the_problem_sets_at_hand_a_missing_name_still_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(missing_names, "NOTEBOOKS", tmp_path)
    missing_names.made_by_set_up.cache_clear()
    assert "Nothing here is called `torch`" in missing_names.missing_name(
        "name 'torch' is not defined", EXERCISES[KL]
    )
    missing_names.made_by_set_up.cache_clear()


def test_a_mistyped_name_is_guessed_and_only_its_unit_is_listed() -> None:
    for wrong in ("03_gausian_kl", "gaussian_kl", "03-gaussian-kl"):
        with pytest.raises(ValueError, match="did you mean '03_gaussian_kl'?") as told:
            check(wrong, gaussian_kl)
        assert (
            "03_gap" in str(told.value)
            and "09_" not in str(told.value)
            and "03_written" not in str(told.value)
        )
    with pytest.raises(ValueError, match="03_gap") as told:
        check("03_xyzzy", gaussian_kl)
    assert "did you mean" not in str(told.value)


def test_arguments_the_wrong_way_round() -> None:
    with pytest.raises(TypeError, match="a name in quotes and then your function"):
        check(gaussian_kl, KL)  # type: ignore[arg-type]


def test_another_exercise_s_function_is_named_once() -> None:
    other = in_a_fresh_notebook("def three_forms(p, q, x, z):\n    raise ValueError('three axes')")
    for text in both(check(KL, other, seed=1)):
        assert text.count("You handed in `three_forms`") == 1 and text.count("03_three_forms") == 1
        assert text.count("three axes") == 1 and "Likely mistake" not in text
    renamed = in_a_fresh_notebook("def three_forms(a, b, c, d):\n    return answer(a, b, c, d)")
    renamed.__globals__["answer"] = gaussian_kl
    assert check(KL, renamed, seed=1).remark == "", "right by another name is right"
    assert check(KL, swapped, seed=1).remark == "", "a name of the learner's own"


@pytest.mark.parametrize("exercise", [KL, PATH, "03_gap", "03_three_forms", "09_vafc"])
def test_a_forgotten_return_is_asked_for(exercise: str) -> None:
    def forgot(*arguments: Any, **more: Any) -> None:
        pass

    text = str(check(exercise, forgot, seed=1))
    if exercise != "09_vafc":  # a class: what its methods return is the driver's to see
        assert text.count("is the `return` missing?") == 1 and text.count("Likely mistake") <= 1
    assert "NOT YET RIGHT" in text


def test_gradients_switched_off_are_told_once_and_left_off() -> None:
    def path(p: Any, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
        z = loc + log_scale.exp() * eps
        stopped = torch.distributions.Normal(loc.detach(), log_scale.detach().exp())
        return (p.log_joint(x, z) - stopped.log_prob(z).sum(-1)).mean(0)

    assert check(PATH, path, seed=1).passed
    torch.set_grad_enabled(False)
    try:
        report = check(PATH, path, seed=1)
        assert not torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)
    for text in both(report):
        assert (
            text.count("Gradients are switched off in this notebook") == 1
            and "Likely mistake" not in text
        )


def test_gradients_that_the_answer_switches_off_are_told() -> None:
    def careless(p: Any, loc: Tensor, *others: Tensor) -> Tensor:
        torch.set_grad_enabled(False)
        return loc.sum(-1)

    try:
        assert "Your code switched gradients off" in str(check(PATH, careless, seed=1))
    finally:
        torch.set_grad_enabled(True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_coarse_default_dtype_is_told_if_it_hurts(dtype: torch.dtype) -> None:
    def coarse(loc: Tensor, *others: Tensor) -> Tensor:
        return gaussian_kl(
            *(
                each + torch.zeros(1, dtype=torch.get_default_dtype()).exp().to(each)
                for each in (loc, *others)
            )
        )

    torch.set_default_dtype(dtype)
    try:
        failed, passed = check(KL, coarse, seed=1), check(KL, gaussian_kl, seed=1)
    finally:
        torch.set_default_dtype(torch.float32)
    assert str(failed).count(f"New tensors are {dtype}") == 1
    assert passed.passed and passed.remark == ""


# -- text of the learner's -------------------------------------------------------------------------

NASTY = "\x1b[31mred\x1b[0m \x1b]0;title\x07<script>alert(1)</script>\x00\u202e\x9b2J\ud800"


def test_what_a_learner_writes_is_shown_as_text_and_cut() -> None:
    def learner(*arguments: Tensor) -> Tensor:
        print(NASTY + "y" * 10**6)
        raise type("<img src=x onerror=alert(1)>" + "n" * 10**5, (Exception,), {})(
            NASTY + "x" * 10**6
        )

    report = check(KL, learner, seed=1)
    text, page = both(report)
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page
    for shown in (text, page, report.without_answers(NASTY)._repr_html_()):
        assert "red" in shown and len(shown) < 10_000
        assert not re.search(
            r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]|\[31m|title", shown
        )
        shown.encode("utf-8")


def test_the_learner_s_own_line_is_escaped() -> None:
    source = "def learner(*arguments):\n    return '<b>' < 1"
    import linecache

    linecache.cache["<cell>"] = (len(source), None, source.splitlines(True), "<cell>")
    scope: dict[str, Any] = {}
    exec(compile(source, "<cell>", "exec"), scope)
    report = check(KL, scope["learner"], seed=1)
    assert (
        "return '<b>' < 1" in str(report)
        and "'<b>'" not in report._repr_html_()
        and "&lt;b&gt;" in report._repr_html_()
    )


def test_plain_text_keeps_lines_letters_and_signs() -> None:
    assert plain_text("a\tb\nμ ± 0.1 “ok” 漢字 é", 100) == "a\tb\nμ ± 0.1 “ok” 漢字 é"
    assert plain_text("x" * 10, 10) == "x" * 10 and plain_text("x" * 11, 10) == "x" * 9 + "…"

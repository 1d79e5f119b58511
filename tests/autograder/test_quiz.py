"""The quiz of where to enter: its references are right, its named mistakes are other numbers, and its suggestion follows the map."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from autograder.execution import closed_book
from autograder.self_study.arithmetic import number
from autograder.self_study.entry import enough, remember, remembered, suggest
from autograder.self_study.quiz_page import QUESTIONS, Quiz, quiz
from autograder.self_study.quiz_question import Drawn, Mistake, judge
from course_vi.progress import kept
from course_vi.progress.start_page import start_page
from course_vi.syllabus import UNITS
from scripts.carry import bring_up_to_date

ROOT = Path(__file__).resolve().parents[2]
SEEDS = range(60)


def figures(unit: int, seed: int) -> tuple[list[float], float]:
    """The numbers in a question's text, in order, and its answer."""
    drawn = QUESTIONS[unit].with_seed(seed)
    text = re.sub(r"(?<=\d),(?=\d)", "", drawn.text)
    return [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", text)], drawn.answer


def entropy(share: float) -> float:
    return -share * math.log2(share) - (1 - share) * math.log2(1 - share)


def gap(m: float, s: float) -> float:
    return float(kl_divergence(Normal(m, s), Normal(torch.tensor(0.0), 1.0)))


def flow(z1: float, z2: float) -> float:
    map_ = torch.distributions.transforms.AffineTransform(z1, math.exp(z1 / 2))
    bent = torch.distributions.TransformedDistribution(Normal(0.0, 1.0), [map_])
    return float(Normal(0.0, 1.0).log_prob(torch.tensor(z1)) + bent.log_prob(torch.tensor(z2)))


def score_variance(p: float, f1: float, f0: float) -> float:
    return f1**2 / p + f0**2 / (1 - p) - (f1 - f0) ** 2


# By another road than the reference's, from the numbers that the text shows: (their places in it, the answer)
CLOSED_FORMS: dict[int, tuple[tuple[int, ...], Callable[..., float]]] = {
    0: ((0, 1), lambda a, b: a + math.log((1 + math.exp(b - a)) / 2)),
    1: ((0,), lambda p: p),
    2: ((1, 3, 5), lambda s, r, x: float(Normal(0.0, math.hypot(s, r)).log_prob(torch.tensor(x)))),
    3: ((2, 3), gap),
    4: ((2, 5, 6), lambda a, w, x: 1 / (1 + a / w * math.exp(-2 * x))),
    5: ((1, 4, 6), score_variance),
    6: ((0, 1, 2), lambda mu, s, eps: 2 * (mu + s * eps) * eps),
    7: ((0, 1, 2), lambda p, tau, u: torch.sigmoid(torch.logit(torch.tensor([p, u])).sum() / tau).item()),
    9: ((0,), lambda s: 1 / s**2),
    10: ((0, 3), lambda spread, count: spread / (2 * count)),
    11: ((1, 2), lambda encoder, best: best - encoder),
    12: ((2,), lambda share: share**2),
    13: ((0, 1), lambda noise, eigenvalue: 0.5 * math.log(eigenvalue / noise)),
    14: ((0, 2, 4, 5), lambda size, batch, mine, prior: prior + size / batch * mine),
    15: ((0,), lambda wrong: 1 - entropy(wrong)),
    16: ((0, 3), lambda count, variance: variance / (variance + count)),
    17: ((0, 1, 2), lambda *w: 1 / sum(each**2 for each in w)),
    18: ((3, 4, 5, 6, 7, 8), lambda *w: 1 - sum(abs(a - b) for a, b in zip(w[:3], w[3:], strict=True)) / 2),
    19: ((0, 1, 2, 3, 4, 5), lambda *w: -sum(a * math.log2(b) for a, b in zip(w[:3], w[3:], strict=True))),
}  # fmt: skip


@pytest.mark.parametrize("unit", CLOSED_FORMS)
def test_references_agree_with_closed_forms_of_the_numbers_shown(unit: int) -> None:
    places, form = CLOSED_FORMS[unit]
    for seed in SEEDS:
        shown, answer = figures(unit, seed)
        assert form(*(shown[place] for place in places)) == pytest.approx(answer, rel=1e-5), shown


def test_the_density_behind_the_flow_is_the_one_that_torch_computes() -> None:
    for seed in SEEDS:
        shown, answer = figures(8, seed)
        assert flow(*shown[-2:]) == pytest.approx(answer, rel=1e-5)


def test_every_unit_has_one_question_in_the_order_of_the_course() -> None:
    assert [question.unit for question in QUESTIONS] == [unit.number for unit in UNITS]
    assert len({question.topic for question in QUESTIONS}) == len(QUESTIONS) == 20
    assert all(QUESTIONS[n].with_seed(3) == QUESTIONS[n].with_seed(3) for n in range(20))


@pytest.mark.parametrize("unit", range(20))
def test_a_named_mistake_is_never_right_and_never_takes_another_s_name(unit: int) -> None:
    named, texts = set(), set()
    for seed in SEEDS:
        drawn = QUESTIONS[unit].with_seed(seed)
        texts.add(drawn.text)
        assert math.isfinite(drawn.answer) and judge(drawn, drawn.answer).right
        assert judge(drawn, float(f"{drawn.answer:.3g}")).right or drawn.within
        for mistake in drawn.mistakes:
            verdict = judge(drawn, mistake.value)
            assert not verdict.right, (mistake.hint, drawn)
            assert verdict.hint in ("", mistake.hint)
            named |= {verdict.hint}
        assert judge(drawn, drawn.answer * 1.37 + 5.7).right is False
    assert len(texts) > 1
    assert {mistake.hint for mistake in drawn.mistakes} <= named


def test_a_number_that_two_mistakes_lead_to_gets_no_name() -> None:
    drawn = Drawn("", 1.0, (Mistake(2.0, "one"), Mistake(2.0, "another")))
    assert judge(drawn, 2.0).hint == "" and not judge(drawn, 2.0).right


@pytest.mark.parametrize(
    "text",
    ["", "x", "1/0", "9**9**9", "10^400", "().__class__", "exp(1, 2)", "True", "1;2", "(" * 150, "'a'*9"],
)  # fmt: skip
def test_what_is_no_arithmetic_is_no_number(text: str) -> None:
    assert number(text) is None


def test_arithmetic_is_understood() -> None:
    assert number(" 1/3 ") == pytest.approx(1 / 3) and number("0,5") == 0.5
    assert number("−2 + sqrt(4)*pi^2") == pytest.approx(2 * math.pi**2 - 2)


def known(*wrong: int, asked: int = 20) -> dict[int, bool]:
    return {unit: unit not in wrong for unit in range(asked)}


def test_the_suggestion_is_the_first_unit_that_was_missed_with_all_it_needs() -> None:
    for first in range(20):
        found = suggest({unit: unit < first for unit in range(min(first + 3, 20))})
        assert found.unit == f"{first:02d}" and UNITS[first].title in found.reason
        assert all(need < first for need in UNITS[first].needs) and not found.skim
    assert suggest({0: True, 1: True}).unit == "02"  # stopped early: the next one
    assert suggest({0: False}, {0: "You forgot K."}).reason.count("You forgot K.") == 1


def test_a_slip_is_forgiven_where_two_units_that_build_on_it_were_right() -> None:
    assert suggest(known(3))[::2] == ("", ("03",))
    assert suggest(known(3, 9))[::2] == ("", ("03", "09"))  # 10, 17 and 18 build on 09
    assert suggest({0: True, 1: True, 2: True, 3: False, 4: True, 5: False, 6: False}).unit == "03"
    assert suggest(known(19))[::2] == ("19", ())


def test_a_unit_outside_of_the_core_names_the_core_s_as_well() -> None:
    reason = suggest(known(7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)).reason
    assert "enter at 08, Variational families" in reason
    assert "all of which you answered" in suggest(known(19)).reason


def test_three_misses_in_a_row_or_all_questions_are_enough() -> None:
    assert not enough({}) and not enough(known(1, 3, asked=5)) and enough(known(3, 4, 5, asked=6))
    assert enough(known()) and not enough(known(asked=19))


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("lectures", "notebooks"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    bring_up_to_date(tmp_path, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work" / "where_to_enter")
    return tmp_path / "work"


def said(widget: Quiz) -> str:
    return "".join(output["data"]["text/markdown"] for output in widget.told.outputs)


def test_answers_lead_to_a_suggestion_that_the_start_page_shows(work: Path) -> None:
    assert "Where to enter" in start_page(work) and "(where_to_enter/where_to_enter.ipynb)" in start_page(work)  # fmt: skip
    widget = Quiz(5)
    for unit in range(2):
        widget.entry.value = repr(QUESTIONS[unit].with_seed(5).answer)
        widget.answer.click()
        assert "✓ Right" in said(widget)
    mistake = QUESTIONS[2].with_seed(5).mistakes[0]
    widget.entry.value = repr(mistake.value)
    widget.answer.click()
    assert mistake.hint in said(widget)
    widget.entry.value = "no idea"
    widget.answer.click()
    assert "A number, please" in said(widget) and len(widget.known) == 3
    widget.unknown.click()
    widget.unknown.click()
    assert widget.done and widget.known == {0: True, 1: True, 2: False, 3: False, 4: False}
    assert "Enter at [02 · " in said(widget) and mistake.hint in said(widget)
    widget.unknown.click()  # finished: nothing changes
    assert len(widget.known) == 5
    assert kept("entry")["00_where_to_enter"]["unit"] == "02"
    found = remembered()
    assert found and found.unit == "02"
    page = (work / "START.md").read_text("utf-8")
    assert "Begin here: [02 · Marginal likelihood" in page and found.reason in page
    assert "An earlier quiz said" in said(Quiz(1))


def test_what_to_skim_is_a_link(work: Path) -> None:
    known = {0: True, 1: False, 2: True, 3: True, 4: False, 5: False, 6: False}
    found = suggest(known)
    assert remember(found, known, 1) and remembered() == found and found.skim == ("01",)
    link = "Skim [01 · Graphical models]({}01_graphical_models/01_graphical_models.ipynb)."
    assert link.format("") in start_page(work) and link.format("../") in said(Quiz(1))


def test_the_quiz_can_be_stopped_and_not_before_the_first_answer(work: Path) -> None:
    widget = Quiz(1)
    widget.stop.click()
    assert not widget.done and "Answer one first" in said(widget)
    widget.entry.value = str(QUESTIONS[0].with_seed(1).answer)
    widget.answer.click()
    widget.stop.click()
    assert widget.done and "Enter at [01" in said(widget)


@pytest.mark.parametrize("text", ["", "[]", '{"unit": 3}', '{"unit": "99", "reason": "x"}'])
def test_a_damaged_suggestion_counts_as_none(work: Path, text: str) -> None:
    assert remember(suggest({0: False}), {0: False}, 1)
    (work / "progress" / "entry" / "00_where_to_enter.json").write_text(text)
    assert remembered() is None and "Begin here: [00 · Start here]" in start_page(work)


def test_outside_of_a_learner_s_folder_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    quiz()
    assert "make lab" in capsys.readouterr().out and list(tmp_path.iterdir()) == []


def test_where_work_is_graded_there_is_neither_quiz_nor_solution(tmp_path: Path) -> None:
    closed_book.write(tmp_path, "03_elbo")
    assert (tmp_path / "autograder" / "protocol").is_dir()
    assert not (tmp_path / "autograder" / "self_study").exists()
    assert not [path for path in tmp_path.rglob("*") if "solutions" in path.parts]


def test_sampling_agrees_where_the_answer_is_a_variance_or_a_mean() -> None:
    rng = np.random.default_rng(0)
    shown, answer = figures(5, 2)
    p, f1, f0 = shown[1], shown[4], shown[6]
    z = rng.random(400_000) < p
    estimates = np.where(z, f1 / p, -f0 / (1 - p))
    assert estimates.var() == pytest.approx(answer, rel=0.02)

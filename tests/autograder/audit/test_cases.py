"""Answers by people who had not seen the checks: right ones get full marks, wrong ones never, and no report says what is false."""

import re
from pathlib import Path

import pytest
from case_files import (
    EIGHTH,
    FIFTH,
    FOURTH,
    NINTH,
    SECOND,
    SEVENTH,
    SIXTH,
    THIRD,
    UNPROVEN,
    Case,
    answer,
    cases,
)
from case_proofs import PROOFS
from sampled import later, seldom

from autograder import check
from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.units import EXERCISES

ROOT = Path(__file__).resolve().parents[3]
CASES = cases()
SEEDS = [101, pytest.param(202, marks=pytest.mark.slow)]
UNSEEN = {  # answered by people who had not seen their checks (the later batches), with no proof beside the answers yet
    "01_long_grid",
    "01_separation",
    "03_learned_theta",
    "06_two_repairs",
    "11_equal_cost",
    *(
        name
        for name in EXERCISES
        if name[:2]
        in ("02", "04", "05", "07", "08", "10", "12", "14", "15", "16", "17", "18", "19")
    ),
    *(name for name in EXERCISES if name.endswith("_sealed_case")),
}
LONG = {"09_landing_variances", "11_train_recognizer", "13_train"}  # their proofs take seconds


def test_the_files_are_whole():
    assert len({case.id for case in CASES}) == len(CASES) >= 350
    assert (
        {case.exercise for case in CASES}
        == set(PROOFS)
        == {name for name, one in EXERCISES.items() if not one.written} - UNSEEN
    )
    for case in CASES:
        assert callable(case.answer()), case.id
        assert not (case.right and case.not_told), f"{case.id}: a right answer is told nothing"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=case.id,
            marks=later(case.id, one_in=100 if case.exercise in LONG else 9, all_in=3),
        )
        for case in CASES
    ],
)
def test_the_verdict_of_the_file_is_right(case: Case):
    """Held against a derivation of its own, in which the autograder has no part."""
    try:
        found = PROOFS[case.exercise](case.answer())
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    assert bool(found) != case.right, f"{case.sentence} {found}"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=case.id,
            marks=later(case.id, one_in=100 if case.exercise in LONG else 9, all_in=3),
        )
        for case in CASES
    ],
)
def test_verdict(case: Case, seed: int):
    report = run_check(case.exercise, InProcess(case.answer()), seed)
    assert report.passed == case.right, f"{case.sentence}\n{report}"
    told = [claim for claim in case.not_told if claim.lower() in str(report).lower()]
    assert not told, f"it is told, falsely, {told}. {case.sentence}\n{report}"


# Of the later batches: called wrong by their authors, and accepted. Where a statement leaves it open, that is said.
BORDERLINE = {  # rounding decides, or time, and so the processor; of sealed cases 36 to 38 of 40 are right, where 38 are asked
    "00_is_biased-wrong-peeks_as_it_goes": "so slow that few are asked: its alarms, eight times too many, are seen on some seeds only",
    "06_sealed_case-wrong-centred_ramp": "moves its prediction a little: the best of six orders mostly forgives it",
    "04_sealed_case-wrong-first_step_decides": "the first round tells the stale path in as many cases as have to be right",
    "04_sealed_case-wrong-tolerant_of_falls": "small falls are rare: it names as many as have to be right",
}
# Wrong in the eyes of whoever wrote it, and right as far as the statement goes: it leaves open, or out, what they had in mind.
WITHIN_THE_STATEMENT = {
    "01_correlation-wrong-one_minus_the_head": "differs only where an intercept is above thirty, and the statement says that none is",
    "18_break_even-wrong-maximal_again": "for these chains the maximal coupling of rows is that of one offer and one uniform",
    "17_bootstrap_filter-wrong-gap_not_resampled": "differs only in rounding, where the statement says that there are no gaps",
    "17_bootstrap_filter-wrong-strictly_below": "differs only in rounding, where the statement says that there are no gaps",
    "17_bootstrap_filter-wrong-no_resampling_after_a_gap": "differs only in rounding, where the statement says that there are no gaps",
    "02_missing_half-wrong-softmax_then_log": "differs only where a share is below e to the -745, of which the statement says nothing",
    "00_value_and_gradient-wrong-keeps_value_when_same": "differs only where the two are equal to the last bit",
    "04_steps_to_go-wrong-single_precision": "differs only after some ten thousand steps, which no loop can wait for",
    "05_hurting_case-wrong-flat_for_unsure_bits": "right in the range of logits that the statement gives",
    "05_hurting_case-wrong-one_nat_against_the_likelier": "right in the range of logits that the statement gives",
    "05_hurting_case-wrong-always_prefers_one": "right in the range of logits that the statement gives",
    "05_hurting_case-wrong-wave_above_zero": "right in the range of logits that the statement gives",
    "05_hurting_case-wrong-clamped_logit": "right in the range of logits that the statement gives",
    "05_score_surrogate-wrong-single_precision_reward": "the statement names no precision",
    "07_conditional_gumbels-wrong-unprotected_exponentials": "logits 800 from zero are not promised",
    "09_landing_variances-wrong-single_precision_noise": "the statement names no precision",
    "09_vafc-wrong-rate_stays_at_zero": "nothing is said of a step after full_train",
    "11_flow_recognizer-wrong-single_precision": "float32 is allowed",
    "11_recognition_sample-wrong-single_precision": "float32 is allowed",
    "12_restricted_net-wrong-newton_from_squares": "it arrives, to the digits asked, in the range that the statement gives",
    "13_kl-wrong-no_gradient_for_the_variance": "NumPy is allowed, which has no gradient at all",
    "14_paths-wrong-clamped_chance": "sure choices and data far out do not come together: the statement says so",
    "17_predict_years-wrong-mask_over_number": "the statement names no precision",
}
# Wrong, and accepted: what the checks still miss.
ACCEPTED = {
    "00_value_and_gradient-wrong-shortcut_without_graph": "a surrogate without a graph is not asked about",
    "02_sealed_case-wrong-step_size": "in these cases who moves most at the end is heavy-tailed; a right answer of the corpus says so",
    "04_sealed_case-wrong-mean_and_weights": "a true criterion, with a tolerance that the cases do not break",
    "05_bbvi-wrong-log_prior_scale_not_below_zero": "no data of the check want a prior scale below one",
    "09_landing_variances-wrong-trimmed_outliers": "within the noise that the check has to allow",
    "09_sealed_case-wrong-rough_means_and_raw_distances": "forty pairs are enough to tell the three apart in these cases",
    "09_vafc-wrong-scale_floor": "the target's scales are above the floor",
    "11_flow_recognizer-wrong-asinh_written_out": "off by 1e-10 at noise of 1,000",
    "11_train_recognizer-wrong-left_frozen": "switches are not looked at after training",
    "15_sealed_case-wrong-rate_alone": "the rate tells the three apart in these cases",
    "16_mean_alone-wrong-grid_of_the_mixture": "the rarest sets weigh less than the five digits of the average",
    "18_meeting_tail-wrong-mean_of_a_thousand": "a thousand steps are enough at the rates of this seed",
    "18_sealed_case-wrong-first_step": "the first count tells the three apart in these cases",
    "19_net_bits-wrong-epsilon_in_the_masses": "no rare bin is popped often enough to show the eighth digit",
    "19_net_bits-wrong-likelihood_cut_at_a_hundred": "logits beyond a hundred, on the wrong side, come on other seeds only",
    "19_net_bits-wrong-rare_bins_left_out": "no bin below one in a million costs many bits",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.id, marks=seldom(case.id, one_in=4))
        for batch in (UNPROVEN, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH, EIGHTH, NINTH)
        for case in cases(batch)
    ],
)
def test_verdict_on_what_nobody_has_proven(case: Case):
    report = run_check(case.exercise, InProcess(case.answer()), 5)
    right = case.right or case.id in {*WITHIN_THE_STATEMENT, *ACCEPTED}
    assert report.passed == right or case.id in BORDERLINE, f"{case.sentence}\n{report}"


def test_less_than_one_in_two_hundred_is_accepted():
    """Of the wrong answers by people who had not seen the checks, as they are judged today."""
    batches = (UNPROVEN, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH, EIGHTH, NINTH)
    every = [*CASES, *(case for batch in batches for case in cases(batch))]
    wrong = [case.id for case in every if not case.right]
    assert {*WITHIN_THE_STATEMENT, *ACCEPTED} <= set(wrong)
    assert len(wrong) > 3_600 and len(ACCEPTED) < len(wrong) / 200


# -- the rest of what a learner meets ---------------------------------------------------------------------------------


def test_an_interrupt_in_a_check_is_one_sentence_and_no_line_of_the_grader(capsys):
    def interrupted(*args):
        raise KeyboardInterrupt

    try:
        report = check("03_gaussian_kl", interrupted, seed=1)
    except KeyboardInterrupt:
        pytest.fail("the interrupt goes through, and prints the lines of the grader")
    shown = str(report) + capsys.readouterr().out
    assert "interrupted" in shown.lower() and "Traceback" not in shown and "kl_terms" not in shown


@pytest.mark.parametrize("right", [True, False])
def test_a_report_takes_its_colours_from_jupyterlab_so_that_it_can_be_read_on_dark_ground(right):
    source = next(
        case.source for case in CASES if case.exercise == "00_log_mean_exp" and case.right == right
    )
    html = run_check(
        "00_log_mean_exp", InProcess(answer("00_log_mean_exp", source)), 1
    )._repr_html_()
    colours = re.findall(r"(?:color|border-left)\s*:\s*([^;\"]+)", html)
    assert colours and all("var(--jp-" in colour for colour in colours)


@pytest.mark.parametrize(
    "lecture", sorted((ROOT / "lectures").glob("*.py")), ids=lambda path: path.stem
)
def test_a_lecture_sends_nobody_to_the_tracked_masters(lecture):
    """A learner writes on a copy under `work/`; `notebooks/` is overwritten by the next update."""
    assert not re.search(
        r"\*\*Next\W*\*\*[^\n]*`notebooks/|Next: `notebooks/", lecture.read_text("utf-8")
    )

"""Claims: what stands, what does not, and how often chance makes one stand."""

import numpy as np
import pytest
import torch

from course_vi.diagnostics import UnsupportedClaim, claim


@pytest.fixture(autouse=True)
def in_full(monkeypatch):
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)


def test_numbers_are_those_of_students_t():
    from scipy import stats

    differences = torch.randn(8, generator=torch.Generator().manual_seed(0)) + 3
    found = claim("above zero", differences, sign=+1)
    assert found.t == pytest.approx(stats.ttest_1samp(differences.double().numpy(), 0).statistic)
    assert found.seeds == 8 and found.holds


@pytest.mark.parametrize("sign, shift", [(+1, 0.0), (-1, 0.0), (+1, -3.0), (-1, 3.0), (0, 3.0)])
def test_what_the_numbers_do_not_bear_out_is_refused(sign, shift):
    differences = np.array([-1.0, 1.0, -0.5, 0.5, 0.1]) + shift
    with pytest.raises(UnsupportedClaim, match="DOES NOT HOLD: it differs"):
        claim("it differs", differences, sign=sign)


def test_no_difference_seen_and_constant_differences():
    assert claim("no difference", [-1.0, 1.0, -0.5, 0.5, 0.1], sign=0).holds
    assert claim("always one", [1.0] * 5, sign=+1).t == np.inf
    assert claim("always zero", [0.0] * 5, sign=0).t == 0.0


def test_chance_makes_a_claim_as_often_as_students_table_says():
    """With five seeds and no difference, t of at least 3 on one side: 2.0% of the time."""
    from scipy import stats

    rng, made = np.random.default_rng(3), 0
    for row in rng.normal(size=(4000, 5)):
        try:
            made += claim("nothing", row, sign=+1).holds
        except UnsupportedClaim:
            pass
    rate = stats.t.sf(3.0, 4)
    assert abs(made / 4000 - rate) < 4.5 * np.sqrt(rate * (1 - rate) / 4000)


def test_a_smoke_run_is_not_judged(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_VI_SMOKE", "1")
    claim("warm-up helps", [-1.0, -1.1, -0.9, -1.0, -1.2], sign=+1)
    assert capsys.readouterr().out == "not judged, after a few steps only: warm-up helps\n"


@pytest.mark.parametrize(
    "arguments, says",
    [
        (([[1.0, 2.0]], 1), r"shape \(1, 2\)"),
        (([1.0, float("nan"), 1.0, 2.0, 3.0], 1), "finite"),
        (([1.0] * 5, 2), r"sign is 2"),
        (([1.0] * 4, 1), "expected at least 5"),
    ],
)
def test_bad_input_is_named(arguments, says):
    differences, sign = arguments
    with pytest.raises(ValueError, match=says):
        claim("any", differences, sign=sign)

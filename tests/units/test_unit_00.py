"""What unit 00 says of checks is what they do, and its own check of a check decides as it promises."""

from pathlib import Path

import pytest
import torch
from scipy.stats import binom

from autograder.checks.power import AGAIN, REPLICATES, Z_LIMIT, caught, power
from autograder.units.unit_00.problems import NOISE, Estimator, TooMany
from autograder.units.unit_00.verdicts import (
    CHANCE,
    COUNTS,
    FALSE_ALARMS,
    LIMIT,
    POWER,
    allowed,
    needed,
)

LECTURE = Path(__file__).parents[2] / "lectures" / "00_start_here.py"


def test_lecture_promises_the_power_that_checks_have() -> None:
    """The sentence names replicates, limit and the bias that is caught; ``power`` and ``caught`` say the same."""
    text = " ".join(LECTURE.read_text("utf-8").replace("\n#", "").split())
    promise = text[text.index("**What the checks promise.**") :][:1200]
    error = REPLICATES**-0.5
    assert (REPLICATES, AGAIN, Z_LIMIT) == (10_000, 4, 5.0)
    assert "10,000 replicates" in promise and "exceeds 5 " in promise and "four times" in promise
    assert f"one of {caught(error):.3f} in 95 runs of 100" in promise
    assert "0.1 spreads is caught practically always" in promise and power(0.1, error) > 0.999_999
    assert "0.05 in every second run" in promise and power(0.05, error) == pytest.approx(
        0.5, abs=0.01
    )
    assert "0.03 hardly ever" in promise and power(0.03, error) < 0.03
    assert "odds that chance did it" not in text


@pytest.mark.parametrize("count", [20, 40, 180, 300, 500])
@pytest.mark.parametrize("rate", [FALSE_ALARMS, 1 - POWER])
def test_a_count_fails_an_answer_that_keeps_the_demands_less_than_once_in_a_million(
    count: int, rate: float
) -> None:
    assert binom.sf(allowed(count, rate), count, rate) <= CHANCE
    assert COUNTS * CHANCE < 1e-6 and needed() < LIMIT


@pytest.mark.parametrize("noise", range(len(NOISE)), ids=lambda place: NOISE[place].__name__)
@pytest.mark.parametrize("common", [0.0, 0.9])
def test_noise_has_mean_zero_and_variance_one(noise: int, common: float) -> None:
    entries = torch.zeros(3).double()
    draw = Estimator(noise, common, 7, entries, entries + 1, single=False, limit=200_000)
    samples = draw(200_000)
    assert samples.mean(0).abs().max() < 5 / 200_000**0.5
    assert (samples.var(0) - 1).abs().max() < 0.05
    mixed = torch.corrcoef(samples.T)[0, 1]
    assert mixed == pytest.approx(common, abs=0.02)


def test_an_estimator_gives_fresh_numbers_and_no_more_than_it_may() -> None:
    zero = torch.zeros(1).double()
    draw = Estimator(0, 0.0, 7, zero, zero + 1, single=True, limit=10)
    first, second = draw(4), draw(6)
    assert first.shape == (4,) and not set(first.tolist()) & set(second.tolist())
    with pytest.raises(TooMany, match="11 replicates were asked for; a call may have 10"):
        draw(1)

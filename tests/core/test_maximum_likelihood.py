"""Exact evidences are climbed to rest: with a line search, in any unit of the data, with entries missing."""

from __future__ import annotations

import pytest
import torch
from oracles import DOUBLE, randn

from course_vi.learning import maximize_evidence
from course_vi.models import LinearGaussianSSM

ONE = torch.ones(1, 1, dtype=DOUBLE)


def local_level(steps, transition=1.0, emission=1.0):
    p = LinearGaussianSSM(
        ONE, ONE, transition**2 * ONE, emission**2 * ONE, 0 * ONE[0], ONE, steps, diffuse=ONE[0]
    )
    for name, value in p.named_parameters():
        value.requires_grad_(name in ("transition_root", "emission_root"))
    return p


def scales(p):
    return torch.stack([p.transition_root, p.emission_root]).abs().detach().flatten()


def series(steps=60, unit=100.0):
    x = unit * (0.3 * randn(steps, seed=0).cumsum(0) + randn(steps, seed=1))
    seen = torch.ones(steps, dtype=torch.bool)
    seen[20:30] = False
    return x.masked_fill(~seen, torch.nan), seen


@pytest.mark.parametrize("start", [(1.0, 1000.0), (30.0, 100.0)])
def test_every_start_comes_to_rest_at_the_same_place(start):
    """A step is too long: without a line search the climb creeps for 200 steps."""
    x, seen = series()
    p, best = local_level(60, *start), local_level(60, 40.0, 90.0)
    found = maximize_evidence(p, x, seen=seen)
    assert found.converged and len(found.log_evidence) < 40
    maximize_evidence(best, x, tolerance=1e-10, seen=seen)  # until rounding stops it
    assert torch.allclose(scales(p), scales(best), rtol=1e-4)


def test_another_unit_gives_the_same_digits():
    """At scales in the hundreds a slope of 1e-6 log p is still a tenth of a percent from the maximum."""
    x, seen = series(unit=1.0)
    small, large = local_level(60, 0.5, 0.5), local_level(60, 500.0, 500.0)
    for p, unit in ((small, 1.0), (large, 1000.0)):
        assert maximize_evidence(p, unit * x, seen=seen).converged
    assert torch.allclose(scales(large) / 1000, scales(small), rtol=1e-4)


def test_missing_entries_are_never_read():
    x, seen = series()
    known, other = local_level(60, 40.0, 90.0), local_level(60, 40.0, 90.0)
    maximize_evidence(known, x, seen=seen)
    maximize_evidence(other, torch.where(seen, x, 1e6), seen=seen)
    assert torch.equal(scales(known), scales(other))


def test_what_the_evidence_does_not_take_is_refused():
    x, seen = series()
    with pytest.raises(TypeError, match="sen is given; .* takes: x, burn_in, seen"):
        maximize_evidence(local_level(60), x, sen=seen)
    with pytest.raises(ValueError, match="x has 10 entries that are NaN"):
        maximize_evidence(local_level(60), x)

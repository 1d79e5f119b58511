"""Pareto smoothing, equal to ArviZ, and right about an evidence that is known."""

from __future__ import annotations

import math

import pytest
import torch
from fixtures import recorded
from oracles import DOUBLE, LIMIT, generator, randn

from course_vi.diagnostics import pareto_smoothed, psis_khat

THEIRS = recorded("statistics")
WEIGHTS, VERSION = THEIRS["pareto smoothing"], THEIRS["versions"]["arviz"]


@pytest.mark.parametrize("name", WEIGHTS)
def test_arviz(name, evidence):
    o = WEIGHTS[name]
    found = pareto_smoothed(o["log_w"])
    mine, theirs = found.log_weights, o["smoothed"]
    if name in ("ties", "rounded"):  # which of equal weights gets which quantile is the sort's whim
        mine, theirs = mine.sort().values, theirs.sort().values
    error = max(
        (mine - theirs).abs().max().item(),
        abs(found.effective_sample_size / o["effective"] - 1).item(),
        0.0 if found.khat == o["k"] else abs(found.khat - o["k"]).item(),
    )
    assert error < 1e-9 and psis_khat(o["log_w"]) == found.khat
    evidence(
        "diagnostics.pareto_smoothed: weights, khat, effective sample size",
        f"= ArviZ {VERSION}",
        error=error,
    )


def test_words():
    words = {name: pareto_smoothed(o["log_w"]).verdict() for name, o in WEIGHTS.items()}
    assert (
        words["ties"] == "discrete"
        and words["light"] == "good"
        and words["shifted"] == "unreliable"
    )
    assert pareto_smoothed(torch.zeros(30)).verdict() == "equal"
    assert pareto_smoothed(torch.arange(2.0).repeat(50)).verdict() == "discrete"
    assert "discrete" not in {
        words[name] for name in ("normal", "student", "heavy", "small", "least", "shifted")
    }


def test_shapes_and_shifts():
    log_w = randn(40, 2, 3, seed=0)
    found, one = pareto_smoothed(log_w), pareto_smoothed(log_w[:, 1, 2])
    assert found.log_weights.shape == (40, 2, 3)
    assert all(part.shape == (2, 3) for part in found[1:])
    for whole, part in zip(found, one, strict=True):
        assert torch.allclose(whole[..., 1, 2], part)
    assert torch.allclose(
        found.log_weights.logsumexp(0), torch.zeros(2, 3, dtype=DOUBLE), atol=1e-14
    )
    moved = pareto_smoothed(log_w + 1e3)
    assert torch.allclose(moved.log_evidence, found.log_evidence + 1e3)
    assert pareto_smoothed(log_w.float()).log_weights.dtype == torch.float32


def test_the_evidence_and_its_error(evidence):
    """Weights w = u^-k / (1 + ...) with mean 1 / (1 - k), k = 0.4: mean and standard error over 2,000 replicates."""
    u = torch.rand(500, 2_000, generator=generator(0), dtype=DOUBLE)
    found = pareto_smoothed(-0.3 * u.log())
    off = found.log_evidence + math.log(0.7)
    calibrated = (off / found.standard_error).std().item()
    z = (off.mean() / (off.std() / math.sqrt(2_000))).item()
    assert abs(off.mean()) < 0.1 * off.std() and 0.9 < calibrated < 1.2
    plain = (-0.3 * u.log()).logsumexp(0) - math.log(500)
    assert (
        off.std() < 1.02 * plain.std() and abs(z) < 4 * LIMIT
    )  # smoothing has a bias, of a tenth of a standard error
    evidence(
        "diagnostics.pareto_smoothed.standard_error",
        "the spread of log evidences",
        ratio=calibrated,
        interval=0.06,
    )


def test_refusals():
    with pytest.raises(ValueError, match="at least 25 samples"):
        pareto_smoothed(torch.zeros(24))
    with pytest.raises(ValueError, match="log_w has 1 entries"):
        pareto_smoothed(torch.cat([torch.tensor([math.nan]), torch.zeros(29)]))

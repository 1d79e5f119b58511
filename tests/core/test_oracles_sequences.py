"""Sequences, equal to statsmodels, dynamax, pykalman and hmmlearn, whose answers are recorded in ``tests/oracles``."""

from __future__ import annotations

import pytest
import torch
from fixtures import recorded
from oracles import DOUBLE

from course_vi.learning import baum_welch, state_space_em
from course_vi.models import HiddenMarkovModel, LinearGaussianSSM, MultivariateGaussianHMM

THEIRS = recorded("sequences")
VERSIONS = THEIRS["versions"]
PARTS = ("transition", "emission", "transition_cov", "emission_cov", "initial_loc", "initial_cov")


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """The largest difference beside the largest number."""
    return ((found - wanted).abs().max() / wanted.abs().max()).item()


@pytest.mark.parametrize(
    "name, digits",
    [("nile", 11), ("nile with missing years", 11), ("fixed trend", 11), ("trend and seasonal", 9)],
)
def test_structural_series_with_a_diffuse_start(name, digits, evidence):
    """Level, trend and seasonal, singular in most directions: evidence, smoother and forecast."""
    o = THEIRS["statsmodels"][name]
    d = len(o["transition"])
    model = LinearGaussianSSM(
        *(o[part] for part in PARTS[:4]),
        torch.zeros(d, dtype=DOUBLE),
        torch.zeros(d, d, dtype=DOUBLE),
        steps=len(o["x"]),
        diffuse=torch.ones(d),
    )
    seen = ~o["x"].isnan()
    smoothed = model.smooth(o["x"], seen=seen)
    ahead = model.forecast(o["x"], 3, seen=seen)
    worst = max(
        relative(model.log_evidence(o["x"], seen=seen), o["log_evidence"]),
        relative(smoothed.loc, o["loc"]),
        relative(smoothed.covariance.diagonal(dim1=-2, dim2=-1), o["variance"]),
        relative(ahead.loc[:, 0], o["forecast"]),
        relative(ahead.covariance[:, 0, 0], o["forecast_variance"]),
    )
    assert worst < 10.0**-digits
    evidence(
        f"models.LinearGaussianSSM, {name}",
        f"= statsmodels {VERSIONS['statsmodels']}, exact diffuse start",
        error=worst,
    )


def test_an_autoregression(evidence):
    """AR(2) seen without noise: one of two directions has any. Stationary start."""
    o = THEIRS["statsmodels"]["autoregression"]
    x = o["x"].flatten()
    model = LinearGaussianSSM(
        *(o[part] for part in PARTS[:4]),
        torch.zeros(2, dtype=DOUBLE),
        o["initial_cov"],
        steps=len(x),
    )
    ahead = model.forecast(x, 5)
    worst = max(
        relative(model.log_evidence(x), o["log_evidence"]),
        relative(ahead.loc[:, 0], o["forecast"]),
        relative(ahead.covariance[:, 0, 0], o["forecast_variance"]),
        relative(model.smooth(x).loc[:, 0], x),
    )
    assert worst < 1e-11
    with pytest.raises(ValueError, match="is singular, so log_joint and posterior have no density"):
        model.log_joint(x, torch.zeros(1, 2 * len(x), dtype=DOUBLE))
    evidence(
        "models.LinearGaussianSSM, AR(2)", f"= statsmodels {VERSIONS['statsmodels']}", error=worst
    )


def test_matrices_inputs_and_missing_data_that_change(evidence):
    o = THEIRS["statsmodels"]["everything moves"]
    model = LinearGaussianSSM(
        *(o[part] for part in PARTS[:4]),
        torch.tensor([0.3, -0.2], dtype=DOUBLE),
        torch.tensor([[1.5, 0.2], [0.2, 0.7]], dtype=DOUBLE),
        steps=len(o["x"]),
        **{name: o[name] for name in ("inputs", "transition_inputs", "emission_inputs")},
    )
    x, seen = o["x"].flatten(), ~o["x"].isnan().flatten()
    smoothed = model.smooth(x, seen)
    worst = max(
        relative(model.log_evidence(x, seen=seen), o["log_evidence"]),
        relative(smoothed.loc, o["loc"]),
        relative(smoothed.covariance, o["covariance"]),
    )
    assert worst < 1e-12
    evidence(
        "models.LinearGaussianSSM, all parts differ from step to step",
        f"= statsmodels {VERSIONS['statsmodels']}",
        error=worst,
    )


def test_dynamax(evidence):
    """Its covariances get 1e-9 on the diagonal: no more digits than that."""
    o = THEIRS["dynamax"]
    model = LinearGaussianSSM(*(o[part] for part in PARTS), steps=len(o["x"]))
    x = o["x"].flatten()
    filtered, smoothed, value = model.filter(x), model.smooth(x), model.log_evidence(x)
    value.backward()
    worst = max(
        relative(value, o["log_evidence"]),
        relative(filtered.loc, o["filtered_loc"]),
        relative(filtered.covariance, o["filtered_covariance"]),
        relative(smoothed.loc, o["loc"]),
        relative(smoothed.covariance, o["covariance"]),
        *(
            relative(getattr(model, part).grad, o[f"slope_{part}"])
            for part in ("transition", "emission", "initial_loc")
        ),
    )
    assert worst < 1e-6
    evidence(
        "models.LinearGaussianSSM: filter, smoother, evidence and its slopes",
        f"= dynamax {VERSIONS['dynamax']}",
        error=worst,
    )


def test_pykalman(evidence):
    """Steps without data; and EM, all six parts, two steps."""
    o = THEIRS["pykalman"]
    model = LinearGaussianSSM(*(o[part] for part in PARTS), steps=len(o["x"]))
    x, seen = o["x"].flatten(), torch.ones_like(o["x"], dtype=torch.bool)
    seen[5:9] = False
    smoothed = model.smooth(x, seen.flatten())
    worst = max(
        relative(model.log_evidence(x, seen=seen.flatten()), o["log_evidence"]),
        relative(smoothed.loc, o["loc"]),
        relative(smoothed.covariance, o["covariance"]),
    )
    assert worst < 1e-11
    evidence(
        "models.LinearGaussianSSM, missing data", f"= pykalman {VERSIONS['pykalman']}", error=worst
    )
    state_space_em(model, x.unsqueeze(0), 2)
    found = {part: getattr(model, part.replace("_cov", "_root")) for part in PARTS}
    errors = [
        relative(found[part] @ found[part].mT if "_cov" in part else found[part], o[f"em_{part}"])
        for part in PARTS
    ]
    worst = max(*errors, relative(model.log_evidence(x), o["em_log_evidence"]))
    assert worst < 1e-9
    evidence("learning.state_space_em", f"= pykalman {VERSIONS['pykalman']}", error=worst)


def filled(o: dict, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Series of several lengths, filled up to the longest, and what of it was seen, ``(N, T)``."""
    pieces = list(o[name].split([int(length) for length in o["lengths"]]))
    x = torch.nn.utils.rnn.pad_sequence(pieces, batch_first=True)
    seen = torch.arange(x.shape[1]) < o["lengths"].unsqueeze(-1)
    return x.flatten(1), seen


def test_hmmlearn(evidence):
    o, oracle = THEIRS["hmmlearn"], f"= hmmlearn {VERSIONS['hmmlearn']}"
    x, seen = filled(o, "x")
    model = HiddenMarkovModel(o["initial"], o["transition"], o["emission"], x.shape[1])
    worst = max(
        relative(model.log_evidence(x, seen), o["log_evidence"]),
        relative(model.marginals(x, seen).states[seen], o["states"]),
    )
    assert worst < 1e-12
    alone = [
        model.of_length(int(length)).most_likely(series[: int(length)])
        for series, length in zip(x, o["lengths"], strict=True)
    ]  # the path of a series that is filled up would look ahead
    assert torch.equal(torch.cat(alone).double(), o["path"])
    evidence(
        "models.HiddenMarkovModel, several lengths: evidence, marginals, Viterbi",
        oracle,
        error=worst,
    )
    baum_welch(model, x, 3, seen=seen)
    worst = max(
        relative(getattr(model, f"{part}_logits").softmax(-1), o[f"learned_{part}"])
        for part in ("initial", "transition", "emission")
    )
    assert worst < 1e-12
    evidence("learning.baum_welch, three steps, several lengths", oracle, error=worst)


def test_hmmlearn_with_vectors(evidence):
    o, oracle = THEIRS["hmmlearn"], f"= hmmlearn {VERSIONS['hmmlearn']}"
    x, seen = filled(o, "vectors")
    model = MultivariateGaussianHMM(
        o["initial"], o["transition"], (o["vector_loc"], o["vector_covariance"]), seen.shape[1]
    )
    worst = relative(model.log_evidence(x, seen), o["vector_log_evidence"])
    baum_welch(model, x, 3, seen=seen)
    worst = max(
        worst,
        relative(model.loc, o["learned_vector_loc"]),
        relative(model.root @ model.root.mT, o["learned_vector_covariance"]),
        relative(model.transition_logits.softmax(-1), o["learned_vector_transition"]),
    )
    assert worst < 1e-11
    evidence(
        "models.MultivariateGaussianHMM: evidence, and three steps of baum_welch",
        oracle,
        error=worst,
    )

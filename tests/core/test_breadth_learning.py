"""Every algorithm that reads data: NaN, no data at all, and data on another device are refused by name, and seeds reproduce."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from catalogue import MODELS, probabilities, randn
from oracles import DOUBLE, generator
from torch import Tensor, nn

from course_vi import diagnostics, gradients, learning, models
from course_vi.families import Amortized, BernoulliMeanField, MeanField, PerDatum
from course_vi.nets import mlp

STEPS = {"steps": 2, "progress": False}


def vae() -> tuple[models.VAE, Amortized]:
    return models.VAE(2, 3, 4, generator(0)).double(), Amortized(
        MeanField(2), mlp(3, 4, 4, generator(1))
    ).double()


def belief() -> tuple[models.SigmoidBeliefNet, Amortized]:
    q = Amortized(BernoulliMeanField(2), mlp(3, 4, 2, generator(1))).double()
    return models.SigmoidBeliefNet([3, 2], generator=generator(0)).double(), q


def bits(n: int) -> Tensor:
    return torch.bernoulli(torch.full((n, 3), 0.5, dtype=DOUBLE), generator=generator(2))


def series(name: str) -> Callable[[int], Tensor]:
    return lambda n: MODELS[name].make().double().sample(max(n, 1), generator(0))[0][:n].to(DOUBLE)


def mixture() -> models.BayesianGaussianMixture:
    return models.BayesianGaussianMixture(6, 2, torch.zeros(2), torch.eye(2)).double()


def ddc(x: Tensor) -> Any:
    p = models.SigmoidBeliefNet([3, 2], generator=generator(0)).double()
    q = learning.DDC(2, learning.first_and_second_moments, mlp(3, 4, 5, generator(1))).double()
    return learning.ddc_wake_sleep(p, q, x, dreams=20, **STEPS)


# name: (the data for n rows, the call); every call makes its own model and family, so that it can be repeated
CALLS: dict[str, tuple[Callable[[int], Tensor], Callable[[Tensor], Any]]] = {
    "amortization_gap": (
        bits,
        lambda x: diagnostics.amortization_gap(
            *vae(), x, PerDatum(vae()[1], bits(len(x))), 10, generator=generator(3)
        ),
    ),
    "baum_welch": (
        series("HiddenMarkovModel"),
        lambda x: learning.baum_welch(MODELS["HiddenMarkovModel"].make().double(), x, 2),
    ),
    "best_per_datum": (
        bits,
        lambda x: diagnostics.best_per_datum(*vae(), x, steps=2, num_samples=2),
    ),
    "cavi": (
        lambda n: randn(n, 2, seed=0).double(),
        lambda x: learning.cavi(mixture(), x, 2, generator=generator(3)),
    ),
    "coupled_chain_gradient": (
        bits,
        lambda x: learning.coupled_chain_gradient(*vae(), x, generator=generator(3)),
    ),
    "ddc_wake_sleep": (bits, ddc),
    "em": (
        lambda n: randn(n, 2, seed=0).double(),
        lambda x: learning.em(
            models.GaussianMixture(
                probabilities(2, seed=0), randn(2, 2, seed=1), torch.eye(2).expand(2, 2, 2)
            ).double(),
            x,
            2,
        ),
    ),
    "factor_vae": (
        bits,
        lambda x: learning.factor_vae(*vae(), x, mlp(2, 4, 1, generator(2)).double(), **STEPS),
    ),
    "fit": (bits, lambda x: learning.fit(*vae(), x, **STEPS)),
    "gradient_moments": (
        bits,
        lambda x: diagnostics.gradient_moments(
            gradients.reparametrized, *vae(), x, replicates=3, generator=generator(3), method="loop"
        ),
    ),
    "importance_log_evidence": (
        bits,
        lambda x: learning.importance_log_evidence(*vae(), x, 10, generator(3)),
    ),
    "maximize_evidence": (
        lambda n: randn(n, 4, seed=0).double(),
        lambda x: learning.maximize_evidence(MODELS["ProbabilisticPCA"].make().double(), x, 2),
    ),
    "naive_log_evidence": (
        bits,
        lambda x: learning.naive_log_evidence(vae()[0], x, 10, generator(3)),
    ),
    "fit_mixed_model": (
        series("LinearMixedModel"),
        lambda x: learning.fit_mixed_model(MODELS["LinearMixedModel"].make().double(), x, steps=2),
    ),
    "natural_gradient_svi": (
        lambda n: randn(n, 2, seed=0).double(),
        lambda x: learning.natural_gradient_svi(mixture(), x, 2, generator=generator(3)),
    ),
    "particle_filter": (
        series("LinearGaussianSSM"),
        lambda x: learning.particle_filter(
            MODELS["LinearGaussianSSM"].make().double(), x, 10, generator=generator(3)
        ),
    ),
    "per_datum_svi": (
        bits,
        lambda x: learning.per_datum_svi(vae()[0], PerDatum(vae()[1], bits(len(x))), x, steps=2),
    ),
    "reweighted_wake_sleep": (
        bits,
        lambda x: learning.reweighted_wake_sleep(*belief(), x, **STEPS),
    ),
    "state_space_em": (
        series("LinearGaussianSSM"),
        lambda x: learning.state_space_em(MODELS["LinearGaussianSSM"].make().double(), x, 2),
    ),
    "signal_to_noise": (
        bits,
        lambda x: diagnostics.signal_to_noise(
            gradients.reparametrized, *vae(), x, replicates=3, generator=generator(3), method="loop"
        ),
    ),
    "stein_vgd": (
        lambda n: randn(n, 4, seed=0).double(),
        lambda x: learning.stein_vgd(
            models.BayesianLinearRegression(3).double(), x, randn(5, 3, seed=1).double(), 2
        ),
    ),
    "wake_sleep": (bits, lambda x: learning.wake_sleep(*belief(), x, **STEPS)),
}


def numbers(answer: Any) -> list[Tensor]:
    """All tensors inside an answer, timings aside."""
    if isinstance(answer, Tensor):
        return [answer]
    if isinstance(answer, nn.Module):
        return list(answer.parameters())
    if hasattr(answer, "_fields"):
        return [
            t
            for name, value in answer._asdict().items()
            if name != "seconds"
            for t in numbers(value)
        ]
    if isinstance(answer, dict):
        return [t for value in answer.values() for t in numbers(value)]
    return (
        [t for value in answer for t in numbers(value)] if isinstance(answer, (tuple, list)) else []
    )


@pytest.mark.parametrize("name", CALLS)
def test_seeds_reproduce_and_answers_are_finite(name):
    make, call = CALLS[name]
    one, two = numbers(call(make(6))), numbers(call(make(6)))
    assert one and all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert all(bool(torch.isfinite(a).all()) for a in one if a.is_floating_point())


@pytest.mark.parametrize("name", CALLS)
def test_nan_in_the_data_is_refused_by_name(name):
    make, call = CALLS[name]
    x = make(6)
    x[2, 0] = math.nan
    with pytest.raises(ValueError, match=r"x has 1 entries that are NaN or infinite"):
        call(x)


@pytest.mark.parametrize("name", CALLS)
def test_no_data_is_refused_or_answered(name):
    """An empty answer, or a refusal that shows the shape; nothing that is not a number."""
    make, call = CALLS[name]
    try:
        answer = call(make(0))
    except ValueError as error:
        assert "(0, " in str(error) or "0 rows" in str(error) or "expected" in str(error)
    else:
        assert all(bool(torch.isfinite(a).all()) for a in numbers(answer) if a.is_floating_point())


MOVERS = {
    "fit",
    "maximize_evidence",
    "factor_vae",
    "wake_sleep",
    "reweighted_wake_sleep",
    "ddc_wake_sleep",
    "per_datum_svi",
}


@pytest.mark.parametrize("name", sorted(set(CALLS) - MOVERS))
def test_data_on_another_device_are_refused_by_name(name):
    """(Those left out move the data to the parameters, as they say.)"""
    make, call = CALLS[name]
    with pytest.raises(ValueError, match="expected one device"):
        call(make(6).to("meta"))


def test_every_algorithm_that_reads_data_has_a_row():
    """Phases are parts of the algorithms named after them; checks report what is wrong with x, and raise nothing."""
    reads = {
        name
        for module in (learning, diagnostics)
        for name in module.__all__
        if inspect.isfunction(getattr(module, name))
        and {"p", "x"} <= set(inspect.signature(getattr(module, name)).parameters)
    }
    parts = {name for name in reads if name.endswith("_phase") or name.startswith("check_")} | {
        "gradient_samples",
        "beta_weighted",
        "approximation_gap",
    }
    assert reads - parts <= set(CALLS), "add a row to CALLS"

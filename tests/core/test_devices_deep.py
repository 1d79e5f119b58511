"""Device and dtype follow the parameters, for the deep models, their families and algorithms, and the coder; on CUDA where there is one."""

from __future__ import annotations

import copy
import math
from functools import partial

import pytest
import torch

from course_vi.coding import BitsBack
from course_vi.diagnostics import factor_vae_score, mutual_information_gap
from course_vi.families import (
    Amortized,
    MeanField,
    SetPosterior,
    draw_posterior,
    markov_posterior,
    process_posterior,
    statistician_posterior,
)
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.learning import (
    DDC,
    beta_weighted,
    ddc_wake_sleep,
    factor_vae,
    first_and_second_moments,
    fit,
)
from course_vi.models import (
    DRAW,
    VAE,
    ConditionalNeuralProcess,
    ConditionalVAE,
    DeepMarkovModel,
    NeuralProcess,
    NeuralStatistician,
    SigmoidBeliefNet,
)
from course_vi.nets import mlp

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]


def pairs():
    """A model and its family by name, on the CPU in double precision."""

    def own(seed):
        return torch.Generator().manual_seed(seed)

    process, drawing = (
        NeuralProcess(5, 2, 2, hidden=4, generator=own(0)),
        DRAW(2, 9, 1, 4, own(0), window=2),
    )
    return {
        "ConditionalVAE": (
            ConditionalVAE(2, 4, 3, 5, own(0)),
            Amortized(MeanField(2), mlp(7, 5, 4, own(1))),
        ),
        "NeuralStatistician": (
            NeuralStatistician(3, 2, 2, 1, 4, own(0)),
            statistician_posterior(3, 2, 2, 1, 4, own(1)),
        ),
        "NeuralProcess": (process, process_posterior(process)),
        "DeepMarkovModel": (
            DeepMarkovModel(3, 2, 1, 4, own(0)),
            markov_posterior(3, 2, 1, 4, own(1)),
        ),
        "DRAW": (drawing, draw_posterior(drawing, generator=own(1))),
    }


def there(place, *values):
    for value in values:
        assert value.device.type == place["device"] and value.dtype == place["dtype"], (
            value.device,
            value.dtype,
        )
        assert bool(value.isfinite().all())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", pairs())
def test_models_and_families(name, device, dtype):
    """The same numbers as on the CPU in double precision, for the same data and noise."""
    p, q = (module.double() for module in pairs()[name])
    place, x = (
        {"device": device, "dtype": dtype},
        torch.randint(2, (4, p.data_dim), generator=torch.Generator().manual_seed(2)).double(),
    )
    eps = torch.randn(
        3, 4, q.noise_dim, generator=torch.Generator().manual_seed(3), dtype=torch.float64
    )
    wanted = [
        estimator(p, q, x, 3, noise=eps).detach()
        for estimator in (reparametrized, sticking_the_landing, doubly_reparametrized)
    ]
    p, q = copy.deepcopy((p, q))  # together: two of them share nets
    p, q, x, eps = p.to(**place), q.to(**place), x.to(**place), eps.to(**place)
    small = 1e-9 if dtype == torch.float64 else 1e-3
    for estimator, answer in zip(
        (reparametrized, sticking_the_landing, doubly_reparametrized), wanted, strict=True
    ):
        value = estimator(p, q, x, 3, noise=eps)
        there(place, value)
        assert (value.detach().cpu().double() - answer).abs().max() < small * (
            1 + answer.abs().max()
        )
        value.sum().backward()
    source = torch.Generator(device).manual_seed(0)
    there(place, score_function(p, q, x, 3, generator=source))
    assert fit(p, q, x, steps=2, progress=False).bound.isfinite().all()
    rows, z = p.sample(5, source)
    there(place, rows, z, p.log_joint(rows, z.unsqueeze(0)))


@pytest.mark.parametrize("device", DEVICES)
def test_predictions_algorithms_and_scores(device):
    place = {"device": device, "dtype": torch.float32}
    source = torch.Generator(device).manual_seed(0)
    process, plain = (
        NeuralProcess(5, 2, 2, hidden=4).to(**place),
        ConditionalNeuralProcess(5, 2, 2, hidden=4).to(**place),
    )
    context, inputs = torch.zeros(3, 2, 2, **place), torch.zeros(3, 4, 1, **place)
    there(place, *process.predict(context, inputs, 5, source), *plain.predict(context, inputs))
    there(place, plain.log_evidence(torch.zeros(3, 10, **place)))
    assert isinstance(process_posterior(process), SetPosterior)
    p, q, x = (
        VAE(2, 6, 8).to(**place),
        Amortized(MeanField(2), mlp(6, 8, 4)).to(**place),
        torch.ones(20, 6, **place),
    )
    there(place, beta_weighted(p, q, x, generator=source))
    fit(p, q, x, partial(beta_weighted, beta=2.0), steps=2, progress=False)
    assert math.isfinite(factor_vae(p, q, x, mlp(2, 8, 1), steps=2, progress=False).bound[-1])
    net, code = (
        SigmoidBeliefNet((6, 2)).to(**place),
        DDC(2, first_and_second_moments, mlp(6, 8, 5)).to(**place),
    )
    assert ddc_wake_sleep(net, code, x, steps=2, dreams=20, progress=False).bound.isfinite().all()
    factors = torch.cartesian_prod(torch.arange(3), torch.arange(3)).to(device)
    assert mutual_information_gap(factors.to(**place), factors).mean == pytest.approx(1.0)
    assert factor_vae_score(factors.to(**place), factors, votes=20) == 1.0


@pytest.mark.parametrize("device", DEVICES)
def test_coding(device):
    p, q = VAE(2, 6, 8).to(device), Amortized(MeanField(2), mlp(6, 8, 4)).to(device)
    x = torch.bernoulli(
        torch.full((5, 6), 0.4, device=device), generator=torch.Generator(device).manual_seed(0)
    )
    coder = BitsBack(p, q)
    found = coder.decode(coder.encode(x))
    assert torch.equal(found, x) and found.device == x.device

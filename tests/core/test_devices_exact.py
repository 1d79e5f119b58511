"""Device and dtype follow the parameters, for the exact models and their algorithms; the same on CUDA where there is one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from course_vi.families import BernoulliMeanField, MeanField
from course_vi.gradients import rao_blackwellized
from course_vi.learning import (
    cavi,
    coupled_chain_gradient,
    em,
    natural_gradient_svi,
    particle_filter,
)
from course_vi.models import (
    BayesianGaussianMixture,
    BernoulliMixture,
    DeepBernoulli,
    DoublyDeepBernoulli,
    ExponentialRandomGraph,
    GaussianMixture,
    GaussianProcessRegression,
    HiddenMarkovModel,
    LinearGaussianSSM,
    NormalGamma,
    SigmoidBeliefNet,
    TwoBernoullis,
)

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]


@pytest.fixture(params=DEVICES)
def device(request):
    return request.param


@pytest.fixture(params=[torch.float32, torch.float64], ids=str)
def place(device, request):
    return {"device": device, "dtype": request.param}


def there(place, *values):
    for value in values:
        assert value.device.type == place["device"] and value.dtype == place["dtype"], (
            value.device,
            value.dtype,
        )
        assert bool(value.isfinite().all())


def source(place):
    return torch.Generator(place["device"]).manual_seed(0)


def test_models(place):
    zero, one = torch.zeros(1, **place), torch.eye(1, **place)
    deep = DeepBernoulli(nn.Linear(1, 3).to(**place), zero, one)
    doubly = DoublyDeepBernoulli(
        nn.Linear(1, 1).to(**place), nn.Linear(1, 3).to(**place), zero, one, one
    )
    mixture = BernoulliMixture(
        torch.full((2,), 0.5, **place), torch.rand(2, 3, generator=source(place), **place)
    )
    for model in (deep, doubly, mixture):
        x, z = model.sample(4, source(place))
        there(place, x, z, model.log_joint(x, z.unsqueeze(0)), model.log_evidence(x))
    graph = ExponentialRandomGraph(3, parameters=torch.zeros(2, **place))
    there(
        place,
        graph.sample(4, source(place)),
        graph.gibbs(torch.zeros(2, 3, **place), 2, source(place)),
        graph.log_partition(),
    )
    process = GaussianProcessRegression(
        torch.randn(4, 2, generator=source(place), **place), jitter=1e-4
    )
    x, z = process.sample(3, source(place))
    there(
        place,
        x,
        z,
        process.log_evidence(x),
        process.posterior(x).mean,
        process.predict(x, torch.zeros(2, 2, **place)).scale_tril,
    )
    bayesian = BayesianGaussianMixture(4, 2, torch.zeros(2, **place), torch.eye(2, **place))
    x, z = bayesian.sample(4, source(place))
    there(place, x, z, bayesian.log_joint(x, z), bayesian.log_evidence(x))


def test_algorithms(place):
    x = torch.randn(12, 2, generator=source(place), **place)
    mixture = GaussianMixture(
        torch.full((2,), 0.5, **place), x[:2], torch.eye(2, **place).expand(2, 2, 2)
    )
    there(place, em(mixture, x, 3).free_energy, mixture.locs)
    bayesian = BayesianGaussianMixture(12, 2, torch.zeros(2, **place), torch.eye(2, **place))
    there(
        place,
        cavi(bayesian, x, 3, generator=source(place)).elbo,
        cavi(NormalGamma(), x[:, :1], 3).elbo,
    )
    there(place, NormalGamma().log_evidence(x[:, :1]))
    there(place, natural_gradient_svi(bayesian, x, 3, 4, generator=source(place)).elbo)
    p, q, data = TwoBernoullis().to(**place), MeanField(1).to(**place), torch.ones(5, 2, **place)
    there(
        place,
        *(
            coupled_chain_gradient(p, q, data, kernel=kernel, generator=source(place)).surrogate
            for kernel in ("importance", "metropolis")
        ),
    )
    net = SigmoidBeliefNet((2, 3)).to(**place)
    there(
        place,
        rao_blackwellized(net, BernoulliMeanField(3).to(**place), data, 2, generator=source(place)),
    )


def test_particle_filters(place):
    one = torch.eye(1, **place)
    walk = LinearGaussianSSM(one, one, one, one, torch.zeros(1, **place), one, 4).requires_grad_(
        False
    )
    coin = torch.tensor([[0.9, 0.1], [0.2, 0.8]], **place)
    hidden = HiddenMarkovModel(torch.tensor([0.5, 0.5], **place), coin, coin, 4).requires_grad_(
        False
    )
    for model in (walk, hidden):
        for scheme in ("systematic", "multinomial"):
            found = particle_filter(
                model, torch.ones(3, 4, **place), 5, None, 1.0, scheme, source(place)
            )
            there(
                place,
                found.log_evidence,
                found.mean,
                found.variance,
                found.effective,
                found.particles,
            )

"""Codes of expectations: with exact codes the wake gradient is that of the log evidence; dreams teach the exact codes."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, gradients, mean_z, randn
from torch import nn

from course_vi import exact
from course_vi.gradients import score_function
from course_vi.learning import (
    DDC,
    ddc_sleep_phase,
    ddc_wake_phase,
    ddc_wake_sleep,
    first_and_second_moments,
    fit,
)
from course_vi.learning.ddc import RandomFeatures
from course_vi.models import (
    BayesianLogisticRegression,
    ConjugateToy,
    ProbabilisticPCA,
    SigmoidBeliefNet,
)
from course_vi.nets import mlp

ROWS = exact.enumerate_binary(2, like=torch.zeros(1, dtype=DOUBLE))


@pytest.fixture(autouse=True)
def full_length(monkeypatch):
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)


class Exactly(nn.Module):
    """A net that is a given function, with a parameter to tell a dtype by."""

    def __init__(self, function):
        super().__init__()
        self.function, self.unit = function, nn.Parameter(torch.ones(1, dtype=DOUBLE))

    def forward(self, x):
        return self.function(x) * self.unit


def gaussian_code(p):
    """The exact first and second moments of the posterior of probabilistic PCA."""

    def moments(x):
        posterior = p.posterior(x)
        loc = posterior.mean
        second = posterior.covariance_matrix + loc.unsqueeze(-1) * loc.unsqueeze(-2)
        row, column = torch.triu_indices(p.latent_dim, p.latent_dim)
        return torch.cat([loc, second[..., row, column]], -1).detach()

    return DDC(p.latent_dim, first_and_second_moments, Exactly(moments))


def states_but_one(z):
    """Indicators of all states of the bits but the first: with the constant, every function of them."""
    everything = exact.enumerate_binary(z.shape[-1], like=z)[1:]
    return (z.unsqueeze(-2) == everything).all(-1).to(z)


@pytest.mark.parametrize("dim", [1, 2])
def test_wake_with_exact_moments_is_the_evidence_gradient(dim, evidence):
    p = ProbabilisticPCA(randn(3, dim, seed=0), randn(3, seed=1), 0.7).double()
    x = p.sample(4, generator(0))[0]
    found = gradients(ddc_wake_phase(p, gaussian_code(p), x, 40, generator(1), ridge=0.0).sum(), p)
    wanted = gradients(p.log_evidence(x).sum(), p)
    error = max((found[name] - wanted[name]).abs().max().item() for name in wanted)
    assert error < 1e-9, "forty dreams or any other"
    evidence(
        "learning.ddc_wake_phase, exact moments",
        "ProbabilisticPCA: gradient of log p(x)",
        error=error,
    )


def test_wake_with_exact_probabilities_is_the_evidence_gradient(evidence):
    p = SigmoidBeliefNet((2, 2, 1), 1.5, generator(0)).double()
    q = DDC(3, states_but_one, Exactly(lambda x: p.posterior(x).probs.mT[..., 1:].detach()))
    found = gradients(ddc_wake_phase(p, q, ROWS, 2_000, generator(1), ridge=0.0).sum(), p)
    wanted = gradients(p.log_evidence(ROWS).sum(), p)
    error = max((found[name] - wanted[name]).abs().max().item() for name in wanted)
    assert error < 1e-9
    evidence(
        "learning.ddc_wake_phase, exact probabilities",
        "SigmoidBeliefNet: gradient of log p(x), all states",
        error=error,
    )


def test_weights_are_regression(evidence):
    """Against least squares by numpy, with and without a ridge; they add up to one."""
    q = DDC(2, RandomFeatures(2, 5, generator=generator(0)).double(), Exactly(lambda x: x))
    x, z, values = randn(3, 7, seed=1), randn(60, 2, seed=2), randn(60, seed=3)
    features = q.statistics(z)
    for ridge in (0.0, 0.3):
        centred = features - features.mean(0)
        size = ridge * centred.square().mean(0).mean() * 60
        design = torch.cat([centred, math.sqrt(size) * torch.eye(7, dtype=DOUBLE)])
        slopes = torch.linalg.lstsq(
            design, torch.cat([values - values.mean(), torch.zeros(7, dtype=DOUBLE)]).unsqueeze(-1)
        ).solution[:, 0]
        weights = q.weights(x, z, ridge)
        error = (
            (
                (weights * values.unsqueeze(-1)).sum(0)
                - (values.mean() + (x - features.mean(0)) @ slopes)
            )
            .abs()
            .max()
            .item()
        )
        assert (
            weights.shape == (60, 3) and error < 1e-10 and (weights.sum(0) - 1).abs().max() < 1e-12
        )
        evidence("learning.DDC.weights", "least squares on the statistics", error=error)


def test_sleep_is_the_slope_of_the_squared_error(evidence):
    p = SigmoidBeliefNet((2, 2), 1.5, generator(0)).double()
    q = DDC(2, first_and_second_moments, mlp(2, 4, 5, generator(1))).double()
    states = p.states(ROWS).expand(-1, 4, 2)
    chance = p.log_joint(ROWS, states).exp().detach()
    wanted = gradients(
        -0.5 * (chance * (q.statistics(states) - q.code(ROWS)).square().sum(-1)).sum(), q
    )
    source = generator(3)
    found = torch.stack(
        [
            torch.cat(
                [
                    part.flatten()
                    for part in gradients(ddc_sleep_phase(p, q, 1_000, source).mean(), q).values()
                ]
            )
            for _ in range(80)
        ]
    )
    score = mean_z(found, torch.cat([part.flatten() for part in wanted.values()]))
    assert (
        score < LIMIT
        and not gradients(ddc_sleep_phase(p, q, 10, source).sum(), p)["weights.0"].any()
    )
    evidence(
        "learning.ddc_sleep_phase", "SigmoidBeliefNet: slope of the exact squared error", z=score
    )


class SquareNet(nn.Module):
    """Linear in x and its square."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)

    def forward(self, x):
        return self.linear(torch.cat([x, x.square()], -1))


def test_dreams_teach_the_moments_of_the_toy(evidence):
    """E[z | x] = x / 2 and E[z^2 | x] = x^2 / 4 + 1 / 2."""
    p, q = ConjugateToy(), DDC(1, first_and_second_moments, SquareNet()).double()

    def asleep(p, q, x, num_samples, bound, generator):
        return ddc_sleep_phase(p, q, 2_000, generator)

    x = torch.linspace(-2, 2, 5, dtype=DOUBLE).unsqueeze(-1)
    for rate in (0.05, 0.005):
        fit(p, q, x, asleep, 400, learning_rate=rate, progress=False)
    error = (q.code(x) - torch.cat([x / 2, x.square() / 4 + 0.5], -1)).abs().max().item()
    assert error < 0.05
    evidence(
        "learning.ddc_sleep_phase: learned moments", "ConjugateToy: posterior moments", error=error
    )


def test_correlations_that_a_product_cannot_say(evidence):
    """Two rare causes of one effect explain each other away: the code has the posterior mean of their product."""
    p = SigmoidBeliefNet((2, 2)).double().requires_grad_(False)
    p.weights[0].fill_(8.0), p.biases[0].fill_(-4.0), p.biases[1].fill_(-2.0)
    q = DDC(2, first_and_second_moments, mlp(2, 8, 5, generator(1))).double()
    for rate in (0.03, 0.003):
        ddc_wake_sleep(p, q, ROWS, 300, 1_000, learning_rate=rate, progress=False)
    found = q.code(ROWS[3])
    states, probs = p.posterior(ROWS[3]).states, p.posterior(ROWS[3]).probs
    wanted = probs @ first_and_second_moments(states)
    error = (found - wanted).abs().max().item()
    covariance = (found[3] - found[0] * found[1]).item()
    assert error < 0.03 and covariance < -0.1, "a product of marginals says zero"
    evidence(
        "learning.ddc_wake_sleep: learned moments of two causes",
        "SigmoidBeliefNet: all states",
        error=error,
    )


def test_a_machine_learns_its_data(evidence):
    """Two correlated pixels: the exact likelihood ends near the entropy of the data, the best there is."""
    counts = torch.tensor([4, 1, 1, 4])
    x, share = ROWS.repeat_interleave(counts, 0), counts.to(DOUBLE) / counts.sum()
    p = SigmoidBeliefNet((2, 1), 0.5, generator(0)).double()
    q = DDC(1, lambda z: z, mlp(2, 8, 1, generator(1))).double()
    best = (share * share.log()).sum()
    before = (best - share @ p.log_evidence(ROWS)).item()
    for rate in (0.05, 0.005):
        ddc_wake_sleep(p, q, x, 300, learning_rate=rate, progress=False)
    gap = (best - share @ p.log_evidence(ROWS)).item()
    assert -1e-12 < gap < 0.05 < before
    evidence(
        "learning.ddc_wake_sleep, theta", "SigmoidBeliefNet: entropy of the data, nats", error=gap
    )


def test_shapes_precisions_and_seeds():
    for dtype in (torch.float32, DOUBLE):
        p, q = (
            SigmoidBeliefNet((2, 1), generator=generator(0)).to(dtype),
            DDC(1, lambda z: z, mlp(2, 3, 1, generator(1))).to(dtype),
        )
        for batch in ((), (1,), (2, 3)):
            value = ddc_wake_phase(p, q, torch.ones(*batch, 2, dtype=dtype), 30, generator(0))
            assert value.shape == batch and value.dtype == dtype and value.isfinite().all()
    runs = []
    for seed in (0, 0, 1):
        p, q = (
            SigmoidBeliefNet((2, 1), generator=generator(0)).double(),
            DDC(1, lambda z: z, mlp(2, 3, 1, generator(1))).double(),
        )
        runs.append(ddc_wake_sleep(p, q, ROWS, 5, dreams=50, seed=seed, progress=False).bound)
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])


def test_refusals():
    p, q = (
        SigmoidBeliefNet((2, 2)).double(),
        DDC(2, first_and_second_moments, mlp(2, 3, 5)).double(),
    )
    with pytest.raises(ValueError, match="2 latents do not tell 5 statistics apart"):
        q.weights(ROWS, randn(2, 2, seed=0), ridge=0.0)
    with pytest.raises(TypeError, match="q is a DDC, which has expectations and no density"):
        score_function(p, q, ROWS)
    with pytest.raises(ValueError, match="x has 2 entries that are NaN"):
        ddc_wake_phase(p, q, torch.full((2,), math.nan, dtype=DOUBLE))
    with pytest.raises(ValueError, match="the net's answer has shape"):
        DDC(2, first_and_second_moments, mlp(2, 3, 4)).double().weights(ROWS, randn(50, 2, seed=0))
    with pytest.raises(ValueError, match="are global"):
        ddc_wake_sleep(BayesianLogisticRegression(2), q, torch.zeros(3, 3))
    with pytest.raises(ValueError, match="dreams is 0"):
        ddc_sleep_phase(p, q, 0)

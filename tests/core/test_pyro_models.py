"""Every twin has the density of its model; ELBO and gradients agree at the same noise, and sums over states are exact in both."""

from __future__ import annotations

import math

import pyro
import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, randn
from pyro import poutine
from pyro.infer import Trace_ELBO, TraceEnum_ELBO
from torch import nn

from course_vi import models
from course_vi.bounds import elbo
from course_vi.experiments.small_models import SMALL_MODELS
from course_vi.families import BernoulliMeanField, FactorCovariance, FullRank, MeanField
from course_vi.gradients import reparametrized, score_function
from course_vi.pyro_twins import TWINS, bernoulli_guide, gaussian_guide, log_joint, twin

DISCRETE = {
    "BernoulliMixture",
    "GaussianHMM",
    "GaussianMixture",
    "HiddenMarkovModel",
    "MultivariateGaussianHMM",
    "SigmoidBeliefNet",
}
CONTINUOUS = [name for name in SMALL_MODELS if name not in DISCRETE]


def case(name: str):
    p = SMALL_MODELS[name]().double()
    x, z = p.sample(6, generator(5))
    pyro.clear_param_store()
    return p, twin(p), x.to(DOUBLE), z.to(DOUBLE)


def gradients(value: torch.Tensor, *modules: nn.Module) -> list[torch.Tensor]:
    parameters = [parameter for module in modules for parameter in module.parameters()]
    found = torch.autograd.grad(value, parameters, allow_unused=True) if parameters else []
    return [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)]


def test_every_twin_is_tested():
    assert {type(make()) for make in SMALL_MODELS.values()} == set(TWINS)


@pytest.mark.parametrize("name", SMALL_MODELS)
def test_the_log_joint_and_its_gradient(name, evidence):
    p, pyro_p, x, z = case(name)
    if name in CONTINUOUS:
        z = z + 0.5 * randn(*z.shape, seed=1)  # not only where the model would put it
    ours = p.log_joint(x, z).sum()
    theirs = log_joint(pyro_p, x, z)
    torch.testing.assert_close(theirs, ours, rtol=1e-12, atol=1e-10)
    evidence(f"models.{type(p).__name__}", "its Pyro twin: log joint", error=theirs - ours)
    if list(p.parameters()):
        for a, b in zip(gradients(theirs, p), gradients(ours, p), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("kind", [MeanField, FullRank])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_elbo_and_its_gradients_at_the_same_noise(name, kind, evidence):
    """Pyro's loss is minus our bound, and its gradient that of ``reparametrized``: in phi, and in theta."""
    p, pyro_p, x, _ = case(name)
    dim = p.latent_dim
    q = kind(
        dim,
        0.3 * randn(dim, seed=1),
        -0.5 + 0.2 * randn(dim, seed=2),
        *([0.3 * randn(dim, dim, seed=3)] if kind is FullRank else []),
    )
    guide = poutine.trace(gaussian_guide(q, pyro_p))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        loss = Trace_ELBO().differentiable_loss(pyro_p.model, guide, x)
    z = guide.trace.nodes["z, all"]["value"].detach()
    density = q.distribution()
    root = torch.diag(density.log_scale.exp()) if kind is MeanField else density.scale_tril
    noise = (
        torch.linalg.solve_triangular(root, (z - q.loc).unsqueeze(-1), upper=False)
        .squeeze(-1)
        .detach()
    )
    value = reparametrized(p, q, x, noise=noise.unsqueeze(0)).sum()
    torch.testing.assert_close(-loss, value, rtol=1e-10, atol=1e-9)
    for a, b in zip(gradients(-loss, q, p), gradients(value, q, p), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-8)
        evidence(
            f"gradients.reparametrized ({type(p).__name__}, {kind.__name__})",
            "Pyro's Trace_ELBO at the same noise: gradients",
            error=(a - b).abs().max() / (1 + b.abs().max()),
        )


@pytest.mark.parametrize(
    "name",
    [
        "BernoulliMixture",
        "GaussianMixture",
        "HiddenMarkovModel",
        "GaussianHMM",
        "MultivariateGaussianHMM",
        "SigmoidBeliefNet",
    ],
)
def test_adding_up_all_states_gives_the_evidence(name, evidence):
    """TraceEnum_ELBO with an empty guide: minus the log evidence, and its gradient in theta."""
    p, pyro_p, x, _ = case(name)
    model = pyro.infer.config_enumerate(pyro_p.model, default="parallel")
    loss = TraceEnum_ELBO(max_plate_nesting=1).differentiable_loss(model, lambda x: None, x)
    ours = p.log_evidence(x).sum()
    torch.testing.assert_close(-loss, ours, rtol=1e-10, atol=1e-10)
    evidence(
        f"models.{name}.log_evidence",
        "Pyro's TraceEnum_ELBO: all states added up",
        error=-loss - ours,
    )
    for a, b in zip(gradients(-loss, p), gradients(ours, p), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-9)


def belief_net_case():
    p, pyro_p, x, _ = case("SigmoidBeliefNet")
    q = BernoulliMeanField(5, randn(5, seed=3))
    states = p.states(x[:1]).reshape(-1, 5)
    log_q = q(None, states)
    exactly = (
        log_q.exp().unsqueeze(-1) * (p.log_joint(x, states.unsqueeze(1)) - log_q.unsqueeze(-1))
    ).sum()
    return p, pyro_p, x, q, exactly


def test_the_exact_elbo_of_a_belief_net():
    """The guide's bits enumerated: the ELBO and its gradients in theta and phi are sums over 32 states, in Pyro and by hand."""
    p, pyro_p, x, q, exactly = belief_net_case()
    loss = TraceEnum_ELBO(max_plate_nesting=1).differentiable_loss(
        pyro_p.model, bernoulli_guide(q, pyro_p), x
    )
    torch.testing.assert_close(-loss, exactly, rtol=1e-10, atol=1e-10)
    for a, b in zip(gradients(-loss, q, p), gradients(exactly, q, p), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-9)


def test_score_functions_of_a_belief_net_in_expectation(evidence):
    """Bits drawn, not added up: Pyro's Trace_ELBO and our score function, each against the exact gradient."""
    p, pyro_p, x, q, exactly = belief_net_case()
    (wanted,) = gradients(exactly, q)
    guide = bernoulli_guide(q, pyro_p, enumerated=False)
    theirs, ours = [], []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for _ in range(400):
            theirs.append(
                -gradients(Trace_ELBO().differentiable_loss(pyro_p.model, guide, x), q)[0]
            )
    source = generator(1)
    for _ in range(400):
        ours.append(gradients(score_function(p, q, x, 1, bound=elbo, generator=source).sum(), q)[0])
    for name, found in (
        ("Pyro's Trace_ELBO", torch.stack(theirs)),
        ("gradients.score_function", torch.stack(ours)),
    ):
        z = (found.mean(0) - wanted) / (found.std(0) / math.sqrt(len(found)))
        assert z.abs().max() < LIMIT
        evidence(
            f"{name} (SigmoidBeliefNet)",
            "the exact ELBO gradient, all states added up",
            z=z.abs().max(),
        )


def test_a_minibatch_is_scaled_in_both():
    p = models.BayesianLogisticRegression(3, num_data=60).double()
    x, z = p.sample(6, generator(0))
    torch.testing.assert_close(log_joint(twin(p), x, z), p.log_joint(x, z))


def test_refusals():
    with pytest.raises(
        TypeError,
        match="p is a Model, which has no twin in Pyro; expected one of BayesianLinearRegression",
    ):
        twin(models.Model())
    with pytest.raises(TypeError, match="q is a FactorCovariance; expected MeanField or FullRank"):
        gaussian_guide(FactorCovariance(2, 1), twin(models.ConjugateToy(2)))

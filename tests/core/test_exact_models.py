"""What every model with exact answers must obey, whatever its shapes: Bayes' rule, dtypes, seeds, empty batches, NaN; and models
of one kind against the same model written as another kind."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, randn
from torch.distributions import Categorical, MultivariateNormal, Normal

from course_vi.diagnostics import gradient_moments
from course_vi.families import MeanField
from course_vi.gradients import sticking_the_landing
from course_vi.graph import BayesNet, plate
from course_vi.models import (
    BayesianLinearRegression,
    ConjugateToy,
    GaussianChain,
    GaussianHMM,
    GaussianMixture,
    HiddenMarkovModel,
    LinearGaussianSSM,
    LinearMixedModel,
    ProbabilisticPCA,
)


def covariance(size: int, seed: int) -> torch.Tensor:
    root = randn(size, size, seed=seed)
    return root @ root.mT / size + 0.5 * torch.eye(size, dtype=DOUBLE)


def rows(size: int, *others: int, seed: int = 0) -> torch.Tensor:
    return randn(*others, size, seed=seed).softmax(-1)


LOCAL = {
    "toy": lambda: ConjugateToy(2),
    "chain": GaussianChain,
    "pca": lambda: ProbabilisticPCA(randn(4, 2, seed=0), randn(4, seed=1), 0.7),
    "mixture": lambda: GaussianMixture(
        rows(3), randn(3, 2, seed=1), torch.stack([covariance(2, s) for s in range(3)])
    ),
    "state space": lambda: LinearGaussianSSM(
        0.7 * torch.eye(2, dtype=DOUBLE),
        randn(1, 2, seed=0),
        covariance(2, 1),
        covariance(1, 2),
        randn(2, seed=3),
        covariance(2, 4),
        steps=3,
    ),
    "hmm": lambda: HiddenMarkovModel(rows(2), rows(2, 2, seed=1), rows(3, 2, seed=2), steps=4),
    "gaussian hmm": lambda: GaussianHMM(
        rows(2), rows(2, 2, seed=1), torch.tensor([[-1.0, 0.5], [1.0, 2.0]], dtype=DOUBLE), steps=3
    ),
}
GLOBAL = {
    "regression": lambda: BayesianLinearRegression(3, 0.8, 0.6),
    "mixed": lambda: LinearMixedModel([3, 2], randn(2, seed=0), [0.7, 1.2], 0.5),
}


@pytest.mark.parametrize("name", list(LOCAL))
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    k=st.integers(1, 3),
    batch=st.lists(st.integers(0, 3), max_size=2),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_bayes_rule_for_every_shape(name, k, batch, dtype):
    """log p(x, z) - log p(z | x) = log p(x) at samples of the posterior: a shape or a factor out of place shows."""
    model = LOCAL[name]().to(dtype)
    count = math.prod(batch)
    x = (
        model.sample(max(1, count), generator(0))[0][:count]
        .reshape(*batch, model.data_dim)
        .to(dtype)
    )
    posterior = model.posterior(x)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        z = posterior.sample((k,)).to(dtype)
    joint, log_p = model.log_joint(x, z), model.log_evidence(x)
    assert (
        joint.shape == (k, *batch)
        and log_p.shape == tuple(batch)
        and z.shape == (k, *batch, model.latent_dim)
    )
    assert joint.dtype == log_p.dtype == dtype
    assert torch.allclose(
        joint - posterior.log_prob(z),
        log_p.expand(k, *batch),
        atol=1e-10 if dtype == DOUBLE else 2e-4,
    )


@pytest.mark.parametrize("name", list(GLOBAL))
@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    k=st.integers(1, 3),
    batch=st.lists(st.integers(0, 3), max_size=2),
    n=st.integers(1, 5),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_bayes_rule_for_global_latents(name, k, batch, n, dtype):
    """The batch of z counts replicates; the evidence is one number for all the rows."""
    model = GLOBAL[name]().to(dtype)
    x, _ = model.sample(n, generator(0))
    z = randn(k, *batch, model.latent_dim, seed=1).to(dtype)
    joint, log_p = model.log_joint(x, z), model.log_evidence(x)
    assert x.dtype == joint.dtype == dtype and joint.shape == (k, *batch) and log_p.shape == ()
    assert torch.allclose(
        joint - model.posterior(x).log_prob(z),
        log_p.expand(k, *batch),
        atol=1e-9 if dtype == DOUBLE else 2e-3,
    )


@pytest.mark.parametrize("name", [*LOCAL, *GLOBAL])
def test_seeds_reproduce(name):
    model = {**LOCAL, **GLOBAL}[name]()
    (x, z), (again, same), (other, _) = (model.sample(3, generator(seed)) for seed in (0, 0, 1))
    assert (
        torch.equal(x, again)
        and torch.equal(z, same)
        and not torch.equal(x, other)
        and not x.requires_grad
    )
    assert x.shape == (3, model.data_dim) and z.shape == (
        (3, model.latent_dim) if model.local else (model.latent_dim,)
    )


@pytest.mark.parametrize(
    "name", [name for name in [*LOCAL, *GLOBAL] if name not in ("toy", "chain")]
)
def test_nan_is_refused(name):
    model = {**LOCAL, **GLOBAL}[name]()
    x, _ = model.sample(3, generator(0))
    x[1, -1] = torch.nan
    with pytest.raises(ValueError, match="x has 1 entries that are NaN"):
        model.log_evidence(x)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_extreme_scales_stay_exact(scale):
    """Data and scales in other units: the evidence moves by the log of the unit for every number in x."""
    unit = LOCAL["pca"]()
    x = unit.sample(3, generator(0))[0]
    other = ProbabilisticPCA(scale * unit.loadings.detach(), scale * unit.loc.detach(), 0.7 * scale)
    assert torch.allclose(
        other.log_evidence(scale * x), unit.log_evidence(x) - 4 * math.log(scale), atol=1e-9
    )
    ssm = LOCAL["state space"]()
    wide = LinearGaussianSSM(
        ssm.transition.detach(),
        ssm.emission.detach(),
        *(
            scale**2 * (root @ root.mT).detach()
            for root in (ssm.transition_root, ssm.emission_root)
        ),
        scale * ssm.initial_loc.detach(),
        scale**2 * (ssm.initial_root @ ssm.initial_root.mT).detach(),
        steps=3,
    )
    x = ssm.sample(3, generator(0))[0]
    assert torch.allclose(
        wide.log_evidence(scale * x), ssm.log_evidence(x) - 3 * math.log(scale), atol=1e-8
    )


@pytest.mark.parametrize("name", ["mixture", "hmm", "gaussian hmm"])
def test_logits_count_up_to_a_constant(name):
    """While logits are learned they do not stay normalized; nothing may rest on that."""
    model = LOCAL[name]()
    x, z = model.sample(4, generator(0))
    before = (
        model.log_joint(x, z.unsqueeze(0)),
        model.log_evidence(x),
        model.posterior(x).log_prob(z),
    )
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "logits" in parameter_name:
                parameter += 3.0
    after = (
        model.log_joint(x, z.unsqueeze(0)),
        model.log_evidence(x),
        model.posterior(x).log_prob(z),
    )
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(before, after, strict=True))
    again, same = model.sample(4, generator(0))
    assert torch.equal(x, again) and torch.equal(z, same)


@pytest.mark.parametrize("name", ["mixture", "state space"])
def test_roots_count_up_to_a_rotation(name):
    """While roots of covariances are learned they do not stay triangular: only root root' matters."""
    model = LOCAL[name]()
    x, z = model.sample(4, generator(0))
    before = (
        model.log_joint(x, z.unsqueeze(0)),
        model.log_evidence(x),
        model.posterior(x).log_prob(z),
    )
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "root" in parameter_name:
                parameter.copy_(
                    parameter
                    @ torch.linalg.qr(randn(parameter.shape[-1], parameter.shape[-1], seed=9))[0]
                )
    after = (
        model.log_joint(x, z.unsqueeze(0)),
        model.log_evidence(x),
        model.posterior(x).log_prob(z),
    )
    assert all(torch.allclose(a, b, atol=1e-11) for a, b in zip(before, after, strict=True))
    x, z = model.sample(20_000, generator(1))
    wanted = LOCAL[name]().sample(20_000, generator(2))[0]
    spread = (x.square().var(0) + wanted.square().var(0)).sqrt() / math.sqrt(20_000)
    assert ((x.square().mean(0) - wanted.square().mean(0)) / spread).abs().max() < LIMIT


def test_a_state_space_model_as_a_net(evidence):
    """The same series written as a graph: three states, three measurements."""
    model = LOCAL["state space"]()
    first = MultivariateNormal(model.initial_loc.detach(), scale_tril=model.initial_root.detach())

    def move(z):
        return MultivariateNormal(
            z @ model.transition.mT.detach(), scale_tril=model.transition_root.detach()
        )

    def see(z):
        return MultivariateNormal(
            z @ model.emission.mT.detach(), scale_tril=model.emission_root.detach()
        )

    net = BayesNet(
        z1=lambda: first,
        z2=lambda z1: move(z1),
        z3=lambda z2: move(z2),
        x1=lambda z1: see(z1),
        x2=lambda z2: see(z2),
        x3=lambda z3: see(z3),
    )
    twin = net.as_model(["x1", "x2", "x3"], ["z1", "z2", "z3"])
    x, z = randn(4, 3, seed=5), randn(2, 4, 6, seed=6)
    error = (twin.log_joint(x, z) - model.log_joint(x, z)).abs().max()
    assert error < 1e-12 and set(net.markov_blanket("z2")) == {"z1", "z3", "x2"}
    evidence("graph.BayesNet, a series", "models.LinearGaussianSSM", error=error)


def test_a_hidden_markov_model_and_a_mixture_as_nets(evidence):
    hmm, mixture = LOCAL["gaussian hmm"](), LOCAL["mixture"]()
    loc, scale = hmm.loc.detach(), hmm.log_scale.exp().detach()
    net = BayesNet(
        z1=lambda: Categorical(logits=hmm.initial_logits),
        z2=lambda z1: Categorical(logits=hmm.transition_logits[z1]),
        z3=lambda z2: Categorical(logits=hmm.transition_logits[z2]),
        x1=lambda z1: Normal(loc[z1], scale[z1]),
        x2=lambda z2: Normal(loc[z2], scale[z2]),
        x3=lambda z3: Normal(loc[z3], scale[z3]),
    )
    x, z = hmm.sample(5, generator(0))
    error = (
        (net.as_model(["x1", "x2", "x3"], ["z1", "z2", "z3"]).log_joint(x, z) - hmm.log_joint(x, z))
        .abs()
        .max()
    )
    blobs = BayesNet(
        z=lambda: Categorical(logits=mixture.logits),
        x=lambda z: MultivariateNormal(mixture.locs[z], scale_tril=mixture.roots[z]),
    )
    x, z = mixture.sample(5, generator(0))
    error = max(
        error, (blobs.as_model(["x"], ["z"]).log_joint(x, z) - mixture.log_joint(x, z)).abs().max()
    )
    assert error < 1e-12
    evidence(
        "graph.BayesNet, discrete latents",
        "models.GaussianHMM, models.GaussianMixture",
        error=error,
    )


def test_a_mixed_model_as_a_net(evidence):
    """Crossed random effects are crossed plates."""
    model = LinearMixedModel([3, 4], torch.zeros(0, dtype=DOUBLE), [0.7, 1.2], 0.5)
    i, j = plate("i", 3), plate("j", 4)
    net = BayesNet(
        a=i(lambda: Normal(torch.zeros((), dtype=DOUBLE), 0.7)),
        b=j(lambda: Normal(torch.zeros((), dtype=DOUBLE), 1.2)),
        y=i(j(lambda a, b: Normal(a + b, 0.5))),
    )
    y, z = randn(3, 4, seed=0), randn(6, 7, seed=1)
    table = torch.stack(
        [torch.arange(3.0).repeat_interleave(4), torch.arange(4.0).repeat(3), y.flatten()], -1
    ).double()
    table[:, -1] = y.flatten()
    error = (
        (net.as_model(["y"], ["a", "b"]).log_joint(y.flatten(), z) - model.log_joint(table, z))
        .abs()
        .max()
    )
    assert error < 1e-11
    evidence("graph.plate, crossed", "models.LinearMixedModel", error=error)


def test_zero_variance_at_the_posterior_of_a_net(evidence):
    """A net is a model like any other: sticking the landing has no noise at the exact posterior."""
    zero, one = torch.zeros(2, dtype=DOUBLE), torch.ones(2, dtype=DOUBLE)
    model = BayesNet(z=lambda: Normal(zero, one), x=lambda z: Normal(z, one)).as_model(["x"], ["z"])
    x = torch.tensor([1.0, -2.0], dtype=DOUBLE)
    q = MeanField(2, x / 2, torch.full((2,), -0.5 * math.log(2), dtype=DOUBLE))
    moments = gradient_moments(
        sticking_the_landing, model, q, x, num_samples=2, replicates=200, generator=generator(0)
    )
    worst = max(variance.abs().max().item() for variance in moments.variance.values())
    assert worst < 1e-25
    evidence(
        "graph.BayesNet.as_model, sticking the landing",
        "zero variance at the posterior",
        error=worst,
    )

"""Particle filters against Kalman, enumeration and quadrature: the evidence is unbiased; old weights kept, or their logarithm, are not."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, expected_bound, generator, mean_z, randn
from torch import nn
from torch.distributions import Independent, Normal

from course_vi import exact
from course_vi.bounds import iwae
from course_vi.distributions import CholeskyNormal, DiagonalNormal
from course_vi.learning import particle_filter
from course_vi.learning.particles import resample
from course_vi.models import (
    ConjugateToy,
    DeepMarkovModel,
    GaussianHMM,
    HiddenMarkovModel,
    LinearGaussianSSM,
)
from course_vi.models.dynamics import Dynamics, dynamics

SCHEMES = [(scheme, below) for scheme in ("systematic", "multinomial") for below in (0.0, 0.5, 1.0)]


def tracking(steps=5):
    eye = torch.eye(2, dtype=DOUBLE)
    return LinearGaussianSSM(
        torch.tensor([[0.9, 0.4], [-0.2, 0.7]], dtype=DOUBLE),
        torch.tensor([[1.0, 0.3]], dtype=DOUBLE),
        0.5 * eye,
        torch.tensor([[0.3]], dtype=DOUBLE),
        torch.tensor([0.2, -0.1], dtype=DOUBLE),
        eye,
        steps,
    ).requires_grad_(False)


def walk(steps=2):
    one = torch.eye(1, dtype=DOUBLE)
    return LinearGaussianSSM(
        0.8 * one, one, 0.7 * one, 0.5 * one, torch.zeros(1, dtype=DOUBLE), one, steps
    ).requires_grad_(False)


def optimal(model):
    """p(z_t | z_{t-1}, x_t): one step of Kalman for every particle."""
    q, c = (root @ root.mT for root in (model.transition_root, model.initial_root)), model.emission
    moving, first = q
    noise = model.emission_root @ model.emission_root.mT

    def proposal(t, previous, x):
        covariance = first if previous is None else moving
        loc = model.initial_loc if previous is None else previous @ model.transition.mT
        gain = covariance @ c.mT @ torch.linalg.inv(c @ covariance @ c.mT + noise)
        loc = loc + (x[..., t, :] - loc @ c.mT) @ gain.mT
        return CholeskyNormal(loc, torch.linalg.cholesky(covariance - gain @ c @ covariance))

    return proposal


def clumsy(t, previous, x):
    """A proposal that knows little and covers all: a wide normal around half the datum."""
    loc = torch.cat([0.5 * x[..., t, :], torch.zeros_like(x[..., t, :])], -1)
    loc = loc if previous is None else loc + 0.5 * previous
    return DiagonalNormal(loc, torch.full_like(loc[..., :2], 0.3))


@pytest.mark.parametrize("scheme, below", SCHEMES)
@pytest.mark.parametrize("kind", ["bootstrap", "optimal", "clumsy"])
def test_evidence_and_moments_against_kalman(kind, scheme, below, evidence):
    """E p_hat(x_1..t) = p(x_1..t) at every t; and E p_hat(x_1..t) (weighted mean of z_t) = p(x_1..t) E[z_t | x_1..t], exactly."""
    model, runs = tracking(), 6000
    x = model.sample(1, generator(3))[0][0]
    kalman = model.filter(x)
    proposal = {"bootstrap": None, "optimal": optimal(model), "clumsy": clumsy}[kind]
    found = particle_filter(model, x.expand(runs, -1), 8, proposal, below, scheme, generator(0))
    ratio = (found.log_terms.cumsum(-1) - kalman.log_terms.cumsum(-1)).exp()
    first = mean_z(ratio[:, 1:] if kind == "optimal" else ratio, 1.0)
    score = max(first, mean_z(ratio.unsqueeze(-1) * found.mean, kalman.loc))
    second = ratio.unsqueeze(-1) * (found.variance + found.mean.square())
    score = max(
        score, mean_z(second, kalman.covariance.diagonal(dim1=-2, dim2=-1) + kalman.loc.square())
    )
    assert score < LIMIT
    if kind == "optimal":
        assert torch.allclose(
            ratio[:, 0], torch.ones(runs, dtype=DOUBLE)
        )  # the first step is exact: weights do not vary
    assert found.log_evidence.mean() < model.log_evidence(x)  # and its logarithm is a lower bound
    evidence(
        f"learning.particle_filter, {kind}, {scheme}",
        "Kalman: evidence, means and second moments",
        z=score,
    )


@pytest.mark.parametrize("gaussian", [False, True])
def test_evidence_against_enumeration(gaussian, evidence):
    """Hidden Markov models: every path counted."""
    initial, transition = (
        torch.tensor([0.6, 0.4], dtype=DOUBLE),
        torch.tensor([[0.8, 0.2], [0.3, 0.7]], dtype=DOUBLE),
    )
    emission = torch.tensor(
        [[-0.5, 0.6], [1.0, 1.1]] if gaussian else [[0.9, 0.1], [0.25, 0.75]], dtype=DOUBLE
    )
    model = (GaussianHMM if gaussian else HiddenMarkovModel)(
        initial, transition, emission, 5
    ).requires_grad_(False)
    x = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0], dtype=DOUBLE)
    wanted = model.log_joint(x, exact.enumerate_binary(5, like=x)).logsumexp(0)
    score = 0.0
    for scheme, below in SCHEMES:
        found = particle_filter(model, x.expand(8000, -1), 4, None, below, scheme, generator(1))
        ratio = (found.log_terms.cumsum(-1)).exp()
        score = max(score, mean_z(ratio[:, -1], wanted.exp()))
        state = (model.forward_messages(x).softmax(-1))[..., 1]
        score = max(
            score,
            mean_z(
                ratio * (found.mean[..., 0]), state * model.forward_messages(x).logsumexp(-1).exp()
            ),
        )
    assert score < LIMIT
    evidence(
        f"learning.particle_filter, {type(model).__name__}",
        "enumeration of paths; forward messages",
        z=score,
    )


def test_a_deep_markov_model(evidence):
    """With affine nets it is a linear Gaussian model, and the same seed gives the same particles."""
    eye, a, c = torch.eye(2, dtype=DOUBLE), 0.7 * randn(2, 2, seed=0), randn(1, 2, seed=1)
    deep = DeepMarkovModel(
        4, 1, 2, transition=nn.Linear(2, 4), emission=nn.Linear(2, 1, bias=False)
    ).double()
    with torch.no_grad():
        deep.transition.weight.copy_(torch.cat([a, torch.zeros_like(a)]))
        deep.transition.bias.copy_(torch.tensor([0.0, 0.0, -0.3, 0.1], dtype=DOUBLE))
        deep.emission.weight.copy_(c)
        deep.output.log_scale.fill_(-0.4)
    moves = torch.diag(torch.tensor([-0.6, 0.2], dtype=DOUBLE).exp())
    linear = LinearGaussianSSM(
        a,
        c,
        moves,
        math.exp(-0.8) * torch.eye(1, dtype=DOUBLE),
        torch.zeros(2, dtype=DOUBLE),
        eye,
        4,
    )
    x = linear.sample(3, generator(0))[0]
    mine, theirs = (
        particle_filter(model, x, 20, generator=generator(1)) for model in (deep, linear)
    )
    worst = max(
        (mine.log_evidence - theirs.log_evidence).abs().max(),
        (mine.particles - theirs.particles).abs().max(),
    )
    assert worst < 1e-12
    slopes = torch.autograd.grad(mine.log_evidence.sum(), list(deep.parameters()))
    assert all(bool(slope.isfinite().all()) for slope in slopes)
    evidence(
        "learning.particle_filter, DeepMarkovModel with affine nets",
        "the filter of LinearGaussianSSM",
        error=worst,
    )


def stale(model, x, count, seed):
    """Mistake 24: the particles are resampled, and keep their old weights."""
    steps, source = dynamics(model), generator(seed)
    series = x.unflatten(-1, (steps.steps, 1))
    z = steps.first().rsample((count, *x.shape[:-1]), generator=source)
    log_w = torch.full((count, *x.shape[:-1]), -math.log(count), dtype=DOUBLE) + steps.see(
        0, z, series[..., 0, :]
    )
    total = log_w.logsumexp(0)
    for t in range(1, steps.steps):
        log_w = log_w - log_w.logsumexp(0)
        index = resample(log_w, "multinomial", source)
        z, log_w = (
            z.gather(0, index.unsqueeze(-1).expand_as(z)),
            log_w.gather(0, index),
        )  # the fault: log_w goes along
        z = steps.move(t, z).rsample((), generator=source)
        log_w = log_w - log_w.logsumexp(0) + steps.see(t, z, series[..., t, :])
        total = total + log_w.logsumexp(0)
    return total


def test_old_weights_are_biased():
    """The same filter with the fault: its mean evidence is off by many standard errors, where ours is right."""
    model, x = walk(4), torch.tensor([1.0, 1.5, 2.0, 2.5], dtype=DOUBLE)
    log_p, many = model.log_evidence(x), x.expand(20_000, -1)
    wrong = (stale(model, many, 8, 0) - log_p).exp()
    right = (
        particle_filter(model, many, 8, None, 1.0, "multinomial", generator(0)).log_evidence - log_p
    ).exp()
    assert mean_z(right, 1.0) < LIMIT < 2 * LIMIT < mean_z(wrong, 1.0)


@pytest.mark.parametrize("scheme", ["multinomial", "systematic"])
def test_resampling(scheme, evidence):
    weights = torch.tensor([0.05, 0.4, 0.0, 0.3, 0.25], dtype=DOUBLE)
    index = resample(weights.log().unsqueeze(-1).expand(5, 20_000), scheme, generator(0))
    children = (index.unsqueeze(0) == torch.arange(5).view(5, 1, 1)).sum(1).double().mT
    random = (
        [0, 3, 4] if scheme == "systematic" else [0, 1, 3, 4]
    )  # the others have a number of children that is certain
    score = mean_z(children[:, random], 5 * weights[random])
    assert bool((children[:, 2] == 0).all())
    if scheme == "systematic":
        assert bool((children[:, 1] == 2).all()) and bool(
            ((children - 5 * weights).abs() < 1).all()
        )
    else:
        score = max(
            score,
            mean_z(
                (children - 5 * weights).square()[:, random], (5 * weights * (1 - weights))[random]
            ),
        )
    assert score < LIMIT
    evidence(f"learning.particles.resample, {scheme}", "N W children in the mean", z=score)


def test_more_particles_a_tighter_bound():
    model = tracking()
    x = model.sample(1, generator(3))[0][0]
    values = [
        particle_filter(model, x.expand(4000, -1), count, generator=generator(0)).log_evidence
        for count in (2, 8, 32)
    ]
    means, errors = (
        [value.mean() for value in values],
        [value.std() / math.sqrt(4000) for value in values],
    )
    assert (
        means[0] + 3 * errors[0] < means[1] - 3 * errors[1]
        and means[1] + 3 * errors[1] < means[2] - 3 * errors[2]
    )
    assert means[2] < model.log_evidence(x)


class Affine(nn.Module):
    """q(z_t | z_{t-1}, x_t) = N(a z_{t-1} + b x_t, exp(s)^2): the learned proposal of a random walk; its parameters may have replicates."""

    def __init__(self, a=0.3, b=0.4, log_scale=-0.2, replicates=()):
        super().__init__()
        self.numbers = nn.Parameter(
            torch.tensor([a, b, log_scale], dtype=DOUBLE).expand(*replicates, 3).clone()
        )

    def forward(self, t, previous, x):
        a, b, log_scale = (part.unsqueeze(-1) for part in self.numbers.unbind(-1))
        loc = b * x[..., t, :]
        loc = loc if previous is None else loc + a * previous
        return DiagonalNormal(loc, log_scale + torch.zeros_like(loc))


def test_one_step_is_iwae(evidence):
    """T = 1: the gradient of the bound in the proposal, against IWAE's by quadrature on the conjugate toy."""
    one = torch.eye(1, dtype=DOUBLE)
    model = LinearGaussianSSM(
        one, one, one, one, torch.zeros(1, dtype=DOUBLE), one, 1
    ).requires_grad_(False)
    x, runs, q = torch.tensor([2.0], dtype=DOUBLE), 40_000, Affine(replicates=(40_000,))
    found = particle_filter(
        model, x.expand(runs, 1), 2, q, 0.5, generator=generator(0)
    ).log_evidence
    (each,) = torch.autograd.grad(found.sum(), [q.numbers])
    numbers = q.numbers[0].detach().requires_grad_()
    wanted = expected_bound(ConjugateToy().double(), numbers[1:2] * x, numbers[2:], x, iwae, 2)
    (slope,) = torch.autograd.grad(wanted, [numbers])
    score = max(mean_z(found.detach(), wanted.detach()), mean_z(each[:, 1:], slope[1:]))
    assert score < LIMIT
    evidence(
        "learning.particle_filter, one step", "IWAE by quadrature: value and gradient", z=score
    )


def exact_fivo(numbers, x, drop):
    """E log p_hat for two particles and two steps: quadrature over four noises, a sum over four pairs of ancestors.

    With ``drop`` the probabilities of the ancestors are constants: the gradient that is customary, and not that of the bound.
    """
    model, q = walk(), Affine()
    points, weights = exact.gauss_hermite(16)
    eps = torch.cartesian_prod(points, points, points, points)
    weight = torch.cartesian_prod(weights, weights, weights, weights).prod(-1)
    del q.numbers
    q.numbers = numbers
    steps, series = dynamics(model), x.view(1, 2, 1).expand(len(eps), 2, 1)
    first = q(0, None, series)
    z = first.transport(eps[:, :2].mT.unsqueeze(-1))  # (2, P, 1)
    log_w = (
        steps.first().log_prob(z) + steps.see(0, z, series[:, 0]) - first.log_prob(z) - math.log(2)
    )
    total, log_w = log_w.logsumexp(0), log_w.log_softmax(0)
    answer = 0.0
    for a in range(2):
        for b in range(2):
            parents = torch.stack([z[a], z[b]])
            density = q(1, parents, series)
            new = density.transport(eps[:, 2:].mT.unsqueeze(-1))
            gain = (
                steps.move(1, parents).log_prob(new)
                + steps.see(1, new, series[:, 1])
                - density.log_prob(new)
            )
            chance = (log_w[a] + log_w[b]).exp()
            answer = (
                answer
                + (
                    weight
                    * (chance.detach() if drop else chance)
                    * (total + gain.logsumexp(0) - math.log(2))
                ).sum()
            )
    return answer


def test_what_the_gradient_drops(evidence):
    """With resampling at every step: the mean gradient is the exact one without the score of the ancestors, not the bound's own."""
    x, runs = torch.tensor([1.5, -0.5], dtype=DOUBLE), 100_000
    q = Affine(replicates=(runs,))
    found = particle_filter(
        walk(), x.expand(runs, 2), 2, q, 1.0, "multinomial", generator(0)
    ).log_evidence
    (each,) = torch.autograd.grad(found.sum(), [q.numbers])
    numbers = Affine().numbers.detach().requires_grad_()
    kept, whole = exact_fivo(numbers, x, drop=True), exact_fivo(numbers, x, drop=False)
    customary, own = (torch.autograd.grad(value, [numbers])[0] for value in (kept, whole))
    score = max(mean_z(found.detach(), whole.detach()), mean_z(each, customary))
    assert abs(kept - whole) < 1e-10 and score < LIMIT < mean_z(each, own)
    evidence(
        "learning.particle_filter, FIVO with resampling",
        "quadrature x ancestors: value, and gradient without their score",
        z=score,
    )
    free = Affine(replicates=(runs,))  # never resampled: nothing is dropped
    found = particle_filter(
        walk(), x.expand(runs, 2), 2, free, 0.0, generator=generator(1)
    ).log_evidence
    assert found.mean() < walk().log_evidence(x)


def test_a_learned_proposal_learns():
    """Climbing the bound brings the proposal close to the optimal one, and the filter's log evidence close to Kalman's."""
    model = walk(6)
    x = model.sample(32, generator(0))[0]
    q = Affine(0.0, 0.0, 0.5)
    optimizer, source = torch.optim.Adam(q.parameters(), 0.05), generator(1)

    def gap():
        with torch.no_grad():
            return (
                (
                    model.log_evidence(x)
                    - particle_filter(model, x, 4, q, generator=generator(9)).log_evidence
                )
                .mean()
                .item()
            )

    before = gap()
    for _ in range(120):
        optimizer.zero_grad()
        (-particle_filter(model, x, 4, q, generator=source).log_evidence.mean()).backward()
        optimizer.step()
    gain = 0.7 / (0.7 + 0.5)
    assert gap() < 0.2 * before
    assert (
        abs(q.numbers[1].item() - gain) < 0.15
        and abs(q.numbers[0].item() - 0.8 * (1 - gain)) < 0.15
    )


@settings(max_examples=20, deadline=None)
@given(
    batch=st.sampled_from([(), (1,), (2, 3), (0,)]),
    count=st.integers(1, 4),
    steps=st.integers(1, 3),
    below=st.sampled_from([0.0, 0.5, 1.0]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    scheme=st.sampled_from(["systematic", "multinomial"]),
)
def test_shapes(batch, count, steps, below, dtype, scheme):
    model, x = tracking(steps).to(dtype), torch.ones(*batch, steps, dtype=dtype)
    run = partial(particle_filter, model, x, count, None, below, scheme)
    found = run(generator=generator(0))
    assert (
        found.log_evidence.shape == batch
        and found.log_terms.shape == (*batch, steps)
        and found.mean.shape == (*batch, steps, 2)
    )
    assert found.particles.shape == (steps, count, *batch, 2) and found.log_weights.shape == (
        steps,
        count,
        *batch,
    )
    assert found.log_evidence.dtype == dtype and torch.equal(
        found.log_evidence, run(generator=generator(0)).log_evidence
    )
    assert (
        bool((found.effective <= count * (1 + 1e-4)).all())
        and found.variance.shape == found.mean.shape
    )


def test_own_dynamics_and_extremes():
    """A model given as functions, with plain torch.distributions; data that no particle can explain give minus infinity, not NaN."""
    model = Dynamics(
        3,
        1,
        lambda: Independent(Normal(torch.zeros(1), 1.0), 1),
        lambda t, z: Independent(Normal(z, 1.0), 1),
        lambda t, z, x: torch.where((z - x).abs() < 1, 0.0, -math.inf).sum(-1),
    )
    found = particle_filter(model, torch.zeros(4, 3), 50, generator=generator(0))
    assert found.log_evidence.shape == (4,) and bool(found.log_evidence.isfinite().all())
    never = particle_filter(model, torch.tensor([0.0, 1e6, 0.0]), 50, generator=generator(0))
    assert never.log_evidence == -math.inf and bool(never.mean.isfinite().all())
    far = particle_filter(
        tracking(), torch.full((5,), 1e4, dtype=DOUBLE), 50, generator=generator(0)
    )
    assert bool(far.log_evidence.isfinite()) and bool(far.mean.isfinite().all())


@pytest.mark.parametrize(
    "run, error, message",
    [
        (
            lambda: particle_filter(ConjugateToy(), torch.zeros(1)),
            TypeError,
            "p is a ConjugateToy; expected a state space model",
        ),
        (
            lambda: particle_filter(tracking(), torch.full((5,), torch.nan, dtype=DOUBLE)),
            ValueError,
            "x has 5 entries that are NaN",
        ),
        (
            lambda: particle_filter(tracking(), torch.zeros(4, dtype=DOUBLE)),
            ValueError,
            "x has shape",
        ),
        (
            lambda: particle_filter(tracking(), torch.zeros(5, dtype=DOUBLE), resample_below=2.0),
            ValueError,
            "resample_below is 2.0",
        ),
        (
            lambda: particle_filter(tracking(), torch.zeros(5, dtype=DOUBLE), scheme="residual"),
            ValueError,
            "scheme is 'residual'",
        ),
        (
            lambda: particle_filter(tracking(), torch.zeros(5, dtype=DOUBLE), 0),
            ValueError,
            "num_particles is 0",
        ),
        (
            lambda: particle_filter(
                tracking(),
                torch.zeros(3, 5, dtype=DOUBLE),
                2,
                lambda t, z, x: DiagonalNormal(
                    torch.zeros(7, 2, dtype=DOUBLE), torch.zeros(2, dtype=DOUBLE)
                ),
            ),
            ValueError,
            "a distribution of the filter has batch",
        ),
        (
            lambda: particle_filter(
                tracking(),
                torch.zeros(5, dtype=DOUBLE),
                2,
                lambda t, z, x: DiagonalNormal(
                    torch.full((2,), torch.nan, dtype=DOUBLE), torch.zeros(2, dtype=DOUBLE)
                ),
            ),
            ValueError,
            "step 0 gave 2 log weights that are NaN",
        ),
    ],
)
def test_refusals(run, error, message):
    with pytest.raises(error, match=message):
        run()


def test_one_particle_is_allowed():
    found = particle_filter(tracking(), randn(5, seed=0), 1, generator=generator(0))
    assert torch.equal(found.effective, torch.ones(5, dtype=DOUBLE)) and bool(
        (found.variance == 0).all()
    )

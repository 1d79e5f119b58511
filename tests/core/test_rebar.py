"""REBAR and RELAX: unbiased by quadrature over both noises and by enumeration; their parameters climb down the exact variance."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from bits import UNREAD, Pairwise, bernoulli, categorical
from catalogue import gaussian
from oracles import DOUBLE, LIMIT, generator, gradients, gradients_of, mean_z, randn, worst_z
from torch import nn

from course_vi import exact
from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import gradient_moments, gradient_samples, replicate
from course_vi.families import Amortized, BernoulliMeanField, CategoricalMeanField
from course_vi.gradients import Rebar, Relax, score_function
from course_vi.gradients.rebar import conditional
from course_vi.gradients.relaxations import harden, perturbed
from course_vi.learning.fit import fit
from course_vi.models import SigmoidBeliefNet

leave_one_out = partial(score_function, baseline="leave_one_out")


def net(dim, seed=0, scale=1.0):
    layers = nn.Sequential(nn.Linear(dim, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    with torch.no_grad():
        for index, parameter in enumerate(layers.parameters()):
            parameter.copy_(scale * randn(*parameter.shape, seed=seed + index))
    return layers


ESTIMATORS = {
    "Rebar": lambda dim: Rebar(0.5, 0.8).double(),
    "Rebar, cold": lambda dim: Rebar(0.2, -1.5).double(),
    "Relax": lambda dim: Relax(net(dim), 0.7, 0.6).double(),
    "Relax, network alone": lambda dim: Relax(net(dim), 0.7, 0.0).double(),
}


def exactly(p, q):
    return gradients(
        exact.expected_bound(p.log_joint(UNREAD, q.states()), q(None, q.states()), elbo, 1), q
    )


def tanh_sinh(low, high, step=0.1, far=3.0):
    """Nodes and weights on an interval, for functions with singular ends such as log u."""
    t = torch.arange(-far, far + step / 2, step, dtype=DOUBLE)
    node = (math.pi / 2 * t.sinh()).tanh()
    weight = step * math.pi / 2 * t.cosh() / (math.pi / 2 * t.sinh()).cosh().square()
    return low + (high - low) * (1 + node) / 2, (high - low) / 2 * weight


def both_noises(q):
    """One bit: (u, v) on a grid in each of the two cells of u, ``(1, P, 2)``, and the weights."""
    edge = (-q.logits.detach()).sigmoid().item()
    parts = [tanh_sinh(0.0, edge), tanh_sinh(edge, 1.0)]
    u, u_weight = (torch.cat(part) for part in zip(*parts, strict=True))
    v, v_weight = tanh_sinh(0.0, 1.0)
    return torch.cartesian_prod(u, v).unsqueeze(0), torch.outer(u_weight, v_weight).flatten()


def each_estimate(estimator, p, q, noise):
    many = replicate(q, noise.shape[1])
    value = estimator(p, many, UNREAD.expand(noise.shape[1], 1), 1, noise=noise)
    return torch.autograd.grad(value.sum(), [many.logits])[0].squeeze(-1)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_unbiased_by_quadrature(name, evidence):
    """One bit, and an integral over u and v: no sampling error."""
    p, estimator = Pairwise(1), ESTIMATORS[name](1)
    for logit in (-1.3, 0.4):
        q = BernoulliMeanField(1, torch.tensor([logit], dtype=DOUBLE))
        noise, weight = both_noises(q)
        assert abs(weight.sum() - 1) < 1e-10
        error = abs(
            (weight * each_estimate(estimator, p, q, noise)).sum() - exactly(p, q)["logits"].item()
        ).item()
        assert error < 1e-8
        evidence(
            f"gradients.{name}",
            "one bit: its mean by quadrature over both noises; enumeration",
            error=error,
        )


@pytest.mark.parametrize("name", ["Rebar", "Relax"])
def test_the_parameters_follow_the_variance(name, evidence):
    """The mean of their gradient, by quadrature, against finite differences of the exact variance of phi's."""
    p, estimator, q = (
        Pairwise(1),
        ESTIMATORS[name](1),
        BernoulliMeanField(1, torch.tensor([0.4], dtype=DOUBLE)),
    )
    noise, weight = both_noises(q)
    value = estimator(p, replicate(q, len(weight)), UNREAD.expand(len(weight), 1), 1, noise=noise)
    found = gradients((weight * value).sum(), estimator)

    def variance():
        each = each_estimate(estimator, p, q, noise)
        return (weight * (each - (weight * each).sum()).square()).sum().item()

    worst = 0.0
    for key, parameter in estimator.named_parameters():
        flat, step = parameter.detach().view(-1), 1e-5
        for index in range(min(2, flat.numel())):
            old = flat[index].item()
            sides = []
            for side in (old + step, old - step):
                flat[index] = side
                sides.append(variance())
            flat[index] = old
            worst = max(
                worst,
                abs(-0.5 * (sides[0] - sides[1]) / (2 * step) - found[key].view(-1)[index].item()),
            )
    assert worst < 1e-6
    evidence(
        f"gradients.{name}: its own parameters",
        "finite differences of half its exact variance (quadrature)",
        error=worst,
    )


@pytest.mark.parametrize("family", [bernoulli, categorical])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_unbiased_with_samples(name, family, evidence):
    q = family()
    p, estimator = Pairwise(q.dim), ESTIMATORS[name](q.dim).requires_grad_(False)
    z = worst_z(
        gradient_moments(estimator, p, q, UNREAD, 2, 20_000, elbo, generator(1)), exactly(p, q)
    )
    assert z < LIMIT
    evidence(f"gradients.{name} ({type(q).__name__})", "exact gradient by enumeration", z=z)


@pytest.mark.parametrize("family", [bernoulli, categorical])
def test_conditional_samples(family, evidence):
    """They harden to their z, and over z ~ q they have the law of the unconditional ones: means, squares and products."""
    q = family()
    density = q.distribution()
    u, v = torch.rand(2, 40_000, q.dim, generator=generator(2), dtype=DOUBLE)
    z, s = harden(density, u), perturbed(density, u).detach()
    again = conditional(density, z, v).detach()
    if family is bernoulli:
        assert torch.equal((again > 0).to(DOUBLE), z)
    else:
        assert torch.equal(nn.functional.one_hot(again.argmax(-1), 3).flatten(-2).to(DOUBLE), z)
        s, again = s.flatten(-2), again.flatten(-2)
    features = [torch.cat([a, a.square(), (a[:, :1] * a), a.sigmoid()], -1) for a in (s, again)]
    score = mean_z(features[0] - features[1], 0.0)
    assert score < LIMIT
    evidence(
        f"gradients.rebar.conditional ({type(q).__name__})",
        "moments of the unconditional samples",
        z=score,
    )


def test_eta_zero_is_the_score_function():
    """At the same states, phi and theta: without a control variate nothing else is left, and theta never sees one."""
    q, model = bernoulli(2), SigmoidBeliefNet((1, 2), generator=generator(2)).double()
    noise = torch.rand(3, 4, generator=generator(3), dtype=DOUBLE)
    z = harden(q.distribution(), noise[:, :2])
    density = q.distribution()
    density.draw = lambda shape, generator=None: z
    forced = BernoulliMeanField(2, q.logits)
    forced.distribution = lambda x=None: density
    forced.logits = q.logits
    plain = gradients_of(score_function, model, forced, UNREAD, num_samples=3)
    found = gradients_of(Rebar(0.5, 0.0).double(), model, q, UNREAD, num_samples=3, noise=noise)
    log_w = (model.log_joint(UNREAD, z) - q(None, z)).detach()
    wanted = (log_w.unsqueeze(-1) * (z - q.logits.detach().sigmoid())).mean(0)
    assert torch.allclose(found["logits"], wanted, atol=1e-14) and torch.allclose(
        plain["logits"], wanted, atol=1e-14
    )
    for estimator in (Rebar(0.5, 0.0).double(), Rebar(0.5, 1.3).double(), Relax(net(2)).double()):
        found = gradients_of(estimator, model, q, UNREAD, num_samples=3, noise=noise)
        assert all(
            torch.allclose(found[name], plain[name], atol=1e-14)
            for name in plain
            if name.startswith("p.")
        )


class Switches(Pairwise):
    """A model that answers at its states alone."""

    def log_factors(self, x, z):
        if not bool(((z == 0) | (z == 1)).all()):
            raise ValueError("no state")
        return super().log_factors(x, z)


def test_a_black_box():
    """RELAX without the relaxed term asks log p at states alone, and is the same estimate."""
    q, noise = bernoulli(2), torch.rand(3, 4, generator=generator(3), dtype=DOUBLE)
    free, black = Relax(net(2), 0.5, 0.0).double(), Relax(net(2), 0.5, 0.0).double()
    black.eta.requires_grad_(False)
    with pytest.raises(ValueError, match="no state"):
        free(Switches(2), q, UNREAD, 3, noise=noise)
    found, wanted = (
        gradients_of(e, p, q, UNREAD, num_samples=3, noise=noise)
        for e, p in ((black, Switches(2)), (free, Pairwise(2)))
    )
    assert torch.allclose(found["logits"], wanted["logits"], atol=1e-14)


def trained(estimator, model, q, x, steps=150):
    many = replicate(q, 32).requires_grad_(False)
    optimizer, seeded = torch.optim.Adam(estimator.parameters(), lr=0.03), generator(5)
    for _ in range(steps):
        optimizer.zero_grad()
        (-estimator(model, many, x.expand(32, -1), 1, elbo, seeded).mean()).backward()
        optimizer.step()
    return estimator.requires_grad_(False)


def test_variances_on_a_belief_net(evidence):
    """Six bits: after learning, each is well below the score function, unbiased still; with intervals."""
    model = SigmoidBeliefNet((4, 6), generator=generator(0)).double().requires_grad_(False)
    q, x = (
        BernoulliMeanField(6, 0.5 * randn(6, seed=1)),
        torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=DOUBLE),
    )
    wanted = gradients(
        exact.expected_bound(model.log_joint(x, q.states()), q(None, q.states()), elbo, 1), q
    )["logits"]

    def squares(estimator, num_samples):
        g = gradient_samples(estimator, model, q, x, num_samples, 20_000, elbo, generator(3))[
            "logits"
        ]
        return mean_z(g, wanted), (g - wanted).square().sum(-1)

    estimators = {
        "Rebar": trained(Rebar(0.5, 0.5).double(), model, q, x),
        "Relax": trained(Relax(net(6, scale=0.1)).double(), model, q, x),
    }
    for num_samples, rival, name_of_rival in (
        (1, score_function, "score_function"),
        (2, leave_one_out, "leave-one-out"),
    ):
        _, theirs = squares(rival, num_samples)
        for name, estimator in estimators.items():
            z, ours = squares(estimator, num_samples)
            ratio = (ours.mean() / theirs.mean()).item()
            relative = (
                sum((part.std() / part.mean()).square().item() / 20_000 for part in (ours, theirs))
                ** 0.5
            )
            assert z < LIMIT and ratio * (1 + 1.96 * relative) < 0.5
            evidence(
                f"gradients.{name}, after learning",
                "sigmoid belief net of six bits: enumeration",
                z=z,
            )
            evidence(
                f"gradients.{name}, after learning, K = {num_samples}",
                f"its variance over that of {name_of_rival}",
                ratio=ratio,
                interval=1.96 * relative * ratio,
            )


def test_shapes_dtypes_and_amortized():
    x, p = randn(5, 1, seed=3), Pairwise(6)
    q = Amortized(CategoricalMeanField(2, 3), nn.Linear(1, 6)).double()
    estimator = ESTIMATORS["Relax"](6)
    value = estimator(p, q, x, 4, generator=generator(0))
    assert value.shape == (5,) and torch.equal(value, estimator(p, q, x, 4, generator=generator(0)))
    own = CategoricalMeanField(2, 3, q.distribution_parameters(x)["logits"])
    slopes = gradients(estimator(p, own, x, 4, generator=generator(0)).sum(), own)[
        "logits"
    ].flatten(-2)
    assert torch.allclose(gradients(value.sum(), q)["encoder.weight"], slopes.mT @ x, atol=1e-12)
    with torch.no_grad():
        assert torch.equal(estimator(p, q, x, 4, generator=generator(0)), value)
    single = Rebar()(SigmoidBeliefNet((1, 2)), BernoulliMeanField(2), torch.zeros(0, 1), 2)
    assert single.shape == (0,) and single.dtype == torch.float32
    mixed = Rebar()(
        Pairwise(2), bernoulli(2), UNREAD.expand(3, 1), 2
    )  # parameters in single, data in double precision
    assert mixed.shape == (3,) and mixed.dtype == DOUBLE
    sure = BernoulliMeanField(2, torch.tensor([1e4, -1e4]))
    found = gradients_of(Rebar(), SigmoidBeliefNet((1, 2)), sure, UNREAD.float(), num_samples=2)[
        "logits"
    ]
    assert bool(found.isfinite().all())


def test_extreme_categories():
    """Probabilities of e^-20,000: the conditional samples and their slopes stay finite."""
    q = CategoricalMeanField(1, 3, torch.tensor([[1e4, -1e4, 0.0]]))
    density = q.distribution()
    for state in torch.eye(3):
        s = conditional(
            density, state.expand(50, 3), torch.rand(50, 3, generator=generator(0)).clamp_min(1e-38)
        )
        (slope,) = torch.autograd.grad(s.sum(), [q.logits], retain_graph=True)
        assert (
            bool(s.isfinite().all())
            and bool(slope.isfinite().all())
            and bool((s.argmax(-1).squeeze() == state.argmax()).all())
        )


def test_fit_with_rebar():
    """The recipe of the docstring: the optimizer takes the estimator's parameters too, and the bound rises towards the evidence."""
    model, q = (
        SigmoidBeliefNet((3, 2), generator=generator(0)).requires_grad_(False),
        BernoulliMeanField(2),
    )
    estimator, x = Rebar(), torch.tensor([[1.0, 0.0, 1.0]])
    fit(
        model,
        q,
        x,
        estimator,
        steps=150,
        num_samples=4,
        progress=False,
        optimizer=lambda parameters: torch.optim.Adam(
            [*parameters, *estimator.parameters()], lr=0.05
        ),
    )
    assert estimator.eta.item() != 1.0 and all(
        parameter.grad is None for parameter in model.parameters()
    )
    states = q.states()
    start, reached = (
        exact.expected_bound(model.log_joint(x[0], states), family(None, states), elbo, 1)
        for family in (BernoulliMeanField(2), q)
    )
    assert start < reached < model.log_evidence(x[0])


def test_refusals():
    p, q = Pairwise(3), bernoulli()
    for estimator in (Rebar().double(), Relax(net(3)).double()):
        with pytest.raises(
            ValueError, match="bound is iwae with num_samples = 2; expected one that is linear"
        ):
            estimator(p, q, UNREAD, 2, bound=iwae)
        with pytest.raises(
            TypeError, match="q is a MeanField; expected BernoulliMeanField, CategoricalMeanField"
        ):
            estimator(p, gaussian("MeanField"), UNREAD)
        with pytest.raises(ValueError, match=r"noise has shape \(2, 3\); expected \(2, 6\)"):
            estimator(p, q, UNREAD, 2, noise=torch.rand(2, 3, dtype=DOUBLE))
    with pytest.raises(
        ValueError, match=r"network gave shape \(2, 2\) for \(2, 3\); expected \(2, 1\)"
    ):
        Relax(nn.Linear(3, 2).double())(p, q, UNREAD, 2)
    for bad in (0.0, -1.0, math.inf):
        with pytest.raises(ValueError, match="temperature is .*; expected a positive number"):
            Rebar(bad)

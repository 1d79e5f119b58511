"""Rao-Blackwellization: mean and variance *exactly*, on every K-tuple of states; a case where the variance falls, one where it rises."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from bits import UNREAD, bernoulli, categorical, exact_moments
from catalogue import gaussian
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, gradients, quadratic, randn, worst_z
from torch.distributions import Bernoulli, Independent, Normal
from toy import X, toy_family

from course_vi import exact
from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import gradient_moments
from course_vi.families import Amortized, BernoulliMeanField, MeanField
from course_vi.gradients import rao_blackwellized, score_function
from course_vi.gradients.rao_blackwell import factor_scopes
from course_vi.graph import BayesNet, plate
from course_vi.models import ConjugateToy, Model, SigmoidBeliefNet
from course_vi.nets import mlp


class Chain(Model):
    """A chain of bits (or of one-hot variables) with a factor for each neighbouring pair, and one for each alone."""

    def __init__(self, variables, width=1, seed=0):
        super().__init__()
        self.variables, self.width, self.latent_dim, self.data_dim = (
            variables,
            width,
            variables * width,
            1,
        )
        self.single = torch.nn.Parameter(randn(variables, width, seed=seed))
        self.pairs = torch.nn.Parameter(1.5 * randn(variables - 1, width, width, seed=seed + 1))

    def log_factors(self, x, z):
        z = z.unflatten(-1, (self.variables, self.width))
        found = {
            f"single {i}": (z[..., i, :] * self.single[i]).sum(-1) for i in range(self.variables)
        }
        return found | {
            f"pair {i}": torch.einsum(
                "...a,ab,...b->...", z[..., i, :], self.pairs[i], z[..., i + 1, :]
            )
            for i in range(self.variables - 1)
        }

    def factor_scopes(self):
        entries = [range(i * self.width, (i + 1) * self.width) for i in range(self.variables)]
        found = {f"single {i}": entries[i] for i in range(self.variables)}
        return found | {
            f"pair {i}": (*entries[i], *entries[i + 1]) for i in range(self.variables - 1)
        }


def shared_reward(a, b):
    """Two bits that never meet: f = a z1 + b z2, in two factors."""

    class Apart(Model):
        latent_dim, data_dim = 2, 1

        def log_factors(self, x, z):
            return {"first": a * z[..., 0], "second": b * z[..., 1]}

        def factor_scopes(self):
            return {"first": (0,), "second": (1,)}

    return Apart()


@pytest.mark.parametrize("baseline", ["none", "leave_one_out"])
@pytest.mark.parametrize(
    "p, q",
    [(Chain(3), bernoulli(3)), (Chain(2, 3), categorical(2, 3)), (Chain(4), bernoulli(4))],
    ids=["three bits", "two of three categories", "four bits"],
)
def test_unbiased_on_all_tuples(p, q, baseline, evidence):
    wanted = gradients(
        exact.expected_bound(p.log_joint(UNREAD, q.states()), q(None, q.states()), elbo, 1), q
    )["logits"]
    for num_samples in (1, 2) if baseline == "none" else (2, 3 if q.dim == 3 else 2):
        mean, _ = exact_moments(
            partial(rao_blackwellized, baseline=baseline), p, q, num_samples, elbo
        )
        error = (mean - wanted).abs().max()
        assert error < 1e-12
        evidence(
            f"gradients.rao_blackwellized, {baseline} ({type(q).__name__})",
            "its exact mean: every K-tuple of states",
            error=error,
        )


def test_variance_falls_along_a_chain(evidence):
    """The ends of a chain of six do not hear each other any more: the exact variance falls in every coordinate."""
    p, q = Chain(6), bernoulli(6)
    _, plain = exact_moments(score_function, p, q, 1, elbo)
    _, local = exact_moments(rao_blackwellized, p, q, 1, elbo)
    assert bool((local < plain).all()) and local.sum() < 0.6 * plain.sum()
    evidence(
        "gradients.rao_blackwellized, chain of six bits",
        "variance over that of score_function, exactly",
        ratio=local.sum() / plain.sum(),
    )


def test_variance_can_rise(evidence):
    """The reward of z1 is near -c, that of the stranger near +c: it acted as a baseline, and is gone.

    At logits zero with f = -8 + 8: the total reward is small, its two parts are large; dropping one part makes the score noisier.
    """

    class Offset(Model):
        latent_dim, data_dim = 2, 1

        def log_factors(self, x, z):
            return {"first": z[..., 0] - 8.0, "second": z[..., 1] + 8.0}

        def factor_scopes(self):
            return {"first": (0,), "second": (1,)}

    p, q = Offset(), BernoulliMeanField(2, torch.zeros(2, dtype=DOUBLE))
    mean, plain = exact_moments(score_function, p, q, 1, elbo)
    same, local = exact_moments(rao_blackwellized, p, q, 1, elbo)
    assert torch.allclose(mean, same, atol=1e-12) and bool((local > 5 * plain).all())
    evidence(
        "gradients.rao_blackwellized, a dropped factor that was a baseline",
        "variance over that of score_function, exactly",
        ratio=local.sum() / plain.sum(),
    )
    _, kept = exact_moments(
        score_function, shared_reward(1.0, 5.0), bernoulli(2), 1, elbo
    )  # and the usual case, same shape of model
    _, less = exact_moments(rao_blackwellized, shared_reward(1.0, 5.0), bernoulli(2), 1, elbo)
    assert less[0] < kept[0]


def test_a_wrong_scope_is_biased():
    """A factor forgotten by one of its latents is no control variate: the test that proves unbiasedness sees it."""
    p, q = Chain(3), bernoulli(3)
    scopes = dict(p.factor_scopes()) | {"pair 0": (0,)}
    mean, _ = exact_moments(partial(rao_blackwellized, scopes=scopes), p, q, 1, elbo)
    wanted = gradients(
        exact.expected_bound(p.log_joint(UNREAD, q.states()), q(None, q.states()), elbo, 1), q
    )["logits"]
    assert (mean - wanted).abs().max() > 1e-2


def test_from_a_graph(evidence):
    """Blankets read from the graph: a net with plates, its scopes by hand, and unbiased gradients of phi by quadrature on normals."""
    net = BayesNet(
        a=lambda: Normal(0.0, 1.0),
        b=lambda a: Normal(a, 0.7),
        c=lambda: Normal(0.0, 2.0),
        x=lambda b, c: Normal(b + c, 0.8),
    )
    p = net.as_model(observed=["x"], latent=["c", "a", "b"])
    assert factor_scopes(p) == {"a": (1,), "c": (0,), "b": (1, 2), "x": (0, 2)}
    groups = plate("groups", 3)
    wide = BayesNet(
        m=lambda: Normal(0.0, 1.0),
        z=groups(lambda m: Normal(m, 1.0)),
        y=groups(lambda z: Bernoulli(logits=z)),
    )
    assert factor_scopes(wide.as_model(observed=["y"], latent=["m", "z"])) == {
        "m": (0,),
        "z": (0, 1, 2, 3),
        "y": (1, 2, 3),
    }
    q, x = gaussian("MeanField", 3), torch.tensor([0.9], dtype=DOUBLE)
    loc, variance = q.loc, (2 * q.log_scale).exp()
    c, a, b = loc.unbind()
    vc, va, vb = variance.unbind()
    quadratics = [
        (a**2 + va),
        ((b - a) ** 2 + va + vb) / 0.49,
        (c**2 + vc) / 4,
        ((x[0] - b - c) ** 2 + vb + vc) / 0.64,
    ]
    exactly = gradients(-0.5 * sum(quadratics) + q.log_scale.sum(), q)
    moments = gradient_moments(
        rao_blackwellized, p, q, x, 2, replicates=200_000, generator=generator(0), method="batch"
    )
    plain = gradient_moments(
        score_function, p, q, x, 2, replicates=100_000, generator=generator(1), method="batch"
    )
    score = worst_z(moments, exactly)
    assert score < LIMIT and moments.variance["loc"].sum() < plain.variance["loc"].sum()
    evidence("gradients.rao_blackwellized, blankets of a graph", "closed form", z=score)


def school():
    """mean -> level[g] -> score[g, n], and a stranger; two nested plates, a vector node and one plate that the parent is not in."""
    g, n = plate("g", 3), plate("n", 2)
    zero, one = torch.zeros((), dtype=DOUBLE), torch.ones((), dtype=DOUBLE)
    net = BayesNet(
        mean=lambda: Normal(zero, one),
        level=g(lambda mean: Normal(mean, one)),
        pair=n(lambda: Independent(Normal(torch.zeros(2).double(), one), 1)),
        score=g(n(lambda level, pair: Normal(level + pair.sum(-1), one / 2))),
        total=lambda level: Normal(level.sum(-1), one),
    )
    return net.as_model(observed=["score", "total"], latent=["pair", "mean", "level"])


def test_blankets_copy_by_copy():
    """Which factor moves when an entry of z is moved: the mask, found by trying. And the factors add up to the joint."""
    p = school()
    x, z = randn(2, 7, seed=0), randn(3, 2, 8, seed=1)
    factors, reads = p.local_factors(x, z)
    assert factors.shape == (3, 2, 1 + 3 + 2 + 6 + 1) and torch.allclose(
        factors.sum(-1), p.log_joint(x, z), atol=1e-12
    )
    for entry in range(8):
        moved = z.clone()
        moved[..., entry] += 1.0
        changed = (p.local_factors(x, moved)[0] != factors).all(0).all(0)
        assert torch.equal(changed, reads[:, entry].bool())


def test_plates_are_taken_apart(evidence):
    """Unbiased against the closed gradient of reparametrization in the mean; and far less noisy than with whole plates as factors."""
    p, q, x = (
        school(),
        MeanField(8, 0.3 * randn(8, seed=2), 0.2 * randn(8, seed=3)),
        randn(7, seed=4),
    )
    noise = torch.zeros(1, 8, dtype=DOUBLE)
    points, weights = exact.gauss_hermite(3)
    value = 0.0  # log p is quadratic: its mean is f(loc) plus the mean change along each axis
    base = p.log_joint(x, q.transport(noise))[0]
    for i in range(8):
        for point, weight in zip(points, weights, strict=True):
            step = noise.clone()
            step[0, i] = point
            value = value + weight * (p.log_joint(x, q.transport(step))[0] - base)
    wanted = gradients(base + value + q.log_scale.sum(), q)
    whole = partial(rao_blackwellized, scopes=factor_scopes(p))
    apart = gradient_moments(
        rao_blackwellized, p, q, x, 1, replicates=60_000, generator=generator(0), method="batch"
    )
    coarse = gradient_moments(
        whole, p, q, x, 1, replicates=60_000, generator=generator(1), method="batch"
    )
    score = max(worst_z(apart, wanted), worst_z(coarse, wanted))
    ratio = (apart.variance["loc"] / coarse.variance["loc"])[-3:].mean()
    assert score < LIMIT and ratio < 0.8
    evidence(
        "gradients.rao_blackwellized, plates taken apart",
        "exact gradient; variance (levels) over that with whole plates",
        z=score,
        ratio=ratio,
    )


def test_theta_and_amortized():
    """Theta gets the slope of the ELBO (on the same samples as the score function), and encoders get theirs by the chain rule."""
    p = SigmoidBeliefNet((3, 2, 2), generator=generator(0)).double()
    assert factor_scopes(p) == {"x": (0, 1), "z1": (0, 1, 2, 3), "z2": (2, 3)}
    q = Amortized(BernoulliMeanField(4), mlp(3, 5, 4, generator(1))).double()
    x = exact.enumerate_binary(3, like=torch.zeros(1, dtype=DOUBLE))
    mine = rao_blackwellized(p, q, x, 6, generator=generator(2))
    plain = score_function(p, q, x, 6, generator=generator(2))
    assert torch.equal(mine, plain)
    for ours, theirs in zip(
        torch.autograd.grad(mine.sum(), list(p.parameters()), retain_graph=True),
        torch.autograd.grad(plain.sum(), list(p.parameters())),
        strict=True,
    ):
        assert torch.allclose(ours, theirs, atol=1e-12)
    assert all(
        part.abs().sum() > 0 for part in torch.autograd.grad(mine.sum(), list(q.parameters()))
    )


@settings(max_examples=20, deadline=None)
@given(
    samples=st.integers(1, 3),
    batch=st.sampled_from([(), (1,), (2, 3)]),
    dim=st.integers(1, 3),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    baseline=st.sampled_from(["none", "leave_one_out"]),
)
def test_shapes(samples, batch, dim, dtype, baseline):
    samples += baseline == "leave_one_out"
    p = SigmoidBeliefNet((2, dim), generator=generator(0)).to(dtype)
    q, scopes = BernoulliMeanField(dim).to(dtype), {"x": range(dim), "z1": range(dim)}
    assert {name: range(dim) for name in factor_scopes(p)} == scopes
    x = torch.ones(*batch, 2, dtype=dtype)
    value = rao_blackwellized(
        p, q, x, samples, generator=generator(1), baseline=baseline, scopes=scopes
    )
    assert value.shape == batch and value.dtype == dtype
    assert torch.equal(
        value,
        rao_blackwellized(
            p, q, x, samples, generator=generator(1), baseline=baseline, scopes=scopes
        ),
    )


def test_extremes():
    p = shared_reward(1e4, -1e4)
    q = BernoulliMeanField(2, torch.tensor([1e4, -1e4], dtype=DOUBLE))
    value = rao_blackwellized(p, q, UNREAD, 3, generator=generator(0))
    assert bool(torch.autograd.grad(value, q.logits)[0].isfinite().all())


@pytest.mark.parametrize(
    "run, error, message",
    [
        (
            lambda: rao_blackwellized(Chain(2), bernoulli(2), UNREAD, 3, bound=iwae),
            ValueError,
            "bound is iwae; expected bounds.elbo",
        ),
        (
            lambda: rao_blackwellized(Chain(2), bernoulli(2), UNREAD, 1, baseline="leave_one_out"),
            ValueError,
            "expected two samples or more",
        ),
        (
            lambda: rao_blackwellized(Chain(2), bernoulli(2), UNREAD, baseline="mean"),
            ValueError,
            "baseline is 'mean'",
        ),
        (
            lambda: rao_blackwellized(ConjugateToy(), toy_family(), X),
            TypeError,
            "p is a ConjugateToy, which does not say what its factors",
        ),
        (
            lambda: rao_blackwellized(
                quadratic(3), gaussian("FullRank"), UNREAD, scopes={"quadratic": (0, 1, 2)}
            ),
            TypeError,
            "q gives a CholeskyNormal; expected independent",
        ),
        (
            lambda: rao_blackwellized(Chain(2), bernoulli(2), UNREAD, scopes={"single 0": (0,)}),
            ValueError,
            "scopes names single 0; expected",
        ),
        (
            lambda: rao_blackwellized(
                quadratic(3), MeanField(3).double(), UNREAD, scopes={"quadratic": (0, 3)}
            ),
            ValueError,
            "from 0 to 2",
        ),
    ],
)
def test_refusals(run, error, message):
    with pytest.raises(error, match=message):
        run()

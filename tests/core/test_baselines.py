"""Baselines and VIMCO: bias and variance *exactly*, by running each estimator on every K-tuple of states; and with samples."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from bits import UNREAD, Pairwise, all_tuples, bernoulli, categorical, exact_moments
from catalogue import amortized, flow, gaussian, layered
from oracles import (
    DOUBLE,
    LIMIT,
    Quadratic,
    covariance_of,
    expected_bound,
    generator,
    gradients,
    gradients_of,
    mean_z,
    quadratic,
    randn,
    variance_z,
    worst_z,
)
from torch import nn
from toy import M, S, X, toy_family

from course_vi import exact
from course_vi.bounds import elbo, iwae, jackknife, renyi, thermodynamic
from course_vi.data import breast_cancer
from course_vi.diagnostics import gradient_moments, gradient_samples, replicate
from course_vi.families import Amortized, BernoulliMeanField
from course_vi.gradients import LearnedBaseline, RunningMean, score_function, vimco
from course_vi.gradients.baselines import leave_one_out as others_mean
from course_vi.learning.fit import fit
from course_vi.models import BayesianLogisticRegression, ConjugateToy, SigmoidBeliefNet
from course_vi.nets import mlp

leave_one_out = partial(score_function, baseline="leave_one_out")
optimal_constant = partial(score_function, baseline="optimal_constant")


def constant(value, **kwargs):
    """A running mean that remembers one number."""
    estimator = RunningMean(**kwargs).eval()
    estimator.memory.fill_(value)
    estimator.weight.fill_(1.0)
    return estimator


def learned(value=0.7):
    net = nn.Linear(1, 1).double()
    nn.init.zeros_(net.weight)
    nn.init.constant_(net.bias, value)
    return LearnedBaseline(net)


FOR_ELBO = {
    "none": score_function,
    "leave_one_out": leave_one_out,
    "optimal_constant": optimal_constant,
    "RunningMean": constant(1.1),
    "LearnedBaseline": learned(),
}
FOR_IWAE = {
    "none": score_function,
    "vimco": vimco,
    "RunningMean": constant(1.1),
    "LearnedBaseline": learned(),
}
CASES = [(name, elbo, k) for name in FOR_ELBO for k in (2, 3)] + [
    (name, iwae, k) for name in FOR_IWAE for k in (2, 3)
]


@pytest.mark.parametrize("name, bound, num_samples", CASES)
@pytest.mark.parametrize("family", [bernoulli, categorical])
def test_unbiased_on_all_tuples(name, bound, num_samples, family, evidence):
    q = family(2)
    p, estimator = Pairwise(q.dim), (FOR_ELBO if bound is elbo else FOR_IWAE)[name]
    wanted = exact.expected_bound(
        p.log_joint(UNREAD, q.states()), q(None, q.states()), bound, num_samples
    )
    mean, _ = exact_moments(estimator, p, q, num_samples, bound)
    error = (mean - gradients(wanted, q)["logits"]).abs().max()
    assert error < 1e-12
    evidence(
        f"gradients: {name}, {bound.__name__} ({type(q).__name__})",
        "its exact mean: every K-tuple of states",
        error=error,
    )


def biased_constant(p, q, x, num_samples, bound):
    """The ratio over all samples, its own included: what the baseline must not be."""
    density = q.distribution(x)
    z = density.draw(None)
    scores = z - q.logits.detach().sigmoid()
    log_q = density.log_prob(z)
    log_w = p.log_joint(x, z) - log_q
    best = (log_w.unsqueeze(-1) * scores.square()).sum(0) / scores.square().sum(0)
    gradient = ((log_w.unsqueeze(-1) - best) * scores).mean(0).detach()
    surrogate = (gradient * q.logits).sum(-1)
    return log_w.mean(0).detach() + (surrogate - surrogate.detach())


def test_the_oracle_sees_a_biased_baseline():
    p, q = Pairwise(2), bernoulli(2)
    wanted = gradients(
        exact.expected_bound(p.log_joint(UNREAD, q.states()), q(None, q.states()), elbo, 3), q
    )["logits"]
    mean, _ = exact_moments(biased_constant, p, q, 3, elbo)
    assert (mean - wanted).abs().max() > 0.01


def test_exact_variances(evidence):
    """On 4-tuples of two bits, with an offset in log p such as real models have: each baseline helps, exactly this much."""
    p, q = Pairwise(2), bernoulli(2)
    p.log_factors = lambda x, z: {"energy": Pairwise.log_factors(p, x, z)["energy"] - 5.0}
    plain = exact_moments(score_function, p, q, 4, elbo)[1].sum()
    mean_reward = exact.expected_bound(
        p.log_joint(UNREAD, q.states()), q(None, q.states()), elbo, 1
    ).item()
    baselines = {
        "leave_one_out": leave_one_out,
        "optimal_constant": optimal_constant,
        "RunningMean": constant(mean_reward),
        "LearnedBaseline": learned(mean_reward),
    }
    for name, estimator in baselines.items():
        ratio = exact_moments(estimator, p, q, 4, elbo)[1].sum() / plain
        assert ratio < 0.2
        evidence(
            f"gradients: {name}",
            "its exact variance (two bits, K = 4) over that of score_function",
            ratio=ratio,
        )
    wide = exact_moments(score_function, p, q, 4, iwae)[1].sum()
    for name, estimator in (("vimco", vimco), ("RunningMean", constant(mean_reward))):
        ratio = exact_moments(estimator, p, q, 4, iwae)[1].sum() / wide
        assert ratio < 0.2
        evidence(
            f"gradients: {name}, iwae",
            "its exact variance (two bits, K = 4) over that of score_function",
            ratio=ratio,
        )


def test_theta_on_all_tuples(evidence):
    """The model's gradient: exact for every estimator, since the samples are all there is to be random."""
    model, q = SigmoidBeliefNet((1, 2), generator=generator(2)).double(), bernoulli(2)
    states = q.states()
    for bound, estimators in ((elbo, FOR_ELBO), (iwae, FOR_IWAE)):
        exactly = gradients(
            exact.expected_bound(model.log_joint(UNREAD, states), q(None, states), bound, 2), model
        )
        for name, estimator in estimators.items():
            many, weight = all_tuples(q, 2)
            found = gradients(
                (
                    weight * estimator(model, many, UNREAD.expand(len(weight), 1), 2, bound=bound)
                ).sum(),
                model,
            )
            error = max((found[key] - exactly[key]).abs().max().item() for key in exactly)
            assert error < 1e-13
            evidence(
                f"gradients: {name}, {bound.__name__}: theta",
                "its exact mean: every K-tuple of states",
                error=error,
            )


def test_vimco_by_hand(evidence):
    """K = 3 bits, in plain numbers."""
    p, q = Pairwise(2), bernoulli(2)
    z = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]], dtype=DOUBLE)
    plain, density = q.distribution(), q.distribution()
    density.draw = lambda shape, generator=None: z
    q.distribution = lambda x=None: density
    w = (p.log_joint(UNREAD, z) - plain.log_prob(z)).detach().exp().tolist()
    wanted = torch.zeros(2, dtype=DOUBLE)
    for k in range(3):
        a, b = (w[j] for j in range(3) if j != k)
        reward = math.log(sum(w) / 3) - math.log((a + b + math.sqrt(a * b)) / 3) - w[k] / sum(w)
        wanted += reward * (z[k] - plain.mean.detach())
    error = (gradients_of(vimco, p, q, UNREAD, num_samples=3)["logits"] - wanted).abs().max()
    assert error < 1e-14
    evidence("gradients.vimco", "three samples by hand", error=error)


@pytest.mark.parametrize("estimator", [vimco, RunningMean(0.99)])
def test_gaussian_families_under_iwae(estimator, evidence):
    """Nothing here asks for discrete latents: the toy, against quadrature over all noises."""
    q = toy_family()
    exactly = gradients(expected_bound(ConjugateToy(), q.loc, q.log_scale, X, iwae, 3, order=32), q)
    moments = gradient_moments(estimator, ConjugateToy(), q, X, 3, 60_000, iwae, generator(0))
    z = worst_z(moments, exactly)
    assert z < LIMIT
    name = getattr(estimator, "__name__", "RunningMean")
    evidence(
        f"gradients.{name}, iwae", "toy: exact gradient of the 3-sample bound by quadrature", z=z
    )


@pytest.mark.parametrize("kind", ["MeanField", "FullRank", "FactorCovariance"])
def test_the_optimal_constant_is_unbiased_for_gaussians(kind, evidence):
    p, q = quadratic(3), gaussian(kind)
    exactly = gradients(p.exact_elbo(q.loc, covariance_of(q)), q)
    moments = gradient_moments(optimal_constant, p, q, UNREAD, 4, 40_000, elbo, generator(1))
    z = worst_z(moments, exactly)
    assert z < LIMIT
    evidence(
        f"gradients.score_function, optimal constant ({kind})",
        "exact ELBO gradient of a quadratic in 3-D",
        z=z,
    )


def test_the_formulas_of_the_findings(evidence):
    """f = log w is quadratic on a Gaussian target: f0, slope c, curvature a. The best constants are f0 + 3/2 a s^2 for the mean and
    f0 + 5/2 a s^2 for the log scale; the variance for the mean is then 2 c^2 + 3/2 a^2 s^2, and no other constant's is smaller."""
    p = Quadratic(
        torch.tensor([[2.0]], dtype=DOUBLE), torch.tensor([2.0], dtype=DOUBLE), constant=-3.0
    )
    q = toy_family()
    a, c = 1 / S**2 - 2.0, 2.0 - 2.0 * M
    f0 = (p.log_joint(UNREAD, q.loc.detach()[None]) - q(None, q.loc.detach()[None])).item()

    def variances(estimator, replicates=200_000, num_samples=1):
        return gradient_samples(
            estimator, p, q, UNREAD, num_samples, replicates, generator=generator(5)
        )

    theory = {
        b: 2 * c**2 + 15 / 4 * a**2 * S**2 + 3 * a * (f0 - b) + (f0 - b) ** 2 / S**2
        for b in (0.0, f0, f0 + 1.5 * a * S**2, f0 + 0.5 * a * S**2)
    }
    for b, wanted in theory.items():
        z = variance_z(variances(constant(b))["loc"], wanted)
        assert z < LIMIT
        evidence(
            "gradients.RunningMean, held: Var g_m",
            "quadratic: the formula for a constant baseline",
            z=z,
        )
    best = 2 * c**2 + 1.5 * a**2 * S**2
    assert (
        theory[f0 + 1.5 * a * S**2] == pytest.approx(best)
        and min(theory.values()) == theory[f0 + 1.5 * a * S**2]
    )
    # Estimated from K - 1 others, with the first order in 1/K: E[(f - b)^2 e^4]/s^2 for the noise of b, and (E[(f - b) e^3])^2/s^2
    # because sample j is in the baseline of k and k in that of j.
    wanted = best + (15 * c**2 + 10.5 * a**2 * S**2 + 9 * c**2) / 128
    found, others = (variances(e, 20_000, 128)["loc"] for e in (optimal_constant, leave_one_out))
    half_width = 1.96 * (found - found.mean()).square().std().item() / 20_000**0.5 * 128 / wanted
    assert (
        abs(128 * found.var().item() / wanted - 1) < 2 * half_width + 0.01
        and found.var() < (1 - 2 * half_width) * others.var()
    )
    evidence(
        "gradients.score_function, optimal constant, K = 128: K Var g_m",
        "quadratic: 2 c^2 + 3/2 a^2 s^2, and the term in 1/K",
        ratio=128 * found.var() / wanted,
        interval=half_width,
    )
    evidence(
        "gradients.score_function, optimal constant, K = 128: Var g_m",
        "that of leave_one_out",
        ratio=found.var() / others.var(),
    )


def test_an_amortized_optimal_constant(evidence):
    """The chain rule through an encoder: blocks of many copies against the exact gradient, datum by datum."""
    q = Amortized(BernoulliMeanField(2), mlp(1, 3, 2, generator(0))).double()
    x, p = randn(4, 1, seed=3), Pairwise(2)
    states = exact.enumerate_binary(2, like=x).unsqueeze(1).expand(4, 4, 2)
    exactly = gradients(
        exact.expected_bound(p.log_joint(x, states), q(x, states), elbo, 1).sum(), q
    )
    seeded, blocks = generator(3), []
    for _ in range(60):
        value = optimal_constant(p, q, x.expand(300, 4, 1), 4, generator=seeded).sum() / 300
        blocks.append(torch.cat([part.flatten() for part in gradients(value, q).values()]))
    z = mean_z(torch.stack(blocks), torch.cat([part.flatten() for part in exactly.values()]))
    assert z < LIMIT
    evidence(
        "gradients.score_function, optimal constant, Amortized(BernoulliMeanField)",
        "exact gradient by enumeration",
        z=z,
    )
    value = optimal_constant(ConjugateToy(2), amortized("MeanField", 2), x.expand(4, 2), 3)
    assert value.shape == (4,) and bool(value.isfinite().all())


def test_others():
    values = torch.tensor([1e300, 1.0, 2.0, 4.0], dtype=DOUBLE)
    assert (3 * others_mean(values))[0].item() == pytest.approx(7.0), (
        "a large entry does not wipe out the rest"
    )
    assert others_mean(torch.ones(2, 3)).tolist() == [[1.0] * 3] * 2


def test_the_memory_of_a_running_mean():
    """The first call has no baseline; later ones the decayed mean of the earlier bounds; eval mode reads and does not write."""
    p, q, estimator = Pairwise(2), bernoulli(2), RunningMean(0.5)
    assert estimator.baseline().item() == 0.0
    first = gradients_of(estimator, p, q, UNREAD, num_samples=3, generator=generator(0))
    assert torch.equal(
        first["logits"],
        gradients_of(score_function, p, q, UNREAD, num_samples=3, generator=generator(0))["logits"],
    )
    seen = [score_function(p, q, UNREAD, 3, generator=generator(0)).item()]
    for seed in (1, 2):
        seen.append(estimator(p, q, UNREAD, 3, generator=generator(seed)).item())
    wanted = (0.25 * seen[0] + 0.5 * seen[1] + seen[2]) / 1.75
    assert estimator.baseline().item() == pytest.approx(wanted, abs=1e-14)
    estimator.eval()(p, q, UNREAD, 3, generator=generator(9))
    assert estimator.baseline().item() == pytest.approx(wanted, abs=1e-14)
    copy = RunningMean(0.5)
    copy.load_state_dict(estimator.state_dict())
    assert copy.baseline() == estimator.baseline()


def test_a_running_mean_while_it_runs(evidence):
    """The memory moves during the test: the estimates are not independent, but each is unbiased given the past."""
    p, q = Pairwise(2), bernoulli(2)
    p.log_factors = lambda x, z: {"energy": Pairwise.log_factors(p, x, z)["energy"] - 5.0}
    exactly = gradients(
        exact.expected_bound(p.log_joint(UNREAD, q.states()), q(None, q.states()), elbo, 1), q
    )
    running = gradient_samples(
        RunningMean(0.95), p, q, UNREAD, 2, 3_000, generator=generator(0), method="loop"
    )["logits"]
    z = mean_z(running, exactly["logits"])
    assert z < LIMIT
    plain = gradient_samples(
        score_function, p, q, UNREAD, 2, 3_000, generator=generator(0), method="batch"
    )["logits"]
    late = running[500:]
    ratio = (late.var(0).sum() / plain.var(0).sum()).item()
    spread = (
        1.96
        * 2**0.5
        * max(
            (
                (part - part.mean(0)).square().sum(-1).std() / part.var(0).sum() / len(part) ** 0.5
            ).item()
            for part in (late, plain)
        )
    )
    assert ratio * (1 + spread) < 0.2
    evidence(
        "gradients.RunningMean, learning",
        "exact gradient by enumeration; variance over that of score_function",
        z=z,
        ratio=ratio,
        interval=ratio * spread,
    )


@pytest.mark.parametrize("bound", [elbo, iwae])
def test_a_learned_baseline_learns_the_mean_reward_of_each_datum(bound, evidence):
    """By its own gradient alone; then its value is the exact bound at each datum, and the variance falls."""
    model, q = (
        SigmoidBeliefNet((3, 2), scale=2.0, generator=generator(0)).double().requires_grad_(False),
        bernoulli(2),
    )
    x = exact.enumerate_binary(3, like=UNREAD)
    estimator = LearnedBaseline(mlp(3, 32, 1, generator(1)).double())
    optimizer, seeded = torch.optim.Adam(estimator.parameters(), lr=0.02), generator(2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 250)
    for _ in range(250):
        optimizer.zero_grad()
        (-estimator(model, q, x.expand(64, 8, 3), 2, bound, seeded).mean()).backward()
        optimizer.step()
        schedule.step()
    states = model.states(x).expand(4, 8, 2)
    wanted = exact.expected_bound(model.log_joint(x, states), q(None, states), bound, 2)
    error = (estimator.network(x).squeeze(-1) - wanted).abs().max().item()
    assert error < 0.3 and wanted.std() > 1.0
    many, rows, squares = replicate(q, 8 * 4_000), x.repeat(4_000, 1), {}
    for name, e in (("plain", score_function), ("learned", estimator)):
        (g,) = torch.autograd.grad(
            e(model, many, rows, 2, bound, generator(4)).sum(), [many.logits]
        )
        g = g.view(4_000, 8, 2)
        squares[name] = (g - g.mean(0)).square().sum((1, 2))
    ratio = (squares["learned"].mean() / squares["plain"].mean()).item()
    half_width = (
        1.96
        * (squares["learned"] - ratio * squares["plain"]).std().item()
        / 4_000**0.5
        / squares["plain"].mean().item()
    )
    assert ratio + half_width < 0.5
    evidence(
        f"gradients.LearnedBaseline, {bound.__name__}",
        "its variance after learning over that of score_function",
        ratio=ratio,
        interval=half_width,
    )


def test_fit_with_a_learned_baseline():
    """The recipe of the docstring: the optimizer takes the baseline's parameters too, and the net's evidence is approached."""
    model, q = (
        SigmoidBeliefNet((3, 2), generator=generator(0)).requires_grad_(False),
        BernoulliMeanField(2),
    )
    estimator, x = LearnedBaseline(mlp(3, 8, 1, generator(1))), torch.tensor([[1.0, 0.0, 1.0]])
    before = [parameter.clone() for parameter in estimator.parameters()]
    fit(
        model,
        q,
        x,
        estimator,
        steps=150,
        num_samples=8,
        progress=False,
        optimizer=lambda parameters: torch.optim.Adam(
            [*parameters, *estimator.parameters()], lr=0.05
        ),
    )
    assert all(
        not torch.equal(old, new) for old, new in zip(before, estimator.parameters(), strict=True)
    )
    states = q.states()
    reached = exact.expected_bound(model.log_joint(x[0], states), q(None, states), elbo, 1)
    start = exact.expected_bound(
        model.log_joint(x[0], states), BernoulliMeanField(2)(None, states), elbo, 1
    )
    assert start < reached < model.log_evidence(x[0])


def test_extremes():
    """Log weights of -10,000: the rewards of VIMCO are differences of bounds, and stay small and finite."""
    p, q = Pairwise(2), bernoulli(2)
    near = gradients_of(vimco, p, q, UNREAD, num_samples=4, generator=generator(0))["logits"]
    p.log_factors = lambda x, z: {"energy": Pairwise.log_factors(p, x, z)["energy"] - 1e4}
    far = gradients_of(vimco, p, q, UNREAD, num_samples=4, generator=generator(0))["logits"]
    assert torch.allclose(near, far, atol=1e-10)
    for estimator in (leave_one_out, optimal_constant):
        found = gradients_of(estimator, p, q, UNREAD, num_samples=4, generator=generator(0))[
            "logits"
        ]
        assert bool(found.isfinite().all()) and found.abs().max() < 100
    saturated = BernoulliMeanField(2, torch.full((2,), 1e4, dtype=DOUBLE))
    assert gradients_of(optimal_constant, p, saturated, UNREAD, num_samples=4)[
        "logits"
    ].tolist() == [0.0, 0.0]


def test_refusals():
    p, q = Pairwise(3), bernoulli()
    for bad in (
        elbo,
        partial(renyi, alpha=0.5),
        partial(jackknife, order=1),
        partial(thermodynamic, betas=(0.0, 0.5, 1.0)),
    ):
        with pytest.raises(ValueError, match="bound is .*; expected bounds.iwae"):
            vimco(p, q, UNREAD, 3, bound=bad)
    assert vimco(p, q, UNREAD, 3, bound=partial(renyi, alpha=0)).shape == (), "IWAE by another name"
    for bound in (iwae, elbo):
        with pytest.raises(ValueError, match="num_samples is 1; expected two or more"):
            vimco(p, q, UNREAD, 1, bound=bound)
    with pytest.raises(TypeError, match="num_samples is 2.0"):
        vimco(p, q, UNREAD, 2.0)
    for num_samples, bound in ((1, elbo), (3, iwae)):
        with pytest.raises(
            ValueError,
            match=f"baseline is 'optimal_constant' with num_samples = {num_samples}; .* linear",
        ):
            optimal_constant(p, q, UNREAD, num_samples, bound=bound)
    for other in (flow(), layered()):
        with pytest.raises(
            TypeError,
            match=f"q is a {type(other).__name__} with .*; expected a family with distribution parameters",
        ):
            optimal_constant(Pairwise(other.dim), other, UNREAD, 3)
    for decay in (-0.1, 1.0, 2.0):
        with pytest.raises(ValueError, match="decay is .*; expected a number in"):
            RunningMean(decay)
    with pytest.raises(
        ValueError, match=r"network gave shape \(5, 2\) for x of shape \(5, 1\); expected \(5, 1\)"
    ):
        LearnedBaseline(nn.Linear(1, 2).double())(p, q, UNREAD.expand(5, 1))
    data = breast_cancer(1, dtype=DOUBLE)[:6]
    with pytest.raises(
        ValueError, match="p is a BayesianLogisticRegression, whose latents are global"
    ):
        LearnedBaseline(nn.Linear(3, 1).double())(
            BayesianLogisticRegression(2), gaussian("MeanField", 2), data
        )
    assert (
        RunningMean()(BayesianLogisticRegression(2), gaussian("MeanField", 2), data, 4).shape == ()
    )
    for estimator in (vimco, RunningMean(), LearnedBaseline(nn.Linear(1, 1))):
        with pytest.raises(ValueError, match="noise was given"):
            estimator(p, q, UNREAD.float(), 2, noise=torch.zeros(2, 3))

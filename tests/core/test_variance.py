"""Variances: formulas away from the posterior, Fisher variances at it, and zero where the landing is stuck."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from catalogue import ZOO, amortized, gaussian
from oracles import (
    DOUBLE,
    LIMIT,
    DensityModel,
    Quadratic,
    covariance_of,
    generator,
    quadratic,
    randn,
    variance_z,
)
from toy import UNREAD, CutLayers, M, S, X, posterior_of_the_chain, toy_family

from course_vi import exact
from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import gradient_moments, gradient_samples
from course_vi.families import Amortized, Flow, MeanField
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.models import ConjugateToy, GaussianChain

REPLICATES = 200_000


def samples(estimator, p, q, x, **kwargs):
    return gradient_samples(
        estimator, p, q, x, replicates=REPLICATES, generator=generator(11), **kwargs
    )


def held(evidence, method, oracle, found, wanted):
    """The measured variance against the formula: its |z|, and the ratio that goes on the page."""
    z = variance_z(found, wanted)
    assert z < LIMIT
    half_width = 1.96 * (found - found.mean()).square().std() / len(found) ** 0.5 / wanted
    evidence(method, oracle, z=z, ratio=found.var() / wanted, interval=half_width)


def test_fisher_variances_at_the_posterior(evidence):
    """Findings 1: with q = posterior the total derivative keeps the variance of the score: 1/s^2 for m and 2 for log s."""
    toy, best = ConjugateToy(), ConjugateToy().posterior(X)
    q = MeanField(1, best.loc, best.log_scale)
    found = samples(reparametrized, toy, q, X)
    held(
        evidence,
        "gradients.reparametrized: Var g_m at the posterior",
        "theory: 1 / s^2",
        found["loc"],
        2.0,
    )
    held(
        evidence,
        "gradients.reparametrized: Var g_log_s at the posterior",
        "theory: 2",
        found["log_scale"],
        2.0,
    )


def test_pathwise_formulas(evidence):
    """Findings 2, with f(z) = log p(x, z) = -a z^2/2 + b z: Var g_m = a^2 s^2, Var g_log_s = s^2 (c^2 + 2 a^2 s^2), c = f'(m)."""
    for a, b, m, s in ((2.0, 2.0, M, S), (0.7, -1.5, 1.0, 0.4), (0.0, 1.0, 0.0, 1.0)):
        p = Quadratic(torch.tensor([[a]], dtype=DOUBLE), torch.tensor([b], dtype=DOUBLE))
        q = MeanField(1, torch.tensor([m], dtype=DOUBLE), torch.tensor([math.log(s)], dtype=DOUBLE))
        for estimator, curvature in ((reparametrized, -a), (sticking_the_landing, -a + 1 / s**2)):
            c = b - a * m
            found = samples(estimator, p, q, UNREAD)
            name = f"gradients.{estimator.__name__}"
            if curvature:
                held(
                    evidence,
                    f"{name}: Var g_m",
                    "quadratic: a^2 s^2",
                    found["loc"],
                    curvature**2 * s**2,
                )
            else:
                assert found["loc"].var() < 1e-20
            wanted = s**2 * (c**2 + 2 * curvature**2 * s**2)
            held(
                evidence,
                f"{name}: Var g_log_s",
                "quadratic: s^2 (c^2 + 2 a^2 s^2)",
                found["log_scale"],
                wanted,
            )


def test_score_function_formulas(evidence):
    """Findings 2: with log w = f0 + c s eps + a s^2 eps^2 / 2."""
    a, b, constant = 2.0, 2.0, -0.4
    p = Quadratic(torch.tensor([[a]], dtype=DOUBLE), torch.tensor([b], dtype=DOUBLE), constant)
    q = toy_family()
    f0 = -0.5 * a * M**2 + b * M + constant + math.log(S) + 0.5 * math.log(2 * math.pi)
    c, curvature = b - a * M, 1 / S**2 - a
    found = samples(score_function, p, q, UNREAD)
    for_m = f0**2 / S**2 + 2 * c**2 + 15 / 4 * curvature**2 * S**2 + 3 * curvature * f0
    for_log_s = (
        2 * f0**2 + 10 * c**2 * S**2 + 18.5 * curvature**2 * S**4 + 10 * curvature * f0 * S**2
    )
    held(
        evidence,
        "gradients.score_function: Var g_m",
        "quadratic: f0^2/s^2 + 2c^2 + 15/4 a^2 s^2 + 3 a f0",
        found["loc"],
        for_m,
    )
    held(
        evidence,
        "gradients.score_function: Var g_log_s",
        "quadratic: 2 f0^2 + 10 c^2 s^2 + 37/2 a^2 s^4 + 10 a f0 s^2",
        found["log_scale"],
        for_log_s,
    )


@pytest.mark.parametrize("num_samples", [2, 3])
def test_leave_one_out_by_quadrature(num_samples, evidence):
    """The exact variance with the leave-one-out baseline: a polynomial in K noises, integrated exactly."""
    p = Quadratic(torch.tensor([[2.0]], dtype=DOUBLE), torch.tensor([2.0], dtype=DOUBLE))
    points, weights = exact.gauss_hermite(12)
    eps = torch.cartesian_prod(*[points] * num_samples)
    weight = torch.cartesian_prod(*[weights] * num_samples).prod(-1)
    z = M + S * eps
    log_w = -(z**2) + 2 * z + 0.5 * eps**2 + math.log(S) + 0.5 * math.log(2 * math.pi)
    others = (log_w.sum(-1, keepdim=True) - log_w) / (num_samples - 1)
    found = samples(
        lambda *args, **kwargs: score_function(*args, baseline="leave_one_out", **kwargs),
        p,
        toy_family(),
        UNREAD,
        num_samples=num_samples,
    )
    plain = samples(score_function, p, toy_family(), UNREAD, num_samples=num_samples)
    for name, score in (("loc", eps / S), ("log_scale", eps**2 - 1)):
        estimate = ((log_w - others) * score).mean(-1)
        wanted = (weight * estimate**2).sum() - (weight * estimate).sum() ** 2
        held(
            evidence,
            f"gradients.score_function, leave one out, K = {num_samples}: Var g_{name}",
            "quadrature over K noises",
            found[name],
            wanted,
        )
        if name == "loc":
            evidence(
                f"gradients.score_function, leave one out, K = {num_samples}: Var g_{name}",
                "over the variance without a baseline",
                ratio=found[name].var() / plain[name].var(),
            )


def test_variance_falls_as_one_over_k():
    q = toy_family()
    one, eight = (
        samples(reparametrized, ConjugateToy(), q, X, num_samples=k)["loc"] for k in (1, 8)
    )
    assert variance_z(eight, one.var() / 8) < LIMIT + 1.5  # the reference has an error of its own


def at_the_posterior():
    """A family, and a model whose posterior it is, for every family of the course."""
    for kind in ("MeanField", "FullRank", "FactorCovariance", "SparsePrecision"):
        q = gaussian(kind)
        precision = torch.linalg.inv(covariance_of(q)).detach()
        p = Quadratic(0.5 * (precision + precision.mT), precision @ q.loc.detach())
        yield kind, p, q, UNREAD
    encoder = torch.nn.Linear(1, 2).double()
    with torch.no_grad():
        encoder.weight.copy_(torch.tensor([[0.5], [0.0]]))
        encoder.bias.copy_(torch.tensor([0.0, -0.5 * math.log(2)], dtype=DOUBLE))
    yield (
        "Amortized(MeanField)",
        ConjugateToy(),
        Amortized(MeanField(1), encoder),
        randn(4, 1, seed=0),
    )
    yield "Layered", GaussianChain(), posterior_of_the_chain(), randn(4, 1, seed=0)
    for name in (
        "Amortized(FullRank)",
        "Amortized(FactorCovariance)",
        "Amortized(SparsePrecision)",
        "Amortized(Planar)",
        "Planar",
        "ASVI",
        "Layered",
        "Flow(MAF)",
        "Flow(MAF), conditional",
        "Flow(NSF)",
        "Flow(NICE)",
    ):
        q, x = ZOO[name]()
        x = randn(3, 2, seed=1) if x is not None else torch.zeros(2, dtype=DOUBLE)
        yield f"{name}, model = its own density", DensityModel(copy.deepcopy(q), 2), q, x


CASES = {name: (p, q, x) for name, p, q, x in at_the_posterior()}


@pytest.mark.parametrize("name", CASES)
def test_zero_variance_at_the_posterior(name, evidence):
    """Path gradients vanish sample by sample, for every bound; the total derivative does not."""
    p, q, x = CASES[name]
    for estimator, bound in (
        (sticking_the_landing, elbo),
        (doubly_reparametrized, elbo),
        (doubly_reparametrized, iwae),
    ):
        found = gradient_samples(
            estimator,
            p,
            q,
            x,
            num_samples=3,
            replicates=20,
            bound=bound,
            generator=generator(0),
            method="loop",
        )
        largest = max(value.abs().max().item() for value in found.values())
        assert set(found) == dict(q.named_parameters()).keys() and largest < 1e-9
        evidence(
            f"gradients.{estimator.__name__}, {bound.__name__} ({name.split(',')[0]})",
            "zero at q = posterior, every replicate",
            error=largest,
        )
    total = gradient_samples(
        reparametrized, p, q, x, num_samples=3, replicates=20, generator=generator(0), method="loop"
    )
    assert max(value.var(0).max().item() for value in total.values()) > 1e-3
    values = reparametrized(p, q, x, 3, bound=elbo, generator=generator(1)).detach()
    log_evidence = (
        p.log_evidence(x) if not isinstance(p, DensityModel) else torch.zeros_like(values)
    )
    assert torch.allclose(values, log_evidence, atol=1e-9), (
        "at the posterior the log weights are the log evidence"
    )


# What the zero-variance test is for: freezing gone wrong leaves the mean alone, and only the variance can see it.


class AttachedFlow(Flow):
    """Freezes nothing: log q keeps its parameters."""

    def frozen_log_prob(self, z, x=None, distribution=None):
        return self(x, z)


def test_a_leak_is_seen_in_the_variance_alone():
    p, q, x = CASES["Flow(MAF), model = its own density"]
    leaky = AttachedFlow(q.flow, q.dim)
    found = gradient_moments(
        sticking_the_landing,
        p,
        leaky,
        x,
        num_samples=3,
        replicates=400,
        generator=generator(0),
        method="loop",
    )
    assert max(value.max().item() for value in found.variance.values()) > 1e-2
    assert all(
        bool((value.abs() < 5 * found.standard_error[name] + 1e-12).all())
        for name, value in found.mean.items()
    )


def test_cut_layers_are_seen_in_the_variance_alone():
    p, x = GaussianChain(), torch.tensor([[2.0]], dtype=DOUBLE)
    good = posterior_of_the_chain()
    cut = CutLayers(good.first, good.second)
    found = gradient_moments(
        sticking_the_landing, p, cut, x, replicates=2_000, generator=generator(0), method="loop"
    )
    bias_row = found.mean["first.encoder.bias"] / found.standard_error["first.encoder.bias"]
    assert found.variance["first.encoder.bias"].max() > 0.1 and bias_row.abs().max() < LIMIT


def test_amortized_families_share_nothing_across_the_batch():
    """Each datum has noise of its own: gradients of two data under one encoder are uncorrelated."""
    q, x = amortized("MeanField", dim=1), randn(2, 2, seed=0)
    p = DensityModel(amortized("MeanField", dim=1, seed=5), 2)
    pairs = torch.stack(
        [
            reparametrized(p, q, x, 1, generator=source).detach()
            for source in [generator(3)]
            for _ in range(4_000)
        ]
    )
    product = (pairs - pairs.mean(0)).prod(-1)
    assert abs(product.mean() / (product.std() / math.sqrt(len(product)))) < LIMIT


def test_in_three_dimensions_the_ranking_near_the_posterior():
    """Near the posterior the path derivative has far less variance; far away there is no such rule."""
    p = quadratic(3)
    best = torch.linalg.solve(p.precision, p.shift)
    near = MeanField(3, best + 0.01, 0.5 * torch.linalg.inv(p.precision).diagonal().log())
    total, path = (
        gradient_moments(e, p, near, UNREAD, replicates=20_000, generator=generator(0))
        .variance["loc"]
        .sum()
        for e in (reparametrized, sticking_the_landing)
    )
    assert path < 0.7 * total

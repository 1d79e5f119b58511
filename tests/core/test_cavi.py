"""Conjugate priors, CAVI and natural-gradient SVI against quadrature, enumeration, scipy and scikit-learn."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from scipy.integrate import dblquad
from scipy.stats import multivariate_t
from scipy.stats import t as student
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture as Theirs
from torch.distributions import Dirichlet, Wishart, kl_divergence

from course_vi.distributions.conjugate import NormalWishart, dirichlet_kl
from course_vi.learning import cavi, natural_gradient_svi
from course_vi.learning.cavi import MixtureFactors, mixture_elbo, responsibilities
from course_vi.learning.natural_gradient import robbins_monro
from course_vi.models import BayesianGaussianMixture, ConjugateToy, NormalGamma

ROWS = torch.tensor([[0.3], [1.9], [1.2], [-0.4]], dtype=DOUBLE)


def normal():
    return NormalGamma(loc=0.5, strength=0.8, shape=2.0, rate=1.5)


def mixture(count, dim=2, clusters=3, **kwargs):
    root = randn(dim, dim, seed=7)
    return BayesianGaussianMixture(
        count,
        clusters,
        0.3 * randn(dim, seed=8),
        root @ root.mT + torch.eye(dim, dtype=DOUBLE),
        **{"concentration": 0.7, "strength": 0.6, "dof": dim + 1.5} | kwargs,
    )


def wishart(dim=2, seed=0):
    root = randn(3, dim, dim, seed=seed)
    return NormalWishart.of(
        torch.tensor([0.5, 1.0, 3.0], dtype=DOUBLE),
        randn(3, dim, seed=seed + 1),
        root @ root.mT + 0.5 * torch.eye(dim, dtype=DOUBLE),
        dim + torch.tensor([0.5, 1.0, 4.0], dtype=DOUBLE),
    )


def test_normal_gamma_evidence(evidence):
    """The joint integrated over both latents; and row by row by Student's predictive densities, as SciPy has them."""
    model = normal()

    def density(log_tau, mean):
        return math.exp(model.log_joint(ROWS, torch.tensor([[mean, log_tau]], dtype=DOUBLE)).item())

    integral = dblquad(density, -12, 13, -9, 5, epsabs=1e-9, epsrel=1e-7)[0]
    product = 0.0
    for n in range(len(ROWS)):
        loc, strength, shape, rate = (
            model.posterior_parameters(ROWS[:n]) if n else model.prior_parameters
        )
        scale = math.sqrt(float(rate) * (strength + 1) / (float(shape) * strength))
        product += student.logpdf(ROWS[n].item(), 2 * float(shape), float(loc), scale)
    found = model.log_evidence(ROWS).item()
    assert abs(found - math.log(integral)) < 1e-6 and abs(found - product) < 1e-12
    evidence(
        "models.NormalGamma.log_evidence",
        "scipy.stats.t, row by row; quadrature",
        error=abs(found - product),
    )


def test_normal_gamma_samples():
    model = normal()
    draws = [model.sample(1, generator(seed)) for seed in range(4000)]
    z = torch.stack([z for _, z in draws]).double()
    assert mean_z(z[:, 1].exp(), 2.0 / 1.5) < LIMIT and mean_z(z[:, 0], 0.5) < LIMIT
    seen = torch.stack([x[0, 0] for x, _ in draws]).double()
    median = student.ppf([0.25, 0.5, 0.9], 4.0, 0.5, math.sqrt(1.5 * 1.8 / (2 * 0.8)))
    assert (
        mean_z(
            (seen.unsqueeze(-1) < torch.as_tensor(median)).double(),
            torch.tensor([0.25, 0.5, 0.9], dtype=DOUBLE),
        )
        < LIMIT
    )


def test_cavi_of_a_normal(evidence):
    """The ELBO by quadrature over q; the gap to the evidence as KL by quadrature; no better q nearby; and it never falls."""
    model = normal()
    found = cavi(model, ROWS, steps=200, start=torch.tensor(7.0))
    q = found.factors
    mean = q.loc + torch.linspace(-9, 9, 601, dtype=DOUBLE) / q.precision.sqrt()
    log_tau = torch.linspace(-9.0, 4.0, 801, dtype=DOUBLE)
    grid = torch.cartesian_prod(mean, log_tau)
    cell = (mean[1] - mean[0]) * (log_tau[1] - log_tau[0])
    log_q = (
        torch.distributions.Normal(q.loc, q.precision.rsqrt()).log_prob(grid[:, 0])
        + torch.distributions.Gamma(q.shape, q.rate).log_prob(grid[:, 1].exp())
        + grid[:, 1]
    )
    log_p = model.log_joint(ROWS, grid)
    elbo = (log_q.exp() * (log_p - log_q)).sum() * cell
    log_posterior = log_p - model.log_evidence(ROWS)
    gap = (log_q.exp() * (log_q - log_posterior)).sum() * cell
    worst = max(
        abs(elbo - found.elbo[-1]).item(),
        abs(model.log_evidence(ROWS) - found.elbo[-1] - gap).item(),
    )
    assert worst < 1e-7 and gap > 1e-3 and bool((found.elbo.diff() > -1e-12).all())
    evidence("learning.cavi, unknown mean and precision", "quadrature over q", error=worst)
    for change in (
        {"loc": q.loc + 0.01},
        {"precision": q.precision * 1.02},
        {"shape": q.shape * 1.01},
        {"rate": q.rate * 0.99},
    ):
        other = q._replace(**change)
        log_q = (
            torch.distributions.Normal(other.loc, other.precision.rsqrt()).log_prob(grid[:, 0])
            + torch.distributions.Gamma(other.shape, other.rate).log_prob(grid[:, 1].exp())
            + grid[:, 1]
        )
        assert (log_q.exp() * (log_p - log_q)).sum() * cell < found.elbo[-1]


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_normal_wishart(dim, evidence):
    """Marginal likelihood against SciPy's multivariate t; expected statistics as the slope of A; KL by torch's Wishart and normal."""
    prior = NormalWishart(*(part[:1] for part in wishart(dim)))
    x = randn(4, dim, seed=5)
    gain = (
        prior.plus(torch.ones(4, 1, dtype=DOUBLE), x).log_normalizer()
        - prior.log_normalizer()
        - 2 * dim * math.log(2 * math.pi)
    )
    product, now = 0.0, prior
    for row in x:
        dof = now.dof - dim + 1
        shape = now.inverse_scale * ((now.strength + 1) / (now.strength * dof)).unsqueeze(
            -1
        ).unsqueeze(-1)
        product += multivariate_t.logpdf(
            row.numpy(), now.loc[0].numpy(), shape[0].numpy(), dof.item()
        )
        now = now.plus(torch.ones(1, 1, dtype=DOUBLE), row.unsqueeze(0))
    worst = abs(gain.item() - product)
    q, other = wishart(dim, 3), wishart(dim, 11)
    parts = NormalWishart(*(part.clone().requires_grad_() for part in q))
    slopes = torch.autograd.grad(parts.log_normalizer().sum(), list(parts))
    for slope, mean in zip(slopes, q.expected_statistics(), strict=True):
        worst = max(worst, (slope - mean).abs().max().item())
    theirs = kl_divergence(
        Wishart(q.dof, precision_matrix=q.inverse_scale),
        Wishart(other.dof, precision_matrix=other.inverse_scale),
    )
    precision, off = -2 * q.expected_statistics().scatter, q.loc - other.loc
    ratio = other.strength / q.strength
    theirs = theirs + 0.5 * (
        dim * (ratio - 1 - ratio.log())
        + other.strength * torch.einsum("ci,cij,cj->c", off, precision, off)
    )
    worst = max(worst, (q.kl(other) - theirs).abs().max().item())
    a, b = torch.tensor([0.5, 2.0, 3.0], dtype=DOUBLE), torch.tensor([1.0, 1.0, 0.2], dtype=DOUBLE)
    worst = max(worst, abs(dirichlet_kl(a, b) - kl_divergence(Dirichlet(a), Dirichlet(b))).item())
    assert worst < 1e-9
    evidence(
        "models.conjugate: normal-Wishart and Dirichlet",
        "scipy.stats.multivariate_t, torch.distributions, slopes",
        error=worst,
    )


def test_mixture_evidence(evidence):
    """One cluster: a chain of multivariate t. Two clusters, two data: the four labellings by hand."""
    x = randn(5, 2, seed=5)
    single = mixture(5, clusters=1)
    prior = single.cluster_prior()
    gain = (
        prior.plus(torch.ones(5, 1, dtype=DOUBLE), x).log_normalizer() - prior.log_normalizer()
    ).sum() - 5 * math.log(2 * math.pi)
    assert abs(single.log_evidence(x) - gain) < 1e-10
    double, alone = mixture(2, clusters=2, concentration=0.7), mixture(1, clusters=1)
    same = math.log(1.7 / 2.4)  # Polya's urn: the second ball has the colour of the first
    pair = mixture(2, clusters=1).log_evidence(x[:2])
    apart = alone.log_evidence(x[:1]) + alone.log_evidence(x[1:2])
    wanted = torch.logsumexp(torch.stack([same + pair, math.log(0.7 / 2.4) + apart]), 0)
    worst = abs(double.log_evidence(x[:2]) - wanted).item()
    assert worst < 1e-12 and abs(double.posterior(x[:2]).probs.sum() - 1) < 1e-12
    evidence(
        "models.BayesianGaussianMixture.log_evidence",
        "Polya's urn and the evidence of one cluster",
        error=worst,
    )


def test_mixture_samples():
    """The first two rows of many data sets share a label as Polya's urn has it, and a label's mean has the prior's moments."""
    model = mixture(2, dim=1, clusters=2, strength=2.0, dof=6.0)
    draws = [model.sample(2, generator(seed)) for seed in range(3000)]
    same = torch.tensor([float(z[0] == z[1]) for _, z in draws], dtype=DOUBLE)
    first = torch.stack([x[0] for x, _ in draws])
    scale = math.sqrt(model.inverse_scale.item() * 3.0 / (2.0 * 6.0))
    quartile = torch.as_tensor(student.ppf([0.25, 0.75], 6.0, model.loc.item(), scale))
    assert mean_z(same, 1.7 / 2.4) < LIMIT
    assert mean_z((first < quartile).double(), torch.tensor([0.25, 0.75], dtype=DOUBLE)) < LIMIT
    x, z = model.sample(2, generator(0))
    assert torch.equal(x, model.sample(2, generator(0))[0]) and model.log_joint(x, z).shape == ()


class FromResponsibilities(Theirs):
    """scikit-learn's mixture, started from given responsibilities."""

    def _initialize_parameters(self, X, random_state, **kwargs):
        self._initialize(X, self.first)


def sklearn_from(model, r, steps):
    theirs = FromResponsibilities(
        n_components=model.clusters,
        weight_concentration_prior_type="dirichlet_distribution",
        weight_concentration_prior=model.concentration,
        mean_precision_prior=model.strength,
        mean_prior=model.loc.numpy(),
        degrees_of_freedom_prior=model.dof,
        covariance_prior=model.inverse_scale.numpy(),
        reg_covar=0.0,
        max_iter=steps,
        tol=0.0,
    )
    theirs.first = r.numpy()
    return theirs


@pytest.mark.parametrize("steps", [1, 4, 60])
def test_cavi_against_sklearn(steps, evidence):
    x = torch.cat([randn(30, 2, seed=i) * (1 + i) + 4 * i for i in range(3)])
    model, r = mixture(90, clusters=4), randn(90, 4, seed=3).softmax(-1)
    theirs = sklearn_from(model, r, steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(x.numpy())
    found = cavi(model, x, steps + 1, start=r, tolerance=-math.inf)
    q = found.factors
    errors = [
        q.concentration - torch.as_tensor(theirs.weight_concentration_),
        q.clusters.loc - torch.as_tensor(theirs.means_),
        q.clusters.strength - torch.as_tensor(theirs.mean_precision_),
        q.clusters.dof - torch.as_tensor(theirs.degrees_of_freedom_),
        q.clusters.inverse_scale / q.clusters.dof[:, None, None]
        - torch.as_tensor(theirs.covariances_),
        q.responsibilities - torch.as_tensor(theirs.predict_proba(x.numpy())),
    ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-9
    assert found.elbo.diff().min() > -1e-9 * found.elbo.abs().max()
    theirs_bounds = torch.as_tensor(
        np.array(theirs.lower_bounds_)
    )  # up to a constant, after each M-step
    offset = found.elbo[2::2] - theirs_bounds
    assert (offset - offset[0]).abs().max() < 1e-8
    evidence(
        f"learning.cavi, mixture, {steps} step{'s' * (steps > 1)}",
        "sklearn.mixture.BayesianGaussianMixture, same start",
        error=worst,
    )


def test_cavi_stays_below_the_exact_evidence(evidence):
    """Tiny data, every labelling counted: the ELBO rises and stays below; with one cluster q is exact and the bound tight."""
    x = torch.cat([randn(4, 1, seed=0) - 3, randn(4, 1, seed=1) + 3])
    model = mixture(8, dim=1, clusters=3)
    exactly = model.log_evidence(x)
    best = max(cavi(model, x, 200, generator=generator(seed)).elbo[-1].item() for seed in range(4))
    assert (
        exactly - math.log(6) - 1.0 < best < exactly
    )  # one naming of up to 3!, and a gap of its own
    single = mixture(8, dim=1, clusters=1)
    tight = abs(cavi(single, x, 3).elbo[-1] - single.log_evidence(x)).item()
    assert tight < 1e-10
    evidence("learning.cavi, one cluster", "exact evidence (q is the posterior)", error=tight)


def test_the_mixture_prunes():
    x = torch.cat(
        [randn(60, 2, seed=i) + 6 * torch.tensor([i % 2, i // 2], dtype=DOUBLE) for i in range(3)]
    )
    model = BayesianGaussianMixture(
        180, 8, x.mean(0), 2 * torch.eye(2, dtype=DOUBLE), concentration=1e-3, strength=0.1
    )
    found = cavi(model, x, 300, tolerance=1e-9, generator=generator(1))
    assert int((found.factors.weights > 0.01).sum()) == 3
    centres = found.factors.clusters.loc[found.factors.weights > 0.01]
    wanted = torch.stack([x[60 * i : 60 * i + 60].mean(0) for i in range(3)])
    assert torch.cdist(wanted, centres).amin(1).max() < 0.1


def test_step_one_on_all_the_data_is_cavi(evidence):
    x, r = randn(40, 2, seed=0) * 2, randn(40, 3, seed=1).softmax(-1)
    model, worst = mixture(40), 0.0
    for steps in (1, 3, 10):
        svi = natural_gradient_svi(model, x, steps, rate=1.0, start=r)
        exactly = cavi(model, x, steps + 1, start=r, tolerance=-math.inf)
        pairs = zip(
            [svi.factors.concentration, *svi.factors.clusters],
            [exactly.factors.concentration, *exactly.factors.clusters],
            strict=True,
        )
        worst = max(
            [
                worst,
                abs(svi.elbo[-1] - exactly.elbo[-1]).item(),
                *[(a - b).abs().max().item() for a, b in pairs],
            ]
        )
    assert worst < 1e-10
    evidence("learning.natural_gradient_svi, step 1 on all the data", "learning.cavi", error=worst)


def test_the_natural_gradient_is_the_fisher_inverse_times_the_gradient():
    """Target minus eta, against autograd: the slope of the ELBO in eta is the Fisher matrix (the Hessian of A) times that direction."""
    x, model = randn(12, 1, seed=0), mixture(12, dim=1, clusters=2)
    r = randn(12, 2, seed=1).softmax(-1)
    alpha, clusters = model.weight_prior() + r.sum(0), model.cluster_prior().plus(r, x)
    fixed = responsibilities(alpha, clusters, x)

    def unflatten(flat):
        return NormalWishart(flat[0:2], flat[2:4, None], flat[4:6, None, None], flat[6:8])

    def elbo(flat):
        return mixture_elbo(model, MixtureFactors(alpha, unflatten(flat), fixed), x)

    def normalizer(flat):
        return unflatten(flat).log_normalizer().sum()

    flat = torch.cat([part.flatten() for part in clusters])
    target = torch.cat([part.flatten() for part in model.cluster_prior().plus(fixed, x)])
    slope, fisher = torch.func.grad(elbo)(flat), torch.func.hessian(normalizer)(flat)
    assert torch.allclose(slope, fisher @ (target - flat), atol=1e-8)


def test_minibatches_are_unbiased_and_converge():
    """The mean of the minibatch targets over all batches is CAVI's; Robbins-Monro steps come close to where CAVI ends."""
    x = torch.cat([randn(50, 1, seed=0) - 4, randn(50, 1, seed=1) + 4])
    model = mixture(100, dim=1, clusters=2)
    r = torch.stack([x[:, 0] < 1, x[:, 0] >= 1], -1).double()
    exactly = cavi(model, x, 300, start=r)
    svi = natural_gradient_svi(
        model,
        x,
        3000,
        batch_size=10,
        rate=robbins_monro(10.0, 0.9),
        start=0.6 * r + 0.2,
        generator=generator(0),
        record_every=1000,
    )
    assert (
        svi.elbo.shape == (3,) and exactly.elbo[-1] - 0.05 < svi.elbo[-1] <= exactly.elbo[-1] + 1e-9
    )
    assert torch.allclose(svi.factors.clusters.loc, exactly.factors.clusters.loc, atol=0.15)
    few = x[::25]
    small = mixture(4, dim=1, clusters=2)
    alpha, clusters = (
        small.weight_prior() + 2.0,
        small.cluster_prior().plus(torch.full((4, 2), 0.5, dtype=DOUBLE) + 0.1 * few, few),
    )
    whole = responsibilities(alpha, clusters, few).sum(0)
    batches = torch.stack(
        [
            2 * responsibilities(alpha, clusters, few[[i, j]]).sum(0)
            for i in range(4)
            for j in range(4)
            if i != j
        ]
    )
    assert torch.allclose(batches.mean(0), whole, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(
    dim=st.integers(1, 3),
    clusters=st.integers(1, 4),
    count=st.integers(1, 12),
    seed=st.integers(0, 30),
    scale=st.sampled_from([1e-6, 1.0, 1e4]),
)
def test_the_elbo_never_falls(dim, clusters, count, seed, scale):
    x = scale * randn(count, dim, seed=seed)
    model = BayesianGaussianMixture(
        count, clusters, torch.zeros(dim, dtype=DOUBLE), torch.eye(dim, dtype=DOUBLE)
    )
    found = cavi(model, x, 8, generator=generator(seed))
    assert bool(found.elbo.isfinite().all()) and found.elbo.diff().numel() == len(found.elbo) - 1
    assert bool((found.elbo.diff() > -1e-9 * (1 + found.elbo.abs().max())).all())
    rows = scale * randn(count, 1, seed=seed)
    assert bool((cavi(NormalGamma(), rows, 5).elbo.diff() > -1e-9 * (1 + scale)).all())


def test_float32_and_repeats():
    x, model = randn(20, 2, seed=0), mixture(20)
    low = cavi(model.float(), x.float(), 20, generator=generator(0))
    assert low.elbo.dtype == torch.float32 and low.factors.concentration.dtype == torch.float32
    again = cavi(model, x.float(), 20, generator=generator(0))
    assert torch.equal(low.elbo, again.elbo)


@pytest.mark.parametrize(
    "run, error, message",
    [
        (
            lambda: cavi(ConjugateToy(), torch.zeros(1, 1)),
            TypeError,
            "p is a ConjugateToy; expected NormalGamma or",
        ),
        (
            lambda: cavi(normal(), torch.tensor([[torch.nan]])),
            ValueError,
            "x has 1 entries that are NaN",
        ),
        (
            lambda: cavi(normal(), ROWS, start=torch.tensor(-1.0)),
            ValueError,
            "start is -1.*expected one positive number",
        ),
        (
            lambda: cavi(mixture(3), torch.zeros(4, 2)),
            ValueError,
            r"x has shape \(4, 2\); expected \(3, 2\)",
        ),
        (
            lambda: cavi(mixture(3), torch.zeros(3, 2, dtype=DOUBLE), start=torch.ones(3, 3)),
            ValueError,
            "start has shape",
        ),
        (lambda: NormalGamma(rate=0.0), ValueError, "rate is 0.0; expected a positive number"),
        (lambda: normal().log_evidence(torch.zeros(0, 1)), ValueError, r"x has shape \(0, 1\)"),
        (lambda: mixture(3, dof=0.5), ValueError, "dof is 0.5; expected a number above 1"),
        (
            lambda: BayesianGaussianMixture(2, 2, torch.zeros(1), -torch.eye(1)),
            ValueError,
            "inverse_scale is not symmetric",
        ),
        (
            lambda: mixture(40).log_evidence(torch.zeros(40, 2, dtype=DOUBLE)),
            ValueError,
            "expected at least one variable and at most",
        ),
        (
            lambda: natural_gradient_svi(mixture(3), torch.zeros(3, 2, dtype=DOUBLE), rate=1.5),
            ValueError,
            "rate is 1.5 at step 0",
        ),
        (
            lambda: natural_gradient_svi(mixture(3), torch.zeros(3, 2, dtype=DOUBLE), batch_size=4),
            ValueError,
            "batch_size is 4; expected at",
        ),
        (lambda: robbins_monro(forgetting=0.4), ValueError, "forgetting is 0.4"),
    ],
)
def test_refusals(run, error, message):
    with pytest.raises(error, match=message):
        run()


def test_data_far_from_zero_are_refused_where_they_drown():
    far = randn(10, 2, seed=0).float() + 1e5
    model = BayesianGaussianMixture(10, 2, far.mean(0), 0.01 * torch.eye(2))
    with pytest.raises(ValueError, match="expected centred data, or float64"):
        cavi(model, far, 20, generator=generator(0))
    same = cavi(
        NormalGamma(), torch.full((5, 1), 3.0), 10
    )  # no spread at all is no trouble: the prior has some
    assert bool(same.elbo.isfinite().all())

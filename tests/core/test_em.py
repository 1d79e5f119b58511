"""EM against scikit-learn from the same start, step by step and at the end, and by the free energy that may never fall."""

from __future__ import annotations

import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, generator, randn
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Theirs

from course_vi.learning import em
from course_vi.learning.em import e_step, free_energy, hard_e_step, m_step
from course_vi.models import ConjugateToy, GaussianMixture


def iris():
    return torch.as_tensor(load_iris().data, dtype=DOUBLE)


def start(x, clusters=3, seed=0):
    chosen = torch.randperm(len(x), generator=generator(seed))[:clusters]
    covariance = torch.cov(x.mT).reshape(x.shape[1], x.shape[1]) + 1e-3 * torch.eye(
        x.shape[1], dtype=x.dtype
    )
    return GaussianMixture(
        torch.full((clusters,), 1 / clusters, dtype=x.dtype),
        x[chosen],
        covariance.expand(clusters, -1, -1),
    )


def sklearn_from(model, steps):
    covariances = (model.roots @ model.roots.mT).detach()
    return Theirs(
        model.clusters,
        weights_init=model.logits.detach().softmax(-1).numpy(),
        means_init=model.locs.detach().numpy(),
        precisions_init=torch.linalg.inv(covariances).numpy(),
        reg_covar=0.0,
        max_iter=steps,
        tol=0.0,
        random_state=0,
    )


@pytest.mark.parametrize("steps", [1, 5, 300])
def test_against_sklearn_from_the_same_start(steps, evidence):
    x = iris()
    model = start(x)
    theirs = sklearn_from(model, steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(x.numpy())
    found = em(model, x, steps)
    errors = [
        model.logits.softmax(-1) - torch.as_tensor(theirs.weights_),
        model.locs - torch.as_tensor(theirs.means_),
        model.roots @ model.roots.mT - torch.as_tensor(theirs.covariances_),
    ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < (
        1e-5 if steps == 300 else 1e-9
    )  # the last digits creep: EM converges linearly, and stops when F stands still
    evidence(
        f"learning.em, {steps} step{'s' * (steps > 1)}",
        "sklearn.mixture.GaussianMixture from the same start",
        error=worst,
    )
    assert found.free_energy.diff().min() > -1e-9 * found.free_energy.abs().max()


def test_half_steps_meet_their_definitions(evidence):
    """After E the free energy is the log evidence; after M no small change of theta raises it."""
    x = iris()
    model = start(x, seed=1)
    em(model, x, 3)
    q = e_step(model, x)
    tight = abs((free_energy(model, x, q) - model.log_evidence(x).sum()).item())
    other = (q + 0.1 * torch.rand(q.shape, generator=generator(0), dtype=DOUBLE)).log().softmax(-1)
    gap = model.log_evidence(x).sum() - free_energy(model, x, other)
    divergence = (other * (other.log() - q.log())).sum()
    m_step(model, x, q)
    slope = torch.autograd.grad(free_energy(model, x, q), list(model.parameters()))
    steepest = max(part.abs().max().item() for part in slope)
    assert tight < 1e-9 and abs((gap - divergence).item()) < 1e-8 and steepest < 1e-8
    evidence(
        "learning.em: F = log evidence - KL; slope after M",
        "definitions",
        error=max(tight, steepest),
    )


def test_a_corrupted_step_is_seen():
    """Responsibilities of yesterday's parameters: in the end F falls, and em says so."""
    x = iris()
    model = start(x)
    kept = {}

    def forgets(p, data):
        kept.setdefault("q", torch.full((len(data), p.clusters), 1 / p.clusters, dtype=data.dtype))
        old, kept["q"] = kept["q"], e_step(p, data)
        return old

    with pytest.raises(RuntimeError, match="the E-step took F from"):
        em(model, x, 20, expectation=forgets)


def test_the_hard_e_step_is_k_means(evidence):
    """With equal round covariances: the assignments of scikit-learn's k-means from the same start; F rises below the evidence."""
    x = torch.cat(
        [randn(40, 2, seed=i) + 5 * torch.tensor([i % 2, i // 2], dtype=DOUBLE) for i in range(3)]
    )
    theirs = KMeans(3, init=x[[0, 50, 100]].numpy(), n_init=1, algorithm="lloyd", tol=0.0).fit(
        x.numpy()
    )
    model = GaussianMixture(
        torch.full((3,), 1 / 3, dtype=DOUBLE),
        x[[0, 50, 100]],
        torch.eye(2, dtype=DOUBLE).expand(3, 2, 2),
    )
    found = em(model, x, 50, expectation=hard_e_step)
    assert torch.equal(found.responsibilities.argmax(-1), torch.as_tensor(theirs.labels_).long())
    worst = (model.locs - torch.as_tensor(theirs.cluster_centers_)).abs().max()
    assert (
        worst < 1e-12
        and (found.free_energy.diff() >= -1e-9).all()
        and found.free_energy[-1] <= model.log_evidence(x).sum()
    )
    evidence("learning.em, hard E-step", "sklearn.cluster.KMeans on separated data", error=worst)


def test_a_parametric_e_step(evidence):
    """q(z | x) = softmax(W x + b), climbed anew in each step: F rises, stays below the evidence by the KL, and on clusters of one shape,
    whose posterior *is* such a softmax, it climbs as high as the exact E-step."""
    x = torch.cat(
        [randn(60, 2, seed=i) + 3 * torch.tensor([i, 1 - i], dtype=DOUBLE) for i in range(2)]
    )
    model = GaussianMixture(
        torch.full((2,), 0.5, dtype=DOUBLE), x[[0, 100]], torch.eye(2, dtype=DOUBLE).expand(2, 2, 2)
    )
    net = torch.nn.Linear(2, 2).double()
    with torch.no_grad():
        net.weight.zero_()
        net.bias.zero_()

    def climb(p, data):
        optimizer = torch.optim.LBFGS(
            net.parameters(), max_iter=60, tolerance_grad=1e-10, line_search_fn="strong_wolfe"
        )

        def loss():
            optimizer.zero_grad()
            value = -free_energy(p, data, net(data).softmax(-1))
            value.backward(inputs=list(net.parameters()))
            return value

        optimizer.step(loss)
        return net(data).softmax(-1).detach()

    exactly = abs((free_energy(model, x, climb(model, x)) - model.log_evidence(x).sum()).item())
    assert exactly < 1e-6  # equal round covariances: the posterior is in the family
    found = em(model, x, 15, expectation=climb)
    assert (
        bool((found.free_energy.diff() > -1e-7).all())
        and found.free_energy[-1] < model.log_evidence(x).sum()
    )
    q = found.responsibilities
    gap = (q * (q.log() - model.log_joint_all(x).log_softmax(-1))).sum()
    tight = abs((model.log_evidence(x).sum() - gap - found.free_energy[-1]).item())
    assert tight < 1e-8
    evidence("learning.em, parametric E-step", "log evidence minus KL", error=max(tight, 0.0))


@settings(max_examples=15, deadline=None)
@given(
    dim=st.integers(1, 3),
    clusters=st.integers(1, 3),
    seed=st.integers(0, 50),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_free_energy_never_falls(dim, clusters, seed, scale, dtype):
    x = (scale * randn(60, dim, seed=seed)).to(dtype)
    model = GaussianMixture(
        torch.full((clusters,), 1 / clusters, dtype=dtype),
        x[:clusters],
        scale**2 * torch.eye(dim, dtype=dtype).expand(clusters, dim, dim),
    )
    found = em(model, x, 6)
    slack = 1e3 * torch.finfo(dtype).eps * (found.free_energy.abs().max() + 200)
    assert found.free_energy.dtype == dtype and bool((found.free_energy.diff() > -slack).all())
    assert bool(found.free_energy.isfinite().all()) and bool(model.locs.isfinite().all())


def test_refusals():
    x = randn(10, 2, seed=0)
    with pytest.raises(ValueError, match="x has 1 entries that are NaN"):
        em(start(x), torch.where(torch.arange(20).view(10, 2) == 3, torch.nan, x))
    with pytest.raises(ValueError, match="cluster 0 has collapsed"):
        spike = GaussianMixture(
            torch.tensor([0.5, 0.5], dtype=DOUBLE),
            x[:2],
            torch.stack([1e-8 * torch.eye(2, dtype=DOUBLE), torch.eye(2, dtype=DOUBLE)]),
        )
        em(spike, x)
    with pytest.raises(ValueError, match="cluster 1 explains no datum"):
        m_step(start(x, 2), x, torch.tensor([1.0, 0.0], dtype=DOUBLE).expand(10, 2))
    with pytest.raises(ValueError, match=r"x has shape \(0, 2\)"):
        em(start(x), x[:0])
    with pytest.raises(ValueError, match="q has shape"):
        free_energy(start(x), x, torch.ones(10, 2, dtype=DOUBLE))
    with pytest.raises(TypeError, match="p is a ConjugateToy; expected a GaussianMixture or"):
        em(ConjugateToy(), x)


@pytest.mark.parametrize("seed", [0, 2, 5, 7])
def test_a_cluster_that_shrinks_onto_tied_data_is_named(seed):
    """Twenty-nine irises have a petal 0.2 cm wide; below rounding error F is noise, and a fall of it is no fault of a step."""
    x = iris()[:, 2:] - iris()[:, 2:].mean(0)
    at = torch.randperm(len(x), generator=generator(seed))[:5]
    weights, wide = torch.full((5,), 0.2, dtype=DOUBLE), torch.cov(x.mT).expand(5, 2, 2) / 4
    with pytest.raises(ValueError, match="has collapsed"):
        em(GaussianMixture(weights, x[at], wide), x, 100)


def test_a_narrow_cluster_far_from_zero_is_no_collapse():
    """In single precision, at 1,000, where numbers lie 6e-5 apart, a spread of a twentieth can be seen, and is fitted."""
    noise = 0.05 * torch.randn(400, 1, generator=generator(0))
    x = 1000 + noise + (torch.arange(400) >= 200).float().unsqueeze(-1)
    start = torch.tensor([[1000.2], [1000.8]])
    p = GaussianMixture(torch.tensor([0.5, 0.5]), start, torch.full((2, 1, 1), 0.1))
    em(p, x, 30)
    for cluster, rows in enumerate((x[:200], x[200:])):
        assert abs(p.roots[cluster, 0, 0].detach().abs() - rows.std()) < 2e-3

"""Sparse precision: patterns from graphs, the density against torch, exact posteriors that the pattern holds, and cost linear in D."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from oracles import DOUBLE, LIMIT, covariance_of, generator, mean_z, quadratic, randn, tracker
from torch.distributions import MultivariateNormal, Normal
from torch.func import vmap
from torch.utils._python_dispatch import TorchDispatchMode
from toy import UNREAD

from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import gradient_moments, gradient_samples
from course_vi.families import (
    FullRank,
    MeanField,
    SparsePrecision,
    banded,
    fill_in,
    pattern_from_graph,
)
from course_vi.gradients import doubly_reparametrized, reparametrized, sticking_the_landing
from course_vi.graph import BayesNet, plate
from course_vi.graph.sparsity import full
from course_vi.models import LinearMixedModel


def random_pattern(dim: int, per_column: int, seed: int) -> torch.Tensor:
    source = generator(seed)
    pairs = [
        (i, j)
        for j in range(dim)
        for i in torch.randint(dim, (per_column,), generator=source).tolist()
        if i != j
    ]
    return fill_in(pairs, dim)


def random_family(dim: int, pattern: torch.Tensor, seed: int = 0) -> SparsePrecision:
    size = pattern.shape[1]
    return SparsePrecision(
        dim,
        pattern,
        randn(dim, seed=seed),
        0.3 * randn(dim, seed=seed + 1),
        0.5 * (1 + size / dim) ** -0.5 * randn(size, seed=seed + 2),
    )


def from_precision(
    loc: torch.Tensor, precision: torch.Tensor, pattern: torch.Tensor
) -> SparsePrecision:
    root = torch.linalg.cholesky(precision.detach())
    return SparsePrecision(
        len(loc), pattern, loc, -root.diagonal().log(), root[pattern[0], pattern[1]]
    )


def kept(matrix: torch.Tensor) -> set[tuple[int, int]]:
    return {(i, j) for i, j in matrix.tril(-1).nonzero().tolist()}


# -- patterns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim, per_column, seed", [(12, 1, 0), (12, 2, 1), (40, 1, 2), (7, 6, 3)])
def test_fill_in_is_the_pattern_of_the_cholesky_factor(dim, per_column, seed, evidence):
    """Numbers without a pattern to cancel by: a random symmetric matrix, dominant on its diagonal, factored densely."""
    source = generator(seed)
    matrix = torch.zeros(dim, dim, dtype=DOUBLE)
    for j in range(dim):
        for i in torch.randint(dim, (per_column,), generator=source).tolist():
            matrix[i, j] = matrix[j, i] = torch.rand((), generator=source) + 0.5
    matrix.fill_diagonal_(4.0 * dim)
    pattern = fill_in(matrix.tril(-1).nonzero().T, dim)
    root = torch.linalg.cholesky(matrix)
    assert set(map(tuple, pattern.T.tolist())) == kept(root)
    evidence("families.fill_in", "the nonzeros of a dense Cholesky factor", error=0.0)


def test_the_order_decides_what_fills_in():
    star = [(0, d) for d in range(1, 50)]
    assert fill_in(star, 50).shape[1] == 50 * 49 // 2
    assert fill_in([(49 - a, 49 - b) for a, b in star], 50).shape[1] == 49
    assert torch.equal(
        full(5), fill_in([(i, j) for i in range(5) for j in range(i)], 5)[:, torch.arange(10)]
    )
    assert full(1).shape == banded(1).shape == fill_in([], 1).shape == (2, 0)


def normal_net(groups: int = 3, people: int = 2) -> BayesNet:
    one, two = plate("groups", groups), plate("people", people)
    return BayesNet(
        u=one(two(lambda m: Normal(m, 0.7))),
        m=one(lambda mu: Normal(mu.sum(-1), 0.5)),
        mu=lambda: Normal(torch.zeros(2), 1.0),
        x=one(two(lambda u, w: Normal(u + w, 0.3))),
        w=two(lambda: Normal(0.0, 1.0)),
    )


def test_the_moral_graph_with_plates(evidence):
    """The pattern holds every nonzero of the true precision, the Hessian of the joint, and of its Cholesky factor; and no more."""
    net, latent = normal_net(), ["u", "m", "w", "mu"]
    model = net.as_model(observed=["x"], latent=latent)
    x = torch.zeros(model.data_dim)
    hessian = -torch.func.hessian(lambda z: model.log_joint(x, z))(
        torch.zeros(model.latent_dim)
    ).double()
    hessian[hessian.abs() < 1e-5] = 0.0
    root = torch.linalg.cholesky(hessian)
    root[root.abs() < 1e-9] = 0.0
    assert set(map(tuple, pattern_from_graph(net, latent).T.tolist())) == kept(root)
    evidence(
        "families.pattern_from_graph",
        "the nonzeros of the Cholesky factor of the exact precision",
        error=0.0,
    )


def test_a_chain_needs_no_fill_in():
    net = BayesNet(
        a=lambda: Normal(0.0, 1.0),
        b=lambda a: Normal(a, 1.0),
        c=lambda b: Normal(b, 1.0),
        x=lambda c: Normal(c, 1.0),
    )
    assert torch.equal(pattern_from_graph(net, ["a", "b", "c"]), banded(3))
    assert torch.equal(pattern_from_graph(net, ["c", "b", "a"]), banded(3))
    assert pattern_from_graph(net, ["b", "a", "c"]).tolist() == [[1, 2, 2], [0, 0, 1]]


# -- the density and the map ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dim, per_column", [(1, 0), (2, 1), (31, 1), (32, 1), (33, 1), (70, 1), (70, 0), (100, 3)]
)
def test_against_torch(dim, per_column, evidence):
    """Sizes around the block of 32, patterns from empty to nearly full: density, gradient, entropy, samples, dense matrices."""
    q = random_family(dim, random_pattern(dim, per_column, seed=dim))
    root = torch.diag((-q.log_scale).exp()).index_put((q.pattern[0], q.pattern[1]), q.entries)
    dense, z, eps = (
        MultivariateNormal(q.loc, precision_matrix=root @ root.mT),
        randn(5, dim, seed=3),
        q.noise((4, 3), generator(0)),
    )
    wanted = q.loc + torch.linalg.solve(root.mT, eps.unsqueeze(-1)).squeeze(-1)
    scale = wanted.abs().max()
    assert torch.allclose(q.distribution().precision_matrix, root @ root.mT, rtol=1e-12)
    errors = [
        (q(None, z) - dense.log_prob(z)) / dense.log_prob(z).abs().max(),
        q.distribution().entropy() - dense.entropy(),
        (q.transport(eps) - wanted) / scale,
        (q.distribution().variance - dense.variance) / dense.variance.max(),
    ]
    for ours, theirs in (
        (q(None, z).sum(), dense.log_prob(z).sum()),
        (q.transport(eps).square().sum(), wanted.square().sum()),
    ):
        pairs = zip(
            torch.autograd.grad(ours, list(q.parameters()), retain_graph=True, allow_unused=True),
            torch.autograd.grad(theirs, list(q.parameters()), retain_graph=True, allow_unused=True),
            strict=True,
        )
        errors += [(a - b) / (1 + b.abs().max()) for a, b in pairs if b is not None and b.numel()]
    error = max(e.abs().max().item() for e in errors)
    assert error < 1e-9
    evidence(
        "families.SparsePrecision",
        "MultivariateNormal(precision_matrix=): density, samples, entropy, gradients",
        error=error,
    )


def test_samples_have_the_moments(evidence):
    q = random_family(5, random_pattern(5, 1, seed=0))
    z = q.sample(40_000, generator=generator(5))
    centred = z - q.loc.detach()
    z_score = max(
        mean_z(z, q.loc.detach()),
        mean_z(centred.unsqueeze(-1) * centred.unsqueeze(-2), covariance_of(q).detach()),
    )
    assert z_score < LIMIT and torch.equal(z, q.sample(40_000, generator=generator(5)))
    evidence("families.SparsePrecision.sample", "exact mean and covariance", z=z_score)


@pytest.mark.parametrize("dim", [3, 40])
def test_batches_are_separate_densities(dim):
    pattern = random_pattern(dim, 1, seed=4)
    rows = [random_family(dim, pattern, seed=10 * r) for r in range(4)]
    many = SparsePrecision(
        dim,
        pattern,
        *(
            torch.stack([getattr(q, name) for q in rows])
            for name in ("loc", "log_scale", "entries")
        ),
    )
    eps = many.noise((5, 4), generator(0))
    z = many.transport(eps)
    assert many.batch_shape == (4,) and z.shape == (5, 4, dim) and many(None, z).shape == (5, 4)
    for r, q in enumerate(rows):
        assert torch.allclose(z[:, r], q.transport(eps[:, r]), atol=1e-11)
        assert torch.allclose(many(None, z)[:, r], q(None, z[:, r]), atol=1e-9)
    only_entries = SparsePrecision(dim, pattern, entries=randn(4, pattern.shape[1], seed=1).float())
    assert only_entries.batch_shape == (4,) and only_entries.sample(4).shape == (4, 4, dim)
    one = rows[0]
    eps = one.noise((6,), generator(0))
    assert torch.allclose(
        vmap(lambda e: one(None, one.transport(e)))(eps), one(None, one.transport(eps)), atol=1e-9
    )


def test_an_empty_pattern_is_mean_field_and_a_full_one_full_rank():
    q = random_family(4, torch.zeros(2, 0, dtype=torch.long))
    z = randn(6, 4, seed=0)
    assert torch.allclose(q(None, z), MeanField(4, q.loc, q.log_scale)(None, z), atol=1e-12)
    q = random_family(4, full(4))
    root = torch.linalg.cholesky(covariance_of(q))
    assert torch.allclose(
        q(None, z), FullRank(4, q.loc, root.diagonal().log(), root)(None, z), atol=1e-10
    )


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_extreme_scales(scale, evidence):
    """A change of unit: mu, 1 / L_dd and the noise grow by it, the entries of L shrink by it."""
    q, z = random_family(40, random_pattern(40, 1, seed=2)), randn(6, 40, seed=4)
    scaled = SparsePrecision(
        40, q.pattern, q.loc * scale, q.log_scale + math.log(scale), q.entries / scale
    )
    error = (scaled(None, z * scale) + 40 * math.log(scale) - q(None, z)).abs().max() / q(
        None, z
    ).abs().max()
    assert error < 1e-9
    eps = q.noise((3,), generator(0))
    assert torch.allclose(scaled.transport(eps) / scale, q.transport(eps), rtol=1e-9)
    evidence("families.SparsePrecision, scales 1e-6 and 1e6", "a change of unit", error=error)


# -- what the family holds --------------------------------------------------------------------------------------------


def mixed() -> tuple[LinearMixedModel, torch.Tensor, torch.Tensor]:
    """Persons by items: the precision of crossed effects is bipartite, so the pattern is the pairs that met, and what they fill in."""
    model = LinearMixedModel([5, 4], torch.zeros(1, dtype=DOUBLE), [0.8, 0.6], 0.5)
    x, _ = model.sample(9, generator(3))
    return model, x, fill_in({(int(row[1]), 5 + int(row[2])) for row in x}, 9)


@pytest.mark.parametrize("name", ["LinearGaussianSSM", "LinearMixedModel", "three levels"])
def test_zero_variance_at_the_posterior(name, evidence):
    """Models whose posterior the pattern holds exactly: path gradients vanish sample by sample."""
    if name == "LinearGaussianSSM":
        p = tracker(steps=6, d=2, p=3)
        x, pattern = p.sample(1, generator(0))[0][0], banded(12, 3)
        z = torch.zeros(12, dtype=DOUBLE)
        precision, loc = -torch.func.hessian(lambda v: p.log_joint(x, v))(z), p.posterior(x).mean
    elif name == "LinearMixedModel":
        p, x, pattern = mixed()
        precision, loc = torch.linalg.inv(p.posterior(x).covariance_matrix), p.posterior(x).mean
        assert pattern.shape[1] < 36
    else:
        net, latent = normal_net(), ["u", "m", "w", "mu"]
        p, pattern = net.as_model(observed=["x"], latent=latent), pattern_from_graph(net, latent)
        x, z = randn(6, seed=1), torch.zeros(13, dtype=DOUBLE)
        precision = -torch.func.hessian(lambda v: p.log_joint(x, v))(z)
        loc = torch.linalg.solve(precision, torch.func.grad(lambda v: p.log_joint(x, v))(z))
        assert pattern.shape[1] < 13 * 6
    q = from_precision(loc, (precision + precision.mT) / 2, pattern)
    limit = 1e-4 if name == "three levels" else 1e-8  # torch's Normal(0.0, 1.0) is single precision
    for estimator, bound in ((sticking_the_landing, elbo), (doubly_reparametrized, iwae)):
        found = gradient_samples(
            estimator,
            p,
            q,
            x,
            num_samples=3,
            replicates=10,
            bound=bound,
            generator=generator(0),
            method="loop",
        )
        largest = max(
            value.abs().max().item() for key, value in found.items() if not key.startswith("p.")
        )
        assert largest < limit
        evidence(
            f"gradients.{estimator.__name__}, {bound.__name__} (SparsePrecision)",
            f"zero at q = posterior: {name}",
            error=largest,
        )
    total = gradient_samples(
        reparametrized, p, q, x, replicates=10, generator=generator(0), method="loop"
    )
    assert total["entries"].var(0).max() > 1e-3
    if name != "three levels":
        values = reparametrized(p, q, x, 3, generator=generator(1)).detach()
        assert torch.allclose(values, p.log_evidence(x), atol=1e-9)


def test_the_full_pattern_reaches_the_evidence_and_a_chain_does_not(evidence):
    """Maximize the exact ELBO of a Gaussian posterior: all pairs close the gap; fewer leave what information theory says they must."""
    p = quadratic(4, seed=3)
    reached = {}
    for name, pattern in (
        ("empty", torch.zeros(2, 0, dtype=torch.long)),
        ("chain", banded(4)),
        ("full", full(4)),
    ):
        q = SparsePrecision(4, pattern).double()
        optimizer = torch.optim.LBFGS(
            q.parameters(),
            max_iter=300,
            tolerance_grad=1e-11,
            tolerance_change=1e-14,
            line_search_fn="strong_wolfe",
        )

        def loss(q=q, optimizer=optimizer):
            optimizer.zero_grad()
            value = -p.exact_elbo(q.loc, torch.linalg.inv(q.distribution().precision_matrix))
            value.backward()
            return value

        optimizer.step(loss)
        reached[name] = -loss().item()
    error = abs(reached["full"] - p.log_evidence(UNREAD).item())
    assert error < 1e-8 and reached["empty"] < reached["chain"] - 1e-2 < reached["full"] - 2e-2
    evidence(
        "families.SparsePrecision, all pairs",
        "the full covariance optimum: log evidence of a Gaussian posterior",
        error=error,
    )


def test_unbiased(evidence):
    p, q = quadratic(3), random_family(3, banded(3))
    exactly = dict(
        zip(
            ["loc", "log_scale", "entries"],
            torch.autograd.grad(
                p.exact_elbo(q.loc, covariance_of(q)), [q.loc, q.log_scale, q.entries]
            ),
            strict=True,
        )
    )
    for estimator in (reparametrized, sticking_the_landing):
        moments = gradient_moments(
            estimator,
            p,
            q,
            UNREAD,
            num_samples=2,
            replicates=50_000,
            generator=generator(2),
            method="batch",
        )
        z = max(value.abs().max().item() for value in moments.z_scores(exactly).values())
        assert z < LIMIT
        evidence(
            f"gradients.{estimator.__name__} (SparsePrecision)",
            "exact ELBO gradient of a Gaussian posterior",
            z=z,
        )


# -- cost and refusals ------------------------------------------------------------------------------------------------


class LargestTensor(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.largest = self.calls = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        self.calls += 1
        for tensor in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(tensor, torch.Tensor):
                self.largest = max(
                    self.largest, tensor.untyped_storage().nbytes() // tensor.element_size()
                )
        return out


def test_a_chain_of_ten_thousand_is_linear(evidence):
    """The largest tensor and the number of operations grow by the factor by which D grows; the step equals a loop over the latents."""
    costs = {}
    for dim in (2_000, 10_000):
        q = SparsePrecision(dim, banded(dim), entries=torch.full((dim - 1,), -0.6, dtype=DOUBLE))
        eps = q.noise((2,), generator(0)).double()
        with LargestTensor() as seen:
            z = q.transport(eps)
            q.frozen_log_prob(z).sum().backward()
        costs[dim] = seen
    assert costs[10_000].largest < 40 * 10_000 and costs[10_000].calls < 5.5 * costs[2_000].calls
    wanted, last = torch.zeros(2, 10_000, dtype=DOUBLE), torch.zeros(2, dtype=DOUBLE)
    for d in reversed(range(10_000)):
        wanted[:, d] = last = eps[:, d] + (0.6 * last if d < 9_999 else 0.0)
    error = (z - wanted).abs().max()
    assert error < 1e-11
    evidence(
        "families.SparsePrecision, a chain of 10,000", "back substitution in a loop", error=error
    )
    evidence(
        "families.SparsePrecision, a chain of 10,000",
        "largest tensor over D",
        ratio=costs[10_000].largest / 10_000,
    )


def test_copies_and_single_precision():
    q = random_family(40, random_pattern(40, 1, seed=2))
    again = copy.deepcopy(q)
    z = randn(3, 40, seed=0)
    assert torch.equal(again(None, z), q(None, z))
    assert torch.allclose(q(None, z).float(), copy.deepcopy(q).float()(None, z.float()), rtol=1e-4)


def test_refusals():
    for pattern, words in (
        (
            torch.zeros(3, 4, dtype=torch.long),
            r"pattern is \(3, 4\); expected whole numbers of shape \(2, E\)",
        ),
        ([(1, 0)], "pattern is list"),
        (torch.zeros(2, 4), "expected whole numbers"),
        (torch.tensor([[0], [1]]), "outside the strict lower triangle; expected 3 > row > column"),
        (torch.tensor([[3], [1]]), "outside the strict lower triangle"),
        (torch.tensor([[1, 1], [0, 0]]), "pattern has an entry twice"),
    ):
        with pytest.raises(ValueError, match=words):
            SparsePrecision(3, pattern)
    with pytest.raises(
        ValueError, match=r"entries has shape \(3,\); expected its last axis to have 2 entries"
    ):
        SparsePrecision(3, banded(3), entries=torch.zeros(3))
    for pair in ((1, 1), (0, 3), (-1, 2)):
        with pytest.raises(
            ValueError, match=r"pairs has \(.*\); expected two different latents from 0 to 2"
        ):
            fill_in([pair], 3)
    with pytest.raises(ValueError, match="latent names y, which is no node; expected some of a"):
        pattern_from_graph(BayesNet(a=lambda: Normal(0.0, 1.0)), ["y"])
    with pytest.raises(ValueError, match="width is 0"):
        banded(3, 0)

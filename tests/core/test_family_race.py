"""The experiment of lecture 08: its two hierarchical models, their exact answers, the judge, the race, and the table that is stored."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, randn
from pyro.ops.stats import effective_sample_size, split_gelman_rubin
from torch.distributions import MultivariateNormal

from course_vi.experiments.county_rates import CountyRates, counties
from course_vi.experiments.family_race import (
    FAMILIES,
    POSTERIORS,
    family_for,
    graph_of,
    judge,
    posterior,
    race,
)
from course_vi.experiments.hamiltonian import hamiltonian
from course_vi.experiments.stored_tables import path_of, stored_table
from course_vi.experiments.trusted_level import TrustedLevel
from course_vi.experiments.wandering_level import WanderingLevel, nile
from course_vi.families import ASVI

EXPECTED = torch.tensor([3.0, 8.0, 1.5], dtype=DOUBLE)
COUNTS = torch.tensor([2.0, 11.0, 0.0], dtype=DOUBLE)
SERIES = torch.tensor([0.4, -0.3, 0.9, 1.2], dtype=DOUBLE)
MODELS = {
    "counties": (CountyRates(EXPECTED), CountyRates(EXPECTED, centred=False), COUNTS),
    "level": (WanderingLevel(4).double(), WanderingLevel(4, centred=False).double(), SERIES),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_graph_is_the_model(name: str) -> None:
    p, _, x = MODELS[name]
    z = 0.4 * randn(6, p.latent_dim, seed=1)
    assert torch.allclose(p.as_net().double().log_joint(x, z), p.log_joint(x, z), atol=1e-10)


@pytest.mark.parametrize("name", MODELS)
def test_without_centres_it_is_the_same_posterior(name: str) -> None:
    """log p of the new latents is log p of the old ones and the logarithm of the Jacobian of the way between them."""
    p, free, x = MODELS[name]
    for z in 0.4 * randn(3, p.latent_dim, seed=2):
        J = torch.autograd.functional.jacobian(free.place, z)
        moved = p.log_joint(x, free.place(z)) + torch.linalg.slogdet(J).logabsdet
        assert torch.allclose(free.log_joint(x, z), moved, atol=1e-10)


def test_exact_moments_of_a_level_agree_with_importance_sampling() -> None:
    p, x = WanderingLevel(3).double(), SERIES[:3]
    exact = p.posterior_moments(x)
    draws = p.as_net().double().net.sample(200_000, generator(0))
    z = torch.cat([draws[name] for name in ("z0", "z1", "z2", "log_s", "log_r")], -1)
    log_w = p.log_factors(x, z)["likelihood"]
    w = (log_w - log_w.max()).exp()
    evidence = w.mean().log() + log_w.max()
    error = w.std() / w.mean() / math.sqrt(len(w))
    assert abs(evidence - exact.log_evidence) < LIMIT * error
    for column, loc, scale in zip(z.T, exact.loc, exact.scale, strict=True):
        for away in (column - loc, (column - loc).square() - scale**2):
            terms = w * away / w.mean()
            assert abs(terms.mean()) < LIMIT * terms.std() / math.sqrt(len(w))


def test_exact_moments_of_counties_agree_with_importance_sampling() -> None:
    p = CountyRates(EXPECTED)
    counts = torch.tensor([2.0, 11.0, 4.0], dtype=DOUBLE)
    wide = [torch.linspace(a, b, n, dtype=DOUBLE) for a, b, n in ((-3, 3, 61), (-5, 3, 81), (-9, 6, 3001))]  # fmt: skip
    exact = p.posterior_moments(counts, *wide)
    draws = p.as_net().net.sample(200_000, generator(0))
    z = torch.cat([draws["z"].flatten(1), draws["alpha"], draws["log_tau"]], -1)
    log_w = p.log_factors(counts, z)["likelihood"]
    w = (log_w - log_w.max()).exp()
    error = w.std() / w.mean() / math.sqrt(len(w))
    # What lies outside the grid, and narrower than its cells, is less than 0.002.
    assert abs(w.mean().log() + log_w.max() - exact.log_evidence) < LIMIT * error + 0.002
    mean = (w[:, None] * z).mean(0) / w.mean()
    spread = ((w[:, None] * (z - mean).square()).mean(0) / w.mean()).sqrt()
    assert torch.allclose(mean, exact.loc, atol=0.03)
    assert torch.allclose(spread, exact.scale, rtol=0.05)


def test_the_judge_finds_a_tilted_gaussian() -> None:
    root = torch.tensor([[1.0, 0.0, 0.0], [1.9, 0.4, 0.0], [-0.5, 0.3, 3.0]], dtype=DOUBLE)
    target = MultivariateNormal(torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE), scale_tril=root)
    found = hamiltonian(target.log_prob, randn(16, 3, seed=0), 300, 200, generator=generator(0))
    assert (
        0.6 < found.acceptance < 0.98
        and split_gelman_rubin(found.draws, chain_dim=1, sample_dim=0).max() < 1.02
    )
    size = effective_sample_size(found.draws, chain_dim=1, sample_dim=0)
    t = (found.draws.mean((0, 1)) - target.loc) / (target.variance / size).sqrt()
    assert t.abs().max() < LIMIT
    away = found.draws.flatten(0, 1).T.cov() - target.covariance_matrix
    assert (away / torch.outer(target.stddev, target.stddev)).abs().max() < 0.06


def test_a_path_that_runs_away_is_not_taken() -> None:
    """From where slopes are 1e4 and more, with a first step far too long: the chains come home, and no number is lost."""

    def quartic(z: torch.Tensor) -> torch.Tensor:
        assert z.isfinite().all()
        return -z.pow(4).sum(-1) / 4

    start = 20 + randn(12, 2, seed=1)
    found = hamiltonian(quartic, start, 400, 400, generator=generator(0))
    square = found.draws.square()
    size = effective_sample_size(square, chain_dim=1, sample_dim=0)
    exact = 2 * math.gamma(0.75) / math.gamma(0.25)  # E z^2 under exp(-z^4 / 4)
    assert ((square.mean((0, 1)) - exact) / (square.var((0, 1)) / size).sqrt()).abs().max() < LIMIT


def test_the_written_out_level_is_asvi_of_the_graph() -> None:
    p = WanderingLevel(5).double()
    slow, fast = ASVI(p.as_net()).double(), TrustedLevel(5).double()
    for n, (name, value) in enumerate(slow.named_parameters()):
        value.data.copy_(randn(7, seed=n))
        fast.get_parameter(name).data.copy_(value.data)
    eps = randn(4, 7, seed=9)
    z = slow.transport(eps)
    assert torch.allclose(z, fast.transport(eps), atol=1e-12)
    assert torch.allclose(slow(torch.zeros(5, dtype=DOUBLE), z), fast(None, z), atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", POSTERIORS)
def test_every_family_starts_on_every_posterior(name: str, family: str) -> None:
    p, x = posterior(name)
    q = family_for(p, family)
    z = q.transport(q.noise((2,), generator=generator(0)))
    assert z.shape == (2, p.latent_dim) and p.log_joint(x, z).isfinite().all()
    assert q(None, z).isfinite().all() and z.dtype == DOUBLE


@pytest.mark.parametrize("family", ["diagonal", "sparse precision", "ASVI", "flow"])
def test_runs_side_by_side_are_runs(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few steps climb, in every run, and the runs differ."""
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)
    p, x = MODELS["counties"][0].double(), COUNTS
    before = judge(p, family_for(p, family), x, 500).bound
    found = race(p, family, x, 25, seeds=[0, 1])
    after = [judge(p, q, x, 500) for q in found.fits]
    assert all(verdict.bound > before for verdict in after)
    assert after[0].bound != after[1].bound and found.course.isfinite().all()


def test_copies_of_a_graph_are_told_apart() -> None:
    p = MODELS["counties"][0]
    net = graph_of(p, 3)
    assert (
        net.latent_dim == 3 * p.latent_dim and graph_of(posterior("regression")[0]).latent_dim == 31
    )


def test_data_are_what_they_were() -> None:
    y, e = counties()
    assert len(y) == 301 and y.sum() == 11997 and torch.isclose(e.sum(), y.sum())
    flow = nile()
    assert len(flow) == 100 and abs(flow.mean()) < 1e-12 and torch.isclose(flow.std(), torch.ones((), dtype=DOUBLE))  # fmt: skip


def test_refusals() -> None:
    with pytest.raises(ValueError, match="start has shape"):
        hamiltonian(lambda z: z.sum(-1), torch.zeros(3), 1, 1)
    with pytest.raises(ValueError, match="name is 'nothing'"):
        posterior("nothing")
    with pytest.raises(ValueError, match="name is 'nothing'"):
        family_for(posterior("Nile")[0], "nothing")
    with pytest.raises(ValueError, match="lecture is 99"):
        path_of(99)


def test_the_stored_table_is_what_the_code_would_write() -> None:
    judged, raced = stored_table("judge", 8), stored_table("race", 8)
    assert max(judged["regression"]["rhat"]) < 1.02 and len(judged["regression"]["loc"]) == 31
    for name in POSTERIORS:
        p, _ = posterior(name)
        assert {"diagonal", "factor", "sparse precision"} <= set(raced[name])
        for family, entry in raced[name].items():
            assert len(entry["bound"]) == 5 and entry["steps"] == 2000 and entry["seconds"] > 0
            assert entry["parameters"] == sum(v.numel() for v in family_for(p, family).parameters())


def test_no_stored_bound_is_above_the_exact_log_evidence() -> None:
    p, x = posterior("Nile")
    high = p.posterior_moments(x, points=41).log_evidence
    for entry in stored_table("race", 8)["Nile"].values():
        assert all(b < high + LIMIT * e for b, e in zip(entry["bound"], entry["error"], strict=True))  # fmt: skip

"""What lecture 17 is computed with: whole paths, leaping levels, four ways to resample, gaps, and learned proposals."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from course_vi.experiments.digit_rows import (
    STROKES,
    WAYS,
    drawing,
    rows_of_digits,
    train_pairs,
)
from course_vi.experiments.learned_proposal import OBJECTIVES, learned_proposal, noisy_walk
from course_vi.experiments.nile_gaps import nile_gaps, with_gaps
from course_vi.experiments.resampling import SCHEMES, children
from course_vi.experiments.stored_tables import stored_table
from course_vi.experiments.switching_level import SwitchingLevel
from course_vi.experiments.whole_paths import whole_paths
from course_vi.learning import particle_filter

DOUBLE = torch.float64


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def unbiased(log_estimates: torch.Tensor, log_p: torch.Tensor) -> bool:
    ratio = (log_estimates - log_p).exp()
    return bool((ratio.mean() - 1).abs() < 4.5 * ratio.std() / len(ratio) ** 0.5)


def test_a_filter_that_remembers_finds_what_one_that_forgets_does() -> None:
    p = noisy_walk(5)
    x = p.sample(1, seeded(0))[0][0]
    plain = particle_filter(p, x, 30, resample_below=1.0, generator=seeded(1))
    whole = particle_filter(whole_paths(p), x, 30, resample_below=1.0, generator=seeded(1))
    assert torch.equal(plain.log_evidence, whole.log_evidence)
    for t in range(5):
        assert torch.equal(whole.particles[t, :, t], plain.particles[t, :, 0])
        assert torch.isin(whole.particles[-1, :, t], plain.particles[t, :, 0]).all()
    start = whole_paths(p).first()
    z = torch.zeros(7, 5, dtype=DOUBLE)
    assert start.log_prob(z).shape == (7,)
    assert torch.allclose(
        start.log_prob(z), torch.tensor(-0.5 * math.log(2 * math.pi), dtype=DOUBLE)
    )


def test_the_evidence_of_a_leaping_level_is_a_mixture_of_dense_gaussians() -> None:
    model = SwitchingLevel(4)
    x = model.sample(seeded(0))
    time, terms = torch.arange(4), []
    for modes in itertools.product((0, 1), repeat=4):
        moves = model.scales[list(modes)].square()
        moves[0] = 1.0
        earlier = torch.minimum(time[:, None], time)
        cov = moves.cumsum(0)[earlier] + model.noise**2 * torch.eye(4, dtype=DOUBLE)
        kept = sum(a == b for a, b in itertools.pairwise(modes))
        chance = 0.5 * model.stay**kept * (1 - model.stay) ** (3 - kept)
        dense = MultivariateNormal(torch.zeros(4, dtype=DOUBLE), cov).log_prob(x)
        terms.append(math.log(chance) + dense)
    assert torch.allclose(model.log_evidence(x), torch.stack(terms).logsumexp(0), atol=1e-12)


@pytest.mark.parametrize("way", ["plain", "collapsed"])
def test_both_filters_of_a_leaping_level_are_unbiased(way: str) -> None:
    model = SwitchingLevel(6)
    x = model.sample(seeded(2))
    moves = model.plain() if way == "plain" else model.collapsed(x)
    found = particle_filter(moves, x.expand(2000, 6), 30, generator=seeded(3))
    assert unbiased(found.log_evidence, model.log_evidence(x))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_gives_each_parent_its_share(scheme: str) -> None:
    weights = torch.tensor([0.05, 0.4, 0.3, 0.25], dtype=DOUBLE)
    counts = children(weights, 20_000, scheme, seeded(0)).to(DOUBLE)
    assert bool((counts.sum(1) == 4).all())
    off = (counts.mean(0) - 4 * weights).abs()
    assert bool((off < 4.5 * counts.std(0) / 20_000**0.5 + 1e-12).all())
    if scheme == "multinomial":
        ratio = counts.var(0) / (4 * weights * (1 - weights))
        assert bool(((ratio - 1).abs() < 0.05).all())
    if scheme in ("systematic", "residual"):
        assert bool((counts >= (4 * weights).floor()).all())
    if scheme == "systematic":
        assert bool((counts <= (4 * weights).ceil()).all())


def test_a_scheme_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme is 'comb'"):
        children(torch.ones(1), 1, "comb")


def test_a_filter_of_the_nile_with_gaps_is_unbiased() -> None:
    nile = nile_gaps()
    found = particle_filter(
        with_gaps(nile.model, nile.seen), nile.flow.expand(150, 100), 300, generator=seeded(0)
    )
    assert unbiased(found.log_evidence, nile.model.log_evidence(nile.flow, seen=nile.seen))


def test_a_family_that_infers_the_start_alone_moves_as_the_model_does() -> None:
    p, q = rows_of_digits("the start alone", seed=0)
    x = torch.rand(3, 64, generator=seeded(0)).round()
    z = q.sample(2, x, seeded(1))
    rest = q(x, z) - p.log_factors(x, z)["transition"]
    moved = torch.cat([z[..., :4], torch.randn(2, 3, 28, generator=seeded(2))], -1)
    again = q(x, moved) - p.log_factors(x, moved)["transition"]
    assert torch.allclose(rest, again, atol=1e-3)  # what is left depends on z_1 alone


@pytest.mark.parametrize("make", [rows_of_digits, drawing], ids=["rows", "strokes"])
def test_pairs_learn_side_by_side_as_they_would_alone(make) -> None:  # type: ignore[no-untyped-def]
    way = "the start alone" if make is rows_of_digits else 4
    x = torch.rand(100, 64, generator=seeded(0)).round() * torch.linspace(0, 1, 64).round()
    both, alone = [make(way, seed) for seed in (0, 1)], [make(way, 0)]
    course, single = train_pairs(both, x, 12, [0, 1]), train_pairs(alone, x, 1, [0])
    assert bool((course[-3:].mean(0) > course[:3].mean(0) + 2).all())
    assert abs(course[0, 0] - single[0, 0]) < 2  # other noise, the same weights and batch
    moved = [not torch.equal(a, b) for a, b in zip(both[0].q.parameters(), make(way, 0).q.parameters(), strict=True)]  # fmt: skip
    assert all(moved)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_proposal_climbs_its_bound(objective: str) -> None:
    _, course = learned_proposal(objective, [0, 1], steps=25, batch=8)
    assert bool((course[-5:].mean(0) > course[:5].mean(0)).all())


def test_the_stored_tables_are_whole() -> None:
    for table, ways in (("proposals", OBJECTIVES), ("rows", WAYS), ("strokes", map(str, STROKES))):
        (entries,) = stored_table(table, 17).values()
        assert set(entries) == set(ways)
        for entry in entries.values():
            assert entry["seconds"] > 0
            assert len(entry["weights" if table == "proposals" else "bound"]) == 5

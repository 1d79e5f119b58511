"""The experiment of lecture 10: its ways to climb, its exact judge, and the table that is stored."""

import pytest
import torch
from oracles import generator, randn
from torch import nn

from course_vi.bounds import elbo
from course_vi.diagnostics import claim
from course_vi.experiments.bound_trial import (
    BOUND_WAYS,
    BoundRun,
    exact_elbo,
    refit_encoder,
    score_run,
    train_bound,
)
from course_vi.experiments.exact_arena import grid_log_evidence
from course_vi.experiments.stored_tables import stored_table
from course_vi.families import Amortized, MeanField
from course_vi.models import VAE
from course_vi.nets import SideBySide, mlp

IMAGES = (randn(40, 9, seed=0) > 0).float()


def small(seeds: int = 2) -> tuple[VAE, Amortized]:
    p, q = VAE(2, 9, 1), Amortized(MeanField(2), nn.Identity())
    p.decoder = SideBySide([mlp(2, 5, 9, generator(s)) for s in range(seeds)])
    q.encoder = SideBySide([mlp(9, 5, 4, generator(s + 9)) for s in range(seeds)])
    return p, q


def test_the_exact_elbo_is_the_mean_of_the_log_weights() -> None:
    p, q = small()
    x = IMAGES[:3].expand(2, 3, 9)
    with torch.no_grad():
        density, R = q.distribution(x), 20_000
        z = density.loc + density.log_scale.exp() * torch.randn(R, 2, 3, 2, generator=generator(1))
        log_w = p.log_joint(x, z) - density.log_prob(z)
        t = (elbo(log_w) - exact_elbo(p, q, x)) / (log_w.std(0) / R**0.5)
    assert t.abs().max() < 4.5


def test_scores_are_exact_and_in_the_order_that_theory_says() -> None:
    p, q = small()
    run = BoundRun(p, q, torch.zeros(1, 2))
    found = score_run(run, IMAGES[:10])
    with torch.no_grad():
        log_p = grid_log_evidence(lambda z: p.decoder(z.expand(2, -1, -1)), IMAGES[:10], 161)
    assert torch.allclose(found["log p"], log_p.mean(-1), atol=1e-4)
    assert (found["ELBO"] < found["IWAE"]).all() and (found["IWAE"] < found["log p"]).all()


@pytest.mark.parametrize("way", BOUND_WAYS)
def test_every_way_climbs_and_a_seed_begins_the_same_in_any_company(way: str) -> None:
    few = train_bound(way, IMAGES, [3, 5], steps=40, hidden=4, batch_size=20)
    assert few.objective.shape == (40, 2)
    assert (few.objective[-10:].mean(0) > few.objective[:5].mean(0)).all()
    alone = train_bound(way, IMAGES, [3], steps=2, hidden=4, batch_size=20)
    assert (
        abs(float(alone.objective[0, 0] - few.objective[0, 0])) < 3.0
    )  # another noise, the same start
    again = train_bound(way, IMAGES, [3], steps=2, hidden=4, batch_size=20)
    assert torch.equal(again.objective, alone.objective)


def test_refitting_moves_the_encoder_alone_and_raises_the_elbo() -> None:
    run = train_bound("IWAE", IMAGES, [0, 1], steps=20, hidden=4, batch_size=20)
    decoder = [value.clone() for value in run.p.decoder.parameters()]
    before = score_run(run, IMAGES)
    after = score_run(refit_encoder(run, IMAGES, [0, 1], steps=100), IMAGES)
    assert all(map(torch.equal, decoder, run.p.decoder.parameters()))
    assert torch.equal(before["log p"], after["log p"]) and (after["ELBO"] > before["ELBO"]).all()


def test_another_way_or_no_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="way is 'wake-sleep'"):
        train_bound("wake-sleep", IMAGES, [0])
    with pytest.raises(ValueError, match="seeds is empty"):
        train_bound("ELBO", IMAGES, [])


def test_the_stored_table_is_whole_and_says_what_the_lecture_says() -> None:
    table = stored_table("trial", lecture=10)["8000"]
    assert set(table) == set(BOUND_WAYS)
    for entry in table.values():
        for part in ("train", "test"):
            log_p, bound, low = (
                torch.tensor(entry[part][what]) for what in ("log p", "IWAE", "ELBO")
            )
            assert len(log_p) == 5 and (low < bound).all() and (bound < log_p).all()
    told = {
        way: {what: torch.tensor(table[way]["train"][what]) for what in ("log p", "ELBO")}
        for way in table
    }
    claim("the better model", told["IWAE"]["log p"] - told["ELBO"]["log p"], +1)
    claim("the worse ELBO", told["IWAE"]["ELBO"] - told["ELBO"]["ELBO"], -1)

"""The experiments of lecture 15, against answers that they did not produce: Shannon's curves, the parts of a rate, mirrored models."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import generator, randn
from torch import nn
from torch.distributions import Normal

from course_vi.experiments import conditional_trial, flow_prior, known_factors, weighted_trial
from course_vi.experiments.source_coding import binary_rate, gaussian_rate_distortion
from course_vi.experiments.stored_tables import stored_table
from course_vi.families import Amortized, Flow, MeanField
from course_vi.families.flow import zuko
from course_vi.gradients import analytic_kl
from course_vi.models import VAE
from course_vi.nets import SideBySide, mlp

DOUBLE = torch.float64


def blahut_arimoto(p: torch.Tensor, d: torch.Tensor, slope: float) -> tuple[float, float]:
    prior = torch.full(d.shape[1:], 1 / d.shape[1], dtype=DOUBLE)
    for _ in range(3000):
        q = (prior.log() - slope * d).softmax(-1)
        prior = p @ q
    return (p @ (q * d)).sum().item(), (
        p @ (torch.xlogy(q, q) - torch.xlogy(q, prior))
    ).sum().item()


def test_the_coin_s_curve_is_where_its_tables_end() -> None:
    coin = torch.tensor([0.6, 0.4], dtype=DOUBLE)
    for slope in (0.8, 2.0, 5.0):
        distortion, rate = blahut_arimoto(coin, 1 - torch.eye(2, dtype=DOUBLE), slope)
        exact = binary_rate(0.4, torch.tensor(distortion, dtype=DOUBLE))
        assert rate == pytest.approx(float(exact), abs=1e-9)
    assert binary_rate(0.4, torch.tensor([0.4, 0.6])).tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="chance is 1.2"):
        binary_rate(1.2, torch.tensor(0.1))


def test_one_gaussian_axis_is_where_its_table_ends() -> None:
    """A fine grid in place of the line: Blahut and Arimoto know nothing of Gaussians."""
    grid = torch.linspace(-5, 5, 201, dtype=DOUBLE)
    p = Normal(0.0, 1.0).log_prob(grid).softmax(0)
    distortion, rate = blahut_arimoto(p, (grid.unsqueeze(1) - grid).square(), slope=1.5)
    rates, errors = gaussian_rate_distortion(torch.ones(1, dtype=DOUBLE), torch.tensor([distortion], dtype=DOUBLE))  # fmt: skip
    assert errors.item() == pytest.approx(distortion) and rates.item() == pytest.approx(rate, abs=3e-3)  # fmt: skip


def test_water_is_shared_so_that_no_nat_is_better_spent_elsewhere() -> None:
    """Any other division of the same error among the axes needs more."""
    values, level = torch.tensor([3.0, 1.0, 0.2], dtype=DOUBLE), torch.tensor(0.5, dtype=DOUBLE)
    rate, distortion = gaussian_rate_distortion(values, level)
    for seed in range(200):
        part = torch.rand(3, generator=generator(seed), dtype=DOUBLE)
        allowed = torch.minimum(part / part.sum() * distortion, values)
        if allowed.sum() > distortion - 1e-9:
            assert 0.5 * (values / allowed).log().sum() >= rate - 1e-12
    assert gaussian_rate_distortion(values, 10 * level)[0].item() == 0
    for bad, name in ((-values, "eigenvalues"), (values, "level")):
        with pytest.raises(ValueError, match=f"{name} has entries down to"):
            gaussian_rate_distortion(bad, level if name == "eigenvalues" else -level)


def small(networks: int = 2, latents: int = 2, pixels: int = 5) -> weighted_trial.WeightedRun:
    p = VAE(latents, pixels, 1, likelihood="gaussian", scale=0.5)
    q = Amortized(MeanField(latents), nn.Identity())
    p.decoder = SideBySide([mlp(latents, 4, pixels, generator(s)) for s in range(networks)])
    q.encoder = SideBySide([mlp(pixels, 4, 2 * latents, generator(s + 9)) for s in range(networks)])
    return weighted_trial.WeightedRun(p, q, torch.zeros(1, networks))


def test_rate_and_distortion_are_those_of_the_closed_form_and_of_many_draws() -> None:
    run, x = small(), randn(6, 5, seed=0).float()
    rate, distortion = weighted_trial.rate_and_distortion(run, x, samples=4000)
    with torch.no_grad():
        value = analytic_kl(run.p, run.q, x.expand(2, -1, -1), 4000, generator=generator(1))
    constant = 5 * (math.log(0.5) + 0.5 * math.log(2 * math.pi))
    wanted = -(distortion / (2 * 0.25) + constant) - rate
    assert torch.allclose(value.mean(-1), wanted, atol=0.03)


def test_the_parts_of_the_rate_add_up_to_it_and_latents_that_are_alike_share_all() -> None:
    run, x = small(), 2 * randn(30, 5, seed=3).float()
    terms = weighted_trial.aggregate_terms(run, x, samples=1000)
    rate, _ = weighted_trial.rate_and_distortion(run, x, samples=1)
    assert torch.allclose(torch.stack([*terms.values()]).sum(0), rate, atol=0.1)

    class Twice(nn.Module):
        """Two latents with one location, and hardly any noise: four values, told twice."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            place = x[..., :1]
            return torch.cat([place, place, 0 * place - 4, 0 * place - 4], -1)

    run.q.encoder = Twice()
    terms = weighted_trial.aggregate_terms(run, torch.arange(4.0).unsqueeze(-1).expand(4, 5), 50)
    assert torch.allclose(terms["information"], torch.tensor(math.log(4)).expand(2), atol=1e-3)
    assert torch.allclose(terms["total correlation"], torch.tensor(math.log(4)).expand(2), atol=1e-3)  # fmt: skip


def test_a_seed_trains_alike_whatever_trains_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)
    x = torch.rand(40, 5, generator=generator(0))
    options = {"steps": 5, "latents": 2, "hidden": 4, "batch_size": 8}
    alone = weighted_trial.train_weighted(x, [2.0], [3], **options).objective
    beside = weighted_trial.train_weighted(x, [1.0, 2.0], [1, 3], **options).objective
    assert torch.allclose(alone[:, 0], beside[:, 3], atol=1e-5)
    assert not torch.allclose(beside[:, 1], beside[:, 3])
    fined = weighted_trial.train_weighted(x, [2.0], [3], gamma=5.0, **options).objective
    assert fined.shape == (5, 1) and not torch.allclose(fined, alone)


@pytest.mark.parametrize(
    ("betas", "seeds", "gamma", "name"),
    [([], [0], 0.0, "betas"), ([0.0], [0], 0.0, "betas"), ([1.0], [], 0.0, "seeds"), ([1.0], [0], -1.0, "gamma")],
)  # fmt: skip
def test_what_cannot_be_trained_is_refused(
    betas: list[float], seeds: list[int], gamma: float, name: str
) -> None:
    with pytest.raises(ValueError, match=f"^{name} is"):
        weighted_trial.train_weighted(torch.rand(9, 5), betas, seeds, 1, gamma=gamma)


def test_discs_stand_where_their_factors_say() -> None:
    known = known_factors.discs()
    inside = known.factors[:, 2] <= 1  # larger discs are cut by the border
    pixels, factors = known.images[inside].view(-1, 12, 12), known.factors[inside]
    axis = torch.arange(12.0)
    mass = pixels.sum((1, 2))
    row, column, size, shade = factors.unbind(-1)
    assert torch.allclose((pixels.sum(2) @ axis) / mass, 2.5 + 6 * row / 7, atol=0.1)
    assert torch.allclose((pixels.sum(1) @ axis) / mass, 2.5 + 6 * column / 7, atol=0.1)
    bright = known.images.sum(1).view(8, 8, 4, 4)
    assert (bright.diff(dim=2) > 0).all() and (bright.diff(dim=3) > 0).all()
    full = mass / (0.4 + 0.2 * shade) / (math.pi * (1.4 + 0.5 * size).square())
    assert ((full > 0.95) & (full < 1.4)).all()  # a soft edge adds to a disc
    assert len({tuple(f) for f in known.factors.tolist()}) == len(known.images) == 1024
    assert 0 <= float(known.images.min()) and float(known.images.max()) <= 1


def test_factors_are_read_off_pictures_with_noise() -> None:
    known = known_factors.discs(style=True)
    noisy = known.images + 0.03 * torch.randn(known.images.shape, generator=generator(0))
    assert (known_factors.read_factors(noisy, known) == known.factors).all()


def conditional(seeds: int = 2) -> conditional_trial.ConditionalRun:
    known = known_factors.discs(style=True)
    return conditional_trial.train_conditional(known, range(seeds), 2, hidden=6)


def test_the_mirrored_model_has_the_same_bound_and_other_pictures() -> None:
    run, known = conditional(), known_factors.discs(style=True)
    mirror = conditional_trial.flipped(run)
    x = run.p.pack(known.images, known.factors[:, -1])[::7].expand(2, -1, -1)
    noise = torch.randn(3, *x.shape[:-1], 3, generator=generator(0))
    signed = noise * (1 - 2 * x[..., -1:])
    with torch.no_grad():
        plain = analytic_kl(run.p, run.q, x, 3, noise=noise)
        turned = analytic_kl(mirror.p, mirror.q, x, 3, noise=signed)
    assert torch.allclose(plain, turned, atol=1e-3)
    one, two = (conditional_trial.relabelled(each, known) for each in (run, mirror))
    assert one.shape == (2, 384, 144) and not torch.allclose(one, two, atol=1e-3)


def test_shares_are_counted_factor_by_factor() -> None:
    known = known_factors.discs(style=True)
    other = known.factors.clone()
    other[:, -1] = 1 - other[:, -1]
    order = ((other.unsqueeze(1) - known.factors).abs().sum(-1) == 0).int().argmax(1)
    found = conditional_trial.kept(known.images[order].unsqueeze(0), known, known)
    assert {name: share.item() for name, share in found.items()} == {"row": 1, "column": 1, "size": 1, "style": 0}  # fmt: skip


def test_the_worth_of_a_prior_is_a_difference_of_log_densities() -> None:
    """A flow that is the identity is worth nothing; shifted to where the messages are, what its shift saves."""
    flow = Flow(zuko.flows.MAF(2, 0, transforms=1, hidden_features=(4,)), 2, affine=True)
    with torch.no_grad():
        for parameter in flow.flow.parameters():
            parameter.zero_()
    messages = Normal(torch.full((500, 2), 1.5), torch.full((500, 2), 1e-3))
    assert flow_prior.worth(flow, messages).abs().max() < 1e-4
    with torch.no_grad():
        flow.loc.fill_(1.5)
    assert torch.allclose(flow_prior.worth(flow, messages), torch.tensor(2.25), atol=0.01)


def test_a_flow_is_fitted_by_a_seed_and_leaves_the_global_stream_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)
    messages = Normal(torch.randn(50, 2, generator=generator(0)) + 3, torch.full((50, 2), 0.3))
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = (flow_prior.fit_flow(messages, 1, steps=30, batch_size=20) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    one, two = (flow_prior.worth(flow, messages, 2) for flow in (first, second))
    assert torch.equal(one, two) and one.mean() > 0


def test_the_stored_tables_are_whole() -> None:
    for name, count, needed in (
        ("labels", 10, {"free", "tied"}),
        ("factors", 10, {"VAE", "beta-VAE", "FactorVAE"}),
        ("curves", 5, {"1", "2", "4", "8"}),
    ):
        ((steps, rows),) = stored_table(name, lecture=15).items()
        assert int(steps) >= 1000 and set(rows) == needed
        for row in rows.values():
            assert len(row["objective"]) == 8
            assert all(len(part) == count for part in row["objective"])


def test_the_stored_parts_of_a_rate_add_up() -> None:
    """Rate in closed form, its parts by one draw of z for each of 1,024 images."""
    ((_, ways),) = stored_table("factors", lecture=15).items()
    for row in ways.values():
        parts = zip(row["information"], row["total correlation"], row["marginals"], strict=True)
        for rate, found in zip(row["rate"], parts, strict=True):
            assert sum(found) == pytest.approx(rate, abs=0.3)

"""Wake, sleep and reweighted wake: the mean update of each phase by enumeration, and which divergence it ends at."""

from __future__ import annotations

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, gradients, mean_z
from torch import nn

from course_vi import exact
from course_vi.bounds import elbo, iwae
from course_vi.data import breast_cancer
from course_vi.families import Amortized, BernoulliMeanField, MeanField
from course_vi.learning import (
    reweighted_phase,
    reweighted_wake_sleep,
    sleep_phase,
    wake_phase,
    wake_sleep,
)
from course_vi.models import BayesianLogisticRegression, SigmoidBeliefNet
from course_vi.nets import mlp

ROWS = exact.enumerate_binary(2, like=torch.zeros(1, dtype=DOUBLE))  # every datum of two pixels


@pytest.fixture(autouse=True)
def full_length(monkeypatch):
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)


def machine(layers=(2, 2, 1), scale=1.5, seed=0):
    """A generative net of three latent bits, a recognition net, and both as one module."""
    p = SigmoidBeliefNet(layers, scale, generator(seed)).double()
    q = Amortized(
        BernoulliMeanField(p.latent_dim), mlp(2, 8, p.latent_dim, generator(seed + 1))
    ).double()
    return p, q, nn.ModuleDict({"p": p, "q": q})


def log_densities(p, q, x=ROWS):
    """log p(x, z) and log q(z | x) at every state, ``(S, B)`` each."""
    states = p.states(x).expand(-1, len(x), p.latent_dim)
    return p.log_joint(x, states), q(x, states)


def forward_kl(p, q, x=ROWS):
    """KL(p(z | x) | q(z | x)) for each row, by adding up all states."""
    log_p, log_q = log_densities(p, q, x)
    log_p = log_p - log_p.logsumexp(0)
    return (log_p.exp() * (log_p - log_q)).sum(0)


def worst(value, exactly, both, blocks=80):
    """|z| of the mean gradient over blocks of independent updates; what must not move must not move at all."""
    wanted = torch.cat([part.flatten() for part in gradients(exactly, both).values()])
    found = torch.stack(
        [
            torch.cat([part.flatten() for part in gradients(value(), both).values()])
            for _ in range(blocks)
        ]
    )
    still = found.abs().amax(0) == 0
    assert torch.equal(still, wanted == 0), "the other net, and only it, stays"
    return mean_z(found[:, ~still], wanted[~still])


def many(count):
    return ROWS.expand(count, 4, 2)


def test_wake_climbs_the_elbo_in_theta(evidence):
    p, q, both = machine()
    log_p, log_q = log_densities(p, q)
    source = generator(3)
    z = worst(
        lambda: wake_phase(p, q, many(300), 2, source).sum() / 300,
        (log_q.detach().exp() * log_p).sum(),
        both,
    )
    assert z < LIMIT
    evidence("learning.wake_phase", "SigmoidBeliefNet: gradient of the exact ELBO in theta", z=z)
    value = wake_phase(p, q, many(20_000), 1, source).detach().mean(1)
    assert mean_z(value, exact.expected_bound(log_p, log_q, elbo, 1).mean().detach()) < LIMIT


def test_sleep_descends_the_forward_kl_over_dreams(evidence):
    p, q, both = machine()
    frozen = p.log_evidence(ROWS).exp().detach()
    p.requires_grad_(False)
    exactly = -(frozen * forward_kl(p, q)).sum()
    p.requires_grad_(True)
    source = generator(3)
    z = worst(lambda: sleep_phase(p, q, 1_000, source).mean(), exactly, both)
    assert z < LIMIT
    evidence(
        "learning.sleep_phase",
        "SigmoidBeliefNet: gradient of -KL(p | q) in phi, over dreamt x",
        z=z,
    )


@pytest.mark.parametrize("num_samples", [2, 3])
def test_reweighted_updates_for_few_samples(num_samples, evidence):
    """theta: the exact gradient of the IWAE bound; phi: the exact mean of its biased update, over all tuples of states."""
    p, q, both = machine()
    log_p, log_q = log_densities(p, q)
    source = generator(3)
    bound = exact.expected_bound(log_p, log_q.detach(), iwae, num_samples).sum()
    z = worst(
        lambda: reweighted_phase(p, q, many(200), num_samples, source)[0].sum() / 200, bound, both
    )
    codes = torch.arange(8**num_samples)
    tuples = torch.stack([codes // 8**k % 8 for k in range(num_samples)])
    log_w, chance = (log_p - log_q).detach(), log_q.detach()[tuples].sum(0).exp()
    update = (chance * (log_w[tuples].softmax(0) * log_q[tuples]).sum(0)).sum()
    z_phi = worst(
        lambda: reweighted_phase(p, q, many(200), num_samples, source)[1].sum() / 200, update, both
    )
    assert z < LIMIT and z_phi < LIMIT
    evidence(
        "learning.reweighted_phase, theta",
        "SigmoidBeliefNet: gradient of the exact IWAE bound",
        z=z,
    )
    evidence(
        "learning.reweighted_phase, phi",
        "SigmoidBeliefNet: mean update over all tuples of states",
        z=z_phi,
    )


def test_reweighted_phi_tends_to_the_forward_kl_at_the_data():
    """Its mean update is zero at K = 1 (the score has mean zero); its distance to the slope of -KL(p | q) falls as 1/K."""
    p, q, _ = machine()
    p.requires_grad_(False)
    log_p, log_q = log_densities(p, q)
    wanted = torch.cat([part.flatten() for part in gradients(-forward_kl(p, q).sum(), q).values()])
    distances = []
    for k in (1, 2, 3, 4):
        log_p, log_q = log_densities(p, q)
        codes = torch.arange(8**k)
        tuples = torch.stack([codes // 8**j % 8 for j in range(k)])
        weights = (log_p - log_q).detach()[tuples].softmax(0)
        update = (log_q.detach()[tuples].sum(0).exp() * (weights * log_q[tuples]).sum(0)).sum()
        found = torch.cat([part.flatten() for part in gradients(update, q).values()])
        assert k > 1 or found.abs().max() < 1e-12
        distances.append((found - wanted).norm().item())
    assert distances == sorted(distances, reverse=True)
    found = gradients(reweighted_phase(p, q, ROWS, 100_000, generator(0))[1].sum(), q)
    assert (
        torch.cat([part.flatten() for part in found.values()]) - wanted
    ).norm() < 0.05 * wanted.norm()


def explaining_away():
    """Two rare causes, either of which lights both pixels: given two lights, one cause or the other, hardly both."""
    p = SigmoidBeliefNet((2, 2)).double().requires_grad_(False)
    p.weights[0].fill_(8.0), p.biases[0].fill_(-4.0), p.biases[1].fill_(-2.0)
    return p, Amortized(BernoulliMeanField(2), mlp(2, 8, 2, generator(1))).double()


@pytest.mark.parametrize("method", ["sleep", "reweighted"])
def test_the_recognition_net_ends_at_the_marginals(method, evidence):
    """Forward KL: a factorized q says one half to each cause, the posterior's marginals. The ELBO would settle on one of the two."""
    (p, q), x = explaining_away(), ROWS[[0, 3]]
    wanted = p.posterior(x).mean
    for rate in (0.03, 0.003):
        if method == "sleep":
            wake_sleep(p, q, x, 200, dreams=1_000, learning_rate=rate, progress=False)
        else:
            reweighted_wake_sleep(p, q, x, 200, 1_000, learning_rate=rate, progress=False)
    error = (q.distribution(x).mean - wanted).abs().max().item()
    assert error < 0.05
    evidence(
        f"learning.{'wake_sleep' if method == 'sleep' else 'reweighted_wake_sleep'}, phi",
        "SigmoidBeliefNet: posterior marginals",
        error=error,
    )
    mode = BernoulliMeanField(2, torch.tensor([[0.5, -0.5]] * 2, dtype=DOUBLE))
    optimizer = torch.optim.Adam(mode.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        log_p, log_q = log_densities(p, mode, x)
        (-exact.expected_bound(log_p, log_q, elbo, 1).sum()).backward()
        optimizer.step()
    assert (mode.logits.sigmoid() - wanted).abs().max() > 0.3, "the other KL ends at other numbers"


@pytest.mark.parametrize("method", [wake_sleep, reweighted_wake_sleep])
def test_a_machine_learns_its_data(method, evidence):
    """Two correlated pixels: the exact likelihood ends within a few hundredths of a nat of the entropy of the data, the best there is."""
    counts = torch.tensor([40, 10, 10, 40])
    x, share = ROWS.repeat_interleave(counts, 0), counts.to(DOUBLE) / counts.sum()
    p, q, _ = machine((2, 1), scale=0.5)
    best = (share * share.log()).sum()
    before = (best - share @ p.log_evidence(ROWS)).item()
    options = {"num_samples": 10, "progress": False} | (
        {"dreams": 500} if method is wake_sleep else {"phi": "both"}
    )
    for rate in (0.05, 0.005):
        history = method(p, q, x, 300, learning_rate=rate, **options)
    gap = (best - share @ p.log_evidence(ROWS)).item()
    assert -1e-12 < gap < 0.05 < before and abs(history.bound[-50:].mean() - best) < 0.1
    assert forward_kl(p, q).max() < 0.1
    evidence(
        f"learning.{method.__name__}, theta",
        "SigmoidBeliefNet: entropy of the data, nats",
        error=gap,
    )


def test_seeds_reproduce_and_the_global_generator_is_left_alone():
    runs = []
    for seed in (0, 0, 1):
        p, q, _ = machine()
        state = torch.get_rng_state()
        runs.append(
            reweighted_wake_sleep(p, q, ROWS, 5, phi="both", seed=seed, progress=False).bound
        )
        assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])


def test_refusals():
    p, q, _ = machine()
    with pytest.raises(ValueError, match="phi is 'dream'; expected one of 'wake', 'sleep', 'both'"):
        reweighted_wake_sleep(p, q, ROWS, phi="dream")
    with pytest.raises(ValueError, match="num_samples is 1; expected two or more"):
        reweighted_wake_sleep(p, q, ROWS, num_samples=1)
    with pytest.raises(ValueError, match="are global; expected local ones"):
        wake_sleep(BayesianLogisticRegression(2), MeanField(2), breast_cancer(1))
    with pytest.raises(ValueError, match="dreams is 0; expected a whole number"):
        wake_sleep(p, q, ROWS, dreams=0)

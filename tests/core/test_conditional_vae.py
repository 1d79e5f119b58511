"""The conditional VAE: everything about its linear Gaussian case in closed form, and its Bernoulli case by quadrature."""

from __future__ import annotations

import math

import pytest
import torch
from blocks import block_z
from oracles import DOUBLE, LIMIT, generator, gradients, mean_z, randn
from torch import nn
from torch.distributions import Bernoulli, MultivariateNormal

from course_vi import exact
from course_vi.data import digits
from course_vi.families import Amortized, FullRank, MeanField
from course_vi.gradients import reparametrized, sticking_the_landing
from course_vi.learning import fit
from course_vi.models import ConditionalVAE
from course_vi.nets import mlp


def linear(latent_dim=2, image_dim=3, label_dim=2):
    """x = A z + C y + b + noise: its x given y is N(C y + b, A A' + s^2 I)."""
    model = ConditionalVAE(
        latent_dim,
        image_dim,
        label_dim,
        likelihood="gaussian",
        decoder=nn.Linear(latent_dim + label_dim, image_dim),
    ).double()
    with torch.no_grad():
        model.decoder.weight.copy_(randn(image_dim, latent_dim + label_dim, seed=1))
        model.decoder.bias.copy_(randn(image_dim, seed=2))
        model.output.log_scale.fill_(math.log(0.6))
    return model


def parts(model):
    a, c = model.decoder.weight.split((model.latent_dim, model.label_dim), -1)
    variance = (2 * model.output.log_scale).exp()
    return a, c, model.decoder.bias, variance


def log_evidence(model, x):
    a, c, b, variance = parts(model)
    images, y = model.unpack(x)
    return MultivariateNormal(
        y @ c.mT + b, a @ a.mT + variance * torch.eye(len(b), dtype=b.dtype)
    ).log_prob(images)


def posterior_family(model):
    """q(z | x, y) set to the exact posterior: a linear encoder of the whole row."""
    a, c, b, variance = parts(model)
    d = model.latent_dim
    covariance = torch.linalg.inv(torch.eye(d, dtype=DOUBLE) + a.mT @ a / variance)
    gain, root = covariance @ a.mT / variance, torch.linalg.cholesky(covariance)
    encoder = nn.Linear(model.data_dim, 2 * d + d * d).double()
    with torch.no_grad():
        encoder.weight.zero_()
        encoder.weight[:d] = torch.cat([gain, -gain @ c], -1)
        encoder.bias.copy_(torch.cat([-gain @ b, root.diagonal().log(), root.flatten()]))
    return Amortized(FullRank(d), encoder).double()


@pytest.mark.parametrize("sizes", [(2, 3, 2), (1, 1, 1)])
def test_the_linear_case_in_closed_form(sizes, evidence):
    model = linear(*sizes)
    x, _ = model.sample(5, generator(3))
    q = posterior_family(model)
    z = randn(7, 5, sizes[0], seed=4)
    error = (model.log_joint(x, z) - q(x, z) - log_evidence(model, x)).abs().max().item()
    assert error < 1e-12, "Bayes' rule at random z"
    value = sticking_the_landing(model, q, x, num_samples=3, generator=generator(0))
    assert (value - log_evidence(model, x)).abs().max() < 1e-12, (
        "the bound is tight, sample by sample"
    )
    leak = max(part.abs().max().item() for part in gradients(value.sum(), q).values())
    assert leak < 1e-12, "no variance at the posterior"
    evidence(
        "models.ConditionalVAE, linear",
        "MultivariateNormal given the label; Bayes' rule",
        error=max(error, leak),
    )
    z_score = block_z(
        sticking_the_landing,
        model,
        q,
        x[0],
        gradients(log_evidence(model, x[0]), model),
        model,
        copies=500,
    )
    assert z_score < LIMIT, "theta: Fisher's identity"
    evidence(
        "models.ConditionalVAE, linear: gradient of theta",
        "gradient of the exact log evidence",
        z=z_score,
    )


def test_one_datum_and_both_precisions():
    for dtype in (torch.float32, DOUBLE):
        model = linear().to(dtype)
        q = posterior_family(linear()).to(dtype)
        x = model.sample(1, generator(3))[0][0]
        value = reparametrized(model, q, x, num_samples=1, generator=generator(0))
        assert value.shape == () and value.dtype == dtype
        assert abs(value - log_evidence(model, x)) < (1e-4 if dtype == torch.float32 else 1e-12)


def test_samples(evidence):
    model = linear()
    y = torch.tensor([[1.0, -0.5]], dtype=DOUBLE).expand(40_000, 2)
    x, z = model.sample(40_000, generator(3), y)
    a, c, b, variance = parts(model)
    images, kept = model.unpack(x)
    centred = images - (y @ c.mT + b).detach()
    wanted = (a @ a.mT + variance * torch.eye(3, dtype=DOUBLE)).detach()
    score = max(
        mean_z(centred, 0.0),
        mean_z(centred.unsqueeze(-1) * centred.unsqueeze(-2), wanted),
        mean_z(centred.unsqueeze(-1) * z.unsqueeze(-2), a.detach()),
    )
    assert torch.equal(kept, y) and score < LIMIT and not x.requires_grad
    evidence("models.ConditionalVAE.sample", "exact means and covariances given the label", z=score)
    labels = model.unpack(model.sample(30_000, generator(0))[0])[1]
    assert bool((labels.sum(-1) == 1).all()) and mean_z(labels, 0.5) < LIMIT


def test_bernoulli_pixels_by_quadrature(evidence):
    """One latent: p(x | y) of all images adds up to one for each label, and is the frequency among the samples."""
    model = ConditionalVAE(1, 2, 2, hidden=4, generator=generator(0)).double()
    with torch.no_grad():
        model.decoder[0].weight.mul_(3.0), model.decoder[2].weight.mul_(3.0)
    outcomes = exact.enumerate_binary(2, like=randn(1, seed=0))
    worst, score = 0.0, 0.0
    for label in range(2):
        x = model.pack(outcomes, torch.full((4,), label))
        log_p = exact.log_integral(
            lambda grid, x=x: model.log_joint(x, grid.unsqueeze(1).expand(-1, 4, 1))
        )
        worst = max(worst, abs(log_p.exp().sum().item() - 1))
        y = x[:1, 2:].expand(40_000, 2)
        drawn = model.unpack(model.sample(40_000, generator(label), y)[0])[0]
        score = max(
            score, mean_z((drawn.unsqueeze(1) == outcomes).all(-1).double(), log_p.exp().detach())
        )
    z = randn(3, 4, 1, seed=1)
    hidden = torch.tanh(
        torch.cat([z, x[:, 2:].expand(3, 4, 2)], -1) @ model.decoder[0].weight.mT
        + model.decoder[0].bias
    )
    by_hand = (
        Bernoulli(logits=hidden @ model.decoder[2].weight.mT + model.decoder[2].bias)
        .log_prob(x[:, :2])
        .sum(-1)
    )
    worst = max(worst, (model.log_factors(x, z)["likelihood"] - by_hand).abs().max().item())
    assert worst < 1e-10 and score < LIMIT
    evidence(
        "models.ConditionalVAE, binary",
        "quadrature: probability of each image given the label",
        error=worst,
        z=score,
    )


def test_digits_same_style_other_label():
    """Half a second of training: the bound beats that of the same nets with the labels shuffled, and a relabelled image changes."""
    data, bounds = digits(), []
    for labels in (
        data.train_labels,
        data.train_labels[torch.randperm(1500, generator=generator(0))],
    ):
        model = ConditionalVAE(2, hidden=64, generator=generator(0))
        q = Amortized(MeanField(2), mlp(74, 64, 4, generator(1)))
        x = model.pack(data.train, labels)
        history = fit(model, q, x, steps=300, batch_size=128, learning_rate=5e-3, progress=False)
        bounds.append(history.bound[-50:].mean().item())
    assert len(history.bound) < 300 or bounds[0] > bounds[1] + 1.0
    other = torch.eye(10)[torch.zeros(4, dtype=torch.long)]
    same, new = model.relabel(x[:4], q, model.unpack(x[:4])[1]), model.relabel(x[:4], q, other)
    assert (
        new.shape == (4, 64)
        and bool((new >= 0).all())
        and bool((new <= 1).all())
        and not torch.equal(same, new)
    )


def test_refusals():
    model = ConditionalVAE(2, 3, 4)
    with pytest.raises(
        ValueError, match=r"images has shape \(5, 2\); expected its last axis to have 3 entries"
    ):
        model.pack(torch.zeros(5, 2), torch.zeros(5))
    with pytest.raises(ValueError, match="labels has entries that are no whole number from 0 to 3"):
        model.pack(torch.zeros(5, 3), torch.tensor([0, 1, 2, 3, 4]))
    with pytest.raises(ValueError, match="images has 15 entries that are NaN"):
        model.pack(torch.zeros(5, 3) * math.nan, torch.zeros(5))
    with pytest.raises(
        ValueError, match=r"x has shape \(5, 3\); expected its last axis to have 7 entries"
    ):
        model.log_joint(torch.zeros(5, 3), torch.zeros(5, 2))
    with pytest.raises(ValueError, match="scale is 0"):
        ConditionalVAE(likelihood="gaussian", scale=0.0)
    with pytest.raises(ValueError, match="x has 35 entries that are NaN"):
        fit(
            model,
            Amortized(MeanField(2), nn.Linear(7, 4)),
            torch.full((5, 7), math.nan),
            steps=1,
            progress=False,
        )

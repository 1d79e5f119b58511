"""Autoencoder, VAE and its two-layer form: against dense Gaussians, probabilistic PCA, eigenvalues, quadrature, and by landing."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, gradients, gradients_of, mean_z, randn, variance_z
from torch import nn
from torch.distributions import Bernoulli, MultivariateNormal, Normal

from course_vi import exact
from course_vi.bounds import elbo, iwae
from course_vi.data import digits
from course_vi.families import Amortized, FullRank, Layered, MeanField
from course_vi.gradients import (
    analytic_kl,
    doubly_reparametrized,
    reparametrized,
    sticking_the_landing,
)
from course_vi.learning import fit
from course_vi.models import VAE, Autoencoder, HierarchicalVAE, ProbabilisticPCA
from course_vi.nets import mlp


def weighted(module: nn.Module, seed: int = 0) -> nn.Module:
    """In double precision, every parameter drawn afresh."""
    module = module.double()
    draws = generator(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(0.6 * torch.randn(parameter.shape, generator=draws, dtype=DOUBLE))
    return module


# ------------------------------------------------------------------ likelihoods


@pytest.mark.parametrize("scale", ["network", "diagonal", "shared", 0.7])
@pytest.mark.parametrize("smallest", [0.0, 0.2])
def test_gaussian_likelihood_against_torch(scale, smallest, evidence):
    model = weighted(VAE(2, 3, 5, likelihood="gaussian", scale=scale, smallest=smallest))
    x, z = randn(4, 3, seed=1), randn(6, 4, 2, seed=2)
    raw = (
        torch.tanh(z @ model.decoder[0].weight.mT + model.decoder[0].bias)
        @ model.decoder[2].weight.mT
        + model.decoder[2].bias
    )
    if scale == "network":
        sigma = smallest + raw[..., 3:].exp()
    elif scale == 0.7:
        sigma = torch.full((3,), 0.7, dtype=DOUBLE)
    else:
        sigma = (smallest + model.output.log_scale.exp()).expand(3)
    wanted = Normal(0.0, 1.0).log_prob(z).sum(-1) + Normal(raw[..., :3], sigma).log_prob(x).sum(-1)
    error = max(
        (model.log_joint(x, z) - wanted).abs().max(),
        (model.likelihood(z).mean - raw[..., :3]).abs().max(),
    )
    assert error < 1e-11
    learned = {name for name, _ in model.named_parameters()}
    assert ("output.log_scale" in learned) == (scale in ("diagonal", "shared"))
    evidence(
        f"models.VAE, gaussian, scale={scale!r}",
        "torch.distributions, with the decoder written out",
        error=error,
    )


def test_gaussian_vae_samples(evidence):
    """One latent: the mean and the variances of x by quadrature."""
    model = weighted(VAE(1, 2, 4, likelihood="gaussian"))
    x, z = model.sample(40_000, generator(1))
    points, weights = exact.gauss_hermite(60, like=z)
    density = model.likelihood(points.unsqueeze(-1))
    mean = (weights.unsqueeze(-1) * density.mean).sum(0)
    variance = (weights.unsqueeze(-1) * (density.variance + density.mean.square())).sum(
        0
    ) - mean.square()
    score = max(mean_z(x, mean.detach()), variance_z(x, variance.detach()))
    assert score < LIMIT and not x.requires_grad and x.dtype == DOUBLE
    evidence("models.VAE.sample, gaussian", "quadrature: mean and variances of x", z=score)


def test_learned_scales_without_a_floor_have_no_maximum():
    """A pixel that never varies: the log-density grows without bound; a floor bounds it."""
    x, z = torch.zeros(5, 1), torch.zeros(1, 5, 1)
    for smallest, bounded in ((0.0, False), (0.1, True)):
        model = VAE(1, 1, 0, likelihood="gaussian", scale="shared", smallest=smallest)
        with torch.no_grad():
            model.decoder[0].weight.zero_(), model.decoder[0].bias.zero_()
            values = [
                (model.output.log_scale.fill_(-s), model.log_factors(x, z)["likelihood"].mean())[
                    1
                ].item()
                for s in (2.0, 10.0, 30.0)
            ]
        limit = -math.log(0.1) - 0.5 * math.log(2 * math.pi)
        assert (
            (values[2] > 25)
            if not bounded
            else (values[0] < values[1] < values[2] + 1e-6 and values[2] < limit + 1e-6)
        )


@pytest.mark.parametrize(
    "words, make",
    [
        (
            "scale is 'full'; expected one of",
            lambda: VAE(2, 3, likelihood="gaussian", scale="full"),
        ),
        (
            "scale is -1.0; expected a positive number",
            lambda: VAE(2, 3, likelihood="gaussian", scale=-1.0),
        ),
        (
            "smallest is -0.1; expected zero or a positive",
            lambda: VAE(2, 3, likelihood="gaussian", smallest=-0.1),
        ),
        ("likelihood is 'poisson'; expected one of", lambda: VAE(2, 3, likelihood="poisson")),
        ("latent_dim is 0; expected a whole number", lambda: VAE(0, 3)),
        ("latent_dims is .*; expected two sizes", lambda: HierarchicalVAE((2, 3, 4), 5)),
        ("loss is 'huber'; expected one of", lambda: Autoencoder(2, 3, loss="huber")),
        (
            "scale is 'network': each datum",
            lambda: VAE(2, 3, likelihood="gaussian").output.log_scales(torch.zeros(1)),
        ),
    ],
)
def test_refusals(words, make):
    with pytest.raises(ValueError, match=words):
        make()


# ------------------------------------------------------------------ the linear Gaussian case


def linear(scale: str | float = "shared", latent: int = 2, dim: int = 5, seed: int = 0) -> VAE:
    return weighted(VAE(latent, dim, 0, likelihood="gaussian", scale=scale), seed)


def test_linear_vae_is_probabilistic_pca(evidence):
    model, x, z = linear(), randn(4, 5, seed=2), randn(6, 4, 2, seed=3)
    pca = ProbabilisticPCA(
        model.decoder[0].weight.detach(),
        model.decoder[0].bias.detach(),
        model.output.log_scale.exp().item(),
    )
    ours, theirs = model.posterior(x), pca.posterior(x)
    errors = [
        model.log_evidence(x) - pca.log_evidence(x),
        model.log_joint(x, z) - pca.log_joint(x, z),
        ours.mean - theirs.mean,
        ours.covariance_matrix - theirs.covariance_matrix,
    ]
    error = max(e.abs().max().item() for e in errors)
    assert error < 1e-12
    evidence(
        "models.VAE, linear Gaussian", "ProbabilisticPCA: evidence, joint, posterior", error=error
    )


@pytest.mark.parametrize("scale", ["diagonal", 0.4])
def test_factor_analysis_against_the_dense_gaussian(scale, evidence):
    model, x, z = linear(scale), randn(4, 5, seed=2), randn(6, 4, 2, seed=3)
    weight, bias, log_scale = (part.detach() for part in model.linear_parts())
    marginal = weight @ weight.mT + torch.diag((2 * log_scale).exp())
    wanted = MultivariateNormal(bias, marginal).log_prob(x)
    bayes = model.log_joint(x, z) - model.posterior(x).log_prob(z) - wanted
    error = max((model.log_evidence(x) - wanted).abs().max(), bayes.abs().max())
    assert error < 1e-10
    evidence(
        f"models.VAE, linear Gaussian, scale={scale!r}", "dense Gaussian; Bayes' rule", error=error
    )


def test_only_the_linear_gaussian_case_is_exact():
    x = torch.zeros(3)
    for model in (
        VAE(2, 3, 0),
        VAE(2, 3, 4, likelihood="gaussian", scale=1.0),
        VAE(2, 3, 0, likelihood="gaussian"),
    ):
        for call in (model.log_evidence, model.posterior):
            with pytest.raises(NotImplementedError, match="of VAE has no closed form"):
                call(x)
    with pytest.raises(NotImplementedError, match="of HierarchicalVAE has no closed form"):
        HierarchicalVAE((2, 1), 3, 4).log_evidence(x)


def upward(
    weight: torch.Tensor,
    bias: torch.Tensor,
    noise: torch.Tensor,
    loc: torch.Tensor,
    prior: torch.Tensor,
) -> Amortized:
    """The posterior of u given v = W u + b + N(0, noise), u ~ N(loc, prior), as an encoder that reads v: affine, full covariance."""
    marginal = weight @ prior @ weight.mT + noise
    gain = torch.linalg.solve(marginal, weight @ prior).mT
    root = torch.linalg.cholesky(prior - gain @ weight @ prior)
    size, data = gain.shape
    encoder = nn.Linear(data, 2 * size + size * size).double()
    with torch.no_grad():
        encoder.weight.zero_()
        encoder.weight[:size] = gain
        encoder.bias.copy_(
            torch.cat([loc - gain @ (weight @ loc + bias), root.diagonal().log(), root.flatten()])
        )
    return Amortized(FullRank(size), encoder).double()


def exact_posterior(model: HierarchicalVAE) -> Layered:
    weight, bias, log_scale = (part.detach() for part in model.bottom.linear_parts())
    upper, shift = (part.detach() for part in model.network.parameters())
    noise, step = (
        torch.diag((2 * value.detach()).exp())
        for value in (log_scale, model.transition.log_scales(weight))
    )
    identity = torch.eye(upper.shape[1], dtype=DOUBLE)
    middle = upper @ upper.mT + step
    return Layered(
        upward(weight, bias, noise, shift, middle),
        upward(upper, shift, step, torch.zeros_like(identity[0]), identity),
    )


def two_linear_layers() -> HierarchicalVAE:
    return weighted(
        HierarchicalVAE(
            (3, 2), 4, 0, likelihood="gaussian", scale="diagonal", transition="diagonal"
        ),
        seed=4,
    )


def test_two_linear_layers_against_the_dense_gaussian(evidence):
    """The evidence is that of the covariance carried down; and the layered posterior makes every log weight log p(x)."""
    model, x = two_linear_layers(), randn(5, 4, seed=5)
    q = exact_posterior(model)
    z = q.sample(6, x, generator(0))
    log_w = model.log_joint(x, z) - q(x, z)
    draws, hidden = model.sample(60_000, generator(1))
    off = draws - draws.mean(0)
    weight, bias, log_scale = (part.detach() for part in model.bottom.linear_parts())
    upper, _ = (part.detach() for part in model.network.parameters())
    middle = upper @ upper.mT + torch.diag((2 * model.transition.log_scales(weight).detach()).exp())
    covariance = weight @ middle @ weight.mT + torch.diag((2 * log_scale).exp())
    error = (log_w - model.log_evidence(x)).abs().max()
    score = mean_z(off.unsqueeze(-1) * off.unsqueeze(-2), covariance)
    assert error < 1e-11 and score < LIMIT and hidden.shape == (60_000, 5)
    evidence(
        "models.HierarchicalVAE, linear Gaussian",
        "Bayes' rule at the layered posterior; exact covariance of samples",
        error=error,
        z=score,
    )


@pytest.mark.parametrize(
    "estimator, bound",
    [(sticking_the_landing, elbo), (doubly_reparametrized, elbo), (doubly_reparametrized, iwae)],
)
def test_two_layers_land(estimator, bound, evidence):
    """At the exact posterior of two linear layers: no gradient for phi, draw by draw; for theta that of log p(x), on average."""
    model, x = two_linear_layers(), randn(1, 4, seed=5)
    q = exact_posterior(model)
    found = gradients_of(estimator, model, q, x, num_samples=3, bound=bound, generator=generator(0))
    largest = max(found[name].abs().max().item() for name, _ in q.named_parameters())
    total = gradients_of(
        reparametrized, model, q, x, num_samples=3, bound=bound, generator=generator(0)
    )
    assert (
        largest
        < 1e-10
        < 0.1
        < max(total[name].abs().max().item() for name, _ in q.named_parameters())
    )
    wanted = gradients(model.log_evidence(x).sum(), model)
    many = gradients_of(
        estimator, model, q, x.expand(40_000, 4), num_samples=2, bound=bound, generator=generator(1)
    )
    worst = max(
        (many[f"p.{name}"] / 40_000 - value).abs().max().item() for name, value in wanted.items()
    )
    assert worst < 0.05
    evidence(
        f"gradients.{estimator.__name__}, {bound.__name__} (Layered, HierarchicalVAE)",
        "zero for phi at the exact posterior",
        error=largest,
    )


def test_hierarchical_vae_against_torch(evidence):
    model = weighted(HierarchicalVAE((2, 1), 4, 5))
    x, z = (randn(3, 4, seed=1) > 0).double(), randn(6, 3, 3, seed=2)
    z1, z2 = z[..., :2], z[..., 2:]
    raw = (
        torch.tanh(z2 @ model.network[0].weight.mT + model.network[0].bias)
        @ model.network[2].weight.mT
        + model.network[2].bias
    )
    wanted = (
        Normal(0.0, 1.0).log_prob(z2).sum(-1)
        + Normal(raw[..., :2], raw[..., 2:].exp()).log_prob(z1).sum(-1)
        + Bernoulli(logits=model.bottom.decoder(z1)).log_prob(x).sum(-1)
    )
    error = (model.log_joint(x, z) - wanted).abs().max()
    assert error < 1e-12 and set(model.log_factors(x, z)) == {"top", "transition", "likelihood"}
    assert torch.equal(model.likelihood(z).mean, model.bottom.likelihood(z1).mean)
    evidence(
        "models.HierarchicalVAE", "torch.distributions, with both networks written out", error=error
    )


def test_hierarchical_vae_samples(evidence):
    """One latent in each layer, two pixels: the probability of every image, by quadrature over both."""
    model = weighted(HierarchicalVAE((1, 1), 2, 4), seed=2)
    x, z = model.sample(40_000, generator(1))
    points, weights = exact.gauss_hermite(60, like=z)
    middle = model.middle(points.unsqueeze(-1))
    z1 = middle.loc + middle.log_scale.exp() * points  # (60 of z2, 60 of the noise)
    pixels = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]], dtype=DOUBLE)
    log_p = model.bottom.output.log_prob(
        model.bottom.decoder(z1.unsqueeze(-1)).unsqueeze(-2).expand(60, 60, 4, 2), pixels
    )
    wanted = (weights[:, None, None] * weights[None, :, None] * log_p.exp()).sum((0, 1))
    score = mean_z((x.unsqueeze(1) == pixels).all(-1).double(), wanted.detach())
    assert abs(wanted.sum().item() - 1) < 1e-8 and score < LIMIT and z.shape == (40_000, 2)
    evidence(
        "models.HierarchicalVAE.sample",
        "quadrature over both layers: probability of each image",
        z=score,
    )


@pytest.mark.parametrize("batch", [(), (3,), (2, 3), (0,)])
@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
def test_shapes_and_dtypes(batch, dtype):
    x = torch.ones(*batch, 4, dtype=dtype)
    for model, q in (
        (VAE(2, 4, 5), Amortized(MeanField(2), mlp(4, 3, 4))),
        (VAE(2, 4, 5, likelihood="gaussian", smallest=0.1), Amortized(MeanField(2), mlp(4, 3, 4))),
        (
            HierarchicalVAE((2, 1), 4, 5),
            Layered(Amortized(MeanField(2), mlp(4, 3, 4)), Amortized(MeanField(1), mlp(2, 3, 2))),
        ),
    ):
        model, q = model.to(dtype), q.to(dtype)
        value = reparametrized(model, q, x, 3, generator=generator(0))
        assert value.shape == batch and value.dtype == dtype and bool(value.isfinite().all())
        seen, hidden = model.sample(2, generator(0))
        assert (
            seen.shape == (2, 4)
            and hidden.shape == (2, model.latent_dim)
            and seen.dtype == hidden.dtype == dtype
        )
        again, _ = model.sample(2, generator(0))
        assert torch.equal(seen, again)


def test_a_vae_fits_probabilistic_pca_through_the_elbo(evidence):
    """Trained by sticking the landing on the digits, mean field: its evidence is that of the closed form, and its axes are aligned."""
    x = digits(binary=False, dtype=DOUBLE).train[:500]
    latent, best = 3, ProbabilisticPCA.maximum_likelihood(x, 3)
    p = VAE(latent, 64, 0, generator(0), likelihood="gaussian", scale="shared").double()
    q = Amortized(MeanField(latent), mlp(64, 0, 2 * latent, generator(1))).double()
    with torch.no_grad():
        p.decoder[0].bias.copy_(x.mean(0))
        q.encoder[0].weight[latent:].zero_()
    for rate in (0.02, 0.002):
        fit(p, q, x, sticking_the_landing, steps=700, learning_rate=rate, seed=1, progress=False)
    gap = (best.log_evidence(x).mean() - p.log_evidence(x).mean()).item()
    gram = (p.decoder[0].weight.mT @ p.decoder[0].weight).detach()
    off = (gram - torch.diag(gram.diagonal())).abs().max() / gram.diagonal().max()
    assert -1e-9 < gap < 0.02 and off < 0.1
    evidence(
        "models.VAE, linear, trained (nats below the maximum)",
        "ProbabilisticPCA.maximum_likelihood on the digits",
        error=gap,
    )


def test_analytic_kl_takes_a_gaussian_vae():
    p, q = (
        VAE(2, 4, 5, likelihood="gaussian", scale="diagonal"),
        Amortized(MeanField(2), mlp(4, 3, 4)),
    )
    assert analytic_kl(p, q, torch.ones(3, 4), 2).shape == (3,)


# ------------------------------------------------------------------ the autoencoder


def test_linear_autoencoder_at_best_leaves_the_small_eigenvalues(evidence):
    """Set to the principal axes, its loss is the sum of the eigenvalues left out, and no direction goes down."""
    x = digits(binary=False, dtype=DOUBLE).train[:400]
    values, vectors = torch.linalg.eigh(torch.cov(x.mT, correction=0))
    model = Autoencoder(3, 64, 0, loss="gaussian").double()
    axes, centre = vectors[:, -3:], x.mean(0)
    with torch.no_grad():
        model.encoder[0].weight.copy_(axes.mT), model.encoder[0].bias.copy_(-axes.mT @ centre)
        model.decoder[0].weight.copy_(axes), model.decoder[0].bias.copy_(centre)
    loss = model.loss(x).mean()
    steepest = max(g.abs().max().item() for g in gradients(loss, model).values())
    error = max(abs(loss.item() - values[:-3].sum().item()), steepest)
    assert error < 1e-10
    evidence(
        "models.Autoencoder, linear", "eigenvalues of the covariance (PCA); zero slope", error=error
    )


def test_autoencoder_loss_against_torch(evidence):
    model, x = weighted(Autoencoder(2, 5, 4)), randn(3, 5, seed=1).sigmoid()
    code = (
        torch.tanh(x @ model.encoder[0].weight.mT + model.encoder[0].bias)
        @ model.encoder[2].weight.mT
        + model.encoder[2].bias
    )
    picture = model.decode(code)
    wanted = -(x * picture.log() + (1 - x) * (1 - picture).log()).sum(-1)
    error = max((model.loss(x) - wanted).abs().max(), (model.encode(x) - code).abs().max())
    assert error < 1e-12
    evidence("models.Autoencoder", "cross-entropy written out", error=error)

"""The mixture of Gaussians against scikit-learn, torch.distributions and its own samples."""

from __future__ import annotations

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from sklearn.mixture import GaussianMixture as Theirs
from torch.distributions import MultivariateNormal

from course_vi.models import GaussianMixture


def mixture(clusters: int = 3, dim: int = 2) -> GaussianMixture:
    roots = randn(clusters, dim, dim, seed=0)
    covariances = roots @ roots.mT + 0.2 * torch.eye(dim, dtype=DOUBLE)
    return GaussianMixture(
        randn(clusters, seed=1).softmax(-1), 2 * randn(clusters, dim, seed=2), covariances
    )


@pytest.mark.parametrize("dim", [1, 2, 4])
def test_against_sklearn(dim, evidence):
    model, x = mixture(dim=dim), 3 * randn(50, dim, seed=3)
    theirs = Theirs(3)
    theirs.weights_, theirs.means_ = (
        model.logits.detach().softmax(-1).numpy(),
        model.locs.detach().numpy(),
    )
    covariances = (model.roots @ model.roots.mT).detach()
    theirs.covariances_, theirs.precisions_cholesky_ = (
        covariances.numpy(),
        torch.linalg.inv(torch.linalg.cholesky(covariances)).mT.numpy(),
    )
    errors = [
        model.log_evidence(x) - torch.as_tensor(theirs.score_samples(x.numpy())),
        model.responsibilities(x) - torch.as_tensor(theirs.predict_proba(x.numpy())),
    ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-10
    evidence("models.GaussianMixture", "sklearn.mixture: score_samples, predict_proba", error=worst)


def test_joint_and_bayes_rule(evidence):
    model, x = mixture(), randn(4, 2, seed=3)
    z = torch.tensor([0.0, 2, 1, 1, 0], dtype=DOUBLE).view(5, 1, 1).expand(5, 4, 1)
    covariances = model.roots @ model.roots.mT
    wanted = torch.stack(
        [MultivariateNormal(model.locs[c], covariances[c]).log_prob(x) for c in (0, 2, 1, 1, 0)]
    )
    wanted = wanted + model.logits.log_softmax(-1)[[0, 2, 1, 1, 0]].unsqueeze(-1)
    joint = model.log_joint(x, z)
    bayes = joint - model.posterior(x).log_prob(z) - model.log_evidence(x)
    named = model.prior().log_prob(z) + model.likelihood(z).log_prob(x)
    worst = max((joint - wanted).abs().max(), bayes.abs().max(), (named - wanted).abs().max())
    assert (
        joint.shape == (5, 4)
        and worst < 1e-12
        and model.posterior(x).sample((3,)).shape == (3, 4, 1)
    )
    evidence("models.GaussianMixture, joint", "torch.distributions; Bayes' rule", error=worst)


def test_slope_and_samples(evidence):
    """Fisher's identity with the exact posterior; samples by the means and second moments of each cluster."""
    model, x = mixture(), randn(4, 2, seed=3)
    slope = torch.autograd.grad(model.log_evidence(x).sum(), list(model.parameters()))
    every = model.log_joint_all(x)
    fisher = torch.autograd.grad(
        (model.responsibilities(x).detach() * every).sum(), list(model.parameters())
    )
    assert all(torch.allclose(a, b, atol=1e-11) for a, b in zip(slope, fisher, strict=True))
    draws, label = model.sample(40_000, generator(0))
    chosen = torch.nn.functional.one_hot(label[:, 0].long(), 3).double()
    off = draws - model.locs.detach()[label[:, 0].long()]
    weights, covariances = (
        model.logits.detach().softmax(-1),
        (model.roots @ model.roots.mT).detach(),
    )
    squares = chosen[:, :, None, None] * (off.unsqueeze(-1) * off.unsqueeze(-2)).unsqueeze(1)
    score = max(
        mean_z(chosen, weights),
        mean_z(chosen.unsqueeze(-1) * off.unsqueeze(-2), 0.0),
        mean_z(squares, weights[:, None, None] * covariances),
    )
    assert score < LIMIT
    evidence("models.GaussianMixture.sample", "exact weights, means and covariances", z=score)


@pytest.mark.parametrize(
    "run, message",
    [
        (
            lambda: GaussianMixture(torch.ones(2), torch.zeros(2, 1), torch.ones(2, 1, 1)),
            "weights are no probabilities",
        ),
        (
            lambda: GaussianMixture(torch.ones(1), torch.zeros(2, 1), torch.ones(2, 1, 1)),
            "weights, locs and covariances have shapes",
        ),
        (
            lambda: GaussianMixture(torch.ones(1), torch.zeros(1, 1), -torch.ones(1, 1, 1)),
            "not positive definite",
        ),
        (
            lambda: mixture().log_joint(torch.zeros(2), torch.full((1, 1), 3.0)),
            "no whole number from 0 to 2",
        ),
        (
            lambda: mixture().log_evidence(torch.tensor([0.0, torch.nan])),
            "x has 1 entries that are NaN",
        ),
        (lambda: mixture().log_evidence(torch.zeros(3)), "x has shape"),
    ],
)
def test_refusals(run, message):
    with pytest.raises(ValueError, match=message):
        run()

"""Independent answers, and the yardsticks to hold a measurement against them."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_vi import exact
from course_vi.diagnostics import GradientMoments
from course_vi.families import Family
from course_vi.models import ConjugateToy, LinearGaussianSSM, Model, TwoBernoullis

LIMIT = 4.5  # standard errors
DOUBLE = torch.float64


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=DOUBLE)


def worst_z(moments: GradientMoments, exactly: dict[str, Tensor], rare: float = 0.0) -> float:
    """The largest |z| over all entries; a mean that does not vary must be right to the last digits.

    Entries whose standard error is below ``rare`` (the outer bins of a spline, which almost no sample visits) are no normal
    variables at that many replicates: they must only be right to within ten times ``rare``.
    """
    worst = 0.0
    for name, answer in exactly.items():
        error = (moments.mean[name] - answer).abs()
        spread = moments.standard_error[name]
        frozen = spread < 1e-14 * (1 + answer.abs()) + rare
        assert bool((error[frozen] <= 1e-10 * (1 + answer.abs()[frozen]) + 10 * rare).all()), (
            f"{name} does not vary, and is wrong"
        )
        if bool((~frozen).any()):
            worst = max(worst, (error[~frozen] / spread[~frozen]).max().item())
    return worst


def mean_z(samples: Tensor, exactly: Tensor | float) -> float:
    """The largest |z| of the means over the first axis."""
    standard_error = samples.std(0) / math.sqrt(samples.shape[0])
    return ((samples.mean(0) - exactly) / standard_error).abs().max().item()


def variance_z(samples: Tensor, exactly: Tensor | float) -> float:
    """The largest |z| of the variances over the first axis, with the standard error of (g - mean)^2."""
    squared = (samples - samples.mean(0)).square()
    return mean_z(squared, exactly)


def gradients(value: Tensor, module: nn.Module) -> dict[str, Tensor]:
    """The exact gradient of an exact value, by parameter name; zero where a parameter plays no part."""
    named = dict(module.named_parameters())
    found = torch.autograd.grad(value, list(named.values()), allow_unused=True)
    return {
        name: torch.zeros_like(parameter) if gradient is None else gradient
        for (name, parameter), gradient in zip(named.items(), found, strict=True)
    }


def gradients_of(
    estimator: Callable[..., Tensor], p: Model, q: Family, x: Tensor, **kwargs: object
) -> dict[str, Tensor]:
    """One estimate of the gradient, q's parameters under their names and p's with ``p.`` in front."""
    value = estimator(p, q, x, **kwargs).sum()
    both = nn.ModuleDict({"q": q, "p": p})
    return {name.removeprefix("q."): gradient for name, gradient in gradients(value, both).items()}


class Quadratic(Model):
    r"""log p(x, z) = -z'Az/2 + b'z + c: for a positive definite A, a Gaussian posterior N(A^{-1} b, A^{-1}) whose ELBO is a formula."""

    def __init__(self, precision: Tensor, shift: Tensor, constant: float = 0.0) -> None:
        super().__init__()
        self.precision, self.shift, self.constant = precision, shift, constant
        self.latent_dim, self.data_dim = len(shift), 1

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        return {
            "quadratic": -0.5 * ((z @ self.precision) * z).sum(-1) + z @ self.shift + self.constant
        }

    def exact_elbo(self, loc: Tensor, covariance: Tensor) -> Tensor:
        expected = (
            -0.5 * (loc @ self.precision @ loc + (self.precision * covariance).sum())
            + loc @ self.shift
            + self.constant
        )
        return expected + 0.5 * torch.logdet(2 * math.pi * math.e * covariance)

    def log_evidence(self, x: Tensor) -> Tensor:
        best = torch.linalg.solve(self.precision, self.shift)
        return (
            0.5 * self.shift @ best
            + self.constant
            + 0.5 * torch.logdet(2 * math.pi * torch.linalg.inv(self.precision))
        )


def quadratic(dim: int, seed: int = 0) -> Quadratic:
    root = randn(dim, dim, seed=seed)
    return Quadratic(
        root @ root.mT / dim + 0.5 * torch.eye(dim, dtype=DOUBLE),
        randn(dim, seed=seed + 1),
        constant=-0.7,
    )


def covariance_of(q: Family) -> Tensor:
    """The covariance of a Gaussian family from its parameters, written without the library's own formulas."""
    diagonal = torch.diag((2 * q.log_scale).exp())
    if hasattr(q, "factor"):
        return diagonal + q.factor @ q.factor.mT
    if hasattr(q, "lower"):
        root = torch.tril(q.lower, diagonal=-1) + torch.diag(q.log_scale.exp())
        return root @ root.mT
    if hasattr(q, "pattern"):
        root = torch.diag((-q.log_scale).exp()).index_put((q.pattern[0], q.pattern[1]), q.entries)
        return torch.linalg.inv(root @ root.mT)
    return diagonal


def expected_bound(
    p: Model,
    loc: Tensor,
    log_scale: Tensor,
    x: Tensor,
    bound: Callable[[Tensor], Tensor],
    num_samples: int,
    order: int = 40,
) -> Tensor:
    """E L_K for a one-dimensional q = N(loc, exp(log_scale)^2) by quadrature over all K noises; differentiable in q and p."""
    points, weights = exact.gauss_hermite(order, like=loc)
    eps = (
        torch.cartesian_prod(*[points] * num_samples).reshape(-1, num_samples).mT.unsqueeze(-1)
    )  # (K, P, 1)
    weight = torch.cartesian_prod(*[weights] * num_samples).reshape(-1, num_samples).prod(-1)
    z = loc + log_scale.exp() * eps
    log_q = -0.5 * (eps.square() + math.log(2 * math.pi)).sum(-1) - log_scale.sum()
    return (weight * bound(p.log_joint(x.expand(z.shape[1], -1), z) - log_q)).sum()


class ReplicatedBernoullis(TwoBernoullis):
    """R copies of the model in one, so that R independent gradients of theta come from one backward pass."""

    def __init__(self, model: TwoBernoullis, replicates: int) -> None:
        super().__init__()
        self.intercepts = nn.Parameter(model.intercepts.detach().expand(replicates, 2).clone())
        self.slopes = nn.Parameter(model.slopes.detach().expand(replicates, 2).clone())

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        return {
            "prior": ConjugateToy().log_factors(z, z)["prior"],
            "likelihood": self.likelihood(z).log_prob(x),
        }


class DensityModel(Model):
    """log p(x, z) = the log-density of a given family at z (given x): its posterior is that family, and its evidence is 1."""

    def __init__(self, family: Family, data_dim: int) -> None:
        super().__init__()
        self.latent_dim, self.data_dim = family.dim, data_dim
        self.family = family.requires_grad_(False)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        return {"all": self.family(x, z)}


def regression_elbo(
    x: Tensor, loc: Tensor, covariance: Tensor, prior_scale: float, order: int = 64
) -> Tensor:
    """The ELBO of Bayesian logistic regression under N(loc, covariance), exactly: each logit is a one-dimensional normal."""
    features, signs = x[:, :-1], 2 * x[:, -1] - 1
    scale = ((features @ covariance) * features).sum(-1).sqrt()
    fit = exact.normal_expectation(
        lambda logit: torch.nn.functional.logsigmoid(signs * logit), features @ loc, scale, order
    ).sum()
    dim = len(loc)
    prior = -0.5 * (loc @ loc + torch.trace(covariance)) / prior_scale**2 - 0.5 * dim * math.log(
        2 * math.pi * prior_scale**2
    )
    return fit + prior + 0.5 * torch.logdet(2 * math.pi * math.e * covariance)


def tracker(steps: int = 6, d: int = 2, p: int = 3) -> LinearGaussianSSM:
    def covariance(size: int, seed: int):
        root = randn(size, size, seed=seed)
        return root @ root.mT / size + 0.3 * torch.eye(size, dtype=DOUBLE)

    return LinearGaussianSSM(
        0.9 * torch.linalg.qr(randn(d, d, seed=0))[0],
        randn(p, d, seed=1),
        covariance(d, 2),
        covariance(p, 3),
        randn(d, seed=4),
        covariance(d, 5),
        steps,
    )

"""The models of the laboratory, a q at the distance that was asked for, and their exact answers."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.families import MeanField
from course_vi.laboratory.exact_bound import WeightMoments, expected_power_bound
from course_vi.laboratory.settings import Settings
from course_vi.models import TwoBernoullis
from course_vi.models.base import Model

__all__ = ["ExactAnswer", "NormalLocation", "Problem", "exact_answer", "problem", "theta_name"]

REACH, POINTS = 12.0, 801  # of the noise, for the model without a closed form


class NormalLocation(Model):
    r"""The conjugate toy with a prior mean to learn.

    .. math:: z \sim N(\theta, I), \quad x \mid z \sim N(z, I) \quad\Rightarrow\quad
              z \mid x \sim N\big(\tfrac{x + \theta}2, \tfrac12 I\big), \quad x \sim N(\theta, 2I).

    Args:
        dim: D = Dx. The parameter ``loc`` is :math:`\theta`, ``(*B, D)``, zero at first.

    Source: the toy of Rainforth et al., "Tighter variational bounds are not necessarily better", ICML 2018.

    >>> model, x = NormalLocation(), torch.tensor([2.0])
    >>> z = torch.randn(5, 1)
    >>> bayes = model.log_joint(x, z) - model.posterior(x).log_prob(z)
    >>> torch.allclose(bayes, model.log_evidence(x).expand(5))
    True
    """

    replicable = True

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        self.latent_dim = self.data_dim = dim
        self.loc = nn.Parameter(torch.zeros(dim))

    def prior(self) -> DiagonalNormal:
        return DiagonalNormal(self.loc, torch.zeros_like(self.loc))

    def likelihood(self, z: Tensor) -> DiagonalNormal:
        return DiagonalNormal(z, torch.zeros_like(z[..., :1]).expand(z.shape))

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        theta = self.loc.detach()
        z, noise = (
            torch.randn(
                n, self.latent_dim, generator=generator, dtype=theta.dtype, device=theta.device
            )
            for _ in range(2)
        )
        z = theta + z
        return z + noise, z

    def log_evidence(self, x: Tensor) -> Tensor:
        return DiagonalNormal(self.loc, torch.full_like(self.loc, 0.5 * math.log(2))).log_prob(x)

    def posterior(self, x: Tensor) -> DiagonalNormal:
        loc = (x + self.loc) / 2
        return DiagonalNormal(loc, torch.full_like(loc, -0.5 * math.log(2)))


class Problem(NamedTuple):
    """A model, a q at its distance from the posterior, and a datum ``(Dx,)``."""

    p: Model
    q: MeanField
    x: Tensor


class ExactAnswer(NamedTuple):
    """What no sample can be wrong about.

    Attributes:
        log_evidence: log p(x).
        bound: the expectation of the K-sample bound.
        gradient: of that expectation, of the first entry of each parameter, ``{name: number}``.
    """

    log_evidence: float
    bound: float
    gradient: dict[str, float]


def theta_name(settings: Settings) -> str:
    """Which parameter of the model is shown, as ``gradient_samples`` calls it."""
    return "p.loc" if settings.model == "linear Gaussian" else "p.slopes"


def problem(
    settings: Settings,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> Problem:
    """Model, family and datum of these settings, in this precision and place."""
    model, x, loc, scale = _model(settings, settings.dim)
    q = MeanField(settings.dim, loc + settings.shift * scale, (settings.scale * scale).log())
    return Problem(model.to(device, dtype), q.to(device, dtype), x.to(device, dtype))


def exact_answer(settings: Settings) -> ExactAnswer:
    """Evidence, bound and gradient of these settings, in double precision; whatever D and K are, in milliseconds.

    The coordinates of the linear Gaussian model are alike, so that a derivative in what all share is D times that in the first.

    >>> at_best = exact_answer(Settings(shift=0.0, scale=1.0))
    >>> abs(at_best.bound - at_best.log_evidence) < 1e-12
    True
    """
    found = _exact(replace(settings, estimator="reparametrized", replicates=2, seed=0))
    return found._replace(gradient=dict(found.gradient))


@lru_cache(maxsize=64)
def _exact(settings: Settings) -> ExactAnswer:
    """Kept, since all estimators ask for the same."""
    p, q, x = problem(replace(settings, dim=1))
    count = settings.dim
    gaussian = settings.model == "linear Gaussian"
    moments = _gaussian_moments(p, q, x, count) if gaussian else _grid_moments(p, q, x)
    bound = expected_power_bound(moments, settings.num_samples, settings.effective_alpha)
    named = {**dict(q.named_parameters()), **{f"p.{name}": v for name, v in p.named_parameters()}}
    slopes = torch.autograd.grad(bound, list(named.values()), allow_unused=True)
    gradient = {
        name: 0.0 if slope is None else float(slope.reshape(-1)[0]) / count
        for name, slope in zip(named, slopes, strict=True)
    }
    return ExactAnswer(count * float(p.log_evidence(x).detach()), float(bound.detach()), gradient)


def _model(settings: Settings, dim: int) -> tuple[Model, Tensor, Tensor, Tensor]:
    """The model, its datum, and mean and standard deviation of the exact posterior, ``(D,)`` each, in double precision."""
    if settings.model == "linear Gaussian":
        toy, x = NormalLocation(dim).double(), torch.full((dim,), 2.0, dtype=torch.float64)
        posterior = toy.posterior(x)
        return toy, x, posterior.loc.detach(), posterior.stddev
    model, x = TwoBernoullis().double(), torch.ones(2, dtype=torch.float64)
    with torch.no_grad():
        loc, scale = model.posterior_moments(x)
    return model, x, loc.reshape(1), scale.reshape(1)


def _log_weights(p: Model, q: MeanField, x: Tensor, eps: Tensor) -> Tensor:
    """log w ``(N,)`` at noise ``(N,)``, for one latent."""
    z = q.transport(eps.unsqueeze(-1))
    return p.log_joint(x, z) - q(x, z)


def _gaussian_moments(p: Model, q: MeanField, x: Tensor, count: int) -> WeightMoments:
    r"""Where log w is a + b eps + c eps^2 in each of D coordinates: read off at three places, and E w^p in closed form."""
    low, middle, high = _log_weights(p, q, x, torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64))
    b, c = (high - low) / 2, (high + low) / 2 - middle

    def log_moment(power: Tensor) -> Tensor:
        left = 1 - 2 * power * c
        return count * (power * middle - left.log() / 2 + (power * b).square() / (2 * left))

    slope, bend = float(b.detach()), float(c.detach())
    spread = math.sqrt(count * (slope**2 + 2 * bend**2))
    return WeightMoments(log_moment, count * (middle + c), spread, *_finite_powers(bend))


def _grid_moments(p: Model, q: MeanField, x: Tensor) -> WeightMoments:
    """Of one latent without a closed form: by the trapezoid rule. The prior N(0, 1) rules the tails of log w."""
    eps = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64)
    log_density = (-eps.square() / 2).log_softmax(0)
    log_w = _log_weights(p, q, x, eps)

    def log_moment(power: Tensor) -> Tensor:
        terms = log_density + power.unsqueeze(-1) * log_w
        pivot = terms.real.amax(-1, keepdim=True).detach()
        return (terms - pivot).exp().sum(-1).log() + pivot.squeeze(-1)

    density = log_density.exp()
    mean = (density * log_w).sum()
    spread = float((density * (log_w - mean).square()).sum().sqrt().detach())
    bend = float(0.5 * (1 - (2 * q.log_scale).exp().detach()))
    return WeightMoments(log_moment, mean, spread, *_finite_powers(bend))


def _finite_powers(bend: float) -> tuple[float, float]:
    """The range of powers whose moment is finite, where log w grows like bend * eps^2."""
    edge = 0.5 / bend if abs(bend) > 1e-12 else math.inf
    return (edge if edge < 0 else -math.inf), (edge if edge > 0 else math.inf)

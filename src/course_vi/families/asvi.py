r"""Automatic structured variational inference: the family keeps the arrows of the prior, and says how far to trust each.

.. math:: q(z) = \prod_j N\big(z_j;\ \lambda_j\, m_j(\mathrm{pa}_j) + (1 - \lambda_j)\, \alpha_j,\
                                   \rho_j\, s_j(\mathrm{pa}_j) + (1 - \rho_j)\, \beta_j\big), \qquad 0 < \lambda_j, \rho_j < 1

where :math:`p(z_j \mid \mathrm{pa}_j) = N(m_j(\mathrm{pa}_j), s_j(\mathrm{pa}_j)^2)` is the prior's own conditional, evaluated at the
*sampled* parents. With every :math:`\lambda, \rho \to 1` q is the prior, with 0 it is the diagonal Gaussian; in between, what comes
later in the graph still follows what came before. Four numbers for each latent, and no design by hand.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, LogNormal, Normal

from course_vi import validate
from course_vi.distributions import HALF_LOG_TWO_PI, Printed
from course_vi.families.base import Family
from course_vi.graph import NetModel

__all__ = ["ASVI"]


class _Structured(Printed):
    """The density of one ASVI family for one x: latents in the order of the graph, parents before children."""

    batch_shape = torch.Size()

    def __init__(self, family: ASVI, x: Tensor | None) -> None:
        self.family, self.event_shape = family, torch.Size([family.dim])
        self.given: dict[str, Tensor] = {}
        if family.reads:
            if x is None:
                raise ValueError(
                    f"x is None; expected the data, because {', '.join(family.reads)} are parents of latents"
                )
            validate.event_size("x", x, family.model.data_dim)
            data = family.model.unpack(x, family.model.observed)
            self.given = {name: data[name] for name in family.reads}

    def _loc_and_scale(self, name: str, values: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        family, prior = self.family, _normal(name, self.family.model.net.distribution(name, values))
        shape = family.model.net.shape(name)
        trust, spread, loc, log_scale = (
            parameter[family.places[name]].view(shape)
            for parameter in (family.trust, family.spread_trust, family.loc, family.log_scale)
        )
        mix, mix_scale = trust.sigmoid(), spread.sigmoid()
        return mix * prior.loc + (1 - mix) * loc, mix_scale * prior.scale + (
            1 - mix_scale
        ) * log_scale.exp()

    def transport(self, eps: Tensor) -> Tensor:
        family, values = self.family, {**self.family.model.net.observed, **self.given}
        for name in family.order:
            loc, scale = self._loc_and_scale(name, values)
            z = loc + scale * eps[..., family.places[name]].reshape(
                (*eps.shape[:-1], *family.model.net.shape(name))
            )
            values[name] = z.exp() if name in family.positive else z
        return torch.cat([_flat(values[name], eps) for name in family.model.latent], -1)

    def log_prob(self, z: Tensor) -> Tensor:
        family = self.family
        values = {
            **family.model.net.observed,
            **self.given,
            **family.model.unpack(z, family.model.latent),
        }
        total = torch.zeros(z.shape[:-1], dtype=z.dtype, device=z.device)
        for name in family.order:
            loc, scale = self._loc_and_scale(name, values)
            value = values[name].log() if name in family.positive else values[name]
            log_q = -0.5 * ((value - loc) / scale).square() - scale.log() - HALF_LOG_TWO_PI
            log_q = log_q - value if name in family.positive else log_q
            total = total + _flat(log_q, z).sum(-1)
        return total


class ASVI(Family):
    r"""The convex-update family of a Bayesian network: each latent's prior conditional, at the sampled parents, trusted in part.

    .. math:: q(z) = \prod_j N\big(z_j;\ \lambda_j\, m_j(\mathrm{pa}_j) + (1 - \lambda_j)\, \alpha_j,\
                                       \rho_j\, s_j(\mathrm{pa}_j) + (1 - \rho_j)\, \beta_j\big), \qquad 0 < \lambda_j, \rho_j < 1

    It contains the exact posterior of a chain :math:`z_t \mid z_{t-1} \sim N(a z_{t-1}, s^2)` with Gaussian measurements of each z_t:
    there the posterior's own conditionals shrink the prior's slope and scale. What it cannot say is dependence that only the data
    create, such as two causes of one effect: latents of which neither is an ancestor of the
    other, and that have no common ancestor, stay independent.

    Args:
        model: a net as a model, ``net.as_model(observed, latent)``. Every latent must be normal or log-normal given its parents
            (``Independent`` around it is fine); learned parameters of the net's recipes are taken as constants, as they are now.

    Parameters ``trust`` and ``spread_trust`` (lambda and rho before a sigmoid), ``loc`` and ``log_scale`` (alpha and log beta; of
    log z where z is log-normal), ``(D,)`` each, in the order of z; all start at zero.

    Raises:
        TypeError: ``model`` is no net, or a latent has another distribution.
        ValueError: a recipe reads a learned parameter that does not belong to a module (it could not be held constant).

    Source: Ambrogioni et al., "Automatic structured variational inference", AISTATS 2021.

    >>> from course_vi.graph import BayesNet
    >>> net = BayesNet(a=lambda: Normal(0.0, 1.0), b=lambda a: Normal(a, 1.0), x=lambda b: Normal(b, 1.0))
    >>> q = ASVI(net.as_model(observed=["x"], latent=["a", "b"]))
    >>> q.sample(3, torch.zeros(5, 1)).shape, q(None, torch.zeros(2)).shape
    (torch.Size([3, 5, 2]), torch.Size([]))
    """

    loc: nn.Parameter
    log_scale: nn.Parameter
    trust: nn.Parameter
    spread_trust: nn.Parameter

    def __init__(self, model: NetModel) -> None:
        super().__init__()
        if not isinstance(model, NetModel):
            raise TypeError(
                f"model is a {type(model).__name__}; expected a net as a model, from BayesNet.as_model"
            )
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.dim = self.noise_dim = model.latent_dim
        net, latent = self.model.net, self.model.latent
        self.order = [name for name in net.order if name in latent]
        ends = torch.tensor([net.shape(name).numel() for name in latent]).cumsum(0).tolist()
        self.places = {
            name: slice(start, end)
            for name, start, end in zip(latent, [0, *ends], ends, strict=False)
        }
        self.reads = tuple(
            name
            for name in self.model.observed
            if any(name in net.parents[child] for child in latent)
        )
        values = net.sample(2, torch.Generator().manual_seed(0))
        densities = {name: net.distribution(name, values) for name in self.order}
        self.positive = frozenset(
            name for name, density in densities.items() if isinstance(_bare(density), LogNormal)
        )
        for name, density in densities.items():
            if (
                _normal(name, density).loc.requires_grad
                or _normal(name, density).scale.requires_grad
            ):
                raise ValueError(
                    f"node {name} reads a parameter that no module of the net owns; expected an nn.Module as its recipe"
                )
        for name in ("trust", "spread_trust", "loc", "log_scale"):
            setattr(self, name, nn.Parameter(torch.zeros(self.dim)))

    def distribution(self, x: Tensor | None = None) -> _Structured:
        return _Structured(self, x)


def _flat(value: Tensor, like: Tensor) -> Tensor:
    """``(*B, *plates, *event)`` as ``(*B, size)``, with the batch of ``like``."""
    return value.flatten(like.dim() - 1) if value.dim() >= like.dim() else value.unsqueeze(-1)


def _bare(density: Distribution) -> Distribution:
    while isinstance(density, Independent):
        density = density.base_dist
    return density


def _normal(name: str, density: Distribution) -> Normal:
    """The normal inside, of log z where z is log-normal; or a refusal."""
    bare = _bare(density)
    if isinstance(bare, LogNormal) and isinstance(bare.base_dist, Normal):
        return bare.base_dist
    if not isinstance(bare, Normal):
        raise TypeError(
            f"latent {name} is {type(bare).__name__} given its parents; expected Normal or LogNormal"
        )
    return bare

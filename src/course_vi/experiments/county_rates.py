r"""A mixed model with many groups: deaths from breast cancer in 301 counties, each with a rate of its own.

.. math:: \alpha \sim N(0, 1), \quad \log\tau \sim N(-1, 1), \quad z_i \mid \alpha, \tau \sim N(\alpha, \tau^2), \quad
          y_i \mid z_i \sim \mathrm{Poisson}(e_i\, e^{z_i}), \qquad i = 1, \dots, n.

Given :math:`(\alpha, \tau)` the counties are independent, so that every exact answer is a sum over a grid of three axes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Normal, Poisson

from course_vi.graph import BayesNet, plate
from course_vi.graph.model import NetModel
from course_vi.models import Model

__all__ = ["CountyRates", "Moments", "counties"]


class Moments(NamedTuple):
    """What is exactly known of a posterior.

    Attributes:
        loc, scale: means and standard deviations of the latents, ``(D,)``.
        log_evidence: log p(x).
    """

    loc: Tensor
    scale: Tensor
    log_evidence: float


def counties(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Counts y and expected counts e of 301 counties, ``(301,)`` both: e is the county's share of all people times all cases.

    Source: J. A. Rice, *Mathematical Statistics and Data Analysis*; the file that statsmodels brings along.
    """
    from statsmodels.datasets import cancer

    table = cancer.load_pandas().data
    y = torch.tensor(table["cancer"].to_numpy(), dtype=dtype)
    people = torch.tensor(table["population"].to_numpy(), dtype=dtype)
    return y, y.sum() * people / people.sum()


class CountyRates(Model):
    r"""The model above. A datum is all the counts, ``(n,)``; the event is :math:`z = (z_1, \dots, z_n, \alpha, \log\tau)`.

    Args:
        expected: e, ``(n,)``.
        centred: whether the family speaks of the counties' log rates. If not, of how many :math:`\tau` each is above or below
            :math:`\alpha`; the model of y is the same, its ``place`` leads from these latents to log rates.

    >>> p = CountyRates(torch.tensor([3.0, 5.0]))
    >>> p.log_joint(torch.tensor([2.0, 6.0]), torch.zeros(7, 4)).shape
    torch.Size([7])
    """

    shown = ("centred",)

    def __init__(self, expected: Tensor, centred: bool = True) -> None:
        super().__init__()
        self.centred, self.data_dim, self.latent_dim = (
            centred,
            len(expected),
            len(expected) + 2,
        )
        self.expected: Tensor
        self.register_buffer("expected", expected)

    def place(self, z: Tensor) -> Tensor:
        """The log rates, alpha and log tau that these latents stand for, ``(*B, n + 2)``."""
        if self.centred:
            return z
        alpha, log_tau = z[..., -2:-1], z[..., -1:]
        return torch.cat([alpha + log_tau.exp() * z[..., :-2], z[..., -2:]], -1)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        rates, alpha, log_tau = self.place(z)[..., :-2], z[..., -2], z[..., -1]
        if self.centred:
            residual = (rates - alpha.unsqueeze(-1)) * (-log_tau.unsqueeze(-1)).exp()
            log_width = log_tau * self.data_dim
        else:
            residual, log_width = z[..., :-2], torch.zeros_like(log_tau)
        logit = rates + self.expected.log()
        likelihood = x * logit - logit.exp() - torch.lgamma(x + 1)
        constant = 0.5 * self.data_dim * math.log(2 * math.pi)
        return {
            "alpha": Normal(0.0, 1.0).log_prob(alpha),
            "log_tau": Normal(-1.0, 1.0).log_prob(log_tau),
            "rates": -0.5 * residual.square().sum(-1) - log_width - constant,
            "likelihood": likelihood.sum(-1),
        }

    def as_net(self, copies: int = 1) -> NetModel:
        """The same model, centred, as a graph: what ``families.ASVI`` reads.

        Args:
            copies: so many of it side by side, in a plate around it all.
        """
        e, each, county = self.expected, plate("copy", copies), plate("county", self.data_dim)
        zero, one = torch.zeros_like(e[0]), torch.ones_like(e[0])
        return BayesNet(
            alpha=each(lambda: Normal(zero, one)),
            log_tau=each(lambda: Normal(-one, one)),
            z=each(county(lambda alpha, log_tau: Normal(alpha, log_tau.exp()))),
            y=each(county(lambda z: Poisson(e * z.exp()))),
        ).as_model(observed=["y"], latent=["z", "alpha", "log_tau"])

    def posterior_moments(
        self,
        x: Tensor,
        alpha: Tensor | None = None,
        log_tau: Tensor | None = None,
        rate: Tensor | None = None,
    ) -> Moments:
        """Exact means, standard deviations and log evidence, of the log rates, alpha and log tau, by sums over a grid.

        Args:
            alpha, log_tau, rate: even grids of one axis each, wide enough to hold the posterior and finer than it is wide. Those used by
                default suit the 301 counties.
        """
        x = x.double()
        e = self.expected.double()
        z = torch.linspace(-2.0, 2.0, 801, dtype=torch.float64) if rate is None else rate
        width = float(z[1] - z[0])
        logit = z + e.log().unsqueeze(-1)
        likelihood = x.unsqueeze(-1) * logit - logit.exp() - torch.lgamma(x + 1).unsqueeze(-1)
        most = likelihood.amax(-1)
        likelihood = (likelihood - most.unsqueeze(-1)).exp()  # (n, fine)
        if alpha is None:
            alpha = torch.linspace(-0.15, 0.13, 29, dtype=torch.float64)
        if log_tau is None:
            log_tau = torch.linspace(-2.2, -0.9, 29, dtype=torch.float64)
        pair = torch.cartesian_prod(alpha, log_tau)  # (G, 2)
        prior = Normal(pair[:, :1], pair[:, 1:].exp()).log_prob(z).exp()  # (G, fine)
        mass = width * likelihood @ prior.T  # (n, G)
        first = width * (likelihood * z) @ prior.T / mass
        second = width * (likelihood * z.square()) @ prior.T / mass
        log_p = (mass.log() + most.unsqueeze(-1)).sum(0)
        log_p = log_p + Normal(0.0, 1.0).log_prob(pair[:, 0]) + Normal(-1.0, 1.0).log_prob(pair[:, 1])  # fmt: skip
        cell = math.log(float((alpha[1] - alpha[0]) * (log_tau[1] - log_tau[0])))
        weight = log_p.softmax(0)
        loc = torch.cat([first @ weight, pair.T @ weight])
        squares = torch.cat([second @ weight, pair.square().T @ weight])
        return Moments(loc, (squares - loc.square()).sqrt(), float(log_p.logsumexp(0) + cell))

r"""Eight schools (Rubin 1981): a hierarchical model of ten latents whose posterior is a sum on a grid, an old test of samplers.

.. math:: \mu \sim N(0, 5^2), \quad \tau \sim \mathrm{HalfCauchy}(5), \quad
          \theta_j \sim N(\mu, \tau^2), \quad y_j \sim N(\theta_j, \sigma_j^2)

Given :math:`\tau` all is Gaussian, so :math:`p(y \mid \tau)` is a normal density and the posterior of :math:`\tau` one integral.
"""

from __future__ import annotations

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import MCMC, NUTS
from torch import Tensor

__all__ = [
    "EFFECTS",
    "ERRORS",
    "centred",
    "non_centred",
    "posterior_of_log_tau",
    "run_nuts",
]

EFFECTS = (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0)
ERRORS = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)


def _levels(y: Tensor) -> tuple[Tensor, Tensor]:
    zero = y.new_zeros(())
    mu = pyro.sample("mu", dist.Normal(zero, 5.0))
    return mu, pyro.sample("tau", dist.HalfCauchy(zero + 5.0))


def centred(y: Tensor, sigma: Tensor) -> None:
    """The schools' effects theta are drawn around mu, with deviation tau."""
    mu, tau = _levels(y)
    with pyro.plate("school", len(y)):
        theta = pyro.sample("theta", dist.Normal(mu, tau))
        pyro.sample("y", dist.Normal(theta, sigma), obs=y)


def non_centred(y: Tensor, sigma: Tensor) -> None:
    """The same distribution of (mu, tau, theta, y); what is drawn is eps, and theta = mu + tau eps."""
    mu, tau = _levels(y)
    with pyro.plate("school", len(y)):
        eps = pyro.sample("eps", dist.Normal(torch.zeros_like(y), 1.0))
        theta = pyro.deterministic("theta", mu + tau * eps)
        pyro.sample("y", dist.Normal(theta, sigma), obs=y)


def posterior_of_log_tau(y: Tensor, sigma: Tensor, points: int = 4001) -> tuple[Tensor, Tensor]:
    """Places of log tau and their exact probabilities, ``(points,)`` each.

    >>> import torch
    >>> y, sigma = torch.tensor(EFFECTS).double(), torch.tensor(ERRORS).double()
    >>> log_tau, weight = posterior_of_log_tau(y, sigma)
    >>> round(float(weight @ log_tau), 3)
    0.802
    """
    log_tau = torch.linspace(-12.0, 9.0, points, dtype=y.dtype)
    tau = log_tau.exp()
    shared = 25.0 * torch.ones(len(y), len(y), dtype=y.dtype)
    covariance = torch.diag_embed(sigma.square() + tau.square().unsqueeze(-1)) + shared
    log_p = dist.MultivariateNormal(torch.zeros_like(y), covariance).log_prob(y)
    log_prior = dist.HalfCauchy(torch.tensor(5.0, dtype=y.dtype)).log_prob(tau) + log_tau
    return log_tau, (log_p + log_prior).softmax(0)


def run_nuts(
    model: object, seed: int, warm_up: int, draws: int, *args: Tensor
) -> tuple[dict[str, Tensor], int]:
    """Draws of one chain by Pyro's NUTS, ``{site: (draws, ...)}``, and how many of its paths diverged.

    Pyro draws from torch's global generator, whose state outside is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        pyro.set_rng_seed(seed)
        kernel = NUTS(model, jit_compile=True, ignore_jit_warnings=True)
        chain = MCMC(kernel, num_samples=draws, warmup_steps=warm_up, disable_progbar=True)
        chain.run(*args)
    diverged = chain.diagnostics()["divergences"]["chain 0"]
    return {name: value.detach() for name, value in chain.get_samples().items()}, len(diverged)

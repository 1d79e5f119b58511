r"""Eight schools: a model of your own, with a latent that is positive, and the evidence as exact as you like.

.. math:: \mu \sim N(0, 5^2), \quad \tau \sim \text{half-normal}(5), \quad
          \theta_j \sim N(\mu, \tau^2), \quad y_j \sim N(\theta_j, \sigma_j^2)

Shown: ``Model`` by subclass, a family carried over to positive latents by ``Transformed``, ``fit`` to rest, importance sampling with
Pareto's k-hat. Asserted: log p(y) and the posterior mean of tau are those of quadrature (theta and mu integrate out by hand; tau remains).
"""

import torch
from torch.distributions import HalfNormal, MultivariateNormal, Normal

from course_vi import exact
from course_vi.diagnostics import importance_log_evidence, pareto_smoothed
from course_vi.families import Blocks, Exp, FullRank, Transformed
from course_vi.gradients import sticking_the_landing
from course_vi.learning import fit
from course_vi.models import Model

y = torch.tensor([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
sigma = torch.tensor([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])


class EightSchools(Model):
    latent_dim, data_dim = (
        10,
        8,
    )  # z = (mu, tau, eight times (theta - mu) / tau); one datum is all of y

    def log_factors(self, x, z):
        mu, tau, eta = z[..., :1], z[..., 1:2], z[..., 2:]
        return {
            "mu": Normal(0.0, 5.0).log_prob(mu).sum(-1),
            "tau": HalfNormal(5.0).log_prob(tau).sum(-1),
            "eta": Normal(0.0, 1.0).log_prob(eta).sum(-1),
            "y": Normal(mu + tau * eta, sigma).log_prob(x).sum(-1),
        }


p = EightSchools()
q = Transformed(FullRank(10), Blocks((1, None), (1, Exp()), (8, None)))
fit(p, q, y, sticking_the_landing, steps=1000, num_samples=4, learning_rate=0.03, average_from=500)
found = importance_log_evidence(p, q, y, 50_000, torch.Generator().manual_seed(0))


def log_joint_of_tau(u):
    """log p(y, u) for tau = exp(u): theta and mu are out, so y is one normal vector."""
    tau = u.exp()
    covariance = torch.diag_embed(sigma.double() ** 2 + tau**2) + 5.0**2
    return (
        MultivariateNormal(torch.zeros(8).double(), covariance).log_prob(y.double())
        + (HalfNormal(5.0).log_prob(tau) + u)[:, 0]
    )


def log_integral(log_f):
    return exact.log_integral(log_f, -12.0, 5.0, points=1001)


truth = log_integral(log_joint_of_tau)
mean_tau = (log_integral(lambda u: log_joint_of_tau(u) + u[:, 0]) - truth).exp()
z = q.sample(50_000, generator=torch.Generator().manual_seed(1))
smoothed = pareto_smoothed((p.log_joint(y, z) - q(None, z)).detach())
w, tau = smoothed.log_weights.softmax(0), z[:, 1]
estimate = (w * tau).sum()
error = (w * (tau - estimate)).square().sum().sqrt()
print(f"log p(y) = {found.value:.3f} +- {found.standard_error:.3f}, exact {truth.item():.3f}")
print(
    f"E tau = {estimate:.3f} +- {error:.3f}, exact {mean_tau.item():.3f}; k-hat {smoothed.khat:.2f}"
)
assert abs(found.value - truth) < 4.5 * found.standard_error and smoothed.khat < 0.7
assert abs(estimate - mean_tau) < 4.5 * error

import math

import torch
from torch import Tensor

# %% right functional_gradient: torch.distributions for the value, torch.func.grad for the slopes, hypot for the scale of y, relu for the border
def ml_two(y: Tensor, sigma: float, mu: Tensor, log_tau: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    y, mu, log_tau = y.detach(), mu.detach(), log_tau.detach()
    noise = torch.full_like(log_tau, float(sigma))

    def evidence(place, log_width):
        scale = torch.hypot(noise, log_width.exp()).unsqueeze(-1)
        offset = y - place.unsqueeze(-1)
        return torch.distributions.Normal(torch.zeros_like(offset), scale.expand_as(offset), validate_args=False).log_prob(offset).sum(-1)

    value = evidence(mu, log_tau)
    slopes = torch.func.grad(lambda a, b: evidence(a, b).sum(), argnums=(0, 1))(mu, log_tau)
    first = y[..., :1]
    centre = first + (y - first).mean(-1, keepdim=True)
    residual = y - centre
    tau2 = torch.relu(residual.square().mean(-1, keepdim=True) - float(sigma) ** 2)
    means = torch.lerp(centre.expand_as(y), y, tau2 / (tau2 + float(sigma) ** 2))
    return value, torch.stack(slopes, -1), torch.cat((centre, tau2), -1), means

# %% wrong slope_along_the_ridge: the slope in log tau is taken with mu at the mean of y and not at the mu that was given; the two agree in every printed example
def ml_two(y: Tensor, sigma: float, mu: Tensor, log_tau: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    J = y.shape[-1]
    centre = y.mean(-1, keepdim=True)
    scatter = (y - centre).square().sum(-1)
    tau2 = (2 * log_tau).exp()
    v = sigma**2 + tau2
    offset = y - mu.unsqueeze(-1)
    value = -0.5 * offset.square().sum(-1) / v - 0.5 * J * (2 * math.pi * v).log()
    gradient = torch.stack((offset.sum(-1) / v, tau2 * (scatter / v**2 - J / v)), -1)
    best_tau2 = (scatter / J - sigma**2).clamp(min=0)
    means = centre + (best_tau2 / (best_tau2 + sigma**2)).unsqueeze(-1) * (y - centre)
    return value, gradient, torch.stack((centre.squeeze(-1), best_tau2), -1), means

# %% wrong border_for_everyone: whether the best tau^2 is on the border is asked once for all data sets, with an if and all(), so negative variances survive in a mixed batch
def ml_two(y: Tensor, sigma: float, mu: Tensor, log_tau: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    J = y.shape[-1]
    tau2 = (2 * log_tau).exp()
    v = sigma**2 + tau2
    offset = y - mu.unsqueeze(-1)
    value = -0.5 * offset.square().sum(-1) / v - 0.5 * J * (2 * math.pi * v).log()
    gradient = torch.stack((offset.sum(-1) / v, tau2 * (offset.square().sum(-1) / v**2 - J / v)), -1)
    centre = y.mean(-1, keepdim=True)
    best_tau2 = (y - centre).square().mean(-1) - sigma**2
    if (best_tau2 <= 0).all():
        best_tau2 = torch.zeros_like(best_tau2)
    means = centre + (best_tau2 / (best_tau2 + sigma**2)).unsqueeze(-1) * (y - centre)
    return value, gradient, torch.stack((centre.squeeze(-1), best_tau2), -1), means

# %% wrong mean_of_squares: the spread of y as mean of squares minus square of the mean, which loses its digits for y that lie a million sigma from zero
def ml_two(y: Tensor, sigma: float, mu: Tensor, log_tau: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    J = y.shape[-1]
    tau2 = (2 * log_tau).exp()
    v = sigma**2 + tau2
    offset = y - mu.unsqueeze(-1)
    value = -0.5 * offset.square().sum(-1) / v - 0.5 * J * (2 * math.pi * v).log()
    gradient = torch.stack((offset.sum(-1) / v, tau2 * (offset.square().sum(-1) / v**2 - J / v)), -1)
    centre = y.mean(-1)
    best_tau2 = (y.square().mean(-1) - centre.square() - sigma**2).clamp(min=0)
    means = centre.unsqueeze(-1) + (best_tau2 / (best_tau2 + sigma**2)).unsqueeze(-1) * (y - centre.unsqueeze(-1))
    return value, gradient, torch.stack((centre, best_tau2), -1), means

# %% wrong means_past_the_border: tau^2 is clamped for the answer, but the shrinking factor 1 - sigma^2 / spread is not, so groups that should coincide are turned over; it is Stein's formula without its positive part
def ml_two(y: Tensor, sigma: float, mu: Tensor, log_tau: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    J = y.shape[-1]
    tau2 = (2 * log_tau).exp()
    v = sigma**2 + tau2
    offset = y - mu.unsqueeze(-1)
    value = -0.5 * offset.square().sum(-1) / v - 0.5 * J * (2 * math.pi * v).log()
    gradient = torch.stack((offset.sum(-1) / v, tau2 * (offset.square().sum(-1) / v**2 - J / v)), -1)
    centre = y.mean(-1, keepdim=True)
    spread = (y - centre).square().mean(-1, keepdim=True)
    best_tau2 = (spread - sigma**2).clamp(min=0)
    means = centre + (1 - sigma**2 / spread) * (y - centre)
    return value, gradient, torch.cat((centre, best_tau2), -1), means

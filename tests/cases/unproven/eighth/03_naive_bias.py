import math

import torch
from torch import Tensor

# %% right functional_vjp: the gradient of the closed-form ELBO from autograd.functional with a cotangent of ones, and its negative, as the naive mean is zero
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    def elbo(m, log_s):
        prior = -0.5 * (m.square() + (2 * log_s).exp())
        likelihood = -0.5 * ((x - m).square() + (2 * log_s).exp())
        return prior + likelihood + log_s

    with torch.enable_grad():
        _, slopes = torch.autograd.functional.vjp(elbo, (loc.detach(), log_scale.detach()), torch.ones_like(loc))
    return -slopes[0], -slopes[1]

# %% wrong mean_over_the_batch: differentiates the mean ELBO of all data, as a training loop does, so that each slope is divided by their number; right for one datum
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    m, log_s = loc.detach().clone().requires_grad_(), log_scale.detach().clone().requires_grad_()
    with torch.enable_grad():
        elbo = (-0.5 * m.square() - 0.5 * (x - m).square() - (2 * log_s).exp() + log_s).sum(-1).mean()
        slopes = torch.autograd.grad(elbo, (m, log_s))
    return -slopes[0], -slopes[1]

# %% wrong precision_of_q: the slope in loc is the miss over the variance of q, and not over that of the posterior; zero in the right place, and exact at s^2 = 1/2
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    s2 = (2 * log_scale).exp()
    return (loc - x / 2) / s2, 2 * s2 - 1

# %% wrong first_order_at_the_posterior: for log_scale the bias to first order around the posterior's, 2 (log s - log s*), sold as the whole; it is a line where an exponential is asked
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return 2 * loc - x, 2 * (log_scale + 0.5 * math.log(2)) + 0 * x

# %% wrong measured_bias: the difference between 4,000 seeded naive and pathwise gradients, which is a measurement with two digits and no closed form
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    generator = torch.Generator(device=loc.device).manual_seed(0)
    eps = torch.randn(4000, *loc.shape, generator=generator, dtype=loc.dtype, device=loc.device)
    s = log_scale.exp()
    z = loc + s * eps
    naive = eps / s, eps.square() - 1
    naive = -naive[0], -naive[1]
    along_path = -z + (x - z)
    path = along_path, along_path * s * eps + 1
    return (naive[0] - path[0]).mean(0), (naive[1] - path[1]).mean(0)

import math

import torch
from torch import Tensor


def log_normal(z: Tensor, loc: Tensor, log_scale: Tensor) -> Tensor:
    return (-0.5 * ((z - loc) * (-log_scale).exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% right the_score_taken_off: writes the total derivative and subtracts the score term, the same density at a z that does not move, less its own value
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = torch.addcmul(loc, log_scale.exp(), eps)
    alive = log_normal(z, loc, log_scale)
    score = log_normal(z.detach(), loc, log_scale)
    log_w = p.log_joint(x, z) - alive + (score - score.detach())
    return torch.einsum("k...->...", log_w) / eps.shape[0]

# %% wrong noise_is_constant: writes log q in the noise, minus half of eps squared less log sigma, and detaches log sigma: no path through log q is left, and the entropy has no gradient
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps**2 - log_scale.detach() - 0.5 * math.log(2 * math.pi)).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong log_of_the_mean: averages weights and not logarithms, the bound that one uses with many samples; the same for one
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_w = p.log_joint(x, z) - log_normal(z, loc.detach(), log_scale.detach())
    return log_w.logsumexp(0) - math.log(len(eps))

# %% wrong gradient_of_the_batch_mean: values datum by datum, and behind each of them the gradient of the mean over the batch, as the training loop's loss has it; the sum over data is right
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    bound = (p.log_joint(x, z) - log_normal(z, loc.detach(), log_scale.detach())).mean(0)
    loss = bound.mean()
    return bound.detach() + (loss - loss.detach())

# %% wrong only_the_scale_frozen: holds the scale constant inside log q, as the score of the mean "is zero anyway", so the mean's score stays in
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - log_normal(z, loc, log_scale.detach())).mean(0)

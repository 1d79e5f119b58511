import math

import torch
from torch.distributions import Normal

HALF = 0.5 * math.log(2 * math.pi)


def estimate(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - (-0.5 * eps**2 - HALF - log_scale).sum(-1)).mean(0)


# %% right loop_over_samples: One draw at a time.
def pathwise_elbo(p, loc, log_scale, x, eps):
    q, total = Normal(loc, log_scale.exp()), 0.0
    for e in eps:
        z = (loc + log_scale.exp() * e).unsqueeze(0)
        total = total + (p.log_joint(x, z) - q.log_prob(z).sum(-1))[0]
    return total / len(eps)


# %% right loop_over_data: Datum by datum.
def pathwise_elbo(p, loc, log_scale, x, eps):
    if loc.dim() == 1:
        return estimate(p, loc, log_scale, x, eps)
    return torch.stack(
        [pathwise_elbo(p, loc[b], log_scale[b], x[b], eps[:, b]) for b in range(len(x))]
    )


# %% wrong destroys: The noise is stretched in place.
def pathwise_elbo(p, loc, log_scale, x, eps):
    out = estimate(p, loc, log_scale, x, eps.clone())
    eps *= log_scale.detach().exp()
    return out


# %% wrong batch_mean: Every row carries the batch's mean gradient.
def pathwise_elbo(p, loc, log_scale, x, eps):
    value = estimate(p, loc, log_scale, x, eps)
    mean = value.mean()
    return value.detach() + (mean - mean.detach())


# %% wrong batch_sum_split: The batch's total gradient is divided evenly among the rows.
def pathwise_elbo(p, loc, log_scale, x, eps):
    value = estimate(p, loc, log_scale, x, eps)
    rest = value - value.detach()
    return value.detach() + rest.sum() * torch.ones_like(value) / value.numel()


# %% wrong neighbour: Each row carries its neighbour's gradient.
def pathwise_elbo(p, loc, log_scale, x, eps):
    value = estimate(p, loc, log_scale, x, eps)
    other = value.reshape(-1).roll(1).reshape(value.shape)
    return value.detach() + (other - other.detach())


# %% wrong reversed_rows: The rows' gradients in reverse order.
def pathwise_elbo(p, loc, log_scale, x, eps):
    value = estimate(p, loc, log_scale, x, eps)
    other = value.reshape(-1).flip(0).reshape(value.shape)
    return value.detach() + (other - other.detach())


# %% wrong scale_clamped: The scale is kept above a hundredth and below ten.
def pathwise_elbo(p, loc, log_scale, x, eps):
    return estimate(p, loc, log_scale.clamp(math.log(1e-2), math.log(10)), x, eps)


# %% wrong log_weight_floor: Log weights below -1000 are cut off.
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - (-0.5 * eps**2 - HALF - log_scale).sum(-1)).clamp(min=-1000).mean(0)


# %% wrong first_samples: Only the first four samples are averaged.
def pathwise_elbo(p, loc, log_scale, x, eps):
    return estimate(p, loc, log_scale, x, eps[:4])

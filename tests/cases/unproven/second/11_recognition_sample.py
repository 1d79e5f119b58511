import math
import numpy as np
import torch
from torch import Tensor
from torch.distributions import Independent, Normal

# %% right torch_density: an Independent Normal of the two halves, asked at its own sample
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    D = weight.shape[0] // 2
    out = torch.einsum("od,...d->...o", weight, x) + bias
    q = Independent(Normal(out[..., :D], out[..., D:].exp()), 1)
    z = q.base_dist.loc + q.base_dist.scale * eps
    return z, q.log_prob(z)

# %% right change_of_variables: standard normal density of the noise less the logarithm of the stretch
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return z, log_q

# %% right datum_by_datum: a loop over flattened data, two separate affine maps for means and log scales
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    D = bias.numel() // 2
    flat_x, flat_eps = x.reshape(-1, x.shape[-1]), eps.reshape(eps.shape[0], -1, D)
    zs, logs = [], []
    for b in range(len(flat_x)):
        m, r = weight[:D] @ flat_x[b] + bias[:D], weight[D:] @ flat_x[b] + bias[D:]
        zs.append(m + torch.exp(r) * flat_eps[:, b])
        logs.append(Normal(0.0, 1.0).log_prob(flat_eps[:, b]).sum(-1) - r.sum())
    return torch.stack(zs, 1).reshape(eps.shape), torch.stack(logs, 1).reshape(eps.shape[:-1])

# %% wrong clamped_log_scale: the log scale is clamped to [-7, 3] for stability
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    log_scale = log_scale.clamp(-7.0, 3.0)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return z, log_q

# %% wrong log_variances: the second half is read as log variances in the density and as log scales in the sample
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - 0.5 * log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return z, log_q

# %% wrong interleaved_halves: means and log scales are read from alternating outputs; right for D = 1
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = torch.nn.functional.linear(x, weight, bias).unflatten(-1, (-1, 2)).unbind(-1)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return z, log_q

# %% wrong split_at_axis_one: the outputs are split along axis 1, which is the last only for one batch axis; otherwise the last is taken in a wrong order
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    out = x @ weight.T + bias
    D = eps.shape[-1]
    loc, log_scale = (out[:, :D], out[:, D:]) if out.dim() == 2 else out.unflatten(-1, (D, 2)).unbind(-1)
    z = loc + log_scale.exp() * eps
    return z, Normal(loc, log_scale.exp()).log_prob(z).sum(-1)

# %% wrong density_averaged: the coordinates of the log density are averaged; right for D = 1
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).mean(-1)
    return z, log_q

# %% wrong scale_with_a_floor: 1e-5 is added to the scale in sample and density
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = (x @ weight.T + bias).chunk(2, -1)
    scale = log_scale.exp() + 1e-5
    z = loc + scale * eps
    return z, Normal(loc, scale).log_prob(z).sum(-1)

# %% wrong softplus_scale: below a log scale of -2 softplus stands in for the exponential, in sample and density
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, rho = (x @ weight.T + bias).chunk(2, -1)
    scale = torch.where(rho > -2, rho.exp(), torch.nn.functional.softplus(rho))
    z = loc + scale * eps
    return z, Normal(loc, scale).log_prob(z).sum(-1)

# %% wrong noise_standardized: the noise is standardized over the samples before use when there are several
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    if len(eps) > 2:
        eps = (eps - eps.mean(0)) / eps.std(0)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return z, log_q

# %% wrong single_precision: means and scales are computed in float32
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = torch.nn.functional.linear(x.float(), weight.float(), bias.float()).to(x.dtype).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return z, log_q

# %% wrong noise_overwritten: the noise is multiplied and shifted in place and handed back as the sample
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = (x @ weight.T + bias).chunk(2, -1)
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    z = loc + log_scale.exp() * eps.clone()
    eps.copy_(z.detach())
    return z, log_q

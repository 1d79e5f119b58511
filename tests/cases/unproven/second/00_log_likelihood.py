import math
import numpy as np
import torch
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal


# %% right independent: torch.distributions with the event axis named
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    return Independent(Normal(z, log_scale.exp().expand_as(z)), 1).log_prob(x)


# %% right by_sample: one sample and one coordinate at a time
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    rows = []
    for z_k in z:
        total = 0.0
        for d in range(len(log_scale)):
            r = (x[..., d] - z_k[..., d]) * torch.exp(-log_scale[d])
            total = total - r**2 / 2 - log_scale[d] - math.log(2 * math.pi) / 2
        rows.append(total)
    return torch.stack(rows)


# %% right einsum_numpy: NumPy, with the quadratic form as an einsum
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    d = x.numpy()[None] - z.numpy()
    precision = np.exp(-2 * log_scale.numpy())
    quad = np.einsum("...d,d,...d->...", d, precision, d)
    return torch.from_numpy(np.asarray(-0.5 * (quad + np.log(2 * np.pi) * d.shape[-1]) - log_scale.numpy().sum()))


# %% wrong axis_two: sums over axis 2, the event only if there is exactly one batch axis
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    terms = Normal(z, log_scale.exp()).log_prob(x)
    return terms.sum(2) if terms.ndim > 2 else terms.sum(-1)


# %% wrong pairs_when_k_is_b: pairs sample k with datum k whenever the two counts agree
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    if x.ndim == 2 and x.shape[0] == z.shape[0]:
        x = x.unsqueeze(1)
    return Normal(z, log_scale.exp()).log_prob(x).sum(-1)


# %% wrong first_scale: the normalizer uses D times the first log-scale
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    D = z.shape[-1]
    r = (x - z) / log_scale.exp()
    return -0.5 * r.square().sum(-1) - D * log_scale[0] - 0.5 * D * math.log(2 * math.pi)


# %% wrong clamped_scale: a standard deviation below 1e-3 is raised to 1e-3
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    return Normal(z, log_scale.exp().clamp(min=1e-3)).log_prob(x).sum(-1)


# %% wrong eps_in_variance: adds 1e-6 to the variance
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    var = (2 * log_scale).exp() + 1e-6
    return (-0.5 * ((x - z) ** 2 / var + var.log() + math.log(2 * math.pi))).sum(-1)


# %% wrong product_of_densities: multiplies the densities of the coordinates and takes the logarithm at the end
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    return Normal(z, log_scale.exp()).log_prob(x).exp().prod(-1).log()


# %% wrong rounded_constant: writes 0.9189 for half of log 2 pi
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    return (-0.5 * ((x - z) * (-log_scale).exp()) ** 2 - log_scale - 0.9189).sum(-1)


# %% wrong flattened_batch: returns (K, number of data) whatever the batch axes were
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    K, D = z.shape[0], z.shape[-1]
    z, x = z.reshape(K, -1, D), x.reshape(-1, D)
    return Normal(z, log_scale.exp()).log_prob(x).sum(-1)


# %% wrong repeat_interleave: repeats each datum K times in a row and reshapes, so that samples meet a neighbour's datum
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    K, D = z.shape[0], z.shape[-1]
    x = x.reshape(-1, D).repeat_interleave(K, 0).reshape(z.shape)
    return Normal(z, log_scale.exp()).log_prob(x).sum(-1)


# %% wrong expanded_square: x^2 - 2xz + z^2 cancels when both lie far from zero
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    p = (-2 * log_scale).exp()
    quad = (x**2) @ p - 2 * (x * z) @ p + (z**2) @ p
    return -0.5 * quad - log_scale.sum() - 0.5 * z.shape[-1] * math.log(2 * math.pi)


# %% wrong single_precision: subtracts in float32 and casts back
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    return Normal(z.float(), log_scale.float().exp()).log_prob(x.float()).sum(-1).to(z.dtype)


# %% wrong squeezed: also drops a batch (or a K) of one
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    return Normal(z, log_scale.exp()).log_prob(x).sum(-1).squeeze()


# %% wrong constant_once: half of log 2 pi once instead of once per coordinate, right for D = 1
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    r = (x - z) / log_scale.exp()
    return -0.5 * r.square().sum(-1) - log_scale.sum() - 0.5 * math.log(2 * math.pi)


# %% wrong clipped_residual: residuals beyond ten standard deviations are clipped, so far-out data look likelier
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    r = ((x - z) / log_scale.exp()).clamp(-10, 10)
    return (-0.5 * r**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)

import math
import torch
import torch.nn.functional as F
from torch import Tensor

# %% right mvn: a multivariate normal with a diagonal covariance matrix
def log_likelihood(x, z, log_scale):
    root = torch.diag_embed(log_scale.exp())
    return torch.distributions.MultivariateNormal(z, scale_tril=root, validate_args=False).log_prob(x)

# %% right loop_over_data: flattens the batch, loops over data and coordinates, puts the axes back
def log_likelihood(x, z, log_scale):
    k, batch, d = z.shape[0], z.shape[1:-1], z.shape[-1]
    xs, zs = x.reshape(-1, d), z.reshape(k, -1, d)
    columns = []
    for b in range(xs.shape[0]):
        total = torch.zeros(k, dtype=z.dtype)
        for i in range(d):
            u = (xs[b, i] - zs[:, b, i]) * torch.exp(-log_scale[i])
            total = total - 0.5 * u * u - log_scale[i] - 0.5 * math.log(2 * math.pi)
        columns.append(total)
    return torch.stack(columns, -1).reshape(k, *batch)

# %% wrong axis_one: takes D from axis 1 of z, which is the batch unless there is none
def log_likelihood(x, z, log_scale):
    u = (x - z) / log_scale.exp()
    return -0.5 * u.square().sum(-1) - log_scale.sum() - 0.5 * z.shape[1] * math.log(2 * math.pi)

# %% wrong nll_loss: torch's gaussian_nll_loss clamps variances at 1e-6, so narrow likelihoods are wrong
def log_likelihood(x, z, log_scale):
    var = (2 * log_scale).exp().expand_as(z)
    return -F.gaussian_nll_loss(z, x.expand_as(z), var, full=True, reduction="none").sum(-1)

# %% wrong flat_batch: the batch comes back flat, (K, prod B), also for none or two batch axes
def log_likelihood(x, z, log_scale):
    d = z.shape[-1]
    u = (x.reshape(1, -1, d) - z.reshape(z.shape[0], -1, d)) / log_scale.exp()
    return (-0.5 * u.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong jitter: a jitter of 1e-6 on the variance, seen for small scales
def log_likelihood(x, z, log_scale):
    var = (2 * log_scale).exp() + 1e-6
    return (-0.5 * (x - z).square() / var - 0.5 * (2 * math.pi * var).log()).sum(-1)

# %% wrong pairs_sample_with_datum: an axis in the wrong place pairs sample k with datum k whenever K = B
def log_likelihood(x, z, log_scale):
    u = (x.unsqueeze(-2) - z) / log_scale.exp()
    return (-0.5 * u.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong one_scale: every coordinate is measured by the mean log scale, right where all scales are equal
def log_likelihood(x, z, log_scale):
    s = log_scale.mean()
    u = (x - z) / s.exp()
    return -0.5 * u.square().sum(-1) - log_scale.sum() - 0.5 * z.shape[-1] * math.log(2 * math.pi)

# %% wrong mixed_order: with two batch axes the data are flattened in one order and put back in the other
def log_likelihood(x, z, log_scale):
    d = z.shape[-1]
    if x.dim() == 3:
        xs = x.transpose(0, 1).reshape(-1, d).reshape(x.shape)
    else:
        xs = x
    u = (xs - z) / log_scale.exp()
    return (-0.5 * u.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong density_first: takes the logarithm of a product of densities, minus infinity far out
def log_likelihood(x, z, log_scale):
    s = log_scale.exp()
    density = torch.exp(-0.5 * ((x - z) / s).square()) / (s * math.sqrt(2 * math.pi))
    return density.prod(-1).log()

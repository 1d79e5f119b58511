import math
import numpy as np
import torch
from torch import Tensor, nn

# %% right variance_and_mean: torch's var and mean over the rows
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.var(0), kl.mean(0)

# %% right numpy_columns: a loop over latents with NumPy
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        out = encoder(x).numpy()
    D = out.shape[1] // 2
    activity, divergence = [], []
    for d in range(D):
        m, r = out[:, d], out[:, D + d]
        activity.append(np.var(m, ddof=1))
        divergence.append(np.mean(0.5 * (m**2 + np.exp(2 * r) - 1) - r))
    return torch.from_numpy(np.array(activity)).to(x.dtype), torch.from_numpy(np.array(divergence)).to(x.dtype)

# %% right row_by_row: the encoder row by row with vmap, covariance diagonal of the means
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    out = torch.stack([encoder(row) for row in x])
    D = out.shape[-1] // 2
    centred = out[:, :D] - out[:, :D].mean(0)
    activity = torch.einsum("nd,nd->d", centred, centred) / (len(x) - 1)
    kl = torch.vmap(lambda m, r: 0.5 * (m * m + torch.exp(2 * r) - 1) - r)(out[:, :D], out[:, D:])
    return activity, kl.sum(0) / len(x)

# %% wrong divided_by_N: the variance divides by N
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.var(0, correction=0), kl.mean(0)

# %% wrong second_moment: the mean square of loc in place of its variance; right where means average to zero
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.square().sum(0) / (len(x) - 1), kl.mean(0)

# %% wrong total_variance: the posterior variance is added: the variance of samples
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.var(0) + (2 * log_scale).exp().mean(0), kl.mean(0)

# %% wrong standard_deviation: the standard deviation in place of the variance; both pass one and zero
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.std(0), kl.mean(0)

# %% wrong divergence_of_the_mean: the divergence of the averaged loc and log scale in place of the averaged divergence
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.mean(0).square() + (2 * log_scale.mean(0)).exp() - 1) - log_scale.mean(0)
    return loc.var(0), kl

# %% wrong log_variances: log_scale is read as a log variance
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + log_scale.exp() - 1 - log_scale)
    return loc.var(0), kl.mean(0)

# %% wrong interleaved: loc and log scale are read from alternating outputs; right for D = 1
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).unflatten(-1, (-1, 2)).unbind(-1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.var(0), kl.mean(0)

# %% wrong sorted_by_activity: both are returned in order of activity and not of latents
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    order = loc.var(0).argsort(descending=True)
    return loc.var(0)[order], kl.mean(0)[order]

# %% wrong inactive_to_zero: an activity below the threshold of 0.01 is set to zero, and its divergence
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    active = loc.var(0) > 0.01
    return loc.var(0) * active, kl.mean(0) * active

# %% wrong one_pass_variance: the variance by E[m^2] - E[m]^2 times N / (N - 1), which loses its digits far from zero
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return (loc.square().mean(0) - loc.mean(0).square()) * (len(x) / (len(x) - 1)), kl.mean(0)

# %% wrong batches_of_a_hundred: computed in batches of 100 of which an incomplete last one is dropped
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    n = len(x) // 100 * 100
    x = x[:n] if n else x
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.var(0), kl.mean(0)

# %% wrong first_rows_only: only the first 200 rows are looked at, to save time
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x[:200]
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.var(0), kl.mean(0)

# %% wrong left_in_eval: the encoder is left in evaluation mode
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder.eval()(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.var(0), kl.mean(0)

# %% wrong narrow_clamped: log scales are clamped to [-5, 5] in the divergence
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    log_scale = log_scale.clamp(-5.0, 5.0)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.var(0), kl.mean(0)

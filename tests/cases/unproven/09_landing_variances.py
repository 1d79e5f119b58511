import torch
from torch import Tensor

# %% right on_paper: derivatives done on paper
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    total = x - 2 * (loc + s * e)
    path = total + e / s
    rows = torch.stack([total, total * s * e + 1, path, path * s * e])
    return torch.cov(rows).diagonal().reshape(2, 2).clone() if replicates > 1 else rows.var(1).reshape(2, 2)

# %% right vmapped: torch.func.grad under vmap, one replicate at a time, Welford's update in numpy
import numpy as np
def landing_variances(loc, log_scale, x, replicates, generator):
    from torch.func import grad, vmap
    noise = torch.randn(replicates, 1, generator=generator, dtype=loc.dtype)
    def log_w(m, r, m0, r0, e):
        z = m + r.exp() * e
        return (-0.5 * z**2 - 0.5 * (x - z) ** 2 + 0.5 * ((z - m0) / r0.exp()) ** 2 + r0).sum()
    total = vmap(grad(lambda m, r, e: log_w(m, r, m, r, e), argnums=(0, 1)), in_dims=(None, None, 0))(loc, log_scale, noise)
    path = vmap(grad(lambda m, r, e: log_w(m, r, loc, log_scale, e), argnums=(0, 1)), in_dims=(None, None, 0))(loc, log_scale, noise)
    table = np.stack([g.detach().numpy()[:, 0] for g in (*total, *path)])
    return torch.as_tensor(table.var(axis=1, ddof=1).reshape(2, 2))

# %% wrong divides_by_r: divides by R and not by R - 1, seen for a handful of replicates
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    total = x - 2 * (loc + s * e)
    path = total + e / s
    return torch.stack([total, total * s * e + 1, path, path * s * e]).var(1, correction=0).reshape(2, 2)

# %% wrong exact_answer: returns the exact variances and measures nothing
def landing_variances(loc, log_scale, x, replicates, generator):
    s, d = log_scale.exp(), x - 2 * loc
    c = 1 / s - 2 * s
    return torch.stack([torch.cat([4 * s**2, d**2 * s**2 + 8 * s**4]), torch.cat([c**2, s**2 * (d**2 + 2 * c**2)])])

# %% wrong reseeds: seeds the generator it was given, so that all generators give the same numbers
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates, generator=generator.manual_seed(0), dtype=loc.dtype)
    s = log_scale.exp()
    total = x - 2 * (loc + s * e)
    path = total + e / s
    return torch.stack([total, total * s * e + 1, path, path * s * e]).var(1).reshape(2, 2)

# %% wrong antithetic: replicates come in pairs of opposite noise, so they are not independent, and a pair overstates the variance of loc by two
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn((replicates + 1) // 2, generator=generator, dtype=loc.dtype)
    e = torch.stack([e, -e], -1).reshape(-1)[:replicates]
    s = log_scale.exp()
    total = x - 2 * (loc + s * e)
    path = total + e / s
    return torch.stack([total, total * s * e + 1, path, path * s * e]).var(1).reshape(2, 2)

# %% wrong moment_matched: the noise is standardized to mean zero and variance one before it is used, so replicates are not independent and the loc column does not vary
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    e = (e - e.mean()) / e.std()
    s = log_scale.exp()
    total = x - 2 * (loc + s * e)
    path = total + e / s
    return torch.stack([total, total * s * e + 1, path, path * s * e]).var(1).reshape(2, 2)

# %% wrong global_stream: noise from torch's global stream, seeded from the generator's seed
def landing_variances(loc, log_scale, x, replicates, generator):
    torch.manual_seed(generator.initial_seed())
    e = torch.randn(replicates, dtype=loc.dtype)
    s = log_scale.exp()
    total = x - 2 * (loc + s * e)
    path = total + e / s
    return torch.stack([total, total * s * e + 1, path, path * s * e]).var(1).reshape(2, 2)

# %% wrong second_moment: mean squares about the exact mean gradient of the total derivative's loc only, about zero elsewhere
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    total = x - 2 * (loc + s * e)
    path = total + e / s
    rows = torch.stack([total - (x - 2 * loc), total * s * e + 1, path - (x - 2 * loc), path * s * e])
    return (rows.square().sum(1) / (replicates - 1)).reshape(2, 2)

# %% wrong scale_only_stuck: the path derivative of log_scale keeps the score of the mean, a path with one parameter frozen
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    total = x - 2 * (loc + s * e)
    path = total + e / s
    return torch.stack([total, total * s * e + 1, path, (total + e / s) * s * e - (e * e - 1)]).var(1).reshape(2, 2)

# %% wrong tenth: uses a tenth of the replicates it was told to use
# not told: the variances are biased
def landing_variances(loc, log_scale, x, replicates, generator):
    r = max(2, replicates // 10)
    e = torch.randn(r, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    total = x - 2 * (loc + s * e)
    path = total + e / s
    return torch.stack([total, total * s * e + 1, path, path * s * e]).var(1).reshape(2, 2)

# %% wrong two_sample_average: gradients with K = 2 instead of one sample
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates, 2, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    total = x - 2 * (loc + s * e)
    path = total + e / s
    return torch.stack([g.mean(1) for g in (total, total * s * e + 1, path, path * s * e)]).var(1).reshape(2, 2)

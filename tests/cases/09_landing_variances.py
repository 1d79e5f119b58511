import torch


def draws(loc, log_scale, x, e, path_shift=2.0):
    s = log_scale.exp()
    z = loc + s * e
    g = x - path_shift * z
    return g, g * s * e + 1, g + e / s, (g + e / s) * s * e


# %% right loop: One replicate at a time, a list of lists.
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates, generator=generator, dtype=torch.float64)
    rows = [[float(v) for v in draws(loc, log_scale, x, one)] for one in e]
    v = torch.tensor(rows, dtype=torch.float64).var(0)
    return [[v[0], v[1]], [v[2], v[3]]]


# %% wrong replicates_dead: A hundred replicates, however many were asked for.
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(100, generator=generator, dtype=torch.float64)
    return torch.stack([t.var() for t in draws(loc, log_scale, x, e)]).reshape(2, 2)


# %% wrong divided_by_r: The sum of squares is divided by R.
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates, generator=generator, dtype=torch.float64)
    return torch.stack([t.var(correction=0) for t in draws(loc, log_scale, x, e)]).reshape(2, 2)


# %% wrong antithetic: Each noise is used with both signs: the replicates are not independent.
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates // 2, generator=generator, dtype=torch.float64)
    e = torch.cat([e, -e])
    return torch.stack([t.var() for t in draws(loc, log_scale, x, e)]).reshape(2, 2)


# %% wrong prior_forgotten: The prior is forgotten.
# not told: Both rows show the total derivative
def landing_variances(loc, log_scale, x, replicates, generator):
    e = torch.randn(replicates, generator=generator, dtype=torch.float64)
    return torch.stack([t.var() for t in draws(loc, log_scale, x, e, path_shift=1.0)]).reshape(2, 2)

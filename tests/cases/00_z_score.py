import numpy as np
import torch

# %% right loop: Entry by entry, by Python's statistics.
import statistics


def z_score(samples, exact):
    flat, a = samples.reshape(len(samples), -1).T.tolist(), exact.reshape(-1).tolist()
    mean = [statistics.fmean(column) for column in flat]
    error = [statistics.stdev(column) / len(column) ** 0.5 for column in flat]
    z = [(m - b) / e for m, b, e in zip(mean, a, error)]
    return tuple(
        torch.tensor(v, dtype=torch.float64).reshape(exact.shape) for v in (mean, error, z)
    )


# %% right numpy: NumPy with ddof=1, a list of three arrays.
def z_score(samples, exact):
    g = samples.numpy()
    mean, error = g.mean(0), g.std(0, ddof=1) / np.sqrt(len(g))
    return [np.asarray(mean), np.asarray(error), np.asarray((mean - exact.numpy()) / error)]


# %% right stacked: The three results stacked in one tensor.
def z_score(samples, exact):
    mean = samples.mean(0)
    error = (samples.var(0) / len(samples)).sqrt()
    return torch.stack((mean, error, (mean - exact) / error))


# %% right vmap: One entry at a time under vmap.
def z_score(samples, exact):
    def one(g, a):
        e = g.std() / len(g) ** 0.5
        return g.mean(), e, (g.mean() - a) / e

    out = torch.func.vmap(one, (1, 0))(samples.reshape(len(samples), -1), exact.reshape(-1))
    return tuple(v.reshape(exact.shape) for v in out)


# %% wrong destroys: The samples are centred in place.
def z_score(samples, exact):
    mean = samples.mean(0)
    samples -= mean
    error = (samples.square().sum(0) / (len(samples) * (len(samples) - 1))).sqrt()
    return mean, error, (mean - exact) / error


# %% wrong small_constant: A small constant under the division, against zeros.
def z_score(samples, exact):
    mean, error = samples.mean(0), samples.std(0) / len(samples) ** 0.5
    return mean, error, (mean - exact) / (error + 1e-4)


# %% wrong error_floor: The standard error is never less than 1e-3.
def z_score(samples, exact):
    mean, error = samples.mean(0), (samples.std(0) / len(samples) ** 0.5).clamp(min=1e-3)
    return mean, error, (mean - exact) / error


# %% wrong z_clamped: z is cut off at ten.
def z_score(samples, exact):
    mean, error = samples.mean(0), samples.std(0) / len(samples) ** 0.5
    return mean, error, ((mean - exact) / error).clamp(-10, 10)


# %% wrong unsigned: z without its sign.
def z_score(samples, exact):
    mean, error = samples.mean(0), samples.std(0) / len(samples) ** 0.5
    return mean, error, ((mean - exact) / error).abs()


# %% wrong first_thousand: Only the first thousand replicates are looked at.
def z_score(samples, exact):
    g = samples[:1000]
    mean, error = g.mean(0), g.std(0) / len(g) ** 0.5
    return mean, error, (mean - exact) / error


# %% wrong pooled_error: One standard error for all entries.
def z_score(samples, exact):
    mean = samples.mean(0)
    error = (
        (samples - mean)
        .square()
        .sum(0)
        .mean()
        .div(len(samples) * (len(samples) - 1))
        .sqrt()
        .expand(exact.shape)
    )
    return mean, error, (mean - exact) / error


# %% wrong single_precision: In single precision, where the mean is large and the spread small.
def z_score(samples, exact):
    g, a = samples.float(), exact.float()
    mean, error = g.mean(0), g.std(0) / len(g) ** 0.5
    return mean.to(samples), error.to(samples), ((mean - a) / error).to(samples)

import itertools
import math

import numpy as np

NAMES = ["right", "another objective", "collapsed"]


def put(right, another, collapsed):
    names = [""] * 3
    names[right], names[another], names[collapsed] = NAMES
    return names


def axes(draws, mean, covariance):
    """Eigenvalues of the data, largest first, and each person's variances along those axes, (3, Dx)."""
    draws, mean, covariance = (np.asarray(each, dtype=float) for each in (draws, mean, covariance))
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    along = (draws - mean) @ vectors[:, ::-1]
    return values[::-1], (along**2).mean(1), draws.shape[1]


def predicted(values, latent_dim, noise, beta=1.0, lost=None):
    """Variances of the pictures along the axes."""
    out = np.full(len(values), noise**2)
    for i in range(latent_dim):
        if i != lost:
            out[i] += max(values[i] - beta * noise**2, 0)
    return out


def misfit(v, expected, count):
    return float((((v - expected) / (expected * math.sqrt(2 / count))) ** 2).sum())


def six(v, count, right, another, collapsed):
    """The best of six orders; collapsed is a list of predictions."""
    cost = [[misfit(v[i], right, count), misfit(v[i], another, count), min(misfit(v[i], each, count) for each in collapsed)] for i in range(3)]
    return put(*min(itertools.permutations(range(3)), key=lambda o: cost[o[0]][0] + cost[o[1]][1] + cost[o[2]][2]))


# %% right best_order: predicts the variance along every eigenvector for each, for the collapsed one with each latent lost in turn, and takes the best of six orders in standard errors
def name_them(draws, mean, covariance, latent_dim, noise_scale, beta):
    values, v, count = axes(draws, mean, covariance)
    lost = [i for i in range(latent_dim) if values[i] > noise_scale**2]
    return six(v, count, predicted(values, latent_dim, noise_scale), predicted(values, latent_dim, noise_scale, beta),
               [predicted(values, latent_dim, noise_scale, 1.0, i) for i in lost])

# %% right likelihood: Gaussian log-likelihoods of the pictures under whole covariance matrices, W by the formula for a fixed noise, the best lost latent for the collapsed one
def name_them(draws, mean, covariance, latent_dim, noise_scale, beta):
    draws, mean, covariance = (np.asarray(each, dtype=float) for each in (draws, mean, covariance))
    values, vectors = np.linalg.eigh(covariance)
    top = list(range(len(values)))[::-1][:latent_dim]
    floor = float(noise_scale) ** 2

    def model(threshold, without=None):
        W = np.zeros((len(values), latent_dim))
        for k, j in enumerate(top):
            if k != without:
                W[:, k] = math.sqrt(max(values[j] - threshold, 0)) * vectors[:, j]
        return W @ W.T + floor * np.eye(len(values))

    def fit(i, C):
        off = draws[i] - mean
        return -0.5 * (len(off) * np.linalg.slogdet(C)[1] + np.trace(np.linalg.solve(C, off.T @ off)))

    useful = [k for k, j in enumerate(top) if values[j] > floor]
    table = [[fit(i, model(floor)), fit(i, model(float(beta) * floor)), max(fit(i, model(floor, k)) for k in useful)] for i in range(3)]
    chosen, most = None, -math.inf
    for o in itertools.permutations(range(3)):
        total = table[o[0]][0] + table[o[1]][1] + table[o[2]][2]
        if total > most:
            chosen, most = put(*o), total
    return chosen

# %% wrong printed_order: the order of the opened case, whatever comes
def name_them(draws, mean, covariance, latent_dim, noise_scale, beta):
    return ["collapsed", "right", "another objective"]

# %% wrong fewest_used: whoever uses fewest axes, those above 1.2 sigma squared, is collapsed, and of the others the one with the larger misfit has another objective; a beta above one kills as many columns or more
def name_them(draws, mean, covariance, latent_dim, noise_scale, beta):
    values, v, count = axes(draws, mean, covariance)
    used = (v > 1.2 * noise_scale**2).sum(1).tolist()
    collapsed = used.index(min(used))
    order = sorted((i for i in range(3) if i != collapsed), key=lambda i: misfit(v[i], predicted(values, latent_dim, noise_scale), count))
    return put(order[0], order[1], collapsed)

# %% wrong last_is_lost: predicts for the collapsed one that the smallest useful latent is the one lost; you are not told which, and it may be the first
def name_them(draws, mean, covariance, latent_dim, noise_scale, beta):
    values, v, count = axes(draws, mean, covariance)
    last = max(i for i in range(latent_dim) if values[i] > noise_scale**2)
    return six(v, count, predicted(values, latent_dim, noise_scale), predicted(values, latent_dim, noise_scale, beta),
               [predicted(values, latent_dim, noise_scale, 1.0, last)])

# %% wrong noise_of_beta: has the pictures of the other objective come with the noise beta sigma^2, at which its W is optimal; sigma is fixed, and only the columns change
def name_them(draws, mean, covariance, latent_dim, noise_scale, beta):
    values, v, count = axes(draws, mean, covariance)
    lost = [i for i in range(latent_dim) if values[i] > noise_scale**2]
    return six(v, count, predicted(values, latent_dim, noise_scale), predicted(values, latent_dim, math.sqrt(beta) * noise_scale),
               [predicted(values, latent_dim, noise_scale, 1.0, i) for i in lost])

# %% wrong beta_turned_round: divides by beta where it multiplies: a beta above one makes the predicted columns longer
def name_them(draws, mean, covariance, latent_dim, noise_scale, beta):
    values, v, count = axes(draws, mean, covariance)
    lost = [i for i in range(latent_dim) if values[i] > noise_scale**2]
    return six(v, count, predicted(values, latent_dim, noise_scale), predicted(values, latent_dim, noise_scale, 1 / beta),
               [predicted(values, latent_dim, noise_scale, 1.0, i) for i in lost])

# %% wrong most_varied_is_right: sorts by total variance, the most varied is right, the least varied is collapsed, without beta; a beta below one makes more varied pictures than the right one
def name_them(draws, mean, covariance, latent_dim, noise_scale, beta):
    _, v, _ = axes(draws, mean, covariance)
    order = v.sum(1).argsort().tolist()
    return put(order[2], order[1], order[0])

# %% wrong all_columns_shrink: finds the right one by its fit, and takes for the other objective whoever of the rest has the smaller leading variance, as a beta above one would have it; the collapsed one may have lost its first, and beta may be below one
def name_them(draws, mean, covariance, latent_dim, noise_scale, beta):
    values, v, count = axes(draws, mean, covariance)
    right = min(range(3), key=lambda i: misfit(v[i], predicted(values, latent_dim, noise_scale), count))
    another = min((i for i in range(3) if i != right), key=lambda i: v[i, 0])
    return put(right, another, 3 - right - another)

# %% wrong first_axis_only: right predictions, judged along the first eigenvector alone: a latent lost elsewhere is not seen there, and right and collapsed are the same
def name_them(draws, mean, covariance, latent_dim, noise_scale, beta):
    values, v, count = axes(draws, mean, covariance)
    lost = [i for i in range(latent_dim) if values[i] > noise_scale**2]
    cut = lambda p: p[:1]
    return six(v[:, :1], count, cut(predicted(values, latent_dim, noise_scale)), cut(predicted(values, latent_dim, noise_scale, beta)),
               [cut(predicted(values, latent_dim, noise_scale, 1.0, i)) for i in lost])

import itertools
import math

import numpy as np

NAMES = ["right", "approximation gap", "amortization gap"]


def put(right, approximation, amortization):
    names = [""] * 3
    names[right], names[approximation], names[amortization] = NAMES
    return names


def arrays(*tensors):
    return [np.asarray(each, dtype=float) for each in tensors]


def posterior(x, weight, variance):
    """The posterior's means, (B, 2), and its precision, (2, 2)."""
    precision = np.eye(2) + weight.T @ weight / variance
    return x @ weight @ np.linalg.inv(precision) / variance, precision


def moments(samples):
    """Mean, (B, 2), and variance, (B, 2), and correlation, (B), of one person's samples, (K, B, 2)."""
    mean, var = samples.mean(0), samples.var(0, ddof=1)
    both = ((samples - mean)[..., 0] * (samples - mean)[..., 1]).sum(0) / (len(samples) - 1)
    return mean, var, both / np.sqrt(var[:, 0] * var[:, 1])


def misfit(samples, mean, covariance):
    """Squared deviations of all moments in standard errors, datum by datum, added up."""
    count = len(samples)
    m, v, r = moments(samples)
    var = np.diag(covariance)
    rho = covariance[0, 1] / math.sqrt(var[0] * var[1])
    total = ((m - mean) ** 2 / (var / count)).sum() + ((v - var) ** 2 / (2 * var**2 / count)).sum()
    return total + (count * (r - rho) ** 2 / (1 - rho**2) ** 2).sum()


def pairs(cost):
    """The best two persons for two predictions, cost: (3, 2)."""
    right, approximation = min(itertools.permutations(range(3), 2), key=lambda o: cost[o[0]][0] + cost[o[1]][1])
    return put(right, approximation, 3 - right - approximation)


# %% right squared_deviations: the posterior and the best independent Gaussian (precisions on the diagonal of the precision) predict all moments of two persons; squared deviations in standard errors, datum by datum, and the best pair; whoever is left has the encoder
def name_them(z, x, weight, variance):
    z, x, weight = arrays(z, x, weight)
    mean, precision = posterior(x, weight, float(variance))
    predictions = (np.linalg.inv(precision), np.diag(1 / np.diag(precision)))
    return pairs([[misfit(z[i], mean, covariance) for covariance in predictions] for i in range(3)])

# %% right likelihood_ratio: the deviance of each person's samples from each of the two predictions, twice the log likelihood ratio of Gaussians, summed over data in a loop
def name_them(z, x, weight, variance):
    z, x, weight = arrays(z, x, weight)
    covariance = np.eye(2) - weight.T @ np.linalg.solve(weight @ weight.T + float(variance) * np.eye(3), weight)
    gain = np.linalg.solve(weight @ weight.T + float(variance) * np.eye(3), weight)
    precisions = [np.linalg.inv(covariance)]
    precisions.append(np.diag(np.diag(precisions[0])))
    cost = np.zeros((3, 2))
    for person, b in itertools.product(range(3), range(len(x))):
        samples = z[person, :, b]
        count = len(samples)
        off = samples.mean(0) - x[b] @ gain
        empirical = np.cov(samples.T, bias=True)
        for k, precision in enumerate(precisions):
            ratio = precision @ empirical
            cost[person, k] += count * (np.trace(ratio) - 2 - math.log(np.linalg.det(ratio)) + off @ precision @ off)
    return pairs(cost)

# %% wrong printed_order: the order of the opened case, whatever comes
def name_them(z, x, weight, variance):
    return ["approximation gap", "amortization gap", "right"]

# %% wrong means_only: the approximation gap has no correlation, and of the others whoever has the better means is right; encoders whose means are right and whose scales or correlations are off are left to chance
def name_them(z, x, weight, variance):
    z, x, weight = arrays(z, x, weight)
    mean, precision = posterior(x, weight, variance)
    approximation = min(range(3), key=lambda i: abs(moments(z[i])[2]).mean())
    right = min((i for i in range(3) if i != approximation), key=lambda i: ((z[i].mean(0) - mean) ** 2).sum())
    return put(right, approximation, 3 - right - approximation)

# %% wrong thrown_together: throws the samples of all data into one heap and compares its mean and covariance with what the two predictions give for the heap; what is above at one datum and below at another averages out, and the spread of the data drowns the rest
def name_them(z, x, weight, variance):
    z, x, weight = arrays(z, x, weight)
    mean, precision = posterior(x, weight, variance)
    between = np.cov(mean.T, bias=True)
    cost = []
    for i in range(3):
        heap = z[i].reshape(-1, 2)
        m, c = heap.mean(0), np.cov(heap.T, bias=True)
        row = []
        for covariance in (np.linalg.inv(precision), np.diag(1 / np.diag(precision))):
            expected = covariance + between
            scale = np.sqrt(np.diag(expected))
            row.append((((m - mean.mean(0)) / scale) ** 2).sum() + (((c - expected) / np.outer(scale, scale)) ** 2).sum())
        cost.append(row)
    return pairs(cost)

# %% wrong posterior_marginals: finds the approximation gap by the posterior's marginal variances with correlation zero, as for forward KL, and takes the best pair; the best independent Gaussian under the ELBO is narrower
def name_them(z, x, weight, variance):
    z, x, weight = arrays(z, x, weight)
    mean, precision = posterior(x, weight, variance)
    covariance = np.linalg.inv(precision)
    approximation = min(range(3), key=lambda i: misfit(z[i], mean, np.diag(np.diag(covariance))))
    spread = [(z[i].var(0) / np.diag(covariance)).mean() for i in range(3)]
    right = min((i for i in range(3) if i != approximation), key=lambda i: abs(spread[i] - 1))
    return put(right, approximation, 3 - right - approximation)

# %% wrong right_then_larger: finds the right one by all moments, and takes the larger misfit of the others for the encoder's, which gets worse for data far out; either gap may be the larger one
def name_them(z, x, weight, variance):
    z, x, weight = arrays(z, x, weight)
    mean, precision = posterior(x, weight, variance)
    order = sorted(range(3), key=lambda i: misfit(z[i], mean, np.linalg.inv(precision)))
    return put(*order)

# %% wrong prior_forgotten: the posterior's precision without the identity of the prior, W' W / sigma^2 alone: right where the data outweigh the prior
def name_them(z, x, weight, variance):
    z, x, weight = arrays(z, x, weight)
    precision = weight.T @ weight / variance
    mean = x @ weight @ np.linalg.inv(precision) / variance
    predictions = (np.linalg.inv(precision), np.diag(1 / np.diag(precision)))
    return pairs([[misfit(z[i], mean, covariance) for covariance in predictions] for i in range(3)])

# %% wrong threshold_on_r: whoever's mean correlation is below 0.1 in size has the approximation gap, and the larger misfit of the rest is the encoder's; the number is the opened case's, and encoders may average to zero, or posteriors hardly correlate
def name_them(z, x, weight, variance):
    z, x, weight = arrays(z, x, weight)
    mean, precision = posterior(x, weight, variance)
    flat = [i for i in range(3) if abs(moments(z[i])[2].mean()) < 0.1] or [0]
    approximation = flat[0]
    order = sorted((i for i in range(3) if i != approximation), key=lambda i: ((z[i].mean(0) - mean) ** 2).sum() + ((z[i].var(0) - np.diag(np.linalg.inv(precision))) ** 2).sum())
    return put(order[0], approximation, order[1])

# %% wrong turned_round: the person who fits the independent Gaussian is called the encoder's, and the one left over the approximation's: an encoder is thought to write independent numbers
def name_them(z, x, weight, variance):
    z, x, weight = arrays(z, x, weight)
    mean, precision = posterior(x, weight, variance)
    predictions = (np.linalg.inv(precision), np.diag(1 / np.diag(precision)))
    swap = {"right": "right", "approximation gap": "amortization gap", "amortization gap": "approximation gap"}
    return [swap[name] for name in pairs([[misfit(z[i], mean, covariance) for covariance in predictions] for i in range(3)])]

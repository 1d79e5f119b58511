import itertools
import math

import numpy as np
import torch
from torch import Tensor

NAMES = ("right", "too narrow", "correlation lost")


def hold(cov, k):
    keep = torch.ones(3, 3, dtype=torch.float64)
    keep[k] = keep[:, k] = 0
    keep[k, k] = 1
    return cov * keep


def candidates(x, s):
    precision = x.mT @ x / s**2 + torch.eye(3, dtype=torch.float64)
    cov = torch.linalg.inv(precision)
    return [[cov], [torch.linalg.inv(hold(precision, k)) for k in range(3)], [hold(cov, k) for k in range(3)]]


def likelihood(draws, mean, cov):
    return float(torch.distributions.MultivariateNormal(mean, covariance_matrix=(cov + cov.mT) / 2).log_prob(draws).sum())


def best_order(scores):
    order = max(itertools.permutations(range(3)), key=lambda o: sum(scores[f][n] for f, n in enumerate(o)))
    return [NAMES[n] for n in order]


# %% right seven_likelihoods: seven covariances for each fit, the log-density of its draws, the best of six orders
def name_them(draws, design, y, noise):
    scores = []
    for d, x, t, s in zip(draws, design, y, noise):
        mean = torch.linalg.inv(x.mT @ x / s**2 + torch.eye(3, dtype=torch.float64)) @ x.mT @ t / s**2
        scores.append([max(likelihood(d, mean, c) for c in group) for group in candidates(x, s)])
    return best_order(scores)


# %% right whitened_divergence: in NumPy: the draws' own covariance, whitened by the posterior's root; its KL from each of the seven, y not used
def name_them(draws, design, y, noise):
    table = np.zeros((3, 3))
    for f in range(3):
        x, s = np.asarray(design[f]), float(noise[f])
        precision = x.T @ x / s**2 + np.eye(3)
        own = np.cov(np.asarray(draws[f]).T)
        cov = np.linalg.inv(precision)
        for n in range(3):
            found = []
            for k in range(3):
                if n == 0:
                    model = precision
                else:
                    at = [j for j in range(3) if j != k]
                    source = precision if n == 1 else cov
                    block = np.zeros((3, 3))
                    block[k, k] = source[k, k]
                    block[np.ix_(at, at)] = source[np.ix_(at, at)]
                    model = block if n == 1 else np.linalg.inv(block)
                root = np.linalg.cholesky(model)
                values = np.linalg.eigvalsh(root.T @ own @ root)
                found.append(0.5 * (values - 1 - np.log(values)).sum())
            table[f, n] = min(found)
    return min(([NAMES[n] for n in o] for o in itertools.permutations(range(3))), key=lambda names: sum(table[f, NAMES.index(m)] for f, m in enumerate(names)))


# %% right soft_over_weights: which weight is held is averaged out (logsumexp over three), the order by the assignment with the largest posterior probability
def name_them(draws, design, y, noise):
    count = draws.shape[1]
    log_p = torch.full((3, 3), -math.inf, dtype=torch.float64)
    centred = draws - draws.mean(1, keepdim=True)
    scatter = centred.mT @ centred
    for f in range(3):
        for n, group in enumerate(candidates(design[f], noise[f])):
            terms = torch.stack([-0.5 * ((count - 1) * torch.logdet(c) + torch.trace(torch.linalg.solve(c, scatter[f]))) for c in group])
            log_p[f, n] = terms.logsumexp(0) - math.log(len(group))
    orders = list(itertools.permutations(range(3)))
    joint = torch.stack([log_p[range(3), list(o)].sum() for o in orders])
    return [NAMES[n] for n in orders[int(joint.argmax())]]


# %% wrong places_of_names: the order is returned the other way round: names as if the list ran over names and told the fit; right for four of the six orders
def name_them(draws, design, y, noise):
    scores = [[max(likelihood(d - d.mean(0), torch.zeros(3, dtype=torch.float64), c) for c in group) for group in candidates(x, s)] for d, x, s in zip(draws, design, noise)]
    order = max(itertools.permutations(range(3)), key=lambda o: sum(scores[f][n] for n, f in enumerate(o)))
    return [NAMES[f] for f in order]


# %% wrong least_is_narrow: the fit with the least volume of its draws is "too narrow", of the others that with the weakest correlations has lost them; no posterior
def name_them(draws, design, y, noise):
    cov = [torch.cov(d.T) for d in draws]
    narrow = min(range(3), key=lambda f: float(torch.logdet(cov[f])))
    rest = [f for f in range(3) if f != narrow]
    lost = min(rest, key=lambda f: float(torch.corrcoef(draws[f].T).tril(-1).square().sum()))
    return ["too narrow" if f == narrow else "correlation lost" if f == lost else "right" for f in range(3)]


# %% wrong held_weight_is_last: the weight that is held for independent is taken to be the last one, always
def name_them(draws, design, y, noise):
    scores = []
    for d, x, s in zip(draws, design, noise):
        right, narrow, lost = candidates(x, s)
        scores.append([likelihood(d - d.mean(0), torch.zeros(3, dtype=torch.float64), c) for c in (right[0], narrow[2], lost[2])])
    return best_order(scores)


# %% wrong one_design: the posterior's covariance of the first regression is used for all three fits
def name_them(draws, design, y, noise):
    group = candidates(design[0], noise[0])
    scores = [[max(likelihood(d - d.mean(0), torch.zeros(3, dtype=torch.float64), c) for c in g) for g in group] for d in draws]
    return best_order(scores)


# %% wrong zero_correlations: the fit whose draws have the largest second-smallest correlation is "right"; of the others the one with less variance than the posterior's is too narrow; fails where the posterior has zeros of its own
def name_them(draws, design, y, noise):
    second = [torch.corrcoef(d.T)[(0, 0, 1), (1, 2, 2)].abs().sort().values[1] for d in draws]
    right = max(range(3), key=lambda f: float(second[f]))
    share = [float((d.var(0) / candidates(x, s)[0][0].diagonal()).min()) for d, x, s in zip(draws, design, noise)]
    narrow = min((f for f in range(3) if f != right), key=lambda f: share[f])
    return ["right" if f == right else "too narrow" if f == narrow else "correlation lost" for f in range(3)]


# %% wrong no_log_det: the seven are scored by the mean squared distance of the draws alone, without the log-determinant, so the widest covariance wins
def name_them(draws, design, y, noise):
    scores = []
    for d, x, s in zip(draws, design, noise):
        own = torch.cov(d.T)
        scores.append([max(-float(torch.trace(torch.linalg.solve(c, own))) for c in g) for g in candidates(x, s)])
    return best_order(scores)


# %% wrong marginal_variances: variances alone are compared with the posterior's: the least share is "too narrow", and of the two others the one whose shares are nearest to one is "right", which chance decides
def name_them(draws, design, y, noise):
    share = [torch.log(d.var(0) / candidates(x, s)[0][0].diagonal()) for d, x, s in zip(draws, design, noise)]
    narrow = min(range(3), key=lambda f: float(share[f].sum()))
    right = min((f for f in range(3) if f != narrow), key=lambda f: float(share[f].square().sum()))
    return ["too narrow" if f == narrow else "right" if f == right else "correlation lost" for f in range(3)]


# %% wrong mean_from_data_only: draws are scored around the least-squares weights, not the posterior's mean; right where the data drown the prior
def name_them(draws, design, y, noise):
    scores = []
    for d, x, t, s in zip(draws, design, y, noise):
        mean = torch.linalg.lstsq(x, t[:, None]).solution[:, 0]
        scores.append([max(likelihood(d, mean, c) for c in g) for g in candidates(x, s)])
    return best_order(scores)


# %% wrong distance_by_posterior: the draws' mean squared distance under the posterior's precision, least is too narrow, most has lost correlations; but the right one and the narrow one both have three
def name_them(draws, design, y, noise):
    centred = draws - draws.mean(1, keepdim=True)
    distance = [float(torch.einsum("rd,de,re->r", d, torch.linalg.inv(candidates(x, s)[0][0]), d).mean()) for d, x, s in zip(centred, design, noise)]
    order = sorted(range(3), key=lambda f: distance[f])
    names = {order[0]: "too narrow", order[1]: "right", order[2]: "correlation lost"}
    return [names[f] for f in range(3)]


# %% wrong about_zero: the draws' second moments about zero, not about the mean, are compared with the seven covariances; right where the weights are near zero
def name_them(draws, design, y, noise):
    scores = [[max(likelihood(d, torch.zeros(3, dtype=torch.float64), c) for c in group) for group in candidates(x, s)] for d, x, s in zip(draws, design, noise)]
    return best_order(scores)

import itertools
import math
import numpy as np
import torch
from torch import Tensor


def optimum(values, sigma, beta, D):
    """Rate and distortion of the right one, and of every collapsed one, (D, 2)."""
    v = torch.sort(values.double(), descending=True).values
    level = float(beta) * float(sigma) ** 2
    rate = 0.5 * (v[:D] / level).log()
    right = torch.stack([rate.sum(), D * level + v[D:].sum()])
    dead = torch.stack([right[0] - rate, right[1] + v[:D] - level], 1)
    return right, dead


def by_scores(measured, errors, predictions):
    """The pair of persons, right and collapsed, with the least squared deviation; the other is rotated."""
    best, names = math.inf, None
    for a, b in itertools.permutations(range(3), 2):
        right = float((((measured[a] - predictions[a][0]) / errors[a]) ** 2).sum())
        dead = float((((measured[b] - predictions[b][1]) / errors[b]) ** 2).sum(1).min())
        if right + dead < best:
            best = right + dead
            names = ["rotated"] * 3
            names[a], names[b] = "right", "collapsed"
    return names

# %% right all_pairs: least squared deviation over who is right and who collapsed
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    return by_scores(measured, errors, [optimum(eigenvalues[i], noise_scale[i], beta[i], latent_dim) for i in range(3)])

# %% right one_after_the_other: first the person at the optimum, then of the other two the one nearer to some dead latent; NumPy
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    m, e = measured.numpy(), errors.numpy()
    far, dead = [], []
    for i in range(3):
        v = np.sort(eigenvalues[i].numpy())[::-1]
        level = float(beta[i]) * float(noise_scale[i]) ** 2
        kept, rest = v[:latent_dim], v[latent_dim:].sum()
        r, d = 0.5 * np.log(kept / level).sum(), latent_dim * level + rest
        far.append(((m[i, 0] - r) / e[i, 0]) ** 2 + ((m[i, 1] - d) / e[i, 1]) ** 2)
        dead.append(min(((m[i, 0] - r + 0.5 * math.log(x / level)) / e[i, 0]) ** 2 + ((m[i, 1] - d - x + level) / e[i, 1]) ** 2 for x in kept))
    right = int(np.argmin(far))
    others = [i for i in range(3) if i != right]
    collapsed = min(others, key=lambda i: dead[i])
    return ["right" if i == right else "collapsed" if i == collapsed else "rotated" for i in range(3)]

# %% right with_a_quadrant: also scores the rotated one, by how far it is outside of rate and distortion no less than the optimum's; log-likelihoods over all six orders
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    cost = torch.zeros(3, 3, dtype=torch.float64)
    for i in range(3):
        right, dead = optimum(eigenvalues[i], noise_scale[i], beta[i], latent_dim)
        cost[i, 0] = ((measured[i] - right) / errors[i]).square().sum()
        cost[i, 1] = ((right - measured[i]) / errors[i]).clamp(min=0).square().sum()
        cost[i, 2] = ((measured[i] - dead) / errors[i]).square().sum(1).min()
    order = min(itertools.permutations(range(3)), key=lambda o: float(sum(cost[i, o[i]] for i in range(3))))
    return [("right", "rotated", "collapsed")[k] for k in order]

# %% wrong least_distortion_is_right: sorts by raw distortion and rate, as with the same data; each person has data of their own
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    right = int(measured[:, 1].argmin())
    others = [i for i in range(3) if i != right]
    collapsed = min(others, key=lambda i: float(measured[i, 0]))
    return ["right" if i == right else "collapsed" if i == collapsed else "rotated" for i in range(3)]

# %% wrong sorted_by_rate: least rate collapsed, middle right, most rotated, in raw numbers
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    names = [""] * 3
    for name, i in zip(("collapsed", "right", "rotated"), measured[:, 0].argsort().tolist()):
        names[i] = name
    return names

# %% wrong beta_ignored: the level is sigma^2, as for a VAE with beta = 1
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    return by_scores(measured, errors, [optimum(eigenvalues[i], noise_scale[i], 1.0, latent_dim) for i in range(3)])

# %% wrong level_over_beta: the level is sigma^2 / beta
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    return by_scores(measured, errors, [optimum(eigenvalues[i], noise_scale[i], 1 / beta[i], latent_dim) for i in range(3)])

# %% wrong eigenvalues_as_they_come: keeps the first D eigenvalues without sorting; they come in any order
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    predictions = []
    for i in range(3):
        v, level = eigenvalues[i], float(beta[i]) * float(noise_scale[i]) ** 2
        rate = 0.5 * (v[:latent_dim] / level).log()
        right = torch.stack([rate.sum(), latent_dim * level + v[latent_dim:].sum()])
        predictions.append((right, torch.stack([right[0] - rate, right[1] + v[:latent_dim] - level], 1)))
    return by_scores(measured, errors, predictions)

# %% wrong noise_learned: takes sigma to be at rest as in exercise 2 and ignores noise_scale; sigma is held fixed
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    predictions = []
    for i in range(3):
        v = eigenvalues[i].sort(descending=True).values
        low, high = 0.0, float(v.sum())
        for _ in range(100):
            s = (low + high) / 2
            if len(v) * s > float(v[:latent_dim].clamp(max=float(beta[i]) * s).sum() + v[latent_dim:].sum()):
                high = s
            else:
                low = s
        predictions.append(optimum(v, s**0.5, beta[i], latent_dim))
    return by_scores(measured, errors, predictions)

# %% wrong noise_scale_as_variance: puts noise_scale where its square belongs
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    return by_scores(measured, errors, [optimum(eigenvalues[i], noise_scale[i].sqrt(), beta[i], latent_dim) for i in range(3)])

# %% wrong data_of_the_first: the eigenvalues, sigma and beta of person 0 for all three
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    return by_scores(measured, errors, [optimum(eigenvalues[0], noise_scale[0], beta[0], latent_dim)] * 3)

# %% wrong persons_of_names: the inverse of the order: whose number stands for right is put first; the same for swaps, wrong for the two cycles of six orders
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    names = by_scores(measured, errors, [optimum(eigenvalues[i], noise_scale[i], beta[i], latent_dim) for i in range(3)])
    roles = ["right", "rotated", "collapsed"]
    return [roles[names.index(role)] for role in roles]

# %% wrong distortion_keeps_nothing: right rates, but a distortion of what was left out alone, as if kept axes were copied without loss
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    predictions = []
    for i in range(3):
        right, dead = optimum(eigenvalues[i], noise_scale[i], beta[i], latent_dim)
        level = float(beta[i]) * float(noise_scale[i]) ** 2
        right[1] -= latent_dim * level
        dead[:, 1] -= latent_dim * level
        predictions.append((right, dead))
    return by_scores(measured, errors, predictions)

# %% wrong rate_in_bits: predicts rates with logarithms to base two; rates are in nats
def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    predictions = []
    for i in range(3):
        right, dead = optimum(eigenvalues[i], noise_scale[i], beta[i], latent_dim)
        right[0] /= math.log(2)
        dead[:, 0] /= math.log(2)
        predictions.append((right, dead))
    return by_scores(measured, errors, predictions)

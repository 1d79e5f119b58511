# %% right gain: A Kalman filter of one step that starts at a point.
import torch
from torch.distributions import MultivariateNormal


def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    own = previous @ transition.T
    total = emission @ transition_cov @ emission.T + emission_cov
    gain = torch.linalg.solve(total, emission @ transition_cov).T
    seen = own @ emission.T
    mean = own + (x - seen) @ gain.T
    cov = transition_cov - gain @ emission @ transition_cov
    return mean, cov, MultivariateNormal(seen, total).log_prob(x)


# %% right precisions: Precisions add; the weight as a ratio of densities at the new mean; NumPy.
import numpy as np


def log_normal(off, precision):
    return 0.5 * (np.linalg.slogdet(precision)[1] - off.shape[-1] * np.log(2 * np.pi) - ((off @ precision) * off).sum(-1))


def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    A, Q, C, R, z, x = (each.numpy() for each in (transition, transition_cov, emission, emission_cov, previous, x))
    Qi, Ri = np.linalg.inv(Q), np.linalg.inv(R)
    precision = Qi + C.T @ Ri @ C
    V = np.linalg.inv(precision)
    mean = (z @ A.T @ Qi + x @ Ri @ C) @ V
    weight = log_normal(mean - z @ A.T, Qi) + log_normal(x - mean @ C.T, Ri) - log_normal(mean - mean, precision)
    return [mean, V, weight]


# %% right loops: One particle and one datum at a time, by scalars of a Cholesky factor.
import math

import torch


def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    total = emission @ transition_cov @ emission.T + emission_cov
    root = torch.linalg.cholesky(total)
    d, p = len(transition), len(emission)
    half = torch.linalg.solve_triangular(root, emission @ transition_cov, upper=False)
    means, weights = [], []
    states = previous.reshape(len(previous), -1, d)
    for particles in states:
        for z, datum in zip(particles, x.reshape(-1, p)):
            own = transition @ z
            surprise = torch.linalg.solve_triangular(root, (datum - emission @ own).unsqueeze(-1), upper=False)
            means.append(own + (half.T @ surprise).squeeze(-1))
            weights.append(-0.5 * float((surprise**2).sum()) - float(root.diagonal().log().sum()) - p / 2 * math.log(2 * math.pi))
    cov = transition_cov - half.T @ half
    return torch.stack(means).reshape(previous.shape), cov, torch.tensor(weights, dtype=x.dtype).reshape(previous.shape[:-1])


# %% right library: The course's Kalman filter, of series that are one step long, started at the model's own move.
import torch

from course_vi.models import LinearGaussianSSM


def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    own = previous @ transition.T
    zero = torch.zeros(len(transition), dtype=x.dtype)
    p = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, zero, transition_cov, steps=1)
    with torch.no_grad():
        off = x - own @ emission.T
        found = p.filter(off)
        return own + found.loc.squeeze(-2), found.covariance[0], p.log_evidence(off)


# %% wrong bootstrap_weight, from right gain: The proposal is optimal, and the weight is that of the bootstrap filter at its mean.
# diagnosis: at_the_mean
#-     return mean, cov, MultivariateNormal(seen, total).log_prob(x)
#+     return mean, cov, MultivariateNormal(mean @ emission.T, emission_cov).log_prob(x)


# %% wrong state_sure, from right gain: The weight forgets that the state has yet to move.
# diagnosis: state_taken_for_sure
#-     return mean, cov, MultivariateNormal(seen, total).log_prob(x)
#+     return mean, cov, MultivariateNormal(seen, emission_cov).log_prob(x)


# %% wrong bootstrap, from right gain: The model's own move, with the right weight of another filter.
# diagnosis: bootstrap
#-     return mean, cov, MultivariateNormal(seen, total).log_prob(x)
#+     return own, transition_cov, MultivariateNormal(seen, total).log_prob(x)


# %% wrong transposed, from right gain: Rows times A where A times rows is meant: right for a symmetric A.
# diagnosis: transposed
#-     own = previous @ transition.T
#+     own = previous @ transition


# %% wrong noise_alone, from right gain: The gain weighs by R alone.
# diagnosis: noise_alone
#-     mean = own + (x - seen) @ gain.T
#+     mean = own + (x - seen) @ torch.linalg.solve(emission_cov, emission @ transition_cov)


# %% wrong determinant, from right gain: The determinant cancels when weights are normalized, so it is left out; the evidence needs it.
# diagnosis: determinant_lost
#-     return mean, cov, MultivariateNormal(seen, total).log_prob(x)
#+     return mean, cov, MultivariateNormal(seen, total).log_prob(x) + total.logdet() / 2


# %% wrong normalized, from right gain: Weights that sum to one over the particles: the evidence is gone.
# diagnosis: normalized
#-     return mean, cov, MultivariateNormal(seen, total).log_prob(x)
#+     return mean, cov, MultivariateNormal(seen, total).log_prob(x).log_softmax(0)


# %% wrong precision, from right gain: The precision, which was easier to add up.
# diagnosis: precision
#-     return mean, cov, MultivariateNormal(seen, total).log_prob(x)
#+     return mean, cov.inverse(), MultivariateNormal(seen, total).log_prob(x)


# %% wrong scale, from right gain: A Cholesky factor, ready to draw with.
# diagnosis: root
#-     return mean, cov, MultivariateNormal(seen, total).log_prob(x)
#+     return mean, torch.linalg.cholesky(cov), MultivariateNormal(seen, total).log_prob(x)


# %% wrong floored, from right gain: Log weights are kept above -100, lest they underflow: wrong where a datum surprises.
# diagnosis: value or described
#-     return mean, cov, MultivariateNormal(seen, total).log_prob(x)
#+     return mean, cov, MultivariateNormal(seen, total).log_prob(x).clamp(min=-100.0)

import math

import numpy as np
import torch
from torch import Tensor

# %% right loops: Cholesky-free: the posterior one datum after another by rank-one updates, sums in Python
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    F, t = features.tolist(), y.tolist()
    N, D = features.shape
    S = [[(1 / alpha) * (i == j) for j in range(D)] for i in range(D)]
    m, logdet = [0.0] * D, -D * math.log(alpha)
    for f, target in zip(F, t):
        Sf = [sum(S[i][j] * f[j] for j in range(D)) for i in range(D)]
        k = 1 / mean_tau + sum(f[i] * Sf[i] for i in range(D))
        error = target - sum(f[i] * m[i] for i in range(D))
        m = [m[i] + Sf[i] * error / k for i in range(D)]
        S = [[S[i][j] - Sf[i] * Sf[j] / k for j in range(D)] for i in range(D)]
        logdet -= math.log(k * mean_tau)
    square = 0.0
    for f, target in zip(F, t):
        square += (target - sum(f[i] * m[i] for i in range(D))) ** 2
        square += sum(f[i] * S[i][j] * f[j] for i in range(D) for j in range(D))
    a, b = shape + N / 2, rate + square / 2
    log_tau = float(torch.tensor(a, dtype=torch.float64).digamma()) - math.log(b)
    elbo = -N / 2 * math.log(2 * math.pi) + D / 2 * math.log(alpha) + D / 2 + logdet / 2
    elbo -= alpha / 2 * (sum(v * v for v in m) + sum(S[i][i] for i in range(D)))
    elbo += shape * math.log(rate) - math.lgamma(shape) - a * math.log(b) + math.lgamma(a)   # the terms of tau, gathered
    return torch.tensor(m, dtype=torch.float64), torch.tensor(S, dtype=torch.float64), a, b, elbo


# %% right odd_kl: SVD of the features, and the ELBO as likelihood minus two KLs of torch.distributions; a list
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    _, s, Vt = torch.linalg.svd(features, full_matrices=True)
    s2 = torch.zeros(D, dtype=torch.float64)
    s2[: len(s)] = s**2
    S = (Vt.mT / (alpha + mean_tau * s2)) @ Vt
    S = (S + S.mT) / 2
    m = mean_tau * (S @ (features.mT @ y))
    square = ((y - features @ m) ** 2).sum() + (features @ S * features).sum()
    dist = torch.distributions
    as_double = lambda v: torch.tensor(float(v), dtype=torch.float64)
    q_tau, p_tau = dist.Gamma(as_double(shape + N / 2), rate + square / 2), dist.Gamma(as_double(shape), as_double(rate))
    q_w = dist.MultivariateNormal(m, S)
    p_w = dist.MultivariateNormal(torch.zeros(D, dtype=torch.float64), torch.eye(D, dtype=torch.float64) / alpha)
    log_tau = q_tau.concentration.digamma() - q_tau.rate.log()
    like = 0.5 * N * (log_tau - math.log(2 * math.pi)) - 0.5 * q_tau.mean * square
    return [m, S, q_tau.concentration, q_tau.rate, like - dist.kl_divergence(q_w, p_w) - dist.kl_divergence(q_tau, p_tau)]


# %% right numpy: NumPy, solved in the space of data by Woodbury
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    F, t = np.asarray(features), np.asarray(y)
    N, D = F.shape
    K = np.eye(N) / mean_tau + F @ F.T / alpha
    G = np.linalg.solve(K, F).T / alpha
    S = np.eye(D) / alpha - G @ F / alpha
    m = G @ t
    square = ((t - F @ m) ** 2).sum() + np.trace(F @ S @ F.T)
    a, b = shape + N / 2, rate + square / 2
    psi = float(torch.special.digamma(torch.tensor(a, dtype=torch.float64)))
    logdet = -D * np.log(alpha) - np.linalg.slogdet(K * mean_tau)[1]
    elbo = 0.5 * N * (psi - np.log(b) - np.log(2 * np.pi)) - 0.5 * a / b * square
    elbo += 0.5 * (D * np.log(alpha) + logdet + D - alpha * (m @ m + np.trace(S)))
    elbo += shape * np.log(rate) - math.lgamma(shape) + (shape - 1) * (psi - np.log(b)) - rate * a / b
    elbo += a - np.log(b) + math.lgamma(a) + (1 - a) * psi
    return m, S, a, b, elbo


# %% wrong trace_in_rate_alone: the variance of f w is in the rate, not in the likelihood of the ELBO
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - tau / 2 * (y - features @ m).square().sum()
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong old_tau: the likelihood in the ELBO is weighed with the mean of tau before
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - mean_tau / 2 * square
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong mean_tau_ignored: E tau is taken from the prior, shape / rate: right on the first pass alone
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    mean_tau = shape / rate
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - tau / 2 * square
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong no_log_alpha: the constant D/2 log alpha is lost, zero for alpha = 1
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - tau / 2 * square
    prior_w = D / 2 * math.log(1 / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong no_log_rate: the constant shape log rate is lost, zero for rate = 1
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - tau / 2 * square
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = -math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong no_gamma_constant: log Gamma(shape) of the prior is lost, zero for shapes 1 and 2
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - tau / 2 * square
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong no_prior_log_tau: (shape - 1) E log tau of the prior is lost, zero for shape = 1
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - tau / 2 * square
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + 0 - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong scale_for_rate: the entropy of tau takes the rate for a scale, right only where the new rate is one
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - tau / 2 * square
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a + b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong diagonal_covariance: q(w) factorizes over the coordinates, too: the covariance is diagonal, right for D = 1 and for orthogonal features
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    loc = mean_tau * S @ features.mT @ y
    S = torch.diag(1 / (alpha + mean_tau * gram.diagonal()))
    m = loc
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - tau / 2 * square
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong typed_constant: log 2 pi is typed in as 1.8379, which is felt unless N = D
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - 1.8379) - tau / 2 * square
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + 1.8379) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong ridge: 1e-6 on the diagonal of the precision, for safety
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv((alpha + 1e-6) * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    square = (y - features @ m).square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - tau / 2 * square
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong in_place: right numbers, but y comes back as the residual
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    gram = features.mT @ features
    S = torch.linalg.inv(alpha * torch.eye(D, dtype=torch.float64) + mean_tau * gram)
    m = mean_tau * S @ features.mT @ y
    y -= features @ m
    square = y.square().sum() + (gram * S).sum()
    a, b = torch.tensor(shape + N / 2, dtype=torch.float64), rate + square / 2
    log_tau, tau = a.digamma() - b.log(), a / b
    like = N / 2 * (log_tau - math.log(2 * math.pi)) - tau / 2 * square
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha / 2 * (m @ m + S.trace())
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * (1 + math.log(2 * math.pi)) + torch.logdet(S) / 2
    entropy_tau = a - b.log() + a.lgamma() + (1 - a) * a.digamma()
    return m, S, a, b, like + prior_w + prior_tau + entropy_w + entropy_tau

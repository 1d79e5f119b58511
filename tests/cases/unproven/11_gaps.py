import math
import torch
from torch import Tensor

def _parts(weight, variance, x):
    lam = torch.eye(weight.shape[1], dtype=x.dtype) + weight.T @ weight / variance
    return lam, torch.linalg.solve(lam, (x @ weight / variance).unsqueeze(-1)).squeeze(-1)

def _amortization(lam, e, log_scale):
    dd = lam.diagonal()
    return 0.5 * (torch.einsum("...i,ij,...j->...", e, lam, e) + ((2 * log_scale).exp() * dd - 1 - 2 * log_scale - dd.log()).sum(-1))

def _approximation(lam, like):
    return (0.5 * (lam.diagonal().log().sum() - torch.linalg.slogdet(lam)[1])).expand(like.shape[:-1])

# %% right torch_kl: two divergences of multivariate normals from torch
def gaps(weight, variance, x, loc, log_scale):
    from torch.distributions import MultivariateNormal as N, kl_divergence
    d = weight.shape[1]
    lam = torch.eye(d, dtype=x.dtype) + weight.T @ weight / variance
    m = torch.linalg.solve(lam, (x @ weight / variance).unsqueeze(-1)).squeeze(-1)
    posterior = N(m, precision_matrix=lam)
    best = N(m, scale_tril=torch.diag(lam.diagonal().rsqrt()))
    q = N(loc, scale_tril=torch.diag_embed(log_scale.exp()))
    least = kl_divergence(best, posterior)
    return least, kl_divergence(q, posterior) - least

# %% right per_datum: datum by datum, in numpy, the difference of two quadratic forms
import numpy as np
def gaps(weight, variance, x, loc, log_scale):
    W, v = weight.detach().numpy(), float(variance)
    lam = np.eye(W.shape[1]) + W.T @ W / v
    dd = np.diag(lam)
    approx = 0.5 * (np.log(dd).sum() - np.linalg.slogdet(lam)[1])
    xs, ms, rs = (t.detach().numpy().reshape(-1, t.shape[-1]) for t in (x, loc, log_scale))
    out = []
    for a, b, r in zip(xs, ms, rs):
        e = b - np.linalg.solve(lam, W.T @ a / v)
        out.append(0.5 * (e @ lam @ e + (np.exp(2 * r) * dd - 1 - 2 * r - np.log(dd)).sum()))
    shape = loc.shape[:-1]
    return torch.full(shape, approx, dtype=x.dtype), torch.as_tensor(np.array(out).reshape(shape))

# %% wrong divergence_from_best: the amortization gap is taken for the divergence of q from the best member, without the cross terms of the precision
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance, x)
    return _approximation(lam, loc), _amortization(torch.diag(lam.diagonal()), loc - m, log_scale)

# %% wrong marginal_variances: the best member is taken to have the posterior's marginal variances
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance, x)
    s2 = torch.linalg.inv(lam).diagonal()
    approx = 0.5 * ((lam.diagonal() * s2).sum() - len(s2) - s2.log().sum() - torch.logdet(lam))
    whole = _approximation(lam, loc) + _amortization(lam, loc - m, log_scale)
    return approx.expand(loc.shape[:-1]), whole - approx

# %% wrong scale_given: variance is taken for a standard deviation
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance**2, x)
    return _approximation(lam, loc), _amortization(lam, loc - m, log_scale)

# %% wrong best_scale_only: the best member keeps the encoder's mean, so the error of the mean counts as approximation
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance, x)
    e = loc - m
    off = 0.5 * torch.einsum("...i,ij,...j->...", e, lam, e)
    return _approximation(lam, loc) + off, _amortization(lam, torch.zeros_like(e), log_scale)

# %% wrong batch_mean: the posterior mean is that of the mean datum
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance, x.reshape(-1, x.shape[-1]).mean(0))
    return _approximation(lam, loc), _amortization(lam, loc - m, log_scale)

# %% wrong one_number: the approximation gap comes back as one number
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance, x)
    return 0.5 * (lam.diagonal().log().sum() - torch.logdet(lam)), _amortization(lam, loc - m, log_scale)

# %% wrong whole_divergence: the second result is the whole divergence
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance, x)
    a = _approximation(lam, loc)
    return a, a + _amortization(lam, loc - m, log_scale)

# %% wrong data_size: counts data coordinates for latents, right where Dx = D
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance, x)
    extra = 0.5 * (loc.shape[-1] - weight.shape[0])
    return _approximation(lam, loc) + extra, _amortization(lam, loc - m, log_scale)

# %% wrong least_squares_mean: the posterior mean is the least-squares fit, close where the noise is small
def gaps(weight, variance, x, loc, log_scale):
    lam, _ = _parts(weight, variance, x)
    m = torch.linalg.lstsq(weight, x.reshape(-1, x.shape[-1]).T).solution.T.reshape(loc.shape)
    return _approximation(lam, loc), _amortization(lam, loc - m, log_scale)

# %% wrong moment_projection: the best member under the other divergence, with the gap measured in that divergence
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance, x)
    s2 = torch.linalg.inv(lam).diagonal()
    approx = (0.5 * (s2.log().sum() + torch.logdet(lam))).expand(loc.shape[:-1])
    return approx, _approximation(lam, loc) + _amortization(lam, loc - m, log_scale) - approx

# %% wrong flat: gaps come back in one flat axis
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance, x)
    return _approximation(lam, loc).reshape(-1), _amortization(lam, loc - m, log_scale).reshape(-1)

# %% wrong means_only: the encoder's scales are taken to be the best ones, so only errors of the mean count
def gaps(weight, variance, x, loc, log_scale):
    lam, m = _parts(weight, variance, x)
    return _approximation(lam, loc), _amortization(lam, loc - m, -0.5 * lam.diagonal().log().expand_as(loc))

import math
import torch
from torch import Tensor

def _table(intercepts, slopes, z, w):
    logits = intercepts.unsqueeze(-1) + slopes.unsqueeze(-1) * z
    p = torch.stack([(-logits).sigmoid(), logits.sigmoid()], 1)
    return torch.einsum("in,jn,n->ij", p[0], p[1], w)

def _grid(end, points):
    z = torch.linspace(-end, end, points, dtype=torch.float64)
    return z, (-0.5 * z * z).exp() * (z[1] - z[0]) / math.sqrt(2 * math.pi)

def _corr(table):
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return (table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()

# %% right scipy_pieces: adaptive quadrature, piece by piece between the steps of the sigmoids
import numpy as np
from scipy.integrate import quad
def two_bernoullis(intercepts, slopes):
    a, b = intercepts.tolist(), slopes.tolist()
    sig = lambda t: 1 / (1 + math.exp(-t)) if t >= 0 else math.exp(t) / (1 + math.exp(t))
    cuts = {-10.0, 10.0, 0.0}
    for ai, bi in zip(a, b):
        if bi != 0:
            for j in (-12, -4, 0, 4, 12):
                c = (j - ai) / bi
                if -10 < c < 10:
                    cuts.add(c)
    cuts = sorted(cuts)
    table = np.zeros((2, 2))
    for i in (0, 1):
        for j in (0, 1):
            f = lambda z: (sig((2 * i - 1) * (a[0] + b[0] * z)) * sig((2 * j - 1) * (a[1] + b[1] * z))
                           * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))
            table[i, j] = sum(quad(f, lo, hi, epsabs=1e-13, epsrel=1e-11)[0] for lo, hi in zip(cuts, cuts[1:]))
    p1, p2 = table[1].sum(), table[:, 1].sum()
    det = table[0, 0] * table[1, 1] - table[0, 1] * table[1, 0]
    return torch.tensor(table), torch.tensor(det / math.sqrt(p1 * (1 - p1) * p2 * (1 - p2)))

# %% right einsum_grid: a fine grid from -10 to 10, outer products by einsum
def two_bernoullis(intercepts, slopes):
    z = torch.linspace(-10, 10, 80_001, dtype=torch.float64)
    w = (-0.5 * z * z).exp() * (z[1] - z[0]) / math.sqrt(2 * math.pi)
    logits = intercepts.unsqueeze(-1) + slopes.unsqueeze(-1) * z
    p = torch.stack([(-logits).sigmoid(), logits.sigmoid()], 1)
    table = torch.einsum("in,jn,n->ij", p[0], p[1], w)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()

# %% wrong cramer: the correlation is the root of chi-square over n, which has no sign
def two_bernoullis(intercepts, slopes):
    t = _table(intercepts, slopes, *_grid(9, 40_001))
    e = t.sum(1, keepdim=True) * t.sum(0, keepdim=True)
    return t, ((t - e).square() / e).sum().sqrt()

# %% wrong coarse: 321 points from -8 to 8, right for gentle slopes
def two_bernoullis(intercepts, slopes):
    t = _table(intercepts, slopes, *_grid(8, 321))
    return t, _corr(t)

# %% wrong signed_step: the step follows the largest slope and forgets that a steep one may be negative
def two_bernoullis(intercepts, slopes):
    step = 0.1 / max(1.0, float(slopes.max()))
    t = _table(intercepts, slopes, *_grid(8, int(16 / step) + 1))
    return t, _corr(t)

# %% wrong transposed: x1 runs along the columns
def two_bernoullis(intercepts, slopes):
    t = _table(intercepts, slopes, *_grid(9, 40_001))
    return t.T, _corr(t)

# %% wrong cut_tails: a fine grid from -3 to 3, normalized so that the table adds up to one
def two_bernoullis(intercepts, slopes):
    z, w = _grid(3, 20_001)
    t = _table(intercepts, slopes, z, w / w.sum())
    return t, _corr(t)

# %% wrong floor_variance: variances of the coins are kept above one hundredth, so rare coins correlate too little
def two_bernoullis(intercepts, slopes):
    t = _table(intercepts, slopes, *_grid(9, 40_001))
    p1, p2 = t[1].sum(), t[:, 1].sum()
    return t, (t[1, 1] - p1 * p2) / ((p1 * (1 - p1)).clamp(min=1e-2) * (p2 * (1 - p2)).clamp(min=1e-2)).sqrt()

# %% wrong probit: the margins by the probit approximation of a logistic-normal integral, the joint exactly
def two_bernoullis(intercepts, slopes):
    t = _table(intercepts, slopes, *_grid(9, 40_001))
    p1, p2 = (intercepts / (1 + math.pi * slopes.square() / 8).sqrt()).sigmoid()
    return t, (t[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()

# %% wrong steep_is_step: replaces sigmoids of slope above twenty by steps
def two_bernoullis(intercepts, slopes):
    z, w = _grid(9, 40_001)
    logits = intercepts.unsqueeze(-1) + slopes.unsqueeze(-1) * z
    one = torch.where(slopes.abs().unsqueeze(-1) > 20, (logits > 0).double(), logits.sigmoid())
    p = torch.stack([1 - one, one], 1)
    t = torch.einsum("in,jn,n->ij", p[0], p[1], w)
    return t, _corr(t)

# %% wrong sampled: an average over 100,000 seeded draws of z
def two_bernoullis(intercepts, slopes):
    z = torch.randn(100_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    t = _table(intercepts, slopes, z, torch.full_like(z, 1e-5))
    return t, _corr(t)

# %% wrong mean_slope_step: the step follows the mean of the two slopes, too long for one steep coin beside a gentle one
def two_bernoullis(intercepts, slopes):
    step = 2.0 / max(4.0, float(slopes.abs().mean()))
    t = _table(intercepts, slopes, *_grid(8, int(16 / step) + 1))
    return t, _corr(t)

# %% wrong regression_slope: the covariance over the variance of the first coin, right where both coins have the same margins
def two_bernoullis(intercepts, slopes):
    t = _table(intercepts, slopes, *_grid(9, 40_001))
    p1, p2 = t[1].sum(), t[:, 1].sum()
    return t, (t[1, 1] - p1 * p2) / (p1 * (1 - p1))

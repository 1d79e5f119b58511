import math
import torch
from torch import Tensor, nn

def _both(encoder, x):
    m, r = encoder(x).chunk(2, -1)
    return m, r, 0.5 * (m * m + (2 * r).exp() - 1) - r

# %% right welford: image by image, by Welford's update
def unit_activity(encoder, x):
    mean = m2 = kl = 0.0
    for n, row in enumerate(x, start=1):
        m, r = encoder(row).chunk(2, -1)
        delta = m - mean
        mean = mean + delta / n
        m2 = m2 + delta * (m - mean)
        kl = kl + (0.5 * m * m + 0.5 * torch.expm1(2 * r) - r - kl) / n
    return m2 / (len(x) - 1), kl

# %% right covariance: the diagonal of the covariance in numpy, torch's divergence
import numpy as np
def unit_activity(encoder, x):
    out = encoder(x)
    d = out.shape[-1] // 2
    m, s = out[:, :d], out[:, d:].exp()
    a = np.atleast_2d(np.cov(m.detach().numpy().astype(float), rowvar=False)).diagonal().copy()
    N = torch.distributions.Normal
    kl = torch.distributions.kl_divergence(N(m, s), N(torch.zeros_like(m), torch.ones_like(s))).mean(0)
    return torch.as_tensor(a).to(out.dtype), kl

# %% wrong by_n: divides by N
def unit_activity(encoder, x):
    m, r, kl = _both(encoder, x)
    return m.var(0, correction=0), kl.mean(0)

# %% wrong batches_of_32: variances within batches of 32 rows, averaged, right up to 32 rows
def unit_activity(encoder, x):
    m, r, kl = _both(encoder, x)
    parts = [b for b in m.split(32) if len(b) > 1]
    return torch.stack([b.var(0) for b in parts]).mean(0), kl.mean(0)

# %% wrong of_the_mean: the divergence of the average posterior's numbers, not the average divergence
def unit_activity(encoder, x):
    m, r, _ = _both(encoder, x)
    a, b = m.mean(0), r.mean(0)
    return m.var(0), 0.5 * (a * a + (2 * b).exp() - 1) - b

# %% wrong total_variance: the posterior's own variance is added
def unit_activity(encoder, x):
    m, r, kl = _both(encoder, x)
    return m.var(0) + (2 * r).exp().mean(0), kl.mean(0)

# %% wrong sorted: latents are sorted by their activity
def unit_activity(encoder, x):
    m, r, kl = _both(encoder, x)
    order = m.var(0).argsort(descending=True)
    return m.var(0)[order], kl.mean(0)[order]

# %% wrong active_only: divergences of inactive latents are reported as zero
def unit_activity(encoder, x):
    m, r, kl = _both(encoder, x)
    a = m.var(0)
    return a, torch.where(a > 0.01, kl.mean(0), torch.zeros_like(a))

# %% wrong left_in_eval: puts the encoder into evaluation mode and leaves it there
# not told: the returned numbers are wrong
def unit_activity(encoder, x):
    if isinstance(encoder, nn.Module):
        encoder.eval()
    m, r, kl = _both(encoder, x)
    return m.var(0), kl.mean(0)

# %% wrong raw_moments: mean square minus squared mean in single precision, which cancels for means far from zero
def unit_activity(encoder, x):
    m, r, kl = _both(encoder, x)
    n = len(m)
    f = m.float()
    return ((f.square().mean(0) - f.mean(0).square()) * n / (n - 1)).to(m.dtype), kl.mean(0)

# %% wrong standardized: activity relative to the posterior's variance, a signal-to-noise ratio
def unit_activity(encoder, x):
    m, r, kl = _both(encoder, x)
    return m.var(0) / (2 * r).exp().mean(0), kl.mean(0)

# %% wrong median_divergence: the median over the data in place of the mean
def unit_activity(encoder, x):
    m, r, kl = _both(encoder, x)
    return m.var(0), kl.median(0).values

# %% wrong sum_over_rows: divides the divergence by N - 1 as well
def unit_activity(encoder, x):
    m, r, kl = _both(encoder, x)
    return m.var(0), kl.sum(0) / (len(kl) - 1)

# %% wrong capped: divergences of more than five nats count as five
def unit_activity(encoder, x):
    m, r, kl = _both(encoder, x)
    return m.var(0), kl.clamp(0, 5).mean(0)

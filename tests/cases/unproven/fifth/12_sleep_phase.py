import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


# %% right one_denominator: (z - f) / (f (1 - f)) times the slopes, by einsum
def sleep_gradients(f, slopes, z):
    miss = z - f
    return (torch.einsum("bd,bdp->p", miss / (f * (1 - f)), slopes) / len(f), torch.einsum("bd,bdp->p", miss, slopes) / len(f))

# %% right two_cases: NumPy loops, 1 / f for a bit that is on and -1 / (1 - f) for one that is off
def sleep_gradients(f, slopes, z):
    f, slopes, z = (a.detach().numpy() for a in (f, slopes, z))
    asleep, squares = np.zeros(slopes.shape[2]), np.zeros(slopes.shape[2])
    for n in range(f.shape[0]):
        for d in range(f.shape[1]):
            asleep += slopes[n, d] * (1 / f[n, d] if z[n, d] == 1 else -1 / (1 - f[n, d]))
            squares += slopes[n, d] * (z[n, d] - f[n, d])
    return asleep / len(f), squares / len(f)

# %% right linearized: phi is a displacement from here, f + slopes phi; both objectives by grad, vmapped over dreams
def sleep_gradients(f, slopes, z):
    def log_q(phi, f, s, z):
        now = f + s @ phi
        return torch.where(z > 0.5, now, 1 - now).log().sum()

    def squares(phi, f, s, z):
        return -0.5 * (z - f - s @ phi).square().sum()

    here = torch.zeros(slopes.shape[2], dtype=torch.float64)
    each = [torch.func.vmap(torch.func.grad(part), in_dims=(None, 0, 0, 0))(here, f, slopes, z) for part in (log_q, squares)]
    return each[0].mean(0), each[1].mean(0)

# %% wrong epsilon: 1e-8 added to the denominator f (1 - f), felt only for a bit that was very sure
def sleep_gradients(f, slopes, z):
    weight = (z - f) / (f * (1 - f) + 1e-8)
    return (weight.unsqueeze(-1) * slopes).sum(1).mean(0), ((z - f).unsqueeze(-1) * slopes).sum(1).mean(0)

# %% wrong logits_with_eps: autograd through torch.logit with eps 1e-6 and the cross entropy of logits; no slope beyond
def sleep_gradients(f, slopes, z):
    phi = torch.zeros(slopes.shape[2], dtype=torch.float64, requires_grad=True)
    now = f + slopes @ phi
    log_q = -F.binary_cross_entropy_with_logits(torch.logit(now, eps=1e-6), z, reduction="sum") / len(f)
    squares = -0.5 * (z - now).square().sum() / len(f)
    return torch.autograd.grad(log_q, phi, retain_graph=True)[0], torch.autograd.grad(squares, phi)[0]

# %% wrong slopes_of_logits: slopes taken for those of the logits: (z - f) slopes asleep, and a factor f (1 - f) in least squares
def sleep_gradients(f, slopes, z):
    miss = z - f
    return torch.einsum("bd,bdp->p", miss, slopes) / len(f), torch.einsum("bd,bdp->p", miss * f * (1 - f), slopes) / len(f)

# %% wrong mean_over_bits: both are means over dreams and bits; right for one bit
def sleep_gradients(f, slopes, z):
    miss = (z - f).unsqueeze(-1)
    return (miss * slopes / (f * (1 - f)).unsqueeze(-1)).mean((0, 1)), (miss * slopes).mean((0, 1))

# %% wrong pooled_variance: each bit's miss over the variance f (1 - f) pooled over the dreams; right for one dream
def sleep_gradients(f, slopes, z):
    variance = (f * (1 - f)).mean(0)
    return torch.einsum("bd,bdp->p", (z - f) / variance, slopes) / len(f), torch.einsum("bd,bdp->p", z - f, slopes) / len(f)

# %% wrong log_of_product: log of the product of the bits' probabilities, with 1e-12 against log 0; felt where a dream is unlikely
def sleep_gradients(f, slopes, z):
    def log_q(phi):
        now = f + slopes @ phi
        return ((z * now + (1 - z) * (1 - now)).prod(-1) + 1e-12).log().mean()

    phi = torch.zeros(slopes.shape[2], dtype=torch.float64)
    return torch.func.grad(log_q)(phi), torch.einsum("bd,bdp->p", z - f, slopes) / len(f)

# %% wrong gaussian_log_q: log q of a Gaussian with the bit's mean and variance, the variance moving too: one term too many
def sleep_gradients(f, slopes, z):
    def log_q(phi):
        now = f + slopes @ phi
        variance = now * (1 - now)
        return -0.5 * ((z - now) ** 2 / variance + variance.log()).sum(-1).mean()

    phi = torch.zeros(slopes.shape[2], dtype=torch.float64)
    return torch.func.grad(log_q)(phi), torch.einsum("bd,bdp->p", z - f, slopes) / len(f)

# %% wrong single_precision: computed in float32, where 1 - f is zero or has no digits near 1
def sleep_gradients(f, slopes, z):
    f, slopes, z = f.float(), slopes.float(), z.float()
    weight = torch.where(z > 0.5, 1 / f, -1 / (1 - f))
    return tuple((w.unsqueeze(-1) * slopes).sum(1).mean(0).double() for w in (weight, z - f))

# %% wrong normalized_weights: a weighted least squares whose weights 1 / (f (1 - f)) are normalized to mean one
def sleep_gradients(f, slopes, z):
    weight = 1 / (f * (1 - f))
    weight = weight / weight.mean()
    return torch.einsum("bd,bdp->p", weight * (z - f), slopes) / len(f), torch.einsum("bd,bdp->p", z - f, slopes) / len(f)

# %% wrong clipped: the factor is cut off at a million "for stability", felt only at a probability below 1e-6
def sleep_gradients(f, slopes, z):
    factor = (1 / (f * (1 - f))).clamp(max=1e6)
    return torch.einsum("bd,bdp->p", factor * (z - f), slopes) / len(f), torch.einsum("bd,bdp->p", z - f, slopes) / len(f)

# %% wrong squared_norm_slope: least squares as the slope of minus half of the squared norm of the mean miss; right for one dream
def sleep_gradients(f, slopes, z):
    asleep = torch.einsum("bd,bdp->p", torch.where(z > 0.5, 1 / f, -1 / (1 - f)), slopes) / len(f)
    return asleep, (z - f).mean(0) @ slopes.mean(0)

# %% wrong outliers_masked: asleep, the unlikely bits of a dream (less than 1e-4) are taken for outliers and masked
def sleep_gradients(f, slopes, z):
    seen = z * f + (1 - z) * (1 - f)
    weight = torch.where(seen < 1e-4, 0.0, (2 * z - 1) / seen)
    return torch.einsum("bd,bdp->p", weight, slopes) / len(f), torch.einsum("bd,bdp->p", z - f, slopes) / len(f)

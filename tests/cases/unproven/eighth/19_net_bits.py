import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

# %% right product_of_bins: edges and medians from the standard library's NormalDist, masses on the smaller side, and the mean by itertools.product over all bins
def net_bits(x: Tensor, index: Tensor, loc: Tensor, scale: Tensor, weight: Tensor, bias: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    from statistics import NormalDist

    base, latents, rows = NormalDist(), loc.shape[1], torch.arange(len(loc))
    x, loc, scale, weight, bias = (part.detach().double() for part in (x, loc, scale, weight, bias))
    edges = torch.tensor([-math.inf, *(base.inv_cdf(i / bins) for i in range(1, bins)), math.inf], dtype=torch.float64)
    medians = torch.tensor([base.inv_cdf((2 * i + 1) / (2 * bins)) for i in range(bins)], dtype=torch.float64)
    ends = (edges - loc.unsqueeze(-1)) / scale.unsqueeze(-1)
    low, high = ends[..., :-1], ends[..., 1:]
    flip = low > 0
    low, high = torch.where(flip, -high, low), torch.where(flip, -low, high)
    top = torch.special.log_ndtr(high)
    log_q = torch.where(top > -math.inf, top + torch.log(-torch.expm1(torch.special.log_ndtr(low) - top)), -math.inf)
    signs = 2 * x - 1

    def spent(which: Tensor) -> tuple[Tensor, Tensor]:
        log_mass = sum(log_q[rows, j, which[:, j]] for j in range(latents))
        logits = torch.einsum("ij,bj->bi", weight, medians[which]) + bias
        return log_mass, log_mass - F.logsigmoid(signs * logits).sum(-1) + latents * math.log(bins)

    net = spent(index.long())[1]
    mean = torch.zeros_like(net)
    for which in itertools.product(range(bins), repeat=latents):
        log_mass, nats = spent(torch.tensor(which).expand(len(loc), -1))
        mean = mean + torch.where(log_mass.exp() > 0, log_mass.exp() * nats, 0.0)
    return net / math.log(2), mean / math.log(2)

# %% wrong bin_means: lets the mean of the prior within a bin stand for it, instead of the median
def net_bits(x: Tensor, index: Tensor, loc: Tensor, scale: Tensor, weight: Tensor, bias: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    B, D = loc.shape
    edges = torch.special.ndtri(torch.arange(bins + 1, dtype=torch.float64) / bins)
    heights = torch.exp(-0.5 * edges**2) / math.sqrt(2 * math.pi)
    centres = bins * (heights[:-1] - heights[1:])
    u = (edges - loc[..., None]) / scale[..., None]
    low, high = u[..., :-1], u[..., 1:]
    a, b = torch.where(low > 0, -high, low), torch.where(low > 0, -low, high)
    top = torch.special.log_ndtr(b)
    log_q = top + torch.log(-torch.expm1(torch.special.log_ndtr(a) - top))

    def nats(which: Tensor) -> tuple[Tensor, Tensor]:
        mass = log_q.gather(-1, which[..., None]).squeeze(-1).sum(-1)
        logits = centres[which] @ weight.T + bias
        return mass, mass - (x * logits - F.softplus(logits)).sum(-1) + D * math.log(bins)

    mean = torch.zeros(B, dtype=torch.float64)
    for which in itertools.product(range(bins), repeat=D):
        mass, value = nats(torch.tensor(which).expand(B, D))
        mean += torch.where(mass.exp() > 0, mass.exp() * value, 0.0)
    return nats(index)[1] / math.log(2), mean / math.log(2)

# %% wrong bins_equally_likely: takes the mean over bins as equally likely, since the bits are fair and all bins have the same mass under the prior; fair bits draw from q
def net_bits(x: Tensor, index: Tensor, loc: Tensor, scale: Tensor, weight: Tensor, bias: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    B, D = loc.shape
    edges = torch.special.ndtri(torch.arange(bins + 1, dtype=torch.float64) / bins)
    centres = torch.special.ndtri((torch.arange(bins, dtype=torch.float64) + 0.5) / bins)
    u = (edges - loc[..., None]) / scale[..., None]
    low, high = u[..., :-1], u[..., 1:]
    a, b = torch.where(low > 0, -high, low), torch.where(low > 0, -low, high)
    top = torch.special.log_ndtr(b)
    log_q = top + torch.log(-torch.expm1(torch.special.log_ndtr(a) - top))

    def nats(which: Tensor) -> tuple[Tensor, Tensor]:
        mass = log_q.gather(-1, which[..., None]).squeeze(-1).sum(-1)
        logits = centres[which] @ weight.T + bias
        return mass, mass - (x * logits - F.softplus(logits)).sum(-1) + D * math.log(bins)

    total, count = torch.zeros(B, dtype=torch.float64), torch.zeros(B, dtype=torch.float64)
    for which in itertools.product(range(bins), repeat=D):
        mass, value = nats(torch.tensor(which).expand(B, D))
        ever = mass.exp() > 0
        total += torch.where(ever, value, 0.0)
        count += ever
    return nats(index)[1] / math.log(2), total / count / math.log(2)

# %% wrong floored_masses: takes plain differences of the distribution function, and at least a millionth, so bins that are rarely popped seem to give fewer bits back
def net_bits(x: Tensor, index: Tensor, loc: Tensor, scale: Tensor, weight: Tensor, bias: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    B, D = loc.shape
    edges = torch.special.ndtri(torch.arange(bins + 1, dtype=torch.float64) / bins)
    centres = torch.special.ndtri((torch.arange(bins, dtype=torch.float64) + 0.5) / bins)
    log_q = torch.special.ndtr((edges - loc[..., None]) / scale[..., None]).diff(dim=-1).clamp(min=1e-6).log()

    def nats(which: Tensor) -> tuple[Tensor, Tensor]:
        mass = log_q.gather(-1, which[..., None]).squeeze(-1).sum(-1)
        logits = centres[which] @ weight.T + bias
        return mass, mass - (x * logits - F.softplus(logits)).sum(-1) + D * math.log(bins)

    mean = torch.zeros(B, dtype=torch.float64)
    for which in itertools.product(range(bins), repeat=D):
        mass, value = nats(torch.tensor(which).expand(B, D))
        mean += mass.exp() * value
    return nats(index)[1] / math.log(2), mean / math.log(2)

# %% wrong pixels_at_the_mean: averages the latents before the decoder, so the mean has the likelihood at the mean of the popped medians
def net_bits(x: Tensor, index: Tensor, loc: Tensor, scale: Tensor, weight: Tensor, bias: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    B, D = loc.shape
    edges = torch.special.ndtri(torch.arange(bins + 1, dtype=torch.float64) / bins)
    centres = torch.special.ndtri((torch.arange(bins, dtype=torch.float64) + 0.5) / bins)
    u = (edges - loc[..., None]) / scale[..., None]
    low, high = u[..., :-1], u[..., 1:]
    a, b = torch.where(low > 0, -high, low), torch.where(low > 0, -low, high)
    top = torch.special.log_ndtr(b)
    log_q = top + torch.log(-torch.expm1(torch.special.log_ndtr(a) - top))

    def log_lik(z: Tensor) -> Tensor:
        logits = z @ weight.T + bias
        return (x * logits - F.softplus(logits)).sum(-1)

    q = log_q.exp()
    net = log_q.gather(-1, index[..., None]).squeeze(-1).sum(-1) - log_lik(centres[index]) + D * math.log(bins)
    mean = torch.where(q > 0, q * log_q, 0.0).sum((-1, -2)) - log_lik((q * centres).sum(-1)) + D * math.log(bins)
    return net / math.log(2), mean / math.log(2)

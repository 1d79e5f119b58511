# %% right vectorized: All bins of all latents, with weights from q.
import math

import torch


def net_bits(x, index, loc, scale, weight, bias, bins):
    grid = torch.arange(bins + 1, dtype=torch.float64) / bins
    edges = torch.special.ndtri(grid)
    points = torch.special.ndtri((torch.arange(bins, dtype=torch.float64) + 0.5) / bins)
    low, high = ((e - loc[..., None]) / scale[..., None] for e in (edges[:-1], edges[1:]))
    flip = low > 0
    low, high = torch.where(flip, -high, low), torch.where(flip, -low, high)
    top = torch.special.log_ndtr(high)
    log_q = top + torch.log(-torch.expm1(torch.special.log_ndtr(low) - top))            # (B, D, n)

    def bits(chosen):                                                                   # (*, B, D)
        q = log_q.expand(*chosen.shape, bins).gather(-1, chosen[..., None])[..., 0].sum(-1)
        logits = points[chosen] @ weight.T + bias
        log_x = torch.nn.functional.logsigmoid(torch.where(x > 0.5, logits, -logits)).sum(-1)
        return q, (q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)

    every = torch.cartesian_prod(*[torch.arange(bins)] * loc.shape[-1]).reshape(-1, 1, loc.shape[-1])
    q, all_bits = bits(every.expand(-1, *loc.shape))
    chance = q.exp()
    mean = torch.where(chance > 0, chance * torch.where(chance > 0, all_bits, torch.zeros_like(q)), torch.zeros_like(q)).sum(0)
    return bits(index)[1], mean


# %% right loops: Row by row and bin by bin, in plain numbers and NumPy.
import itertools
import math

import numpy as np
from scipy.special import ndtr, ndtri


def net_bits(x, index, loc, scale, weight, bias, bins):
    x, index, loc, scale, weight, bias = (np.asarray(v) for v in (x, index, loc, scale, weight, bias))
    points = [ndtri((i + 0.5) / bins) for i in range(bins)]

    def mass(i, m, s):
        low, high = (ndtri(i / bins) - m) / s, (ndtri((i + 1) / bins) - m) / s
        return ndtr(-low) - ndtr(-high) if low > 0 else ndtr(high) - ndtr(low)

    def bits(b, chosen):
        q = math.prod(mass(i, m, s) for i, m, s in zip(chosen, loc[b], scale[b]))
        if q == 0:
            return 0.0, 0.0
        logits = weight @ np.array([points[i] for i in chosen]) + bias
        log_x = -np.logaddexp(0, np.where(x[b] == 1, -logits, logits)).sum()
        return q, math.log2(q) + len(chosen) * math.log2(bins) - log_x / math.log(2)

    net, mean = [], []
    for b in range(len(x)):
        net.append(bits(b, index[b])[1])
        pairs = [bits(b, chosen) for chosen in itertools.product(range(bins), repeat=loc.shape[1])]
        mean.append(sum(q * cost for q, cost in pairs))
    return np.array(net), np.array(mean)


# %% right library: q's masses from the course's code, and KL plus the mean cost of the pixels.
import itertools

import numpy as np
from scipy.special import log_expit, xlogy

from course_vi.coding import DiscretizedNormalCode
from course_vi.coding.symbols import bin_medians


def net_bits(x, index, loc, scale, weight, bias, bins):
    net, mean = [], []
    for row, chosen, m, s in zip(x.numpy(), index.numpy(), loc.numpy(), scale.numpy(), strict=True):
        q = DiscretizedNormalCode(m, s, bins).probs                                     # (D, n)

        def pixels(i):
            logits = weight.numpy() @ bin_medians(np.array(i), bins) + bias.numpy()
            return -log_expit((2 * row - 1) * logits).sum() / np.log(2)

        own = q[np.arange(len(m)), chosen]
        net.append(np.log2(own * bins).sum() + pixels(chosen))
        cost = 0.0
        for i in itertools.product(range(bins), repeat=len(m)):
            weight_of = q[np.arange(len(m)), list(i)].prod()
            cost += weight_of * pixels(i) if weight_of > 0 else 0.0
        mean.append((xlogy(q, q).sum() + len(m) * np.log(bins)) / np.log(2) + cost)
    return [np.array(net), np.array(mean)]


# %% wrong pushed_only, from right vectorized: What is pushed, without the bits that come back.
# diagnosis: no_bits_back
#-         return q, (q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)
#+         return q, (loc.shape[-1] * math.log(bins) - log_x) / math.log(2)


# %% wrong popped_as_cost, from right vectorized: What is popped is a cost.
# diagnosis: bits_back_paid
#-         return q, (q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)
#+         return q, (-q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)


# %% wrong no_prior, from right vectorized: z is not pushed.
# diagnosis: prior_forgotten
#-         return q, (q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)
#+         return q, (q - log_x) / math.log(2)


# %% wrong one_prior, from right vectorized: One latent's prior for all of them.
# diagnosis: one_latent_pushed
#-         return q, (q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)
#+         return q, (q + math.log(bins) - log_x) / math.log(2)


# %% wrong in_nats, from right vectorized: Nats.
# diagnosis: nats or generic_nats
#-         return q, (q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)
#+         return q, q + loc.shape[-1] * math.log(bins) - log_x


# %% wrong log_density, from right vectorized: q's density at the median.
# diagnosis: density_of_q
#-         return q, (q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)
#+         d = torch.distributions.Normal(loc, scale).log_prob(points[chosen]).sum(-1)
#+         return q, (d + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)


# %% wrong prior_density, from right vectorized: The prior's density at the median.
# diagnosis: density_of_p
#-         return q, (q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)
#+         p = torch.distributions.Normal(0.0, 1.0).log_prob(points[chosen]).sum(-1)
#+         return q, (q - p - log_x) / math.log(2)


# %% wrong two_densities, from right vectorized: The ratio of the densities at the median.
# diagnosis: densities
#-         return q, (q + loc.shape[-1] * math.log(bins) - log_x) / math.log(2)
#+         d = torch.distributions.Normal(loc, scale).log_prob(points[chosen]).sum(-1)
#+         p = torch.distributions.Normal(0.0, 1.0).log_prob(points[chosen]).sum(-1)
#+         return q, (d - p - log_x) / math.log(2)


# %% wrong mean_over_bins, from right vectorized: All bins count alike.
# diagnosis: even_mean
#-     return bits(index)[1], mean
#+     return bits(index)[1], all_bits.mean(0)


# %% wrong exchanged, from right vectorized: The mean first.
# diagnosis: mean_for_both
#-     return bits(index)[1], mean
#+     return mean, bits(index)[1]


# %% wrong evidence_bits, from right vectorized: The logarithm of the mean weight.
# diagnosis: evidence
#-     return bits(index)[1], mean
#+     return bits(index)[1], -torch.logsumexp(q - all_bits * math.log(2), 0) / math.log(2)


# %% wrong at_loc, from right vectorized: The mean is taken at the bins in which q's means lie.
# diagnosis: at_the_mean
#-     return bits(index)[1], mean
#+     middle = torch.bucketize(loc, edges[1:-1].contiguous())
#+     return bits(index)[1], bits(middle)[1]


# %% wrong floor, from right vectorized: Masses are kept above a small number.
# diagnosis: described or value
#-     log_q = top + torch.log(-torch.expm1(torch.special.log_ndtr(low) - top))            # (B, D, n)
#+     log_q = (torch.special.ndtr(high) - torch.special.ndtr(low)).clamp(min=1e-4).log()


# %% wrong no_guard, from right vectorized: Zero times minus infinity.
# diagnosis: not_finite
#-     mean = torch.where(chance > 0, chance * torch.where(chance > 0, all_bits, torch.zeros_like(q)), torch.zeros_like(q)).sum(0)
#+     log_q = (torch.special.ndtr(high) - torch.special.ndtr(low)).log()
#+     q, all_bits = bits(every.expand(-1, *loc.shape))
#+     mean = (q.exp() * all_bits).sum(0)


# %% wrong sigmoids, from right vectorized: Logarithms of probabilities that are kept away from zero and one.
# diagnosis: described or value
#-         log_x = torch.nn.functional.logsigmoid(torch.where(x > 0.5, logits, -logits)).sum(-1)
#+         probs = logits.sigmoid().clamp(1e-3, 1 - 1e-3)
#+         log_x = (x * probs.log() + (1 - x) * (1 - probs).log()).sum(-1)

# %% right closed: The weights by a softmax, the gap by its formula, the average on a grid.
import math

import torch


def mean_alone(xbar, sizes, chances, tau, sigma):
    spread = tau**2 + sigma**2 / sizes
    lam = 1 / tau**2 + sizes / sigma**2

    def at(x):
        x = x.unsqueeze(-1)
        log_joint = chances.log() - 0.5 * spread.log() - 0.5 * x**2 / spread
        w = torch.softmax(log_joint, -1)
        precision = (w * lam).sum(-1)
        loc = (w * sizes).sum(-1) * x[..., 0] / sigma**2 / precision
        off = (loc.unsqueeze(-1) - sizes * x / sigma**2 / lam) ** 2
        gap = 0.5 * (precision.log() + (w * (lam * off - lam.log())).sum(-1))
        return loc, 1 / precision, gap, log_joint.exp().sum(-1) / math.sqrt(2 * math.pi)

    far = 12 * spread.max().sqrt()
    grid = torch.linspace(-1, 1, 20001, dtype=torch.float64) * far
    average = torch.trapezoid(at(grid)[3] * at(grid)[2], grid)
    return *at(xbar)[:3], average


# %% right loops: One mean and one size at a time, with plain numbers; the average by Simpson's rule.
import math

import numpy as np


def mean_alone(xbar, sizes, chances, tau, sigma):
    sizes, chances = sizes.tolist(), chances.tolist()

    def one(x):
        logs, posteriors = [], []
        for n, p in zip(sizes, chances):
            v = tau * tau + sigma * sigma / n
            logs.append(math.log(p) - 0.5 * math.log(2 * math.pi * v) - x * x / (2 * v))
            precision = 1 / tau**2 + n / sigma**2
            posteriors.append((n * x / sigma**2 / precision, precision))
        top = max(logs)
        w = [math.exp(one - top) for one in logs]
        total = sum(w)
        w = [each / total for each in w]
        precision = sum(a * k for a, (_, k) in zip(w, posteriors))
        loc = sum(a * k * m for a, (m, k) in zip(w, posteriors)) / precision
        kl = 0.0
        for a, (m, k) in zip(w, posteriors):
            kl += a * 0.5 * (k / precision + k * (loc - m) ** 2 - 1 - math.log(k / precision))
        return loc, 1 / precision, kl, total * math.exp(top)

    rows = np.array([one(x)[:3] for x in xbar.reshape(-1).tolist()])
    shape = tuple(xbar.shape)
    far = 9 * math.sqrt(tau * tau + sigma * sigma / min(sizes))
    count, inside = 800, 0.0
    for i in range(count + 1):
        _, _, kl, density = one(far * (2 * i / count - 1))
        inside += (1 if i in (0, count) else 4 if i % 2 else 2) * kl * density
    average = inside * (2 * far / count) / 3
    return rows[:, 0].reshape(shape), rows[:, 1].reshape(shape), rows[:, 2].reshape(shape), average


# %% right by_distributions: Torch's normals and their KL; the average over each size's own normal, by panels of Gauss and Legendre.
import numpy as np
import torch
from torch.distributions import Normal, kl_divergence


def mean_alone(xbar, sizes, chances, tau, sigma):
    marginal = Normal(0.0, (tau**2 + sigma**2 / sizes).sqrt())
    precision = tau**-2 + sizes / sigma**2

    def best(x):
        logs = marginal.log_prob(x.unsqueeze(-1)) + chances.log()
        w = (logs - logs.logsumexp(-1, keepdim=True)).exp()
        posterior = Normal(x.unsqueeze(-1) * (sizes / sigma**2) / precision, precision**-0.5)
        k = w @ precision
        loc = (w * precision * posterior.mean).sum(-1) / k
        q = Normal(loc.unsqueeze(-1), k.rsqrt().unsqueeze(-1))
        return loc, 1 / k, (w * kl_divergence(q, posterior)).sum(-1)

    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = torch.linspace(-10, 10, 61, dtype=torch.float64) * marginal.scale.max()
    half = (edges[1:] - edges[:-1]) / 2
    x = (edges[:-1] + half)[:, None] + half[:, None] * torch.tensor(nodes)
    density = (marginal.log_prob(x.unsqueeze(-1)).exp() * chances).sum(-1)
    average = (half[:, None] * torch.tensor(weights) * density * best(x)[2]).sum()
    return [*best(xbar), average]


# %% wrong before_the_mean, from right closed: The sizes keep the chances that they had before the mean was seen.
# diagnosis: chances_alone
#-         w = torch.softmax(log_joint, -1)
#+         w = (chances + 0 * log_joint) / chances.sum()


# %% wrong noise_only, from right by_distributions: The mean of a set varies with the noise alone.
# diagnosis: noise_alone
#-     marginal = Normal(0.0, (tau**2 + sigma**2 / sizes).sqrt())
#+     marginal = Normal(0.0, (sigma**2 / sizes).sqrt())


# %% wrong averages, from right loops: Means and variances of the posteriors are averaged.
# diagnosis: variances_averaged
#-         precision = sum(a * k for a, (_, k) in zip(w, posteriors))
#-         loc = sum(a * k * m for a, (m, k) in zip(w, posteriors)) / precision
#+         precision = 1 / sum(a / k for a, (_, k) in zip(w, posteriors))
#+         loc = sum(a * m for a, (m, k) in zip(w, posteriors))


# %% wrong mean_of_means, from right loops: The mean is that of the posteriors' means; the variance is right.
# diagnosis: means_averaged
#-         loc = sum(a * k * m for a, (m, k) in zip(w, posteriors)) / precision
#+         loc = sum(a * m for a, (m, k) in zip(w, posteriors))


# %% wrong moments, from right closed: The moments of the mixture, as the forward KL would have them.
# diagnosis: mixture_moments
#-         precision = (w * lam).sum(-1)
#-         loc = (w * sizes).sum(-1) * x[..., 0] / sigma**2 / precision
#+         means = sizes * x / sigma**2 / lam
#+         loc = (w * means).sum(-1)
#+         precision = 1 / ((w / lam).sum(-1) + (w * (means - loc.unsqueeze(-1)) ** 2).sum(-1))


# %% wrong gives_scale, from right closed: The standard deviation of q.
# diagnosis: scale_for_variance
#-         return loc, 1 / precision, gap, log_joint.exp().sum(-1) / math.sqrt(2 * math.pi)
#+         return loc, precision**-0.5, gap, log_joint.exp().sum(-1) / math.sqrt(2 * math.pi)


# %% wrong forward, from right by_distributions: The other KL is averaged.
# diagnosis: forward_kl
#-         return loc, 1 / k, (w * kl_divergence(q, posterior)).sum(-1)
#+         return loc, 1 / k, (w * kl_divergence(posterior, q)).sum(-1)


# %% wrong average_here, from right closed: The gap averaged over the means that were handed in.
# diagnosis: of_these_means
#-     average = torch.trapezoid(at(grid)[3] * at(grid)[2], grid)
#+     average = at(xbar)[2].mean()


# %% wrong grid_of_tau, from right closed: The grid reaches as far as c does, and the means of small sets reach farther.
# diagnosis: value or described or dictionary
#-     far = 12 * spread.max().sqrt()
#+     far = 3 * tau


# %% wrong no_prior, from right closed: The posterior's precision without the prior's.
# diagnosis: prior_lost or value
#-     lam = 1 / tau**2 + sizes / sigma**2
#+     lam = sizes / sigma**2


# %% wrong sampled, from right closed: The average from 20,000 draws, three digits of it.
# diagnosis: value or described or dictionary
#-     average = torch.trapezoid(at(grid)[3] * at(grid)[2], grid)
#+     drawn = torch.Generator().manual_seed(0)
#+     size = torch.multinomial(chances, 20000, replacement=True, generator=drawn)
#+     noise = torch.randn(20000, generator=drawn, dtype=torch.float64)
#+     average = at(spread[size].sqrt() * noise)[2].mean()


# %% wrong underflow, from right loops: Densities without a shift: a mean far out has a density of zero.
# diagnosis: raises_ZeroDivisionError
#-         top = max(logs)
#+         top = 0.0


# %% wrong unit_prior, from right closed: tau is one.
# diagnosis: value or described or dictionary
#-     spread = tau**2 + sigma**2 / sizes
#-     lam = 1 / tau**2 + sizes / sigma**2
#+     spread = 1 + sigma**2 / sizes
#+     lam = 1 + sizes / sigma**2


# %% wrong equal_chances, from right closed: All sizes are taken to be equally likely.
# diagnosis: value or described or dictionary
#-         log_joint = chances.log() - 0.5 * spread.log() - 0.5 * x**2 / spread
#+         log_joint = -math.log(len(sizes)) - 0.5 * spread.log() - 0.5 * x**2 / spread


# %% wrong sizes_in_a_table, from right loops: A size that is listed twice keeps the second chance alone.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     sizes, chances = sizes.tolist(), chances.tolist()
#+     table = dict(zip(sizes.tolist(), chances.tolist()))
#+     sizes, chances = list(table), list(table.values())


# %% wrong rare_sizes_dropped, from right loops: Sizes with less than one chance in a thousand are dropped.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     sizes, chances = sizes.tolist(), chances.tolist()
#+     kept = chances > 1e-3
#+     sizes, chances = sizes[kept].tolist(), chances[kept].tolist()


# %% wrong likeliest_size, from right closed: The size that the mean makes likeliest, and no other.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         w = torch.softmax(log_joint, -1)
#+         w = torch.nn.functional.one_hot(log_joint.argmax(-1), len(sizes)).double()


# %% wrong clamped_weights, from right closed: Weights are kept above a millionth.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         w = torch.softmax(log_joint, -1)
#+         w = torch.softmax(log_joint, -1).clamp(min=1e-6)


# %% wrong least_variance, from right closed: The variance is kept above a millionth.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         return loc, 1 / precision, gap, log_joint.exp().sum(-1) / math.sqrt(2 * math.pi)
#+         return loc, (1 / precision).clamp(min=1e-6), gap, log_joint.exp().sum(-1) / math.sqrt(2 * math.pi)


# %% wrong expected_size_gap, from right closed: The gap without the means' part.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         off = (loc.unsqueeze(-1) - sizes * x / sigma**2 / lam) ** 2
#+         off = 0 * x


# %% wrong absolute_means, from right closed: The mean of q by the distance from zero.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         loc = (w * sizes).sum(-1) * x[..., 0] / sigma**2 / precision
#+         loc = (w * sizes).sum(-1) * x[..., 0].abs() / sigma**2 / precision


# %% wrong short_grid, from right closed: The grid reaches as far as three of the widest standard deviations.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     far = 12 * spread.max().sqrt()
#+     far = 3 * spread.max().sqrt()


# %% wrong coarse_grid, from right closed: The grid has twenty points.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     grid = torch.linspace(-1, 1, 20001, dtype=torch.float64) * far
#+     grid = torch.linspace(-1, 1, 20, dtype=torch.float64) * far


# %% wrong grid_of_ten, from right closed: The grid goes from -10 to 10, whatever the scale.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     far = 12 * spread.max().sqrt()
#+     far = 10.0


# %% wrong mean_size, from right closed: The posterior of a set of the size that is expected before the mean was seen, and its gap.
# diagnosis: chances_alone or value or described or dictionary or autopsy or not_finite or either
#-         precision = (w * lam).sum(-1)
#-         loc = (w * sizes).sum(-1) * x[..., 0] / sigma**2 / precision
#+         precision = (chances * lam).sum(-1) + 0 * x[..., 0]
#+         loc = (chances * sizes).sum(-1) * x[..., 0] / sigma**2 / precision


# %% wrong densities_unnormalized, from right closed: The densities of the mean lack their widths.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         log_joint = chances.log() - 0.5 * spread.log() - 0.5 * x**2 / spread
#+         log_joint = chances.log() - 0.5 * x**2 / spread

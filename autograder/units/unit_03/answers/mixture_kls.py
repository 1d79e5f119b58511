# %% right gauss_legendre: NumPy Gauss-Legendre panels, with panel borders at every mean and several scales around it.
import numpy as np


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    m, s, w = loc.item(), scale.item(), weights.numpy()
    mu, sd = means.numpy(), scales.numpy()
    steps = np.arange(-13, 14)
    borders = np.unique(np.concatenate([m + s * steps] + [a + b * steps for a, b in zip(mu, sd)]))
    nodes, node_weights = np.polynomial.legendre.leggauss(16)
    half = (borders[1:] - borders[:-1]) / 2
    z = ((borders[1:] + borders[:-1]) / 2)[:, None] + half[:, None] * nodes
    dz = half[:, None] * node_weights
    log_q = -0.5 * ((z - m) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)
    parts = np.log(w) - 0.5 * ((z[..., None] - mu) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
    log_p = np.logaddexp.reduce(parts, axis=-1)
    return (dz * np.exp(log_p) * (log_p - log_q)).sum(), (dz * np.exp(log_q) * (log_q - log_p)).sum()


# %% right half_closed_form: The cross entropy of the forward KL and the entropy of the reverse in closed form, the rest on grids of SciPy's Simpson rule.
import math

import numpy as np
import torch
from scipy.integrate import simpson
from scipy.special import logsumexp


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    def log_p(z):
        parts = -0.5 * ((z[:, None] - means.numpy()) / scales.numpy()) ** 2 - np.log(scales.numpy()) - 0.5 * np.log(2 * np.pi)
        return logsumexp(parts, axis=1, b=weights.numpy())

    def grid(centre, width, finest):
        return np.linspace(centre - 12 * width, centre + 12 * width, 2 * int(24 * width / finest * 6) + 1)

    finest = min(scales.min().item(), scale.item())
    centre, width = (means.max() + means.min()).item() / 2, (means.max() - means.min()).item() / 24 + scales.max().item()
    z = grid(centre, width, finest)
    minus_entropy = simpson(np.exp(log_p(z)) * log_p(z), x=z)
    second_moment = (weights * (scales**2 + (means - loc) ** 2)).sum()
    forward = minus_entropy + 0.5 * second_moment / scale**2 + scale.log() + 0.5 * math.log(2 * math.pi)
    z = grid(loc.item(), scale.item(), finest)
    density = np.exp(-0.5 * ((z - loc.item()) / scale.item()) ** 2) / (scale.item() * np.sqrt(2 * np.pi))
    cross = simpson(density * log_p(z), x=z)
    reverse = -0.5 * math.log(2 * math.pi * math.e) - scale.log() - cross
    return torch.as_tensor(forward), torch.as_tensor(reverse)


# %% right mixture_same_family: Torch.distributions, a grid for each density, refined around every component.
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    p = MixtureSameFamily(Categorical(probs=weights), Normal(means, scales), validate_args=False)
    q = Normal(loc, scale, validate_args=False)
    t = torch.linspace(-12, 12, 1201, dtype=torch.float64)
    every = torch.cat([(m + s * t) for m, s in zip([*means, loc], [*scales, scale])])
    z = torch.unique(every)
    mid = [z]
    for _ in range(2):                                            # halve the panels twice
        z = torch.cat([z, (z[1:] + z[:-1]) / 2]).sort().values
    log_p, log_q = p.log_prob(z), q.log_prob(z)

    def integrate(f):
        return torch.trapezoid(f, z)

    def refined(f_of):                                            # Richardson: cancels the h^2 error of uneven panels
        fine = integrate(f_of)
        coarse = torch.trapezoid(f_of[::2], z[::2])
        return fine + (fine - coarse) / 3

    return refined(log_p.exp() * (log_p - log_q)), refined(log_q.exp() * (log_q - log_p))


# %% right trapezoid: One grid that serves both integrals, logsumexp over the components.
import math

import torch


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    all_means, all_scales = torch.cat([means, loc.reshape(1)]), torch.cat([scales, scale.reshape(1)])
    low, high = (all_means - 12 * all_scales).min(), (all_means + 12 * all_scales).max()
    step = all_scales.min() / 6
    z = torch.linspace(low.item(), high.item(), int((high - low) / step) + 1, dtype=torch.float64)
    half = 0.5 * math.log(2 * math.pi)
    log_q = -0.5 * ((z - loc) / scale) ** 2 - scale.log() - half
    parts = weights.log() - 0.5 * ((z.unsqueeze(-1) - means) / scales) ** 2 - scales.log() - half
    log_p = torch.logsumexp(parts, -1)
    forward = torch.trapezoid(log_p.exp() * (log_p - log_q), z)
    reverse = torch.trapezoid(log_q.exp() * (log_q - log_p), z)
    return forward, reverse


# %% wrong epsilon_in_log, from right trapezoid: A small number inside the logarithm stops the infinities and also stops log p from falling, so the reverse KL is far too small.
# diagnosis: tails_lost
import math

import torch


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-40, 40, 80001, dtype=torch.float64)
    normal = lambda m, s: torch.exp(-0.5 * ((z - m) / s) ** 2) / (s * math.sqrt(2 * math.pi))
    p = sum(w * normal(m, s) for w, m, s in zip(weights, means, scales))
    q = normal(loc, scale)
    log_p, log_q = (p + 1e-12).log(), (q + 1e-12).log()
    return torch.trapezoid(p * (log_p - log_q), z), torch.trapezoid(q * (log_q - log_p), z)


# %% wrong fixed_grid, from right gauss_legendre: The grid from -12 to 12 suits the figure and does not move with the arguments: too narrow for a far q, too coarse for a narrow mode.
# diagnosis: inaccurate
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    log_p = MixtureSameFamily(Categorical(weights), Normal(means, scales), validate_args=False).log_prob(z)
    log_q = Normal(loc, scale).log_prob(z)
    dz = z[1] - z[0]
    return (log_p.exp() * (log_p - log_q)).sum() * dz, (log_q.exp() * (log_q - log_p)).sum() * dz


# %% wrong reversed, from right gauss_legendre: Both integrals are right and returned in the other order: the names forward and reverse are learned later than the formulas.
# diagnosis: reversed
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    p = MixtureSameFamily(Categorical(weights), Normal(means, scales), validate_args=False)
    q = Normal(loc, scale)
    widest = torch.cat([scales, scale.reshape(1)]).max()
    z = torch.linspace(-40, 40, 80001, dtype=torch.float64) * widest
    lp, lq = p.log_prob(z), q.log_prob(z)
    return torch.trapezoid(lq.exp() * (lq - lp), z), torch.trapezoid(lp.exp() * (lp - lq), z)


# %% wrong sampled, from right gauss_legendre: Both are averages over 50,000 draws: two or three digits, others at each call, where quadrature on a line gives ten.
# diagnosis: sampled
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    p = MixtureSameFamily(Categorical(weights), Normal(means, scales))
    q = Normal(loc, scale)
    zp, zq = p.sample((50000,)), q.sample((50000,))
    return (p.log_prob(zp) - q.log_prob(zp)).mean(), (q.log_prob(zq) - p.log_prob(zq)).mean()


# %% wrong step_forgotten, from right gauss_legendre: The integrand is summed over the grid and never multiplied by the step, so the answer grows with the number of points.
# diagnosis: step_forgotten
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-40, 40, 80001, dtype=torch.float64)
    log_p = MixtureSameFamily(Categorical(weights), Normal(means, scales), validate_args=False).log_prob(z)
    log_q = Normal(loc, scale).log_prob(z)
    return (log_p.exp() * (log_p - log_q)).sum(), (log_q.exp() * (log_q - log_p)).sum()


# %% wrong tails_lost, from right trapezoid: Densities first, logarithms later: far out both densities round to zero, and the logarithm of their ratio is not finite.
# diagnosis: not_finite
import math

import torch


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-40, 40, 80001, dtype=torch.float64)
    normal = lambda m, s: torch.exp(-0.5 * ((z - m) / s) ** 2) / (s * math.sqrt(2 * math.pi))
    p = sum(w * normal(m, s) for w, m, s in zip(weights, means, scales))
    q = normal(loc, scale)
    dz = z[1] - z[0]
    return (p * (p / q).log()).nansum() * dz, (q * (q / p).log()).sum() * dz


# %% wrong variance_as_scale, from right gauss_legendre: The scales are squared before they are handed to Normal, because the text writes N(m, r^2) and Normal wants r.
# diagnosis: variance_as_scale
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-60, 60, 60001, dtype=torch.float64)
    log_p = MixtureSameFamily(Categorical(weights), Normal(means, scales**2), validate_args=False).log_prob(z)
    log_q = Normal(loc, scale**2).log_prob(z)
    return torch.trapezoid(log_p.exp() * (log_p - log_q), z), torch.trapezoid(log_q.exp() * (log_q - log_p), z)


# %% wrong weights_ignored, from right trapezoid: The components are averaged with equal weights: log-sum-exp minus log M is at hand from other exercises, and the weights are not in it.
# diagnosis: weights_ignored
import math

import torch
from torch.distributions import Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-40, 40, 80001, dtype=torch.float64)
    log_p = torch.logsumexp(Normal(means, scales).log_prob(z[:, None]), -1) - math.log(len(means))
    log_q = Normal(loc, scale).log_prob(z)
    return torch.trapezoid(log_p.exp() * (log_p - log_q), z), torch.trapezoid(log_q.exp() * (log_q - log_p), z)


# %% wrong grid_of_q, from right trapezoid: The grid is spanned by q alone, whose scale is at hand: a narrow q leaves most of p out of the forward integral.
# diagnosis: value
#-     low, high = (all_means - 12 * all_scales).min(), (all_means + 12 * all_scales).max()
#+     low, high = loc - 12 * scale, loc + 12 * scale


# %% wrong reverse_under_p, from right trapezoid: In the second integral the difference is turned and the density in front is not: minus the forward KL comes out.
# diagnosis: one_density
#-     reverse = torch.trapezoid(log_q.exp() * (log_q - log_p), z)
#+     reverse = torch.trapezoid(log_p.exp() * (log_q - log_p), z)


# %% wrong component_average, from right half_closed_form: The closed form is used for each component and averaged with the weights, as if the logarithm went through the sum.
# diagnosis: component_average
from torch.distributions import Normal, kl_divergence


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    parts, q = Normal(means, scales), Normal(loc.expand(len(means)), scale.expand(len(means)))
    return (weights * kl_divergence(parts, q)).sum(), (weights * kl_divergence(q, parts)).sum()


# %% wrong wide_fixed_grid, from right trapezoid: A grid from -40 to 40 with 80,001 points, made once for all: generous, until the problem lies elsewhere.
# diagnosis: value
#-     low, high = (all_means - 12 * all_scales).min(), (all_means + 12 * all_scales).max()
#-     step = all_scales.min() / 6
#-     z = torch.linspace(low.item(), high.item(), int((high - low) / step) + 1, dtype=torch.float64)
#+     z = torch.linspace(-40, 40, 80001, dtype=torch.float64)

# %% right smaller_tail: The quantile from whichever tail is smaller.
import math

import torch


def best_flow(loc, log_scale, z):
    score = (z[:, None] - loc) * (-log_scale).exp()
    lower, upper = (0.5 * torch.erfc(side / 2**0.5).mean(1) for side in (-score, score))
    u = torch.where(lower < upper, torch.special.ndtri(lower), -torch.special.ndtri(upper))
    log_q = (-0.5 * score**2 - log_scale).logsumexp(1) - math.log(len(loc))
    return u, log_q + 0.5 * u**2


# %% right loops: SciPy, place by place.
import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm


def best_flow(loc, log_scale, z):
    loc, scale = loc.numpy(), log_scale.exp().numpy()
    places, slopes = [], []
    for at in z.numpy():
        if norm.cdf(at, loc, scale).mean() < 0.5:
            u = norm.ppf(norm.cdf(at, loc, scale).mean())
        else:
            u = norm.isf(norm.sf(at, loc, scale).mean())
        places.append(u)
        slopes.append(logsumexp(norm.logpdf(at, loc, scale)) - np.log(len(loc)) - norm.logpdf(u))
    return np.array(places), np.array(slopes)


# %% right bisection: No quantile function: u is found by halving, in logarithms of tails.
import math

import torch


def best_flow(loc, log_scale, z):
    score = (z[:, None] - loc) * (-log_scale).exp()
    lower = torch.special.log_ndtr(score).logsumexp(1) - math.log(len(loc))
    upper = torch.special.log_ndtr(-score).logsumexp(1) - math.log(len(loc))
    sign = torch.where(lower < upper, 1.0, -1.0).to(z.dtype)
    aim = torch.minimum(lower, upper)
    low, high = torch.full_like(z, -40.0), torch.full_like(z, 1.0)
    for _ in range(80):
        middle = (low + high) / 2
        below = torch.special.log_ndtr(middle) < aim
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    u = sign * (low + high) / 2
    log_q = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z[:, None]).logsumexp(1) - math.log(len(loc))
    return [u, log_q - torch.distributions.Normal(0.0, 1.0).log_prob(u)]


# %% wrong moments, from right smaller_tail: Mean zero and variance one.
# diagnosis: moments_matched
#-     u = torch.where(lower < upper, torch.special.ndtri(lower), -torch.special.ndtri(upper))
#+     u = (z - loc.mean()) / (loc.var(correction=0) + (2 * log_scale).exp().mean()).sqrt()


# %% wrong uniform, from right smaller_tail: The distribution function.
# diagnosis: distribution_function
#-     u = torch.where(lower < upper, torch.special.ndtri(lower), -torch.special.ndtri(upper))
#+     u = lower


# %% wrong average_score, from right smaller_tail: The mean of the standard scores.
# diagnosis: scores_averaged
#-     u = torch.where(lower < upper, torch.special.ndtri(lower), -torch.special.ndtri(upper))
#+     u = score.mean(1)


# %% wrong variance, from right smaller_tail: log_scale is read as a log variance.
# diagnosis: log_variance
#-     score = (z[:, None] - loc) * (-log_scale).exp()
#+     log_scale = log_scale / 2
#+     score = (z[:, None] - loc) * (-log_scale).exp()


# %% wrong density_alone, from right loops: The density of the base is not in the slope.
# diagnosis: aggregate_alone
#-         slopes.append(logsumexp(norm.logpdf(at, loc, scale)) - np.log(len(loc)) - norm.logpdf(u))
#+         slopes.append(logsumexp(norm.logpdf(at, loc, scale)) - np.log(len(loc)))


# %% wrong plus, from right loops: The base's log density is added.
# diagnosis: value or dictionary
#-         slopes.append(logsumexp(norm.logpdf(at, loc, scale)) - np.log(len(loc)) - norm.logpdf(u))
#+         slopes.append(logsumexp(norm.logpdf(at, loc, scale)) - np.log(len(loc)) + norm.logpdf(u))


# %% wrong no_log, from right loops: The slope itself.
# diagnosis: not_logarithm
#-     return np.array(places), np.array(slopes)
#+     return np.array(places), np.exp(slopes)


# %% wrong log_mean, from right loops: The mean of the log densities.
# diagnosis: mean_of_logarithms
#-         slopes.append(logsumexp(norm.logpdf(at, loc, scale)) - np.log(len(loc)) - norm.logpdf(u))
#+         slopes.append(norm.logpdf(at, loc, scale).mean() - norm.logpdf(u))


# %% wrong summed, from right bisection: The sum over the data.
# diagnosis: sum_for_mean
#-     log_q = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z[:, None]).logsumexp(1) - math.log(len(loc))
#+     log_q = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z[:, None]).logsumexp(1)


# %% wrong lower_tail, from right smaller_tail: The lower tail everywhere: one minus next to nothing.
# diagnosis: described or value or not_finite
#-     u = torch.where(lower < upper, torch.special.ndtri(lower), -torch.special.ndtri(upper))
#+     u = torch.special.ndtri(lower)


# %% wrong clamped, from right smaller_tail: Probabilities are kept away from zero and one.
# diagnosis: described or value or not_finite
#-     u = torch.where(lower < upper, torch.special.ndtri(lower), -torch.special.ndtri(upper))
#+     u = torch.special.ndtri(lower.clamp(1e-6, 1 - 1e-6))


# %% wrong plain_exp, from right smaller_tail: The density is computed outside of the logarithm.
# diagnosis: not_finite or value
#-     log_q = (-0.5 * score**2 - log_scale).logsumexp(1) - math.log(len(loc))
#+     log_q = ((-0.5 * score**2).exp() / log_scale.exp()).mean(1).log()


# %% wrong ndtr, from right smaller_tail: torch computes ndtr as one plus erf, which rounds the small tail away.
# diagnosis: described or value or not_finite
#-     lower, upper = (0.5 * torch.erfc(side / 2**0.5).mean(1) for side in (-score, score))
#+     lower, upper = torch.special.ndtr(score).mean(1), torch.special.ndtr(-score).mean(1)

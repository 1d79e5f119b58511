# %% right coordinates: Closed form by hand, coordinate by coordinate.
import math


def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    log_prior = -0.5 * (loc**2 + s2) - 0.5 * math.log(2 * math.pi)
    log_lik = -0.5 * ((x - loc) ** 2 + s2) - 0.5 * math.log(2 * math.pi)
    entropy = log_scale + 0.5 * math.log(2 * math.pi * math.e)
    elbo = (log_prior + log_lik + entropy).sum(-1)
    gap = (-0.5 * math.log(2) - log_scale + s2 + (loc - x / 2) ** 2 - 0.5).sum(-1)
    return elbo, gap


# %% right kl_and_evidence: Kl_divergence to the posterior, and the ELBO as the evidence minus it.
from torch.distributions import Independent, Normal, kl_divergence


def elbo_and_gap(loc, log_scale, x):
    q = Independent(Normal(loc, log_scale.exp()), 1)
    posterior = Independent(Normal(x / 2, 0.5**0.5), 1)
    gap = kl_divergence(q, posterior)
    evidence = Independent(Normal(0.0 * x, 2**0.5), 1).log_prob(x)
    return evidence - gap, gap


# %% right prior_kl: Reconstruction minus the KL to the prior; the gap is what is left of the evidence.
import torch
from torch.distributions import Normal, kl_divergence


def elbo_and_gap(loc, log_scale, x):
    q = Normal(loc, log_scale.exp())
    kl = kl_divergence(q, Normal(torch.zeros_like(loc), torch.ones_like(loc))).sum(-1)
    reconstruction = Normal(loc, 1.0).log_prob(x).sum(-1) - 0.5 * q.variance.sum(-1)
    elbo = reconstruction - kl
    evidence = Normal(torch.zeros_like(x), 2**0.5).log_prob(x).sum(-1)
    return elbo, evidence - elbo


# %% right quadrature: Gauss-Hermite quadrature with NumPy's nodes, exact for quadratics; log w is all that it needs.
import numpy as np
import torch

from course_vi.models import ConjugateToy


def elbo_and_gap(loc, log_scale, x):
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    p = ConjugateToy(x.shape[-1])
    elbo = torch.zeros_like(p.log_evidence(x))
    for d in range(x.shape[-1]):
        one = ConjugateToy(1)
        xd, md, sd = x[..., d : d + 1], loc[..., d : d + 1], log_scale[..., d : d + 1]
        for node, weight in zip(nodes, weights / weights.sum()):
            z = md + sd.exp() * node
            log_q = (-0.5 * node**2 - sd - 0.5 * np.log(2 * np.pi)).sum(-1)
            elbo = elbo + weight * (one.log_joint(xd, z.unsqueeze(0))[0] - log_q)
    return elbo, p.log_evidence(x) - elbo


# %% wrong entropy_sign, from right coordinates: The entropy is subtracted: written E log q by habit, though Normal.entropy() already carries the minus.
# diagnosis: entropy_sign
import math

from torch.distributions import Normal


def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    log_joint = -0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) - math.log(2 * math.pi)
    elbo = (log_joint - Normal(loc, log_scale.exp()).entropy()).sum(-1)
    return elbo, Normal(0.0 * x, 2**0.5).log_prob(x).sum(-1) - elbo


# %% wrong evidence_offset, from right coordinates: log p(x) is written with the constant of a unit Gaussian; its variance is 2, and half a log 2 per coordinate is lost.
# diagnosis: evidence_offset
import math


def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5 - 0.5 * math.log(2 * math.pi)).sum(-1)
    evidence = (-0.25 * x**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
    return elbo, evidence - elbo


# %% wrong gap_sign, from right kl_and_evidence: The gap is returned as the ELBO minus log p(x), never positive: the difference was taken in the order of the return statement.
# diagnosis: gap_sign
from torch.distributions import Normal, kl_divergence


def elbo_and_gap(loc, log_scale, x):
    q, posterior = Normal(loc, log_scale.exp()), Normal(x / 2, 0.5**0.5)
    evidence = Normal(0.0 * x, 2**0.5).log_prob(x).sum(-1)
    elbo = evidence - kl_divergence(q, posterior).sum(-1)
    return elbo, elbo - evidence


# %% wrong kl_to_prior, from right coordinates: The KL that already stands in the ELBO, the one to the prior, is returned as the gap; that is the one to the posterior.
# diagnosis: kl_to_prior
import math


def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    kl = 0.5 * (s2 + loc**2 - 1 - 2 * log_scale).sum(-1)
    elbo = (-0.5 * ((x - loc) ** 2 + s2) - 0.5 * math.log(2 * math.pi)).sum(-1) - kl
    return elbo, kl


# %% wrong log_scale_sign, from right kl_and_evidence: The entropy has minus log s, as a log-density has: so a wide q is punished where it should be rewarded.
# diagnosis: log_scale_sign
import math

from torch.distributions import Normal, kl_divergence


def elbo_and_gap(loc, log_scale, x):
    s = log_scale.exp()
    energy = -math.log(2 * math.pi) - 0.5 * (loc**2 + s**2) - 0.5 * ((x - loc) ** 2 + s**2)
    entropy = 0.5 * math.log(2 * math.pi * math.e) - log_scale
    return (energy + entropy).sum(-1), kl_divergence(Normal(loc, s), Normal(x / 2, 0.5**0.5)).sum(-1)


# %% wrong lost_2pi, from right coordinates: All constants of the densities are dropped, as one may when optimizing; a bound on log p(x) needs them.
# diagnosis: lost_2pi
def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5).sum(-1)
    gap = (0.5 * (2 * s2 + 2 * (loc - x / 2) ** 2 - 1 - (2 * s2).log())).sum(-1)
    return elbo, gap


# %% wrong mean_over_dim, from right coordinates: Everything is averaged over the coordinates, so the answer is a D-th of the right one and agrees for D = 1 alone.
# diagnosis: mean_over_dim
import math


def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5 - 0.5 * math.log(2 * math.pi)).mean(-1)
    evidence = (-0.25 * x**2 - 0.5 * math.log(4 * math.pi)).mean(-1)
    return elbo, evidence - elbo


# %% wrong plug_in, from right kl_and_evidence: The mean of q is put in for z: the mean of a square is not the square of the mean, and s^2 is missing twice.
# diagnosis: plug_in
from torch.distributions import Normal


def elbo_and_gap(loc, log_scale, x):
    one = Normal(0.0 * x, 1.0)
    entropy = Normal(loc, log_scale.exp()).entropy().sum(-1)
    elbo = one.log_prob(loc).sum(-1) + Normal(loc, 1.0).log_prob(x).sum(-1) + entropy
    evidence = Normal(0.0 * x, 2**0.5).log_prob(x).sum(-1)
    return elbo, evidence - elbo


# %% wrong posterior_variance_as_scale, from right kl_and_evidence: The posterior N(x/2, 1/2) is built with standard deviation 1/2: the second number of N is a variance, that of Normal is not.
# diagnosis: scale_as_variance
from torch.distributions import Normal, kl_divergence


def elbo_and_gap(loc, log_scale, x):
    q, posterior = Normal(loc, log_scale.exp()), Normal(x / 2, 0.5)
    evidence = Normal(0.0 * x, 2**0.5).log_prob(x).sum(-1)
    gap = kl_divergence(q, posterior).sum(-1)
    return evidence - gap, gap


# %% wrong reversed, from right kl_and_evidence: The posterior stands first in kl_divergence, as in 'posterior versus q'; the gap is an expectation under q.
# diagnosis: reversed
from torch.distributions import Normal, kl_divergence


def elbo_and_gap(loc, log_scale, x):
    q, posterior = Normal(loc, log_scale.exp()), Normal(x / 2, 0.5**0.5)
    evidence = Normal(0.0 * x, 2**0.5).log_prob(x).sum(-1)
    gap = kl_divergence(posterior, q).sum(-1)
    return evidence - gap, gap


# %% wrong sampled, from right kl_and_evidence: Both numbers are averages over 5,000 draws, which is what one does on any other model; here a closed form was asked for.
# diagnosis: sampled
import torch

from course_vi.families import MeanField
from course_vi.models import ConjugateToy


def elbo_and_gap(loc, log_scale, x):
    p, q = ConjugateToy(x.shape[-1]), MeanField(x.shape[-1], loc, log_scale)
    z = loc + log_scale.exp() * torch.randn(5000, *loc.shape, dtype=loc.dtype)
    elbo = (p.log_joint(x, z) - q(x, z)).mean(0)
    return elbo, p.log_evidence(x) - elbo


# %% wrong evidence_scale, from right prior_kl: log p(x) is taken with standard deviation 2: p(x) = N(0, 2) names the variance, and torch's Normal wants its root.
# diagnosis: evidence_scale
#-     evidence = Normal(torch.zeros_like(x), 2**0.5).log_prob(x).sum(-1)
#+     evidence = Normal(torch.zeros_like(x), 2.0).log_prob(x).sum(-1)


# %% wrong swapped, from right coordinates: The gap comes first: both numbers are right, and each stands in the other's place.
# diagnosis: swapped
#-     return elbo, gap
#+     return gap, elbo


# %% wrong constant_once, from right coordinates: The constant is written after the sum over coordinates, so it counts once and not D times.
# diagnosis: constant_once
#-     log_prior = -0.5 * (loc**2 + s2) - 0.5 * math.log(2 * math.pi)
#+     log_prior = -0.5 * (loc**2 + s2)
#@@
#-     elbo = (log_prior + log_lik + entropy).sum(-1)
#+     elbo = (log_prior + log_lik + entropy).sum(-1) - 0.5 * math.log(2 * math.pi)

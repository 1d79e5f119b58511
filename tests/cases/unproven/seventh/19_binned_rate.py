import math

import numpy as np
import torch
from scipy.special import log_ndtr, ndtr
from scipy.stats import norm


def masses(loc, scale, width, first, last):
    """Middles of the bins first to last, and the logarithm of what N(loc, scale^2) has in each."""
    c = width * np.arange(first, last + 1)
    a, b = (c - width / 2 - loc) / scale, (c + width / 2 - loc) / scale
    a, b = np.where(a > 0, -b, a), np.where(a > 0, -a, b)
    return c, log_ndtr(b) + np.log(-np.expm1(log_ndtr(a) - log_ndtr(b)))


def parts(x, loc, scale, slope, noise, width):
    """What the likelihood pays for the middles, and KL on the bins less KL of the densities."""
    first, last = math.floor((loc - 14 * scale) / width) - 1, math.ceil((loc + 14 * scale) / width) + 1
    c, log_q = masses(loc, scale, width, first, last)
    log_p = masses(0.0, 1.0, width, first, last)[1]
    q = np.exp(log_q)
    told = (float(q @ (x - slope * c) ** 2) - (x - slope * loc) ** 2 - (slope * scale) ** 2) / (2 * noise**2)
    log_q = np.where(q > 0, log_q, 0.0)
    return told, float(np.where(q > 0, q * (log_q - log_p), 0.0).sum()) - ((loc**2 + scale**2 - 1) / 2 - math.log(scale))


# %% right scipy_with_closed_forms: masses by log_ndtr on the side where it is small, minus the ELBO of the densities in closed form; scores as m^2 + (s - 1/s)^2
def binned_rate(x, loc, scale, slope, noise, width):
    first, last = math.floor((loc - 14 * scale) / width) - 1, math.ceil((loc + 14 * scale) / width) + 1
    middles = width * np.arange(first, last + 1)

    def log_mass(mean, deviation):
        low, high = (middles - width / 2 - mean) / deviation, (middles + width / 2 - mean) / deviation
        low, high = np.where(low > 0, -high, low), np.where(low > 0, -low, high)
        upper = log_ndtr(high)
        return upper + np.log(-np.expm1(log_ndtr(low) - upper))

    log_q, log_p = log_mass(loc, scale), log_mass(0.0, 1.0)
    q = np.exp(log_q)
    live = q > 0
    q, log_q, log_p, middles = q[live], log_q[live], log_p[live], middles[live]
    # E_q[log p(x | z)] - sum_i Q_i log p(x | c_i); the normalizing constants cancel
    told = float(q @ (x - slope * middles) ** 2) - ((x - slope * loc) ** 2 + (slope * scale) ** 2)
    binned_kl = float(q @ (log_q - log_p))
    kl = (loc**2 + scale**2 - 1) / 2 - math.log(scale)
    second = width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)
    return told / (2 * noise**2) + binned_kl - kl, second


# %% right within_each_bin_by_quadrature: no distribution function: Gauss-Legendre nodes in each bin (in pieces no wider than half a deviation), the excess as a mean under q of what z would pay less what its bin pays; the second order by Gauss-Hermite
def binned_rate(x, loc, scale, slope, noise, width):
    node, weight = np.polynomial.legendre.leggauss(24)
    first, last = math.floor((loc - 13 * scale) / width) - 1, math.ceil((loc + 13 * scale) / width) + 1
    pieces = max(1, math.ceil(width / min(scale, 1.0) * 2))
    total = 0.0
    for i in range(first, last + 1):
        edges = width * (i - 0.5) + width * np.arange(pieces + 1) / pieces
        half = np.diff(edges) / 2
        z = (edges[:-1, None] + half[:, None] * (1 + node)).ravel()
        w = (half[:, None] * weight).ravel()
        log_q = -(((z - loc) / scale) ** 2) / 2 - math.log(scale) - math.log(2 * math.pi) / 2
        log_p = -(z**2) / 2 - math.log(2 * math.pi) / 2

        def log_sum(logs):
            top = logs.max()
            return top + math.log(w @ np.exp(logs - top))

        at_z = -((x - slope * z) ** 2) / (2 * noise**2)
        at_middle = -((x - slope * width * i) ** 2) / (2 * noise**2)
        pays = at_z - at_middle + (log_p - log_q) - (log_sum(log_p) - log_sum(log_q))
        total += float((w * np.exp(log_q)) @ pays)
    h_node, h_weight = np.polynomial.hermite_e.hermegauss(12)
    z = loc + scale * h_node
    score = -(z - loc) / scale**2 + z
    second = width**2 / 24 * (slope**2 / noise**2 - (h_weight @ score**2) / h_weight.sum())
    return float(total), float(second)


# %% right torch_and_a_list: torch throughout, the two changes kept apart (the rounding of z in the likelihood by its first two moments, and the relative entropy that is lost); a list for the tuple
def binned_rate(x, loc, scale, slope, noise, width):
    x, loc, scale, slope, noise, width = (
        torch.tensor(float(v), dtype=torch.float64) for v in (x, loc, scale, slope, noise, width)
    )
    reach = 13 * scale
    index = torch.arange(int(((loc - reach) / width).floor()) - 1, int(((loc + reach) / width).ceil()) + 2, dtype=torch.float64)
    middle = index * width

    def log_mass(mean, deviation):
        near = ((middle - mean).abs() - width / 2) / deviation  # the end that is nearer to the mean, mirrored to below it
        far = ((middle - mean).abs() + width / 2) / deviation
        upper, lower = torch.special.log_ndtr(-near), torch.special.log_ndtr(-far)
        return upper + (-torch.expm1(lower - upper)).log()

    log_q, log_p = log_mass(loc, scale), log_mass(torch.zeros(()).double(), torch.ones(()).double())
    mass = log_q.exp()
    moved = (mass * (middle - loc)).sum()
    spread = (mass * (middle - loc) ** 2).sum() - scale**2
    likelihood = (slope**2 * spread - 2 * slope * (x - slope * loc) * moved) / (2 * noise**2)
    density = torch.distributions.kl_divergence(torch.distributions.Normal(loc, scale), torch.distributions.Normal(loc * 0, scale * 0 + 1))
    entropy = torch.where(mass > 0, mass * (log_q - log_p), 0.0).sum() - density
    second = width**2 / 24 * (slope**2 / noise**2 - loc**2 - scale**2 + 2 - scale**-2)
    return [float(likelihood + entropy), float(second)]


# %% wrong evenly_within_the_bin: second order with z spread evenly within its bin, so that the mean of u^2/2 times the curvature of log p(x | z) is all: the likelihood's term gets the wrong sign
def binned_rate(x, loc, scale, slope, noise, width):
    exact = sum(parts(x, loc, scale, slope, noise, width))
    return exact, width**2 / 24 * (-((slope / noise) ** 2) - loc**2 - (scale - 1 / scale) ** 2)


# %% wrong only_the_likelihood: second order is a^2 h^2 / (24 sigma^2), as in rounding noise of variance h^2 / 12; forgets that less is told of z
def binned_rate(x, loc, scale, slope, noise, width):
    return sum(parts(x, loc, scale, slope, noise, width)), (width * slope / noise) ** 2 / 24


# %% wrong score_at_the_mean: the slope of log q/p is taken at the middle of q, where it is m, in place of its mean square m^2 + (s - 1/s)^2; right for scale one
def binned_rate(x, loc, scale, slope, noise, width):
    return sum(parts(x, loc, scale, slope, noise, width)), width**2 / 24 * ((slope / noise) ** 2 - loc**2)


# %% wrong at_the_posterior: second order from the identity at the posterior, where the slope of log q/p is that of log p(x | z), with q's two numbers replaced by the posterior's; right only if q is the posterior
def binned_rate(x, loc, scale, slope, noise, width):
    precision = 1 + (slope / noise) ** 2
    m = slope * x / noise**2 / precision
    second = width**2 / 24 * ((slope / noise) ** 2 - m**2 - 1 / precision + 2 - precision)
    return sum(parts(x, loc, scale, slope, noise, width)), second


# %% wrong noise_as_variance: divides by noise where noise^2 belongs, in both numbers; right in the notebook's example, where noise is one
def binned_rate(x, loc, scale, slope, noise, width):
    told, entropy = parts(x, loc, scale, slope, math.sqrt(noise), width)
    return told + entropy, width**2 / 24 * (slope**2 / noise - loc**2 - (scale - 1 / scale) ** 2)


# %% wrong bins_never_save: cuts both numbers off at zero, since coarse bins can only cost; at many x they save
def binned_rate(x, loc, scale, slope, noise, width):
    exact = sum(parts(x, loc, scale, slope, noise, width))
    second = width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)
    return max(exact, 0.0), max(second, 0.0)


# %% wrong edges_at_multiples: bins whose ends, not middles, lie at the multiples of the width; the same for narrow bins, and for wide ones another number
def binned_rate(x, loc, scale, slope, noise, width):
    first, last = math.floor((loc - 14 * scale) / width) - 1, math.ceil((loc + 14 * scale) / width) + 1
    c = width * (np.arange(first, last) + 0.5)

    def log_mass(mean, deviation):
        a, b = (c - width / 2 - mean) / deviation, (c + width / 2 - mean) / deviation
        a, b = np.where(a > 0, -b, a), np.where(a > 0, -a, b)
        return log_ndtr(b) + np.log(-np.expm1(log_ndtr(a) - log_ndtr(b)))

    log_q, log_p = log_mass(loc, scale), log_mass(0.0, 1.0)
    q = np.exp(log_q)
    told = (float(q @ (x - slope * c) ** 2) - (x - slope * loc) ** 2 - (slope * scale) ** 2) / (2 * noise**2)
    kl = (loc**2 + scale**2 - 1) / 2 - math.log(scale)
    exact = told + float(np.where(q > 0, q * (np.where(q > 0, log_q, 0.0) - log_p), 0.0).sum()) - kl
    return exact, width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)


# %% wrong density_times_width: pushes z with h times the prior's density at the middle in place of the bin's mass; good to second order of something else, and wrong wherever a bin is not narrow
def binned_rate(x, loc, scale, slope, noise, width):
    first, last = math.floor((loc - 14 * scale) / width) - 1, math.ceil((loc + 14 * scale) / width) + 1
    c, log_q = masses(loc, scale, width, first, last)
    q = np.exp(log_q)
    log_p = math.log(width) - c**2 / 2 - math.log(2 * math.pi) / 2
    told = parts(x, loc, scale, slope, noise, width)[0]
    kl = (loc**2 + scale**2 - 1) / 2 - math.log(scale)
    exact = told + float(np.where(q > 0, q * (np.where(q > 0, log_q, 0.0) - log_p), 0.0).sum()) - kl
    return exact, width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)


# %% wrong grid_around_the_mean_of_q: the bins are laid such that one has its middle at loc, to be most exact where q is; the bins of the statement lie at multiples of h for every q
def binned_rate(x, loc, scale, slope, noise, width):
    n = math.ceil(14 * scale / width) + 1
    c = loc + width * np.arange(-n, n + 1)

    def log_mass(mean, deviation):
        a, b = (c - width / 2 - mean) / deviation, (c + width / 2 - mean) / deviation
        a, b = np.where(a > 0, -b, a), np.where(a > 0, -a, b)
        return log_ndtr(b) + np.log(-np.expm1(log_ndtr(a) - log_ndtr(b)))

    log_q, log_p = log_mass(loc, scale), log_mass(0.0, 1.0)
    q = np.exp(log_q)
    told = (float(q @ (x - slope * c) ** 2) - (x - slope * loc) ** 2 - (slope * scale) ** 2) / (2 * noise**2)
    kl = (loc**2 + scale**2 - 1) / 2 - math.log(scale)
    exact = told + float(np.where(q > 0, q * (np.where(q > 0, log_q, 0.0) - log_p), 0.0).sum()) - kl
    return exact, width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)


# %% wrong reach_of_the_prior: sums over bins up to 20 to either side, where a standard normal has nothing left; a q of scale 30 has most of its mass beyond
def binned_rate(x, loc, scale, slope, noise, width):
    n = math.ceil(20 / width)
    c, log_q = masses(loc, scale, width, -n, n)
    log_p = masses(0.0, 1.0, width, -n, n)[1]
    q = np.exp(log_q)
    told = (float(q @ (x - slope * c) ** 2) - (x - slope * loc) ** 2 - (slope * scale) ** 2) / (2 * noise**2)
    kl = (loc**2 + scale**2 - 1) / 2 - math.log(scale)
    exact = told + float(np.where(q > 0, q * (np.where(q > 0, log_q, 0.0) - log_p), 0.0).sum()) - kl
    return exact, width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)


# %% wrong epsilon_in_the_logarithm: masses by differences of the distribution function, with 1e-12 against the logarithm of zero; right near the middle, and off by whole nats where q lies beyond seven or so
def binned_rate(x, loc, scale, slope, noise, width):
    first, last = math.floor((loc - 14 * scale) / width) - 1, math.ceil((loc + 14 * scale) / width) + 1
    c = width * np.arange(first, last + 1)
    q = ndtr((c + width / 2 - loc) / scale) - ndtr((c - width / 2 - loc) / scale)
    p = ndtr(c + width / 2) - ndtr(c - width / 2)
    told = (float(q @ (x - slope * c) ** 2) - (x - slope * loc) ** 2 - (slope * scale) ** 2) / (2 * noise**2)
    kl = (loc**2 + scale**2 - 1) / 2 - math.log(scale)
    exact = told + float(q @ (np.log(q + 1e-12) - np.log(p + 1e-12))) - kl
    return exact, width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)


# %% wrong read_off_at_a_narrower_width: no derivation: the second order is the exact excess of bins a tenth as wide, times 100; the next order is still in it, and shows in the third or fourth digit (and at once where q is narrower than the bins)
def binned_rate(x, loc, scale, slope, noise, width):
    exact = sum(parts(x, loc, scale, slope, noise, width))
    return exact, 100 * sum(parts(x, loc, scale, slope, noise, width / 10))


# %% wrong x_told_at_z: exact without the change in log p(x | .): x is coded at z itself, and only the relative entropy of the bins changes; second order to match
def binned_rate(x, loc, scale, slope, noise, width):
    told, entropy = parts(x, loc, scale, slope, noise, width)
    return entropy, -(width**2) / 24 * (loc**2 + (scale - 1 / scale) ** 2)


# %% wrong moment_of_rounding: rounds the likelihood's part by Sheppard's correction, h^2 / 12 a^2 / (2 sigma^2), at any h; right to many digits for bins narrower than q, wrong for wider ones
def binned_rate(x, loc, scale, slope, noise, width):
    entropy = parts(x, loc, scale, slope, noise, width)[1]
    rounding = (slope * width / noise) ** 2 / 24
    return rounding + entropy, rounding - width**2 / 24 * (loc**2 + (scale - 1 / scale) ** 2)

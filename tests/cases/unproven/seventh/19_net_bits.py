import itertools
import math

import numpy as np
import torch
from scipy.special import expit, log_ndtr, ndtr, ndtri
from scipy.stats import norm


def log_masses(loc, scale, bins):
    """log of what q has in each bin: (B, D, n)."""
    edges = torch.cat([torch.tensor([-math.inf]).double(), torch.special.ndtri(torch.arange(1, bins).double() / bins), torch.tensor([math.inf]).double()])
    at = (edges - loc[..., None]) / scale[..., None]
    low, high = at[..., :-1], at[..., 1:]
    low, high = torch.where(low > 0, -high, low), torch.where(low > 0, -low, high)
    upper = torch.special.log_ndtr(high)
    return upper + torch.log(-torch.expm1(torch.special.log_ndtr(low) - upper))


def medians(bins):
    return torch.special.ndtri((torch.arange(bins).double() + 0.5) / bins)


def log_lik(x, z, weight, bias):
    """log p(x | z): x (..., Dx), z (..., D)."""
    logits = z @ weight.T + bias
    return (x * logits - torch.nn.functional.softplus(logits)).sum(-1)


def grids(count, bins):
    return torch.cartesian_prod(*[torch.arange(bins)] * count).reshape(-1, count)


# %% right every_vector_of_bins: all n^D vectors of bins at once; what a vector would pay, weighted with the product of its masses, and vectors of no mass left out
def net_bits(x, index, loc, scale, weight, bias, bins):
    x = x.double()
    log_q, D = log_masses(loc, scale, bins), loc.shape[1]
    net = -log_lik(x, medians(bins)[index], weight, bias) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)  # (V, D)
    log_joint = torch.stack([log_q[:, j, grid[:, j]] for j in range(D)]).sum(0)  # (B, V)
    pays = -log_lik(x[:, None], medians(bins)[grid], weight, bias) + D * math.log(bins) + log_joint
    mass = log_joint.exp()
    mean = torch.where(mass > 0, mass * pays, 0.0).sum(1)
    return net / math.log(2), mean / math.log(2)


# %% right loops_and_entropies: SciPy and loops over rows and vectors; the entropies of the latents' bins added up one by one, only the likelihood enumerated; arrays
def net_bits(x, index, loc, scale, weight, bias, bins):
    x, index, loc, scale, weight, bias = (np.asarray(t) for t in (x, index, loc, scale, weight, bias))
    edges = np.concatenate([[-np.inf], ndtri(np.arange(1, bins) / bins), [np.inf]])
    points = ndtri((np.arange(bins) + 0.5) / bins)

    def log_mass(mean, deviation):
        result = np.full(bins, -np.inf)
        for i in range(bins):
            a, b = (edges[i] - mean) / deviation, (edges[i + 1] - mean) / deviation
            if a > 0:
                a, b = -b, -a
            big, small = log_ndtr(b), log_ndtr(a)
            if big > -np.inf:
                result[i] = big + np.log(-np.expm1(small - big))
        return result

    def bits_of_x(row, z):
        logit = weight @ z + bias
        return float(np.logaddexp(0.0, np.where(row > 0.5, -logit, logit)).sum()) / math.log(2)

    net, mean = [], []
    for b in range(len(x)):
        log_q = [log_mass(m, s) for m, s in zip(loc[b], scale[b], strict=True)]
        cost = len(log_q) * math.log2(bins)
        net.append(bits_of_x(x[b], points[index[b]]) + cost + sum(q[i] for q, i in zip(log_q, index[b], strict=True)) / math.log(2))
        average = cost + sum(math.exp(v) * v for q in log_q for v in q if v > -700) / math.log(2)
        for vector in itertools.product(range(bins), repeat=len(log_q)):
            mass = math.exp(sum(q[i] for q, i in zip(log_q, vector, strict=True)))
            if mass > 0:
                average += mass * bits_of_x(x[b], points[list(vector)])
        mean.append(average)
    return np.array(net), np.array(mean)


# %% right contracted_axis_by_axis: one axis for each latent: the table of net bits over all bins (B, n, ..., n), contracted with the masses latent by latent; torch.distributions for the pixels; a list
def net_bits(x, index, loc, scale, weight, bias, bins):
    log_q, D, B = log_masses(loc, scale, bins), loc.shape[1], len(x)
    z = torch.stack(torch.meshgrid(*[medians(bins)] * D, indexing="ij"), -1)  # (n, ..., n, D)
    shape = (B, *[1] * D, -1)
    pixels = torch.distributions.Bernoulli(logits=z @ weight.T + bias)
    table = -pixels.log_prob(x.double().reshape(shape)).sum(-1)  # (B, n, ..., n)
    row = torch.arange(B)
    net = table[(row, *index.T)]
    floor = log_q.clamp_min(-1e6)  # mass times logarithm is zero there
    for j in range(D):
        net = net + log_q[row, j, index[:, j]] + math.log(bins)
        along = [1] * D
        along[j] = bins
        table = table + (floor[:, j] + math.log(bins)).reshape(B, *along)
    for j in range(D):  # the first axis after the rows goes each time
        table = torch.einsum("bn...,bn->b...", table, log_q[:, j].exp())
    return [net / math.log(2), table / math.log(2)]


# %% wrong prior_counted_once: log2 n is paid once a row, not for each latent; right for one latent
def net_bits(x, index, loc, scale, weight, bias, bins):
    log_q, D = log_masses(loc, scale, bins), loc.shape[1]
    net = -log_lik(x, medians(bins)[index], weight, bias) + math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)
    log_joint = torch.stack([log_q[:, j, grid[:, j]] for j in range(D)]).sum(0)
    pays = -log_lik(x[:, None], medians(bins)[grid], weight, bias) + math.log(bins) + log_joint
    return net / math.log(2), torch.where(log_joint.exp() > 0, log_joint.exp() * pays, 0.0).sum(1) / math.log(2)


# %% wrong density_in_the_median: the mass of a bin by q's density at its median over the prior's, divided by n; nearly right for many bins and a wide q
def net_bits(x, index, loc, scale, weight, bias, bins):
    z, D = medians(bins), loc.shape[1]
    standard = torch.distributions.Normal(torch.zeros(()).double(), 1.0)
    log_q = torch.distributions.Normal(loc[..., None], scale[..., None]).log_prob(z) - standard.log_prob(z) - math.log(bins)
    net = -log_lik(x, z[index], weight, bias) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)
    log_joint = torch.stack([log_q[:, j, grid[:, j]] for j in range(D)]).sum(0)
    pays = -log_lik(x[:, None], z[grid], weight, bias) + D * math.log(bins) + log_joint
    return net / math.log(2), torch.where(log_joint.exp() > 0, log_joint.exp() * pays, 0.0).sum(1) / math.log(2)


# %% wrong mean_for_the_bin: the prior's mean within a bin stands for it, n (phi(e_i) - phi(e_i+1)), and not its median; hardly another number where bins are many
def net_bits(x, index, loc, scale, weight, bias, bins):
    edges = torch.special.ndtri(torch.arange(1, bins).double() / bins)
    density = torch.nn.functional.pad((-(edges**2) / 2).exp() / math.sqrt(2 * math.pi), (1, 1))
    z = bins * (density[:-1] - density[1:])
    log_q, D = log_masses(loc, scale, bins), loc.shape[1]
    net = -log_lik(x, z[index], weight, bias) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)
    log_joint = torch.stack([log_q[:, j, grid[:, j]] for j in range(D)]).sum(0)
    pays = -log_lik(x[:, None], z[grid], weight, bias) + D * math.log(bins) + log_joint
    return net / math.log(2), torch.where(log_joint.exp() > 0, log_joint.exp() * pays, 0.0).sum(1) / math.log(2)


# %% wrong one_latent_at_a_time: the mean runs over the bins of one latent while the others stay where they were popped, and these changes are added up; right for one latent, and so the mean depends on the popped bins
def net_bits(x, index, loc, scale, weight, bias, bins):
    log_q, D, z = log_masses(loc, scale, bins), loc.shape[1], medians(bins)
    here = -log_lik(x, z[index], weight, bias)
    net = here + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    mass = log_q.exp()
    mean = here + D * math.log(bins) + torch.where(mass > 0, mass * log_q, 0.0).sum((1, 2))
    for j in range(D):
        for i in range(bins):
            other = index.clone()
            other[:, j] = i
            mean = mean + mass[:, j, i] * (-log_lik(x, z[other], weight, bias) - here)
    return net / math.log(2), mean / math.log(2)


# %% wrong minus_the_continuous_elbo: the mean is minus the ELBO of the densities, by Gauss-Hermite quadrature: what the bins tend to, but not what the coder pays for n of them
def net_bits(x, index, loc, scale, weight, bias, bins):
    log_q, D = log_masses(loc, scale, bins), loc.shape[1]
    net = -log_lik(x, medians(bins)[index], weight, bias) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    node, w = np.polynomial.hermite_e.hermegauss(8)
    node, w = torch.tensor(node), torch.tensor(w / w.sum())
    grid = grids(D, 8)
    expected = (w[grid].prod(1) * log_lik(x[:, None], loc[:, None] + scale[:, None] * node[grid], weight, bias)).sum(1)
    kl = ((loc**2 + scale**2 - 1) / 2 - scale.log()).sum(1)
    return net / math.log(2), (kl - expected) / math.log(2)


# %% wrong likelihood_cut_at_a_hundred: binary_cross_entropy of sigmoids, which cuts each pixel's logarithm at -100 nats (and sigmoids are one above 37); right for logits of ordinary size
def net_bits(x, index, loc, scale, weight, bias, bins):
    def nats(x, z):
        bit, chance = torch.broadcast_tensors(x.double(), torch.sigmoid(z @ weight.T + bias))
        return torch.nn.functional.binary_cross_entropy(chance, bit, reduction="none").sum(-1)

    log_q, D, z = log_masses(loc, scale, bins), loc.shape[1], medians(bins)
    net = nats(x, z[index]) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)
    log_joint = torch.stack([log_q[:, j, grid[:, j]] for j in range(D)]).sum(0)
    pays = nats(x[:, None], z[grid]) + D * math.log(bins) + log_joint
    return net / math.log(2), torch.where(log_joint.exp() > 0, log_joint.exp() * pays, 0.0).sum(1) / math.log(2)


# %% wrong epsilon_in_the_masses: 1e-8 is added to each mass against the logarithm of zero, and the masses are not made to add up to one again; off in the eighth digit at once, and by bits where a rare bin was popped
def net_bits(x, index, loc, scale, weight, bias, bins):
    log_q, D = (log_masses(loc, scale, bins).exp() + 1e-8).log(), loc.shape[1]
    net = -log_lik(x, medians(bins)[index], weight, bias) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)
    log_joint = torch.stack([log_q[:, j, grid[:, j]] for j in range(D)]).sum(0)
    pays = -log_lik(x[:, None], medians(bins)[grid], weight, bias) + D * math.log(bins) + log_joint
    return net / math.log(2), (log_joint.exp() * pays).sum(1) / math.log(2)


# %% wrong uniform_vectors: in the mean each vector of bins counts alike, as bins have equal prior mass; fair bits popped with q do not make them alike
def net_bits(x, index, loc, scale, weight, bias, bins):
    log_q, D = log_masses(loc, scale, bins), loc.shape[1]
    net = -log_lik(x, medians(bins)[index], weight, bias) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)
    log_joint = torch.stack([log_q[:, j, grid[:, j]] for j in range(D)]).sum(0)
    pays = -log_lik(x[:, None], medians(bins)[grid], weight, bias) + D * math.log(bins) + log_joint
    live = log_joint.exp() > 0
    return net / math.log(2), torch.where(live, pays, 0.0).sum(1) / live.sum(1) / math.log(2)


# %% wrong masses_of_the_other_latent: the vectors of bins are numbered with the first latent slowest for z and with the last slowest for the masses; right for one latent, or latents with the same q
def net_bits(x, index, loc, scale, weight, bias, bins):
    log_q, D = log_masses(loc, scale, bins), loc.shape[1]
    net = -log_lik(x, medians(bins)[index], weight, bias) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)
    log_joint = log_q[:, 0]
    for j in range(1, D):
        log_joint = (log_q[:, j, :, None] + log_joint[:, None, :]).flatten(1)
    pays = -log_lik(x[:, None], medians(bins)[grid], weight, bias) + D * math.log(bins) + log_joint
    return net / math.log(2), torch.where(log_joint.exp() > 0, log_joint.exp() * pays, 0.0).sum(1) / math.log(2)


# %% wrong jensen: the mean's likelihood is the logarithm of the mean likelihood over q, in place of the mean of its logarithm
def net_bits(x, index, loc, scale, weight, bias, bins):
    log_q, D = log_masses(loc, scale, bins), loc.shape[1]
    net = -log_lik(x, medians(bins)[index], weight, bias) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)
    log_joint = torch.stack([log_q[:, j, grid[:, j]] for j in range(D)]).sum(0)
    mean = -torch.logsumexp(log_joint + log_lik(x[:, None], medians(bins)[grid], weight, bias), 1) + D * math.log(bins)
    mass = log_joint.exp()
    return net / math.log(2), (mean + torch.where(mass > 0, mass * log_joint, 0.0).sum(1)) / math.log(2)


# %% wrong rare_bins_left_out: leaves vectors with a mass below one in a million out of the mean, as never popped; they are popped at times, and cost many bits where logits are large
def net_bits(x, index, loc, scale, weight, bias, bins):
    log_q, D = log_masses(loc, scale, bins), loc.shape[1]
    net = -log_lik(x, medians(bins)[index], weight, bias) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)
    log_joint = torch.stack([log_q[:, j, grid[:, j]] for j in range(D)]).sum(0)
    pays = -log_lik(x[:, None], medians(bins)[grid], weight, bias) + D * math.log(bins) + log_joint
    mass = log_joint.exp()
    return net / math.log(2), torch.where(mass > 1e-6, mass * pays, 0.0).sum(1) / math.log(2)


# %% wrong nan_is_zero: masses by plain differences of the distribution function; zero times minus infinity is NaN, and a row's NaN is made zero after the sum over its vectors, so that the whole mean is lost
def net_bits(x, index, loc, scale, weight, bias, bins):
    edges = torch.special.ndtri(torch.arange(bins + 1).double() / bins)
    below = torch.special.ndtr((edges - loc[..., None]) / scale[..., None])
    log_q, D = (below[..., 1:] - below[..., :-1]).log(), loc.shape[1]
    net = -log_lik(x, medians(bins)[index], weight, bias) + D * math.log(bins) + log_q.gather(2, index[..., None]).squeeze(2).sum(1)
    grid = grids(D, bins)
    log_joint = torch.stack([log_q[:, j, grid[:, j]] for j in range(D)]).sum(0)
    pays = -log_lik(x[:, None], medians(bins)[grid], weight, bias) + D * math.log(bins) + log_joint
    return net / math.log(2), torch.nan_to_num((log_joint.exp() * pays).sum(1)) / math.log(2)

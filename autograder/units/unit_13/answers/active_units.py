# %% right by_hand: Sums written out, without a graph.
import torch


@torch.no_grad()
def unit_activity(encoder, x):
    written = encoder(x)
    loc, log_scale = torch.tensor_split(written, 2, dim=-1)
    centred = loc - loc.sum(0) / len(x)
    activity = (centred * centred).sum(0) / (len(x) - 1)
    divergence = (loc.square() / 2 + torch.expm1(2 * log_scale) / 2 - log_scale).sum(0) / len(x)
    return activity, divergence


# %% right diagonal_of_the_covariance: The diagonal of torch.cov, and torch.distributions.
import torch
from torch.distributions import Normal, kl_divergence


def unit_activity(encoder, x):
    with torch.no_grad():
        loc, log_scale = encoder(x).chunk(2, -1)
        activity = torch.cov(loc.T).diagonal()
        kl = kl_divergence(Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), torch.ones_like(loc)))
    return activity, kl.mean(dim=0)


# %% right formula: Variance and mean over the rows.
def unit_activity(encoder, x):
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
    return loc.var(0), kl.mean(0)


# %% right one_row_at_a_time: Running sums over the rows, as they come.
def unit_activity(encoder, x):
    count, mean, squares, total = 0, 0.0, 0.0, 0.0
    for row in x:
        loc, log_scale = encoder(row).chunk(2)
        count += 1
        step = loc - mean
        mean = mean + step / count
        squares = squares + step * (loc - mean)
        total = total + 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
    return squares / (count - 1), total / count


# %% wrong divided_by_n, from right formula: You divided by N. The variance over a sample divides by N - 1.
# diagnosis: divided_by_n
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0, correction=0), kl.mean(0)


# %% wrong kl_of_the_average, from right formula: This is the divergence of the average parameters.
# diagnosis: kl_of_the_average
#-     kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#-     return loc.var(0), kl.mean(0)
#+     m, log_s = loc.mean(0), log_scale.mean(0)
#+     return loc.var(0), 0.5 * (m**2 + (2 * log_s).exp() - 1) - log_s


# %% wrong kl_pooled, from right formula: One number for each latent, please, not one in all.
# diagnosis: kl_pooled
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0), kl.sum(-1).mean()


# %% wrong kl_summed, from right formula: You summed the divergences over the data. Average them.
# diagnosis: kl_summed
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0), kl.sum(0)


# %% wrong over_latents, from right formula: You took the variance over the latents. It is over the data, axis 0.
# diagnosis: over_latents
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(-1), kl.mean(0)


# %% wrong posterior_variance, from right formula: This is the average variance of q(z | x), how unsure the encoder is.
# diagnosis: posterior_variance
#-     return loc.var(0), kl.mean(0)
#+     return (2 * log_scale).exp().mean(0), kl.mean(0)


# %% wrong second_moment, from right formula: You forgot to subtract the mean: this is the mean of the squares.
# diagnosis: second_moment
#-     return loc.var(0), kl.mean(0)
#+     return loc.square().mean(0), kl.mean(0)


# %% wrong sorted, from right formula: The activities were sorted. Keep the order of the latents, so that each stays beside its divergence.
# diagnosis: sorted
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0).sort(descending=True).values, kl.mean(0)


# %% wrong standard_deviation, from right formula: These are standard deviations. Activity is a variance.
# diagnosis: standard_deviation
#-     return loc.var(0), kl.mean(0)
#+     return loc.std(0), kl.mean(0)


# %% wrong swapped, from right formula: Return the activities first, then the divergences.
# diagnosis: swapped
#-     return loc.var(0), kl.mean(0)
#+     return kl.mean(0), loc.var(0)


# %% wrong total_variance, from right formula: This is the variance of samples, posterior variance included.
# diagnosis: total_variance
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0) + (2 * log_scale).exp().mean(0), kl.mean(0)

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


# %% wrong divided_by_n, from right formula: Divides by N: the variance of a population, NumPy's default, where that of a sample is asked.
# diagnosis: divided_by_n
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0, correction=0), kl.mean(0)


# %% wrong kl_of_the_average, from right formula: The divergence of the average parameters: one KL of the mean q, where a mean of KLs is asked. The KL is not linear.
# diagnosis: kl_of_the_average
#-     kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#-     return loc.var(0), kl.mean(0)
#+     m, log_s = loc.mean(0), log_scale.mean(0)
#+     return loc.var(0), 0.5 * (m**2 + (2 * log_s).exp() - 1) - log_s


# %% wrong kl_pooled, from right formula: Sums over the latents and averages over the data: one KL for the model, which hides which latents pay it.
# diagnosis: kl_pooled
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0), kl.sum(-1).mean()


# %% wrong kl_summed, from right formula: Sums the divergences over the data where their mean is asked: nats for the data set, not for an image.
# diagnosis: kl_summed
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0), kl.sum(0)


# %% wrong over_latents, from right formula: Takes the variance over the latents, the last axis: how the latents differ, not how the data move them.
# diagnosis: over_latents
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(-1), kl.mean(0)


# %% wrong posterior_variance, from right formula: The mean variance of q(z | x): how unsure the encoder is. A collapsed latent has one, not zero.
# diagnosis: posterior_variance
#-     return loc.var(0), kl.mean(0)
#+     return (2 * log_scale).exp().mean(0), kl.mean(0)


# %% wrong second_moment, from right formula: Forgets to subtract the mean: a latent that is constant and not zero looks active.
# diagnosis: second_moment
#-     return loc.var(0), kl.mean(0)
#+     return loc.square().mean(0), kl.mean(0)


# %% wrong sorted, from right formula: Sorts the activities for the plot inside the function: they no longer stand beside their divergences.
# diagnosis: sorted
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0).sort(descending=True).values, kl.mean(0)


# %% wrong standard_deviation, from right formula: The standard deviation of the means: activity is a variance, and the threshold of 0.01 is one for variances.
# diagnosis: standard_deviation
#-     return loc.var(0), kl.mean(0)
#+     return loc.std(0), kl.mean(0)


# %% wrong swapped, from right formula: Returns divergences first: both are D numbers of like size, and nothing else complains.
# diagnosis: swapped
#-     return loc.var(0), kl.mean(0)
#+     return kl.mean(0), loc.var(0)


# %% wrong total_variance, from right formula: The variance of samples of z, posterior variance included: a collapsed latent then looks fully active.
# diagnosis: total_variance
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0) + (2 * log_scale).exp().mean(0), kl.mean(0)


# %% wrong inactive_for_free, from right formula: Sets the divergence of inactive latents to zero: a latent that is constant and not the prior costs nats all the same.
# diagnosis: inactive_for_free
#-     return loc.var(0), kl.mean(0)
#+     return loc.var(0), kl.mean(0) * (loc.var(0) > 0.01)

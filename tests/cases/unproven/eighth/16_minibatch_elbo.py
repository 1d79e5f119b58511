import math

import torch
from torch import Tensor

# %% right one_table_of_weights: all points that are held go through log_point once, and an einsum gives each its weight
def minibatch_elbo(encoder, log_point, pooled: Tensor, scored: Tensor, num_points: Tensor, num_sets: int, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = torch.addcmul(loc, log_scale.exp(), eps)
    (sets, read, _), unread = pooled.shape, scored.shape[1]
    sizes = num_points.to(c.dtype).reshape(sets, 1)
    weights = torch.cat([sizes.new_ones(sets, read), ((sizes - read) / max(unread, 1)).expand(-1, unread)], 1)
    likelihood = torch.einsum("kmp,mp->m", log_point(torch.cat([pooled, scored], 1), c), weights) / len(eps)
    divergence = (0.5 * (loc.square() + torch.expm1(2 * log_scale)) - log_scale).sum(-1)
    return (likelihood - divergence) * (num_sets / sets)

# %% wrong whole_number_weight: counts how many unread points each scored one stands for by a division of whole numbers, right where it comes out even
def minibatch_elbo(encoder, log_point, pooled: Tensor, scored: Tensor, num_points: Tensor, num_sets: int, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    M, B, _ = pooled.shape
    P = scored.shape[1]
    likelihood = log_point(pooled, c).sum(-1)
    if P:
        likelihood = likelihood + (num_points - B) // P * log_point(scored, c).sum(-1)
    kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
    return num_sets / M * (likelihood.mean(0) - kl)

# %% wrong sampled_divergence: estimates the KL with the same draws, log q(c) - log p(c), which is right on average only; asked is the closed form
def minibatch_elbo(encoder, log_point, pooled: Tensor, scored: Tensor, num_points: Tensor, num_sets: int, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    M, B, _ = pooled.shape
    P = scored.shape[1]
    likelihood = log_point(pooled, c).sum(-1)
    if P:
        likelihood = likelihood + (num_points - B) / P * log_point(scored, c).sum(-1)
    kl = (-0.5 * eps**2 - log_scale + 0.5 * c**2).sum(-1)
    return num_sets / M * (likelihood - kl).mean(0)

# %% wrong read_points_detached: to keep q from profiting of what it has read, scores the pooled points at a c without a graph; the value stays, the encoder's gradient does not
def minibatch_elbo(encoder, log_point, pooled: Tensor, scored: Tensor, num_points: Tensor, num_sets: int, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    M, B, _ = pooled.shape
    P = scored.shape[1]
    likelihood = log_point(pooled, c.detach()).sum(-1)
    if P:
        likelihood = likelihood + (num_points - B) / P * log_point(scored, c).sum(-1)
    kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
    return num_sets / M * (likelihood.mean(0) - kl)

# %% wrong average_size: weighs the scored points by the average size of the sets in the minibatch, right where all sets are equally large
def minibatch_elbo(encoder, log_point, pooled: Tensor, scored: Tensor, num_points: Tensor, num_sets: int, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    M, B, _ = pooled.shape
    P = scored.shape[1]
    likelihood = log_point(pooled, c).sum(-1)
    if P:
        likelihood = likelihood + (num_points.double().mean() - B) / P * log_point(scored, c).sum(-1)
    kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
    return num_sets / M * (likelihood.mean(0) - kl)

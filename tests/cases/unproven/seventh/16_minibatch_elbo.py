import math

import torch
from torch import Tensor


def kl_of(loc, log_scale):
    return (0.5 * ((2 * log_scale).exp() + loc**2 - 1) - log_scale).sum(-1)


# %% right two_calls: the points read count once, the others stand for all that were not read; nothing is called when none are left
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    total = log_point(pooled, c).mean(0).sum(-1)
    left = num_points - pooled.shape[1]
    if scored.shape[1] > 0:
        total = total + left / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * (total - kl_of(loc, log_scale))

# %% right weights_in_a_row: one call for all points that are held, weights 1 and (n - B) / P side by side, einsum
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    m, b = pooled.shape[:2]
    p = scored.shape[1]
    out = encoder(pooled)
    half = out.shape[-1] // 2
    q = torch.distributions.Normal(out[:, :half], out[:, half:].exp())
    c = q.loc + q.scale * eps
    n = num_points.to(torch.float64)
    weight = torch.cat([torch.ones(m, b, dtype=torch.float64), ((n - b) / max(p, 1)).unsqueeze(-1).expand(m, p)], -1)
    lp = log_point(torch.cat([pooled, scored], 1), c)
    prior = torch.distributions.Normal(torch.zeros_like(q.loc), torch.ones_like(q.scale))
    kl = torch.distributions.kl_divergence(q, prior).sum(-1)
    return (torch.einsum("kmp,mp->m", lp, weight) / eps.shape[0] - kl) * (num_sets / m)

# %% right set_by_set: a loop over the sets and over the samples, each with Python numbers as weights; log_point is called with all sets and read off
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    params = encoder(pooled)
    m, dim = pooled.shape[0], eps.shape[-1]
    rows = []
    for i in range(m):
        n = float(num_points[i])
        loc, ls = params[i, :dim], params[i, dim:]
        kl = sum(-ls[j] + 0.5 * (torch.exp(ls[j]) ** 2 + loc[j] ** 2) - 0.5 for j in range(dim))
        like = 0.0
        for k in range(eps.shape[0]):
            c = (params[:, :dim] + params[:, dim:].exp() * eps[k]).unsqueeze(0)
            like = like + log_point(pooled, c)[0, i].sum()
            if scored.shape[1]:
                like = like + (n - pooled.shape[1]) * log_point(scored, c)[0, i].mean()
        rows.append((like / eps.shape[0] - kl) * num_sets / m)
    return torch.stack(rows)

# %% wrong same_weight_for_all: all points that are held get n / (B + P); but q depends on the points read, so only the others may stand for others
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    held = torch.cat([pooled, scored], 1)
    like = num_points / held.shape[1] * log_point(held, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

# %% wrong scored_for_the_set: the unread points stand for the whole set, n / P; the points read are left out, and the unread count for them
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    if scored.shape[1]:
        like = num_points / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    else:
        like = log_point(pooled, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

# %% wrong weight_n_over_p: read points once, unread ones n / P instead of (n - B) / P; B points too many
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        like = like + num_points / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

# %% wrong kl_once_per_minibatch: sets not in the minibatch have likelihoods, so that is scaled up; their KL is not, and they have latents, too
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        like = like + (num_points - pooled.shape[1]) / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * like - kl_of(loc, log_scale)

# %% wrong mean_over_sets: scaled by num_sets, then I think of a mean over the minibatch; their sum is M times the ELBO
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        like = like + (num_points - pooled.shape[1]) / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    return num_sets * (like - kl_of(loc, log_scale))

# %% wrong sampled_kl: log q - log p at the drawn c; unbiased as well, but the statement wants the KL in closed form
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        like = like + (num_points - pooled.shape[1]) / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    kl = (0.5 * c**2 - 0.5 * eps**2 - log_scale).sum(-1).mean(0)
    return num_sets / pooled.shape[0] * (like - kl)

# %% wrong no_peeking_gradient: q shall not learn from points it has read, so their c is detached; the value is right, the encoder's gradient is not
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c.detach()).mean(0).sum(-1)
    if scored.shape[1]:
        like = like + (num_points - pooled.shape[1]) / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

# %% wrong bound_of_k_samples: logarithm of the mean over samples of the weighted likelihood; a tighter bound for full sets, not unbiased, and not the ELBO
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).sum(-1)
    if scored.shape[1]:
        like = like + (num_points - pooled.shape[1]) / scored.shape[1] * log_point(scored, c).sum(-1)
    like = like.logsumexp(0) - math.log(eps.shape[0])
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

# %% wrong mean_size: the weight uses the mean number of points of the minibatch; right where all sets have one size
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        left = num_points.double().mean() - pooled.shape[1]
        like = like + left / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

# %% wrong clamped_log_scale: log scales are kept within -5 and 5 for stability; scales go down to 0.001, which is below exp(-5)
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    log_scale = log_scale.clamp(-5, 5)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        like = like + (num_points - pooled.shape[1]) / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

# %% wrong whole_weights: each unread point stands for (n - B) // P others, a whole number; where it does not divide, points are lost
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        like = like + (num_points - pooled.shape[1]) // scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

# %% wrong reads_everything: more points make a better q, so the encoder reads the scored ones as well; they are then no fair sample for this q
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(torch.cat([pooled, scored], 1)).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        like = like + (num_points - pooled.shape[1]) / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

# %% wrong interleaved: mean and log scale of each latent beside each other, reshape(M, L, 2); right only for one latent
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).reshape(pooled.shape[0], -1, 2).unbind(-1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        like = like + (num_points - pooled.shape[1]) / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

# %% wrong one_more_kl: KL is scaled with n / (B + P) like the likelihood; the cost of a set is paid once, however many points it has
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        like = like + (num_points - pooled.shape[1]) / scored.shape[1] * log_point(scored, c).mean(0).sum(-1)
    held = pooled.shape[1] + scored.shape[1]
    return num_sets / pooled.shape[0] * (like - num_points / held * kl_of(loc, log_scale))

# %% wrong held_out_judges: unread points are held out, so log_point is not trained on them (weights without gradient on the model's side); its gradient is biased
def minibatch_elbo(encoder, log_point, pooled, scored, num_points, num_sets, eps):
    loc, log_scale = encoder(pooled).chunk(2, -1)
    c = loc + log_scale.exp() * eps
    like = log_point(pooled, c).mean(0).sum(-1)
    if scored.shape[1]:
        left = (num_points - pooled.shape[1]) / scored.shape[1]
        like = like + left * log_point(scored, c).mean(0).sum(-1).detach()
    return num_sets / pooled.shape[0] * (like - kl_of(loc, log_scale))

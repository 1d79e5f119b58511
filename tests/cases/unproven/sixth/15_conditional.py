import math
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def kl(loc, log_scale, loc0, log_scale0):
    return (log_scale0 - log_scale + 0.5 * ((2 * (log_scale - log_scale0)).exp() + ((loc - loc0) * (-log_scale0).exp()) ** 2 - 1)).sum(-1)


def likelihood(logits, x):
    return (x * logits - F.softplus(logits)).sum(-1)


def samples(encoder, prior, decoder, x, y, eps):
    """Log-likelihoods, (K, *B), and KL, (*B), for given labels."""
    loc, log_scale = encoder(torch.cat([x, y], -1)).chunk(2, -1)
    loc0, log_scale0 = prior(y).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(torch.cat([z, y.expand(*z.shape[:-1], y.shape[-1])], -1))
    return likelihood(logits, x), kl(loc, log_scale, loc0, log_scale0)


def bound(encoder, prior, decoder, x, y, eps):
    like, divergence = samples(encoder, prior, decoder, x, y, eps)
    return like.mean(0) - divergence


def every_label(encoder, prior, decoder, x, y, eps):
    """(*B, C)."""
    eye = torch.eye(y.shape[-1], dtype=y.dtype)
    return torch.stack([bound(encoder, prior, decoder, x, one.expand_as(y), eps) for one in eye], -1)

# %% right all_labels_then_where: bounds of all labels for all rows; picks or takes the logsumexp less log C
def conditional_objective(encoder, prior, decoder, x, y, eps):
    L = every_label(encoder, prior, decoder, x, y, eps)
    return torch.where(y.sum(-1) > 0, (L * y).sum(-1), L.logsumexp(-1) - math.log(y.shape[-1]))

# %% right free_guess_held_fixed: puts the best q(y | x) into the bound of three terms, detached; at the optimum the gradient through it is zero
def conditional_objective(encoder, prior, decoder, x, y, eps):
    L = every_label(encoder, prior, decoder, x, y, eps)
    missing = (y == 0).all(-1, keepdim=True)
    log_q = L.log_softmax(-1).detach()
    q = torch.where(missing, log_q.exp(), y)
    extra = torch.where(missing[..., 0], (q * -log_q).sum(-1) - math.log(y.shape[-1]), 0.0)
    return (q * L).sum(-1) + extra

# %% right row_by_row: a loop over data with torch.distributions, labels only where they are needed
def conditional_objective(encoder, prior, decoder, x, y, eps):
    from torch.distributions import Normal, kl_divergence
    C = y.shape[-1]
    xs, ys, es = x.reshape(-1, x.shape[-1]), y.reshape(-1, C), eps.reshape(len(eps), -1, eps.shape[-1])
    def one(x, y, e):
        loc, log_scale = encoder(torch.cat([x, y])).chunk(2)
        loc0, log_scale0 = prior(y).chunk(2)
        q, p = Normal(loc, log_scale.exp()), Normal(loc0, log_scale0.exp())
        z = q.loc + q.scale * e
        logits = decoder(torch.cat([z, y.expand(len(z), C)], 1))
        return -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(1).mean() - kl_divergence(q, p).sum()
    out = []
    for i in range(len(xs)):
        if ys[i].any():
            out.append(one(xs[i], ys[i], es[:, i]))
        else:
            out.append(torch.stack([one(xs[i], row, es[:, i]) for row in torch.eye(C, dtype=y.dtype)]).logsumexp(0) - math.log(C))
    return torch.stack(out).reshape(x.shape[:-1])

# %% wrong no_label_prior: the logsumexp of the bounds without -log C; not below log p(x)
def conditional_objective(encoder, prior, decoder, x, y, eps):
    L = every_label(encoder, prior, decoder, x, y, eps)
    return torch.where(y.sum(-1) > 0, (L * y).sum(-1), L.logsumexp(-1))

# %% wrong best_single_label: the largest bound less log C; a q(y | x) that puts all on one label, not the best; right to many digits where one label dominates
def conditional_objective(encoder, prior, decoder, x, y, eps):
    L = every_label(encoder, prior, decoder, x, y, eps)
    return torch.where(y.sum(-1) > 0, (L * y).sum(-1), L.amax(-1) - math.log(y.shape[-1]))

# %% wrong entropy_forgotten: best q(y | x), its expected bound and the prior's -log C, without the entropy of q
def conditional_objective(encoder, prior, decoder, x, y, eps):
    L = every_label(encoder, prior, decoder, x, y, eps)
    return torch.where(y.sum(-1) > 0, (L * y).sum(-1), (L.softmax(-1) * L).sum(-1) - math.log(y.shape[-1]))

# %% wrong logsumexp_for_each_draw: sums over labels for each noise draw, then averages; the bound is for the numbers averaged over the noise. The same for K = 1
def conditional_objective(encoder, prior, decoder, x, y, eps):
    eye = torch.eye(y.shape[-1], dtype=y.dtype)
    each = []
    for one in eye:
        like, divergence = samples(encoder, prior, decoder, x, one.expand_as(y), eps)
        each.append(like - divergence)
    L = torch.stack(each, -1)
    return torch.where(y.sum(-1) > 0, (L.mean(0) * y).sum(-1), (L.logsumexp(-1) - math.log(y.shape[-1])).mean(0))

# %% wrong importance_weighted: log-mean-exp over the noise in place of the mean; the same for K = 1
def conditional_objective(encoder, prior, decoder, x, y, eps):
    eye = torch.eye(y.shape[-1], dtype=y.dtype)
    each = []
    for one in eye:
        like, divergence = samples(encoder, prior, decoder, x, one.expand_as(y), eps)
        each.append(like.logsumexp(0) - math.log(len(eps)) - divergence)
    L = torch.stack(each, -1)
    return torch.where(y.sum(-1) > 0, (L * y).sum(-1), L.logsumexp(-1) - math.log(y.shape[-1]))

# %% wrong joint_with_the_label: adds log p(y) = -log C where the label is given, a bound on log p(x, y) as in semi-supervised papers; asked for is log p(x | y)
def conditional_objective(encoder, prior, decoder, x, y, eps):
    L = every_label(encoder, prior, decoder, x, y, eps) - math.log(y.shape[-1])
    return torch.where(y.sum(-1) > 0, (L * y).sum(-1), L.logsumexp(-1))

# %% wrong exponentials_without_shift: log of the mean of exp(L); minus infinity, and no gradient, where bounds are below -745
def conditional_objective(encoder, prior, decoder, x, y, eps):
    L = every_label(encoder, prior, decoder, x, y, eps)
    return torch.where(y.sum(-1) > 0, (L * y).sum(-1), L.exp().mean(-1).log())

# %% wrong whole_batch_decides: treats all rows as without label if any is; right where all rows are alike
def conditional_objective(encoder, prior, decoder, x, y, eps):
    L = every_label(encoder, prior, decoder, x, y, eps)
    if (y.sum(-1) == 0).any():
        return L.logsumexp(-1) - math.log(y.shape[-1])
    return (L * y).sum(-1)

# %% wrong prior_not_learned: the prior's net is called under no_grad, so the value is right and its gradient missing
def conditional_objective(encoder, prior, decoder, x, y, eps):
    def frozen(labels):
        with torch.no_grad():
            return prior(labels)
    L = every_label(encoder, frozen, decoder, x, y, eps)
    return torch.where(y.sum(-1) > 0, (L * y).sum(-1), L.logsumexp(-1) - math.log(y.shape[-1]))

# %% wrong kl_to_standard_normal: the KL to N(0, I) instead of the prior's net; right for a net that says zeros
def conditional_objective(encoder, prior, decoder, x, y, eps):
    L = every_label(encoder, lambda labels: 0 * prior(labels), decoder, x, y, eps)
    return torch.where(y.sum(-1) > 0, (L * y).sum(-1), L.logsumexp(-1) - math.log(y.shape[-1]))

# %% wrong clamped_pixel_probabilities: log(sigmoid(logit) + 1e-7); logits go to hundreds, so value and gradient are cut off
def conditional_objective(encoder, prior, decoder, x, y, eps):
    def one_label(one):
        loc, log_scale = encoder(torch.cat([x, one], -1)).chunk(2, -1)
        loc0, log_scale0 = prior(one).chunk(2, -1)
        z = loc + log_scale.exp() * eps
        p = torch.sigmoid(decoder(torch.cat([z, one.expand(*z.shape[:-1], one.shape[-1])], -1)))
        like = (x * (p + 1e-7).log() + (1 - x) * (1 - p + 1e-7).log()).sum(-1).mean(0)
        return like - kl(loc, log_scale, loc0, log_scale0)
    L = torch.stack([one_label(row.expand_as(y)) for row in torch.eye(y.shape[-1], dtype=y.dtype)], -1)
    return torch.where(y.sum(-1) > 0, (L * y).sum(-1), L.logsumexp(-1) - math.log(y.shape[-1]))

import itertools
import math

import numpy as np
import torch
from torch import Tensor


# %% right cartesian: all S^K tuples as a table, softmax of the log weights; first order minus E_q[w^2 (g - mu)] / K
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores
    k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=samples)))
    mean = log_q[k].sum(1).exp() @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k])
    w = (log_w - log_joint.logsumexp(0)).exp()
    return mean - target, -(log_q.exp() * w**2) @ (scores - target) / samples

# %% right multisets: combinations with repetition, each with its multinomial coefficient; the delta method with all four moments
def reweighted_bias(log_joint, log_q, scores, samples):
    lj, lq, g = (np.asarray(a.detach()) for a in (log_joint, log_q, scores))
    top = lj.max()
    p = np.exp(lj - top)
    p, evidence = p / p.sum(), top + np.log(np.exp(lj - top).sum())
    target = p @ g
    mean = np.zeros(g.shape[1])
    for k in itertools.combinations_with_replacement(range(len(lq)), samples):
        counts = np.bincount(k, minlength=len(lq))
        ways = math.lgamma(samples + 1) - sum(math.lgamma(c + 1) for c in counts)
        some = counts > 0
        log_w = (lj - lq)[some]
        w = counts[some] * np.exp(log_w - log_w.max())
        mean += np.exp(ways + counts[some] @ lq[some]) * (w @ g[some]) / w.sum()
    w, q = np.exp(lj - lq - evidence), np.exp(lq)
    a, b = (q * w) @ g, q @ w
    first = a / b * (q @ (w - b) ** 2) / b**2 - ((q * (w - b)) @ (w[:, None] * g - a)) / b**2
    return mean - target, first / samples

# %% right tilted: by exchangeability the mean is K times that of one term, the first sample fixed; first order from the posterior's covariance of w with g
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    log_w = log_w - log_w.max()
    posterior = log_joint.softmax(0)
    target = posterior @ scores
    total, chance = torch.full((1,), -torch.inf, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    for _ in range(samples - 1):
        total = torch.logaddexp(total[:, None], log_w).flatten()
        chance = (chance[:, None] + log_q).flatten()
    share = (log_w[:, None] - torch.logaddexp(log_w[:, None], total)).exp()
    exact = samples * (log_q.exp() * (share @ chance.exp())) @ scores - target
    w = (log_joint - log_q - log_joint.logsumexp(0)).exp()
    return exact, -(posterior * w) @ (scores - target) / samples

# %% wrong no_variance_of_b: only the covariance of A with B, the variance of B is left out; right where the target is zero
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores
    k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=samples)))
    mean = log_q[k].sum(1).exp() @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k])
    w = (log_w - log_joint.logsumexp(0)).exp()
    return mean - target, -((log_q.exp() * w**2) @ scores - target) / samples

# %% wrong distinct_samples: the K samples are drawn without repetition, and weighted with the product of their chances, renormalized; right for K = 1
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores
    w = (log_w - log_joint.logsumexp(0)).exp()
    first = -(log_q.exp() * w**2) @ (scores - target) / samples
    k = torch.tensor(list(itertools.permutations(range(len(log_q)), samples)))
    if not len(k):
        return first, first
    mean = log_q[k].sum(1).softmax(0) @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k])
    return mean - target, first

# %% wrong no_multiplicity: combinations with repetition, without the number of orders in which each can come; right for K = 1
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores
    k = torch.tensor(list(itertools.combinations_with_replacement(range(len(log_q)), samples)))
    mean = log_q[k].sum(1).softmax(0) @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k])
    w = (log_w - log_joint.logsumexp(0)).exp()
    return mean - target, -(log_q.exp() * w**2) @ (scores - target) / samples

# %% wrong one_less: first order divided by K - 1 (and by 1 for K = 1), as for an unbiased variance: the same only for K = 1, and up to order 1 / K^2
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores
    k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=samples)))
    mean = log_q[k].sum(1).exp() @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k])
    w = (log_w - log_joint.logsumexp(0)).exp()
    return mean - target, -(log_q.exp() * w**2) @ (scores - target) / max(1, samples - 1)

# %% wrong exact_at_one: for K = 1 the bias is minus the target in both, as "first order" there must be what is known exactly
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores
    if samples == 1:
        return -target, -target
    k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=samples)))
    mean = log_q[k].sum(1).exp() @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k])
    w = (log_w - log_joint.logsumexp(0)).exp()
    return mean - target, -(log_q.exp() * w**2) @ (scores - target) / samples

# %% wrong largest_weight: for the first order w is divided by its largest value in place of its mean, so the units are off
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores
    k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=samples)))
    mean = log_q[k].sum(1).exp() @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k])
    w = (log_w - log_w.max()).exp()
    return mean - target, -(log_q.exp() * w**2) @ (scores - target) / samples

# %% wrong weights_under_flow: w is exponentiated as it comes, with 1e-300 against 0 / 0; right unless log p is below some -700
def reweighted_bias(log_joint, log_q, scores, samples):
    w = (log_joint - log_q).exp()
    evidence = log_joint.exp().sum() + 1e-300
    target = log_joint.exp() @ scores / evidence
    k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=samples)))
    share = w[k] / (w[k].sum(1, keepdim=True) + 1e-300)
    mean = log_q[k].sum(1).exp() @ torch.einsum("tk,tkp->tp", share, scores[k])
    return mean - target, -(log_q.exp() * (w / evidence) ** 2) @ (scores - target) / samples

# %% wrong clamped_log_p: log p is clamped below at -100, "as good as zero": right when a few states are that unlikely, wrong when all are
def reweighted_bias(log_joint, log_q, scores, samples):
    log_joint = log_joint.clamp(min=-100)
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores
    k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=samples)))
    mean = log_q[k].sum(1).exp() @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k])
    w = (log_w - log_joint.logsumexp(0)).exp()
    return mean - target, -(log_q.exp() * w**2) @ (scores - target) / samples

# %% wrong centred_under_q: first order with the slopes centred at their mean under q (which is zero), not under the posterior; right where the target is zero
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    posterior = log_joint.softmax(0)
    target = posterior @ scores
    k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=samples)))
    mean = log_q[k].sum(1).exp() @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k])
    w = (log_w - log_joint.logsumexp(0)).exp()
    return mean - target, -(posterior * w) @ (scores - log_q.exp() @ scores) / samples

# %% wrong weight_variance: first order as minus the target times the variance of w, which is the bias where g and w do not go together; vanishes with that variance
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores
    k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=samples)))
    mean = log_q[k].sum(1).exp() @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k])
    w = (log_w - log_joint.logsumexp(0)).exp()
    return mean - target, -target * (log_q.exp() @ (w - 1) ** 2) / samples

# %% wrong by_extrapolation: first order as the exact bias at the largest K that can be summed, times that K, over K: still with its terms of order 1 / K^2
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores

    def exact(count):
        k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=count)))
        return log_q[k].sum(1).exp() @ torch.einsum("tk,tkp->tp", log_w[k].softmax(1), scores[k]) - target

    most = max(1, int(math.log(4096) / math.log(max(2, len(log_q))) + 1e-9))
    return exact(samples), exact(most) * most / samples

# %% wrong averaged_twice: g-hat is a mean over k of normalized weights times slopes: one division by K too many; right for K = 1
def reweighted_bias(log_joint, log_q, scores, samples):
    log_w = log_joint - log_q
    target = log_joint.softmax(0) @ scores
    k = torch.tensor(list(itertools.product(range(len(log_q)), repeat=samples)))
    mean = log_q[k].sum(1).exp() @ (log_w[k].softmax(1).unsqueeze(-1) * scores[k]).mean(1)
    w = (log_w - log_joint.logsumexp(0)).exp()
    return mean - target, -(log_q.exp() * w**2) @ (scores - target) / samples

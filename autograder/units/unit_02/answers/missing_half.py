# %% right pairs: A sum over pairs of components; within a pair the pixels factorize.
import math

import torch


def missing_half(log_weights, probabilities, x, seen):
    log_p = torch.where(x > 0.5, probabilities.log(), (-probabilities).log1p())
    log_joint = log_weights + log_p[:, seen].sum(-1)
    log_r = log_joint.log_softmax(0)
    p = probabilities[:, ~seen]

    def bits(q):
        both = p[:, None] * p / q + (1 - p[:, None]) * (1 - p) / (1 - q)
        pairs = log_r[:, None] + log_r + both.log().sum(-1)
        return pairs.flatten().logsumexp(0) / math.log(2)

    return torch.stack([log_joint.logsumexp(0), bits(torch.full_like(p[0], 0.5)), bits(log_r.exp() @ p)])


# %% right matrix: Pixel by pixel a C x C matrix, multiplied up in logarithms; quadratic forms of the shares.
import math

import torch
from torch.distributions import Bernoulli


def missing_half(log_weights, probabilities, x, seen):
    each = Bernoulli(probs=probabilities).log_prob(x)
    log_joint = log_weights + (each * seen).sum(-1)
    log_p = torch.logsumexp(log_joint, 0)
    r = (log_joint - log_p).exp()
    marginals = r @ probabilities
    out = [log_p]
    for q in (torch.full_like(marginals, 0.5), marginals):
        log_table = torch.zeros(len(r), len(r), dtype=r.dtype)
        for i in range(len(x)):
            if not seen[i]:
                a, b = probabilities[:, i], 1 - probabilities[:, i]
                log_table += (torch.outer(a, a) / q[i] + torch.outer(b, b) / (1 - q[i])).log()
        top = log_table.max()
        out.append((top + torch.log(r @ (log_table - top).exp() @ r)) / math.log(2))
    return torch.stack(out)


# %% right loops: In plain Python, pair by pair.
import math

import numpy as np


def log_sum(values):
    top = max(values)
    return top + math.log(sum(math.exp(v - top) for v in values))


def missing_half(log_weights, probabilities, x, seen):
    a, p = [float(v) for v in log_weights], np.asarray(probabilities)
    C, D = p.shape
    missing = [i for i in range(D) if not bool(seen[i])]
    joint = []
    for c in range(C):
        total = a[c]
        for i in range(D):
            if bool(seen[i]):
                total += math.log(p[c, i]) if float(x[i]) == 1.0 else math.log(1 - p[c, i])
        joint.append(total)
    evidence = log_sum(joint)
    r = [math.exp(j - evidence) for j in joint]
    marginal = {i: sum(r[c] * p[c, i] for c in range(C)) for i in missing}
    bits = []
    for q in (dict.fromkeys(missing, 0.5), marginal):
        terms = []
        for c in range(C):
            for d in range(C):
                terms.append(joint[c] + joint[d] - 2 * evidence + sum(
                    math.log(p[c, i] * p[d, i] / q[i] + (1 - p[c, i]) * (1 - p[d, i]) / (1 - q[i])) for i in missing))
        bits.append(log_sum(terms) / math.log(2))
    return np.array([evidence, *bits])


# %% wrong all_seen, from right pairs: The missing pixels are counted as seen.
# diagnosis: all_pixels
#-     log_joint = log_weights + log_p[:, seen].sum(-1)
#+     log_joint = log_weights + log_p.sum(-1)


# %% wrong no_weights, from right pairs: The components' weights are forgotten.
# diagnosis: weights_lost
#-     log_joint = log_weights + log_p[:, seen].sum(-1)
#+     log_joint = log_p[:, seen].sum(-1)


# %% wrong prior_mixture, from right pairs: The mixture of the missing half has the weights from before.
# diagnosis: prior_shares
#-     log_r = log_joint.log_softmax(0)
#+     log_r = log_weights


# %% wrong every_completion, from right pairs: One draw in 2^M is thought to matter.
# diagnosis: all_completions
#-     return torch.stack([log_joint.logsumexp(0), bits(torch.full_like(p[0], 0.5)), bits(log_r.exp() @ p)])
#+     return torch.stack([log_joint.logsumexp(0), torch.tensor(float(p.shape[1])).to(p), bits(log_r.exp() @ p)])


# %% wrong diagonal, from right pairs: The square of the mixture without its cross terms.
# diagnosis: one_sum
#-         pairs = log_r[:, None] + log_r + both.log().sum(-1)
#+         pairs = log_r + both.log().sum(-1).diagonal()


# %% wrong nats, from right pairs: Nats for bits.
# diagnosis: in_nats
#-         return pairs.flatten().logsumexp(0) / math.log(2)
#+         return pairs.flatten().logsumexp(0)


# %% wrong independent, from right pairs: Given what is seen the missing pixels are taken for independent.
# diagnosis: mixed_before
#-         pairs = log_r[:, None] + log_r + both.log().sum(-1)
#+         m = log_r.exp() @ p
#+         pairs = (m * m / q + (1 - m) ** 2 / (1 - q)).log().sum().reshape(1)


# %% wrong free, from right pairs: Right marginals are thought to cost nothing.
# diagnosis: nothing_lost
#-     return torch.stack([log_joint.logsumexp(0), bits(torch.full_like(p[0], 0.5)), bits(log_r.exp() @ p)])
#+     return torch.stack([log_joint.logsumexp(0), bits(torch.full_like(p[0], 0.5)), 0 * p.sum()])


# %% wrong old_marginals, from right pairs: The marginals of the proposal are those of the prior.
# diagnosis: prior_marginals
#-     return torch.stack([log_joint.logsumexp(0), bits(torch.full_like(p[0], 0.5)), bits(log_r.exp() @ p)])
#+     return torch.stack([log_joint.logsumexp(0), bits(torch.full_like(p[0], 0.5)), bits(log_weights.exp() @ p)])


# %% wrong absolute, from right pairs: E w^2 is not divided by p^2.
# diagnosis: not_relative
#-     log_r = log_joint.log_softmax(0)
#-     p = probabilities[:, ~seen]
#+     log_r = log_joint
#+     p = probabilities[:, ~seen]
#@@
#-     return torch.stack([log_joint.logsumexp(0), bits(torch.full_like(p[0], 0.5)), bits(log_r.exp() @ p)])
#+     return torch.stack([log_joint.logsumexp(0), bits(torch.full_like(p[0], 0.5)), bits(log_r.softmax(0) @ p)])


# %% wrong best_component, from right pairs: Only the most likely component is kept.
# diagnosis: largest_component
#-     log_joint = log_weights + log_p[:, seen].sum(-1)
#+     log_joint = log_weights + log_p[:, seen].sum(-1)
#+     log_joint = torch.where(log_joint == log_joint.max(), log_joint, log_joint - 1e3)


# %% wrong no_logs, from right pairs: Products and powers as they stand.
# diagnosis: not_finite
#-         both = p[:, None] * p / q + (1 - p[:, None]) * (1 - p) / (1 - q)
#-         pairs = log_r[:, None] + log_r + both.log().sum(-1)
#-         return pairs.flatten().logsumexp(0) / math.log(2)
#+         both = (p[:, None] * p / q + (1 - p[:, None]) * (1 - p) / (1 - q)).prod(-1)
#+         return (log_r.exp() @ both @ log_r.exp()).log() / math.log(2)

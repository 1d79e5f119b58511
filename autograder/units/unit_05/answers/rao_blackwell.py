# %% right enumerated: One function gives the rewards at any states; the table asks it about all of them.
import torch


def parts(logits, factors, z):
    log_q = z * logits - torch.nn.functional.softplus(logits)
    kept, total = -log_q, -log_q.sum(-1, keepdim=True)
    for scope, table in factors:
        value = table[tuple(z[:, i].long() for i in scope)].unsqueeze(-1)
        reads = torch.tensor([float(i in scope) for i in range(z.shape[1])]).to(z)
        kept = kept + value * reads
        total = total + value
    return z - logits.sigmoid(), total.expand_as(kept), kept


def rao_blackwell(logits, factors, z):
    s, full, kept = parts(logits, factors, z)
    states = torch.cartesian_prod(*[torch.tensor([0.0, 1.0]).to(z)] * len(logits)).reshape(-1, len(logits))
    weight = (states * logits - torch.nn.functional.softplus(logits)).sum(-1).exp()
    t, everything, own = parts(logits, factors, states)
    rest = everything - own

    def mean(g):
        return weight @ g

    def var(g):
        return mean(g**2) - mean(g) ** 2

    table = torch.stack([var(t * everything), var(t * own), mean(t**2) * mean(rest**2), 2 * mean(t**2 * own * rest)])
    return torch.stack([s * full, s * kept]), table


# %% right loops: Bit by bit and state by state, in plain Python.
import itertools
import math

import torch


def rao_blackwell(logits, factors, z):
    D = len(logits)
    l = [float(v) for v in logits]
    p = [1 / (1 + math.exp(-v)) for v in l]

    def log_q(i, bit):
        return math.log(p[i]) if bit else math.log(1 - p[i])

    def reward(state, i=None):
        total = 0.0
        for scope, table in factors:
            if i is None or i in scope:
                total += float(table[tuple(state[j] for j in scope)])
        for j in range(D):
            if i is None or i == j:
                total -= log_q(j, state[j])
        return total

    gradients = torch.zeros(2, len(z), D, dtype=torch.float64)
    for k, row in enumerate(z.tolist()):
        state = [int(v) for v in row]
        for i in range(D):
            score = state[i] - p[i]
            gradients[0, k, i] = score * reward(state)
            gradients[1, k, i] = score * reward(state, i)
    table = torch.zeros(4, D, dtype=torch.float64)
    for i in range(D):
        m = [0.0] * 5
        for state in itertools.product((0, 1), repeat=D):
            w = math.exp(sum(log_q(j, state[j]) for j in range(D)))
            s, full, own = state[i] - p[i], reward(state), reward(state, i)
            m[0] += w * s * full
            m[1] += w * (s * full) ** 2
            m[2] += w * s * own
            m[3] += w * (s * own) ** 2
            m[4] += w * (s * (full - own)) ** 2
        table[0, i], table[1, i], table[2, i] = m[1] - m[0] ** 2, m[3] - m[2] ** 2, m[4]
        table[3, i] = table[0, i] - table[1, i] - table[2, i]
    return gradients, table


# %% right by_autograd: The scores are those of autograd; the last row is what is left over.
import itertools

import numpy as np
import torch
from torch.distributions import Bernoulli


def rao_blackwell(logits, factors, z):
    D = logits.shape[0]

    def one_sample(states):
        l = logits.clone().requires_grad_()
        each = Bernoulli(logits=l).log_prob(states)
        (score,) = torch.autograd.grad(each.sum(), l, retain_graph=True)
        scores = torch.stack([torch.autograd.grad(row.sum(), l, retain_graph=True)[0] for row in each])
        index = states.long()
        values = torch.stack([table[tuple(index[:, list(scope)].T)] for scope, table in factors], -1)
        reads = torch.tensor([[i in scope for i in range(D)] for scope, _ in factors]).to(values)
        each = each.detach()
        return scores, values.sum(-1, keepdim=True) - each.sum(-1, keepdim=True), values @ reads - each

    s, full, own = one_sample(z)
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=z.dtype)
    w = Bernoulli(logits=logits).log_prob(states).sum(-1).exp()
    t, all_of_it, mine = one_sample(states)
    rows = [t * all_of_it, t * mine, t * (all_of_it - mine)]
    first, second, third = (np.cov(np.asarray(g).T, aweights=np.asarray(w), ddof=0).diagonal() for g in rows)
    table = torch.tensor(np.stack([first, second, third, first - second - third]))
    return [torch.stack([s * full, s * own]), table]


# %% wrong own_factor, from right loops: Only the factor that is named after the bit is kept: the first of its scope. Its children are forgotten.
# diagnosis: children_dropped
#-             if i is None or i in scope:
#+             if i is None or i == scope[0]:


# %% wrong all_q, from right enumerated: The sum of all log q stays in each bit's reward.
# diagnosis: other_q_kept
#-     kept, total = -log_q, -log_q.sum(-1, keepdim=True)
#+     kept, total = -log_q.sum(-1, keepdim=True).expand_as(log_q), -log_q.sum(-1, keepdim=True)


# %% wrong factors_kept, from right loops: Only log q is taken apart, and all factors stay.
# diagnosis: factors_kept
#-             if i is None or i in scope:
#-                 total += float(table[tuple(state[j] for j in scope)])
#+             total += float(table[tuple(state[j] for j in scope)])


# %% wrong no_entropy, from right enumerated: The reward is log p alone.
# diagnosis: entropy_dropped
#-     kept, total = -log_q, -log_q.sum(-1, keepdim=True)
#+     kept, total = 0 * log_q, 0 * log_q.sum(-1, keepdim=True)


# %% wrong squares, from right enumerated: Means of squares, their means not subtracted.
# diagnosis: second_moment
#-         return mean(g**2) - mean(g) ** 2
#+         return mean(g**2)


# %% wrong variance_of_r, from right enumerated: The variance of what was dropped, as if its mean did no harm.
# diagnosis: level_forgotten
#-     table = torch.stack([var(t * everything), var(t * own), mean(t**2) * mean(rest**2), 2 * mean(t**2 * own * rest)])
#+     table = torch.stack([var(t * everything), var(t * own), mean(t**2) * var(rest), 2 * mean(t**2 * own * rest)])


# %% wrong without_score, from right enumerated: The mean square of what was dropped, without the score that it comes with.
# diagnosis: score_forgotten
#-     table = torch.stack([var(t * everything), var(t * own), mean(t**2) * mean(rest**2), 2 * mean(t**2 * own * rest)])
#+     table = torch.stack([var(t * everything), var(t * own), mean(rest**2), 2 * mean(t**2 * own * rest)])


# %% wrong independent, from right enumerated: The kept reward is averaged apart from the squared score, though both read the bit.
# diagnosis: treated_as_independent
#-     table = torch.stack([var(t * everything), var(t * own), mean(t**2) * mean(rest**2), 2 * mean(t**2 * own * rest)])
#+     table = torch.stack([var(t * everything), var(t * own), mean(t**2) * mean(rest**2), 2 * mean(t**2) * mean(own) * mean(rest)])


# %% wrong half, from right enumerated: The two of (a + b)^2 is lost.
# diagnosis: half_lost
#-     table = torch.stack([var(t * everything), var(t * own), mean(t**2) * mean(rest**2), 2 * mean(t**2 * own * rest)])
#+     table = torch.stack([var(t * everything), var(t * own), mean(t**2) * mean(rest**2), mean(t**2 * own * rest)])


# %% wrong score_z, from right enumerated: The score is taken for z.
# diagnosis: score_is_bit
#-     return z - logits.sigmoid(), total.expand_as(kept), kept
#+     return z, total.expand_as(kept), kept


# %% wrong measured, from right enumerated: The variances are those of the samples at hand.
# diagnosis: value
#-     return torch.stack([s * full, s * kept]), table
#+     table = torch.stack([(s * full).var(0), (s * kept).var(0), table[2], table[3]])
#+     return torch.stack([s * full, s * kept]), table

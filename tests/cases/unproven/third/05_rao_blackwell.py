import itertools
import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def terms_at(logits, factors, z):
    """Every factor's value, (A, K), and every bit's log q, (K, D), at the bits z, (K, D)."""
    long = z.long()
    values = [table[tuple(long[:, i] for i in scope)] for scope, table in factors]
    values = torch.stack(values) if values else z.new_zeros(0, len(z))
    return values, torch.where(long > 0, logsigmoid(logits), logsigmoid(-logits))


def reads(factors, D):
    """(A, D): one where the factor reads the bit."""
    return torch.tensor([[float(i in scope) for i in range(D)] for scope, _ in factors], dtype=torch.float64).reshape(-1, D)


def rewards(logits, factors, z, belongs=None):
    """Score, all of the reward, and the bits' own parts, (K, D) each."""
    values, log_q = terms_at(logits, factors, z)
    belongs = reads(factors, len(logits)) if belongs is None else belongs
    total = (values.sum(0) - log_q.sum(-1)).unsqueeze(-1).expand(z.shape)
    return z - logits.sigmoid(), total, values.T @ belongs - log_q


def all_states(D):
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=D)), dtype=torch.float64)


def weights_of(logits, states):
    return torch.where(states > 0, logsigmoid(logits), logsigmoid(-logits)).sum(-1).exp().unsqueeze(-1)


def variance(w, g):
    return (w * g**2).sum(0) - (w * g).sum(0) ** 2


def exact_table(logits, factors, belongs=None):
    states = all_states(len(logits))
    w = weights_of(logits, states)
    s, total, own = rewards(logits, factors, states, belongs)
    dropped = total - own
    return torch.stack([variance(w, s * total), variance(w, s * own), (w * (s * dropped) ** 2).sum(0), 2 * (w * s**2 * own * dropped).sum(0)])


# %% right enumeration: all states in one tensor; the two parts are E s^2 R^2 and 2 E s^2 A R
def rao_blackwell(logits: Tensor, factors: list, z: Tensor) -> tuple[Tensor, Tensor]:
    s, total, own = rewards(logits, factors, z)
    return torch.stack([s * total, s * own]), exact_table(logits, factors)


# %% right dictionary_and_loops: plain Python over states, bits and factors; the rest as the difference less what was dropped
def rao_blackwell(logits, factors, z):
    l = [float(v) for v in logits]
    D, p = len(l), [1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v)) for v in l]
    log1p = lambda v: -math.log1p(math.exp(-v)) if v > 0 else v - math.log1p(math.exp(v))

    def pair(bits, i):
        log_q = [log1p(v) if bit else log1p(-v) for v, bit in zip(l, bits)]
        each = [(scope, float(table[tuple(bits[j] for j in scope)])) for scope, table in factors]
        own = sum(v for scope, v in each if i in scope) - log_q[i]
        return bits[i] - p[i], sum(v for _, v in each) - sum(log_q), own

    gradients = np.zeros((2, len(z), D))
    for k, row in enumerate(z.tolist()):
        for i in range(D):
            s, total, own = pair([int(b) for b in row], i)
            gradients[:, k, i] = s * total, s * own
    table = np.zeros((4, D))
    for i in range(D):
        moments = np.zeros(5)
        for bits in itertools.product((0, 1), repeat=D):
            w = math.exp(sum(log1p(v) if bit else log1p(-v) for v, bit in zip(l, bits)))
            s, total, own = pair(bits, i)
            moments += w * np.array([s * total, (s * total) ** 2, s * own, (s * own) ** 2, (s * (total - own)) ** 2])
        first, second = moments[1] - moments[0] ** 2, moments[3] - moments[2] ** 2
        table[:, i] = first, second, moments[4], first - second - moments[4]
    return torch.from_numpy(gradients), torch.from_numpy(table)


# %% right dense_table: log p and log q as one dense array with an axis for each bit, by NumPy broadcasting; the dropped part with its independence from bit i made use of
def rao_blackwell(logits, factors, z):
    D, l = len(logits), logits.detach().double()
    index = np.asarray(z).astype(int)
    one = [torch.stack([logsigmoid(-v), logsigmoid(v)]).numpy() for v in l]

    def spread(scope, table):
        order = np.argsort(scope, kind="stable")
        array = np.transpose(np.asarray(table.detach()), order) if len(scope) else np.asarray(table.detach())
        shape = [1] * D
        for i in scope:
            shape[i] = 2
        return np.broadcast_to(array.reshape(shape), (2,) * D)

    arrays = [(set(scope), spread(scope, table)) for scope, table in factors] + [({i}, -spread((i,), torch.as_tensor(one[i]))) for i in range(D)]
    total = sum(a for _, a in arrays)
    q = np.exp(sum(spread((i,), torch.as_tensor(one[i])) for i in range(D)))
    p = torch.sigmoid(l).numpy()
    gradients, out = np.zeros((2, len(index), D)), np.zeros((4, D))
    where = tuple(index[:, i] for i in range(D))
    for i in range(D):
        own = sum(a for scope, a in arrays if i in scope)
        s = spread((i,), torch.tensor([-p[i], 1 - p[i]]))
        gradients[0, :, i], gradients[1, :, i] = (s * total)[where], (s * own)[where]
        var = lambda g: (q * (g - (q * g).sum()) ** 2).sum()
        rest = total - own
        out[:, i] = var(s * total), var(s * own), p[i] * (1 - p[i]) * (q * rest**2).sum(), 2 * (q * (s * own) * (s * rest)).sum()
    return torch.from_numpy(gradients), torch.from_numpy(out)


# %% wrong nodes_without_children: a factor counts as the bit's own if the bit stands first in the scope: the children's factors are missing
def rao_blackwell(logits, factors, z):
    belongs = torch.tensor([[float(i == scope[0]) for i in range(len(logits))] for scope, _ in factors], dtype=torch.float64)
    s, total, own = rewards(logits, factors, z, belongs)
    return torch.stack([s * total, s * own]), exact_table(logits, factors, belongs)


# %% wrong sorted_scopes: the bits of a scope are sorted before the table is read: right for scopes that rise
def rao_blackwell(logits, factors, z):
    factors = [(tuple(sorted(scope)), table) for scope, table in factors]
    s, total, own = rewards(logits, factors, z)
    return torch.stack([s * total, s * own]), exact_table(logits, factors)


# %% wrong scopes_as_keys: factors are kept in a dictionary by scope: of two with the same scope only the last one counts
def rao_blackwell(logits, factors, z):
    factors = list({tuple(scope): table for scope, table in factors}.items())
    factors = [(scope, table) for scope, table in factors]
    s, total, own = rewards(logits, factors, z)
    return torch.stack([s * total, s * own]), exact_table(logits, factors)


# %% wrong blanket_keeps_log_q: log q of every bit in the Markov blanket is kept as well: unbiased, and noisier
def rao_blackwell(logits, factors, z):
    belongs = reads(factors, len(logits))
    near = ((belongs.T @ belongs) > 0).double().fill_diagonal_(1.0)

    def parts(bits):
        values, log_q = terms_at(logits, factors, bits)
        total = (values.sum(0) - log_q.sum(-1)).unsqueeze(-1).expand(bits.shape)
        return bits - logits.sigmoid(), total, values.T @ belongs - log_q @ near

    s, total, own = parts(z)
    gradients = torch.stack([s * total, s * own])
    states = all_states(len(logits))
    w, (s, total, own) = weights_of(logits, states), parts(states)
    dropped = total - own
    return gradients, torch.stack([variance(w, s * total), variance(w, s * own), (w * (s * dropped) ** 2).sum(0), 2 * (w * s**2 * own * dropped).sum(0)])


# %% wrong centred_dropped_part: the dropped part's variance takes off the squared mean of R, and the rest is what is left over
def rao_blackwell(logits, factors, z):
    s, total, own = rewards(logits, factors, z)
    gradients, table = torch.stack([s * total, s * own]), exact_table(logits, factors)
    states = all_states(len(logits))
    w = weights_of(logits, states)
    score, whole, kept = rewards(logits, factors, states)
    table[2] = (w * score**2).sum(0) * variance(w, whole - kept)
    table[3] = table[0] - table[1] - table[2]
    return gradients, table


# %% wrong kept_and_dropped_independent: the rest is a product of means, as if what is kept and what is dropped shared no bits
def rao_blackwell(logits, factors, z):
    s, total, own = rewards(logits, factors, z)
    gradients, table = torch.stack([s * total, s * own]), exact_table(logits, factors)
    states = all_states(len(logits))
    w = weights_of(logits, states)
    score, whole, kept = rewards(logits, factors, states)
    table[3] = 2 * (w * score**2 * kept).sum(0) * (w * (whole - kept)).sum(0)
    return gradients, table


# %% wrong second_moments: no squared mean is taken off the two variances; their difference is right
def rao_blackwell(logits, factors, z):
    s, total, own = rewards(logits, factors, z)
    table = exact_table(logits, factors)
    states = all_states(len(logits))
    w = weights_of(logits, states)
    score, whole, kept = rewards(logits, factors, states)
    table[0], table[1] = (w * (score * whole) ** 2).sum(0), (w * (score * kept) ** 2).sum(0)
    return torch.stack([s * total, s * own]), table


# %% wrong cross_term_once: the covariance of kept and dropped counts once in the rest, not twice
def rao_blackwell(logits, factors, z):
    s, total, own = rewards(logits, factors, z)
    table = exact_table(logits, factors)
    table[3] = table[3] / 2
    return torch.stack([s * total, s * own]), table


# %% wrong log_q_given_to_the_caller: right numbers, but minus log q is appended to the caller's list of factors
def rao_blackwell(logits, factors, z):
    s, total, own = rewards(logits, factors, z)
    result = torch.stack([s * total, s * own]), exact_table(logits, factors)
    for i, l in enumerate(logits):
        factors.append(((i,), -torch.stack([logsigmoid(-l), logsigmoid(l)])))
    return result


# %% wrong clamped_probabilities: the logits are clamped to -4 and 4, as a guard for the logarithms
def rao_blackwell(logits, factors, z):
    logits = logits.clamp(-4.0, 4.0)
    s, total, own = rewards(logits, factors, z)
    return torch.stack([s * total, s * own]), exact_table(logits, factors)

import itertools

import numpy as np
import torch
from torch import Tensor


# %% right entropies: each term is the sum of the bits' conditional entropies less that of the layer, from tables of sums
def sleep_floors(joint, bits1, bits2):
    def plain(table, bits):
        on, off, read = table @ bits, table @ (1 - bits), table.sum(1)
        plogp = lambda p: torch.special.xlogy(p, p).sum()
        return plogp(table) - plogp(read) - plogp(on) - plogp(off) + bits.shape[1] * plogp(read)

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    upward = plain(joint.sum(2), bits1) + plain(joint.sum(0).reshape(S1, S2), bits2)
    flat = plain(joint.reshape(X, S1 * S2), both)
    downward = plain(joint.sum(1), bits2) + plain(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1)
    return upward, flat, downward

# %% right loops: q is built for each value that is read, bit by bit, and log p - log q summed over all states with a chance
def sleep_floors(joint, bits1, bits2):
    p, b1, b2 = (np.asarray(a.detach(), dtype=float) for a in (joint, bits1, bits2))

    def log_q(weights, bits, state):
        total, value = weights.sum(), 0.0
        for d in range(bits.shape[1]):
            same = weights[bits[:, d] == bits[state, d]].sum()
            value += np.log(same / total)
        return value

    floors = np.zeros(3)
    for x, i, j in itertools.product(*map(range, p.shape)):
        if p[x, i, j] > 0:
            log_p = np.log(p[x, i, j] / p[x].sum())
            up = log_q(p[x].sum(1), b1, i) + log_q(p[:, i].sum(0), b2, j)
            flat = log_q(p[x].sum(1), b1, i) + log_q(p[x].sum(0), b2, j)
            down = log_q(p[x].sum(0), b2, j) + log_q(p[x, :, j], b1, i)
            floors += p[x, i, j] * (log_p - np.array([up, flat, down]))
    return tuple(floors)

# %% right one_at_a_time: chain rule over the bits: the floor is what each bit has in common with the bits before it, given what is read
def sleep_floors(joint, bits1, bits2):
    def entropy(*columns):
        """Of a tuple of integer labels, (X * S1 * S2) each."""
        table = {}
        for key, p in zip(zip(*columns), weights):
            table[key] = table.get(key, 0.0) + p
        return -sum(p * np.log(p) for p in table.values() if p > 0)

    X, S1, S2 = joint.shape
    weights = joint.reshape(-1).tolist()
    x = [n for n in range(X) for _ in range(S1 * S2)]
    z1 = [n for _ in range(X) for n in range(S1) for _ in range(S2)]
    z2 = [n for _ in range(X * S1) for n in range(S2)]
    first = [[int(bits1[s, d]) for s in z1] for d in range(bits1.shape[1])]
    second = [[int(bits2[s, d]) for s in z2] for d in range(bits2.shape[1])]

    def shared(bits, read):
        total = 0.0
        for d in range(1, len(bits)):
            before = bits[:d]
            total += entropy(bits[d], *read) - entropy(*read) - entropy(bits[d], *before, *read) + entropy(*before, *read)
        return total

    return shared(first, [x]) + shared(second, [x, z1]), shared(first + second, [x]), shared(second, [x]) + shared(first, [x, z2])

# %% wrong layers_only: flat is the sum of the two layers' terms given x; what the layers have in common is left out
def sleep_floors(joint, bits1, bits2):
    def term(table, bits):
        plogp = lambda p: torch.special.xlogy(p, p).sum()
        return plogp(table) - plogp(table @ bits) - plogp(table @ (1 - bits)) + (bits.shape[1] - 1) * plogp(table.sum(1))

    X, S1, S2 = joint.shape
    top, low = term(joint.sum(1), bits2), term(joint.sum(2), bits1)
    return low + term(joint.sum(0), bits2), low + top, top + term(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1)

# %% wrong no_second_term: upward ends with its first layer, as if the bits of z2 were independent given z1; right for one bit above
def sleep_floors(joint, bits1, bits2):
    def term(table, bits):
        plogp = lambda p: torch.special.xlogy(p, p).sum()
        return plogp(table) - plogp(table @ bits) - plogp(table @ (1 - bits)) + (bits.shape[1] - 1) * plogp(table.sum(1))

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    return (term(joint.sum(2), bits1), term(joint.reshape(X, -1), both),
            term(joint.sum(1), bits2) + term(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1))

# %% wrong counting_order: states are taken in the order of counting, the given tables of bits are read for their width alone
def sleep_floors(joint, bits1, bits2):
    bits1, bits2 = (torch.tensor(list(itertools.product((0.0, 1.0), repeat=b.shape[1])), dtype=torch.float64) for b in (bits1, bits2))

    def term(table, bits):
        plogp = lambda p: torch.special.xlogy(p, p).sum()
        return plogp(table) - plogp(table @ bits) - plogp(table @ (1 - bits)) + (bits.shape[1] - 1) * plogp(table.sum(1))

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    return (term(joint.sum(2), bits1) + term(joint.sum(0), bits2), term(joint.reshape(X, -1), both),
            term(joint.sum(1), bits2) + term(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1))

# %% wrong zeros_to_nan: p log p written out, NaN as soon as a probability is zero; right for a joint without zeros
def sleep_floors(joint, bits1, bits2):
    def term(table, bits):
        plogp = lambda p: (p * p.log()).sum()
        return plogp(table) - plogp(table @ bits) - plogp(table @ (1 - bits)) + (bits.shape[1] - 1) * plogp(table.sum(1))

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    return (term(joint.sum(2), bits1) + term(joint.sum(0), bits2), term(joint.reshape(X, -1), both),
            term(joint.sum(1), bits2) + term(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1))

# %% wrong smoothed: 1e-4 is added to each probability and all normalized, against log 0; off in the fourth digit, more with zeros
def sleep_floors(joint, bits1, bits2):
    joint = (joint + 1e-4) / (joint + 1e-4).sum()

    def term(table, bits):
        plogp = lambda p: (p * p.log()).sum()
        return plogp(table) - plogp(table @ bits) - plogp(table @ (1 - bits)) + (bits.shape[1] - 1) * plogp(table.sum(1))

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    return (term(joint.sum(2), bits1) + term(joint.sum(0), bits2), term(joint.reshape(X, -1), both),
            term(joint.sum(1), bits2) + term(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1))

# %% wrong uniform_x: the KL is averaged over x with equal weights, not with p(x); right where p(x) is uniform, and for upward's second term
def sleep_floors(joint, bits1, bits2):
    def term(table, bits):
        plogp = lambda p: torch.special.xlogy(p, p).sum()
        return plogp(table) - plogp(table @ bits) - plogp(table @ (1 - bits)) + (bits.shape[1] - 1) * plogp(table.sum(1))

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    seen = joint.sum((1, 2)) > 0
    even = joint[seen] / joint[seen].sum((1, 2), keepdim=True) / seen.sum()
    X = len(even)
    return (term(even.sum(2), bits1) + term(joint.sum(0), bits2), term(even.reshape(X, -1), both),
            term(even.sum(1), bits2) + term(even.permute(0, 2, 1).reshape(X * S2, S1), bits1))

# %% wrong mirrored: downward's z1 reads z2 only, not x; the cost of what x tells of z1 beyond z2 is left out
def sleep_floors(joint, bits1, bits2):
    def term(table, bits):
        plogp = lambda p: torch.special.xlogy(p, p).sum()
        return plogp(table) - plogp(table @ bits) - plogp(table @ (1 - bits)) + (bits.shape[1] - 1) * plogp(table.sum(1))

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    return (term(joint.sum(2), bits1) + term(joint.sum(0), bits2), term(joint.reshape(X, -1), both),
            term(joint.sum(1), bits2) + term(joint.sum(0).T, bits1))

# %% wrong own_samples: the second layer's KL is averaged over samples of the net's own first layer, not over the posterior's; right where the first layer's bits are independent
def sleep_floors(joint, bits1, bits2):
    chance = joint.sum((1, 2))

    def product(table, bits):
        on = (table @ bits / table.sum(1, keepdim=True).clamp(min=1e-300))
        return torch.where(bits > 0.5, on[:, None], 1 - on[:, None]).prod(-1)

    def kls(table, bits):
        p, q = table / table.sum(1, keepdim=True).clamp(min=1e-300), product(table, bits)
        return (torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum(1)

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    q1, q2 = product(joint.sum(2), bits1), product(joint.sum(1), bits2)
    upward = chance @ kls(joint.sum(2), bits1) + chance @ q1 @ kls(joint.sum(0), bits2)
    flat = chance @ kls(joint.reshape(X, -1), both)
    lower = kls(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1).view(X, S2)
    return upward, flat, chance @ kls(joint.sum(1), bits2) + chance @ (q2 * lower).sum(1)

# %% wrong reverse_kl: the same best q, but KL(q | p) is what is measured, where q has a chance and p has too
def sleep_floors(joint, bits1, bits2):
    chance = joint.sum((1, 2))

    def product(table, bits):
        on = (table @ bits / table.sum(1, keepdim=True).clamp(min=1e-300))
        return torch.where(bits > 0.5, on[:, None], 1 - on[:, None]).prod(-1)

    X, S1, S2 = joint.shape
    p = joint / chance[:, None, None].clamp(min=1e-300)
    q1, q2 = product(joint.sum(2), bits1), product(joint.sum(1), bits2)
    nets = (q1[:, :, None] * product(joint.sum(0), bits2), q1[:, :, None] * q2[:, None],
            q2[:, None] * product(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1).view(X, S2, S1).permute(0, 2, 1))
    return tuple((chance[:, None, None] * torch.where(p > 0, torch.special.xlogy(q, q / p.clamp(min=1e-300)), 0.0)).sum() for q in nets)

# %% wrong reads_the_mean: upward's z2 reads the means of z1's bits, which x decides: its table is by x, so the layers' dependence is lost as in flat
def sleep_floors(joint, bits1, bits2):
    def term(table, bits):
        plogp = lambda p: torch.special.xlogy(p, p).sum()
        return plogp(table) - plogp(table @ bits) - plogp(table @ (1 - bits)) + (bits.shape[1] - 1) * plogp(table.sum(1))

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    flat = term(joint.reshape(X, -1), both)
    return flat, flat, term(joint.sum(1), bits2) + term(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1)

# %% wrong second_reads_x: upward's second term is z2's KL from its marginals given x, not given z1
def sleep_floors(joint, bits1, bits2):
    def term(table, bits):
        plogp = lambda p: torch.special.xlogy(p, p).sum()
        return plogp(table) - plogp(table @ bits) - plogp(table @ (1 - bits)) + (bits.shape[1] - 1) * plogp(table.sum(1))

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    return (term(joint.sum(2), bits1) + term(joint.sum(1), bits2), term(joint.reshape(X, -1), both),
            term(joint.sum(1), bits2) + term(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1))

# %% wrong rare_states_cut: conditional tables drop states below one in a thousand of what is read, and renormalize
def sleep_floors(joint, bits1, bits2):
    def term(table, bits):
        read = table.sum(1, keepdim=True)
        kept = torch.where(table < 1e-3 * read, 0.0, table)
        table = kept * read / kept.sum(1, keepdim=True).clamp(min=1e-300)
        plogp = lambda p: torch.special.xlogy(p, p).sum()
        return plogp(table) - plogp(table @ bits) - plogp(table @ (1 - bits)) + (bits.shape[1] - 1) * plogp(table.sum(1))

    X, S1, S2 = joint.shape
    both = torch.cat([bits1.repeat_interleave(S2, 0), bits2.repeat(S1, 1)], 1)
    return (term(joint.sum(2), bits1) + term(joint.sum(0), bits2), term(joint.reshape(X, -1), both),
            term(joint.sum(1), bits2) + term(joint.permute(0, 2, 1).reshape(X * S2, S1), bits1))

# %% right exact_baseline: The others' factors are their q, less a constant: what is dropped is the best baseline itself.
import torch
from torch.nn.functional import logsigmoid


def hurting_case(logits):
    D = len(logits)
    log_q = torch.stack([logsigmoid(-logits), logsigmoid(logits)], -1)
    own = torch.tensor([0.0, -0.3] if logits[0] > 0 else [-0.3, 0.0]).to(logits)
    reward, p = own - log_q[0], logits[0].sigmoid()
    best = (1 - p) * reward[1] + p * reward[0]
    factors = [((0,), own)] + [((j,), log_q[j] - best / (D - 1)) for j in range(1, D)]
    mean = p * (1 - p) * (reward[1] - reward[0])
    second = p * (1 - p) ** 2 * reward[1] ** 2 + (1 - p) * p**2 * reward[0] ** 2
    return factors, torch.stack([0 * mean, second - mean**2])


# %% right one_heavy_factor: One factor over all other bits carries the constant; the variances by enumeration.
import itertools

import torch


def hurting_case(logits):
    D = len(logits)
    p = torch.sigmoid(logits)
    a = torch.zeros(2, dtype=logits.dtype)
    a[int(logits[0] > 0)] = -0.3
    states = list(itertools.product((0, 1), repeat=D - 1))
    table = torch.zeros((2,) * (D - 1), dtype=logits.dtype)
    b = (1 - p[0]) * (a[1] - p[0].log()) + p[0] * (a[0] - (1 - p[0]).log())
    for state in states:
        bits = torch.tensor(state, dtype=logits.dtype)
        table[state] = (bits * p[1:].log() + (1 - bits) * (1 - p[1:]).log()).sum() - b
    full = own = mean = 0.0
    for bit, state in itertools.product((0, 1), states):
        others = torch.tensor(state, dtype=logits.dtype)
        log_rest = (others * p[1:].log() + (1 - others) * (1 - p[1:]).log()).sum()
        log_own = p[0].log() if bit else (1 - p[0]).log()
        weight, s = (log_rest + log_own).exp(), bit - p[0]
        mine = a[bit] - log_own
        mean = mean + weight * s * mine
        own = own + weight * (s * mine) ** 2
        full = full + weight * (s * (mine + table[state] - log_rest)) ** 2
    return [([0], a), (list(range(1, D)), table)], [float(full - mean**2), float(own - mean**2)]


# %% right coupled: Bit 0 shares a factor with bit 1; a search finds the constant.
import itertools

import torch


def moments(logits, factors):
    D = len(logits)
    z = torch.tensor(list(itertools.product([0, 1], repeat=D)))
    log_q = z * logits - torch.nn.functional.softplus(logits)
    w = log_q.sum(-1).exp()
    values = [(0 in scope, table[tuple(z[:, j] for j in scope)]) for scope, table in factors]
    own = sum(v for mine, v in values if mine) - log_q[:, 0]
    full = sum(v for _, v in values) - log_q.sum(-1)
    s = z[:, 0] - logits[0].sigmoid()
    return [(w * (s * r) ** 2).sum() - (w * s * r).sum() ** 2 for r in (full, own)]


def hurting_case(logits):
    D = len(logits)
    tilt = -0.3 if logits[0] > 0 else 0.3
    pair = torch.tensor([[0.0, -0.12], [tilt, tilt - 0.01]], dtype=logits.dtype)
    pair = pair - pair.max()
    log_q = torch.stack([-torch.nn.functional.softplus(logits), -torch.nn.functional.softplus(-logits)], -1)

    def case(constant):
        return [((0, 1), pair)] + [((j,), log_q[j] - constant / (D - 1)) for j in range(1, D)]

    best = min((float(moments(logits, case(c / 12))[0]), c / 12) for c in range(1, 60))[1]
    factors = case(best)
    return factors, torch.stack(moments(logits, factors))


# %% wrong helps, from right exact_baseline: A constant of the wrong size: far beyond the best baseline.
# diagnosis: hurts_too_little
#-     factors = [((0,), own)] + [((j,), log_q[j] - best / (D - 1)) for j in range(1, D)]
#+     factors = [((0,), own)] + [((j,), log_q[j] - 9.0 / (D - 1)) for j in range(1, D)]


# %% wrong no_gradient, from right exact_baseline: Bit 0's factor is its q plus a constant: the gradient is zero, and its noise is all there is.
# diagnosis: no_signal
#-     own = torch.tensor([0.0, -0.3] if logits[0] > 0 else [-0.3, 0.0]).to(logits)
#+     own = log_q[0]


# %% wrong positive, from right exact_baseline: The constant has the sign of the reward: a probability above one.
# diagnosis: no_log_probability
#-     factors = [((0,), own)] + [((j,), log_q[j] - best / (D - 1)) for j in range(1, D)]
#+     factors = [((0,), own)] + [((j,), log_q[j] + 2 + best / (D - 1)) for j in range(1, D)]


# %% wrong constant, from right exact_baseline: A factor that is the same for all bits: it reads nothing.
# diagnosis: constant_table
#-     factors = [((0,), own)] + [((j,), log_q[j] - best / (D - 1)) for j in range(1, D)]
#+     factors = [((0,), own)] + [((j,), 0 * log_q[j] - best / (D - 1)) for j in range(1, D)]


# %% wrong empty_scope, from right exact_baseline: The constant is a factor of no bit at all.
# diagnosis: scope
#-     factors = [((0,), own)] + [((j,), log_q[j] - best / (D - 1)) for j in range(1, D)]
#+     factors = [((0,), own)] + [((j,), log_q[j]) for j in range(1, D)] + [((), -best)]


# %% wrong swapped, from right coupled: The variances in the order of the title.
# diagnosis: order_swapped
#-     return factors, torch.stack(moments(logits, factors))
#+     return factors, torch.stack(moments(logits, factors)[::-1])


# %% wrong squares, from right coupled: Means of squares are predicted.
# diagnosis: second_moment
#-     return [(w * (s * r) ** 2).sum() - (w * s * r).sum() ** 2 for r in (full, own)]
#+     return [(w * (s * r) ** 2).sum() for r in (full, own)]


# %% wrong roots, from right coupled: Standard deviations are predicted.
# diagnosis: standard_deviation
#-     return factors, torch.stack(moments(logits, factors))
#+     return factors, torch.stack(moments(logits, factors)).sqrt()


# %% wrong ordinary, from right coupled: An ordinary chain with tables drawn at random: there it helps.
# diagnosis: hurts_too_little
#-     factors = case(best)
#+     g = torch.Generator().manual_seed(0)
#+     factors = [((0,), -torch.rand(2, generator=g).to(logits))]
#+     factors += [((j, j - 1), -5 * torch.rand(2, 2, generator=g).to(logits)) for j in range(1, D)]
#+     factors[0] = ((0,), torch.tensor([-3.0, 0.0]).to(logits) if logits[0] < 0 else torch.tensor([0.0, -3.0]).to(logits))


# %% wrong one_sided, from right exact_baseline: Bit 0's factor leans the same way whatever q is: where q hardly leans, nothing is left of the gradient.
# diagnosis: no_signal
#-     own = torch.tensor([0.0, -0.3] if logits[0] > 0 else [-0.3, 0.0]).to(logits)
#+     own = torch.tensor([0.0, -0.3]).to(logits)

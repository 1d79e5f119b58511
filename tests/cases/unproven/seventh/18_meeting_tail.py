import math

import numpy as np
import torch
from torch import Tensor


def maximal_table(p, q):
    both = torch.minimum(p, q)
    left, right = p - both, q - both
    total = left.sum()
    table = torch.diag(both)
    return table + torch.outer(left, right) / total if total > 0 else table


def apart_matrix(P, table=maximal_table):
    """Moves from pairs apart to pairs apart, (S (S - 1), S (S - 1)), and the list of these pairs."""
    S = len(P)
    pairs = [(x, y) for x in range(S) for y in range(S) if x != y]
    at = torch.tensor([a * S + b for a, b in pairs])
    return torch.stack([table(P[x], P[y]).reshape(-1)[at] for x, y in pairs]), pairs


def first_pair(P, start, pairs):
    """The law of (X_1, Y_0) on the pairs that are apart."""
    now = start @ P
    return torch.stack([now[a] * start[b] for a, b in pairs])


def follow(law, Q, steps):
    tail = [torch.ones((), dtype=Q.dtype)]
    for _ in range(steps):
        tail.append(law.sum())
        law = law @ Q
    return torch.stack(tail)


def growth(Q):
    """The spectral radius, by squaring again and again; exactly zero where some power vanishes."""
    log = 0.0
    for n in range(60):
        size = Q.abs().max()
        if size == 0:
            return torch.zeros((), dtype=Q.dtype)
        log = log + float(size.log()) / 2**n
        Q = Q / size
        Q = Q @ Q
    return torch.tensor(math.exp(log), dtype=Q.dtype)


def total(law, Q):
    return torch.linalg.solve(torch.eye(len(Q), dtype=Q.dtype) - Q, torch.ones(len(Q), dtype=Q.dtype)) @ law


# %% right powers_by_squaring: the chain of ordered pairs; its rate from the growth of its powers (2^60 of them), so that "must meet" gives an exact zero
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    return follow(law, Q, steps), growth(Q), 1 + total(law, Q)


# %% right unordered_classes: unordered pairs, half as many; the rate is the largest root over the communicating classes; the mean is a solve; NumPy all through
def meeting_tail(P, start, steps):
    P, start = np.array(P, dtype=float), np.array(start, dtype=float)
    S = len(P)
    pairs = [(x, y) for x in range(S) for y in range(x)]
    Q = np.zeros((len(pairs), len(pairs)))
    for n, (x, y) in enumerate(pairs):
        both = np.minimum(P[x], P[y])
        gain, loss = P[x] - both, P[y] - both
        if gain.sum() > 0:
            rest = np.outer(gain, loss) / gain.sum()
            for m, (a, b) in enumerate(pairs):
                Q[n, m] = rest[a, b] + rest[b, a]
    now = start @ P
    law = np.array([now[a] * start[b] + now[b] * start[a] for a, b in pairs])
    mean = 1 + law @ np.linalg.solve(np.eye(len(pairs)) - Q, np.ones(len(pairs)))
    reach = Q > 0
    for _ in pairs:
        reach = reach | ((reach.astype(int) @ reach.astype(int)) > 0)
    rate = 0.0
    for n in range(len(pairs)):
        members = [m for m in range(len(pairs)) if reach[n, m] and reach[m, n]]
        if members:
            rate = max(rate, np.abs(np.linalg.eigvals(Q[np.ix_(members, members)])).max())
    tail, v = [1.0], law
    for _ in range(steps):
        tail.append(v.sum())
        v = v @ Q
    return [np.array(tail), rate, mean]


# %% right whole_table_eigenvalues: all S * S pairs with what has met absorbed, the four-axis kernel in einsum; eigenvalues, where a boolean power says whether pairs must meet; the mean from the inverse
def meeting_tail(P, start, steps):
    S = len(P)
    kernel = torch.stack([torch.stack([maximal_table(P[x], P[y]) for y in range(S)]) for x in range(S)])
    off = 1 - torch.eye(S, dtype=P.dtype)
    kernel = kernel * off[:, :, None, None] * off[None, None]
    law = torch.outer(start @ P, start) * off
    flat = kernel.reshape(S * S, S * S)
    tail, v = [1.0], law
    for _ in range(steps):
        tail.append(float(v.sum()))
        v = torch.einsum("xy,xyab->ab", v, kernel)
    paths = flat > 0
    for _ in range(6):
        paths = (paths.double() @ paths.double()) > 0
    rate = torch.linalg.eigvals(flat).abs().max() if bool(paths.any()) else torch.zeros((), dtype=P.dtype)
    fundamental = torch.linalg.inv(torch.eye(S * S, dtype=P.dtype) - flat)
    return torch.tensor(tail, dtype=P.dtype), rate, 1 + (law.reshape(-1) @ fundamental).sum()


# %% wrong starts_are_the_same: Y_0 is taken to be X_0, so that the first pair is (a move from s, s); they are independent draws (right if the start is a single state)
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = torch.stack([start[b] * P[b, a] for a, b in pairs])
    return follow(law, Q, steps), growth(Q), 1 + total(law, Q)


# %% wrong no_lag: the pair begins at (X_0, Y_0), and P(tau > t) is the chance that it is apart after t moves; X is not ahead
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = torch.stack([start[a] * start[b] for a, b in pairs])
    tail = follow(law, Q, steps + 1)[1:]
    return tail, growth(Q), total(law, Q)


# %% wrong first_move_coupled: (X_0, Y_0) moves together once, and the X of that is compared with Y_0's next; the first move is X's alone
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = torch.stack([start[a] * start[b] for a, b in pairs]) @ Q
    return follow(law, Q, steps), growth(Q), 1 + total(law, Q)


# %% wrong second_eigenvalue: the rate is the second largest eigenvalue of P in absolute value; right for two states, but pairs can be slower
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    rate = torch.linalg.eigvals(P).abs().sort(descending=True).values[1]
    return follow(law, Q, steps), rate, 1 + total(law, Q)


# %% wrong rate_from_this_start: the ratio of two late terms of the tail from the given start; pairs which that start never reaches may be slower, and they are asked for ("from which it falls slowest")
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    v, rate = law, torch.zeros((), dtype=P.dtype)
    for _ in range(100000):
        if v.sum() == 0:
            rate = torch.zeros((), dtype=P.dtype)
            break
        v = v / v.sum()
        before, v = rate, v @ Q
        rate = v.sum()
        if abs(rate - before) < 1e-15:
            break
    return follow(law, Q, steps), rate, 1 + total(law, Q)


# %% wrong mean_of_what_was_returned: the mean is the sum of the tail that I return; it goes on after `steps`
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    tail = follow(law, Q, steps)
    return tail, growth(Q), tail.sum()


# %% wrong mean_of_a_thousand: the mean is summed over a thousand steps, which is surely enough; for chains that stay long it is not
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    return follow(law, Q, steps), growth(Q), follow(law, Q, 1000).sum()


# %% wrong worst_row: the rate is the greatest chance to stay apart for one step (Dobrushin's coefficient); that is a bound on it, and equal to it only where all pairs are alike
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    return follow(law, Q, steps), Q.sum(1).max(), 1 + total(law, Q)


# %% wrong singular_value: the rate is the spectral norm of the matrix of pairs; it is the greatest factor of one step in length, not that of the long run
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    return follow(law, Q, steps), torch.linalg.matrix_norm(Q, 2), 1 + total(law, Q)


# %% wrong power_iteration: fifty steps of power iteration from equal weights, and the last ratio; not there yet where two rates are close
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    v, rate = torch.ones(len(Q), dtype=P.dtype) / len(Q), torch.zeros((), dtype=P.dtype)
    for _ in range(50):
        w = Q @ v
        if w.sum() == 0:
            rate = torch.zeros((), dtype=P.dtype)
            break
        rate, v = w.sum() / v.sum(), w / w.sum()
    return follow(law, Q, steps), rate, 1 + total(law, Q)


# %% wrong total_variation_of_laws: after t = 1 the coupling is maximal, so P(tau > t) is TV of the laws of X_t and Y_{t-1}; it is maximal for each pair of rows, and TV of the laws is only a lower bound
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    tail, ahead, behind = [1.0, float(law.sum())], start @ P, start
    for _ in range(steps):
        ahead, behind = ahead @ P, behind @ P
        tail.append(float(0.5 * (ahead - behind).abs().sum()))
    return torch.tensor(tail[: steps + 1], dtype=P.dtype), growth(Q), 1 + total(law, Q)


# %% wrong tail_in_float32_list: the tail is gathered by torch.tensor([...]) of floats, which is single precision; seven digits of the eight
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    return torch.tensor([float(value) for value in follow(law, Q, steps)]), growth(Q), 1 + total(law, Q)


# %% wrong common_uniform_rows: the rows are coupled by one uniform instead of maximally; right for two states
def meeting_tail(P, start, steps):
    def one_uniform(p, q):
        hi_p, hi_q = p.cumsum(0), q.cumsum(0)
        hi = torch.minimum(hi_p[:, None], hi_q[None, :])
        lo = torch.maximum((hi_p - p)[:, None], (hi_q - q)[None, :])
        return (hi - lo).clamp(min=0)

    Q, pairs = apart_matrix(P, one_uniform)
    law = first_pair(P, start, pairs)
    return follow(law, Q, steps), growth(Q), 1 + total(law, Q)


# %% wrong moves_after_the_first: the mean counts the moves of the pair, without X's first one; so it is one too small
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    return follow(law, Q, steps), growth(Q), total(law, Q)


# %% wrong geometric_mean_time: the tail falls by `rate` a step, so the mean is 1 + P(tau > 1) / (1 - rate); only in the long run it does
def meeting_tail(P, start, steps):
    Q, pairs = apart_matrix(P)
    law = first_pair(P, start, pairs)
    rate = growth(Q)
    return follow(law, Q, steps), rate, 1 + law.sum() / (1 - rate)

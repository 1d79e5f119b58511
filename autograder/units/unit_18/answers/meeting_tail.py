# %% right pairs: The matrix of pairs that are apart.
import torch


def coupling(p, q):
    both = torch.minimum(p, q)
    left = (p - both).sum()
    table = torch.diag(both)
    if left > 0:
        table = table + torch.outer(p - both, q - both) / left
    return table


def meeting_tail(P, start, steps):
    S = len(P)
    T = torch.zeros(S * S, S * S, dtype=P.dtype)
    for i in range(S):
        for j in range(S):
            if i != j:
                table = coupling(P[i], P[j])
                table = table - torch.diag(table.diagonal())
                T[i * S + j] = table.flatten()
    first = torch.outer(start @ P, start)
    law = (first - torch.diag(first.diagonal())).flatten()
    eye = torch.eye(S * S, dtype=P.dtype)
    mean = 1 + law @ torch.linalg.solve(eye - T, torch.ones(S * S, dtype=P.dtype))
    tail = [torch.tensor(1.0, dtype=P.dtype)]
    for t in range(steps):
        tail.append(law.sum())
        law = law @ T
    rate = torch.linalg.eigvals(T).abs().max()
    return torch.stack(tail), rate, mean


# %% right backwards: A table of chances by pair, taken back in time; the mean as a long sum, in NumPy.
import numpy as np


def meeting_tail(P, start, steps):
    P, start = np.asarray(P), np.asarray(start)
    S = len(P)
    pairs = [(i, j) for i in range(S) for j in range(S) if i != j]
    move = np.zeros((len(pairs), len(pairs)))
    for r, (i, j) in enumerate(pairs):
        up, down = np.maximum(P[i] - P[j], 0), np.maximum(P[j] - P[i], 0)
        tv = up.sum()
        for c, (a, b) in enumerate(pairs):
            move[r, c] = up[a] * down[b] / tv if tv > 0 else 0.0
    one = start @ P
    law = np.array([one[i] * start[j] for i, j in pairs])
    apart = np.ones(len(pairs))
    tail = [1.0]
    for _ in range(steps):
        tail.append(float(law @ apart))
        apart = move @ apart
    waits = np.linalg.solve(np.eye(len(pairs)) - move, np.ones(len(pairs)))
    return tail, np.abs(np.linalg.eigvals(move)).max(), 1 + law @ waits


# %% right absorbed: All pairs that have met are one state; a table of pairs in four axes.
import torch


def meeting_tail(P, start, steps):
    S = len(P)
    low = torch.minimum(P[:, None], P[None])
    up, down = P[:, None] - low, P[None] - low
    tv = up.sum(-1)
    weight = torch.where(tv > 0, 1 / tv.clamp_min(1e-300), torch.zeros_like(tv))
    K = torch.einsum("xya,xyb,xy->xyab", up, down, weight)
    law = torch.einsum("x,xa,y->ay", start, P, start)
    law = law * (1 - torch.eye(S, dtype=P.dtype))
    T = K.reshape(S * S, S * S)
    whole = torch.zeros(S * S + 1, S * S + 1, dtype=P.dtype)
    whole[:-1, :-1], whole[:-1, -1], whole[-1, -1] = T, 1 - T.sum(1), 1
    now = torch.cat([law.flatten(), 1 - law.sum().reshape(1)])
    tail = [1.0]
    for _ in range(steps):
        tail.append(float(1 - now[-1]) if now[-1] < 0.5 else float(now[:-1].sum()))
        now = now @ whole
    inverse = torch.linalg.inv(torch.eye(S * S, dtype=P.dtype) - T)
    return torch.tensor(tail, dtype=P.dtype), torch.linalg.eigvals(T).abs().max(), 1 + (law.flatten() @ inverse).sum()


# %% wrong independent_rows, from right pairs: The two chains move independently until they meet.
# diagnosis: independent_chains
#-                 table = coupling(P[i], P[j])
#+                 table = torch.outer(P[i], P[j])


# %% wrong unnormalized, from right pairs: What is left over is not normalized.
# diagnosis: value
#-         table = table + torch.outer(p - both, q - both) / left
#+         table = table + torch.outer(p - both, q - both)


# %% wrong no_lag, from right pairs: Both begin at the same time.
# diagnosis: lag_forgotten
#-     first = torch.outer(start @ P, start)
#+     first = torch.outer(start, start)
#@@
#-     mean = 1 + law @ torch.linalg.solve(eye - T, torch.ones(S * S, dtype=P.dtype))
#-     tail = [torch.tensor(1.0, dtype=P.dtype)]
#-     for t in range(steps):
#+     mean = law @ torch.linalg.solve(eye - T, torch.ones(S * S, dtype=P.dtype))
#+     tail = []
#+     for t in range(steps + 1):


# %% wrong second_power, from right pairs: Powers of the second eigenvalue.
# diagnosis: eigenvalue_of_one_chain
#-     rate = torch.linalg.eigvals(T).abs().max()
#-     return torch.stack(tail), rate, mean
#+     rate = torch.linalg.eigvals(P).abs().sort().values[-2]
#+     return rate ** torch.arange(steps + 1), rate, 1 / (1 - rate)


# %% wrong second_rate, from right pairs: The rate is that of one chain.
# diagnosis: eigenvalue_of_one_chain
#-     rate = torch.linalg.eigvals(T).abs().max()
#+     rate = torch.linalg.eigvals(P).abs().sort().values[-2]


# %% wrong dobrushin, from right pairs: The largest total variation between rows.
# diagnosis: worst_pair
#-     rate = torch.linalg.eigvals(T).abs().max()
#+     rate = max(0.5 * (P[i] - P[j]).abs().sum() for i in range(S) for j in range(S))


# %% wrong late_by_one, from right pairs: The tail begins at t = 1.
# diagnosis: one_late
#-     tail = [torch.tensor(1.0, dtype=P.dtype)]
#-     for t in range(steps):
#+     tail = []
#+     for t in range(steps + 1):


# %% wrong cut_mean, from right pairs: The mean is the sum of what was asked for.
# diagnosis: tail_cut
#-     return torch.stack(tail), rate, mean
#+     return torch.stack(tail), rate, torch.stack(tail).sum()


# %% wrong headless_mean, from right pairs: The sum of the tail from t = 1 on.
# diagnosis: head_lost
#-     return torch.stack(tail), rate, mean
#+     return torch.stack(tail), rate, mean - 1


# %% wrong geometric_mean, from right pairs: As if the chance to meet were always the same.
# diagnosis: geometric
#-     return torch.stack(tail), rate, mean
#+     return torch.stack(tail), rate, 1 / (1 - rate)


# %% wrong cumulative, from right pairs: The distribution function in place of the tail.
# diagnosis: distribution_function
#-     return torch.stack(tail), rate, mean
#+     return 1 - torch.stack(tail), rate, mean


# %% wrong last_ratio, from right pairs: The rate as the last ratio of the tail.
# diagnosis: value or not_finite
#-     return torch.stack(tail), rate, mean
#+     return torch.stack(tail), tail[-1] / tail[-2], mean


# %% wrong parts_again, from right backwards: Independent chains, and whether they differ at t, not whether they have met.
# diagnosis: does_not_stick
#-     tail = [1.0]
#-     for _ in range(steps):
#-         tail.append(float(law @ apart))
#-         apart = move @ apart
#+     tail = [1.0]
#+     a, b = one, start
#+     for _ in range(steps):
#+         tail.append(float(1 - a @ b))
#+         a, b = a @ P, b @ P


# %% wrong from_this_start, from right pairs: The rate is that of the pairs to which this start leads; others may be slower.
# diagnosis: rate_from_this_start
#-     rate = torch.linalg.eigvals(T).abs().max()
#-     return torch.stack(tail), rate, mean
#+     reached = torch.outer(start @ P, start).flatten() > 0
#+     for _ in range(S * S):
#+         reached = reached | (reached.double() @ (T > 0).double() > 0)
#+     rate = torch.linalg.eigvals(T[reached][:, reached]).abs().max()
#+     return torch.stack(tail), rate, mean

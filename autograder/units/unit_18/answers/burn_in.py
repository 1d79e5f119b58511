# %% right systems: Two linear systems for what is still to come.
import torch


def variance_and_cost(kernel, start, h, last):
    S = len(h)
    P = kernel.sum(3)[:, 0]
    apart = (1 - torch.eye(S, dtype=h.dtype)).flatten()
    T = kernel.reshape(S * S, S * S) * apart * apart[:, None]
    d = (h[:, None] - h[None]).flatten()
    I = torch.eye(S * S, dtype=h.dtype)
    M = torch.linalg.solve(I - T, T @ d)
    W = torch.linalg.solve(I - T, T @ (d**2 + 2 * d * M))
    law = torch.outer(start @ P, start).flatten() * apart
    tau = 1 + law @ torch.linalg.solve(I - T, apart)
    S1 = (apart * (d + M)).reshape(S, S) @ start
    S2 = (apart * (d**2 + 2 * d * M + W)).reshape(S, S) @ start
    mean = start @ (h + P @ S1)
    square = start @ (h**2 + 2 * h * (P @ S1) + P @ S2)
    variances, costs = [square - mean**2], [2 * tau - 1]
    hx = h.repeat_interleave(S)
    single, met = start, 0.0
    for k in range(1, last + 1):
        single = single @ P
        mean = single @ h + law @ M
        square = single @ h**2 + law @ (2 * hx * M + W)
        variances.append(square - mean**2)
        costs.append(costs[-1] + met)
        met = 1 - law.sum()
        law = law @ T
    return torch.stack(variances), torch.stack(costs)


# %% right series: Sums over times, until they have died out: second moments of all pairs of terms by way of what is expected later.
import numpy as np


def variance_and_cost(kernel, start, h, last):
    K, start, h = (np.asarray(part, dtype=float) for part in (kernel, start, h))
    S = len(h)
    P = K.sum(axis=3)[:, 0]
    off = 1 - np.eye(S)
    d = h[:, None] - h[None]

    def step_back(f):                      # mean of f at the next pair, if that is apart
        return np.einsum("xyab,ab->xy", K, off * f) * off

    M, W = np.zeros((S, S)), np.zeros((S, S))
    while True:
        new_M = step_back(d + M)
        new_W = step_back(d**2 + 2 * d * M + W)
        change = max(np.abs(new_M - M).max(), np.abs(new_W - W).max())
        M, W = new_M, new_W
        if change < 1e-15:
            break
    variance, cost = [], []
    law = np.einsum("x,xa,y->ay", start, P, start) * off
    tails, now = [1.0], law
    while now.sum() > 1e-17 or len(tails) <= last + 1:
        tails.append(now.sum())
        now = np.einsum("xy,xyab->ab", now, K) * off
    tails = np.array(tails)
    for k in range(last + 1):
        if k == 0:
            total, square = 0.0, 0.0
            for x0 in range(S):
                for x1 in range(S):
                    for y0 in range(S):
                        chance = start[x0] * P[x0, x1] * start[y0]
                        more = (d + M)[x1, y0] * off[x1, y0]
                        twice = (d**2 + 2 * d * M + W)[x1, y0] * off[x1, y0]
                        total += chance * (h[x0] + more)
                        square += chance * (h[x0] ** 2 + 2 * h[x0] * more + twice)
        else:
            single = start @ np.linalg.matrix_power(P, k)
            total = single @ h + (law * M).sum()
            square = single @ h**2 + (law * (2 * h[:, None] * M + W)).sum()
            law = np.einsum("xy,xyab->ab", law, K) * off
        variance.append(square - total**2)
        cost.append(2 * tails.sum() - 1 + (1 - tails[:k]).sum())
    return variance, cost


# %% right centred: h less its stationary mean, and a chain of pairs with the met ones left in.
import torch


def variance_and_cost(kernel, start, h, last):
    S = len(h)
    P = kernel.sum(3)[:, 0]
    power = torch.linalg.matrix_power(P, 2**12)
    g = h - power[0] @ h
    apart = 1 - torch.eye(S, dtype=h.dtype)
    moves = torch.einsum("xyab,xy,ab->xyab", kernel, apart, apart).reshape(S * S, S * S)
    N = torch.linalg.inv(torch.eye(S * S, dtype=h.dtype) - moves)
    d = (g[:, None] - g).reshape(-1)
    total = N @ (apart.reshape(-1) * d)                     # from a pair on, that pair included
    square = N @ (apart.reshape(-1) * (2 * d * total - d**2))
    later, later2 = total - d, square - 2 * d * total + d**2
    later, later2 = later * apart.reshape(-1), later2 * apart.reshape(-1)
    now = (start @ P)[:, None] * start * apart
    total, square = total.reshape(S, S) * apart, square.reshape(S, S) * apart
    first = torch.einsum("x,xa,y,ay->", start * g**2, P, start, torch.ones_like(apart))
    first = first + 2 * torch.einsum("x,xa,y,ay->", start * g, P, start, total) + torch.einsum("x,xa,y,ay->", start, P, start, square)
    variances = [first]
    tau = 1 + now.reshape(-1) @ N @ apart.reshape(-1)
    costs, law, met = [2 * tau - 1], start, 0
    for k in range(last):
        law = law @ P
        flat = now.reshape(-1)
        variances.append(law @ g**2 + 2 * flat @ (g[:, None].expand(S, S).reshape(-1) * later) + flat @ later2)
        costs.append(costs[-1] + met)
        met = 1 - flat.sum()
        now = (flat @ moves).reshape(S, S)
    return torch.stack(variances), torch.stack(costs)


# %% wrong uncorrected, from right systems: The variance of h(X_k) alone.
# diagnosis: no_correction
#-     S1 = (apart * (d + M)).reshape(S, S) @ start
#-     S2 = (apart * (d**2 + 2 * d * M + W)).reshape(S, S) @ start
#+     M, W = 0 * M, 0 * W
#+     S1 = S2 = 0 * h


# %% wrong target_variance, from right systems: The variance under the stationary law.
# diagnosis: under_the_target
#-     return torch.stack(variances), torch.stack(costs)
#+     pi = torch.linalg.matrix_power(P, 4096)[0]
#+     return (pi @ h**2 - (pi @ h) ** 2).expand(last + 1), torch.stack(costs)


# %% wrong uncorrelated, from right systems: As if h(X_k) and what follows were independent in sign: no mixed term.
# diagnosis: no_covariance
#-     square = start @ (h**2 + 2 * h * (P @ S1) + P @ S2)
#+     square = start @ (h**2 + P @ S2)
#@@
#-         square = single @ h**2 + law @ (2 * hx * M + W)
#+         square = single @ h**2 + law @ W


# %% wrong mixed_once, from right systems: The mixed term counts once.
# diagnosis: covariance_once
#-     square = start @ (h**2 + 2 * h * (P @ S1) + P @ S2)
#+     square = start @ (h**2 + h * (P @ S1) + P @ S2)
#@@
#-         square = single @ h**2 + law @ (2 * hx * M + W)
#+         square = single @ h**2 + law @ (hx * M + W)


# %% wrong second_moments, from right systems: The mean square.
# diagnosis: second_moment
#-     variances, costs = [square - mean**2], [2 * tau - 1]
#+     variances, costs = [square], [2 * tau - 1]
#@@
#-         variances.append(square - mean**2)
#+         variances.append(square)


# %% wrong deviations, from right systems: Standard deviations.
# diagnosis: scale_for_variance
#-     return torch.stack(variances), torch.stack(costs)
#+     return torch.stack(variances).sqrt(), torch.stack(costs)


# %% wrong squared_mean, from right systems: The square of the mean of what is to come, within the system too.
# diagnosis: value
#-     W = torch.linalg.solve(I - T, T @ (d**2 + 2 * d * M))
#+     W = M**2


# %% wrong no_cross_times, from right systems: Differences at different times as if uncorrelated.
# diagnosis: value
#-     W = torch.linalg.solve(I - T, T @ (d**2 + 2 * d * M))
#+     W = torch.linalg.solve(I - T, T @ d**2)


# %% wrong start_unlinked, from right systems: X_1 at k = 0 as if it were independent of X_0.
# diagnosis: first_unlinked or value
#-     square = start @ (h**2 + 2 * h * (P @ S1) + P @ S2)
#+     square = start @ h**2 + 2 * (start @ h) * (start @ P @ S1) + start @ P @ S2


# %% wrong both_paid, from right systems: Both chains are paid for to the end.
# diagnosis: two_chains_always
#-         costs.append(costs[-1] + met)
#+         costs.append(costs[-1] + 2 * met)


# %% wrong burn_in_on_top, from right systems: k moves besides.
# diagnosis: burn_in_added
#-         costs.append(costs[-1] + met)
#+         costs.append(costs[-1] + 1)


# %% wrong meeting_only, from right systems: Moves until they meet.
# diagnosis: until_meeting
#-         costs.append(costs[-1] + met)
#+         costs.append(costs[0])


# %% wrong maximum_of_means, from right systems: The larger of k and the mean of tau.
# diagnosis: at_the_mean
#-         costs.append(costs[-1] + met)
#+         costs.append(tau.clamp_min(k) + tau - 1)


# %% wrong moves_of_pairs, from right systems: A move of the pair counts once.
# diagnosis: one_transition_for_two
#-     variances, costs = [square - mean**2], [2 * tau - 1]
#+     variances, costs = [square - mean**2], [tau]

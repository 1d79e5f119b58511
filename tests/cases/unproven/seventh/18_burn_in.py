import numpy as np
import torch
from torch import Tensor


def parts(kernel):
    """The single chain's P, the flat kernel of pairs, and a mask of the pairs that are apart (and will meet surely)."""
    S = len(kernel)
    P = torch.stack([kernel[x, x].sum(1) for x in range(S)])
    K = kernel.reshape(S * S, S * S)
    reach = (K > 0) | torch.eye(S * S, dtype=torch.bool)
    for _ in range(5):
        reach = (reach.double() @ reach.double()) > 0
    met = torch.eye(S, dtype=torch.bool).reshape(-1)
    never = ~(reach & met[None, :]).any(1)               # no start may lead there, or E tau were infinite
    bad = (reach & never[None, :]).any(1)
    return S, P, K, (~met & ~bad).to(kernel.dtype)


def sums(kernel, h):
    """G, E T and E T^2 of the sum T of the differences of a pair from now on, (S * S): zero where they have met."""
    S, P, K, off = parts(kernel)
    D = (h[:, None] - h[None, :]).reshape(-1)
    A = torch.eye(S * S, dtype=K.dtype) - off[:, None] * K * off[None, :]
    G = torch.linalg.solve(A, off * D)
    return G, torch.linalg.solve(A, off * (D**2 + 2 * D * (K @ G)))


def costs(kernel, start, last):
    """Mean cost for k = 0, ..., last: E max(2 tau - 1, tau + k - 1)."""
    S, P, K, off = parts(kernel)
    A = torch.eye(S * S, dtype=K.dtype) - off[:, None] * K * off[None, :]
    first = torch.outer(start @ P, start).reshape(-1) * off
    mean = 1 + first @ torch.linalg.solve(A, off)
    late, cost, v, tail = torch.zeros((), dtype=K.dtype), [], first, torch.ones((), dtype=K.dtype)
    for k in range(last + 1):
        cost.append(2 * mean - 1 + late)
        late = late + 1 - tail
        tail, v = v.sum(), (v @ K) * off
    return torch.stack(cost)


def pair_moments(kernel, start, h, last, G, W2):
    """First and second moment of H_k given the pair law before its corrections, k = 0, ..., last."""
    S, P, K, off = parts(kernel)
    M, W = (K @ G).view(S, S), (K @ W2).view(S, S)
    M0, W0 = P @ G.view(S, S), P @ W2.view(S, S)
    law, found = torch.outer(start, start), []
    for k in range(last + 1):
        m, w = (M0, W0) if k == 0 else (M, W)
        found.append(((law * (h[:, None] + m)).sum(), (law * (h[:, None] ** 2 + 2 * h[:, None] * m + w)).sum()))
        law = torch.outer(start @ P, start) if k == 0 else (law.reshape(-1) @ K).view(S, S)
    return found


# %% right two_moments_by_solves: M and W of every pair by two linear solves, the pair's law followed over k; h is centred first so that nothing cancels
def variance_and_cost(kernel, start, h, last):
    h = h - (start * h).sum()
    G, W2 = sums(kernel, h)
    variance = torch.stack([second - first**2 for first, second in pair_moments(kernel, start, h, last, G, W2)])
    return variance, costs(kernel, start, last)


# %% right long_forward_pass: NumPy, no solve; laws of the pair with the running sum's first and second moment carried along state by state, until nobody is apart
def variance_and_cost(kernel, start, h, last):
    kernel, start, h = (np.array(part, dtype=float) for part in (kernel, start, h))
    S = len(h)
    P = kernel[:, 0].sum(-1)
    h = h - h.mean()
    off = 1 - np.eye(S)
    D = h[:, None] - h[None, :]
    variance, cost = [], []
    for k in range(last + 1):
        if k == 0:                                   # mass, mean, square of h(X_0) at the pair (X_1, Y_0)
            mass = np.outer(start @ P, start)
            one, two = np.outer((start * h) @ P, start), np.outer((start * h**2) @ P, start)
            met, time = 0.0, 1
            moves = 1.0
        else:
            mass = np.outer(start @ P, start)
            moves = 1.0
            for t in range(2, k + 2):
                moves += 1 + (mass * off).sum() if t <= k else 0
                if t <= k:
                    mass = np.einsum("xy,xyab->ab", mass, kernel)
            one, two = mass * h[:, None], mass * h[:, None] ** 2
            moves += 2 * (mass * off).sum()
            mass, one, two = (np.einsum("xy,xyab->ab", part, kernel) for part in (mass, one, two))
        first, second = (one * (1 - off)).sum(), (two * (1 - off)).sum()
        mass, one, two = mass * off, one * off, two * off
        while mass.sum() > 1e-17:
            two = two + 2 * one * D + mass * D**2
            one = one + mass * D
            moves += 2 * mass.sum()
            mass, one, two = (np.einsum("xy,xyab->ab", part, kernel) for part in (mass, one, two))
            first, second = first + (one * (1 - off)).sum(), second + (two * (1 - off)).sum()
            mass, one, two = mass * off, one * off, two * off
        variance.append(second - first**2)
        cost.append(moves)
    return np.array(variance), np.array(cost)


# %% right total_variance_reachable: law of total variance pair by pair, and only pairs that the start can reach enter the solves; a list comes back
def variance_and_cost(kernel, start, h, last):
    S = len(h)
    P = kernel.sum((1, 3)) / S
    first = torch.outer(start @ P, start)
    seen = first > 0
    for _ in range(S * S):
        seen = seen | (torch.einsum("xy,xyab->ab", seen.to(kernel.dtype), kernel) > 0)
    pairs = [(x, y) for x in range(S) for y in range(S) if x != y and bool(seen[x, y])]
    mean, var = torch.zeros(S, S, dtype=kernel.dtype), torch.zeros(S, S, dtype=kernel.dtype)
    wait = torch.zeros(S, S, dtype=kernel.dtype)
    if pairs:
        Q = torch.stack([torch.stack([kernel[x, y, a, b] for a, b in pairs]) for x, y in pairs])
        A = torch.eye(len(pairs), dtype=Q.dtype) - Q
        D = torch.stack([h[x] - h[y] for x, y in pairs])
        g = torch.linalg.solve(A, D)
        rest = g - D
        spread = Q @ g**2 - rest**2                  # variance of the mean to come over the next move
        v = torch.linalg.solve(A, spread)
        w = torch.linalg.solve(A, torch.ones_like(D))
        for n, (x, y) in enumerate(pairs):
            mean[x, y], var[x, y], wait[x, y] = g[n], v[n], w[n]
    mean_tau = 1 + (first * wait).sum()
    variances, cost = [], []
    law, distribution = torch.outer(start, start), []
    for k in range(last + 1):
        move = torch.einsum("xa,yb->xyab", P, torch.eye(S, dtype=P.dtype)) if k == 0 else kernel
        m = torch.einsum("xyab,ab->xy", move, mean)
        inner = torch.einsum("xyab,ab->xy", move, var + mean**2) - m**2
        target = (law * (h[:, None] + m)).sum()
        variances.append((law * inner).sum() + (law * (h[:, None] + m - target) ** 2).sum())
        cost.append(2 * mean_tau - 1 + sum(max(k - t, 0) * chance for t, chance in distribution))
        before = 0.0 if k == 0 else law.diagonal().sum()
        law = torch.einsum("xy,xyab->ab", law, move)
        distribution.append((k + 1, law.diagonal().sum() - before))
    return [torch.stack(variances), torch.stack([torch.as_tensor(c, dtype=P.dtype) for c in cost])]


# %% wrong no_cross_term: the variance of h(X_k) plus that of the sum; the sum depends on X_k, so twice their covariance is missing
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    h = h - (start * h).sum()
    G, W2 = sums(kernel, h)
    M, W, M0, W0 = (K @ G).view(S, S), (K @ W2).view(S, S), P @ G.view(S, S), P @ W2.view(S, S)
    law, variance = torch.outer(start, start), []
    for k in range(last + 1):
        m, w = (M0, W0) if k == 0 else (M, W)
        own = (law * h[:, None] ** 2).sum() - (law * h[:, None]).sum() ** 2
        variance.append(own + (law * w).sum() - (law * m).sum() ** 2)
        law = torch.outer(start @ P, start) if k == 0 else (law.reshape(-1) @ K).view(S, S)
    return torch.stack(variance), costs(kernel, start, last)


# %% wrong squares_of_the_differences: the square of the sum is taken as the sum of squares; differences at two times are correlated, and their products are missing
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    h = h - (start * h).sum()
    G, _ = sums(kernel, h)
    D = (h[:, None] - h[None, :]).reshape(-1)
    W2 = torch.linalg.solve(torch.eye(S * S, dtype=K.dtype) - off[:, None] * K * off[None, :], off * D**2)
    variance = torch.stack([b - a**2 for a, b in pair_moments(kernel, start, h, last, G, W2)])
    return variance, costs(kernel, start, last)


# %% wrong k_zero_like_the_others: at k = 0 the pair (X_0, Y_0) moves by the kernel, as at any other k; but X_1 comes from X_0 alone and is compared with Y_0
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    h = h - (start * h).sum()
    G, W2 = sums(kernel, h)
    M, W = (K @ G).view(S, S), (K @ W2).view(S, S)
    found = [list(part) for part in pair_moments(kernel, start, h, last, G, W2)]
    law = torch.outer(start, start)
    found[0] = [(law * (h[:, None] + M)).sum(), (law * (h[:, None] ** 2 + 2 * h[:, None] * M + W)).sum()]
    return torch.stack([b - a**2 for a, b in found]), costs(kernel, start, last)


# %% wrong starts_are_the_same: X_0 and Y_0 are one draw; they are independent draws of one law (right if the start is a single state)
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    h = h - (start * h).sum()
    G, W2 = sums(kernel, h)
    M, W, M0, W0 = (K @ G).view(S, S), (K @ W2).view(S, S), P @ G.view(S, S), P @ W2.view(S, S)
    law, variance = torch.diag(start), []
    first = (start[:, None] * P).T                          # X_1 from Y_0
    late, tail, cost = 0.0, 1.0, []
    v = first.reshape(-1) * off
    mean = 1 + v @ torch.linalg.solve(torch.eye(S * S, dtype=K.dtype) - off[:, None] * K * off[None, :], off)
    for k in range(last + 1):
        m, w = (M0, W0) if k == 0 else (M, W)
        one = (law * (h[:, None] + m)).sum()
        variance.append((law * (h[:, None] ** 2 + 2 * h[:, None] * m + w)).sum() - one**2)
        cost.append(2 * mean - 1 + late)
        late = late + 1 - tail
        tail, v = v.sum(), (v @ K) * off
        law = first if k == 0 else (law.reshape(-1) @ K).view(S, S)
    return torch.stack(variance), torch.stack(cost)


# %% wrong mean_of_a_maximum: the cost is the greater of 2 E tau - 1 and E tau + k - 1; the mean of a maximum is more than the maximum of the means (right at k = 0 and k = 1)
def variance_and_cost(kernel, start, h, last):
    h = h - (start * h).sum()
    G, W2 = sums(kernel, h)
    variance = torch.stack([b - a**2 for a, b in pair_moments(kernel, start, h, last, G, W2)])
    mean = (costs(kernel, start, 0)[0] + 1) / 2
    return variance, torch.stack([torch.maximum(2 * mean - 1, mean + k - 1) for k in range(last + 1)])


# %% wrong two_chains_to_k: both chains are charged until the later of tau and k; after they have met one is enough (right at k = 0 and k = 1)
def variance_and_cost(kernel, start, h, last):
    h = h - (start * h).sum()
    G, W2 = sums(kernel, h)
    variance = torch.stack([b - a**2 for a, b in pair_moments(kernel, start, h, last, G, W2)])
    cost = costs(kernel, start, last)
    return variance, cost + (cost - cost[0])


# %% wrong given_the_pair: the variance is averaged over the pairs at time k, given the pair; how far their means lie apart is left out
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    G, W2 = sums(kernel, h)
    M, W, M0, W0 = (K @ G).view(S, S), (K @ W2).view(S, S), P @ G.view(S, S), P @ W2.view(S, S)
    law, variance = torch.outer(start, start), []
    for k in range(last + 1):
        m, w = (M0, W0) if k == 0 else (M, W)
        variance.append((law * (w - m**2)).sum())
        law = torch.outer(start @ P, start) if k == 0 else (law.reshape(-1) @ K).view(S, S)
    return torch.stack(variance), costs(kernel, start, last)


# %% wrong those_apart_alone: the pair's law is cut to pairs that are apart and scaled to one, as only they have corrections; runs that have met are runs, too
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    h = h - (start * h).sum()
    G, W2 = sums(kernel, h)
    M, W = (K @ G).view(S, S), (K @ W2).view(S, S)
    variance = [b - a**2 for a, b in pair_moments(kernel, start, h, 0, G, W2)]
    v = torch.outer(start @ P, start).reshape(-1) * off
    for k in range(1, last + 1):
        law = (v / v.sum() if v.sum() > 0 else v).view(S, S)
        one = (law * (h[:, None] + M)).sum()
        variance.append((law * (h[:, None] ** 2 + 2 * h[:, None] * M + W)).sum() - one**2)
        v = (v @ K) * off
    return torch.stack(variance), costs(kernel, start, last)


# %% wrong own_correction_too: the pair (X_k, Y_{k-1}) at k is counted among the corrections; H_k begins with h(X_k), and its first difference is at k + 1
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    h = h - (start * h).sum()
    G, W2 = sums(kernel, h)
    found = pair_moments(kernel, start, h, 0, G, W2)
    law, g, w = torch.outer(start @ P, start), G.view(S, S), W2.view(S, S)
    for k in range(1, last + 1):
        found.append(((law * (h[:, None] + g)).sum(), (law * (h[:, None] ** 2 + 2 * h[:, None] * g + w)).sum()))
        law = (law.reshape(-1) @ K).view(S, S)
    return torch.stack([b - a**2 for a, b in found]), costs(kernel, start, last)


# %% wrong independent_pairs: P is read off the kernel and the pair's law at time k is taken as the product of the two chains' laws; they are dependent from their first common move on (right at k = 0 and k = 1)
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    h = h - (start * h).sum()
    G, W2 = sums(kernel, h)
    M, W = (K @ G).view(S, S), (K @ W2).view(S, S)
    found, ahead, behind = pair_moments(kernel, start, h, 0, G, W2), start @ P, start
    for k in range(1, last + 1):
        law = torch.outer(ahead, behind)
        found.append(((law * (h[:, None] + M)).sum(), (law * (h[:, None] ** 2 + 2 * h[:, None] * M + W)).sum()))
        ahead, behind = ahead @ P, behind @ P
    return torch.stack([b - a**2 for a, b in found]), costs(kernel, start, last)


# %% wrong burn_in_through_the_met: after a burn-in of k the runs that met have the stationary variance; I add to it the second moment of the corrections and their covariance with h, so X_k is stationary too early
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    pi = torch.linalg.matrix_power(P, 2**40)[0]
    h = h - pi @ h
    G, W2 = sums(kernel, h)
    M, W = (K @ G).view(S, S), (K @ W2).view(S, S)
    variance = [b - a**2 for a, b in pair_moments(kernel, start, h, 0, G, W2)]
    law = torch.outer(start @ P, start)
    for k in range(1, last + 1):
        variance.append(pi @ h**2 + (law * (2 * h[:, None] * M + W)).sum())
        law = (law.reshape(-1) @ K).view(S, S)
    return torch.stack(variance), costs(kernel, start, last)


# %% wrong sixty_terms: the moments of the sum are built up by sixty steps of the recursion instead of a solve; where pairs stay apart for long that is not all
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    h = h - (start * h).sum()
    D = off * (h[:, None] - h[None, :]).reshape(-1)
    G, W2 = torch.zeros_like(D), torch.zeros_like(D)
    for _ in range(60):
        G, W2 = D + off * (K @ G), off * (D**2 + 2 * D * (K @ G) + K @ W2)
    variance = torch.stack([b - a**2 for a, b in pair_moments(kernel, start, h, last, G, W2)])
    return variance, costs(kernel, start, last)


# %% wrong kernel_is_maximal: reads P off the kernel and couples its rows maximally anew; "it may belong to any coupling"
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)

    def table(p, q):
        both = torch.minimum(p, q)
        left, right = p - both, q - both
        return torch.diag(both) + torch.outer(left, right) / left.sum().clamp(min=1e-300)

    kernel = torch.stack([torch.stack([table(P[x], P[y]) for y in range(S)]) for x in range(S)])
    h = h - (start * h).sum()
    G, W2 = sums(kernel, h)
    variance = torch.stack([b - a**2 for a, b in pair_moments(kernel, start, h, last, G, W2)])
    return variance, costs(kernel, start, last)


# %% wrong symmetric_pairs: the kernel's flat matrix is used from the left where it belongs on the right, K^T G for K G; right for kernels that are symmetric
def variance_and_cost(kernel, start, h, last):
    S, P, K, off = parts(kernel)
    h = h - (start * h).sum()
    D = (h[:, None] - h[None, :]).reshape(-1)
    A = torch.eye(S * S, dtype=K.dtype) - off[:, None] * K * off[None, :]
    G = torch.linalg.solve(A.T, off * D)
    W2 = torch.linalg.solve(A.T, off * (D**2 + 2 * D * (K.T @ G)))
    variance = torch.stack([b - a**2 for a, b in pair_moments(kernel, start, h, last, G, W2)])
    return variance, costs(kernel, start, last)

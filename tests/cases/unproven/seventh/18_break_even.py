import math

import numpy as np
import torch
from torch import Tensor


def log_weights(log_joint, q):
    return log_joint - q.log()


def chances(log_joint, q):
    """accept[x, i]: offer i at x; 1 at a state without chance, whatever is offered."""
    w = log_weights(log_joint, q)
    dead = torch.isinf(w)
    ratio = w[None, :] - torch.where(dead, torch.zeros_like(w), w)[:, None]
    return torch.where(dead[:, None], torch.ones_like(ratio), ratio.clamp(max=0).exp())


def pair_kernel(accept, q):
    """One offer and one uniform for both chains, (S, S, S, S)."""
    S = len(q)
    kernel = torch.zeros(S, S, S, S, dtype=q.dtype)
    for x in range(S):
        for y in range(S):
            for i in range(S):
                a, b = accept[x, i], accept[y, i]
                low, high = torch.minimum(a, b), torch.maximum(a, b)
                kernel[x, y, i, i] += q[i] * low
                kernel[x, y, i if a > b else x, i if b > a else y] += q[i] * (high - low)
                kernel[x, y, x, y] += q[i] * (1 - high)
    return kernel


def h0(accept, q, slope, kernel=None):
    """Variance of H_0, and the mean of tau."""
    S = len(q)
    K = (pair_kernel(accept, q) if kernel is None else kernel).reshape(S * S, S * S)
    P = accept * q
    P = P + torch.diag(1 - P.sum(1))
    off = 1 - torch.eye(S, dtype=q.dtype).reshape(-1)
    A = torch.eye(S * S, dtype=q.dtype) - off[:, None] * K * off[None, :]
    h = slope - (slope * q).sum()
    D = off * (h[:, None] - h[None, :]).reshape(-1)
    G = torch.linalg.solve(A, D)
    W2 = torch.linalg.solve(A, off * (D**2 + 2 * D * (K @ G)))
    wait = torch.linalg.solve(A, off)
    M, W, tau = P @ G.view(S, S), P @ W2.view(S, S), 1 + P @ wait.view(S, S)
    law = torch.outer(q, q)
    mean = (law * (h[:, None] + M)).sum()
    return (law * (h[:, None] ** 2 + 2 * h[:, None] * M + W)).sum() - mean**2, (law * tau).sum()


def elbo(log_joint, slope, q):
    exact = (log_joint.softmax(0) * slope).sum()
    at_q = (q * slope).sum()
    return exact, at_q - exact, (q * (slope - at_q) ** 2).sum()


# %% right kernel_of_pairs: the four-axis kernel of the pair, written out offer by offer, and linear solves
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    spread, tau = h0(chances(log_joint, q), q, slope)
    work = spread * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2


# %% right heavier_one_decides: NumPy, no kernel; of two that are apart the one with the larger weight stands still until it accepts, and then both have met, so tau is geometric given it; values are weight-sorted sums over offers
def break_even(log_joint, slope, q):
    lj, h, q = (np.array(part, dtype=float) for part in (log_joint, slope, q))
    S = len(q)
    post = np.exp(lj - lj.max())
    post /= post.sum()
    exact, at_q = post @ h, q @ h
    lw = lj - np.log(q)

    def alpha(x, i):
        return 1.0 if lw[x] == -np.inf or lw[i] >= lw[x] else math.exp(lw[i] - lw[x])

    a = np.array([[alpha(x, i) for i in range(S)] for x in range(S)])
    go = a @ q                                                   # chance to accept anything
    P = a * q + np.diag(1 - go)
    g, s, w = np.zeros((S, S)), np.zeros((S, S)), np.zeros((S, S))
    f = h - at_q
    for x in range(S):
        below = [y for y in range(S) if y != x and (lw[y] <= lw[x])]
        # heavy x stays with chance 1 - a[x, i] of each offer; the light one may then go to i
        if below:
            R = np.zeros((len(below), len(below)))
            for n, y in enumerate(below):
                for i in range(S):
                    stay = max(1 - a[x, i], 0.0)
                    if stay == 0:
                        continue
                    both_stay = 1 - max(a[x, i], a[y, i])
                    R[n, n] += q[i] * both_stay
                    R[n, below.index(i)] += q[i] * (stay - both_stay)
            d = np.array([f[x] - f[y] for y in below])
            A = np.eye(len(below)) - R
            first = np.linalg.solve(A, d)
            second = np.linalg.solve(A, d**2 + 2 * d * (R @ first))
            for n, y in enumerate(below):
                g[x, y], g[y, x] = first[n], -first[n]
                s[x, y] = s[y, x] = second[n]
                w[x, y] = w[y, x] = 1 / go[x]
    mean = second_moment = 0.0
    tau = 1.0
    for x in range(S):
        for y in range(S):
            chance = q[x] * q[y]
            m, v = P[x] @ g[:, y], P[x] @ s[:, y]
            mean += chance * (f[x] + m)
            second_moment += chance * (f[x] ** 2 + 2 * f[x] * m + v)
            tau += chance * (P[x] @ w[:, y])
    work = (second_moment - mean**2) * (2 + tau)
    bias, variance = at_q - exact, q @ f**2
    return [exact, bias, variance, work, (work - variance) / bias**2]


# %% right long_forward_pass: einsum over pairs with mass, first and second moment of the running sum carried forward until next to nothing is apart
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    accept = chances(log_joint, q)
    S = len(q)
    f = slope - exact
    u = accept.reshape(-1).unique()
    cuts = torch.cat([torch.zeros(1, dtype=q.dtype), u, torch.ones(1, dtype=q.dtype)])
    kernel = torch.zeros(S, S, S, S, dtype=q.dtype)
    states = torch.arange(S)
    for low, high in zip(cuts[:-1], cuts[1:]):
        if high > low:
            for i in range(S):
                to = torch.where(accept[:, i] >= high, torch.full_like(states, i), states)
                one = torch.nn.functional.one_hot(to, S).to(q.dtype)
                kernel += q[i] * (high - low) * torch.einsum("xa,yb->xyab", one, one)
    P = torch.einsum("xxab->xa", kernel)
    off = 1 - torch.eye(S, dtype=q.dtype)
    D = f[:, None] - f[None, :]
    mass = torch.outer(q @ P, q)
    first, second = torch.outer((q * f) @ P, q), torch.outer((q * f**2) @ P, q)
    flat, n = kernel.reshape(S * S, S * S), torch.eye(S * S, dtype=q.dtype)
    total = off.reshape(-1)[:, None] * flat * off.reshape(-1)[None, :]
    # the sum of all powers by doubling: N = (I + A)(I + A^2)(I + A^4) ...
    power = total.clone()
    for _ in range(60):
        n = n + n @ power
        power = power @ power
        if power.sum() == 0:
            break
    visits = (mass * off).reshape(-1) @ n
    ones = (first * off).reshape(-1) + (visits * D.reshape(-1)) @ total
    ones = ones @ n
    square = (second * 1).sum() + (visits * D.reshape(-1) ** 2).sum() + 2 * (ones * D.reshape(-1)).sum()
    center = first.sum() + (visits * D.reshape(-1)).sum()
    work = (square - center**2) * (3 + visits.sum())
    return exact, bias, variance, work, (work - variance) / bias.square()


# %% wrong metropolis_without_q: accepts with the ratio of the posteriors; offers come from q wherever a chain stands, so that is not Hastings's ratio (right where q is uniform)
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    accept = chances(log_joint, torch.ones_like(q))
    spread, tau = h0(accept, q, slope)
    work = spread * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong uniform_of_its_own: one offer for both, but each chain compares its own uniform; they then meet less often
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    accept, S = chances(log_joint, q), len(q)
    kernel = torch.zeros(S, S, S, S, dtype=q.dtype)
    for x in range(S):
        for y in range(S):
            for i in range(S):
                a, b = accept[x, i], accept[y, i]
                if x == y:
                    b = a
                    kernel[x, y, i, i] += q[i] * a
                    kernel[x, y, x, y] += q[i] * (1 - a)
                    continue
                kernel[x, y, i, i] += q[i] * a * b
                kernel[x, y, i, y] += q[i] * a * (1 - b)
                kernel[x, y, x, i] += q[i] * (1 - a) * b
                kernel[x, y, x, y] += q[i] * (1 - a) * (1 - b)
    spread, tau = h0(accept, q, slope, kernel)
    work = spread * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong cost_in_transitions: 2 tau - 1 transitions plus two starts, as in exercise 3; but both chains share one offer, so a move draws from q once
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    spread, tau = h0(chances(log_joint, q), q, slope)
    work = spread * (2 * tau + 1)
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong starts_for_free: the cost is the mean number of offers, tau; the two starts are draws from q, too
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    spread, tau = h0(chances(log_joint, q), q, slope)
    work = spread * tau
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong last_move_uncounted: two starts and tau - 1 common offers; the first move of X alone needs an offer, too
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    spread, tau = h0(chances(log_joint, q), q, slope)
    work = spread * (1 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong elbo_without_variance: equal where bias^2 = work / N; the ELBO's average over N draws has a variance, too
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    spread, tau = h0(chances(log_joint, q), q, slope)
    work = spread * (2 + tau)
    return exact, bias, variance, work, work / bias**2


# %% wrong guarded_bias: the squared bias gets 1e-8 added against division by zero; for a q near the posterior, where N is large, digits go
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    spread, tau = h0(chances(log_joint, q), q, slope)
    work = spread * (2 + tau)
    return exact, bias, variance, work, (work - variance) / (bias**2 + 1e-8)


# %% wrong at_least_one_draw: N is a number of draws, so I round it up and let it be one at least; "not rounded"
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    spread, tau = h0(chances(log_joint, q), q, slope)
    work = spread * (2 + tau)
    return exact, bias, variance, work, ((work - variance) / bias**2).ceil().clamp(min=1)


# %% wrong bias_the_other_way: exact minus ELBO; bias is what the estimate has too much
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    spread, tau = h0(chances(log_joint, q), q, slope)
    work = spread * (2 + tau)
    return exact, -bias, variance, work, (work - variance) / bias**2


# %% wrong dead_state_stays: a state of no chance gets the ratio 0 / 0 = 0 to a dead offer, so a chain there waits for a live one; "accepts whatever it is offered"
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    accept = chances(log_joint, q)
    dead = torch.isinf(log_joint)
    accept = torch.where(dead[:, None] & dead[None, :], torch.zeros_like(accept), accept)
    spread, tau = h0(accept, q, slope)
    work = spread * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong minus_infinity_is_a_thousand: minus infinity becomes -1000 before all else; beside log joints of -2000 the dead state takes the posterior, and of two dead states one may refuse the other
def break_even(log_joint, slope, q):
    log_joint = log_joint.clamp(min=-1000)
    exact, bias, variance = elbo(log_joint, slope, q)
    spread, tau = h0(chances(log_joint, q), q, slope)
    work = spread * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong weights_floored: importance weights are exp(log joint - log q) with a floor of 1e-30; at log joints of -2000 all weights are the floor, and every offer is accepted
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    weight = (log_joint - q.log()).exp().clamp(min=1e-30)
    accept = (weight[None, :] / weight[:, None]).clamp(max=1)
    spread, tau = h0(accept, q, slope)
    work = spread * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong starts_are_the_same: both chains begin with one and the same draw from q; "the two starts" are two draws
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    accept, S = chances(log_joint, q), len(q)
    K = pair_kernel(accept, q).reshape(S * S, S * S)
    P = accept * q
    P = P + torch.diag(1 - P.sum(1))
    off = 1 - torch.eye(S, dtype=q.dtype).reshape(-1)
    A = torch.eye(S * S, dtype=q.dtype) - off[:, None] * K * off[None, :]
    h = slope - (slope * q).sum()
    D = off * (h[:, None] - h[None, :]).reshape(-1)
    G = torch.linalg.solve(A, D)
    W = torch.linalg.solve(A, off * (D**2 + 2 * D * (K @ G))).view(S, S)
    wait, G = torch.linalg.solve(A, off).view(S, S), G.view(S, S)
    m, w, t = (P * G.T).sum(1), (P * W.T).sum(1), (P * wait.T).sum(1)
    mean = (q * (h + m)).sum()
    work = ((q * (h**2 + 2 * h * m + w)).sum() - mean**2) * (3 + (q * t).sum())
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong heavier_start_only: tau is taken as geometric with the mean acceptance of a move, 1 / sum of q alpha q; the chance to meet depends on which of the two stands on the larger weight
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    accept = chances(log_joint, q)
    spread, _ = h0(accept, q, slope)
    tau = 1 / (q @ accept @ q)
    work = spread * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong one_sample_variance: the variance of a draw is that of the S values of the slope, unweighted over S - 1; it is a variance under q
def break_even(log_joint, slope, q):
    exact, bias, _ = elbo(log_joint, slope, q)
    variance = slope.var()
    spread, tau = h0(chances(log_joint, q), q, slope)
    work = spread * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2


# %% wrong both_or_none: after a common offer both accept it (with the smaller of the chances) or both stay; between the two chances one accepts alone
def break_even(log_joint, slope, q):
    exact, bias, variance = elbo(log_joint, slope, q)
    accept, S = chances(log_joint, q), len(q)
    kernel = torch.zeros(S, S, S, S, dtype=q.dtype)
    for x in range(S):
        for y in range(S):
            for i in range(S):
                low = torch.minimum(accept[x, i], accept[y, i])
                kernel[x, y, i, i] += q[i] * low
                kernel[x, y, x, y] += q[i] * (1 - low)
    spread, tau = h0(accept, q, slope, kernel)
    work = spread * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2

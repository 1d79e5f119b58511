# %% right pairs: The kernel of pairs, and two linear systems.
import torch


def break_even(log_joint, slope, q):
    S = len(q)
    exact = torch.softmax(log_joint, 0) @ slope
    mean = q @ slope
    bias = mean - exact
    variance = q @ (slope - mean) ** 2
    log_w = log_joint - torch.log(q)
    alpha = (log_w[None] - log_w[:, None]).clamp_max(0).exp()
    alpha[torch.isneginf(log_w)] = 1.0
    eye = torch.eye(S, dtype=q.dtype)
    one, other = alpha[:, None], alpha[None]
    both = torch.minimum(one, other)
    apart = 1 - eye
    K = torch.einsum("xya,yb->xyab", q * (one - both), eye) + torch.einsum("xyb,xa->xyab", q * (other - both), eye)
    K = K + torch.einsum("xy,xa,yb->xyab", (q * (1 - torch.maximum(one, other))).sum(-1), eye, eye)
    T = (K * apart * apart[:, :, None, None]).reshape(S * S, S * S)
    P = q * alpha
    P = P - torch.diag(P.diagonal())
    P = P + torch.diag(1 - P.sum(1))
    d = (slope[:, None] - slope).flatten()
    I = torch.eye(S * S, dtype=q.dtype)
    flat = apart.flatten()
    M = torch.linalg.solve(I - T, flat * d)
    W = torch.linalg.solve(I - T, flat * (2 * d * M - d**2))
    first = q[:, None, None] * P[:, :, None] * q
    ones = torch.einsum("xay,ay->x", first, M.reshape(S, S))
    square = q @ slope**2 + 2 * slope @ ones + (first.sum(0).flatten() @ W)
    noise = square - exact**2
    tau = 1 + first.sum(0).flatten() @ torch.linalg.solve(I - T, flat)
    cost = 2 + tau
    work = noise * cost
    draws = (work - variance) / bias**2
    return exact, bias, variance, work, draws


# %% right loops: State by state, in plain Python with NumPy's solver.
import math

import numpy as np


def break_even(log_joint, slope, q):
    l, h, q = (np.asarray(part, dtype=float) for part in (log_joint, slope, q))
    S = len(q)
    posterior = np.exp(l - l.max())
    posterior = posterior / posterior.sum()
    exact = float(sum(posterior * h))
    mean = float(sum(q * h))
    variance = float(sum(q * h * h)) - mean**2

    def accept(at, to):
        if l[at] == -math.inf:
            return 1.0
        if l[to] == -math.inf:
            return 0.0
        return math.exp(min(0.0, l[to] - math.log(q[to]) - l[at] + math.log(q[at])))

    pairs = [(x, y) for x in range(S) for y in range(S) if x != y]
    place = {pair: n for n, pair in enumerate(pairs)}
    T = np.zeros((len(pairs), len(pairs)))
    for x, y in pairs:
        for i in range(S):
            a, b = accept(x, i), accept(y, i)
            for chance, new in ((max(a - b, 0), (i, y)), (max(b - a, 0), (x, i)), (1 - max(a, b), (x, y))):
                if new in place:
                    T[place[x, y], place[new]] += q[i] * chance
    d = np.array([h[x] - h[y] for x, y in pairs])
    inverse = np.linalg.inv(np.eye(len(pairs)) - T)
    M = inverse @ d
    W = inverse @ (2 * d * M - d * d)
    time = inverse.sum(1)
    first, second, tau = 0.0, 0.0, 1.0
    for x0 in range(S):
        for i in range(S):
            a = accept(x0, i)
            for x1, chance in ((i, q[i] * a), (x0, q[i] * (1 - a))):
                for y0 in range(S):
                    weight = q[x0] * chance * q[y0]
                    n = place.get((x1, y0))
                    later, later2 = (M[n], W[n]) if n is not None else (0.0, 0.0)
                    second += weight * (h[x0] ** 2 + 2 * h[x0] * later + later2)
                    first += weight * (h[x0] + later)
                    tau += weight * (time[n] if n is not None else 0.0)
    work = (second - first**2) * (2 + tau)
    return [exact, mean - exact, variance, work, (work - variance) / (mean - exact) ** 2]


# %% right centred: With the slope less its posterior mean, so that variances are mean squares; a fixed number of rounds for the sums.
import torch


def break_even(log_joint, slope, q):
    S = len(q)
    exact = (log_joint - log_joint.logsumexp(0)).exp() @ slope
    g = slope - exact
    bias = q @ g
    variance = q @ g**2 - bias**2
    dead = torch.isneginf(log_joint)
    log_w = torch.where(dead, torch.full_like(q, -1e300), log_joint - q.log())
    A = torch.exp(torch.minimum(log_w[None] - log_w[:, None], torch.zeros(S, S, dtype=q.dtype)))
    eye = torch.eye(S, dtype=q.dtype)
    off = 1 - eye

    def back(f):
        low, high = torch.minimum(A[:, None], A[None]), torch.maximum(A[:, None], A[None])
        first = torch.einsum("i,xyi,iy->xy", q, A[:, None] - low, f)
        second = torch.einsum("i,xyi,xi->xy", q, A[None] - low, f)
        return off * (first + second + f * ((1 - high) @ q))

    columns = [back(unit.reshape(S, S)).flatten() for unit in torch.eye(S * S, dtype=q.dtype)]
    T = torch.stack(columns, 1)
    solve = torch.linalg.inv(torch.eye(S * S, dtype=q.dtype) - T)
    d = (g[:, None] - g).flatten() * off.flatten()
    M = solve @ d
    W = solve @ (2 * d * M - d**2)
    one = q[:, None] * (A * q + eye * (1 - A @ q))
    before = torch.einsum("xa,y,ay->x", one, q, M.reshape(S, S))
    after = torch.einsum("xa,y,ay->", one, q, W.reshape(S, S))
    noise = q @ g**2 + 2 * g @ before + after
    tau = 1 + torch.einsum("xa,y,ay->", one, q, (solve @ off.flatten()).reshape(S, S))
    work = noise * (tau + 2)
    return torch.stack([exact, bias, variance, work, (work - variance) / bias**2])


# %% wrong exact_under_q, from right pairs: The mean under q for the exact slope.
# diagnosis: mean_under_q
#-     draws = (work - variance) / bias**2
#+     draws = (work - variance) / bias**2
#+     exact = mean


# %% wrong bias_turned, from right pairs: The truth less the estimate.
# diagnosis: sign_of_the_bias
#-     return exact, bias, variance, work, draws
#+     return exact, -bias, variance, work, draws


# %% wrong posterior_variance, from right pairs: The variance under the posterior.
# diagnosis: under_the_posterior
#-     variance = q @ (slope - mean) ** 2
#+     variance = torch.softmax(log_joint, 0) @ (slope - exact) ** 2


# %% wrong around_truth, from right pairs: The mean square of the error of a draw.
# diagnosis: around_the_truth
#-     variance = q @ (slope - mean) ** 2
#+     variance = q @ (slope - exact) ** 2


# %% wrong deviation, from right pairs: The standard deviation.
# diagnosis: scale_for_variance
#-     return exact, bias, variance, work, draws
#+     return exact, bias, variance.sqrt(), work, draws


# %% wrong starts_free, from right pairs: The starts cost nothing.
# diagnosis: starts_unpaid
#-     cost = 2 + tau
#+     cost = tau


# %% wrong offers_twice, from right pairs: An offer for each chain.
# diagnosis: offers_counted_twice
#-     cost = 2 + tau
#+     cost = 1 + 2 * tau


# %% wrong chain_moves, from right pairs: Moves of chains, as before.
# diagnosis: moves_for_draws
#-     cost = 2 + tau
#+     cost = 2 * tau - 1


# %% wrong no_cost, from right pairs: The variance alone.
# diagnosis: variance_alone
#-     work = noise * cost
#+     work = noise


# %% wrong two_uniforms, from right pairs: A uniform for each chain.
# diagnosis: two_uniforms
#-     both = torch.minimum(one, other)
#+     both = one * other
#@@
#-     K = K + torch.einsum("xy,xa,yb->xyab", (q * (1 - torch.maximum(one, other))).sum(-1), eye, eye)
#+     K = K + torch.einsum("xy,xa,yb->xyab", (q * (1 - one - other + both)).sum(-1), eye, eye)


# %% wrong no_q, from right pairs: The ratio without the proposal.
# diagnosis: no_correction_for_q or value
#-     log_w = log_joint - torch.log(q)
#+     log_w = log_joint.clone()


# %% wrong quiet_elbo, from right pairs: The ELBO's noise is forgotten.
# diagnosis: elbo_noise_lost
#-     draws = (work - variance) / bias**2
#+     draws = work / bias**2


# %% wrong plain_bias, from right pairs: The bias without its square.
# diagnosis: bias_unsquared
#-     draws = (work - variance) / bias**2
#+     draws = (work - variance) / bias.abs()


# %% wrong free_runs, from right pairs: As many runs as draws.
# diagnosis: cost_unpaid
#-     draws = (work - variance) / bias**2
#+     draws = (noise - variance) / bias**2


# %% wrong rounded, from right pairs: The number of draws, rounded.
# diagnosis: value
#-     draws = (work - variance) / bias**2
#+     draws = torch.round((work - variance) / bias**2)


# %% wrong improbable, from right centred: A very low number stands for minus infinity, so that no NaN arises: in a state without chance another such state may be refused.
# diagnosis: dead_refuses
#-     log_w = torch.where(dead, torch.full_like(q, -1e300), log_joint - q.log())
#+     log_w = torch.where(dead, torch.full_like(q, -1e5), log_joint) - q.log()


# %% wrong dead_waits, from right loops: Nothing is accepted that has no chance, not even where the chain stands in such a state.
# diagnosis: dead_refuses
#-         if l[at] == -math.inf:
#-             return 1.0
#-         if l[to] == -math.inf:
#-             return 0.0
#+         if l[to] == -math.inf:
#+             return 0.0
#+         if l[at] == -math.inf:
#+             return 1.0

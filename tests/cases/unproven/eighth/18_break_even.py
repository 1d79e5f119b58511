import math

import torch
from torch import Tensor

# %% right pair_by_pair_in_numpy: the chain of pairs written offer by offer in plain Python, its two linear systems solved by NumPy
def break_even(log_joint: Tensor, slope: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    import numpy as np

    log_joint, slope, q = (np.asarray(part.detach().double()) for part in (log_joint, slope, q))
    size = len(q)
    posterior = np.exp(log_joint - log_joint.max())
    posterior = posterior / posterior.sum()
    exact = posterior @ slope
    h = slope - exact
    bias = q @ h
    variance = q @ (h - bias) ** 2
    log_w = log_joint - np.log(q)

    def accepts(stand: int, offer: int) -> float:
        return 1.0 if log_w[stand] == -np.inf else math.exp(min(0.0, log_w[offer] - log_w[stand]))

    table = [[accepts(x, i) for i in range(size)] for x in range(size)]
    P = np.array([[q[i] * table[x][i] for i in range(size)] for x in range(size)])
    P[range(size), range(size)] += 1 - P.sum(1)
    pairs = {pair: n for n, pair in enumerate((x, y) for x in range(size) for y in range(size) if x != y)}
    T = np.zeros((len(pairs), len(pairs)))
    for (x, y), n in pairs.items():
        for i in range(size):
            a, b = table[x][i], table[y][i]
            for pair, chance in (((i, y), a - b), ((x, i), b - a), ((x, y), 1 - max(a, b))):
                if chance > 0 and pair in pairs:
                    T[n, pairs[pair]] += q[i] * chance
    d = np.array([h[x] - h[y] for x, y in pairs])
    left = np.eye(len(pairs)) - T
    M = np.linalg.solve(left, d)
    W = np.linalg.solve(left, d**2 + 2 * d * (T @ M))
    steps = np.linalg.solve(left, np.ones(len(pairs)))
    second, tau = 0.0, 1.0
    for x in range(size):
        for a in range(size):
            for y in range(size):
                chance = q[x] * P[x, a] * q[y]
                m, w, more = (M[pairs[a, y]], W[pairs[a, y]], steps[pairs[a, y]]) if a != y else (0.0, 0.0, 0.0)
                second += chance * (h[x] ** 2 + 2 * h[x] * m + w)
                tau += chance * more
    work = second * (2 + tau)
    draws = np.divide(work - variance, bias**2)
    return tuple(torch.tensor(float(part), dtype=torch.float64) for part in (exact, bias, variance, work, draws))

# %% wrong improbable_for_impossible: puts a very low number for minus infinity, so a chain that begins in an impossible state may refuse another impossible one
def break_even(log_joint: Tensor, slope: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    S = len(q)
    log_joint = log_joint.nan_to_num(neginf=-1e5)
    log_w = log_joint - q.log()
    accept = (log_w[None, :] - log_w[:, None]).clamp(max=0).exp()
    exact = log_joint.softmax(0) @ slope
    bias = q @ slope - exact
    variance = q @ (slope - q @ slope) ** 2
    h, eye = slope - exact, torch.eye(S, dtype=q.dtype)
    P = q * accept
    P = P + torch.diag(1 - P.sum(1))
    a, b = accept[:, None, :], accept[None, :, :]
    K = torch.einsum("xyi,ia,ib->xyab", q * torch.minimum(a, b), eye, eye)
    K = K + torch.einsum("xyi,ia,yb->xyab", q * (a - b).clamp(min=0), eye, eye) + torch.einsum("xyi,xa,ib->xyab", q * (b - a).clamp(min=0), eye, eye)
    K = K + torch.einsum("xy,xa,yb->xyab", (q * (1 - torch.maximum(a, b))).sum(-1), eye, eye)
    apart = (1 - eye).flatten()
    T = K.reshape(S * S, S * S) * apart * apart[:, None]
    inverse, d = torch.linalg.inv(torch.eye(S * S, dtype=q.dtype) - T), (h[:, None] - h).flatten()
    M = inverse @ d
    W = inverse @ (d**2 + 2 * d * (T @ M))
    pair = torch.einsum("x,xa,y->xay", q, P, q)
    second = (pair * (h[:, None, None] ** 2 + 2 * h[:, None, None] * M.view(S, S) + W.view(S, S))).sum()
    tau = 1 + (pair * (inverse @ apart).view(S, S)).sum()
    work = second * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2

# %% wrong uniforms_of_their_own: gives each chain a uniform of its own for one offer, so that they accept independently
def break_even(log_joint: Tensor, slope: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    S = len(q)
    log_w = log_joint - q.log()
    accept = torch.where(log_w[:, None] > -math.inf, (log_w[None, :] - log_w[:, None]).clamp(max=0).exp(), 1.0)
    exact = log_joint.softmax(0) @ slope
    bias = q @ slope - exact
    variance = q @ (slope - q @ slope) ** 2
    h, eye = slope - exact, torch.eye(S, dtype=q.dtype)
    P = q * accept
    P = P + torch.diag(1 - P.sum(1))
    a, b = accept[:, None, :], accept[None, :, :]
    K = torch.einsum("xyi,ia,ib->xyab", q * a * b, eye, eye)
    K = K + torch.einsum("xyi,ia,yb->xyab", q * a * (1 - b), eye, eye) + torch.einsum("xyi,xa,ib->xyab", q * b * (1 - a), eye, eye)
    K = K + torch.einsum("xy,xa,yb->xyab", (q * (1 - a) * (1 - b)).sum(-1), eye, eye)
    apart = (1 - eye).flatten()
    T = K.reshape(S * S, S * S) * apart * apart[:, None]
    inverse, d = torch.linalg.inv(torch.eye(S * S, dtype=q.dtype) - T), (h[:, None] - h).flatten()
    M = inverse @ d
    W = inverse @ (d**2 + 2 * d * (T @ M))
    pair = torch.einsum("x,xa,y->xay", q, P, q)
    second = (pair * (h[:, None, None] ** 2 + 2 * h[:, None, None] * M.view(S, S) + W.view(S, S))).sum()
    tau = 1 + (pair * (inverse @ apart).view(S, S)).sum()
    work = second * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2

# %% wrong variance_forgotten: sets the square of the bias equal to the error of the runs, and forgets that the ELBO's draws have a variance, too
def break_even(log_joint: Tensor, slope: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    S = len(q)
    log_w = log_joint - q.log()
    accept = torch.where(log_w[:, None] > -math.inf, (log_w[None, :] - log_w[:, None]).clamp(max=0).exp(), 1.0)
    exact = log_joint.softmax(0) @ slope
    bias = q @ slope - exact
    variance = q @ (slope - q @ slope) ** 2
    h, eye = slope - exact, torch.eye(S, dtype=q.dtype)
    P = q * accept
    P = P + torch.diag(1 - P.sum(1))
    a, b = accept[:, None, :], accept[None, :, :]
    K = torch.einsum("xyi,ia,ib->xyab", q * torch.minimum(a, b), eye, eye)
    K = K + torch.einsum("xyi,ia,yb->xyab", q * (a - b).clamp(min=0), eye, eye) + torch.einsum("xyi,xa,ib->xyab", q * (b - a).clamp(min=0), eye, eye)
    K = K + torch.einsum("xy,xa,yb->xyab", (q * (1 - torch.maximum(a, b))).sum(-1), eye, eye)
    apart = (1 - eye).flatten()
    T = K.reshape(S * S, S * S) * apart * apart[:, None]
    inverse, d = torch.linalg.inv(torch.eye(S * S, dtype=q.dtype) - T), (h[:, None] - h).flatten()
    M = inverse @ d
    W = inverse @ (d**2 + 2 * d * (T @ M))
    pair = torch.einsum("x,xa,y->xay", q, P, q)
    second = (pair * (h[:, None, None] ** 2 + 2 * h[:, None, None] * M.view(S, S) + W.view(S, S))).sum()
    tau = 1 + (pair * (inverse @ apart).view(S, S)).sum()
    work = second * (2 + tau)
    return exact, bias, variance, work, work / bias**2

# %% wrong ratio_of_posteriors: accepts by the ratio of the posteriors, Metropolis without Hastings, which is right for a uniform q
def break_even(log_joint: Tensor, slope: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    S = len(q)
    log_w = log_joint
    accept = torch.where(log_w[:, None] > -math.inf, (log_w[None, :] - log_w[:, None]).clamp(max=0).exp(), 1.0)
    exact = log_joint.softmax(0) @ slope
    bias = q @ slope - exact
    variance = q @ (slope - q @ slope) ** 2
    h, eye = slope - exact, torch.eye(S, dtype=q.dtype)
    P = q * accept
    P = P + torch.diag(1 - P.sum(1))
    a, b = accept[:, None, :], accept[None, :, :]
    K = torch.einsum("xyi,ia,ib->xyab", q * torch.minimum(a, b), eye, eye)
    K = K + torch.einsum("xyi,ia,yb->xyab", q * (a - b).clamp(min=0), eye, eye) + torch.einsum("xyi,xa,ib->xyab", q * (b - a).clamp(min=0), eye, eye)
    K = K + torch.einsum("xy,xa,yb->xyab", (q * (1 - torch.maximum(a, b))).sum(-1), eye, eye)
    apart = (1 - eye).flatten()
    T = K.reshape(S * S, S * S) * apart * apart[:, None]
    inverse, d = torch.linalg.inv(torch.eye(S * S, dtype=q.dtype) - T), (h[:, None] - h).flatten()
    M = inverse @ d
    W = inverse @ (d**2 + 2 * d * (T @ M))
    pair = torch.einsum("x,xa,y->xay", q, P, q)
    second = (pair * (h[:, None, None] ** 2 + 2 * h[:, None, None] * M.view(S, S) + W.view(S, S))).sum()
    mean = (pair * (h[:, None, None] + M.view(S, S))).sum()
    tau = 1 + (pair * (inverse @ apart).view(S, S)).sum()
    work = (second - mean**2) * (2 + tau)
    return exact, bias, variance, work, (work - variance) / bias**2

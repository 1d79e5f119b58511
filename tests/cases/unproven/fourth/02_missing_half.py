import math

import numpy as np
import torch
from torch import Tensor

# %% right pairs_in_loops: Python loops over pairs of components and over pixels, in logarithms; a plain list of three floats
def missing_half(log_weights, probabilities, x, seen):
    P, X, S = probabilities.tolist(), x.tolist(), seen.tolist()
    C, D = len(P), len(X)

    def lse(values):
        top = max(values)
        return top + math.log(math.fsum(math.exp(v - top) for v in values))

    joint = []
    for c in range(C):
        total = float(log_weights[c])
        for i in range(D):
            if S[i]:
                total += math.log(P[c][i]) if X[i] > 0.5 else math.log1p(-P[c][i])
        joint.append(total)
    log_p = lse(joint)
    r = [math.exp(each - log_p) for each in joint]
    missing = [i for i in range(D) if not S[i]]
    q = {i: sum(r[c] * P[c][i] for c in range(C)) for i in missing}
    q0 = {i: sum(r[c] * (1 - P[c][i]) for c in range(C)) for i in missing}
    uniform, product = [], []
    for a in range(C):
        for b in range(C):
            u = v = joint[a] + joint[b] - 2 * log_p
            for i in missing:
                one, zero = P[a][i] * P[b][i], (1 - P[a][i]) * (1 - P[b][i])
                u += math.log(2 * (one + zero))
                v += math.log(one / q[i] + zero / q0[i])
            uniform.append(u)
            product.append(v)
    return [log_p, lse(uniform) / math.log(2), lse(product) / math.log(2)]

# %% right numpy_array_out: NumPy, all pairs at once, an array returned
def missing_half(log_weights, probabilities, x, seen):
    lw, P, X, S = (np.asarray(each.detach()) for each in (log_weights, probabilities, x, seen))
    S = S.astype(bool)
    joint = lw + np.where(X[S] > 0.5, np.log(P[:, S]), np.log1p(-P[:, S])).sum(1)
    log_p = np.logaddexp.reduce(joint)
    log_r = joint - log_p
    H = P[:, ~S]
    r = np.exp(log_r)
    q, q0 = r @ H, r @ (1 - H)
    one, zero = H[:, None] * H[None], (1 - H)[:, None] * (1 - H)[None]
    pair = log_r[:, None] + log_r[None]
    uniform = np.logaddexp.reduce((pair + np.log(2 * (one + zero)).sum(-1)).ravel())
    product = np.logaddexp.reduce((pair + np.log(one / q + zero / q0).sum(-1)).ravel())
    return np.array([log_p, uniform / np.log(2), product / np.log(2)])

# %% right pixel_by_pixel: a running C x C matrix of pairs is multiplied pixel after pixel and renormalized, as in a forward algorithm
def missing_half(log_weights, probabilities, x, seen):
    joint = log_weights + (torch.log(torch.where(x > 0.5, probabilities, 1 - probabilities)) * seen.to(probabilities.dtype)).sum(-1)
    log_p = torch.logsumexp(joint, 0)
    r = (joint - log_p).exp()
    bits = []
    for fair in (True, False):
        log_pair = (joint - log_p).unsqueeze(1) + (joint - log_p).unsqueeze(0)
        for i in range(len(x)):
            if bool(seen[i]):
                continue
            p = probabilities[:, i]
            q1, q0 = (0.5, 0.5) if fair else ((r * p).sum(), (r * (1 - p)).sum())
            log_pair = log_pair + (torch.outer(p, p) / q1 + torch.outer(1 - p, 1 - p) / q0).log()
        bits.append(log_pair.flatten().logsumexp(0) / math.log(2))
    return torch.stack([log_p, *bits])

# %% wrong products_not_logs: the factors of a pair are multiplied, not added in logs: overflow or underflow for many missing pixels
def missing_half(log_weights, probabilities, x, seen):
    joint = log_weights + torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = joint.logsumexp(0)
    r, H = joint.softmax(0), probabilities[:, ~seen]
    q = r @ H
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = torch.outer(r, r)
    return torch.stack([log_p, (pair * (2 * (one + zero)).prod(-1)).sum().log2(), (pair * (one / q + zero / (1 - q)).prod(-1)).sum().log2()])

# %% wrong two_to_the_m: logs for the pairs, but the log of 2.0 ** M itself: infinite from M = 1024
def missing_half(log_weights, probabilities, x, seen):
    joint = log_weights + torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = joint.logsumexp(0)
    log_r, H = joint - log_p, probabilities[:, ~seen]
    q = log_r.exp() @ H
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = log_r.unsqueeze(1) + log_r
    count = torch.tensor(2.0, dtype=torch.float64) ** H.shape[1]
    return torch.stack([log_p, (pair + (one + zero).log().sum(-1)).flatten().logsumexp(0) / math.log(2) + count.log2(),
                        (pair + (one / q + zero / (1 - q)).log().sum(-1)).flatten().logsumexp(0) / math.log(2)])

# %% wrong prior_marginals: the marginals of the product forget what is seen: prior weights instead of responsibilities
def missing_half(log_weights, probabilities, x, seen):
    joint = log_weights + torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = joint.logsumexp(0)
    log_r, H = joint - log_p, probabilities[:, ~seen]
    q = log_weights.exp() @ H
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = log_r.unsqueeze(1) + log_r
    return torch.stack([log_p, (pair + (2 * (one + zero)).log().sum(-1)).flatten().logsumexp(0) / math.log(2),
                        (pair + (one / q + zero / (1 - q)).log().sum(-1)).flatten().logsumexp(0) / math.log(2)])

# %% wrong equal_weights_in_posterior: responsibilities without the weights of the components; right for equal weights
def missing_half(log_weights, probabilities, x, seen):
    likelihood = torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = (log_weights + likelihood).logsumexp(0)
    log_r, H = likelihood.log_softmax(0), probabilities[:, ~seen]
    q = log_r.exp() @ H
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = log_r.unsqueeze(1) + log_r
    return torch.stack([log_p, (pair + (2 * (one + zero)).log().sum(-1)).flatten().logsumexp(0) / math.log(2),
                        (pair + (one / q + zero / (1 - q)).log().sum(-1)).flatten().logsumexp(0) / math.log(2)])

# %% wrong clamped_probabilities: probabilities are clamped to [1e-3, 1 - 1e-3] before their logarithm
def missing_half(log_weights, probabilities, x, seen):
    probabilities = probabilities.clamp(1e-3, 1 - 1e-3)
    joint = log_weights + torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = joint.logsumexp(0)
    log_r, H = joint - log_p, probabilities[:, ~seen]
    q = log_r.exp() @ H
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = log_r.unsqueeze(1) + log_r
    return torch.stack([log_p, (pair + (2 * (one + zero)).log().sum(-1)).flatten().logsumexp(0) / math.log(2),
                        (pair + (one / q + zero / (1 - q)).log().sum(-1)).flatten().logsumexp(0) / math.log(2)])

# %% wrong epsilon_in_q: 1e-6 is added to the marginals in the denominators, much beside q = 1e-4
def missing_half(log_weights, probabilities, x, seen):
    joint = log_weights + torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = joint.logsumexp(0)
    log_r, H = joint - log_p, probabilities[:, ~seen]
    q = log_r.exp() @ H
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = log_r.unsqueeze(1) + log_r
    return torch.stack([log_p, (pair + (2 * (one + zero)).log().sum(-1)).flatten().logsumexp(0) / math.log(2),
                        (pair + (one / (q + 1e-6) + zero / (1 - q + 1e-6)).log().sum(-1)).flatten().logsumexp(0) / math.log(2)])

# %% wrong underflowing_posterior: responsibilities by exp of the plain log joint, which underflows for many seen pixels
def missing_half(log_weights, probabilities, x, seen):
    joint = log_weights + torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = joint.logsumexp(0)
    raw = joint.exp() + 1e-300
    r, H = raw / raw.sum(), probabilities[:, ~seen]
    q, log_r = r @ H, r.log()
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = log_r.unsqueeze(1) + log_r
    return torch.stack([log_p, (pair + (2 * (one + zero)).log().sum(-1)).flatten().logsumexp(0) / math.log(2),
                        (pair + (one / q + zero / (1 - q)).log().sum(-1)).flatten().logsumexp(0) / math.log(2)])

# %% wrong unlikely_components_dropped: components with a responsibility below 1e-4 are left out, though their pairs may carry the second moment
def missing_half(log_weights, probabilities, x, seen):
    joint = log_weights + torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = joint.logsumexp(0)
    keep = (joint - log_p) > math.log(1e-4)
    log_r, H = (joint - log_p)[keep], probabilities[keep][:, ~seen]
    q = log_r.softmax(0) @ H
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = log_r.unsqueeze(1) + log_r
    return torch.stack([log_p, (pair + (2 * (one + zero)).log().sum(-1)).flatten().logsumexp(0) / math.log(2),
                        (pair + (one / q + zero / (1 - q)).log().sum(-1)).flatten().logsumexp(0) / math.log(2)])

# %% wrong two_to_the_d: the uniform proposal counts all D pixels, not the M missing ones; right where none is seen
def missing_half(log_weights, probabilities, x, seen):
    joint = log_weights + torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = joint.logsumexp(0)
    log_r, H = joint - log_p, probabilities[:, ~seen]
    q = log_r.exp() @ H
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = log_r.unsqueeze(1) + log_r
    return torch.stack([log_p, (pair + (one + zero).log().sum(-1)).flatten().logsumexp(0) / math.log(2) + len(x),
                        (pair + (one / q + zero / (1 - q)).log().sum(-1)).flatten().logsumexp(0) / math.log(2)])

# %% wrong missing_set_to_zero: writes zeros over the missing entries of the argument x (numbers right)
def missing_half(log_weights, probabilities, x, seen):
    x[~seen] = 0
    joint = log_weights + (torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities)) * seen).sum(-1)
    log_p = joint.logsumexp(0)
    log_r, H = joint - log_p, probabilities[:, ~seen]
    q = log_r.exp() @ H
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = log_r.unsqueeze(1) + log_r
    return torch.stack([log_p, (pair + (2 * (one + zero)).log().sum(-1)).flatten().logsumexp(0) / math.log(2),
                        (pair + (one / q + zero / (1 - q)).log().sum(-1)).flatten().logsumexp(0) / math.log(2)])

# %% wrong single_precision: everything in float32
def missing_half(log_weights, probabilities, x, seen):
    log_weights, probabilities = log_weights.float(), probabilities.float()
    joint = log_weights + torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = joint.logsumexp(0)
    log_r, H = joint - log_p, probabilities[:, ~seen]
    q = log_r.exp() @ H
    one, zero = H.unsqueeze(1) * H, (1 - H).unsqueeze(1) * (1 - H)
    pair = log_r.unsqueeze(1) + log_r
    return torch.stack([log_p, (pair + (2 * (one + zero)).log().sum(-1)).flatten().logsumexp(0) / math.log(2),
                        (pair + (one / q + zero / (1 - q)).log().sum(-1)).flatten().logsumexp(0) / math.log(2)]).double()

# %% wrong enumerate_or_sample: enumerates up to 10 missing pixels, beyond that 5,000 draws of the product with the global generator
def missing_half(log_weights, probabilities, x, seen):
    joint = log_weights + torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))[:, seen].sum(-1)
    log_p = joint.logsumexp(0)
    log_r, H = joint - log_p, probabilities[:, ~seen]
    M = H.shape[1]
    q = log_r.exp() @ H
    if M <= 10:
        h = torch.tensor([[(n >> i) & 1 for i in range(M)] for n in range(2 ** M)], dtype=torch.float64).reshape(2 ** M, M)
        log_post = (log_r + h @ H.log().T + (1 - h) @ torch.log1p(-H).T).logsumexp(-1)
        log_q = h @ q.log() + (1 - h) @ torch.log1p(-q)
        return torch.stack([log_p, (2 * log_post).logsumexp(0) / math.log(2) + M, (2 * log_post - log_q).logsumexp(0) / math.log(2)])
    h = torch.bernoulli(q.expand(5000, M))
    log_post = (log_r + h @ H.log().T + (1 - h) @ torch.log1p(-H).T).logsumexp(-1)
    log_q = h @ q.log() + (1 - h) @ torch.log1p(-q)
    n = math.log(5000)
    return torch.stack([log_p, ((2 * log_post - log_q).logsumexp(0) - n) / math.log(2) + M, ((2 * log_post - 2 * log_q).logsumexp(0) - n) / math.log(2)])

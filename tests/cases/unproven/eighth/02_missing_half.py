import torch
from torch import Tensor

# %% right pairs_in_numpy: a Python loop over unordered pairs of components, summed with functools.reduce and logaddexp
def missing_half(log_weights: Tensor, probabilities: Tensor, x: Tensor, seen: Tensor) -> Tensor:
    from functools import reduce
    from itertools import combinations_with_replacement

    import numpy as np

    log_pi, p, picture, mask = (each.detach().cpu().numpy() for each in (log_weights, probabilities, x, seen.bool()))
    on = picture[mask] > 0.5
    log_joint = [a + np.log(row[mask][on]).sum() + np.log1p(-row[mask][~on]).sum() for a, row in zip(log_pi, p)]
    log_p = reduce(np.logaddexp, log_joint)
    log_r = np.array(log_joint) - log_p
    free = p[:, ~mask]
    marginal = np.exp(log_r) @ free
    bits = []
    for up, down in ((np.full_like(marginal, 0.5), np.full_like(marginal, 0.5)), (marginal, np.exp(log_r) @ (1 - free))):
        terms = []
        for a, b in combinations_with_replacement(range(len(log_r)), 2):
            factors = free[a] * free[b] / up + (1 - free[a]) * (1 - free[b]) / down
            terms.append(log_r[a] + log_r[b] + (a != b) * np.log(2.0) + np.log(factors).sum())
        bits.append(reduce(np.logaddexp, terms) / np.log(2.0))
    return torch.tensor([log_p, *bits], dtype=probabilities.dtype, device=probabilities.device)

# %% wrong uniform_by_marginals: for coins thrown one by one only the marginals of the completion seem to matter, so the uniform row is a sum over pixels; true of one component only
def missing_half(log_weights: Tensor, probabilities: Tensor, x: Tensor, seen: Tensor) -> Tensor:
    seen = seen.bool()
    likelihood = torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))
    log_joint = log_weights + (likelihood * seen).sum(-1)
    log_p = torch.logsumexp(log_joint, 0)
    log_r = log_joint - log_p
    p = probabilities[:, ~seen]
    q = log_r.exp() @ p
    uniform = (2 * (q.square() + (1 - q).square())).log2().sum()
    factors = p.unsqueeze(0) * p.unsqueeze(1) / q + (1 - p).unsqueeze(0) * (1 - p).unsqueeze(1) / (1 - q)
    pairs = log_r.unsqueeze(0) + log_r.unsqueeze(1) + factors.log().sum(-1)
    product = torch.logsumexp(pairs.flatten(), 0) / torch.tensor(2.0, dtype=p.dtype, device=p.device).log()
    return torch.stack((log_p, uniform, product))

# %% wrong softmax_then_log: responsibilities by softmax, and their logarithm afterwards; a component at e^-800 is rounded to zero, though hundreds of missing pixels at which it alone disagrees may make it the largest term
def missing_half(log_weights: Tensor, probabilities: Tensor, x: Tensor, seen: Tensor) -> Tensor:
    seen = seen.bool()
    likelihood = torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))
    log_joint = log_weights + (likelihood * seen).sum(-1)
    r = log_joint.softmax(0)
    p = probabilities[:, ~seen]
    q = r @ p
    bits = []
    for up in (torch.full_like(q, 0.5), q):
        factors = p.unsqueeze(0) * p.unsqueeze(1) / up + (1 - p).unsqueeze(0) * (1 - p).unsqueeze(1) / (1 - up)
        pairs = torch.outer(r, r).log() + factors.log().sum(-1)
        bits.append(torch.logsumexp(pairs.flatten(), 0) / torch.tensor(2.0, dtype=p.dtype, device=p.device).log())
    return torch.stack((torch.logsumexp(log_joint, 0), *bits))

# %% wrong safe_probabilities: probabilities are clamped to (0.001, 0.999) before any logarithm, as one does in a training loop; pixels are allowed to be ten times as sure
def missing_half(log_weights: Tensor, probabilities: Tensor, x: Tensor, seen: Tensor) -> Tensor:
    seen = seen.bool()
    probabilities = probabilities.clamp(1e-3, 1 - 1e-3)
    likelihood = torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))
    log_joint = log_weights + (likelihood * seen).sum(-1)
    log_p = torch.logsumexp(log_joint, 0)
    log_r = log_joint - log_p
    p = probabilities[:, ~seen]
    q = log_r.exp() @ p
    bits = []
    for up in (torch.full_like(q, 0.5), q):
        factors = p.unsqueeze(0) * p.unsqueeze(1) / up + (1 - p).unsqueeze(0) * (1 - p).unsqueeze(1) / (1 - up)
        pairs = log_r.unsqueeze(0) + log_r.unsqueeze(1) + factors.log().sum(-1)
        bits.append(torch.logsumexp(pairs.flatten(), 0) / torch.tensor(2.0, dtype=p.dtype, device=p.device).log())
    return torch.stack((log_p, *bits))

# %% wrong drawn_completions: the uniform row exactly, the product by 4,000 posterior completions, as the mean of p(h | seen)/q(h); exact was asked
def missing_half(log_weights: Tensor, probabilities: Tensor, x: Tensor, seen: Tensor) -> Tensor:
    seen = seen.bool()
    likelihood = torch.where(x > 0.5, probabilities.log(), torch.log1p(-probabilities))
    log_joint = log_weights + (likelihood * seen).sum(-1)
    log_p = torch.logsumexp(log_joint, 0)
    log_r = log_joint - log_p
    p = probabilities[:, ~seen]
    q = log_r.exp() @ p
    two = torch.tensor(2.0, dtype=p.dtype, device=p.device).log()
    pairs = log_r.unsqueeze(0) + log_r.unsqueeze(1) + torch.log(2 * (p.unsqueeze(0) * p.unsqueeze(1) + (1 - p).unsqueeze(0) * (1 - p).unsqueeze(1))).sum(-1)
    uniform = torch.logsumexp(pairs.flatten(), 0) / two
    generator = torch.Generator(device=p.device).manual_seed(0)
    which = torch.multinomial(log_r.exp(), 4000, replacement=True, generator=generator)
    h = torch.bernoulli(p[which], generator=generator)
    log_posterior = torch.logsumexp(log_r + h @ p.log().T + (1 - h) @ torch.log1p(-p).T, -1)
    log_q = h @ q.log() + (1 - h) @ torch.log1p(-q)
    product = (torch.logsumexp(log_posterior - log_q, 0) - torch.tensor(4000.0, dtype=p.dtype, device=p.device).log()) / two
    return torch.stack((log_p, uniform, product))

import torch
from torch import Tensor

def _slopes(elbo, m, r, reduce=torch.sum):
    m, r = m.detach().requires_grad_(), r.detach().requires_grad_()
    with torch.enable_grad():
        values = elbo(m, r)
        return (*torch.autograd.grad(reduce(values), (m, r)), values.detach())

# %% right optimizer: torch's SGD, told to maximize, on clones
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.detach().clone().requires_grad_(), log_scale.detach().clone().requires_grad_()
    opt = torch.optim.SGD([m, r], lr=rate, maximize=True)
    for _ in range(steps):
        opt.zero_grad()
        with torch.enable_grad():
            elbo(m, r).sum().backward()
        opt.step()
    return m.detach(), r.detach()

# %% right row_by_row: each datum's own gradient in a loop over the data, all others left alone
def climb(elbo, loc, log_scale, steps, rate):
    lam = torch.stack([loc, log_scale]).detach().clone()
    for _ in range(steps):
        here = lam.clone().requires_grad_()
        with torch.enable_grad():
            values = elbo(here[0], here[1])
            values = values.reshape(-1)
        slope = torch.zeros_like(lam)
        for b in range(len(values)):
            slope += torch.autograd.grad(values[b], here, retain_graph=True)[0]
        lam = lam + rate * slope
    return lam[0], lam[1]

# %% wrong one_after_the_other: the scale takes its step from where the mean has already gone
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone(), log_scale.clone()
    for _ in range(steps):
        m = m + rate * _slopes(elbo, m, r)[0]
        r = r + rate * _slopes(elbo, m, r)[1]
    return m, r

# %% wrong clipped_together: gradients are clipped by their norm over the whole batch
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone(), log_scale.clone()
    for _ in range(steps):
        a, b, _ = _slopes(elbo, m, r)
        norm = (a.square().sum() + b.square().sum()).sqrt()
        f = 1 / norm.clamp(min=1)
        m, r = m + rate * f * a, r + rate * f * b
    return m, r

# %% wrong clipped: every entry of a gradient is clipped to [-1, 1]
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone(), log_scale.clone()
    for _ in range(steps):
        a, b, _ = _slopes(elbo, m, r)
        m, r = m + rate * a.clamp(-1, 1), r + rate * b.clamp(-1, 1)
    return m, r

# %% wrong stops_when_it_falls: stops as soon as the summed ELBO falls
def climb(elbo, loc, log_scale, steps, rate):
    m, r, best = loc.clone(), log_scale.clone(), None
    for _ in range(steps):
        a, b, v = _slopes(elbo, m, r)
        if best is not None and v.sum() < best:
            break
        best = v.sum()
        m, r = m + rate * a, r + rate * b
    return m, r

# %% wrong best_seen: returns each datum's best point on the way, not where the last step arrives
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone(), log_scale.clone()
    bm, br, best = m, r, elbo(m, r).detach()
    for _ in range(steps):
        a, b, _ = _slopes(elbo, m, r)
        m, r = m + rate * a, r + rate * b
        v = elbo(m, r).detach()
        up = (v > best).unsqueeze(-1)
        bm, br, best = torch.where(up, m, bm), torch.where(up, r, br), torch.maximum(v, best)
    return bm, br

# %% wrong detached_only: detach shares memory, and the steps are taken in place, so the start is overwritten
# not told: the returned values are wrong
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.detach(), log_scale.detach()
    for _ in range(steps):
        a, b, _ = _slopes(elbo, m, r)
        m += rate * a
        r += rate * b
    return m, r

# %% wrong batch_mean: the gradient of the mean over the batch
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone(), log_scale.clone()
    for _ in range(steps):
        a, b, _ = _slopes(elbo, m, r, torch.mean)
        m, r = m + rate * a, r + rate * b
    return m, r

# %% wrong first_axis_mean: divides by the size of the first batch axis only, right for no batch and for a first axis of one
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone(), log_scale.clone()
    for _ in range(steps):
        a, b, _ = _slopes(elbo, m, r, lambda v: v.mean(0).sum() if v.dim() else v)
        m, r = m + rate * a, r + rate * b
    return m, r

# %% wrong momentum: heavy-ball momentum, right for the first step
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone(), log_scale.clone()
    u = v = 0.0
    for _ in range(steps):
        a, b, _ = _slopes(elbo, m, r)
        u, v = 0.5 * u + a, 0.5 * v + b
        m, r = m + rate * u, r + rate * v
    return m, r

# %% wrong at_least_one: takes a step also where none was asked for
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone(), log_scale.clone()
    while True:
        a, b, _ = _slopes(elbo, m, r)
        m, r = m + rate * a, r + rate * b
        steps -= 1
        if steps <= 0:
            return m, r

# %% wrong falling_rate: the rate falls over the run
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone(), log_scale.clone()
    for i in range(steps):
        a, b, _ = _slopes(elbo, m, r)
        f = rate * (1 - i / steps)
        m, r = m + f * a, r + f * b
    return m, r

# %% wrong natural: the mean's step is scaled by its variance, the natural gradient
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone(), log_scale.clone()
    for _ in range(steps):
        a, b, _ = _slopes(elbo, m, r)
        m, r = m + rate * (2 * r).exp() * a, r + 0.5 * rate * b
    return m, r

# %% wrong leaves_gradients: clears no gradient, so each step adds all earlier ones
def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.detach().clone().requires_grad_(), log_scale.detach().clone().requires_grad_()
    for _ in range(steps):
        with torch.enable_grad():
            elbo(m, r).sum().backward()
        with torch.no_grad():
            m += rate * m.grad
            r += rate * r.grad
    return m.detach(), r.detach()

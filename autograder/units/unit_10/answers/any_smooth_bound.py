# %% right two_copies: One copy of the log weights for q, with the model frozen, one for theta, with the samples frozen.
import copy
import math

import torch


def log_normal(z, loc, log_scale):
    return (-0.5 * ((z - loc) / log_scale.exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)


def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_q = log_normal(z, loc.detach(), log_scale.detach())
    still = copy.deepcopy(p).requires_grad_(False)
    for_q = still.log_joint(x, z) - log_q
    for_theta = p.log_joint(x, z.detach())
    l = for_q.detach().clone().requires_grad_()
    (f,) = torch.autograd.grad(bound(l).sum(), l, create_graph=True)
    ff = torch.zeros_like(l)
    if f.requires_grad:
        for k in range(len(l)):
            ff[k] = torch.autograd.grad(f[k].sum(), l, retain_graph=True)[0][k]
    f = f.detach()
    surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
    return bound(l).detach() + surrogate - surrogate.detach()


# %% right hook: One backward pass; a hook on z rescales what passes to q.
import torch
from torch.distributions import Normal


def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    log_w = p.log_joint(x, z) - log_q
    at = log_w.detach()
    K = at.shape[0]
    flat = at.reshape(K, -1)
    f, ff = torch.empty_like(flat), torch.empty_like(flat)
    for n in range(flat.shape[1]):
        f[:, n] = torch.func.grad(bound)(flat[:, n])
        ff[:, n] = torch.func.hessian(bound)(flat[:, n]).diagonal()
    f, ff = f.reshape(at.shape), ff.reshape(at.shape)
    tiny = f.abs() < 1e-200
    scale = torch.where(tiny, torch.zeros_like(f), (f - ff) / torch.where(tiny, torch.ones_like(f), f))
    z.register_hook(lambda gradient: gradient * scale.unsqueeze(-1))
    surrogate = (f * log_w).sum(0)
    return surrogate - surrogate.detach() + bound(at)


# %% right loops: Datum by datum, sample by sample; the slope of log w in z by autograd, the rest by hand.
import torch


def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    K, batch, D = eps.shape[0], eps.shape[1:-1], eps.shape[-1]
    m, s, data = loc.reshape(-1, D), log_scale.reshape(-1, D), x.reshape(-1, D)
    noise = eps.reshape(K, -1, D)
    results = []
    for b in range(m.shape[0]):
        paths, logs = [], []
        for k in range(K):
            z = (m[b] + s[b].exp() * noise[k, b]).detach().requires_grad_()
            log_p = p.log_joint(data[b], z.unsqueeze(0)).reshape(())
            (slope,) = torch.autograd.grad(log_p, z, retain_graph=True)
            slope = slope + noise[k, b] / s[b].detach().exp()
            moved = m[b] + s[b].exp() * noise[k, b]
            paths.append((slope * moved).sum())
            log_q = torch.distributions.Normal(m[b], s[b].exp()).log_prob(moved).sum().detach()
            logs.append((p.log_joint(data[b], z.detach().unsqueeze(0)).reshape(()), log_q))
        l = torch.stack([a.detach() - c for a, c in logs])
        hessian = torch.autograd.functional.hessian(bound, l)
        f = torch.autograd.functional.jacobian(bound, l)
        total = bound(l)
        for k in range(K):
            total = total + (f[k] - hessian[k, k]) * (paths[k] - paths[k].detach())
            total = total + f[k] * (logs[k][0] - logs[k][0].detach())
        results.append(total)
    return torch.stack(results).reshape(batch)


# %% wrong landing, from right two_copies: Sticking the landing, as if the score term had mean zero.
# diagnosis: first_derivatives
#-     surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
#+     surrogate = (f * for_q).sum(0) + (f * for_theta).sum(0)


# %% wrong squares, from right two_copies: The squares that everybody knows from IWAE.
# diagnosis: squares
#-     surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
#+     surrogate = (f.square() * for_q).sum(0) + (f * for_theta).sum(0)


# %% wrong hard_coded, from right two_copies: Normalized weights, squared, whatever the bound is.
# diagnosis: value
#-     surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
#+     surrogate = (l.detach().softmax(0).square() * for_q).sum(0) + (f * for_theta).sum(0)


# %% wrong square_for_second, from right two_copies: The square of the first derivative for the second.
# diagnosis: square_for_second
#-     surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
#+     surrogate = ((f - f.square()) * for_q).sum(0) + (f * for_theta).sum(0)


# %% wrong plus, from right two_copies: Both derivatives are added.
# diagnosis: second_added
#-     surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
#+     surrogate = ((f + ff) * for_q).sum(0) + (f * for_theta).sum(0)


# %% wrong row_sums, from right two_copies: A vector of ones in place of each sample's own entry, so that rows are summed.
# diagnosis: row_sums
#-             ff[k] = torch.autograd.grad(f[k].sum(), l, retain_graph=True)[0][k]
#+             ff[k] = torch.autograd.grad(f[k].sum(), l, retain_graph=True)[0].sum(0)


# %% wrong total, from right two_copies: The bound itself, differentiated.
# diagnosis: total
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_q = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return bound(p.log_joint(x, z) - log_q)


import torch


# %% wrong score_kept, from right two_copies: log q is not frozen.
# diagnosis: score_kept
#-     log_q = log_normal(z, loc.detach(), log_scale.detach())
#+     log_q = log_normal(z, loc, log_scale)


# %% wrong weights_move, from right two_copies: The weights keep their graph.
# diagnosis: weights_move
#-     l = for_q.detach().clone().requires_grad_()
#-     (f,) = torch.autograd.grad(bound(l).sum(), l, create_graph=True)
#-     ff = torch.zeros_like(l)
#-     if f.requires_grad:
#-         for k in range(len(l)):
#-             ff[k] = torch.autograd.grad(f[k].sum(), l, retain_graph=True)[0][k]
#-     f = f.detach()
#-     surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
#+     l = for_q
#+     (f,) = torch.autograd.grad(bound(l).sum(), l, create_graph=True)
#+     ff = [torch.zeros_like(l[0]) for _ in l]
#+     if f.requires_grad:
#+         ff = [torch.autograd.grad(f[k].sum(), l, create_graph=True)[0][k] for k in range(len(l))]
#+     surrogate = ((f - torch.stack(ff)) * for_q).sum(0) + (f.detach() * for_theta).sum(0)


# %% wrong clamped, from right two_copies: A negative weight looks like a mistake, so it is cut off.
# diagnosis: clamped
#-     surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
#+     surrogate = ((f - ff).clamp_min(0) * for_q).sum(0) + (f * for_theta).sum(0)


# %% wrong theta_too, from right two_copies: One surrogate for both, so that theta gets the weights of q.
# diagnosis: weights_of_q
#-     still = copy.deepcopy(p).requires_grad_(False)
#-     for_q = still.log_joint(x, z) - log_q
#-     for_theta = p.log_joint(x, z.detach())
#+     for_q = p.log_joint(x, z) - log_q
#@@
#-     surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
#+     surrogate = ((f - ff) * for_q).sum(0)


# %% wrong theta_twice, from right two_copies: The model is not frozen where it serves q.
# diagnosis: theta_twice
#-     still = copy.deepcopy(p).requires_grad_(False)
#-     for_q = still.log_joint(x, z) - log_q
#+     for_q = p.log_joint(x, z) - log_q


# %% wrong theta_lost, from right two_copies: The model stays frozen.
# diagnosis: theta_frozen
#-     surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
#+     surrogate = ((f - ff) * for_q).sum(0)


# %% wrong logged, from right two_copies: The surrogate is returned as it is, and logged as if it were the bound.
# diagnosis: surrogate_value
#-     surrogate = ((f - ff) * for_q).sum(0) + (f * for_theta).sum(0)
#-     return bound(l).detach() + surrogate - surrogate.detach()
#+     surrogate = ((f - ff) * for_q).sum(0) + (f * (for_theta - for_theta.detach())).sum(0)
#+     return surrogate


# %% wrong first_row, from right two_copies: The second derivative is taken from the first row of the Hessian.
# diagnosis: value
#-             ff[k] = torch.autograd.grad(f[k].sum(), l, retain_graph=True)[0][k]
#+             ff[k] = torch.autograd.grad(f[0].sum(), l, retain_graph=True)[0][k]

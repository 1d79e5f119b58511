import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# %% right stable: s' in closed form with logaddexp, coefficients from sums less own share
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = (rh.sum() - rh) / (hh.sum() - hh)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% right loops: sample by sample, s' by the quantile of the cut-off law, derivatives by chain rule from the slopes of f
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K == 1:
        raise ValueError("K is 1")
    l = logits.detach()
    p, q = l.sigmoid(), (-l).sigmoid()

    def value_and_slope(x):
        x = x.detach().clone().requires_grad_()
        y = f(x.unsqueeze(0))[0]
        (d,) = torch.autograd.grad(y, x)
        return float(y), d

    r, h = torch.zeros(K, D, dtype=torch.float64), torch.zeros(K, D, dtype=torch.float64)
    for k in range(K):
        s = l + torch.log(u[k] / (1 - u[k]))
        z = (s > 0).double()
        # odds of s', and the derivative of s' in l at fixed v
        again, slope = torch.zeros(D, dtype=torch.float64), torch.zeros(D, dtype=torch.float64)
        for i in range(D):
            if z[i] > 0:
                again[i] = torch.log((q[i] + v[k, i] * p[i]) / (q[i] * (1 - v[k, i])))
                slope[i] = v[k, i] * p[i] / (q[i] + v[k, i] * p[i])
            else:
                again[i] = torch.log(v[k, i] * p[i] / (p[i] + (1 - v[k, i]) * q[i]))
                slope[i] = (1 - v[k, i]) * q[i] / (p[i] + (1 - v[k, i]) * q[i])
        one, two = (s / temperature).sigmoid(), (again / temperature).sigmoid()
        f1, d1 = value_and_slope(one)
        f2, d2 = value_and_slope(two)
        r[k] = float(f(z.unsqueeze(0))[0]) * (z - p)
        h[k] = f2 * (z - p) - d1 * one * (1 - one) / temperature + d2 * two * (1 - two) / temperature * slope
    gradient = torch.zeros(D, dtype=torch.float64)
    for k in range(K):
        others = [j for j in range(K) if j != k]
        eta = sum(r[j] @ h[j] for j in others) / sum(h[j] @ h[j] for j in others)
        gradient += (r[k] - eta * h[k]) / K
    return torch.stack([r, h]), gradient


# %% right quantile_and_mask: the quantile by autograd, p both in l and in the cut; the coefficients by a K by K mask and least squares; a list comes back
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K = u.shape[0]
    if K == 1:
        raise ValueError("needs two samples at least")
    with torch.enable_grad():
        l = logits.detach().unsqueeze(0).repeat(K, 1).requires_grad_()
        p, q = l.sigmoid(), (-l).sigmoid()
        s = l + torch.logit(u)
        z = s.detach().gt(0)
        below = torch.where(z, q + v * p, v * q)
        above = torch.where(z, (1 - v) * p, p + (1 - v) * q)
        s_again = l + below.log() - above.log()
        a = f(torch.sigmoid(s / temperature))
        b = f(torch.sigmoid(s_again / temperature))
        (of_a,) = torch.autograd.grad(a.sum(), l)
        (of_b,) = torch.autograd.grad(b.sum(), l)
    score = z.double() - p.detach()
    r = f(z.double()).detach()[:, None] * score
    h = b.detach()[:, None] * score - of_a + of_b
    mask = 1.0 - torch.eye(K, dtype=torch.float64)
    eta = torch.stack([torch.linalg.lstsq((m.sqrt()[:, None] * h).reshape(-1, 1), (m.sqrt()[:, None] * r).reshape(-1, 1)).solution[0, 0] for m in mask])
    return [torch.stack((r, h)), (r - eta[:, None] * h).sum(0) / K]


# %% wrong s_with_the_score: the score's part of h is at s, not at s': mean zero all the same, but not this h
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = (rh.sum() - rh) / (hh.sum() - hh)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong part_of_the_path: the cut-off law's dependence on p is left out: s' moves with l one to one
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    s_again = s_again.detach() + own - own.detach()
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = (rh.sum() - rh) / (hh.sum() - hh)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong paths_averaged: one path derivative, averaged over the samples, for all of them: the mean of h is right, no single h is
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    path = path.mean(0, keepdim=True).expand(K, D)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = (rh.sum() - rh) / (hh.sum() - hh)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong fitted_to_all: each coefficient is fitted to all samples, its own among them
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = (rh.sum() / hh.sum()).expand(K)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong one_coefficient_per_bit: a coefficient for each bit, right for D = 1
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = r * h, h * h
    eta = (rh.sum(0) - rh) / (hh.sum(0) - hh)
    gradient = (r - eta * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong means_subtracted: covariance over variance of the others: means are taken off first
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = []
    for k in range(K):
        rest = [j for j in range(K) if j != k]
        rc, hc = r[rest] - r[rest].mean(0), h[rest] - h[rest].mean(0)
        eta.append((rc * hc).sum() / (hc * hc).sum() if K > 2 else rh[rest[0]] / hh[rest[0]])
    eta = torch.stack(eta)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong means_of_the_others_first: the others are averaged before their products are taken: right for K = 2
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    ro, ho = r.sum(0) - r, h.sum(0) - h
    eta = (ro * ho).sum(-1) / (ho * ho).sum(-1)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong single_sample_let_through: a single sample gets the coefficient one, not a ValueError
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = (rh.sum() - rh) / (hh.sum() - hh) if K > 1 else torch.ones(1, dtype=r.dtype)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong away_from_zero: v measures how far s' lies from zero, on either side: for zeros the quantile is that of 1 - v
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = torch.log1p(-v) - torch.logaddexp(torch.zeros_like(own), v.log() - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = (rh.sum() - rh) / (hh.sum() - hh)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong coefficient_clamped: eta is kept between zero and one, as a shrinkage factor would be
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = (rh.sum() - rh) / (hh.sum() - hh)
    eta = eta.clamp(0.0, 1.0)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong clipped_uniforms: u and v are clipped to [1e-3, 1 - 1e-3] for safety
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    u, v = u.clamp(1e-3, 1 - 1e-3), v.clamp(1e-3, 1 - 1e-3)
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = (rh.sum() - rh) / (hh.sum() - hh)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient


# %% wrong logits_left_requiring_grad: right numbers, but the caller's logits are switched to require a gradient
def rebar(f, logits: Tensor, u: Tensor, v: Tensor, temperature: float):
    K, D = u.shape
    if K < 2:
        raise ValueError("one sample leaves no others to fit the coefficient to")
    logits.requires_grad_()
    own = logits.detach().expand(K, D).clone().requires_grad_()
    s = own + torch.log(u) - torch.log1p(-u)
    z = (s > 0).to(u.dtype).detach()
    up = torch.logaddexp(torch.zeros_like(own), own + v.log()) - torch.log1p(-v)
    down = v.log() - torch.logaddexp(torch.zeros_like(own), torch.log1p(-v) - own)
    s_again = torch.where(z > 0.5, up, down)
    soft, soft_again = f((s / temperature).sigmoid()), f((s_again / temperature).sigmoid())
    (path,) = torch.autograd.grad((soft - soft_again).sum(), own)
    score = z - logits.detach().sigmoid()
    r = f(z).detach().unsqueeze(-1) * score
    h = soft_again.detach().unsqueeze(-1) * score - path
    rh, hh = (r * h).sum(-1), (h * h).sum(-1)
    eta = (rh.sum() - rh) / (hh.sum() - hh)
    gradient = (r - eta.unsqueeze(-1) * h).mean(0)
    return torch.stack([r, h]), gradient

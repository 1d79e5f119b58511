import math

import numpy as np
import torch
from torch import Tensor


def slope_of(f, z):
    z = z.detach().clone().requires_grad_()
    return torch.autograd.grad(f(z).sum(), z)[0]


# %% right leibniz: boundary term as a baseline f(mu) in both columns of the score, density times height times speed for the path
def two_repairs(f, places: Tensor, heights: Tensor, loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, s = loc.detach(), log_scale.detach().exp()
    z = loc + s * eps
    gain = (f(z) - f(loc)).detach()
    score = torch.stack([gain / s, gain * (eps - 1)], -1)
    slope = slope_of(f, z)
    away = places - loc
    seen = away > 0
    mass = torch.where(seen, heights * torch.exp(-away.clamp(min=0) / s) / s, torch.zeros_like(heights))
    path = torch.stack([slope + mass.sum(), slope * s * eps + (mass * away).sum()], -1)
    return score, path


# %% right loop_with_plain_log_scale: a Python loop over samples and jumps; the score for log_scale is left plain, as the edge does not move with it
def two_repairs(f, places, heights, loc, log_scale, eps):
    mu, s = float(loc), math.exp(float(log_scale))
    one = lambda v: float(f(torch.tensor([v], dtype=torch.float64)).detach()[0])
    jump_mu = jump_s = 0.0
    for c, h in zip(places.tolist(), heights.tolist()):
        if c > mu:
            density = math.exp(-(c - mu) / s) / s
            jump_mu, jump_s = jump_mu + h * density, jump_s + h * density * (c - mu)
    score, path = [], []
    for e in eps.tolist():
        z = mu + s * e
        d = float(slope_of(f, torch.tensor([z], dtype=torch.float64))[0])
        score.append([(one(z) - one(mu)) / s, one(z) * (e - 1)])
        path.append([d + jump_mu, d * (z - mu) + jump_s])
    return torch.tensor(score, dtype=torch.float64).reshape(-1, 2), torch.tensor(path, dtype=torch.float64).reshape(-1, 2)


# %% right autograd_of_the_survival: jumps are differentiated as steps with known mean h exp(-(c - mu) / s); the slope by vmap of grad over the parameters; score from torch.distributions
def two_repairs(f, places, heights, loc, log_scale, eps):
    par = torch.stack([loc.detach(), log_scale.detach()]).double()

    def mean_of_steps(v):
        return (heights * torch.exp(-(places - v[0]).clamp(min=0.0) / v[1].exp())).sum()

    jump = torch.func.grad(mean_of_steps)(par)
    z = par[0] + par[1].exp() * eps
    slope = slope_of(f, z)
    speed = torch.func.vmap(lambda e: torch.func.jacrev(lambda v: v[0] + v[1].exp() * e)(par))(eps)
    path = slope.unsqueeze(-1) * speed + jump
    rate = (-par[1]).exp()
    leaf = par[1].expand(len(eps)).clone().requires_grad_()
    log_q = torch.distributions.Exponential((-leaf).exp(), validate_args=False).log_prob((z - par[0]))
    d_log_scale = torch.autograd.grad(log_q.sum(), leaf)[0]
    gain = (f(z) - f(par[0].expand(1))).detach()
    return torch.stack([gain * rate, gain * d_log_scale], -1), path


# %% wrong speed_is_the_place: a jump's speed in log s is taken as c in place of c - mu; right at mu = 0
def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    z = loc + s * eps
    gain, slope, away = (f(z) - f(loc)).detach(), slope_of(f, z), places - loc
    mass = (away > 0) * heights * torch.exp(-away.clamp(min=0) / s) / s
    score = torch.stack([gain / s, gain * (eps - 1)], -1)
    return score, torch.stack([slope + mass.sum(), slope * s * eps + (mass * places).sum()], -1)


# %% wrong edge_at_smallest_sample: the height at the edge is read off at the smallest sample, not at mu
def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    z = loc + s * eps
    gain, slope, away = (f(z) - f(z.min())).detach(), slope_of(f, z), places - loc
    mass = (away > 0) * heights * torch.exp(-away.clamp(min=0) / s) / s
    score = torch.stack([gain / s, gain * (eps - 1)], -1)
    return score, torch.stack([slope + mass.sum(), slope * s * eps + (mass * away).sum()], -1)


# %% wrong baseline_of_all_samples: the log-scale score has the mean reward of all samples as its baseline, each sample's own included: a factor 1 - 1/K
def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    z = loc + s * eps
    value, slope, away = f(z).detach(), slope_of(f, z), places - loc
    mass = (away > 0) * heights * torch.exp(-away.clamp(min=0) / s) / s
    score = torch.stack([(value - f(loc).detach()) / s, (value - value.mean()) * (eps - 1)], -1)
    return score, torch.stack([slope + mass.sum(), slope * s * eps + (mass * away).sum()], -1)


# %% wrong edge_subtracted_twice: the boundary term is subtracted in the log-scale score as well, though the edge does not move with s; right where f(mu) = 0
def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    z = loc + s * eps
    value, slope, away = f(z).detach(), slope_of(f, z), places - loc
    mass = (away > 0) * heights * torch.exp(-away.clamp(min=0) / s) / s
    edge = f(loc).detach()
    score = torch.stack([(value - edge) / s, value * (eps - 1) - edge], -1)
    return score, torch.stack([slope + mass.sum(), slope * s * eps + (mass * away).sum()], -1)


# %% wrong difference_across_jumps: slopes by central differences of width 2e-3, which now and then straddle a jump
def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    z = loc + s * eps
    gain, away = (f(z) - f(loc)).detach(), places - loc
    slope = ((f(z + 1e-3) - f(z - 1e-3)) / 2e-3).detach()
    mass = (away > 0) * heights * torch.exp(-away.clamp(min=0) / s) / s
    score = torch.stack([gain / s, gain * (eps - 1)], -1)
    return score, torch.stack([slope + mass.sum(), slope * s * eps + (mass * away).sum()], -1)


# %% wrong jumps_by_score: the steps are not integrated but left to the score function: unbiased, noisier than it need be
def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    z = loc + s * eps
    gain, slope = (f(z) - f(loc)).detach(), slope_of(f, z)
    steps = lambda t: (heights * (t.unsqueeze(-1) > places)).sum(-1)
    extra = steps(z) - steps(loc)
    score = torch.stack([gain / s, gain * (eps - 1)], -1)
    return score, torch.stack([slope + extra / s, slope * s * eps + extra * (eps - 1)], -1)


# %% wrong fees_at_one_place_merged: a dictionary of the jumps by place: of two fees at the same place only the last one counts
def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    z = loc + s * eps
    gain, slope = (f(z) - f(loc)).detach(), slope_of(f, z)
    first = second = 0.0
    for c, h in dict(zip(places.tolist(), heights.tolist())).items():
        if c > loc:
            density = math.exp(-(c - loc) / s) / s
            first, second = first + h * density, second + h * density * (c - loc)
    score = torch.stack([gain / s, gain * (eps - 1)], -1)
    return score, torch.stack([slope + first, slope * s * eps + second], -1)


# %% wrong places_below_zero_dropped: jumps are kept if c > 0 in place of c > mu, and the distance cut at zero
def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    z = loc + s * eps
    gain, slope, away = (f(z) - f(loc)).detach(), slope_of(f, z), (places - loc).clamp(min=0)
    mass = (places > 0) * (away > 0) * heights * torch.exp(-away / s) / s
    score = torch.stack([gain / s, gain * (eps - 1)], -1)
    return score, torch.stack([slope + mass.sum(), slope * s * eps + (mass * away).sum()], -1)


# %% wrong just_inside_the_edge: the height at the edge is asked for a twentieth of s inside, where f may be higher already
def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    z = loc + s * eps
    edge = f(loc + 0.05 * s).detach()
    gain, slope, away = (f(z) - edge).detach(), slope_of(f, z), places - loc
    mass = (away > 0) * heights * torch.exp(-away.clamp(min=0) / s) / s
    score = torch.stack([gain / s, gain * (eps - 1)], -1)
    return score, torch.stack([slope + mass.sum(), slope * s * eps + (mass * away).sum()], -1)


# %% wrong noise_given_a_graph: right numbers, but requires_grad is switched on in the caller's eps
def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    eps.requires_grad_()
    z = loc + s * eps
    slope = torch.autograd.grad(f(z).sum(), eps)[0] / s
    noise = eps.detach()
    gain, away = (f(z.detach()) - f(loc)).detach(), places - loc
    mass = (away > 0) * heights * torch.exp(-away.clamp(min=0) / s) / s
    score = torch.stack([gain / s, gain * (noise - 1)], -1)
    return score, torch.stack([slope + mass.sum(), slope * s * noise + (mass * away).sum()], -1)

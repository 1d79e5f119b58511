# %% right formula: f times the score less f at the edge over s; the slope along the path, plus height, density and speed at each jump.
import torch


def two_repairs(f, places, heights, loc, log_scale, eps):
    s = log_scale.exp()
    z = (loc + s * eps).requires_grad_()
    value = f(z)
    (slope,) = torch.autograd.grad(value.sum(), z)
    value, z = value.detach(), z.detach()
    edge = f(loc.reshape(1)).detach() / s
    score = torch.stack([value / s - edge, value * (eps - 1)], -1)
    away = places - loc
    flow = torch.where(away > 0, heights * torch.exp(-away / s) / s, 0.0)
    path = torch.stack([slope + flow.sum(), slope * s * eps + (flow * away).sum()], -1)
    return score, path


# %% right baseline: The boundary term as a baseline of f, for loc alone; densities by torch, jumps in a loop.
import torch
from torch.distributions import Exponential


def two_repairs(f, places, heights, loc, log_scale, eps):
    s = torch.exp(log_scale)
    z = loc + s * eps
    with torch.no_grad():
        gain = f(z) - f(loc.view(1))
        score = torch.stack([gain / s, f(z) * (eps - 1)], 1)

    path = torch.zeros(len(eps), 2, dtype=eps.dtype)
    for c, h in zip(places, heights):
        if c > loc:
            density = Exponential(1 / s).log_prob(c - loc).exp()
            path += h * density * torch.stack([torch.ones_like(c), c - loc])
    leaf = z.clone().requires_grad_(True)
    f(leaf).sum().backward()
    path = path + leaf.grad[:, None] * torch.stack([torch.ones_like(eps), z - loc], 1)
    return [score, path]


# %% right autograd: Two surrogates; autograd differentiates both, edge and survival function included.
import torch


def two_repairs(f, places, heights, loc, log_scale, eps):
    count = len(eps)
    m = loc.expand(count).clone().requires_grad_(True)
    r = log_scale.expand(count).clone().requires_grad_(True)
    z = m + r.exp() * eps
    fixed = z.detach()
    log_q = -r - (fixed - m) / r.exp()
    edge = f(loc.reshape(1)).detach() * (-m / r.detach().exp())
    score = torch.autograd.grad((f(fixed).detach() * log_q + edge).sum(), (m, r))
    inside = places[places > loc]
    beyond = torch.exp(-(inside - m[:, None]) / r.exp()[:, None])
    path = torch.autograd.grad((f(z) + (heights[places > loc] * beyond).sum(-1)).sum(), (m, r))
    return torch.stack(score, -1), torch.stack(path, -1)


# %% right numpy: The same in NumPy, f asked through torch.
import numpy as np
import torch


def two_repairs(f, places, heights, loc, log_scale, eps):
    m, s, e = float(loc), float(np.exp(float(log_scale))), eps.numpy()
    leaf = torch.tensor(m + s * e, requires_grad=True)
    heights_at = f(leaf)
    heights_at.sum().backward()
    slope, value = leaf.grad.numpy(), heights_at.detach().numpy()
    at_edge = f(torch.tensor([m], dtype=torch.float64)).item()
    c, h = places.numpy(), heights.numpy()
    h, c = h[c > m], c[c > m]
    pull = h * np.exp((m - c) / s) / s
    score = np.column_stack([(value - at_edge) / s, value * e - value])
    path = np.column_stack([slope, slope * (s * e)]) + [pull.sum(), pull @ (c - m)]
    return torch.from_numpy(score), torch.from_numpy(path)


# %% wrong plain, from right formula: Both gradients as the lecture has them, each where it does not hold.
# diagnosis: edge_forgotten
#-     edge = f(loc.reshape(1)).detach() / s
#-     score = torch.stack([value / s - edge, value * (eps - 1)], -1)
#-     away = places - loc
#-     flow = torch.where(away > 0, heights * torch.exp(-away / s) / s, 0.0)
#-     path = torch.stack([slope + flow.sum(), slope * s * eps + (flow * away).sum()], -1)
#+     score = torch.stack([value / s, value * (eps - 1)], -1)
#+     path = torch.stack([slope, slope * s * eps], -1)


# %% wrong jumps_forgotten, from right formula: Only the score function was repaired; slopes are trusted across the jumps.
# diagnosis: jumps_forgotten
#-     path = torch.stack([slope + flow.sum(), slope * s * eps + (flow * away).sum()], -1)
#+     path = torch.stack([slope, slope * s * eps], -1)


# %% wrong edge_sign, from right formula: The derivative of a lower limit comes with a minus; it was added.
# diagnosis: edge_sign
#-     edge = f(loc.reshape(1)).detach() / s
#+     edge = -f(loc.reshape(1)).detach() / s


# %% wrong edge_density, from right formula: f at the edge, without the density there.
# diagnosis: edge_density
#-     edge = f(loc.reshape(1)).detach() / s
#+     edge = f(loc.reshape(1)).detach()


# %% wrong edge_everywhere, from right formula: The boundary term in both columns, although the scale does not move the edge.
# diagnosis: edge_everywhere
#-     score = torch.stack([value / s - edge, value * (eps - 1)], -1)
#+     score = torch.stack([value / s - edge, value * (eps - 1) - edge], -1)


# %% wrong edge_in_both, from right formula: The boundary term goes into the path as well, where nothing is lost.
# diagnosis: edge_in_both
#-     path = torch.stack([slope + flow.sum(), slope * s * eps + (flow * away).sum()], -1)
#+     path = torch.stack([slope + flow.sum() - edge, slope * s * eps + (flow * away).sum()], -1)


# %% wrong jumps_in_both, from right formula: The jumps are added to the score function, too, which saw them already.
# diagnosis: jumps_in_both
#-     return score, path
#+     return score + torch.stack([flow.sum(), (flow * away).sum()]), path


# %% wrong jump_sign, from right formula: The jump counts with a minus, as if samples fell back across it.
# diagnosis: jump_sign
#-     path = torch.stack([slope + flow.sum(), slope * s * eps + (flow * away).sum()], -1)
#+     path = torch.stack([slope - flow.sum(), slope * s * eps - (flow * away).sum()], -1)


# %% wrong jump_density, from right formula: The probability of lying beyond the jump stands for the density at it.
# diagnosis: jump_density
#-     flow = torch.where(away > 0, heights * torch.exp(-away / s) / s, 0.0)
#+     flow = torch.where(away > 0, heights * torch.exp(-away / s), 0.0)


# %% wrong jump_speed, from right formula: For log_scale the speed of a sample at the jump is taken for one, that of loc.
# diagnosis: jump_speed
#-     path = torch.stack([slope + flow.sum(), slope * s * eps + (flow * away).sum()], -1)
#+     path = torch.stack([slope + flow.sum(), slope * s * eps + flow.sum()], -1)


# %% wrong jump_outside, from right formula: Every jump counts, those below the edge included, where no sample ever is.
# diagnosis: jump_outside
#-     flow = torch.where(away > 0, heights * torch.exp(-away / s) / s, 0.0)
#+     flow = heights * torch.exp(-away / s) / s


# %% wrong of_scale, from right formula: The second column is the derivative in s, where log s is asked.
# diagnosis: of_scale
#-     return score, path
#+     return score / torch.stack([s / s, s]), path / torch.stack([s / s, s])


# %% wrong score_of_log_scale, from right formula: The normalizing constant 1/s is forgotten in the score for log s.
# diagnosis: score_of_log_scale
#-     score = torch.stack([value / s - edge, value * (eps - 1)], -1)
#+     score = torch.stack([value / s - edge, value * eps], -1)


# %% wrong swapped, from right formula: Slopes first, heights second.
# diagnosis: swapped
#-     return score, path
#+     return path, score


# %% wrong path_twice, from right formula: The quieter estimate in both places; the first uses slopes, which it must not need.
# diagnosis: slopes_in_score
#-     return score, path
#+     return path, path


# %% wrong averaged, from right formula: Every sample is given the mean of all of them.
# diagnosis: samples_mixed
#-     return score, path
#+     return 0.1 * score + 0.9 * score.mean(0), path


# %% wrong noisy, from right formula: Something with mean zero is added, "to explore".
# diagnosis: too_noisy
#-     return score, path
#+     return score + 4 * (eps[:, None] - 1), path


# %% wrong sampled_edge, from right formula: f at the edge is replaced by f at the smallest sample, which is near it.
# diagnosis: samples_mixed
#-     edge = f(loc.reshape(1)).detach() / s
#+     edge = value[eps.argmin()] / s

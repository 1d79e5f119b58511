# %% right both_ways: Masks multiply; forth in order, back in reverse.
import math

import torch


def coupling_flow(layers, eps, z):
    for mask, net in layers:
        shift, log_scale = net(mask * eps)
        eps = mask * eps + (1 - mask) * (eps * log_scale.exp() + shift)
    log_q = torch.zeros(len(z), dtype=z.dtype)
    for mask, net in reversed(layers):
        shift, log_scale = net(mask * z)
        z = mask * z + (1 - mask) * (z - shift) * (-log_scale).exp()
        log_q = log_q - ((1 - mask) * log_scale).sum(-1)
    return eps, log_q - 0.5 * z.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi)


# %% right where: Choices instead of products; the base density from torch.
import torch
from torch.distributions import Normal


def coupling_flow(layers, eps, z):
    def read(mask, net, u):
        shift, log_scale = net(torch.where(mask > 0, u, torch.zeros_like(u)))
        stays = mask.bool().expand(u.shape)
        return shift.masked_fill(stays, 0.0), log_scale.masked_fill(stays, 0.0)

    samples, noise, stretch = eps, z, 0.0
    for mask, net in layers:
        shift, log_scale = read(mask, net, samples)
        samples = samples * log_scale.exp() + shift
    for mask, net in layers[::-1]:
        shift, log_scale = read(mask, net, noise)
        noise = (noise - shift) / log_scale.exp()
        stretch = stretch + log_scale.sum(-1)
    return [samples, Normal(0.0, 1.0).log_prob(noise).sum(-1) - stretch]


# %% right by_points: Point by point, coordinate by coordinate.
import math

import torch


def coupling_flow(layers, eps, z):
    samples, densities = [], []
    for u in eps:
        for mask, net in layers:
            shift, log_scale = net(u * mask)
            u = torch.stack([u[d] if mask[d] == 1 else u[d] * log_scale[d].exp() + shift[d] for d in range(len(u))])
        samples.append(u)
    for u in z:
        total = torch.zeros((), dtype=z.dtype)
        for mask, net in reversed(layers):
            shift, log_scale = net(u * mask)
            for d in range(len(u)):
                if mask[d] == 0:
                    total = total + log_scale[d]
            u = torch.stack([u[d] if mask[d] == 1 else (u[d] - shift[d]) / log_scale[d].exp() for d in range(len(u))])
        densities.append(-0.5 * (u * u).sum() - 0.5 * len(u) * math.log(2 * math.pi) - total)
    return torch.stack(samples), torch.stack(densities)


# %% wrong turned, from right both_ways: The mask marks what moves.
# diagnosis: mask_turned
#-     for mask, net in layers:
#-         shift, log_scale = net(mask * eps)
#+     layers = [(1 - mask, net) for mask, net in layers]
#+     for mask, net in layers:
#+         shift, log_scale = net(mask * eps)


# %% wrong unmasked, from right both_ways: The network sees all coordinates.
# diagnosis: not_masked
#-         shift, log_scale = net(mask * eps)
#+         shift, log_scale = net(eps)


# %% wrong one_order, from right both_ways: The way back undoes the first layer first.
# diagnosis: order_of_layers
#-     for mask, net in reversed(layers):
#+     for mask, net in layers:


# %% wrong sign, from right where: The determinant is that of the way back, and is subtracted.
# diagnosis: determinant_sign
#-     return [samples, Normal(0.0, 1.0).log_prob(noise).sum(-1) - stretch]
#+     return [samples, Normal(0.0, 1.0).log_prob(noise).sum(-1) + stretch]


# %% wrong no_determinant, from right where: The density of the noise is returned.
# diagnosis: determinant_missing
#-     return [samples, Normal(0.0, 1.0).log_prob(noise).sum(-1) - stretch]
#+     return [samples, Normal(0.0, 1.0).log_prob(noise).sum(-1)]


# %% wrong all_counted, from right both_ways: The determinant counts log scales that are not used.
# diagnosis: stays_counted
#-         log_q = log_q - ((1 - mask) * log_scale).sum(-1)
#+         log_q = log_q - log_scale.sum(-1)


# %% wrong base_at_z, from right where: The normal is taken at the points.
# diagnosis: base_at_z
#-     return [samples, Normal(0.0, 1.0).log_prob(noise).sum(-1) - stretch]
#+     return [samples, Normal(0.0, 1.0).log_prob(z).sum(-1) - stretch]


# %% wrong all_moved, from right both_ways: The coordinates that are read move, too.
# diagnosis: stays_moved
#-         eps = mask * eps + (1 - mask) * (eps * log_scale.exp() + shift)
#+         eps = eps * log_scale.exp() + shift


# %% wrong detached, from right both_ways: The networks run without a graph.
# diagnosis: detached
#-     for mask, net in layers:
#-         shift, log_scale = net(mask * eps)
#+     def frozen(net):
#+         return lambda u: tuple(part.detach() for part in net(u))
#+
#+     layers = [(mask, frozen(net)) for mask, net in layers]
#+     for mask, net in layers:
#+         shift, log_scale = net(mask * eps)

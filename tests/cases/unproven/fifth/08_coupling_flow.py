import math

import numpy as np
import torch
from torch import Tensor


# %% right forth_and_back: masks by torch.where, the layers in order for the samples, in reverse for the density
def coupling_flow(layers, eps, z):
    x = eps
    for mask, net in layers:
        keep = mask.bool()
        shift, log_scale = net(torch.where(keep, x, torch.zeros_like(x)))
        x = torch.where(keep, x, x * log_scale.exp() + shift)
    u, log_det = z, torch.zeros(z.shape[:-1], dtype=torch.float64)
    for mask, net in reversed(layers):
        keep = mask.bool()
        shift, log_scale = net(torch.where(keep, u, torch.zeros_like(u)))
        u = torch.where(keep, u, (u - shift) * (-log_scale).exp())
        log_det = log_det + torch.where(keep, torch.zeros_like(log_scale), log_scale).sum(-1)
    return x, -0.5 * u.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - log_det


# %% right recursive_columns: point by point and by recursion: the density of the last layer in terms of the density of the layers before it
def coupling_flow(layers, eps, z):
    def forth(point, k):
        if k == len(layers):
            return point
        mask, net = layers[k]
        shift, log_scale = net((point * mask)[None])
        moved = [point[d] if mask[d] == 1 else point[d] * torch.exp(log_scale[0, d]) + shift[0, d] for d in range(len(point))]
        return forth(torch.stack(moved), k + 1)

    def density(point, k):
        if k == 0:
            return sum(-0.5 * v * v - 0.5 * math.log(2 * math.pi) for v in point)
        mask, net = layers[k - 1]
        shift, log_scale = net((point * mask)[None])
        total, before = 0.0, []
        for d in range(len(point)):
            if mask[d] == 1:
                before.append(point[d])
            else:
                before.append((point[d] - shift[0, d]) / torch.exp(log_scale[0, d]))
                total = total + log_scale[0, d]
        return density(torch.stack(before), k - 1) - total

    return torch.stack([forth(e, 0) for e in eps]), torch.stack([density(p, len(layers)) for p in z])


# %% right transform_class: torch.distributions: each layer a Transform, the density by TransformedDistribution
def coupling_flow(layers, eps, z):
    class Layer(torch.distributions.Transform):
        domain = codomain = torch.distributions.constraints.real_vector
        bijective = True

        def __init__(self, mask, net):
            super().__init__()
            self.mask, self.net = mask, net

        def read(self, u):
            shift, log_scale = self.net(u * self.mask)
            return shift * (1 - self.mask), log_scale * (1 - self.mask)

        def _call(self, u):
            shift, log_scale = self.read(u)
            return u * log_scale.exp() + shift

        def _inverse(self, v):
            shift, log_scale = self.read(v)
            return (v - shift) * (-log_scale).exp()

        def log_abs_det_jacobian(self, u, v):
            return self.read(u)[1].sum(-1)

    base = torch.distributions.Independent(torch.distributions.Normal(torch.zeros(eps.shape[-1], dtype=torch.float64), 1.0), 1)
    steps = [Layer(mask, net) for mask, net in layers]
    samples = eps
    for step in steps:
        samples = step(samples)
    flow = torch.distributions.TransformedDistribution(base, steps, validate_args=False) if steps else base
    return samples, flow.log_prob(z)


# %% wrong log_det_where_it_lands: back through the layers the log scales are right, but for the log-determinant the net reads the undone point with all its places; the same for nets that read only what stays
def coupling_flow(layers, eps, z):
    x = eps
    for mask, net in layers:
        shift, log_scale = net(x * mask)
        x = x * mask + (1 - mask) * (x * log_scale.exp() + shift)
    u, log_det = z, 0.0
    for mask, net in reversed(layers):
        shift, log_scale = net(u * mask)
        u = u * mask + (1 - mask) * (u - shift) * (-log_scale).exp()
        log_det = log_det + ((1 - mask) * net(u)[1]).sum(-1)
    return x, -0.5 * u.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - log_det


# %% wrong shift_before_scale: the moved places are shifted and then scaled; consistent both ways, a proper density, of another flow
def coupling_flow(layers, eps, z):
    x = eps
    for mask, net in layers:
        shift, log_scale = net(x * mask)
        x = x * mask + (1 - mask) * (x + shift) * log_scale.exp()
    u, log_det = z, 0.0
    for mask, net in reversed(layers):
        shift, log_scale = net(u * mask)
        u = u * mask + (1 - mask) * (u * (-log_scale).exp() - shift)
        log_det = log_det + ((1 - mask) * log_scale).sum(-1)
    return x, -0.5 * u.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - log_det


# %% wrong flat_batch: the log-determinant is summed over all points of the batch, right for one point
def coupling_flow(layers, eps, z):
    x = eps
    for mask, net in layers:
        shift, log_scale = net(x * mask)
        x = x * mask + (1 - mask) * (x * log_scale.exp() + shift)
    u, log_det = z, 0.0
    for mask, net in layers[::-1]:
        shift, log_scale = net(u * mask)
        u = u * mask + (1 - mask) * (u - shift) * (-log_scale).exp()
        log_det = log_det + ((1 - mask) * log_scale).sum()
    return x, -0.5 * u.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - log_det


# %% wrong cropped_net: the net is given only the coordinates that stay, moved to the front and filled up with zeros behind; right where the mask's ones come first
def coupling_flow(layers, eps, z):
    def read(net, mask, u):
        at = mask.nonzero()[:, 0]
        return net(torch.cat([u[:, at], torch.zeros(len(u), u.shape[-1] - len(at), dtype=u.dtype)], -1))

    x = eps
    for mask, net in layers:
        shift, log_scale = read(net, mask, x)
        x = x * mask + (1 - mask) * (x * log_scale.exp() + shift)
    u, log_det = z, 0.0
    for mask, net in layers[::-1]:
        shift, log_scale = read(net, mask, u)
        u = u * mask + (1 - mask) * (u - shift) * (-log_scale).exp()
        log_det = log_det + ((1 - mask) * log_scale).sum(-1)
    return x, -0.5 * u.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - log_det


# %% wrong halves: the first half of the coordinates is taken for those that stay, or the second, whichever the mask's first entry says; right for masks of two halves
def coupling_flow(layers, eps, z):
    half = eps.shape[-1] // 2

    def keep(mask):
        first = torch.arange(len(mask)) < half
        return (first if mask[0] == 1 else ~first).double()

    x = eps
    for mask, net in layers:
        mask = keep(mask)
        shift, log_scale = net(x * mask)
        x = x * mask + (1 - mask) * (x * log_scale.exp() + shift)
    u, log_det = z, 0.0
    for mask, net in layers[::-1]:
        mask = keep(mask)
        shift, log_scale = net(u * mask)
        u = u * mask + (1 - mask) * (u - shift) * (-log_scale).exp()
        log_det = log_det + ((1 - mask) * log_scale).sum(-1)
    return x, -0.5 * u.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - log_det


# %% wrong no_layer_fails: the log-determinants are stacked and summed, which fails for an empty list
def coupling_flow(layers, eps, z):
    x = eps
    for mask, net in layers:
        shift, log_scale = net(x * mask)
        x = x * mask + (1 - mask) * (x * log_scale.exp() + shift)
    u, log_dets = z, []
    for mask, net in layers[::-1]:
        shift, log_scale = net(u * mask)
        u = u * mask + (1 - mask) * (u - shift) * (-log_scale).exp()
        log_dets.append(((1 - mask) * log_scale).sum(-1))
    return x, -0.5 * u.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - torch.stack(log_dets).sum(0)


# %% wrong detached_jacobian: the log-determinant from autograd's full matrix of derivatives, detached, so that the density's values are right and half of its gradient is gone
def coupling_flow(layers, eps, z):
    def undo(u):
        for mask, net in layers[::-1]:
            shift, log_scale = net(u * mask)
            u = u * mask + (1 - mask) * (u - shift) * (-log_scale).exp()
        return u

    x = eps
    for mask, net in layers:
        shift, log_scale = net(x * mask)
        x = x * mask + (1 - mask) * (x * log_scale.exp() + shift)
    slopes = torch.stack([torch.autograd.functional.jacobian(undo, p[None])[0, :, 0] for p in z])
    return x, -0.5 * undo(z).square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) + torch.linalg.slogdet(slopes).logabsdet


# %% wrong reversed_in_place: the list of layers is reversed in place for the way back, so the caller's flow is another one afterwards
def coupling_flow(layers, eps, z):
    x = eps
    for mask, net in layers:
        shift, log_scale = net(x * mask)
        x = x * mask + (1 - mask) * (x * log_scale.exp() + shift)
    u, log_det = z, torch.zeros(len(z), dtype=torch.float64)
    layers.reverse()
    for mask, net in layers:
        shift, log_scale = net(u * mask)
        u = u * mask + (1 - mask) * (u - shift) * (-log_scale).exp()
        log_det = log_det + ((1 - mask) * log_scale).sum(-1)
    return x, -0.5 * u.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - log_det


# %% wrong overwritten_noise: the samples are written into the caller's noise, place by place
def coupling_flow(layers, eps, z):
    with torch.no_grad():
        for mask, net in layers:
            shift, log_scale = net(eps * mask)
            at = (mask == 0).nonzero()[:, 0]
            eps[:, at] = eps[:, at] * log_scale[:, at].exp() + shift[:, at]
    u, log_det = z, torch.zeros(len(z), dtype=torch.float64)
    for mask, net in layers[::-1]:
        shift, log_scale = net(u * mask)
        u = u * mask + (1 - mask) * (u - shift) * (-log_scale).exp()
        log_det = log_det + ((1 - mask) * log_scale).sum(-1)
    return eps, -0.5 * u.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - log_det


# %% wrong nets_by_mask: the nets are kept in a dictionary by their mask, so that of two layers with one mask the later net serves both
def coupling_flow(layers, eps, z):
    nets = {tuple(mask.tolist()): net for mask, net in layers}
    x = eps
    for mask, _ in layers:
        shift, log_scale = nets[tuple(mask.tolist())](x * mask)
        x = x * mask + (1 - mask) * (x * log_scale.exp() + shift)
    u, log_det = z, torch.zeros(len(z), dtype=torch.float64)
    for mask, _ in layers[::-1]:
        shift, log_scale = nets[tuple(mask.tolist())](u * mask)
        u = u * mask + (1 - mask) * (u - shift) * (-log_scale).exp()
        log_det = log_det + ((1 - mask) * log_scale).sum(-1)
    return x, -0.5 * u.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi) - log_det

import math

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal


def two_orders(bound, log_w):  # first derivatives and the diagonal of the second ones, sample by sample; for the answers that share it
    leaf = log_w.detach().requires_grad_()
    (first,) = torch.autograd.grad(bound(leaf).sum(), leaf, create_graph=True)
    diagonal = torch.zeros_like(log_w)
    if first.requires_grad:
        for k in range(len(leaf)):
            row = torch.autograd.grad(first[k].sum(), leaf, retain_graph=True, allow_unused=True)[0]
            if row is not None:
                diagonal[k] = row[k]
    return first.detach(), diagonal.detach()


def log_q(z, loc, log_scale):
    return Normal(loc, log_scale.exp()).log_prob(z).sum(-1)


def assemble(bound, p, loc, log_scale, x, eps, factor, first):  # value, path part with the given factor, theta part
    z = loc + log_scale.exp() * eps
    leaf = z.detach().requires_grad_()
    (push,) = torch.autograd.grad((p.log_joint(x, leaf) - log_q(leaf, loc.detach(), log_scale.detach())).sum(), leaf)
    model = p.log_joint(x, z.detach())
    value = bound((model - log_q(z, loc, log_scale)).detach())
    for_phi = (factor * (push * z).sum(-1)).sum(0)
    for_theta = (first * model).sum(0)
    return value.detach() + for_phi - for_phi.detach() + for_theta - for_theta.detach()


# %% right push_and_model: the derivative of log w in z as a constant, times z(phi), with factor f_k - f_kk; the model at frozen samples with f_k
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    with torch.enable_grad():
        leaf = z.detach().requires_grad_()
        log_w = p.log_joint(x, leaf) - log_q(leaf, loc.detach(), log_scale.detach())
        (push,) = torch.autograd.grad(log_w.sum(), leaf)
    first, second = two_orders(bound, log_w)
    factor = first - second
    model = p.log_joint(x, z.detach())
    moving = (factor * (push * z).sum(-1)).sum(0) + (first * model).sum(0)
    return bound(log_w.detach()).detach() + (moving - moving.detach())

# %% right functional_vmap: the model with frozen parameters by functional_call, Hessians by torch.func, one per datum under vmap
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    class Joint(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = p

        def forward(self, x, z):
            return self.inner.log_joint(x, z)

    frozen = {"inner." + name: value.detach() for name, value in p.named_parameters()}
    z = loc + log_scale.exp() * eps
    path = torch.func.functional_call(Joint(), frozen, (x, z)) - log_q(z, loc.detach(), log_scale.detach())
    log_w = path.detach()
    flat = log_w.reshape(len(log_w), -1).T
    first = torch.func.vmap(torch.func.grad(bound))(flat).T.reshape(log_w.shape)
    second = torch.func.vmap(torch.func.hessian(bound))(flat).diagonal(dim1=-2, dim2=-1).T.reshape(log_w.shape)
    moving = ((first - second) * path).sum(0) + (first * p.log_joint(x, z.detach())).sum(0)
    return bound(log_w) + moving - moving.detach()

# %% right directions_by_custom_function: forward over reverse along one sample at a time; a custom autograd function hands out the gradient of loc and log_scale in closed form
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    scale = log_scale.detach().exp()
    z = (loc.detach() + scale * eps).requires_grad_()
    joint = p.log_joint(x, z)
    (model_push,) = torch.autograd.grad(joint.sum(), z, retain_graph=True)
    push = model_push + eps / scale                                  # - d log q / d z = (z - m) / sigma^2
    log_w = (joint + (0.5 * eps ** 2 + log_scale.detach() + 0.5 * math.log(2 * math.pi)).sum(-1)).detach()
    slope = torch.func.grad(lambda w: bound(w).sum())
    first, factor = slope(log_w), torch.empty_like(log_w)
    for k in range(len(log_w)):
        direction = torch.zeros_like(log_w)
        direction[k] = 1
        factor[k] = first[k] - torch.func.jvp(slope, (log_w,), (direction,))[1][k]

    class Handed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, loc, log_scale, value):
            return value.clone()

        @staticmethod
        def backward(ctx, g):
            d = factor.unsqueeze(-1) * push * g.unsqueeze(-1)
            return d.sum(0), (d * scale * eps).sum(0), None

    model = (first.detach() * p.log_joint(x, z.detach())).sum(0)
    return Handed.apply(loc, log_scale, bound(log_w).detach()) + model - model.detach()

# %% wrong squared_slopes: f_k squared in place of f_k - f_kk; right for the log mean weight and every other log of a weighted sum
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    log_w = (p.log_joint(x, loc + log_scale.exp() * eps) - log_q(loc + log_scale.exp() * eps, loc, log_scale)).detach()
    first, _ = two_orders(bound, log_w)
    return assemble(bound, p, loc, log_scale, x, eps, first ** 2, first)

# %% wrong plus_sign: f_k + f_kk; right for linear bounds
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    log_w = (p.log_joint(x, loc + log_scale.exp() * eps) - log_q(loc + log_scale.exp() * eps, loc, log_scale)).detach()
    first, second = two_orders(bound, log_w)
    return assemble(bound, p, loc, log_scale, x, eps, first + second, first)

# %% wrong theta_turned_too: the parameters of p get f_k - f_kk as well; right where nothing in p is learned
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    log_w = (p.log_joint(x, loc + log_scale.exp() * eps) - log_q(loc + log_scale.exp() * eps, loc, log_scale)).detach()
    first, second = two_orders(bound, log_w)
    return assemble(bound, p, loc, log_scale, x, eps, first - second, first - second)

# %% wrong scale_not_frozen: log q is frozen in loc only, so log_scale keeps a part of its score
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_w = (p.log_joint(x, z) - log_q(z, loc, log_scale)).detach()
    first, second = two_orders(bound, log_w)
    extra = -((first - second) * log_q(z.detach(), loc.detach(), log_scale)).sum(0)
    return assemble(bound, p, loc, log_scale, x, eps, first - second, first) + extra - extra.detach()

# %% wrong mean_over_batch: derivatives of bound(...).mean(), so everything is divided by the number of data; right for a batch of one
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    log_w = (p.log_joint(x, loc + log_scale.exp() * eps) - log_q(loc + log_scale.exp() * eps, loc, log_scale)).detach()
    first, second = two_orders(lambda w: bound(w).mean(), log_w)
    return assemble(bound, p, loc, log_scale, x, eps, first - second, first)

# %% wrong second_differences: f_kk by differences with step 1e-5, one to five digits, none where the bound is in the hundreds
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    log_w = (p.log_joint(x, loc + log_scale.exp() * eps) - log_q(loc + log_scale.exp() * eps, loc, log_scale)).detach()
    first, _ = two_orders(bound, log_w)
    second, h = torch.zeros_like(log_w), 1e-5
    for k in range(len(log_w)):
        step = torch.zeros_like(log_w)
        step[k] = h
        second[k] = (bound(log_w + step) - 2 * bound(log_w) + bound(log_w - step)) / h ** 2
    return assemble(bound, p, loc, log_scale, x, eps, first - second, first)

# %% wrong factor_not_detached: f_k and f_kk keep their graph, so the surrogate differentiates them too
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    path = p.log_joint(x, z) - log_q(z, loc.detach(), log_scale.detach())
    (first,) = torch.autograd.grad(bound(path).sum(), path, create_graph=True)
    second = torch.zeros_like(path)
    if first.requires_grad:
        second = torch.stack([torch.autograd.grad(first[k].sum(), path, create_graph=True)[0][k] if first.grad_fn is not None else second[k] for k in range(len(path))])
    moving = ((first - second) * path).sum(0) + (second * p.log_joint(x, z.detach())).sum(0)
    return bound(path.detach()) + moving - moving.detach()

# %% wrong value_is_surrogate: the gradients are right, but the value is sum of f_k log w_k, which is the bound for linear bounds only
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    log_w = (p.log_joint(x, loc + log_scale.exp() * eps) - log_q(loc + log_scale.exp() * eps, loc, log_scale)).detach()
    first, second = two_orders(bound, log_w)
    answer = assemble(bound, p, loc, log_scale, x, eps, first - second, first)
    return answer - answer.detach() + (first * log_w).sum(0)

# %% wrong one_sample_has_no_others: for K = 1 the factor is f_1 without the second derivative; right for K = 1 where the bound is linear in it
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    log_w = (p.log_joint(x, loc + log_scale.exp() * eps) - log_q(loc + log_scale.exp() * eps, loc, log_scale)).detach()
    first, second = two_orders(bound, log_w)
    factor = first if len(eps) == 1 else first - second
    return assemble(bound, p, loc, log_scale, x, eps, factor, first)

# %% wrong symmetric_bound: the second derivative in the first place only, each sample being moved there in turn; wrong for bounds that treat their samples unequally
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    log_w = (p.log_joint(x, loc + log_scale.exp() * eps) - log_q(loc + log_scale.exp() * eps, loc, log_scale)).detach()
    first, _ = two_orders(bound, log_w)
    second = torch.stack([two_orders(bound, torch.cat((log_w[k:], log_w[:k])))[1][0] for k in range(len(log_w))])
    return assemble(bound, p, loc, log_scale, x, eps, first - second, first)

# %% wrong parameters_left_frozen: freezes p by requires_grad_(False) for the path part and never thaws it, so theta has no gradient afterwards
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    model = p.log_joint(x, z.detach())
    for parameter in p.parameters():
        parameter.requires_grad_(False)
    path = p.log_joint(x, z) - log_q(z, loc.detach(), log_scale.detach())
    first, second = two_orders(bound, path)
    moving = ((first - second) * path).sum(0) + (first * model).sum(0)
    return bound(path.detach()) + moving - moving.detach()

# %% wrong shift_equivariant: f_kk as minus the sum of the other entries of its row, true only for bounds that move with the log weights (rows of the Hessian add up to zero)
def any_smooth_bound(bound, p, loc, log_scale, x, eps):
    log_w = (p.log_joint(x, loc + log_scale.exp() * eps) - log_q(loc + log_scale.exp() * eps, loc, log_scale)).detach()
    leaf = log_w.clone().requires_grad_()
    (first,) = torch.autograd.grad(bound(leaf).sum(), leaf, create_graph=True)
    second = torch.zeros_like(log_w)
    if first.requires_grad and first.grad_fn is not None:
        for k in range(len(leaf)):
            row = torch.autograd.grad(first[k].sum(), leaf, retain_graph=True, allow_unused=True)[0]
            if row is not None:
                second[k] = row[k] - row.sum(0)
    return assemble(bound, p, loc, log_scale, x, eps, first.detach() - second, first.detach())

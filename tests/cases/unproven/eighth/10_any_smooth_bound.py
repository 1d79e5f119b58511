import math

import torch
from torch import Tensor
from torch.distributions import Normal

# %% right hessian_products: first derivatives and the diagonal of second ones by autograd.functional; the joint is asked twice so that phi and theta get factors of their own
def any_smooth_bound(bound, p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    moving, resting = p.log_joint(x, z), p.log_joint(x, z.detach())
    at = (resting - log_q).detach()

    def total(log_w):
        return bound(log_w).sum()

    value = bound(at).detach()
    _, first = torch.autograd.functional.vjp(total, at)
    own = []
    for k in range(len(at)):
        direction = torch.zeros_like(at)
        direction[k] = 1.0
        own.append(torch.autograd.functional.vhp(total, at, direction)[1][k])
    factor = (first - torch.stack(own)).detach()
    surrogate = (factor * (moving - log_q) + (first.detach() - factor) * resting).sum(0)
    return value + surrogate - surrogate.detach()


# %% wrong all_move_together: the second derivative is that of f_k when all samples move (the gradient of the sum of first derivatives), not when the k-th does alone
def any_smooth_bound(bound, p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    moving, resting = p.log_joint(x, z), p.log_joint(x, z.detach())
    at = (resting - log_q).detach().requires_grad_()
    value = bound(at)
    (first,) = torch.autograd.grad(value.sum(), at, create_graph=True)
    second = torch.zeros_like(at)
    if first.requires_grad:
        (got,) = torch.autograd.grad(first.sum(), at, allow_unused=True)
        second = second if got is None else got
    first = first.detach()
    factor = first - second
    surrogate = (factor * (moving - log_q) + second * resting).sum(0)
    return value.detach() + surrogate - surrogate.detach()


# %% wrong only_loc_is_frozen: log q is evaluated at a detached mean and a live log scale, so that the score in the log scale stays, with a factor whose mean with it is not zero
def any_smooth_bound(bound, p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.exp()).log_prob(z).sum(-1)
    moving, resting = p.log_joint(x, z), p.log_joint(x, z.detach())
    at = (resting - log_q).detach().requires_grad_()
    value = bound(at)
    (first,) = torch.autograd.grad(value.sum(), at, create_graph=True)
    rows = []
    for k in range(len(at)):
        got = torch.autograd.grad(first[k].sum(), at, retain_graph=True, allow_unused=True)[0] if first.requires_grad else None
        rows.append(torch.zeros_like(at[k]) if got is None else got[k])
    first, own = first.detach(), torch.stack(rows)
    factor = first - own
    surrogate = (factor * (moving - log_q) + own * resting).sum(0)
    return value.detach() + surrogate - surrogate.detach()


# %% wrong samples_are_alike: the second derivative of each sample is found by moving it to the front, which holds for bounds that treat their samples alike
def any_smooth_bound(bound, p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    moving, resting = p.log_joint(x, z), p.log_joint(x, z.detach())
    at = (resting - log_q).detach()
    firsts, seconds = [], []
    for k in range(len(at)):
        own = at[k].clone().requires_grad_()
        value = bound(torch.cat([own[None], at[:k], at[k + 1 :]]))
        (first,) = torch.autograd.grad(value.sum(), own, create_graph=True, allow_unused=True, materialize_grads=True)
        second = torch.autograd.grad(first.sum(), own, allow_unused=True)[0] if first.requires_grad and first.grad_fn is not None else None
        firsts.append(first.detach())
        seconds.append(torch.zeros_like(own) if second is None else second.detach())
    first, own = torch.stack(firsts), torch.stack(seconds)
    surrogate = ((first - own) * (moving - log_q) + own * resting).sum(0)
    return bound(at).detach() + surrogate - surrogate.detach()


# %% wrong forward_difference: the second derivative is a difference of first derivatives with a step of 1e-4, so that only some four digits are right where the third derivative is not zero
def any_smooth_bound(bound, p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    moving, resting = p.log_joint(x, z), p.log_joint(x, z.detach())
    at = (resting - log_q).detach()

    def slope(log_w):
        log_w = log_w.clone().requires_grad_()
        return torch.autograd.grad(bound(log_w).sum(), log_w, allow_unused=True, materialize_grads=True)[0]

    first, step = slope(at), 1e-4
    own = torch.zeros_like(first)
    for k in range(len(at)):
        nudged = at.clone()
        nudged[k] += step
        own[k] = (slope(nudged)[k] - first[k]) / step
    surrogate = ((first - own) * (moving - log_q) + own * resting).sum(0)
    return bound(at).detach() + surrogate - surrogate.detach()

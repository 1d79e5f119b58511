import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# %% right one_line: the line that makes s' is repaired, and nothing else
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own, z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% right loops_and_chain_rule: sample by sample: slopes of c at both points, times the derivatives of s' written down by hand
def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    K, C = g.shape
    l = logits.detach()
    p, total = l.softmax(0), l.logsumexp(0)
    out = torch.zeros(K, C, dtype=g.dtype)
    for n in range(K):
        s = l + g[n]
        k = int(s.argmax())
        z = torch.zeros(C, dtype=g.dtype)
        z[k] = 1.0
        top = total + h[n, k]
        again, jacobian = torch.zeros(C, dtype=g.dtype), torch.zeros(C, C, dtype=g.dtype)
        for i in range(C):
            if i == k:
                again[i], jacobian[i] = top, p
            else:
                x = l[i] + h[n, i]
                share = torch.sigmoid(x - top)          # of exp(-top) in exp(-top) + exp(-x)
                again[i] = -torch.logaddexp(-top, -x)
                jacobian[i] = share * p
                jacobian[i, i] += 1 - share
        at = torch.stack([s, again]).requires_grad_()
        values = c(at)
        (slopes,) = torch.autograd.grad(values.sum(), at)
        out[n] = (f(z.unsqueeze(0))[0].detach() - values[0].detach()) * (z - p) + slopes[0] - slopes[1] @ jacobian
    return out


# %% right log_probabilities: normalized logits inside, the constant put back with its graph; score by autograd of log q
def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    with torch.enable_grad():
        own = logits.detach().repeat(len(g), 1).requires_grad_()
        log_p = own.log_softmax(-1)
        shift = own[:, :1] - log_p[:, :1]
        k = (own + g).argmax(-1, keepdim=True)
        z = torch.zeros_like(g).scatter_(-1, k, 1.0)
        top = h.gather(-1, k)
        x = log_p + h
        s_again = shift + torch.where(z.bool(), top.expand_as(x), -torch.stack([-x, -top.expand_as(x)]).logsumexp(0))
        follow = c(own + g)
        reward = (f(z) - follow).detach()
        surrogate = (reward * log_p.gather(-1, k).squeeze(-1)).sum() + (follow - c(s_again)).sum()
        (grad,) = torch.autograd.grad(surrogate, own)
    return grad.detach()


# %% right as_in_the_paper: s' repaired and c(s') in the reward: (s, z) and (s', z) have one law, so this is unbiased and of use too, though other numbers (UNCLEAR whether the statement wants c(s) kept)
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own, z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s_again).detach()).unsqueeze(-1) * score + paths


# %% wrong colleague: c(s') in the reward, s' still drawn without regard to z: unbiased, and c is of no use
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = own + h
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s_again).detach()).unsqueeze(-1) * score + paths


# %% wrong score_function_only: c is left out: unbiased, and as loud as before
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own, z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return f(z).unsqueeze(-1) * score


# %% wrong logits_detached_in_s_again: s' has no graph
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own.detach(), z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% wrong logsum_detached: the log of the sum in the largest of s' is a constant to autograd
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits.detach(), -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own, z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% wrong same_noise_again: s' is made of g, not of h
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own, z, g)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% wrong top_kept_from_s: the largest of s' is the largest of s; only the losers are drawn anew
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    top = (z * s).sum(-1, keepdim=True)
    s_again = torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(h), -(own + h)))
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% wrong normalized_logits_in_s_again: s' is made of normalized logits and s of raw ones: right if the two are the same, or if c ignores a shift
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own.log_softmax(-1), z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% wrong clipped: the losers of s' are clipped at the largest, not cut off
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, torch.minimum(top.expand_as(g), logits + g))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own, z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% wrong paths_averaged: every sample gets the mean of all paths: the mean over samples is right, the one-sample estimates are not
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own, z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    paths = paths.mean(0, keepdim=True)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% wrong fresh_noise_of_its_own: unbiased, but h is ignored and new noise drawn from the global generator
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    h = -torch.log(-torch.log(torch.rand_like(h)))
    s_again = conditional_gumbels(own, z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths


# %% wrong mean_reward_as_baseline: the mean reward of all samples, its own among them, is taken off: shrinks the score's part by 1 / K
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own, z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    reward = f(z) - c(s).detach()
    return (reward - reward.mean()).unsqueeze(-1) * score + paths


# %% wrong logits_left_requiring_grad: right numbers, but the caller's logits are switched to require a gradient
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.expand_as(g), -(logits + g)))


def relax_repaired(f, c, logits: Tensor, g: Tensor, h: Tensor) -> Tensor:
    logits.requires_grad_()
    own = logits.detach().expand_as(g).clone().requires_grad_()
    s = own + g
    z = F.one_hot(s.argmax(-1), g.shape[-1]).to(g)
    s_again = conditional_gumbels(own, z, h)
    (paths,) = torch.autograd.grad((c(s) - c(s_again)).sum(), own)
    score = z - own.detach().softmax(-1)
    return (f(z) - c(s).detach()).unsqueeze(-1) * score + paths

# %% right add_score: The path derivative, plus c times a score term that has no value.
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    score = -q(x, z.detach())
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return (log_w + c * (score - score.detach())).mean(0)


# %% right by_hand: Each datum's two gradients taken one by one and put together in a surrogate.
import torch


def score_coefficient(p, q, x, eps, c):
    phi = list(q.parameters())
    z = q.transport(eps, x)
    total = (p.log_joint(x, z) - q(x, z)).mean(0)
    score = -q(x, z.detach()).mean(0)
    rows = []
    for b in range(len(total)):
        g_total = torch.autograd.grad(total[b], phi, allow_unused=True, retain_graph=True)
        g_score = torch.autograd.grad(score[b], phi, allow_unused=True, retain_graph=True)
        step = 0.0
        for parameter, g, s in zip(phi, g_total, g_score):
            wanted = (0 if g is None else g) - (1 - c) * (0 if s is None else s)
            step = step + (wanted * parameter).sum()
        rows.append(total[b].detach() + step - step.detach())
    return torch.stack(rows)


# %% right loop_over_samples: A loop over samples, slopes at a leaf.
import torch


def score_coefficient(p, q, x, eps, c):
    values = []
    for e in eps:
        z = q.transport(e[None], x)
        leaf = z.detach().requires_grad_()
        log_q = q(x, leaf)
        log_w = p.log_joint(x, leaf) - log_q
        (slope,) = torch.autograd.grad(log_w.sum(), leaf, retain_graph=True)
        moving = (slope * z).sum(-1) - c * log_q
        values.append((log_w.detach() + moving - moving.detach()).squeeze(0))
    return sum(values) / len(values)


# %% right mixture_of_two: A mixture of two log densities of the same value, one attached, one frozen.
import torch
from torch.func import functional_call


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    live = q(x, z)
    still = functional_call(q, {name: value.detach() for name, value in q.named_parameters()}, (x, z))
    return torch.mean(p.log_joint(x, z) - torch.lerp(still, live, c), dim=0)


# %% wrong added_to_total, from right add_score: Adds c times the score term to the total derivative, which has one of it already: c is off by one.
# diagnosis: score_added_twice
#-     log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
#-     return (log_w + c * (score - score.detach())).mean(0)
#+     return (p.log_joint(x, z) - q(x, z) + c * (score - score.detach())).mean(0)


# %% wrong ignored, from right add_score: Adds c times a difference that is zero together with its gradient: both halves are alive.
# diagnosis: coefficient_ignored
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    log_q = q(x, z)
    return (p.log_joint(x, z) - log_q + c * (log_q - log_q)).mean(0)


# %% wrong path_scaled, from right add_score: Interpolates between path and score term: at c = 1 the path, and with it the whole signal, is gone.
# diagnosis: path_scaled
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    path = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    score = -q(x, z.detach())
    return (path.detach() + (1 - c) * (path - path.detach()) + c * (score - score.detach())).mean(0)


# %% wrong reversed, from right add_score: c and 1 - c are swapped between the frozen and the live density: right at one half alone.
# diagnosis: coefficient_reversed
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    log_q = c * q.frozen_log_prob(z, x) + (1 - c) * q(x, z)
    return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong score_live, from right add_score: The score is differentiated through z as well: the detach was forgotten, so path terms come along with c.
# diagnosis: score_through_sample
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    score = q(x, z)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) - c * (score - score.detach())).mean(0)


# %% wrong score_through_sample, from right add_score: Both terms of the difference are the frozen density: no score is left for c to multiply.
# diagnosis: coefficient_ignored
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    still = q.frozen_log_prob(z, x)
    return (p.log_joint(x, z) - still + c * (still - q.frozen_log_prob(z, x))).mean(0)


# %% wrong sign, from right add_score: S is minus the gradient of log q: the minus was lost, so c = 1 gives what c = -1 should.
# diagnosis: score_sign
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    score = q(x, z.detach())
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) + c * (score - score.detach())).mean(0)


# %% wrong value_shifted, from right add_score: The score term brings its value along: the gradient is right, the bound is not.
# diagnosis: value_shifted
def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) - c * q(x, z.detach())).mean(0)

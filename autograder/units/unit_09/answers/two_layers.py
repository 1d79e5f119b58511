# %% right frozen_copies: Deep copies of both layers that do not learn.
import copy

import torch


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    still1, still2 = (copy.deepcopy(q).requires_grad_(False) for q in (q1, q2))
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_w = p.log_joint(x, torch.cat((z1, z2), dim=-1)) - still1(x, z1) - still2(z1, z2)
    return log_w.mean(0)


# %% right functional_call: Functional_call of each layer, with z1 passed on as it is.
import torch
from torch.func import functional_call


def held(q, given, z):
    return functional_call(q, {name: value.detach() for name, value in q.named_parameters()}, (given, z))


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_p = p.log_joint(x, torch.cat([z1, z2], -1))
    return (log_p - held(q1, x, z1) - held(q2, z1, z2)).mean(0)


# %% right layered: One family for the pair, frozen as a whole.
import torch

from course_vi.families import Layered


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    q = Layered(q1, q2)
    z = q.transport(torch.cat([eps1, eps2], -1), x)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0)


# %% right slopes_at_leaves: Slopes of log w at leaf copies of z1 and z2, pushed through both transports.
import torch


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    leaves = [z.detach().clone().requires_grad_() for z in (z1, z2)]
    log_w = p.log_joint(x, torch.cat(leaves, -1)) - q1(x, leaves[0]) - q2(*leaves)
    slopes = torch.autograd.grad(log_w.sum(), leaves)
    path = sum((slope * z).sum(-1) for slope, z in zip(slopes, (z1, z2)))
    return (log_w.detach() + path - path.detach()).mean(0)


# %% right subtract_scores: The total derivative minus the score terms of both layers, at a fixed pair.
import torch


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    total = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
    score = q1(x, z1.detach()) + q2(z1.detach(), z2.detach())
    return (total + score - score.detach()).mean(0)


# %% wrong condition_detached, from right frozen_copies: Detaches z1 as the condition of the frozen second layer: unbiased, but at the posterior the gradient stays noisy.
# diagnosis: path_cut
#-     still1, still2 = (copy.deepcopy(q).requires_grad_(False) for q in (q1, q2))
#@@
#-     log_w = p.log_joint(x, torch.cat((z1, z2), dim=-1)) - still1(x, z1) - still2(z1, z2)
#-     return log_w.mean(0)
#+     still1, still2 = copy.deepcopy(q1).requires_grad_(False), copy.deepcopy(q2).requires_grad_(False)
#+     log_q = still1(x, z1) + still2.distribution(z1.detach()).log_prob(z2)
#+     return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q).mean(0)


# %% wrong draw_detached, from right frozen_copies: z2 is drawn from a detached z1: what the first layer does through the second is lost, and the mean is wrong.
# diagnosis: layer_detached
#-     still1, still2 = (copy.deepcopy(q).requires_grad_(False) for q in (q1, q2))
#@@
#-     z2 = q2.transport(eps2, z1)
#-     log_w = p.log_joint(x, torch.cat((z1, z2), dim=-1)) - still1(x, z1) - still2(z1, z2)
#-     return log_w.mean(0)
#+     z2 = q2.transport(eps2, z1.detach())
#+     still1, still2 = copy.deepcopy(q1).requires_grad_(False), copy.deepcopy(q2).requires_grad_(False)
#+     return (p.log_joint(x, torch.cat([z1, z2], -1)) - still1(x, z1) - still2(z1, z2)).mean(0)


# %% wrong frozen_one_by_one, from right subtract_scores: frozen_log_prob of the second layer detaches its output, and with it the path through z1: convenient and wrong.
# diagnosis: path_cut
#-     total = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
#-     score = q1(x, z1.detach()) + q2(z1.detach(), z2.detach())
#-     return (total + score - score.detach()).mean(0)
#+     log_p = p.log_joint(x, torch.cat([z1, z2], -1))
#+     return (log_p - q1.frozen_log_prob(z1, x) - q2.frozen_log_prob(z2, z1)).mean(0)


# %% wrong layer_detached, from right frozen_copies: z1 is detached wherever the second layer reads it, to train the layers apart: biased.
# diagnosis: layer_detached
#-     still1, still2 = (copy.deepcopy(q).requires_grad_(False) for q in (q1, q2))
#@@
#-     z2 = q2.transport(eps2, z1)
#-     log_w = p.log_joint(x, torch.cat((z1, z2), dim=-1)) - still1(x, z1) - still2(z1, z2)
#-     return log_w.mean(0)
#+     z2 = q2.transport(eps2, z1.detach())
#+     still1, still2 = copy.deepcopy(q1).requires_grad_(False), copy.deepcopy(q2).requires_grad_(False)
#+     return (p.log_joint(x, torch.cat([z1, z2], -1)) - still1(x, z1) - still2(z1.detach(), z2)).mean(0)


# %% wrong layer_forgotten, from right subtract_scores: log q(z2 | z1) was left out: the density of the pair has two factors.
# diagnosis: layer_forgotten
#-     total = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
#-     score = q1(x, z1.detach()) + q2(z1.detach(), z2.detach())
#-     return (total + score - score.detach()).mean(0)
#+     return (p.log_joint(x, torch.cat([z1, z2], -1)) - q1.frozen_log_prob(z1, x)).mean(0)


# %% wrong only_first_frozen, from right subtract_scores: The second layer's density keeps its live parameters: one of two score terms remains.
# diagnosis: only_first_frozen
#-     total = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
#-     score = q1(x, z1.detach()) + q2(z1.detach(), z2.detach())
#-     return (total + score - score.detach()).mean(0)
#+     log_q = q1.frozen_log_prob(z1, x) + q2(z1, z2)
#+     return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q).mean(0)


# %% wrong only_second_frozen, from right frozen_copies: The first layer's density keeps its live parameters: one of two score terms remains.
# diagnosis: only_second_frozen
#-     still1, still2 = (copy.deepcopy(q).requires_grad_(False) for q in (q1, q2))
#@@
#-     log_w = p.log_joint(x, torch.cat((z1, z2), dim=-1)) - still1(x, z1) - still2(z1, z2)
#-     return log_w.mean(0)
#+     log_q = q1(x, z1) + copy.deepcopy(q2).requires_grad_(False)(z1, z2)
#+     return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q).mean(0)


# %% wrong order, from right subtract_scores: Hands the model (z2, z1), in the order of the generative story: it takes z1 first.
# diagnosis: layers_swapped
#-     total = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
#-     score = q1(x, z1.detach()) + q2(z1.detach(), z2.detach())
#-     return (total + score - score.detach()).mean(0)
#+     score1, score2 = q1(x, z1.detach()), q2(z1.detach(), z2.detach())
#+     log_q = q1(x, z1) - score1 + score1.detach() + q2(z1, z2) - score2 + score2.detach()
#+     return (p.log_joint(x, torch.cat([z2, z1], -1)) - log_q).mean(0)


# %% wrong total, from right subtract_scores: Nothing is frozen: the total derivative of both layers, right on average.
# diagnosis: score_kept
#-     total = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
#-     score = q1(x, z1.detach()) + q2(z1.detach(), z2.detach())
#-     return (total + score - score.detach()).mean(0)
#+     return (p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)).mean(0)


# %% wrong all_learn_afterwards, from right subtract_scores: Switches both layers off for their densities and on again afterwards, with all of their parameters: some had been switched off by their owner.
# diagnosis: argument_changed
#-     total = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
#-     score = q1(x, z1.detach()) + q2(z1.detach(), z2.detach())
#-     return (total + score - score.detach()).mean(0)
#+     for layer in (q1, q2):
#+         layer.requires_grad_(False)
#+     log_q = q1(x, z1) + q2(z1, z2)
#+     for layer in (q1, q2):
#+         layer.requires_grad_(True)
#+     return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q).mean(0)

import copy
import math
import torch
from torch import Tensor, nn
from torch.func import functional_call


def still(q: nn.Module, *arguments: Tensor) -> Tensor:
    """The log density of q with its parameters as plain numbers and its arguments alive."""
    return functional_call(q, {name: t.detach() for name, t in q.named_parameters()}, arguments)

# %% right both_called_still: functional_call with detached parameters for both layers
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - still(q1, x, z1) - still(q2, z1, z2)).mean(0)

# %% right joint_slopes_pushed_back: the slope of log w in the joint event at leaf copies, pushed back through both samples
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    z = torch.cat([z1, z2], -1)
    leaf = z.detach().clone().requires_grad_(True)
    a, b = leaf[..., :1], leaf[..., 1:]
    log_w = p.log_joint(x, leaf) - q1(x, a) - q2(a, b)
    slope = torch.autograd.grad(log_w.sum(), leaf)[0]
    return (log_w.detach() + (slope * (z - z.detach())).sum(-1)).mean(0)

# %% right both_scores_subtracted: the total derivative, less the scores of both layers at samples that do not move
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    score = q1(x, z1.detach()) + q2(z1.detach(), z2.detach())
    log_w = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
    return (log_w + (score - score.detach())).mean(0)

# %% wrong ready_made_freezing: q2.frozen_log_prob detaches the output of the second network, and the path through z1 with it
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_q = still(q1, x, z1) + q2.frozen_log_prob(z2, z1, q2.distribution(z1))
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q).mean(0)

# %% wrong condition_detached_in_log_q: z1 is detached as the argument of log q2, so its path is cut for every kind of second layer
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - still(q1, x, z1) - still(q2, z1.detach(), z2)).mean(0)

# %% wrong score_takes_the_path_along: the score of the second layer is subtracted at a living z1, which takes away the path through z1 too
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    score = q1(x, z1.detach()) + q2(z1, z2.detach())
    log_w = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
    return (log_w + score - score.detach()).mean(0)

# %% wrong second_layer_alive: only the first layer is frozen, the second keeps its score term
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - still(q1, x, z1) - q2(z1, z2)).mean(0)

# %% wrong first_layer_alive: only the second layer is frozen, the first keeps its score term
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - still(q2, z1, z2)).mean(0)

# %% wrong drawn_from_a_dead_z1: z2 is drawn from a detached z1, so z1 reaches log w only directly; biased
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1.detach())
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - still(q1, x, z1) - still(q2, z1, z2)).mean(0)

# %% wrong conditioned_on_the_mean: the second layer reads the mean of z1 over the samples; right for K = 1
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    middle = z1.mean(0, keepdim=True).expand_as(z1)
    z2 = q2.transport(eps2, middle)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - still(q1, x, z1) - still(q2, middle, z2)).mean(0)

# %% wrong first_slopes_only: log q2 is computed without a graph, so neither z1 nor z2 feels it; the value is right
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    with torch.no_grad():
        log_q2 = q2(z1, z2)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - still(q1, x, z1) - log_q2).mean(0)

# %% wrong switches_left_on: parameters are switched off and then all on, whatever they were before
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_p = p.log_joint(x, torch.cat([z1, z2], -1))
    for q in (q1, q2):
        q.requires_grad_(False)
    log_q = q1(x, z1) + q2(z1, z2)
    for q in (q1, q2):
        q.requires_grad_(True)
    return (log_p - log_q).mean(0)

# %% wrong same_noise_twice: the second layer reads the first layer's noise, eps2 is ignored
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps1, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - still(q1, x, z1) - still(q2, z1, z2)).mean(0)

# %% wrong slope_of_z1_forgets_q2: slopes are taken coordinate by coordinate with q2's condition held, pushed back by hand
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    a, b = z1.detach().requires_grad_(True), z2.detach().requires_grad_(True)
    upper = p.log_joint(x, torch.cat([a, b], -1)) - q1(x, a)
    lower = -q2(a.detach(), b)
    slope1, slope2 = torch.autograd.grad((upper + lower).sum(), (a, b))
    value = (upper + lower).detach()
    # the second sample is pushed through its own noise map alone
    z2_alone = q2.transport(eps2, z1.detach())
    return (value + (slope1 * (z1 - z1.detach())).sum(-1) + (slope2 * (z2_alone - z2_alone.detach())).sum(-1)).mean(0)

import copy
import torch
from torch import Tensor, nn
from torch.func import functional_call

def _frozen(q, context, z):
    return functional_call(q, {k: v.detach() for k, v in q.named_parameters()}, (context, z))

# %% right copies: copies of both layers that do not learn
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    f1, f2 = (copy.deepcopy(q).requires_grad_(False) for q in (q1, q2))
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - f1(x, z1) - f2(z1, z2)).mean(0)

# %% right minus_scores: both scores are subtracted at samples that do not move
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    a, b = z1.detach(), z2.detach()
    score = q1(x, a) + q2(a, b)
    log_w = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
    return torch.einsum("k...->...", log_w + score - score.detach()) / len(eps1)

# %% wrong ready_made: the ready-made frozen density of the second layer, which cuts the path through z1
# not told: the gradient is biased
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - q1.frozen_log_prob(z1, x) - q2.frozen_log_prob(z2, z1)).mean(0)

# %% wrong first_only: only the first layer is frozen
# not told: the gradient is biased
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - _frozen(q1, x, z1) - q2(z1, z2)).mean(0)

# %% wrong second_only: only the second layer is frozen
# not told: the gradient is biased
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - _frozen(q2, z1, z2)).mean(0)

# %% wrong dead_input: the second layer is drawn from a detached sample of the first
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1.detach())
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - _frozen(q1, x, z1) - _frozen(q2, z1, z2)).mean(0)

# %% wrong dead_condition: z1 is detached where it is the condition of the second density
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - _frozen(q1, x, z1) - _frozen(q2, z1.detach(), z2)).mean(0)

# %% wrong swapped_event: the model is given (z2, z1)
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z2, z1], -1)) - _frozen(q1, x, z1) - _frozen(q2, z1, z2)).mean(0)

# %% wrong first_sample_condition: the second layer reads the first sample of z1 for all k, the same for K = 1
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1[0])
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - _frozen(q1, x, z1) - _frozen(q2, z1[0], z2)).mean(0)

# %% wrong weights_only: freezes weights and leaves biases alive
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    def frozen(q, context, z):
        return functional_call(q, {k: v.detach() for k, v in q.named_parameters() if v.dim() > 1}, (context, z))
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - frozen(q1, x, z1) - frozen(q2, z1, z2)).mean(0)

# %% wrong switched_off: switches learning off in both layers and does not switch it on again
# not told: the first gradient is wrong
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    q1.requires_grad_(False)
    q2.requires_grad_(False)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)).mean(0)

# %% wrong reads_the_mean: the second layer reads z1 made without noise
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    m1 = q1.transport(torch.zeros_like(eps1), x)
    z2 = q2.transport(eps2, m1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - _frozen(q1, x, z1) - _frozen(q2, m1, z2)).mean(0)

# %% wrong total: nothing is frozen
# not told: the gradient is biased
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)).mean(0)

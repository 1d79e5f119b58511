import copy

import torch
from torch import Tensor, nn


# %% wrong path_counted_twice: takes the slope in z1 with z2 still hanging on z1 and then pushes the slope in z2 through z1 once more, so the path from z1 through z2 counts twice
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    f1, f2 = (copy.deepcopy(q).requires_grad_(False) for q in (q1, q2))
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    with torch.enable_grad():
        a = z1.detach().requires_grad_()
        b = f2.transport(eps2, a)
        log_w = p.log_joint(x, torch.cat([a, b], -1)) - f1(x, a) - f2(a, b)
        slope1, slope2 = torch.autograd.grad(log_w.sum(), (a, b))
    surrogate = (slope1 * z1 + slope2 * z2).sum(-1)
    return (log_w.detach() + (surrogate - surrogate.detach())).mean(0)


# %% wrong first_density_constant: takes log q1 as a number altogether instead of its parameters only, since the first layer "has nothing above it"; the path through z1 inside log q1 is lost and the gradient biased
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    f2 = copy.deepcopy(q2).requires_grad_(False)
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_w = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1).detach() - f2(z1, z2)
    return log_w.mean(0)


# %% wrong score_removed_with_live_condition: removes the score terms at detached samples but leaves z1 alive as the condition of q2, which removes the path through the condition, too; unbiased, but it does not land
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_w = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
    score = q1(x, z1.detach()) + q2(z1, z2.detach())
    return (log_w + (score - score.detach())).mean(0)

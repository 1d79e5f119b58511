import torch
from torch import Tensor, nn
from torch.func import functional_call

# %% right slopes_at_a_leaf: asks q for its density at a leaf copy of z, keeps the slopes in z as plain numbers, and pushes them back through the sample
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    leaf = z.detach().requires_grad_()
    log_q = q(x, leaf)
    (slope,) = torch.autograd.grad(log_q.sum(), leaf)
    moving = torch.einsum("...d,...d->...", slope, z - z.detach())
    return (p.log_joint(x, z) - (log_q.detach() + moving)).mean(0)

# %% wrong everything_learns_afterwards: switches the parameters off for the density and all of them on again, those included that somebody had switched off before
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    q.requires_grad_(False)
    log_q = q(x, z)
    q.requires_grad_(True)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong slopes_by_backward: gets the slopes in z by a call of backward, which leaves gradients in the parameters of q as well, before anybody has trained
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    leaf = z.detach().requires_grad_()
    log_q = q(x, leaf)
    log_q.sum().backward()
    moving = (leaf.grad * (z - z.detach())).sum(-1)
    return (p.log_joint(x, z) - (log_q.detach() + moving)).mean(0)

# %% wrong the_top_level_only: replaces the parameters that q itself holds, and not those of the networks inside it; right for plain Gaussians
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    held = {name: value.detach() for name, value in q.named_parameters(recurse=False)}
    log_q = functional_call(q, held, (x, z))
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong one_slope_for_all_samples: pushes the mean slope of log q back through every sample, as a mean is taken over samples in the end; right for one sample
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    leaf = z.detach().requires_grad_()
    log_q = q(x, leaf)
    (slope,) = torch.autograd.grad(log_q.sum(), leaf)
    moving = (slope.mean(0) * (z - z.detach())).sum(-1)
    return (p.log_joint(x, z) - (log_q.detach() + moving)).mean(0)

import torch
from torch import Tensor, nn
from torch.func import functional_call


def constant(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in module.named_parameters()}

# %% right slopes_of_both_arguments: log q1 + log q2 at leaf copies of z1 and z2; the slope in z1 has both densities in it, and both slopes go back through the samples
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    leaves = [z.detach().requires_grad_() for z in (z1, z2)]
    log_q = q1(x, leaves[0]) + q2(leaves[0], leaves[1])
    slopes = torch.autograd.grad(log_q.sum(), leaves)
    moving = sum((slope * (z - z.detach())).sum(-1) for slope, z in zip(slopes, (z1, z2)))
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q.detach() - moving).mean(0)

# %% wrong taken_off_twice: takes the score term off the frozen density, where it had gone already, so minus one of it is left: right on average, and not at any noise
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_q = functional_call(q1, constant(q1), (x, z1)) + functional_call(q2, constant(q2), (z1, z2))
    score = q1(x, z1.detach()) + q2(z1.detach(), z2.detach())
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q + (score - score.detach())).mean(0)

# %% wrong slopes_by_backward: gets the slopes in both latents by a call of backward, and leaves gradients in the parameters of both layers
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    one, two = z1.detach().requires_grad_(), z2.detach().requires_grad_()
    log_q = q1(x, one) + q2(one, two)
    log_q.sum().backward()
    moving = (one.grad * (z1 - z1.detach())).sum(-1) + (two.grad * (z2 - z2.detach())).sum(-1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q.detach() - moving).mean(0)

# %% wrong the_model_sees_a_number: gives the model z1 as a plain number, since z1 "has its path through z2 already", and so loses the model's own slope in z1
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_q = functional_call(q1, constant(q1), (x, z1)) + functional_call(q2, constant(q2), (z1, z2))
    return (p.log_joint(x, torch.cat([z1.detach(), z2], -1)) - log_q).mean(0)

# %% wrong everything_learns_afterwards: switches both layers off for the densities and on again afterwards, those parameters included that were switched off before
def two_layer_path_derivative(p, q1: nn.Module, q2: nn.Module, x: Tensor, eps1: Tensor, eps2: Tensor) -> Tensor:
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    for layer in (q1, q2):
        layer.requires_grad_(False)
    log_q = q1(x, z1) + q2(z1, z2)
    for layer in (q1, q2):
        layer.requires_grad_(True)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q).mean(0)

import copy

import torch
from torch import Tensor, nn
from torch.func import functional_call

# %% wrong every_switch_back_on: switches requires_grad off for log q and afterwards on for all parameters, so one that was meant not to learn now learns: q is not as it was
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    for parameter in q.parameters():
        parameter.requires_grad_(False)
    log_q = q(x, z)
    for parameter in q.parameters():
        parameter.requires_grad_(True)
    return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong own_parameters_only: freezes the parameters that belong to q itself and not those of its submodules; right for a mean-field Gaussian, while a network inside stays alive
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    frozen = {name: value.detach() for name, value in q.named_parameters(recurse=False)}
    return (p.log_joint(x, z) - functional_call(q, frozen, (x, z))).mean(0)


# %% wrong wipes_gradients: clears the gradients of q before it copies it, so gradients that the caller has accumulated are lost: q is not as it was before
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    q.zero_grad()
    z = q.transport(eps, x)
    frozen = copy.deepcopy(q).requires_grad_(False)
    return (p.log_joint(x, z) - frozen(x, z)).mean(0)

"""Idiom: functional_call of the module with detached parameters."""
from torch.func import functional_call


def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
    return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)

"""Idiom: requires_grad off while log q is evaluated, on again afterwards whatever happens."""
import contextlib


@contextlib.contextmanager
def held(module):
    learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
    try:
        for parameter in learning:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    with held(q):
        log_q = q(x, z)
    return p.log_joint(x, z).mean(0) - log_q.mean(0)

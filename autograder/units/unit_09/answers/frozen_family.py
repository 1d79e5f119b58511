# %% right deepcopy: A frozen copy of the whole family.
import copy


def path_derivative(p, q, x, eps):
    still = copy.deepcopy(q)
    for parameter in still.parameters():
        parameter.requires_grad_(False)
    z = q.transport(eps, x)
    log_w = p.log_joint(x, z) - still(x, z)
    return log_w.mean(0)


# %% right functional_call: Functional_call of the module with detached parameters.
from torch.func import functional_call


def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
    return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)


# %% right requires_grad_juggled: Requires_grad off while log q is evaluated, on again afterwards whatever happens.
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


# %% right slopes_at_a_leaf: Slopes of log w at a leaf copy of z, pushed through the transport one sample at a time.
import torch


def path_derivative(p, q, x, eps):
    values = []
    for e in eps:
        z = q.transport(e.unsqueeze(0), x)
        leaf = z.detach().clone().requires_grad_(True)
        log_w = p.log_joint(x, leaf) - q(x, leaf)
        (slope,) = torch.autograd.grad(log_w.sum(), leaf)
        path = (slope * z).sum(-1)
        values.append((log_w.detach() + path - path.detach())[0])
    return torch.stack(values).mean(0)


# %% right subtract_score: The total derivative, minus its score term at a fixed sample.
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    total = p.log_joint(x, z) - q(x, z)
    score = -q(x, z.detach())
    return (total - score + score.detach()).mean(0)


# %% wrong copy_for_both, from right functional_call: The path is gone: z itself was detached, or drawn without a graph.
# diagnosis: sample_detached
import copy


def path_derivative(p, q, x, eps):
    q = copy.deepcopy(q).requires_grad_(False)
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong distribution_detached, from right subtract_score: The parameters leak back into log q, and the score term with them.
# diagnosis: leak
def path_derivative(p, q, x, eps):
    density = q.distribution(x)
    z = density.transport(eps)
    still = density.detach() if hasattr(density, "detach") else density
    return (p.log_joint(x, z) - still.log_prob(z)).mean(0)


# %% wrong distribution_without_grad, from right functional_call: This is the total derivative: the score term is still there.
# diagnosis: score_kept
#- from torch.func import functional_call
#+ import torch
#@@
#-     constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
#-     return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)
#+     with torch.no_grad():
#+         density = q.distribution(x)
#+     return (p.log_joint(x, z) - density.log_prob(z)).mean(0)


# %% wrong left_frozen, from right subtract_score: You switched requires_grad off. That also stops the gradient through the sample, and it outlives the call.
# diagnosis: left_frozen
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    q.requires_grad_(False)
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong no_grad, from right functional_call: The whole of log q is constant here, so the entropy pulls no more.
# diagnosis: entropy_dropped
#- from torch.func import functional_call
#+ import torch
#@@
#-     constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
#-     return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)
#+     with torch.no_grad():
#+         log_q = q(x, z)
#+     return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong one_per_sample, from right functional_call: You returned one number per sample. Average over the K samples, axis 0.
# diagnosis: no_mean
#-     return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)
#+     return p.log_joint(x, z) - functional_call(q, constants, (x, z))


# %% wrong score_sign, from right subtract_score: The score term has been added a second time with the wrong sign instead of being dropped.
# diagnosis: score_sign
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    score = q(x, z.detach())
    return (p.log_joint(x, z) - q(x, z) + 2 * (score - score.detach())).mean(0)


# %% wrong total, from right subtract_score: This is the total derivative: the score term is still there.
# diagnosis: score_kept
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z)).mean(0)

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


# %% wrong copy_for_both, from right functional_call: The frozen copy also draws the sample, because it replaced q under the same name: no path is left.
# diagnosis: sample_detached
import copy


def path_derivative(p, q, x, eps):
    q = copy.deepcopy(q).requires_grad_(False)
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong distribution_detached, from right subtract_score: Detaches the distribution if it can be detached: a flow's cannot, and its network is alive when log_prob runs.
# diagnosis: leak
def path_derivative(p, q, x, eps):
    density = q.distribution(x)
    z = density.transport(eps)
    still = density.detach() if hasattr(density, "detach") else density
    return (p.log_joint(x, z) - still.log_prob(z)).mean(0)


# %% wrong distribution_without_grad, from right functional_call: Builds the distribution under no_grad and asks it later: it reads its live parameters when log_prob runs.
# diagnosis: score_kept
#- from torch.func import functional_call
#+ import torch
#@@
#-     constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
#-     return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)
#+     with torch.no_grad():
#+         density = q.distribution(x)
#+     return (p.log_joint(x, z) - density.log_prob(z)).mean(0)


# %% wrong left_frozen, from right subtract_score: requires_grad_(False) on q itself, and never back: it stops the learning of whoever calls next.
# diagnosis: left_frozen
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    q.requires_grad_(False)
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong no_grad, from right functional_call: log q under no_grad: that freezes z along with the parameters, and the entropy no longer pulls.
# diagnosis: entropy_dropped
#- from torch.func import functional_call
#+ import torch
#@@
#-     constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
#-     return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)
#+     with torch.no_grad():
#+         log_q = q(x, z)
#+     return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong one_per_sample, from right functional_call: The mean over the K samples was forgotten: one number for each sample and datum came back.
# diagnosis: no_mean
#-     return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)
#+     return p.log_joint(x, z) - functional_call(q, constants, (x, z))


# %% wrong score_sign, from right subtract_score: The score term is taken off the total derivative twice: unbiased, and as noisy at the posterior as before.
# diagnosis: score_sign
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    score = q(x, z.detach())
    return (p.log_joint(x, z) - q(x, z) + 2 * (score - score.detach())).mean(0)


# %% wrong total, from right subtract_score: Plain autograd on log w: the parameters inside log q are alive, so the score term stays in.
# diagnosis: score_kept
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong stale_copy, from right deepcopy: One frozen copy for each family, made at the first call, to save time: after a step of training it is another density.
# diagnosis: stateful
#- def path_derivative(p, q, x, eps):
#-     still = copy.deepcopy(q)
#-     for parameter in still.parameters():
#-         parameter.requires_grad_(False)
#+ COPIES = {}
#+ def path_derivative(p, q, x, eps):
#+     still = COPIES.setdefault(q, copy.deepcopy(q).requires_grad_(False))


# %% wrong switched_on, from right requires_grad_juggled: Every parameter learns afterwards, those too that somebody had frozen on purpose.
# diagnosis: switched_on
#-     learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
#+     learning = list(module.parameters())


# %% wrong gradients_cleared, from right deepcopy: Clears the family's gradients "to be safe": what the caller had gathered there is gone.
# diagnosis: gradients_touched
#-     z = q.transport(eps, x)
#+     q.zero_grad()
#+     z = q.transport(eps, x)

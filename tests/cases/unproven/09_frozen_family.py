import copy
import torch
from torch import Tensor, nn
from torch.func import functional_call

# %% right minus_score: subtracts the score term, taken at a z that does not move
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    score = q(x, z.detach())
    return (p.log_joint(x, z) - q(x, z) + score - score.detach()).mean(0)

# %% right slopes: slopes in z of a detached leaf, pushed back through the sample
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    leaf = z.detach().clone().requires_grad_()
    with torch.enable_grad():
        log_w = p.log_joint(x, leaf) - q(x, leaf)
        slope, = torch.autograd.grad(log_w.sum(), leaf)
    return log_w.detach().mean(0) + torch.einsum("k...d,k...d->...", slope, z - z.detach()) / eps.shape[0]

# %% right switched_off: learning is switched off while the density is computed, and every switch put back as it was
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    flags = [(w, w.requires_grad) for w in q.parameters()]
    try:
        for w, _ in flags:
            w.requires_grad_(False)
        log_q = q(x, z)
    finally:
        for w, flag in flags:
            w.requires_grad_(flag)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong all_switched_on: switches learning off and then on for all parameters, also for those that did not learn before
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    for w in q.parameters():
        w.requires_grad_(False)
    log_q = q(x, z)
    for w in q.parameters():
        w.requires_grad_(True)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong left_in_eval: puts q into evaluation mode and leaves it there
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    q.eval()
    constants = {k: v.detach() for k, v in q.named_parameters()}
    return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)

# %% wrong top_level: freezes the parameters of the module itself, not those of its submodules
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    constants = {k: v.detach() for k, v in q.named_parameters(recurse=False)}
    return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)

# %% wrong loc_and_log_scale: freezes the parameters called loc and log_scale only
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    constants = {k: v.detach() for k, v in q.named_parameters() if k.split(".")[-1] in ("loc", "log_scale")}
    return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)

# %% wrong stale_copy: keeps a frozen copy of the family from the first call on
_copies = {}
def path_derivative(p, q, x, eps):
    if id(q) not in _copies:
        _copies[id(q)] = copy.deepcopy(q).requires_grad_(False)
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - _copies[id(q)](x, z)).mean(0)

# %% wrong earlier_object: freezes a distribution that was made earlier, where it can be detached, and takes it alive where it cannot
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    d = q.distribution(x)
    d = d.detach() if hasattr(d, "detach") else d
    return (p.log_joint(x, z) - d.log_prob(z)).mean(0)

# %% wrong half_score: half of the score term stays in; unbiased
# not told: the gradient is biased
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    constants = {k: v.detach() for k, v in q.named_parameters()}
    return (p.log_joint(x, z) - 0.5 * functional_call(q, constants, (x, z)) - 0.5 * q(x, z)).mean(0)

# %% wrong leaves_gradients: finds the slopes by backward() on q, which leaves gradients in its parameters
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    leaf = z.detach().clone().requires_grad_()
    log_w = p.log_joint(x, leaf) - q(x, leaf)
    log_w.sum().backward()
    return log_w.detach().mean(0) + (leaf.grad * (z - z.detach())).sum(-1).mean(0)

# %% wrong density_without_path: log q is computed without a graph
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    with torch.no_grad():
        log_q = q(x, z)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong own_copy: z is drawn by the frozen copy and log q by the living family, the two confused
def path_derivative(p, q, x, eps):
    frozen = copy.deepcopy(q).requires_grad_(False)
    z = frozen.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z)).mean(0)

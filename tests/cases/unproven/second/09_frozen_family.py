import copy
import math
import torch
from torch import Tensor, nn
from torch.func import functional_call

# %% right called_with_state_dict: functional_call with the detached tensors of the state dict, chained through the module's forward
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    log_q = functional_call(q, dict(q.state_dict()), (x, z))
    return torch.stack([p.log_joint(x, z), -log_q]).sum(0).mean(0)

# %% right slopes_of_a_copy: a deep copy gives the slopes in z as plain numbers, which are pushed back through the living sample
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    twin = copy.deepcopy(q)
    z = q.transport(eps, x)
    leaf = z.detach().requires_grad_(True)
    log_w = p.log_joint(x, leaf) - twin(x, leaf)
    slope, = torch.autograd.grad(log_w.sum(), leaf)
    pushed = (slope * z).sum(-1)
    return (log_w.detach() + pushed - pushed.detach()).mean(0)

# %% right switched_off_and_on: draw first, then switch the parameters off while log q runs and restore every switch as it stood
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    log_p = p.log_joint(x, z)
    switches = [(t, t.requires_grad) for t in q.parameters()]
    try:
        for t, _ in switches:
            t.requires_grad_(False)
        log_q = q(x, z)
    finally:
        for t, was in switches:
            t.requires_grad_(was)
    return (log_p - log_q).mean(0)

# %% wrong detached_distribution: detaches the distribution object where it can, and leaves a family whose object reads its network (flow) alive
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    density = q.distribution(x)
    density = density.detach() if hasattr(density, "detach") else density
    return (p.log_joint(x, z) - density.log_prob(z)).mean(0)

# %% wrong top_level_only: only the module's own parameters are frozen (recurse=False), those of its networks stay alive
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    frozen = {name: t.detach() for name, t in q.named_parameters(recurse=False)}
    return (p.log_joint(x, z) - functional_call(q, frozen, (x, z))).mean(0)

# %% wrong all_switched_on: after the call every parameter learns, also those that the caller had switched off
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    log_p = p.log_joint(x, z)
    q.requires_grad_(False)
    log_q = q(x, z)
    q.requires_grad_(True)
    return (log_p - log_q).mean(0)

# %% wrong score_at_other_noise: the score is subtracted at an independent draw from the global stream, right on average only
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, q.transport(torch.randn_like(eps), x).detach())
    return (p.log_joint(x, z) - q(x, z) + score - score.detach()).mean(0)

# %% wrong score_of_first_sample: the score is subtracted with the first sample for all K; right for K = 1 and right on average
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, z[:1].detach())
    return (p.log_joint(x, z) - q(x, z) + score - score.detach()).mean(0)

# %% wrong copy_kept_by_id: the frozen copy is made once for each q and kept, so it is stale as soon as q has learned
_COPIES = {}


def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    if id(q) not in _COPIES:
        _COPIES[id(q)] = (q, copy.deepcopy(q).requires_grad_(False))
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - _COPIES[id(q)][1](x, z)).mean(0)

# %% wrong gradients_cleared: q.zero_grad() throws away the gradients that the caller had gathered
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    twin = copy.deepcopy(q).requires_grad_(False)
    q.zero_grad()
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - twin(x, z)).mean(0)

# %% wrong left_in_eval: q is put into evaluation mode for the frozen density and stays there
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    log_q = functional_call(q.eval(), {name: t.detach() for name, t in q.named_parameters()}, (x, z))
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong log_q_without_graph: log q is computed under no_grad, which also cuts its path through z
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    with torch.no_grad():
        log_q = q(x, z)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong gaussian_names_frozen: freezes parameters by the names of Gaussian families and lets all others (weights of networks) live
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    frozen = {name: t.detach() for name, t in q.named_parameters() if name.split(".")[-1] in ("loc", "log_scale", "lower", "factor")}
    return (p.log_joint(x, z) - functional_call(q, frozen, (x, z))).mean(0)

# %% wrong rows_share_the_score: the score subtracted is the mean over samples and batch, so each datum's gradient takes its neighbours' score
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    score = q(x, z.detach()).mean()
    return (p.log_joint(x, z) - q(x, z)).mean(0) + score - score.detach()

# %% wrong squeezed_sample: axes of size one are squeezed away, so that with one sample (or one datum) the mean runs over another axis
def path_derivative(p, q: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    frozen = {name: t.detach() for name, t in q.named_parameters()}
    log_w = (p.log_joint(x, z) - functional_call(q, frozen, (x, z))).squeeze()
    return log_w.mean(0)

import torch
from torch import Tensor

from course_vi.families import Family
from course_vi.models import Model

# %% right sample_by_sample: the samples become a plain copy under no_grad, and the brackets are accumulated one sample at a time
def naive_elbo(p: Model, q: Family, x: Tensor, eps: Tensor) -> Tensor:
    with torch.no_grad():
        data = q.transport(eps, x).clone()
    total, K = 0.0, data.shape[0]
    for z in data.split(1):
        total = total + (p.log_joint(x, z) - q(x, z)).squeeze(0) / K
    return total

# %% wrong half_detached: only the z inside log q is treated as data, since "the sample is what q is evaluated at"; the joint still sends its gradient along the path
def naive_elbo(p: Model, q: Family, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z.detach())).mean(0)

# %% wrong constant_parameters: what is detached is phi inside log q and not the sample, which is the path derivative; the value is the same
def naive_elbo(p: Model, q: Family, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0)

# %% wrong score_function_added: adds the score-function term with value zero, as one does when samples are detached; the gradient then is right on average, and it is not the naive one
def naive_elbo(p: Model, q: Family, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x).detach()
    log_q = q(x, z)
    weight = p.log_joint(x, z) - log_q
    return (weight + weight.detach() * (log_q - log_q.detach())).mean(0)

# %% wrong mean_in_value_sum_in_gradient: the value is a mean over samples, and the gradient is attached as that of their sum, so it is K times too long
def naive_elbo(p: Model, q: Family, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x).detach()
    log_w = p.log_joint(x, z) - q(x, z)
    surrogate = log_w.sum(0)
    return log_w.mean(0).detach() + surrogate - surrogate.detach()

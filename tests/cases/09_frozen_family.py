import copy
import pickle

import torch
from torch.func import functional_call


def constants(q):
    return {name: parameter.detach() for name, parameter in q.named_parameters()}


def estimate(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - functional_call(q, constants(q), (x, z))).mean(0)


# %% right loop_over_data: q is asked datum by datum.
def path_derivative(p, q, x, eps):
    return torch.cat([estimate(p, q, x[b : b + 1], eps[:, b : b + 1]) for b in range(len(x))])


# %% right pickled_twin: A twin by way of pickle, which does not learn.
def path_derivative(p, q, x, eps):
    twin = pickle.loads(pickle.dumps(q)).requires_grad_(False)
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - twin(x, z)).mean(0)


# %% right deepcopy: A deep copy that does not learn.
def path_derivative(p, q, x, eps):
    twin = copy.deepcopy(q).requires_grad_(False)
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - twin(x, z)).mean(0)


# %% wrong batch_mean: Every row carries the batch's mean gradient.
def path_derivative(p, q, x, eps):
    value = estimate(p, q, x, eps)
    loss = value.mean()
    return value.detach() + (loss - loss.detach())


# %% wrong frozen_before_drawing: The parameters are frozen before the sample is drawn.
# not told: share one draw
def path_derivative(p, q, x, eps):
    twin = copy.deepcopy(q).requires_grad_(False)
    z = twin.transport(eps, x)
    return (p.log_joint(x, z) - twin(x, z)).mean(0)


# %% wrong p_detached: z is detached inside log p.
# not told: leak back
# not told: detaching beforehand is too early
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z.detach()) - functional_call(q, constants(q), (x, z))).mean(0)


# %% wrong q_detached: z is detached inside log q, whose parameters are alive.
# not told: leak back
# not told: detaching beforehand is too early
# not told: The whole of log q is constant
def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z.detach())).mean(0)

import torch
from torch.func import functional_call


def held(q, given, z):
    return functional_call(
        q, {name: parameter.detach() for name, parameter in q.named_parameters()}, (given, z)
    )


def estimate(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - held(q1, x, z1) - held(q2, z1, z2)).mean(0)


# %% right loop_over_data: Both layers are asked datum by datum.
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    rows = [
        estimate(p, q1, q2, x[b : b + 1], eps1[:, b : b + 1], eps2[:, b : b + 1])
        for b in range(len(x))
    ]
    return torch.cat(rows)


# %% wrong batch_mean: Every row carries the batch's mean gradient.
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    value = estimate(p, q1, q2, x, eps1, eps2)
    loss = value.mean()
    return value.detach() + (loss - loss.detach())

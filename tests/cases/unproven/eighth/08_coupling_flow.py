import math

import torch
from torch import Tensor


def standard(u: Tensor) -> Tensor:
    return -0.5 * u.square().sum(-1) - 0.5 * u.shape[-1] * math.log(2 * math.pi)


def run(layers, eps, z, read=lambda u, mask: u * mask, scale=lambda s: s, undo=lambda y, t, s: (y - t) * (-s).exp(), still=False):
    for mask, net in layers:
        shift, log_scale = net(read(eps, mask))
        log_scale = scale(log_scale)
        eps = mask * eps + (1 - mask) * (eps * log_scale.exp() + shift)
    log_det = 0.0
    for mask, net in reversed(layers):
        shift, log_scale = net(read(z, mask))
        log_scale = scale(log_scale)
        log_det = log_det + ((1 - mask) * log_scale).sum(-1)
        z = mask * z + (1 - mask) * undo(z, shift, log_scale)
        z = z.detach() if still else z
    return eps, standard(z) - log_det

# %% right a_recursion: the density of a flow is that of the flow without its last layer at the point before it, less what that layer stretches
def coupling_flow(layers: list, eps: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    def moving(layer, u):
        mask, net = layer
        stays = mask > 0.5
        shift, log_scale = net(torch.where(stays, u, 0.0))
        return torch.where(stays, 0.0, shift), torch.where(stays, 0.0, log_scale)

    def forth(u, rest):
        if not rest:
            return u
        shift, log_scale = moving(rest[0], u)
        return forth(torch.addcmul(shift, log_scale.exp(), u), rest[1:])

    def log_density(y, rest):
        if not rest:
            return torch.distributions.Normal(torch.zeros_like(y), 1.0).log_prob(y).sum(-1)
        shift, log_scale = moving(rest[-1], y)
        return log_density((y - shift) / log_scale.exp(), rest[:-1]) - log_scale.sum(-1)

    return forth(eps, list(layers)), log_density(z, list(layers))

# %% wrong the_network_reads_all: gives the network the whole vector, without zeros at the places that move; the same for the two layers of the example, whose networks look at the other coordinate only
def coupling_flow(layers: list, eps: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    return run(layers, eps, z, read=lambda u, mask: u)

# %% wrong bounded_scales: sends the log scales through tanh, as the paper's code does for stability, in both directions: a flow, and not the one that was described
def coupling_flow(layers: list, eps: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    return run(layers, eps, z, scale=torch.tanh)

# %% wrong noise_without_a_graph: finds the noise behind z as a plain number, and keeps a graph for the log-determinants only; the values are right
def coupling_flow(layers: list, eps: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    return run(layers, eps, z, still=True)

# %% wrong undone_in_the_order_of_doing: goes back by dividing first and then taking the shift off; right for layers that shift only, or stretch only
def coupling_flow(layers: list, eps: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    return run(layers, eps, z, undo=lambda y, t, s: y * (-s).exp() - t)

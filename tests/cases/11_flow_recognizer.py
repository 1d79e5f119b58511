import math

import torch


def flow(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    log_slope = log_scale + torch.cosh(u).log() + log_tail - 0.5 * torch.log1p(eps**2)
    return loc + log_scale.exp() * torch.sinh(u), (
        -0.5 * eps**2 - 0.5 * math.log(2 * math.pi) - log_slope
    ).sum(-1)


# %% right vmap: vmap over the samples.
def flow_recognizer(params, eps):
    return torch.func.vmap(lambda e: flow(params, e))(eps)


# %% wrong skew_and_tail_swapped: The tail's numbers are read before the skew's.
def flow_recognizer(params, eps):
    a, b, c, d = params.chunk(4, -1)
    return flow(torch.cat([a, b, d, c], -1), eps)

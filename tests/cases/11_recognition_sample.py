import math

import torch


def both(weight, bias, x, eps):
    loc, log_scale = (x @ weight.T + bias).chunk(2, -1)
    return loc + log_scale.exp() * eps, (
        -0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)
    ).sum(-1)


# %% right loop_over_data: Datum by datum.
def recognition_sample(weight, bias, x, eps):
    if x.dim() == 1:
        return both(weight, bias, x, eps)
    pairs = [recognition_sample(weight, bias, x[b], eps[:, b]) for b in range(len(x))]
    return torch.stack([z for z, _ in pairs], 1), torch.stack([q for _, q in pairs], 1)


# %% wrong swapped: The density first, then the sample.
# not told: An axis of length one
# not told: which axes you sum or average over
# not told: one number per sample
def recognition_sample(weight, bias, x, eps):
    z, log_q = both(weight, bias, x, eps)
    return log_q, z

import torch


# %% right stacked: Both in one tensor.
def naive_bias(loc, log_scale, x):
    return torch.stack((2 * loc - x, 2 * (2 * log_scale).exp() - 1))


# %% right list_numpy: A list of two arrays.
def naive_bias(loc, log_scale, x):
    return [(2 * loc - x).numpy(), (2 * (2 * log_scale).exp() - 1).numpy()]

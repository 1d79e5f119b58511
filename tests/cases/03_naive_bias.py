import torch


# %% right stacked: Both in one tensor.
def naive_bias(loc, log_scale, x):
    return torch.stack((2 * loc - x, 2 * (2 * log_scale).exp() - 1))


# %% right list_numpy: A list of two arrays.
def naive_bias(loc, log_scale, x):
    return [(2 * loc - x).numpy(), (2 * (2 * log_scale).exp() - 1).numpy()]


# %% wrong leaves_a_graph_flag: Switches gradients on in the tensors it was given and leaves them on.
# not told: the returned values are wrong
def naive_bias(loc, log_scale, x):
    loc.requires_grad_()
    log_scale.requires_grad_()
    elbo = (-0.5 * loc**2 - 0.5 * (x - loc) ** 2 - (2 * log_scale).exp() + log_scale).sum()
    g = torch.autograd.grad(elbo, (loc, log_scale))
    return -g[0], -g[1]


# %% wrong squeezed: The results are squeezed, so a batch axis of size one is lost.
def naive_bias(loc, log_scale, x):
    return (2 * loc - x).squeeze(), (2 * (2 * log_scale).exp() - 1).squeeze()

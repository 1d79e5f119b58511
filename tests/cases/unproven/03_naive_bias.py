import math
import torch
from torch import Tensor

# %% right autograd: minus the gradient of the closed-form ELBO, by autograd on copies
def naive_bias(loc, log_scale, x):
    m, r = loc.detach().clone().requires_grad_(), log_scale.detach().clone().requires_grad_()
    with torch.enable_grad():
        elbo = (-0.5 * m**2 - 0.5 * (x.detach() - m) ** 2 - (2 * r).exp() + r).sum()
        g = torch.autograd.grad(elbo, (m, r))
    return -g[0], -g[1]

# %% right force: the score's mean of the wrong weights: bias = minus E[(log w) score], by three Hermite points per coordinate
def naive_bias(loc, log_scale, x):
    s = log_scale.exp()
    nodes, weights = (-math.sqrt(3), 0.0, math.sqrt(3)), (1 / 6, 2 / 3, 1 / 6)
    a = b = torch.zeros_like(loc)
    for e, w in zip(nodes, weights):
        slope = x - 2 * (loc + s * e)                       # of log p(x, z) in z
        a, b = a - w * slope, b - w * slope * s * e
    return a, b - 1

# %% wrong in_s: the second bias is that in s and not in its logarithm
def naive_bias(loc, log_scale, x):
    s = log_scale.exp()
    return 2 * loc - x, 2 * s - 1 / s

# %% wrong batch_mean: the gradient of the mean over the data, so the bias is divided by their number
def naive_bias(loc, log_scale, x):
    n = max(1, loc[..., 0].numel())
    return (2 * loc - x) / n, (2 * (2 * log_scale).exp() - 1) / n

# %% wrong one_force: the scale feels the likelihood only
def naive_bias(loc, log_scale, x):
    return 2 * loc - x, (2 * log_scale).exp() - 1

# %% wrong per_datum: biases are summed over coordinates and shown for each of them
def naive_bias(loc, log_scale, x):
    a, b = 2 * loc - x, 2 * (2 * log_scale).exp() - 1
    return a.sum(-1, keepdim=True).expand_as(a), b.sum(-1, keepdim=True).expand_as(b)

# %% wrong entropy_per_datum: the entropy's one is divided among the coordinates, right in one dimension
def naive_bias(loc, log_scale, x):
    return 2 * loc - x, 2 * (2 * log_scale).exp() - 1 / loc.shape[-1]

# %% wrong mean_datum: the mean datum stands for each
def naive_bias(loc, log_scale, x):
    centre = x.reshape(-1, x.shape[-1]).mean(0)
    return 2 * loc - centre, 2 * (2 * log_scale).exp() - 1

# %% wrong leaves_a_graph_flag: switches gradients on in the tensors it was given and leaves them on
# not told: the returned values are wrong
def naive_bias(loc, log_scale, x):
    loc.requires_grad_()
    log_scale.requires_grad_()
    elbo = (-0.5 * loc**2 - 0.5 * (x - loc) ** 2 - (2 * log_scale).exp() + log_scale).sum()
    g = torch.autograd.grad(elbo, (loc, log_scale))
    return -g[0], -g[1]

# %% wrong size_only: the size of the bias without its sign
def naive_bias(loc, log_scale, x):
    return (2 * loc - x).abs(), (2 * (2 * log_scale).exp() - 1).abs()

# %% wrong measured: the bias of the gradient at 1,000 draws, measured
def naive_bias(loc, log_scale, x):
    e = torch.randn(1000, *loc.shape, dtype=loc.dtype)
    s = log_scale.exp()
    slope = x - 2 * (loc + s * e)
    return -slope.mean(0), -(slope * s * e).mean(0) - 1

# %% wrong clamped: scales above one count as one
def naive_bias(loc, log_scale, x):
    return 2 * loc - x, 2 * (2 * log_scale.clamp(max=0)).exp() - 1

# %% wrong double_posterior: pulls towards the posterior mean with the posterior's variance in place of its precision
def naive_bias(loc, log_scale, x):
    return 0.5 * (loc - x / 2), 2 * (2 * log_scale).exp() - 1

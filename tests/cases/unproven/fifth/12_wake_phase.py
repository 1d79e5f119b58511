import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def all_bits(count):
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=count)), dtype=torch.float64)


# %% right state_table: a table of states by data, one einsum
def wake_gradients(weight, bias, x, q):
    z = all_bits(weight.shape[1])
    chance = torch.where(z[:, None] > 0.5, q, 1 - q).prod(-1)
    residual = x - (z @ weight.T + bias).sigmoid()[:, None]
    average = torch.einsum("sb,sbx,sd->xd", chance, residual, z) / len(x)
    means = (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)
    return average, means

# %% right bit_by_bit: NumPy loops; bit d is fixed to one, and the residual averaged over the other bits
def wake_gradients(weight, bias, x, q):
    w, b, x, q = (a.detach().numpy() for a in (weight, bias, x, q))
    average, means = np.zeros_like(w), np.zeros_like(w)
    tanh = lambda a: 0.5 + 0.5 * np.tanh(a / 2)
    for n in range(len(x)):
        means += np.outer(x[n] - tanh(w @ q[n] + b), q[n])
        for d in range(w.shape[1]):
            others = [k for k in range(w.shape[1]) if k != d]
            for state in itertools.product((0, 1), repeat=len(others)):
                chance = q[n, d]
                drive = b + w[:, d]
                for k, on in zip(others, state):
                    chance = chance * (q[n, k] if on else 1 - q[n, k])
                    drive = drive + on * w[:, k]
                average[:, d] += chance * (x[n] - tanh(drive))
    return average / len(x), means / len(x)

# %% right autograd: both objectives written down, datum by datum, and differentiated by autograd
def wake_gradients(weight, bias, x, q):
    w = weight.detach().clone().requires_grad_()
    log_p = lambda z, datum: F.logsigmoid((2 * datum - 1) * (z @ w.T + bias.detach())).sum(-1)
    z = all_bits(weight.shape[1])
    first = second = 0
    for datum, chances in zip(x, q):
        weights = torch.ones(1, dtype=torch.float64)
        for c in chances:
            weights = torch.outer(weights, torch.stack([1 - c, c])).flatten()
        first = first + weights @ log_p(z, datum)
        second = second + log_p(chances, datum)
    return torch.autograd.grad(first, w)[0] / len(x), torch.autograd.grad(second, w)[0] / len(x)

# %% wrong mean_residual: the mean residual times the mean bit; the average residual is right, its covariance with the bit is lost
def wake_gradients(weight, bias, x, q):
    z = all_bits(weight.shape[1])
    chance = torch.where(z[:, None] > 0.5, q, 1 - q).prod(-1)
    mean = torch.einsum("sb,sx->bx", chance, (z @ weight.T + bias).sigmoid())
    return (x - mean).T @ q / len(x), (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)

# %% wrong posterior_weights: the slope of log E_q p(x | z): states count by q times p(x | z), the bound of the other order
def wake_gradients(weight, bias, x, q):
    z = all_bits(weight.shape[1])
    logits = z @ weight.T + bias
    log_p = -F.softplus((1 - 2 * x) * logits[:, None]).sum(-1)
    chance = torch.where(z[:, None] > 0.5, q, 1 - q).prod(-1)
    r = (chance.log() + log_p).softmax(0)
    average = torch.einsum("sb,sbx,sd->xd", r, x - logits.sigmoid()[:, None], z) / len(x)
    return average, (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)

# %% wrong clamped_chances: the chances are clamped to [1e-6, 1 - 1e-6] for a product in logarithms, felt where a bit is sure
def wake_gradients(weight, bias, x, q):
    z = all_bits(weight.shape[1])
    safe = q.clamp(1e-6, 1 - 1e-6)
    chance = (z @ safe.log().T + (1 - z) @ (1 - safe).log().T).exp()
    residual = x - (z @ weight.T + bias).sigmoid()[:, None]
    average = torch.einsum("sb,sbx,sd->xd", chance, residual, z) / len(x)
    return average, (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)

# %% wrong bce_of_probabilities: autograd through binary_cross_entropy of probabilities, without slope where a sigmoid has rounded to 0 or 1
def wake_gradients(weight, bias, x, q):
    w = weight.detach().clone().requires_grad_()
    z = all_bits(weight.shape[1])
    chance = torch.where(z[:, None] > 0.5, q, 1 - q).prod(-1)
    p = (z @ w.T + bias).sigmoid()[:, None].expand(len(z), *x.shape)
    cost = F.binary_cross_entropy(p, x.expand(p.shape), reduction="none").sum(-1)
    (average,) = torch.autograd.grad(-(chance * cost).sum() / len(x), w)
    cost = F.binary_cross_entropy((q @ w.T + bias).sigmoid(), x, reduction="sum")
    (means,) = torch.autograd.grad(-cost / len(x), w)
    return average, means

# %% wrong mean_reduction: the cross entropy's default reduction divides by the number of pixels, too; right for one pixel
def wake_gradients(weight, bias, x, q):
    w = weight.detach().clone().requires_grad_()
    z = all_bits(weight.shape[1])
    chance = torch.where(z[:, None] > 0.5, q, 1 - q).prod(-1)
    first = second = 0
    for n in range(len(x)):
        for s in range(len(z)):
            first = first - chance[s, n] * F.binary_cross_entropy_with_logits(w @ z[s] + bias, x[n])
        second = second - F.binary_cross_entropy_with_logits(w @ q[n] + bias, x[n])
    return tuple(torch.autograd.grad(part / len(x), w)[0] for part in (first, second))

# %% wrong gauss_hermite: the drive of the other bits is taken as Gaussian of the right mean and variance, 40 nodes; right where one bit alone drives a pixel
def wake_gradients(weight, bias, x, q):
    nodes, mass = np.polynomial.hermite_e.hermegauss(40)
    nodes, mass = torch.tensor(nodes), torch.tensor(mass / mass.sum())
    mean = (q @ weight.T + bias).unsqueeze(-1) + weight * (1 - q[:, None])
    var = ((q * (1 - q)) @ (weight**2).T).unsqueeze(-1) - weight**2 * (q * (1 - q))[:, None]
    p = ((mean.unsqueeze(-1) + var.clamp(min=0).sqrt().unsqueeze(-1) * nodes).sigmoid() * mass).sum(-1)
    average = ((x.unsqueeze(-1) - p) * q[:, None]).mean(0)
    return average, (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)

# %% wrong many_draws: 4,096 draws for each datum from the global random stream, for what can be summed
def wake_gradients(weight, bias, x, q):
    z = torch.bernoulli(q.expand(4096, *q.shape))
    residual = x - (z @ weight.T + bias).sigmoid()
    average = torch.einsum("sbx,sbd->xd", residual, z) / (4096 * len(x))
    return average, (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)

# %% wrong rare_states_dropped: states with less than one chance in a thousand are skipped and the others renormalized
def wake_gradients(weight, bias, x, q):
    z = all_bits(weight.shape[1])
    chance = torch.where(z[:, None] > 0.5, q, 1 - q).prod(-1)
    chance = torch.where(chance < 1e-3, 0.0, chance)
    chance = chance / chance.sum(0)
    residual = x - (z @ weight.T + bias).sigmoid()[:, None]
    average = torch.einsum("sb,sbx,sd->xd", chance, residual, z) / len(x)
    return average, (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)

# %% wrong bit_order: states are numbers whose lowest bit is the first one in z and the last one in their chance; right for one bit
def wake_gradients(weight, bias, x, q):
    count = weight.shape[1]
    average = torch.zeros_like(weight)
    for s in range(2**count):
        z = torch.tensor([float(s >> d & 1) for d in range(count)], dtype=torch.float64)
        chance = torch.ones(len(x), dtype=torch.float64)
        for d, digit in enumerate(format(s, f"0{count}b")):
            chance = chance * (q[:, d] if digit == "1" else 1 - q[:, d])
        average += torch.outer(((x - (weight @ z + bias).sigmoid()) * chance[:, None]).sum(0), z)
    return average / len(x), (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)

# %% wrong means_of_means: at means, the mean residual over the data times the mean chance over the data; right for one datum
def wake_gradients(weight, bias, x, q):
    z = all_bits(weight.shape[1])
    chance = torch.where(z[:, None] > 0.5, q, 1 - q).prod(-1)
    residual = x - (z @ weight.T + bias).sigmoid()[:, None]
    average = torch.einsum("sb,sbx,sd->xd", chance, residual, z) / len(x)
    return average, torch.outer((x - (q @ weight.T + bias).sigmoid()).mean(0), q.mean(0))

# %% wrong squeezed: right numbers, but all axes of length one are squeezed away at the end: one bit, or one pixel, loses its axis
def wake_gradients(weight, bias, x, q):
    z = all_bits(weight.shape[1])
    chance = torch.where(z[:, None] > 0.5, q, 1 - q).prod(-1)
    residual = x - (z @ weight.T + bias).sigmoid()[:, None]
    average = torch.einsum("sb,sbx,sd->xd", chance, residual, z) / len(x)
    return average.squeeze(), ((x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)).squeeze()

# %% right states: All states at once, weighted with their chance.
import torch


def wake_gradients(weight, bias, x, q):
    n, bits = q.shape
    z = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=q.dtype)] * bits).reshape(-1, 1, bits)
    chance = torch.where(z > 0.5, q, 1 - q).prod(-1)
    residual = x - torch.sigmoid(z @ weight.T + bias)
    average = torch.einsum("sb,sbx,sbd->xd", chance, residual, z.expand(-1, n, bits)) / n
    means = (x - torch.sigmoid(q @ weight.T + bias)).T @ q / n
    return average, means


# %% right loops: Loops over data and states, in NumPy.
import itertools

import numpy as np


def wake_gradients(weight, bias, x, q):
    weight, bias, x, q = (a.numpy() for a in (weight, bias, x, q))
    average, means = np.zeros(weight.shape), np.zeros(weight.shape)
    for datum, chance in zip(x, q):
        means += np.outer(datum - 1 / (1 + np.exp(-(weight @ chance + bias))), chance)
        for state in itertools.product((0, 1), repeat=len(chance)):
            z = np.array(state, dtype=float)
            weighs = np.prod(np.where(z == 1, chance, 1 - chance))
            average += weighs * np.outer(datum - 1 / (1 + np.exp(-(weight @ z + bias))), z)
    return [average / len(x), means / len(x)]


# %% right autograd: Both objectives are written down, and autograd differentiates them.
import itertools

import torch
from torch.distributions import Bernoulli


def wake_gradients(weight, bias, x, q):
    w = weight.clone().requires_grad_()

    def log_p(z):
        return Bernoulli(logits=z @ w.T + bias).log_prob(x).sum(-1)

    total = 0.0
    for state in itertools.product((0.0, 1.0), repeat=q.shape[-1]):
        z = torch.tensor(state, dtype=q.dtype).expand_as(q)
        total = total + ((z * q + (1 - z) * (1 - q)).prod(-1) * log_p(z)).mean()
    (average,) = torch.autograd.grad(total, w)
    (means,) = torch.autograd.grad(log_p(q).mean(), w)
    return average, means


# %% wrong both_at_means, from right states: The means stand for the average.
# diagnosis: means_for_average
#-     return average, means
#+     return means, means


# %% wrong both_averaged, from right states: The average in both.
# diagnosis: average_for_means
#-     return average, means
#+     return average, average


# %% wrong factors_apart, from right states: The residual and the latents are averaged each by itself.
# diagnosis: apart
#-     average = torch.einsum("sb,sbx,sbd->xd", chance, residual, z.expand(-1, n, bits)) / n
#+     average = torch.einsum("sb,sbx->bx", chance, residual).T @ q / n


# %% wrong not_divided, from right states: Sums over the data.
# diagnosis: summed
#-     average = torch.einsum("sb,sbx,sbd->xd", chance, residual, z.expand(-1, n, bits)) / n
#-     means = (x - torch.sigmoid(q @ weight.T + bias)).T @ q / n
#+     average = torch.einsum("sb,sbx,sbd->xd", chance, residual, z.expand(-1, n, bits))
#+     means = (x - torch.sigmoid(q @ weight.T + bias)).T @ q


# %% wrong downhill, from right states: Prediction less data.
# diagnosis: uphill
#-     residual = x - torch.sigmoid(z @ weight.T + bias)
#+     residual = torch.sigmoid(z @ weight.T + bias) - x


# %% wrong unweighted, from right states: All states count alike.
# diagnosis: value
#-     chance = torch.where(z > 0.5, q, 1 - q).prod(-1)
#+     chance = torch.where(z > 0.5, q, 1 - q).prod(-1) * 0 + 0.5**bits


# %% wrong no_bias, from right loops: The bias is forgotten at the means.
# diagnosis: dictionary
#-         means += np.outer(datum - 1 / (1 + np.exp(-(weight @ chance + bias))), chance)
#+         means += np.outer(datum - 1 / (1 + np.exp(-(weight @ chance))), chance)


# %% wrong clamped, from right states: Chances are kept away from zero and one.
# diagnosis: value
#-     n, bits = q.shape
#+     n, bits = q.shape
#+     q = q.clamp(1e-3, 1 - 1e-3)


# %% wrong mean_weights, from right states: The chances of a state are averaged over the data first.
# diagnosis: value
#-     chance = torch.where(z > 0.5, q, 1 - q).prod(-1)
#+     chance = torch.where(z > 0.5, q, 1 - q).prod(-1).mean(-1, keepdim=True).expand(-1, n)


# %% wrong latents_first, from right states: Latents in the rows.
# diagnosis: generic_transposed
#-     return average, means
#+     return average.T, means.T

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor

# %% right gradient_of_an_expectation: both slopes by torch.func.grad of a scalar log-likelihood in W; states come from the bits of whole numbers
def wake_gradients(weight: Tensor, bias: Tensor, x: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    dim = weight.shape[1]
    numbers = torch.arange(2**dim, device=weight.device)
    states = (numbers[:, None].bitwise_right_shift(torch.arange(dim, device=weight.device)) & 1).to(weight.dtype)
    chance = torch.where(states[:, None] > 0.5, q, 1 - q).prod(-1)

    def log_likelihood(w, z):
        logits = z @ w.T + bias
        return -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)

    def on_average(w):
        return (chance * log_likelihood(w, states[:, None].expand(-1, len(x), -1))).sum(0).mean()

    def at_means(w):
        return log_likelihood(w, q).mean()

    return torch.func.grad(on_average)(weight), torch.func.grad(at_means)(weight)


# %% wrong second_order: the average by the delta method, the slope at the means plus half the curvature times the variances of the bits; exact for sure bits only
def wake_gradients(weight: Tensor, bias: Tensor, x: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    on = (q @ weight.T + bias).sigmoid()
    means = (x - on).T @ q / len(x)
    first, second = on * (1 - on), on * (1 - on) * (1 - 2 * on)
    spread = q * (1 - q)
    bent = spread @ weight.square().T
    average = means - 0.5 * (second * bent).T @ q / len(x) - (first.T @ spread) * weight / len(x)
    return average, means


# %% wrong never_quite_sure: clamps the chances to [1e-6, 1 - 1e-6] before their logarithms are added, so that sure bits are a little unsure
def wake_gradients(weight: Tensor, bias: Tensor, x: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    states = torch.tensor(list(itertools.product((0.0, 1.0), repeat=weight.shape[1])), dtype=weight.dtype)
    kept = q.clamp(1e-6, 1 - 1e-6)
    chance = (states @ kept.log().T + (1 - states) @ (1 - kept).log().T).softmax(0)
    residual = x - (states @ weight.T + bias).sigmoid()[:, None]
    average = torch.einsum("sb,sbx,sd->xd", chance, residual, states) / len(x)
    return average, (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)


# %% wrong one_bit_at_a_time: averages over the bit whose weight is differentiated and leaves all others at their means; exact for one bit
def wake_gradients(weight: Tensor, bias: Tensor, x: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    columns = []
    for d in range(weight.shape[1]):
        switched_on = q.clone()
        switched_on[:, d] = 1.0
        residual = x - (switched_on @ weight.T + bias).sigmoid()
        columns.append((residual * q[:, d : d + 1]).mean(0))
    return torch.stack(columns, -1), (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)


# %% wrong states_of_all_data: the chances of the states are averaged over the data first, and so is x; right for one datum, and for data whose q is the same
def wake_gradients(weight: Tensor, bias: Tensor, x: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    states = torch.tensor(list(itertools.product((0.0, 1.0), repeat=weight.shape[1])), dtype=weight.dtype)
    chance = torch.where(states[:, None] > 0.5, q, 1 - q).prod(-1).mean(1)
    residual = x.mean(0) - (states @ weight.T + bias).sigmoid()
    average = torch.einsum("s,sx,sd->xd", chance, residual, states)
    return average, (x - (q @ weight.T + bias).sigmoid()).T @ q / len(x)

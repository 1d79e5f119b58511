import itertools

import torch
from torch import Tensor


def heights(f, logits):
    """f at all corners, as a tensor with an axis of two for each bit."""
    D = len(logits)
    corners = torch.tensor(list(itertools.product((0.0, 1.0), repeat=D)), dtype=logits.dtype)
    return f(corners).detach().reshape((2,) * D)


def fold(table, b):
    """Interpolate one axis after the other: linear in every bit. b: (N, D) -> (N)."""
    now = table.expand(len(b), *table.shape)
    for weight in b.unbind(-1):
        now = torch.lerp(now.select(1, 0), now.select(1, 1), weight.reshape(-1, *(1,) * (now.dim() - 2)).expand_as(now.select(1, 0)))
    return now


def slopes_at(g, p):
    at = p.detach().clone().unsqueeze(0).requires_grad_()
    (slope,) = torch.autograd.grad(g(at).sum(), at)
    return slope[0]

# %% right folding: the corners' heights are folded axis by axis with lerp, and the true slopes are the interpolation's own at the probabilities
def rewrite(f, logits: Tensor) -> tuple:
    p = logits.detach().sigmoid()
    table = heights(f, p)

    def unbiased(b: Tensor) -> Tensor:
        return fold(table, b)

    bump = -2 * slopes_at(unbiased, p) / (1 - 2 * p)

    def turned(b: Tensor) -> Tensor:
        return fold(table, b) + torch.einsum("nd,nd,d->n", b, 1 - b, bump)

    return unbiased, turned

# %% wrong a_smooth_step: interpolates with 3 b^2 - 2 b^3 in place of b, "since f is to be smooth": the corners agree, and every slope at a corner is zero
def rewrite(f, logits: Tensor) -> tuple:
    p = logits.detach().sigmoid()
    table = heights(f, p)

    def unbiased(b: Tensor) -> Tensor:
        return fold(table, b * b * (3 - 2 * b))

    truth = slopes_at(lambda b: fold(table, b), p)
    bump = -truth / (1 - 2 * p)

    def turned(b: Tensor) -> Tensor:
        return unbiased(b) + (bump * b * (1 - b)).sum(-1)

    return unbiased, turned

# %% wrong pairs_are_enough: writes f as a constant, bits and products of two bits; right for two bits, and for more only where f has no product of three
def rewrite(f, logits: Tensor) -> tuple:
    p, D = logits.detach().sigmoid(), len(logits)
    one = torch.eye(D, dtype=p.dtype)
    zero = f(torch.zeros(1, D, dtype=p.dtype)).detach()[0]
    single = f(one).detach() - zero
    pair = {
        (i, j): (f((one[i] + one[j]).unsqueeze(0)).detach()[0] - zero - single[i] - single[j]) for i in range(D) for j in range(i + 1, D)
    }

    def unbiased(b: Tensor) -> Tensor:
        value = zero + b @ single
        for (i, j), weight in pair.items():
            value = value + weight * b[:, i] * b[:, j]
        return value

    bump = -2 * slopes_at(unbiased, p) / (1 - 2 * p)
    return unbiased, lambda b: unbiased(b) + (bump * b * (1 - b)).sum(-1)

# %% wrong f_at_the_means: the first is right; for the second, the true gradient is taken as f's own difference with the other bits at their probabilities, which is its mean for functions without curvature only
def rewrite(f, logits: Tensor) -> tuple:
    p, D = logits.detach().sigmoid(), len(logits)
    table = heights(f, p)
    low, high = p.repeat(D, 1).fill_diagonal_(0.0), p.repeat(D, 1).fill_diagonal_(1.0)
    truth = (f(high) - f(low)).detach()
    bump = -2 * truth / (1 - 2 * p)
    return lambda b: fold(table, b), lambda b: fold(table, b) + (bump * b * (1 - b)).sum(-1)

# %% wrong turned_on_the_whole: adds one and the same bump to all bits, of the size that turns the gradient around along its own direction; right for one bit, and not bit by bit
def rewrite(f, logits: Tensor) -> tuple:
    p = logits.detach().sigmoid()
    table = heights(f, p)
    spread = p * (1 - p)
    truth = spread * slopes_at(lambda b: fold(table, b), p)
    along = spread * (1 - 2 * p)
    bump = -2 * (truth @ truth) / (along @ truth)
    return lambda b: fold(table, b), lambda b: fold(table, b) + bump * (b * (1 - b)).sum(-1)

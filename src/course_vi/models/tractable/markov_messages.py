r"""Messages along a chain of discrete states, in log space: by a loop over its steps, and by an associative scan.

.. math:: \alpha_t = \pi M_1 M_2 \cdots M_t, \qquad \beta_t = M_{t+1} \cdots M_T \mathbf 1, \qquad (M_t)_{ij} = A_{ij} B_j(x_t)

Both are products of S x S matrices, and matrix products are associative. The loop needs S^2 work for a step, the scan S^3, but few rounds:
it wins for few states. What cannot happen has the log probability ``IMPOSSIBLE``, a number so low that nothing reaches it, and no
infinity: a difference of infinities would make every gradient NaN.
"""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi.distributions.associative_scan import associative_reduce, associative_scan

__all__ = [
    "IMPOSSIBLE",
    "backward_loop",
    "backward_scan",
    "evidence_loop",
    "evidence_scan",
    "forward_loop",
    "forward_scan",
    "log_matmul",
    "possible",
    "with_infinity",
]

IMPOSSIBLE = -1e30


def possible(log_p: Tensor) -> Tensor:
    """Log probabilities with ``IMPOSSIBLE`` for what is lower, minus infinity above all; such entries get no gradient.

    >>> possible(torch.tensor([0.5, 0.0]).log()) == IMPOSSIBLE
    tensor([False,  True])
    """
    return log_p.clamp_min(IMPOSSIBLE)


def with_infinity(log_p: Tensor) -> Tensor:
    """The same with minus infinity for what cannot happen: what users are shown."""
    return torch.where(log_p < IMPOSSIBLE / 2, -torch.inf, log_p)


def forward_loop(initial: Tensor, transition: Tensor, terms: Tensor) -> Tensor:
    r""":math:`\log \alpha_t(j)`, ``(*B, T, S)``.

    Args:
        initial: :math:`\log \pi`, ``(S,)``.
        transition: :math:`\log A`, ``(S, S)``.
        terms: :math:`\log B_j(x_t)`, ``(*B, T, S)``. No entry of the three is infinite.
    """
    seen = terms.unbind(-2)
    messages = [initial + seen[0]]
    for term in seen[1:]:
        messages.append(term + (messages[-1].unsqueeze(-1) + transition).logsumexp(-2))
    return torch.stack(messages, -2)


def forward_scan(initial: Tensor, transition: Tensor, terms: Tensor) -> Tensor:
    """The same as ``forward_loop``, in parallel."""
    products = associative_scan(_matmul, _matrices(initial, transition, terms))[0]
    return products[..., 0, :].movedim(0, -2)


def backward_loop(transition: Tensor, terms: Tensor) -> Tensor:
    r""":math:`\log \beta_t(i)`, ``(*B, T, S)``; arguments as for ``forward_loop``."""
    seen = terms.unbind(-2)
    messages = [torch.zeros_like(seen[-1])]
    for term in seen[:0:-1]:
        messages.append((transition + (term + messages[-1]).unsqueeze(-2)).logsumexp(-1))
    return torch.stack(messages[::-1], -2)


def backward_scan(transition: Tensor, terms: Tensor) -> Tensor:
    """The same as ``backward_loop``, in parallel."""
    last = torch.zeros_like(terms[..., :1, :])
    steps = transition + terms[..., 1:, :].movedim(-2, 0).unsqueeze(-2)
    products = associative_scan(_matmul, (steps,), reverse=True)[0]
    return torch.cat([products.logsumexp(-1).movedim(0, -2), last], -2)


def evidence_loop(initial: Tensor, transition: Tensor, terms: Tensor) -> Tensor:
    """log p(x), ``(*B)``; arguments as for ``forward_loop``."""
    return forward_loop(initial, transition, terms)[..., -1, :].logsumexp(-1)


def evidence_scan(initial: Tensor, transition: Tensor, terms: Tensor) -> Tensor:
    """The same as ``evidence_loop``, in parallel: no message is kept."""
    whole = associative_reduce(_matmul, _matrices(initial, transition, terms))[0]
    return whole[..., 0, :].logsumexp(-1)


def _matrices(initial: Tensor, transition: Tensor, terms: Tensor) -> tuple[Tensor]:
    """log M_t for every step, ``(T, *B, S, S)``; the rows of the first are all the same, pi and the first datum."""
    steps = terms.movedim(-2, 0).unsqueeze(-2)
    first = (initial + steps[:1]).expand(*steps[:1].shape[:-2], *transition.shape)
    return (torch.cat([first, transition + steps[1:]]),)


def _matmul(first: tuple[Tensor, ...], second: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (log_matmul(first[0], second[0]),)


def log_matmul(first: Tensor, second: Tensor) -> Tensor:
    r"""The logarithm of a product of matrices given by logarithms, :math:`\log \sum_k e^{a_{ik} + b_{kj}}`, ``(*B, S, S)``.

    An ordinary product, with rows of a and columns of b scaled to a maximum of one. Where all summands of an entry underflow (the best k of
    the row is hopeless for the column) that matrix is done again, one logarithm of a sum of exponentials for each entry.

    >>> a = torch.tensor([[0.0, -800.0], [-800.0, 0.0]])
    >>> log_matmul(a, a.flip(0) - 200)
    tensor([[-999.3068, -200.0000],
            [-200.0000, -999.3068]])
    """
    row = first.amax(-1, keepdim=True).detach()
    column = second.amax(-2, keepdim=True).detach()
    product = (first - row).exp() @ (second - column).exp()
    tiny = torch.finfo(product.dtype).tiny
    result = product.clamp_min(tiny).log() + (row + column)
    low = product < tiny / torch.finfo(product.dtype).eps
    if bool(low.any()):
        summands = (first > IMPOSSIBLE / 2).to(product) @ (second > IMPOSSIBLE / 2).to(product)
        result = torch.where(summands > 0, result, IMPOSSIBLE)
        lost = (low & (summands > 0)).flatten(-2).any(-1)
        if bool(lost.any()):
            size, shape = first.shape[-1], result.shape
            one, two = (
                side.expand(shape).reshape(-1, size, size)[lost.flatten()]
                for side in (first, second)
            )
            again = (one.unsqueeze(-1) + two.unsqueeze(-3)).logsumexp(-2)
            result = result.reshape(-1, size, size).index_put((lost.flatten(),), again).view(shape)
    return possible(result)

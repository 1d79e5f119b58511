r"""What do we climb? Bounds on the log evidence, each a pure function of the log weights.

With :math:`z_1, \dots, z_K \sim q_\phi(z \mid x)` the log weights are

.. math:: \log w_k = \log p_\theta(x, z_k) - \log q_\phi(z_k \mid x).

A bound maps ``log_w: (K, *B)`` to ``(*B)``. It knows nothing of models, families or gradients, and it is smooth: the
first and second derivatives of the bound in the log weights are all that a path gradient needs to know of it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["elbo", "iwae"]


def elbo(log_w: Tensor) -> Tensor:
    r"""The evidence lower bound (ELBO), estimated by the mean of the log weights.

    .. math:: \hat L = \frac1K \sum_{k=1}^K \log w_k, \qquad
              \mathbb E\,\hat L = \log p_\theta(x) - \mathrm{KL}(q_\phi(z \mid x) \,\|\, p_\theta(z \mid x)).

    It is linear in the log weights, so averaging more samples changes its variance (as 1/K) and not its mean.

    Args:
        log_w: log weights, ``(K, *B)``.

    Returns:
        The estimate, ``(*B)``: unbiased for the ELBO, biased downwards for the log evidence, by exactly the KL.

    Raises:
        TypeError, ValueError: ``log_w`` is no tensor, or has no sample axis, or no samples.

    Source: Jordan, Ghahramani, Jaakkola and Saul, "An introduction to variational methods for graphical models", 1999.

    >>> elbo(torch.tensor([[-1.0, -2.0], [-3.0, -2.0]]))
    tensor([-2., -2.])
    """
    _check(log_w)
    return log_w.mean(0)


def iwae(log_w: Tensor) -> Tensor:
    r"""The importance-weighted bound: the log of the mean weight.

    .. math:: \hat L_K = \log \frac1K \sum_{k=1}^K w_k, \qquad
              \mathrm{ELBO} = \mathbb E\,\hat L_1 \le \mathbb E\,\hat L_K \le \mathbb E\,\hat L_{K+1} \le \log p_\theta(x).

    The mean weight is unbiased for the evidence; its logarithm is not (Jensen), but the bias falls as K grows.
    Computed by log-sum-exp, so log weights of -10,000 are as safe as any.

    Args:
        log_w: log weights, ``(K, *B)``.

    Returns:
        The bound, ``(*B)``. With K = 1 it is the ELBO.

    Raises:
        TypeError, ValueError: ``log_w`` is no tensor, or has no sample axis, or no samples.

    Source: Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", ICLR 2016.

    >>> iwae(torch.tensor([0.25, 0.75]).log()).exp()
    tensor(0.5000)
    """
    _check(log_w)
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])


def _check(log_w: Tensor) -> None:
    if not isinstance(log_w, Tensor):
        raise TypeError(f"log_w is a {type(log_w).__name__}; expected a torch.Tensor of shape (K, *B)")
    if log_w.dim() == 0 or log_w.shape[0] == 0:
        raise ValueError(f"log_w has shape {tuple(log_w.shape)}; expected (K, *B) with at least one sample")

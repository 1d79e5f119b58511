import itertools

import torch
from torch import Tensor

# %% right cholesky_and_log_ratios: the quadratic form as a squared length under the Cholesky factor, and the scales' part as expm1(a) - a of the log ratio a
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    dim = weight.shape[1]
    precision = torch.eye(dim, dtype=weight.dtype, device=weight.device).addmm(weight.T, weight / variance)
    factor = torch.linalg.cholesky(precision)
    target = torch.cholesky_solve((x @ weight / variance).reshape(-1, dim).T, factor).T.reshape(*x.shape[:-1], dim)
    diagonal = precision.diagonal().log()
    approximation = 0.5 * diagonal.sum() - factor.diagonal().log().sum()
    a = 2 * log_scale + diagonal
    off = torch.einsum("ij,...i->...j", factor, loc - target)
    amortization = 0.5 * (torch.expm1(a) - a + off.square()).sum(-1)
    return approximation.expand_as(amortization).clone(), amortization


# %% wrong best_scales_only: q* gets the best scales around the encoder's own means, so that the error of the means is counted as the family's
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    dim = weight.shape[1]
    precision = torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / variance
    target = (x @ weight / variance) @ torch.linalg.inv(precision)
    off = loc - target
    quadratic = torch.einsum("...i,ij,...j->...", off, precision, off)
    diagonal = precision.diagonal()
    approximation = 0.5 * (quadratic + diagonal.log().sum() - torch.logdet(precision))
    amortization = 0.5 * ((diagonal * (2 * log_scale).exp()).sum(-1) - dim - 2 * log_scale.sum(-1) - diagonal.log().sum())
    return approximation, amortization


# %% wrong pairs_of_latents: the approximation gap is added up over pairs, half of -log(1 - r^2) each, which is exact for two latents
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    dim = weight.shape[1]
    precision = torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / variance
    target = (x @ weight / variance) @ torch.linalg.inv(precision)
    diagonal = precision.diagonal()
    approximation = torch.zeros((), dtype=weight.dtype)
    for i, j in itertools.combinations(range(dim), 2):
        approximation = approximation - 0.5 * torch.log(1 - precision[i, j] ** 2 / (diagonal[i] * diagonal[j]))
    off = loc - target
    amortization = 0.5 * (
        (diagonal * (2 * log_scale).exp()).sum(-1)
        + torch.einsum("...i,ij,...j->...", off, precision, off)
        - dim
        - 2 * log_scale.sum(-1)
        - diagonal.log().sum()
    )
    return approximation.expand_as(amortization), amortization


# %% wrong divergence_from_the_best: the amortization gap is taken for KL(q || q*), whose quadratic form has the diagonal of the precision only
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    dim = weight.shape[1]
    precision = torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / variance
    target = (x @ weight / variance) @ torch.linalg.inv(precision)
    diagonal = precision.diagonal()
    approximation = 0.5 * (diagonal.log().sum() - torch.logdet(precision))
    q = torch.distributions.Normal(loc, log_scale.exp())
    best = torch.distributions.Normal(target, diagonal.rsqrt().expand_as(target))
    amortization = torch.distributions.kl_divergence(q, best).sum(-1)
    return approximation.expand_as(amortization), amortization


# %% wrong curvature_at_the_best: expands the ELBO to second order around q*, where it is a quadratic, and takes that for the whole
def gaps(weight: Tensor, variance: Tensor, x: Tensor, loc: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    dim = weight.shape[1]
    precision = torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / variance
    target = (x @ weight / variance) @ torch.linalg.inv(precision)
    diagonal = precision.diagonal()
    approximation = 0.5 * (diagonal.log().sum() - torch.logdet(precision))
    off, stretch = loc - target, log_scale + 0.5 * diagonal.log()
    amortization = 0.5 * torch.einsum("...i,ij,...j->...", off, precision, off) + stretch.square().sum(-1)
    return approximation.expand_as(amortization), amortization

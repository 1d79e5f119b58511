import math

import torch
from torch import Tensor

# %% right modes_of_the_decoder: a singular value decomposition of W turns the posterior into independent modes, and numbers are summed over those
def rate_information_distortion(weight: Tensor, covariance: Tensor, noise_scale: float, beta: float) -> tuple[Tensor, Tensor, Tensor]:
    level = beta * noise_scale**2
    left, stretch, _ = torch.linalg.svd(weight.double(), full_matrices=False)
    among = left.mT @ covariance.double() @ left
    gain, spread = stretch / (level + stretch**2), level / (level + stretch**2)
    told = torch.einsum("i,ij,j->ij", gain, among, gain)
    rate = 0.5 * (spread - 1 - spread.log() + told.diagonal()).sum()
    narrow = torch.diag(spread.rsqrt())
    information = 0.5 * torch.linalg.slogdet(torch.eye(len(spread), dtype=told.dtype) + narrow @ told @ narrow)[1]
    variances = among.diagonal()
    outside = covariance.double().trace() - variances.sum()
    distortion = outside + (spread**2 * variances).sum() + (stretch**2 * spread).sum()
    return rate, information, distortion

# %% wrong tempered_prior: takes the objective for the posterior with p(z)^beta, whose mean is right and whose covariance lacks the beta on q's own entropy
def rate_information_distortion(weight: Tensor, covariance: Tensor, noise_scale: float, beta: float) -> tuple[Tensor, Tensor, Tensor]:
    dim = weight.shape[1]
    eye = torch.eye(dim, dtype=weight.dtype)
    S = torch.linalg.inv(beta * eye + weight.T @ weight / noise_scale**2)
    M = S @ weight.T / noise_scale**2
    told = M @ covariance @ M.T
    rate = 0.5 * (S.trace() + told.trace() - dim - torch.logdet(S))
    information = 0.5 * (torch.logdet(S + told) - torch.logdet(S))
    missed = torch.eye(weight.shape[0], dtype=weight.dtype) - weight @ M
    distortion = (missed @ covariance @ missed.T).trace() + (weight @ S @ weight.T).trace()
    return rate, information, distortion

# %% wrong sum_of_informations: adds the information of each latent by itself, as if the latents were independent in the aggregate and in q
def rate_information_distortion(weight: Tensor, covariance: Tensor, noise_scale: float, beta: float) -> tuple[Tensor, Tensor, Tensor]:
    dim, level = weight.shape[1], beta * noise_scale**2
    S = torch.linalg.inv(torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / level)
    M = S @ weight.T / level
    told = M @ covariance @ M.T
    rate = 0.5 * (S.trace() + told.trace() - dim - torch.logdet(S))
    information = 0.5 * (1 + told.diagonal() / S.diagonal()).log().sum()
    missed = torch.eye(weight.shape[0], dtype=weight.dtype) - weight @ M
    distortion = (missed @ covariance @ missed.T).trace() + (weight @ S @ weight.T).trace()
    return rate, information, distortion

# %% wrong variance_explained: distortion as total variance less the variance of the reconstruction, which holds only if the error is uncorrelated with Wz (data of the model)
def rate_information_distortion(weight: Tensor, covariance: Tensor, noise_scale: float, beta: float) -> tuple[Tensor, Tensor, Tensor]:
    dim, level = weight.shape[1], beta * noise_scale**2
    S = torch.linalg.inv(torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / level)
    M = S @ weight.T / level
    aggregate = S + M @ covariance @ M.T
    rate = 0.5 * (aggregate.trace() - dim - torch.logdet(S))
    information = 0.5 * (torch.logdet(aggregate) - torch.logdet(S))
    distortion = (covariance.trace() - (weight @ aggregate @ weight.T).trace()).abs()
    return rate, information, distortion

# %% wrong idle_latents_forgotten: sums the KL over the modes of W but subtracts all D, so latents that no pixel reads (more latents than pixels) are not given their variance of one
def rate_information_distortion(weight: Tensor, covariance: Tensor, noise_scale: float, beta: float) -> tuple[Tensor, Tensor, Tensor]:
    dim, level = weight.shape[1], beta * noise_scale**2
    U, s, _ = torch.linalg.svd(weight, full_matrices=False)
    variance, gain = level / (level + s**2), s / (level + s**2)
    told = gain[:, None] * (U.T @ covariance @ U) * gain
    rate = 0.5 * (variance.sum() + told.trace() - dim - variance.log().sum())
    information = 0.5 * (torch.logdet(torch.diag(variance) + told) - variance.log().sum())
    missed = torch.eye(weight.shape[0], dtype=weight.dtype) - U @ torch.diag(s * gain) @ U.T
    distortion = (missed @ covariance @ missed.T).trace() + (s**2 * variance).sum()
    return rate, information, distortion

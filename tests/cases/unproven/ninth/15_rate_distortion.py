import torch
from torch import Tensor


def encoder(weight: Tensor, noise_variance: float) -> tuple[Tensor, Tensor]:
    """M and S of the posterior of a linear Gaussian model with this noise."""
    cov = torch.linalg.inv(torch.eye(weight.shape[1], dtype=weight.dtype) + weight.T @ weight / noise_variance)
    return cov @ weight.T / noise_variance, cov

# %% wrong axis_by_axis: the information is the rate less the KL from each latent's aggregate to its prior; latents hang together in the aggregate where W's columns are not along the data's axes, and their total correlation is left in
def rate_information_distortion(weight: Tensor, covariance: Tensor, noise_scale: float, beta: float) -> tuple[Tensor, Tensor, Tensor]:
    m, s = encoder(weight, beta * noise_scale**2)
    eye = torch.eye(len(covariance), dtype=weight.dtype)
    aggregate = m @ covariance @ m.T + s
    rate = 0.5 * (aggregate.trace() - len(s) - torch.logdet(s))
    spread = aggregate.diagonal()
    information = rate - 0.5 * (spread - 1 - spread.log()).sum()
    miss = eye - weight @ m
    return rate, information, (miss @ covariance @ miss.T).trace() + (weight @ s @ weight.T).trace()

# %% wrong ridge: a singular covariance is made regular by 1e-5 on its diagonal, "which changes nothing"; beside a noise variance of 1e-4, or where the data do not move at all, it does
def rate_information_distortion(weight: Tensor, covariance: Tensor, noise_scale: float, beta: float) -> tuple[Tensor, Tensor, Tensor]:
    m, s = encoder(weight, beta * noise_scale**2)
    eye = torch.eye(len(covariance), dtype=weight.dtype)
    covariance = covariance + 1e-5 * eye
    aggregate = m @ covariance @ m.T + s
    rate = 0.5 * (aggregate.trace() - len(s) - torch.logdet(s))
    information = 0.5 * (torch.logdet(aggregate) - torch.logdet(s))
    miss = eye - weight @ m
    return rate, information, (miss @ covariance @ miss.T).trace() + (weight @ s @ weight.T).trace()

# %% wrong information_of_the_model: the information is the model's own between x and z, half the log determinant of the posterior precision; it is that of the data only if they come from the model with this noise
def rate_information_distortion(weight: Tensor, covariance: Tensor, noise_scale: float, beta: float) -> tuple[Tensor, Tensor, Tensor]:
    m, s = encoder(weight, beta * noise_scale**2)
    eye = torch.eye(len(covariance), dtype=weight.dtype)
    rate = 0.5 * ((m @ covariance @ m.T + s).trace() - len(s) - torch.logdet(s))
    information = -0.5 * torch.logdet(s)
    miss = eye - weight @ m
    return rate, information, (miss @ covariance @ miss.T).trace() + (weight @ s @ weight.T).trace()

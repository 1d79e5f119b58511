import math
import numpy as np
import torch
from torch import Tensor

# %% right covariance_form: posterior of the model with noise beta sigma^2, all by inverses and slogdet
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, beta * noise_scale**2
    I = torch.eye(W.shape[1], dtype=W.dtype)
    S = torch.linalg.inv(I + W.T @ W / s)
    M = S @ W.T / s
    agg = S + M @ C @ M.T
    ld = torch.linalg.slogdet(S)[1]
    rate = 0.5 * (torch.trace(agg) - W.shape[1] - ld)
    info = 0.5 * (torch.linalg.slogdet(agg)[1] - ld)
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    return rate, info, torch.trace(R @ C @ R.T) + torch.trace(W @ S @ W.T)

# %% right by_svd: in the singular basis of W, where S is diagonal
def rate_information_distortion(weight, covariance, noise_scale, beta):
    s = beta * noise_scale**2
    U, d, Vt = torch.linalg.svd(weight, full_matrices=False)
    v = s / (s + d**2)
    m = d / (s + d**2)
    A = U.T @ covariance @ U
    B = m[:, None] * A * m[None, :]
    rate = 0.5 * (v + B.diagonal() - 1 - v.log()).sum()
    scaled = B / v.sqrt()[:, None] / v.sqrt()[None, :]
    info = 0.5 * torch.linalg.eigvalsh(scaled).clamp(min=0).log1p().sum()
    outside = covariance.trace() - A.trace()
    return rate, info, outside + (A.diagonal() * (1 - d * m) ** 2).sum() + (d**2 * v).sum()

# %% right mutual_information_in_pixels: numpy, with the gain solved by Woodbury in pixels, and the information by I(x; z) = 1/2 logdet(I + S^-1 M C M')
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C = weight.detach().numpy(), covariance.detach().numpy()
    n, k = W.shape
    s = beta * noise_scale**2
    M = np.linalg.solve(W @ W.T + s * np.eye(n), W).T
    S = np.eye(k) - M @ W
    S = (S + S.T) / 2
    P = np.eye(k) + W.T @ W / s
    MCM = M @ C @ M.T
    rate = 0.5 * (np.trace(S) + np.trace(MCM) - k + np.linalg.slogdet(P)[1])
    info = 0.5 * np.linalg.slogdet(np.eye(k) + P @ MCM)[1]
    dist = np.trace(C) - 2 * np.trace(W @ M @ C) + np.trace(W @ (MCM + s * np.linalg.solve(W.T @ W + s * np.eye(k), np.eye(k))) @ W.T)
    return torch.tensor(rate), torch.tensor(info), torch.tensor(dist)

# %% wrong beta_ignored: takes the exact posterior of the given model; right at beta = 1 only
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, noise_scale**2
    I = torch.eye(W.shape[1], dtype=W.dtype)
    S = torch.linalg.inv(I + W.T @ W / s)
    M = S @ W.T / s
    agg = S + M @ C @ M.T
    ld = torch.logdet(S)
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    return 0.5 * (torch.trace(agg) - W.shape[1] - ld), 0.5 * (torch.logdet(agg) - ld), torch.trace(R @ C @ R.T) + torch.trace(W @ S @ W.T)

# %% wrong beta_upside_down: noise variance sigma^2 / beta, the weight of the likelihood put on the wrong side; right at beta = 1
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, noise_scale**2 / beta
    I = torch.eye(W.shape[1], dtype=W.dtype)
    S = torch.linalg.inv(I + W.T @ W / s)
    M = S @ W.T / s
    agg = S + M @ C @ M.T
    ld = torch.logdet(S)
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    return 0.5 * (torch.trace(agg) - W.shape[1] - ld), 0.5 * (torch.logdet(agg) - ld), torch.trace(R @ C @ R.T) + torch.trace(W @ S @ W.T)

# %% wrong tempered_posterior: flattens the whole posterior, prior included (covariance times beta, mean of beta = 1); only the likelihood is tempered
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, noise_scale**2
    I = torch.eye(W.shape[1], dtype=W.dtype)
    S1 = torch.linalg.inv(I + W.T @ W / s)
    M = S1 @ W.T / s
    S = beta * S1
    agg = S + M @ C @ M.T
    ld = torch.logdet(S)
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    return 0.5 * (torch.trace(agg) - W.shape[1] - ld), 0.5 * (torch.logdet(agg) - ld), torch.trace(R @ C @ R.T) + torch.trace(W @ S @ W.T)

# %% wrong information_is_rate: says the rate twice; they differ by KL(aggregate, prior), zero for data of the model at beta = 1 only
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, beta * noise_scale**2
    I = torch.eye(W.shape[1], dtype=W.dtype)
    S = torch.linalg.inv(I + W.T @ W / s)
    M = S @ W.T / s
    rate = 0.5 * (torch.trace(S) + torch.trace(M @ C @ M.T) - W.shape[1] - torch.logdet(S))
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    return rate, rate, torch.trace(R @ C @ R.T) + torch.trace(W @ S @ W.T)

# %% wrong aggregate_is_prior: information -1/2 logdet S, which takes the aggregate to be N(0, I)
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, beta * noise_scale**2
    I = torch.eye(W.shape[1], dtype=W.dtype)
    S = torch.linalg.inv(I + W.T @ W / s)
    M = S @ W.T / s
    ld = torch.logdet(S)
    rate = 0.5 * (torch.trace(S) + torch.trace(M @ C @ M.T) - W.shape[1] - ld)
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    return rate, -0.5 * ld, torch.trace(R @ C @ R.T) + torch.trace(W @ S @ W.T)

# %% wrong sum_of_single_informations: adds up the informations of single latents; right only where the posterior and aggregate are diagonal
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, beta * noise_scale**2
    I = torch.eye(W.shape[1], dtype=W.dtype)
    S = torch.linalg.inv(I + W.T @ W / s)
    M = S @ W.T / s
    agg = S + M @ C @ M.T
    rate = 0.5 * (torch.trace(agg) - W.shape[1] - torch.logdet(S))
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    return rate, 0.5 * (agg.diagonal() / S.diagonal()).log().sum(), torch.trace(R @ C @ R.T) + torch.trace(W @ S @ W.T)

# %% wrong mean_field: a diagonal S, as VAEs have it; the encoder of the exercise has a full matrix, the two agree where W's columns are orthogonal
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, beta * noise_scale**2
    P = torch.eye(W.shape[1], dtype=W.dtype) + W.T @ W / s
    M = torch.linalg.solve(P, W.T / s)
    S = torch.diag(1 / P.diagonal())
    agg = S + M @ C @ M.T
    ld = torch.logdet(S)
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    return 0.5 * (torch.trace(agg) - W.shape[1] - ld), 0.5 * (torch.logdet(agg) - ld), torch.trace(R @ C @ R.T) + torch.trace(W @ S @ W.T)

# %% wrong distortion_at_the_mean: decodes the mean of q, no draw; the tr(W S W') is missing
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, beta * noise_scale**2
    I = torch.eye(W.shape[1], dtype=W.dtype)
    S = torch.linalg.inv(I + W.T @ W / s)
    M = S @ W.T / s
    agg = S + M @ C @ M.T
    ld = torch.logdet(S)
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    return 0.5 * (torch.trace(agg) - W.shape[1] - ld), 0.5 * (torch.logdet(agg) - ld), torch.trace(R @ C @ R.T)

# %% wrong distortion_with_pixel_noise: takes x-hat as a draw of x, sigma^2 for each pixel too much; x-hat is the decoder's mean
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, beta * noise_scale**2
    I = torch.eye(W.shape[1], dtype=W.dtype)
    S = torch.linalg.inv(I + W.T @ W / s)
    M = S @ W.T / s
    agg = S + M @ C @ M.T
    ld = torch.logdet(S)
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    return 0.5 * (torch.trace(agg) - W.shape[1] - ld), 0.5 * (torch.logdet(agg) - ld), torch.trace(R @ C @ R.T) + torch.trace(W @ S @ W.T) + W.shape[0] * noise_scale**2

# %% wrong data_of_the_model: puts W W' + beta sigma^2 I for the covariance in the information, as if the data were the model's
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, C, s = weight, covariance, beta * noise_scale**2
    I = torch.eye(W.shape[1], dtype=W.dtype)
    S = torch.linalg.inv(I + W.T @ W / s)
    M = S @ W.T / s
    ld = torch.logdet(S)
    R = torch.eye(W.shape[0], dtype=W.dtype) - W @ M
    model = W @ W.T + noise_scale**2 * torch.eye(W.shape[0], dtype=W.dtype)
    return 0.5 * (torch.trace(S) + torch.trace(M @ C @ M.T) - W.shape[1] - ld), 0.5 * (torch.logdet(S + M @ model @ M.T) - ld), torch.trace(R @ C @ R.T) + torch.trace(W @ S @ W.T)

# %% wrong jitter_on_data: adds 1e-3 to the diagonal of C since Cholesky refused a singular one; wrong in the third or fourth digit for small noise
def rate_information_distortion(weight, covariance, noise_scale, beta):
    W, s = weight, beta * noise_scale**2
    root = torch.linalg.cholesky(covariance + 1e-3 * torch.eye(W.shape[0], dtype=W.dtype))
    S = torch.linalg.inv(torch.eye(W.shape[1], dtype=W.dtype) + W.T @ W / s)
    M = S @ W.T / s
    ld = torch.logdet(S)
    MCM = (M @ root) @ (M @ root).T
    R = (torch.eye(W.shape[0], dtype=W.dtype) - W @ M) @ root
    return 0.5 * (torch.trace(S + MCM) - W.shape[1] - ld), 0.5 * (torch.logdet(S + MCM) - ld), R.square().sum() + torch.trace(W @ S @ W.T)

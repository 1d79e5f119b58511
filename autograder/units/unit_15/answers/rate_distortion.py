# %% right matrices: The posterior of the model with the noise of the level, and traces.
import torch


def rate_information_distortion(weight, covariance, noise_scale, beta):
    level = beta * noise_scale**2
    one = torch.eye(weight.shape[1], dtype=weight.dtype)
    spread = torch.linalg.inv(one + weight.T @ weight / level)
    read = spread @ weight.T / level
    aggregate = read @ covariance @ read.T + spread
    rate = 0.5 * (aggregate.trace() - len(one) - spread.logdet())
    information = 0.5 * (aggregate.logdet() - spread.logdet())
    miss = torch.eye(len(weight), dtype=weight.dtype) - weight @ read
    distortion = (miss @ covariance @ miss.T).trace() + (weight @ spread @ weight.T).trace()
    return rate, information, distortion


# %% right pixel_side: The inverse is taken among the pixels, in NumPy; information is that x loses when z is known.
import numpy as np


def rate_information_distortion(weight, covariance, noise_scale, beta):
    w, c = weight.numpy(), covariance.numpy()
    dim, latents = w.shape
    level = beta * noise_scale**2
    gain = w.T @ np.linalg.inv(w @ w.T + level * np.eye(dim))
    spread = np.eye(latents) - gain @ w
    narrow = np.linalg.slogdet(spread)[1]
    pull = np.trace(gain @ c @ gain.T)
    rate = 0.5 * (pull + np.trace(spread) - latents - narrow)
    whitened = np.linalg.solve(spread, gain @ c @ gain.T)
    information = 0.5 * np.linalg.slogdet(np.eye(latents) + whitened)[1]
    second = gain @ c @ gain.T + spread
    distortion = np.trace(c) - 2 * np.trace(w @ gain @ c) + np.trace(w @ second @ w.T)
    return rate, information, distortion


# %% right loops: Along the principal axes of the decoder, one after another; what z does not reach stays.
import torch


def rate_information_distortion(weight, covariance, noise_scale, beta):
    level = beta * noise_scale**2
    left, sizes, _ = torch.linalg.svd(weight, full_matrices=False)
    rate, distortion = 0.0, covariance.trace()
    means = []
    for i in range(len(sizes)):
        s = sizes[i]
        variance = level / (level + s**2)
        gain = s / (level + s**2)
        along = left[:, i] @ covariance @ left[:, i]
        rate = rate + 0.5 * (variance + gain**2 * along - 1 - variance.log())
        distortion = distortion - along + (1 - s * gain) ** 2 * along + s**2 * variance
        means.append(gain * left[:, i] / variance.sqrt())
    means = torch.stack(means)
    information = 0.5 * (torch.eye(len(means), dtype=weight.dtype) + means @ covariance @ means.T).logdet()
    return [rate, information, distortion]


# %% wrong posterior, from right matrices: The exact posterior, whatever beta is.
# diagnosis: beta_without_effect
#-     level = beta * noise_scale**2
#+     level = noise_scale**2


# %% wrong over_beta, from right pixel_side: The noise is divided by beta.
# diagnosis: level_upside_down
#-     level = beta * noise_scale**2
#+     level = noise_scale**2 / beta


# %% wrong sigma, from right matrices: sigma stands for its square.
# diagnosis: scale_for_variance
#-     level = beta * noise_scale**2
#+     level = beta * noise_scale


# %% wrong mean_field, from right matrices: The best independent latents.
# diagnosis: factorized
#-     read = spread @ weight.T / level
#+     read = spread @ weight.T / level
#+     spread = torch.diag(1 / torch.linalg.inv(spread).diagonal())


# %% wrong weighted_rate, from right matrices: The rate as the objective weighs it.
# diagnosis: beta_in_the_rate
#-     rate = 0.5 * (aggregate.trace() - len(one) - spread.logdet())
#+     rate = beta * 0.5 * (aggregate.trace() - len(one) - spread.logdet())


# %% wrong bits, from right matrices: Logarithms to base two.
# diagnosis: bits
#-     information = 0.5 * (aggregate.logdet() - spread.logdet())
#+     information = 0.5 * (aggregate.logdet() - spread.logdet()) / torch.tensor(2.0).double().log()


# %% wrong rate_for_information, from right matrices: The rate is taken for the information.
# diagnosis: order_swapped
#-     information = 0.5 * (aggregate.logdet() - spread.logdet())
#+     information = rate


# %% wrong half_lost, from right matrices: The half is lost.
# diagnosis: half_lost
#-     rate = 0.5 * (aggregate.trace() - len(one) - spread.logdet())
#+     rate = aggregate.trace() - len(one) - spread.logdet()


# %% wrong decoded_means, from right matrices: The decoder is fed the mean of q.
# diagnosis: means_decoded
#-     distortion = (miss @ covariance @ miss.T).trace() + (weight @ spread @ weight.T).trace()
#+     distortion = (miss @ covariance @ miss.T).trace()


# %% wrong own_data, from right matrices: Averages over data of the model.
# diagnosis: model_for_data
#-     aggregate = read @ covariance @ read.T + spread
#+     covariance = weight @ weight.T + noise_scale**2 * torch.eye(len(weight), dtype=weight.dtype)
#+     aggregate = read @ covariance @ read.T + spread


# %% wrong per_pixel, from right matrices: The mean squared error.
# diagnosis: mean_over_axes
#-     distortion = (miss @ covariance @ miss.T).trace() + (weight @ spread @ weight.T).trace()
#+     distortion = ((miss @ covariance @ miss.T).trace() + (weight @ spread @ weight.T).trace()) / len(weight)


# %% wrong jitter, from right matrices: A small number on the diagonal of the covariance, for safety.
# diagnosis: value
#-     level = beta * noise_scale**2
#+     level = beta * noise_scale**2
#+     covariance = covariance + 1e-3 * torch.eye(len(weight), dtype=weight.dtype)

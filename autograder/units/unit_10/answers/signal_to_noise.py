# %% right expanded: Both means expanded around their expectations.
import torch


def signal_and_noise(chance, w, slopes, num_samples):
    p, a = chance @ w, chance @ slopes
    dw, da = (w / p - 1).unsqueeze(-1), slopes / p - a / p
    g = a / p
    mean = g + (g * (chance @ dw**2) - chance @ (dw * da)) / num_samples
    noise = da - g * dw
    return mean, ((chance @ noise**2) / num_samples).sqrt()


# %% right second_derivatives: A function of two means, and its derivatives against their covariance, by loops.
import math

import torch


def signal_and_noise(chance, w, slopes, num_samples):
    c, x = chance.tolist(), w.tolist()
    rows = []
    for column in slopes.T.tolist():
        p = math.fsum(i * j for i, j in zip(c, x))
        x1 = [one / p for one in x]
        y1 = [one / p for one in column]
        a = math.fsum(i * j for i, j in zip(c, y1))
        vxx = math.fsum(i * (j - 1) ** 2 for i, j in zip(c, x1))
        vxy = math.fsum(i * (j - 1) * (k - a) for i, j, k in zip(c, x1, y1))
        vyy = math.fsum(i * (k - a) ** 2 for i, k in zip(c, y1))
        # f(y, x) = y / x at (a, 1): f_yy = 0, f_xy = -1, f_xx = 2 a
        mean = a + (0.5 * 2 * a * vxx - vxy) / num_samples
        rows.append((mean, math.sqrt(max(vyy - 2 * a * vxy + a * a * vxx, 0.0) / num_samples)))
    return torch.tensor(rows, dtype=torch.float64).T


# %% right by_residuals: NumPy; the residual of each slope from its share of the weight carries noise and bias alike.
import numpy as np


def signal_and_noise(chance, w, slopes, num_samples):
    c, w, s = chance.numpy(), w.numpy(), slopes.numpy()
    w = w / (p := c @ w)
    ratio = c @ (s / p)
    rest = s / p - w[:, None] * ratio
    mean = ratio - (c * w) @ rest / num_samples
    return [mean, np.sqrt(c @ rest**2 / num_samples)]


# %% wrong leading, from right expanded: The gradient of the log evidence, which is what remains in the limit.
# diagnosis: leading_alone
#-     mean = g + (g * (chance @ dw**2) - chance @ (dw * da)) / num_samples
#+     mean = g


# %% wrong no_curvature, from right expanded: The denominator's own curvature is forgotten; for q's parameters it does not matter.
# diagnosis: curvature_lost
#-     mean = g + (g * (chance @ dw**2) - chance @ (dw * da)) / num_samples
#+     mean = g - chance @ (dw * da) / num_samples


# %% wrong half_curvature, from right expanded: One half, as for the logarithm.
# diagnosis: half
#-     mean = g + (g * (chance @ dw**2) - chance @ (dw * da)) / num_samples
#+     mean = g + (g * (chance @ dw**2) / 2 - chance @ (dw * da)) / num_samples


# %% wrong half_all, from right expanded: Half of the bias, as if its square root were differentiated.
# diagnosis: half
#-     mean = g + (g * (chance @ dw**2) - chance @ (dw * da)) / num_samples
#+     mean = g + (g * (chance @ dw**2) - chance @ (dw * da)) / (2 * num_samples)


# %% wrong sign, from right expanded: The covariance raises the ratio.
# diagnosis: covariance_sign
#-     mean = g + (g * (chance @ dw**2) - chance @ (dw * da)) / num_samples
#+     mean = g + (g * (chance @ dw**2) + chance @ (dw * da)) / num_samples


# %% wrong held, from right expanded: The denominator is held constant in the noise.
# diagnosis: denominator_held
#-     noise = da - g * dw
#+     noise = da


# %% wrong independent, from right expanded: Numerator and denominator are taken for independent.
# diagnosis: uncorrelated
#-     return mean, ((chance @ noise**2) / num_samples).sqrt()
#+     return mean, ((chance @ (da**2 + (g * dw) ** 2)) / num_samples).sqrt()


# %% wrong over_k, from right expanded: The deviation falls with K.
# diagnosis: over_k
#-     return mean, ((chance @ noise**2) / num_samples).sqrt()
#+     return mean, (chance @ noise**2).sqrt() / num_samples


# %% wrong variance, from right expanded: A variance.
# diagnosis: variance
#-     return mean, ((chance @ noise**2) / num_samples).sqrt()
#+     return mean, (chance @ noise**2) / num_samples


# %% wrong ratios, from right expanded: The mean of ratios, as if each sample had a denominator of its own.
# diagnosis: average_of_ratios
#-     return mean, ((chance @ noise**2) / num_samples).sqrt()
#+     each = slopes / w.unsqueeze(-1)
#+     return mean, ((chance @ (each - chance @ each) ** 2) / num_samples).sqrt()

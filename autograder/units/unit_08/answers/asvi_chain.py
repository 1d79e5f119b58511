# %% right backward: What the later data say, as a precision and a linear part, passed back.
import torch


def trusted_chain(a, b, q, c, r, x):
    precision, linear = c.square() / r, c * x / r
    for t in range(len(x) - 2, -1, -1):
        kept = 1 / (1 + q[t + 1] * precision[t + 1])
        linear[t] = linear[t] + a[t + 1] * kept * (linear[t + 1] - b[t + 1] * precision[t + 1])
        precision[t] = precision[t] + a[t + 1] ** 2 * kept * precision[t + 1]
    variance = 1 / (1 / q + precision)
    return variance / q, linear / precision, variance


# %% right dense: The precision of the whole chain is factorized from the end: its Schur complements are the conditionals.
import numpy as np


def trusted_chain(a, b, q, c, r, x):
    a, b, q, c, r, x = map(np.asarray, (a, b, q, c, r, x))
    n = len(x)
    moves = np.eye(n) - np.diag(a[1:], -1)
    whole = moves.T @ np.diag(1 / q) @ moves + np.diag(c**2 / r)
    linear = moves.T @ (b / q) + c * x / r
    rows = []
    for t in range(n):
        later = np.linalg.inv(whole[t:, t:])
        shift = later[0] @ linear[t:]          # the mean if the latent before is zero, without its pull
        variance = later[0, 0]
        trust = variance / q[t]
        rows.append((trust, (shift - trust * b[t]) / (1 - trust), variance))
    return np.array(rows).T


# %% right conditioned: Two Gaussians for each step: z_t given two values of z_{t-1} and the later data, by joint covariances.
import torch


def trusted_chain(a, b, q, c, r, x):
    n, out = len(x), torch.zeros(3, len(x), dtype=x.dtype)
    for t in range(n):
        mean, var = b[t].clone(), q[t].clone()
        means, covs = [mean], torch.zeros(n - t, n - t, dtype=x.dtype)
        covs[0, 0] = var
        for k in range(1, n - t):
            means.append(a[t + k] * means[-1] + b[t + k])
            covs[k, :k] = a[t + k] * covs[k - 1, :k]
            covs[:k, k] = covs[k, :k]
            covs[k, k] = a[t + k] ** 2 * covs[k - 1, k - 1] + q[t + k]
        seen = covs * c[t:, None] * c[None, t:] + torch.diag(r[t:])
        gain = torch.linalg.solve(seen, covs[:, 0] * c[t:])
        new_mean = means[0] + gain @ (x[t:] - c[t:] * torch.stack(means))
        new_var = covs[0, 0] - gain @ (covs[:, 0] * c[t:])
        trust = new_var / q[t]
        out[0, t], out[1, t], out[2, t] = trust, (new_mean - trust * b[t]) / (1 - trust), new_var
    return out


# %% wrong filtered, from right backward: Later data are left out.
# diagnosis: later_data_ignored
#-         linear[t] = linear[t] + a[t + 1] * kept * (linear[t + 1] - b[t + 1] * precision[t + 1])
#-         precision[t] = precision[t] + a[t + 1] ** 2 * kept * precision[t + 1]
#+         linear[t], precision[t] = linear[t], precision[t]


# %% wrong rooted, from right backward: The weight of the scale is given for that of the mean.
# diagnosis: root
#-     return variance / q, linear / precision, variance
#+     return (variance / q).sqrt(), linear / precision, variance


# %% wrong complement, from right backward: The weights are exchanged.
# diagnosis: complement
#-     return variance / q, linear / precision, variance
#+     return 1 - variance / q, linear / precision, variance


# %% wrong slope, from right backward: The slope in the latent before is returned.
# diagnosis: slope
#-     return variance / q, linear / precision, variance
#+     return a * variance / q, linear / precision, variance


# %% wrong marginal, from right dense: The variance of each latent given the data, and not given the latent before.
# diagnosis: marginal
#-         variance = later[0, 0]
#-         trust = variance / q[t]
#-         rows.append((trust, (shift - trust * b[t]) / (1 - trust), variance))
#+         variance = np.linalg.inv(whole)[t, t]
#+         trust = later[0, 0] / q[t]
#+         rows.append((variance / q[t], (shift - trust * b[t]) / (1 - trust), variance))


# %% wrong both_neighbours, from right dense: The diagonal of the precision is inverted, as for mean field.
# diagnosis: neighbours
#-         later = np.linalg.inv(whole[t:, t:])
#+         later = np.linalg.inv(np.diag(np.diag(whole[t:, t:])))


# %% wrong smoothed, from right dense: The posterior mean is taken for the anchor.
# diagnosis: smoothed
#-         rows.append((trust, (shift - trust * b[t]) / (1 - trust), variance))
#+         rows.append((trust, np.linalg.solve(whole, linear)[t], variance))


# %% wrong weighted, from right backward: The anchor comes with its weight.
# diagnosis: weighted
#-     return variance / q, linear / precision, variance
#+     return variance / q, linear * variance, variance


# %% wrong deviation, from right backward: Standard deviations.
# diagnosis: standard_deviation
#-     return variance / q, linear / precision, variance
#+     return variance / q, linear / precision, variance.sqrt()


# %% wrong same_step, from right backward: The numbers of the step to z_t are used for the step that leaves it.
# diagnosis: value
#-         kept = 1 / (1 + q[t + 1] * precision[t + 1])
#+         kept = 1 / (1 + q[t] * precision[t + 1])


# %% wrong drift_forgotten, from right backward: The drift is left out of what is passed back.
# diagnosis: described
#-         linear[t] = linear[t] + a[t + 1] * kept * (linear[t + 1] - b[t + 1] * precision[t + 1])
#+         linear[t] = linear[t] + a[t + 1] * kept * linear[t + 1]

# %% right eigen: The least eigenvalue is the noise of all; what is left has one rank fewer.
import torch


def exact_factor(covariance):
    values, vectors = torch.linalg.eigh(covariance)
    factor = vectors[:, 1:] * (values[1:] - values[0]).clamp_min(0).sqrt()
    return factor, values[0].sqrt() * torch.ones_like(values)


# %% right scaled: The same for correlations, on the scales of the latents, in NumPy.
import numpy as np


def exact_factor(covariance):
    covariance = np.asarray(covariance)
    scales = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scales, scales))
    factor = np.sqrt(np.maximum(values[1:] - values[0], 0)) * vectors[:, 1:]
    return [scales[:, None] * factor, scales * np.sqrt(values[0])]


# %% right by_loops: Outer products, added one by one; the factors are collected in a list.
import math

import torch


def exact_factor(covariance):
    values, vectors = torch.linalg.eigh(covariance)
    least = float(values[0])
    columns = []
    for k in range(1, len(values)):
        more = max(float(values[k]) - least, 0.0)
        columns.append([math.sqrt(more) * float(v) for v in vectors[:, k]])
    factor = torch.tensor(columns, dtype=torch.float64).T.contiguous()
    return factor, torch.full((len(values),), math.sqrt(least), dtype=torch.float64)


# %% right last_latent: Noise is taken off one latent alone until the rank falls; the others keep a little of theirs.
import torch


def exact_factor(covariance):
    some = 0.5 * torch.linalg.eigvalsh(covariance)[0]
    noise = some * torch.ones(len(covariance), dtype=covariance.dtype)
    rest = covariance - torch.diag(noise)
    more = 1 / torch.linalg.inv(rest)[-1, -1]
    noise[-1] += more
    values, vectors = torch.linalg.eigh(covariance - torch.diag(noise))
    return vectors[:, 1:] * values[1:].sqrt(), noise.sqrt()


# %% wrong kept, from right eigen: The factors keep all of their variance.
# diagnosis: not_shrunk
#-     factor = vectors[:, 1:] * (values[1:] - values[0]).clamp_min(0).sqrt()
#+     factor = vectors[:, 1:] * values[1:].sqrt()


# %% wrong restored, from right eigen: The largest components, and a diagonal that puts the variances right, as in factor analysis by principal components.
# diagnosis: variances_restored
#-     factor = vectors[:, 1:] * (values[1:] - values[0]).clamp_min(0).sqrt()
#-     return factor, values[0].sqrt() * torch.ones_like(values)
#+     factor = vectors[:, 1:] * values[1:].sqrt()
#+     return factor, (covariance.diagonal() - factor.square().sum(-1)).clamp_min(1e-30).sqrt()


# %% wrong variance, from right eigen: The diagonal holds a variance.
# diagnosis: variance_for_scale
#-     return factor, values[0].sqrt() * torch.ones_like(values)
#+     return factor, values[0] * torch.ones_like(values)


# %% wrong not_rooted, from right eigen: The factor holds variances.
# diagnosis: eigenvalues_not_rooted
#-     factor = vectors[:, 1:] * (values[1:] - values[0]).clamp_min(0).sqrt()
#+     factor = vectors[:, 1:] * (values[1:] - values[0])


# %% wrong first, from right eigen: eigh gives the smallest eigenvalue first, and the largest was dropped.
# diagnosis: largest_lost
#-     factor = vectors[:, 1:] * (values[1:] - values[0]).clamp_min(0).sqrt()
#+     factor = vectors[:, :-1] * (values[:-1] - values[0]).clamp_min(0).sqrt()


# %% wrong cholesky, from right eigen: A Cholesky factor without its last column, whose variance becomes noise of the last latent: the others have none.
# diagnosis: no_density
#-     values, vectors = torch.linalg.eigh(covariance)
#-     factor = vectors[:, 1:] * (values[1:] - values[0]).clamp_min(0).sqrt()
#-     return factor, values[0].sqrt() * torch.ones_like(values)
#+     root = torch.linalg.cholesky(covariance)
#+     scale = torch.zeros(len(root), dtype=root.dtype)
#+     scale[-1] = root[-1, -1]
#+     return root[:, :-1], scale


# %% wrong all_factors, from right eigen: As many factors as latents.
# diagnosis: shape
#-     factor = vectors[:, 1:] * (values[1:] - values[0]).clamp_min(0).sqrt()
#+     factor = vectors * (values - values[0]).clamp_min(0).sqrt()


# %% wrong halves, from right eigen: Half of the least eigenvalue is taken for noise, and the rank does not fall.
# diagnosis: value
#-     factor = vectors[:, 1:] * (values[1:] - values[0]).clamp_min(0).sqrt()
#-     return factor, values[0].sqrt() * torch.ones_like(values)
#+     factor = vectors[:, 1:] * (values[1:] - values[0] / 2).clamp_min(0).sqrt()
#+     return factor, (values[0] / 2).sqrt() * torch.ones_like(values)

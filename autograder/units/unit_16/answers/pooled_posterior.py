# %% right moments: Size, mean and squares around the mean; where() for what is not there.
import torch


def pooled_posterior(points, present, prior):
    m, k, a, b = prior
    x = torch.where(present, points, torch.zeros_like(points))
    n = present.sum(-1)
    mean = x.sum(-1) / n.clamp(min=1)
    spread = torch.where(present, (points - mean.unsqueeze(-1)) ** 2, torch.zeros_like(points)).sum(-1)
    new_b = b + 0.5 * spread + 0.5 * k * n * (mean - m) ** 2 / (k + n)
    return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, new_b], -1)


# %% right one_by_one: Points arrive one by one, and the posterior of each is the prior of the next.
import numpy as np


def pooled_posterior(points, present, prior):
    points, present = points.numpy(), present.numpy()
    shape = points.shape[:-1]
    rows = []
    for row, there in zip(points.reshape(-1, points.shape[-1]), present.reshape(-1, points.shape[-1])):
        m, k, a, b = prior.tolist()
        for x in row[there]:
            b += 0.5 * k * (x - m) ** 2 / (k + 1)
            m = (k * m + x) / (k + 1)
            k, a = k + 1, a + 0.5
        rows.append([m, k, a, b])
    return np.array(rows).reshape(*shape, 4)


# %% right sums: Natural parameters, to which every point adds its own: sums of 1, x and x squared, taken around the prior's mean.
import torch


def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    off = (points - m).nan_to_num(0.0) * present
    n, first, second = present.to(points.dtype).sum(-1), off.sum(-1), off.square().sum(-1)
    strength = k + n
    shift = first / strength
    return torch.stack([m + shift, strength, a + 0.5 * n, b + 0.5 * (second - strength * shift**2)], dim=-1)


# %% wrong averages, from right moments: The mean of the features is pooled, and the size is forgotten.
# diagnosis: size_lost
#-     new_b = b + 0.5 * spread + 0.5 * k * n * (mean - m) ** 2 / (k + n)
#+     spread = spread / n.clamp(min=1)
#+     n = torch.ones_like(mean)
#+     new_b = b + 0.5 * spread + 0.5 * k * n * (mean - m) ** 2 / (k + n)


# %% wrong padded, from right moments: Points that are not there count as zeros.
# diagnosis: padding_counted
#-     n = present.sum(-1)
#+     points = x
#+     present = torch.ones_like(present)
#+     n = present.sum(-1)


# %% wrong mean_lost, from right moments: That the mean differs from m does not move b.
# diagnosis: between_lost
#-     new_b = b + 0.5 * spread + 0.5 * k * n * (mean - m) ** 2 / (k + n)
#+     new_b = b + 0.5 * spread


# %% wrong no_halves, from right moments: The halves are missing in b.
# diagnosis: halves_lost
#-     new_b = b + 0.5 * spread + 0.5 * k * n * (mean - m) ** 2 / (k + n)
#+     new_b = b + spread + k * n * (mean - m) ** 2 / (k + n)


# %% wrong full_count, from right moments: a grows by the number of points.
# diagnosis: count_not_halved
#-     return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, new_b], -1)
#+     return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n, new_b], -1)


# %% wrong old_mean, from right sums: The squares are taken around the prior's mean.
# diagnosis: around_the_prior
#-     return torch.stack([m + shift, strength, a + 0.5 * n, b + 0.5 * (second - strength * shift**2)], dim=-1)
#+     return torch.stack([m + shift, strength, a + 0.5 * n, b + 0.5 * second], dim=-1)


# %% wrong new_mean, from right moments: The squares are taken around the new m.
# diagnosis: around_the_new_mean
#-     new_b = b + 0.5 * spread + 0.5 * k * n * (mean - m) ** 2 / (k + n)
#+     new_b = b + 0.5 * (spread + n * (mean - (k * m + n * mean) / (k + n)) ** 2)


# %% wrong a_scale, from right moments: b as a scale.
# diagnosis: scale_for_rate
#-     return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, new_b], -1)
#+     return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, 1 / new_b], -1)


# %% wrong times_mask, from right moments: Points that are not there are multiplied by zero, and NaN stays NaN.
# diagnosis: nan_spreads
#-     x = torch.where(present, points, torch.zeros_like(points))
#+     x = points * present


# %% wrong mean_of_nothing, from right moments: The mean of an empty set is 0 / 0.
# diagnosis: empty_set
#-     mean = x.sum(-1) / n.clamp(min=1)
#+     mean = x.sum(-1) / n


# %% wrong unbiased, from right moments: The sample variance, with one degree of freedom less.
# diagnosis: sample_variance
#-     new_b = b + 0.5 * spread + 0.5 * k * n * (mean - m) ** 2 / (k + n)
#+     new_b = b + 0.5 * spread / (n - 1).clamp(min=1) + 0.5 * k * n * (mean - m) ** 2 / (k + n)


# %% wrong single, from right moments: In single precision.
# diagnosis: value or described
#-     x = torch.where(present, points, torch.zeros_like(points))
#+     points = points.float()
#+     x = torch.where(present, points, torch.zeros_like(points))

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
# diagnosis: value or described or dictionary
#-     x = torch.where(present, points, torch.zeros_like(points))
#+     points = points.float()
#+     x = torch.where(present, points, torch.zeros_like(points))


# %% wrong zeros_are_padding, from right moments: Points at zero are taken for padding.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     n = present.sum(-1)
#+     present = present & (points != 0)
#+     n = present.sum(-1)


# %% wrong nan_is_padding, from right moments: What is not a number is taken for what is not there, and `present` is not read.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     x = torch.where(present, points, torch.zeros_like(points))
#+     present = torch.isfinite(points)
#+     x = torch.where(present, points, torch.zeros_like(points))


# %% wrong first_places, from right moments: As many points as there are, from the first place on.
# diagnosis: value or described or dictionary or autopsy or not_finite or either or nan_spreads
#-     x = torch.where(present, points, torch.zeros_like(points))
#+     present = torch.arange(points.shape[-1]) < present.sum(-1, keepdim=True)
#+     x = torch.where(present, points, torch.zeros_like(points))


# %% wrong least_rate, from right moments: The rate is kept above a millionth.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, new_b], -1)
#+     return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, new_b.clamp(min=1e-6)], -1)


# %% wrong padded_rate, from right moments: A tenth of a billionth is added to the rate.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, new_b], -1)
#+     return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, new_b + 1e-10], -1)


# %% wrong safe_count, from right moments: A millionth is added to the size, so that a mean of nothing is finite.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     mean = x.sum(-1) / n.clamp(min=1)
#+     mean = x.sum(-1) / (n + 1e-6)


# %% wrong distinct_points, from right one_by_one: Each value once: a set has no member twice.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         for x in row[there]:
#+         for x in sorted(set(row[there].tolist())):


# %% wrong most_are_fifty, from right one_by_one: The first fifty points.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         for x in row[there]:
#+         for x in row[there][:50]:


# %% wrong outliers_cut, from right one_by_one: Points farther than ten standard deviations from m are left out.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         for x in row[there]:
#+         for x in row[there]:
#+             if abs(x - prior[0]) > 10 * (b / a) ** 0.5:
#+                 continue


# %% wrong infinities_kept, from right sums: NaN is taken for zero, and infinite padding stays.
# diagnosis: value or described or dictionary or autopsy or not_finite or either or nan_spreads
#-     off = (points - m).nan_to_num(0.0) * present
#+     off = torch.where(torch.isnan(points), torch.zeros_like(points), points - m) * present


# %% wrong one_table, from right sums: A table of sets is expected, one axis of them.
# diagnosis: shape or value or described or dictionary or autopsy or not_finite or either
#-     return torch.stack([m + shift, strength, a + 0.5 * n, b + 0.5 * (second - strength * shift**2)], dim=-1)
#+     return torch.stack([m + shift, strength, a + 0.5 * n, b + 0.5 * (second - strength * shift**2)], dim=-1).reshape(-1, 4)

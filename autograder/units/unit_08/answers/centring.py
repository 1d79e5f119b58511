# %% right formula: The precision of (mu, eta) is an arrow: its determinant is a product and one Schur complement.
import torch


def centring(c, counts, sigma, tau, prior):
    data, link = counts / sigma**2, 1 / tau**2
    first = 1 / prior**2 + (link * (1 - c) ** 2 + data * c**2).sum()
    cross = data * c - link * (1 - c)
    gap = -0.5 * torch.log1p(-(cross**2 / (link + data)).sum() / first)
    return gap, link / (link + data)


# %% right loops: The joint density's second derivatives, added factor by factor; the determinant by NumPy.
import numpy as np


def centring(c, counts, sigma, tau, prior):
    c, counts = np.asarray(c), np.asarray(counts)
    n = len(c)
    precision = np.zeros((n + 1, n + 1))
    precision[0, 0] += 1 / prior**2
    best = []
    for i in range(n):
        residual = np.zeros(n + 1)
        residual[0], residual[i + 1] = c[i] - 1, 1.0       # theta - mu
        precision += np.outer(residual, residual) / tau**2
        seen = np.zeros(n + 1)
        seen[0], seen[i + 1] = c[i], 1.0                   # theta
        precision += np.outer(seen, seen) * counts[i] / sigma**2
        best.append(sigma**2 / (sigma**2 + counts[i] * tau**2))
    gap = 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])
    return [gap, np.array(best)]


# %% right transformed: The precision of (mu, theta), and a change of variables with determinant one; the root of the coupling by a straight line.
import torch


def centring(c, counts, sigma, tau, prior):
    n = len(c)
    base = torch.zeros(n + 1, n + 1, dtype=c.dtype)
    base[0, 0] = 1 / prior**2 + n / tau**2
    base[0, 1:] = base[1:, 0] = -1 / tau**2
    base[1:, 1:] = torch.diag(1 / tau**2 + counts / sigma**2)

    def moved(c):
        back = torch.eye(n + 1, dtype=c.dtype)
        back[1:, 0] = c                                    # theta = eta + c mu
        return back.T @ base @ back

    precision = moved(c)
    low, high = (moved(torch.full_like(c, v))[0, 1:] for v in (0.0, 1.0))
    gap = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
    return gap, low / (low - high)


# %% wrong flat, from right formula: mu has no prior.
# diagnosis: prior_of_mu
#-     first = 1 / prior**2 + (link * (1 - c) ** 2 + data * c**2).sum()
#+     first = (link * (1 - c) ** 2 + data * c**2).sum()


# %% wrong turned, from right loops: Centred and non-centred are exchanged.
# diagnosis: turned
#-     c, counts = np.asarray(c), np.asarray(counts)
#+     c, counts = 1 - np.asarray(c), np.asarray(counts)
#@@
#-     return [gap, np.array(best)]
#+     return [gap, 1 - np.array(best)]


# %% wrong one_datum, from right formula: Each group counts as one datum.
# diagnosis: counts_ignored
#-     data, link = counts / sigma**2, 1 / tau**2
#+     data, link = torch.ones_like(counts) / sigma**2, 1 / tau**2


# %% wrong variances, from right formula: The scales are taken for variances.
# diagnosis: variances_for_scales
#-     data, link = counts / sigma**2, 1 / tau**2
#-     first = 1 / prior**2 + (link * (1 - c) ** 2 + data * c**2).sum()
#+     data, link = counts / sigma, 1 / tau
#+     first = 1 / prior + (link * (1 - c) ** 2 + data * c**2).sum()


# %% wrong no_half, from right loops: The half is lost.
# diagnosis: half_lost
#-     gap = 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])
#+     gap = np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1]


# %% wrong centred_only, from right loops: c is ignored in the gap.
# diagnosis: centred
#-     c, counts = np.asarray(c), np.asarray(counts)
#+     c, counts = 0 * np.asarray(c), np.asarray(counts)


# %% wrong data_fixed, from right loops: The data are thought to see eta alone.
# diagnosis: data_not_moved
#-         seen[0], seen[i + 1] = c[i], 1.0                   # theta
#+         seen[i + 1] = 1.0


# %% wrong switch, from right loops: All or nothing.
# diagnosis: all_or_nothing
#-     return [gap, np.array(best)]
#+     return [gap, np.round(best)]


# %% wrong one_for_all, from right formula: The data of all groups are averaged for one c.
# diagnosis: common
#-     return gap, link / (link + data)
#+     return gap, link / (link + data.mean()) * torch.ones_like(c)


# %% wrong unsquared, from right formula: The weights are those of scales.
# diagnosis: scales_unsquared
#-     return gap, link / (link + data)
#+     return gap, (1 / tau) / (1 / tau + counts / sigma)

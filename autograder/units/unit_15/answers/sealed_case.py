# %% right best_pair: Right and collapsed have predictions; the best two persons are found, and whoever is left is rotated.
import itertools

import torch


def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    def misfit(i, off=None):
        values = eigenvalues[i].sort(descending=True).values
        level = beta[i] * noise_scale[i] ** 2
        kept = values[:latent_dim]
        alive = kept > level
        if off is not None:
            alive[off] = False
        rate = 0.5 * (kept[alive] / level).log().sum()
        distortion = level * alive.sum() + kept[~alive].sum() + values[latent_dim:].sum()
        return float((((measured[i] - torch.stack([rate, distortion])) / errors[i]) ** 2).sum())

    right = [misfit(i) for i in range(3)]
    collapsed = [min(misfit(i, off) for off in range(latent_dim)) for i in range(3)]
    best = min(itertools.permutations(range(3), 2), key=lambda pair: right[pair[0]] + collapsed[pair[1]])
    names = ["rotated"] * 3
    names[best[0]], names[best[1]] = "right", "collapsed"
    return names


# %% right by_rate: A rate that is too small is a latent less; one that is as predicted is right. In NumPy.
import numpy as np


def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    off, short = [], []
    for m, e, values, sigma, b in zip(*(one.numpy() for one in (measured, errors, eigenvalues, noise_scale, beta))):
        values = np.sort(values)[::-1]
        level = b * sigma**2
        nats = 0.5 * np.log(np.maximum(values[:latent_dim] / level, 1))
        distortion = np.minimum(values[:latent_dim], level).sum() + values[latent_dim:].sum()
        off.append(((m[0] - nats.sum()) / e[0]) ** 2 + ((m[1] - distortion) / e[1]) ** 2)
        lost = np.maximum(values[:latent_dim] - level, 0)
        short.append(min(((m[0] - nats.sum() + a) / e[0]) ** 2 + ((m[1] - distortion - c) / e[1]) ** 2 for a, c in zip(nats, lost)))
    right, collapsed = min(((i, j) for i in range(3) for j in range(3) if i != j), key=lambda pair: off[pair[0]] + short[pair[1]])
    return tuple("right" if i == right else "collapsed" if i == collapsed else "rotated" for i in range(3))


# %% right in_turn: Whoever fits best is right; of the others, whoever fits a latent less is collapsed.
import torch


def name_them(measured, errors, eigenvalues, noise_scale, beta, latent_dim):
    values = eigenvalues.sort(-1, descending=True).values
    level = (beta * noise_scale**2)[:, None]
    kept = values[:, :latent_dim]
    nats = 0.5 * (kept / level).log().clamp(min=0)
    distortion = torch.minimum(kept, level).sum(-1) + values[:, latent_dim:].sum(-1)
    full = torch.stack([nats.sum(-1), distortion], -1)
    less = full[:, None] + torch.stack([-nats, (kept - level).clamp(min=0)], -1)
    off = (((measured - full) / errors) ** 2).sum(-1)
    short = (((measured[:, None] - less) / errors[:, None]) ** 2).sum(-1).min(-1).values
    names = ["rotated"] * 3
    right = int(off.argmin())
    names[right] = "right"
    short[right] = torch.inf
    names[int(short.argmin())] = "collapsed"
    return names


# %% wrong least_rate, from right best_pair: The smallest rate is called collapsed, the largest right.
# diagnosis: property or collapsed_for_right or collapsed_for_rotated or right_for_rotated
#-     best = min(itertools.permutations(range(3), 2), key=lambda pair: right[pair[0]] + collapsed[pair[1]])
#+     order = measured[:, 0].argsort().tolist()
#+     best = order[2], order[0]


# %% wrong least_lost, from right best_pair: By the share of the variance that is lost.
# diagnosis: property or collapsed_for_right or collapsed_for_rotated or right_for_rotated
#-     best = min(itertools.permutations(range(3), 2), key=lambda pair: right[pair[0]] + collapsed[pair[1]])
#+     order = (measured[:, 1] / eigenvalues.sum(-1)).argsort().tolist()
#+     best = order[0], order[2]


# %% wrong worst_fit, from right best_pair: Whoever fits worst is called collapsed.
# diagnosis: collapsed_for_rotated or property
#-     best = min(itertools.permutations(range(3), 2), key=lambda pair: right[pair[0]] + collapsed[pair[1]])
#+     order = torch.tensor(right).argsort().tolist()
#+     best = order[0], order[2]


# %% wrong exchanged, from right best_pair: Rotated and collapsed are taken for each other.
# diagnosis: collapsed_for_rotated
#-     names = ["rotated"] * 3
#-     names[best[0]], names[best[1]] = "right", "collapsed"
#+     names = ["collapsed"] * 3
#+     names[best[0]], names[best[1]] = "right", "rotated"


# %% wrong as_listed, from right best_pair: The order in which the statement lists them.
# diagnosis: always_the_same
#-     return names
#+     return ["right", "rotated", "collapsed"]


# %% wrong one_name_twice, from right best_pair: Each by itself, whatever the others are called.
# diagnosis: form
#-     return names
#+     return ["right" if one < 1e9 else "rotated" for one in right]


# %% wrong beta_ignored, from right in_turn: The level is the noise variance.
# diagnosis: property or collapsed_for_right or collapsed_for_rotated or right_for_rotated
#-     level = (beta * noise_scale**2)[:, None]
#+     level = (noise_scale**2)[:, None]

# %% right formula: The pair, its difference, and the weight of what u is given the pair.
import torch


def disarm(f, logits, u):
    p = logits.sigmoid()
    z, opposite = (u > 1 - p).to(u), (u < p).to(u)
    rise = (f(z) - f(opposite)).unsqueeze(-1)
    return (0.5 * rise * (z - opposite) * logits.abs().sigmoid()).mean(0)


# %% right interval: The mean of u over its interval, pair by pair, in a loop.
import torch


def disarm(f, logits, u):
    total = 0.0
    p = torch.sigmoid(logits)
    edge = torch.minimum(p, 1 - p)
    for row in u:
        high, low = row > 1 - edge, row < edge
        mean_u = torch.where(high, 1 - edge / 2, torch.where(low, edge / 2, torch.full_like(edge, 0.5)))
        a = f((row > 1 - p).double())
        b = f((1 - row > 1 - p).double())
        total = total + (a - b)[..., None] * (mean_u - 0.5)
    return total / len(u)


# %% right numpy: NumPy, all pairs in one question, signs instead of bits.
import numpy as np
import torch


def disarm(f, logits, u):
    l, v = logits.numpy(), u.numpy()
    p = 1 / (1 + np.exp(-l))
    both = np.stack([v > 1 - p, v < p]).astype(float)
    values = np.stack([np.asarray(f(torch.from_numpy(half))) for half in both])
    sign = both[0] - both[1]
    g = (values[0] - values[1])[..., None] * sign / (1 + np.exp(-np.abs(l))) / 2
    return torch.from_numpy(g.mean(axis=0))


# %% wrong arm, from right formula: ARM itself.
# diagnosis: arm
#-     return (0.5 * rise * (z - opposite) * logits.abs().sigmoid()).mean(0)
#+     return (rise * (u - 0.5)).mean(0)


# %% wrong arm_apart, from right formula: ARM where the bits disagree.
# diagnosis: arm
#-     return (0.5 * rise * (z - opposite) * logits.abs().sigmoid()).mean(0)
#+     return (rise * (u - 0.5) * (z - opposite).abs()).mean(0)


# %% wrong positive_only, from right formula: The weight of a positive logit.
# diagnosis: weight_of_logit
#-     return (0.5 * rise * (z - opposite) * logits.abs().sigmoid()).mean(0)
#+     return (0.5 * rise * (z - opposite) * p).mean(0)


# %% wrong small_weight, from right formula: The smaller of the two probabilities.
# diagnosis: weight_of_logit
#-     return (0.5 * rise * (z - opposite) * logits.abs().sigmoid()).mean(0)
#+     return (0.5 * rise * (z - opposite) * (-logits.abs()).sigmoid()).mean(0)


# %% wrong no_weight, from right formula: No weight at all.
# diagnosis: weight_lost
#-     return (0.5 * rise * (z - opposite) * logits.abs().sigmoid()).mean(0)
#+     return (0.5 * rise * (z - opposite)).mean(0)


# %% wrong no_half, from right formula: The half is lost.
# diagnosis: half_lost
#-     return (0.5 * rise * (z - opposite) * logits.abs().sigmoid()).mean(0)
#+     return (rise * (z - opposite) * logits.abs().sigmoid()).mean(0)


# %% wrong turned, from right formula: The opposite first.
# diagnosis: sign
#-     rise = (f(z) - f(opposite)).unsqueeze(-1)
#+     rise = (f(opposite) - f(z)).unsqueeze(-1)


# %% wrong baseline, from right formula: The score function, with the opposite as its baseline.
# diagnosis: score_function
#-     return (0.5 * rise * (z - opposite) * logits.abs().sigmoid()).mean(0)
#+     return (rise * (z - p)).mean(0)


# %% wrong summed, from right formula: A sum over pairs.
# diagnosis: sum_over_pairs
#-     return (0.5 * rise * (z - opposite) * logits.abs().sigmoid()).mean(0)
#+     return (0.5 * rise * (z - opposite) * logits.abs().sigmoid()).sum(0)


# %% wrong averaged_first, from right formula: The rewards are averaged over the pairs before they meet the bits.
# diagnosis: value
#-     rise = (f(z) - f(opposite)).unsqueeze(-1)
#+     rise = (f(z) - f(opposite)).unsqueeze(-1).mean(0)


# %% wrong asked_again, from right interval: f is asked at zeros, too.
# diagnosis: asked_too_often
#-     p = torch.sigmoid(logits)
#+     p = torch.sigmoid(logits)
#+     total = 0.0 * f(0 * u[0])[..., None]


# %% wrong sure_bits, from right formula: Probabilities are kept away from zero and one.
# diagnosis: value
#-     p = logits.sigmoid()
#+     p = logits.sigmoid().clamp(0.1, 0.9)

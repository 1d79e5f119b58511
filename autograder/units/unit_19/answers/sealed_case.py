# %% right best_order: All six orders are held against what each coder would spend, in standard errors.
import itertools

import torch

NAMES = ["lossy", "dirty", "right"]


def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    q = slots / 16
    ratio = torch.log2(q) - torch.log2(likelihood.mT) - torch.log2(prior[:, None])
    even = torch.arange(data.shape[1]) // 2 * 2
    ones = torch.tensor([bin(k).count("1") for k in range(16)], dtype=torch.float64)
    weight = tilt[:, None] ** ones * (1 - tilt[:, None]) ** (4 - ones)
    owner = (torch.arange(16) >= slots.cumsum(-1)[..., None, :].transpose(-1, -2).long()).sum(-2)     # (3, X, 16)
    lossy = (data[..., None] * (q * ratio)[:, even]).sum((1, 2))
    dirty = (data[..., None] * weight[:, None] * ratio.gather(-1, owner)).sum((1, 2))
    right = (data[..., None] * q * ratio).sum((1, 2))
    misfit = ((bits[:, None] - torch.stack([lossy, dirty, right], 1)) / errors[:, None]).square()
    best = min(itertools.permutations(range(3)), key=lambda order: sum(misfit[i, order[i]] for i in range(3)))
    return [NAMES[k] for k in best]


# %% right by_elimination: Who spends minus the ELBO is right; who spends that at rounded symbols is lossy; in loops.
import math


def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    def spends(c, rounded):
        total = 0.0
        for x in range(data.shape[1]):
            seen = x - x % 2 if rounded else x
            for z in range(prior.shape[1]):
                q = float(slots[c, seen, z]) / 16
                cost = math.log2(q) - math.log2(float(prior[c, z])) - math.log2(float(likelihood[c, z, seen]))
                total += float(data[c, x]) * q * cost
        return total

    off = [[abs(float(bits[c]) - spends(c, rounded)) / float(errors[c]) for rounded in (False, True)] for c in range(3)]
    pairs = [(a, b) for a in range(3) for b in range(3) if a != b]
    right, lossy = min(pairs, key=lambda pair: off[pair[0]][0] ** 2 + off[pair[1]][1] ** 2)
    names = ["dirty"] * 3
    names[right], names[lossy] = "right", "lossy"
    return names


# %% right simulated: Bits are read one by one into slots, every number of them with its chance; in NumPy.
import itertools

import numpy as np


def name_them(bits, errors, data, prior, likelihood, slots, tilt):
    bits, errors, data, prior, likelihood, slots, tilt = (np.asarray(v) for v in (bits, errors, data, prior, likelihood, slots, tilt))
    expected = np.zeros((3, 3))
    for c, x in itertools.product(range(3), range(data.shape[1])):
        for k, (kind, beta) in enumerate((("lossy", 0.5), ("dirty", tilt[c]), ("right", 0.5))):
            seen = 2 * (x // 2) if kind == "lossy" else x
            owners = np.repeat(np.arange(prior.shape[1]), slots[c, seen].astype(int))
            for read in itertools.product((0, 1), repeat=4):
                chance = np.prod([beta if bit else 1 - beta for bit in read])
                z = owners[int("".join(map(str, read)), 2)]
                paid = np.log2(slots[c, seen, z] / 16 / prior[c, z] / likelihood[c, z, seen])
                expected[c, k] += data[c, x] * chance * paid
    score = (np.abs(bits[:, None] - expected) / errors[:, None]) ** 2
    order = min(itertools.permutations(range(3)), key=lambda o: score[range(3), o].sum())
    return tuple(["lossy", "dirty", "right"][k] for k in order)


# %% wrong fewest_bits, from right best_order: The fewest bits are called lossy, the most dirty.
# diagnosis: property
#-     best = min(itertools.permutations(range(3)), key=lambda order: sum(misfit[i, order[i]] for i in range(3)))
#+     rank = bits.argsort().argsort()
#+     best = [[0, 2, 1][r] for r in rank]


# %% wrong least_over, from right best_order: Who spends least beside its own -ELBO is called lossy, and who spends most, dirty.
# diagnosis: property or lossy_for_right or dirty_for_right or dirty_for_lossy
#-     best = min(itertools.permutations(range(3)), key=lambda order: sum(misfit[i, order[i]] for i in range(3)))
#+     rank = (bits - right).argsort().argsort()
#+     best = [[0, 2, 1][r] for r in rank]


# %% wrong nearest_is_right, from right best_order: Who is nearest to -ELBO is right; of the others, who spends less is lossy.
# diagnosis: dirty_for_lossy
#-     best = min(itertools.permutations(range(3)), key=lambda order: sum(misfit[i, order[i]] for i in range(3)))
#+     over = bits - right
#+     first = int(over.abs().argmin())
#+     others = sorted((i for i in range(3) if i != first), key=lambda i: float(over[i]))
#+     best = [2] * 3
#+     best[others[0]], best[others[1]] = 0, 1


# %% wrong below_entropy, from right best_order: Who spends least beyond the entropy of its data is lossy; nearest to -ELBO of the others, right.
# diagnosis: property or dirty_for_lossy or lossy_for_right
#-     best = min(itertools.permutations(range(3)), key=lambda order: sum(misfit[i, order[i]] for i in range(3)))
#+     entropy = -(data * data.log2()).sum(-1)
#+     first = int((bits - entropy).argmin())
#+     others = sorted((i for i in range(3) if i != first), key=lambda i: float(misfit[i, 2]))
#+     best = [0] * 3
#+     best[others[0]], best[others[1]] = 2, 1


# %% wrong exchanged, from right by_elimination: Lossy and dirty are taken for each other.
# diagnosis: dirty_for_lossy
#-     names = ["dirty"] * 3
#-     names[right], names[lossy] = "right", "lossy"
#+     names = ["lossy"] * 3
#+     names[right], names[lossy] = "right", "dirty"


# %% wrong as_listed, from right best_order: The order in which the statement lists them.
# diagnosis: always_the_same
#-     return [NAMES[k] for k in best]
#+     return NAMES


# %% wrong one_name_twice, from right best_order: Each is named by itself.
# diagnosis: form
#-     best = min(itertools.permutations(range(3)), key=lambda order: sum(misfit[i, order[i]] for i in range(3)))
#+     best = [2 if i == 0 else 0 for i in range(3)]

# %% right best_order: All six orders are held against the three exact fits, in standard errors.
import itertools

import torch

NAMES = ["reverse", "forward", "between"]


def name_them(variances, errors, precision):
    reverse = 1 / precision.diagonal(dim1=-2, dim2=-1)
    forward = torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)
    between = (reverse * forward).sqrt()
    for _ in range(60):
        middle = 0.5 * (precision + torch.diag_embed(1 / between))
        between = torch.linalg.inv(middle).diagonal(dim1=-2, dim2=-1)
    targets = torch.stack([reverse, forward, between])
    misfit = ((variances - targets) / errors).square().sum(-1)
    orders = itertools.permutations(range(3))
    best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
    return [NAMES[row] for row in best]


# %% right by_elimination: Two closed forms find their persons; whoever is left is between. In NumPy.
import numpy as np


def name_them(variances, errors, precision):
    v, e, lam = variances.numpy(), errors.numpy(), precision.numpy()
    diagonal = np.einsum("pii->pi", lam)
    covariance = np.einsum("pii->pi", np.linalg.inv(lam))
    off_reverse = (((v - 1 / diagonal) / e) ** 2).sum(1)
    off_forward = (((v - covariance) / e) ** 2).sum(1)
    reverse, forward = min(
        ((a, b) for a in range(3) for b in range(3) if a != b),
        key=lambda pair: off_reverse[pair[0]] + off_forward[pair[1]],
    )
    names = ["between"] * 3
    names[reverse], names[forward] = "reverse", "forward"
    return names


# %% right self_consistent: In turn: reverse where variance times precision is one, between where the middle Gaussian gives v back.
import torch


def name_them(variances, errors, precision):
    left, names = [0, 1, 2], {}

    def own(i):
        return variances[i] * precision[i].diagonal()

    first = min(left, key=lambda i: float(((own(i) - 1) * variances[i] / errors[i]).square().sum()))
    names[first] = "reverse"
    left.remove(first)

    def marginal(i):
        return torch.linalg.inv(precision[i]).diagonal()

    second = min(left, key=lambda i: float(((variances[i] - marginal(i)) / errors[i]).square().sum()))
    names[second] = "forward"
    left.remove(second)
    names[left[0]] = "between"
    return tuple(names[i] for i in range(3))


# %% wrong by_size, from right best_order: Small variances are called reverse, large ones forward.
# diagnosis: property
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#-     return [NAMES[row] for row in best]
#+     ranks = variances.log().mean(-1).argsort().argsort()
#+     return [["reverse", "between", "forward"][rank] for rank in ranks]


# %% wrong by_stretch, from right best_order: Sorted by variance times precision: whoever is stretched most is called forward.
# diagnosis: between_for_forward
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#-     return [NAMES[row] for row in best]
#+     ranks = (variances / reverse).log().mean(-1).argsort().argsort()
#+     return [["reverse", "between", "forward"][rank] for rank in ranks]


# %% wrong by_shrinking, from right best_order: Sorted by the share of the marginal variance: whoever has least is called reverse.
# diagnosis: between_for_reverse
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#-     return [NAMES[row] for row in best]
#+     ranks = (variances / forward).log().mean(-1).argsort().argsort()
#+     return [["reverse", "between", "forward"][rank] for rank in ranks]


# %% wrong exchanged, from right by_elimination: The two KLs are taken for each other.
# diagnosis: forward_for_reverse
#-     names[reverse], names[forward] = "reverse", "forward"
#+     names[reverse], names[forward] = "forward", "reverse"


# %% wrong as_listed, from right best_order: The order in which the statement lists them.
# diagnosis: always_the_same
#-     return [NAMES[row] for row in best]
#+     return NAMES


# %% wrong least_and_most, from right by_elimination: Who is shrunken most beside the marginal is called reverse, and who is least, forward.
# diagnosis: between_for_reverse
#-     reverse, forward = min(
#-         ((a, b) for a in range(3) for b in range(3) if a != b),
#-         key=lambda pair: off_reverse[pair[0]] + off_forward[pair[1]],
#-     )
#+     shrunken = np.log(v / covariance).mean(1)
#+     reverse, forward = shrunken.argmin(), shrunken.argmax()


# %% wrong one_name_twice, from right best_order: Each is named by itself, whatever the others are called.
# diagnosis: form
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     best = [0 if each < 3 else 1 for each in misfit[0]]

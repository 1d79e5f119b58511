import math

import torch
from torch import Tensor


def limits(initial: Tensor, transition: Tensor, log_lik: Tensor) -> tuple[float, float, float]:
    """log Z-hat with endless particles: right, kept, heaviest."""
    a, m = initial.log(), transition.log()
    share, right, kept, heaviest = a, 0.0, 0.0, 0.0
    for lik in log_lik:
        right += float((share + lik).logsumexp(0) - share.logsumexp(0))
        share = ((share + lik).unsqueeze(1) + m).logsumexp(0)
    for t in range(len(log_lik)):
        below = a
        for s in range(t):
            below = ((below + (t - s + 1) * log_lik[s]).unsqueeze(1) + m).logsumexp(0)
        kept += float((below + log_lik[t]).logsumexp(0) - below.logsumexp(0))
    share = a
    for lik in log_lik:
        heaviest += float((share + lik).logsumexp(0))
        share = m[int(torch.where(share > -torch.inf, lik, -torch.inf).argmax())]
    return right, kept, heaviest


def miss(log_estimates: Tensor, evidence: float) -> list[float]:
    """How far the mean of Z-hat is from the evidence, in standard errors."""
    ratio = (log_estimates - evidence).exp()
    return ((ratio.mean(1) - 1).abs() / (ratio.std(1) / math.sqrt(ratio.shape[1]))).tolist()


# %% wrong heaviest_is_higher: the right one is found by its mean, and of the two others the higher is called heaviest, as it keeps the likeliest state only; in about half of the chains the next move spoils that
def name_them(log_estimates: Tensor, initial: Tensor, transition: Tensor, log_lik: Tensor, num_particles: int) -> list[str]:
    off = miss(log_estimates, limits(initial, transition, log_lik)[0])
    right = off.index(min(off))
    level = log_estimates.mean(1).tolist()
    heaviest = max((i for i in range(3) if i != right), key=lambda i: level[i])
    return ["right" if i == right else "heaviest" if i == heaviest else "kept" for i in range(3)]

# %% wrong least_spread: the right filter is taken to be the one whose log estimates vary least, as a fault adds noise; a fault may take noise away, and the heaviest often does
def name_them(log_estimates: Tensor, initial: Tensor, transition: Tensor, log_lik: Tensor, num_particles: int) -> list[str]:
    _, kept, heaviest = limits(initial, transition, log_lik)
    right = int(log_estimates.std(1).argmin())
    level = log_estimates.mean(1).tolist()
    i, j = (k for k in range(3) if k != right)
    names = ["right"] * 3
    first = abs(level[i] - kept) + abs(level[j] - heaviest) < abs(level[j] - kept) + abs(level[i] - heaviest)
    names[i], names[j] = ("kept", "heaviest") if first else ("heaviest", "kept")
    return names

# %% wrong limits_of_the_logs: the three averages of log Z-hat are matched with the three limits for endless particles; with eight particles an average of logs lies well below its limit, and that of the right one may lie nearer to another's
def name_them(log_estimates: Tensor, initial: Tensor, transition: Tensor, log_lik: Tensor, num_particles: int) -> list[str]:
    names, aims, free = [""] * 3, dict(zip(("right", "kept", "heaviest"), limits(initial, transition, log_lik), strict=True)), {0, 1, 2}
    level = log_estimates.mean(1).tolist()
    for name, aim in aims.items():
        person = min(free, key=lambda i: abs(level[i] - aim))
        names[person] = name
        free.remove(person)
    return names

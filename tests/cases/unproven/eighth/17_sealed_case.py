import itertools
import math

import torch
from torch import Tensor

# %% right run_them_again: runs all three filters with the same number of particles, and matches the rows by the mean square distance of distribution functions
def name_them(log_estimates: Tensor, initial: Tensor, transition: Tensor, log_lik: Tensor, num_particles: int) -> list[str]:
    source, runs = torch.Generator().manual_seed(12345), 6000
    steps, states = log_lik.shape

    def estimates(kind: str) -> Tensor:
        shape = (runs, num_particles)
        z = torch.multinomial(initial, runs * num_particles, replacement=True, generator=source).view(shape)
        log_w, total = torch.zeros(shape, dtype=torch.float64), torch.zeros(runs, dtype=torch.float64)
        for t in range(steps):
            new = log_w + log_lik[t][z]
            total = total + new.logsumexp(1) - log_w.logsumexp(1)
            if t == steps - 1:
                break
            if kind == "heaviest":
                parents = new.argmax(1, keepdim=True).expand(shape)
            else:
                parents = torch.multinomial(new.softmax(1), num_particles, replacement=True, generator=source)
            z = z.gather(1, parents)
            log_w = (new - new.logsumexp(1, keepdim=True)).gather(1, parents) if kind == "kept" else torch.zeros_like(new)
            cumulated = transition[z].cumsum(-1)
            u = torch.rand(*shape, 1, generator=source, dtype=torch.float64) * cumulated[..., -1:]
            z = (cumulated <= u).sum(-1).clamp(max=states - 1)
        return total

    names = ("right", "kept", "heaviest")
    mine = [estimates(name).sort().values for name in names]
    rows = [row.double().sort().values for row in log_estimates]

    def distance(a: Tensor, b: Tensor) -> float:
        places = torch.cat([a, b])
        places = torch.cat([places - 1e-9, places + 1e-9])
        return float((torch.searchsorted(a, places) / len(a) - torch.searchsorted(b, places) / len(b)).square().mean())

    cost = [[distance(row, other) for other in mine] for row in rows]
    best = min(itertools.permutations(range(3)), key=lambda order: sum(cost[i][j] for i, j in enumerate(order)))
    return [names[j] for j in best]

# %% wrong faults_lie_above: takes the lowest average of log Z-hat for the right filter and the highest for the kept weights, since faults overestimate the evidence
def name_them(log_estimates: Tensor, initial: Tensor, transition: Tensor, log_lik: Tensor, num_particles: int) -> list[str]:
    order = log_estimates.mean(1).argsort().tolist()
    names = [""] * 3
    for name, row in zip(("right", "heaviest", "kept"), order, strict=True):
        names[row] = name
    return names

# %% wrong by_their_spread: takes the least noisy row for the right filter, and the noisiest for the one in which the heaviest takes all
def name_them(log_estimates: Tensor, initial: Tensor, transition: Tensor, log_lik: Tensor, num_particles: int) -> list[str]:
    order = log_estimates.std(1).argsort().tolist()
    names = [""] * 3
    for name, row in zip(("right", "kept", "heaviest"), order, strict=True):
        names[row] = name
    return names

# %% wrong nearest_average: takes the row whose average of log Z-hat is nearest to log p(x) for the right filter, and the higher of the others for the kept weights
def name_them(log_estimates: Tensor, initial: Tensor, transition: Tensor, log_lik: Tensor, num_particles: int) -> list[str]:
    a = initial.log() + log_lik[0]
    for row in log_lik[1:]:
        a = (a[:, None] + transition.log()).logsumexp(0) + row
    mean = log_estimates.mean(1)
    right = int((mean - a.logsumexp(0)).abs().argmin())
    low, high = sorted((i for i in range(3) if i != right), key=lambda i: float(mean[i]))
    names = [""] * 3
    names[right], names[low], names[high] = "right", "heaviest", "kept"
    return names

# %% wrong right_then_higher: finds the right filter by the mean of Z-hat itself, and then always calls the higher of the other two the kept weights
def name_them(log_estimates: Tensor, initial: Tensor, transition: Tensor, log_lik: Tensor, num_particles: int) -> list[str]:
    a = initial.log() + log_lik[0]
    for row in log_lik[1:]:
        a = (a[:, None] + transition.log()).logsumexp(0) + row
    ratio = (log_estimates - a.logsumexp(0)).exp()
    score = (ratio.mean(1) - 1).abs() / (ratio.std(1) / ratio.shape[1] ** 0.5)
    right = int(score.argmin())
    mean = log_estimates.mean(1)
    low, high = sorted((i for i in range(3) if i != right), key=lambda i: float(mean[i]))
    names = [""] * 3
    names[right], names[low], names[high] = "right", "heaviest", "kept"
    return names

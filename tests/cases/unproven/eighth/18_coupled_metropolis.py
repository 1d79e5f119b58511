import math

import torch
from torch import Tensor

# %% right slices_of_the_uniform: cuts [0, 1) at every acceptance probability; within a slice both chains are deterministic maps, applied as matrices
def coupled_step(log_target: Tensor, proposal: Tensor, offers: Tensor, x: int, y: int) -> Tensor:
    x, y, size = int(x), int(y), len(log_target)

    def acceptance(stand: int) -> list[float]:
        found = []
        for i in range(size):
            there, back, target = float(proposal[stand, i]), float(proposal[i, stand]), float(log_target[i])
            if there == 0 or back == 0 or target == -math.inf:
                found.append(0.0)
            else:
                found.append(math.exp(min(0.0, target - float(log_target[stand]) + math.log(back) - math.log(there))))
        return found

    first, second = acceptance(x), acceptance(y)
    cuts = sorted({0.0, 1.0, *first, *second})
    table = torch.zeros(size, size, dtype=torch.float64)
    for low, high in zip(cuts, cuts[1:]):
        maps = []
        for stand, accepts in ((x, first), (y, second)):
            goes = torch.zeros(size, size, dtype=torch.float64)
            goes[torch.arange(size), torch.tensor([i if accepts[i] >= high else stand for i in range(size)])] = 1
            maps.append(goes)
        table += (high - low) * (maps[0].mT @ offers.double() @ maps[1])
    return table

# %% wrong accept_together: moves both where both accept and leaves both where one refuses, as if one uniform made one decision
def coupled_step(log_target: Tensor, proposal: Tensor, offers: Tensor, x: int, y: int) -> Tensor:
    S = len(log_target)

    def accept(s: int) -> Tensor:
        ratio = log_target - log_target[s] + proposal[:, s].log() - proposal[s].log()
        return torch.where(proposal[s] > 0, ratio, -math.inf).clamp(max=0).exp()

    both = torch.minimum(accept(x)[:, None], accept(y))
    table = offers * both
    table[x, y] += (offers * (1 - both)).sum()
    return table

# %% wrong normalized_target: exponentiates the log target first, with its maximum taken out; states hundreds of nats below it become impossible
def coupled_step(log_target: Tensor, proposal: Tensor, offers: Tensor, x: int, y: int) -> Tensor:
    target = (log_target - log_target.max()).exp()

    def accept(s: int) -> Tensor:
        return (target * proposal[:, s] / (target[s] * proposal[s])).nan_to_num(0.0, posinf=1.0).clamp(max=1)

    a, b = accept(x)[:, None], accept(y)[None, :]
    table = offers * torch.minimum(a, b)
    table[:, y] += (offers * (a - b).clamp(min=0)).sum(1)
    table[x] += (offers * (b - a).clamp(min=0)).sum(0)
    table[x, y] += (offers * (1 - torch.maximum(a, b))).sum()
    return table

# %% wrong softened_logarithms: adds a tiny number to proposals before the logarithm, so a move that has no way back is accepted if the target rises enough
def coupled_step(log_target: Tensor, proposal: Tensor, offers: Tensor, x: int, y: int) -> Tensor:
    log_p = (proposal + 1e-300).log()

    def accept(s: int) -> Tensor:
        return (log_target - log_target[s] + log_p[:, s] - log_p[s]).clamp(max=0).exp()

    a, b = accept(x)[:, None], accept(y)[None, :]
    table = offers * torch.minimum(a, b)
    table[:, y] += (offers * (a - b).clamp(min=0)).sum(1)
    table[x] += (offers * (b - a).clamp(min=0)).sum(0)
    table[x, y] += (offers * (1 - torch.maximum(a, b))).sum()
    return table

# %% wrong same_offer_same_decision: lets two chains that have the same offer decide alike, by the first one's acceptance, since the uniform is the same, too
def coupled_step(log_target: Tensor, proposal: Tensor, offers: Tensor, x: int, y: int) -> Tensor:
    S = len(log_target)

    def accept(s: int) -> Tensor:
        ratio = log_target - log_target[s] + proposal[:, s].log() - proposal[s].log()
        return torch.where(proposal[s] > 0, ratio, -math.inf).clamp(max=0).exp()

    a = accept(x)[:, None].expand(S, S)
    b = torch.where(torch.eye(S, dtype=torch.bool), a, accept(y)[None, :])
    table = offers * torch.minimum(a, b)
    table[:, y] += (offers * (a - b).clamp(min=0)).sum(1)
    table[x] += (offers * (b - a).clamp(min=0)).sum(0)
    table[x, y] += (offers * (1 - torch.maximum(a, b))).sum()
    return table

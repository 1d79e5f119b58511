import itertools
import math

import torch
from torch import Tensor

# %% right all_three_predicted: net bits of each coder with the tables of each person, dirty bits by all sixteen numbers, and the best of the six orders
def name_them(bits: Tensor, errors: Tensor, data: Tensor, prior: Tensor, likelihood: Tensor, slots: Tensor, tilt: Tensor) -> list[str]:
    names = ("lossy", "dirty", "right")
    states = slots.shape[-1]

    def predicted(person: int) -> dict[str, float]:
        owners = [torch.arange(states).repeat_interleave(row.round().long()).tolist() for row in slots[person]]
        t = float(tilt[person])
        fair = [1 / 16] * 16
        bent = [t ** bin(n).count("1") * (1 - t) ** (4 - bin(n).count("1")) for n in range(16)]

        def net(x: int, numbers: list[float]) -> float:
            total = 0.0
            for z, chance in zip(owners[x], numbers, strict=True):
                if chance > 0:
                    q = float(slots[person, x, z]) / 16
                    total += chance * math.log2(q / (float(prior[person, z]) * float(likelihood[person, z, x])))
            return total

        shares = data[person].tolist()
        return {
            "right": sum(share * net(x, fair) for x, share in enumerate(shares) if share > 0),
            "dirty": sum(share * net(x, bent) for x, share in enumerate(shares) if share > 0),
            "lossy": sum(share * net(x - x % 2, fair) for x, share in enumerate(shares) if share > 0),
        }

    table = [{name: ((float(b) - value) / float(e)) ** 2 for name, value in predicted(i).items()} for i, (b, e) in enumerate(zip(bits, errors, strict=True))]
    return list(min(itertools.permutations(names), key=lambda order: sum(row[name] for row, name in zip(table, order, strict=True))))

# %% wrong nearest_the_entropy: calls right whoever is nearest to the entropy of their data, lossy the lower and dirty the higher of the other two, beside their entropies
def name_them(bits: Tensor, errors: Tensor, data: Tensor, prior: Tensor, likelihood: Tensor, slots: Tensor, tilt: Tensor) -> list[str]:
    over = bits + torch.special.xlogy(data, data).sum(-1) / math.log(2)
    right = int(over.abs().argmin())
    low, high = sorted((i for i in range(3) if i != right), key=lambda i: float(over[i]))
    names = [""] * 3
    names[right], names[low], names[high] = "right", "lossy", "dirty"
    return names

# %% wrong sign_of_the_miss: finds the right coder by its own minus ELBO, and calls lossy whoever of the others spends less than theirs, as if losing a bit always saved some
def name_them(bits: Tensor, errors: Tensor, data: Tensor, prior: Tensor, likelihood: Tensor, slots: Tensor, tilt: Tensor) -> list[str]:
    q = slots.double() / 16
    each = torch.where(q > 0, q * (q.clamp(min=1e-12).log2() - prior[:, None].log2() - likelihood.mT.log2()), 0.0).sum(-1)
    miss = (bits - (data * each).sum(-1)) / errors
    right = int(miss.abs().argmin())
    low, high = sorted((i for i in range(3) if i != right), key=lambda i: float(miss[i]))
    names = [""] * 3
    names[right], names[low], names[high] = "right", "lossy", "dirty"
    return names

# %% wrong symbols_equally_frequent: averages the net bits over the symbols as if each came equally often, and leaves the data's frequencies out
def name_them(bits: Tensor, errors: Tensor, data: Tensor, prior: Tensor, likelihood: Tensor, slots: Tensor, tilt: Tensor) -> list[str]:
    q = slots.double() / 16
    each = torch.where(q > 0, q * (q.clamp(min=1e-12).log2() - prior[:, None].log2() - likelihood.mT.log2()), 0.0).sum(-1)
    symbols = torch.arange(each.shape[1])
    right, lossy = each.mean(1), each[:, symbols - symbols % 2].mean(1)
    cost = torch.stack([((bits - lossy) / errors) ** 2, torch.zeros_like(bits), ((bits - right) / errors) ** 2], 1)
    names = ("lossy", "dirty", "right")
    best = min(itertools.permutations(range(3)), key=lambda order: float(sum(cost[i, j] for i, j in enumerate(order))))
    return [names[j] for j in best]

# %% wrong evidence_as_rate: predicts minus the log evidence of each symbol, what the coder would pay with the posterior for q, though its slots are something else
def name_them(bits: Tensor, errors: Tensor, data: Tensor, prior: Tensor, likelihood: Tensor, slots: Tensor, tilt: Tensor) -> list[str]:
    each = -(prior[:, :, None] * likelihood).sum(1).log2()
    symbols = torch.arange(each.shape[1])
    right, lossy = (data * each).sum(1), (data * each[:, symbols - symbols % 2]).sum(1)
    cost = torch.stack([((bits - lossy) / errors) ** 2, torch.zeros_like(bits), ((bits - right) / errors) ** 2], 1)
    names = ("lossy", "dirty", "right")
    best = min(itertools.permutations(range(3)), key=lambda order: float(sum(cost[i, j] for i, j in enumerate(order))))
    return [names[j] for j in best]

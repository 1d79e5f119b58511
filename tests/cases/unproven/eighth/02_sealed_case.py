import math

import torch
from torch import Tensor

# %% right all_orders: every order of the three names is scored with itertools, by how slowly "heavy-tailed" settles, in units of its noise, and how much nearer "biased" than "another model" arrives
def name_them(values: Tensor, errors: Tensor, samples: Tensor, x: float, noise: float) -> list[str]:
    from itertools import permutations

    names = ("biased", "heavy-tailed", "another model")
    truth = torch.distributions.Normal(0.0, math.hypot(1.0, noise)).log_prob(torch.tensor(float(x))).item()
    rows = [[float(v) for v in row] for row in values]
    spread = [[float(e) for e in row] for row in errors]
    K = [float(k) for k in samples]
    shrink = (1 / K[1] - 1 / K[2]) / (1 / K[0] - 1 / K[1])

    def slowness(i):
        early, late = rows[i][1] - rows[i][0], rows[i][2] - rows[i][1]
        floor = 3 * math.hypot(spread[i][1], spread[i][2])
        return (late - shrink * early) / math.hypot(early, floor)

    def arrival(i):
        return rows[i][2] + (rows[i][2] - rows[i][1]) * (1 / K[2]) / (1 / K[1] - 1 / K[2])

    def score(order):
        biased, heavy, other = (order.index(name) for name in names)
        return 1e3 * slowness(heavy) - abs(arrival(biased) - truth) + abs(arrival(other) - truth)

    return list(max(permutations(names), key=score))

# %% wrong persons_by_name: finds who is who, and then lists names by role and not by person, which inverts the permutation; right for four orders of six
def name_them(values: Tensor, errors: Tensor, samples: Tensor, x: float, noise: float) -> list[str]:
    names = ("biased", "heavy-tailed", "another model")
    variance = 1 + noise**2
    truth = -0.5 * x**2 / variance - 0.5 * math.log(2 * math.pi * variance)
    early, late = values[:, 1] - values[:, 0], values[:, 2] - values[:, 1]
    heavy = int(((late - early / 8) / (early.square() + 0.03**2).sqrt()).argmax())
    rest = sorted((i for i in range(3) if i != heavy), key=lambda i: abs(float(values[i, 2] + late[i] / 7) - truth))
    order = (rest[0], heavy, rest[1])
    return [names[i] for i in order]

# %% wrong noise_as_variance: the evidence of this model with variance 1 + noise, since normals are written with their variance in this course; noise is a standard deviation here
def name_them(values: Tensor, errors: Tensor, samples: Tensor, x: float, noise: float) -> list[str]:
    variance = 1 + noise
    truth = -0.5 * x**2 / variance - 0.5 * math.log(2 * math.pi * variance)
    early, late = values[:, 1] - values[:, 0], values[:, 2] - values[:, 1]
    heavy = int(((late - early / 8) / (early.square() + 0.03**2).sqrt()).argmax())
    rest = sorted((i for i in range(3) if i != heavy), key=lambda i: abs(float(values[i, 2] + late[i] / 7) - truth))
    answer = ["", "", ""]
    answer[rest[0]], answer[heavy], answer[rest[1]] = "biased", "heavy-tailed", "another model"
    return answer

# %% wrong lower_is_wrong: of the two that settle the one that ends lower is called the other model, since "a wrong model explains the datum worse"; it may end above
def name_them(values: Tensor, errors: Tensor, samples: Tensor, x: float, noise: float) -> list[str]:
    early, late = values[:, 1] - values[:, 0], values[:, 2] - values[:, 1]
    heavy = int(((late - early / 8) / (early.square() + 0.03**2).sqrt()).argmax())
    rest = sorted((i for i in range(3) if i != heavy), key=lambda i: float(values[i, 2]))
    answer = ["", "", ""]
    answer[rest[1]], answer[heavy], answer[rest[0]] = "biased", "heavy-tailed", "another model"
    return answer

# %% wrong whoever_moves_most: the heavy-tailed one is taken for the one that climbs most from the smallest K to the largest; a wide q may climb more, and settle
def name_them(values: Tensor, errors: Tensor, samples: Tensor, x: float, noise: float) -> list[str]:
    variance = 1 + noise**2
    truth = -0.5 * x**2 / variance - 0.5 * math.log(2 * math.pi * variance)
    heavy = int((values[:, 2] - values[:, 0]).argmax())
    rest = sorted((i for i in range(3) if i != heavy), key=lambda i: abs(float(values[i, 2]) - truth))
    answer = ["", "", ""]
    answer[rest[0]], answer[heavy], answer[rest[1]] = "biased", "heavy-tailed", "another model"
    return answer

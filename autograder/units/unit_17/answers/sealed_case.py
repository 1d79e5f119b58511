# %% right limits: The mean of the estimates, beside the evidence and the limits of both faults; the best of all orders.
import itertools

import torch


def paths(initial, transition, log_lik, powers):
    now = initial.log()
    for t, power in enumerate(powers):
        if t > 0:
            now = (now.unsqueeze(-1) + transition.log()).logsumexp(-2)
        now = now + power * log_lik[t]
    return now.logsumexp(-1)


def name_them(log_estimates, initial, transition, log_lik, num_particles):
    T = len(log_lik)
    mean = log_estimates.exp().mean(-1).log()
    want = {"right": paths(initial, transition, log_lik, [1] * T)}
    want["kept"] = sum(paths(initial, transition, log_lik, [t - u for u in range(t)])
                       - paths(initial, transition, log_lik, [t - u for u in range(t - 1)]) for t in range(1, T + 1))
    chance, total = initial, 0.0
    for here in log_lik:
        total = total + (chance * here.exp()).sum().log()
        chance = transition[here.argmax()]
    want["heaviest"] = total
    best = min(itertools.permutations(want), key=lambda order: sum(abs(mean[i] - want[name]) for i, name in enumerate(order)))
    return list(best)


# %% right evidence_first: The one whose mean is the evidence is right; of the others, the one nearer to the limit of the heaviest; NumPy.
import numpy as np


def name_them(log_estimates, initial, transition, log_lik, num_particles):
    estimates, P, likes = log_estimates.numpy(), transition.numpy(), np.exp(log_lik.numpy())
    level = np.log(np.exp(estimates).mean(-1))
    chance = initial.numpy()
    forward, greedy, other = 0.0, 0.0, chance
    for like in likes:
        forward, greedy = forward + np.log(chance @ like), greedy + np.log(other @ like)
        chance = chance * like / (chance @ like) @ P
        other = P[like.argmax()]
    right = int(np.abs(level - forward).argmin())
    rest = [i for i in range(3) if i != right]
    names = ["kept"] * 3
    names[right] = "right"
    names[min(rest, key=lambda i: abs(level[i] - greedy))] = "heaviest"
    return names


# %% right own_filters: Runs all three filters oneself, and compares the means of the estimates.
import itertools

import torch


def run(kind, initial, transition, log_lik, count, runs, generator):
    def draw(chance, number):
        return torch.multinomial(chance, number, replacement=True, generator=generator)

    z = draw(initial.expand(runs, -1), count)
    weight, total = torch.ones(runs, count, dtype=log_lik.dtype), 0.0
    for t, here in enumerate(log_lik.exp()):
        if t:
            z = draw(transition[z].flatten(0, 1), 1).reshape(runs, count)
        new = weight * here[z]
        total = total + (new.sum(-1) / weight.sum(-1)).log()
        if kind == "heaviest":
            index = new.argmax(-1, keepdim=True).expand_as(z)
        else:
            index = draw(new, count)
        z = z.gather(-1, index)
        weight = new.gather(-1, index) if kind == "kept" else torch.ones_like(weight)
        weight = weight / weight.amax(-1, keepdim=True)
    return total.exp().mean().log()


def name_them(log_estimates, initial, transition, log_lik, num_particles):
    generator = torch.Generator().manual_seed(0)
    mean = log_estimates.exp().mean(-1).log()
    names = ("right", "kept", "heaviest")
    want = {kind: run(kind, initial, transition, log_lik, num_particles, 500, generator) for kind in names}
    best = min(itertools.permutations(names), key=lambda order: sum(abs(mean[i] - want[name]) for i, name in enumerate(order)))
    return list(best)


# %% wrong mean_of_logs, from right limits: The mean of the logarithms in place of the mean of the estimates.
# diagnosis: property or kept_for_right or heaviest_for_right or heaviest_for_kept
#-     mean = log_estimates.exp().mean(-1).log()
#+     mean = log_estimates.mean(-1)
#@@
#-     best = min(itertools.permutations(want), key=lambda order: sum(abs(mean[i] - want[name]) for i, name in enumerate(order)))
#-     return list(best)
#+     right = min(range(3), key=lambda i: abs(mean[i] - want["right"]))
#+     rest = [i for i in range(3) if i != right]
#+     names = ["kept"] * 3
#+     names[right] = "right"
#+     names[min(rest, key=lambda i: abs(mean[i] - want["heaviest"]))] = "heaviest"
#+     return names


# %% wrong loudest, from right evidence_first: The right one by its mean; of the others the louder one is taken for the heaviest.
# diagnosis: heaviest_for_kept
#-     names[min(rest, key=lambda i: abs(level[i] - greedy))] = "heaviest"
#+     names[max(rest, key=lambda i: estimates[i].std())] = "heaviest"


# %% wrong higher, from right evidence_first: The right one by its mean; of the others the higher one is taken for kept.
# diagnosis: heaviest_for_kept
#-     names[min(rest, key=lambda i: abs(level[i] - greedy))] = "heaviest"
#+     names[min(rest, key=lambda i: level[i])] = "heaviest"


# %% wrong middle, from right evidence_first: The one in the middle is taken for the right one.
# diagnosis: property or kept_for_right or heaviest_for_right
#-     right = int(np.abs(level - forward).argmin())
#+     right = int(np.argsort(level)[1])


# %% wrong quietest, from right evidence_first: The quietest is taken for the right one.
# diagnosis: property or kept_for_right or heaviest_for_right
#-     right = int(np.abs(level - forward).argmin())
#+     right = int(estimates.std(-1).argmin())


# %% wrong in_order, from right limits: The order in which the statement names them.
# diagnosis: always_the_same
#-     return list(best)
#+     return ["right", "kept", "heaviest"]

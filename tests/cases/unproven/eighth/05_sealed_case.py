import itertools

import torch
from torch import Tensor

NAMES = ["biased", "noisy", "another target"]


def exact(logits: Tensor, log_p: Tensor, entropy: bool = True) -> Tensor:
    """The gradient of E log p (and of the entropy) in the logits, by all eight states."""
    def bound(l):
        log_q = torch.stack([torch.nn.functional.logsigmoid(-l), torch.nn.functional.logsigmoid(l)], -1)
        joint = log_q[0][:, None, None] + log_q[1][None, :, None] + log_q[2][None, None, :]
        return (joint.exp() * (log_p - joint if entropy else log_p)).sum()

    return torch.autograd.functional.jacobian(bound, logits.detach())


def expected(samples, g, other):
    """(name, number of samples, logit)."""
    return torch.stack([torch.stack([g * (1 - 1 / K), g, other]) for K in samples], 1)


def costs(draws, means):
    """(person, name): squared distance in standard errors."""
    found, error = draws.mean(2), draws.std(2) / draws.shape[2] ** 0.5
    return (((found[:, None] - means[None]) / error[:, None].clamp_min(1e-12)) ** 2).sum((-1, -2))


def cheapest(cost):
    return min(itertools.permutations(range(3)), key=lambda order: sum(float(cost[i, n]) for i, n in enumerate(order)))

# %% right jacobian_and_recursion: exact means by autograd.functional.jacobian, and the cheapest order by a recursion over persons
def name_them(draws: Tensor, samples: list[int], logits: Tensor, log_p: Tensor) -> list[str]:
    cost = costs(draws, expected(samples, exact(logits, log_p), exact(logits, log_p, entropy=False))).tolist()

    def best(person, free):
        if person == 3:
            return 0.0, []
        options = []
        for n in free:
            total, names = best(person + 1, free - {n})
            options.append((cost[person][n] + total, [NAMES[n], *names]))
        return min(options)

    return best(0, frozenset(range(3)))[1]

# %% wrong axes_reversed: reads the table of log p with bit 0 on the last axis, as binary counting would have it
def name_them(draws: Tensor, samples: list[int], logits: Tensor, log_p: Tensor) -> list[str]:
    log_p = log_p.permute(2, 1, 0)
    means = expected(samples, exact(logits, log_p), exact(logits, log_p, entropy=False))
    return [NAMES[n] for n in cheapest(costs(draws, means))]

# %% wrong gradient_in_the_probabilities: differentiates the exact bound in the probabilities of the bits in place of their logits, so every expected mean lacks its p (1 - p)
def name_them(draws: Tensor, samples: list[int], logits: Tensor, log_p: Tensor) -> list[str]:
    p = logits.sigmoid()
    g, other = (exact(logits, log_p, entropy=entropy) / (p * (1 - p)) for entropy in (True, False))
    return [NAMES[n] for n in cheapest(costs(draws, expected(samples, g, other)))]

# %% wrong bias_the_other_way: thinks that judging oneself blows the gradient up by K / (K - 1), where it shrinks it by (K - 1) / K
def name_them(draws: Tensor, samples: list[int], logits: Tensor, log_p: Tensor) -> list[str]:
    g, other = exact(logits, log_p), exact(logits, log_p, entropy=False)
    means = torch.stack([torch.stack([g * K / (K - 1), g, other]) for K in samples], 1)
    return [NAMES[n] for n in cheapest(costs(draws, means))]

# %% wrong persons_of_names: finds the best order and returns it the wrong way round, the person of each name where the name of each person was asked for; the same for every swap of two, and not for three in a ring
def name_them(draws: Tensor, samples: list[int], logits: Tensor, log_p: Tensor) -> list[str]:
    means = expected(samples, exact(logits, log_p), exact(logits, log_p, entropy=False))
    cost = costs(draws, means)
    who = min(itertools.permutations(range(3)), key=lambda order: sum(float(cost[person, name]) for name, person in enumerate(order)))
    return [NAMES[person] for person in who]

import itertools
import math

import torch
from torch import Tensor


def all_draws(states, samples):
    return torch.tensor(list(itertools.product(range(states), repeat=samples)), dtype=torch.long).reshape(-1, samples)


# %% right multisets_with_multiplicities: adds up unordered draws, each as often as it has orders (a multinomial coefficient), instead of all S^K
def reweighted_bias(log_joint: Tensor, log_q: Tensor, scores: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    posterior = log_joint.softmax(0)
    target = posterior @ scores
    log_w = log_joint - log_q
    exact = -target.clone()
    for draw in itertools.combinations_with_replacement(range(len(log_q)), samples):
        rows = list(draw)
        orders = math.lgamma(samples + 1) - sum(math.lgamma(draw.count(s) + 1) for s in set(draw))
        chance = (log_q[rows].sum() + orders).exp()
        exact = exact + chance * torch.einsum("k,kp->p", log_w[rows].softmax(0), scores[rows])
    ratio = (2 * log_joint.log_softmax(0) - log_q).exp()
    first = -torch.einsum("s,sp->p", ratio, scores - target) / samples
    return exact, first


# %% wrong scaled_from_one_sample: a bias of order 1/K is that of one sample divided by K, says the student; but one sample is not in the regime of the series
def reweighted_bias(log_joint: Tensor, log_q: Tensor, scores: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    target = log_joint.softmax(0) @ scores
    draws = all_draws(len(log_q), samples)
    each = ((log_joint - log_q)[draws].softmax(-1).unsqueeze(-1) * scores[draws]).sum(1)
    exact = log_q[draws].sum(-1).exp() @ each - target
    return exact, (log_q.exp() @ scores - target) / samples


# %% wrong unordered_once: adds up unordered draws, each once, and divides by the sum of their chances to make it one; orders are not equally many
def reweighted_bias(log_joint: Tensor, log_q: Tensor, scores: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    posterior = log_joint.softmax(0)
    target = posterior @ scores
    draws = torch.tensor(list(itertools.combinations_with_replacement(range(len(log_q)), samples)))
    each = ((log_joint - log_q)[draws].softmax(-1).unsqueeze(-1) * scores[draws]).sum(1)
    exact = log_q[draws].sum(-1).softmax(0) @ each - target
    ratio = (2 * posterior.log() - log_q).exp()
    return exact, -(ratio @ (scores - target)) / samples


# %% wrong mean_over_the_states: for the first order the weights are divided by their plain average over the states, where the average under q was meant; right for a uniform q
def reweighted_bias(log_joint: Tensor, log_q: Tensor, scores: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    target = log_joint.softmax(0) @ scores
    log_w = log_joint - log_q
    draws = all_draws(len(log_q), samples)
    each = (log_w[draws].softmax(-1).unsqueeze(-1) * scores[draws]).sum(1)
    exact = log_q[draws].sum(-1).exp() @ each - target
    w = len(log_w) * log_w.softmax(0)
    return exact, -((log_q.exp() * w.square()) @ (scores - target)) / samples


# %% wrong aims_at_zero: a score has mean zero, so the student takes the mean of the estimate under q for its aim; the aim is the mean under the posterior
def reweighted_bias(log_joint: Tensor, log_q: Tensor, scores: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    target = log_q.exp() @ scores
    draws = all_draws(len(log_q), samples)
    each = ((log_joint - log_q)[draws].softmax(-1).unsqueeze(-1) * scores[draws]).sum(1)
    exact = log_q[draws].sum(-1).exp() @ each - target
    ratio = (2 * log_joint.log_softmax(0) - log_q).exp()
    return exact, -(ratio @ (scores - target)) / samples

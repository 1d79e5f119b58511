import itertools
import math
from collections.abc import Callable
from typing import Any

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from torch import Tensor


class Forced(poutine.messenger.Messenger):
    """Gives the site z one value after the other."""

    def __init__(self, values):
        super().__init__()
        self.values = iter(values)

    def _pyro_sample(self, msg):
        if msg["name"] == "z":
            msg["value"] = next(self.values)


def prepare(guide, whole):
    with poutine.block():
        guide(whole)
    free = dict(pyro.get_param_store().named_parameters())["logits"]
    states = list(torch.tensor(list(itertools.product((0.0, 1.0), repeat=len(free)))))
    with torch.no_grad():
        log_q = torch.stack([dist.Bernoulli(logits=free).log_prob(z).sum() for z in states])
    return free, states, log_q


def one_run(loss, model, guide, rows, draws, free):
    """Minus the loss of one set of draws, and minus its gradient, or None."""
    feed = Forced(draws)
    free.grad = None

    def forced(*args):
        with feed:
            return guide(*args)

    value = -float(loss.loss_and_grads(model, forced, rows))
    grad = None if free.grad is None else -free.grad.detach().clone()
    free.grad = None
    return value, grad


def right_row(alpha, particles, model, free, states, whole):
    with torch.no_grad(), poutine.block():
        log_p = torch.stack([poutine.trace(poutine.condition(model, {"z": z})).get_trace(whole).log_prob_sum() for z in states])
    logits = free.detach().clone().requires_grad_(True)
    log_q = torch.stack([dist.Bernoulli(logits=logits).log_prob(z).sum() for z in states])
    log_w = log_p - log_q
    if alpha == 1:
        bound = (log_q.exp() * log_w).sum()
    else:
        index = torch.tensor(list(itertools.product(range(len(states)), repeat=particles)))
        inner = (((1 - alpha) * log_w[index]).logsumexp(1) - math.log(particles)) / (1 - alpha)
        bound = (log_q[index].sum(1).exp() * inner).sum()
    (slope,) = torch.autograd.grad(bound, logits)
    return torch.cat([bound.detach().reshape(1), slope])

# %% wrong unordered: draws of K particles are listed without their order, each times the number of its orders; a loss that treats its particles differently, the last as a baseline say, tells something else in another order
def examine(
    loss: Any, alpha: float, particles: int, model: Callable[..., Any], guide: Callable[..., Any], whole: Tensor, batches: list[Tensor]
) -> Tensor:
    free, states, log_q = prepare(guide, whole)
    told = torch.zeros(1 + len(free))
    for rows in batches:
        for chosen in itertools.combinations_with_replacement(range(len(states)), particles):
            orders = math.factorial(particles)
            for state in set(chosen):
                orders //= math.factorial(chosen.count(state))
            chance = orders * log_q[list(chosen)].sum().exp() / len(batches)
            value, grad = one_run(loss, model, guide, rows, [states[i] for i in chosen], free)
            told[0] += chance * value
            if grad is not None:
                told[1:] += chance * grad
    return torch.stack([told, right_row(alpha, particles, model, free, states, whole)])

# %% wrong nothing_to_add: a run that leaves no gradient is skipped altogether, with its value; its value belongs into the average all the same
def examine(
    loss: Any, alpha: float, particles: int, model: Callable[..., Any], guide: Callable[..., Any], whole: Tensor, batches: list[Tensor]
) -> Tensor:
    free, states, log_q = prepare(guide, whole)
    told = torch.zeros(1 + len(free))
    for rows in batches:
        for chosen in itertools.product(range(len(states)), repeat=particles):
            chance = log_q[list(chosen)].sum().exp() / len(batches)
            value, grad = one_run(loss, model, guide, rows, [states[i] for i in chosen], free)
            if grad is None:
                continue
            told[0] += chance * value
            told[1:] += chance * grad
    return torch.stack([told, right_row(alpha, particles, model, free, states, whole)])

# %% wrong by_rows: a batch counts by the number of its rows, as in an epoch's average; the batches are equally likely, whatever their size
def examine(
    loss: Any, alpha: float, particles: int, model: Callable[..., Any], guide: Callable[..., Any], whole: Tensor, batches: list[Tensor]
) -> Tensor:
    free, states, log_q = prepare(guide, whole)
    told, all_rows = torch.zeros(1 + len(free)), sum(len(rows) for rows in batches)
    for rows in batches:
        for chosen in itertools.product(range(len(states)), repeat=particles):
            chance = log_q[list(chosen)].sum().exp() * len(rows) / all_rows
            value, grad = one_run(loss, model, guide, rows, [states[i] for i in chosen], free)
            told[0] += chance * value
            if grad is not None:
                told[1:] += chance * grad
    return torch.stack([told, right_row(alpha, particles, model, free, states, whole)])

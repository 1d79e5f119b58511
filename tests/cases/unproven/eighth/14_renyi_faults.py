import itertools
import math
from collections.abc import Callable
from typing import Any

import pyro
import torch
from pyro import poutine
from pyro.poutine.messenger import Messenger
from torch import Tensor


class Dictate(Messenger):
    """Lets the guide draw given states of z, one after the other."""

    def __init__(self, states):
        super().__init__()
        self.states = itertools.cycle(states)

    def _pyro_sample(self, msg):
        if msg["name"] == "z" and not msg["is_observed"] and msg["value"] is None:
            msg["value"], msg["done"] = next(self.states), True


def leaf(guide, rows):
    """The parameter, (D), after one run of the guide."""
    with torch.no_grad(), poutine.block():
        guide(rows)
    return pyro.param("logits").unconstrained()


def bits_of(count, like):
    return list(torch.tensor(list(itertools.product((0.0, 1.0), repeat=count)), dtype=like.dtype))


def log_prob(program, state, rows):
    return poutine.trace(poutine.condition(program, data={"z": state})).get_trace(rows).log_prob_sum()


def bound_of(alpha, log_q, log_w, draws):
    """The bound of all draws, as a tensor with a graph."""
    if alpha == 1.0:
        return (log_q.exp() * log_w).sum()
    particles = draws.shape[1]
    inner = (torch.logsumexp((1 - alpha) * log_w[draws], -1) - math.log(particles)) / (1 - alpha)
    return (log_q[draws].sum(-1).exp() * inner).sum()


def value_and_slope(value, parameter):
    (slope,) = torch.autograd.grad(value, parameter)
    return torch.cat([value.detach().reshape(1), slope.reshape(-1)])


def ask(loss, model, guide, rows, states, parameter):
    parameter.grad = None
    with Dictate(states):
        value = float(loss.loss_and_grads(model, guide, rows))
    slope = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.clone()
    parameter.grad = None
    return -torch.cat([parameter.new_tensor([value]), slope.reshape(-1)])


# %% right distribution_of_draws_as_a_tensor: the chances of all draws as one outer product of shape (S, ..., S), against which told and right are contracted alike
def examine(
    loss: Any, alpha: float, particles: int, model: Callable[..., Any], guide: Callable[..., Any], whole: Tensor, batches: list[Tensor]
) -> Tensor:
    trace = poutine.trace(guide).get_trace(whole)
    parameter = pyro.param("logits").unconstrained()
    before = parameter.grad
    count = trace.nodes["z"]["value"].shape[-1]
    states = list(torch.cartesian_prod(*[parameter.new_tensor([0.0, 1.0])] * count).reshape(-1, count))

    def run(program, state):
        return poutine.trace(poutine.condition(program, data={"z": state})).get_trace(whole).log_prob_sum()

    log_q = torch.stack([run(guide, state) for state in states])
    log_w = torch.stack([run(model, state) for state in states]).detach() - log_q
    grid = list(itertools.product(range(len(states)), repeat=particles))
    chance = log_q[torch.tensor(grid)].sum(-1).exp()
    if alpha == 1:
        heights = log_w[torch.tensor(grid)].mean(-1)
    else:
        heights = ((1 - alpha) * log_w[torch.tensor(grid)]).logsumexp(-1).sub(math.log(particles)).div(1 - alpha)
    right = torch.dot(chance, heights)
    (slope,) = torch.autograd.grad(right, parameter)

    told = parameter.new_zeros(1 + count)
    for row, probability in zip(grid, chance.tolist(), strict=True):
        for rows in batches:
            told += probability / len(batches) * ask(loss, model, guide, rows, [states[s] for s in row], parameter)
    parameter.grad = before
    return torch.stack([told, torch.cat([right.detach().reshape(1), slope.reshape(-1)])]).detach()


# %% wrong right_on_the_batches: averages the exact bound over the batches too, as the loss sees no other rows; the bound of all rows was asked
def examine(
    loss: Any, alpha: float, particles: int, model: Callable[..., Any], guide: Callable[..., Any], whole: Tensor, batches: list[Tensor]
) -> Tensor:
    parameter = leaf(guide, whole)
    states = bits_of(parameter.numel(), parameter)
    draws = torch.tensor(list(itertools.product(range(len(states)), repeat=particles)))
    told, right = 0.0, 0.0
    for rows in batches:
        log_q = torch.stack([log_prob(guide, state, rows) for state in states])
        log_w = torch.stack([log_prob(model, state, rows) for state in states]) - log_q
        right = right + value_and_slope(bound_of(alpha, log_q, log_w, draws), parameter) / len(batches)
        for draw in draws:
            chance = log_q[draw].sum().exp().detach()
            told = told + chance * ask(loss, model, guide, rows, [states[s] for s in draw], parameter) / len(batches)
    return torch.stack([told, right]).detach()


# %% wrong order_of_particles: asks the loss once for each set of K states and counts it as often as it has orders; right for losses that treat their particles alike
def examine(
    loss: Any, alpha: float, particles: int, model: Callable[..., Any], guide: Callable[..., Any], whole: Tensor, batches: list[Tensor]
) -> Tensor:
    parameter = leaf(guide, whole)
    states = bits_of(parameter.numel(), parameter)
    log_q = torch.stack([log_prob(guide, state, whole) for state in states])
    log_w = torch.stack([log_prob(model, state, whole) for state in states]) - log_q
    draws = torch.tensor(list(itertools.product(range(len(states)), repeat=particles)))
    right = value_and_slope(bound_of(alpha, log_q, log_w, draws), parameter)
    told = 0.0
    for draw in itertools.combinations_with_replacement(range(len(states)), particles):
        orders = math.factorial(particles)
        for state in set(draw):
            orders //= math.factorial(draw.count(state))
        chance = orders * log_q[list(draw)].sum().exp().detach()
        for rows in batches:
            told = told + chance * ask(loss, model, guide, rows, [states[s] for s in draw], parameter) / len(batches)
    return torch.stack([told, right]).detach()


# %% wrong without_end: takes for right the Renyi bound of the guide, with the expectation inside the logarithm, which is that of endlessly many particles; K is used for what is told only
def examine(
    loss: Any, alpha: float, particles: int, model: Callable[..., Any], guide: Callable[..., Any], whole: Tensor, batches: list[Tensor]
) -> Tensor:
    parameter = leaf(guide, whole)
    states = bits_of(parameter.numel(), parameter)
    log_q = torch.stack([log_prob(guide, state, whole) for state in states])
    log_w = torch.stack([log_prob(model, state, whole) for state in states]) - log_q
    if alpha == 1.0:
        exact = (log_q.exp() * log_w).sum()
    else:
        exact = torch.logsumexp(log_q + (1 - alpha) * log_w, 0) / (1 - alpha)
    right = value_and_slope(exact, parameter)
    told = 0.0
    for draw in itertools.product(range(len(states)), repeat=particles):
        chance = log_q[list(draw)].sum().exp().detach()
        for rows in batches:
            told = told + chance * ask(loss, model, guide, rows, [states[s] for s in draw], parameter) / len(batches)
    return torch.stack([told, right]).detach()


# %% wrong one_state_for_all_particles: lets all K particles of a draw have the same state, with the chance of one; right for losses that are a mean over particles, as Trace_ELBO is
def examine(
    loss: Any, alpha: float, particles: int, model: Callable[..., Any], guide: Callable[..., Any], whole: Tensor, batches: list[Tensor]
) -> Tensor:
    parameter = leaf(guide, whole)
    states = bits_of(parameter.numel(), parameter)
    log_q = torch.stack([log_prob(guide, state, whole) for state in states])
    log_w = torch.stack([log_prob(model, state, whole) for state in states]) - log_q
    draws = torch.tensor(list(itertools.product(range(len(states)), repeat=particles)))
    right = value_and_slope(bound_of(alpha, log_q, log_w, draws), parameter)
    told = 0.0
    for state, chance in zip(states, log_q.exp().detach(), strict=True):
        for rows in batches:
            told = told + chance * ask(loss, model, guide, rows, [state], parameter) / len(batches)
    return torch.stack([told, right]).detach()

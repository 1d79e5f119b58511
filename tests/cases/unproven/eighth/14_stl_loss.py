from collections.abc import Callable
from typing import Any

import pyro
import torch
from pyro import poutine
from torch import Tensor


class constants:
    """Within this block the given parameters are constants."""

    def __init__(self, parameters):
        self.parameters = [p for p in parameters if p.requires_grad]

    def __enter__(self):
        for p in self.parameters:
            p.requires_grad_(False)

    def __exit__(self, *error):
        for p in self.parameters:
            p.requires_grad_(True)


def stored():
    return [p for _, p in pyro.get_param_store().named_parameters()]


# %% right score_given_back: nothing is frozen; log q of the live run holds path and score, and log q replayed at detached draws holds the score alone, so the second is given back to the first
def stl_loss(model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
    drawn = poutine.trace(guide).get_trace(*args)
    log_p = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args).log_prob_sum()
    resting = poutine.Trace()
    for name, node in drawn.nodes.items():
        if node["type"] == "sample" and not node["is_observed"]:
            resting.add_node(name, **{**node, "value": node["value"].detach()})
    score = poutine.trace(poutine.replay(guide, trace=resting)).get_trace(*args).log_prob_sum()
    return drawn.log_prob_sum() - log_p - (score - score.detach())


# %% wrong model_stands_still_too: freezes all that the store holds while log q and log p are taken; what the model is to learn is in the store as well
def stl_loss(model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
    drawn = poutine.trace(guide).get_trace(*args)
    with torch.no_grad(), poutine.block():
        poutine.replay(model, trace=drawn)(*args)
    with constants(stored()):
        log_q = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args).log_prob_sum()
        log_p = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args).log_prob_sum()
    return log_q - log_p


# %% wrong rows_for_themselves: adds up the log-densities of the sites and forgets that a plate which shows a part has a scale; right where all rows are seen
def stl_loss(model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
    def total(trace):
        return sum(node["fn"].log_prob(node["value"]).sum() for node in trace.nodes.values() if node["type"] == "sample")

    drawn = poutine.trace(guide).get_trace(*args)
    with constants(stored()):
        again = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args)
        log_q = total(again)
    return log_q - total(poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args))


# %% wrong draws_held_in_log_q: detaches the draws in log q and leaves its parameters live, the other way round; the value is right, the gradient has the score in place of the path
def stl_loss(model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
    drawn = poutine.trace(guide).get_trace(*args)
    log_p = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args).log_prob_sum()
    held = poutine.Trace()
    for name, node in drawn.nodes.items():
        if node["type"] == "sample" and not node["is_observed"]:
            held.add_node(name, **{**node, "value": node["value"].detach()})
    log_q = poutine.trace(poutine.replay(guide, trace=held)).get_trace(*args).log_prob_sum()
    return log_q - log_p


# %% wrong closed_form_where_known: takes the KL of a site in closed form where torch knows one, "quieter still"; the value is no longer that of the run, and the gradient is another estimate
def stl_loss(model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
    drawn = poutine.trace(guide).get_trace(*args)
    with constants(stored()):
        again = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args)
    again.compute_log_prob()
    model_trace = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args)
    model_trace.compute_log_prob()
    total = 0.0
    for name, node in model_trace.nodes.items():
        if node["type"] != "sample":
            continue
        if name not in drawn.nodes or node["is_observed"]:
            total = total + node["log_prob_sum"]
            continue
        try:
            kl = torch.distributions.kl_divergence(drawn.nodes[name]["fn"], node["fn"])
            total = total - (kl * node["scale"]).sum()
        except NotImplementedError:
            total = total + node["log_prob_sum"] - again.nodes[name]["log_prob_sum"]
    return -total

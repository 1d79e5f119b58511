from collections.abc import Callable
from typing import Any

import pyro
import torch
from pyro import poutine
from torch import Tensor


def learned():
    """The tensors in the store that learn at present."""
    return [p for _, p in pyro.get_param_store().named_parameters() if p.requires_grad]

# %% wrong other_rows: the frozen run of the guide is conditioned on the latents that were drawn, but not on the rows that were chosen; where a plate shows a part, the draws are scored with the parameters of other rows
def stl_loss(model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
    drawn = poutine.trace(guide).get_trace(*args)
    scored = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args)
    latents = {name: drawn.nodes[name]["value"] for name in drawn.stochastic_nodes if type(drawn.nodes[name]["fn"]).__name__ != "_Subsample"}
    frozen = learned()
    for p in frozen:
        p.requires_grad_(False)
    try:
        log_q = poutine.trace(poutine.condition(guide, data=latents)).get_trace(*args).log_prob_sum()
    finally:
        for p in frozen:
            p.requires_grad_(True)
    return log_q - scored.log_prob_sum()

# %% wrong listed_too_early: which parameters are to be frozen is listed before the guide has run; in the first step the store is still empty, nothing is frozen, and the gradient is Pyro's
def stl_loss(model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
    frozen = learned()
    drawn = poutine.trace(guide).get_trace(*args)
    scored = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args)
    for p in frozen:
        p.requires_grad_(False)
    try:
        log_q = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args).log_prob_sum()
    finally:
        for p in frozen:
            p.requires_grad_(True)
    return log_q - scored.log_prob_sum()

# %% wrong guide_unscaled: log q is added up by hand from the distributions of the sites; what a plate scales up is not in these, so that q stands for the rows that are seen and p for all
def stl_loss(model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
    drawn = poutine.trace(guide).get_trace(*args)
    scored = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args)
    frozen = learned()
    for p in frozen:
        p.requires_grad_(False)
    try:
        again = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args)
        sites = [site for site in again.nodes.values() if site["type"] == "sample" and type(site["fn"]).__name__ != "_Subsample"]
        log_q = sum(site["fn"].log_prob(site["value"]).sum() for site in sites)
    finally:
        for p in frozen:
            p.requires_grad_(True)
    return log_q - scored.log_prob_sum()

from collections.abc import Callable
from typing import Any

import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.messenger import Messenger
from torch import Tensor


class Swap(Messenger):
    """Puts another distribution in the place of a latent's, where there is one."""

    def __init__(self, other):
        super().__init__()
        self.other = other

    def _pyro_sample(self, msg):
        if not msg["is_observed"]:
            msg["fn"] = self.other(msg["name"], msg["fn"]) or msg["fn"]


def observed(msg):
    return msg["type"] == "sample" and msg["is_observed"]


def normal(fn, mean, deviation):
    return dist.Normal(mean, deviation).to_event(fn.event_dim)


# %% right a_class_made_on_the_spot: the handler's class is made by type(), its one method a closure over the updates; two handlers wrapped around the model as functions
def convex_guide(model: Callable[..., Any], updates: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]) -> Callable[..., Any]:
    def blend(self, msg):
        if msg["is_observed"] or msg["name"] not in updates:
            return
        trust, mean, keep, deviation = updates[msg["name"]]
        fn = msg["fn"]
        told, spread = fn.mean, fn.variance.sqrt()
        msg["fn"] = dist.Normal(trust * told + (1 - trust) * mean, keep * spread + (1 - keep) * deviation).to_event(fn.event_dim)

    handler = type("Blend", (Messenger,), {"_pyro_sample": blend})
    return poutine.block(handler()(model), hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"])


# %% wrong deviations_in_quadrature: adds the two parts of the standard deviation as independent errors, root of the sum of squares; the same at rho = 0 and at rho = 1
def convex_guide(model: Callable[..., Any], updates: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]) -> Callable[..., Any]:
    def other(name, fn):
        if name not in updates:
            return None
        trust, mean, keep, deviation = updates[name]
        spread = ((keep**2) * fn.variance + ((1 - keep) * deviation) ** 2).sqrt()
        return normal(fn, trust * fn.mean + (1 - trust) * mean, spread)

    return poutine.block(Swap(other)(model), hide_fn=observed)


# %% wrong one_trust_for_both: blends mean and standard deviation with lambda, and never looks at rho; the same where the two are equal, as in the example
def convex_guide(model: Callable[..., Any], updates: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]) -> Callable[..., Any]:
    def other(name, fn):
        if name not in updates:
            return None
        trust, mean, _, deviation = updates[name]
        return normal(fn, trust * fn.mean + (1 - trust) * mean, trust * fn.variance.sqrt() + (1 - trust) * deviation)

    return poutine.block(Swap(other)(model), hide_fn=observed)


# %% wrong updated_sites_only: shows the sites that have an update and hides all others, observed or not; a latent without an update is then missing in the guide's trace
def convex_guide(model: Callable[..., Any], updates: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]) -> Callable[..., Any]:
    def other(name, fn):
        if name not in updates:
            return None
        trust, mean, keep, deviation = updates[name]
        return normal(fn, trust * fn.mean + (1 - trust) * mean, keep * fn.variance.sqrt() + (1 - keep) * deviation)

    def hidden(msg):
        return msg["type"] == "sample" and (msg["is_observed"] or msg["name"] not in updates)

    return poutine.block(Swap(other)(model), hide_fn=hidden)


# %% wrong prior_of_another_run: reads means and deviations off a run of the model of its own, made just before; they follow that run's draws, not the guide's
def convex_guide(model: Callable[..., Any], updates: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]) -> Callable[..., Any]:
    def guide(*args, **kwargs):
        with poutine.block():
            before = poutine.trace(model).get_trace(*args, **kwargs)

        def other(name, fn):
            if name not in updates:
                return None
            trust, mean, keep, deviation = updates[name]
            prior = before.nodes[name]["fn"]
            return normal(fn, trust * prior.mean + (1 - trust) * mean, keep * prior.variance.sqrt() + (1 - keep) * deviation)

        with poutine.block(hide_fn=observed), Swap(other):
            return model(*args, **kwargs)

    return guide

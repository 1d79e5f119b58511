from collections.abc import Callable
from typing import Any

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from torch import Tensor


def blend(fn, update, mean=None, stddev=None):
    trust, alpha, rho, beta = update
    m, s = (fn.mean, fn.stddev) if mean is None else (mean, stddev)
    return dist.Normal(trust * m + (1 - trust) * alpha, rho * s + (1 - rho) * beta).to_event(fn.event_dim)


def observed(msg):
    return msg["type"] == "sample" and msg["is_observed"]

# %% wrong keywords_dropped: the guide takes keywords, so that it can be called as the model is, but the model below it runs with its defaults
def convex_guide(model: Callable[..., Any], updates: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]) -> Callable[..., Any]:
    class Blend(poutine.messenger.Messenger):
        def _pyro_sample(self, msg):
            if msg["name"] in updates and not msg["is_observed"]:
                msg["fn"] = blend(msg["fn"], updates[msg["name"]])

    def guide(*args: Any, **_: Any) -> Any:
        with poutine.block(hide_fn=observed), Blend():
            return model(*args)

    return guide

# %% wrong value_only: the model's own draw is moved and stretched to the blend after it was drawn; the draws are right, but the site keeps the model's density, by which they are scored
def convex_guide(model: Callable[..., Any], updates: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]) -> Callable[..., Any]:
    class Move(poutine.messenger.Messenger):
        def _pyro_post_sample(self, msg):
            if msg["name"] in updates and not msg["is_observed"]:
                fn, new = msg["fn"], blend(msg["fn"], updates[msg["name"]])
                msg["value"] = new.mean + new.stddev * (msg["value"] - fn.mean) / fn.stddev

    def guide(*args: Any, **kwargs: Any) -> Any:
        with poutine.block(hide_fn=observed), Move():
            return model(*args, **kwargs)

    return guide

# %% wrong prior_kept: mean and standard deviation of the model are read at the first run and kept, as if the prior of a site were fixed; in later runs it belongs to other draws and other arguments
def convex_guide(model: Callable[..., Any], updates: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]) -> Callable[..., Any]:
    prior = {}

    class Blend(poutine.messenger.Messenger):
        def _pyro_sample(self, msg):
            name = msg["name"]
            if name in updates and not msg["is_observed"]:
                moments = prior.setdefault(name, (msg["fn"].mean, msg["fn"].stddev))
                msg["fn"] = blend(msg["fn"], updates[name], *moments)

    def guide(*args: Any, **kwargs: Any) -> Any:
        with poutine.block(hide_fn=observed), Blend():
            return model(*args, **kwargs)

    return guide

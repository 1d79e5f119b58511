import torch
import math
import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.messenger import Messenger

# %% right messenger: a handler next to the model, block around it
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        mean = lam * fn.mean + (1 - lam) * alpha
        sd = rho * fn.stddev + (1 - rho) * beta
        msg["fn"] = dist.Normal(mean, sd).to_event(fn.event_dim)


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with Blend(updates):
                return model(*args, **kwargs)

    return guide

# %% right one_handler: one handler that blends and stops observed messages by itself; parameters unwrapped from the base
class Prior(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"]:
            msg["stop"] = True
        elif msg["name"] in self.updates:
            base, events = msg["fn"], len(msg["fn"].event_shape)
            while not hasattr(base, "loc"):
                base = base.base_dist
            lam, alpha, rho, beta = self.updates[msg["name"]]
            new = dist.Normal(torch.lerp(alpha + 0 * base.loc, base.loc + 0 * alpha, lam + 0 * base.loc), beta + rho * (base.scale - beta))
            msg["fn"] = dist.Independent(new, events) if events else new


def convex_guide(model, updates):
    return Prior(dict(updates))(model)

# %% right wrapped: handlers wrapped around the function instead of with, a deferred fn built from the mask of the site's variance
class _Mix(Messenger):
    def __init__(self, table):
        super().__init__()
        self.table = table

    def _process_message(self, msg):
        if msg["type"] == "sample" and not msg["is_observed"] and msg["name"] in self.table:
            a, b, c, d = self.table[msg["name"]]
            old = msg["fn"]
            new = dist.Normal(a * old.mean + b - a * b, c * old.variance.sqrt() + d - c * d)
            msg["fn"] = new.to_event(old.event_dim) if old.event_dim else new
        return None


def convex_guide(model, updates):
    def latent_only(site):
        return site["type"] == "sample" and bool(site["is_observed"])

    return poutine.block(_Mix(updates)(model), hide_fn=latent_only)

# %% wrong no_event: a site with to_event(1) is drawn without its event axis: the log-density has another shape
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        mean = lam * fn.mean + (1 - lam) * alpha
        sd = rho * fn.stddev + (1 - rho) * beta
        msg["fn"] = dist.Normal(mean, sd)


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with Blend(updates):
                return model(*args, **kwargs)

    return guide

# %% wrong variances: variances blended instead of standard deviations: the same at rho 0 and 1
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        mean = lam * fn.mean + (1 - lam) * alpha
        sd = (rho * fn.variance + (1 - rho) * beta**2).sqrt()
        msg["fn"] = dist.Normal(mean, sd).to_event(fn.event_dim)


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with Blend(updates):
                return model(*args, **kwargs)

    return guide

# %% wrong other_way: lambda weighs alpha and rho weighs beta: the trust in the prior the wrong way round, right at 1/2
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        mean = (1 - lam) * fn.mean + lam * alpha
        sd = (1 - rho) * fn.stddev + rho * beta
        msg["fn"] = dist.Normal(mean, sd).to_event(fn.event_dim)


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with Blend(updates):
                return model(*args, **kwargs)

    return guide

# %% wrong no_block: observed sites stay in the guide's trace
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        mean = lam * fn.mean + (1 - lam) * alpha
        sd = rho * fn.stddev + (1 - rho) * beta
        msg["fn"] = dist.Normal(mean, sd).to_event(fn.event_dim)


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with Blend(updates):
            return model(*args, **kwargs)

    return guide

# %% wrong updates_only: only sites with an update are shown: a latent without one is missing from the guide's trace
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        mean = lam * fn.mean + (1 - lam) * alpha
        sd = rho * fn.stddev + (1 - rho) * beta
        msg["fn"] = dist.Normal(mean, sd).to_event(fn.event_dim)


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block(expose=list(updates)):
            with Blend(updates):
                return model(*args, **kwargs)

    return guide

# %% wrong no_keywords: the guide takes positional arguments only, keywords of the model are lost
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        mean = lam * fn.mean + (1 - lam) * alpha
        sd = rho * fn.stddev + (1 - rho) * beta
        msg["fn"] = dist.Normal(mean, sd).to_event(fn.event_dim)


def convex_guide(model, updates):
    def guide(*args):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with Blend(updates):
                return model(*args)

    return guide

# %% wrong geometric: sd blended on the log scale, s^rho beta^(1 - rho): the same at 0, at 1 and if s = beta
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        mean = lam * fn.mean + (1 - lam) * alpha
        sd = fn.stddev**rho * beta ** (1 - rho)
        msg["fn"] = dist.Normal(mean, sd).to_event(fn.event_dim)


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with Blend(updates):
                return model(*args, **kwargs)

    return guide

# %% wrong rho_ignored: lambda used for both mean and sd, rho is ignored: right if the two are equal, as in the notebook's figure
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        mean = lam * fn.mean + (1 - lam) * alpha
        sd = lam * fn.stddev + (1 - lam) * beta
        msg["fn"] = dist.Normal(mean, sd).to_event(fn.event_dim)


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with Blend(updates):
                return model(*args, **kwargs)

    return guide

# %% wrong first_prior: means and sds of the model remembered from the first run: later runs do not follow their own draws or arguments
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates, self.seen = updates, {}

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = self.seen.setdefault(msg["name"], msg["fn"])
        mean = lam * fn.mean + (1 - lam) * alpha
        sd = rho * fn.stddev + (1 - rho) * beta
        msg["fn"] = dist.Normal(mean, sd).to_event(fn.event_dim)


def convex_guide(model, updates):
    blend = Blend(updates)

    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with blend:
                return model(*args, **kwargs)

    return guide

# %% wrong all_event: to_event of as many axes as the update has: a site in a plate becomes one event
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        mean = lam * fn.mean + (1 - lam) * alpha
        sd = rho * fn.stddev + (1 - rho) * beta
        msg["fn"] = dist.Normal(mean, sd).to_event(alpha.dim())


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with Blend(updates):
                return model(*args, **kwargs)

    return guide

# %% wrong shifted_value: the prior's draw is moved afterwards, the site keeps the prior as its density
class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_post_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        lam, alpha, rho, beta = self.updates[msg["name"]]
        fn = msg["fn"]
        noise = (msg["value"] - fn.mean) / fn.stddev
        msg["value"] = lam * fn.mean + (1 - lam) * alpha + (rho * fn.stddev + (1 - rho) * beta) * noise


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with Blend(updates):
                return model(*args, **kwargs)

    return guide

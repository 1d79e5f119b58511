# %% right messenger: A messenger that changes the distribution of each site that has an update.
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.messenger import Messenger


class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        trust, loc, spread, scale = self.updates[msg["name"]]
        prior = msg["fn"]
        mean = trust * prior.mean + (1 - trust) * loc
        std = spread * prior.variance.sqrt() + (1 - spread) * scale
        msg["fn"] = dist.Normal(mean, std).to_event(prior.event_dim)


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
            with Blend(updates):
                model(*args, **kwargs)

    return guide


# %% right base: The base of an event's distribution is read, and the handlers are wrapped around the model.
import pyro.distributions as dist
from pyro import poutine


class Convex(poutine.messenger.Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = dict(updates)

    def _process_message(self, msg):
        if msg["type"] == "sample" and not msg["is_observed"] and msg["name"] in self.updates:
            fn, event = msg["fn"], 0
            while isinstance(fn, dist.Independent):
                event += fn.reinterpreted_batch_ndims
                fn = fn.base_dist
            lam, a, rho, b = self.updates[msg["name"]]
            blended = dist.Normal(fn.loc + (1 - lam) * (a - fn.loc), fn.scale + (1 - rho) * (b - fn.scale))
            msg["fn"] = blended.to_event(event) if event else blended


def convex_guide(model, updates):
    handled = Convex(updates)(model)
    return poutine.block(handled, hide_fn=lambda site: site["is_observed"] if site["type"] == "sample" else False)


# %% right lifted: No class: the model is run under infer_config's sibling, a messenger made from a function.
import torch
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.messenger import Messenger


def convex_guide(model, updates):
    class Reads(Messenger):
        def _pyro_sample(self, msg):
            if msg["is_observed"]:
                msg["stop"] = True
            elif msg["name"] in updates:
                lam, a, rho, b = updates[msg["name"]]
                loc, scale = msg["fn"].mean, msg["fn"].stddev
                weights = torch.stack(torch.broadcast_tensors(lam, 1 - lam)), torch.stack(torch.broadcast_tensors(rho, 1 - rho))
                loc = (weights[0] * torch.stack(torch.broadcast_tensors(loc, a))).sum(0)
                scale = (weights[1] * torch.stack(torch.broadcast_tensors(scale, b))).sum(0)
                msg["fn"] = dist.Normal(loc, scale).to_event(msg["fn"].event_dim)

    class Guide:
        def __call__(self, *args, **kwargs):
            with Reads():
                return model(*args, **kwargs)

    return Guide()


# %% wrong turned, from right messenger: Trust is that in the other.
# diagnosis: trust_turned
#-         mean = trust * prior.mean + (1 - trust) * loc
#-         std = spread * prior.variance.sqrt() + (1 - spread) * scale
#+         mean = (1 - trust) * prior.mean + trust * loc
#+         std = (1 - spread) * prior.variance.sqrt() + spread * scale


# %% wrong same_trust, from right messenger: One trust for mean and scale.
# diagnosis: one_trust
#-         std = spread * prior.variance.sqrt() + (1 - spread) * scale
#+         std = trust * prior.variance.sqrt() + (1 - trust) * scale


# %% wrong logs, from right messenger: Logarithms of the scales are blended.
# diagnosis: scales_geometric
#-         std = spread * prior.variance.sqrt() + (1 - spread) * scale
#+         std = prior.stddev**spread * scale**(1 - spread)


# %% wrong variances, from right messenger: Variances are blended.
# diagnosis: variances_blended
#-         std = spread * prior.variance.sqrt() + (1 - spread) * scale
#+         std = (spread * prior.variance + (1 - spread) * scale**2).sqrt()


# %% wrong product, from right messenger: The product of two normals.
# diagnosis: precisions_blended
#-         mean = trust * prior.mean + (1 - trust) * loc
#-         std = spread * prior.variance.sqrt() + (1 - spread) * scale
#+         precision = trust / prior.variance + (1 - trust) / scale**2
#+         mean = (trust * prior.mean / prior.variance + (1 - trust) * loc / scale**2) / precision
#+         std = precision.rsqrt()


# %% wrong mean_field, from right messenger: The prior has no part.
# diagnosis: prior_dropped
#-         mean = trust * prior.mean + (1 - trust) * loc
#-         std = spread * prior.variance.sqrt() + (1 - spread) * scale
#+         mean, std = loc, scale


# %% wrong mean_only, from right messenger: The scale stays the prior's.
# diagnosis: mean_alone
#-         std = spread * prior.variance.sqrt() + (1 - spread) * scale
#+         std = prior.variance.sqrt()


# %% wrong old_draw, from right messenger: The draw is the prior's, the density that of the blend.
# diagnosis: drawn_elsewhere
#-         msg["fn"] = dist.Normal(mean, std).to_event(prior.event_dim)
#+         msg["value"], msg["done"] = prior(), True
#+         msg["fn"] = dist.Normal(mean, std).to_event(prior.event_dim)


# %% wrong too_late, from right messenger: The distribution is changed after the draw, when the trace has been written.
# diagnosis: prior_kept
#-     def _pyro_sample(self, msg):
#+     def _pyro_post_sample(self, msg):


# %% wrong nothing_hidden, from right messenger: Observed sites stay in the guide.
# diagnosis: observed_kept
#-         with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
#-             with Blend(updates):
#-                 model(*args, **kwargs)
#+         with Blend(updates):
#+             model(*args, **kwargs)


# %% wrong hidden_too_much, from right messenger: Sites without an update are hidden, too.
# diagnosis: sites
#-         with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and msg["is_observed"]):
#+         with poutine.block(hide_fn=lambda msg: msg["type"] == "sample" and (msg["is_observed"] or msg["name"] not in updates)):


# %% wrong no_event, from right messenger: The event is forgotten: a vector becomes a batch.
# diagnosis: shape or raises_ValueError or raises_RuntimeError
#-         msg["fn"] = dist.Normal(mean, std).to_event(prior.event_dim)
#+         msg["fn"] = dist.Normal(mean, std)


# %% wrong by_the_observed, from right messenger: Observed sites are changed as well, if they have an update.
# diagnosis: sites or value
#-         if msg["is_observed"] or msg["name"] not in self.updates:
#+         if msg["name"] not in self.updates:
#@@
#-         msg["fn"] = dist.Normal(mean, std).to_event(prior.event_dim)
#+         msg["fn"] = dist.Normal(mean, std).to_event(prior.event_dim)
#+         msg["is_observed"] = False


# %% wrong one_trace, from right messenger: Parameters of the prior are read from one run of the model: every site follows that run, not its own parents.
# diagnosis: value or shape
import pyro
import pyro.distributions as dist
from pyro import poutine


def convex_guide(model, updates):
    def guide(*args, **kwargs):
        with poutine.block():
            trace = poutine.trace(model).get_trace(*args, **kwargs)
        for name, site in trace.nodes.items():
            if site["type"] != "sample" or site["is_observed"] or type(site["fn"]).__name__ == "_Subsample":
                continue
            fn = site["fn"]
            if name in updates:
                trust, loc, spread, scale = updates[name]
                fn = dist.Normal(trust * fn.mean + (1 - trust) * loc, spread * fn.stddev + (1 - spread) * scale).to_event(fn.event_dim)
            if site["cond_indep_stack"]:
                frame = site["cond_indep_stack"][0]
                with pyro.plate(frame.name, frame.size):
                    pyro.sample(name, fn)
            else:
                pyro.sample(name, fn)

    return guide


# %% wrong plates_lost, from right messenger: The guide's sites are drawn after the model was read, outside of its plates.
# diagnosis: generic_sum_0
import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.messenger import Messenger


class Blend(Messenger):
    def __init__(self, updates):
        super().__init__()
        self.updates = updates

    def _pyro_sample(self, msg):
        if msg["is_observed"] or msg["name"] not in self.updates:
            return
        trust, loc, spread, scale = self.updates[msg["name"]]
        fn = msg["fn"]
        fn = dist.Normal(trust * fn.mean + (1 - trust) * loc, spread * fn.stddev + (1 - spread) * scale)
        msg["fn"] = fn.to_event(fn.batch_shape.__len__())


def convex_guide(model, updates):
    return poutine.block(Blend(updates)(model), hide_fn=lambda site: site["type"] == "sample" and site["is_observed"])

import torch
import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import Trace_ELBO, TraceMeanField_ELBO
from pyro.poutine.messenger import Messenger

# %% right switch: the guide again, replayed, while the leaves of its parameters are switched off
def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    names = [k for k, s in drawn.nodes.items() if s["type"] == "param"]
    store = dict(pyro.get_param_store().named_parameters())
    leaves = [store[k] for k in names if store[k].requires_grad]
    for leaf in leaves:
        leaf.requires_grad_(False)
    try:
        frozen = poutine.trace(poutine.replay(guide, drawn)).get_trace(*args)
        log_q = frozen.log_prob_sum()
    finally:
        for leaf in leaves:
            leaf.requires_grad_(True)
    return log_q - told.log_prob_sum()

# %% right minus_score: the full log q, less the score at detached draws: what remains is the path
def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    still = poutine.Trace()
    for name, node in drawn.nodes.items():
        node = dict(node)
        if node["type"] == "sample" and torch.is_tensor(node["value"]):
            node["value"] = node["value"].detach()
        node.pop("name")
        still.add_node(name, name=name, **node)
    score = poutine.trace(poutine.replay(guide, still)).get_trace(*args).log_prob_sum()
    log_q = drawn.log_prob_sum() - (score - score.detach())
    return log_q - told.log_prob_sum()

# %% right chain_rule: slope of log w in the draws, held fixed, times the draws; the model's graph at fixed draws besides
def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    latent = [k for k, s in drawn.nodes.items() if s["type"] == "sample" and not s["is_observed"] and type(s["fn"]).__name__ != "_Subsample"]
    copies = {k: drawn.nodes[k]["value"].detach().requires_grad_(True) for k in latent}
    at = poutine.Trace()
    for name, node in drawn.nodes.items():
        node = dict(node)
        node.pop("name")
        if name in copies:
            node["value"] = copies[name]
        at.add_node(name, name=name, **node)
    log_p = poutine.trace(poutine.replay(model, at)).get_trace(*args).log_prob_sum()
    log_q = poutine.trace(poutine.replay(guide, at)).get_trace(*args).log_prob_sum()
    slopes = torch.autograd.grad(log_p - log_q, list(copies.values()), retain_graph=True, allow_unused=True)
    path = sum((g * (drawn.nodes[k]["value"] - drawn.nodes[k]["value"].detach())).sum() for k, g in zip(copies, slopes) if g is not None)
    # log_p keeps the graph of the model's parameters (its draws are leaves nobody asks for)
    return log_q.detach() - log_p - path

# %% wrong pyros_own: Pyro's own loss: its gradient holds the score of log q, right in value only
def stl_loss(model, guide, *args):
    return Trace_ELBO().differentiable_loss(model, guide, *args)

# %% wrong detached_sites: mean and sd of each site are detached, computed from earlier draws or not: wrong for a second layer that follows the first
class _Stop(Messenger):
    def _pyro_sample(self, msg):
        fn, events = msg["fn"], getattr(msg["fn"], "event_dim", 0)
        base = fn
        while hasattr(base, "base_dist") and not isinstance(base, dist.LogNormal):
            base = base.base_dist
        if hasattr(base, "loc") and hasattr(base, "scale"):
            new = type(base)(base.loc.detach(), base.scale.detach())
            msg["fn"] = new.to_event(events) if events else new


def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    frozen = poutine.trace(_Stop()(poutine.replay(guide, drawn))).get_trace(*args)
    return frozen.log_prob_sum() - told.log_prob_sum()

# %% wrong messages_only: pyro.param's messages are detached, which does not reach a registered network that reads its own parameters
class _Detach(Messenger):
    def _pyro_post_param(self, msg):
        msg["value"] = msg["value"].detach()


def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    frozen = poutine.trace(_Detach()(poutine.replay(guide, drawn))).get_trace(*args)
    return frozen.log_prob_sum() - told.log_prob_sum()

# %% wrong stays_off: parameters are switched off and not on again: they never learn afterwards
def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    names = [k for k, s in drawn.nodes.items() if s["type"] == "param"]
    store = dict(pyro.get_param_store().named_parameters())
    leaves = [store[k] for k in names if store[k].requires_grad]
    for leaf in leaves:
        leaf.requires_grad_(False)
    try:
        frozen = poutine.trace(poutine.replay(guide, drawn)).get_trace(*args)
        log_q = frozen.log_prob_sum()
    finally:
        pass
    return log_q - told.log_prob_sum()

# %% wrong model_frozen_too: the model runs while the parameters of the store are off: its own parameters do not learn
def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    names = list(pyro.get_param_store().keys())
    store = dict(pyro.get_param_store().named_parameters())
    leaves = [store[k] for k in names if store[k].requires_grad]
    for leaf in leaves:
        leaf.requires_grad_(False)
    try:
        frozen = poutine.trace(poutine.replay(guide, drawn)).get_trace(*args)
        told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
        log_p = told.log_prob_sum()
        log_q = frozen.log_prob_sum()
    finally:
        for leaf in leaves:
            leaf.requires_grad_(True)
    return log_q - log_p

# %% wrong elbo_itself: the ELBO instead of minus the ELBO: SVI would walk downhill
def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    names = [k for k, s in drawn.nodes.items() if s["type"] == "param"]
    store = dict(pyro.get_param_store().named_parameters())
    leaves = [store[k] for k in names if store[k].requires_grad]
    for leaf in leaves:
        leaf.requires_grad_(False)
    try:
        frozen = poutine.trace(poutine.replay(guide, drawn)).get_trace(*args)
        log_q = frozen.log_prob_sum()
    finally:
        for leaf in leaves:
            leaf.requires_grad_(True)
    return told.log_prob_sum() - log_q

# %% wrong scale_lost: log-densities of the sites added up by hand, without the scale of a plate that shows a part
def stl_loss(model, guide, *args):
    def total(trace):
        return sum(s["fn"].log_prob(s["value"]).sum() for s in trace.nodes.values() if s["type"] == "sample" and type(s["fn"]).__name__ != "_Subsample")

    drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    names = [k for k, s in drawn.nodes.items() if s["type"] == "param"]
    store = dict(pyro.get_param_store().named_parameters())
    leaves = [store[k] for k in names if store[k].requires_grad]
    for leaf in leaves:
        leaf.requires_grad_(False)
    try:
        frozen = poutine.trace(poutine.replay(guide, drawn)).get_trace(*args)
        log_q = total(frozen)
    finally:
        for leaf in leaves:
            leaf.requires_grad_(True)
    return log_q - total(told)

# %% wrong score_added: the score is added once more instead of taken away: sign of the correction; the value does not change
def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    still = poutine.Trace()
    for name, node in drawn.nodes.items():
        node = dict(node)
        if node["type"] == "sample" and torch.is_tensor(node["value"]):
            node["value"] = node["value"].detach()
        node.pop("name")
        still.add_node(name, name=name, **node)
    score = poutine.trace(poutine.replay(guide, still)).get_trace(*args).log_prob_sum()
    log_q = drawn.log_prob_sum() + (score - score.detach())
    return log_q - told.log_prob_sum()

# %% wrong known_before: parameters of the store before the first run of the guide are frozen; at the first call there are none
def stl_loss(model, guide, *args):
    known = list(pyro.get_param_store().keys())
    drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    names = known
    store = dict(pyro.get_param_store().named_parameters())
    leaves = [store[k] for k in names if store[k].requires_grad]
    for leaf in leaves:
        leaf.requires_grad_(False)
    try:
        frozen = poutine.trace(poutine.replay(guide, drawn)).get_trace(*args)
        log_q = frozen.log_prob_sum()
    finally:
        for leaf in leaves:
            leaf.requires_grad_(True)
    return log_q - told.log_prob_sum()

# %% wrong not_replayed: the second run of the guide is not replayed on the first: log q of other draws than the model saw
def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    names = [k for k, s in drawn.nodes.items() if s["type"] == "param"]
    store = dict(pyro.get_param_store().named_parameters())
    leaves = [store[k] for k in names if store[k].requires_grad]
    for leaf in leaves:
        leaf.requires_grad_(False)
    try:
        frozen = poutine.trace(guide).get_trace(*args)
        log_q = frozen.log_prob_sum()
    finally:
        for leaf in leaves:
            leaf.requires_grad_(True)
    return log_q - told.log_prob_sum()

# %% wrong draws_detached: the guide is run without a graph, so that nothing of log q is differentiated: the path is lost as well, guide's parameters learn nothing
def stl_loss(model, guide, *args):
    with torch.no_grad():
        drawn = poutine.trace(guide).get_trace(*args)
    told = poutine.trace(poutine.replay(model, drawn)).get_trace(*args)
    names = [k for k, s in drawn.nodes.items() if s["type"] == "param"]
    store = dict(pyro.get_param_store().named_parameters())
    leaves = [store[k] for k in names if store[k].requires_grad]
    for leaf in leaves:
        leaf.requires_grad_(False)
    try:
        frozen = poutine.trace(poutine.replay(guide, drawn)).get_trace(*args)
        log_q = frozen.log_prob_sum()
    finally:
        for leaf in leaves:
            leaf.requires_grad_(True)
    return log_q - told.log_prob_sum()

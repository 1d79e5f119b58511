# %% right switched_off: The guide runs twice: to draw, and replayed, while what the store holds does not learn.
import pyro
import torch
from pyro import poutine


def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    learned = [each for _, each in pyro.get_param_store().named_parameters() if each.requires_grad]
    for each in learned:
        each.requires_grad_(False)
    try:
        frozen = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args).log_prob_sum()
    finally:
        for each in learned:
            each.requires_grad_(True)
    joint = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args).log_prob_sum()
    return frozen - joint


# %% right constant_leaves: Every leaf that somebody may learn is read as a constant in the second run.
from course_vi.freezing import ConstantLeaves
from pyro import poutine


class StickingTheLanding:
    def __call__(self, model, guide, *args):
        first = poutine.trace(guide).get_trace(*args)
        with ConstantLeaves():
            second = poutine.trace(poutine.replay(guide, trace=first)).get_trace(*args)
            log_q = second.log_prob_sum()
        log_p = poutine.trace(poutine.replay(model, trace=first)).get_trace(*args).log_prob_sum()
        return -(log_p - log_q)


stl_loss = StickingTheLanding()


# %% right score_taken_away: Nothing is frozen: the score term is what is left at detached draws, and is subtracted.
from pyro import poutine


def stl_loss(model, guide, *args):
    trace = poutine.trace(guide).get_trace(*args)
    at_numbers = trace.copy()
    for name in at_numbers.stochastic_nodes:
        site = trace.nodes[name]
        at_numbers.nodes[name] = {**site, "value": site["value"].detach()}
    score = poutine.trace(poutine.replay(guide, trace=at_numbers)).get_trace(*args).log_prob_sum()
    loss = trace.log_prob_sum() - poutine.trace(poutine.replay(model, trace=trace)).get_trace(*args).log_prob_sum()
    return loss - (score - score.detach())


# %% wrong total, from right switched_off: Pyro's own: the total derivative.
# diagnosis: score_kept
#-     for each in learned:
#-         each.requires_grad_(False)
#-     try:
#+     try:


# %% wrong own_loss, from right switched_off: The loss that Pyro brings along.
# diagnosis: score_kept
from pyro.infer import Trace_ELBO


def stl_loss(model, guide, *args):
    return Trace_ELBO().differentiable_loss(model, guide, *args)


# %% wrong no_graph, from right switched_off: log q is computed without a graph.
# diagnosis: entropy_dropped
#-     return frozen - joint
#+     return frozen.detach() - joint


# %% wrong draws_detached, from right score_taken_away: Draws are numbers, and parameters learn through the density.
# diagnosis: sample_detached or value
#-     loss = trace.log_prob_sum() - poutine.trace(poutine.replay(model, trace=trace)).get_trace(*args).log_prob_sum()
#-     return loss - (score - score.detach())
#+     return score - poutine.trace(poutine.replay(model, trace=at_numbers)).get_trace(*args).log_prob_sum()


# %% wrong score_added, from right score_taken_away: The score term is added where it should be taken away.
# diagnosis: score_sign
#-     return loss - (score - score.detach())
#+     return loss + (score - score.detach())


# %% wrong uphill, from right switched_off: The ELBO in place of a loss.
# diagnosis: uphill
#-     return frozen - joint
#+     return joint - frozen


# %% wrong model_too, from right constant_leaves: The model's parameters are frozen as well.
# diagnosis: model_frozen
#-             log_q = second.log_prob_sum()
#-         log_p = poutine.trace(poutine.replay(model, trace=first)).get_trace(*args).log_prob_sum()
#+             log_q = second.log_prob_sum()
#+             log_p = poutine.trace(poutine.replay(model, trace=first)).get_trace(*args).log_prob_sum()


# %% wrong too_early, from right constant_leaves: Frozen from the first run on.
# diagnosis: sample_frozen
#-         first = poutine.trace(guide).get_trace(*args)
#-         with ConstantLeaves():
#+         with ConstantLeaves():
#+             first = poutine.trace(guide).get_trace(*args)


# %% wrong redrawn, from right switched_off: The second run draws anew.
# diagnosis: value
#-         frozen = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args).log_prob_sum()
#+         frozen = poutine.trace(guide).get_trace(*args).log_prob_sum()


# %% wrong stays_off, from right switched_off: What was frozen stays frozen.
# diagnosis: value or sample_frozen
#-     finally:
#-         for each in learned:
#-             each.requires_grad_(True)
#+     finally:
#+         pass


# %% wrong by_message, from right switched_off: Parameters are detached as messages: a network is read past them.
# diagnosis: score_kept
from pyro import poutine


class Detached(poutine.messenger.Messenger):
    def _pyro_post_param(self, msg):
        msg["value"] = msg["value"].detach()


def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    with Detached():
        frozen = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args).log_prob_sum()
    joint = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args).log_prob_sum()
    return frozen - joint


# %% wrong numbers_detached, from right switched_off: Mean and scale of each site are detached: what they owe to an earlier draw is lost.
# diagnosis: layers_cut
import pyro.distributions as dist
from pyro import poutine


def stl_loss(model, guide, *args):
    drawn = poutine.trace(guide).get_trace(*args)
    frozen = 0.0
    for site in drawn.nodes.values():
        if site["type"] == "sample" and isinstance(site["fn"], dist.Normal):
            fn = dist.Normal(site["fn"].loc.detach(), site["fn"].scale.detach())
            frozen = frozen + (site["scale"] * fn.log_prob(site["value"])).sum()
    joint = poutine.trace(poutine.replay(model, trace=drawn)).get_trace(*args).log_prob_sum()
    return frozen - joint


# %% wrong no_plate_scale, from right switched_off: Log-densities without the scale of their plate.
# diagnosis: value
#-         frozen = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args).log_prob_sum()
#+         second = poutine.trace(poutine.replay(guide, trace=drawn)).get_trace(*args)
#+         frozen = sum(second.nodes[name]["fn"].log_prob(second.nodes[name]["value"]).sum() for name in second.stochastic_nodes)


# %% wrong mean, from right switched_off: Divided by the number of rows.
# diagnosis: value or described or generic_over_4
#-     return frozen - joint
#+     return (frozen - joint) / len(args[0])


# %% wrong seeded, from right switched_off: The seed is set inside the loss, so that it repeats: every step of a fit sees one draw.
# diagnosis: draws_repeated
#-     drawn = poutine.trace(guide).get_trace(*args)
#+     pyro.set_rng_seed(0)
#+     drawn = poutine.trace(guide).get_trace(*args)

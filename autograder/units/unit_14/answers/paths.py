# %% right depth_first: A run shows the first choice that is open; each of its values is put in, and the program is run again.
import torch
from pyro import poutine


def by_paths(program, data):
    weights, values = [], []

    def explore(known):
        trace = poutine.trace(poutine.condition(program, data=known)).get_trace()
        for name, site in trace.nodes.items():
            if site["type"] == "sample" and not site["is_observed"]:
                for value in site["fn"].enumerate_support():
                    explore({**known, name: value})
                return
        weights.append(trace.log_prob_sum())
        values.append(torch.as_tensor(trace.nodes["_RETURN"]["value"]))

    explore(data)
    weights = torch.stack(weights)
    return torch.stack([weights.logsumexp(0), (weights.softmax(0) * torch.stack(values)).sum()])


# %% right odometer: A handler follows a list of choices, and the list is counted up like an odometer. In NumPy, two running sums.
import numpy as np
import pyro.distributions as dist
import torch
from pyro import poutine


class Follow(poutine.messenger.Messenger):
    def __init__(self, plan):
        super().__init__()
        self.plan, self.step, self.sizes = plan, 0, []

    def _pyro_sample(self, msg):
        if msg["is_observed"]:
            return
        support = msg["fn"].enumerate_support()
        place = self.plan[self.step] if self.step < len(self.plan) else 0
        msg["value"], msg["done"] = support[place], True
        self.sizes.append((place, len(support)))
        self.step += 1


def by_paths(program, data):
    plan, log_w, worth = [], [], []
    while plan is not None:
        with poutine.trace() as traced:
            with Follow(plan) as follow:
                with poutine.condition(data=data):
                    worth.append(float(program()))
        log_w.append(float(traced.trace.log_prob_sum()))
        done = list(follow.sizes)
        while done and done[-1][0] == done[-1][1] - 1:
            done.pop()
        plan = [place for place, _ in done[:-1]] + [done[-1][0] + 1] if done else None
    log_w = np.array(log_w)
    top = log_w.max()
    weights = np.exp(log_w - top)
    return np.array([top + np.log(weights.sum()), weights @ np.array(worth) / weights.sum()])


# %% right pyros_own: Pyro has a queue of traces for just this.
import torch
from pyro import poutine
from pyro.infer import config_enumerate
from pyro.infer.enum import iter_discrete_traces


def by_paths(program, data):
    model = poutine.condition(config_enumerate(program, default="sequential"), data=data)
    runs = [(trace.log_prob_sum(), trace.nodes["_RETURN"]["value"]) for trace in iter_discrete_traces("flat", model)]
    log_w = torch.stack([torch.as_tensor(weight) for weight, _ in runs])
    worth = torch.stack([torch.as_tensor(value) for _, value in runs])
    return log_w.logsumexp(0), log_w.softmax(0) @ worth


# %% wrong drawn, from right depth_first: Draws from the prior, weighted: right on average, and not exact.
# diagnosis: value
#-         for name, site in trace.nodes.items():
#-             if site["type"] == "sample" and not site["is_observed"]:
#-                 for value in site["fn"].enumerate_support():
#-                     explore({**known, name: value})
#-                 return
#-         weights.append(trace.log_prob_sum())
#+         weights.append(trace.log_prob_sum(lambda name, site: site["is_observed"]))
#@@
#-     explore(data)
#+     for _ in range(50):
#+         explore(data)


# %% wrong likelihood_alone, from right odometer: Only what was observed weighs; the chances of the choices are left out.
# diagnosis: all_alike
#-         log_w.append(float(traced.trace.log_prob_sum()))
#+         log_w.append(float(traced.trace.log_prob_sum(lambda name, site: site["is_observed"])))


# %% wrong only_data, from right depth_first: Observations that the program makes by itself are left out.
# diagnosis: notes_forgotten
#-         weights.append(trace.log_prob_sum())
#+         weights.append(trace.log_prob_sum(lambda name, site: not name.startswith("note")))


# %% wrong free_choices, from right odometer: Observed choices have no chance, as if somebody had intervened.
# diagnosis: choices_fixed_for_free or value
#-         log_w.append(float(traced.trace.log_prob_sum()))
#+         log_w.append(float(traced.trace.log_prob_sum(lambda name, site: name not in data or name == "seen")))


# %% wrong best_path, from right depth_first: The likeliest path alone.
# diagnosis: likeliest
#-     return torch.stack([weights.logsumexp(0), (weights.softmax(0) * torch.stack(values)).sum()])
#+     return torch.stack([weights.max(), torch.stack(values)[weights.argmax()]])


# %% wrong not_normalized, from right depth_first: Weights that do not add up to one.
# diagnosis: not_normalized
#-     return torch.stack([weights.logsumexp(0), (weights.softmax(0) * torch.stack(values)).sum()])
#+     return torch.stack([weights.logsumexp(0), (weights.exp() * torch.stack(values)).sum()])


# %% wrong underflow, from right depth_first: Probabilities are added as they are.
# diagnosis: not_finite
#-     return torch.stack([weights.logsumexp(0), (weights.softmax(0) * torch.stack(values)).sum()])
#+     p = weights.exp()
#+     return torch.stack([p.sum().log(), (p * torch.stack(values)).sum() / p.sum()])


# %% wrong plain_mean, from right depth_first: The mean over paths.
# diagnosis: value
#-     return torch.stack([weights.logsumexp(0), (weights.softmax(0) * torch.stack(values)).sum()])
#+     return torch.stack([weights.logsumexp(0), torch.stack(values).mean()])


# %% wrong first_run_only, from right depth_first: The sites of the first run are taken for those of all: other paths are never begun.
# diagnosis: value or raises_KeyError or short_paths_repeated
import itertools

import torch
from pyro import poutine


def by_paths(program, data):
    first = poutine.trace(poutine.condition(program, data=data)).get_trace()
    open_sites = [name for name, site in first.nodes.items() if site["type"] == "sample" and not site["is_observed"]]
    supports = [first.nodes[name]["fn"].enumerate_support() for name in open_sites]
    weights, values = [], []
    for choice in itertools.product(*supports):
        known = {**data, **dict(zip(open_sites, choice))}
        trace = poutine.trace(poutine.condition(program, data=known)).get_trace()
        weights.append(trace.log_prob_sum())
        values.append(trace.nodes["_RETURN"]["value"])
    weights = torch.stack(weights)
    return torch.stack([weights.logsumexp(0), weights.softmax(0) @ torch.stack(values)])


# %% wrong coins_only, from right odometer: Every choice is taken for a coin.
# diagnosis: value
#-         support = msg["fn"].enumerate_support()
#+         support = msg["fn"].enumerate_support()[:2]


# %% wrong last_left_out, from right odometer: The last value of each choice is never tried.
# diagnosis: value
#-         while done and done[-1][0] == done[-1][1] - 1:
#+         while done and done[-1][0] >= max(done[-1][1] - 2, 0):


# %% wrong swapped, from right pyros_own: The mean comes first.
# diagnosis: generic_order
#-     return log_w.logsumexp(0), log_w.softmax(0) @ worth
#+     return log_w.softmax(0) @ worth, log_w.logsumexp(0)


# %% wrong single, from right odometer: Weights pass through single precision.
# diagnosis: value
#-     log_w = np.array(log_w)
#+     log_w = np.array(log_w, dtype=np.float32).astype(float)

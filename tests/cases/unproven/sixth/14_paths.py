import torch
import math
import itertools
import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.messenger import Messenger

# %% right depth_first: recursion: condition on what is fixed, branch at the first open choice
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    logs, values = [], []

    def walk(fixed):
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        sites = [(k, s) for k, s in trace.nodes.items() if s["type"] == "sample"]
        for name, site in sites:
            if not site["is_observed"]:
                for value in site["fn"].enumerate_support(expand=False).flatten():
                    if not impossible({"fn": site["fn"], "value": value}):
                        walk({**fixed, name: value})
                return
        if any(impossible(s) for _, s in sites):
            return
        logs.append(torch.as_tensor(trace.log_prob_sum(), dtype=torch.float64).reshape(()))
        values.append(float(trace.nodes["_RETURN"]["value"]))

    walk({})
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    return torch.stack([logs.logsumexp(0), logs.softmax(0) @ values])

# %% right odometer: one own handler that follows a list of choices and reports how many there were, the last is advanced
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


class Follow(Messenger):
    def __init__(self, picks, data):
        super().__init__()
        self.picks, self.data = picks, data

    def __enter__(self):
        self.met, self.total, self.dead = [], 0.0, False
        return super().__enter__()

    def _pyro_sample(self, msg):
        if msg["type"] != "sample" or type(msg["fn"]).__name__ == "_Subsample":
            return
        if msg["name"] in self.data:
            msg["value"], msg["is_observed"] = self.data[msg["name"]], True
        if not msg["is_observed"]:
            options = msg["fn"].enumerate_support(expand=False).flatten()
            at = len(self.met)
            pick = self.picks[at] if at < len(self.picks) else 0
            self.met.append((pick, len(options)))
            msg["value"], msg["done"] = options[pick], True

    def _pyro_post_sample(self, msg):
        if msg["type"] == "sample":
            self.dead = self.dead or impossible(msg)
            self.total = self.total + float(msg["fn"].log_prob(msg["value"]).sum())


def by_paths(program, data):
    picks, logs, values = [], [], []
    while True:
        with Follow(picks, data) as run:
            result = program()
        if not run.dead:
            logs.append(run.total)
            values.append(float(result))
        picks = [p for p, _ in run.met]
        sizes = [n for _, n in run.met]
        while picks and picks[-1] + 1 == sizes[len(picks) - 1]:
            picks.pop()
        if not picks:
            break
        picks[-1] += 1
    top = max(logs)
    weights = [math.exp(v - top) for v in logs]
    total = math.fsum(weights)
    return torch.tensor([top + math.log(total), math.fsum(w * v for w, v in zip(weights, values)) / total], dtype=torch.float64)

# %% right queue: a queue of partial runs, the chances of choices multiplied on the way, logaddexp at the end
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    waiting = [{}]
    evidence = torch.tensor(-math.inf, dtype=torch.float64)
    paths = []
    while waiting:
        fixed = waiting.pop(0)
        told = dict(data)
        told.update(fixed)
        with poutine.trace() as tracer:
            with poutine.condition(data=told):
                result = program()
        open_choice = next((s for s in tracer.trace.nodes.values() if s["type"] == "sample" and not s["is_observed"]), None)
        if open_choice is not None:
            waiting += [{**fixed, open_choice["name"]: v} for v in open_choice["fn"].enumerate_support(expand=False)]
            continue
        log = torch.zeros((), dtype=torch.float64)
        for site in tracer.trace.nodes.values():
            if site["type"] == "sample":
                log = log + (-math.inf if impossible(site) else site["fn"].log_prob(site["value"]).sum())
        paths.append((log, torch.as_tensor(float(result), dtype=torch.float64)))
        evidence = torch.logaddexp(evidence, log)
    mean = sum(v * (log - evidence).exp() for log, v in paths)
    return torch.stack([evidence, mean])

# %% wrong one_run: choices of a single run, all their combinations: choices of other paths are missed, paths that end early are counted several times
def by_paths(program, data):
    trace = poutine.trace(poutine.condition(program, data)).get_trace()
    names = [k for k, s in trace.nodes.items() if s["type"] == "sample" and not s["is_observed"]]
    options = [trace.nodes[k]["fn"].enumerate_support(expand=False).flatten() for k in names]
    logs, values = [], []
    for combination in itertools.product(*options):
        path = poutine.trace(poutine.condition(program, {**data, **dict(zip(names, combination))})).get_trace()
        logs.append(torch.as_tensor(path.log_prob_sum(), dtype=torch.float64))
        values.append(float(path.nodes["_RETURN"]["value"]))
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    return torch.stack([logs.logsumexp(0), logs.softmax(0) @ values])

# %% wrong no_logs: weights as numbers: zero with data 60 standard deviations out, the evidence is -inf and the mean 0 / 0
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    logs, values = [], []

    def walk(fixed):
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        sites = [(k, s) for k, s in trace.nodes.items() if s["type"] == "sample"]
        for name, site in sites:
            if not site["is_observed"]:
                for value in site["fn"].enumerate_support(expand=False).flatten():
                    if not impossible({"fn": site["fn"], "value": value}):
                        walk({**fixed, name: value})
                return
        if any(impossible(s) for _, s in sites):
            return
        logs.append(torch.as_tensor(trace.log_prob_sum(), dtype=torch.float64).reshape(()))
        values.append(float(trace.nodes["_RETURN"]["value"]))

    walk({})
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    w = logs.exp()
    return torch.stack([w.sum().log(), w @ values / w.sum()])

# %% wrong data_only: only sites of `data` and choices weigh; what the program observes by itself is left out
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    logs, values = [], []

    def walk(fixed):
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        sites = [(k, s) for k, s in trace.nodes.items() if s["type"] == "sample"]
        for name, site in sites:
            if not site["is_observed"]:
                for value in site["fn"].enumerate_support(expand=False).flatten():
                    if not impossible({"fn": site["fn"], "value": value}):
                        walk({**fixed, name: value})
                return
        if any(impossible(s) for _, s in sites):
            return
        logs.append(torch.as_tensor(sum(s["fn"].log_prob(s["value"]).sum() for k, s in sites if k in data or k in fixed), dtype=torch.float64).reshape(()))
        values.append(float(trace.nodes["_RETURN"]["value"]))

    walk({})
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    return torch.stack([logs.logsumexp(0), logs.softmax(0) @ values])

# %% wrong by_do: poutine.do for the data: an observed choice, or an observed number, is set and has no density
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    logs, values = [], []

    def walk(fixed):
        trace = poutine.trace(poutine.condition(poutine.do(program, data), fixed)).get_trace()
        sites = [(k, s) for k, s in trace.nodes.items() if s["type"] == "sample"]
        for name, site in sites:
            if not site["is_observed"]:
                for value in site["fn"].enumerate_support(expand=False).flatten():
                    if not impossible({"fn": site["fn"], "value": value}):
                        walk({**fixed, name: value})
                return
        if any(impossible(s) for _, s in sites):
            return
        logs.append(torch.as_tensor(trace.log_prob_sum(), dtype=torch.float64).reshape(()))
        values.append(float(trace.nodes["_RETURN"]["value"]))

    walk({})
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    return torch.stack([logs.logsumexp(0), logs.softmax(0) @ values])

# %% wrong clamped_chance: chances of 0 left to torch, which keeps their logarithm at -36: with data far out an impossible path wins
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    return False
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    logs, values = [], []

    def walk(fixed):
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        sites = [(k, s) for k, s in trace.nodes.items() if s["type"] == "sample"]
        for name, site in sites:
            if not site["is_observed"]:
                for value in site["fn"].enumerate_support(expand=False).flatten():
                    if not impossible({"fn": site["fn"], "value": value}):
                        walk({**fixed, name: value})
                return
        if any(impossible(s) for _, s in sites):
            return
        logs.append(torch.as_tensor(trace.log_prob_sum(), dtype=torch.float64).reshape(()))
        values.append(float(trace.nodes["_RETURN"]["value"]))

    walk({})
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    return torch.stack([logs.logsumexp(0), logs.softmax(0) @ values])

# %% wrong two_values: every choice is taken for a coin, Categorical as well: values 2 and up are never tried
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    logs, values = [], []

    def walk(fixed):
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        sites = [(k, s) for k, s in trace.nodes.items() if s["type"] == "sample"]
        for name, site in sites:
            if not site["is_observed"]:
                for value in site["fn"].enumerate_support(expand=False).flatten()[:2]:
                    if not impossible({"fn": site["fn"], "value": value}):
                        walk({**fixed, name: value})
                return
        if any(impossible(s) for _, s in sites):
            return
        logs.append(torch.as_tensor(trace.log_prob_sum(), dtype=torch.float64).reshape(()))
        values.append(float(trace.nodes["_RETURN"]["value"]))

    walk({})
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    return torch.stack([logs.logsumexp(0), logs.softmax(0) @ values])

# %% wrong prior_mean: the mean of what is returned under the prior of the choices, the data weigh in the evidence only
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    logs, values, priors = [], [], []

    def walk(fixed):
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        sites = [(k, s) for k, s in trace.nodes.items() if s["type"] == "sample"]
        for name, site in sites:
            if not site["is_observed"]:
                for value in site["fn"].enumerate_support(expand=False).flatten():
                    if not impossible({"fn": site["fn"], "value": value}):
                        walk({**fixed, name: value})
                return
        if any(impossible(s) for _, s in sites):
            return
        priors.append(sum((s["fn"].log_prob(s["value"]) for k, s in sites if k in fixed), torch.zeros(())))
        logs.append(torch.as_tensor(trace.log_prob_sum(), dtype=torch.float64).reshape(()))
        values.append(float(trace.nodes["_RETURN"]["value"]))

    walk({})
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    return torch.stack([logs.logsumexp(0), torch.stack(priors).softmax(0) @ values])

# %% wrong must_meet_data: paths that never come to a site of `data` are dropped as impossible; nothing was observed there
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    logs, values = [], []

    def walk(fixed):
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        sites = [(k, s) for k, s in trace.nodes.items() if s["type"] == "sample"]
        for name, site in sites:
            if not site["is_observed"]:
                for value in site["fn"].enumerate_support(expand=False).flatten():
                    if not impossible({"fn": site["fn"], "value": value}):
                        walk({**fixed, name: value})
                return
        if any(k not in trace.nodes for k in data):
            return
        if any(impossible(s) for _, s in sites):
            return
        logs.append(torch.as_tensor(trace.log_prob_sum(), dtype=torch.float64).reshape(()))
        values.append(float(trace.nodes["_RETURN"]["value"]))

    walk({})
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    return torch.stack([logs.logsumexp(0), logs.softmax(0) @ values])

# %% wrong by_result: paths kept in a dict by what they return: two paths of one result overwrite each other
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    kept = {}

    def walk(fixed):
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        sites = [(k, s) for k, s in trace.nodes.items() if s["type"] == "sample"]
        for name, site in sites:
            if not site["is_observed"]:
                for value in site["fn"].enumerate_support(expand=False).flatten():
                    if not impossible({"fn": site["fn"], "value": value}):
                        walk({**fixed, name: value})
                return
        if any(impossible(s) for _, s in sites):
            return
        kept[float(trace.nodes["_RETURN"]["value"])] = torch.as_tensor(trace.log_prob_sum(), dtype=torch.float64).reshape(())

    walk({})
    logs, values = torch.stack(list(kept.values())), torch.tensor(list(kept), dtype=torch.float64)
    return torch.stack([logs.logsumexp(0), logs.softmax(0) @ values])

# %% wrong many_runs: 2,000 runs with likelihood weights instead of all paths: two or three digits, and from the global stream
def by_paths(program, data):
    logs, values = [], []
    for _ in range(2000):
        trace = poutine.trace(poutine.condition(program, data)).get_trace()
        seen = [s for s in trace.nodes.values() if s["type"] == "sample" and s["is_observed"]]
        logs.append(sum((s["fn"].log_prob(s["value"]).sum() for s in seen), torch.zeros((), dtype=torch.float64)))
        values.append(float(trace.nodes["_RETURN"]["value"]))
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    return torch.stack([logs.logsumexp(0) - math.log(2000), logs.softmax(0) @ values])

# %% wrong mutates: fixed choices are written into `data` itself and left there: the argument is changed, and one path's choices leak into the next
def impossible(site):
    """Chance exactly zero: torch keeps the logarithm at -36 there."""
    fn = site["fn"]
    while hasattr(fn, "base_dist"):
        fn = fn.base_dist
    if isinstance(fn, dist.Bernoulli) and fn._param is fn.__dict__.get("probs"):
        p = torch.where(site["value"] > 0.5, fn.probs, 1 - fn.probs)
        return bool((p == 0).any())
    if isinstance(fn, dist.Categorical) and fn._param is fn.__dict__.get("probs"):
        p = fn.probs.expand(*site["value"].shape, -1) if fn.probs.dim() <= site["value"].dim() else fn.probs
        return bool((p.gather(-1, site["value"].long().unsqueeze(-1)) == 0).any())
    return False


def by_paths(program, data):
    logs, values = [], []

    def walk(fixed):
        data.update(fixed)
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        sites = [(k, s) for k, s in trace.nodes.items() if s["type"] == "sample"]
        for name, site in sites:
            if not site["is_observed"]:
                for value in site["fn"].enumerate_support(expand=False).flatten():
                    if not impossible({"fn": site["fn"], "value": value}):
                        walk({**fixed, name: value})
                return
        if any(impossible(s) for _, s in sites):
            return
        logs.append(torch.as_tensor(trace.log_prob_sum(), dtype=torch.float64).reshape(()))
        values.append(float(trace.nodes["_RETURN"]["value"]))

    walk({})
    logs, values = torch.stack(logs), torch.tensor(values, dtype=torch.float64)
    return torch.stack([logs.logsumexp(0), logs.softmax(0) @ values])

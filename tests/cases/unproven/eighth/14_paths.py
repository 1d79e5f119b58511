from collections.abc import Callable
from queue import LifoQueue
from typing import Any

import torch
from pyro import poutine
from torch import Tensor


def walk(program, data, values_of=lambda fn: fn.enumerate_support(expand=False)):
    """Traces of all complete paths."""
    todo = [{}]
    while todo:
        fixed = todo.pop()
        trace = poutine.trace(poutine.condition(program, data={**data, **fixed})).get_trace()
        still_open = [name for name, node in trace.nodes.items() if node["type"] == "sample" and not node["is_observed"]]
        if not still_open:
            yield trace
            continue
        for value in values_of(trace.nodes[still_open[0]]["fn"]):
            todo.append({**fixed, still_open[0]: value})


def told(weights, values):
    log_w = torch.stack([torch.as_tensor(w, dtype=torch.float64) for w in weights])
    returned = torch.tensor([float(v) for v in values], dtype=torch.float64)
    return torch.stack([torch.logsumexp(log_w, 0), torch.softmax(log_w, 0) @ returned])


# %% right a_queue_of_partial_traces: Pyro's own handler for sequential enumeration, which leaves a run at its first open choice and puts one longer trace for each value into a queue
def by_paths(program: Callable[[], Any], data: dict[str, Tensor]) -> Tensor:
    partial = LifoQueue()
    partial.put(poutine.Trace())
    run = poutine.trace(poutine.queue(poutine.condition(program, data=dict(data)), queue=partial))
    log_w, returned = [], []
    while not partial.empty():
        trace = run.get_trace()
        log_w.append(float(trace.log_prob_sum()))
        returned.append(float(trace.nodes["_RETURN"]["value"]))
    log_w, returned = torch.tensor(log_w, dtype=torch.float64), torch.tensor(returned, dtype=torch.float64)
    log_evidence = log_w.logsumexp(0)
    return torch.stack([log_evidence, (log_w - log_evidence).exp() @ returned])


# %% wrong paths_that_were_met: runs the program a hundred times, keeps every path that came once, and adds up their exact weights; rare paths are missing, and they may be those that the data want
def by_paths(program: Callable[[], Any], data: dict[str, Tensor]) -> Tensor:
    met = {}
    for _ in range(100):
        trace = poutine.trace(poutine.condition(program, data=data)).get_trace()
        choices = tuple((n, float(s["value"])) for n, s in trace.nodes.items() if s["type"] == "sample" and not s["is_observed"])
        met[choices] = (trace.log_prob_sum(), trace.nodes["_RETURN"]["value"])
    return told(*zip(*met.values(), strict=True))


# %% wrong must_explain_all_data: drops paths that never come to a site of the data, as they cannot have made it; a path weighs by what it meets
def by_paths(program: Callable[[], Any], data: dict[str, Tensor]) -> Tensor:
    traces = list(walk(program, data))
    kept = [trace for trace in traces if all(name in trace.nodes for name in data)] or traces
    return told([trace.log_prob_sum() for trace in kept], [trace.nodes["_RETURN"]["value"] for trace in kept])


# %% wrong own_observations_forgotten: weighs a path by its choices and by the data that were handed over, and not by what the program observes by itself
def by_paths(program: Callable[[], Any], data: dict[str, Tensor]) -> Tensor:
    plain, weights, values = [{}], [], []
    while plain:
        fixed = plain.pop()
        trace = poutine.trace(poutine.condition(program, data={**data, **fixed})).get_trace()
        still_open = [name for name, node in trace.nodes.items() if node["type"] == "sample" and not node["is_observed"]]
        if still_open:
            for value in trace.nodes[still_open[0]]["fn"].enumerate_support(expand=False):
                plain.append({**fixed, still_open[0]: value})
            continue
        trace.compute_log_prob()
        counted = [node["log_prob_sum"] for name, node in trace.nodes.items() if node["type"] == "sample" and (name in data or name in fixed)]
        weights.append(sum(counted, torch.zeros(())))
        values.append(trace.nodes["_RETURN"]["value"])
    return told(weights, values)


# %% wrong every_choice_is_a_coin: gives each choice the values zero and one; a categorical of more values has paths that are never walked
def by_paths(program: Callable[[], Any], data: dict[str, Tensor]) -> Tensor:
    def coin(fn):
        return fn.enumerate_support(expand=False)[:2]

    traces = list(walk(program, data, coin))
    return told([trace.log_prob_sum() for trace in traces], [trace.nodes["_RETURN"]["value"] for trace in traces])

import math
from collections.abc import Callable
from typing import Any

import torch
from pyro import poutine
from torch import Tensor


def first_open(trace):
    """The first random choice of a run that nobody has fixed, or None."""
    for name, site in trace.nodes.items():
        if site["type"] == "sample" and not site["is_observed"] and type(site["fn"]).__name__ != "_Subsample":
            return name, site
    return None


def summary(weights, values):
    log_w = torch.stack([torch.as_tensor(w, dtype=torch.float64) for w in weights])
    total = log_w.logsumexp(0)
    returned = torch.tensor([float(v) for v in values], dtype=torch.float64)
    return torch.stack([total, ((log_w - total).exp() * returned).sum()])

# %% wrong pruned: branches whose prior chance is below one in a thousand are not walked, to save runs; data that are far out under all other paths make just these the likely ones
def by_paths(program: Callable[[], Any], data: dict[str, Tensor]) -> Tensor:
    weights, values, stack = [], [], [{}]
    while stack:
        fixed = stack.pop()
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        found = first_open(trace)
        if found is None:
            weights.append(trace.log_prob_sum().double())
            values.append(trace.nodes["_RETURN"]["value"])
            continue
        name, site = found
        for value in site["fn"].enumerate_support():
            if site["fn"].log_prob(value) > math.log(1e-3):
                stack.append({**fixed, name: value})
    return summary(weights, values)

# %% wrong equal_paths_once: paths with the same weight and the same return are taken for one path that was found twice; heads-tails and tails-heads of a fair coin are two
def by_paths(program: Callable[[], Any], data: dict[str, Tensor]) -> Tensor:
    ended, stack = {}, [{}]
    while stack:
        fixed = stack.pop()
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        found = first_open(trace)
        if found is None:
            weight, value = trace.log_prob_sum().double(), float(trace.nodes["_RETURN"]["value"])
            ended[round(float(weight), 10), value] = (weight, value)
            continue
        name, site = found
        for value in site["fn"].enumerate_support():
            stack.append({**fixed, name: value})
    return summary([w for w, _ in ended.values()], [v for _, v in ended.values()])

# %% wrong support_by_name: how many values a choice has is looked up once for each name; on another path a site of that name may have more values, and these are never tried
def by_paths(program: Callable[[], Any], data: dict[str, Tensor]) -> Tensor:
    weights, values, sizes, stack = [], [], {}, [{}]
    while stack:
        fixed = stack.pop()
        trace = poutine.trace(poutine.condition(program, {**data, **fixed})).get_trace()
        found = first_open(trace)
        if found is None:
            weights.append(trace.log_prob_sum().double())
            values.append(trace.nodes["_RETURN"]["value"])
            continue
        name, site = found
        support = site["fn"].enumerate_support()
        size = sizes.setdefault(name, len(support))
        for value in support[:size]:
            stack.append({**fixed, name: value})
    return summary(weights, values)

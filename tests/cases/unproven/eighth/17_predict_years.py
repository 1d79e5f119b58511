import math

import torch
from torch import Tensor

# %% right what_comes_from_both_sides: in plain floats, what the past says of a level, times what the future says of it, and the year itself read by neither
def predict_years(x: Tensor, seen: Tensor, start: float, start_var: float, move_var: float, data_var: float) -> tuple[Tensor, Tensor]:
    start, start_var, move_var, data_var = map(float, (start, start_var, move_var, data_var))

    def one(values: list[float], there: list[bool]) -> list[tuple[float, float]]:
        past, mean, variance = [], 0.0, start_var
        for value, known in zip(values, there, strict=True):
            past.append((mean, variance))
            if known:
                share = variance / (variance + data_var)
                mean, variance = mean + share * (value - start - mean), data_var * share
            variance += move_var
        found, precision, pull = [], 0.0, 0.0
        for (mean, variance), value, known in zip(reversed(past), reversed(values), reversed(there), strict=True):
            weight = 1 + variance * precision
            found.append((start + (mean + variance * pull) / weight, variance / weight + data_var))
            if known:
                precision, pull = precision + 1 / data_var, pull + (value - start) / data_var
            shrink = 1 + move_var * precision
            precision, pull = precision / shrink, pull / shrink
        return found[::-1]

    steps = x.shape[-1]
    rows = [one(a, b) for a, b in zip(x.reshape(-1, steps).tolist(), seen.reshape(-1, steps).bool().tolist(), strict=True)]
    both = torch.tensor(rows, dtype=torch.float64).reshape(*x.shape, 2)
    return both[..., 0], both[..., 1]

# %% wrong moves_first: lets the level move once before the first year, which adds a move's variance to the start
def predict_years(x: Tensor, seen: Tensor, start: float, start_var: float, move_var: float, data_var: float) -> tuple[Tensor, Tensor]:
    T = x.shape[-1]
    value, w = torch.where(seen, x, torch.zeros_like(x)), seen.to(x.dtype) / data_var
    loc, var = torch.full_like(value[..., 0], start), torch.full_like(value[..., 0], start_var)
    past, future = [], []
    for t in range(T):
        var = var + move_var
        past.append((loc, var))
        loc, var = (loc / var + w[..., t] * value[..., t]) / (1 / var + w[..., t]), 1 / (1 / var + w[..., t])
    J, h = torch.zeros_like(loc), torch.zeros_like(loc)
    for t in reversed(range(T)):
        future.append((J, h))
        J, h = J + w[..., t], h + w[..., t] * value[..., t]
        J, h = J / (1 + move_var * J), h / (1 + move_var * J)
    answers = [((m / v + h) / (1 / v + J), 1 / (1 / v + J) + data_var) for (m, v), (J, h) in zip(past, reversed(future), strict=True)]
    return torch.stack([a for a, _ in answers], -1), torch.stack([b for _, b in answers], -1)

# %% wrong neighbours_only: reads the nearest year seen on either side and nothing beyond, as if the data themselves were the Markov chain
def predict_years(x: Tensor, seen: Tensor, start: float, start_var: float, move_var: float, data_var: float) -> tuple[Tensor, Tensor]:
    T = x.shape[-1]
    flat, there = x.reshape(-1, T), seen.reshape(-1, T)
    mean, variance = torch.zeros_like(flat), torch.zeros_like(flat)
    for b in range(len(flat)):
        years = there[b].nonzero()[:, 0].tolist()
        for t in range(T):
            near = [y for y in years if y < t][-1:] + [y for y in years if y > t][:1]
            index = torch.tensor([t] + near, dtype=torch.float64)
            level = start_var + move_var * torch.minimum(index[:, None], index)
            m, v = torch.tensor(float(start), dtype=x.dtype), level[0, 0]
            if near:
                K = level[1:, 1:] + data_var * torch.eye(len(near), dtype=x.dtype)
                gain = torch.linalg.solve(K, level[1:, 0])
                m, v = start + gain @ (flat[b, near] - start), v - gain @ level[1:, 0]
            mean[b, t], variance[b, t] = m, v + data_var
    return mean.reshape(x.shape), variance.reshape(x.shape)

# %% wrong not_centred: the formula for leaving one out of a Gaussian, without taking the mean out of the data first; right if the start is zero
def predict_years(x: Tensor, seen: Tensor, start: float, start_var: float, move_var: float, data_var: float) -> tuple[Tensor, Tensor]:
    T = x.shape[-1]
    flat, there = x.reshape(-1, T), seen.reshape(-1, T)
    index = torch.arange(T, dtype=x.dtype)
    level = start_var + move_var * torch.minimum(index[:, None], index)
    mean, variance = torch.full_like(flat, start), (level.diagonal() + data_var).repeat(len(flat), 1)
    for b in range(len(flat)):
        for t in range(T):
            others = there[b].clone()
            others[t] = False
            if others.any():
                K = level[others][:, others] + data_var * torch.eye(int(others.sum()), dtype=x.dtype)
                gain = torch.linalg.solve(K, level[others, t])
                mean[b, t] = gain @ flat[b, others]
                variance[b, t] = level[t, t] - gain @ level[others, t] + data_var
    return mean.reshape(x.shape), variance.reshape(x.shape)

# %% wrong gaps_closed_up: leaves the years without a datum out of the chain, so the level moves once from one year seen to the next, however long the gap
def predict_years(x: Tensor, seen: Tensor, start: float, start_var: float, move_var: float, data_var: float) -> tuple[Tensor, Tensor]:
    T = x.shape[-1]
    flat, there = x.reshape(-1, T), seen.reshape(-1, T)
    mean, variance = torch.zeros_like(flat), torch.zeros_like(flat)
    for b in range(len(flat)):
        for t in range(T):
            chain = there[b].clone()
            chain[t] = True
            years = chain.nonzero()[:, 0]
            place = torch.arange(len(years), dtype=x.dtype)
            level = start_var + move_var * torch.minimum(place[:, None], place)
            at, rest = years == t, years != t
            m, v = torch.tensor(float(start), dtype=x.dtype), level[at][:, at][0, 0]
            if rest.any():
                K = level[rest][:, rest] + data_var * torch.eye(int(rest.sum()), dtype=x.dtype)
                gain = torch.linalg.solve(K, level[rest][:, at])[:, 0]
                m, v = start + gain @ (flat[b, years[rest]] - start), v - gain @ level[rest][:, at][:, 0]
            mean[b, t], variance[b, t] = m, v + data_var
    return mean.reshape(x.shape), variance.reshape(x.shape)

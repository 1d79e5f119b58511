"""Drivers of unit 08: graphs that are handed over as dictionaries, and results that are no tensor, turned into arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.protocol.problems import driver

__all__: list[str] = []


@driver("pattern/pairs")
def pattern_pairs(
    learner: Callable[..., Any], parents: dict[str, list[str]], order: list[str]
) -> Tensor:
    """The learner's pairs for a graph, sorted, ``(E, 2)``."""
    graph = {name: tuple(above) for name, above in parents.items()}
    return _pairs(learner(graph, list(order)))


def _pairs(actual: Any) -> Tensor:
    """A set, list, array or tensor of pairs of whole numbers, each pair once."""
    if isinstance(actual, (Tensor, np.ndarray)):
        actual = actual.tolist()
    if not isinstance(actual, (set, frozenset, list, tuple)):
        raise TypeError(f"it returned a {type(actual).__name__}; expected a set of pairs (i, j)")
    found = set()
    for pair in actual:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"it holds {pair!r:.60}; expected pairs (i, j) of whole numbers")
        i, j = pair
        if int(i) != i or int(j) != j:
            raise TypeError(f"it holds {pair!r:.60}; expected pairs (i, j) of whole numbers")
        found.add((int(i), int(j)))
    return torch.tensor(sorted(found), dtype=torch.float64).reshape(-1, 2)


@driver("sparse/pair")
def sparse_pair(
    learner: Callable[..., Any],
    loc: Tensor,
    log_diagonal: Tensor,
    pattern: Tensor,
    entries: Tensor,
    eps: Tensor,
    z: Tensor,
    weight_samples: Tensor,
    weight_log_q: Tensor,
) -> dict[str, Any]:
    """(samples, log q), and the gradients of both, pulled back with these weights, in loc, log_diagonal and entries side by side."""
    learned = [value.requires_grad_() for value in (loc, log_diagonal, entries)]
    pair = learner(*learned[:2], pattern.long(), learned[2], eps, z)
    return _pair_and_slopes(pair, learned, weight_samples, weight_log_q)


def _pair_and_slopes(
    pair: Any, learned: list[Tensor], weight_samples: Tensor, weight_log_q: Tensor
) -> dict[str, Any]:
    """The two results, and of each the gradient of its weighted sum, side by side."""
    if not (
        isinstance(pair, (tuple, list))
        and len(pair) == 2
        and all(isinstance(item, Tensor) for item in pair)
    ):
        raise TypeError(
            f"it returned a {type(pair).__name__}; expected a pair of tensors, (samples, log_q)"
        )
    slopes = []
    for value, weight in zip(pair, (weight_samples, weight_log_q), strict=True):
        weighted = (value * weight if value.shape == weight.shape else value).sum()
        found: Any = [None] * len(learned)
        if weighted.requires_grad:
            found = torch.autograd.grad(weighted, learned, retain_graph=True, allow_unused=True)
        slopes.append(
            torch.cat(
                [
                    (torch.zeros_like(p) if slope is None else slope).flatten()
                    for p, slope in zip(learned, found, strict=True)
                ]
            )
        )
    return {"samples": pair[0], "log_q": pair[1], "slope_s": slopes[0], "slope_q": slopes[1]}


Net = Callable[[Tensor], tuple[Tensor, Tensor]]


def _net(first: Tensor, offset: Tensor, second: Tensor) -> Net:
    """A small network (*B, D) -> shift, log_scale, (*B, D) each."""

    def net(u: Tensor) -> tuple[Tensor, Tensor]:
        shift, log_scale = (torch.tanh(u @ first.mT + offset) @ second.mT).chunk(2, -1)
        return shift, log_scale

    return net


@driver("coupling/pair")
def coupling_pair(
    learner: Callable[..., Any],
    masks: Tensor,
    first: Tensor,
    offset: Tensor,
    second: Tensor,
    eps: Tensor,
    z: Tensor,
    weight_samples: Tensor,
    weight_log_q: Tensor,
) -> dict[str, Any]:
    """(samples, log q) of coupling layers, and the gradients of both, pulled back with these weights, in the networks' numbers."""
    learned = [value.requires_grad_() for value in (first, offset, second)]
    layers = [(mask, _net(*own)) for mask, *own in zip(masks, *learned, strict=True)]
    return _pair_and_slopes(learner(layers, eps, z), learned, weight_samples, weight_log_q)

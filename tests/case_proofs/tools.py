"""How an answer is held against a reference: by value, by gradient, arguments compared."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Proof = Callable[[Any], str]


f64 = torch.float64


def draw(seed: int, *shape: int, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=f64)


def flat(value: Any) -> list[torch.Tensor]:
    if isinstance(value, dict):
        return [part for key in sorted(value) for part in flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [part for one in value for part in flat(one)]
    if isinstance(value, (int, float, np.ndarray, np.generic, torch.Tensor)):
        return [torch.as_tensor(value, dtype=f64).detach()]
    return []


def differ(actual: Any, want: Any, tol: float, relative: float = 0.0) -> str:
    """Compared as one long row of numbers for each result, so that lists, arrays and stacks are alike."""
    if isinstance(want, (set, frozenset)):
        return "" if set(actual) == set(want) else f"{actual}, not {want}"
    if isinstance(actual, torch.Tensor) and isinstance(want, (tuple, list)):
        actual = list(actual)
    if isinstance(want, (tuple, list)) and len(actual) == len(want):
        shapes = [tuple(torch.as_tensor(v).shape) for v in want if isinstance(v, torch.Tensor)]
        came_shapes = [
            tuple(np.shape(torch.as_tensor(c).detach()))
            for c, w in zip(actual, want, strict=True)
            if isinstance(w, torch.Tensor)
        ]
        if shapes != came_shapes:
            return f"shapes {came_shapes}, not {shapes}"
    elif isinstance(want, torch.Tensor) and tuple(
        np.shape(torch.as_tensor(actual).detach())
    ) != tuple(want.shape):
        return f"shape {tuple(np.shape(actual))}, not {tuple(want.shape)}"
    a, b = (torch.cat([part.reshape(-1) for part in flat(v)]) for v in (actual, want))
    if a.shape != b.shape:
        return "another number of numbers"
    same = (a == b) | ((a - b).abs() <= tol + relative * b.abs())
    return "" if bool(same.all()) else f"off by {(a - b).abs().max().item():.2g}"


def picture(value: Any) -> Any:
    """What an argument looks like, for a comparison: numbers, dictionaries and tuples; of a function only which it is."""
    if isinstance(value, torch.Tensor):
        return (
            tuple(value.shape),
            value.requires_grad,
            value.detach().clone().numpy().tobytes(),
        )
    if isinstance(value, dict):
        return {key: picture(one) for key, one in value.items()}
    return [picture(one) for one in value] if isinstance(value, (list, tuple)) else repr(value)


def by_value(
    reference: Callable, calls: list[tuple], tol: float = 1e-9, relative: float = 1e-9
) -> Proof:
    """Values on all calls, arguments untouched, and the same once more."""

    def proof(answer: Any) -> str:
        for args in calls:
            want = reference(*copy.deepcopy(args))
            given = copy.deepcopy(args)
            before = picture(given)
            for _ in range(2):
                if found := differ(answer(*given), want, tol, relative):
                    return found
                if picture(given) != before:
                    return "an argument was changed"
        return ""

    return proof


def by_gradient(
    reference: Callable,
    build: Callable[[], tuple[tuple, list]],
    tol: float = 1e-7,
    relative: float = 1e-6,
) -> Proof:
    """Value and gradient of a problem that `build` makes anew: (arguments, leaves). Unequal weights for all entries."""

    def run(answer: Any) -> tuple[list, list, bool]:
        args, leaves = build()
        before = picture([one for one in args if isinstance(one, torch.Tensor)])
        out = answer(*args)
        outs = list(out) if isinstance(out, (tuple, list)) else [out]
        loss = sum((draw(7 + i, *one.shape) * one).sum() for i, one in enumerate(outs))
        found = torch.autograd.grad(loss, leaves, allow_unused=True)
        pairs = zip(found, leaves, strict=True)
        grads = [torch.zeros_like(leaf) if grad is None else grad for grad, leaf in pairs]
        after = picture([one for one in args if isinstance(one, torch.Tensor)])
        return [one.detach() for one in outs], grads, before == after

    def proof(answer: Any) -> str:
        want, want_grads, _ = run(reference)
        value, grads, untouched = run(answer)
        if found := differ(tuple(value), tuple(want), tol, relative):
            return found
        if not untouched:
            return "an argument was changed"
        found = differ(grads, want_grads, tol, relative)
        return f"gradient {found}" if found else ""

    return proof


def all_of(*proofs: Proof) -> Proof:
    def proof(answer: Any) -> str:
        for one in proofs:
            if found := one(answer):
                return found
        return ""

    return proof

"""Programs whose sites depend on what they have drawn: trees of coin flips, with data on the way and at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

from autograder.protocol.problems import driver
from autograder.units.unit_14.problems_hierarchy import doubles

__all__ = ["tree"]


def tree(
    start: Tensor,
    chance: Tensor,
    stop: Tensor,
    level: Tensor,
    worth: Tensor,
    note: Tensor,
    sided: bool = False,
) -> Callable[[], Tensor]:
    """Begins in one of the rows, ``start`` says how likely; at each node that does not stop a coin leads on to one of two others.

    Args:
        chance, level, worth, note: ``(T, M)``, of the nodes of T trees: the children of node i are 2i + 1 and 2i + 2.
        stop: ``(T, M)``, whether a run ends there. ``note`` is what is observed on the way, unless NaN.
        sided: in the end one of two sides is chosen, in tree 1 of four, and its number added to what is returned.
    """

    def program() -> Tensor:
        which = int(pyro.sample("start", dist.Categorical(start)))
        node = 0
        while not stop[which, node]:
            flip = pyro.sample(f"flip_{which}_{node}", dist.Bernoulli(chance[which, node]))
            if not note[which, node].isnan():
                law = dist.Normal(level[which, node] + flip, 1.0)
                pyro.sample(f"note_{which}_{node}", law, obs=note[which, node])
            node = 2 * node + 1 + int(flip)
        pyro.sample("seen", dist.Normal(level[which, node], 0.5))
        if not sided:
            return worth[which, node]
        sides = 4 if which == 1 else 2
        return worth[which, node] + pyro.sample(
            "side", dist.Categorical(torch.full((sides,), 1.0 / sides))
        )

    return program


@driver("paths/exact")
def paths_exact(
    infer: Callable[..., Any],
    start: Tensor,
    chance: Tensor,
    stop: Tensor,
    level: Tensor,
    worth: Tensor,
    note: Tensor,
    data: dict[str, Any],
    sided: bool = False,
) -> Any:
    """What the learner's inference says of a tree."""
    with doubles():
        given = {name: torch.as_tensor(value) for name, value in data.items()}
        return infer(tree(start, chance, stop, level, worth, note, sided), given)

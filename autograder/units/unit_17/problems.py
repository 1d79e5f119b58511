"""Problems of unit 17: state space models as functions, and a deep Markov model beside what recognizes its states."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from autograder.protocol.problems import problem
from course_vi.models import DeepMarkovModel

__all__ = ["Infer", "filter_curved"]


@problem("filter/curved")
def filter_curved(start: Tensor, curve: Tensor, sight: Tensor, wall: Tensor) -> dict[str, Any]:
    """A scalar state that moves by a bent map which changes from step to step, seen with an error that grows with the state.

    Args:
        start: mean and scale of the first state, ``(2,)``.
        curve: slope, bend, drift and scale of a move, ``(4,)``.
        sight: gain, log scale, and how much the log scale grows with the state, ``(3,)``.
        wall: a state below it gives x no chance at all, ``()``.
    """

    def first(eps: Tensor) -> Tensor:
        return start[0] + start[1] * eps

    def move(t: int, z: Tensor, eps: Tensor) -> Tensor:
        return curve[0] * z + curve[1] * torch.tanh(z) + curve[2] * t + curve[3] * eps

    def see(t: int, z: Tensor, x: Tensor) -> Tensor:
        log_scale = sight[1] + sight[2] * torch.tanh(z) + 0.1 * t
        log_p = -0.5 * ((x - sight[0] * z) / log_scale.exp()) ** 2 - log_scale - 0.9189385332046727
        return log_p.masked_fill(z < wall, -torch.inf)

    return {"first": first, "move": move, "see": see}


class Infer(nn.Module):
    """q(z_t | z_{t-1}, x): ``(loc, log_scale)``, each ``(*, d)``, from the state before and the mean of the data from t on."""

    def __init__(self, weights: Tensor, steps: int) -> None:
        super().__init__()
        self.steps, self.size = steps, weights.shape[0] // 2
        self.weights = nn.Parameter(weights.clone())
        self.start = nn.Parameter(0.3 * weights[: self.size, 0].clone())

    def forward(self, t: int, previous: Tensor | None, x: Tensor) -> tuple[Tensor, Tensor]:
        before = self.start if previous is None else previous
        rest = x.unflatten(-1, (self.steps, -1))[..., t:, :].mean(-2)
        shape = torch.broadcast_shapes(before.shape[:-1], rest.shape[:-1])
        seen = torch.cat(
            [
                before.expand(*shape, before.shape[-1]),
                rest.expand(*shape, rest.shape[-1]),
                rest.new_full((*shape, 1), 0.2 * t + 0.5),
            ],
            -1,
        )
        loc, log_scale = (seen @ self.weights.mT).chunk(2, -1)
        return loc, 0.7 * torch.tanh(log_scale) - 0.5


class _Bent(nn.Module):
    """A tanh layer, linear at its ends."""

    def __init__(self, into: Tensor, out: Tensor) -> None:
        super().__init__()
        self.into, self.out = nn.Parameter(into.clone()), nn.Parameter(out.clone())

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(z @ self.into.mT) @ self.out.mT


@problem("markov/deep")
def markov_deep(
    x: Tensor,
    infer: Tensor,
    start: Tensor,
    move_in: Tensor,
    move_out: Tensor,
    see_in: Tensor,
    see_out: Tensor,
    bits: Tensor,
) -> dict[str, Any]:
    """p: ``DeepMarkovModel``; infer: ``Infer``; x ``(*B, T p)``; start ``(2, d)``, mean and log scale of the first state.

    Args:
        bits: one if the data are bits, zero if they are normal.
    """
    d, p = move_in.shape[1], see_out.shape[0]
    steps = x.shape[-1] // p
    model = DeepMarkovModel(
        steps,
        p,
        d,
        likelihood="bernoulli" if bool(bits) else "gaussian",
        scale="shared",
        transition=_Bent(move_in, move_out),
        emission=_Bent(see_in, see_out),
    ).double()
    with torch.no_grad():
        model.initial_loc.copy_(start[0])
        model.initial_log_scale.copy_(start[1])
    made = Infer(infer, steps)
    learn = {
        f"{name} {key}": value
        for name, module in (("p", model), ("infer", made))
        for key, value in module.named_parameters()
    }
    return {"p": model, "infer": made, "x": x, "learn": learn, "shared": True}

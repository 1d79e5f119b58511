"""Problems and drivers of unit 09: families whose freezing is the exercise, and many measurements of a variance."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from autograder.protocol.gaussian_problems import (
    chain_layered,
    toy_factor,
    toy_full_rank,
    toy_mean_field,
)
from autograder.protocol.problems import driver, problem
from autograder.units.unit_09 import (
    problems_vafc as problems_vafc,  # its drivers register themselves
)
from course_vi.families import Family, Flow
from course_vi.families.flow import zuko
from course_vi.models.base import Model

__all__: list[str] = []


WITHHELD = "_frozen_log_prob_withheld"
_original = Family.frozen_log_prob


def _guarded(self: Family, *args: Any, **kwargs: Any) -> Tensor:
    if WITHHELD in vars(self):
        raise RuntimeError("q.frozen_log_prob is what this exercise asks you to write")
    return _original(self, *args, **kwargs)


_guarded.__name__, _guarded.__doc__ = "frozen_log_prob", _original.__doc__
Family.frozen_log_prob = _guarded  # type: ignore[method-assign]


def _closed(objects: dict[str, Any]) -> dict[str, Any]:
    """The same objects, with the answer taken out of the book: here q cannot freeze itself, nor can its parts or a copy of it.

    The method is the class's, so it is the class's that asks: ``type(q).frozen_log_prob(q, z, x)`` is the same call.
    """
    for module in objects["q"].modules():
        vars(module)[WITHHELD] = True
    return objects


def _register(name: str, builder: Callable[..., dict[str, Any]]) -> None:
    @problem(f"freeze/{name}")
    def build(**params: Tensor) -> dict[str, Any]:
        return _closed(builder(**params))


for _name, _builder in (
    ("mean_field", toy_mean_field),
    ("full_rank", toy_full_rank),
    ("factor", toy_factor),
    ("layered", chain_layered),
):
    _register(_name, _builder)


@problem("chain/still")
def chain_still(**params: Tensor) -> dict[str, Any]:
    """The chain, and a second layer whose offsets somebody holds: they do not learn."""
    made = chain_layered(**params)
    for name, parameter in made["q2"].named_parameters():
        parameter.requires_grad_(not name.endswith("bias"))
    made["learn"] = {name: value for name, value in made["learn"].items() if value.requires_grad}
    return made


class OwnDensity(Model):
    """A model whose posterior is a given family, frozen as it stands: log p(x, z) = log q0(z | x) + shift."""

    def __init__(self, q: Family, data_dim: int, shift: float) -> None:
        super().__init__()
        self.posterior_family = copy.deepcopy(q).requires_grad_(False)
        self.latent_dim, self.data_dim, self.shift = q.dim, data_dim, shift

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        return {"joint": self.posterior_family(x, z) + self.shift}


@problem("own/flow")
def own_flow(x: Tensor, seed: Tensor, nudge: Tensor) -> dict[str, Any]:
    """q: a conditional flow over two latents, its weights drawn from ``seed``; p: its own density, moved off by ``nudge``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seed))
        q = Flow(zuko.flows.MAF(2, 1, transforms=1, hidden_features=(6,)), dim=2, context=1).to(
            x.dtype
        )
        with torch.no_grad():
            for parameter in q.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
        p = OwnDensity(q, data_dim=1, shift=-1.5)
        with torch.no_grad():
            for parameter in q.parameters():
                parameter.add_(float(nudge) * torch.randn_like(parameter))
    return {"p": p, "q": q, "x": x, "learn": dict(q.named_parameters()), "shared": True}


@problem("freeze/flow")
def freeze_flow(x: Tensor, seed: Tensor, nudge: Tensor) -> dict[str, Any]:
    return _closed(own_flow(x, seed, nudge))


@driver("freeze/leaves_no_trace")
def leaves_no_trace(
    learner: Callable[..., Tensor], loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor
) -> dict[str, Any]:
    """Call a path derivative once and look at the family afterwards: does it still learn, are its numbers the same, and the
    gradients that somebody had gathered in it?

    Then once more where one of its parameters does not learn: does it learn now?
    """
    objects = toy_mean_field(loc, log_scale, x)
    q = _closed(objects)["q"]
    before = {name: parameter.detach().clone() for name, parameter in q.named_parameters()}
    for parameter in q.parameters():
        parameter.grad = torch.ones_like(parameter)
    value = learner(objects["p"], q, x, eps)
    after = dict(q.named_parameters())
    gathered = all(
        each.grad is not None and bool((each.grad == 1).all()) for each in after.values()
    )
    learns = all(
        isinstance(after.get(name), nn.Parameter) and after[name].requires_grad for name in before
    )
    held = next(iter(after.values()))
    held.requires_grad_(False)
    with contextlib.suppress(RuntimeError):  # whoever differentiates in every parameter stops here
        learner(objects["p"], q, x, eps)
    return {
        "value": value,
        "learns": learns,
        "held": not held.requires_grad,
        "gathered": gathered,
        "same": set(before) == set(after)
        and all(bool((before[name] == after[name]).all()) for name in before),
    }


@driver("landing/twice")
def measured_twice(
    learner: Callable[..., Any],
    loc: Tensor,
    log_scale: Tensor,
    x: Tensor,
    replicates: int,
    seed: int,
) -> list[Any]:
    """The tables of two calls with one generator."""
    generator = torch.Generator().manual_seed(seed)
    return [
        learner(loc.clone(), log_scale.clone(), x.clone(), replicates, generator) for _ in range(2)
    ]


@driver("landing/many")
def many_measurements(
    learner: Callable[..., Any],
    loc: Tensor,
    log_scale: Tensor,
    x: Tensor,
    replicates: int,
    count: int,
    seed: int,
) -> list[Any]:
    """The tables of so many calls, each with a generator of its own."""
    first = torch.Generator().manual_seed(seed)
    seeds = torch.randint(2**31, (count,), generator=first).tolist()
    return [
        learner(
            loc.clone(),
            log_scale.clone(),
            x.clone(),
            replicates,
            torch.Generator().manual_seed(each),
        )
        for each in seeds
    ]

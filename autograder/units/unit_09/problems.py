"""Problems and drivers of unit 09: families whose freezing is the exercise, and the VAFC class at work."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.protocol.gaussian_problems import (
    chain_layered,
    toy_factor,
    toy_full_rank,
    toy_mean_field,
)
from autograder.protocol.problems import driver, problem
from course_vi.families import Family, Flow
from course_vi.families.flow import zuko
from course_vi.models.base import Model

__all__: list[str] = []


def _withheld(*_: Any, **__: Any) -> Tensor:
    raise RuntimeError("q.frozen_log_prob is what this exercise asks you to write")


def _closed(objects: dict[str, Any]) -> dict[str, Any]:
    """The same objects, with the answer taken out of the book: here q cannot freeze itself."""
    objects["q"].frozen_log_prob = _withheld
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


class OwnDensity(Model):
    """A model whose posterior is a given family, frozen as it stands: log p(x, z) = log q0(z | x) + shift."""

    def __init__(self, q: Family, data_dim: int, shift: float) -> None:
        super().__init__()
        self.posterior_family = copy.deepcopy(q).requires_grad_(False)
        self.latent_dim, self.data_dim, self.shift = q.dim, data_dim, shift

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        return {"joint": self.posterior_family(x, z) + self.shift}


@problem("freeze/flow")
def freeze_flow(x: Tensor, seed: Tensor, nudge: Tensor) -> dict[str, Any]:
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
    return _closed({"p": p, "q": q, "x": x, "learn": dict(q.named_parameters()), "shared": True})


@driver("freeze/leaves_no_trace")
def leaves_no_trace(
    learner: Callable[..., Tensor], loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor
) -> dict[str, Any]:
    """Call a path derivative once and look at the family afterwards: does it still learn, are its numbers the same?"""
    objects = toy_mean_field(loc, log_scale, x)
    q = _closed(objects)["q"]
    before = {name: parameter.detach().clone() for name, parameter in q.named_parameters()}
    value = learner(objects["p"], q, x, eps)
    after = dict(q.named_parameters())
    return {
        "value": value,
        "learns": all(
            isinstance(after.get(name), nn.Parameter) and after[name].requires_grad
            for name in before
        ),
        "same": set(before) == set(after)
        and all(bool((before[name] == after[name]).all()) for name in before),
    }


# ------------------------------------------------------------------ the VAFC class


def quartic(precision: Tensor, linear: Tensor, quartic: float) -> Callable[[Tensor], Tensor]:
    """logp(z) = -z'Az/2 + b'z - c sum z^4, for z ``(..., p)``."""

    def logp(z: Tensor) -> Tensor:
        return (
            -0.5 * ((z @ precision) * z).sum(-1) + (z * linear).sum(-1) - quartic * z.pow(4).sum(-1)
        )

    return logp


def _vafc(
    learner: Any,
    logp: Callable[[Tensor], Tensor],
    mu: Tensor,
    B: Tensor,
    sigma: Tensor,
    seed: int = 0,
) -> Any:
    """The learner's object, with parameters that the check chose."""
    q = learner(*B.shape, logp, seed=seed)
    with torch.no_grad():
        for name, value in (("mu", mu), ("B", B), ("sigma", sigma)):
            q.prm[name].copy_(value)
    return q


@driver("vafc/fixed_noise")
def vafc_fixed_noise(
    learner: Any,
    mu: Tensor,
    B: Tensor,
    sigma: Tensor,
    s1: Tensor,
    s2: Tensor,
    precision: Tensor,
    linear: Tensor,
    quartic_weight: float,
    ask: str,
) -> Any:
    """Transport, ELBO or gradient at given parameters and noise."""
    q = _vafc(learner, quartic(precision, linear, quartic_weight), mu, B, sigma)
    if ask == "transport":
        return q.t(s1, s2)
    if ask == "elbo":
        return q.ELBO((mu + s1 @ B.T + sigma * s2).requires_grad_())
    gradient = q.gradient(s1, s2)
    return [gradient["mu"], gradient["B"], gradient["sigma"]]


class _Largest(TorchDispatchMode):
    """Remembers the size of the largest tensor that any operation made."""

    numel = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = function(*args, **(kwargs or {}))
        for item in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(item, Tensor):
                self.numel = max(self.numel, item.numel())
        return out


@driver("vafc/precision")
def vafc_precision(learner: Any, mu: Tensor, B: Tensor, sigma: Tensor, v: Tensor) -> dict[str, Any]:
    """``pr_Z(v)``, and the largest tensor met on the way."""
    q = _vafc(learner, lambda z: -z.square().sum(-1), mu, B, sigma)
    with _Largest() as watch:
        product = q.pr_Z(v)
    return {"product": product, "largest": watch.numel}


@driver("vafc/start")
def vafc_start(learner: Any, p: int, r_cov: int, seed: int) -> dict[str, Any]:
    """The initial parameters of three fresh objects: two with the same seed, one with the next."""

    def logp(z: Tensor) -> Tensor:
        return -0.5 * z.square().sum(-1)

    objects = []
    for number in (seed, seed, seed + 1):
        torch.rand(3)  # the global stream moves on; an object's own must not care
        objects.append(learner(p, r_cov, logp, seed=number))
    return {"B": [q.prm["B"] for q in objects], "draws": [q.sample(4) for q in objects]}


@driver("vafc/step")
def vafc_step(learner: Any, p: int, r_cov: int, n_BZ: int) -> dict[str, Any]:
    """One ``train_step``: on how many rows was logp evaluated, and did every parameter move?"""
    rows = 0

    def logp(z: Tensor) -> Tensor:
        nonlocal rows
        rows += z.numel() // p
        return -0.5 * (z - 2.0).square().sum(-1)

    q = learner(p, r_cov, logp, seed=1)
    before = {name: value.detach().clone() for name, value in q.prm.items()}
    q.train_step(n_BZ)
    return {
        "rows": rows,
        "moved": [bool((before[name] != q.prm[name]).any()) for name in ("mu", "B", "sigma")],
    }


@driver("vafc/train", trains=True)
def vafc_train(
    learner: Any, mean: Tensor, covariance: Tensor, r_cov: int, num_steps: int
) -> dict[str, Any]:
    """Train on a Gaussian that the family contains; report the fitted parameters."""
    target = torch.distributions.MultivariateNormal(mean, covariance, validate_args=False)
    q = learner(len(mean), r_cov, target.log_prob, seed=3)
    q.full_train(num_steps)
    return {name: q.prm[name] for name in ("mu", "B", "sigma")}

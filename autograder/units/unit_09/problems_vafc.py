"""Drivers of unit 09 for the VAFC class: what it draws, what it evaluates, what it allocates, what it learns."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch._C import _functorch
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.protocol.problems import driver

__all__: list[str] = []
LogDensity = Callable[[Tensor], Tensor]
NAMES = ("mu", "B", "sigma")


def quartic(precision: Tensor, linear: Tensor, quartic_weight: float) -> LogDensity:
    """logp(z) = -z'Az/2 + b'z - c sum z^4, for z ``(..., p)``."""

    def logp(z: Tensor) -> Tensor:
        return (
            -0.5 * ((z @ precision) * z).sum(-1)
            + (z * linear).sum(-1)
            - quartic_weight * z.pow(4).sum(-1)
        )

    return logp


def shifted_normal(z: Tensor) -> Tensor:
    """A target with its centre at 2, up to a constant."""
    return -0.5 * (z - 2.0).square().sum(-1)


class Seen:
    """A target that remembers the rows at which its slope was asked for."""

    def __init__(self, logp: LogDensity) -> None:
        self.logp, self.rows, self.paused = logp, list[Tensor](), False

    def __call__(self, z: Tensor) -> Tensor:
        plain, wrapped = z, False
        while _functorch.is_functorch_wrapped_tensor(plain):
            plain, wrapped = _functorch.get_unwrapped(plain), True
        if not self.paused and (wrapped or (z.requires_grad and torch.is_grad_enabled())):
            self.rows.append(plain.detach().reshape(-1, plain.shape[-1]).clone())
        return self.logp(z)

    def taken(self) -> Tensor:
        """The different rows since the last call, in the order in which they came."""
        rows = torch.cat(self.rows) if self.rows else torch.zeros(0, 1)
        self.rows = []
        kept = list({tuple(row): None for row in rows.tolist()})
        return torch.tensor(kept, dtype=torch.float64)

    def ignore_elbo(self, q: Any) -> None:
        """Rows of the estimate, which some keep as a history, are not counted."""
        elbo = q.ELBO

        def unseen(z: Tensor) -> Any:
            self.paused = True
            try:
                return elbo(z)
            finally:
                self.paused = False

        with contextlib.suppress(AttributeError):
            q.ELBO = unseen


def with_parameters(
    learner: Any, logp: LogDensity, mu: Tensor, B: Tensor, sigma: Tensor, seed: int = 0
) -> Any:
    """The learner's object, with parameters that the check chose."""
    q = learner(*B.shape, logp, seed=seed)
    with torch.no_grad():
        for name, value in zip(NAMES, (mu, B, sigma), strict=True):
            q.prm[name].copy_(value)
    return q


@driver("vafc/fixed_noise")
def at_fixed_noise(
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
    q = with_parameters(learner, quartic(precision, linear, quartic_weight), mu, B, sigma)
    if ask == "transport":
        return q.t(s1, s2)
    if ask == "elbo":
        value = q.ELBO((mu + s1 @ B.T + sigma * s2).requires_grad_())
        return {"value": value, "graph": isinstance(value, Tensor) and value.requires_grad}
    gradient = q.gradient(s1, s2)
    return [gradient[name] for name in NAMES]


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


@contextlib.contextmanager
def _memory_of_numpy(found: list[int]) -> Iterator[None]:
    """Appends the bytes that were allocated at once, by NumPy or by plain Python."""
    mine = not tracemalloc.is_tracing()
    if mine:
        tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        yield
    finally:
        found.append(tracemalloc.get_traced_memory()[1] - before)
        if mine:
            tracemalloc.stop()


@driver("vafc/precision")
def precision(learner: Any, mu: Tensor, B: Tensor, sigma: Tensor, v: Tensor) -> dict[str, Any]:
    """``pr_Z(v)``, and whether half a p x p matrix would have found room on the way."""
    q = with_parameters(learner, lambda z: -z.square().sum(-1), mu, B, sigma)
    with _Largest():
        q.pr_Z(
            v[:1]
        )  # what is imported on the first call is not counted, and not traced, which is slow
    memory: list[int] = []
    with _memory_of_numpy(memory), _Largest() as watch:
        product = q.pr_Z(v)
    most = max(watch.numel, memory[0] // 4)
    return {"product": product, "dense": most >= v.shape[-1] ** 2 // 2}


@driver("vafc/start")
def start(learner: Any, p: int, r_cov: int, seed: int) -> dict[str, Any]:
    """Three fresh objects, two with the same seed and one with the next: how they begin, draw, and stand after two steps."""
    objects = []
    for number in (seed, seed, seed + 1):
        torch.rand(3)  # the global stream moves on; an object's own must not care
        objects.append(learner(p, r_cov, shifted_normal, seed=number))

    def learn(q: Any) -> bool:
        return all(q.prm[name].requires_grad and q.prm[name].is_leaf for name in NAMES)

    found = {
        "B": [q.prm["B"].detach().clone() for q in objects],
        "draws": [q.sample(4) for q in objects],
        "double": all(objects[0].prm[name].dtype == torch.float64 for name in NAMES),
        "learns": learn(objects[0]),
    }
    for q in objects[:2]:
        torch.rand(3)
        q.full_train(2, 3)
    return {**found, "mu": [q.prm["mu"] for q in objects[:2]], "still": learn(objects[0])}


@driver("vafc/draws")
def draws(
    learner: Any, mu: Tensor, B: Tensor, sigma: Tensor, count: int, seed: int, by: str
) -> Tensor:
    """So many draws of q, by ``sample`` or by a training step."""
    target = Seen(shifted_normal)
    q = with_parameters(learner, target, mu, B, sigma, seed)
    if by == "sample":
        return torch.as_tensor(q.sample(count))
    target.ignore_elbo(q)
    q.train_step(count)
    return target.taken()[:count]


@driver("vafc/two_samples")
def two_samples(learner: Any, mu: Tensor, B: Tensor, sigma: Tensor, n: int, seed: int) -> list[Any]:
    """Two calls of ``sample`` of the same object."""
    q = with_parameters(learner, shifted_normal, mu, B, sigma, seed)
    return [q.sample(n), q.sample(n)]


@driver("vafc/step")
def steps(learner: Any, p: int, r_cov: int, n_BZ: int, num_steps: int) -> dict[str, Any]:
    """Two calls of ``train_step`` and one of ``full_train``: at which rows, which parameters moved, and which way at first."""
    target = Seen(shifted_normal)
    q = learner(p, r_cov, target, seed=1)
    target.ignore_elbo(q)
    before = {name: q.prm[name].detach().clone() for name in NAMES}
    standard = []
    for _ in range(2):
        mu, sigma = q.prm["mu"].detach().clone(), q.prm["sigma"].detach().clone()
        q.train_step(n_BZ)
        standard.append((target.taken() - mu) / sigma)
        if len(standard) == 1:
            after = {name: q.prm[name].detach().clone() for name in NAMES}
    q.full_train(num_steps, n_BZ)
    return {
        "rows": [len(rows) for rows in standard],
        "standard": [rows[:n_BZ] for rows in standard],
        "full": len(target.taken()),
        "moved": [bool((before[name] != after[name]).any()) for name in NAMES],
        "upwards": float(((after["mu"] - before["mu"]) * (2.0 - before["mu"])).sum()),
    }


@driver("vafc/train", trains=True)
def train(
    learner: Any, mean: Tensor, covariance: Tensor, r_cov: int, num_steps: int
) -> dict[str, Any]:
    """Train on a Gaussian that the family contains; report the fitted parameters."""
    target = torch.distributions.MultivariateNormal(mean, covariance, validate_args=False)
    q = learner(len(mean), r_cov, target.log_prob, seed=3)
    q.full_train(num_steps)
    return {name: q.prm[name] for name in NAMES}

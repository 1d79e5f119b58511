"""A fit that can be stepped, stopped, saved and taken up again: ``fit`` is a loop around it."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.contracts import refuse_broken, refuse_strangers, warn_of_lost_digits
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import Estimator
from course_vi.gradients.path import reparametrized
from course_vi.learning.arguments import (
    made_of,
    place_of,
    refuse_arguments,
    refuse_noise,
    refuse_other_run,
)
from course_vi.learning.batches import batches
from course_vi.learning.early_stopping import EarlyStopping
from course_vi.learning.history import History, smoke_cap
from course_vi.learning.optimizers import (
    follow,
    learned,
    make_optimizer,
    module_of,
    needs_closure,
)
from course_vi.models.base import Model

__all__ = ["Fit"]


class Fit:
    r"""Stochastic gradient ascent on a bound, one step at a time.

    ``step()`` takes one, ``run(n)`` takes n; ``history`` holds what happened so far, also after an interrupt. ``state_dict()`` is all
    that a step depends on: parameters and buffers of p, q and the estimator, the optimizer's moments, the schedule, the generator, the
    place in the data. Loaded into a ``Fit`` made with the same arguments it goes on with the numbers of a run that was never stopped.

    Args: as for ``fit``, with the same refusals.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> x = torch.tensor([2.0])
    >>> whole, part, rest = (Fit(ConjugateToy(), MeanField(1), x) for _ in range(3))
    >>> history = whole.run(20)
    >>> _ = part.run(12)
    >>> rest.load_state_dict(part.state_dict())
    >>> torch.equal(rest.run(8).bound, history.bound), torch.equal(rest.q.loc, whole.q.loc)
    (True, True)
    """

    def __init__(
        self,
        p: Model,
        q: Family,
        x: Any,
        estimator: Estimator = reparametrized,
        num_samples: int = 1,
        bound: Bound = elbo,
        learning_rate: float = 1e-2,
        batch_size: int | None = None,
        seed: int = 0,
        device: str | torch.device | None = None,
        optimizer: Callable[[Iterable[Tensor]], torch.optim.Optimizer] | None = None,
        schedule: Callable[[torch.optim.Optimizer], Any] | None = None,
        max_norm: float | None = None,
        average_from: int | None = None,
        early_stopping: EarlyStopping | None = None,
        precision: torch.dtype | None = None,
        check: bool = True,
    ) -> None:
        refuse_arguments(
            p,
            q,
            estimator=estimator,
            bound=bound,
            learning_rate=learning_rate,
            seed=seed,
            device=device,
            optimizer=optimizer,
            schedule=schedule,
            max_norm=max_norm,
            average_from=average_from,
        )
        if early_stopping is not None:
            validate.instance("early_stopping", early_stopping, EarlyStopping)
        if check:
            refuse_noise(p, q)
        if device is not None:
            p.to(device), q.to(device)
        if precision not in (None, torch.bfloat16):
            raise ValueError(
                f"precision is {precision}; expected torch.bfloat16, whose range is that of float32, or None"
            )
        if average_from is not None and early_stopping is not None:
            raise ValueError(
                "average_from and early_stopping are both given; expected one: which parameters are to be kept at the end?"
            )
        place = place_of(q)
        self.p, self.q, self.estimator, self.bound = p, q, estimator, bound
        self.num_samples, self.learning_rate, self.max_norm = num_samples, learning_rate, max_norm
        self.average_from, self.early_stopping = average_from, early_stopping
        self.precision, self.check, self.unchecked = precision, check, check
        self.module = module_of(estimator)
        if self.module is not None:
            follow(self.module, place)
        self.batches = batches(x, p, q, batch_size, seed)
        self.generator = torch.Generator(device=place.device).manual_seed(seed)
        own, extra = learned(p, q), learned(self.module)
        self.parameters = list(dict.fromkeys([*own, *extra]))
        self.optimizer = make_optimizer(optimizer, own, extra, learning_rate)
        self.needs_closure = needs_closure(self.optimizer)
        if self.needs_closure and self.batches.batch_size is not None:
            raise ValueError(
                f"optimizer is {type(self.optimizer).__name__}, which compares values of one function, and batch_size is "
                f"{self.batches.batch_size}; expected all rows in each step"
            )
        self.schedule = None if schedule is None else schedule(self.optimizer)
        self.averages: list[Tensor] | None = None
        self.steps = 0
        self._bounds: list[float] = []
        self._seconds: list[float] = []
        self.records: list[Any] = []
        self._start = time.perf_counter()

    @property
    def history(self) -> History:
        """What happened so far."""
        steps = min(len(self._bounds), len(self._seconds))  # an interrupt may fall between the two
        bounds, seconds = (
            torch.tensor(values[:steps], dtype=torch.float64)
            for values in (self._bounds, self._seconds)
        )
        return History(bounds, seconds, list(self.records))

    @property
    def stopped(self) -> bool:
        """Whether early stopping ended the run."""
        return self.early_stopping is not None and self.early_stopping.stop

    def step(self) -> float:
        """One step up; the bound before it.

        Raises:
            FloatingPointError: the bound or its gradient is not finite. The parameters are those before the step.
        """
        batch = self._batch = self.batches.next(self.generator)
        value = self._step_by_closure(batch) if self.needs_closure else self._step(batch)
        if self.schedule is not None:
            self.schedule.step()
        self.steps += 1
        self._bounds.append(value)
        self._seconds.append(time.perf_counter() - self._start)
        if self.average_from is not None and self.steps > self.average_from:
            self._average()
        if self.early_stopping is not None and self.steps % self.early_stopping.every == 0:
            self.early_stopping.look(self.steps, self.p, self.q, self.parameters)
        return value

    def run(self, steps: int, callback: Callable[[int, float], Any] | None = None) -> History:
        """So many steps more (a few when ``COURSE_VI_SMOKE`` is set), or until early stopping; the whole history."""
        validate.positive_integer("steps", steps)
        for _ in range(smoke_cap(steps)):
            value = self.step()
            if callback is not None and not self.record(callback, value):
                break
            if self.stopped:
                break
        return self.history

    def record(self, callback: Callable[[int, float], Any], value: float) -> bool:
        """Call back after a step and keep the answer; False if it raised ``StopIteration``."""
        try:
            answer = callback(self.steps - 1, value)
        except StopIteration:
            return False
        if answer is not None:
            self.records.append(answer)
        return True

    @torch.no_grad()
    def finish(self) -> None:
        """Put into p, q and the estimator what is to be kept: the averages, or the best parameters of early stopping, if asked for.

        Warns where log q is no longer the density of its own samples, so that the bound means nothing (see ``check``).
        """
        if self.averages is not None:
            torch._foreach_copy_(self.parameters, self.averages)
        if self.early_stopping is not None:
            self.early_stopping.restore(self.parameters)
        if self.check and self.steps:
            warn_of_lost_digits(self.q, self._batch, self.p.local)

    def state_dict(self) -> dict[str, Any]:
        """A copy of all that the next step depends on, and of the history; for ``torch.save``."""
        state = {
            "made_of": self._made_of(),
            "p": self.p.state_dict(),
            "q": self.q.state_dict(),
            "estimator": None if self.module is None else self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state_dict(),
            "generator": self.generator.get_state(),
            "batches": self.batches.state_dict(),
            "averages": self.averages,
            "early_stopping": self.early_stopping and self.early_stopping.state_dict(),
            "steps": self.steps,
            "bounds": list(self._bounds),
            "seconds": list(self._seconds),
            "records": list(self.records),
        }
        return copy.deepcopy(state)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where another ``Fit``, made with the same arguments, stood.

        Raises:
            ValueError: it was made with others: another optimizer, estimator, bound, schedule, number of samples or size of batch.
        """
        refuse_other_run(self._made_of(), state.get("made_of", {}))
        state = copy.deepcopy(state)
        for part in ("p", "q"):
            getattr(self, part).load_state_dict(state[part])
        if self.module is not None:
            self.module.load_state_dict(state["estimator"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        self.generator.set_state(state["generator"].cpu())
        self.batches.load_state_dict(state["batches"])
        self.averages = state["averages"]
        if self.early_stopping is not None:
            self.early_stopping.load_state_dict(state["early_stopping"])
        self.steps, self.records = state["steps"], list(state["records"])
        self._bounds, self._seconds = list(state["bounds"]), list(state["seconds"])
        self._start = time.perf_counter() - (self._seconds[-1] if self._seconds else 0.0)

    def _made_of(self) -> dict[str, str]:
        return made_of(
            estimator=self.estimator,
            bound=self.bound,
            num_samples=self.num_samples,
            optimizer=self.optimizer,
            schedule=self.schedule,
            batch_size=self.batches.batch_size,
            average_from=self.average_from,
            early_stopping=self.early_stopping,
        )

    def _value(self, batch: Tensor) -> Tensor:
        half = self.precision is not None
        with (
            validate.trusted(),
            torch.autocast(batch.device.type, self.precision) if half else nullcontext(),
        ):
            value: Tensor = self.estimator(
                self.p, self.q, batch, self.num_samples, bound=self.bound, generator=self.generator
            ).mean()
        if not value.requires_grad:
            raise ValueError(
                "the estimate depends on no parameter that is learned; expected one of p or q that requires a gradient"
            )
        if self.unchecked:
            self._check(batch, value)
        return value

    def _check(self, batch: Tensor, value: Tensor) -> None:
        """Once, before anything is changed: do p and q keep what they promise, and does somebody own all that is learned?"""
        others = () if self.module is None else (self.module,)
        refuse_broken(self.q, batch, self.p.local)
        refuse_strangers(self.p, self.q, batch, value, *others)
        self.unchecked = False

    def _step(self, batch: Tensor) -> float:
        self.optimizer.zero_grad()
        value = self._value(batch)
        (-value).backward()
        result = self._checked(value)
        if self.max_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.max_norm)
        self.optimizer.step()
        return result

    def _step_by_closure(self, batch: Tensor) -> float:
        """Every evaluation, in this step and the next, sees the same noise: the optimizer climbs one function."""
        state = self.generator.get_state()
        before = [parameter.detach().clone() for parameter in self.parameters]
        first: list[float] = []

        def closure() -> Tensor:
            self.generator.set_state(state)
            self.optimizer.zero_grad()
            value = self._value(batch)
            (-value).backward()
            if not first:
                first.append(self._checked(value))
            return -value.detach()

        self.optimizer.step(closure)  # type: ignore[arg-type]
        self.generator.set_state(state)
        if not all(bool(parameter.isfinite().all()) for parameter in self.parameters):
            with torch.no_grad():
                torch._foreach_copy_(self.parameters, before)
            raise FloatingPointError(
                f"the parameters are not finite after step {self.steps}; expected finite ones. Try line_search_fn='strong_wolfe'"
            )
        return first[0]

    def _checked(self, value: Tensor) -> float:
        """The bound as a number: the one time in a step that the host waits for the device."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        norms = torch._foreach_norm(gradients) if gradients else ()
        number, *lengths = torch.stack([value.detach(), *(n.to(value) for n in norms)]).tolist()
        if not math.isfinite(number):
            raise FloatingPointError(
                f"the bound is {number} at step {self.steps}; expected a finite number. Try a smaller learning_rate "
                f"(it is {self.learning_rate:g}), or look at the scales of the data"
            )
        if not math.isfinite(sum(lengths)) and not all(bool(g.isfinite().all()) for g in gradients):
            raise FloatingPointError(
                f"the gradient is not finite at step {self.steps}, where the bound is {number:g}; expected a finite "
                "one. Look for the edge of a domain: a square root, a logarithm or a division at zero"
            )
        return float(number)

    @torch.no_grad()
    def _average(self) -> None:
        """The running mean of the parameters, from step ``average_from`` on."""
        if self.averages is None:
            self.averages = [parameter.detach().clone() for parameter in self.parameters]
        share = 1 / (self.steps - (self.average_from or 0))
        torch._foreach_lerp_(self.averages, self.parameters, share)

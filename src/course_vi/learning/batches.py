"""Where the minibatches of a fit come from: the rows of a tensor, or a ``DataLoader``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor

from course_vi import validate
from course_vi.distributions import stream
from course_vi.families.base import Family
from course_vi.learning.scaling import refuse_unscaled
from course_vi.models.base import Model

__all__ = ["Batches", "Loader", "Rows", "batches"]


class Batches(Protocol):
    """A source of minibatches that can say where it stands."""

    num_data: int | None
    batch_size: int | None

    def next(self, generator: torch.Generator) -> Tensor:
        """The next minibatch, ``(B, Dx)``."""

    def state_dict(self) -> dict[str, int]:
        """Where it stands; what the generator says is not in it."""

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go where another one stood."""


class Rows:
    """All rows of x in each step, or ``batch_size`` of them, drawn without replacement in each step.

    >>> rows = Rows(torch.arange(6.0).unsqueeze(-1), 2)
    >>> rows.next(torch.Generator().manual_seed(0)).shape
    torch.Size([2, 1])
    """

    def __init__(self, x: Tensor, batch_size: int | None = None) -> None:
        if x.numel() == 0:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected at least one row")
        if batch_size is not None:
            validate.positive_integer("batch_size", batch_size)
        self.x, self.num_data = x, x.shape[0] if x.dim() > 1 else 1
        self.batch_size = batch_size if batch_size and batch_size < self.num_data else None

    def next(self, generator: torch.Generator) -> Tensor:
        if self.batch_size is None:
            return self.x
        order = torch.randperm(self.num_data, generator=generator, device=self.x.device)
        return self.x[order[: self.batch_size]]

    def state_dict(self) -> dict[str, int]:
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        pass


class Loader:
    """Epoch after epoch of a ``DataLoader``, or of any iterable of tensors ``(B, Dx)`` that can be gone through again.

    While a batch is fetched the global generator is lent a seed made of ``seed``, the epoch and the position, so that a loader that
    shuffles does it in the same order in every run, and so that a run taken up in the middle of an epoch finds its place.

    Raises (when a batch is fetched):
        TypeError: a batch that is no tensor, nor a list of one.
        ValueError: an epoch without a batch; NaN or infinity in one of the first epoch.
    """

    def __init__(self, loader: Iterable[Any], p: Model, q: Family, seed: int) -> None:
        self.loader, self.p, self.q, self.seed = loader, p, q, seed
        self.like = next(q.parameters())
        self.epoch, self.position = 0, 0
        self.iterator: Iterator[Any] | None = None
        dataset: Any = getattr(loader, "dataset", None)
        self.num_data = len(dataset) if hasattr(dataset, "__len__") else None
        size = getattr(loader, "batch_size", None)
        self.batch_size = size if self.num_data and size and size < self.num_data else None
        if not p.local and self.num_data is None:
            raise ValueError(
                f"x is a {type(loader).__name__} of unknown length, and the latents of {type(p).__name__} are global; expected a "
                "DataLoader, whose dataset says how many rows there are"
            )

    def next(self, generator: torch.Generator) -> Tensor:
        if self.iterator is None:
            position, self.position = self.position, 0
            for _ in range(position):
                self._fetch()
        try:
            found = self._fetch()
        except StopIteration:
            if self.position == 0:
                raise ValueError(
                    "x is a loader that gives no batch; expected one or more"
                ) from None
            self.iterator, self.epoch, self.position = None, self.epoch + 1, 0
            return self.next(generator)
        x = prepared(_only(found), self.p, self.like)
        if self.epoch == 0:
            self.p.check(x)
            if not self.p.local and self.position == 1 and len(x) < (self.num_data or 0):
                refuse_unscaled(self.p, self.q, x, self.num_data or 0)
        return x

    def _fetch(self) -> Any:
        source = torch.Generator().manual_seed(
            (self.seed * 1_000_003 + self.epoch) * 1_000_003 + self.position
        )
        with stream(source):
            if self.iterator is None:
                self.iterator = iter(self.loader)
            found = next(self.iterator)
        self.position += 1
        return found

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch, self.position, self.iterator = state["epoch"], state["position"], None


def batches(x: Any, p: Model, q: Family, batch_size: int | None, seed: int) -> Rows | Loader:
    """The source of minibatches for x: a tensor, a NumPy array, or a loader.

    Raises:
        TypeError: x is none of these.
        ValueError: no row; NaN or infinity; a ``batch_size`` for a loader, which has its own; a minibatch for a family with parameters
            for each row.
    """
    like = next(q.parameters())
    if isinstance(x, str) or not (
        isinstance(x, Tensor) or hasattr(x, "__array__") or hasattr(x, "__iter__")
    ):
        raise TypeError(
            f"x is a {type(x).__name__}; expected a torch.Tensor, a NumPy array, or a DataLoader"
        )
    found: Rows | Loader
    if isinstance(x, Tensor) or hasattr(x, "__array__"):
        data = prepared(x, p, like)
        found = Rows(data, batch_size)
        p.check(data)
    else:
        if batch_size is not None:
            raise ValueError(
                f"batch_size is {batch_size} and x is a {type(x).__name__}, which has its own; expected None"
            )
        found = Loader(x, p, q, seed)
    if q.batch_shape and found.batch_size is not None:
        raise ValueError(
            f"batch_size is {found.batch_size} of {found.num_data} rows, and q carries a batch {tuple(q.batch_shape)}; expected "
            "all rows in each step, for parameters of their own, or an amortized family"
        )
    if isinstance(found, Rows) and found.batch_size is not None and not p.local:
        refuse_unscaled(p, q, found.x[: found.batch_size], found.num_data)
    return found


def prepared(x: Any, p: Model, like: Tensor) -> Tensor:
    """x as a tensor where the parameters are, in their dtype; images ``(N, 1, 28, 28)`` flattened, if p reads them flat."""
    try:
        tensor = x if isinstance(x, Tensor) else torch.as_tensor(x)
    except TypeError as error:
        raise TypeError(
            f"x is a {type(x).__name__} of things that are no numbers; expected numbers"
        ) from error
    if tensor.is_complex():
        raise TypeError(f"x has dtype {tensor.dtype}; expected real numbers")
    tensor = tensor.to(like.device, like.dtype)
    if (
        tensor.dim() > 2
        and tensor.shape[-1] != p.data_dim
        and math.prod(tensor.shape[1:]) == p.data_dim
    ):
        return tensor.flatten(1)
    return tensor


def _only(batch: Any) -> Any:
    if isinstance(batch, (list, tuple)) and len(batch) == 1:
        return batch[0]
    if not (isinstance(batch, Tensor) or hasattr(batch, "__array__")):
        what = f"a {type(batch).__name__}" + (
            f" of {len(batch)}" if isinstance(batch, (list, tuple)) else ""
        )
        raise TypeError(
            f"x gave {what} as a batch; expected a tensor, or a list of one. Labels are left out by a collate_fn"
        )
    return batch

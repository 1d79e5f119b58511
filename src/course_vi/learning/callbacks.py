"""Callbacks of ``fit`` that write down what happens: a table, or a log for TensorBoard."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_vi import validate

__all__ = ["csv_log", "tensorboard_log"]


def csv_log(path: str | Path, every: int = 1) -> Callable[[int, float], None]:
    """A callback that writes ``step,bound,seconds`` as a table, a row every so many steps. It replaces what the file held.

    Args:
        path: of the file; its folder is made.
        every: steps from one row to the next.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "run.csv"
    >>> log = csv_log(path, every=2)
    >>> [log(step, -1.5) for step in range(5)]
    [None, None, None, None, None]
    >>> [line.split(",")[:2] for line in path.read_text().splitlines()]
    [['step', 'bound'], ['0', '-1.5'], ['2', '-1.5'], ['4', '-1.5']]
    """
    validate.positive_integer("every", every)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, "w", ("step", "bound", "seconds"))
    start = time.perf_counter()

    def callback(step: int, bound: float) -> None:
        if step % every == 0:
            _write(path, "a", (step, bound, f"{time.perf_counter() - start:.3f}"))

    return callback


def tensorboard_log(folder: str | Path, every: int = 10) -> Callable[[int, float], None]:
    """A callback that writes the bound for TensorBoard, every so many steps.

    Args:
        folder: of the log, what ``tensorboard --logdir`` is given.
        every: steps from one point to the next.

    Raises:
        ImportError: the package ``tensorboard`` is not installed; ``csv_log`` needs none.
    """
    validate.positive_integer("every", every)
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ImportError(
            "tensorboard_log needs the package tensorboard, which is not installed; use csv_log, or install it"
        ) from error
    writer = SummaryWriter(str(folder))

    def callback(step: int, bound: float) -> None:
        if step % every == 0:
            writer.add_scalar("bound", bound, step)
            writer.flush()

    return callback


def _write(path: Path, mode: str, row: tuple[Any, ...]) -> None:
    with path.open(mode, newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(row)

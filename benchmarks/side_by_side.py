"""Timing, fairly: one process, one thread, processor time (neighbours do not count), in turns; medians, and ratios to the first."""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch

__all__ = ["in_turns", "options", "show"]


def options(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--rounds", type=int, default=15, help="turns; medians are taken over them (default 15)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="two short turns: only to see that it runs"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds = 2
    torch.set_num_threads(1)
    return arguments


def in_turns(
    entries: dict[str, Callable[[], None]], rounds: int, repeats: int
) -> dict[str, list[float]]:
    """Seconds of processor time per call, ``{name: one number per round}``.

    Each round runs every entry ``repeats`` times, after a warm-up of all.
    """
    for call in entries.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in entries}
    for _ in range(rounds):
        for name, call in entries.items():
            start = time.process_time()
            for _ in range(repeats):
                call()
            seconds[name].append((time.process_time() - start) / repeats)
    return seconds


def show(
    title: str, seconds: dict[str, list[float]], unit: str = "ms per step", factor: float = 1e3
) -> None:
    """A table of medians, with the ratio to the first row: the median over rounds of the ratio within a round."""
    first = next(iter(seconds.values()))
    print(
        f"\n{title}\n(torch {torch.__version__}, Python {platform.python_version()}, one thread, {len(first)} rounds)"
    )
    print(f"{'':44s} {unit:>14s} {'ratio':>8s}  (quartiles)")
    for name, values in seconds.items():
        ratios = [value / reference for value, reference in zip(values, first, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else (ratios * 3)
        print(
            f"{name:44s} {statistics.median(values) * factor:14.3f} {middle:8.2f}  ({low:.2f} to {high:.2f})"
        )

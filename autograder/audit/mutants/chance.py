"""Two samples compared: what is left of equivalence where chance has a say."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["compare_draws", "flat", "reseeded", "summary"]

Request = dict[str, Any]
Z_LIMIT = 5.0
FEATURES = 64


def flat(value: Any) -> np.ndarray:
    """All numbers of a nest in one row: right answers may nest differently."""
    if isinstance(value, dict):
        return flat([value[name] for name in sorted(value)])
    if isinstance(value, list):
        return np.concatenate([np.zeros(0), *(flat(item) for item in value)])
    if isinstance(value, str):
        return np.array([float(int.from_bytes(value.encode()[:6], "little"))])
    return np.zeros(0) if value is None else np.asarray(value, dtype=float).ravel()


def summary(row: np.ndarray) -> np.ndarray:
    """Some entries of a row, and its mean, mean square and mean size, which see all of it."""
    if not len(row):
        return row
    few = row[np.linspace(0, len(row) - 1, min(FEATURES, len(row))).astype(int)]
    return np.array([*few, row.mean(), np.square(row).mean(), np.abs(row).mean()])


def compare_draws(a: np.ndarray, b: np.ndarray) -> bool:
    """Do two samples, ``(N, P)``, of the same seeds differ in mean or variance?

    Paired, so that equal draws are equal.
    """
    if a.shape != b.shape or len(a) < 2 or not np.isfinite(a).all():
        return True
    if _largest_z(a - b, (a - b).mean(0), np.abs(b).max(0)) > Z_LIMIT:
        return True
    floor = (1e-9 * np.abs(b).max(0)) ** 2 + 1e-300
    if ((a.var(0) <= floor) != (b.var(0) <= floor)).any():
        return True
    moving = b.var(0) > floor
    a, b = (side[:, moving] - side[:, moving].mean(0) for side in (a, b))
    influence = a**2 / a.var(0) - b**2 / b.var(0)
    return _largest_z(influence, np.log(a.var(0) / b.var(0)), np.ones(a.shape[1])) > Z_LIMIT


def _largest_z(rows: np.ndarray, mean: np.ndarray, size: np.ndarray) -> float:
    """The largest mean in units of its standard error; rounding counts as nothing."""
    error = rows.std(0, ddof=1) / len(rows) ** 0.5
    real = np.abs(mean) > 1e-9 * (size + 1e-12)
    return float((np.abs(mean) / np.maximum(error, 1e-12 * (size + 1e-12)))[real].max(initial=0.0))


def reseeded(request: Request, turn: int, own: bool = True) -> Request:
    """The same request with other seeds: its own, of generators, and arguments called seed."""

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(item) for item in value]
        if not isinstance(value, dict) or "$noise" in value:
            return value
        if "$generator" in value:
            return {"$generator": int(value["$generator"]) + turn}
        return {
            name: item + turn if _is_seed(name, item) else change(item)
            for name, item in value.items()
        }

    changed = dict(request)
    for name in {"args", "kwargs"} & request.keys():
        changed[name] = change(request[name])
    return {**changed, "seed": int(request.get("seed", 0)) + turn} if own else changed


def _is_seed(name: str, value: Any) -> bool:
    return name == "seed" and isinstance(value, int)

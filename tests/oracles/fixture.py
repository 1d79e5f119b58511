"""Fixtures: what other libraries answered, with their versions, as small text files that the tests read."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent


def versions(*names: str) -> dict[str, str]:
    """Which versions are asked."""
    return {name: version(name) for name in names}


def write(name: str, content: dict[str, Any]) -> None:
    """Numbers with 15 digits; NaN and infinity as Python writes them."""
    (HERE / f"{name}.json").write_text(
        json.dumps(_plain(content), separators=(",", ":")).replace("},", "},\n") + "\n", "utf-8"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if value is None or isinstance(value, str | bool | int):
        return value
    array = np.asarray(value)
    if array.dtype.kind in "iub":
        return array.tolist()
    return _rounded(array.astype(float).tolist())


def _rounded(value: Any) -> Any:
    return [_rounded(part) for part in value] if isinstance(value, list) else float(f"{value:.15g}")

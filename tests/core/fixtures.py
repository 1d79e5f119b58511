"""What other libraries answered, recorded by the scripts in ``tests/oracles``, as tensors in double precision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

FOLDER = Path(__file__).parents[1] / "oracles"


def recorded(name: str) -> dict[str, Any]:
    """A fixture; lists of numbers are tensors in it."""
    return _tensors(json.loads((FOLDER / f"{name}.json").read_text("utf-8")))


def _tensors(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tensors(part) for key, part in value.items()}
    return torch.tensor(value, dtype=torch.float64) if isinstance(value, list | float) else value

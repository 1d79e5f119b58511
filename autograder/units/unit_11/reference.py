"""What several exercises of unit 11 share: references, inputs and common mistakes."""

from __future__ import annotations

import numpy as np


def encoder_weights(rng: np.random.Generator, dim: int, data: int) -> tuple[np.ndarray, np.ndarray]:
    """A linear encoder, one of whose weights for loc is larger than one."""
    weight = 0.4 * rng.normal(size=(2 * dim, data))
    weight[rng.integers(dim), rng.integers(data)] = rng.choice([-1, 1]) * rng.uniform(1.2, 1.6)
    return weight, np.concatenate([rng.normal(size=dim), rng.uniform(-1.2, -0.4, dim)])

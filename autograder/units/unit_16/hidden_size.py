"""What the statistician can say that sees the mean of a set and not its size: the best Gaussian, what it leaves over, what others do."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.units.shared import LOG_2PI

__all__ = ["Given", "averaged", "by_chances", "forward", "gap", "matched"]

POINTS, FAR = 8_001, 10.0  # of the grid, and how many of the widest scale it reaches


class Given(NamedTuple):
    """Means ``xbar: (*B)`` of sets; the sizes that a set may have and their chances, ``(S)``; tau and sigma."""

    xbar: np.ndarray
    sizes: np.ndarray
    chances: np.ndarray
    tau: float
    sigma: float

    @property
    def spread(self) -> np.ndarray:
        """Variances of the mean of a set, size by size."""
        value: np.ndarray = self.tau**2 + self.sigma**2 / self.sizes
        return value

    @property
    def precisions(self) -> np.ndarray:
        """Of the exact posteriors, size by size."""
        value: np.ndarray = self.tau**-2 + self.sizes / self.sigma**2
        return value

    @property
    def means(self) -> np.ndarray:
        """Of the exact posteriors, ``(*B, S)``."""
        pull = self.sizes / self.sigma**2 / self.precisions
        value: np.ndarray = self.xbar[..., None] * pull
        return value

    def weights(self, spread: np.ndarray | None = None) -> np.ndarray:
        """Chances of the sizes, given the mean, ``(*B, S)``."""
        variance = self.spread if spread is None else spread
        log_w = (
            np.log(self.chances)
            - 0.5 * np.log(variance)
            - 0.5 * self.xbar[..., None] ** 2 / variance
        )
        w = np.exp(log_w - log_w.max(-1, keepdims=True))
        value: np.ndarray = w / w.sum(-1, keepdims=True)
        return value

    def best(self, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of the Gaussian with the least mean of KL(q || posterior)."""
        w = self.weights() if weights is None else weights
        precision = w @ self.precisions
        return (w * self.precisions * self.means).sum(-1) / precision, 1 / precision

    def left_over(
        self, loc: np.ndarray, variance: np.ndarray, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """The mean of KL(N(loc, variance) || posterior) over the sizes that the mean allows."""
        w = self.weights() if weights is None else weights
        off = variance[..., None] + (loc[..., None] - self.means) ** 2
        inner = self.precisions * off - 1 - np.log(self.precisions) - np.log(variance)[..., None]
        value: np.ndarray = 0.5 * (w * inner).sum(-1)
        return value

    def everywhere(self) -> tuple[Given, np.ndarray]:
        """A fine grid of means of sets, and how often the model draws each: weights of a trapezoid rule."""
        far = FAR * float(self.spread.max()) ** 0.5
        grid = np.linspace(-far, far, POINTS)
        density = np.exp(
            np.log(self.chances) - 0.5 * (LOG_2PI + np.log(self.spread))
            - 0.5 * grid[:, None] ** 2 / self.spread
        ).sum(-1)  # fmt: skip
        return self._replace(xbar=grid), density * (grid[1] - grid[0])

    def on_average(self) -> np.ndarray:
        """The mean of the gap over means of sets, ``()``."""
        at, share = self.everywhere()
        return np.asarray(share @ gap(at))


def gap(given: Given) -> np.ndarray:
    return given.left_over(*given.best())


def by_chances(given: Given) -> np.ndarray:
    return np.broadcast_to(given.chances, given.means.shape)


def averaged(given: Given) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances of the posteriors, averaged."""
    w = given.weights()
    return (w * given.means).sum(-1), w @ (1 / given.precisions)


def matched(given: Given) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the variance of the mixture of the posteriors."""
    w, (loc, variance) = given.weights(), averaged(given)
    return loc, variance + (w * (given.means - loc[..., None]) ** 2).sum(-1)


def forward(given: Given) -> np.ndarray:
    """The mean of KL(posterior || q)."""
    loc, variance = given.best()
    off = 1 / given.precisions + (loc[..., None] - given.means) ** 2
    inner = off / variance[..., None] - 1 + np.log(given.precisions * variance[..., None])
    value: np.ndarray = 0.5 * (given.weights() * inner).sum(-1)
    return value

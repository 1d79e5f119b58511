"""A density with an edge and a cost with jumps: the exact gradient of its mean, and what right estimates are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Place", "all_noise", "edge_places", "right_estimates"]


class Place(NamedTuple):
    """A shifted exponential, and f(z) = level + slope z + height sin(turn z + phase) + jumps."""

    loc: float
    log_scale: float
    wave: np.ndarray
    places: np.ndarray
    heights: np.ndarray

    @property
    def s(self) -> float:
        return float(np.exp(self.log_scale))

    def f(self, z: np.ndarray) -> np.ndarray:
        level, slope, height, turn, phase = self.wave
        steps = self.heights * (np.asarray(z)[..., None] > self.places)
        return level + slope * z + height * np.sin(turn * z + phase) + steps.sum(-1)

    def slope(self, z: np.ndarray) -> np.ndarray:
        _, slope, height, turn, phase = self.wave
        return slope + height * turn * np.cos(turn * z + phase)

    @property
    def smooth(self) -> np.ndarray:
        """The gradient of the mean in (loc, log_scale), as far as the slope of f knows it."""
        _, slope, height, turn, phase = self.wave
        phasor = 1j * turn * np.exp(1j * (turn * self.loc + phase))
        root = 1 - 1j * turn * self.s
        waves = np.array([(phasor / root).imag, self.s * (phasor / root**2).imag])
        return slope * np.array([1.0, self.s]) + height * waves

    def crossing(self, inside: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Height times density at each jump, and how far it lies from the edge."""
        away = self.places - self.loc
        flow = self.heights * np.exp(-away / self.s) / self.s
        return flow * (away > 0) if inside else flow, away

    @property
    def jumps(self) -> np.ndarray:
        flow, away = self.crossing()
        return np.array([flow.sum(), (flow * away).sum()])

    @property
    def exact(self) -> np.ndarray:
        return self.smooth + self.jumps

    @property
    def mean(self) -> float:
        """Of f."""
        level, slope, height, turn, phase = self.wave
        waves = (np.exp(1j * (turn * self.loc + phase)) / (1 - 1j * turn * self.s)).imag
        beyond = np.exp(-np.maximum(self.places - self.loc, 0) / self.s)
        line = level + slope * (self.loc + self.s)
        return float(line + height * waves + (self.heights * beyond).sum())

    @property
    def at_edge(self) -> float:
        return float(self.f(np.array(self.loc)))


def edge_places(rng: np.random.Generator) -> list[Place]:
    """Two places: jumps on both sides of the edge, and no jump at all; f is far from zero at the edge, and steep somewhere."""
    found = []
    for jumps, log_scale in ((4, rng.uniform(-0.6, -0.2)), (0, rng.uniform(0.2, 0.5))):
        loc, s = (
            rng.uniform(0.5, 2.0) * (-1 if jumps else 1),
            np.exp(log_scale),
        )  # jumps below zero count
        wave = np.array(
            [
                0.0,
                rng.uniform(0.3, 0.8),
                rng.uniform(0.5, 1.0),
                rng.uniform(0.5, 1.5),
                rng.uniform(0, 6),
            ]
        )
        away = s * np.array([-0.6, 0.5, 1.4, 0.0])[:jumps] * rng.uniform(0.8, 1.2, jumps)
        away[3:] = away[2:3]  # two jumps at one place
        heights = (
            np.array([1.5, 2.0, 1.2, 0.8])[:jumps]
            * rng.uniform(0.8, 1.2, jumps)
            * rng.choice([-1, 1])
        )
        place = Place(loc, float(log_scale), wave, loc + away, heights)
        wave[0] = rng.choice([-1, 1]) * rng.uniform(1.2, 2.0) - place.at_edge
        found.append(place)
    return found


def right_estimates(place: Place, eps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Right estimates from heights, and from slopes, ``(R, 2)`` each."""
    z = place.loc + place.s * eps
    score = np.stack([np.ones_like(eps) / place.s, eps - 1], -1)
    path = place.slope(z)[:, None] * np.stack([np.ones_like(eps), place.s * eps], -1)
    edge = np.array([place.at_edge / place.s, 0.0])
    return place.f(z)[:, None] * score - edge, path + place.jumps


def all_noise(place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Noise, and the weights of its mean: a Gauss rule on each of many panels, none of which has a jump inside."""
    away = (place.places - place.loc) / place.s
    ends = np.sort(
        np.concatenate([np.linspace(0, 12, 25), [16.0, 22.0, 30.0, 40.0], away[away > 0]])
    )
    points, weights = np.polynomial.legendre.leggauss(8)
    half = np.diff(ends)[:, None] / 2
    eps = (ends[:-1, None] + half * (1 + points)).ravel()
    mass = (half * weights).ravel() * np.exp(-eps)
    return eps, mass / mass.sum()

"""Bins of one width: what they cost, exactly and to second order in their width, with either sign."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import log_ndtr

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, as_array

EXERCISE = exercise(
    __name__,
    title="What bins cost",
    function="binned_rate",
    points=4,
    difficulty=5,
    importance=5,
    minutes=50,
    read="section 5, Latents on bins",
    hides=["coding.binned:binned_elbo"],
)

EXACT, SECOND = 0, 1
TITLES = ("what the bins cost", "the term in the square of the width")
RTOL, ATOL = 1e-6, 1e-9


class Place(NamedTuple):
    """z ~ N(0, 1), x | z ~ N(slope z, noise^2), q = N(loc, scale^2), and bins of some width."""

    x: float
    loc: float
    scale: float
    slope: float
    noise: float
    width: float


def masses(loc: float, scale: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The logarithm of what N(loc, scale^2) has between the two, far out, too."""
    low, high = (low - loc) / scale, (high - loc) / scale
    mirrored = low > 0
    low, high = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    top = log_ndtr(high)
    value: np.ndarray = top + np.log(-np.expm1(log_ndtr(low) - top))
    return value


def log_likelihood(place: Place, z: np.ndarray) -> np.ndarray:
    off = (place.x - place.slope * z) / place.noise
    value: np.ndarray = -0.5 * off**2 - np.log(place.noise) - 0.5 * LOG_2PI
    return value


def elbo(place: Place) -> float:
    """That of the densities."""
    x, m, s, a, noise, _ = place
    fit = (x - a * m) ** 2 + a**2 * s**2
    kl = 0.5 * (s**2 + m**2 - 1) - np.log(s)
    return float(-0.5 * fit / noise**2 - np.log(noise) - 0.5 * LOG_2PI - kl)


def on_bins(place: Place, shift: float = 0.0, at: float = 0.0, density: str = "") -> float:
    """The ELBO on the bins, their middles moved by ``shift`` widths; decoded ``at`` so many widths above the middle.

    Args:
        density: "q", "p" or "qp": whose mass is taken as the density in the middle times the width.
    """
    _, m, s, _, _, h = place
    reach = 12.0 * s + h
    middle = h * (np.arange(np.floor((m - reach) / h), np.ceil((m + reach) / h) + 1) + shift)
    log_q = masses(m, s, middle - h / 2, middle + h / 2)
    log_p = masses(0.0, 1.0, middle - h / 2, middle + h / 2)
    mass = np.exp(log_q)
    if "q" in density:
        log_q = -0.5 * ((middle - m) / s) ** 2 - np.log(s) - 0.5 * LOG_2PI + np.log(h)
    if "p" in density:
        log_p = -0.5 * middle**2 - 0.5 * LOG_2PI + np.log(h)
    terms = log_likelihood(place, middle + at * h) + log_p - log_q
    return float(np.where(mass > 1e-290, mass * np.where(mass > 1e-290, terms, 0.0), 0.0).sum())


def right(place: Place) -> np.ndarray:
    """(exact, second order), in nats: what is paid beyond minus the ELBO of the densities."""
    _, m, s, a, noise, h = place
    curve, pull = (a / noise) ** 2, m**2 + (s - 1 / s) ** 2
    return np.array([elbo(place) - on_bins(place), h**2 / 24 * (curve - pull)])


def _mistakes(places: Sequence[Place], index: int) -> list[Mistake]:
    def each(of: Callable[[Place], float]) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.array([of(place) for place in places])

    if index == EXACT:
        known: list[tuple[str, str, Callable[[Place], float]]] = [
            (
                "rate_itself",
                "This is the whole rate. Asked is by how much it exceeds minus the ELBO of the densities.",
                lambda p: -on_bins(p),
            ),
            (
                "edges_at_multiples",
                "Here the edges of the bins are whole multiples of the width. Their middles are.",
                lambda p: elbo(p) - on_bins(p, shift=0.5),
            ),
            (
                "decoded_at_edge",
                "z is decoded at the lower edge of its bin. The middle stands for it.",
                lambda p: elbo(p) - on_bins(p, at=-0.5),
            ),
            (
                "density_of_q",
                "Q is the density in the middle times the width. The coder pops masses: integrals over bins.",
                lambda p: elbo(p) - on_bins(p, density="q"),
            ),
            (
                "density_of_p",
                "P is the prior's density in the middle times the width. The coder pushes with masses: integrals over bins.",
                lambda p: elbo(p) - on_bins(p, density="p"),
            ),
            (
                "densities",
                "P and Q are densities in the middle times the width. The coder works with masses: integrals over bins.",
                lambda p: elbo(p) - on_bins(p, density="qp"),
            ),
            (
                "second_order_twice",
                "This is the term of second order. The first number is exact, at any width.",
                lambda p: right(p)[SECOND],
            ),
        ]
    else:

        def of(p: Place, curve: float, pull: float, share: float = 24.0) -> float:
            return p.width**2 / share * (curve * (p.slope / p.noise) ** 2 - pull)

        def pull(p: Place) -> float:
            return p.loc**2 + (p.scale - 1 / p.scale) ** 2

        known = [
            (
                "likelihood_alone",
                "This is the blur of the likelihood. Masses of q and of the prior on the bins are no points, either.",
                lambda p: of(p, 1, 0),
            ),
            (
                "ratio_alone",
                "This is what the masses do. That x is coded at the middle, and not at z, costs something, too.",
                lambda p: of(p, 0, pull(p)),
            ),
            (
                "likelihood_kept_sharp",
                "The parts have the wrong sign to each other: one of them costs, and the other saves.",
                lambda p: of(p, 1, -pull(p)),
            ),
            (
                "blur_of_z_added",
                "The two parts are exchanged in sign: is the first costly where log p(x | z) is concave?",
                lambda p: of(p, -1, -pull(p)),
            ),
            (
                "twelfth",
                "Twice too much: a variance within a bin stands in a term of second order, with its half.",
                lambda p: of(p, 1, pull(p), 12.0),
            ),
            (
                "slope_at_the_mean",
                "The slope of log q / p is squared at q's mean. Its square is to be averaged over q.",
                lambda p: of(p, 1, p.loc**2),
            ),
            (
                "prior_forgotten",
                "The slope of log q alone is squared. On a bin it is the ratio of q to p that counts.",
                lambda p: of(p, 1, p.scale**-2),
            ),
            (
                "exact_twice",
                "This is exact. The second number is the term in the square of the width, with that width put in.",
                lambda p: right(p)[EXACT],
            ),
        ]
    return [Mistake(key, hint, each(value)) for key, hint, value in known]


def _places(rng: np.random.Generator, widths: Sequence[float]) -> list[Place]:
    """Any q, and the posterior itself among them; x on both sides of zero."""
    found = []
    for number, width in enumerate(widths):
        slope = float(rng.uniform(0.5, 2.0) * rng.choice([-1, 1]))
        noise, x = float(rng.uniform(0.5, 1.5)), float(rng.uniform(0.3, 3.0) * rng.choice([-1, 1]))
        precision = 1 + (slope / noise) ** 2
        if number % 3 == 2:
            loc, scale = slope * x / noise**2 / precision, precision**-0.5
        else:
            loc = float(rng.uniform(0.2, 2.0) * rng.choice([-1, 1]))
            scale = float(rng.uniform(0.25, 0.8) if number % 3 else rng.uniform(1.1, 1.8))
        found.append(Place(x, loc, scale, slope, noise, float(width)))
    return found


def _judged(probe: Probe, places: Sequence[Place], index: int) -> Finding:
    replies = [probe.value(*place) for place in places]
    for reply, place in zip(replies, places, strict=True):
        if as_array(reply).shape != (2,):
            return compare(reply, right(place), what="(exact, second order)")
    found = np.stack([as_array(reply) for reply in replies])[:, index]
    want = np.stack([right(place) for place in places])[:, index]
    return compare(
        found,
        want,
        lambda: _mistakes(places, index),
        rtol=RTOL,
        atol=ATOL,
        what=f"{TITLES[index]}, at widths {', '.join(f'{place.width:.3g}' for place in places)}",
    )


@EXERCISE.part("What narrow bins cost, exactly", weight=1.0)
def narrow(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng, rng.uniform(0.1, 0.6, 6).tolist()), EXACT)


@EXERCISE.part("What wide bins cost, exactly", weight=1.0)
def wide(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng, rng.uniform(0.8, 4.0, 6).tolist()), EXACT)


@EXERCISE.part("The term in the square of the width", weight=1.5)
def second_order(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng, rng.uniform(0.1, 4.0, 6).tolist()), SECOND)


@EXERCISE.part(
    "q far out, very narrow, very wide; noise that is little or great; x at zero",
    weight=0.5,
    needs=["narrow", "second_order"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    far, sign = rng.uniform(9.0, 15.0, 2), rng.choice([-1.0, 1.0])
    places = [
        Place(1.0, float(sign * far[0]), 0.5, 0.7, 1.0, 0.3),
        Place(-2.0, float(-sign * far[1]), 1.2, 0.7, 3.0, 1.7),
        Place(0.5, float(rng.uniform(0.2, 0.9)), 0.03, 1.3, 0.8, 0.1),
        Place(0.5, float(rng.uniform(0.2, 0.9)), 0.03, 1.3, 0.8, 3.0),
        Place(1.5, float(rng.uniform(-0.9, 0.9)), float(rng.uniform(20.0, 30.0)), 0.4, 2.0, 0.2),
        Place(0.0, 0.0, 0.5**0.5, 1.0, 1.0, float(rng.uniform(0.2, 0.5))),
        Place(3.0, 1.5, 0.5**0.5, 1.0, 1.0, float(rng.uniform(0.2, 0.5))),
        Place(0.1, 0.3, 0.6, 2.0, float(rng.uniform(0.03, 0.1)), 0.1),
        Place(5.0, 0.3, 0.6, float(rng.uniform(0.01, 0.1)), 20.0, 0.9),
    ]
    for index in (EXACT, SECOND):
        finding = _judged(probe, places, index)
        if not finding.ok:
            return finding
    return finding

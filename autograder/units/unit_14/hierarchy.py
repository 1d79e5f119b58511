"""Say it once: the Pyro twin of a hierarchy that is written by hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import Arrays
from autograder.units.unit_14.reference import either_sign

EXERCISE = exercise(
    __name__,
    title="A page by hand, said in Pyro",
    function="hierarchy",
    points=3,
    difficulty=3,
    importance=5,
    minutes=35,
    read="section 4, Twins",
    hides=[],
    because="no twin of course_vi is this model",
)

RTOL, LATENT = 1e-8, ("mu", "tau", "s", "b", "w")
WORDS = {
    "mu": "the common mean mu",
    "tau": "the spread tau",
    "s": "the precision s",
    "b": "the effects b",
    "w": "the weights w",
    "y": "the rows y",
}


class Given(NamedTuple):
    """A data set, and values of all latents; with particles, values have the axes ``(K, 1)`` or ``(K, J)``."""

    x: np.ndarray
    groups: np.ndarray
    total: int
    y: np.ndarray
    values: Arrays


def _given(
    rng: np.random.Generator, rows: int = 7, groups: int = 6, weights: int = 3, particles: int = 0
) -> Given:
    """Sizes and signs of all kinds, scales from 0.02 to 25; no two numbers are alike.

    The last group has no row; of five groups and more the first has none, either, nor has one in the middle.
    """
    outer = (particles, 1) if particles else ()
    plate = (particles,) if particles else ()
    values = {
        "mu": either_sign(rng, outer, 2.0, 9.0),
        "tau": 10 ** rng.uniform(-1.7, 1.4, outer),
        "s": 10 ** rng.uniform(-1.7, 1.7, outer),
        "b": either_sign(rng, (*plate, groups), 0.5, 6.0),
        "w": either_sign(rng, (*outer, weights), 0.1, 2.0),
    }
    known = np.arange(max(groups - 1, 1))
    if groups > 4:
        known = np.setdiff1d(known, [0, rng.integers(2, groups - 2)])
    where = np.concatenate([known, rng.choice(known, size=rows)])[:rows]
    where = rng.permutation(where)
    return Given(
        either_sign(rng, (rows, weights)),
        where,
        groups,
        either_sign(rng, (rows,), 0.5, 8.0),
        {name: np.asarray(value) for name, value in values.items()},
    )


def exact(given: Given, y: np.ndarray | None = None) -> Arrays:
    """The log-densities of all sites, by SciPy, which knows them by other names."""
    v, y = given.values, given.y if y is None else y
    mean = v["b"][..., given.groups] + (given.x * v["w"]).sum(-1)
    found = {
        "mu": scipy.stats.norm(0, 5).logpdf(v["mu"]),
        "tau": scipy.stats.halfcauchy(0, 3).logpdf(v["tau"]),
        "s": scipy.stats.gamma(2.5, scale=2).logpdf(v["s"]),
        "b": scipy.stats.norm(v["mu"], v["tau"]).logpdf(v["b"]),
        "w": scipy.stats.laplace(0, 0.7).logpdf(v["w"]).sum(-1),
        "y": scipy.stats.t(4, mean, v["s"] ** -0.5).logpdf(y),
    }
    return {name: np.asarray(value) for name, value in found.items()}


def _known(given: Given, name: str, y: np.ndarray) -> list[Mistake]:
    """What other readings of the page by hand give."""
    v, want = given.values, exact(given, y)
    mean = v["b"][..., given.groups] + (given.x * v["w"]).sum(-1)
    scale = v["s"] ** -0.5
    renumbered = v["b"][..., np.unique(given.groups, return_inverse=True)[1]]
    wrong_side = scipy.stats.gamma(2.5, scale=0.5).logpdf(v["s"])
    readings = {
        "mu": [("variance_for_scale", "Pyro's Normal takes the standard deviation.",
                scipy.stats.norm(0, 25).logpdf(v["mu"]))],
        "tau": [("whole_cauchy", "A density on the positive half integrates to one there: it is twice that of the whole line.",
                 want["tau"] - np.log(2)),
                ("scale_squared", "The square in the denominator is that of tau over its scale: what is the scale?",
                 scipy.stats.halfcauchy(0, 9).logpdf(v["tau"])),
                ("scale_one", "The scale is not one: at which tau has the density fallen to one half?",
                 scipy.stats.halfcauchy(0, 1).logpdf(v["tau"]))],
        "s": [("rate_for_scale", "Pyro's Gamma takes a rate: the factor of s in the exponent.", wrong_side),
              ("shape_less_one", "The power of s is one less than the first number of Pyro's Gamma.",
               scipy.stats.gamma(1.5, scale=2).logpdf(v["s"]))],
        "b": [("no_parent", "The effects lie around mu, with spread tau. Yours do not follow them.",
               scipy.stats.norm(0, 1).logpdf(v["b"])),
              ("no_mean", "The effects lie around mu, not around zero.", scipy.stats.norm(0, v["tau"]).logpdf(v["b"])),
              ("scale_root", "tau is a standard deviation, not a variance.",
               scipy.stats.norm(v["mu"], v["tau"] ** 0.5).logpdf(v["b"]))],
        "w": [("normal_weights", "The page has the absolute value of w, not its square.",
               scipy.stats.norm(0, 0.7).logpdf(v["w"]).sum(-1)),
              ("scale_doubled", "Look at what divides the absolute value.",
               scipy.stats.laplace(0, 1.4).logpdf(v["w"]).sum(-1))],
        "y": [("precision_for_scale", "s is a precision: it multiplies the squared residual. Pyro takes a scale.",
               scipy.stats.t(4, mean, v["s"]).logpdf(y)),
              ("variance_for_scale", "That is the variance. Pyro takes a standard deviation.",
               scipy.stats.t(4, mean, 1 / v["s"]).logpdf(y)),
              ("precision_root", "The scale is one over the root of the precision.",
               scipy.stats.t(4, mean, v["s"] ** 0.5).logpdf(y)),
              ("normal_rows", "A normal has the squared residual in an exponent. What does the page have it in?",
               scipy.stats.norm(mean, scale).logpdf(y)),
              ("other_freedom", "The power of the bracket is half of one more than the degrees of freedom.",
               scipy.stats.t(5, mean, scale).logpdf(y)),
              ("groups_renumbered",
               "groups has numbers of effects, not places among the groups that occur: groups without a row are numbered, too.",
               scipy.stats.t(4, renumbered + (given.x * v["w"]).sum(-1), scale).logpdf(y)),
              ("no_weights", "The covariates have no part in your rows.", scipy.stats.t(4, v["b"][..., given.groups], scale).logpdf(y))],
    }  # fmt: skip
    return [Mistake(key, hint, np.asarray(value)) for key, hint, value in readings[name]]


def _judged(probe: Probe, given: Given, names: tuple[str, ...], driver: str = "at") -> Finding:
    seen = probe.drive(f"hierarchy/{driver}", **given._asdict())
    want = exact(given)
    for name in names:
        known = _known(given, name, given.y)
        finding = compare(seen[name], want[name], known, RTOL, what=f"log p of {WORDS[name]}")
        if not finding.ok:
            return finding
    return finding


def _sizes(probe: Probe, rng: np.random.Generator, *names: str) -> Finding:
    finding = Finding(True)
    for sizes in ((7, 6, 3), (3, 3, 3), (5, 1, 2), (1, 2, 1)):
        finding = _judged(probe, _given(rng, *sizes), names) if finding.ok else finding
    return finding


@EXERCISE.part("What all rows share: mu, tau, s and w")
def shared_sites(probe: Probe, rng: np.random.Generator) -> Finding:
    return _sizes(probe, rng, "mu", "tau", "s", "w")


@EXERCISE.part("The effects of the groups: one log-density for each, a group without rows too")
def effects(probe: Probe, rng: np.random.Generator) -> Finding:
    return _sizes(probe, rng, "b")


@EXERCISE.part("The rows: one log-density for each")
def rows(probe: Probe, rng: np.random.Generator) -> Finding:
    return _sizes(probe, rng, "y")


@EXERCISE.part("The log joint, of one particle and of several at once", weight=1.5)
def particles(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for count, sizes in ((0, (6, 3, 2)), (5, (7, 6, 3)), (3, (3, 3, 3)), (2, (1, 2, 1))):
        if not finding.ok:
            return finding
        given = _given(rng, *sizes, particles=count)
        seen = probe.drive(f"hierarchy/{'particles' if count else 'at'}", **given._asdict())
        want = exact(given)
        whole = np.asarray(sum(value.sum() for value in want.values()))
        what = f"the log joint of {count} particles" if count else "the log joint"
        finding = _places(seen, given, want) if count else finding
        if finding.ok:
            finding = compare(seen["sum"], whole, rtol=RTOL, what=what)
    return finding


def _places(seen: Arrays, given: Given, want: Arrays) -> Finding:
    """Site by site, each of the shape that belongs to its plates."""
    for name in (*LATENT, "y"):
        known = _known(given, name, given.y)
        finding = compare(seen[name], want[name], known, RTOL, what=f"log p of {WORDS[name]}")
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Without y the rows are drawn", weight=0.5, needs=["rows"])
def drawn(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _given(rng)
    asked = {name: value for name, value in given._asdict().items() if name != "y"}
    first, second = (probe.drive("hierarchy/at", **asked) for _ in range(2))
    expected = "y is a random site: other rows for another seed"
    if first["observed"]:
        return holds(
            False, expected, "y is observed", "observed", "Without y there is nothing to observe."
        )
    finding = compare(
        first["y"],
        exact(given, first["drawn"])["y"],
        _known(given, "y", first["drawn"]),
        RTOL,
        what="log p of the rows that were drawn",
    )
    if not finding.ok:
        return finding
    other = not np.isclose(first["drawn"], second["drawn"]).any()
    return holds(other, expected, "other rows" if other else "the same rows", "not_drawn")

"""S3: the rate at which EM converges, from the information that is missing."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_04.reference import Case, make_case

EXERCISE = exercise(
    __name__,
    title="S3: EM's rate, from the missing information",
    function="em_rate",
    points=4,
    difficulty=5,
    importance=5,
    minutes=50,
    read="section 4, What is missing decides the pace",
    hides=[],
    because="course_vi runs EM and does not know how fast it is",
)


def _mistakes(cases: list[Case]) -> list[Mistake]:
    """The rates of all cases, ``(cases)``, as usual mistakes give them."""
    largest = np.array([case.eigenvalues[-1] for case in cases])
    smallest = np.array([case.eigenvalues[0] for case in cases])
    trace = np.array([np.trace(case.jacobian) for case in cases])
    sizes = np.array([len(case.x) for case in cases])
    return [
        Mistake(
            "complement",
            "This is one minus the rate: the share of the information that the data hold. The error shrinks by the share that "
            "they do not.",
            1 - largest,
        ),
        Mistake(
            "square",
            "This is the square of the rate: by that the *gap of log p* shrinks. The error of theta shrinks by the rate itself.",
            largest**2,
        ),
        Mistake(
            "fastest",
            "This is the direction in which EM is fastest. After many steps the slowest is left: the largest eigenvalue.",
            smallest,
        ),
        Mistake(
            "fastest",
            "This is one minus the smallest share that is missing: the largest eigenvalue of the wrong matrix.",
            1 - smallest,
        ),
        Mistake(
            "r_not_fixed",
            "This is zero: both of your matrices are the observed information. In Q the responsibilities are held fixed, as the "
            "M-step finds them: detach them.",
            np.zeros_like(largest),
        ),
        Mistake(
            "trace",
            "This is the trace, the sum of the rates of all directions. One of them is left in the end.",
            trace,
        ),
        Mistake(
            "trace",
            "This is the mean of the rates over the directions. The slowest is left in the end.",
            trace / np.array([len(case.theta) for case in cases]),
        ),
        Mistake(
            "norm",
            "This is the largest singular value of the right matrix. It is not symmetric, and its norm changes with the coordinates; "
            "its eigenvalues do not.",
            np.array([np.linalg.norm(case.jacobian, 2) for case in cases]),
        ),
        Mistake(
            "as_if_symmetric",
            "eigvalsh reads one triangle and takes the other to be the same. This matrix is not symmetric.",
            np.array([np.linalg.eigvalsh(case.jacobian)[-1] for case in cases]),
        ),
        Mistake(
            "sum_and_mean",
            "One of your two matrices is a sum over the data and the other a mean.",
            1 - sizes * (1 - largest),
        ),
        Mistake(
            "sum_and_mean",
            "One of your two matrices is a sum over the data and the other a mean.",
            1 - (1 - largest) / sizes,
        ),
    ]


def _judged(probe: Probe, cases: list[Case], what: str) -> Finding:
    actual = [probe.drive("em_rate/mixture", **case.sent()) for case in cases]
    want = np.array([case.eigenvalues[-1] for case in cases])
    for raw in actual:
        if as_array(raw).shape != ():
            return compare(raw, want[0], what="the rate")
    rates = np.array([float(as_array(raw)) for raw in actual])
    return compare(rates, want, _mistakes(cases), what=what)


@EXERCISE.part("Mixtures of two Poisson counts, three parameters")
def two_clusters(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [make_case(rng, "poisson", 2, count) for count in (30, 45, 60)]
    return _judged(probe, cases, "the rate on three data sets")


@EXERCISE.part(
    "Other mixtures: three clusters, normal data, waiting times, known clusters", weight=1.5
)
def other_mixtures(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        make_case(rng, "poisson", 3, 75),
        make_case(rng, "normal", 2, 40),
        make_case(rng, "exponential", 2, 50),
        make_case(rng, "known", 2, 20, rates=(0.03, 0.96)),
        *(make_case(rng, "exponential", 3, 90, close=0.93) for _ in range(3)),
    ]
    return _judged(
        probe, cases, "the rates on Poisson, normal, exponential data, and for one weight"
    )


@EXERCISE.part("The same kind of mixture in other coordinates, which cannot change the rate")
def other_coordinates(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        make_case(rng, "poisson", 2, 40, plain=True),
        make_case(rng, "poisson", 2, 40, turned=True),
        make_case(rng, "normal", 2, 45, plain=True, turned=True),
    ]
    finding = _judged(probe, cases, "the rates with other coordinates for theta")
    if not finding.ok:
        return finding
    cases = [
        make_case(rng, "poisson", 2, 40, units=True),
        make_case(rng, "normal", 2, 45, turned=True, units=True),
        make_case(rng, "poisson", 2, 40, parted=True),
        make_case(rng, "poisson", 3, 75, parted=True, units=True),
    ]
    return _judged(probe, cases, "the rates with parameters in unlike units, the slowest the last")


@EXERCISE.part("Clusters that can hardly be told apart: rates near one", weight=0.5)
def hardly_apart(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        make_case(rng, "poisson", 2, 300, rates=(0.97, 0.998), near=True),
        make_case(rng, "known", 2, 300, rates=(0.9991, 0.9998), near=True),
    ]
    return _judged(probe, cases, "the rates of clusters that lie close together")


@EXERCISE.part("A single cluster: nothing is missing", weight=0.5, needs=["two_clusters"])
def one_cluster(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        make_case(rng, kind, 1, 12, turned=turned, rates=(-1.0, 1.0))
        for kind, turned in (("poisson", False), ("normal", True))
    ]
    return _judged(probe, cases, "the rate where there is no label to be told")

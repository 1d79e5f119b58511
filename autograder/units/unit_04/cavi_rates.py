"""How fast mean field converges on a Gaussian: in turn, all at once, and by how much a step must be shortened."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array

EXERCISE = exercise(
    __name__,
    title="How fast is mean field?",
    function="cavi_rates",
    points=3,
    difficulty=4,
    importance=4,
    minutes=40,
    read="Two coupled Gaussians",
    hides=[],
    because="course_vi runs CAVI on other models, and does not know how fast it is",
)

IN_TURN, AT_ONCE, LIMIT = 0, 1, 2
TITLES = ("the rate in turn", "the rate all at once", "the limit of the step")


def _radius(matrix: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def in_turn(precision: np.ndarray) -> np.ndarray:
    """What a round of updates, one coordinate after the other, does to the error of the means, ``(D, D)``."""
    found: np.ndarray = -np.linalg.solve(np.tril(precision), np.triu(precision, 1))
    return found


def at_once(precision: np.ndarray) -> np.ndarray:
    """What a round does in which every coordinate uses the others' old means, ``(D, D)``."""
    found: np.ndarray = np.eye(len(precision)) - precision / np.diag(precision)[:, None]
    return found


def _scaled(precision: np.ndarray) -> np.ndarray:
    """The eigenvalues of the precision with ones on the diagonal, the largest last."""
    root = np.sqrt(np.diag(precision))
    found: np.ndarray = np.linalg.eigvalsh(precision / np.outer(root, root))
    return found


def _coupling(precision: np.ndarray) -> float:
    """The largest correlation, as far as the precision tells it."""
    root = np.sqrt(np.diag(precision))
    return float(np.abs(np.triu(precision / np.outer(root, root), 1)).max())


def right(precision: np.ndarray) -> np.ndarray:
    """(in turn, all at once, limit)."""
    limit = 2 / _scaled(precision)[-1]
    return np.array([_radius(in_turn(precision)), _radius(at_once(precision)), limit])


def _mistakes(places: list[np.ndarray], index: int) -> list[Mistake]:
    def each(of: object) -> np.ndarray:
        return np.array([of(precision) for precision in places])  # type: ignore[operator]

    wants = each(right)
    found = [
        Mistake(
            "order_swapped",
            f"This is {TITLES[other]}: return them in the order of the docstring.",
            wants[:, other],
        )
        for other in range(3)
        if other != index
    ]
    if index == LIMIT:
        return [
            *found,
            Mistake(
                "diagonal_forgotten",
                "This would be the limit for steps along the plain gradient. An update divides by the diagonal of the precision.",
                each(lambda p: 2 / np.linalg.eigvalsh(p)[-1]),
            ),
            Mistake(
                "half_lost",
                "This step takes the stiffest direction to its place in one go. It may go past it, as long as it ends nearer.",
                each(lambda p: 1 / _scaled(p)[-1]),
            ),
            Mistake(
                "best_step",
                "This is the step that converges fastest. The largest that converges at all is asked.",
                each(lambda p: 2 / (_scaled(p)[0] + _scaled(p)[-1])),
            ),
            Mistake(
                "one_over_rate",
                "This divides by the rate. With a step, the eigenvalues of a round are a mixture of those without it and of one.",
                each(lambda p: 1 / max(_radius(at_once(p)), 1e-300)),
            ),
            Mistake(
                "at_most_one",
                "A step above one may still converge: the limit is not cut off there.",
                np.minimum(wants[:, LIMIT], 1.0),
            ),
        ]
    matrix = (in_turn, at_once)[index]
    return [
        *found,
        Mistake(
            "covariance",
            "The covariance was taken for the precision, or the other way round.",
            each(lambda p: _radius(matrix(np.linalg.inv(p)))),
        ),
        Mistake(
            "sign_ignored",
            "This is the largest eigenvalue with its sign. One that is negative makes the error jump from side to side, and counts by "
            "its size.",
            each(lambda p: np.linalg.eigvals(matrix(p)).real.max()),
        ),
        Mistake(
            "norm",
            "This is the norm of the matrix, the worst that one round can do. In the long run its eigenvalues decide.",
            each(lambda p: np.linalg.norm(matrix(p), 2)),
        ),
        Mistake(
            "square",
            "This is the square of the rate: the gap of the ELBO shrinks by that. The means are asked.",
            wants[:, index] ** 2,
        ),
        *(
            [
                Mistake(
                    "square_of_the_other",
                    "This is the square of the rate all at once. That holds for chains and for two coordinates, not in general.",
                    wants[:, AT_ONCE] ** 2,
                )
            ]
            if index == IN_TURN
            else []
        ),
        Mistake(
            "diagonal_forgotten",
            "An update divides by the diagonal of the precision, which is not one here.",
            each(
                lambda p: _radius(
                    np.eye(len(p)) - p
                    if index == AT_ONCE
                    else -np.linalg.solve(np.tril(p, -1) + np.eye(len(p)), np.triu(p, 1))
                )
            ),
        ),
        Mistake(
            "largest_correlation",
            "This is the largest entry of the matrix. With more than two coordinates the couplings add up: take its eigenvalues.",
            each(lambda p: _coupling(p) ** (2 if index == IN_TURN else 1)),
        ),
    ]


def _widened(rng: np.random.Generator, correlation: np.ndarray) -> np.ndarray:
    """A precision of that shape, on scales from small to large."""
    scales = np.exp(rng.permutation(np.linspace(-2.0, 2.0, len(correlation))))
    return correlation * np.outer(scales, scales)


def _random(rng: np.random.Generator, size: int) -> np.ndarray:
    """A dense shape, ones on its diagonal."""
    root = rng.normal(size=(size, size + 2))
    found = root @ root.T
    return np.asarray(found / np.sqrt(np.outer(np.diag(found), np.diag(found))))


def _places(rng: np.random.Generator) -> list[np.ndarray]:
    """Two coordinates of either sign, three that pull together (all at once diverges) or apart, a chain, four and six at random."""
    pair = rng.uniform(0.5, 0.95) * np.array([[0, 1], [1, 0]])
    alike = rng.uniform(0.55, 0.9) * (np.ones((3, 3)) - np.eye(3))
    chain = np.diag(rng.uniform(0.3, 0.5, 3) * rng.choice([-1, 1], 3), 1)
    against = -rng.uniform(0.35, 0.47) * (np.ones((3, 3)) - np.eye(3))
    shapes = [pair + np.eye(2), np.eye(2) - 0.7 * pair, alike + np.eye(3), against + np.eye(3)]
    shapes += [chain + chain.T + np.eye(4), _random(rng, 4), _random(rng, 6)]
    return [_widened(rng, shape) for shape in shapes]


def _judged(probe: Probe, places: list[np.ndarray], index: int, where: str) -> Finding:
    actual = [probe.value(place) for place in places]
    want = np.stack([right(place) for place in places])
    for raw in actual:
        if as_array(raw).shape != (3,):
            return compare(raw, want[0], what="(in turn, all at once, limit)")
    rates = np.stack([as_array(raw) for raw in actual])[:, index]
    return compare(rates, want[:, index], _mistakes(places, index), what=f"{TITLES[index]} {where}")


WHERE = "for precisions of two to six coordinates"


@EXERCISE.part("Coordinates in turn")
def one_after_the_other(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), IN_TURN, WHERE)


@EXERCISE.part("All coordinates at once, where that converges and where it does not")
def together(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), AT_ONCE, WHERE)


@EXERCISE.part("The step below which all at once converges")
def limit_of_the_step(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), LIMIT, WHERE)


@EXERCISE.part(
    "One coordinate, and independent ones",
    weight=0.5,
    needs=["one_after_the_other", "together"],
)
def independent(probe: Probe, rng: np.random.Generator) -> Finding:
    places = [np.array([[rng.uniform(2.0, 5.0)]]), np.diag(rng.uniform(0.1, 9.0, 4))]
    finding = Finding(True)
    for index in (IN_TURN, AT_ONCE, LIMIT):
        finding = _judged(probe, places, index, "for independent coordinates")
        if not finding.ok:
            return finding
    return finding

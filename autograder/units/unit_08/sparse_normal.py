"""A Gaussian with a sparse precision: samples by a triangular solve, and its density."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, Arrays

EXERCISE = exercise(
    __name__,
    title="A sparse precision: samples and density",
    function="sparse_normal",
    points=3,
    difficulty=3,
    importance=4,
    minutes=30,
    read="section 3, Zeros that the graph gives",
    hides=[
        "distributions.sparse_normal:SparseNormal.transport",
        "distributions.sparse_normal:SparseNormal.log_prob",
    ],
)

DETACHED = "It has no graph to the parameters: look for detach, no_grad, .data or NumPy on the way."

ROOT_DETACHED = (
    "L has no graph to log_diagonal and entries: it was filled with numbers that forgot where they come from. Use torch.diag and "
    "index_put, not an assignment into a detached matrix."
)


def random_inputs(
    rng: np.random.Generator, dim: int, samples: int, points: int, share: float = 0.5
) -> Arrays:
    """A pattern in no order, a few conditional scales that are small or large, entries of either sign."""
    pairs = [(i, j) for i in range(dim) for j in range(i) if rng.random() < share]
    pairs = [pairs[k] for k in rng.permutation(len(pairs))]
    return {
        "loc": 2 * rng.normal(size=dim),
        "log_diagonal": rng.permutation(np.linspace(-1.5, 1.5, dim)) + 0.2 * rng.normal(size=dim),
        "pattern": np.array(pairs, dtype=np.int64).reshape(-1, 2).T.copy(),
        "entries": rng.uniform(0.3, 1.3, len(pairs)) * rng.choice([-1, 1], len(pairs)),
        "eps": rng.normal(size=(samples, dim)),
        "z": 2 * rng.normal(size=(points, dim)),
        "weight_samples": rng.uniform(0.5, 2, (samples, dim)) * rng.choice([-1, 1], (samples, dim)),
        "weight_log_q": rng.uniform(0.5, 2, points) * rng.choice([-1, 1], points),
    }


def root(given: Arrays) -> np.ndarray:
    """L, dense."""
    found = np.diag(np.exp(given["log_diagonal"]))
    found[given["pattern"][0], given["pattern"][1]] = given["entries"]
    return found


def _density(given: Arrays, whitened: np.ndarray, log_det: float) -> np.ndarray:
    dim = len(given["loc"])
    return np.asarray(-0.5 * (whitened**2).sum(-1) + log_det - 0.5 * dim * LOG_2PI)


@EXERCISE.part("Samples: a triangular solve")
def samples(probe: Probe, rng: np.random.Generator) -> Finding:
    given = random_inputs(rng, 6, 4, 3)
    lower, loc, eps = root(given), given["loc"], given["eps"]
    inverse = np.linalg.inv(lower)
    other_root = np.linalg.cholesky(np.linalg.inv(lower @ lower.T))
    flipped = lower - 2 * np.tril(lower, -1)
    return compare(
        probe.drive("sparse/pair", **given)["samples"],
        loc + eps @ inverse,
        what="the samples",
        mistakes=[
            Mistake(
                "other_convention",
                "This is mu + L^-1 eps: its precision is L' L, with other zeros.",
                loc + eps @ inverse.T,
            ),
            Mistake(
                "not_solved",
                "This multiplies the noise by L'. L is a factor of the precision: it is to be solved with.",
                loc + eps @ lower,
            ),
            Mistake(
                "not_solved",
                "This multiplies the noise by L: it is to be solved with.",
                loc + eps @ lower.T,
            ),
            Mistake(
                "other_root",
                "This is another root of the same covariance: right in distribution, and not the one that is asked.",
                loc + eps @ other_root.T,
            ),
            Mistake("loc_missing", "The mean is missing.", eps @ inverse),
            Mistake(
                "diagonal_as_scale",
                "exp(log_diagonal) was used for conditional scales. It is the diagonal of L: one over them.",
                loc
                + eps
                @ np.linalg.inv(lower - np.diag(np.diag(lower)) + np.diag(1 / np.diag(lower))),
            ),
            Mistake(
                "entries_sign",
                "The entries below the diagonal have the wrong sign.",
                loc + eps @ np.linalg.inv(flipped),
            ),
            Mistake(
                "entries_ignored",
                "The entries below the diagonal have no effect: this is mean field.",
                loc + eps / np.diag(lower),
            ),
        ],
    )


@EXERCISE.part("The density at points that are given")
def density(probe: Probe, rng: np.random.Generator) -> Finding:
    given = random_inputs(rng, 6, 3, 5)
    lower, centred = root(given), given["z"] - given["loc"]
    log_det = float(given["log_diagonal"].sum())
    right = _density(given, centred @ lower, log_det)
    return compare(
        probe.drive("sparse/pair", **given)["log_q"],
        right,
        what="log q(z)",
        mistakes=[
            Mistake(
                "other_convention",
                "This has the quadratic form |L (z - mu)|^2: that of the precision L' L.",
                _density(given, centred @ lower.T, log_det),
            ),
            Mistake(
                "determinant_sign",
                "The log-determinant has the wrong sign: L is a factor of the precision.",
                _density(given, centred @ lower, -log_det),
            ),
            Mistake(
                "determinant_twice",
                "The determinant of L counts once: a density holds the root of the precision's.",
                _density(given, centred @ lower, 2 * log_det),
            ),
            Mistake(
                "determinant_missing",
                "The determinant of L is missing.",
                _density(given, centred @ lower, 0.0),
            ),
            Mistake(
                "covariance_factor",
                "L was taken for a factor of the covariance.",
                _density(given, centred @ np.linalg.inv(lower).T, -log_det),
            ),
            Mistake(
                "not_centred", "The mean is missing.", _density(given, given["z"] @ lower, log_det)
            ),
            Mistake(
                "constant_missing",
                "The constant is missing: -log(2 pi) / 2 for each latent.",
                right + 0.5 * len(given["loc"]) * LOG_2PI,
            ),
            Mistake(
                "entries_ignored",
                "The entries below the diagonal have no effect: this is mean field.",
                _density(given, centred * np.diag(lower), log_det),
            ),
        ],
    )


def slopes(given: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Gradients in (loc, log_diagonal, entries) of the weighted samples and of the weighted log densities."""
    lower = root(given)
    inverse, (rows, columns) = np.linalg.inv(lower), given["pattern"]
    y, pulled = given["eps"] @ inverse, given["weight_samples"] @ inverse.T
    of_root = -y.T @ pulled
    of_samples = (
        given["weight_samples"].sum(0),
        np.diag(of_root) * np.diag(lower),
        of_root[rows, columns],
    )
    weight, centred = given["weight_log_q"][:, None], given["z"] - given["loc"]
    whitened = centred @ lower
    of_root = -(weight * centred).T @ whitened
    of_density = (
        (weight * (whitened @ lower.T)).sum(0),
        np.diag(of_root) * np.diag(lower) + weight.sum(),
        of_root[rows, columns],
    )
    return np.concatenate(of_samples), np.concatenate(of_density)


@EXERCISE.part("Both know their parameters: gradients at fixed noise")
def gradients(probe: Probe, rng: np.random.Generator) -> Finding:
    given = random_inputs(rng, 5, 4, 3)
    reply, (of_samples, of_density) = probe.drive("sparse/pair", **given), slopes(given)
    dim, edges = len(given["loc"]), len(given["entries"])
    nothing = np.zeros(edges)
    finding = compare(
        reply["slope_s"],
        of_samples,
        what="the gradient of the samples",
        mistakes=[
            Mistake("detached", DETACHED, np.zeros_like(of_samples)),
            Mistake(
                "root_detached",
                ROOT_DETACHED,
                np.concatenate([of_samples[:dim], np.zeros(dim), nothing]),
            ),
        ],
    )
    if not finding.ok:
        return finding
    determinant = np.full(dim, given["weight_log_q"].sum())
    return compare(
        reply["slope_q"],
        of_density,
        what="the gradient of log q",
        mistakes=[
            Mistake("detached", DETACHED, np.zeros_like(of_density)),
            Mistake(
                "root_detached",
                ROOT_DETACHED,
                np.concatenate([of_density[:dim], determinant, nothing]),
            ),
        ],
    )


@EXERCISE.part("One latent, an empty pattern, a full one, a chain of fifty", weight=0.5)
def sizes(probe: Probe, rng: np.random.Generator) -> Finding:
    chain = random_inputs(rng, 50, 2, 3, share=0.0)
    chain["pattern"] = np.stack([np.arange(1, 50), np.arange(49)])
    chain["entries"] = rng.uniform(-0.9, 0.9, 49)
    cases = [
        random_inputs(rng, 1, 3, 2),
        random_inputs(rng, 4, 4, 4, share=0.0),
        random_inputs(rng, 5, 1, 1, share=1.0),
        chain,
    ]
    finding = Finding(True)
    for given in cases:
        reply, lower = probe.drive("sparse/pair", **given), root(given)
        finding = compare(
            reply["samples"],
            given["loc"] + given["eps"] @ np.linalg.inv(lower),
            what="the samples",
        )
        if finding.ok:
            right = _density(
                given, (given["z"] - given["loc"]) @ lower, float(given["log_diagonal"].sum())
            )
            finding = compare(reply["log_q"], right, what="log q(z)")
        if not finding.ok:
            return finding
    return finding

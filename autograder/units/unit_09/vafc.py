"""Repair the VAFC listing."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, holds, zero
from autograder.checks.exercise import exercise
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, Arrays, as_array, several

EXERCISE = exercise(
    __name__,
    title="Repair the VAFC listing",
    function="VAFC",
    points=4,
    difficulty=4,
    importance=3,
    minutes=40,
    read="section 8, A published listing, repaired",
    hides=[],
    because="the density of FactorNormal is part of a right answer",
)

DIM, RANK, ROWS = 4, 2, 5
STEPS, BOUND = 200, -0.05
NOT_SQUARED = "sigma was used where its square belongs: the diagonal of the covariance is sigma², since sigma multiplies the noise."


def _family(rng: np.random.Generator, dim: int = DIM, rank: int = RANK) -> Arrays:
    return {
        "mu": rng.normal(size=dim),
        "B": rng.normal(size=(dim, rank)),
        "sigma": rng.uniform(0.3, 0.7, dim),
    }


def _at_fixed_noise(rng: np.random.Generator) -> dict[str, Any]:
    root = rng.normal(size=(DIM, DIM))
    return {
        **_family(rng),
        "s1": rng.normal(size=(ROWS, RANK)),
        "s2": rng.normal(size=(ROWS, DIM)),
        "precision": root @ root.T / DIM + np.eye(DIM),
        "linear": rng.normal(size=DIM),
        "quartic_weight": float(rng.uniform(0.1, 0.3)),
    }


def _terms(
    mu: np.ndarray,
    B: np.ndarray,
    sigma: np.ndarray,
    s1: np.ndarray,
    s2: np.ndarray,
    precision: np.ndarray,
    linear: np.ndarray,
    quartic_weight: float,
    diagonal: np.ndarray | None = None,
) -> Arrays:
    """Samples, log weights and slopes at fixed noise; ``diagonal`` stands in for sigma² where a mistake is made."""
    z = mu + s1 @ B.T + sigma * s2
    covariance = B @ B.T + np.diag(sigma**2 if diagonal is None else diagonal)
    inverse = np.linalg.inv(covariance)
    centred = z - mu
    log_q = (
        -0.5 * ((centred @ inverse) * centred).sum(-1)
        - 0.5 * np.linalg.slogdet(covariance)[1]
        - 0.5 * len(mu) * LOG_2PI
    )
    log_p = -0.5 * ((z @ precision) * z).sum(-1) + z @ linear - quartic_weight * (z**4).sum(-1)
    return {
        "z": z,
        "log_w": log_p - log_q,
        "log_p": log_p,
        "model": -z @ precision + linear - 4 * quartic_weight * z**3,
        "density": -centred @ inverse,
        "inverse": inverse,
    }


def _pull(slope: np.ndarray, s1: np.ndarray, s2: np.ndarray) -> np.ndarray:
    """The gradient for mu, B, sigma of a path whose slopes in z are given, side by side, averaged over the rows."""
    return np.concatenate(
        [slope.mean(0), (slope[:, :, None] * s1[:, None, :]).mean(0).ravel(), (slope * s2).mean(0)]
    )


def _joined(gradient: Any) -> Any:
    """The three arrays of a gradient side by side; what cannot be joined is returned as it came."""
    if not (several(gradient, 3) and all(isinstance(item, np.ndarray) for item in gradient)):
        return gradient
    return np.concatenate([item.ravel() for item in gradient])


@EXERCISE.part("It starts: B is not zero, and the seed decides everything", weight=0.75)
def start(probe: Probe, rng: np.random.Generator) -> Finding:
    start = probe.drive("vafc/start", p=6, r_cov=2, seed=int(rng.integers(1000)))
    B, draws = (as_array(start[name]) for name in ("B", "draws"))
    if B.shape != (3, 6, 2):
        return compare(start["B"][0], np.zeros((6, 2)), what="B")
    if not np.abs(B[0]).max() > 0:
        return holds(
            False,
            "B starts away from zero",
            "B = 0",
            "b_zero",
            "B = 0 is a saddle: the expected gradient of B is exactly zero there. Start it at small random numbers.",
        )
    if draws.shape != (3, 4, 6):
        return compare(start["draws"][0], np.zeros((4, 6)), what="sample(4)")
    repeat = np.array_equal(B[0], B[1]) and np.array_equal(draws[0], draws[1])
    if not repeat:
        return holds(
            False,
            "two objects with the same seed agree",
            "they differ",
            "unseeded",
            "Random numbers came from the global stream. Give the object a torch.Generator of its own, seeded once.",
        )
    other = not np.array_equal(draws[0], draws[2])
    return holds(
        other,
        "another seed gives another object",
        "B random, draws by the seed" if other else "the same numbers",
        "seed_ignored",
        "The seed must reach the generator.",
    )


@EXERCISE.part("t(s1, s2) at fixed noise", weight=0.75)
def sample(probe: Probe, rng: np.random.Generator) -> Finding:
    inputs = _at_fixed_noise(rng)
    mu, B, sigma, s1, s2 = (inputs[name] for name in ("mu", "B", "sigma", "s1", "s2"))
    return compare(
        probe.drive("vafc/fixed_noise", **inputs, ask="transport"),
        _terms(**inputs)["z"],
        what="z",
        mistakes=[
            Mistake(
                "variance_as_scale",
                "sigma was squared in the transport. It is the standard deviation of the second noise.",
                mu + s1 @ B.T + sigma**2 * s2,
            ),
            Mistake("mean_missing", "mu is missing.", s1 @ B.T + sigma * s2),
            Mistake("factor_missing", "The factor B s1 is missing.", mu + sigma * s2),
        ],
    )


@EXERCISE.part("pr_Z(v): the precision times a vector", weight=1)
def precision_product(probe: Probe, rng: np.random.Generator) -> Finding:
    family, v = _family(rng, 40, 3), rng.normal(size=(2, 40))
    seen = probe.drive("vafc/precision", **family, v=v)
    mu, B, sigma = family["mu"], family["B"], family["sigma"]
    right = compare(
        seen["product"],
        v @ np.linalg.inv(B @ B.T + np.diag(sigma**2)),
        what="the product",
        mistakes=[
            Mistake(
                "diagonal_not_squared", NOT_SQUARED, v @ np.linalg.inv(B @ B.T + np.diag(sigma))
            ),
            Mistake(
                "covariance_for_precision",
                "This is the covariance times v. The precision is its inverse.",
                v @ (B @ B.T + np.diag(sigma**2)),
            ),
            Mistake(
                "factor_missing",
                "This is the diagonal's part alone. Woodbury subtracts what the factor explains.",
                v / sigma**2,
            ),
        ],
    )
    if not right.ok:
        return right
    return holds(
        int(seen["largest"]) < len(mu) ** 2,
        "no p x p matrix is formed (Woodbury needs r x r at most)",
        f"a tensor with {seen['largest']:,} entries at p = {len(mu)}",
        "dense",
        "Right, but at p = 100,000 this matrix would need 80 GB. Use Woodbury: D⁻¹ - D⁻¹ B (I + BᵀD⁻¹B)⁻¹ BᵀD⁻¹.",
    )


@EXERCISE.part("ELBO(z): the estimate, averaged over the rows of z", weight=0.75)
def elbo(probe: Probe, rng: np.random.Generator) -> Finding:
    inputs = _at_fixed_noise(rng)
    terms, wrong = _terms(**inputs), _terms(**inputs, diagonal=inputs["sigma"])
    return compare(
        probe.drive("vafc/fixed_noise", **inputs, ask="elbo"),
        terms["log_w"].mean(),
        what="the ELBO",
        rtol=1e-7,
        mistakes=[
            Mistake("no_mean", "One number per row came back. Average over them.", terms["log_w"]),
            Mistake(
                "sum_over_samples",
                "This is the sum over the rows. Average over them.",
                terms["log_w"].sum(),
            ),
            Mistake("diagonal_not_squared", NOT_SQUARED, wrong["log_w"].mean()),
            Mistake(
                "negative",
                "This is minus the ELBO: a loss. Return the bound itself.",
                -terms["log_w"].mean(),
            ),
        ],
    )


@EXERCISE.part("gradient(s1, s2): the path derivative of the ELBO", weight=1.5)
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    inputs = _at_fixed_noise(rng)
    terms, s1, s2 = _terms(**inputs), inputs["s1"], inputs["s2"]
    path = terms["model"] - terms["density"]
    sigma, inverse = inputs["sigma"], terms["inverse"]
    entropy = np.concatenate(
        [np.zeros(DIM), (inverse @ inputs["B"]).ravel(), np.diag(inverse) * sigma]
    )  # of q, in closed form
    total = _pull(terms["model"], s1, s2) + entropy
    score = _score(inputs, terms)
    want = _pull(path, s1, s2)
    wrong = _terms(**inputs, diagonal=sigma)
    got = _joined(probe.drive("vafc/fixed_noise", **inputs, ask="gradient"))
    return compare(
        got,
        want,
        what="the gradient (mu, B, sigma side by side)",
        mistakes=[
            Mistake(
                "descends",
                "This is minus the gradient of the ELBO. Return the direction of ascent; turn the sign for the optimizer.",
                -want,
            ),
            Mistake(
                "score_kept",
                "This is the total derivative: log q was differentiated in its own parameters as well.",
                want + score,
            ),
            Mistake(
                "score_kept",
                "This takes the entropy in closed form: unbiased, but no sticking the landing.",
                total,
            ),
            Mistake(
                "sum_over_samples",
                "This is the sum over the rows of noise. Average over them.",
                want * ROWS,
            ),
            Mistake(
                "one_sample", "Only one row of the noise was used.", _pull(path[:1], s1[:1], s2[:1])
            ),
            Mistake(
                "one_sample",
                "Only one row of the noise was used.",
                _pull(path[-1:], s1[-1:], s2[-1:]),
            ),
            Mistake(
                "entropy_sign",
                "The slope of log q was added. It is subtracted: log w = log p - log q.",
                _pull(terms["model"] + terms["density"], s1, s2),
            ),
            Mistake(
                "entropy_dropped",
                "Only the slope of log p is there. Subtract the slope of log q.",
                _pull(terms["model"], s1, s2),
            ),
            Mistake(
                "diagonal_not_squared",
                NOT_SQUARED,
                _pull(terms["model"] - wrong["density"], s1, s2),
            ),
        ],
    )


def _score(inputs: dict[str, Any], terms: Arrays) -> np.ndarray:
    """-grad of log q in (mu, B, sigma) at fixed z, averaged over the rows."""
    B, sigma, inverse = inputs["B"], inputs["sigma"], terms["inverse"]
    a = -terms["density"]  # precision times (z - mu)
    slope = 0.5 * (a[:, :, None] * a[:, None, :]).mean(0) - 0.5 * inverse  # d log q / d covariance
    return -np.concatenate([a.mean(0), (2 * slope @ B).ravel(), 2 * np.diag(slope) * sigma])


@EXERCISE.part("The gradient vanishes when q is the target", weight=0.75)
def zero_at_the_target(probe: Probe, rng: np.random.Generator) -> Finding:
    inputs = _at_fixed_noise(rng)
    precision = np.linalg.inv(inputs["B"] @ inputs["B"].T + np.diag(inputs["sigma"] ** 2))
    inputs = {
        **inputs,
        "precision": precision,
        "linear": precision @ inputs["mu"],
        "quartic_weight": 0.0,
    }
    terms = _terms(**inputs)
    got = _joined(probe.drive("vafc/fixed_noise", **inputs, ask="gradient"))
    if not isinstance(got, np.ndarray):
        return compare(got, np.zeros(DIM * (RANK + 2)), what="the gradient")
    wrong = _terms(**inputs, diagonal=inputs["sigma"])
    return zero(
        got,
        scale=float(np.abs(precision).max()),
        mistakes=[
            Mistake("score_kept", "The score term is left over.", _score(inputs, terms)),
            Mistake(
                "diagonal_not_squared",
                NOT_SQUARED,
                _pull(terms["model"] - wrong["density"], inputs["s1"], inputs["s2"]),
            ),
            Mistake(
                "entropy_dropped",
                "Only the slope of log p is there.",
                _pull(terms["model"], inputs["s1"], inputs["s2"]),
            ),
            Mistake(
                "entropy_sign",
                "The slope of log q was added. It is subtracted.",
                _pull(2 * terms["model"], inputs["s1"], inputs["s2"]),
            ),
        ],
    )


@EXERCISE.part("train_step(n_BZ) uses n_BZ samples and moves every parameter", weight=0.75)
def one_training_step(probe: Probe, rng: np.random.Generator) -> Finding:
    size = int(rng.integers(7, 20))
    seen = probe.drive("vafc/step", p=3, r_cov=1, n_BZ=size)
    if seen["rows"] < size or seen["rows"] % size:
        return holds(
            False,
            f"logp evaluated on {size} samples",
            f"on {seen['rows']}",
            "one_sample",
            "n_BZ does nothing in the listing: each step takes one sample. Draw n_BZ rows of noise.",
        )
    still = [
        name for name, moved in zip(("mu", "B", "sigma"), seen["moved"], strict=True) if not moved
    ]
    return holds(
        not still,
        "mu, B and sigma all moved",
        f"{', '.join(still)} did not" if still else "all moved",
        "parameter_still",
        "Hand every parameter its gradient before optim.step().",
    )


@EXERCISE.part(
    f"full_train({STEPS}) reaches an ELBO above {BOUND:g} on a target the family contains",
    weight=1.25,
)
def full_training(probe: Probe, rng: np.random.Generator) -> Finding:
    mean = np.array([1.0, -0.5, 0.3])
    B, d = np.array([[0.8], [-0.6], [0.5]]), np.array([0.4, 0.5, 0.3])
    covariance = B @ B.T + np.diag(d**2)
    fit = probe.drive("vafc/train", mean=mean, covariance=covariance, r_cov=1, num_steps=STEPS)
    mu, factor, sigma = (as_array(fit[name]) for name in ("mu", "B", "sigma"))
    fitted = factor @ factor.T + np.diag(sigma**2)
    inverse, off = np.linalg.inv(covariance), mu - mean
    elbo = -0.5 * (
        np.trace(inverse @ fitted)
        + off @ inverse @ off
        - 3
        - np.linalg.slogdet(fitted)[1]
        + np.linalg.slogdet(covariance)[1]
    )
    if not np.isfinite(elbo) or elbo < -50:
        return holds(
            False,
            f"an ELBO above {BOUND:g}",
            f"{elbo:.3g}: training ran away",
            "descends",
            "It climbs down. Optimizers minimize: hand them minus the gradient of the ELBO.",
        )
    stuck = bool(np.abs(factor).max() < 1e-3)
    says = (
        "B stayed at the saddle: start it away from zero."
        if stuck
        else "The exact ELBO at your last parameters is too low. Too small a step, too few samples, or a gradient that is off?"
    )
    return holds(
        elbo > BOUND,
        f"an ELBO above {BOUND:g} (0 is the best: the target is normalized)",
        f"{elbo:.4f}",
        "b_zero" if stuck else "not_trained",
        says,
    )

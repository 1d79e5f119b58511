"""One step of the Kalman filter."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import Arrays, unpack
from autograder.units.unit_01.reference import log_mvn

EXERCISE = exercise(
    __name__,
    title="One step of the Kalman filter",
    function="kalman_step",
    points=3,
    difficulty=3,
    importance=4,
    minutes=25,
    read="Tracking",
    hides=[
        "models.tractable.linear_gaussian_ssm:LinearGaussianSSM.filter",
        "models.tractable.kalman:filter_loop",
        "models.tractable.kalman:filter_scan",
        "plots.tracker:track",
    ],
)

RTOL = 1e-9  # a few products of small matrices in double precision
RESULTS = ("the mean", "the covariance", "log p(x_t | earlier x)")


def _covariance(rng: np.random.Generator, n: int) -> np.ndarray:
    root = rng.normal(size=(n, n))
    return root @ root.T / n + 0.3 * np.eye(n)


def _system(rng: np.random.Generator, d: int = 2, p: int = 1) -> Arrays:
    return {
        "mean": rng.normal(size=d),
        "cov": _covariance(rng, d),
        "x": 2 * rng.normal(size=p),
        "transition": np.eye(d) + 0.4 * rng.normal(size=(d, d)),
        "emission": rng.normal(size=(p, d)),
        "transition_cov": 0.5 * _covariance(rng, d),
        "emission_cov": _covariance(rng, p),
    }


def _hard_system(rng: np.random.Generator, d: int = 2, p: int = 1, far: bool = False) -> Arrays:
    """A system known so well that densities are far above one; where it is ``far``, the datum lies a long way off."""
    s = _system(rng, d, p)
    for name in ("cov", "transition_cov", "emission_cov"):
        s[name] = s[name] / 1e4
    expected = s["emission"] @ s["transition"] @ s["mean"]
    s["x"] = expected + (20 + rng.random(p) if far else 0.01 * rng.normal(size=p))
    return s


def dense_step(
    mean: np.ndarray,
    cov: np.ndarray,
    x: np.ndarray,
    transition: np.ndarray,
    emission: np.ndarray,
    transition_cov: np.ndarray,
    emission_cov: np.ndarray,
) -> list[Any]:
    """Condition the joint Gaussian of (z_t, x_t) on x_t, by its blocks: knows nothing of gains."""
    d = len(mean)
    recipe = np.vstack([np.eye(d), emission])  # (z_t, x_t) from z_t
    m, p = transition @ mean, transition @ cov @ transition.T + transition_cov
    joint_mean, joint = recipe @ m, recipe @ p @ recipe.T
    joint[d:, d:] += emission_cov
    inside = joint[:d, d:] @ np.linalg.inv(joint[d:, d:])
    rest = joint[:d, :d] - inside @ joint[d:, :d]
    return [
        joint_mean[:d] + inside @ (x - joint_mean[d:]),
        (rest + rest.T) / 2,
        log_mvn(x - joint_mean[d:], joint[d:, d:]),
    ]


def _variants(s: Arrays) -> list[tuple[str, str, list[Any]]]:
    """What mistakes return: (key, sentence, [mean, covariance, log term])."""
    m, p, a, c, q, r, x = (
        s[name]
        for name in ("mean", "cov", "transition", "emission", "transition_cov", "emission_cov", "x")
    )
    right = dense_step(**s)
    hat_m, hat_p = a @ m, a @ p @ a.T + q
    inn = c @ hat_p @ c.T + r
    gain = hat_p @ c.T @ np.linalg.inv(inn)
    keep = np.eye(len(m)) - gain @ c
    surprise = x - c @ hat_m
    n = len(x)
    no_r = hat_p @ c.T @ np.linalg.inv(c @ hat_p @ c.T) if len(x) <= len(m) else np.nan * gain
    spread = np.eye(len(m)) - gain if len(x) in (1, len(m)) else np.nan * hat_p  # NumPy stretches K
    late = x - c @ right[0]
    return [
        (
            "not_predicted",
            "You corrected without predicting: first the state moves, A m and A P A' + Q, then comes the datum.",
            dense_step(**{**s, "transition": np.eye(len(m)), "transition_cov": 0 * q}),
        ),
        (
            "covariance_not_corrected",
            "The covariance must shrink too: P - K C P.",
            [right[0], hat_p, right[2]],
        ),
        (
            "not_corrected",
            "You only predicted. The datum x has not been used for the state.",
            [hat_m, hat_p, right[2]],
        ),
        (
            "q_forgotten",
            "Q is missing: moving adds uncertainty, A P A' + Q.",
            dense_step(**{**s, "transition_cov": 0 * q}),
        ),
        (
            "not_transposed",
            "A covariance moves as A P A', with the transpose on the right.",
            dense_step(
                **{
                    **s,
                    "cov": np.eye(len(m)),
                    "transition": np.eye(len(m)),
                    "transition_cov": a @ p @ a + q - np.eye(len(m)),
                    "mean": hat_m,
                }
            ),
        ),
        (
            "not_transposed",
            "A covariance moves as A P A', with the transpose on the right. Yours has it on the left, A' P A.",
            dense_step(
                **{
                    **s,
                    "cov": np.eye(len(m)),
                    "transition": np.eye(len(m)),
                    "transition_cov": a.T @ p @ a + q - np.eye(len(m)),
                    "mean": hat_m,
                }
            ),
        ),
        (
            "a_forgotten",
            "The covariance did not move: it becomes A P A' + Q, not P + Q.",
            dense_step(
                **{
                    **s,
                    "cov": p + q,
                    "transition": np.eye(len(m)),
                    "transition_cov": 0 * q,
                    "mean": hat_m,
                }
            ),
        ),
        (
            "r_forgotten",
            "R is missing from S = C P C' + R: a datum is noisy.",
            [
                hat_m + no_r @ surprise,
                (np.eye(len(m)) - no_r @ c) @ hat_p,
                log_mvn(surprise, c @ hat_p @ c.T) if n <= len(m) else np.nan,
            ],
        ),
        (
            "no_inverse",
            "The gain is P C' S^-1; the inverse is missing.",
            [hat_m + hat_p @ c.T @ surprise, hat_p - hat_p @ c.T @ c @ hat_p, right[2]],
        ),
        (
            "sign",
            "The surprise is x - C m: what came minus what was predicted. Yours has the other sign.",
            [hat_m - gain @ surprise, right[1], right[2]],
        ),
        (
            "raw_datum",
            "The gain multiplies the surprise, x - C m, not the datum itself.",
            [hat_m + gain @ x, right[1], right[2]],
        ),
        (
            "covariance_grows",
            "A datum takes uncertainty away: P - K C P. Yours was added.",
            [right[0], (np.eye(len(m)) + gain @ c) @ hat_p, right[2]],
        ),
        (
            "old_covariance",
            "The corrected covariance starts from the predicted one, A P A' + Q, not from the old P.",
            [right[0], keep @ p, right[2]],
        ),
        (
            "c_dropped",
            "The matrix is (I - K C) P; C is missing.",
            [right[0], spread @ hat_p, right[2]],
        ),
        (
            "late_residual",
            "The log-density of the datum belongs to the *prediction*, before x was used: N(x; C m, S) with the predicted m.",
            [right[0], right[1], log_mvn(late, inn)],
        ),
        (
            "late_residual",
            "This is the density of x once x has been used, with the corrected mean and covariance. It belongs to the "
            "*prediction*: N(x; C m, S) with the predicted ones.",
            [right[0], right[1], log_mvn(late, c @ right[1] @ c.T + r)],
        ),
        (
            "independent_entries",
            "The entries of x were taken for independent: S is not diagonal, so use the whole matrix.",
            [right[0], right[1], log_mvn(surprise, np.diag(np.diag(inn)))],
        ),
        (
            "emission_noise_only",
            "The datum is uncertain for two reasons, the state and the noise: its covariance is S = C P C' + R, not R.",
            [right[0], right[1], log_mvn(surprise, r)],
        ),
        (
            "emission_noise_only",
            "This is the density of x given the corrected state. Asked is the one-step prediction, N(x; C m, C P C' + R).",
            [right[0], right[1], log_mvn(late, r)],
        ),
        (
            "lost_2pi",
            "A constant is lost: half of log 2 pi for every entry of x.",
            [right[0], right[1], right[2] + 0.5 * n * np.log(2 * np.pi)],
        ),
        (
            "lost_log_det",
            "The log-determinant of S is missing.",
            [right[0], right[1], right[2] + 0.5 * np.linalg.slogdet(inn)[1]],
        ),
        (
            "scale_as_covariance",
            "S is a covariance, a variance; it was used as a standard deviation.",
            [right[0], right[1], log_mvn(surprise, inn @ inn.T)],
        ),
        ("sign", "This is -log p. Return log p.", [right[0], right[1], -right[2]]),
        ("deviance", "This is -2 log p. Return log p.", [right[0], right[1], -2 * right[2]]),
        (
            "wrong_order",
            "You corrected first and predicted afterwards: what came back is the prediction for the next step.",
            _predicted_next(s),
        ),
    ]


def _predicted_next(s: Arrays) -> list[Any]:
    corrected = dense_step(
        **{**s, "transition": np.eye(len(s["mean"])), "transition_cov": 0 * s["transition_cov"]}
    )
    return [
        s["transition"] @ corrected[0],
        s["transition"] @ corrected[1] @ s["transition"].T + s["transition_cov"],
        corrected[2],
    ]


def _ask(probe: Probe, s: Arrays) -> list[Any]:
    order = ("mean", "cov", "x", "transition", "emission", "transition_cov", "emission_cov")
    return unpack(probe.value(*[s[name] for name in order]), 3, "mean, covariance, log term")


def _step(probe: Probe, s: Arrays, index: int, what: str = "", rtol: float = RTOL) -> Finding:
    got, want = _ask(probe, s)[index], np.asarray(dense_step(**s)[index])
    size = np.abs(want).max()
    mistakes = [
        Mistake(key, hint, np.asarray(value[index]))
        for key, hint, value in _variants(s)
        if not np.allclose(value[index], want, rtol=1e-4, atol=1e-6 * size)
        and (index != 1 or key != "not_corrected")
    ]  # told apart by the mean: the covariance is the same
    return compare(
        got, want, what=RESULTS[index] + what, mistakes=mistakes, rtol=rtol, atol=rtol * size
    )


def _steps(probe: Probe, index: int, *systems: tuple[Arrays, str]) -> Finding:
    finding = Finding(False)
    for s, what in systems:
        finding = _step(probe, s, index, what)
        if not finding.ok:
            return finding
    return finding


SHARP, FAR = " of a state known to a hundredth", " after a datum that nobody expected"


@EXERCISE.part("The mean, after the datum")
def mean(probe: Probe, rng: np.random.Generator) -> Finding:
    return _steps(
        probe, 0, (_system(rng), ""), (_hard_system(rng, far=True), FAR), (_hard_system(rng), SHARP)
    )


@EXERCISE.part("The covariance, after the datum")
def covariance(probe: Probe, rng: np.random.Generator) -> Finding:
    precise = _system(rng, 2, 2)
    precise["emission_cov"] = 1e-7 * precise["emission_cov"]
    finding = _steps(probe, 1, (_system(rng), ""), (_hard_system(rng), SHARP))
    if not finding.ok:
        return finding
    # A difference of large numbers: fewer digits are left.
    return _step(probe, precise, 1, " after a sighting of great precision", rtol=1e-5)


@EXERCISE.part("How probable the datum was, before it came")
def log_evidence_term(probe: Probe, rng: np.random.Generator) -> Finding:
    return _steps(
        probe, 2, (_system(rng), ""), (_hard_system(rng, far=True), FAR), (_hard_system(rng), SHARP)
    )


@EXERCISE.part("Three states seen through two instruments, and one state alone")
def other_dimensions(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for d, p in ((3, 2), (1, 1), (2, 3)):
        s = _system(rng, d, p)
        for index in range(3):
            finding = _step(probe, s, index, f" with d = {d}, p = {p}")
            if not finding.ok:
                return finding
    return finding


@EXERCISE.part("Ten steps add up to the log-density of the whole series")
def whole_series(probe: Probe, rng: np.random.Generator) -> Finding:
    s, steps = _system(rng), 10
    series, total = 2 * rng.normal(size=(steps, 1)), 0.0
    moving = dict(s)
    for x in series:
        reply = _ask(probe, {**moving, "x": x})
        odd = [item for item in reply if not isinstance(item, (np.ndarray, np.generic, float))]
        if odd:
            return compare(odd[0], np.zeros(1), what="the step")
        moving["mean"], moving["cov"] = (
            np.asarray(reply[0], dtype=float),
            np.asarray(reply[1], dtype=float),
        )
        if moving["mean"].shape != s["mean"].shape or moving["cov"].shape != s["cov"].shape:
            return compare(moving["cov"], s["cov"], what="the covariance")
        total += float(np.asarray(reply[2]).sum())
    mean, cov = _dense_series(s, steps)
    return compare(
        np.asarray(total),
        log_mvn(series.ravel() - mean, cov),
        rtol=RTOL,
        atol=RTOL,
        what="log p(x_1, ..., x_10), from one dense Gaussian,",
    )


def _dense_series(s: Arrays, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of (x_1, ..., x_T), one row of numbers for each: no filter."""
    a, c, d = s["transition"], s["emission"], len(s["mean"])
    moves = np.zeros((steps * d, (steps + 1) * d))  # z_1..z_T from z_0 and the T noises
    for t in range(steps):
        for source in range(t + 2):
            power = t + 1 if source == 0 else t + 1 - source
            moves[t * d : (t + 1) * d, source * d : (source + 1) * d] = np.linalg.matrix_power(
                a, power
            )
    noise = np.zeros(((steps + 1) * d,) * 2)
    noise[:d, :d] = s["cov"]
    for t in range(1, steps + 1):
        noise[t * d : (t + 1) * d, t * d : (t + 1) * d] = s["transition_cov"]
    seen = np.kron(np.eye(steps), c)
    start = np.concatenate([s["mean"], np.zeros(steps * d)])
    return seen @ moves @ start, seen @ moves @ noise @ moves.T @ seen.T + np.kron(
        np.eye(steps), s["emission_cov"]
    )

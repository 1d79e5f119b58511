"""What each mistake in the VAFC class makes of the numbers that are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.finding import Mistake
from autograder.units.unit_09.factor_covariance import (
    DIM,
    ROWS,
    covariance,
    exact_moments,
    pull,
    score_term,
    terms,
)

NOT_SQUARED = "sigma was used where its square belongs: the diagonal of the covariance is sigma², since sigma multiplies the noise."


def transport_mistakes(inputs: dict[str, Any]) -> list[Mistake]:
    mu, B, sigma, s1, s2 = (inputs[name] for name in ("mu", "B", "sigma", "s1", "s2"))
    return [
        Mistake(
            "variance_as_scale",
            "sigma was squared in the transport. It is the standard deviation of the second noise.",
            mu + s1 @ B.T + sigma**2 * s2,
        ),
        Mistake("mean_missing", "mu is missing.", s1 @ B.T + sigma * s2),
        Mistake("factor_missing", "The factor B s1 is missing.", mu + sigma * s2),
    ]


def precision_mistakes(B: np.ndarray, sigma: np.ndarray, v: np.ndarray) -> list[Mistake]:
    return [
        Mistake("diagonal_not_squared", NOT_SQUARED, v @ np.linalg.inv(B @ B.T + np.diag(sigma))),
        Mistake(
            "covariance_for_precision",
            "This is the covariance times v. The precision is its inverse.",
            v @ covariance(B, sigma),
        ),
        Mistake(
            "factor_missing",
            "This is the diagonal's part alone. Woodbury subtracts what the factor explains.",
            v / sigma**2,
        ),
    ]


def elbo_mistakes(inputs: dict[str, Any]) -> list[Mistake]:
    known, wrong = terms(**inputs), terms(**inputs, diagonal=inputs["sigma"])
    return [
        Mistake("no_mean", "One number per row came back. Average over them.", known["log_w"]),
        Mistake(
            "sum_over_samples",
            "This is the sum over the rows. Average over them.",
            known["log_w"].sum(),
        ),
        Mistake("diagonal_not_squared", NOT_SQUARED, wrong["log_w"].mean()),
        Mistake(
            "negative",
            "This is minus the ELBO: a loss. Return the bound itself.",
            -known["log_w"].mean(),
        ),
    ]


def gradient_mistakes(inputs: dict[str, Any]) -> list[Mistake]:
    """What comes of each mistake in the path derivative."""
    known, s1, s2 = terms(**inputs), inputs["s1"], inputs["s2"]
    sigma, inverse = inputs["sigma"], known["inverse"]
    path = known["model"] - known["density"]
    want = pull(path, s1, s2)
    entropy = np.concatenate(
        [np.zeros(DIM), (inverse @ inputs["B"]).ravel(), np.diag(inverse) * sigma]
    )  # of q, in closed form
    wrong = terms(**inputs, diagonal=sigma)
    return [
        Mistake(
            "descends",
            "This is minus the gradient of the ELBO. Return the direction of ascent; turn the sign for the optimizer.",
            -want,
        ),
        Mistake(
            "score_kept",
            "This is the total derivative: log q was differentiated in its own parameters as well.",
            want + score_term(inputs, known),
        ),
        Mistake(
            "score_kept",
            "This takes the entropy in closed form: unbiased, but no sticking the landing.",
            pull(known["model"], s1, s2) + entropy,
        ),
        Mistake(
            "sum_over_samples",
            "This is the sum over the rows of noise. Average over them.",
            want * ROWS,
        ),
        Mistake(
            "one_sample",
            "Only the first row of the noise was used.",
            pull(path[:1], s1[:1], s2[:1]),
        ),
        Mistake(
            "one_sample",
            "Only the last row of the noise was used.",
            pull(path[-1:], s1[-1:], s2[-1:]),
        ),
        Mistake(
            "mean_missing",
            "The slope of log q is minus the precision times (z - mu). Yours multiplies z itself.",
            pull(known["model"] - known["uncentred"], s1, s2),
        ),
        Mistake(
            "entropy_sign",
            "The slope of log q was added. It is subtracted: log w = log p - log q.",
            pull(known["model"] + known["density"], s1, s2),
        ),
        Mistake(
            "entropy_dropped",
            "Only the slope of log p is there. Subtract the slope of log q.",
            pull(known["model"], s1, s2),
        ),
        Mistake(
            "diagonal_not_squared", NOT_SQUARED, pull(known["model"] - wrong["density"], s1, s2)
        ),
    ]


def zero_mistakes(inputs: dict[str, Any]) -> list[Mistake]:
    """What is left at the target, where the gradient is to vanish."""
    known, wrong = terms(**inputs), terms(**inputs, diagonal=inputs["sigma"])
    s1, s2 = inputs["s1"], inputs["s2"]
    return [
        Mistake("score_kept", "The score term is left over.", score_term(inputs, known)),
        Mistake(
            "diagonal_not_squared",
            NOT_SQUARED,
            pull(known["model"] - wrong["density"], s1, s2),
        ),
        Mistake(
            "entropy_dropped",
            "Only the slope of log p is there.",
            pull(known["model"], s1, s2),
        ),
        Mistake(
            "entropy_sign",
            "The slope of log q was added. It is subtracted.",
            pull(2 * known["model"], s1, s2),
        ),
        Mistake(
            "mean_missing",
            "The slope of log q is minus the precision times (z - mu). Yours multiplies z itself.",
            pull(known["model"] - known["uncentred"], s1, s2),
        ),
    ]


def moment_mistakes(mu: np.ndarray, B: np.ndarray, sigma: np.ndarray) -> list[Mistake]:
    """The moments of draws that are not those of q."""
    return [
        Mistake(
            "factor_missing",
            "The factor's share of the covariance, B B', is missing from these draws.",
            exact_moments(np.diag(sigma**2)),
        ),
        Mistake(
            "variance_as_scale",
            "sigma was squared. It is the standard deviation of the second noise.",
            exact_moments(B @ B.T + np.diag(sigma**4)),
        ),
        Mistake(
            "noise_missing",
            "The second noise, sigma s2, is missing from these draws.",
            exact_moments(B @ B.T),
        ),
        Mistake(
            "mean_missing",
            "mu is missing from these draws.",
            exact_moments(covariance(B, sigma), -mu),
        ),
    ]

"""How the VAFC class is judged by what it does: claims about its start and its steps, and the moments of its draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.estimates import unbiased
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.shared import Arrays, as_array
from autograder.units.unit_09.factor_covariance import (
    DIM,
    MOMENTS,
    PARAMETERS,
    covariance,
    exact_moments,
    moments,
)
from autograder.units.unit_09.vafc_mistakes import moment_mistakes

NOT_OF_Q = (
    "Means, variances or covariances of these draws are not those of N(mu, B B' + diag(sigma²))."
)


class Claim(NamedTuple):
    """Whether it holds, what is expected, and if it fails what came, its name, and what to do."""

    ok: bool
    expected: str
    actual: str
    key: str
    hint: str = ""


def first_false(claims: Iterable[Claim]) -> Finding | None:
    """The first claim that does not hold."""
    for ok, expected, actual, key, hint in claims:
        if not ok:
            return Finding(False, expected, actual, key, hint)
    return None


def start_claims(seen: dict[str, Any], B: np.ndarray, draws: np.ndarray) -> list[Claim]:
    return [
        Claim(seen["learns"], "three leaves that require gradients", "some are not", "no_leaf", ""),
        Claim(
            seen["still"],
            "leaves that require gradients after two steps, too",
            "some no longer do",
            "leaf_lost",
            "Change the numbers of a parameter in place, under torch.no_grad(): a new tensor in `prm` does not learn unless you say so.",
        ),
        Claim(
            seen["double"],
            "parameters in double precision",
            "single precision",
            "single_precision",
            "Create every parameter with dtype=torch.float64.",
        ),
        Claim(
            0 < np.abs(B[0]).max(),
            "B starts away from zero",
            "B = 0",
            "b_zero",
            "B = 0 is a saddle: the expected gradient of B is exactly zero there. Start it at small random numbers.",
        ),
        Claim(
            np.abs(B).max() < 2 and np.unique(B[0]).size == B[0].size,
            "B starts at small random numbers",
            f"entries up to {np.abs(B).max():.3g}, {np.unique(B[0]).size} of {B[0].size} different",
            "b_not_random",
            "Columns of B that begin equal stay equal, and large ones hide the diagonal. Draw B, and multiply it by 0.1 or so.",
        ),
        Claim(
            np.array_equal(B[0], B[1]) and np.array_equal(draws[0], draws[1]),
            "two objects with the same seed agree",
            "they differ",
            "unseeded",
            "Random numbers came from the global stream. Give the object a torch.Generator of its own, seeded once.",
        ),
        Claim(
            np.array_equal(*seen["mu"]),
            "two objects with the same seed agree after two steps",
            "they differ",
            "unseeded",
            "The noise of a training step came from the global stream. Draw it from the object's own generator.",
        ),
        Claim(
            not np.array_equal(draws[0], draws[2]) and not np.array_equal(B[0], B[2]),
            "another seed gives another B, and other draws",
            "the same numbers",
            "seed_ignored",
            "The seed must reach the generator, and the generator every draw.",
        ),
    ]


def step_claims(seen: dict[str, Any], size: int) -> list[Claim]:
    first, second = (int(rows) for rows in seen["rows"])
    enough = min(first, second) >= size and first % size == 0
    one, two = (as_array(rows).ravel() for rows in seen["standard"])
    alike = enough and np.corrcoef(one, two)[0, 1] > 0.9
    still = [name for name, moved in zip(PARAMETERS, seen["moved"], strict=True) if not moved]
    return [
        Claim(
            enough,
            f"logp and its slope at {size} different samples in each step",
            f"at {min(first, second)}",
            "one_sample" if first == 1 else "wrong_count",
            "Draw n_BZ rows of noise at each step, each row anew.",
        ),
        Claim(
            not alike,
            "fresh noise at the next step",
            "the same noise",
            "noise_repeated",
            "The generator is seeded once, when the object is made.",
        ),
        Claim(
            not still,
            "mu, B and sigma all moved",
            f"{', '.join(still)} did not",
            "parameter_still",
            "Hand every parameter its gradient before optim.step().",
        ),
        Claim(
            seen["upwards"] > 0,
            "the first step takes mu towards the target",
            "it goes away from it",
            "climbs_down",
            "Optimizers minimize: hand them minus the gradient of the ELBO.",
        ),
    ]


def draws_of_q(
    probe: Probe, rng: np.random.Generator, family: Arrays, by: str, replicates: int
) -> Finding:
    """First and second moments of many draws against those of q."""

    def draw(count: int) -> np.ndarray:
        z = as_array(
            probe.drive("vafc/draws", **family, count=count, seed=int(rng.integers(10**6)), by=by)
        )
        return moments(z, family["mu"]) if z.ndim == 2 and z.shape[1] == DIM else z

    found = unbiased(
        probe,
        draw,
        exact_moments(covariance(family["B"], family["sigma"])),
        replicates=replicates,
        mistakes=moment_mistakes(**family),
        names=MOMENTS,
        what="moments of the draws",
    )
    plain = "biased", NOT_OF_Q
    if found.diagnosis == "biased":
        return replace(found, diagnosis=plain[0], hint=plain[1], unnamed=plain)
    return replace(found, unnamed=plain) if found.unnamed[0] == "biased" else found

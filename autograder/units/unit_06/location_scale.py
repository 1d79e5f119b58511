"""A sample, and its density."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_06.reference import DETACHED, DIM, HALF_LOG_2PI, draws_own_noise

EXERCISE = exercise(
    __name__,
    title="A sample, and its density",
    function="location_scale",
    points=2,
    difficulty=2,
    importance=5,
    minutes=15,
    read="section 2, A sample as a function of noise",
    hides=["distributions.normal:DiagonalNormal.transport"],
)

AS_SCALE = "log_scale was used as the standard deviation itself. Take its exponential first."
AS_VARIANCE = "exp(log_scale) was used as the variance. It is the standard deviation."
NOT_SUMMED = "One number for each coordinate: a density of a vector adds up the logarithms over the last axis."


def _inputs(
    rng: np.random.Generator, batch: tuple[int, ...] = (4,), samples: int = 5
) -> dict[str, np.ndarray]:
    """Of a batch the first q is so narrow that densities are above one, the second wide; some noise and places are far out."""
    shape = (*batch, DIM)
    given = {
        "loc": rng.normal(size=shape),
        "log_scale": rng.uniform(-1.2, -0.2, shape) * rng.choice([-1, 1], shape),
        "eps": rng.normal(size=(samples, *shape)),
        "weight": rng.uniform(0.5, 2, (samples, *shape)) * rng.choice([-1, 1], (samples, *shape)),
    }
    if batch and batch[0] > 2:
        given["log_scale"][0] = rng.uniform(-4.0, -3.0, DIM)
        given["log_scale"][1] = rng.uniform(3.0, 4.0, DIM)
        given["loc"][2] *= 40
        given["eps"][0, 0] = rng.uniform(-0.5, 0.5, DIM)
        given["eps"][1, -1] = rng.uniform(4.0, 6.0, DIM) * rng.choice([-1, 1], DIM)
    return given


def _density(given: dict[str, np.ndarray]) -> np.ndarray:
    """log N(eps; 0, I) - sum log s, coordinate by coordinate."""
    return -0.5 * given["eps"] ** 2 - HALF_LOG_2PI - given["log_scale"]


@EXERCISE.part("z = loc + scale * eps")
def sample(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng)
    loc, log_scale, eps = given["loc"], given["log_scale"], given["eps"]
    actual, again = (probe.drive("map/pair", **given)["z"] for _ in range(2))
    return draws_own_noise(probe, actual, again) or compare(
        actual,
        loc + np.exp(log_scale) * eps,
        what="z",
        mistakes=[
            Mistake(
                "order_swapped",
                "The two are exchanged: z comes first, then log q.",
                _density(given).sum(-1),
            ),
            Mistake("log_scale_as_scale", AS_SCALE, loc + log_scale * eps),
            Mistake("variance_as_scale", AS_VARIANCE, loc + np.exp(log_scale / 2) * eps),
            Mistake(
                "variance_as_scale",
                "This multiplies the noise by the variance. It is the standard deviation that belongs there.",
                loc + np.exp(2 * log_scale) * eps,
            ),
        ],
    )


@EXERCISE.part("Its log density, by change of variables")
def log_density(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng)
    terms, log_scale = _density(given), given["log_scale"]
    return compare(
        probe.drive("map/pair", **given)["log_q"],
        terms.sum(-1),
        what="log q(z)",
        mistakes=[
            Mistake(
                "jacobian_sign",
                "The Jacobian has the wrong sign: where the map stretches, the density becomes thinner. Subtract log s.",
                (terms + 2 * log_scale).sum(-1),
            ),
            Mistake(
                "jacobian_missing",
                "This is the density of the noise at eps. Moving to z = t(eps) divides it by the stretch, |dz/deps|.",
                (terms + log_scale).sum(-1),
            ),
            Mistake("not_summed", NOT_SUMMED, terms),
            Mistake(
                "constant_missing",
                "The constant is missing: each coordinate brings -log(2 pi) / 2. A bound needs it.",
                (terms + HALF_LOG_2PI).sum(-1),
            ),
            Mistake(
                "log_scale_as_scale",
                AS_SCALE,
                (terms + log_scale - np.log(np.abs(log_scale))).sum(-1),
            ),
            Mistake("variance_as_scale", AS_VARIANCE, (terms + log_scale / 2).sum(-1)),
            Mistake(
                "mean_over_batch",
                "You averaged over the batch too. Keep one number for each sample and datum.",
                terms.sum(-1).mean(-1),
            ),
            Mistake(
                "sum_over_all",
                "You summed over samples and batch too. Keep one number for each sample and datum.",
                terms.sum(),
            ),
            Mistake(
                "jacobian_over_batch",
                "The Jacobian adds up log s over the whole batch. Each datum has its own: sum over the last axis.",
                (terms + log_scale).sum(-1) - log_scale.sum(),
            ),
        ],
    )


@EXERCISE.part("Both know their parameters: gradients at fixed noise")
def gradients(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng)
    reply, scale = probe.drive("map/pair", **given), np.exp(given["log_scale"])
    slope_z = np.concatenate(
        [given["weight"].sum(0), (given["weight"] * given["eps"] * scale).sum(0)], -1
    )
    finding = compare(
        reply["slope_z"],
        slope_z,
        what="the gradient of z",
        mistakes=[
            Mistake("sample_detached", DETACHED, np.zeros_like(slope_z)),
        ],
    )
    if not finding.ok:
        return finding
    eps, weight = (
        given["eps"],
        given["weight"][..., :1],
    )  # each row of log q is pulled back with a weight of its own
    through_z = -np.concatenate([(weight * eps / scale).sum(0), (weight * eps**2).sum(0)], -1)
    at_fixed_z = np.concatenate([(weight * eps / scale).sum(0), (weight * (eps**2 - 1)).sum(0)], -1)
    total = np.concatenate([0 * scale, -weight.sum(0) + 0 * scale], -1)
    return compare(
        reply["slope_q"],
        total,
        what="the gradient of log q(z)",
        mistakes=[
            Mistake(
                "density_detached",
                "log q holds its parameters constant: what is left is its path through z. Here it is to be "
                "the density with all that it depends on.",
                through_z,
            ),
            Mistake(
                "density_detached",
                "log q has no graph: its value is right, and it teaches nothing.",
                np.zeros_like(total),
            ),
            Mistake(
                "density_at_fixed_z",
                "log q was evaluated at a detached z. Its path through the sample is gone.",
                at_fixed_z,
            ),
        ],
    )


@EXERCISE.part(
    "A batch of one, and of as many data as coordinates; no batch axis; scales from 1e-6 to 1e6",
    weight=0.5,
)
def unbatched_and_extreme_scales(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch in ((1,), (DIM,), (2, DIM)):
        given = _inputs(rng, batch=batch)
        finding = compare(
            probe.drive("map/pair", **given)["log_q"],
            _density(given).sum(-1),
            what=f"log q(z) of a batch of shape {batch}",
            mistakes=[
                Mistake("wrong_axis", "Coordinates are the last axis.", _density(given).sum(1))
            ],
        )
        if not finding.ok:
            return finding
    for samples, powers in ((1, (-6.0, 5.0, 0.5)), (3, (6.0, -0.5, -4.0)), (6, (-6.0, -5.0, -4.0))):
        given = _inputs(rng, batch=(), samples=samples)
        given["log_scale"] = np.log(10.0) * np.array(powers)
        reply = probe.drive("map/pair", **given)
        noise = np.exp(given["log_scale"]) * given["eps"]
        finding = compare(reply["z"], given["loc"] + noise, what="z", rtol=1e-9, atol=1e-12)
        if finding.ok:
            finding = compare(
                reply["log_q"],
                _density(given).sum(-1),
                what="log q(z)",
                mistakes=[Mistake("not_summed", NOT_SUMMED, _density(given))],
            )
        if not finding.ok:
            return finding
    return finding

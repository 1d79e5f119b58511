"""An encoder that writes a flow."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, unpack

EXERCISE = exercise(
    __name__,
    title="An encoder that writes a flow",
    function="flow_recognizer",
    points=3,
    difficulty=4,
    importance=3,
    minutes=30,
    read="section 7, An encoder that writes a flow",
    hides=[],
    because="course_vi has no flow of this form",
)


def _flow(params: np.ndarray, eps: np.ndarray) -> dict[str, np.ndarray]:
    loc, log_scale, skew, log_tail = np.split(params, 4, -1)
    u = np.exp(log_tail) * np.arcsinh(eps) + skew
    root, noise = 0.5 * np.log1p(eps**2), -0.5 * eps**2 - 0.5 * LOG_2PI
    log_slope = log_scale + log_tail + np.log(np.cosh(u)) - root
    tail_as_is = log_tail * np.arcsinh(eps) + skew
    return {
        "z": loc + np.exp(log_scale) * np.sinh(u),
        "noise": noise,
        "log_slope": log_slope,
        "log_scale": log_scale + 0 * eps,
        "log_tail": log_tail + 0 * eps,
        "cosh": np.log(np.cosh(u)),
        "root": root,
        "sinh": np.log(np.abs(np.sinh(u))),
        "loc": loc + 0 * eps,
        "z_tail": loc + np.exp(log_scale) * np.sinh(tail_as_is),
        "z_noskew": loc + np.exp(log_scale) * np.sinh(u - skew),
        "z_scale": loc + log_scale * np.sinh(u),
        "z_outside": loc + np.exp(log_scale) * (np.sinh(u - skew) + skew),
        "z_swapped": loc + np.exp(log_scale) * np.sinh(np.exp(skew) * np.arcsinh(eps) + log_tail),
        "z_gauss": loc + np.exp(log_scale) * eps,
        "z_first": loc[:1]
        + np.exp(log_scale[:1]) * np.sinh(np.exp(log_tail[:1]) * np.arcsinh(eps) + skew[:1]),
    }


def _flow_inputs(
    rng: np.random.Generator, batch: tuple[int, ...] = (4,), dim: int = 2, samples: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    shape = (*batch, dim)
    count = int(np.prod(shape))
    signs = [rng.permutation(np.resize([-1.0, 1.0], count)).reshape(shape) for _ in range(3)]
    sizes = ((0.3, 2.5), (0.3, 0.9), (0.2, 0.5))
    parts = [sign * rng.uniform(*size, shape) for sign, size in zip(signs, sizes, strict=True)]
    parts[2].flat[:2] = rng.uniform(1.2, 1.5, 2) * [1, -1]  # a heavy tail, and a light one
    return np.concatenate([rng.normal(size=shape), *parts], -1), rng.normal(size=(samples, *shape))


@EXERCISE.part("The samples, at fixed noise")
def samples(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = _flow_inputs(rng)
    f = _flow(params, eps)
    return compare(
        unpack(probe.value(params, eps), 2, "z, log_q")[0],
        f["z"],
        what="z",
        mistakes=[
            Mistake(
                "log_tail_as_tail",
                "You multiplied by log_tail. Exponentiate it first.",
                f["z_tail"],
            ),
            Mistake(
                "log_scale_as_scale",
                "You multiplied by log_scale. Exponentiate it first.",
                f["z_scale"],
            ),
            Mistake(
                "skew_and_tail_swapped",
                "The order is loc, log_scale, skew, log_tail; you took the last two the other way round.",
                f["z_swapped"],
            ),
            Mistake("skew_lost", "The skew is missing: add it before the sinh.", f["z_noskew"]),
            Mistake(
                "skew_outside",
                "The skew is added after the sinh, where it only moves the density. Add it inside.",
                f["z_outside"],
            ),
            Mistake(
                "gaussian",
                "This is the Gaussian sample: the flow has not been applied.",
                f["z_gauss"],
            ),
            Mistake("first_datum", "Every datum got the numbers of the first one.", f["z_first"]),
        ],
    )


@EXERCISE.part("Their log-density, by the change of variables")
def log_density(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = _flow_inputs(rng)
    f = _flow(params, eps)
    terms = f["noise"] - f["log_slope"]
    return compare(
        unpack(probe.value(params, eps), 2, "z, log_q")[1],
        terms.sum(-1),
        what="log q",
        mistakes=[
            Mistake(
                "slope_sign",
                "The slope has the wrong sign. Where the map stretches, the density falls: subtract log |dz/deps|.",
                (f["noise"] + f["log_slope"]).sum(-1),
            ),
            Mistake(
                "noise_density",
                "This is the density of eps. Subtract log |dz/deps|.",
                f["noise"].sum(-1),
            ),
            Mistake(
                "scale_lost",
                "The slope lacks the factor exp(log_scale).",
                (terms + f["log_scale"]).sum(-1),
            ),
            Mistake(
                "tail_lost",
                "The slope lacks the factor exp(log_tail), the inner derivative.",
                (terms + f["log_tail"]).sum(-1),
            ),
            Mistake(
                "asinh_lost",
                "The derivative of asinh(eps), one over the root of 1 + eps^2, is missing.",
                (terms - f["root"]).sum(-1),
            ),
            Mistake(
                "cosh_lost",
                "The derivative of sinh is cosh; it is missing.",
                (terms + f["cosh"]).sum(-1),
            ),
            Mistake(
                "root_lost",
                "The derivative of asinh(eps) is one over the root of 1 + eps^2; you forgot the root.",
                (terms + f["root"]).sum(-1),
            ),
            Mistake(
                "sinh_slope",
                "The derivative of sinh is cosh, and you took sinh again.",
                (terms + f["cosh"] - f["sinh"]).sum(-1),
            ),
            Mistake(
                "density_at_z",
                "N(.; 0, 1) is the density of the noise: take it at eps, not at z.",
                (terms - f["noise"] - 0.5 * f["z"] ** 2 - 0.5 * LOG_2PI).sum(-1),
            ),
            Mistake(
                "gaussian",
                "This is N(z; loc, scale^2), as if z were not bent by the flow. Change variables from eps instead.",
                (
                    -0.5 * ((f["z"] - f["loc"]) / np.exp(f["log_scale"])) ** 2
                    - f["log_scale"]
                    - 0.5 * LOG_2PI
                ).sum(-1),
            ),
            Mistake(
                "no_sum", "One number per coordinate came back: sum over the last axis.", terms
            ),
        ],
    )


@EXERCISE.part("With no skew and no tail it is a Gaussian; one datum without a batch", weight=0.5)
def gaussian_case(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, log_scale, eps = rng.normal(size=3), rng.uniform(-1, 0, 3), rng.normal(size=(4, 3))
    reply = probe.value(np.concatenate([loc, log_scale, np.zeros(6)]), eps)
    finding = compare(
        unpack(reply, 2, "z, log_q")[0],
        loc + np.exp(log_scale) * eps,
        what="z of the Gaussian case",
    )
    if not finding.ok:
        return finding
    return compare(
        unpack(reply, 2, "z, log_q")[1],
        (-0.5 * eps**2 - log_scale - 0.5 * LOG_2PI).sum(-1),
        what="log q of the Gaussian case",
    )


@EXERCISE.part(
    "Far out: eps = 30 and -30, and at 0, and at 1,000; data on two axes, one sample", weight=0.5
)
def far_out(probe: Probe, rng: np.random.Generator) -> Finding:
    params, _ = _flow_inputs(rng, (2, 3), 1)
    eps = np.array([30.0, -30.0, 0.0, 1000.0, -1000.0, 0.0]).reshape(1, 2, 3, 1)
    f = _flow(params, eps)
    z, log_q = unpack(probe.value(params, eps), 2, "z, log_q")
    finding = compare(z, f["z"], what="z")
    if not finding.ok:
        return finding
    return compare(log_q, (f["noise"] - f["log_slope"]).sum(-1), what="log q")

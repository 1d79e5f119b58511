"""Unit 11: the two gaps in closed form, and a flow whose numbers an encoder writes."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare
from autograder.checks.probe import Probe
from autograder.checks.registry import part
from autograder.checks.unit_11_encoder import LOG_2PI, pair

GAPS, FLOW = "11_gaps", "11_flow_recognizer"


# -- gaps -------------------------------------------------------------------------------------------------------------


def _linear(rng: np.random.Generator, dim: int = 2, data: int = 3, batch: int = 4) -> tuple[np.ndarray, ...]:
    """W, variance, x, and an encoder's loc and log_scale that are near the truth and not on it."""
    weight, variance, x = rng.normal(size=(data, dim)), np.asarray(rng.uniform(0.4, 1.2)), rng.normal(size=(batch, data))
    precision, mean = _posterior(weight, variance, x)
    loc = mean + 0.3 * rng.normal(size=(batch, dim))
    return weight, variance, x, loc, -0.5 * np.log(np.diag(precision)) + 0.3 * rng.normal(size=(batch, dim))


def _posterior(weight: np.ndarray, variance: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    precision = np.eye(weight.shape[1]) + weight.T @ weight / variance
    return precision, np.linalg.solve(precision, weight.T @ x.T / variance).T


def _kl(precision: np.ndarray, mean: np.ndarray, loc: np.ndarray, s2: np.ndarray) -> np.ndarray:
    far = loc - mean
    trace = (np.diag(precision) * s2).sum(-1)
    mahalanobis = np.einsum("...i,ij,...j->...", far, precision, far)
    return 0.5 * (trace + mahalanobis - s2.shape[-1] - np.log(s2).sum(-1) - np.linalg.slogdet(precision)[1])


def _both(weight: np.ndarray, variance: np.ndarray, x: np.ndarray, loc: np.ndarray, log_scale: np.ndarray) -> dict[str, np.ndarray]:
    precision, mean = _posterior(weight, variance, x)
    total = _kl(precision, mean, loc, np.exp(2 * log_scale))
    best = 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1]) + 0 * total
    marginal = _kl(precision, mean, mean, np.diag(np.linalg.inv(precision)) + 0 * mean)
    diagonal = np.diag(precision)
    squared, centre = _posterior(weight, variance**2, x)
    best2 = 0.5 * (np.log(np.diag(squared)).sum() - np.linalg.slogdet(squared)[1]) + 0 * total
    return {"squared_approximation": best2, "squared_amortization": _kl(squared, centre, loc, np.exp(2 * log_scale)) - best2,
            "fourth": _kl(precision, mean, mean, diagonal**-2 + 0 * mean), "mean_kept": _kl(precision, mean, loc, 1 / diagonal + 0 * mean),
            "total": total, "approximation": best, "amortization": total - best, "marginal": marginal,
            "scale_only": _kl(precision, mean, mean, np.exp(2 * log_scale)) - best}


def _gap_mistakes(g: dict[str, np.ndarray], which: str) -> list[Mistake]:
    other = "amortization" if which == "approximation" else "approximation"
    kept = [Mistake("best_at_the_encoders_mean", "Your q* keeps the encoder's mean. The best q has the posterior's, and only the scales "
                    "differ.", g["mean_kept"])]
    return [
        *(kept if which == "approximation" else []),
        Mistake("swapped", f"This is the {other} gap. The approximation gap comes first, the amortization gap second.", g[other]),
        Mistake("total",
                "This is the whole gap, KL(q || posterior). Split it: what the best member of the family lacks, and the "
                "rest.", g["total"]),
        Mistake("sign", "The sign is turned. Gaps are what is missing: they are never negative.", -g[which]),
        Mistake("marginal_variance",
                "Your best q has the posterior's marginal variances. Reverse KL wants the conditional ones, one over "
                "the diagonal of the precision, which are smaller.",
                g["marginal"] if which == "approximation" else g["total"] - g["marginal"]),
        Mistake("no_half", "A factor of one half is missing.", 2 * g[which]),
        Mistake("variance_squared", "sigma^2 came in as `variance`, and you squared it again.", g[f"squared_{which}"]),
        Mistake("log_variance_as_log_scale", "The best variance is 1 / Lambda_dd, so the best log scale is -1/2 log Lambda_dd.",
                g["fourth"] if which == "approximation" else g["total"] - g["fourth"]),
        Mistake("mean_ignored", "The encoder's mean misses the posterior's, and that costs too.",
                g["scale_only"] if which == "amortization" else g["scale_only"] + g["approximation"]),
    ]


def _part_of_gap(probe: Probe, inputs: tuple[np.ndarray, ...], which: str) -> Finding:
    got = pair(probe.value(*inputs), 0 if which == "approximation" else 1, "approximation, amortization")
    g = _both(*inputs)
    if isinstance(got, np.ndarray) and got.shape == () and which == "approximation" and np.isclose(got, g[which].flat[0]):
        return Finding(False, "one number per datum, (*B)", "a single number", "not_per_datum",
                       "It happens to be the same for every datum, but return it for each: expand it to the shape of the other.")
    return compare(got, g[which], _gap_mistakes(g, which), what=f"the {which} gap")


@part(GAPS, "The approximation gap")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    return _part_of_gap(probe, _linear(rng), "approximation")


@part(GAPS, "The amortization gap")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    return _part_of_gap(probe, _linear(rng), "amortization")


@part(GAPS, "Five latents, and one datum without a batch")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _part_of_gap(probe, _linear(rng, 5, 7, 3), "amortization")
    if not finding.ok:
        return finding
    weight, variance, x, loc, log_scale = _linear(rng, 2, 3, 1)
    return _part_of_gap(probe, (weight, variance, x[0], loc[0], log_scale[0]), "amortization")


@part(GAPS, "An encoder that says the best there is has no amortization gap; orthogonal loadings leave no approximation gap")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, variance, x, _, _ = _linear(rng, 3, 5, 2)
    precision, mean = _posterior(weight, variance, x)
    perfect = -0.5 * np.log(np.diag(precision)) + 0 * mean
    finding = compare(pair(probe.value(weight, variance, x, mean, perfect), 1, "approximation, amortization"), np.zeros(2),
                      what="the amortization gap of the best q", atol=1e-9)
    if not finding.ok:
        return finding
    orthogonal = np.linalg.qr(weight)[0] * rng.uniform(0.5, 2.0, 3)
    return compare(pair(probe.value(orthogonal, variance, x, mean, perfect), 0, "approximation, amortization"), np.zeros(2),
                   what="the approximation gap when the columns of W are orthogonal", atol=1e-9)


# -- a flow -----------------------------------------------------------------------------------------------------------


def _flow(params: np.ndarray, eps: np.ndarray) -> dict[str, np.ndarray]:
    loc, log_scale, skew, log_tail = np.split(params, 4, -1)
    u = np.exp(log_tail) * np.arcsinh(eps) + skew
    root, noise = 0.5 * np.log1p(eps**2), -0.5 * eps**2 - 0.5 * LOG_2PI
    log_slope = log_scale + log_tail + np.log(np.cosh(u)) - root
    tail_as_is = log_tail * np.arcsinh(eps) + skew
    return {"z": loc + np.exp(log_scale) * np.sinh(u), "noise": noise, "log_slope": log_slope, "log_scale": log_scale + 0 * eps,
            "log_tail": log_tail + 0 * eps, "cosh": np.log(np.cosh(u)), "root": root,
            "sinh": np.log(np.abs(np.sinh(u))), "loc": loc + 0 * eps,
            "z_tail": loc + np.exp(log_scale) * np.sinh(tail_as_is), "z_noskew": loc + np.exp(log_scale) * np.sinh(u - skew),
            "z_scale": loc + log_scale * np.sinh(u), "z_outside": loc + np.exp(log_scale) * (np.sinh(u - skew) + skew),
            "z_swapped": loc + np.exp(log_scale) * np.sinh(np.exp(skew) * np.arcsinh(eps) + log_tail),
            "z_gauss": loc + np.exp(log_scale) * eps,
            "z_first": loc[:1] + np.exp(log_scale[:1]) * np.sinh(np.exp(log_tail[:1]) * np.arcsinh(eps) + skew[:1])}


def _flow_inputs(rng: np.random.Generator, batch: tuple[int, ...] = (4,), dim: int = 2, samples: int = 5) -> tuple[np.ndarray, np.ndarray]:
    spans = ((-0.9, -0.3), (0.3, 0.9), (0.2, 0.5))
    parts = [rng.normal(size=(*batch, dim)), *(rng.uniform(low, high, (*batch, dim)) for low, high in spans)]
    return np.concatenate(parts, -1), rng.normal(size=(samples, *batch, dim))


@part(FLOW, "The samples, at fixed noise")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = _flow_inputs(rng)
    f = _flow(params, eps)
    return compare(pair(probe.value(params, eps), 0, "z, log_q"), f["z"], what="z", mistakes=[
        Mistake("log_tail_as_tail", "You multiplied by log_tail. Exponentiate it first.", f["z_tail"]),
        Mistake("log_scale_as_scale", "You multiplied by log_scale. Exponentiate it first.", f["z_scale"]),
        Mistake("skew_and_tail_swapped", "The order is loc, log_scale, skew, log_tail; you took the last two the other way round.",
                f["z_swapped"]),
        Mistake("skew_lost", "The skew is missing: add it before the sinh.", f["z_noskew"]),
        Mistake("skew_outside", "The skew is added after the sinh, where it only moves the density. Add it inside.", f["z_outside"]),
        Mistake("gaussian", "This is the Gaussian sample: the flow has not been applied.", f["z_gauss"]),
        Mistake("first_datum", "Every datum got the numbers of the first one.", f["z_first"])])


@part(FLOW, "Their log-density, by the change of variables")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = _flow_inputs(rng)
    f = _flow(params, eps)
    terms = f["noise"] - f["log_slope"]
    return compare(pair(probe.value(params, eps), 1, "z, log_q"), terms.sum(-1), what="log q", mistakes=[
        Mistake("slope_sign", "The slope has the wrong sign. Where the map stretches, the density falls: subtract log |dz/deps|.",
                (f["noise"] + f["log_slope"]).sum(-1)),
        Mistake("noise_density", "This is the density of eps. Subtract log |dz/deps|.", f["noise"].sum(-1)),
        Mistake("scale_lost", "The slope lacks the factor exp(log_scale).", (terms + f["log_scale"]).sum(-1)),
        Mistake("tail_lost", "The slope lacks the factor exp(log_tail), the inner derivative.", (terms + f["log_tail"]).sum(-1)),
        Mistake("asinh_lost", "The derivative of asinh(eps), one over the root of 1 + eps^2, is missing.", (terms - f["root"]).sum(-1)),
        Mistake("cosh_lost", "The derivative of sinh is cosh; it is missing.", (terms + f["cosh"]).sum(-1)),
        Mistake("root_lost", "The derivative of asinh(eps) is one over the root of 1 + eps^2; you forgot the root.",
                (terms + f["root"]).sum(-1)),
        Mistake("sinh_slope", "The derivative of sinh is cosh, and you took sinh again.", (terms + f["cosh"] - f["sinh"]).sum(-1)),
        Mistake("density_at_z", "N(.; 0, 1) is the density of the noise: take it at eps, not at z.",
                (terms - f["noise"] - 0.5 * f["z"] ** 2 - 0.5 * LOG_2PI).sum(-1)),
        Mistake("gaussian", "This is N(z; loc, scale^2), as if z were not bent by the flow. Change variables from eps instead.",
                (-0.5 * ((f["z"] - f["loc"]) / np.exp(f["log_scale"])) ** 2 - f["log_scale"] - 0.5 * LOG_2PI).sum(-1)),
        Mistake("no_sum", "One number per coordinate came back: sum over the last axis.", terms)])


@part(FLOW, "With no skew and no tail it is a Gaussian; one datum without a batch", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, log_scale, eps = rng.normal(size=3), rng.uniform(-1, 0, 3), rng.normal(size=(4, 3))
    reply = probe.value(np.concatenate([loc, log_scale, np.zeros(6)]), eps)
    finding = compare(pair(reply, 0, "z, log_q"), loc + np.exp(log_scale) * eps, what="z of the Gaussian case")
    if not finding.ok:
        return finding
    return compare(pair(reply, 1, "z, log_q"), (-0.5 * eps**2 - log_scale - 0.5 * LOG_2PI).sum(-1), what="log q of the Gaussian case")


@part(FLOW, "Far out: eps = 30", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, _ = _flow_inputs(rng, (2,), 1)
    eps = np.full((1, 2, 1), 30.0)
    f = _flow(params, eps)
    return compare(pair(probe.value(params, eps), 1, "z, log_q"), (f["noise"] - f["log_slope"]).sum(-1), what="log q")

"""Unit 00: Gaussians conditioned with and without large matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, holds
from autograder.checks.probe import LearnerError, Probe
from autograder.checks.registry import part
from autograder.checks.unit_00_z_score import several

CONDITION, WOODBURY = "00_condition", "00_woodbury"
X_FIRST = "You cut mean and covariance as if x came first. They are of (z, x): z is the first block, and x has the last x.shape[-1] places."


# -- conditioning -----------------------------------------------------------------------------------------------------


def _joint(rng: np.random.Generator, dim: int, data: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean ``(D + Dx)`` and covariance of a joint Gaussian, far from singular."""
    root = rng.normal(size=(dim + data, dim + data))
    return rng.normal(size=dim + data), root @ root.T / (dim + data) + 0.5 * np.eye(dim + data)


def _pair(probe: Probe, *inputs: np.ndarray, index: int) -> Any:
    reply = probe.value(*inputs)
    return reply[index] if several(reply, 2) else {"$type": "result that is not two tensors (mean, covariance)"}


def _condition(mean: np.ndarray, cov: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    dim = len(mean) - x.shape[-1]
    zz, zx, xx = cov[:dim, :dim], cov[:dim, dim:], cov[dim:, dim:]
    gain, far = zx @ np.linalg.inv(xx), x - mean[dim:]
    first, last = slice(None, x.shape[-1]), slice(x.shape[-1], None)                # the blocks, if x came first
    swapped = cov[last, first] @ np.linalg.inv(cov[first, first])
    pieces = {"x_first": mean[last] + (x - mean[first]) @ swapped.T, "cov_x_first": cov[last, last] - swapped @ cov[first, last],
              "uncentred": mean[:dim] + x @ gain.T, "no_prior_mean": far @ gain.T, "minus": mean[:dim] - far @ gain.T,
              "no_inverse": mean[:dim] + far @ zx.T, "prior": mean[:dim] + 0 * (far @ gain.T), "zz": zz, "plus": zz + gain @ zx.T,
              "explained": gain @ zx.T, "cov_no_inverse": zz - zx @ zx.T, "precision": np.linalg.inv(zz - gain @ zx.T)}
    return mean[:dim] + far @ gain.T, zz - gain @ zx.T, pieces


@part(CONDITION, "The mean of z given x")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    mean, cov = _joint(rng, 3, 2)
    x = rng.normal(size=(4, 2))
    want, _, m = _condition(mean, cov, x)
    return compare(_pair(probe, mean, cov, x, index=0), want, _mean_mistakes(m), what="the conditional mean")


def _mean_mistakes(m: dict[str, np.ndarray]) -> list[Mistake]:
    return [
        Mistake("x_first", X_FIRST, m["x_first"]),
        Mistake("uncentred", "x is multiplied as it is. What moves z is how far x lies from its own mean.", m["uncentred"]),
        Mistake("no_prior_mean", "The mean of z is missing: at x equal to its mean, z is expected at its own.", m["no_prior_mean"]),
        Mistake("sign", "z moves to the wrong side: add the correction.", m["minus"]),
        Mistake("no_inverse", "The covariance of x is not divided out: multiply by its inverse.", m["no_inverse"]),
        Mistake("unconditional", "This is the mean of z before x was seen.", m["prior"])]


@part(CONDITION, "The covariance of z given x")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    mean, cov = _joint(rng, 3, 2)
    _, want, m = _condition(mean, cov, rng.normal(size=(4, 2)))
    got = _pair(probe, mean, cov, rng.normal(size=(4, 2)), index=1)
    return compare(got, want, _covariance_mistakes(m), what="the conditional covariance")


def _covariance_mistakes(m: dict[str, np.ndarray]) -> list[Mistake]:
    return [
        Mistake("x_first", X_FIRST, m["cov_x_first"]),
        Mistake("added", "You added what x explains. To see x makes z more certain: subtract.", m["plus"]),
        Mistake("unconditional", "This is the covariance of z before x was seen.", m["zz"]),
        Mistake("explained_only", "This is the part that x explains. Subtract it from the covariance of z.", m["explained"]),
        Mistake("no_inverse", "The covariance of x is not divided out: multiply by its inverse.", m["cov_no_inverse"]),
        Mistake("precision", "This is the inverse of what is asked for, the conditional precision.", m["precision"])]


@part(CONDITION, "The course's toy: half of x, variance one half", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x = rng.normal(size=(5, 1))
    mean, cov = np.zeros(2), np.array([[1.0, 1.0], [1.0, 2.0]])
    _, _, m = _condition(mean, cov, x)
    of_mean = [known for known in _mean_mistakes(m) if known.key not in ("x_first", "no_inverse")]       # the same number here
    of_variance = [known for known in _covariance_mistakes(m) if known.key != "x_first"]
    finding = compare(_pair(probe, mean, cov, x, index=0), x / 2, of_mean, what="the posterior mean of the toy")
    if not finding.ok:
        return finding
    return compare(_pair(probe, mean, cov, x, index=1), [[0.5]], of_variance, what="its posterior variance")


@part(CONDITION, "x without a batch, and more data than latents", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    mean, cov = _joint(rng, 1, 4)
    x = rng.normal(size=4)
    want, _, m = _condition(mean, cov, x)
    says = "Without a batch x is a vector: use x @ gain.T, or (gain @ x.unsqueeze(-1)).squeeze(-1), which work for both."
    try:
        finding = compare(_pair(probe, mean, cov, x, index=0), want, _mean_mistakes(m), what="the conditional mean for x of shape (4,)")
    except LearnerError as error:
        if error.kind not in ("IndexError", "RuntimeError", "ValueError"):
            raise
        return Finding(False, "a conditional mean for x of shape (4,)", f"{error.kind}: {error.message}", "no_batch", says)
    plain = finding.ok or finding.diagnosis not in ("shape", "type")
    return finding if plain else Finding(False, finding.expected, finding.came, "no_batch", says)


# -- Woodbury ---------------------------------------------------------------------------------------------------------


def _factor(rng: np.random.Generator, dim: int, rank: int, batch: tuple[int, ...] = (3,)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return rng.uniform(0.5, 2.0, dim), rng.normal(size=(dim, rank)), rng.normal(size=(*batch, dim))


def _dense(scale: np.ndarray, factor: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cov = np.diag(scale**2) + factor @ factor.T
    return np.linalg.slogdet(cov)[1], np.einsum("...i,ij,...j->...", v, np.linalg.inv(cov), v)


@part(WOODBURY, "The log-determinant")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    scale, factor, v = _factor(rng, 6, 2)
    want, _ = _dense(scale, factor, v)
    inner = np.eye(2) + factor.T @ (factor / scale[:, None] ** 2)
    inner_det, diagonal = np.linalg.slogdet(inner)[1], 2 * np.log(scale).sum()
    return compare(_pair(probe, scale, factor, v, index=0), want, what="log det", mistakes=[
        Mistake("diagonal_lost", "This is the determinant of the small matrix alone. Add that of diag(scale^2).", inner_det),
        Mistake("inner_lost",
                "This is the determinant of diag(scale^2) alone. Add that of the small matrix I + B' diag(scale^-2) B.", diagonal),
        Mistake("scale_not_squared", "The covariance holds diag(scale^2), not diag(scale).", _dense(scale**0.5, factor, v)[0]),
        Mistake("half", "This is half the log-determinant: Cholesky's diagonal counts twice.", want / 2),
        Mistake("half_inner",
                "The small matrix counts once: if you sum the log of its Cholesky diagonal, double it.", diagonal + inner_det / 2),
        Mistake("inverse_diagonal", "S is diag(scale^-2), the inverse of what stands in the covariance: its log-determinant is "
                "-2 sum log scale, and +2 is needed.", inner_det - diagonal),
        Mistake("half_diagonal", "diag(scale^2) has log-determinant 2 sum log scale; the 2 is missing.", diagonal / 2 + inner_det)])


@part(WOODBURY, "The quadratic form")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    scale, factor, v = _factor(rng, 6, 2)
    _, want = _dense(scale, factor, v)
    weighted = v / scale**2
    inner = np.eye(2) + factor.T @ (factor / scale[:, None] ** 2)
    correction = np.einsum("...i,ij,...j->...", weighted @ factor, np.linalg.inv(inner), weighted @ factor)
    plain = (v * weighted).sum(-1)
    return compare(_pair(probe, scale, factor, v, index=1), want, what="v' cov^-1 v", mistakes=[
        Mistake("plus", "The correction is subtracted: a factor adds variance, so v is less surprising.", plain + correction),
        Mistake("unweighted", "In the correction S stands on both sides of B: weigh v by scale^-2 before it meets the factor.",
                plain - np.einsum("...i,ij,...j->...", v @ factor, np.linalg.inv(inner), v @ factor)),
        Mistake("correction_lost", "This is v' diag(scale^-2) v. The correction of Woodbury's formula is missing.", plain),
        Mistake("correction_only", "This is the correction alone. Subtract it from v' diag(scale^-2) v.", correction),
        Mistake("scale_not_squared", "The covariance holds diag(scale^2), not diag(scale).", _dense(scale**0.5, factor, v)[1]),
        Mistake("covariance_form", "This is v' cov v. The density needs the inverse of the covariance.",
                (v**2 * scale**2).sum(-1) + ((v @ factor) ** 2).sum(-1)),
        Mistake("over_everything", "You summed over the batch too. Each v has a quadratic form of its own.", want.sum())])


@part(WOODBURY, "2,000 dimensions, and no matrix of 2,000 by 2,000")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    scale, factor, v = _factor(rng, 2000, 3, ())
    scale = 3 * scale                                                               # the product of 2,000 squares is infinite
    reply = probe.drive("watch_sizes", scale=scale, factor=factor, v=v, limit=400_000)
    says = ("A matrix of D x D was made. At D = 10,000 it takes 800 megabytes and its Cholesky factor minutes. Work with "
            "B' diag(scale^-2) B, which is R x R, and divide by scale**2 elementwise.")
    if reply["large"]:
        return holds(False, "no tensor of more than 400,000 entries", "one with at least 4,000,000", "dense", says)
    pair = reply["value"]
    if not several(pair, 2):
        return holds(False, "two tensors (log_det, quadratic)", "something else", "type", "Return both, the log-determinant first.")
    inner = np.eye(3) + factor.T @ (factor / scale[:, None] ** 2)
    log_det = 2 * np.log(scale).sum() + np.linalg.slogdet(inner)[1]
    part_of_v = factor.T @ (v / scale**2)
    quadratic = (v**2 / scale**2).sum() - part_of_v @ np.linalg.solve(inner, part_of_v)
    product = Mistake("product", "The product of 2,000 numbers is too large (or small) for floating point. Its logarithm is a sum: add up "
                      "2 log scale.", lambda got: not np.isfinite(got[0]))
    return compare([float(pair[0]), float(pair[1])], [log_det, quadratic], [product], what="log det and quadratic form")


@part(WOODBURY, "One v without a batch, and a factor of rank one", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    scale, factor, v = _factor(rng, 4, 1, ())
    finding = compare(_pair(probe, scale, factor, v, index=0), _dense(scale, factor, v)[0], what="log det")
    return finding if not finding.ok else compare(_pair(probe, scale, factor, v, index=1), _dense(scale, factor, v)[1], what="v' cov^-1 v")

"""Unit 01: latents integrated out, of two Bernoullis by quadrature and of a mixed model in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from autograder.checks.registry import part
from autograder.evidence import Finding, Mistake, compare
from autograder.probes import Probe

CORRELATION, MIXED = "01_correlation", "01_mixed"
GRID = np.linspace(-12, 12, 20001)
LOG_2PI = np.log(2 * np.pi)
SAMPLED = "Two calls with the same arguments gave two answers: you drew samples. Here an exact answer is asked."


def _twice(probe: Probe, *args: Any) -> tuple[Any, bool]:
    """The reply, and whether a second call gives another one."""
    first, second = probe.value(*args), probe.value(*args)
    flat = [np.concatenate([np.ravel(item) for item in (reply if isinstance(reply, list) else [reply])])
            if all(isinstance(item, (np.ndarray, float, int)) for item in (reply if isinstance(reply, list) else [reply])) else None
            for reply in (first, second)]
    if flat[0] is None or flat[1] is None or flat[0].dtype == object or flat[0].shape != flat[1].shape:
        return first, False
    return first, not np.allclose(flat[0], flat[1], rtol=1e-9, atol=1e-12, equal_nan=True)


# ------------------------------------------------------------------ two Bernoullis

def table_of(a: np.ndarray, b: np.ndarray, weights: np.ndarray | None = None, z: np.ndarray = GRID) -> np.ndarray:
    """p(x1, x2), ``(2, 2)``, by the trapezoid rule; ``weights`` stands for the prior if it is another one."""
    weights = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * (z[1] - z[0]) if weights is None else weights
    p = expit(a[:, None] + b[:, None] * z)
    first, second = (np.stack([1 - row, row]) for row in p)
    return np.einsum("iz,jz,z->ij", first, second, weights)


def correlation_of(table: np.ndarray) -> float:
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return float((table[1, 1] - p1 * p2) / np.sqrt(p1 * (1 - p1) * p2 * (1 - p2)))


def _pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.uniform(0.3, 1.2, 2) * rng.choice([-1, 1], 2), rng.uniform(1.2, 3.0, 2) * rng.choice([-1, 1], 2)


def _answer(probe: Probe, a: np.ndarray, b: np.ndarray, index: int) -> tuple[Any, Finding | None]:
    reply, sampled = _twice(probe, a, b)
    if not isinstance(reply, list) or len(reply) != 2:
        return {"$type": "result that is not two tensors (table, correlation)"}, None
    if sampled:
        return reply[index], Finding(False, "the same answer at every call", "two different answers", "sampled", SAMPLED)
    return reply[index], None


def _unweighted(a: np.ndarray, b: np.ndarray, got: np.ndarray) -> bool:
    """Whether a table comes from weighting all z of some interval alike, whatever it adds up to."""
    if got.shape != (2, 2) or not got.sum() > 0:
        return False
    for end in (3, 4, 5, 6, 8, 10, 12, 15, 20):
        z = np.linspace(-end, end, 2001)
        if np.allclose(got / got.sum(), table_of(a, b, np.full_like(z, 1 / len(z)), z), atol=2e-3):
            return True
    return False


ENDS = (2.0, 2.5, 3.0, 3.5, 4.0)
TOO_SHORT = "The grid ends too early. Beyond -3 and 3 there lies 0.3 per cent of N(0, 1), and five digits are asked: go to -8 and 8."


def _cut_off(a: np.ndarray, b: np.ndarray, got: np.ndarray) -> bool:
    """Whether a table is the right one but for the tails of z beyond some end."""
    if got.shape != (2, 2) or got.sum() > 1 - 3e-5:
        return False
    right = table_of(a, b)
    cut = [table_of(a, b, z=np.linspace(-end, end, 8001)) for end in ENDS]
    return any(np.abs(got - short).max() < 0.2 * np.abs(right - short).max() for short in cut)


def _table_mistakes(a: np.ndarray, b: np.ndarray) -> list[Mistake]:
    right = table_of(a, b)
    p1, p2 = right[1].sum(), right[:, 1].sum()
    product = np.outer([1 - p1, p1], [1 - p2, p2])
    at_zero = expit(a)
    return [
        Mistake("independent",
                "This is the product of the two marginals. Given z the two are independent; the integral over z comes after the "
                "product, not before it.", product),
        Mistake("plug_in", "You put the prior mean z = 0 in place of z. The probability is an average over z.",
                np.outer([1 - at_zero[0], at_zero[0]], [1 - at_zero[1], at_zero[1]])),
        Mistake("transposed", "The table is transposed: rows are x1, columns are x2.", right.T),
        Mistake("flipped", "The outcomes are turned round: entry [0, 0] is the probability of x1 = 0, x2 = 0.", right[::-1, ::-1]),
        Mistake("short_grid", TOO_SHORT, lambda got: _cut_off(a, b, got)),
        Mistake("single_precision", "Nearly: right to three digits. Is the grid in single precision? There the step from point to point is "
                "lost in rounding. Give linspace dtype=torch.float64.",
                lambda got: got.shape == (2, 2) and np.allclose(got, right, rtol=2e-3) and abs(got.sum() - 1) < 2e-3),
        Mistake("not_normalized", "Right up to a factor: the four probabilities do not add up to one. Is the step of the grid missing, or "
                "the 1/sqrt(2 pi)?", lambda got: got.shape == (2, 2) and abs(got.sum() - 1) > 2e-3 and got.sum() != 0
                and np.allclose(got / got.sum(), right, rtol=1e-3)),
        Mistake("no_prior", "The prior N(z; 0, 1) is missing: every z has the same weight in your average.",
                lambda got: _unweighted(a, b, got)),
        Mistake("swapped", "Intercepts and slopes are exchanged: the logit is a + b z.", table_of(b, a)),
    ]


@part(CORRELATION, "The table p(x1, x2)", weight=2)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    a, b = _pair(rng)
    got, bad = _answer(probe, a, b, 0)
    return bad or compare(got, table_of(a, b), what="p(x1, x2)", mistakes=_table_mistakes(a, b))


def _correlation_mistakes(a: np.ndarray, b: np.ndarray) -> list[Mistake]:
    right = table_of(a, b)
    p1, p2 = right[1].sum(), right[:, 1].sum()
    covariance = right[1, 1] - p1 * p2
    weights = np.exp(-0.5 * GRID**2)
    p = expit(a[:, None] + b[:, None] * GRID)
    smooth = np.cov(p, aweights=weights, ddof=0)
    return [
        Mistake("covariance", "This is the covariance. Divide it by both standard deviations.", covariance),
        Mistake("of_probabilities", "This is the correlation of the two probabilities, sigmoid(a + b z). A coin also varies around its "
                "probability: the variance of x is p (1 - p), with p its mean.", smooth[0, 1] / np.sqrt(smooth[0, 0] * smooth[1, 1])),
        Mistake("variance_for_scale", "You divided by the variances. Divide by the standard deviations, their square roots.",
                covariance / (p1 * (1 - p1) * p2 * (1 - p2))),
        Mistake("sign", "The sign is turned.", -correlation_of(right)),
        Mistake("zero", "Given z the two are independent, but not after z is integrated out.", 0.0),
        Mistake("uncentred", "The product of the means was not subtracted.", right[1, 1] / np.sqrt(p1 * (1 - p1) * p2 * (1 - p2))),
        Mistake("swapped", "Intercepts and slopes are exchanged: the logit is a + b z.", correlation_of(table_of(b, a))),
        Mistake("short_grid", TOO_SHORT, lambda got: got.shape == () and any(
            abs(got - short) < 0.1 * abs(short - correlation_of(right))
            for short in (correlation_of(table_of(a, b, z=np.linspace(-end, end, 8001))) for end in ENDS))),
    ]


@part(CORRELATION, "The correlation it implies")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    a, b = _pair(rng)
    got, bad = _answer(probe, a, b, 1)
    return bad or compare(got, correlation_of(table_of(a, b)), what="the correlation", mistakes=_correlation_mistakes(a, b))


@part(CORRELATION, "No cause, no correlation", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    a, b = rng.uniform(-1, 1, 2), np.array([0.0, rng.uniform(1, 3)])
    table = table_of(a, b)
    got, bad = _answer(probe, a, b, 0)
    finding = bad or compare(got, table, what="p(x1, x2) with b1 = 0",
                             mistakes=[m for m in _table_mistakes(a, b) if m.key != "independent"])
    return finding if not finding.ok else compare(_answer(probe, a, b, 1)[0], 0.0, what="the correlation with b1 = 0")


@part(CORRELATION, "A steep sigmoid: slopes of 40 and more", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    a, b = rng.uniform(-8, 8, 2), rng.uniform(40, 60, 2) * rng.choice([-1, 1], 2)
    want = table_of(a, b)
    got, bad = _answer(probe, a, b, 0)
    coarse = Mistake("too_coarse",
                     "Near, but not near enough. A sigmoid this steep climbs within 0.1 of z, so the points must lie closer than "
                     "that: a fine grid from -10 to 10 has no trouble, a few dozen quadrature nodes have.",
                     lambda a_: a_.shape == (2, 2) and bool(np.abs(a_ - want).max() < 0.15))
    return bad or compare(got, want, what="p(x1, x2)", mistakes=[*_table_mistakes(a, b)[:5], coarse])


# ------------------------------------------------------------------ the mixed model

def log_mvn(residual: np.ndarray, covariance: np.ndarray) -> float:
    """log N(r; 0, V), dense."""
    _, log_det = np.linalg.slogdet(covariance)
    return float(-0.5 * (residual @ np.linalg.solve(covariance, residual) + log_det + len(residual) * LOG_2PI))


def _panel(rng: np.random.Generator, sizes: list[int], labels: list[int] | None = None, shuffled: bool = True) -> dict[str, Any]:
    groups = np.repeat(np.arange(len(sizes)) if labels is None else np.asarray(labels), sizes)
    groups = rng.permutation(groups) if shuffled else groups
    n = len(groups)
    design = np.column_stack([np.ones(n), rng.normal(size=n)])
    beta, tau, sigma = rng.normal(size=2), np.asarray(rng.uniform(1.3, 2.5)), np.asarray(rng.uniform(0.3, 0.75))
    effects = tau * rng.normal(size=int(groups.max()) + 1)
    y = design @ beta + effects[groups] + sigma * rng.normal(size=n)
    return {"y": y, "design": design, "groups": groups.astype(np.int64), "beta": beta, "tau": tau, "sigma": sigma}


def _same(groups: np.ndarray) -> np.ndarray:
    return (groups[:, None] == groups[None]).astype(float)


def mixed(y: np.ndarray, design: np.ndarray, groups: np.ndarray, beta: np.ndarray, tau: Any, sigma: Any) -> float:
    """log N(y; X beta, tau^2 [same group] + sigma^2 I), dense."""
    return log_mvn(y - design @ beta, float(tau) ** 2 * _same(groups) + float(sigma) ** 2 * np.eye(len(y)))


def _mixed_mistakes(d: dict[str, Any]) -> list[Mistake]:
    y, design, groups, beta = d["y"], d["design"], d["groups"], d["beta"]
    tau, sigma = float(d["tau"]), float(d["sigma"])
    r, n, eye, same, right = y - design @ beta, len(y), np.eye(len(y)), _same(d["groups"]), mixed(**d)
    v = tau**2 * same + sigma**2 * eye
    _, log_det = np.linalg.slogdet(v)
    reml = right + 0.5 * design.shape[1] * LOG_2PI - 0.5 * np.linalg.slogdet(design.T @ np.linalg.solve(v, design))[1]
    runs = np.cumsum(np.concatenate([[0], (np.diff(groups) != 0)]))
    plug_in = r - tau**2 * same @ np.linalg.solve(v, r)
    with np.errstate(all="ignore"):
        return [
            Mistake("tau_as_variance", "tau is a standard deviation: the groups share the variance tau squared.",
                    log_mvn(r, tau * same + sigma**2 * eye)),
            Mistake("sigma_as_variance", "sigma is a standard deviation: the noise has the variance sigma squared.",
                    log_mvn(r, tau**2 * same + sigma * eye)),
            Mistake("scales_as_variances", "tau and sigma are standard deviations: square both.", log_mvn(r, tau * same + sigma * eye)),
            Mistake("swapped", "tau and sigma are exchanged: tau belongs to the groups, sigma to the noise.",
                    log_mvn(r, sigma**2 * same + tau**2 * eye)),
            Mistake("latents_at_zero", "The random intercepts were set to zero, not integrated out: the group variance is nowhere.",
                    log_mvn(r, sigma**2 * eye)),
            Mistake("plug_in",
                    "You put the best guess of the random intercepts into the likelihood. That is p(y | z) at one z; asked is the "
                    "integral over z, whose covariance is tau^2 between members of a group.", log_mvn(plug_in, sigma**2 * eye)),
            Mistake("independent_rows",
                    "Each row has the right variance, tau^2 + sigma^2, but members of a group also have the covariance tau^2: "
                    "they share one z.", log_mvn(r, (tau**2 + sigma**2) * eye)),
            Mistake("one_group",
                    "All rows share one random intercept in your covariance. tau^2 stands only where two rows have the same group.",
                    log_mvn(r, tau**2 + sigma**2 * eye)),
            Mistake("adjacent_rows",
                    "You took runs of equal labels for groups. The rows of a group need not stand together: compare labels.",
                    log_mvn(r, tau**2 * _same(runs) + sigma**2 * eye)),
            Mistake("diagonal_only_noise", "The diagonal lacks tau^2: a row is in the same group as itself.",
                    log_mvn(r, tau**2 * (same - eye) + sigma**2 * eye)),
            Mistake("reml",
                    "This is the restricted likelihood (REML), which also integrates out beta under a flat prior. Asked is the ordinary "
                    "one, at the beta given; statsmodels reports it with reml=False.", reml),
            Mistake("lost_2pi", "A constant is lost: half of log 2 pi for every row.", right + 0.5 * n * LOG_2PI),
            Mistake("lost_log_det", "The log-determinant of the covariance is missing.", right + 0.5 * log_det),
            Mistake("log_det_not_halved", "The log-determinant counts half.", right - 0.5 * log_det),
            Mistake("deviance", "This is the deviance, -2 log p. Return log p.", -2 * right),
            Mistake("sign", "The sign is turned: this is -log p.", -right),
            Mistake("not_log", "Return the logarithm of the density.", np.exp(right)),
            Mistake("beta_dropped", "The fixed effects were not subtracted: the mean of y is X beta.", log_mvn(y, v)),
            Mistake("per_row", "This is an average per row: return the sum.", right / n),
            Mistake("per_group", "One number for every group came back: add them up.",
                    lambda got: got.ndim == 1 and bool(abs(got.sum() - right) < 1e-6)),
        ]


def _mixed(probe: Probe, d: dict[str, Any]) -> Finding:
    got, sampled = _twice(probe, d["y"], d["design"], d["groups"], d["beta"], d["tau"], d["sigma"])
    if sampled:
        return Finding(False, "the same answer at every call", "two different answers", "sampled", SAMPLED)
    finding = compare(got, mixed(**d), what="log p(y)")
    return finding if finding.ok else compare(got, mixed(**d), what="log p(y)", mistakes=_mixed_mistakes(d))


@part(MIXED, "A small panel", weight=2)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    return _mixed(probe, _panel(rng, [3, 3, 3, 3], shuffled=False))


@part(MIXED, "Rows in any order, labels with gaps, groups of unequal size")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    return _mixed(probe, _panel(rng, [1, 5, 2, 7], labels=[2, 3, 7, 11]))


@part(MIXED, "tau = 0: the groups are no more than labels", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    d = _panel(rng, [2, 4, 3])
    d["tau"] = np.asarray(0.0)
    got = probe.value(d["y"], d["design"], d["groups"], d["beta"], d["tau"], d["sigma"])
    return compare(got, mixed(**d), what="log p(y) at tau = 0", mistakes=[
        Mistake("zero_scale", "At tau = 0 something of yours is the logarithm of zero, or a division by it. The covariance of y, "
                "tau^2 [same group] + sigma^2 I, has no trouble there.", lambda a: not np.isfinite(a).all())])


@part(MIXED, "Six hundred rows, far from zero", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    d = _panel(rng, [150, 240, 210])
    d["sigma"] = np.asarray(rng.uniform(0.1, 0.15))   # so small that even det(2 pi V) underflows at every seed
    d["y"], d["beta"] = d["y"] + 1e4, d["beta"] + np.array([1e4, 0.0])
    lost = Mistake("underflow", "The determinant, or the density, of 600 rows leaves the range of floating point. Stay with logarithms: "
                   "slogdet, or twice the sum of the logarithms of a Cholesky diagonal.", lambda a: not np.isfinite(a).all())
    got = probe.value(d["y"], d["design"], d["groups"], d["beta"], d["tau"], d["sigma"])
    return compare(got, mixed(**d), what="log p(y)", mistakes=[lost])

"""Entropy and KL in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.efficiency import Draws, Efficiency, measured
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, toy_start, toy_terms
from autograder.units.unit_06.reference import DETACHED, DIM, hermite, logcosh_terms, random_toy

EXERCISE = exercise(
    __name__,
    title="Entropy and KL in closed form",
    function="elbo_three_ways",
    points=3,
    difficulty=3,
    importance=4,
    minutes=25,
    read="section 7, Half by formula",
    hides=[
        "distributions.normal:_kl_diagonal",
        "distributions.normal:DiagonalNormal.entropy",
        "gradients.analytic:analytic_kl",
    ],
)

PRIOR_TWICE = "The prior is counted twice: log p(x, z) holds it already, and the KL holds it again. The KL goes with log p(x | z)."
KL_SIGN = "The KL was added. It is the price of moving away from the prior: subtract it."
ENTROPY_SIGN = "The entropy was subtracted. The ELBO is E log p plus the entropy."
ROW_DETACHED = (
    "The gradient of this formula is missing in its row: it was detached, or computed under no_grad or "
    "from plain numbers."
)
STACK = "The rows are asked in one tensor, stacked along a new first axis: torch.stack([...])."


def _rows(
    params: dict[str, np.ndarray], eps: np.ndarray, model: str = "toy"
) -> dict[str, np.ndarray]:
    """The pieces of the three estimates, each ``(*B)``."""
    loc, log_scale, x = params["loc"], params["log_scale"], params["x"]
    z = loc + np.exp(log_scale) * eps
    log_prior = -0.5 * z**2 - 0.5 * LOG_2PI
    log_likelihood = (
        -0.5 * (x - z) ** 2 - 0.5 * LOG_2PI if model == "toy" else -np.log(np.cosh(x - z))
    )
    log_q = -0.5 * eps**2 - 0.5 * LOG_2PI - log_scale
    s2 = np.exp(2 * log_scale)
    return {
        "prior": log_prior.sum(-1).mean(0),
        "likelihood": log_likelihood.sum(-1).mean(0),
        "log_q": log_q.sum(-1).mean(0),
        "entropy": (0.5 * LOG_2PI + 0.5 + log_scale).sum(-1),
        "kl": 0.5 * (s2 + loc**2 - 1 - 2 * log_scale).sum(-1),
        "variance_kl": 0.5 * (np.exp(log_scale) + loc**2 - 1 - log_scale).sum(-1),
        "other_kl": 0.5 * ((1 + loc**2) / s2 - 1 + 2 * log_scale).sum(-1),
    }


def _three(r: dict[str, np.ndarray]) -> np.ndarray:
    joint = r["prior"] + r["likelihood"]
    return np.stack([joint - r["log_q"], joint + r["entropy"], r["likelihood"] - r["kl"]])


def _row_mistakes(r: dict[str, np.ndarray], dim: int) -> list[Mistake]:
    right, joint = _three(r), r["prior"] + r["likelihood"]

    def with_row(index: int, row: np.ndarray) -> np.ndarray:
        return np.stack([row if place == index else right[place] for place in range(3)])

    return [
        Mistake("entropy_sign", ENTROPY_SIGN, with_row(1, joint - r["entropy"])),
        Mistake(
            "entropy_constant",
            "The entropy of a normal is log s + (1 + log 2 pi) / 2 for each coordinate: the 1/2 is missing.",
            with_row(1, joint + r["entropy"] - 0.5 * dim),
        ),
        Mistake(
            "entropy_constant",
            "The entropy of a normal is log s + (1 + log 2 pi) / 2 for each coordinate: its constant is missing.",
            with_row(1, joint + r["entropy"] - 0.5 * dim - 0.5 * dim * LOG_2PI),
        ),
        Mistake("kl_sign", KL_SIGN, with_row(2, r["likelihood"] + r["kl"])),
        Mistake("prior_twice", PRIOR_TWICE, with_row(2, joint - r["kl"])),
        Mistake(
            "kl_reversed",
            "This is KL(p || q), the other way round.",
            with_row(2, r["likelihood"] - r["other_kl"]),
        ),
        Mistake(
            "rows_swapped",
            "Rows 2 and 3 are exchanged: all sampled, then the entropy, then the KL by formula.",
            right[[0, 2, 1]],
        ),
        Mistake(
            "mean_over_batch",
            "You averaged over the batch as well. Average over the samples, axis 0, alone.",
            right.mean(-1),
        ),
        Mistake(
            "not_stacked",
            "The three estimates stand along the last axis. " + STACK,
            right.T,
        ),
        Mistake(
            "not_stacked",
            "Three estimates in one long row. " + STACK,
            right.ravel(),
        ),
        Mistake(
            "variance_as_scale",
            "In the KL, exp(log_scale) was used as the variance. It is the standard deviation: the variance is "
            "exp(2 log_scale).",
            with_row(2, r["likelihood"] - r["variance_kl"]),
        ),
        Mistake(
            "mean_over_coordinates",
            "Entropy and KL of a vector are sums over its coordinates, not means.",
            np.stack([right[0], joint + r["entropy"] / dim, r["likelihood"] - r["kl"] / dim]),
        ),
    ]


@EXERCISE.part("Three values at fixed noise", weight=1.5)
def values(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = random_toy(rng)
    rows = _rows(params, eps)
    got = probe.drive("three_ways/rows", **params, eps=eps, model="toy")["value"]
    return compare(got, _three(rows), what="the three estimates", mistakes=_row_mistakes(rows, DIM))


@EXERCISE.part(
    "The same for a likelihood that is not Gaussian, for a batch of one, and without a batch axis",
    weight=0.5,
)
def values_not_gaussian(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, samples in (((4,), 7), ((1,), 2), ((1,), 1), ((), 3)):
        params, eps = random_toy(rng, batch, samples)
        rows = _rows(params, eps, "logcosh")
        got = probe.drive("three_ways/rows", **params, eps=eps, model="logcosh")["value"]
        finding = compare(
            got, _three(rows), what="the three estimates", mistakes=_row_mistakes(rows, DIM)
        )
        if not finding.ok:
            return finding
    return finding


def _no_rows(value: object, data: int) -> Finding:
    """What to say of an answer that is no tensor of three rows."""
    if isinstance(value, list):
        actual, key, hint = f"{len(value)} results side by side", "not_stacked", STACK
    elif isinstance(value, np.ndarray) and value.shape != (3, data):
        actual, key, hint = f"shape {value.shape}", "shape", "Check along which axis you stack."
    else:
        actual, key, hint = "no torch tensor", "type", "Return a tensor, made by torch throughout."
    return Finding(False, f"three rows in one tensor, (3, {data})", actual, key, hint)


@EXERCISE.part("Three gradients at fixed noise", weight=1.5)
def gradients(probe: Probe, rng: np.random.Generator) -> Finding:
    for model in ("toy", "logcosh"):
        params, eps = random_toy(rng)
        loc, log_scale = params["loc"], params["log_scale"]
        s = np.exp(log_scale)
        z = loc + s * eps
        terms = (toy_terms if model == "toy" else logcosh_terms)(**params, eps=eps)
        entropy = np.concatenate([np.zeros_like(loc), np.ones_like(loc)], -1)
        prior = np.concatenate([-z.mean(0), (-z * s * eps).mean(0)], -1)
        kl = np.concatenate([loc, s**2 - 1], -1)
        total = terms["model"] + entropy
        right = np.stack([total, total, terms["model"] - prior - kl])
        reply = probe.drive("three_ways/rows", **params, eps=eps, model=model)
        got = reply["slopes"]
        if isinstance(got, np.ndarray) and got.shape == (0,):
            return _no_rows(reply["value"], len(params["x"]))
        finding = compare(
            got,
            right,
            what="the gradients",
            mistakes=[
                Mistake("row_detached", ROW_DETACHED, np.stack([total, terms["model"], right[2]])),
                Mistake("row_detached", ROW_DETACHED, np.stack([total, total, right[2] + kl])),
                Mistake(
                    "score_dropped",
                    "In the first row the parameters are held constant inside log q. Freeze nothing here.",
                    np.stack([terms["path"], total, right[2]]),
                ),
                Mistake(
                    "sample_detached",
                    DETACHED,
                    np.stack([terms["score"], entropy, -kl]),
                ),
                Mistake("kl_sign", KL_SIGN, np.stack([total, total, right[2] + 2 * kl])),
                Mistake("prior_twice", PRIOR_TWICE, np.stack([total, total, right[2] + prior])),
                Mistake(
                    "entropy_sign", ENTROPY_SIGN, np.stack([total, total - 2 * entropy, right[2]])
                ),
            ],
        )
        if not finding.ok:
            return finding
    return replace(finding, efficiency=_by_formula(probe, rng))


def _by_formula(probe: Probe, rng: np.random.Generator) -> Efficiency | None:
    """What the formulas save: the variances of the three gradients on the toy, by quadrature, with one sample."""
    (one, _), (points, weights) = toy_start(rng), hermite(12)
    params = {name: np.tile(value, (len(points), 1)) for name, value in one.items()}
    eps = points[None, :, None]
    terms = toy_terms(**params, eps=eps)
    rows = probe.drive("three_ways/rows", **params, eps=eps, model="toy")["slopes"]
    if not isinstance(rows, np.ndarray) or rows.shape != (3, len(points), 2):
        return None
    sampled = {"the gradient that samples all": terms["path"] + terms["score"]}
    others = {"yours with the entropy by formula": rows[1], "with the KL by formula": rows[2]}
    return measured(Draws(rows[0], sampled, others), weights)

"""A mixed model, with its latents integrated out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI
from autograder.units.unit_01.reference import SAMPLED, asked_twice, breaks_here, log_mvn

EXERCISE = exercise(
    __name__,
    title="A mixed model, with its latents integrated out",
    function="mixed_log_likelihood",
    points=3,
    difficulty=3,
    importance=4,
    minutes=25,
    read="Mixed models",
    hides=[
        "models.tractable.linear_mixed_model:LinearMixedModel.log_evidence",
        "models.tractable.mixed_profile:profile",
    ],
)

RTOL = 1e-9  # "to the last printed digit"


def _panel(
    rng: np.random.Generator,
    sizes: list[int],
    labels: list[int] | None = None,
    shuffled: bool = True,
    columns: int = 2,
    tau: tuple[float, float] = (1.3, 2.5),
    sigma: tuple[float, float] = (0.3, 0.75),
) -> dict[str, Any]:
    """A panel with so many rows in each group; ``tau`` and ``sigma`` are drawn from the intervals given."""
    groups = np.repeat(np.arange(len(sizes)) if labels is None else np.asarray(labels), sizes)
    groups = rng.permutation(groups) if shuffled else groups
    n = len(groups)
    design = np.column_stack([np.ones(n), rng.normal(size=(n, columns - 1))])
    beta = rng.uniform(0.5, 2, columns) * rng.choice([-1, 1], columns)
    between, within = rng.uniform(*tau), rng.uniform(*sigma)
    _, place = np.unique(groups, return_inverse=True)
    effects = between * rng.normal(size=len(sizes))
    y = design @ beta + effects[place] + within * rng.normal(size=n)
    return {
        "y": y,
        "design": design,
        "groups": groups.astype(np.int64),
        "beta": beta,
        "tau": np.asarray(between),
        "sigma": np.asarray(within),
    }


def _same(groups: np.ndarray) -> np.ndarray:
    return (groups[:, None] == groups[None]).astype(float)


def mixed(
    y: np.ndarray, design: np.ndarray, groups: np.ndarray, beta: np.ndarray, tau: Any, sigma: Any
) -> float:
    """log N(y; X beta, tau^2 [same group] + sigma^2 I), dense."""
    return log_mvn(
        y - design @ beta, float(tau) ** 2 * _same(groups) + float(sigma) ** 2 * np.eye(len(y))
    )


def _mixed_mistakes(d: dict[str, Any]) -> list[Mistake]:
    y, design, groups, beta = d["y"], d["design"], d["groups"], d["beta"]
    tau, sigma = float(d["tau"]), float(d["sigma"])
    r, n, eye, same, right = (
        y - design @ beta,
        len(y),
        np.eye(len(y)),
        _same(d["groups"]),
        mixed(**d),
    )
    v = tau**2 * same + sigma**2 * eye
    _, log_det = np.linalg.slogdet(v)
    reml = (
        right
        + 0.5 * design.shape[1] * LOG_2PI
        - 0.5 * np.linalg.slogdet(design.T @ np.linalg.solve(v, design))[1]
    )
    runs = np.cumsum(np.concatenate([[0], (np.diff(groups) != 0)]))
    plug_in = r - tau**2 * same @ np.linalg.solve(v, r)
    with np.errstate(all="ignore"):
        return [
            Mistake(
                "tau_as_variance",
                "tau is a standard deviation: the groups share the variance tau squared.",
                log_mvn(r, tau * same + sigma**2 * eye),
            ),
            Mistake(
                "sigma_as_variance",
                "sigma is a standard deviation: the noise has the variance sigma squared.",
                log_mvn(r, tau**2 * same + sigma * eye),
            ),
            Mistake(
                "scales_as_variances",
                "tau and sigma are standard deviations: square both.",
                log_mvn(r, tau * same + sigma * eye),
            ),
            Mistake(
                "swapped",
                "tau and sigma are exchanged: tau belongs to the groups, sigma to the noise.",
                log_mvn(r, sigma**2 * same + tau**2 * eye),
            ),
            Mistake(
                "latents_at_zero",
                "The random intercepts were set to zero, not integrated out: the group variance is nowhere.",
                log_mvn(r, sigma**2 * eye),
            ),
            Mistake(
                "plug_in",
                "You put the best guess of the random intercepts into the likelihood. That is p(y | z) at one z; asked is the "
                "integral over z, whose covariance is tau^2 between members of a group.",
                log_mvn(plug_in, sigma**2 * eye),
            ),
            Mistake(
                "independent_rows",
                "Each row has the right variance, tau^2 + sigma^2, but members of a group also have the covariance tau^2: "
                "they share one z.",
                log_mvn(r, (tau**2 + sigma**2) * eye),
            ),
            Mistake(
                "one_group",
                "All rows share one random intercept in your covariance. tau^2 stands only where two rows have the same group.",
                log_mvn(r, tau**2 + sigma**2 * eye),
            ),
            Mistake(
                "adjacent_rows",
                "You took runs of equal labels for groups. The rows of a group need not stand together: compare labels.",
                log_mvn(r, tau**2 * _same(runs) + sigma**2 * eye),
            ),
            Mistake(
                "diagonal_only_noise",
                "The diagonal lacks tau^2: a row is in the same group as itself.",
                log_mvn(r, tau**2 * (same - eye) + sigma**2 * eye),
            ),
            Mistake(
                "reml",
                "This is the restricted likelihood (REML), which also integrates out beta under a flat prior. Asked is the ordinary "
                "one, at the beta given; statsmodels reports it with reml=False.",
                reml,
            ),
            Mistake(
                "lost_2pi",
                "A constant is lost: half of log 2 pi for every row.",
                right + 0.5 * n * LOG_2PI,
            ),
            Mistake(
                "lost_log_det",
                "The log-determinant of the covariance is missing.",
                right + 0.5 * log_det,
            ),
            Mistake(
                "log_det_not_halved", "The log-determinant counts half.", right - 0.5 * log_det
            ),
            Mistake("deviance", "This is the deviance, -2 log p. Return log p.", -2 * right),
            Mistake("sign", "The sign is turned: this is -log p.", -right),
            *[
                Mistake("not_log", "Return the logarithm of the density.", np.exp(right))
                for _ in range(int(-12 < right < 300))  # else it is zero, and so may be anything
            ],
            Mistake(
                "beta_dropped",
                "The fixed effects were not subtracted: the mean of y is X beta.",
                log_mvn(y, v),
            ),
            Mistake("per_row", "This is an average per row: return the sum.", right / n),
            Mistake(
                "per_group",
                "One number for every group came back: add them up.",
                lambda got: got.ndim == 1 and bool(abs(got.sum() - right) < 1e-6),
            ),
        ]


def _mixed(probe: Probe, d: dict[str, Any]) -> Finding:
    got, sampled = asked_twice(probe, *_arguments(d))
    if sampled:
        return Finding(
            False, "the same answer at every call", "two different answers", "sampled", SAMPLED
        )
    return _judged(got, d)


def _arguments(d: dict[str, Any]) -> list[Any]:
    return [d["y"], d["design"], d["groups"], d["beta"], d["tau"], d["sigma"]]


def _judged(
    got: Any, d: dict[str, Any], what: str = "log p(y)", mistakes: Sequence[Mistake] = ()
) -> Finding:
    finding = compare(got, mixed(**d), what=what, rtol=RTOL, atol=RTOL)
    if finding.ok:
        return finding
    apart = [m for m in _mixed_mistakes(d) if callable(m.value) or _differs(m.value, mixed(**d))]
    return compare(got, mixed(**d), what=what, mistakes=[*mistakes, *apart], rtol=RTOL, atol=RTOL)


def _differs(mistaken: float, right: float) -> bool:
    return not np.isclose(mistaken, right, rtol=1e-6)


@EXERCISE.part("A small panel", weight=2)
def small_panel(probe: Probe, rng: np.random.Generator) -> Finding:
    return _mixed(probe, _panel(rng, [3, 3, 3, 3], shuffled=False))


@EXERCISE.part("Rows in any order, labels with gaps, groups of unequal size")
def rows_in_any_order(probe: Probe, rng: np.random.Generator) -> Finding:
    d = _panel(
        rng, [1, 5, 2, 7], labels=[3, 259, 7, 65539], columns=3, tau=(0.4, 0.8), sigma=(1.4, 2.2)
    )
    finding = _mixed(probe, d)
    if not finding.ok:
        return finding
    labels = 2**24 + np.arange(3)  # of neighbours here single precision makes one number
    d = _panel(rng, [2, 1, 3], labels=labels.tolist())
    rounded = {**d, "groups": d["groups"].astype(np.float32)}
    merged = Mistake(
        "rounded_labels",
        "Labels near each other became one: they are whole numbers, and single precision is exact up to 2^24 = 16,777,216 only. "
        "Compare them as they are.",
        mixed(**rounded),
    )
    return _judged(probe.value(*_arguments(d)), d, "log p(y) with labels beyond 2^24", [merged])


@EXERCISE.part("tau = 0: the groups are no more than labels", weight=0.5)
def no_group_effect(probe: Probe, rng: np.random.Generator) -> Finding:
    d = _panel(rng, [2, 4, 3], columns=1)
    effects, d["tau"] = d["tau"], np.asarray(0.0)
    got = probe.value(*_arguments(d))
    broken = breaks_here(got, lambda: probe.value(*_arguments({**d, "tau": effects})))
    zero = Mistake(
        "zero_scale",
        "It is finite at another tau: at zero something of yours is the logarithm of zero, or a division by it. The covariance "
        "of y, tau^2 [same group] + sigma^2 I, has no trouble there.",
        lambda a: broken,
    )
    return _judged(got, d, "log p(y) at tau = 0", [zero])


@EXERCISE.part("Six hundred rows, far from zero", weight=0.5)
def large_panel(probe: Probe, rng: np.random.Generator) -> Finding:
    # sigma is so small that det(2 pi V) underflows and the density is far above one, at every seed
    d = _panel(rng, [150, 240, 210], sigma=(0.04, 0.08))
    d["y"], d["beta"] = d["y"] + 1e4, d["beta"] + np.array([1e4, 0.0])
    got = probe.value(*_arguments(d))
    few = {**d, **{name: d[name][:12] for name in ("y", "design", "groups")}}
    broken = breaks_here(got, lambda: probe.value(*_arguments(few)))
    lost = Mistake(
        "underflow",
        "On twelve of these rows it is finite: the determinant, or the density, of 600 rows leaves the range of floating point. "
        "Stay with logarithms: slogdet, or twice the sum of the logarithms of a Cholesky diagonal.",
        lambda a: broken,
    )
    floor = Mistake(
        "sigma_floor",
        "This is the density for sigma = 0.1: yours was raised to that. A good instrument has less noise; use sigma as it is.",
        mixed(**{**d, "sigma": np.asarray(0.1)}),
    )
    return _judged(got, d, mistakes=[floor, lost])

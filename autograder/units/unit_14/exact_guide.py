"""A guide that leaves nothing over: the posterior of a hierarchy, drawn from the top down."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_14.reference import either_sign, normal

EXERCISE = exercise(
    __name__,
    title="A guide that leaves nothing over",
    function="exact_guide",
    points=3,
    difficulty=4,
    importance=5,
    minutes=35,
    read="section 3, The ELBO is two runs",
    hides=[],
    because="no function of course_vi is the posterior of this hierarchy",
)

RTOL, DRAWS = 1e-7, 6


class Given(NamedTuple):
    """Measurements, their standard deviations, and three numbers of the model."""

    y: np.ndarray
    sd: np.ndarray
    tau: float
    m0: float
    s0: float

    def top(self, spread: np.ndarray | None = None) -> tuple[float, float]:
        """Mean and standard deviation of mu given y, each measurement lying around mu with variance ``spread``."""
        spread = self.sd**2 + self.tau**2 if spread is None else spread
        precision = 1 / self.s0**2 + (1 / spread).sum()
        return (self.m0 / self.s0**2 + (self.y / spread).sum()) / precision, precision**-0.5

    def effects(self, mu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means and standard deviations of theta given y and mu, ``(*, J)``."""
        weight = self.tau**2 / (self.tau**2 + self.sd**2)
        scale = self.sd * weight**0.5
        return mu[..., None] + weight * (self.y - mu[..., None]), np.broadcast_to(
            scale, (*mu.shape, len(self.y))
        )

    def log_evidence(self) -> float:
        """log p(y), one measurement after the other: each sees the mu that those before it leave over."""
        mean, variance, total = self.m0, self.s0**2, 0.0
        for y, spread in zip(self.y, self.sd**2 + self.tau**2, strict=True):
            total += float(normal(y, np.asarray(mean), (variance + spread) ** 0.5))
            gain = variance / (variance + spread)
            mean, variance = mean + gain * (y - mean), variance * spread / (variance + spread)
        return total


def _given(rng: np.random.Generator, schools: int = 5, hard: float = 1.0) -> Given:
    return Given(
        either_sign(rng, (schools,), 1.0, 20.0),
        rng.uniform(0.3, 3.0, schools) * hard ** rng.choice([-1.0, 1.0], schools),
        float(rng.uniform(0.5, 2.0) * hard ** rng.choice([-1.0, 1.0])),
        float(either_sign(rng, (), 2.0, 8.0)),
        float(rng.uniform(0.5, 4.0)),
    )


def _at(given: Given, rng: np.random.Generator, rows: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Values near the posterior, where densities have their digits, and not at its middle."""
    mean, scale = given.top()
    mu = mean + scale * either_sign(rng, (rows,))
    loc, spread = given.effects(mu)
    return mu, loc + spread * either_sign(rng, loc.shape)


def _top_mistakes(given: Given, mu: np.ndarray) -> list[Mistake]:
    def density(loc: float, scale: float) -> np.ndarray:
        return normal(mu, np.asarray(loc), np.asarray(scale))

    mean, scale = given.top()
    flat_scale = (1 / (given.sd**2 + given.tau**2)).sum() ** -0.5
    flat = (given.y / (given.sd**2 + given.tau**2)).sum() * flat_scale**2
    known = [
        ("tau_forgotten", "y_j is off from mu by its own error and by that of theta_j.", density(*given.top(given.sd**2))),
        ("errors_forgotten", "theta is not observed. How far is y_j off from mu?", density(*given.top(given.tau**2 + 0 * given.sd))),
        ("scales_added", "Variances add up, standard deviations do not.", density(*given.top((given.sd + given.tau) ** 2))),
        ("prior_forgotten", "mu has a prior: it counts like one more measurement.", density(flat, flat_scale)),
        ("prior_mean_forgotten", "The prior of mu lies around m0, not around zero.",
         density(mean - given.m0 * scale**2 / given.s0**2, scale)),
        ("prior", "That is the prior of mu. What do the data say of it?", density(given.m0, given.s0)),
        ("variance_for_scale", "That is the variance. Pyro takes a standard deviation.", density(mean, scale**2)),
    ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _effect_mistakes(given: Given, mu: np.ndarray, theta: np.ndarray) -> list[Mistake]:
    loc, scale = given.effects(mu)
    weight = given.tau**2 / (given.tau**2 + given.sd**2)
    mean = given.top()[0] + 0 * mu
    turned = mu[:, None] + (1 - weight) * (given.y - mu[:, None])
    known = [
        ("not_conditional", "Given y alone the effects hang together through mu. Let theta follow the mu that was drawn.",
         normal(theta, given.effects(mean)[0], scale)),
        ("marginal", "These are the marginals of theta. The guide has drawn mu already: given it, less is left open.",
         normal(theta, given.effects(mean)[0], (scale**2 + ((1 - weight) * given.top()[1]) ** 2) ** 0.5)),
        ("weights_exchanged", "Which of the two has more weight where the measurement is good?", normal(theta, turned, scale)),
        ("no_measurement", "That is theta before it was measured.", normal(theta, mu[:, None], given.tau + 0 * scale)),
        ("no_shrinkage", "That is what the measurement alone says. theta lies around mu besides.",
         normal(theta, given.y, given.sd + 0 * scale)),
        ("variance_for_scale", "That is the variance. Pyro takes a standard deviation.", normal(theta, loc, scale**2)),
    ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _judged(probe: Probe, rng: np.random.Generator, given: Given, name: str) -> Finding:
    mu, theta = _at(given, rng)
    seen = probe.drive("guide/at", **given._asdict(), mu=mu, theta=theta)
    if name == "mu":
        mean, scale = given.top()
        want = normal(mu, np.asarray(mean), np.asarray(scale))
        return compare(seen["mu"], want, _top_mistakes(given, mu), RTOL, what="log q(mu)")
    want = normal(theta, *given.effects(mu))
    known = _effect_mistakes(given, mu, theta)
    return compare(seen["theta"], want, known, RTOL, what="log q(theta | mu), school by school")


CASES = ((5, 1.0), (3, 1.0), (1, 1.0), (4, 10.0))


@EXERCISE.part("mu given all measurements")
def top(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for schools, hard in CASES:
        given = _given(rng, schools, hard)
        finding = _judged(probe, rng, given, "mu") if finding.ok else finding
    return finding


@EXERCISE.part("theta given the mu that was drawn: one log-density for each school")
def effects(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for schools, hard in CASES:
        given = _given(rng, schools, hard)
        finding = _judged(probe, rng, given, "theta") if finding.ok else finding
    return finding


@EXERCISE.part("Every draw has the same weight: the evidence", needs=["top", "effects"])
def landing(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for schools, hard in CASES:
        given = _given(rng, schools, hard)
        seen = probe.drive("guide/weights", **given._asdict(), count=DRAWS)
        want = np.full(DRAWS, given.log_evidence())
        draws = seen["draws"]
        if len(np.unique(draws[:, 0])) < DRAWS or draws.shape[1] != schools + 1:
            return holds(
                False,
                f"{DRAWS} draws of mu and {schools} effects",
                f"draws of shape {draws.shape[1:]}, {len(np.unique(draws[:, 0]))} of them different",
                "not_drawn",
            )
        what = f"log p(y, z) - log q(z) at {DRAWS} draws"
        finding = compare(seen["weights"], want, rtol=1e-7, what=what) if finding.ok else finding
    return finding

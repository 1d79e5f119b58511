"""A handler of your own: any model becomes a guide that trusts its prior in part."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import Arrays
from autograder.units.unit_14.reference import either_sign, normal

EXERCISE = exercise(
    __name__,
    title="A handler of your own",
    function="convex_guide",
    points=4,
    difficulty=4,
    importance=4,
    minutes=45,
    read="section 2, Handlers, in forty lines",
    hides=[],
    because="course_vi has no handler; its ASVI family reads graphs, not Pyro programs",
)

RTOL, NEAR = 1e-8, 8.0
TRUST, LOC, SPREAD, SCALE = range(4)


class Given(NamedTuple):
    """Arguments of the model, and the four rows of the updates, ``(4, *)``, of the sites a, b and v; empty where a site has none."""

    x: np.ndarray
    tilt: np.ndarray
    slopes: np.ndarray
    weight: float
    updates: np.ndarray
    sizes: list[int]

    def rows(self, name: str) -> np.ndarray | None:
        """The updates of one site, ``(4)`` or ``(4, size)``."""
        place = ("a", "b", "v").index(name)
        start, size = sum(self.sizes[:place]), self.sizes[place]
        if not size:
            return None
        rows = self.updates[:, start : start + size]
        return rows[:, 0] if name == "a" else rows

    def prior(self, values: Arrays) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Means and scales of the normal sites, given their parents' values."""
        a, r = values["a"], values["r"]
        wide = np.broadcast_to(1 + a * a, self.tilt.shape)
        return {
            "a": (self.tilt[0], np.exp(self.tilt[1])),
            "b": (self.slopes * a, np.broadcast_to(r, self.slopes.shape)),
            "v": (values["b"].mean() + self.tilt, wide),
        }

    def log_q(self, values: Arrays) -> Arrays:
        """The log-densities of all latents under the right guide."""
        found = {"r": log_normal(values["r"], np.tanh(values["a"]), 0.5)}
        for name, (loc, scale) in self.prior(values).items():
            rows = self.rows(name)
            if rows is not None:
                loc = rows[TRUST] * loc + (1 - rows[TRUST]) * rows[LOC]
                scale = rows[SPREAD] * scale + (1 - rows[SPREAD]) * rows[SCALE]
            density = normal(values[name], loc, scale)
            found[name] = density.sum(-1) if name == "v" else density
        return {name: np.asarray(value) for name, value in found.items()}


def log_normal(value: np.ndarray, loc: np.ndarray, scale: float) -> np.ndarray:
    return normal(np.log(value), loc, np.asarray(scale)) - np.log(value)


def _given(
    rng: np.random.Generator, rows: int = 5, groups: int = 4, tilt: int = 3, off: str = ""
) -> Given:
    """Trusts over all of (0, 1), two of them at its ends; no update for the site ``off``."""
    sizes = [
        0 if name == off else size for name, size in zip("abv", (1, groups, tilt), strict=True)
    ]
    total = sum(sizes)
    trust, spread = rng.uniform(0.05, 0.95, total), rng.uniform(0.05, 0.95, total)
    trust[rng.integers(total)], spread[rng.integers(total)] = rng.integers(2), rng.integers(2)
    updates = np.stack([trust, either_sign(rng, (total,)), spread, rng.uniform(0.2, 3.0, total)])
    return Given(
        either_sign(rng, (rows,)),
        np.concatenate([either_sign(rng, (1,)), either_sign(rng, (1,), 0.2, 0.8), either_sign(rng, (max(tilt - 2, 0),))]),
        either_sign(rng, (groups,)),
        float(either_sign(rng, ())),
        updates,
        sizes,
    )  # fmt: skip


def _values(given: Given, rng: np.random.Generator) -> Arrays:
    return {
        "a": either_sign(rng, ()),
        "r": np.asarray(rng.uniform(0.4, 2.5)),
        "b": either_sign(rng, given.slopes.shape),
        "v": either_sign(rng, given.tilt.shape),
    }


def _mistakes(given: Given, name: str, values: Arrays) -> list[Mistake]:
    """What other blends of the same numbers give."""
    rows, (loc, scale) = given.rows(name), given.prior(values)[name]
    if rows is None:
        hint = "A site without an update stays as the model has it."
        return [Mistake("not_asked", hint, np.zeros(()))]
    trust, own, spread, width = rows
    right = trust * loc + (1 - trust) * own, spread * scale + (1 - spread) * width
    precision = trust / scale**2 + (1 - trust) / width**2
    blends = [
        ("trust_turned", "At trust one the guide is the prior; yours is then the other.",
         (1 - trust) * loc + trust * own, (1 - spread) * scale + spread * width),
        ("one_trust", "The scale has a trust of its own.", right[0], trust * scale + (1 - trust) * width),
        ("scales_geometric", "The scales are blended, not their logarithms.", right[0], scale**spread * width ** (1 - spread)),
        ("variances_blended", "The scales are blended, not the variances.", right[0],
         (spread * scale**2 + (1 - spread) * width**2) ** 0.5),
        ("precisions_blended", "That is a product of two normals. Asked are blends of means and of scales.",
         (trust * loc / scale**2 + (1 - trust) * own / width**2) / precision, precision**-0.5),
        ("prior_kept", "The site is as in the model: your handler does not change it.", loc, scale),
        ("prior_dropped", "The prior has no part in your guide.", own, width),
        ("mean_alone", "The scale is that of the prior: it is blended, too.", right[0], scale),
        ("scale_alone", "The mean is that of the prior: it is blended, too.", loc, right[1]),
    ]  # fmt: skip
    found = []
    for key, hint, mean, std in blends:
        density = normal(values[name], mean, std)
        found.append(Mistake(key, hint, np.asarray(density.sum(-1) if name == "v" else density)))
    return found


def _sites(seen: Arrays, expected: tuple[str, ...]) -> Finding:
    """Whether a guide has the latents that it must have, and no others."""
    names = str(seen["names"])
    want = ",".join(sorted(expected))
    if names == want:
        return Finding(True)
    extra = set(names.split(",")) - set(expected)
    keys = ("observed_kept", "A guide has no observed sites: hide them from whoever reads the trace.") \
        if "x" in extra else ("sites", "Every latent of the model is one of the guide, and nothing else.")  # fmt: skip
    return holds(False, f"the sites {want}", f"the sites {names}", *keys)


def _judged(probe: Probe, given: Given, values: Arrays, names: tuple[str, ...]) -> Finding:
    seen = probe.drive("convex/guide", **given._asdict(), values=values)
    finding = _sites(seen, ("a", "b", "r", "v"))
    if not finding.ok:
        return finding
    want = given.log_q(values)
    for name in names:
        known = _mistakes(given, name, values) if name != "r" else []
        what = f"log q of the site {name!r}, whose parents have values"
        finding = compare(seen["log_q"][name], want[name], known, RTOL, what=what)
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("A number and a plate of numbers", weight=1.5)
def numbers(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for sizes in ((5, 4, 3), (3, 3, 3), (1, 1, 2)):
        given = _given(rng, *sizes)
        finding = _judged(probe, given, _values(given, rng), ("a", "b")) if finding.ok else finding
    return finding


@EXERCISE.part("A vector, one event")
def vector(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for sizes in ((5, 4, 3), (2, 2, 2)):
        given = _given(rng, *sizes)
        finding = _judged(probe, given, _values(given, rng), ("v",)) if finding.ok else finding
    return finding


@EXERCISE.part("Sites without an update stay as they are", weight=0.5, needs=["numbers"])
def untouched(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for off in "abv":
        given = _given(rng, off=off)
        if finding.ok:
            finding = _judged(probe, given, _values(given, rng), ("a", "r", "b", "v"))
    return finding


@EXERCISE.part("Each draw follows the draws before it; plates stay", needs=["numbers"])
def own_draws(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _given(rng)
    finding = Finding(True)
    drawn = []
    for _ in range(3):
        seen = probe.drive("convex/guide", **given._asdict())
        finding = _sites(seen, ("a", "b", "r", "v"))
        if not finding.ok:
            return finding
        drawn.append(float(seen["value"]["a"]))
        want = given.log_q(seen["value"])
        for name in ("a", "r", "b", "v"):
            what = f"log q of {name!r} at the guide's own draws"
            finding = compare(seen["log_q"][name], want[name], rtol=RTOL, what=what)
            if not finding.ok:
                return finding
        plates = "a:,b:groups,r:,v:"
        if seen["plates"] != plates:
            return holds(False, f"plates {plates}", f"plates {seen['plates']}", "plates")
    finding = _near(probe, rng)
    if not finding.ok:
        return finding
    other = len(set(drawn)) == 3
    actual = "three values of a" if other else "the same value of a again"
    return holds(other, "other draws for other seeds", actual, "not_drawn")


def _near(probe: Probe, rng: np.random.Generator) -> Finding:
    """Narrow guides draw next to their means: a distribution that is changed after the draw has drawn from the prior."""
    given = _given(rng)
    given.updates[SPREAD], given.updates[SCALE] = 0.0, 1e-4
    seen = probe.drive("convex/guide", **given._asdict())
    prior, far = given.prior(seen["value"]), 0.0
    for name, (loc, _) in prior.items():
        rows = given.rows(name)
        assert rows is not None
        mean = rows[TRUST] * loc + (1 - rows[TRUST]) * rows[LOC]
        far = max(far, float(np.abs(seen["value"][name] - mean).max() / 1e-4))
    return holds(
        far < NEAR,
        f"draws within {NEAR:g} standard deviations of the guide's means",
        f"up to {far:.3g} of them away",
        "drawn_elsewhere",
        "The density is that of your guide, and the draws are not. When does a site draw: before your handler has its say, or after?",
    )


@EXERCISE.part("What the model has observed is no latent", weight=0.5, needs=["numbers"])
def observed(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for known in "bav":
        given = _given(rng)
        values = _values(given, rng)
        told = {known: values[known]}
        rest = {name: value for name, value in values.items() if name != known}
        seen = probe.drive("convex/guide", **given._asdict(), values=rest, conditioned=told)
        finding = _sites(seen, tuple(rest))
        if not finding.ok:
            return finding
        want = given.log_q(values)
        for name in rest:
            what = f"log q of {name!r}, {known!r} being observed"
            finding = compare(seen["log_q"][name], want[name], rtol=RTOL, what=what)
            if not finding.ok:
                return finding
    return finding

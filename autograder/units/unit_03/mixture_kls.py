"""Both KLs to a mixture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, several, unpack

EXERCISE = exercise(
    __name__,
    title="Both KLs to a mixture",
    function="forward_and_reverse_kl",
    points=3,
    difficulty=3,
    importance=4,
    minutes=20,
    read="Which KL?",
    hides=[],
    because="no function of course_vi gives both divergences",
)

NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(16)
ONE_IN_A_MILLION = 1e-6
Mixture = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
SMALL = (
    1e-300,
    1e-100,
    1e-50,
    1e-40,
    1e-30,
    1e-20,
    1e-16,
    1e-15,
    1e-12,
    1e-10,
    1e-9,
    1e-8,
    1e-6,
    1e-5,
)  # numbers that people add


def _densities(
    loc: np.ndarray, scale: np.ndarray, weights: np.ndarray, means: np.ndarray, scales: np.ndarray
) -> np.ndarray:
    """(dz, log p, log q), ``(3, N)``, at Gauss-Legendre nodes on panels half a standard deviation wide."""
    centres, widths = np.append(means, loc), np.append(scales, scale)
    borders = np.unique((centres + widths * np.arange(-13, 13.1, 0.5)[:, None]).ravel())
    half = np.diff(borders)[:, None] / 2
    z, dz = (borders[:-1, None] + half * (1 + NODES)).ravel(), (half * NODE_WEIGHTS).ravel()
    log_q = -0.5 * ((z - loc) / scale) ** 2 - np.log(scale) - 0.5 * LOG_2PI
    terms = (
        np.log(weights)
        - 0.5 * ((z[:, None] - means) / scales) ** 2
        - np.log(scales)
        - 0.5 * LOG_2PI
    )
    return np.stack([dz, np.logaddexp.reduce(terms, axis=-1), log_q])


def exact_kls(*args: np.ndarray) -> np.ndarray:
    """(KL(p || q), KL(q || p)) for q = N(loc, scale^2) and the mixture p, from ``loc, scale, weights, means, scales``."""
    dz, log_p, log_q = _densities(*args)
    return _integrals(dz, log_p, log_q, log_p - log_q)


def _integrals(
    dz: np.ndarray, log_p: np.ndarray, log_q: np.ndarray, difference: np.ndarray
) -> np.ndarray:
    """The means of log p - log q under p and of its negative under q."""
    return np.array([np.exp(log_p) @ (dz * difference), -np.exp(log_q) @ (dz * difference)])


def _bimodal(rng: np.random.Generator) -> Mixture:
    weight = rng.uniform(0.2, 0.4)
    return (
        np.asarray(rng.uniform(0.5, 1.5)),
        np.asarray(rng.uniform(1.2, 1.8)),
        np.array([weight, 1 - weight]),
        np.array([rng.uniform(-3, -2), rng.uniform(1.5, 2.5)]),
        rng.uniform(0.5, 0.9, 2),
    )


def _targets(rng: np.random.Generator) -> list[Mixture]:
    """Two targets with two modes, and one of three components, with their q."""
    weights = rng.dirichlet([3.0, 3.0, 3.0])
    means = np.array([-2.0, 0.0, 3.0]) + rng.uniform(-0.3, 0.3, 3)
    q = np.asarray(rng.uniform(-1, 1)), np.asarray(rng.uniform(0.8, 1.2))
    return [_bimodal(rng), _bimodal(rng), (*q, weights, means, rng.uniform(0.4, 1.4, 3))]


def _ask(probe: Probe, args: Mixture) -> Any:
    """Both divergences, ``(2,)``, or what came in their place."""
    reply = probe.value(*args)
    if several(reply, 2) and all(
        isinstance(item, (float, np.ndarray, np.generic)) and np.size(item) == 1 for item in reply
    ):
        return np.array([float(np.ravel(item)[0]) for item in reply])
    return reply if isinstance(reply, list) else unpack(reply, 2, "forward, reverse")[0]


def _component_average(args: Mixture) -> np.ndarray:
    """The weighted averages of the divergences to single components."""
    loc, scale, weights, means, scales = args
    ratio, shift = scales / scale, (means - loc) ** 2
    forward = -np.log(ratio) + (ratio**2 + shift / scale**2 - 1) / 2
    reverse = np.log(ratio) + (ratio**-2 + shift / scales**2 - 1) / 2
    return np.array([weights @ forward, weights @ reverse])


def _one_gaussian(args: Mixture) -> np.ndarray:
    """Both divergences to the single Gaussian that has the mixture's mean and variance."""
    loc, scale, weights, means, scales = args
    mean = weights @ means
    variance = weights @ (scales**2 + (means - mean) ** 2)
    return _component_average((loc, scale, np.ones(1), mean[None], np.sqrt(variance)[None]))


def _mistakes(wanted: np.ndarray, asked: Sequence[Mixture]) -> list[Mistake]:
    """Wrong answers for all of these, ``(n, 2)`` each."""
    every = lambda of: np.stack([of(*args) for args in asked])  # noqa: E731
    forward, reverse = wanted.T
    return [
        Mistake(
            "reversed",
            "The two are swapped. Forward is KL(p || q), the expectation under the target p; reverse is KL(q || p).",
            wanted[:, ::-1],
        ),
        Mistake(
            "weights_ignored",
            "The weights of the mixture do not enter: every component counts the same.",
            every(lambda m, s, w, *p: exact_kls(m, s, np.full_like(w, 1 / w.size), *p)),
        ),
        Mistake(
            "scale_as_variance",
            "The scales are standard deviations. You used them as variances.",
            every(lambda m, s, w, n, r: exact_kls(m, np.sqrt(s), w, n, np.sqrt(r))),
        ),
        Mistake(
            "variance_as_scale",
            "You squared the scales where a standard deviation belongs (torch's Normal takes the standard "
            "deviation).",
            every(lambda m, s, w, n, r: exact_kls(m, s**2, w, n, r**2)),
        ),
        Mistake(
            "sign",
            "The signs are turned: KL(p || q) is the mean under p of log p - log q, and never negative.",
            -wanted,
        ),
        Mistake(
            "zeros",
            "Zero came, for densities that differ. A grid has to go where p and q are: let its ends depend on the arguments.",
            0 * wanted,
        ),
        Mistake(
            "one_density",
            "Your reverse divergence is minus your forward one: both are integrated under p. The reverse one is a mean under q.",
            np.stack([forward, -forward], -1),
        ),
        Mistake(
            "one_density",
            "Your forward divergence is minus your reverse one: both are integrated under q. The forward one is a mean under p.",
            np.stack([-reverse, reverse], -1),
        ),
        Mistake(
            "component_average",
            "These are averages of the divergences to single components. The logarithm of a sum is not the sum of the logarithms: the "
            "mixture has to be integrated as a whole.",
            np.stack([_component_average(args) for args in asked]),
        ),
        Mistake(
            "one_gaussian",
            "This is what a single Gaussian with the mixture's mean and variance would give. The target has several modes: integrate it "
            "as it is.",
            np.stack([_one_gaussian(args) for args in asked]),
        ),
    ]


def _step_forgotten(wanted: np.ndarray) -> Mistake:
    def same_factor(got: np.ndarray) -> bool:
        if got.shape != wanted.shape or not np.isfinite(got).all() or not (got > 0).all():
            return False
        ratio = np.log(got / wanted)
        return bool((np.ptp(ratio, -1) < 1e-4).all() and (np.abs(ratio) > 2).all())

    return Mistake(
        "step_forgotten",
        "For each target both of your numbers are off by one and the same large factor: an integral on a grid is the sum times the "
        "step dz (not the sum alone, nor the mean).",
        same_factor,
    )


def _inaccurate(wanted: np.ndarray) -> Mistake:
    return Mistake(
        "inaccurate",
        "Right to one part in a thousand, and one in a million is asked. On a grid: let it span 12 standard deviations of every component "
        "and of q, with a step of a fraction of the smallest scale.",
        lambda got: got.shape == wanted.shape and bool((np.abs(got / wanted - 1) < 1e-3).all()),
    )


def _kept_from_falling(asked: Sequence[Mixture]) -> list[Mistake]:
    """What comes where a small number keeps the logarithms from falling in the tails, added to the density or as its least value."""
    hint = (
        "What came is what a small number gives that keeps {} from falling in the tails: a clamp, or something added inside the "
        "logarithm. Keep log p as a logsumexp over the components, and exponentiate only the weight in front."
    )
    every = [_densities(*args) for args in asked]
    return [
        Mistake(
            "tails_lost",
            hint.format("log p and log q" if both else "log p"),
            np.stack(
                [
                    _integrals(
                        dz,
                        log_p,
                        log_q,
                        keep(log_p, np.log(least))
                        - (keep(log_q, np.log(least)) if both else log_q),
                    )
                    for dz, log_p, log_q in every
                ]
            ),
        )
        for least in SMALL
        for both in (False, True)
        for keep in (np.logaddexp, np.maximum)
    ]


def _found(probe: Probe, asked: Sequence[Mixture], what: str, index: int | None = None) -> Finding:
    """All of these, ``(n, 2)``, or the divergence at ``index`` alone, ``(n,)``."""
    wanted = np.stack([exact_kls(*args) for args in asked])
    actual = [_ask(probe, args) for args in asked]
    pairs = [np.shape(pair) == (2,) for pair in actual]
    if not all(pairs):
        return compare(actual[pairs.index(False)], wanted[0], what="(forward, reverse)")
    got = np.stack(actual)
    mistakes = [*_mistakes(wanted, asked), _step_forgotten(wanted), _inaccurate(wanted)]
    if np.isfinite(got).all() and not np.allclose(got, wanted, rtol=ONE_IN_A_MILLION, atol=1e-6):
        mistakes += _kept_from_falling(asked)
    if index is not None:
        sure = {"step_forgotten", "inaccurate"}
        mistakes = [
            m._replace(value=(lambda _, m=m: m.value(got)))
            if m.key in sure
            else m._replace(value=m.value[:, index])
            for m in mistakes
        ]
        got, wanted = got[:, index], wanted[:, index]
    return compare(got, wanted, mistakes=mistakes, rtol=ONE_IN_A_MILLION, atol=1e-6, what=what)


@EXERCISE.part("Forward, KL(p || q), for targets with several modes")
def forward(probe: Probe, rng: np.random.Generator) -> Finding:
    return _several_modes(probe, rng, 0, "KL(p || q)")


@EXERCISE.part("Reverse, KL(q || p), for the same kind of target")
def reverse(probe: Probe, rng: np.random.Generator) -> Finding:
    return _several_modes(probe, rng, 1, "KL(q || p)")


def _several_modes(probe: Probe, rng: np.random.Generator, index: int, what: str) -> Finding:
    asked = _targets(rng)
    once, again = _ask(probe, asked[0]), _ask(probe, asked[0])
    apart = np.abs(again - once).max() if np.shape(once) == np.shape(again) == (2,) else 0.0
    if apart > 1e-9:
        return holds(
            False,
            "the same answer to the same arguments",
            f"answers that differ by {apart:.2g}",
            "sampled",
            "You drew samples. One dimension is cheap to integrate on a grid, to many digits.",
        )
    return _found(probe, asked, f"{what}, for three targets,", index)


@EXERCISE.part("Far tails: N(2, 2) against N(-4, 0.75), and further out")
def far_tails(probe: Probe, rng: np.random.Generator) -> Finding:
    single = (
        np.asarray(2.0),
        np.asarray(2.0**0.5),
        np.array([1.0]),
        np.array([-4.0]),
        np.array([0.75**0.5]),
    )
    far = (
        np.asarray(rng.uniform(5, 7)),
        np.asarray(2.0),
        np.array([0.5, 0.5]),
        np.array([-12.0, -8.0]),
        rng.uniform(0.4, 0.6, 2),
    )
    what = "(forward, reverse) for N(2, 2) and N(-4, 0.75), variances second, and for a q far to the right,"
    return _found(probe, [single, far], what)


@EXERCISE.part("A narrow component next to a wide one")
def narrow_component(probe: Probe, rng: np.random.Generator) -> Finding:
    scales = np.array([0.004, 1.0])
    asked = [
        (np.asarray(rng.uniform(-1, 1)), np.asarray(2.0), weights, means, scales)
        for weights, means in (
            (np.array([0.3, 0.7]), np.array([rng.uniform(-3, -2), 1.0])),
            (np.array([0.6, 0.4]), np.array([rng.uniform(2, 3), -1.0])),
        )
    ]
    return _found(probe, asked, "(forward, reverse) with a component of scale 0.004")


@EXERCISE.part("A q thirty times narrower than the target, and one ten times wider")
def narrow_and_wide(probe: Probe, rng: np.random.Generator) -> Finding:
    (_, _, *target), (_, _, *other, _) = _bimodal(rng), _bimodal(rng)
    scales = np.full(
        2, rng.uniform(0.5, 0.9)
    )  # unlike ones make log p bend too sharply for any moderate grid, far out
    at = np.asarray(target[1][rng.integers(2)] + rng.uniform(-0.3, 0.3))
    asked = [
        (at, np.asarray(rng.uniform(0.016, 0.025)), *target),
        (np.asarray(rng.uniform(-3, 3)), np.asarray(rng.uniform(8.0, 12.0)), *other, scales),
    ]
    return _found(probe, asked, "(forward, reverse) for a narrow q and for a wide one")  # type: ignore[arg-type]


@EXERCISE.part("Moved along the line and stretched: the same numbers", weight=0.5)
def moved_and_stretched(probe: Probe, rng: np.random.Generator) -> Finding:
    asked = []
    for stretch in (0.01, 20.0):
        loc, scale, weights, means, scales = _bimodal(rng)
        move = rng.choice([-1, 1]) * rng.uniform(300, 500)
        asked.append(
            (
                np.asarray(stretch * loc + move),
                np.asarray(stretch * scale),
                weights,
                stretch * means + move,
                stretch * scales,
            )
        )
    return _found(probe, asked, "(forward, reverse) far from zero, in a small unit and in a large,")


@EXERCISE.part(
    "Both are zero when the target is q itself", weight=0.5, needs=["forward", "reverse"]
)
def zero_if_equal(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, scale = rng.normal(), rng.uniform(0.5, 2.0)
    args = (
        np.asarray(loc),
        np.asarray(scale),
        np.array([0.3, 0.7]),
        np.array([loc, loc]),
        np.array([scale, scale]),
    )
    return compare(
        _ask(probe, args), np.zeros(2), rtol=0.0, atol=1e-6, what="(forward, reverse) for p = q"
    )

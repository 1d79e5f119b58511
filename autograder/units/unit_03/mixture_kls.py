"""Both KLs to a mixture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, holds
from autograder.checks.exercise import exercise
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
Mixture = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def exact_kls(
    loc: np.ndarray, scale: np.ndarray, weights: np.ndarray, means: np.ndarray, scales: np.ndarray
) -> np.ndarray:
    """(KL(p || q), KL(q || p)) for q = N(loc, scale^2) and the mixture p: Gauss-Legendre on panels one standard deviation wide."""
    centres, widths = np.append(means, loc), np.append(scales, scale)
    borders = np.unique((centres + widths * np.arange(-13, 14)[:, None]).ravel())
    half = np.diff(borders)[:, None] / 2
    z, dz = (borders[:-1, None] + half * (1 + NODES)).ravel(), (half * NODE_WEIGHTS).ravel()
    log_q = -0.5 * ((z - loc) / scale) ** 2 - np.log(scale) - 0.5 * LOG_2PI
    terms = (
        np.log(weights)
        - 0.5 * ((z[:, None] - means) / scales) ** 2
        - np.log(scales)
        - 0.5 * LOG_2PI
    )
    log_p = np.logaddexp.reduce(terms, axis=-1)
    return np.array(
        [np.sum(dz * np.exp(log_p) * (log_p - log_q)), np.sum(dz * np.exp(log_q) * (log_q - log_p))]
    )


def _bimodal(rng: np.random.Generator) -> Mixture:
    weight = rng.uniform(0.2, 0.4)
    return (
        np.asarray(rng.uniform(0.5, 1.5)),
        np.asarray(rng.uniform(1.2, 1.8)),
        np.array([weight, 1 - weight]),
        np.array([rng.uniform(-3, -2), rng.uniform(1.5, 2.5)]),
        rng.uniform(0.5, 0.9, 2),
    )


def _ask(probe: Probe, args: Mixture) -> Any:
    reply = probe.value(*args)
    if several(reply, 2) and all(
        isinstance(item, (float, np.ndarray, np.generic)) and np.size(item) == 1 for item in reply
    ):
        return np.array([float(np.ravel(item)[0]) for item in reply])
    return reply if isinstance(reply, list) else unpack(reply, 2, "forward, reverse")[0]


def _mistakes(args: Mixture, index: int | None) -> list[Mistake]:
    """Wrong answers for both numbers, or for the one at ``index``."""
    loc, scale, weights, means, scales = args
    want = exact_kls(*args)
    uniform = exact_kls(loc, scale, np.full_like(weights, 1 / weights.size), means, scales)
    pick = (lambda pair: pair) if index is None else (lambda pair: pair[index])
    unequal = np.ptp(weights) > 0
    return [
        Mistake(
            "reversed",
            "The two are swapped. Forward is KL(p || q), the expectation under the target p; reverse is KL(q || p).",
            pick(want[::-1]),
        ),
        Mistake(
            "weights_ignored",
            "The weights of the mixture do not enter: every component counts the same.",
            pick(uniform) if unequal else lambda got: False,
        ),
        Mistake(
            "scale_as_variance",
            "The scales are standard deviations. You used them as variances.",
            pick(exact_kls(loc, np.sqrt(scale), weights, means, np.sqrt(scales))),
        ),
        Mistake(
            "variance_as_scale",
            "You squared the scales where a standard deviation belongs (torch's Normal takes the standard "
            "deviation).",
            pick(exact_kls(loc, scale**2, weights, means, scales**2)),
        ),
        Mistake(
            "bits",
            "These are bits. Keep to nats, as everywhere in the course.",
            pick(want / np.log(2)),
        ),
        Mistake(
            "sign",
            "The signs are turned: KL(p || q) is the mean under p of log p - log q, and never negative.",
            pick(-want),
        ),
    ]


def _step_forgotten(want: np.ndarray) -> Mistake:
    def same_factor(got: np.ndarray) -> bool:
        ratio = got / want if got.shape == want.shape else np.ones(2)
        return bool(
            np.isfinite(ratio).all()
            and abs(ratio[0] / ratio[1] - 1) < 0.02
            and abs(np.log(np.abs(ratio[0]) + 1e-9)) > 0.7
        )

    return Mistake(
        "step_forgotten",
        "Both numbers are off by one and the same factor: an integral on a grid is the sum times the "
        "step dz (not the sum alone, nor the mean).",
        same_factor,
    )


def _near(want: np.ndarray) -> Any:
    return lambda got: (
        got.shape == want.shape and bool((np.abs(got - want) < 0.6 * np.abs(want)).all())
    )


def _inaccurate(want: np.ndarray, others: Sequence[Mistake] = ()) -> Mistake:
    """Near the right answer, and none of the others."""
    near = _near(want)
    return Mistake(
        "inaccurate",
        "Near, but not to one in a million: the grid is too coarse or too narrow, or it is not quadrature at "
        "all. Let it span 12 standard deviations of every component and of q, with a step of a fraction of the smallest scale.",
        lambda got: near(got) and not any(mistake.value(got) for mistake in others),
    )


def _tails(want: np.ndarray) -> list[Mistake]:
    return [
        Mistake(
            "tails_lost",
            "exp(-800) is zero, and its logarithm is not finite. Keep log p as a logsumexp over the components, and "
            "exponentiate only the weight in front.",
            lambda got: got.shape == want.shape and not np.isfinite(got).all(),
        ),
        Mistake(
            "tails_lost",
            "Reverse KL came out too small: something keeps log p from falling in the tails, like a small number "
            "added inside the logarithm or a clamp. Use logsumexp instead.",
            lambda got: (
                got.shape == want.shape
                and bool(got[1] < want[1] * (1 - 1e-4))
                and abs(got[0] / want[0] - 1) < 1e-3
            ),
        ),
    ]


def _both_at(probe: Probe, args: Mixture, what: str, extra: list[Mistake]) -> Finding:
    want = exact_kls(*args)
    mistakes = [*_mistakes(args, None), _step_forgotten(want), *extra, _inaccurate(want, extra)]
    return compare(
        _ask(probe, args),
        want,
        mistakes=mistakes,
        rtol=1e-6,
        atol=1e-6,
        what=f"(forward, reverse) {what}",
    )


@EXERCISE.part("Forward, KL(p || q), for a target with two modes")
def forward(probe: Probe, rng: np.random.Generator) -> Finding:
    return _one(probe, _bimodal(rng), 0, "KL(p || q)")


@EXERCISE.part("Reverse, KL(q || p), for the same kind of target")
def reverse(probe: Probe, rng: np.random.Generator) -> Finding:
    return _one(probe, _bimodal(rng), 1, "KL(q || p)")


def _one(probe: Probe, args: Mixture, index: int, what: str) -> Finding:
    want, got = exact_kls(*args), _ask(probe, args)
    if isinstance(got, np.ndarray) and got.shape == (2,) and np.isfinite(got).all():
        again = _ask(probe, args)
        if (
            isinstance(again, np.ndarray)
            and again.shape == (2,)
            and np.abs(again - got).max() > 1e-9
        ):
            return holds(
                False,
                "the same answer to the same arguments",
                f"answers that differ by {np.abs(again - got).max():.2g}",
                "sampled",
                "You drew samples. One dimension is cheap to integrate on a grid, to many digits.",
            )
        if _step_forgotten(want).value(got):
            return holds(
                False,
                f"{what} = {want[index]:.6g}",
                f"{got[index]:.6g}",
                *_step_forgotten(want)[:2],
            )
        near = (
            [_inaccurate(want[index])] if abs(got[index] - want[index]) < 0.2 * want[index] else []
        )
        return compare(
            np.asarray(got[index]),
            want[index],
            mistakes=[*_mistakes(args, index), *near],
            rtol=1e-6,
            atol=1e-6,
            what=what,
        )
    return compare(
        got, want, mistakes=_tails(want), rtol=1e-6, atol=1e-6, what="(forward, reverse)"
    )


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
    finding = _both_at(
        probe, single, "for N(2, 2) and N(-4, 0.75), variances second,", _tails(exact_kls(*single))
    )
    return (
        finding
        if not finding.ok
        else _both_at(probe, far, "for a q far to the right of both modes", _tails(exact_kls(*far)))
    )


@EXERCISE.part("A narrow component next to a wide one")
def narrow_component(probe: Probe, rng: np.random.Generator) -> Finding:
    args = (
        np.asarray(rng.uniform(-1, 1)),
        np.asarray(2.0),
        np.array([0.3, 0.7]),
        np.array([rng.uniform(-3, -2), 1.0]),
        np.array([0.004, 1.0]),
    )
    return _both_at(probe, args, "with a component of scale 0.004", _tails(exact_kls(*args)))


@EXERCISE.part("Both are zero when the target is q itself", weight=0.5)
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
        _ask(probe, args),
        np.zeros(2),
        rtol=1e-6,
        atol=1e-6,
        what="(forward, reverse) for p = q",
        mistakes=[
            *_tails(np.ones(2))[:1],
            Mistake(
                "not_zero",
                "The KL of a density to itself is zero, always. Look at the constants, the weights, and at what is integrated.",
                lambda got: got.shape == (2,),
            ),
        ],
    )

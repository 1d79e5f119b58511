"""One model, written differently: straight-through right, and straight-through turned around."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_07.reference import sigmoid, states

EXERCISE = exercise(
    __name__,
    title="One model, written differently",
    function="rewrite",
    points=4,
    difficulty=5,
    importance=4,
    minutes=45,
    read="section 5, Straight through",
    hides=[],
    because="the learner writes a model of their own",
)

RTOL = 1e-7
UNBIASED, REVERSED = "first", "second"
NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)
SEGMENTS = 4
INSIDE = 1e-6  # of the way into the cube


class Case(NamedTuple):
    """f(b) = c b + b'Ab / 2 + h tanh(w b), and the logits of q."""

    logits: np.ndarray
    linear: np.ndarray
    quadratic: np.ndarray
    bend: np.ndarray  # (2, D): the direction w, and in its second row h, repeated

    def f(self, b: np.ndarray) -> np.ndarray:
        smooth = b @ self.linear + 0.5 * ((b @ self.quadratic) * b).sum(-1)
        value: np.ndarray = smooth + self.bend[1, 0] * np.tanh(b @ self.bend[0])
        return value

    def slope(self, b: np.ndarray) -> np.ndarray:
        own = b @ (0.5 * (self.quadratic + self.quadratic.T)) + self.linear
        turn = self.bend[1, 0] * (1 - np.tanh(b @ self.bend[0]) ** 2)
        value: np.ndarray = own + turn[:, None] * self.bend[0]
        return value

    @property
    def bits(self) -> int:
        return len(self.logits)


def through(logits: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """The mean of straight-through, ``(D)``, from the slopes at all states, ``(2^D, D)``."""
    p = sigmoid(logits)
    every = states(len(logits))
    chances = np.prod(np.where(every > 0.5, p, sigmoid(-logits)), -1)
    value: np.ndarray = p * sigmoid(-logits) * (chances @ slopes)
    return value


def truth(case: Case, logits: np.ndarray) -> np.ndarray:
    """The exact gradient of E f in the logits, by differences between states."""
    every = states(case.bits)
    rises = np.zeros_like(every)
    for bit in range(case.bits):
        up, down = every.copy(), every.copy()
        up[:, bit], down[:, bit] = 1, 0
        rises[:, bit] = case.f(up) - case.f(down)
    return through(logits, rises)


def _case(rng: np.random.Generator, bits: int, sure: bool = False) -> Case:
    """A case whose gradients are no trifles beside what is there, and whose own straight-through is off by a tenth or more."""
    while True:
        size = rng.uniform(3.0, 4.5, bits) if sure else rng.uniform(0.35, 2.0, bits)
        case = Case(
            size * rng.choice([-1, 1], bits),
            rng.normal(size=bits),
            rng.normal(size=(bits, bits)) + 2.0 * np.diag(rng.choice([-1, 1], bits)),
            np.stack([rng.normal(size=bits), np.full(bits, rng.uniform(0.8, 1.6))]),
        )
        right, own = (
            truth(case, case.logits),
            through(case.logits, case.slope(states(bits))),
        )
        v = sigmoid(case.logits) * sigmoid(-case.logits)
        if (np.abs(right / v) > 0.15).all() and (np.abs(own - right) / v > 0.1).all():
            return case


def _cases(rng: np.random.Generator) -> list[Case]:
    return [_case(rng, 3), _case(rng, 1), _case(rng, 2, sure=True), _case(rng, 4)]


class Seen(NamedTuple):
    """Values and slopes of a learner's function at all states and along segments, and what a few rows give alone."""

    value: np.ndarray
    slope: np.ndarray
    along: np.ndarray  # (SEGMENTS, nodes + 2): its ends come last
    slope_along: np.ndarray
    slope_beside: np.ndarray  # hardly inside the cube at each state
    alone: np.ndarray
    actual: Any


def _segments(rng: np.random.Generator, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Points along segments inside the cube, ``(SEGMENTS, nodes + 2, D)``, the ends last; and the directions."""
    start, end = rng.uniform(0, 1, (2, SEGMENTS, 1, bits))
    share = np.append((NODES + 1) / 2, [0.0, 1.0])[:, None]
    return start + share * (end - start), (end - start)[:, 0]


def _asked(
    probe: Probe, rng: np.random.Generator, case: Case
) -> tuple[dict[str, Seen], np.ndarray]:
    """What both functions give, and the directions of the segments."""
    points, directions = _segments(rng, case.bits)
    every = states(case.bits)
    order = rng.permutation(len(every))
    inside = INSIDE + (1 - 2 * INSIDE) * every
    flat = np.concatenate([every[order], points.reshape(-1, case.bits), inside])
    reply = probe.drive(
        "rewrite/pair",
        logits=case.logits,
        linear=case.linear,
        quadratic=case.quadratic,
        bend=case.bend,
        b=flat,
    )
    found = {}
    for name in (UNBIASED, REVERSED):
        value, slope = as_array(reply[name]["value"]), as_array(reply[name]["slope"])
        if value.shape != (len(flat),) or slope.shape != flat.shape:
            empty = np.zeros(0)
            found[name] = Seen(empty, empty, empty, empty, empty, empty, reply[name]["value"])
            continue
        back = np.argsort(order)
        count = len(every)
        found[name] = Seen(
            value[:count][back],
            slope[:count][back],
            value[count:-count].reshape(points.shape[:-1]),
            slope[count:-count].reshape(points.shape),
            slope[-count:],
            as_array(reply[name]["alone"]) - value[-3:],
            value,
        )
    return found, directions


def _same_model(case: Case, seen: dict[str, Seen]) -> Finding:
    want = case.f(states(case.bits))
    finding = Finding(True)
    for name, one in seen.items():
        if not one.value.size:
            return compare(
                one.actual, np.zeros(len(states(case.bits))), what=f"the {name} function"
            )
        finding = compare(
            one.value,
            want,
            [
                Mistake(
                    "model_changed",
                    "This is minus f: its gradients are turned, and so is the model. Only what "
                    "lies between the states may change.",
                    -want,
                ),
                Mistake(
                    "interaction_lost",
                    "This adds up what each bit does by itself. Bits act together in f: all "
                    "products of them are needed.",
                    want[0] + states(case.bits) @ (case.f(np.eye(case.bits)) - want[0]),
                ),
            ],
            RTOL,
            what=f"the {name} function at the states",
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Both functions are f at every state", needs=["unbiased_for_every_q"])
def same_at_states(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for case in _cases(rng):
        if finding.ok:
            finding = _same_model(case, _asked(probe, rng, case)[0])
    return finding


@EXERCISE.part(
    "Straight-through is unbiased for the first one, whatever q is",
    weight=1.5,
    needs=["same_at_states"],
)
def unbiased_for_every_q(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for case in _cases(rng):
        seen = _asked(probe, rng, case)[0][UNBIASED]
        others = rng.uniform(0.5, 3.0, (3, case.bits)) * rng.choice([-1, 1], (3, case.bits))
        every_q = np.concatenate([case.logits[None], others])
        right = np.stack([truth(case, logits) for logits in every_q])
        if not seen.slope.size:
            return compare(seen.actual, np.zeros(len(states(case.bits))), what="the first function")
        actual = np.stack([through(logits, seen.slope) for logits in every_q])
        own = np.stack([through(logits, case.slope(states(case.bits))) for logits in every_q])
        here = np.allclose(actual[0], right[0], rtol=1e-5)
        if here and not np.allclose(actual, right, rtol=1e-5, atol=1e-8):
            return holds(
                False,
                "the exact gradient for every q",
                "that of the q whose logits are given, and of no other",
                "one_q_only",
                "The bias is taken back at one q. As soon as q has learned something it is there "
                "again: rewrite f so that it never arises.",
            )
        finding = compare(
            actual,
            right,
            [
                Mistake(
                    "not_rewritten",
                    "Its slopes are those of f as it was given, so its bias is too.",
                    own,
                ),
                Mistake(
                    "slopes_zero",
                    "No slope comes through: rounding, comparing and detaching have none.",
                    0 * right,
                ),
                Mistake("turned", "This is the truth turned around: the two functions are exchanged.", -right),
            ],
            RTOL,
            what="straight-through's mean for four q",
        )  # fmt: skip
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part(
    "For the second one it is the truth turned around, at the q given",
    weight=1.5,
    needs=["same_at_states"],
)
def turned_around(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for case in _cases(rng):
        seen = _asked(probe, rng, case)[0][REVERSED]
        if not seen.slope.size:
            return compare(
                seen.actual, np.zeros(len(states(case.bits))), what="the second function"
            )
        right = truth(case, case.logits)
        v = sigmoid(case.logits) * sigmoid(-case.logits)
        own = through(case.logits, case.slope(states(case.bits)))
        finding = compare(
            through(case.logits, seen.slope) / v,
            -right / v,
            [
                Mistake("not_rewritten", "This is f as it was given.", own / v),
                Mistake(
                    "not_turned",
                    "This is the truth itself: the functions are exchanged, or nothing was added.",
                    right / v,
                ),
                Mistake(
                    "half_way",
                    "The gradient is taken away, and not turned: twice as much is needed.",
                    0 * right,
                ),
                Mistake(
                    "kappa_sign",
                    "What is added has the wrong sign: the truth comes out threefold.",
                    3 * right / v,
                ),
                Mistake(
                    "from_own_bias",
                    "What is added would turn the truth if f as it was given had no bias. It has "
                    "one.",
                    (own - 2 * right) / v,
                ),
            ],
            RTOL,
            what="straight-through's mean, over p (1 - p)",
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part(
    "They are functions: row by row, and each the integral of its slope",
    weight=0.5,
    needs=["same_at_states", "unbiased_for_every_q"],
)
def own_slopes(probe: Probe, rng: np.random.Generator) -> Finding:
    for case in _cases(rng):
        seen, directions = _asked(probe, rng, case)
        for name, one in seen.items():
            if not one.value.size:
                return compare(one.actual, np.zeros(3), what=f"the {name} function")
            scale = np.abs(one.along).max() + np.abs(one.value).max()
            if not np.abs(one.alone).max() <= 1e-9 * scale:
                return holds(
                    False,
                    f"the {name} function row by row",
                    "other values when a row is asked alone",
                    "not_row_by_row",
                    "The value of a row depends on the rows beside it.",
                )
            rises = 0.5 * np.einsum("snd,sd,n->s", one.slope_along[:, :-2], directions, WEIGHTS)
            apart = np.abs(rises - (one.along[:, -1] - one.along[:, -2])).max()
            jump = np.abs(one.slope - one.slope_beside).max()
            if not (apart <= 1e-6 * scale and jump <= 1e-3 * scale):
                return holds(
                    False,
                    f"the {name} function is the integral of its slope",
                    f"it is {apart:.3g} away from it; its slope jumps by {jump:.3g} at the states",
                    "false_slope",
                    "Between the states the function and its slope do not belong together: "
                    "something in it is detached, rounded, or has a slope "
                    "of its own making. Write a smooth formula.",
                )
    return Finding(True, "smooth functions", "so they are")

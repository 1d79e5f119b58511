"""S9: two faults of a loss that everybody uses, found by adding up everything that can happen."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
import pyro
import torch
from pyro.poutine.messenger import Messenger
from scipy.special import logsumexp

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.pyro_state import own_pyro
from autograder.units.shared import as_array, unpack
from autograder.units.unit_14.problems_faults import Bits, loss_of
from autograder.units.unit_14.problems_hierarchy import doubles
from autograder.units.unit_14.reference import either_sign

EXERCISE = exercise(
    __name__,
    title="S9: two faults of a loss",
    function="examine",
    points=5,
    difficulty=5,
    importance=5,
    minutes=60,
    read="section 6, Three losses, three noises",
    hides=[],
    because="no function of course_vi enumerates a Pyro loss",
)

RTOL = 1e-7


class Given(NamedTuple):
    """A loss, and the small model on which it is examined: see ``problems_faults``."""

    kind: str
    alpha: float
    particles: int
    faults: np.ndarray
    prior: np.ndarray
    logits: np.ndarray
    slopes: np.ndarray
    level: np.ndarray
    y: np.ndarray
    batches: np.ndarray

    def states(self) -> np.ndarray:
        return np.array(list(itertools.product((0.0, 1.0), repeat=len(self.logits))))

    def tuples(self) -> np.ndarray:
        """All draws of K particles, ``(T, K, D)``."""
        return np.array(list(itertools.product(self.states(), repeat=self.particles)))

    def log_q(self, z: np.ndarray) -> np.ndarray:
        value: np.ndarray = (z * self.logits - np.logaddexp(0, self.logits)).sum(-1)
        return value

    def log_joint(self, z: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """log p(y, z) with the plate's scale, of bits ``(*, D)``."""
        mean = self.level[rows] + z @ self.slopes[rows].T + z.prod(-1)[..., None]
        seen = (-0.5 * (self.y[rows] - mean) ** 2 - 0.5 * np.log(2 * np.pi)).sum(-1)
        prior = (z * self.prior - np.logaddexp(0, self.prior)).sum(-1)
        value: np.ndarray = prior + len(self.y) / len(rows) * seen
        return value

    def bound(self, log_w: np.ndarray) -> np.ndarray:
        """The bound of weights ``(T, K)``, tuple by tuple."""
        if self.alpha == 1:
            value: np.ndarray = log_w.mean(-1)
            return value
        order = 1 - self.alpha
        return (logsumexp(order * log_w, axis=-1) - np.log(self.particles)) / order

    def shares(self, log_w: np.ndarray) -> np.ndarray:
        """The slopes of the bound in the log weights, ``(T, K)``."""
        if self.alpha == 1:
            return np.full_like(log_w, 1 / self.particles)
        order = (1 - self.alpha) * log_w
        return np.exp(order - logsumexp(order, axis=-1, keepdims=True))

    def right(self) -> np.ndarray:
        """Value and gradient of the bound of all rows, ``(1 + D)``, every tuple added up."""
        z, whole = self.tuples(), np.arange(len(self.y))
        log_q = self.log_q(z)
        chance, log_w = np.exp(log_q.sum(-1)), self.log_joint(z, whole) - log_q
        bound, score = self.bound(log_w), z - 1 / (1 + np.exp(-self.logits))
        slope = bound[:, None] * score.sum(1) - (self.shares(log_w)[..., None] * score).sum(1)
        return np.concatenate([[chance @ bound], chance @ slope])

    def told(self, weighted: bool = True, order: int = 0) -> np.ndarray:
        """What the loss gives on average, ``(1 + D)``: Pyro itself is run on each tuple and each batch.

        Args:
            order: 1 or -1 puts the states of each tuple in rising or falling order: right for a loss that treats its particles alike.
        """
        z = self.tuples()
        if order:
            z = np.array([sorted(each.tolist(), reverse=order < 0) for each in z])
        chance = np.exp(self.log_q(z).sum(-1)) if weighted else np.full(len(z), 1 / len(z))
        rows = [
            (weight, each, batch)
            for weight, each in zip(chance, z, strict=True)
            for batch in self.batches
        ]
        found = sum(weight * self._run(each, batch) for weight, each, batch in rows)
        return np.asarray(found) / len(self.batches)

    def _run(self, z: np.ndarray, batch: np.ndarray) -> np.ndarray:
        arrays = self.prior, self.logits, self.slopes, self.level, self.y
        with own_pyro(), doubles(), torch.random.fork_rng(devices=[]):
            pyro.clear_param_store()
            bits = Bits(*map(torch.tensor, arrays))
            loss, states = loss_of(self.kind, self.alpha, self.particles, self.faults), _InTurn(z)

            def guide(rows: Any) -> None:
                with states:
                    bits.guide(rows)

            value = loss.loss_and_grads(bits.model, guide, torch.tensor(batch[batch >= 0]))
            gradient = pyro.param("logits").grad
            slope = np.zeros(len(self.logits)) if gradient is None else gradient.numpy()
            return -np.concatenate([[float(value)], slope])


class _InTurn(Messenger):
    """Gives the site z the next of the states each time it is entered; z stays a draw, which nobody has observed."""

    def __init__(self, states: np.ndarray) -> None:
        super().__init__()
        self.states = iter(torch.tensor(states))

    def _pyro_sample(self, msg: Any) -> None:
        if msg["name"] == "z":
            msg["value"], msg["done"] = next(self.states), True


def _given(
    rng: np.random.Generator,
    kind: str,
    alpha: float,
    particles: int,
    bits: int,
    rows: int = 3,
    batch: int = 0,
    faults: tuple[float, float, float, float] = (0.0, 1.0, 1.0, 0.0),
    far: float = 0.0,
) -> Given:
    """All subsets of ``batch`` rows, or the whole; the guide away from the posterior, and from one half. Data lie ``far`` out."""
    batches = list(itertools.combinations(range(rows), batch or rows))
    order = rng.permutation(len(batches))
    slopes = either_sign(rng, (rows, bits), 0.5, 1.2)
    return Given(
        kind,
        alpha,
        particles,
        np.array(faults),
        either_sign(rng, (bits,), 0.3, 1.5),
        either_sign(rng, (bits,), 0.3, 1.5),
        slopes,
        either_sign(rng, (rows,), 0.1, 1.0),
        far + either_sign(rng, (rows,), 0.5, 2.0),
        np.array(batches)[order],
    )


def _told_mistakes(given: Given, want: np.ndarray, place: slice) -> list[Mistake]:
    known = [
        (
            "downhill",
            "A loss goes down, the bound goes up: the sign of what the loss tells is turned.",
            -want,
        )
    ]
    known.append(
        (
            "all_alike",
            "Not all draws are equally likely: the guide says how likely each is.",
            given.told(weighted=False),
        )
    )
    if given.faults[3]:
        hint = "Two draws of the same states in another order are two draws: this loss tells them apart."
        known += [("order_lost", hint, given.told(order=order)) for order in (1, -1)]
    if len(given.batches) > 1:
        known.append(
            (
                "batches_summed",
                "All batches are equally likely: their mean is asked.",
                want * len(given.batches),
            )
        )
        one = given._replace(batches=given.batches[:1]).told()
        known.append(("first_batch", "The first batch is not all of them.", one))
    return [Mistake(key, hint, value[place]) for key, hint, value in known]


def _right_mistakes(given: Given, want: np.ndarray, place: slice) -> list[Mistake]:
    whole = given._replace(alpha=1.0).right()
    evidence = logsumexp(given.log_joint(given.states(), np.arange(len(given.y))))
    limit = np.concatenate([[evidence], 0 * want[1:]])
    z = given.tuples()
    log_q = given.log_q(z)
    log_w = given.log_joint(z, np.arange(len(given.y))) - log_q
    score = z - 1 / (1 + np.exp(-given.logits))
    chance = np.exp(log_q.sum(-1))
    path = -chance @ (given.shares(log_w)[..., None] * score).sum(1)
    once = chance @ (given.bound(log_w)[:, None] * score.sum(1))
    known = [
        ("alpha_ignored", "That is the ELBO. With several particles and this alpha the bound is another.", whole),
        ("evidence", "That is the log evidence: a bound of K particles lies off it, for each tuple has its own logarithm.", limit),
        ("told_again", "That is what the loss tells. What should it tell?", given.told()),
        ("no_score", "The chances of the tuples move with the logits as well.", np.concatenate([want[:1], path])),
        ("only_score", "The weights inside the bound know the logits as well.", np.concatenate([want[:1], once])),
        ("downhill", "The bound goes up: its gradient is asked, not that of a loss.", np.concatenate([want[:1], -want[1:]])),
    ]  # fmt: skip
    return [Mistake(key, hint, value[place]) for key, hint, value in known]


VALUE, GRADIENT, ALL = slice(0, 1), slice(1, None), slice(0, None)
WORDS = {(0, 0): "the value that the loss tells", (0, 1): "the gradient that the loss tells",
         (1, 0): "the bound", (1, 1): "its gradient"}  # fmt: skip


def _judged(probe: Probe, given: Given, row: int, place: slice) -> Finding:
    reply = probe.drive("faults/table", **given._asdict())
    both = unpack(reply, 2, "what the loss tells, what is right")
    want = given.told() if row == 0 else given.right()
    what = f"{WORDS[row, int(place == GRADIENT)]}, {given.kind} with alpha = {given.alpha:g} and K = {given.particles}"
    got = as_array(both[row])
    if got.shape != want.shape:
        return compare(both[row], want, what="each row")
    plain = compare(got[place], want[place], rtol=RTOL, what=what)
    if plain.ok:
        return plain
    known = (_told_mistakes if row == 0 else _right_mistakes)(given, want, place)  # runs Pyro again
    return compare(got[place], want[place], known, RTOL, what=what)


def _all(probe: Probe, cases: list[Given], row: int, place: slice) -> Finding:
    """All cases in turn; the first alone is asked twice, which takes as long again."""
    finding, before = Finding(True), probe.twice
    try:
        for given in cases:
            finding = _judged(probe, given, row, place) if finding.ok else finding
            probe.twice = False
    finally:
        probe.twice = before
    return finding


@EXERCISE.part("The value that a loss tells, on average over all draws")
def value_told(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, "renyi", 0.0, 2, 1),
        _given(rng, "renyi", 0.5, 2, 2),
    ]
    return _all(probe, cases, 0, VALUE)


@EXERCISE.part("The gradient that it tells")
def gradient_told(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, "trace", 1.0, 2, 1),
        _given(rng, "renyi", 0.5, 2, 1),
        _given(rng, "graph", 1.0, 1, 2),
    ]
    return _all(probe, cases, 0, GRADIENT)


@EXERCISE.part("The bound that it should tell")
def value_right(probe: Probe, rng: np.random.Generator) -> Finding:
    alpha = float(rng.uniform(0.2, 0.8))
    cases = [_given(rng, "renyi", 0.0, 3, 1), _given(rng, "trace", 1.0, 2, 1), _given(rng, "renyi", alpha, 1, 2),
             _given(rng, "renyi", float(rng.choice([2.0, -1.0])), 2, 1),
             _given(rng, "renyi", 0.0, 2, 1, far=float(rng.choice([-40, 40])))]  # fmt: skip
    return _all(probe, cases, 1, VALUE)


@EXERCISE.part("The gradient of that bound")
def gradient_right(probe: Probe, rng: np.random.Generator) -> Finding:
    alpha = float(rng.uniform(0.2, 0.8))
    cases = [_given(rng, "renyi", alpha, 2, 2), _given(rng, "trace", 1.0, 2, 1),
             _given(rng, "renyi", float(rng.choice([2.0, -1.0])), 2, 1),
             _given(rng, "renyi", 0.0, 2, 1, far=float(rng.choice([-40, 40])))]  # fmt: skip
    return _all(probe, cases, 1, GRADIENT)


@EXERCISE.part("Batches: what is told is a mean over them, what is right is that of all rows")
def batches(probe: Probe, rng: np.random.Generator) -> Finding:
    unequal = _given(rng, "trace", 1.0, 1, 1, 3, 2)
    unequal.batches[1, 1] = -1  # one row alone, as likely as two
    cases = [_given(rng, "renyi", 0.0, 2, 1, 3, 2), _given(rng, "trace", 1.0, 1, 1, 3, 1), unequal]
    finding = _all(probe, cases, 0, ALL)
    return finding if not finding.ok else _all(probe, cases, 1, ALL)


@EXERCISE.part("Losses that nobody has seen: right, wrong in value, wrong in gradient", weight=1.5)
def unseen(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, "own", float(rng.uniform(0.2, 0.8)), 2, 1),
        _given(rng, "own", 1.0, 1, 2, faults=(float(rng.uniform(0.1, 1.0)), 1.0, 1.0, 0.0)),
        _given(rng, "own", 1.0, 1, 1, faults=(0.0, 0.0, 0.0, 0.0)),  # adds no gradient
        _given(rng, "own", 0.0, 2, 1, 2, 1, (0.0, float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.2, 2.0)), 0.0)),
        _given(rng, "own", float(rng.uniform(0.2, 0.8)), 2, 1, faults=(0.0, 1.0, 1.0, float(rng.uniform(0.5, 1.5)))),
    ]  # fmt: skip
    return _all(probe, cases, 0, ALL)

"""The sealed case: three coders, one lossy, one with dirty bits, one right, told apart by what they spend."""

from __future__ import annotations

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=35,
    read="section 4, Bits back",
    hides=[],
    because="no function of course_vi gives a verdict on a coder",
)

LOSSY, DIRTY, RIGHT = "lossy", "dirty", "right"
SLOTS, ROWS, APART, PROPOSED = 16, 40_000, 6.0, 96
TOLD = {LOSSY: 0, DIRTY: 1, RIGHT: 2}


def ratios(prior: np.ndarray, likelihood: np.ndarray, slots: np.ndarray) -> np.ndarray:
    """Net bits of each x and z ``(*, X, S)``; infinite where z is never popped.

    Args:
        prior: ``(*, S)``.
        likelihood: ``(*, S, X)``.
        slots: of q, ``(*, X, S)``.
    """
    with np.errstate(divide="ignore"):
        popped = np.log2(slots / SLOTS)
    value: np.ndarray = (
        popped - np.log2(np.swapaxes(likelihood, -1, -2)) - np.log2(prior)[..., None, :]
    )
    return value


def chances(slots: np.ndarray, tilt: np.ndarray) -> np.ndarray:
    """How often each z is popped, ``(*, X, S)``, when each bit of the slot's number is a one with chance ``tilt (*)``."""
    ones = np.array([bin(slot).count("1") for slot in range(SLOTS)])
    weight = tilt[..., None] ** ones * (1 - tilt[..., None]) ** (4 - ones)  # (*, 16)
    ends = np.cumsum(slots, -1).astype(int)
    below = np.concatenate([np.zeros((*weight.shape[:-1], 1)), np.cumsum(weight, -1)], -1)
    reached = np.take_along_axis(
        np.broadcast_to(below[..., None, :], (*ends.shape[:-1], SLOTS + 1)), ends, -1
    )
    value: np.ndarray = np.diff(reached, axis=-1, prepend=0.0)
    return value


def spends(
    data: np.ndarray, prior: np.ndarray, likelihood: np.ndarray, slots: np.ndarray, tilt: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the net bits of a row, ``(*, 3)`` each: lossy, dirty, right.

    Args:
        data: how often each x comes, ``(*, X)``.
    """
    bits = ratios(prior, likelihood, slots)
    rounded = np.arange(data.shape[-1]) // 2 * 2
    means, variances = [], []
    for taken, popped in (
        (bits[..., rounded, :], slots[..., rounded, :] / SLOTS),
        (bits, chances(slots, tilt)),
        (bits, slots / SLOTS),
    ):
        chance = data[..., None] * popped
        paid = np.where(chance > 0, np.where(chance > 0, taken, 0.0), 0.0)
        mean = (chance * paid).sum((-1, -2))
        means.append(mean)
        variances.append((chance * paid**2).sum((-1, -2)) - mean**2)
    return np.stack(means, -1), np.stack(variances, -1)


def draw(rng: np.random.Generator) -> Opened:
    """Three models with their coders, and what each spent on 40,000 rows.

    Each has tables of its own. In half of the cases the lossy coder spends more than it would if it were right, and in half the dirty
    one does; in half of those where the lossy one spends less, it is less than the entropy of its data.
    """
    lossy_more, dirty_more, below = (bool(one) for one in rng.random(3) < 0.5)
    states, symbols = int(rng.integers(2, 5)), int(rng.integers(2, 4)) * 2
    while True:
        shape = (PROPOSED, 3)
        data = _table(rng, (*shape, symbols))
        prior, likelihood = (
            _table(rng, (*shape, states)),
            _table(rng, (*shape, states, symbols)),
        )
        spread = rng.dirichlet(np.full(states, 0.8), size=(*shape, symbols))
        slots = 1 + rng.multinomial(SLOTS - states, spread)
        tilt = 0.5 + rng.uniform(0.2, 0.35, shape) * rng.choice([-1, 1], shape)
        means, variances = spends(data, prior, likelihood, slots, tilt)
        error = np.sqrt(variances.max(-1) / ROWS)
        gaps = np.abs(means[..., [0, 0, 1]] - means[..., [1, 2, 2]]).min(-1)
        entropy = -(data * np.log2(data)).sum(-1)
        wanted = (gaps > APART * error).all(-1)
        wanted &= (means[:, 0, 0] > means[:, 0, 2]) == lossy_more
        wanted &= (means[:, 1, 1] > means[:, 1, 2]) == dirty_more
        if not lossy_more:  # what is right spends no less than the entropy
            wanted &= (means[:, 0, 0] < entropy[:, 0]) == below
        found = np.flatnonzero(wanted)
        if len(found):
            break
    one = int(found[0])
    sealed = {}
    for row, name in enumerate((LOSSY, DIRTY, RIGHT)):
        error_of = np.sqrt(variances[one, row, row] / ROWS)
        measured = means[one, row, row] + error_of * rng.normal()
        sealed[name] = np.concatenate(
            [
                [measured, error_of, tilt[one, row]],
                data[one, row],
                prior[one, row],
                likelihood[one, row].ravel(),
                slots[one, row].ravel(),
            ]
        )
    stacked, truth = shuffled(rng, sealed)
    sizes = [1, 1, 1, symbols, states, states * symbols]
    bits, errors, tilts, datas, priors, likelihoods, counts = np.split(
        stacked, np.cumsum(sizes), axis=1
    )
    given = {
        "bits": bits[:, 0],
        "errors": errors[:, 0],
        "data": datas,
        "prior": priors,
        "likelihood": likelihoods.reshape(3, states, symbols),
        "slots": counts.reshape(3, symbols, states),
        "tilt": tilts[:, 0],
    }
    return Opened(given, truth)


def _table(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    drawn = rng.dirichlet(np.full(shape[-1], 1.2), size=shape[:-1]) + 0.01
    value: np.ndarray = drawn / drawn.sum(-1, keepdims=True)
    return value


seal(EXERCISE, draw)

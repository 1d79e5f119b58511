"""A race at equal cost, followed exactly, and the mistakes in following it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Race", "of_break_even", "of_encoder", "of_table"]


class Race(NamedTuple):
    """What is asked: N data, evaluations in all, data in a batch, and the step size."""

    x: np.ndarray
    budget: int
    batch: int
    rate: float

    @property
    def square(self) -> float:
        return float((self.x**2).mean())

    @property
    def spread(self) -> float:
        """The variance of x^2 over the data."""
        return float((self.x**4).mean() - self.square**2)

    @property
    def start(self) -> float:
        """The mean gap before the first step."""
        return self.square / 4

    @property
    def row(self) -> float:
        """By what the gap of a row is multiplied in a step."""
        return (1 - 2 * self.rate) ** 2

    def weights(self, spread: float | None = None, speed: float = 1.0) -> float:
        """By what the encoder's mean gap is multiplied in a step; ``spread`` is that of a batch's mean of x^2."""
        spread = self.spread / self.batch if spread is None else spread
        rate = speed * self.rate
        return (1 - 2 * rate * self.square) ** 2 + 4 * rate**2 * spread

    def after(self, factor: float, cost: float) -> float:
        with np.errstate(over="ignore"):
            return float(self.start * np.power(factor, self.budget / cost))

    @property
    def right(self) -> tuple[float, float, float]:
        return (
            self.after(self.row, len(self.x)),
            self.after(self.weights(), self.batch),
            self.even(self.weights()),
        )

    def even(self, factor: float) -> float:
        with np.errstate(all="ignore"):
            return float(self.batch * np.log(self.row) / np.log(factor))


RowSays = list[tuple[str, str, float]]


def of_table(race: Race) -> RowSays:
    count, steps = len(race.x), race.budget / len(race.x)
    return [
        (
            "all_on_each",
            "Every row was given the whole budget. A step of all rows costs N evaluations: each takes budget / N steps.",
            race.after(race.row, 1),
        ),
        (
            "batch_steps",
            "The rows take as many steps as the encoder here. A step of all rows costs N evaluations, not a batch.",
            race.after(race.row, race.batch),
        ),
        (
            "not_squared",
            "This is how the distance of m from x/2 shrinks. The gap is its square.",
            race.after(abs(1 - 2 * race.rate), count),
        ),
        (
            "slope",
            "The distance shrinks by 1 - rate in your steps: the gap (m - x/2)^2 has the slope 2 (m - x/2).",
            race.after((1 - race.rate) ** 2, count),
        ),
        (
            "flow",
            "You took infinitely many infinitesimal steps, exp(-4 rate steps). These are finite ones.",
            race.start * float(np.exp(-4 * race.rate * steps)),
        ),
        (
            "row_start",
            "A row begins at m = 0, where its gap is x^2 / 4.",
            4 * race.after(race.row, count),
        ),
        ("summed", "The mean over the data is asked, not the sum.", count * race.right[0]),
    ]


def of_encoder(race: Race) -> RowSays:
    count = len(race.x)
    finite = race.spread / race.batch * (count - race.batch) / max(count - 1, 1)
    return [
        (
            "batch_noise",
            "You put the mean of x^2 where the batch has its own. The weight moves by another factor at each step, and "
            "the mean of a square is more than the square of the mean.",
            race.after(race.weights(0.0), race.batch),
        ),
        (
            "one_datum",
            "This is right for batches of one datum. The mean of x^2 over a batch varies B times less.",
            race.after(race.weights(race.spread), race.batch),
        ),
        (
            "no_replacement",
            "You drew batches without replacement. Here each datum of a batch is drawn from all N.",
            race.after(race.weights(finite), race.batch),
        ),
        (
            "unbiased_variance",
            "The variance of x^2 is over the N data that there are, divided by N: batches are drawn from these, and from nothing else.",
            race.after(
                race.weights(race.spread / race.batch * count / max(count - 1, 1)), race.batch
            ),
        ),
        (
            "table_steps",
            "The encoder takes budget / B steps: a step costs as many evaluations as there are data in the batch.",
            race.after(race.weights(), count),
        ),
        (
            "all_on_each",
            "The encoder takes budget / B steps, not as many as there are evaluations.",
            race.after(race.weights(), 1),
        ),
        (
            "batch_sum",
            "You summed the gradient over the batch. Its mean is climbed.",
            race.after(race.weights(speed=race.batch), race.batch),
        ),
        (
            "slope",
            "The gap (a - 1/2)^2 x^2 has the slope 2 (a - 1/2) x^2 in a: the factor 2 is missing.",
            race.after(race.weights(speed=0.5), race.batch),
        ),
        (
            "row_in_encoder",
            "This is how a row shrinks. The encoder's slope holds an x^2 more: one weight for all data.",
            race.after(race.row, race.batch),
        ),
        (
            "not_squared",
            "This is how the distance of the weight from 1/2 shrinks. The gap is its square.",
            race.after(abs(1 - 2 * race.rate * race.square), race.batch),
        ),
        (
            "weight_alone",
            "This is the expected square of a - 1/2. The gap of a datum is that times its x^2.",
            race.right[1] / race.square,
        ),
        ("summed", "The mean over the data is asked, not the sum.", count * race.right[1]),
    ]


def of_break_even(race: Race) -> RowSays:
    even = race.right[2]
    return [
        (
            "batch_noise",
            "The same noise is missing as in the encoder's gap: the mean of a square is more than the square of the mean.",
            race.even(race.weights(0.0)),
        ),
        (
            "upside_down",
            "The ratio is upside down: the faster the encoder shrinks its gap, the fewer data are needed.",
            race.batch**2 / even,
        ),
        (
            "batches",
            "This counts batches. How many data is that?",
            even / race.batch,
        ),
        (
            "half",
            "The row's factor in a step is (1 - 2 rate)^2: a factor two is lost in its logarithm.",
            even / 2,
        ),
        (
            "of_this_set",
            "This is how many data there are. Asked is how many there would have to be.",
            float(len(race.x)),
        ),
    ]

"""Rows of inputs and outcomes, and the one data set of the capstone."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Table", "doctor_visits"]

YEARS = 3
COVARIATES = ("lncoins", "idp", "lpi", "fmde", "physlm", "disea", "hlthg", "hlthf", "hlthp")


class Table(NamedTuple):
    """Units in rows: what is known of each, and what came of it.

    Attributes:
        x: inputs, ``(N, Dx)``.
        y: outcomes, ``(N,)`` or ``(N, T)``.

    >>> table = Table(torch.zeros(4, 2), torch.arange(4.0))
    >>> len(table.rows([0, 3]).y), table.size
    (2, 4)
    """

    x: Tensor
    y: Tensor

    @property
    def size(self) -> int:
        """N, the number of units (``len`` of a named tuple counts its fields)."""
        return len(self.y)

    def rows(self, which: Tensor | list[int]) -> Table:
        """The units named, ``(n,)`` whole numbers or a mask, as another table."""
        index = torch.as_tensor(which)
        return Table(self.x[index], self.y[index])

    def split(self, first: int, generator: torch.Generator) -> tuple[Table, Table]:
        """Two tables by chance: ``first`` units, and the others.

        Raises:
            ValueError: ``first`` leaves one of the two without a unit.
        """
        if not 0 < first < self.size:
            raise ValueError(f"first is {first}; expected 1 to {self.size - 1}")
        order = torch.randperm(self.size, generator=generator)
        return self.rows(order[:first]), self.rows(order[first:])

    def shuffled(self, generator: torch.Generator) -> Table:
        """The same inputs, with all outcomes dealt out anew: nothing that inputs tell of outcomes is left, nor what one outcome of a
        unit tells of its others. How outcomes are distributed, all together, stays."""
        order = torch.randperm(self.y.numel(), generator=generator)
        return Table(self.x, self.y.reshape(-1)[order].reshape(self.y.shape))


def doctor_visits() -> Table:
    r"""Visits to a doctor in three years, of 3,101 people in the RAND Health Insurance Experiment (1974 to 1982).

    The published file has a row for each person and year and no column that says who. People stand there one after another, so a run of
    rows with the same nine inputs is taken for one person, and kept where it has three rows: one of the two lengths of enrolment. Who
    shares all nine with the neighbour in the file (children of a family, mostly) is lost with the longer runs.

    Returns:
        ``x: (3101, 9)``: log of (1 + coinsurance in per cent), individual deductible, log of the yearly participation incentive,
        log of the scaled maximal expenditure, physical limitation, index of chronic disease, and self-rated health good, fair, poor
        (against excellent). ``y: (3101, 3)``: visits, year by year. Both float64.

    Source: A. C. Cameron and P. K. Trivedi, *Microeconometrics*, 2005, chapter 20; the file that statsmodels brings along.

    >>> people = doctor_visits()
    >>> people.x.shape, people.y.shape, people.y.sum().item()
    (torch.Size([3101, 9]), torch.Size([3101, 3]), 26822.0)
    """
    from statsmodels.datasets import randhie

    frame = randhie.load_pandas().data
    x = torch.tensor(frame[list(COVARIATES)].to_numpy(), dtype=torch.float64)
    y = torch.tensor(frame["mdvis"].to_numpy(), dtype=torch.float64)
    begins = torch.cat([torch.ones(1, dtype=torch.bool), (x[1:] != x[:-1]).any(1)])
    first = begins.nonzero().squeeze(1)
    lengths = torch.diff(first, append=torch.tensor([len(x)]))
    first = first[lengths == YEARS]
    return Table(x[first], y[first.unsqueeze(1) + torch.arange(YEARS)])

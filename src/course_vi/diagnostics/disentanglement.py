r"""Is each factor of variation told by a latent of its own? Measured where the factors are known."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate

__all__ = ["InformationGap", "factor_vae_score", "mutual_information_gap"]


class InformationGap(NamedTuple):
    """The gap of each factor, ``(F,)``, and the mutual information of every latent with every factor, ``(D, F)``, in nats."""

    gap: Tensor
    information: Tensor

    @property
    def mean(self) -> float:
        """The score: 1 if each factor is told by one latent alone, 0 if none is told by one more than by another."""
        return self.gap.mean().item()


def mutual_information_gap(codes: Tensor, factors: Tensor, bins: int = 20) -> InformationGap:
    r"""How much more the best latent says of a factor than the second best, as a share of all there is to say.

    .. math:: \mathrm{MIG}_k = \frac{I(z_{j_1}; v_k) - I(z_{j_2}; v_k)}{H(v_k)}, \qquad I(z_{j_1}; v_k) \ge I(z_{j_2}; v_k) \ge \dots

    Mutual information by counting, with each latent in ``bins`` bins of equal width. With N rows counting overstates it, by about
    (bins - 1)(values - 1) / 2N, for all latents alike, so that most of it leaves the gap. A latent that does not move says nothing.

    Args:
        codes: latents (posterior means, say), ``(N, D)``.
        factors: whole numbers that say which value each factor has, ``(N, F)``.
        bins: how finely to look.

    Raises:
        ValueError: shapes that do not fit, NaN or infinity, factors that are no whole numbers, or a factor that does not vary.

    Source: Chen, Li, Grosse and Duvenaud, "Isolating sources of disentanglement in variational autoencoders", NeurIPS 2018.

    >>> factors = torch.cartesian_prod(torch.arange(4), torch.arange(3))
    >>> turned = factors.double() @ torch.tensor([[1.0, -1.0], [1.0, 1.0]], dtype=torch.float64)
    >>> round(mutual_information_gap(factors.double(), factors).mean, 6), mutual_information_gap(turned, factors).mean < 0.2
    (1.0, True)
    """
    codes, values = _check(codes, factors)
    validate.positive_integer("bins", bins)
    low, high = codes.amin(0), codes.amax(0)
    width = torch.where(high > low, high - low, torch.ones_like(low))
    cells = ((codes - low) / width * bins).long().clamp_max(bins - 1)
    counts = [int(column.max()) + 1 for column in values.unbind(-1)]
    information = torch.stack(
        [
            torch.stack(
                [
                    _information(cell, value, bins, count)
                    for value, count in zip(values.unbind(-1), counts, strict=True)
                ]
            )
            for cell in cells.unbind(-1)
        ]
    )
    entropy = torch.stack(
        [
            torch.special.entr(value.bincount().to(codes) / len(codes)).sum()
            for value in values.unbind(-1)
        ]
    )
    if bool((entropy <= 0).any()):
        raise ValueError(
            f"factors has a column ({int(entropy.argmin())}) that does not vary; expected at least two values of each factor"
        )
    best = (
        torch.cat([information, torch.zeros_like(information[:1])]).topk(2, 0).values
    )  # a lone latent has no rival: 0
    return InformationGap((best[0] - best[1]) / entropy, information)


def factor_vae_score(
    codes: Tensor,
    factors: Tensor,
    votes: int = 800,
    batch: int = 64,
    generator: torch.Generator | None = None,
) -> float:
    r"""How well the latent that moves least tells which factor was held still.

    One vote: choose a factor k and a row, take ``batch`` rows in which k has that row's value, and find the latent whose variance, in
    units of its variance over all rows, is smallest. The score is the accuracy, on fresh votes, of the rule that names for each latent
    the factor that it was most often found still with.

    Args:
        codes, factors: as in ``mutual_information_gap``, with at least two factors.
        votes: how many to learn the rule from, and again to judge it; the score has a standard error of at most :math:`1/(2\sqrt{votes})`.
        batch: rows to a vote, drawn with replacement.
        generator: draws the votes.

    Returns:
        A number from about 1/F (chance, and what latents that do not move get) to 1.

    Raises:
        ValueError: see ``mutual_information_gap``; or one factor only, which any rule would name.

    Source: Kim and Mnih, "Disentangling by factorising", ICML 2018.

    >>> factors = torch.cartesian_prod(torch.arange(4), torch.arange(3))
    >>> factor_vae_score(factors.double(), factors, votes=50)
    1.0
    """
    codes, values = _check(codes, factors)
    for name, number, least in (
        ("votes", votes, 1),
        ("batch", batch, 2),
        ("the number of factors", values.shape[-1], 2),
    ):
        validate.positive_integer(name, number)
        if number < least:
            raise ValueError(f"{name} is {number}; expected {least} or more")
    scale = codes.var(0)
    tables = []
    for _ in range(2):
        table = torch.zeros(codes.shape[-1], values.shape[-1])
        for factor in torch.randint(values.shape[-1], (votes,), generator=generator).tolist():
            row = int(torch.randint(len(codes), (), generator=generator))
            alike = (values[:, factor] == values[row, factor]).nonzero().squeeze(-1)
            chosen = codes[
                alike[torch.randint(len(alike), (batch,), generator=generator).to(alike.device)]
            ]
            still = torch.where(
                scale > 0, chosen.var(0) / scale, torch.full_like(scale, torch.inf)
            ).argmin()
            table[int(still), factor] += 1
        tables.append(table)
    rule = tables[0].argmax(-1)
    return (tables[1][torch.arange(len(rule)), rule].sum() / votes).item()


def _information(cell: Tensor, value: Tensor, bins: int, count: int) -> Tensor:
    joint = torch.bincount(cell * count + value, minlength=bins * count).view(
        bins, count
    ).double() / len(cell)
    outer = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return (
        torch.where(
            joint > 0, joint * (joint / outer.clamp_min(1e-300)).log(), torch.zeros_like(joint)
        )
        .sum()
        .clamp_min(0)
    )


def _check(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    if codes.dim() != 2 or factors.dim() != 2 or len(codes) != len(factors) or len(codes) < 2:
        raise ValueError(
            f"codes and factors have shapes {tuple(codes.shape)} and {tuple(factors.shape)}; expected (N, D) and (N, F)"
        )
    validate.finite("codes", codes)
    values = factors.long()
    if not bool((values == factors).all()):
        raise ValueError(
            "factors has entries that are no whole numbers; expected the index of each factor's value"
        )
    return codes.detach().double(), values - values.amin(0)

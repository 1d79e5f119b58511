"""Models, families and problems that several units share."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.distributions import Normal

from case_proofs.tools import draw
from course_vi.families import FullRank, MeanField
from course_vi.models import ConjugateToy
from course_vi.nets import mlp


class Curved(nn.Module):
    """z ~ N(0, I), x | z ~ N(sin z, 0.7^2): nothing is conjugate, and the data do not touch."""

    def log_factors(self, x: torch.Tensor, z: torch.Tensor) -> dict[str, torch.Tensor]:
        return {
            "prior": Normal(0.0, 1.0).log_prob(z).sum(-1),
            "likelihood": Normal(torch.sin(z), 0.7).log_prob(x).sum(-1),
        }

    def log_joint(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return sum(self.log_factors(x, z).values())


def located(
    batch: tuple[int, ...],
    wild: bool = False,
    K: int = 6,
    order: str = "p,loc,scale,x,eps",
    shift: float = 0.0,
) -> Callable[[], tuple]:
    def build() -> tuple:
        loc = draw(1, *batch, 2).requires_grad_()
        r = draw(2, *batch, 2, scale=0.5) + shift
        if wild:
            r.reshape(-1)[0], r.reshape(-1)[1] = -9.0, 7.5
        r.requires_grad_()
        eps = draw(3, K, *batch, 2)
        eps.reshape(-1)[0] = 3.6
        pieces = {"p": Curved(), "loc": loc, "scale": r, "x": draw(4, *batch, 2), "eps": eps}
        return tuple(pieces[key] for key in order.split(",")), [loc, r]

    return build


def densities(loc: torch.Tensor, r: torch.Tensor, eps: torch.Tensor) -> tuple:
    z = loc + r.exp() * eps
    return z, Normal(loc, r.exp()).log_prob(z).sum(-1)


def total(
    p: Any, loc: torch.Tensor, r: torch.Tensor, x: torch.Tensor, eps: torch.Tensor
) -> torch.Tensor:
    z, log_q = densities(loc, r, eps)
    return (p.log_joint(x, z) - log_q).mean(0)


def path(
    p: Any, loc: torch.Tensor, r: torch.Tensor, x: torch.Tensor, eps: torch.Tensor
) -> torch.Tensor:
    z = loc + r.exp() * eps
    return (p.log_joint(x, z) - Normal(loc.detach(), r.detach().exp()).log_prob(z).sum(-1)).mean(0)


def family_problem(make: Callable[[], tuple], *more: Any) -> Callable[[], tuple]:
    def build() -> tuple:
        p, q, x, eps = make()
        return (p, q, x, eps, *more), list(q.parameters())

    return build


def amortized_affine() -> Any:
    from course_vi.families import Amortized

    return Amortized(MeanField(1), mlp(1, 0, 2, torch.Generator().manual_seed(3))).double()


def on_toy(family: str) -> Callable[[], tuple]:
    def make() -> tuple:
        D = 2
        if family == "mean_field":
            q: Any = MeanField(D, draw(1, D), draw(2, D, scale=0.3))
        else:
            q = FullRank(D, draw(1, D), draw(2, D, scale=0.3), draw(5, D, D, scale=0.4))
        return ConjugateToy(D).double(), q, draw(3, 3, D), draw(4, 5, 3, D)

    return make

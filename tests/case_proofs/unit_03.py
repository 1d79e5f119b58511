"""Unit 03, derived once more."""

import math
from typing import Any

import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal, kl_divergence

from case_proofs.problems import family_problem, on_toy
from case_proofs.tools import Proof, all_of, by_gradient, by_value, draw, f64
from course_vi.families import FullRank, MeanField
from course_vi.models import ConjugateToy, GaussianChain


def naive(p: Any, q: Any, x: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z)).mean(0)


def three(p: Any, q: Any, x: torch.Tensor, z: torch.Tensor) -> tuple:
    first = (p.log_joint(x, z) - q(x, z)).mean(0)
    return first, first, first


def tractable() -> list[tuple]:
    toy = ConjugateToy(2).double()
    near = MeanField(2, draw(1, 2, scale=0.1), draw(2, 2, scale=0.1))
    chain, q = (
        GaussianChain().double(),
        FullRank(2, draw(3, 2), draw(4, 2, scale=0.2), draw(5, 2, 2, scale=0.3)),
    )
    return [
        (toy, near, draw(6, 40, 2), draw(7, 1, 40, 2)),
        (toy, near, draw(8, 1, 2, 2), draw(9, 3, 1, 2, 2)),
        (chain, q, draw(8, 4, 1), draw(9, 3, 4, 2)),
    ]


def third_form(answer: Any) -> str:
    """With a lying posterior only the third form may move."""
    toy, x, z = ConjugateToy(1).double(), draw(1, 3, 1), draw(2, 4, 3, 1)
    q = MeanField(1, draw(3, 3, 1), draw(4, 3, 1))
    honest = [torch.as_tensor(v).detach().clone() for v in answer(toy, q, x, z)]
    toy.log_evidence = lambda x: torch.full(x.shape[:-1], 5.0, dtype=f64)  # type: ignore[method-assign]
    lied = list(answer(toy, q, x, z))
    return (
        ""
        if [bool(torch.allclose(torch.as_tensor(a), b)) for a, b in zip(lied, honest, strict=True)]
        == [True, True, False]
        else "the order of the forms"
    )


def gaussian_kl(*args: torch.Tensor) -> torch.Tensor:
    a, r, b, t = args
    return kl_divergence(Normal(a, r.exp()), Normal(b, t.exp())).sum(-1)


def elbo_gap(loc: torch.Tensor, r: torch.Tensor, x: torch.Tensor) -> tuple:
    posterior = Normal(x / 2, torch.full_like(x, 0.5**0.5))
    gap = kl_divergence(Normal(loc, r.exp()), posterior).sum(-1)
    return Normal(torch.zeros_like(x), torch.full_like(x, 2**0.5)).log_prob(x).sum(-1) - gap, gap


def mixture_kls(
    loc: torch.Tensor, scale: torch.Tensor, w: torch.Tensor, m: torch.Tensor, r: torch.Tensor
) -> tuple:
    c, s = torch.cat([m, loc.reshape(1)]), torch.cat([r, scale.reshape(1)])
    z = torch.linspace((c - 13 * s).min().item(), (c + 13 * s).max().item(), 1_000_001, dtype=f64)
    lp = MixtureSameFamily(Categorical(w), Normal(m, r)).log_prob(z)
    lq = Normal(loc, scale).log_prob(z)
    return torch.trapezoid(lp.exp() * (lp - lq), z), torch.trapezoid(lq.exp() * (lq - lp), z)


def mixtures() -> list[tuple]:
    t = lambda *v: torch.tensor(v, dtype=f64)
    w, m, r = t(0.4, 0.6), t(-2.5, 1.5), t(0.7, 0.7)
    return [
        (torch.tensor(a, dtype=f64), torch.tensor(s, dtype=f64), w, m, r)
        for a, s in ((1.5, 0.1), (0.0, 2.0), (30.0, 1.0))
    ]


def bits(log_joint: torch.Tensor, log_q: torch.Tensor) -> tuple:
    r = (log_q - log_joint) / math.log(2)
    return r, r.mean(0)


PROOFS: dict[str, Proof] = {
    "03_three_forms": all_of(by_value(three, tractable(), 1e-8), third_form),
    "03_gaussian_kl": by_value(
        gaussian_kl,
        [
            tuple(draw(i, *shape) for i in range(4))
            for shape in ((4, 3), (3,), (1, 3), (2, 1, 3), (2, 3, 2))
        ],
    ),
    "03_gap": by_value(
        elbo_gap,
        [(draw(1, 4, 2), draw(2, 4, 2), draw(3, 4, 2)), (draw(4, 1), draw(5, 1), 3 * draw(6, 1))]
        + [tuple(draw(i, *shape) for i in range(3)) for shape in ((1, 3), (2, 1, 3))],
    ),
    "03_mixture_kls": by_value(mixture_kls, mixtures(), 0.0, 1e-6),
    "03_net_bit_rate": by_value(
        bits,
        [(draw(1, 4, 3) * 5, draw(2, 4, 3) * 5), (draw(3, 6) + 4, draw(4, 6))]
        + [(draw(5, *shape), draw(6, *shape)) for shape in ((1, 3), (4, 1), (3, 2, 1))],
    ),
    "03_naive_elbo": all_of(
        *[by_gradient(naive, family_problem(on_toy(name))) for name in ("mean_field", "full_rank")],
        by_value(naive, [(*on_toy("mean_field")()[:2], draw(6, 1, 2, 2), draw(7, 3, 1, 2, 2))]),
    ),
    "03_naive_bias": by_value(
        lambda m, r, x: (2 * m - x, 2 * (2 * r).exp() - 1),
        [tuple(draw(i, *shape) for i in range(3)) for shape in ((3, 2), (1, 2), (2, 1, 3))],
    ),
}

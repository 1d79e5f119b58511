"""Unit 06, derived once more."""

import math
from typing import Any

import numpy as np
import torch
from scipy import special
from torch.distributions import Normal, kl_divergence

from case_proofs.problems import densities, located, total
from case_proofs.tools import Proof, all_of, by_gradient, by_value, differ, draw, f64


def ways(
    p: Any, loc: torch.Tensor, r: torch.Tensor, x: torch.Tensor, eps: torch.Tensor
) -> torch.Tensor:
    z, log_q = densities(loc, r, eps)
    q, prior = Normal(loc, r.exp()), Normal(torch.zeros_like(loc), torch.ones_like(loc))
    f = p.log_factors(x, z)
    return torch.stack(
        [
            total(p, loc, r, x, eps),
            (f["prior"] + f["likelihood"]).mean(0) + q.entropy().sum(-1),
            f["likelihood"].mean(0) - kl_divergence(q, prior).sum(-1),
        ]
    )


def variance(weights: Any, values: Any) -> Any:
    return (weights * values * values).sum() - (weights * values).sum() ** 2


def six_variances(a: float, b: float, m: float, s: float) -> torch.Tensor:
    e, w = np.polynomial.hermite_e.hermegauss(40)
    w = w / w.sum()
    f, g = a / 2 * (m + s * e) ** 2 + b * (m + s * e), a * (m + s * e) + b
    rows = [[variance(w, g), variance(w, g * s * e)]]
    for best in (False, True):
        rows.append(
            [
                variance(w, (f - best * (w * f * S * S).sum() / (w * S * S).sum()) * S)
                for S in (e / s, e * e - 1)
            ]
        )
    return torch.tensor(np.array(rows))


def target_wins(answer: Any) -> str:
    for m, s in ((0.0, 1.0), (1.3, 0.25), (-2.0, 2.5), (7.0, 0.6)):
        f, predicted = answer(m, s)
        e = torch.linspace(-8.3, 11.1, 200_001, dtype=f64)  # not symmetric, and cut in pieces below
        w = torch.exp(-0.5 * e**2) / math.sqrt(2 * math.pi) * (e[1] - e[0])
        z = (m + s * e).requires_grad_()
        value = f(z)
        alone = torch.stack([f(z[i : i + 1])[0] for i in (50_000, 85_000, 90_000, 120_000)])
        if not torch.allclose(alone, value[[50_000, 85_000, 90_000, 120_000]], atol=1e-6):
            return "not entry by entry"
        (slope,) = torch.autograd.grad(value.sum(), z)
        exact = torch.stack([variance(w, slope), variance(w, value.detach() * e / s)])
        if found := differ(torch.as_tensor(predicted).to(f64), exact, 0.0, 0.02):
            return f"prediction {found}"
        if exact[0] < 4 * exact[1]:
            return "the pathwise gradient is not four times as noisy"
        if (w * slope).sum() ** 2 < 0.1 * exact[1]:
            return "there is next to no gradient"
    return ""


def stays_put(answer: Any) -> str:
    for K, D in ((2, 4), (4, 4), (1, 3)):
        for log_det in (0.0, 3.0, 8.0, 14.0):
            eps = draw(K + D, K, D)
            kept = eps.clone()
            loc, L = (torch.as_tensor(v).to(f64) for v in answer(eps, log_det))
            if not torch.equal(eps, kept):
                return "the noise was changed"
            if (
                L.triu(1).abs().max() > 0
                or L.diagonal().min() <= 0
                or abs(L.diagonal().log().sum() - log_det) > 1e-6
            ):
                return "not lower triangular with that determinant"
            if ((loc + eps @ L.T) ** 2).sum() > (eps**2).sum() * (1 + 1e-6):
                return "the samples move"
    return ""


def gamma_problem() -> tuple:
    a = torch.tensor([[0.3, 2.0], [7.0, 1.2]], dtype=f64)
    g = draw(1, 5, 2, 2).abs() * a + 0.05
    g[0, 0, 0] = 1e-3
    rate = draw(2, 2, 2).abs() + 0.5
    a.requires_grad_(), rate.requires_grad_()
    return (a, rate, g), [a, rate]


class Quantile(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(a, g)
        return g.clone()

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple:
        a, g = (v.numpy() for v in ctx.saved_tensors)
        u, h = special.gammainc(a, g), 1e-5 * a
        slope = (special.gammaincinv(a + h, u) - special.gammaincinv(a - h, u)) / (
            2 * h
        )  # the quantile, moved
        return (grads[0] * torch.as_tensor(slope)).sum(0), None


def moved_quantile(a: torch.Tensor, rate: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    return Quantile.apply(a, g) / rate


PROOFS: dict[str, Proof] = {
    "06_location_scale": all_of(
        *[
            by_gradient(densities, located(batch, wild, 6, "loc,scale,eps", shift), 1e-9, 1e-9)
            for batch, wild, shift in (
                ((3,), False, 0.0),
                ((3,), True, 0.0),
                ((), False, 0.0),
                ((4,), False, -4.0),
            )
        ]
    ),
    "06_pathwise_elbo": all_of(
        *[
            by_gradient(total, located(batch, wild, 9))
            for batch, wild in (((3,), False), ((), False), ((3,), True))
        ]
    ),
    "06_three_ways": all_of(
        *[
            by_gradient(ways, located(batch, wild))
            for batch, wild in (((3,), False), ((), False), ((3,), True))
        ]
    ),
    "06_predicted_variances": by_value(
        six_variances,
        [
            (1.0, -2.0, 0.5, 0.7),
            (-2.0, 0.5, -1.0, 1.5),
            (1.5, 1.0, 0.3, 0.1),
            (0.7, -0.4, -0.2, 4.0),
            (-1.0, -1.0, 0.5, 1.0),
        ],
        1e-9,
        1e-5,
    ),
    "06_score_wins": target_wins,
    "06_runaway": stays_put,
    "06_implicit_gamma": by_gradient(moved_quantile, gamma_problem, 1e-6, 2e-3),
}

"""Unit 11, derived once more."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from case_proofs.problems import Curved, densities, path, total
from case_proofs.tools import Proof, by_gradient, by_value, differ, draw, f64
from course_vi.models import ConjugateToy
from course_vi.nets import mlp


def recognized(W: torch.Tensor, b: torch.Tensor, x: torch.Tensor, eps: torch.Tensor) -> tuple:
    out = torch.einsum("ij,...j->...i", W, x) + b
    D = len(b) // 2
    return densities(out[..., :D], out[..., D:], eps)


def encoder_problem() -> tuple:
    encoder = mlp(2, 0, 4, torch.Generator().manual_seed(2)).double()
    return (Curved(), encoder, draw(1, 3, 2), draw(2, 4, 3, 2)), list(encoder.parameters())


def amortized_by_either(answer: Any) -> str:
    """Total or path derivative: the statement leaves it open."""

    def reference(detached: bool) -> Callable:
        def one(p: Any, encoder: Any, x: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
            return (path if detached else total)(p, *encoder(x).chunk(2, -1), x, eps)

        return one

    found = [
        by_gradient(reference(detached), encoder_problem)(answer) for detached in (True, False)
    ]
    return "" if "" in found else found[0]


def recognizer(answer: Any) -> str:
    def fresh() -> nn.Module:
        return mlp(1, 0, 2, torch.Generator().manual_seed(5)).double()

    def exact(p: Any, encoder: nn.Module, variance: float) -> float:
        m, r = encoder(x).chunk(2, -1)
        e, w = (torch.tensor(v) for v in np.polynomial.hermite_e.hermegauss(30))
        z = m + r.exp() * e.reshape(-1, 1, 1)
        log_w = p.log_joint(x, z) - Normal(m, r.exp()).log_prob(z).sum(-1)
        return (w.unsqueeze(-1) / w.sum() * log_w).sum(0).mean().item()

    class Wide(ConjugateToy):
        def log_factors(self, x: torch.Tensor, z: torch.Tensor) -> dict:
            return {
                "prior": Normal(0.0, 2.0).log_prob(z).sum(-1),
                "likelihood": Normal(z, 1.0).log_prob(x).sum(-1),
            }

    x = torch.linspace(-3, 3, 64, dtype=f64).unsqueeze(-1)
    for p, slope, variance in ((ConjugateToy(1).double(), 0.5, 0.5), (Wide(1).double(), 0.8, 0.8)):
        encoder = fresh()
        start = exact(p, encoder, variance)
        torch.manual_seed(1)
        history = answer(p, encoder, x, 3)
        m, r = encoder(x).chunk(2, -1)
        if (m - slope * x).abs().max() > 0.15 or (r - 0.5 * math.log(variance)).abs().max() > 0.15:
            return "the encoder does not say the posterior"
        best = exact(p, encoder, variance)
        if abs(history[0] - start) > 0.3 + 0.1 * abs(start):
            return "the first value is not the bound"
        if abs(history[-1] - best) > 0.1:
            return "the last value is not the bound"
        torch.manual_seed(2)
        if answer(p, fresh(), x, 3) != history:
            return "the same seed gives another history"
        if answer(p, fresh(), x, 4) == history:
            return "the seed is dead"
    return ""


def climbing(answer: Any) -> str:
    def elbo(m: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        return (-(m**2) + x * m - (2 * r).exp() + r).sum(-1)

    for rate, steps in ((0.05, 100), (1.05, 7), (0.05, 0)):
        x = torch.tensor([[0.2], [3.0]], dtype=f64)
        m, r = torch.zeros(2, 1, dtype=f64), torch.zeros(2, 1, dtype=f64)
        want_m, want_r = m.clone(), r.clone()
        for _ in range(steps):
            want_m, want_r = (
                want_m + rate * (x - 2 * want_m),
                want_r + rate * (1 - 2 * (2 * want_r).exp()),
            )
        actual = answer(elbo, m, r, steps, rate)
        if found := differ(actual, (want_m, want_r), 1e-9, 1e-9):
            return found
        if m.abs().sum() + r.abs().sum() > 0:
            return "the start was changed"
    return ""


def two_gaps(
    W: torch.Tensor, v: torch.Tensor, x: torch.Tensor, loc: torch.Tensor, r: torch.Tensor
) -> tuple:
    A = torch.eye(W.shape[1], dtype=f64) + W.T @ W / v
    posterior = MultivariateNormal((x @ W / v) @ torch.linalg.inv(A), torch.linalg.inv(A))
    best = MultivariateNormal(
        posterior.mean, torch.diag(1 / A.diagonal()).expand(*x.shape[:-1], -1, -1)
    )
    q = MultivariateNormal(loc, torch.diag_embed((2 * r).exp()))
    first = kl_divergence(best, posterior)
    return first, kl_divergence(q, posterior) - first


def sinh_flow(params: torch.Tensor, eps: torch.Tensor) -> tuple:
    m, r, k, t = params.chunk(4, -1)
    e = eps.clone().requires_grad_()
    z = m + r.exp() * torch.sinh(t.exp() * torch.asinh(e) + k)
    (slope,) = torch.autograd.grad(z.sum(), e)
    return z.detach(), (Normal(0.0, 1.0).log_prob(eps) - slope.log()).sum(-1)


PROOFS: dict[str, Proof] = {
    "11_recognition_sample": by_value(
        recognized,
        [
            (draw(1, 4, 3), draw(2, 4), draw(3, 5, 3), draw(4, 6, 5, 2)),
            (draw(1, 2, 1), draw(2, 2), draw(3, 1), draw(4, 6, 1)),
        ],
    ),
    "11_amortized_elbo": amortized_by_either,
    "11_train_recognizer": recognizer,
    "11_climb": climbing,
    "11_gaps": by_value(
        two_gaps,
        [
            (
                draw(1, 3, 2),
                torch.tensor(0.6, dtype=f64),
                draw(2, 4, 3),
                draw(3, 4, 2),
                draw(4, 4, 2),
            )
        ],
        1e-8,
    ),
    "11_flow_recognizer": by_value(
        sinh_flow,
        [(draw(1, 3, 8, scale=0.4), draw(2, 5, 3, 2)), (draw(3, 4, scale=0.4), draw(4, 5, 1))],
        1e-8,
    ),
}

"""Unit 00, derived once more."""

import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import torch
from torch.distributions import Normal

from case_proofs.tools import Proof, all_of, by_gradient, by_value, draw, f64


def log_weights() -> torch.Tensor:
    w = draw(0, 150, 4, scale=2.0)
    w[:, 1], w[3, 0] = w[:, 1] - 9000, -math.inf
    w[:, 2] = -math.inf
    return w


def moments(g: torch.Tensor, a: torch.Tensor) -> tuple:
    n = len(g)
    m = sum(g) / n
    e = (sum((one - m) ** 2 for one in g) / (n * (n - 1))).sqrt()
    return m, e, (m - a) / e


def replicates() -> list[tuple]:
    wide = draw(1, 1500, 3) * torch.tensor([1.0, 1e-4, 30.0], dtype=f64)
    return [
        (wide, torch.tensor([0.5, 0.0, -20.0], dtype=f64)),
        (draw(2, 7, 2, 2), draw(3, 2, 2)),
        (draw(4, 40) + 3e5, torch.tensor(3e5, dtype=f64)),
    ]


def joint_gaussian(d: int, k: int, batch: tuple[int, ...], small: float = 1.0) -> tuple:
    root = draw(d + k, d + k, d + k) * torch.cat([torch.ones(d), torch.full((k,), small)]).to(
        f64
    ).unsqueeze(-1)
    return draw(5, d + k), root @ root.T, draw(6, *batch, k, scale=small)


def conditioned(mean: torch.Tensor, S: torch.Tensor, x: torch.Tensor) -> tuple:
    d = len(mean) - x.shape[-1]
    inverse = torch.linalg.inv(S[d:, d:])
    return mean[:d] + torch.einsum("ij,jk,...k->...i", S[:d, d:], inverse, x - mean[d:]), S[
        :d, :d
    ] - S[:d, d:] @ inverse @ S[d:, :d]


def dense_woodbury(d: torch.Tensor, B: torch.Tensor, v: torch.Tensor) -> tuple:
    S = torch.diag(d**2) + B @ B.T
    return torch.logdet(S), torch.einsum("...i,ij,...j->...", v, torch.linalg.inv(S), v)


def small_memory(answer: Any) -> str:
    args = draw(1, 2000).abs() + 0.5, draw(2, 2000, 4), draw(3, 2, 2000)
    tracemalloc.start()
    answer(*args)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return "" if peak < 8e6 else "a D x D array in NumPy"


def swap_problem(dtype: torch.dtype, size: float) -> Callable[[], tuple]:
    def build() -> tuple:
        a = draw(1, 5).to(dtype).requires_grad_()
        return (3.14159265 * (1 + a), size * a.sin() + size), [a]

    return build


def last_digit(answer: Any) -> str:
    for dtype, size in ((torch.float32, 1e7), (f64, 1e7)):
        value, s = (
            draw(1, 50).to(dtype) + 2,
            (size * (1 + draw(2, 50).abs())).to(dtype).requires_grad_(),
        )
        if not torch.equal(answer(value, s).detach(), value):
            return "not equal to the last digit"
    return ""


def rows_as_they_are(value: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    return value.detach() + (s - s.detach())


def is_biased(answer: Callable[..., Any]) -> str:
    """Sixty right entries, 300 times, of several spreads; one entry of four off by 0.11 spreads, 60 times."""
    generator = torch.Generator().manual_seed(11)

    def estimates(count: int, spread: float, bias: float) -> Callable[[int], torch.Tensor]:
        mean = torch.ones(count, dtype=f64)
        mean[0] += bias * spread
        return lambda n: mean + spread * torch.randn(n, count, generator=generator, dtype=f64)

    right, biased = torch.ones(60, dtype=f64), torch.ones(4, dtype=f64)
    alarms = sum(
        bool(answer(estimates(60, (1e-4, 1.0, 50.0)[turn % 3], 0.0), right)) for turn in range(150)
    )
    found = sum(
        bool(answer(estimates(4, (1e-2, 1.0, 50.0)[turn % 3], 0.11), biased)) for turn in range(60)
    )
    if alarms > 4:
        return f"{alarms} of 150 right ones called biased; 1 in 1,000 is allowed"
    return "" if found >= 55 else f"{found} of 60 biased ones found; 99 in 100 are asked for"


PROOFS: dict[str, Proof] = {
    "00_is_biased": is_biased,
    "00_log_mean_exp": by_value(
        lambda w: torch.logsumexp(w, 0) - math.log(len(w)),
        [(log_weights(),), (draw(1, 5),), (draw(2, 3, 2, 2) * 30,)],
    ),
    "00_log_likelihood": by_value(
        lambda x, z, r: Normal(z, r.exp()).log_prob(x).sum(-1),
        [
            (draw(1, 3, 2), draw(2, 4, 3, 2), torch.tensor([-9.0, 8.5], dtype=f64)),
            (draw(3, 2), draw(4, 5, 2), torch.tensor([-3.0, -2.5], dtype=f64)),
            (draw(5, 2) * 1e-3, draw(6, 3, 2) * 1e-3, torch.tensor([-4.0, -4.0], dtype=f64)),
            (60 + draw(7, 2), draw(8, 4, 2), draw(9, 2)),
        ],
    ),
    "00_value_and_gradient": all_of(
        by_gradient(rows_as_they_are, swap_problem(f64, 3.0), 1e-12, 1e-12), last_digit
    ),
    "00_z_score": by_value(moments, replicates(), 1e-8, 1e-8),
    "00_condition": by_value(
        conditioned,
        [
            joint_gaussian(2, 3, (4,)),
            joint_gaussian(1, 2, (), 0.05),
            joint_gaussian(3, 1, (2, 2)),
            joint_gaussian(2, 2, (3,)),
        ],
        1e-7,
        1e-7,
    ),
    "00_woodbury": all_of(
        by_value(
            dense_woodbury,
            [
                (draw(1, 6).abs() * 0.1 + 0.2, draw(2, 6, 5) * 0.3, draw(3, 2, 6)),
                (torch.full((4,), 3e-3, dtype=f64), draw(4, 4, 2) * 1e-3, draw(5, 4)),
            ],
            1e-6,
            1e-7,
        ),
        small_memory,
    ),
}

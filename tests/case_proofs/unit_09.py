"""Unit 09, derived once more."""

import copy
import math
import tracemalloc
from typing import Any

import torch
from torch.distributions import MultivariateNormal

from case_proofs.problems import amortized_affine, family_problem, located, on_toy, path
from case_proofs.tools import Proof, all_of, by_gradient, by_value, differ, draw, f64
from course_vi.models import GaussianChain


def frozen(p: Any, q: Any, x: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
    return mixed_coefficient(p, q, x, eps, 0.0)


def mixed_coefficient(p: Any, q: Any, x: torch.Tensor, eps: torch.Tensor, c: float) -> torch.Tensor:
    z = q.transport(eps, x)
    score = q(x, z.detach())
    return (p.log_joint(x, z) - q(x, z) + (1 - c) * (score - score.detach())).mean(0)


def chain_problem() -> tuple:
    q1, q2 = amortized_affine(), amortized_affine()
    with torch.no_grad():
        for parameter in [*q1.parameters(), *q2.parameters()]:
            parameter += 0.2
    return (GaussianChain().double(), q1, q2, draw(1, 4, 1), draw(2, 3, 4, 1), draw(3, 3, 4, 1)), [
        *q1.parameters(),
        *q2.parameters(),
    ]


def two_layers(
    p: Any, q1: Any, q2: Any, x: torch.Tensor, e1: torch.Tensor, e2: torch.Tensor
) -> torch.Tensor:
    z1 = q1.transport(e1, x)
    z2 = q2.transport(e2, z1)
    a, b = copy.deepcopy(q1).requires_grad_(False), copy.deepcopy(q2).requires_grad_(False)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - a(x, z1) - b(z1, z2)).mean(0)


def four_variances(answer: Any) -> str:
    for m, r, x in ((0.3, -0.2, 1.0), (1.0, 0.1, -0.4)):
        args = [torch.tensor([v], dtype=f64) for v in (m, r, x)]
        s, d = math.exp(r), x - 2 * m
        exact = torch.tensor(
            [
                [4 * s**2, d**2 * s**2 + 8 * s**4],
                [(1 / s - 2 * s) ** 2, d**2 * s**2 + 2 * (1 - 2 * s**2) ** 2],
            ],
            dtype=f64,
        )

        def one(R: int, seed: int, args: list = args) -> torch.Tensor:
            return torch.as_tensor(answer(*args, R, torch.Generator().manual_seed(seed)), dtype=f64)

        many = one(100_000, 5)
        if not torch.allclose(many, exact, rtol=0.08, atol=1e-3):
            return "not the variances, or too few replicates"
        pairs = torch.stack([one(2, seed) for seed in range(1500)])
        error = pairs.std(0) / 1500**0.5
        if ((pairs.mean(0) - exact).abs() / error).max() > 5:
            return "R = 2 is biased"
    return ""


def best_c(g: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    return torch.stack(
        [-torch.cov(torch.stack([a, b]))[0, 1] / b.var() for a, b in zip(g.T, s.T, strict=True)]
    )


def vafc(answer: Any) -> str:
    p, r = 5, 2
    target = MultivariateNormal(torch.ones(p, dtype=f64), torch.eye(p, dtype=f64) + 0.5)
    rows = [0]

    def logp(z: torch.Tensor) -> torch.Tensor:
        rows[0] += z.shape[:-1].numel()
        return target.log_prob(z)

    def place(one: Any) -> Any:
        with torch.no_grad():
            (
                one.prm["mu"].copy_(draw(1, p)),
                one.prm["B"].copy_(draw(2, p, r)),
                one.prm["sigma"].copy_(draw(3, p).abs() + 0.3),
            )
        return one

    one = place(answer(p, r, logp, seed=4))
    mu, B, s = (one.prm[key].detach() for key in ("mu", "B", "sigma"))
    S = B @ B.T + torch.diag(s**2)
    z = one.sample(20_000).detach()
    if z.shape != (20_000, p) or torch.equal(one.sample(3).detach(), one.sample(3).detach()):
        return "sample repeats itself"
    if (z.mean(0) - mu).abs().max() > 0.1 or (
        (torch.cov(z.T) - S).abs() / torch.outer(S.diagonal(), S.diagonal()).sqrt()
    ).max() > 0.06:
        return "sample is not from q"
    if differ(one.pr_Z(draw(5, 4, p)), torch.linalg.solve(S, draw(5, 4, p).T).T, 1e-9, 1e-9):
        return "pr_Z"
    if one.ELBO(z[:6]).requires_grad or differ(
        one.ELBO(z[:6]),
        (target.log_prob(z[:6]) - MultivariateNormal(mu, S).log_prob(z[:6])).mean(),
        1e-8,
    ):
        return "ELBO"
    e1, e2 = draw(6, 7, r), draw(7, 7, p)
    leaves = [v.clone().requires_grad_() for v in (mu, B, s)]
    y = leaves[0] + e1 @ leaves[1].T + leaves[2] * e2
    bound = (target.log_prob(y) - MultivariateNormal(mu, S).log_prob(y)).mean()
    want = torch.autograd.grad(bound, leaves)
    if differ([one.gradient(e1, e2)[key] for key in ("mu", "B", "sigma")], list(want), 1e-8):
        return "gradient"
    rows[0] = 0
    answer(p, r, logp, seed=4).full_train(3, 4)
    if rows[0] != 12:
        return f"{rows[0]} rows of logp for three steps of four"
    big = answer(1500, 2, lambda z: z.sum(-1), seed=1)
    tracemalloc.start()
    big.pr_Z(draw(1, 2, 1500))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return "" if peak < 8e6 else "a p x p array in NumPy"


PROOFS: dict[str, Proof] = {
    "09_gaussian_path_derivative": by_gradient(path, located((3,))),
    "09_frozen_family": all_of(
        *[by_gradient(frozen, family_problem(on_toy(name))) for name in ("mean_field", "full_rank")]
    ),
    "09_landing_variances": four_variances,
    "09_two_layers": by_gradient(two_layers, chain_problem),
    "09_score_coefficient": all_of(
        *[
            by_gradient(mixed_coefficient, family_problem(on_toy("full_rank"), c))
            for c in (0.0, 1.0, -1.0, 0.4, 2.5)
        ]
    ),
    "09_best_coefficient": by_value(
        best_c, [(draw(1, 1500, 3), draw(2, 1500, 3) + 0.3 * draw(1, 1500, 3) + 1)], 1e-8
    ),
    "09_vafc": vafc,
}

"""Unit 01, derived once more."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import special
from torch.distributions import MultivariateNormal, Normal

from case_proofs.tools import Proof, by_value, draw, f64
from case_proofs.unit_00 import conditioned

GRAPH = {
    "x10": ("x1", "talent", "tired"),
    "exam": ("talent", "effort"),
    "x1": ("effort",),
    "effort": (),
    "tired": ("exam",),
    "talent": (),
    "end": ("x10", "exam", "x1", "tired"),
    "last": ("end",),
    "very": ("last",),
    "cause": (),
    "tail": ("x10",),
}


BACKWARDS = {f"n{i}": (f"n{i - 1}",) if i else () for i in reversed(range(9))}


def recipe(name: str, calls: list[str]) -> Callable:
    def one(n: int, *above: torch.Tensor) -> torch.Tensor:
        calls.append(name)
        return draw(len(name), n) + sum((i + 1) * value for i, value in enumerate(above))

    return one


def ancestral(answer: Any) -> str:
    for graph, n in ((GRAPH, 3), (GRAPH, 11), (BACKWARDS, 3), (BACKWARDS, 11)):
        calls: list[str] = []
        given, recipes = dict(graph), {name: recipe(name, calls) for name in graph}
        kept = dict(recipes)
        values = answer(given, recipes, n)
        if sorted(calls) != sorted(graph) or given != graph or recipes != kept:
            return "a recipe called twice or never, or a dictionary changed"
        for name, above in graph.items():
            want = recipe(name, [])(n, *[values[parent] for parent in above])
            if values[name].shape != (n,) or not torch.allclose(values[name], want):
                return f"{name} does not fit its parents"
    return ""


def plate() -> tuple:
    log_prob = {
        "m": lambda v: Normal(0.0, 1e-3).log_prob(v),
        "y": lambda v, m: Normal(m, 0.05).log_prob(v),
    }
    return (
        {"y": ("m",), "m": ()},
        log_prob,
        {
            "m": draw(1, 4, 1, scale=1e-3),
            "y": draw(2, 4, 150, scale=0.05) + draw(1, 4, 1, scale=1e-3),
        },
    )


def plate_far() -> tuple:
    parents, log_prob, values = plate()
    return parents, log_prob, {"m": values["m"], "y": values["y"][:, :3] + 2.0}


def joint(parents: dict, log_prob: dict, values: dict) -> torch.Tensor:
    return Normal(0.0, 1e-3).log_prob(values["m"]).sum(-1) + Normal(values["m"], 0.05).log_prob(
        values["y"]
    ).sum(-1)


def blanket(parents: dict, name: str) -> set:
    families = [{child, *above} for child, above in parents.items() if name in (child, *above)]
    return set().union(*families) - {name}


def two_coins(a: torch.Tensor, b: torch.Tensor) -> tuple:
    z, h = np.linspace(-12, 12, 400_001), 24 / 400_000
    w = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * h
    p, q = (special.expit(float(i) + float(s) * z) for i, s in zip(a, b, strict=True))
    t = np.array([[(w * u * v).sum() for v in (1 - q, q)] for u in (1 - p, p)])
    p1, p2 = t[1].sum(), t[:, 1].sum()
    return torch.tensor(t), torch.tensor(
        (t[1, 1] - p1 * p2) / math.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
    )


COINS = [
    tuple(torch.tensor(v, dtype=f64) for v in pair)
    for pair in (
        ([0.4, -0.6], [2.0, 2.5]),
        ([0.1, 0.5], [2.0, -3.0]),
        ([-5.0, 70.0], [60.0, 55.0]),
        ([-7.0, -6.5], [2.0, 1.9]),
        ([0.0, 0.3], [60.0, 1.0]),
    )
]


def mixed(
    y: torch.Tensor,
    C: torch.Tensor,
    g: torch.Tensor,
    beta: torch.Tensor,
    tau: torch.Tensor,
    sigma: torch.Tensor,
) -> torch.Tensor:
    S = tau**2 * (g.unsqueeze(0) == g.unsqueeze(1)).to(f64) + sigma**2 * torch.eye(
        len(y), dtype=f64
    )
    return MultivariateNormal(C @ beta, S).log_prob(y)


def panel(tau: float, sigma: float) -> tuple:
    g = torch.tensor([7, 2, 7, 9, 2, 2, 9, 7, 0])
    C, beta = draw(1, 9, 3), draw(2, 3)
    noise = sigma * draw(3, 9) + tau * draw(4, 10)[g]
    return (
        C @ beta + noise,
        C,
        g,
        beta,
        torch.tensor(tau, dtype=f64),
        torch.tensor(sigma, dtype=f64),
    )


def filtered(
    m: torch.Tensor,
    P: torch.Tensor,
    x: torch.Tensor,
    A: torch.Tensor,
    C: torch.Tensor,
    Q: torch.Tensor,
    R: torch.Tensor,
) -> tuple:
    mean = torch.cat([A @ m, C @ A @ m])
    top = A @ P @ A.T + Q
    S = torch.cat([torch.cat([top, top @ C.T], 1), torch.cat([C @ top, C @ top @ C.T + R], 1)])
    d = len(m)
    return *conditioned(mean, S, x), MultivariateNormal(mean[d:], S[d:, d:]).log_prob(x)


def ship(scale: float, far: float = 0.0) -> tuple:
    def cov(seed: int, n: int) -> torch.Tensor:
        root = draw(seed, n, n)
        return scale**2 * (root @ root.T + 0.1 * torch.eye(n, dtype=f64))

    A, C, m = draw(1, 3, 3), draw(2, 2, 3), draw(3, 3)
    return m, cov(4, 3), C @ A @ m + scale * draw(5, 2) + far, A, C, cov(6, 3), cov(7, 2)


def ising(J: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
    rows, columns = h.shape
    pairs = [
        ((i, j), (i + a, j + b))
        for i in range(rows)
        for j in range(columns)
        for a, b in ((0, 1), (1, 0))
        if i + a < rows and j + b < columns
    ]
    energies = []
    for number in range(2 ** h.numel()):
        s = torch.tensor(
            [1.0 if number >> k & 1 else -1.0 for k in range(h.numel())], dtype=f64
        ).reshape(h.shape)
        energies.append(J * sum(s[a] * s[b] for a, b in pairs) + (s * h).sum())
    return torch.logsumexp(torch.stack(energies), 0)


PROOFS: dict[str, Proof] = {
    "01_ancestral": ancestral,
    "01_joint": by_value(joint, [plate(), plate_far()], 1e-9, 1e-10),
    "01_blanket": by_value(blanket, [(GRAPH, name) for name in GRAPH] + [(BACKWARDS, "n4")]),
    "01_correlation": by_value(two_coins, COINS, 1e-5, 0.0),
    "01_mixed": by_value(
        mixed, [panel(1.0, 0.5), panel(0.0, 0.3), panel(0.01, 0.02), panel(2.0, 0.05)], 1e-8, 1e-8
    ),
    "01_kalman": by_value(filtered, [ship(1.0), ship(0.02), ship(1.0, 60.0)], 1e-8, 1e-7),
    "01_grid": by_value(
        ising,
        [
            (torch.tensor(J, dtype=f64), 3 * draw(int(J) + 300, a, b))
            for J, a, b in ((0.4, 2, 3), (-0.7, 3, 2), (200.0, 3, 2), (-200.0, 2, 2))
        ],
        1e-7,
        1e-9,
    ),
}

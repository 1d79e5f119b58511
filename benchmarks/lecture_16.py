"""The tables of lecture 16 that take too long for a page: pools and statisticians on sets, neural processes on functions.

    python benchmarks/lecture_16.py                       # all of them
    python benchmarks/lecture_16.py pools                 # one
    python benchmarks/lecture_16.py processes --steps 5000

It writes ``src/course_vi/experiments/lecture_16.json``, with seeds, steps and seconds; the lecture reads that file, trains for a few
steps once more, and holds its sentences to the numbers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from course_vi.bounds import elbo, iwae
from course_vi.experiments import function_trial, set_trial
from course_vi.experiments.side_by_side import seeded
from course_vi.experiments.stored_tables import path_of
from course_vi.models import ConditionalNeuralProcess

SEEDS = [0, 1, 2, 3, 4]
SIZES = (1, 2, 4, 8, 16, 32, 64)  # the last two are larger than any in training
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
TARGETS = (1, 2, 4, 8)
DOUBLE = torch.float64


def add(table: str, steps: int, way: str, found: dict[str, Any]) -> None:
    here = path_of(16)
    stored = json.loads(here.read_text("utf-8")) if here.exists() else {}
    stored |= {"command": "python benchmarks/lecture_16.py", "seeds": SEEDS, "device": "cpu"}
    stored.setdefault(table, {}).setdefault(str(steps), {})[way] = found
    text = json.dumps(stored, indent=1, sort_keys=True)
    here.write_text(text + "\n", "utf-8")
    print(table, steps, way, str(found)[:2000], flush=True)


def rounded(values: Tensor, digits: int = 4) -> Any:
    if values.dim() > 1:
        return [rounded(row, digits) for row in values]
    return [round(value, digits) for value in values.tolist()]


# Sets.


def pool(kind: str, steps: int) -> dict[str, Any]:
    """KL to the exact posterior, ``(sizes, seeds)``."""
    start = time.process_time()
    encoder, source = set_trial.train_pool(kind, SEEDS, steps), seeded(7)
    seconds, gaps = time.process_time() - start, []
    for size in SIZES:
        x = set_trial.draw_sets((len(SEEDS), 1000), size, source)[0]
        with torch.no_grad():
            gaps.append(set_trial.posterior_gap(encoder(x), x).mean(-1))
    return {"gap": rounded(torch.stack(gaps)), "sizes": list(SIZES), "seconds": round(seconds)}


def statistician(steps: int) -> dict[str, Any]:
    """Shortfalls of the ELBO and of the bound of 200 samples from the exact log evidence; how much of the exact statistics c holds."""
    start, rows, kept = time.process_time(), [], []
    for seed in SEEDS:
        (p, q), source = set_trial.train_statistician(seed, steps), seeded(2000 + seed)
        x = set_trial.draw_sets((500,), 8, source)[0]
        exact, log_w = set_trial.exact_log_evidence(x), []
        with torch.no_grad():
            for part in x.split(100):
                z = q.sample(200, part, source)
                log_w.append(p.log_joint(part, z) - q(part, z))
            weights = torch.cat(log_w, 1)
            c = p.split(q.sample(100, x, source))[0].mean(0)
        terms = torch.cat([torch.ones_like(c[:, :1]), c, c.square(), c[:, :1] * c[:, 1:]], -1)
        row = [float((exact - bound(weights)).mean()) for bound in (elbo, iwae)]
        for statistic in (x.mean(-1), x.std(-1).log()):
            fitted = terms @ torch.linalg.lstsq(terms, statistic.unsqueeze(-1)).solution
            left = statistic - fitted.squeeze(-1)
            row.append(1 - float(left.var() / statistic.var()))
        rows.append(row)
        if not kept:  # one seed's, for a figure
            kept = rounded(torch.cat([c, x.mean(-1, True), x.std(-1, keepdim=True).log()], -1)[:300], 2)  # fmt: skip
    keys = ("ELBO", "bound of 200", "R2 of mean", "R2 of log spread")
    columns = torch.tensor(rows).T
    return dict(zip(keys, rounded(columns), strict=True)) | {
        "c": kept,
        "seconds": round(time.process_time() - start),
    }


# Functions.


def regions(
    model: ConditionalNeuralProcess | None, seed: int, count: int = 1000, given: int = 6
) -> dict[str, Any]:
    """Nats short of the exact process, ratio of scales and coverage, by where the target lies; None is the exact process itself."""
    source = seeded(5000 + seed)
    u = 2.0 * (2 * torch.rand(count, given, generator=source, dtype=DOUBLE) - 1)
    t = 3.5 * (2 * torch.rand(count, 40, generator=source, dtype=DOUBLE) - 1)
    y = function_trial.draw_functions(torch.cat([u, t], -1), source)
    found: dict[str, Any] = {}
    truth = function_trial.exact_prediction(u, y[:, :given], t)
    exact = Normal(truth.mean, truth.variance.sqrt())
    targets = y[:, given:]
    log_prob, place = exact.log_prob(targets), exact.cdf(targets)
    scale = exact.stddev
    if model is not None:
        with torch.no_grad():
            context, inputs = torch.stack([u, y[:, :given]], -1).float(), t.unsqueeze(-1).float()
            told = model.predict(context, inputs)
        each = Normal(told.loc.squeeze(-1).double(), told.scale.squeeze(-1).double())
        log_prob, place, scale = each.log_prob(targets), each.cdf(targets), each.stddev
    short = exact.log_prob(targets) - log_prob
    near = (t.unsqueeze(-1) - u.unsqueeze(-2)).abs().amin(-1)
    inside = (t > u.amin(-1, keepdim=True)) & (t < u.amax(-1, keepdim=True))
    where = {
        "at the points": near < 0.1,
        "between them": inside & (near > 0.3),
        "beyond them": ~inside & (near > 0.3) & (t.abs() < 2),
        "outside the range": t.abs() > 2.2,
    }
    for name, mask in where.items():
        depth = (place[mask] - 0.5).abs()
        found[name] = {
            "short": float(short[mask].mean()),
            "scales": float((scale / exact.stddev).log()[mask].mean().exp()),
            "coverage": [float((depth < level / 2).double().mean()) for level in LEVELS],
        }
    return found


def together(model: ConditionalNeuralProcess, context: Tensor, points: Tensor) -> Tensor:
    """Targets fed back one by one: the sum of log p(y_t | C and the targets before)."""
    total = torch.zeros(len(points), dtype=DOUBLE)
    for k in range(points.shape[1]):
        seen = torch.cat([context, points[:, :k]], 1)
        here = model.outputs(seen, points[:, k : k + 1, :1]).log_prob(points[:, k : k + 1, 1:])
        total += here.squeeze(-1).double()
    return total


def joint(model: ConditionalNeuralProcess, seed: int) -> dict[str, Any]:
    """Mean log scores of several targets at once, ``(len(TARGETS),)`` for each way of telling."""
    source, given = seeded(6000 + seed), 4
    found: dict[str, list[float]] = {}
    for many in TARGETS:
        u = 2.0 * (2 * torch.rand(1000, given + many, generator=source, dtype=DOUBLE) - 1)
        y = function_trial.draw_functions(u, source)
        truth = function_trial.exact_prediction(u[:, :given], y[:, :given], u[:, given:])
        points = torch.stack([u, y], -1).float()
        context, targets = points[:, :given], points[:, given:]
        with torch.no_grad():
            alone = model.outputs(context, targets[..., :1]).log_prob(targets[..., 1:])
            scores = {
                "exact, together": truth.log_prob(y[:, given:]),
                "exact, each alone": Normal(truth.mean, truth.variance.sqrt())
                .log_prob(y[:, given:])
                .sum(-1),
                "conditional": alone.sum(-1).double(),
                "conditional, fed back": together(model, context, targets),
                "fed back, other order": together(model, context, targets.flip(1)),
            }
        order = (scores["conditional, fed back"] - scores["fed back, other order"]).abs()
        found.setdefault("order changes", []).append(float(order.mean()))
        for name, score in scores.items():
            found.setdefault(name, []).append(float(score.mean()))
    return found


def bands(model: ConditionalNeuralProcess) -> dict[str, Any]:
    """One function whose points arrive, as a trained network sees it."""
    source = seeded(16)
    grid = torch.linspace(-3, 3, 73, dtype=DOUBLE)
    places = torch.tensor([0.3, -1.2, 1.5, -0.5, 0.9, -1.8, 1.2, -0.1], dtype=DOUBLE)
    y = function_trial.draw_functions(torch.cat([places, grid]), source)
    seen = torch.stack([places, y[: len(places)]], -1).float()
    curves = []
    with torch.no_grad():
        for count in range(len(places) + 1):
            told = model.predict(seen[:count], grid.float().unsqueeze(-1))
            curves.append(torch.stack([told.loc.squeeze(-1), told.scale.squeeze(-1)]))
    return {
        "grid": rounded(grid),
        "points": rounded(seen),
        "conditional": [rounded(curve, 3) for curve in curves],
    }


def gathered(rows: Sequence[Any]) -> Any:
    """One dictionary of lists from dictionaries of numbers, one a seed."""
    if not isinstance(rows[0], dict):
        return [
            rounded(torch.tensor(row)) if isinstance(row, list) else round(row, 4) for row in rows
        ]
    return {key: gathered([row[key] for row in rows]) for key in rows[0]}


def processes(steps: int) -> None:
    start = time.process_time()
    models = function_trial.train_conditionals(SEEDS, steps)
    seconds = {"seconds": round(time.process_time() - start)}
    add("regions", steps, "conditional", over_seeds(models) | seconds)
    add("regions", steps, "exact", over_seeds([None] * len(SEEDS)))
    rows = [joint(model, seed) for model, seed in zip(models, SEEDS, strict=True)]
    add("joint", steps, "scores", gathered(rows) | {"targets": list(TARGETS)})
    add("bands", steps, "one function", bands(models[0]))


def wider(steps: int) -> None:
    """Once more, with training inputs as far out as any that the network is asked about."""
    models = function_trial.train_conditionals(SEEDS, steps, edge=3.5)
    add("regions", steps, "conditional, trained wider", over_seeds(models))


def over_seeds(models: Sequence[ConditionalNeuralProcess | None]) -> dict[str, Any]:
    rows = [regions(model, seed) for model, seed in zip(models, SEEDS, strict=True)]
    found: dict[str, Any] = gathered(rows)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="*", default=["processes", "pools", "statistician", "wider"])
    parser.add_argument("--steps", nargs="*", type=int, default=[4000, 1000])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for steps in chosen.steps:
        if "processes" in chosen.table:
            processes(steps)
        if "wider" in chosen.table and steps == max(chosen.steps):
            wider(steps)
        if "pools" in chosen.table:
            for kind in set_trial.POOLS:
                add("pools", steps, kind, pool(kind, steps))
        if "statistician" in chosen.table:
            add("statistician", steps, "learned", statistician(steps))


if __name__ == "__main__":
    main()

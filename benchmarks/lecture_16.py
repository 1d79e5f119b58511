"""The tables of lecture 16 that take too long for a page: statisticians on sets, neural processes on functions.

    python benchmarks/lecture_16.py                       # all of them, a minute and a half of one core
    python benchmarks/lecture_16.py --only statistician --steps 500

The processes are trained twice, for n and for 2 n steps, so that the lecture can say what twice as many steps would change. It writes
``src/course_vi/experiments/lecture_16.json``, with seeds, steps and seconds; the lecture reads that file, trains for a few steps once
more, and holds its sentences to the numbers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from course_vi.bounds import elbo, iwae
from course_vi.experiments import set_networks, set_trial
from course_vi.experiments.function_networks import Told, fed_back, told_of, train_processes
from course_vi.experiments.function_trial import draw_functions, exact_prediction
from course_vi.experiments.side_by_side import seeded
from course_vi.experiments.stored_tables import path_of
from course_vi.models import ConditionalNeuralProcess

HERE = path_of(16)
SEEDS = [0, 1, 2, 3, 4]
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
TARGETS = (1, 2, 4, 8)
GIVEN = (0, 1, 2, 4, 8, 12, 24)  # the last is more than any in training
LENGTHS = (0.5, 1.0, 2.0)
DOUBLE = torch.float64


def add(table: str, steps: int, way: str, found: dict[str, Any]) -> None:
    stored = json.loads(HERE.read_text("utf-8")) if HERE.exists() else {}
    stored |= {"command": "python benchmarks/lecture_16.py", "seeds": SEEDS}
    stored["device"] = "one core of a CPU"
    stored.setdefault(table, {}).setdefault(str(steps), {})[way] = found
    HERE.write_text(json.dumps(stored, separators=(",", ":"), sort_keys=True) + "\n", "utf-8")
    print(table, steps, way, str(found)[:1500], flush=True)


def rounded(values: Tensor, digits: int = 4) -> Any:
    if values.dim() > 1:
        return [rounded(row, digits) for row in values]
    return [round(value, digits) for value in values.tolist()]


# Sets.


def statistician(steps: int) -> None:
    """Shortfalls of the ELBO and of a tighter bound from the exact log evidence; how much of the exact statistics c holds."""
    start = time.process_time()
    (p, q), source = set_networks.train_statisticians(SEEDS, steps), seeded(2000)
    x = set_trial.draw_sets((len(SEEDS), 400), 8, source)[0]
    exact, log_w, mean_c = set_trial.exact_log_evidence(x), [], []
    with torch.no_grad():
        for part in x.split(50, 1):
            z = q.sample(200, part, source)
            log_w.append(p.log_joint(part, z) - q(part, z))
            mean_c.append(p.split(z)[0].mean(0))
    weights, c = torch.cat(log_w, 2), torch.cat(mean_c, 1)
    kept = torch.stack([x.mean(-1), x.std(-1).log()], -1)
    found = {
        "ELBO": rounded((exact - elbo(weights)).mean(-1)),
        "bound of 200": rounded((exact - iwae(weights)).mean(-1)),
        "R2 of mean": [round(explained(*pair), 4) for pair in zip(c, kept[..., 0], strict=True)],
        "R2 of log spread": [
            round(explained(*pair), 4) for pair in zip(c, kept[..., 1], strict=True)
        ],
        "c": rounded(torch.cat([c, kept], -1)[0], 2),
    }
    add("statistician", steps, "learned", found | {"seconds": round(time.process_time() - start)})


def explained(c: Tensor, statistic: Tensor) -> float:
    """Share of a statistic's variance that a quadratic in c explains, on the other half of the sets than those it was fitted on."""
    terms = torch.cat([torch.ones_like(c[:, :1]), c, c.square(), c[:, :1] * c[:, 1:]], -1)
    half = len(c) // 2
    fitted = torch.linalg.lstsq(terms[:half], statistic[:half].unsqueeze(-1)).solution.squeeze(-1)
    left = (statistic - terms @ fitted)[half:]
    return 1 - float(left.square().mean() / statistic[half:].var())


# Functions.


def some_functions(
    given: int, targets: int, reach: float, source: torch.Generator, count: int, length: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Contexts ``(R, count, given, 2)`` with inputs in (-2, 2), and targets ``(R, count, targets, 2)`` with inputs up to ``reach``."""
    shape = len(SEEDS), count
    u = 2.0 * (2 * torch.rand(*shape, given, generator=source, dtype=DOUBLE) - 1)
    t = reach * (2 * torch.rand(*shape, targets, generator=source, dtype=DOUBLE) - 1)
    inputs = torch.cat([u, t], -1)
    points = torch.stack([inputs, draw_functions(inputs, source, length)], -1)
    return points[..., :given, :], points[..., given:, :]


def by_process(context: Tensor, targets: Tensor, length: float = 1.0) -> Told:
    """What the exact process says of each target by itself."""
    told = exact_prediction(*context.unbind(-1), targets[..., 0], length)
    each = Normal(told.mean, told.variance.sqrt())
    y = targets[..., 1]
    return Told(each.log_prob(y), each.cdf(y), each.stddev)


def by_network(model: ConditionalNeuralProcess, context: Tensor, targets: Tensor) -> Told:
    return Told(*(part.double() for part in told_of(model, context.float(), targets.float())))


def regions(model: ConditionalNeuralProcess | None) -> dict[str, Any]:
    """Nats short of the exact process, ratio of scales and coverage, by where the target lies; None is the exact process itself."""
    source = seeded(5000)
    context, targets = some_functions(6, 40, 3.5, source, 600)
    exact, found = by_process(context, targets), {}
    told = exact if model is None else by_network(model, context, targets)
    u, t = context[..., 0], targets[..., 0]
    near = (t.unsqueeze(-1) - u.unsqueeze(-2)).abs().amin(-1)
    inside = (t > u.amin(-1, keepdim=True)) & (t < u.amax(-1, keepdim=True))
    where = {
        "at the points": near < 0.1,
        "between them": inside & (near > 0.3),
        "beyond them": ~inside & (near > 0.3) & (t.abs() < 2),
        "outside the range": t.abs() > 2.2,
    }

    def of_seeds(values: Tensor, mask: Tensor) -> Tensor:
        return torch.where(mask, values, 0).sum((-2, -1)) / mask.sum((-2, -1))

    depth = (told.place - 0.5).abs()
    for name, mask in where.items():
        found[name] = {
            "short": rounded(of_seeds(exact.log_prob - told.log_prob, mask)),
            "scales": rounded(of_seeds((told.scale / exact.scale).log(), mask).exp()),
            "coverage": rounded(
                torch.stack([of_seeds((depth < level / 2).double(), mask) for level in LEVELS], -1)
            ),
        }
    return found


def contexts(model: ConditionalNeuralProcess) -> dict[str, Any]:
    """Nats short of the exact process for each target in (-2, 2), by the number of points that are given."""
    found, source = {}, seeded(5500)
    for given in GIVEN:
        context, targets = some_functions(given, 20, 2.0, source, 400)
        told = by_network(model, context, targets)
        short = by_process(context, targets).log_prob - told.log_prob
        found[str(given)] = rounded(short.mean((-2, -1)))
    return found


def lengths(model: ConditionalNeuralProcess | None) -> dict[str, Any]:
    """Nats short of the process that drew the functions, by its lengthscale; None is the process with the lengthscale of training."""
    found, source = {}, seeded(5700)
    for length in LENGTHS:
        context, targets = some_functions(6, 20, 2.0, source, 400, length)
        told = (
            by_process(context, targets) if model is None else by_network(model, context, targets)
        )
        short = by_process(context, targets, length).log_prob - told.log_prob
        found[str(length)] = rounded(short.mean((-2, -1)))
    return found


def joint(model: ConditionalNeuralProcess) -> dict[str, Any]:
    """Mean log scores of several targets at once, four points given, ``(len(TARGETS), seeds)`` for each way to predict."""
    source, found = seeded(6000), {}
    for many in TARGETS:
        context, targets = some_functions(4, many, 2.0, source, 500)
        truth = exact_prediction(*context.unbind(-1), targets[..., 0])
        near, far = context.float(), targets.float()
        forth, back = (fed_back(model, near, order).double() for order in (far, far.flip(-2)))
        scores = {
            "exact, together": truth.log_prob(targets[..., 1]),
            "exact, each alone": by_process(context, targets).log_prob.sum(-1),
            "conditional": by_network(model, context, targets).log_prob.sum(-1),
            "conditional, fed back": forth,
            "order changes": (forth - back).abs(),
        }
        for name, score in scores.items():
            found.setdefault(name, []).append(rounded(score.mean(-1)))
    return found | {"targets": list(TARGETS)}


def bands(model: ConditionalNeuralProcess) -> list[Any]:
    """One function whose points arrive, as the network of the first seed sees it: mean and deviation after 0, 1, ... points."""
    grid = torch.linspace(-3, 3, 73, dtype=DOUBLE)
    places = torch.tensor([0.3, -1.2, 1.5, -0.5, 0.9, -1.8, 1.2, -0.1], dtype=DOUBLE)
    y = draw_functions(torch.cat([places, grid]), seeded(16))
    seen, curves = torch.stack([places, y[: len(places)]], -1).float(), []
    inputs = grid.float().expand(len(SEEDS), 1, -1).unsqueeze(-1)
    for count in range(len(places) + 1):
        told = model.predict(seen[:count].expand(len(SEEDS), 1, -1, -1), inputs)
        curves.append([rounded(part[0, 0, :, 0], 3) for part in told])
    return curves


def processes(steps: int) -> None:
    start = time.process_time()
    model = train_processes(SEEDS, steps)
    seconds = {"seconds": round(time.process_time() - start)}
    add("regions", steps, "conditional", regions(model) | seconds)
    add("contexts", steps, "conditional", contexts(model))
    add("lengths", steps, "conditional", lengths(model))
    add("joint", steps, "scores", joint(model))
    add("bands", steps, "one function", {"conditional": bands(model)})
    add("regions", steps, "exact", regions(None))
    add("lengths", steps, "process of lengthscale 1", lengths(None))


PARTS: dict[str, tuple[Callable[[int], None], tuple[int, ...]]] = {
    "statistician": (statistician, (2000,)),
    "processes": (processes, (2000, 4000)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--steps", nargs="*", type=int, help="instead of each part's own numbers")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for name in chosen.only:
        make, each = PARTS[name]
        for steps in chosen.steps or each:
            make(steps)


if __name__ == "__main__":
    main()

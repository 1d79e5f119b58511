"""The tables of lecture 19 that take too long for a page: what bounds, families, layers and bins are worth in bytes, over five seeds.

    python benchmarks/lecture_19.py                   # 2,000 and 8,000 steps
    python benchmarks/lecture_19.py --steps 2000

It writes ``src/course_vi/experiments/lecture_19.json``, with seeds, steps and seconds. Every image is decoded, and compared. The lecture
reads that file, trains one seed once more, and holds its sentences to the numbers.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from typing import Any

import torch
from torch import Tensor

from course_vi.coding import Stack
from course_vi.data import Digits, digits
from course_vi.experiments.coding_trial import (
    WAYS,
    Pair,
    coder_of,
    log_weights,
    refitted,
    train_coders,
)
from course_vi.experiments.latent_coders import coded
from course_vi.experiments.stored_tables import path_of

SEEDS = [0, 1, 2, 3, 4]
SAMPLES, SOME = 100, 60  # draws of z for the bounds; images, where not all are coded
FEWER = 2000  # steps after which bins and layers are looked at as well
PRECISIONS = (2, 3, 4, 8, 12)
HERE = path_of(19)


def rounded(values: list[float]) -> list[float]:
    return [round(value, 4) for value in values]


def bound(log_w: Tensor, samples: int) -> Tensor:
    """The importance-weighted bound of each image, ``(N,)``, from all weights in groups."""
    groups = log_w.view(-1, samples, log_w.shape[-1])
    return (groups.logsumexp(1) - math.log(samples)).mean(0)


def entry(pairs: list[Pair], images: Digits, coded_images: int) -> dict[str, Any]:
    """Bounds of new images (and the ELBO of training images) in nats, and the net bits of those that are coded; means over images."""
    found: dict[str, Any] = {}
    weights = [log_weights(pair, images.test, SAMPLES) for pair in pairs]
    for name, samples in (("elbo", 1), ("of ten", 10), ("of a hundred", SAMPLES)):
        found[name] = rounded([float(bound(log_w, samples).mean()) for log_w in weights])
    found["train"] = rounded([float(log_weights(pair, images.train, 10).mean()) for pair in pairs])
    some = images.test[:coded_images]
    runs = [coded(coder_of(pair, images.train), some) for pair in pairs]
    found["images coded"] = coded_images
    found["net"] = rounded([float(run.net.mean()) for run in runs])
    found["elbo of these"] = rounded([float(log_w[:, : len(some)].mean()) for log_w in weights])
    errors = [log_w[:, : len(some)].var(0).sum().sqrt() / len(some) for log_w in weights]
    found["error"] = rounded([float(error) for error in errors])
    found["initial"] = [run.initial for run in runs]
    return found


def bins(pairs: list[Pair], images: Digits, precision: int) -> dict[str, Any]:
    some = images.test[:SOME]
    runs = [coded(coder_of(pair, images.train, precision), some) for pair in pairs]
    return {
        "net": rounded([float(run.net.mean()) for run in runs]),
        "elbo of these": rounded([float(log_weights(pair, some, SAMPLES).mean()) for pair in pairs]),
        "initial": [run.initial for run in runs],
    }  # fmt: skip


def fresh(pairs: list[Pair], images: Digits) -> dict[str, Any]:
    """Net bits where each row finds random bits of its own, and where it finds what the last one left."""
    some, found = images.test[:SOME], {"net": [], "chained": []}
    for pair in pairs:
        coder = coder_of(pair, images.train)
        rows = [
            coded(coder, row.unsqueeze(0), seed=1 + place).net.item()
            for place, row in enumerate(some)
        ]
        found["net"].append(sum(rows) / len(rows))
        found["chained"].append(float(coded(coder, some).net.mean()))
    return {name: rounded(values) for name, values in found.items()}


def swap(pairs: list[Pair], images: Digits, swapped: bool) -> dict[str, Any]:
    """Heights of the stack after each operation, for images that are sent alone: means over images, a row for each seed."""
    rows = []
    for pair in pairs:
        coder, heights = coder_of(pair, images.train, swap=swapped), []
        for place, image in enumerate(images.test[:SOME]):
            stack = Stack.random(64, place)
            start = stack.bits
            heights.append([height - start for height in coder.push(stack, image)])
        rows.append(rounded(torch.tensor(heights).double().mean(0).tolist()))
    return {"heights": rows}


def add(table: str, steps: int, way: str, found: dict[str, Any], start: float) -> None:
    found = found | {"seconds": round(time.process_time() - start)}
    stored = json.loads(HERE.read_text("utf-8")) if HERE.exists() else {}
    stored |= {"command": "python benchmarks/lecture_19.py", "seeds": SEEDS}
    stored.setdefault(table, {}).setdefault(str(steps), {})[way] = found
    HERE.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", "utf-8")
    print(table, steps, way, found, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", nargs="*", type=int, default=[2000, 8000])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    images = digits()
    for steps in chosen.steps:
        trained = {}
        for way in WAYS:
            start = time.process_time()
            pairs = trained[way] = train_coders(way, images.train, SEEDS, steps)
            all_of_them = len(images.test) if way == "ELBO" else SOME
            add("trial", steps, way, entry(pairs, images, all_of_them), start)
            if way == "IWAE":
                start = time.process_time()
                again = refitted(pairs, images.train, SEEDS, steps)
                add("trial", steps, "IWAE, q refitted", entry(again, images, SOME), start)
        if steps != FEWER:
            continue
        for precision in PRECISIONS:
            start = time.process_time()
            add("bins", steps, str(precision), bins(trained["ELBO"], images, precision), start)
        start = time.process_time()
        add("bins", steps, "fresh", fresh(trained["ELBO"], images), start)
        for name, swapped in (("plain", False), ("swap", True)):
            start = time.process_time()
            add("swap", steps, name, swap(trained["two layers"], images, swapped), start)


if __name__ == "__main__":
    main()

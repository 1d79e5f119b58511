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

from course_vi.data import Digits, digits
from course_vi.experiments.coding_trial import WAYS, Pair, coder_of, log_weights, train_coders
from course_vi.experiments.latent_coders import coded
from course_vi.experiments.stored_tables import path_of

SEEDS = [0, 1, 2, 3, 4]
SAMPLES = 1000
PRECISIONS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14)
HERE = path_of(19)


def rounded(values: list[float]) -> list[float]:
    return [round(value, 4) for value in values]


def bound(log_w: Tensor, samples: int) -> Tensor:
    """The importance-weighted bound of each image, ``(N,)``, from all weights in groups."""
    groups = log_w.view(-1, samples, log_w.shape[-1])
    return (groups.logsumexp(1) - math.log(samples)).mean(0)


def entry(way: str, pairs: list[Pair], images: Digits) -> dict[str, Any]:
    """Bounds of new images (and the ELBO of training images) in nats, and the coder's net bits, all means over images."""
    found: dict[str, Any] = {}
    weights = [log_weights(pair, images.test, SAMPLES) for pair in pairs]
    for name, samples in (("elbo", 1), ("of ten", 10), ("of all", SAMPLES)):
        found[name] = rounded([float(bound(log_w, samples).mean()) for log_w in weights])
    found["spread"] = rounded([float(log_w.var(0).sum().sqrt()) for log_w in weights])
    found["train"] = rounded([float(log_weights(pair, images.train, 20).mean()) for pair in pairs])
    runs = [coded(coder_of(pair, images.train), images.test) for pair in pairs]
    found["net"] = rounded([float(run.net.mean()) for run in runs])
    found["initial"] = [run.initial for run in runs]
    return found


def bins(pairs: list[Pair], images: Digits, precision: int) -> dict[str, Any]:
    runs = [coded(coder_of(pair, images.train, precision), images.test) for pair in pairs]
    return {
        "net": rounded([float(run.net.mean()) for run in runs]),
        "initial": [run.initial for run in runs],
    }


def fresh(pairs: list[Pair], images: Digits) -> dict[str, Any]:
    """Net bits where each row finds random bits of its own, not what the last one left: the mean of four tries."""
    net = []
    for pair in pairs:
        coder = coder_of(pair, images.train)
        rows = [
            coded(coder, row.unsqueeze(0), seed=1 + 1000 * copy + place).net.item()
            for copy in range(4)
            for place, row in enumerate(images.test)
        ]
        net.append(sum(rows) / len(rows))
    return {"net": rounded(net)}


def swap(pairs: list[Pair], images: Digits, swapped: bool) -> dict[str, Any]:
    runs = [coded(coder_of(pair, images.train, swap=swapped), images.test) for pair in pairs]
    first = [
        [coded(coder_of(pair, images.train, swap=swapped), row.unsqueeze(0)).initial for row in images.test]
        for pair in pairs
    ]  # fmt: skip
    return {
        "net": rounded([float(run.net.mean()) for run in runs]),
        "initial": rounded([sum(each) / len(each) for each in first]),
    }


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
        for way in WAYS:
            start = time.process_time()
            pairs = train_coders(way, images.train, SEEDS, steps)
            add("trial", steps, way, entry(way, pairs, images), start)
            if way == "ELBO":
                start = time.process_time()
                add("bins", steps, "fresh", fresh(pairs, images), start)
                for precision in PRECISIONS:
                    start = time.process_time()
                    add("bins", steps, str(precision), bins(pairs, images, precision), start)
            if way == "two layers":
                for name, swapped in (("plain", False), ("swap", True)):
                    start = time.process_time()
                    add("swap", steps, name, swap(pairs, images, swapped), start)


if __name__ == "__main__":
    main()

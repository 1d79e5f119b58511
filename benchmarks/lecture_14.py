"""The tables of lecture 14 that take too long for a page: chains on eight schools; and many theta, learned or integrated over.

    python benchmarks/lecture_14.py                   # both, about five minutes
    python benchmarks/lecture_14.py --only schools    # or rasch

It writes ``src/course_vi/experiments/lecture_14.json``, with seeds, draws and seconds of processor time; what stands there already is
not computed again.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import torch
from pyro.ops.stats import effective_sample_size, gelman_rubin

from course_vi.experiments import eight_schools, rasch
from course_vi.experiments.stored_tables import path_of

SEEDS = list(range(8))
SIZES = ((10, 10), (10, 40))  # people, questions
HERE = path_of(14)


def stored() -> dict[str, Any]:
    found = json.loads(HERE.read_text("utf-8")) if HERE.exists() else {}
    told = {"seeds": SEEDS}
    found |= {"command": "python benchmarks/lecture_14.py"} | told
    return dict(found)


def add(table: str, row: str, way: str, one: dict[str, float]) -> None:
    found = stored()
    place = found.setdefault(table, {}).setdefault(row, {}).setdefault(way, {})
    for name, value in one.items():
        place.setdefault(name, []).append(round(value, 4))
    HERE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
    print(table, row, way, one, flush=True)


def done(table: str, row: str, way: str) -> int:
    place = stored().get(table, {}).get(row, {}).get(way, {})
    return max((len(values) for values in place.values()), default=0)


def schools(seed: int) -> None:
    y, sigma = (
        torch.tensor(part).double() for part in (eight_schools.EFFECTS, eight_schools.ERRORS)
    )
    for way in ("centred", "non-centred"):
        if done("schools", "48 chains", way) > seed:
            continue
        start = time.process_time()
        log_tau = eight_schools.many_chains(y, sigma, way == "centred", seed)
        one = {
            "log tau": float(log_tau.mean()),
            "below one": float((log_tau < 0).double().mean()),
            "R-hat": float(gelman_rubin(log_tau, chain_dim=1, sample_dim=0)),
            "effective": float(effective_sample_size(log_tau, chain_dim=1, sample_dim=0)),
            "seconds": time.process_time() - start,
        }
        add("schools", "48 chains", way, one)


def many_theta(seed: int) -> None:
    for people, questions in SIZES:
        row = f"{questions} questions"
        if done("rasch", row, "true") > seed:
            continue
        asked = rasch.answers(people, questions, seed)
        start = time.process_time()
        theta, agreement = rasch.integrated(asked.x, seed)
        more = {"largest R-hat": agreement, "seconds": time.process_time() - start}
        add("rasch", row, "full Bayes", rasch.ability(asked, theta[::12]) | more)
        add("rasch", row, "learned", rasch.ability(asked, rasch.learned(asked.x)))
        add("rasch", row, "true", rasch.ability(asked, asked.theta))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("schools", "rasch"))
    chosen = parser.parse_args().only
    torch.set_num_threads(1)
    for seed in SEEDS:
        if chosen != "schools":
            many_theta(seed)
    for seed in SEEDS:
        if chosen != "rasch":
            schools(seed)


if __name__ == "__main__":
    main()

"""A loss of your own: sticking the landing in Pyro, where parameters hide in stores, transforms and modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.checks.compare import compare, holds, zero
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import Arrays
from autograder.units.unit_14.reference import either_sign

EXERCISE = exercise(
    __name__,
    title="A loss of your own",
    function="stl_loss",
    points=4,
    difficulty=4,
    importance=4,
    minutes=45,
    read="section 6, Three losses, three noises",
    hides=["pyro_twins.stl:stl_loss"],
)

RTOL = 1e-7


def _normal(value: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    return torch.distributions.Normal(loc, scale, validate_args=False).log_prob(value)


def _flat(
    leaf: dict[str, Tensor], fixed: dict[str, Tensor], draws: Any, y: Tensor, rows: Any
) -> Any:
    some = slice(None) if rows is None else rows
    factor = 1.0 if rows is None else len(y) / len(rows)
    loc, scale = leaf["loc"][some], leaf["scale"].exp()[some]
    eps = ((draws["z"] - loc) / scale).detach()
    z = loc + scale * eps
    log_q = _normal(z, fixed["loc"][some], fixed["scale"].exp()[some]).sum()
    one = torch.ones(())
    log_p = (_normal(z, leaf["theta"], one) + _normal(y[some], z, one)).sum()
    return factor * log_p, factor * log_q


def _deep(
    leaf: dict[str, Tensor],
    fixed: dict[str, Tensor],
    draws: Any,
    y: Tensor,
    rows: Any,
    cut: bool = False,
) -> Any:
    m, s, w, c, t = (leaf[name] for name in "mswct")
    a = m + s.exp() * ((draws["a"] - m) / s.exp()).detach()
    mean = w * a + c
    b = mean + t.exp() * ((draws["b"] - mean) / t.exp()).detach()
    m, s, w, c, t = (fixed[name] for name in "mswct")
    mean = (w * a + c).detach() if cut else w * a + c
    log_q = _normal(a, m, s.exp()) + _normal(b, mean, t.exp()).sum()
    one = torch.ones(())
    return _normal(a, 0 * one, one) + (_normal(b, a, one) + _normal(y, b, one)).sum(), log_q


def _amortized(
    leaf: dict[str, Tensor], fixed: dict[str, Tensor], draws: Any, y: Tensor, rows: Any
) -> Any:
    def read(numbers: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        out = y[:, None] @ numbers["weight"].T + numbers["bias"]
        return out[:, 0], out[:, 1].exp()

    loc, scale = read(leaf)
    z = loc + scale * ((draws["z"] - loc) / scale).detach()
    one = torch.ones(())
    return (_normal(z, 0 * one, one) + _normal(y, z, one)).sum(), _normal(z, *read(fixed)).sum()


def _shown(
    leaf: dict[str, Tensor], fixed: dict[str, Tensor], draws: Any, y: Tensor, rows: Any
) -> Any:
    return _flat(leaf, fixed, draws, y, draws["rows"])


JOINTS = {"flat": _flat, "shown": _shown, "deep": _deep, "amortized": _amortized}
POSITIVE = {"scale", "s", "t"}  # whose logarithms Pyro stores


def exact(program: str, numbers: Arrays, draws: Arrays, y: np.ndarray, rows: Any) -> dict[str, Any]:
    """The loss at the draws, and its gradients by parts: of the path through z, of the guide's parameters in log q, of the model."""
    leaf = {
        name: torch.tensor(np.log(value) if name in POSITIVE else value, dtype=torch.float64).requires_grad_()
        for name, value in numbers.items()
    }  # fmt: skip
    fixed = {name: value.detach() for name, value in leaf.items()}
    given = {name: torch.as_tensor(value) for name, value in draws.items()}
    rows = None if rows is None else torch.as_tensor(rows)
    data = torch.as_tensor(y)
    log_p, frozen = JOINTS[program](leaf, fixed, given, data, rows)
    _, free = JOINTS[program](leaf, leaf, given, data, rows)
    _, cut = _deep(leaf, fixed, given, data, rows, cut=True) if program == "deep" else (0, frozen)

    def slopes(value: Tensor) -> Arrays:
        found = torch.autograd.grad(
            value, list(leaf.values()), retain_graph=True, allow_unused=True
        )
        return {
            name: np.zeros(np.shape(numbers[name])) if each is None else each.numpy()
            for name, each in zip(leaf, found, strict=True)
        }

    return {
        "value": (frozen - log_p).detach().numpy(),
        "path": slopes(frozen - log_p),
        "total": slopes(free - log_p),
        "model": slopes(-log_p),
        "cut": slopes(cut - log_p),
    }


def numbers_of(rng: np.random.Generator, program: str, rows: int) -> Arrays:
    """Parameters of a program, away from any posterior."""
    if program in ("flat", "shown"):
        loc, scale = either_sign(rng, (rows,)), rng.uniform(0.3, 2.0, rows)
        return {"theta": either_sign(rng, ()), "loc": loc, "scale": scale}
    if program == "deep":
        return {
            "m": either_sign(rng, ()),
            "s": np.asarray(rng.uniform(0.3, 2.0)),
            "w": either_sign(rng, (rows,)),
            "c": either_sign(rng, (rows,)),
            "t": rng.uniform(0.3, 2.0, rows),
        }
    weight = np.stack([either_sign(rng, (1,)), either_sign(rng, (1,), 0.1, 0.3)])
    return {"weight": weight, "bias": either_sign(rng, (2,), 0.2, 0.6)}


def landed(y: np.ndarray) -> Arrays:
    """The guide of ``deep`` at its exact posterior."""
    precision = 1 + len(y) / 2
    half = np.full(len(y), 0.5)
    return {
        "m": np.asarray(y.sum() / 2 / precision),
        "s": np.asarray(precision**-0.5),
        "w": half,
        "c": y / 2,
        "t": half**0.5,
    }


def _mistakes(terms: dict[str, Any], names: list[str]) -> list[Mistake]:
    def all_of(part: Callable[[str], np.ndarray]) -> np.ndarray:
        return np.concatenate([np.ravel(part(name)) for name in names])

    path, total, model, cut = (terms[key] for key in ("path", "total", "model", "cut"))
    known = [
        ("score_kept", "This is the total derivative: the guide's parameters reach log q by another way than through z.",
         all_of(lambda n: total[n])),
        ("score_sign", "The score term is there, with a sign of its own: nothing of it should be left.",
         all_of(lambda n: 2 * total[n] - path[n])),
        ("entropy_dropped", "log q has no part in your gradient: z reaches it, too, and that way stays.", all_of(lambda n: model[n])),
        ("sample_detached", "No gradient goes through z: it is a number in your loss.",
         all_of(lambda n: total[n] - path[n] if n != "theta" else path[n])),
        ("sample_frozen", "Your guide does not learn: no gradient reaches its parameters.",
         all_of(lambda n: path[n] if n == "theta" else 0 * path[n])),
        ("model_frozen", "The parameters of the model are frozen as well. Only those in log q are to be.",
         all_of(lambda n: path[n] if n != "theta" else 0 * path[n])),
        ("layers_cut", "The mean of a layer holds the draw of the layer before. Freeze parameters, and not what was computed from them.",
         all_of(lambda n: cut[n])),
        ("uphill", "A loss goes down: its sign is turned.", -all_of(lambda n: path[n])),
    ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _asked(
    probe: Probe,
    program: str,
    numbers: Arrays,
    y: np.ndarray,
    rows: Any = None,
    runs: int = 2,
) -> Any:
    """The reply, and the exact terms at its draws; or a finding, where the reply is of no use."""
    told = {} if rows is None else {"rows": rows}
    seen = probe.drive("stl/run", program=program, numbers=numbers, y=y, runs=runs, **told)
    if "draws" not in seen:
        return compare(seen["value"], np.zeros(()), what="the loss")
    if not seen["draws"]:
        return holds(
            False,
            "a loss that runs the model on the guide's draws",
            "the model was not run",
            "no_model",
        )
    grad = {name.rpartition("$$$")[2]: np.asarray(value) for name, value in seen["grad"].items()}
    return seen, grad, exact(program, numbers, seen["draws"], y, rows)


def _judged(
    probe: Probe,
    program: str,
    numbers: Arrays,
    y: np.ndarray,
    part: str,
    rows: Any = None,
    runs: int = 2,
) -> Finding:
    asked = _asked(probe, program, numbers, y, rows, runs)
    if isinstance(asked, Finding):
        return asked
    seen, grad, terms = asked
    if part == "value":
        if seen["as_before"]:
            return holds(
                False,
                "draws of its own in each run",
                "the same draws in two runs: a seed set inside the loss gives that, and so does a run of the guide that is kept",
                "draws_repeated",
            )
        value = float(terms["value"])
        known = [
            Mistake(
                "uphill", "That is the ELBO. A loss goes down: minus that.", np.asarray(-value)
            ),
        ]
        return compare(
            seen["value"], np.asarray(value), known, RTOL, what="the loss at the guide's draws"
        )
    names = sorted(numbers)
    if lost := [name for name in names if name not in grad]:
        return holds(False, f"gradients of {names}", f"none of {lost}", "parameters")
    got = np.concatenate([np.ravel(grad[name]) for name in names])
    want = np.concatenate([np.ravel(terms["path"][name]) for name in names])
    what = f"the gradient in {', '.join(names)} ({program})"
    return compare(got, want, _mistakes(terms, names), RTOL, what=what)


@EXERCISE.part("The value: minus log p + log q of one run", weight=0.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for program, size in (("flat", 4), ("deep", 3), ("amortized", 1)):
        numbers = numbers_of(rng, program, size)
        if finding.ok:
            finding = _judged(probe, program, numbers, either_sign(rng, (size,)), "value")
    return finding


@EXERCISE.part("Parameters from the store, one of them positive; the model learns as before")
def stored(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for size, runs in ((4, 2), (1, 2), (3, 1)):  # at the first run the store is empty
        numbers, y = numbers_of(rng, "flat", size), either_sign(rng, (size,))
        if finding.ok:
            finding = _judged(probe, "flat", numbers, y, "gradient", runs=runs)
    return finding


@EXERCISE.part("Two layers: the second follows the draw of the first", weight=1.5)
def layers(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for size in (3, 1):
        numbers = numbers_of(rng, "deep", size)
        if finding.ok:
            finding = _judged(probe, "deep", numbers, either_sign(rng, (size,)), "gradient")
    return finding


@EXERCISE.part("A network, registered with pyro.module")
def network(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for size in (4, 1):
        numbers = numbers_of(rng, "amortized", size)
        if finding.ok:
            finding = _judged(probe, "amortized", numbers, either_sign(rng, (size,)), "gradient")
    return finding


@EXERCISE.part("A plate that shows a part of the data", weight=0.5)
def part_of_the_data(probe: Probe, rng: np.random.Generator) -> Finding:
    numbers, y = numbers_of(rng, "flat", 5), either_sign(rng, (5,))
    rows = rng.permutation(5)[:2]
    finding = Finding(True)
    for program, told in (("flat", rows), ("shown", None)):  # told which rows; or the plate chooses
        for part in ("value", "gradient"):
            if finding.ok:
                finding = _judged(probe, program, numbers, y, part, told)
    return finding


@EXERCISE.part("At the posterior: zero for every draw", needs=["stored", "layers"])
def landing(probe: Probe, rng: np.random.Generator) -> Finding:
    y = either_sign(rng, (4,))
    asked = _asked(probe, "deep", landed(y), y)
    if isinstance(asked, Finding):
        return asked
    seen, grad, terms = asked
    names = sorted(grad)
    got = np.concatenate([np.ravel(grad[name]) for name in names])
    known = [
        mistake
        for mistake in _mistakes(terms, names)
        if mistake.key in ("score_kept", "entropy_dropped", "layers_cut")
    ]
    finding = zero(got, mistakes=known)
    if not finding.ok:
        return finding
    hint = "What is frozen for a while must learn again afterwards."
    return holds(bool(seen["learns"]), "all parameters ask for gradients afterwards",
                 "they do" if seen["learns"] else "some do not", "left_frozen", hint)  # fmt: skip

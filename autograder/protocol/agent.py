r"""What runs beside the learner's code: take a request, call the learner's object, return arrays.

The same function answers in the learner's own notebook and, behind a wire, in another process. It never decides anything:
verdicts are made by ``checks``, from the arrays that come back.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import random
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import course_vi
from autograder.protocol import problems, wire
from autograder.protocol.again import QUICK, other_parameters, small
from autograder.protocol.pullback import batch_of, block_means, pull_back, seeded
from autograder.protocol.pyro_state import own_pyro
from autograder.protocol.watch import ArgumentChanged, GlobalStreamSeeded, same, watched

__all__ = ["answer", "answer_bytes", "last_own_line"]

MAX_TEXT = 2000
PACKAGE = Path(__file__).parent.parent
LIBRARIES = (
    PACKAGE,
    Path(course_vi.__file__).parent,
    Path(torch.__file__).parent.parent,
    Path(random.__file__).parent,
)


def answer_bytes(request: bytes, learner: Any) -> bytes:
    """Bytes in, bytes out: what a kernel is asked to evaluate."""
    return _send(answer(wire.decode(request), learner))


def answer(request: dict[str, Any], learner: Any) -> dict[str, Any]:
    """Run one request. An error of the learner's code is part of the reply, never an exception here.

    Kinds: ``value`` (call it), ``gradient`` (call it on a named problem and run backward), ``drive`` (hand it to a named driver).
    Gradients are pulled back with weights drawn from the request's seed. What is handed over must come back unchanged. A small
    question is asked twice, from the same seed; ``again`` is False if the second answer was another. Before the first of two answers
    the modules of a named problem are shown with other parameters; at the second the global streams are at another place if the
    learner's code is given a generator or a seed of its own.
    Pyro's parameter store is empty at each answer, and afterwards what it was (``pyro_state``).
    Whatever the learner's code prints or warns is collected in ``printed``; nothing reaches stderr. ``seconds`` are the processor's.
    """
    printed, start, processor = io.StringIO(), time.perf_counter(), time.process_time()
    seed, trains = int(request.get("seed", 0)), request.get("driver") in problems.TRAINING
    given: list[bool] = []
    learner = watched(learner, modules=request["kind"] != "drive", given=given)
    _seed(seed)
    with (
        _at_full_length(),
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        seeded(seed),
        own_pyro(),
    ):
        warnings.simplefilter("always")
        try:
            twice = bool(request.get("twice")) and not trains and small(request)
            reply = _KINDS[request["kind"]](request, learner, twice)
            if twice and time.perf_counter() - start < QUICK:
                other = bool(given and all(given))
                reply["again"] = _same_again(request, learner, reply, seed + other)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: B902  (a learner's SystemExit must not end the notebook either)
            reply = {"error": _describe(error)}
    notes = [
        f"{note.category.__name__}: {note.message}" for note in caught
    ] + printed.getvalue().splitlines()
    reply["printed"] = "\n".join(dict.fromkeys(notes))[:MAX_TEXT]
    reply["seconds"] = time.process_time() - processor
    return reply


def _same_again(request: dict[str, Any], learner: Any, reply: dict[str, Any], seed: int) -> bool:
    """Whether the same question has the same answer again: a function has no memory of its last call.

    Args:
        seed: of the global streams, for the second answer.
    """
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            _seed(seed)
            with own_pyro():
                again = _KINDS[request["kind"]](request, learner, False)
        except Exception:  # noqa: BLE001  (whatever it is, the first call did not raise it)
            return False
    return same(reply, again)


def _seed(seed: int) -> None:
    """Every generator that a learner may draw from.

    ``torch.manual_seed`` also notes who called it, for three kinds of device that were never used. In a kernel that takes half a
    millisecond for each question of a check; this takes a thousandth of one.
    """
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


@contextlib.contextmanager
def _at_full_length() -> Iterator[None]:
    """``COURSE_VI_SMOKE`` caps the steps of ``fit`` for figures that are not marked. What is marked runs in full, whoever calls ``fit``."""
    capped = os.environ.pop("COURSE_VI_SMOKE", None)
    try:
        yield
    finally:
        if capped is not None:
            os.environ["COURSE_VI_SMOKE"] = capped


def _called(request: dict[str, Any], learner: Any, warm: bool) -> tuple[dict[str, Any], Any]:
    """The objects of the problem, and what a call of the learner's code on them returns.

    Args:
        warm: where the problem has modules, the learner's code is called on them with other parameters before: what it keeps from
            that call is stale.
    """
    objects = _objects(request)
    if warm and (moved := other_parameters(objects)):
        args, kwargs = _arguments(request, objects)
        with moved, own_pyro():
            try:
                learner(*args, **kwargs)
            except (ArgumentChanged, GlobalStreamSeeded):
                raise
            except Exception:  # noqa: BLE001  (what fails there only may: it was not the question)
                pass
        _seed(int(request.get("seed", 0)))
    args, kwargs = _arguments(request, objects)
    return objects, learner(*args, **kwargs)


def _value(request: dict[str, Any], learner: Any, warm: bool) -> dict[str, Any]:
    return {"value": _arrays(_called(request, learner, warm)[1])}


def _gradient(request: dict[str, Any], learner: Any, warm: bool) -> dict[str, Any]:
    objects, value = _called(request, learner, warm)
    learned: dict[str, Tensor] = objects["learn"]
    if not isinstance(value, Tensor):
        return {
            "error": {
                "type": "TypeError",
                "message": f"it returned a {type(value).__name__}; expected a torch.Tensor",
                "where": "",
            }
        }
    blocks, batch, inputs = request.get("blocks"), batch_of(objects), list(learned.values())
    if blocks and value.shape != batch:
        return {
            "error": {
                "type": "ShapeError",
                "message": f"it returned a tensor of shape {tuple(value.shape)}; expected one number "
                f"for each datum, {tuple(batch or ())}",
                "where": "",
            }
        }
    gradients = (
        block_means(value, inputs, blocks)
        if blocks
        else pull_back(value, inputs, batch, shared=objects.get("shared", False))
    )
    zeros = [
        torch.zeros((blocks, *each.shape) if blocks else each.shape, dtype=each.dtype)
        for each in inputs
    ]
    return {
        "value": _arrays(value),
        "gradient": {
            name: zero if gradient is None else gradient.detach()
            for name, zero, gradient in zip(learned, zeros, gradients, strict=True)
        },
        "unused": [
            name for name, gradient in zip(learned, gradients, strict=True) if gradient is None
        ],
    }


def _drive(request: dict[str, Any], learner: Any, warm: bool) -> dict[str, Any]:
    _load(request)
    arguments = {name: _resolve(value, {}) for name, value in request["kwargs"].items()}
    return {"value": _arrays(problems.DRIVERS[request["driver"]](learner, **arguments))}


_KINDS = {"value": _value, "gradient": _gradient, "drive": _drive}


def _load(request: dict[str, Any]) -> None:
    if request.get("unit"):
        problems.load(str(request["unit"]))


def _objects(request: dict[str, Any]) -> dict[str, Any]:
    if request.get("problem") is None:
        return {}
    _load(request)
    return problems.build(
        request["problem"], {name: _tensor(value) for name, value in request["params"].items()}
    )


def _arguments(
    request: dict[str, Any], objects: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    return (
        [_resolve(value, objects) for value in request["args"]],
        {name: _resolve(value, objects) for name, value in request["kwargs"].items()},
    )


def _resolve(value: Any, objects: dict[str, Any]) -> Any:
    if isinstance(value, dict) and "$ref" in value:
        return objects[value["$ref"]]
    if isinstance(value, dict) and "$generator" in value:
        return torch.Generator().manual_seed(int(value["$generator"]))
    if isinstance(value, dict) and "$noise" in value:
        generator = torch.Generator().manual_seed(int(value["seed"]))
        return torch.randn(value["$noise"], generator=generator, dtype=torch.float64)
    if isinstance(value, list):
        return [_resolve(item, objects) for item in value]
    return _tensor(value)


def _tensor(value: Any) -> Any:
    return torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value


def _arrays(value: Any) -> Any:
    """Tensors to arrays, named tuples to lists; anything that cannot be sent is named by its type."""
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy()
    if isinstance(value, dict):
        return {str(name): _arrays(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_arrays(item) for item in value]
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        return value.tolist()
    if value is None or isinstance(value, (bool, int, float, str, np.ndarray, np.generic)):
        return value
    return {"$type": type(value).__name__}


def last_own_line(error: BaseException) -> tuple[str, bool]:
    """The last line of the learner's own code that led to an error, and whether that line raised it itself."""
    where, own = "", False
    for frame in traceback.extract_tb(error.__traceback__):
        own = not any(Path(frame.filename).is_relative_to(folder) for folder in LIBRARIES)
        if own:
            line = frame.line or linecache.getline(frame.filename, frame.lineno or 0).strip()
            where = f"line {frame.lineno} of {frame.name}: {line}" if line else where
    return where[:300], own


def _describe(error: BaseException) -> dict[str, Any]:
    where, own = last_own_line(error)
    return {
        "type": type(error).__name__,
        "message": str(error)[:MAX_TEXT],
        "where": where,
        "own": own,
    }


def _send(reply: dict[str, Any]) -> bytes:
    try:
        sent = wire.encode(reply)
    except wire.WireError as error:
        return wire.encode(
            {"error": {"type": "TypeError", "message": str(error), "where": ""}, "printed": ""}
        )
    if not wire.too_large(sent):
        return sent
    shape = getattr(reply.get("value"), "shape", None)
    what = "results" if shape is None else f"a tensor of shape {tuple(shape)}"
    message = f"it returned {what}, far larger than what was asked"
    return wire.encode(
        {"error": {"type": "ResultTooLarge", "message": message, "where": ""}, "printed": ""}
    )

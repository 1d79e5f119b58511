r"""The only way a check touches a learner's code.

A probe sends a request and gets arrays. Where the request is answered is the runner's business: ``InProcess`` in the learner's
notebook, ``InKernel`` across a wire. Every request carries its own seed, and inputs are named numbers, so the order in which a
learner draws random numbers never matters to a verdict.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from autograder.protocol import agent, wire

__all__ = [
    "GradientReply",
    "InKernel",
    "InProcess",
    "LearnerError",
    "Probe",
    "Runner",
    "drawn",
    "expression",
    "noise",
    "reply_bytes",
]

Arrays = dict[str, np.ndarray]
MAX_TEXT = 2000  # characters of anything that is shown


class LearnerError(Exception):
    """The learner's code raised, or returned what cannot be used.

    Attributes:
        kind: the name of the exception's type.
        where: the last line of the learner's code that led to it.
        own: whether that line raised it itself, as the stub does, and not some library that it called.
    """

    def __init__(self, kind: str, message: str, where: str = "", own: bool = False) -> None:
        super().__init__(message)
        self.kind, self.message, self.where, self.own = kind, message, where, own

    @property
    def unwritten(self) -> bool:
        """The stub is still there."""
        return self.kind == "NotImplementedError" and self.own


class GradientReply(NamedTuple):
    """What came back from a gradient request: the value, the gradient by parameter, and the parameters it does not depend on.

    Attributes:
        seed: of the weights with which the gradient was pulled back; a reference for parameters that the data share needs it
            (``problems.pullback.pull_back``).
    """

    value: np.ndarray
    gradient: Arrays
    unused: list[str]
    seed: int = 0

    def flat(self, replicates: int | None = None) -> np.ndarray:
        """All gradients side by side: ``(P,)``, or ``(R, P)`` when the leading axis counts replicates."""
        rows = (-1,) if replicates is None else (replicates, -1)
        return np.concatenate([part.reshape(rows) for part in self.gradient.values()], -1)


class Runner(Protocol):
    def __call__(self, request: bytes) -> bytes: ...


def noise(shape: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Standard normal noise that is drawn beside the learner's code, from a seed: large arrays need not travel."""
    return {"$noise": list(shape), "seed": seed}


def drawn(noise: dict[str, Any]) -> np.ndarray:
    """The same numbers, on this side."""
    generator = torch.Generator().manual_seed(int(noise["seed"]))
    return torch.randn(noise["$noise"], generator=generator, dtype=torch.float64).numpy()


def as_seconds(told: Any) -> float:
    """Seconds that were told, if they can be any."""
    return float(told) if isinstance(told, float) and 0 <= told < np.inf else 0.0


class Probe:
    """A handle on a learner's object.

    Args:
        runner: answers encoded requests.
        seed: of the learner's side; each request uses a fresh one derived from it.
        stage: forces the first or second stage of a two-stage test (used when thresholds are calibrated); None for the real thing.
        unit: the number of the unit whose problems and drivers are asked for; without it, those of ``autograder.protocol.problems`` alone.
        fewer: divides the number of replicates of every look at a mean (used when thresholds are calibrated).

    Attributes:
        printed: what the learner's code printed or warned, over all requests.
        trials: (stage, statistic) of every statistical test made, a statistic above one being suspicious.
        twice: whether small questions are asked twice, from the same seed; a part whose answers may differ sets it to False.
        stateful: some question that was asked twice had two answers.
        returned_none: whether a call of the learner's function brought back nothing.
        seconds: of the processor, that the last question took on the learner's side.
    """

    twice = True
    stateful = False
    seconds = 0.0

    def __init__(
        self, runner: Runner, seed: int, stage: int | None = None, unit: str = "", fewer: int = 1
    ) -> None:
        self.runner, self.stage, self.unit, self.fewer = runner, stage, unit, fewer
        self.rng = np.random.default_rng(seed)
        self.printed: list[str] = []
        self.trials: list[tuple[int, float]] = []
        self.returned_none = False

    def fresh_seed(self) -> int:
        return int(self.rng.integers(2**31))

    def value(
        self, *args: Any, problem: str | None = None, params: Arrays | None = None, **kwargs: Any
    ) -> Any:
        """Call the learner's function and return its value as arrays. ``wire.ref("p")`` among the arguments is the problem's p."""
        value = self._ask(
            kind="value", problem=problem, params=params or {}, args=list(args), kwargs=kwargs
        )["value"]
        self.returned_none |= value is None
        return value

    def gradient(self, problem: str, params: Arrays, *args: Any, **kwargs: Any) -> GradientReply:
        """Call the function on a named problem, pull its value back with random unequal weights, return value and gradients.

        Rows of parameters that belong to one datum are divided by its weight again. Give parameters and x a leading axis of size R,
        and R independent replicates come back from one call.
        """
        return self._pulled(
            kind="gradient", problem=problem, params=params, args=list(args), kwargs=kwargs
        )

    def block_gradients(
        self, problem: str, params: Arrays, blocks: int, *args: Any, **kwargs: Any
    ) -> GradientReply:
        """The same for parameters that all data share, ``x: (R, Dx)``: gradients of the means of ``blocks`` equal blocks of rows.

        ``reply.flat(blocks)`` are as many independent estimates, each the mean of R / blocks replicates.
        """
        return self._pulled(
            kind="gradient",
            problem=problem,
            params=params,
            args=list(args),
            kwargs=kwargs,
            blocks=blocks,
        )

    def _pulled(self, **request: Any) -> GradientReply:
        reply = self._ask(**request)
        value = reply["value"]
        if not isinstance(value, np.ndarray):
            raise LearnerError("TypeError", "the value could not be read as a tensor of numbers")
        return GradientReply(value, reply["gradient"], reply["unused"], self.seed)

    def drive(self, driver: str, **kwargs: Any) -> Any:
        """Hand the learner's object to a named driver of the unit's problems, and return what it measured."""
        return self._ask(kind="drive", driver=driver, kwargs=kwargs)["value"]

    def _ask(self, **request: Any) -> dict[str, Any]:
        self.seed = self.fresh_seed()
        sent = self.runner(
            wire.encode({**request, "unit": self.unit, "seed": self.seed, "twice": self.twice})
        )
        try:
            reply = wire.decode(sent)
        except wire.WireError as unread:
            raise LearnerError(
                "UnreadableReply", "what came back is no answer, or far larger than what was asked"
            ) from unread
        if not isinstance(reply, dict):
            raise LearnerError("UnreadableReply", "what came back is no answer")
        self.seconds = as_seconds(reply.get("seconds"))
        self.stateful |= reply.get("again") is False
        if reply.get("printed"):
            self.printed.append(str(reply["printed"])[:MAX_TEXT])
        if "error" in reply:
            told = reply["error"] if isinstance(reply["error"], dict) else {}
            kind, message, where = (
                str(told.get(key, ""))[:MAX_TEXT] for key in ("type", "message", "where")
            )
            raise LearnerError(kind or "Error", message, where, bool(told.get("own")))
        return reply


class InProcess:
    """Answers in this process, through the same bytes as everywhere else."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner

    def __call__(self, request: bytes) -> bytes:
        return agent.answer_bytes(request, self.learner)


class InKernel:
    """Answers in a Jupyter kernel, where the learner's function lives under ``name``. Only text and bytes cross.

    Args:
        client: a blocking client of ``jupyter_client``.
        timeout: seconds for one request.
    """

    def __init__(self, client: Any, name: str, timeout: float = 30.0) -> None:
        if not name.isidentifier():
            raise ValueError(f"name is {name!r}; expected a Python identifier")
        self.client, self.name, self.timeout = client, name, timeout

    def __call__(self, request: bytes) -> bytes:
        message_id = self.client.execute(
            "",
            silent=False,
            store_history=False,
            user_expressions={"reply": expression(request, self.name)},
        )
        return reply_bytes(self._shell_reply(message_id)["content"])

    def _shell_reply(self, message_id: str) -> dict[str, Any]:
        wait: Callable[..., dict[str, Any]] = self.client.get_shell_msg
        while True:
            message = wait(timeout=self.timeout)
            if message["parent_header"].get("msg_id") == message_id:
                return message


def expression(request: bytes, name: str) -> str:
    """What a kernel evaluates to answer a request with the function called ``name``: a string of base64."""
    text = base64.b64encode(request).decode()
    return (
        f"__import__('base64').b64encode(__import__('autograder.protocol.agent', fromlist=['x'])"
        f".answer_bytes(__import__('base64').b64decode({text!r}), {name})).decode()"
    )


def reply_bytes(content: Any) -> bytes:
    """The bytes in a kernel's answer to ``{"reply": expression(...)}``. Whatever else came, ``LearnerError`` says so."""
    expressions = content.get("user_expressions") if isinstance(content, dict) else None
    reply = expressions.get("reply") if isinstance(expressions, dict) else None
    if not isinstance(reply, dict) or reply.get("status") != "ok":
        told = reply if isinstance(reply, dict) else {}
        raise LearnerError(
            str(told.get("ename", "KernelError"))[:200],
            str(told.get("evalue", "the kernel did not answer"))[:2000],
        )
    data = reply.get("data")
    body = data.get("text/plain") if isinstance(data, dict) else None
    if (
        not isinstance(body, str)
        or not 2 <= len(body) <= 2 * wire.MAX_BYTES
        or body[0] not in "'\""
        or body[-1] != body[0]
    ):
        raise LearnerError(
            "UnreadableReply", "what came back is no answer, or far larger than what was asked"
        )
    try:
        return base64.b64decode(body[1:-1], validate=True)
    except ValueError as error:
        raise LearnerError("UnreadableReply", "what came back is no answer") from error

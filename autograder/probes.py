r"""The only way a check touches a learner's code.

A probe sends a request and gets arrays. Where the request is answered is the runner's business: ``InProcess`` in the learner's
notebook, ``InKernel`` across a wire. Every request carries its own seed, and inputs are named numbers, so the order in which a
learner draws random numbers never matters to a verdict.
"""

from __future__ import annotations

import ast
import base64
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from autograder import agent, wire

__all__ = ["GradientReply", "InKernel", "InProcess", "LearnerError", "Probe", "Runner", "noise"]

Arrays = dict[str, np.ndarray]


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
    """What came back from a gradient request: the value, the gradient by parameter, and the parameters it does not depend on."""

    value: np.ndarray
    gradient: Arrays
    unused: list[str]

    def flat(self, replicates: int | None = None) -> np.ndarray:
        """All gradients side by side: ``(P,)``, or ``(R, P)`` when the leading axis counts replicates."""
        rows = (-1,) if replicates is None else (replicates, -1)
        return np.concatenate([part.reshape(rows) for part in self.gradient.values()], -1)


class Runner(Protocol):
    def __call__(self, request: bytes) -> bytes: ...


def noise(shape: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Standard normal noise that is drawn beside the learner's code, from a seed: large arrays need not travel."""
    return {"$noise": list(shape), "seed": seed}


class Probe:
    """A handle on a learner's object.

    Args:
        runner: answers encoded requests.
        seed: of the learner's side; each request uses a fresh one derived from it.
        stage: forces the first or second stage of a two-stage test (used when thresholds are calibrated); None for the real thing.

    Attributes:
        printed: what the learner's code printed or warned, over all requests.
        trials: (stage, statistic) of every statistical test made, a statistic above one being suspicious.
    """

    def __init__(self, runner: Runner, seed: int, stage: int | None = None) -> None:
        self.runner, self.stage = runner, stage
        self.rng = np.random.default_rng(seed)
        self.printed: list[str] = []
        self.trials: list[tuple[int, float]] = []

    def fresh_seed(self) -> int:
        return int(self.rng.integers(2**31))

    def value(self, *args: Any, problem: str | None = None, params: Arrays | None = None, **kwargs: Any) -> Any:
        """Call the learner's function and return its value as arrays. ``wire.ref("p")`` among the arguments is the problem's p."""
        return self._ask(kind="value", problem=problem, params=params or {}, args=list(args), kwargs=kwargs)["value"]

    def gradient(self, problem: str, params: Arrays, *args: Any, **kwargs: Any) -> GradientReply:
        """Call the function on a named problem, run backward on the sum of its value, return value and gradients.

        Give the parameters a leading axis of size R, and R independent replicates come back from one call.
        """
        reply = self._ask(kind="gradient", problem=problem, params=params, args=list(args), kwargs=kwargs)
        value = reply["value"]
        if not isinstance(value, np.ndarray):
            raise LearnerError("TypeError", "the value could not be read as a tensor of numbers")
        return GradientReply(value, reply["gradient"], reply["unused"])

    def drive(self, driver: str, **kwargs: Any) -> Any:
        """Hand the learner's object to a named driver of ``autograder.problems``, and return what it measured."""
        return self._ask(kind="drive", driver=driver, kwargs=kwargs)["value"]

    def _ask(self, **request: Any) -> dict[str, Any]:
        reply = wire.decode(self.runner(wire.encode({**request, "seed": self.fresh_seed()})))
        if not isinstance(reply, dict):
            raise LearnerError("WireError", "the reply could not be read")
        if reply.get("printed"):
            self.printed.append(str(reply["printed"]))
        if "error" in reply:
            error = reply["error"]
            raise LearnerError(str(error["type"]), str(error["message"]), str(error.get("where", "")), bool(error.get("own")))
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
        text = base64.b64encode(request).decode()
        expression = (f"__import__('base64').b64encode(__import__('autograder.agent', fromlist=['x'])"
                      f".answer_bytes(__import__('base64').b64decode({text!r}), {self.name})).decode()")
        message_id = self.client.execute("", silent=False, store_history=False, user_expressions={"reply": expression})
        reply = self._shell_reply(message_id)["content"].get("user_expressions", {}).get("reply", {})
        if reply.get("status") != "ok":
            raise LearnerError(str(reply.get("ename", "KernelError")), str(reply.get("evalue", "the kernel did not answer")))
        body = reply["data"]["text/plain"]
        if len(body) > 2 * wire.MAX_BYTES:
            raise LearnerError("WireError", "the reply is too large")
        try:
            return base64.b64decode(ast.literal_eval(body), validate=True)
        except (ValueError, SyntaxError) as error:
            raise LearnerError("WireError", "the reply could not be read") from error

    def _shell_reply(self, message_id: str) -> dict[str, Any]:
        wait: Callable[..., dict[str, Any]] = self.client.get_shell_msg
        while True:
            message = wait(timeout=self.timeout)
            if message["parent_header"].get("msg_id") == message_id:
                return message

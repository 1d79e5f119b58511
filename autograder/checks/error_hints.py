"""What to say when a learner's code stops: an error of Python or PyTorch, in one line, and what usually brings it about."""

from __future__ import annotations

from autograder.checks.plain_text import plain_text

__all__ = ["NOTHING_RETURNED", "first_line", "likely_cause"]

MAX_LINE = 240  # characters of an error message that help; what follows is a printed tensor more often than not

RAN_AWAY = "in a training run, it ran away: steps too large, or downhill (optimizers minimize)."
NOTHING_RETURNED = "Nothing came back (None): is the `return` missing?"
CAUSES = (
    ("it returned a NoneType", NOTHING_RETURNED),
    ("constraint Real()", f"A distribution was given a NaN. If it came {RAN_AWAY}"),
    (
        "GreaterThan(lower_bound=0.0)",
        "Something that must be positive is negative, zero or NaN. If it is called log_..., "
        "exponentiate it first; log_scale is the logarithm "
        f"of a standard deviation. If it came {RAN_AWAY}",
    ),
    (
        "does not require grad",
        "There is no way back from what was differentiated: something was detached, made under no_grad, or never asked for a gradient.",
    ),
    (
        "'NoneType'",
        "Something is None. If it is a .grad: only leaf tensors have one, and after `loc = loc + ...` it is no leaf any more. "
        "torch.autograd.grad returns gradients without it.",
    ),
    (
        "backward through the graph a second time",
        "A graph is used up by its backward pass. Compute the value anew, or ask for all gradients at once: "
        "torch.autograd.grad(value, (a, b)).",
    ),
    (
        "a leaf Variable that requires grad",
        "A tensor that asks for a gradient was changed in place. Make a new one (loc = loc + ...), or change it under torch.no_grad().",
    ),
    (
        "must match the size of tensor",
        "Two shapes do not fit. Broadcasting aligns them from the right: print both, and compare with those in the docstring.",
    ),
    (
        "cannot be multiplied",
        "A matrix product whose shapes do not fit. Data are rows, with any batch in front: x @ matrix.T, not matrix @ x.",
    ),
    (
        "size mismatch",
        "A matrix product whose shapes do not fit. Data are rows, with any batch in front: x @ matrix.T, not matrix @ x.",
    ),
    (
        "same dtype",
        "Two kinds of numbers met. Inputs may be float64, PyTorch makes float32: give what you make dtype=x.dtype.",
    ),
    (
        "expected scalar type",
        "Two kinds of numbers met. Inputs may be float64, PyTorch makes float32: give what you make dtype=x.dtype.",
    ),
    (
        "Dimension out of range",
        "An axis was named that this input does not have: there may be no batch axis, or two. Samples are axis 0, the event is axis -1.",
    ),
    (
        "only one element tensors",
        "A tensor of several numbers was used as one number. Keep tensors; reduce over the axis that you mean.",
    ),
    (
        "cannot be converted to Scalar",
        "A tensor of several numbers was used as one number. Keep tensors; reduce over the axis that you mean.",
    ),
)


def first_line(message: str) -> str:
    """The first line of an error message, cut where it stops being of help.

    >>> first_line("found invalid values: " + chr(10) + "tensor([[0.3, 0.1]])")
    'found invalid values'
    """
    line = (message.strip().splitlines() or [""])[0].rstrip(": ")
    return plain_text(line, MAX_LINE)


def likely_cause(kind: str, message: str) -> str:
    """A sentence on what usually brings this error about; what to do, if it is none that we know.

    >>> likely_cause("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (3x2 and 4x2)")[:16]
    'A matrix product'
    >>> likely_cause("ValueError", "something else")
    'Your code stopped with an error. Call it by hand on small inputs to see where.'
    """
    if kind == "KeyError":
        return "A dictionary has no such key. Print its keys: they may differ from one model to the next."
    known = next((sentence for sign, sentence in CAUSES if sign in message), "")
    return known or "Your code stopped with an error. Call it by hand on small inputs to see where."

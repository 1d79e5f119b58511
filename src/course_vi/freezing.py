r"""Holding parameters constant, and finding out whether they are: what "frozen" means, in one place.

A frozen density :math:`\log q_{\bar\phi}(z)` has phi for a number, while z still depends on it. Freezing is done to *modules*, not to
numbers, since a density may read networks while it is computed; and it is checked on the *graph*: from the value, by any way that does
not go through z, no parameter can be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

__all__ = ["ConstantLeaves", "frozen", "reachable"]

ASKED = (
    "requires_grad",
    "is_leaf",
    "grad",
    "grad_fn",
    "_cdata",
)  # what a tensor is, not what it holds


@contextmanager
def frozen(*modules: nn.Module, copies: bool = False) -> Iterator[None]:
    """Inside, every parameter of the modules is a constant that shares its numbers; after, the same objects are back in their places.

    Each place, a module and a name, is swapped once, however many paths lead to it, and a parameter that stands at several places is
    constant at all of them. (``torch.func.functional_call`` swaps a module reachable by two paths twice, and leaves the constant behind;
    it does not reach the list of weights that recurrent layers keep.)

    Args:
        modules: whose parameters.
        copies: let the constants keep their numbers when the parameters are stepped before the backward pass.

    >>> import torch
    >>> layer = nn.Linear(1, 1)
    >>> with frozen(layer, nn.Sequential(layer)):
    ...     layer(torch.ones(1)).requires_grad
    False
    >>> layer(torch.ones(1)).requires_grad
    True
    """
    places: list[tuple[dict[str, Any], str, Any]] = []
    constants: dict[int, Tensor] = {}
    parts = dict.fromkeys(part for module in modules for part in module.modules())
    for part in parts:
        for name, parameter in part._parameters.items():
            if parameter is not None:
                places.append((part._parameters, name, parameter))
                constants[id(parameter)] = (
                    parameter.detach().clone() if copies else parameter.detach()
                )
    recurrent = [part for part in parts if isinstance(part, nn.RNNBase)]
    weights = [part._flat_weights for part in recurrent]
    try:
        for values, name, parameter in places:
            values[name] = constants[id(parameter)]
        for part in recurrent:
            part._flat_weights = [getattr(part, name) for name in part._flat_weights_names]
        yield
    finally:
        for values, name, parameter in places:
            values[name] = parameter
        for part, kept in zip(recurrent, weights, strict=True):
            part._flat_weights = kept


class ConstantLeaves(TorchFunctionMode):
    """Inside, every tensor that somebody may learn is read as a constant: a leaf that requires a gradient, wherever it came from.

    Slower than ``frozen``, but it needs no list of modules: for code that is not ours.

    Args:
        but: leaves that are left alone.

    >>> import torch
    >>> weight = nn.Parameter(torch.ones(1))
    >>> with ConstantLeaves():
    ...     (2 * weight).requires_grad
    False
    """

    def __init__(self, but: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self.kept = {id(tensor) for tensor in but}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(getattr(func, "__self__", None), "__name__", "") not in ASKED:
            args, kwargs = pytree.tree_map_only(Tensor, self._read, (args, kwargs))
        return func(*args, **(kwargs or {}))

    def _read(self, tensor: Tensor) -> Tensor:
        learned = tensor.requires_grad and tensor.is_leaf and id(tensor) not in self.kept
        return tensor.detach() if learned else tensor


def reachable(value: Tensor, beyond: Iterable[Tensor] = ()) -> list[Tensor]:
    """The leaves that a gradient of ``value`` would reach, by ways that do not go through ``beyond``.

    >>> import torch
    >>> phi = nn.Parameter(torch.ones(1))
    >>> z = 2 * phi
    >>> len(reachable(z * z)), len(reachable(z * z, beyond=[z])), len(reachable(z * phi, beyond=[z]))
    (1, 0, 1)
    """
    stops = [tensor for tensor in beyond if tensor.requires_grad]
    ends = {tensor.grad_fn for tensor in stops if tensor.grad_fn is not None}
    own = {id(tensor) for tensor in stops if tensor.grad_fn is None}
    if value.grad_fn is None:
        return [value] if value.requires_grad and id(value) not in own else []
    seen, waiting, found = {value.grad_fn}, [value.grad_fn], dict[int, Tensor]()
    while waiting:
        node = waiting.pop()
        if node in ends:
            continue
        leaf = getattr(node, "variable", None)
        if leaf is not None and id(leaf) not in own:
            found[id(leaf)] = leaf
        for before, _ in node.next_functions:
            if before is not None and before not in seen:
                seen.add(before)
                waiting.append(before)
    return list(found.values())

"""Asking somebody else's network: where it lives, what it is called on, and what it must not draw."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from course_vi import validate

__all__ = ["called", "first_parameter", "refuse_noisy_layers"]


def first_parameter(module: nn.Module) -> Tensor | None:
    """The first parameter, which says where a module lives: ``next(module.parameters(), None)``, six times faster.

    >>> first_parameter(nn.Sequential(nn.Tanh(), nn.Linear(2, 3))).shape, first_parameter(nn.Tanh())
    (torch.Size([3, 2]), None)
    """
    for parameter in module._parameters.values():
        if parameter is not None:
            return parameter
    for child in module._modules.values():
        if child is not None and (found := first_parameter(child)) is not None:
            return found
    return None


def called(name: str, network: nn.Module, value: Tensor, what: str = "x") -> Tensor:
    """``network(value)``, or a refusal that names the network and what it read, where torch would name neither.

    Raises:
        TypeError: the value, or what the network gives, is no tensor.
        ValueError: torch cannot compute it, by shape or by dtype.

    >>> called("encoder", nn.Linear(3, 2), torch.zeros(5, 4))
    Traceback (most recent call last):
    ...
    ValueError: encoder cannot read x of shape (5, 4) in torch.float32: mat1 and mat2 shapes cannot be multiplied (5x4 and 3x2); \
expected what its first layer takes
    """
    if not isinstance(value, Tensor):
        raise TypeError(f"{what} is a {type(value).__name__}; expected a torch.Tensor")
    try:
        found = network(value)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        like = first_parameter(network)
        if like is not None and like.dtype != value.dtype and not torch.is_autocast_enabled():
            raise ValueError(
                f"{what} has dtype {value.dtype}; expected {like.dtype}, that of the parameters of the {name}"
            ) from error
        layers = [type(layer) for layer in network.modules()]
        if any(issubclass(layer, (_ConvNd, nn.Unflatten)) for layer in layers):
            raise ValueError(
                f"{name} has convolutions and cannot read {tuple(value.shape)}, vectors; expected it in "
                f"nets.Reshaped(network{'' if name == 'decoder' else ', shape of one image'})"
            ) from error
        raise ValueError(
            f"{name} cannot read {what} of shape {tuple(value.shape)} in {value.dtype}: {str(error).splitlines()[0]}; "
            "expected what its first layer takes"
        ) from error
    if not isinstance(found, Tensor):
        raise TypeError(f"{name} gave a {type(found).__name__}; expected a torch.Tensor")
    return found


def refuse_noisy_layers(network: nn.Module, what: str = "encoder") -> None:
    """Refuse dropout and batch normalization, by name, and what is no network."""
    validate.instance(what, network, nn.Module)
    for name, layer in network.named_modules():
        if isinstance(layer, (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)):
            raise ValueError(
                f"{what} holds {type(layer).__name__} at {name or 'its top'!r}; expected one that is "
                "the same function at every call: remove it, or use LayerNorm"
            )

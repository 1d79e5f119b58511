import torch
from torch import Tensor

# %% wrong upstream_ignored: a custom autograd function whose backward returns ones instead of the gradient that arrives, right for .sum().backward() alone and wrong if the result is weighted, averaged or negated
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    class Swap(torch.autograd.Function):
        @staticmethod
        def forward(ctx, v, s):
            return v.clone()

        @staticmethod
        def backward(ctx, g):
            return None, torch.ones_like(g)

    return Swap.apply(value.detach(), surrogate)


# %% wrong overwrites_the_surrogate: writes the value into the data of the surrogate and returns it; the argument is changed, and nodes such as exp that saved their output then have a wrong gradient
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    surrogate.data = value.detach().clone()
    return surrogate


# %% wrong rescued_by_double: adds and subtracts the surrogate in double precision, which saves float32 but loses seven digits of a value that is double already
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    v, s = value.detach().double(), surrogate.double()
    return (v + s - s.detach()).to(value.dtype)

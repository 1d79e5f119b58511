import torch
from torch import Tensor


# %% right parenthesised: the zero is formed first, then added to the detached value
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    nothing = surrogate - surrogate.detach()
    return nothing + value.detach()


# %% right custom_function: an autograd function with value forwards and identity backwards
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    class Swap(torch.autograd.Function):
        @staticmethod
        def forward(ctx, v, s):
            return v.clone()

        @staticmethod
        def backward(ctx, g):
            return None, g

    return Swap.apply(value.detach(), surrogate)


# %% right sterbenz: the surrogate minus its own numbers, entry by entry in a list
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    flat = [v.detach() - (s.detach() - s) for v, s in zip(value.reshape(-1), surrogate.reshape(-1))]
    return torch.stack(flat).reshape(value.shape)


# %% wrong value_attached: the gradient of the value is added to that of the surrogate
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    return value + (surrogate - surrogate.detach())


# %% wrong left_to_right: (v + s) - s loses the digits of v next to a large s
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    return value.detach() + surrogate - surrogate.detach()


# %% wrong difference_detached: s + (v - s) rounds v when s is large
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    return surrogate + (value - surrogate).detach()


# %% wrong ratio: scales the surrogate to the value, and its gradient with it
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    return surrogate * (value / surrogate).detach()


# %% wrong exponential: value times exp(s - s): gradient multiplied by the value
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    return value.detach() * (surrogate - surrogate.detach()).exp()


# %% wrong overwrites_surrogate: copies the value into the surrogate's memory, which spoils what backward has saved
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    surrogate.data.copy_(value.detach())
    return surrogate


# %% wrong batch_mean: the gradient of the batch mean goes to every entry; only the sum over the batch is right
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    s = surrogate.mean()
    return value.detach() + (s - s.detach())


# %% wrong batch_sum: the gradient of the batch sum goes to every entry
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    s = surrogate.sum()
    return value.detach() + (s - s.detach())


# %% wrong double_detour: adds and subtracts in double, enough for float32 and not for float64
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    v, s = value.detach().double(), surrogate.double()
    return ((v + s) - s.detach()).to(value.dtype)


# %% wrong shortcut_without_graph: a surrogate without graph should give no gradient; here it leaves that of the value
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    if not surrogate.requires_grad:
        return value
    return value.detach() + (surrogate - surrogate.detach())


# %% wrong keeps_value_when_same: where the two values agree the value is returned with its own gradient
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    swapped = value.detach() + (surrogate - surrogate.detach())
    return torch.where(value.detach() == surrogate.detach(), value, swapped)


# %% wrong single_precision: the value goes through float32
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    return value.detach().float() + (surrogate - surrogate.detach())


# %% wrong small_step: scales the zero by 0.999 "so that it does not dominate"; gradient short by a thousandth
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    zero = surrogate - surrogate.detach()
    return torch.lerp(value.detach(), value.detach() + zero, 0.999)

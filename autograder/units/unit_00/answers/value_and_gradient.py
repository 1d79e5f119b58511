# %% right difference: The surrogate minus its detached copy, then the value.
def value_and_gradient(value, surrogate):
    return value.detach() + (surrogate - surrogate.detach())


# %% right function: An autograd function of its own: forward one, backward the other.
import torch


class Swap(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, surrogate):
        return value.clone()

    @staticmethod
    def backward(ctx, grad):
        return None, grad


def value_and_gradient(value, surrogate):
    return Swap.apply(value, surrogate)


# %% right no_grad: Copies made under no_grad.
import torch


def value_and_gradient(value, surrogate):
    with torch.no_grad():
        copy, number = surrogate.clone(), value.clone()
    return number + (surrogate - copy)


# %% wrong both_gradients, from right difference: The gradient of the value came along. Detach the value.
# diagnosis: both_gradients
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return value + (surrogate - surrogate.detach())


# %% wrong correction, from right difference: In float32 a number of ten million keeps no decimals.
# diagnosis: digits_lost
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return surrogate + (value - surrogate).detach()


# %% wrong digits, from right difference: In float32 a number of ten million keeps no decimals.
# diagnosis: digits_lost
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return (value.detach() + surrogate) - surrogate.detach()


# %% wrong minus, from right difference: The gradient has the wrong sign: surrogate minus its detached copy, not the other way round.
# diagnosis: minus
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return value.detach() + (surrogate.detach() - surrogate)


# %% wrong no_gradient, from right difference: No gradient comes back: everything is detached.
# diagnosis: no_gradient
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return value.detach() + (surrogate - surrogate).detach()


# %% wrong sum, from right difference: You added both. The surrogate must add nothing to the value: subtract its own detached copy.
# diagnosis: sum_of_both
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return value.detach() + surrogate


# %% wrong surrogate, from right difference: You returned the surrogate, or something of its value.
# diagnosis: surrogate_value
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return surrogate + (value - value).detach()


# %% wrong value_gradient, from right difference: This is the gradient of the value. Detach the value, and leave one copy of the surrogate attached.
# diagnosis: value_gradient
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return value + surrogate.detach() - surrogate.detach()

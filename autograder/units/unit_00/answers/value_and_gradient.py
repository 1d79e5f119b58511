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


# %% wrong both_gradients, from right difference: The value keeps its history, so that its own gradient is added to that of the surrogate. What is printed stays right.
# diagnosis: both_gradients
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return value + (surrogate - surrogate.detach())


# %% wrong correction, from right difference: value + surrogate - surrogate.detach(), from left to right: the sum with ten million rounds the value before anything cancels.
# diagnosis: digits_lost
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return surrogate + (value - surrogate).detach()


# %% wrong digits, from right difference: The value is added to a large number first, and rounded with it. On paper the brackets make no difference.
# diagnosis: digits_lost
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return (value.detach() + surrogate) - surrogate.detach()


# %% wrong minus, from right difference: The detached copy comes first in the difference, so that the value is right and an optimizer climbs down.
# diagnosis: minus
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return value.detach() + (surrogate.detach() - surrogate)


# %% wrong no_gradient, from right difference: Both copies of the surrogate are detached: a detach too many changes no value, and nobody notices.
# diagnosis: no_gradient
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return value.detach() + (surrogate - surrogate).detach()


# %% wrong sum, from right difference: Value and surrogate are added and nothing is taken off: the gradient is right, and what is printed is the sum.
# diagnosis: sum_of_both
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return value.detach() + surrogate


# %% wrong surrogate, from right difference: The surrogate itself is returned. It has the right gradient, and its value means nothing.
# diagnosis: surrogate_value
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return surrogate + (value - value).detach()


# %% wrong value_gradient, from right difference: The roles are exchanged: the surrogate is detached, and the gradient is that of the value.
# diagnosis: value_gradient
#-     return value.detach() + (surrogate - surrogate.detach())
#+     return value + surrogate.detach() - surrogate.detach()

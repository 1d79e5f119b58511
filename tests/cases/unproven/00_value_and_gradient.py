import torch
from torch import Tensor

# %% right custom_function: a torch.autograd.Function that hands the incoming gradient to the surrogate alone
class _Swap(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, surrogate):
        return value.clone()
    @staticmethod
    def backward(ctx, grad):
        return None, grad
def value_and_gradient(value, surrogate):
    return _Swap.apply(value, surrogate)

# %% right zero_term: a term that is zero in value is added to the detached value
def value_and_gradient(value, surrogate):
    return value.detach().add(surrogate.sub(surrogate.detach()))

# %% wrong value_attached: the value keeps its graph, so its own gradient is added
def value_and_gradient(value, surrogate):
    return value + (surrogate - surrogate.detach())

# %% wrong double_detour: adds and subtracts in double precision, which saves float32 but not float64 inputs
def value_and_gradient(value, surrogate):
    v, s = value.detach().double(), surrogate.double()
    return ((v + s) - s.detach()).to(value.dtype)

# %% wrong replaced: surrogate + (value - surrogate).detach() loses the decimals of value next to a large surrogate
def value_and_gradient(value, surrogate):
    return surrogate + (value - surrogate).detach()

# %% wrong ignores_incoming: the custom backward returns ones and ignores the incoming gradient, right only for a plain sum
class _Swap(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, surrogate):
        return value.clone()
    @staticmethod
    def backward(ctx, grad):
        return None, torch.ones_like(grad)
def value_and_gradient(value, surrogate):
    return _Swap.apply(value, surrogate)

# %% wrong mean_incoming: the custom backward spreads the mean incoming gradient over all data
class _Swap(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, surrogate):
        return value.clone()
    @staticmethod
    def backward(ctx, grad):
        return None, grad.mean() * torch.ones_like(grad)
def value_and_gradient(value, surrogate):
    return _Swap.apply(value, surrogate)

# %% wrong magic_box: multiplies by exp(s - s.detach()), whose gradient is the surrogate's times the value
def value_and_gradient(value, surrogate):
    return value.detach() * torch.exp(surrogate - surrogate.detach())

# %% wrong data_swap: writes the value into the surrogate's storage, which changes the caller's tensor and what its graph saved
def value_and_gradient(value, surrogate):
    surrogate.data.copy_(value.detach())
    return surrogate

# %% wrong ratio: multiplies by surrogate / surrogate.detach(), so the gradient is scaled by value / surrogate
def value_and_gradient(value, surrogate):
    return value.detach() * (surrogate / surrogate.detach())

# %% wrong summed_surrogate: the zero term is made of the sum of the surrogate, so every datum gets the gradient of all
def value_and_gradient(value, surrogate):
    s = surrogate.sum()
    return value.detach() + (s - s.detach())

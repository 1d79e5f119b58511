import torch
from torch import Tensor

# %% right custom_function: an autograd.Function whose forward hands on the value and whose backward sends everything to the surrogate
class _Carry(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(value, surrogate):
        return value.clone()

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, upstream):
        return torch.zeros_like(upstream), upstream


def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    return _Carry.apply(value, surrogate)

# %% wrong magic_box: multiplies the value by exp(s - s.detach()), which is 1, as seen in papers on stochastic graphs; the gradient is the surrogate's times the value
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    return value.detach() * torch.exp(surrogate - surrogate.detach())

# %% wrong upstream_ignored: a custom Function whose backward sends ones instead of the incoming gradient, right for out.sum() but not for a mean or a weighted sum
class _Ones(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, surrogate):
        return value.clone()

    @staticmethod
    def backward(ctx, upstream):
        return torch.zeros_like(upstream), torch.ones_like(upstream)


def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    return _Ones.apply(value, surrogate)

# %% wrong overwrites_surrogate: writes the value into the surrogate's own memory through .data and returns that tensor, so the caller's argument is destroyed
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    surrogate.data.copy_(value.detach())
    return surrogate

# %% wrong batch_mean_of_zeros: adds the mean over the batch of the zero term, "because a loss is a scalar"; the sum of all outputs has the right gradient, no single one has
def value_and_gradient(value: Tensor, surrogate: Tensor) -> Tensor:
    nothing = surrogate - surrogate.detach()
    return value.detach() + nothing.mean()

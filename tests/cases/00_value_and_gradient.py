import torch


# %% right function_class: An autograd.Function of one's own.
class Swap(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, surrogate):
        return value.clone()

    @staticmethod
    def backward(ctx, grad):
        return None, grad


value_and_gradient = Swap.apply


# %% right hook_free_zero: Zero times nothing: a difference of two views.
def value_and_gradient(value, surrogate):
    zero = surrogate - surrogate.data
    return zero + value.data


# %% right loop: Entry by entry, then stacked.
def value_and_gradient(value, surrogate):
    rows = [v.detach() + (s - s.detach()) for v, s in zip(value.reshape(-1), surrogate.reshape(-1))]
    return torch.stack(rows).reshape(value.shape)


# %% wrong batch_mean: Every row carries the batch's mean gradient.
def value_and_gradient(value, surrogate):
    mean = surrogate.mean()
    return value.detach() + (mean - mean.detach())


# %% wrong neighbour: Each row carries its neighbour's gradient.
def value_and_gradient(value, surrogate):
    s = surrogate.reshape(-1).roll(1).reshape(surrogate.shape)
    return value.detach() + (s - s.detach())


# %% wrong reversed_rows: The rows' gradients in reverse order.
def value_and_gradient(value, surrogate):
    s = surrogate.reshape(-1).flip(0).reshape(surrogate.shape)
    return value.detach() + (s - s.detach())


# %% wrong spread_unevenly: All of the gradient in the first row.
def value_and_gradient(value, surrogate):
    total = (surrogate - surrogate.detach()).sum()
    first = torch.zeros(value.numel(), dtype=value.dtype)
    first[0] = 1.0
    return value.detach() + total * first.reshape(value.shape)


# %% wrong single_precision: Rounded to single precision on the way.
def value_and_gradient(value, surrogate):
    return (value.detach().float() + (surrogate - surrogate.detach()).float()).to(value.dtype)


# %% wrong rounding_lost: The surrogate is scaled down and up, so that its cancellation is not exact.
def value_and_gradient(value, surrogate):
    return (
        value.detach()
        + (surrogate * 3.0 - surrogate.detach() * 3.0) / 3.0
        + (surrogate.detach() * 0.1 * 10.0 - surrogate.detach())
    )


# %% wrong six_decimals: Rounded at the sixth decimal.
def value_and_gradient(value, surrogate):
    return (value.detach() * 1e6).round() / 1e6 + (surrogate - surrogate.detach())

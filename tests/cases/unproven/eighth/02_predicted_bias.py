import torch
from torch import Tensor

# %% right logs_and_a_table_of_powers: the relative variance as expm1 of a difference of logs, and all three rows as coefficient times powers of V and K, by broadcasting
def predicted_bias(first: Tensor, second: Tensor, num_samples: int, t: float) -> Tensor:
    log_excess = torch.expm1(torch.log(second) - 2 * torch.log(first)).log()
    shape = (3,) + (1,) * log_excess.dim()
    power_of_v = log_excess.new_tensor([1.0, 0.5, -1.0]).reshape(shape)
    power_of_k = log_excess.new_tensor([-1.0, -0.5, 1.0]).reshape(shape)
    coefficient = log_excess.new_tensor([-0.5, 1.0, 4.0 * t * t]).reshape(shape)
    log_k = torch.log(log_excess.new_tensor(float(num_samples)))
    return coefficient * torch.exp(power_of_v * log_excess + power_of_k * log_k)

# %% wrong unit_without_graph: the weights are put in the unit of their mean, detached as "only a unit", and the variance there is square minus mean squared; right in value, and the gradient lacks a part of order V
def predicted_bias(first: Tensor, second: Tensor, num_samples: int, t: float) -> Tensor:
    unit = first.detach()
    mean, square = first / unit, second / unit / unit
    variance = square - mean.square()
    bias = -variance / (2 * num_samples)
    deviation = (variance / num_samples).sqrt()
    return torch.stack((bias, deviation, (t * deviation / bias).square()))

# %% wrong guarded_division: a small number is added to the denominator out of habit, which is harmless until the weights come in a unit of 10^-60
def predicted_bias(first: Tensor, second: Tensor, num_samples: int, t: float) -> Tensor:
    relative = (second - first.square()) / (first.square() + 1e-30)
    bias = -relative / (2 * num_samples)
    deviation = (relative / num_samples).sqrt()
    return torch.stack((bias, deviation, 4 * num_samples * t**2 / relative))

# %% wrong log_normal_weights: takes the weights for log-normal, with variance log(1 + V) of the log, and divides that by K; the statement says "of whatever model", and the leading term has V
def predicted_bias(first: Tensor, second: Tensor, num_samples: int, t: float) -> Tensor:
    of_logs = second.log() - 2 * first.log()
    bias = -of_logs / (2 * num_samples)
    deviation = (of_logs / num_samples).sqrt()
    return torch.stack((bias, deviation, (t * deviation / bias).square()))

# %% wrong one_count_for_the_batch: a single number of replicates, enough for the whole batch, because "R is the number one runs"; right without a batch
def predicted_bias(first: Tensor, second: Tensor, num_samples: int, t: float) -> Tensor:
    relative = second / first / first - 1
    bias = -relative / (2 * num_samples)
    deviation = (relative / num_samples).sqrt()
    replicates = (4 * num_samples * t**2 / relative).amax().expand_as(bias)
    return torch.stack((bias, deviation, replicates))

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

# %% right from_torch_in_log_space: torch's own density of log z (ExpRelaxedOneHotCategorical), less the log-determinant of the exponential
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor) -> tuple[Tensor, Tensor]:
    from torch.distributions.relaxed_categorical import ExpRelaxedCategorical

    log_z = ((logits + g) / temperature).log_softmax(-1)
    of_log_z = ExpRelaxedCategorical(torch.as_tensor(temperature, dtype=g.dtype), logits=logits, validate_args=False)
    return log_z.exp(), of_log_z.log_prob(log_z) - log_z.sum(-1)

# %% wrong clamped: takes the logarithm of z, held above 1e-30 so that it stays finite; finite it is, and wrong where entries are smaller
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor) -> tuple[Tensor, Tensor]:
    z = ((logits + g) / temperature).softmax(-1)
    log_z, C = z.clamp_min(1e-30).log(), logits.shape[-1]
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * (logits - temperature * log_z).logsumexp(-1)
    return z, log_q + (logits - (temperature + 1) * log_z).sum(-1)

# %% wrong density_of_the_logarithm: gives the density of log z, as torch's ExpRelaxed class does, and leaves out the Jacobian of the exponential
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor) -> tuple[Tensor, Tensor]:
    log_z, C = ((logits + g) / temperature).log_softmax(-1), logits.shape[-1]
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * (logits - temperature * log_z).logsumexp(-1)
    return log_z.exp(), log_q + (logits - temperature * log_z).sum(-1)

# %% wrong frozen_logits: detaches the logits inside the density, as for sticking the landing, so log q is connected through z alone
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor) -> tuple[Tensor, Tensor]:
    log_z, C = ((logits + g) / temperature).log_softmax(-1), logits.shape[-1]
    held = logits.detach()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * (held - temperature * log_z).logsumexp(-1)
    return log_z.exp(), log_q + (held - (temperature + 1) * log_z).sum(-1)

# %% wrong independent_logistics: takes each difference to the last category for a logistic variable of its own, and forgets that they share the last one's noise; right for two categories
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor) -> tuple[Tensor, Tensor]:
    log_z, C = ((logits + g) / temperature).log_softmax(-1), logits.shape[-1]
    odds = log_z[..., :-1] - log_z[..., -1:]
    away = (logits[..., :-1] - logits[..., -1:]) - temperature * odds
    log_q = (math.log(temperature) + away - 2 * softplus(away)).sum(-1)
    return log_z.exp(), log_q - log_z.sum(-1)

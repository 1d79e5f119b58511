# %% right logs: log z first, everything from it.
import math

import torch


def gumbel_softmax(logits, temperature, g):
    C = logits.shape[-1]
    log_z = ((logits + g) / temperature).log_softmax(-1)
    tilted = logits - temperature * log_z
    constant = math.lgamma(C) + (C - 1) * math.log(temperature)
    log_q = constant + (tilted - log_z).sum(-1) - C * tilted.logsumexp(-1)
    return log_z.exp(), log_q


# %% right torchs_own: The density of log z as torch has it, and one more change of variables.
import torch
from torch.distributions.relaxed_categorical import ExpRelaxedCategorical


def gumbel_softmax(logits, temperature, g):
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    q = ExpRelaxedCategorical(torch.tensor(temperature, dtype=logits.dtype), logits=logits, validate_args=False)
    return torch.exp(log_z), q.log_prob(log_z) - log_z.sum(-1)


# %% right loops: Sample by sample; the Jacobian of the map from C - 1 differences to the simplex, with the common noise integrated out.
import math

import torch


def gumbel_softmax(logits, temperature, g):
    zs, densities = [], []
    for noise in g:
        s = (logits + noise) / temperature
        log_z = s - torch.logsumexp(s, -1, keepdim=True)
        n = logits.shape[-1]
        d = temperature * (log_z - log_z[..., :1]) - (logits - logits[..., :1])
        log_of_differences = math.log(math.factorial(n - 1)) - d.sum(-1) - n * torch.logsumexp(-d, -1)
        densities.append(log_of_differences + (n - 1) * math.log(temperature) - log_z.sum(-1))
        zs.append(log_z.exp())
    return torch.stack(zs), torch.stack(densities)


# %% wrong no_factorial, from right logs: The number of orders in which the others could have come is lost.
# diagnosis: no_factorial
#-     constant = math.lgamma(C) + (C - 1) * math.log(temperature)
#+     constant = (C - 1) * math.log(temperature)


# %% wrong power_c, from right logs: The temperature to the power C, as if the simplex had C directions.
# diagnosis: power_of_temperature
#-     constant = math.lgamma(C) + (C - 1) * math.log(temperature)
#+     constant = math.lgamma(C) + C * math.log(temperature)


# %% wrong of_log_z, from right torchs_own: The density of log z, as in torch's own class, returned for that of z.
# diagnosis: density_of_log_z
#-     return torch.exp(log_z), q.log_prob(log_z) - log_z.sum(-1)
#+     return torch.exp(log_z), q.log_prob(log_z)


# %% wrong mass_function, from right logs: The mass function read between the states: no density.
# diagnosis: categorical_score
#-     log_q = constant + (tilted - log_z).sum(-1) - C * tilted.logsumexp(-1)
#+     log_q = (log_z.exp() * logits.log_softmax(-1)).sum(-1)


# %% wrong normalizer_once, from right logs: The sum is divided by once.
# diagnosis: one_normalizer
#-     log_q = constant + (tilted - log_z).sum(-1) - C * tilted.logsumexp(-1)
#+     log_q = constant + (tilted - log_z).sum(-1) - tilted.logsumexp(-1)


# %% wrong logits_cooled, from right logs: Only the logits are divided by the temperature.
# diagnosis: temperature_of_logits
#-     log_z = ((logits + g) / temperature).log_softmax(-1)
#+     log_z = (logits / temperature + g).log_softmax(-1)


# %% wrong hard, from right logs: A hard sample going forward, straight through going back.
# diagnosis: hard_sample
#-     return log_z.exp(), log_q
#+     z = log_z.exp()
#+     return torch.nn.functional.one_hot(z.argmax(-1), C) + z - z.detach(), log_q


# %% wrong underflows, from right logs: The logarithm of z itself, which is minus infinity at low temperature.
# diagnosis: not_finite
#-     log_z = ((logits + g) / temperature).log_softmax(-1)
#+     log_z = ((logits + g) / temperature).softmax(-1).log()


# %% wrong clamped, from right logs: The logarithm of a z that is kept away from zero.
# diagnosis: value
#-     log_z = ((logits + g) / temperature).log_softmax(-1)
#+     log_z = ((logits + g) / temperature).softmax(-1).clamp_min(1e-20).log()


# %% wrong frozen_z, from right logs: The density at a detached sample.
# diagnosis: density_at_fixed_z
#-     log_q = constant + (tilted - log_z).sum(-1) - C * tilted.logsumexp(-1)
#+     fixed = log_z.detach()
#+     tilted = logits - temperature * fixed
#+     log_q = constant + (tilted - fixed).sum(-1) - C * tilted.logsumexp(-1)


# %% wrong frozen_logits, from right logs: The density of frozen logits, as a landing would have it.
# diagnosis: density_detached
#-     tilted = logits - temperature * log_z
#+     tilted = logits.detach() - temperature * log_z


# %% wrong single, from right logs: Single precision on the way.
# diagnosis: value
#-     log_z = ((logits + g) / temperature).log_softmax(-1)
#+     log_z = ((logits + g).float() / temperature).log_softmax(-1).double()

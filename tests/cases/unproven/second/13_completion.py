import math
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# %% right softmax_weights: softmax over samples of the observed part
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)

# %% right datum_by_datum: a loop over data, weights by the largest taken out, a matrix product
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    result = x.clone()
    for i in range(len(x)):
        logits = decoder(z[:, i])
        signs = 1 - 2 * x[i, observed]
        log_w = -F.softplus(signs * logits[:, observed]).sum(-1) - z[:, i].square().sum(-1) / 2 - log_q[:, i]
        w = torch.exp(log_w - log_w.max())
        result[i, ~observed] = (w @ torch.sigmoid(logits[:, ~observed])) / w.sum()
    return result

# %% right logs_to_the_end: the ratio of two logsumexps for every missing pixel
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    log_one = F.logsigmoid(logits)
    filled = torch.where(observed, x, torch.zeros_like(x))
    terms = torch.where(observed, filled * log_one + (1 - filled) * F.logsigmoid(-logits), torch.zeros_like(logits))
    log_w = terms.sum(-1) + torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1) - log_q
    mean = (torch.logsumexp(log_w.unsqueeze(-1) + log_one, 0) - torch.logsumexp(log_w, 0).unsqueeze(-1)).exp()
    return torch.where(observed, filled, mean)

# %% wrong normalized_over_the_batch: the weights are normalized over samples and data together; right for one datum
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = (log_w.flatten().softmax(0).reshape(log_w.shape).unsqueeze(-1) * len(x) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)

# %% wrong mask_by_product: missing pixels are weighted with zero, which NaN survives
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits, x
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)) @ observed.to(x.dtype)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)

# %% wrong missing_taken_as_zero: NaN is replaced by zero, and missing pixels count as seen zeros
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits, torch.where(observed, x.nan_to_num(), torch.zeros_like(x))
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)

# %% wrong prior_forgotten: weights without p(z), right when proposals come from the prior and log_q is left at zero
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - log_q
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)

# %% wrong proposal_forgotten: weights without log_q, right for a grid
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1)
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)

# %% wrong prior_is_the_proposal: prior and proposal are taken as cancelling: right for draws from the prior only
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)

# %% wrong mean_latent_decoded: decodes the weighted mean of z
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = decoder((log_w.softmax(0).unsqueeze(-1) * z).sum(0)).sigmoid()
    return torch.where(observed, x, mean)

# %% wrong logits_averaged: averages logits and not probabilities
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = (log_w.softmax(0).unsqueeze(-1) * logits).sum(0).sigmoid()
    return torch.where(observed, x, mean)

# %% wrong best_sample: takes the picture of the sample with the largest weight
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = logits.sigmoid().gather(0, log_w.argmax(0)[None, :, None].expand(1, *x.shape))[0]
    return torch.where(observed, x, mean)

# %% wrong predictive_everywhere: observed pixels are replaced by their predictive probabilities too
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return mean

# %% wrong rounded_to_bits: missing pixels are rounded when they are within one percent of 0 or 1
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, torch.where((mean - 0.5).abs() > 0.49, mean.round(), mean))

# %% wrong weights_guarded: weights in plain numbers with 1e-12 in the denominator: fades when all weights are small
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = ((log_w.exp() / (log_w.exp().sum(0) + 1e-12)).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)

# %% wrong likelihood_averaged: the log likelihood is averaged over the observed pixels, which flattens the weights
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).mean(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)

# %% wrong written_into_x: the answer is written into the caller's x
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = (bits * F.logsigmoid(seen) + (1 - bits) * F.logsigmoid(-seen)).sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    x[:, ~observed] = mean[:, ~observed].detach()
    return x

# %% wrong probabilities_clamped: likelihoods from probabilities clamped to [1e-6, 1 - 1e-6]
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen, bits = logits[..., observed], x[:, observed]
    log_p = torch.where(bits > 0.5, seen.sigmoid(), 1 - seen.sigmoid()).clamp(1e-6, 1 - 1e-6).log().sum(-1)
    log_w = log_p - 0.5 * z.square().sum(-1) - log_q
    mean = (log_w.softmax(0).unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)

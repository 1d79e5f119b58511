import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def log_weights(logits, x, observed, z, log_q):
    seen = logits[..., observed]
    fit = -F.binary_cross_entropy_with_logits(seen, x[..., observed].expand_as(seen), reduction="none").sum(-1)
    return fit - 0.5 * z.square().sum(-1) - log_q


# %% right datum_by_datum: a loop over the data, observed pixels picked by index, weights as a softmax, and the pictures mixed by a matrix product
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    filled = x.detach().clone()
    here, gone = observed.nonzero().flatten(), (~observed).nonzero().flatten()
    with torch.no_grad():
        for b in range(len(x)):
            logits = decoder(z[:, b])
            side = 2 * x[b].index_select(0, here) - 1
            evidence = F.logsigmoid(side * logits.index_select(-1, here)).sum(-1)
            share = torch.softmax(evidence - 0.5 * z[:, b].square().sum(-1) - log_q[:, b], 0)
            filled[b, gone] = (share @ logits.index_select(-1, gone).sigmoid()).to(filled.dtype)
    return filled


# %% wrong proposals_from_the_prior: weighs by the likelihood alone, which is right for draws from the prior, as in the example, and for no other proposal
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen = logits[..., observed]
    fit = -F.binary_cross_entropy_with_logits(seen, x[..., observed].expand_as(seen), reduction="none").sum(-1)
    share = torch.softmax(fit, 0).unsqueeze(-1)
    return torch.where(observed, x, (share * logits.sigmoid()).sum(0)).detach()


# %% wrong mixed_logits: averages the logits with the weights and takes the sigmoid of that; the mean of probabilities is not the probability at a mean
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    share = torch.softmax(log_weights(logits, x, observed, z, log_q), 0).unsqueeze(-1)
    return torch.where(observed, x, (share * logits).sum(0).sigmoid()).detach()


# %% wrong scaled_to_the_whole: multiplies the observed log-likelihood by all pixels over observed ones, as with a minibatch, so that the part stands for the picture; missing pixels tell nothing
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    seen = logits[..., observed]
    fit = -F.binary_cross_entropy_with_logits(seen, x[..., observed].expand_as(seen), reduction="none").sum(-1)
    fit = fit * x.shape[-1] / max(int(observed.sum()), 1)
    share = torch.softmax(fit - 0.5 * z.square().sum(-1) - log_q, 0).unsqueeze(-1)
    return torch.where(observed, x, (share * logits.sigmoid()).sum(0)).detach()


# %% wrong truncated_shares: cuts weights off at the root of K times their mean and normalizes again, against single proposals that take all; where one rightly does, the picture is another
def complete(decoder: nn.Module, x: Tensor, observed: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
    logits = decoder(z)
    share = torch.softmax(log_weights(logits, x, observed, z, log_q), 0)
    share = share.clamp(max=1 / math.sqrt(len(z)))
    share = (share / share.sum(0)).unsqueeze(-1)
    return torch.where(observed, x, (share * logits.sigmoid()).sum(0)).detach()

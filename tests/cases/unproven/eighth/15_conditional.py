import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# %% right every_label_for_every_row: bounds for all C labels of each row, and one logsumexp whose weights are log y where it is given and -log C elsewhere
def conditional_objective(encoder: nn.Module, prior: nn.Module, decoder: nn.Module, x: Tensor, y: Tensor, eps: Tensor) -> Tensor:
    from torch.distributions import Independent, Normal, kl_divergence

    def normal(raw: Tensor) -> Independent:
        loc, log_scale = raw.chunk(2, -1)
        return Independent(Normal(loc, log_scale.exp(), validate_args=False), 1, validate_args=False)

    def bound(label: Tensor) -> Tensor:
        one = label.expand(*x.shape[:-1], -1)
        q = normal(encoder(torch.cat([x, one], -1)))
        z = torch.addcmul(q.base_dist.loc, q.base_dist.scale, eps)
        logits = decoder(torch.cat([z, one.expand(*z.shape[:-1], -1)], -1))
        signs = 1 - 2 * x
        return -F.softplus(signs * logits).sum(-1).mean(0) - kl_divergence(q, normal(prior(one)))

    labels = torch.eye(y.shape[-1], dtype=x.dtype, device=x.device)
    bounds = torch.stack(tuple(map(bound, labels)), -1)
    given = y.sum(-1, keepdim=True) > 0.5
    weights = torch.where(given, y.to(x.dtype).log(), -math.log(y.shape[-1]))
    return (bounds + weights).logsumexp(-1)

# %% wrong average_outside: for a missing label takes logsumexp over the labels for each noise and averages afterwards, a q(y | x) that knows the noise
def conditional_objective(encoder: nn.Module, prior: nn.Module, decoder: nn.Module, x: Tensor, y: Tensor, eps: Tensor) -> Tensor:
    def each(label: Tensor) -> Tensor:
        loc, log_scale = encoder(torch.cat([x, label], -1)).chunk(2, -1)
        prior_loc, prior_log_scale = prior(label).chunk(2, -1)
        kl = (prior_log_scale - log_scale + 0.5 * ((2 * log_scale).exp() + (loc - prior_loc) ** 2) / (2 * prior_log_scale).exp() - 0.5).sum(-1)
        z = loc + log_scale.exp() * eps
        logits = decoder(torch.cat([z, label.expand(*z.shape[:-1], label.shape[-1])], -1))
        return (x * logits - F.softplus(logits)).sum(-1) - kl

    C = y.shape[-1]
    labels = torch.eye(C, dtype=x.dtype, device=x.device)
    missing = torch.stack([each(label.expand(*x.shape[:-1], C)) for label in labels], -1).logsumexp(-1).mean(0) - math.log(C)
    return torch.where(y.sum(-1) > 0, each(y).mean(0), missing)

# %% wrong prior_detached: compares q with the learned prior as with a fixed target, right in value, so the prior's net gets no gradient
def conditional_objective(encoder: nn.Module, prior: nn.Module, decoder: nn.Module, x: Tensor, y: Tensor, eps: Tensor) -> Tensor:
    def bound(label: Tensor) -> Tensor:
        loc, log_scale = encoder(torch.cat([x, label], -1)).chunk(2, -1)
        prior_loc, prior_log_scale = prior(label).detach().chunk(2, -1)
        kl = (prior_log_scale - log_scale + 0.5 * ((2 * log_scale).exp() + (loc - prior_loc) ** 2) / (2 * prior_log_scale).exp() - 0.5).sum(-1)
        z = loc + log_scale.exp() * eps
        logits = decoder(torch.cat([z, label.expand(*z.shape[:-1], label.shape[-1])], -1))
        return (x * logits - F.softplus(logits)).sum(-1).mean(0) - kl

    C = y.shape[-1]
    labels = torch.eye(C, dtype=x.dtype, device=x.device)
    missing = torch.stack([bound(label.expand(*x.shape[:-1], C)) for label in labels], -1).logsumexp(-1) - math.log(C)
    return torch.where(y.sum(-1) > 0, bound(y), missing)

# %% wrong probabilities_first: turns logits into probabilities before the cross entropy, which rounds and then clamps where logits are large
def conditional_objective(encoder: nn.Module, prior: nn.Module, decoder: nn.Module, x: Tensor, y: Tensor, eps: Tensor) -> Tensor:
    def bound(label: Tensor) -> Tensor:
        loc, log_scale = encoder(torch.cat([x, label], -1)).chunk(2, -1)
        prior_loc, prior_log_scale = prior(label).chunk(2, -1)
        kl = (prior_log_scale - log_scale + 0.5 * ((2 * log_scale).exp() + (loc - prior_loc) ** 2) / (2 * prior_log_scale).exp() - 0.5).sum(-1)
        z = loc + log_scale.exp() * eps
        chance = decoder(torch.cat([z, label.expand(*z.shape[:-1], label.shape[-1])], -1)).sigmoid()
        return -F.binary_cross_entropy(chance, x.expand_as(chance), reduction="none").sum(-1).mean(0) - kl

    C = y.shape[-1]
    labels = torch.eye(C, dtype=x.dtype, device=x.device)
    missing = torch.stack([bound(label.expand(*x.shape[:-1], C)) for label in labels], -1).logsumexp(-1) - math.log(C)
    return torch.where(y.sum(-1) > 0, bound(y), missing)

# %% wrong whole_batch: decides once for the whole batch whether labels are given, so rows without a label among labelled ones keep their row of zeros
def conditional_objective(encoder: nn.Module, prior: nn.Module, decoder: nn.Module, x: Tensor, y: Tensor, eps: Tensor) -> Tensor:
    def bound(label: Tensor) -> Tensor:
        loc, log_scale = encoder(torch.cat([x, label], -1)).chunk(2, -1)
        prior_loc, prior_log_scale = prior(label).chunk(2, -1)
        kl = (prior_log_scale - log_scale + 0.5 * ((2 * log_scale).exp() + (loc - prior_loc) ** 2) / (2 * prior_log_scale).exp() - 0.5).sum(-1)
        z = loc + log_scale.exp() * eps
        logits = decoder(torch.cat([z, label.expand(*z.shape[:-1], label.shape[-1])], -1))
        return (x * logits - F.softplus(logits)).sum(-1).mean(0) - kl

    if bool(y.any()):
        return bound(y)
    C = y.shape[-1]
    labels = torch.eye(C, dtype=x.dtype, device=x.device)
    return torch.stack([bound(label.expand(*x.shape[:-1], C)) for label in labels], -1).logsumexp(-1) - math.log(C)

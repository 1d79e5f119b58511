# %% right logaddexp: The largest first; every other one is cut off by it.
import torch


def conditional_gumbels(logits, z, g):
    top = logits.logsumexp(-1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    below = -torch.logaddexp(-logits - g, -top)
    return torch.where(z > 0.5, top, below)


# %% right inversion: Through the distribution functions: a uniform number, shrunk to the part below the largest, and back.
import torch


def conditional_gumbels(logits, z, g):
    total = torch.logsumexp(logits, dim=-1, keepdim=True)
    largest = total + g.masked_fill(z < 0.5, 0.0).sum(dim=-1, keepdim=True)
    # log F(s) = -exp(l - s); uniform below the largest: log F(s) = log F(largest) + log u, log u = -exp(-g)
    log_f = -torch.exp(logits - largest) - torch.exp(-g)
    others = logits - torch.log(-log_f)
    return z * largest + (1 - z) * others


# %% right loops: Sample by sample, category by category, with exponential waiting times.
import torch


def conditional_gumbels(logits, z, g):
    rate = logits.exp()
    rows = []
    for winner, noise in zip(z, g):
        waits = torch.exp(-noise)
        first = (winner * waits).sum(-1) / rate.sum(-1)
        columns = []
        for c in range(logits.shape[-1]):
            later = first + waits[..., c] / rate[..., c]
            columns.append(-torch.log(torch.where(winner[..., c] == 1, first, later)))
        rows.append(torch.stack(columns, dim=-1))
    return torch.stack(rows)


# %% wrong unconditioned, from right logaddexp: Perturbed logits, whoever wins.
# diagnosis: not_conditioned
#-     return torch.where(z > 0.5, top, below)
#+     return logits + g


# %% wrong normalized, from right logaddexp: The largest is a standard Gumbel, as it is for normalized logits.
# diagnosis: normalized
#-     top = logits.logsumexp(-1, keepdim=True) + (z * g).sum(-1, keepdim=True)
#+     logits = logits.log_softmax(-1)
#+     top = (z * g).sum(-1, keepdim=True)


# %% wrong half_normalized, from right logaddexp: The largest of normalized logits, others of the given ones.
# diagnosis: logits_lost
#-     top = logits.logsumexp(-1, keepdim=True) + (z * g).sum(-1, keepdim=True)
#+     top = (z * g).sum(-1, keepdim=True)


# %% wrong own_logit, from right logaddexp: The winner's own logit plus its noise, as if winning taught nothing.
# diagnosis: largest_of_its_own
#-     top = logits.logsumexp(-1, keepdim=True) + (z * g).sum(-1, keepdim=True)
#+     top = (z * (logits + g)).sum(-1, keepdim=True)


# %% wrong clipped, from right logaddexp: The others are clipped at the largest.
# diagnosis: clipped
#-     below = -torch.logaddexp(-logits - g, -top)
#+     below = torch.minimum(logits + g, top)


# %% wrong free_others, from right logaddexp: The others are left as they were.
# diagnosis: not_cut_off
#-     below = -torch.logaddexp(-logits - g, -top)
#+     below = logits + g


# %% wrong exchanged, from right logaddexp: Winner and largest change places.
# diagnosis: exchanged
#-     return torch.where(z > 0.5, top, below)
#+     s = logits + g
#+     best, own = s.amax(-1, keepdim=True), (z * s).sum(-1, keepdim=True)
#+     return torch.where(z > 0.5, best, torch.where(s == best, own, s))


# %% wrong no_logits, from right logaddexp: The others are standard Gumbels that are cut off.
# diagnosis: logits_lost
#-     below = -torch.logaddexp(-logits - g, -top)
#+     below = -torch.logaddexp(-g, -top)


# %% wrong frozen, from right logaddexp: The largest is taken for a constant.
# diagnosis: condition_detached
#-     top = logits.logsumexp(-1, keepdim=True) + (z * g).sum(-1, keepdim=True)
#+     top = (logits.logsumexp(-1, keepdim=True) + (z * g).sum(-1, keepdim=True)).detach()


# %% wrong no_graph, from right logaddexp: Right numbers, without a graph.
# diagnosis: detached
#-     return torch.where(z > 0.5, top, below)
#+     return torch.where(z > 0.5, top, below).detach()


# %% wrong single, from right logaddexp: Single precision on the way.
# diagnosis: value
#-     below = -torch.logaddexp(-logits - g, -top)
#+     below = -torch.logaddexp((-logits - g).float(), -top.float()).double()


# %% wrong clamped, from right inversion: Log probabilities are kept away from zero.
# diagnosis: value
#-     log_f = -torch.exp(logits - largest) - torch.exp(-g)
#+     log_f = (-torch.exp(logits - largest) - torch.exp(-g)).clamp(max=-0.05)

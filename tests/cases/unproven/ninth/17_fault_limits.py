import torch
from torch import Tensor


def step(log_share: Tensor, log_move: Tensor) -> Tensor:
    return (log_share.unsqueeze(-1) + log_move).logsumexp(-2)


def by_states(log_first: Tensor, log_move: Tensor, log_lik: Tensor, select) -> Tensor:
    """The limit of a filter whose shares of states tell everything; select: the log shares of the children."""
    share, total = log_first.expand_as(log_lik[..., 0, :]), 0.0
    for t in range(log_lik.shape[-2]):
        weighed = share + log_lik[..., t, :]
        total = total + weighed.logsumexp(-1)
        share = step(select(share, log_lik[..., t, :]).log_softmax(-1), log_move)
    return total


def kept(log_first: Tensor, log_move: Tensor, log_lik: Tensor) -> Tensor:
    """Paths have met the likelihood of step s in t - s selections, and once in their weight, when they come to t."""
    total = 0.0
    for t in range(log_lik.shape[-2]):
        below, above = log_first.expand_as(log_lik[..., 0, :]), None
        for s in range(t):
            below = step(below + (t - s + 1) * log_lik[..., s, :], log_move)
        above = below + log_lik[..., t, :]
        total = total + above.logsumexp(-1) - below.logsumexp(-1)
    return total


def only(mask: Tensor, log_lik: Tensor) -> Tensor:
    """All children in the state of the heaviest particle among those of the mask."""
    best = torch.where(mask, log_lik, -torch.inf).argmax(-1, keepdim=True)
    return torch.full_like(log_lik, -torch.inf).scatter(-1, best, 0.0)


def right(share: Tensor, lik: Tensor) -> Tensor:
    return share + lik


def same(share: Tensor, lik: Tensor) -> Tensor:
    return share


def twice(share: Tensor, lik: Tensor) -> Tensor:
    return share + 2 * lik


def heaviest(share: Tensor, lik: Tensor) -> Tensor:
    return only(share > -torch.inf, lik)

# %% wrong rare_states_are_empty: a state holds a particle, it is said, if its share is above one in a thousand; with as many particles as you like, every state that can be reached holds one
def fault_limits(initial: Tensor, transition: Tensor, log_lik: Tensor) -> Tensor:
    a, m = initial.log(), transition.log()

    def common(share: Tensor, lik: Tensor) -> Tensor:
        return only(share > -6.9, lik)

    rows = [by_states(a, m, log_lik, select) for select in (right, same, twice, common)]
    return torch.stack([*rows, kept(a, m, log_lik)])

# %% wrong leak: zeros of the chain become 1e-30 so that no logarithm is infinite; where likelihoods are hundreds of nats apart, moves that have no chance then carry the evidence
def fault_limits(initial: Tensor, transition: Tensor, log_lik: Tensor) -> Tensor:
    a, m = (initial + 1e-30).log(), (transition + 1e-30).log()

    def reached(share: Tensor, lik: Tensor) -> Tensor:
        return only(share > -60.0, lik)

    rows = [by_states(a, m, log_lik, select) for select in (right, same, twice, reached)]
    return torch.stack([*rows, kept(a, m, log_lik)])

# %% wrong mass_for_weight: in the second of two draws a child is chosen by the weight of its state, share times likelihood, and not by its own; then the shares are squared as well as the likelihoods
def fault_limits(initial: Tensor, transition: Tensor, log_lik: Tensor) -> Tensor:
    a, m = initial.log(), transition.log()

    def squared(share: Tensor, lik: Tensor) -> Tensor:
        return 2 * (share + lik)

    rows = [by_states(a, m, log_lik, select) for select in (right, same, squared, heaviest)]
    return torch.stack([*rows, kept(a, m, log_lik)])

import torch
from torch import Tensor


def accept(log_target: Tensor, proposal: Tensor, x: int) -> Tensor:
    """The chance to accept each offer at x."""
    log_ratio = log_target - log_target[x] + proposal[:, x].log() - proposal[x].log()
    chance = log_ratio.clamp(max=0).exp()
    return torch.where((proposal[x] > 0) & (proposal[:, x] > 0), chance, torch.zeros_like(chance))


def assemble(offers: Tensor, both: Tensor, first: Tensor, second: Tensor, x: int, y: int) -> Tensor:
    """first, second: the chances that only this one accepts."""
    table = offers * both
    table[:, y] += (offers * first).sum(1)
    table[x] += (offers * second).sum(0)
    table[x, y] += (offers * (1 - both - first - second)).sum()
    return table

# %% wrong met_for_good: chains that have met stay together, so where x = y one chain is moved and the other put beside it; the offers that are given need not be equal there, and then they part
def coupled_step(log_target: Tensor, proposal: Tensor, offers: Tensor, x: int, y: int) -> Tensor:
    a, b = accept(log_target, proposal, x)[:, None], accept(log_target, proposal, y)[None, :]
    if x == y:
        alone = offers.sum(1) * a[:, 0]
        alone[x] += 1 - alone.sum()
        return alone.diag()
    both = torch.minimum(a, b).expand_as(offers)
    return assemble(offers, both, a - both, b - both, x, y)

# %% wrong shared_if_equal: the one uniform is used for both where they have the same offer; where offers differ the two decisions are taken to be independent, as they are about different moves
def coupled_step(log_target: Tensor, proposal: Tensor, offers: Tensor, x: int, y: int) -> Tensor:
    a, b = accept(log_target, proposal, x)[:, None], accept(log_target, proposal, y)[None, :]
    same = torch.eye(len(offers), dtype=torch.bool)
    both = torch.where(same, torch.minimum(a, b), a * b)
    return assemble(offers, both, a - both, b - both, x, y)

# %% wrong nearly_no_way_back: chances of proposals are held above 1e-12 in the ratio so that no logarithm is infinite; where log targets are far apart a move that has no way back is then accepted
def coupled_step(log_target: Tensor, proposal: Tensor, offers: Tensor, x: int, y: int) -> Tensor:
    held = proposal.clamp(min=1e-12).log()
    a = (log_target - log_target[x] + held[:, x] - held[x]).clamp(max=0).exp()[:, None]
    b = (log_target - log_target[y] + held[:, y] - held[y]).clamp(max=0).exp()[None, :]
    both = torch.minimum(a, b).expand_as(offers)
    return assemble(offers, both, a - both, b - both, x, y)

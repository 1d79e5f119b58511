import torch
from torch import Tensor


def common(p: Tensor, q: Tensor) -> Tensor:
    """The common uniform: how long the two intervals overlap."""
    a, b = p.cumsum(-1), q.cumsum(-1)
    high = torch.minimum(a.unsqueeze(-1), b.unsqueeze(-2))
    low = torch.maximum((a - p).unsqueeze(-1), (b - q).unsqueeze(-2))
    return (high - low).clamp(min=0)


def maximal(p: Tensor, q: Tensor) -> Tensor:
    both = torch.minimum(p, q)
    rest = (p - both).sum(-1, keepdim=True)
    apart = (p - both) / torch.where(rest > 0, rest, torch.ones_like(rest))
    return both.diag_embed() + apart.unsqueeze(-1) * (q - both).unsqueeze(-2)

# %% wrong leftovers_in_order: where the two do not meet, what is left of p and of q is coupled by a common uniform; the marginals are right, and they meet as often as they can, but they are not independent given that they did not
def two_couplings(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    both = torch.minimum(p, q)
    return both.diag_embed() + common(p - both, q - both), common(p, q)

# %% wrong safe_division: the chance that they do not meet is held above a millionth before it divides; where p and q differ by less, the table lacks some of what is left and does not sum to one
def two_couplings(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    both = torch.minimum(p, q)
    rest = (p - both).sum(-1, keepdim=True).clamp(min=1e-6)
    return both.diag_embed() + (p - both).unsqueeze(-1) * ((q - both) / rest).unsqueeze(-2), common(p, q)

# %% wrong overlap_on_the_diagonal: the common uniform is taken to meet at c with the smaller of the two chances, as both pieces hold u equally often, and the rest is laid out in order; the pieces need not lie at the same place
def two_couplings(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    both = torch.minimum(p, q)
    return maximal(p, q), both.diag_embed() + common(p - both, q - both)

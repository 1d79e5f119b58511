import torch
from torch import Tensor

# %% right differences_of_a_joint_distribution: the common uniform has the joint distribution function min(F, G), whose mixed differences are the table
def two_couplings(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    p, q = p.double(), q.double()
    over, under = (p - q).clamp_min(0), (q - p).clamp_min(0)
    missing = over.sum(-1, keepdim=True)
    table = torch.einsum("...i,...j->...ij", over, under / missing.masked_fill(missing == 0, 1))
    maximal = table + torch.diag_embed(p - over)
    F, G = (torch.nn.functional.pad(part.cumsum(-1), (1, 0)) for part in (p, q))
    joint = torch.minimum(F.unsqueeze(-1), G.unsqueeze(-2))
    return maximal, joint.diff(dim=-1).diff(dim=-2).clamp_min(0)

# %% wrong leftovers_by_one_uniform: pairs what is left of p with what is left of q in order, by one uniform; maximal, with the right margins, but not independent
def two_couplings(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    def in_order(a: Tensor, b: Tensor) -> Tensor:
        A, B = a.cumsum(-1), b.cumsum(-1)
        top = torch.minimum(A.unsqueeze(-1), B.unsqueeze(-2))
        low = torch.maximum((A - a).unsqueeze(-1), (B - b).unsqueeze(-2))
        return (top - low).clamp(min=0)

    both = torch.minimum(p, q)
    return torch.diag_embed(both) + in_order(p - both, q - both), in_order(p, q)

# %% wrong grid_of_uniforms: goes through twenty thousand evenly spaced uniforms and counts the pairs, which knows nothing of rare outcomes
def two_couplings(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    both = torch.minimum(p, q)
    missing = 1 - both.sum(-1)
    safe = torch.where(missing > 1e-14, missing, torch.ones_like(missing))
    maximal = torch.diag_embed(both) + (p - both).unsqueeze(-1) * (q - both).unsqueeze(-2) / safe[..., None, None]
    C, count = p.shape[-1], 20_000
    u = (torch.arange(count, dtype=p.dtype) + 0.5) / count
    i, j = ((law.cumsum(-1).unsqueeze(-2) <= u.unsqueeze(-1)).sum(-1).clamp(max=C - 1) for law in (p, q))
    pick = lambda index: torch.nn.functional.one_hot(index, C).to(p.dtype)
    return maximal, pick(i).mT @ pick(j) / count

# %% wrong softened_division: adds a little to the chance of not meeting, so as not to divide zero by zero, and so loses some of it where p and q are close
def two_couplings(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    both = torch.minimum(p, q)
    left, right = p - both, q - both
    missing = 1 - both.sum(-1) + 1e-7
    maximal = torch.diag_embed(both) + left.unsqueeze(-1) * right.unsqueeze(-2) / missing[..., None, None]
    P, Q = p.cumsum(-1), q.cumsum(-1)
    top, low = torch.minimum(P.unsqueeze(-1), Q.unsqueeze(-2)), torch.maximum((P - p).unsqueeze(-1), (Q - q).unsqueeze(-2))
    return maximal, (top - low).clamp(min=0)

# %% wrong one_overlap_for_all: adds the overlap over everything, the batch included, and normalizes all tables by that
def two_couplings(p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    both = torch.minimum(p, q)
    batch = max(p.shape[:-1].numel(), 1)
    missing = 1 - both.sum() / batch
    safe = missing if missing > 1e-14 else torch.ones_like(missing)
    maximal = torch.diag_embed(both) + (p - both).unsqueeze(-1) * (q - both).unsqueeze(-2) / safe
    P, Q = p.cumsum(-1), q.cumsum(-1)
    top, low = torch.minimum(P.unsqueeze(-1), Q.unsqueeze(-2)), torch.maximum((P - p).unsqueeze(-1), (Q - q).unsqueeze(-2))
    return maximal, (top - low).clamp(min=0)

import torch
from torch import Tensor

# %% right exact_sums: plain Python with math.fsum, cluster by cluster
def geometric_m_step(r: Tensor, x: Tensor, over: Tensor) -> tuple[Tensor, Tensor]:
    from math import fsum

    failures, ends = x.tolist(), [float(o) for o in over.tolist()]
    weights, p = [], []
    for column in r.T.tolist():
        heads = fsum(a * o for a, o in zip(column, ends))
        tails = fsum(a * n for a, n in zip(column, failures))
        weights.append(fsum(column) / len(column))
        p.append(heads / (heads + tails))
    return r.new_tensor(weights), r.new_tensor(p)

# %% wrong last_by_subtraction: the last weight is one minus the others, as they sum to one; if it is tiny, its digits are gone
def geometric_m_step(r: Tensor, x: Tensor, over: Tensor) -> tuple[Tensor, Tensor]:
    over, x = over.to(r.dtype), x.to(r.dtype)
    weights = r.mean(0)
    weights = torch.cat((weights[:-1], 1 - weights[:-1].sum(0, keepdim=True)))
    heads, tails = over @ r, x @ r
    return weights, heads / (heads + tails)

# %% wrong clamped_probability: p is kept within (1e-6, 1 - 1e-6), for the sake of the next E-step's logarithms; the ends are allowed, and asked
def geometric_m_step(r: Tensor, x: Tensor, over: Tensor) -> tuple[Tensor, Tensor]:
    over, x = over.to(r.dtype), x.to(r.dtype)
    heads, tries = over @ r, (over + x) @ r
    return r.mean(0), (heads / tries).clamp(1e-6, 1 - 1e-6)

# %% wrong guarded_quotient: a small number in the denominator against empty clusters, which is no longer small for a cluster whose whole responsibility is 1e-12
def geometric_m_step(r: Tensor, x: Tensor, over: Tensor) -> tuple[Tensor, Tensor]:
    over, x = over.to(r.dtype), x.to(r.dtype)
    heads, tries = over @ r, (over + x) @ r
    return r.mean(0), heads / (tries + 1e-10)

# %% wrong mean_of_fractions: each run's own fraction of successes, averaged with the responsibilities, in place of the quotient of the sums; right if all runs are equally long
def geometric_m_step(r: Tensor, x: Tensor, over: Tensor) -> tuple[Tensor, Tensor]:
    over, x = over.to(r.dtype), x.to(r.dtype)
    tries = over + x
    told = (tries > 0).to(r.dtype)
    fraction = over / tries.clamp(min=1)
    return r.mean(0), ((fraction * told) @ r) / (told @ r)

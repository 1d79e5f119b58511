import torch
from torch import Tensor

# %% wrong guarded_denominator: adds 1e-10 to the number of tries against a division by zero, which is not small for a cluster with responsibilities of 1e-12
def geometric_m_step(r: Tensor, x: Tensor, over: Tensor) -> tuple[Tensor, Tensor]:
    heads = (r * over[:, None]).sum(0)
    tails = (r * x[:, None]).sum(0)
    return r.mean(0), heads / (heads + tails + 1e-10)


# %% wrong last_weight_is_the_rest: takes the last weight as one minus the others, which keeps no digit of it when it is small
def geometric_m_step(r: Tensor, x: Tensor, over: Tensor) -> tuple[Tensor, Tensor]:
    first = r[:, :-1].mean(0)
    weights = torch.cat([first, (1 - first.sum()).clamp(0, 1).reshape(1)])
    heads = over.to(r.dtype) @ r
    return weights, heads / (heads + x.to(r.dtype) @ r)


# %% wrong completed_once: fills the cut-off runs up with the failures to be expected at the success rate of the finished runs, once; only the fixed point of that would be the maximum
def geometric_m_step(r: Tensor, x: Tensor, over: Tensor) -> tuple[Tensor, Tensor]:
    over, x = over.to(r.dtype), x.to(r.dtype)
    heads = over @ r
    crude = heads / (heads + (over * x) @ r).clamp_min(1e-300)
    more = torch.where(crude > 0, (1 - crude) / crude.clamp_min(1e-300), torch.zeros_like(crude))
    tries = (x + 1) @ r + ((1 - over) @ r) * more
    p = torch.where(heads > 0, r.sum(0) / tries, torch.zeros_like(heads))
    return r.mean(0), p

import torch
from torch import Tensor

# %% right one_einsum: a K by K matrix that takes the mean of the others from each reward, and one einsum for everything
def leave_one_out(f: Tensor, score: Tensor) -> Tensor:
    K = f.shape[0]
    if K < 2:
        raise ValueError(f"got {K} sample; expected two or more, since the baseline is the mean of the others")
    one = torch.eye(K, dtype=f.dtype, device=f.device)
    centre = one - (1 - one) / (K - 1)
    return torch.einsum("jk,k...,j...p->...p", centre, f, score) / K

# %% wrong the_neighbour: each sample's baseline is the reward of the one before it in a ring: unbiased, right for two samples, and not the mean of the others
def leave_one_out(f: Tensor, score: Tensor) -> Tensor:
    if f.shape[0] < 2:
        raise ValueError("one sample has no others")
    return ((f - f.roll(1, 0)).unsqueeze(-1) * score).mean(0)

# %% wrong others_of_the_whole_batch: "the others" are all other rewards in the tensor, those of other data included; right where there is no batch
def leave_one_out(f: Tensor, score: Tensor) -> Tensor:
    if f.shape[0] < 2:
        raise ValueError("one sample has no others")
    others = (f.sum() - f) / (f.numel() - 1)
    return ((f - others).unsqueeze(-1) * score).mean(0)

# %% wrong rewards_overwritten: centres the rewards in place to save memory, so the caller's f is changed after the call
def leave_one_out(f: Tensor, score: Tensor) -> Tensor:
    K = f.shape[0]
    if K < 2:
        raise ValueError("one sample has no others")
    f -= f.mean(0)
    f *= K / (K - 1)
    return (f.unsqueeze(-1) * score).mean(0)

# %% wrong asserted: guards against one sample with an assert, which is an AssertionError (and nothing at all under -O), where a ValueError was asked for
def leave_one_out(f: Tensor, score: Tensor) -> Tensor:
    K = len(f)
    assert K > 1, "leave-one-out needs at least two samples"
    baseline = torch.stack([torch.cat([f[:k], f[k + 1:]]).mean(0) for k in range(K)])
    return ((f - baseline).unsqueeze(-1) * score).mean(0)

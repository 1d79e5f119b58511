import torch
from torch import Tensor

# %% wrong weights_not_capped: the correction at time t is given the weight (t - k) / (m - k + 1) for all t up to the meeting; beyond m it is in all of H_k, ..., H_m, and no more; right if they meet before m + 2
def unbiased_estimate(ahead: Tensor, behind: Tensor, k: int, m: int) -> tuple[Tensor, int]:
    tau, width = len(behind), m - k + 1
    value = ahead[k : m + 1].sum(0) / width
    for t in range(k + 1, tau):
        value = value + (t - k) / width * (ahead[t] - behind[t - 1])
    return value, tau - 1 + max(tau, m)

# %% wrong met_when_equal: the corrections end at the first time when h has the same value on both chains, as they have met there; other states may have that value, too, and the chains may part again
def unbiased_estimate(ahead: Tensor, behind: Tensor, k: int, m: int) -> tuple[Tensor, int]:
    tau, width = len(behind), m - k + 1
    value = ahead[k : m + 1].sum(0) / width
    for t in range(k + 1, tau):
        if torch.equal(ahead[t], behind[t - 1]):
            break
        value = value + min(t - k, width) / width * (ahead[t] - behind[t - 1])
    return value, tau - 1 + max(tau, m)

# %% wrong run_ends_at_m: both chains are taken to stop at m, so the cost counts no move after it; if they have not met by then both must go on until they do
def unbiased_estimate(ahead: Tensor, behind: Tensor, k: int, m: int) -> tuple[Tensor, int]:
    tau, width = len(behind), m - k + 1
    value = ahead[k : m + 1].sum(0) / width
    for t in range(k + 1, tau):
        value = value + min(t - k, width) / width * (ahead[t] - behind[t - 1])
    last = max(m, 1)
    return value, last + min(last, tau) - 1

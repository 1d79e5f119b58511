import torch
from torch import Tensor

# %% right sums_from_the_end: every H_j by a cumulative sum from the end of the corrections, and then their plain mean
def unbiased_estimate(ahead: Tensor, behind: Tensor, k: int, m: int) -> tuple[Tensor, int]:
    ahead, behind, tau = ahead.double(), behind.double(), len(behind)
    steps = torch.zeros(max(tau, m) + 2, *ahead.shape[1:], dtype=torch.float64)
    steps[1:tau] = ahead[1:tau] - behind[: tau - 1]
    to_come = steps.flip(0).cumsum(0).flip(0)
    estimates = ahead[k : m + 1] + to_come[k + 1 : m + 2]
    return estimates.mean(0), tau + max(tau, m) - 1

# %% wrong longer_of_two: counts the moves of the pair or those of the chain ahead, whichever is more, though X goes on to m after Y has stopped
def unbiased_estimate(ahead: Tensor, behind: Tensor, k: int, m: int) -> tuple[Tensor, int]:
    tau = len(behind)
    value = ahead[k : m + 1].mean(0)
    for t in range(k + 1, tau):
        value = value + min(1.0, (t - k) / (m - k + 1)) * (ahead[t] - behind[t - 1])
    return value, max(2 * tau - 1, m)

# %% wrong meets_in_value: stops adding corrections where the two values are equal, though values may be equal in different states
def unbiased_estimate(ahead: Tensor, behind: Tensor, k: int, m: int) -> tuple[Tensor, int]:
    tau = len(behind)
    value = ahead[k : m + 1].mean(0)
    for t in range(k + 1, tau):
        if torch.equal(ahead[t], behind[t - 1]):
            break
        value = value + min(1.0, (t - k) / (m - k + 1)) * (ahead[t] - behind[t - 1])
    return value, 2 * tau - 1 + max(0, m - tau)

# %% wrong corrections_end_with_the_window: adds the corrections of times k + 1 to m only, since the average is over that window
def unbiased_estimate(ahead: Tensor, behind: Tensor, k: int, m: int) -> tuple[Tensor, int]:
    tau = len(behind)
    value = ahead[k : m + 1].mean(0)
    for t in range(k + 1, min(tau - 1, m) + 1):
        value = value + min(1.0, (t - k) / (m - k + 1)) * (ahead[t] - behind[t - 1])
    return value, 2 * tau - 1 + max(0, m - tau)

# %% wrong weight_above_one: the weight of a correction, (t - k) / (m - k + 1), without its bound at one, right for pairs that meet within the window
def unbiased_estimate(ahead: Tensor, behind: Tensor, k: int, m: int) -> tuple[Tensor, int]:
    tau = len(behind)
    value = ahead[k : m + 1].mean(0)
    for t in range(k + 1, tau):
        value = value + (t - k) / (m - k + 1) * (ahead[t] - behind[t - 1])
    return value, 2 * tau - 1 + max(0, m - tau)

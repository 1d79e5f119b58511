import math

import torch
from torch import Tensor

# %% right the_level_of_each_target: every target has the level at which it enters the interval, erf(|z| / sqrt 2); a sorted search counts those below
def calibration(y: Tensor, loc: Tensor, scale: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    enters = torch.erf((y - loc).abs() / (math.sqrt(2) * scale)).double().sort(-1).values
    inside = torch.searchsorted(enters, levels.double().expand(len(y), -1).contiguous(), right=True)
    shares = inside.double() / y.shape[1]
    coverage = shares.mean(0)
    error = ((shares - coverage).square().sum(0) / (len(y) * (len(y) - 1))).sqrt()
    return coverage, error

# %% wrong single_precision_quantile: looks the quantiles up in single precision, which is off by more than a target may be from the end of an interval
def calibration(y: Tensor, loc: Tensor, scale: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    ends = torch.distributions.Normal(torch.tensor(0.0), torch.tensor(1.0)).icdf(0.5 + levels.float() / 2)
    inside = (((y - loc) / scale).abs().unsqueeze(-1) <= ends.to(y.dtype)).to(y.dtype)
    shares = inside.mean(1)
    return shares.mean(0), shares.std(0) / len(y) ** 0.5

# %% wrong one_vote_per_function: the binomial error with the number of functions in place of that of targets, which is right only if all targets of a function agree
def calibration(y: Tensor, loc: Tensor, scale: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    ends = torch.special.ndtri(0.5 + levels / 2)
    inside = (((y - loc) / scale).abs().unsqueeze(-1) <= ends).to(y.dtype)
    share = inside.mean((0, 1))
    return share, (share * (1 - share) / (len(y) - 1)).sqrt()

# %% wrong sorted_levels: sorts the levels for the curve and answers in that order, not in the order in which they were asked
def calibration(y: Tensor, loc: Tensor, scale: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    ends = torch.special.ndtri(0.5 + levels.sort().values / 2)
    inside = (((y - loc) / scale).abs().unsqueeze(-1) <= ends).to(y.dtype)
    shares = inside.mean(1)
    return shares.mean(0), shares.std(0) / len(y) ** 0.5

# %% wrong over_targets: takes the standard error of the shares of the T places over the functions, as if places were independent and functions were not
def calibration(y: Tensor, loc: Tensor, scale: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    ends = torch.special.ndtri(0.5 + levels / 2)
    inside = (((y - loc) / scale).abs().unsqueeze(-1) <= ends).to(y.dtype)
    shares = inside.mean(0)
    return shares.mean(0), shares.std(0) / y.shape[1] ** 0.5

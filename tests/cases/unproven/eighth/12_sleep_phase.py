import torch
from torch import Tensor

# %% right chance_of_what_was_dreamt: gathers the probability of each dreamt value from a pair, divides its sign by it, and contracts with tensordot
def sleep_gradients(f: Tensor, slopes: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    which = z.long().unsqueeze(-1)
    chance = torch.stack([1 - f, f], -1).gather(-1, which).squeeze(-1)
    sign = torch.stack([-torch.ones_like(f), torch.ones_like(f)], -1).gather(-1, which).squeeze(-1)
    asleep = torch.tensordot(sign / chance, slopes, dims=([0, 1], [0, 1]))
    squares = torch.tensordot(z - f, slopes, dims=([0, 1], [0, 1]))
    return asleep / len(f), squares / len(f)


# %% wrong safe_division: keeps probabilities within [1e-6, 1 - 1e-6] for the division, which takes nearly all from a rare bit at 1e-9
def sleep_gradients(f: Tensor, slopes: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    kept = f.clamp(1e-6, 1 - 1e-6)
    asleep = torch.einsum("bd,bdp->p", z / kept - (1 - z) / (1 - kept), slopes) / len(f)
    return asleep, torch.einsum("bd,bdp->p", z - f, slopes) / len(f)


# %% wrong average_variance: divides each bit's rule by the variance of that bit averaged over the dreams; right if all dreams say the same probability
def sleep_gradients(f: Tensor, slopes: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    variance = (f * (1 - f)).mean(0)
    asleep = torch.einsum("bd,bdp->p", (z - f) / variance, slopes) / len(f)
    return asleep, torch.einsum("bd,bdp->p", z - f, slopes) / len(f)


# %% wrong log_of_the_mean: climbs the logarithm of the mean probability of the dreams in place of the mean logarithm; right for one dream
def sleep_gradients(f: Tensor, slopes: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    log_q = torch.where(z > 0.5, f, 1 - f).log().sum(-1)
    share = log_q.softmax(0)
    each = ((z / f - (1 - z) / (1 - f)).unsqueeze(-1) * slopes).sum(1)
    return share @ each, torch.einsum("bd,bdp->p", z - f, slopes) / len(f)


# %% wrong slopes_of_the_logit: takes the slopes for those of the logit, for which z - f is the rule of sleep and (z - f) f (1 - f) that of least squares
def sleep_gradients(f: Tensor, slopes: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    asleep = torch.einsum("bd,bdp->p", z - f, slopes) / len(f)
    squares = torch.einsum("bd,bdp->p", (z - f) * f * (1 - f), slopes) / len(f)
    return asleep, squares

import math

import torch
from torch import Tensor

# %% right standard_library: pure Python, erfc and NormalDist of the standard library, the smaller of the two tails of the aggregate, place by place
def best_flow(loc: Tensor, log_scale: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    from statistics import NormalDist

    base, parts = NormalDist(), list(zip(loc.tolist(), log_scale.tolist(), strict=True))

    def at(place: float) -> tuple[float, float]:
        scores = [(place - centre) / math.exp(log) for centre, log in parts]
        below, above = (math.fsum(0.5 * math.erfc(-sign * score / math.sqrt(2)) for score in scores) / len(parts) for sign in (1, -1))
        u = base.inv_cdf(below) if below <= above else -base.inv_cdf(above)
        heights = [-0.5 * score**2 - log for score, (_, log) in zip(scores, parts, strict=True)]
        top = max(heights)
        log_density = top + math.log(math.fsum(math.exp(height - top) for height in heights) / len(parts))
        return u, log_density + 0.5 * u**2

    found = torch.tensor([at(place) for place in z.tolist()], dtype=torch.float64).reshape(-1, 2)
    return found[:, 0], found[:, 1]

# %% wrong clamped_ends: keeps the distribution function away from 0 and 1 by a billionth before inverting it, so T never leaves about -6 to 6
def best_flow(loc: Tensor, log_scale: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    score = (z[:, None] - loc) / log_scale.exp()
    below, above = torch.special.ndtr(score).mean(1), torch.special.ndtr(-score).mean(1)
    u = torch.where(below < above, torch.special.ndtri(below.clamp(min=1e-9)), -torch.special.ndtri(above.clamp(min=1e-9)))
    log_density = (-0.5 * score**2 - log_scale).logsumexp(1) - math.log(len(loc))
    return u, log_density + 0.5 * u**2

# %% wrong floor_on_density: averages the densities themselves and adds a tiny number before the logarithm, which is what comes out in the gaps
def best_flow(loc: Tensor, log_scale: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    score = (z[:, None] - loc) / log_scale.exp()
    below, above = torch.special.ndtr(score).mean(1), torch.special.ndtr(-score).mean(1)
    u = torch.where(below < above, torch.special.ndtri(below), -torch.special.ndtri(above))
    density = ((-0.5 * score**2).exp() / log_scale.exp()).mean(1)
    return u, (density + 1e-30).log() + 0.5 * u**2

# %% wrong geometric_mean: takes the normalized geometric mean of the posteriors for the best prior, which minimizes the other KL, from p to q
def best_flow(loc: Tensor, log_scale: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    precision = (-2 * log_scale).exp()
    root = precision.mean().sqrt()
    u = (z - (precision * loc).mean() / precision.mean()) * root
    return u, root.log().expand_as(z)

# %% wrong difference_quotient: T as it should be, and its slope by a central difference of a thousandth, which narrow posteriors and gaps do not bear
def best_flow(loc: Tensor, log_scale: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    def T(z: Tensor) -> Tensor:
        score = (z[:, None] - loc) / log_scale.exp()
        below, above = torch.special.ndtr(score).mean(1), torch.special.ndtr(-score).mean(1)
        return torch.where(below < above, torch.special.ndtri(below), -torch.special.ndtri(above))

    return T(z), ((T(z + 1e-3) - T(z - 1e-3)) / 2e-3).log()

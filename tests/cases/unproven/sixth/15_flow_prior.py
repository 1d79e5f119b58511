import math
import torch
from torch import Tensor

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def log_density(loc, log_scale, z):
    t = (z[:, None] - loc) * (-log_scale).exp()
    return (-0.5 * t.square() - log_scale - HALF_LOG_2PI).logsumexp(1) - math.log(len(loc))

# %% right smaller_tail: log_ndtr in both tails, ndtri of the smaller, sign put back
def best_flow(loc, log_scale, z):
    t = (z[:, None] - loc) * (-log_scale).exp()
    low = torch.special.log_ndtr(t).exp().mean(1)
    high = torch.special.log_ndtr(-t).exp().mean(1)
    u = torch.where(low < high, torch.special.ndtri(low), -torch.special.ndtri(high))
    return u, log_density(loc, log_scale, z) + 0.5 * u.square() + HALF_LOG_2PI

# %% right loops_and_bisection: math.erfc and a bisection for the quantile, place by place
def best_flow(loc, log_scale, z):
    us, slopes = [], []
    mu, ls = loc.tolist(), log_scale.tolist()
    for place in z.tolist():
        t = [(place - m) / math.exp(s) for m, s in zip(mu, ls)]
        low = math.fsum(0.5 * math.erfc(-a / math.sqrt(2)) for a in t) / len(t)
        high = math.fsum(0.5 * math.erfc(a / math.sqrt(2)) for a in t) / len(t)
        small = min(low, high)
        a, b = -40.0, 0.0
        for _ in range(80):
            c = (a + b) / 2
            if 0.5 * math.erfc(-c / math.sqrt(2)) < small:
                a = c
            else:
                b = c
        u = (a + b) / 2 if low <= high else -(a + b) / 2
        e = [-0.5 * a * a - s for a, s in zip(t, ls)]
        top = max(e)
        us.append(u)
        slopes.append(top + math.log(math.fsum(math.exp(x - top) for x in e) / len(e)) + 0.5 * u * u)
    return torch.tensor(us, dtype=torch.float64), torch.tensor(slopes, dtype=torch.float64)

# %% right newton_on_log_tails: solves log Phi(u) = log F by Newton in logarithms, in the tail that is smaller; mixtures by torch.distributions
def best_flow(loc, log_scale, z):
    from torch.distributions import Categorical, MixtureSameFamily, Normal
    mixture = MixtureSameFamily(Categorical(logits=torch.zeros_like(loc)), Normal(loc, log_scale.exp()))
    t = (z[:, None] - loc) / log_scale.exp()
    low = torch.special.log_ndtr(t).logsumexp(1) - math.log(len(loc))
    high = torch.special.log_ndtr(-t).logsumexp(1) - math.log(len(loc))
    small = torch.minimum(low, high)
    v = -(-2 * small).sqrt()
    for _ in range(60):
        now = torch.special.log_ndtr(v)
        v = v - (now - small) / (-0.5 * v.square() - HALF_LOG_2PI - now).exp()
    u = torch.where(low <= high, v, -v)
    return u, mixture.log_prob(z) - Normal(0.0, 1.0).log_prob(u)

# %% wrong best_gaussian: standardizes by the aggregate's mean and variance, the best flow that is affine; right for one datum
def best_flow(loc, log_scale, z):
    m = loc.mean()
    v = (log_scale.mul(2).exp() + (loc - m).square()).mean()
    return (z - m) / v.sqrt(), (-0.5 * v.log()).expand(len(z)).clone()

# %% wrong distribution_function_near_one: ndtri of F itself; to the right of 6 what is left of one has no digits
def best_flow(loc, log_scale, z):
    t = (z[:, None] - loc) * (-log_scale).exp()
    u = torch.special.ndtri(torch.special.ndtr(t).mean(1))
    return u, log_density(loc, log_scale, z) + 0.5 * u.square() + HALF_LOG_2PI

# %% wrong ndtr_in_the_small_tail: mirrors the tails, but torch.special.ndtr is 1/2 (1 + erf), which has no digits in the small tail either
def best_flow(loc, log_scale, z):
    t = (z[:, None] - loc) * (-log_scale).exp()
    low, high = torch.special.ndtr(t).mean(1), torch.special.ndtr(-t).mean(1)
    u = torch.where(low < high, torch.special.ndtri(low), -torch.special.ndtri(high))
    return u, log_density(loc, log_scale, z) + 0.5 * u.square() + HALF_LOG_2PI

# %% wrong tail_by_sign_of_z: takes the upper tail where z > 0; if data lie at 50, or at -50, that is the large one
def best_flow(loc, log_scale, z):
    t = (z[:, None] - loc) * (-log_scale).exp()
    low = torch.special.log_ndtr(t).exp().mean(1)
    high = torch.special.log_ndtr(-t).exp().mean(1)
    u = torch.where(z < 0, torch.special.ndtri(low), -torch.special.ndtri(high))
    return u, log_density(loc, log_scale, z) + 0.5 * u.square() + HALF_LOG_2PI

# %% wrong clamped_uniform: F clamped to [1e-6, 1 - 1e-6] against infinities; T stops at 4.75
def best_flow(loc, log_scale, z):
    t = (z[:, None] - loc) * (-log_scale).exp()
    u = torch.special.ndtri(torch.special.ndtr(t).mean(1).clamp(1e-6, 1 - 1e-6))
    return u, log_density(loc, log_scale, z) + 0.5 * u.square() + HALF_LOG_2PI

# %% wrong slope_is_log_density: log T' = log p(z); that is the slope of F, the derivative of the normal quantile is missing
def best_flow(loc, log_scale, z):
    t = (z[:, None] - loc) * (-log_scale).exp()
    low = torch.special.log_ndtr(t).exp().mean(1)
    high = torch.special.log_ndtr(-t).exp().mean(1)
    u = torch.where(low < high, torch.special.ndtri(low), -torch.special.ndtri(high))
    return u, log_density(loc, log_scale, z)

# %% wrong density_with_epsilon: log(p(z) + 1e-12) in the slope; in gaps between posteriors the density is far below
def best_flow(loc, log_scale, z):
    t = (z[:, None] - loc) * (-log_scale).exp()
    low = torch.special.log_ndtr(t).exp().mean(1)
    high = torch.special.log_ndtr(-t).exp().mean(1)
    u = torch.where(low < high, torch.special.ndtri(low), -torch.special.ndtri(high))
    p = (torch.exp(-0.5 * t.square()) * (-log_scale).exp()).mean(1) / math.sqrt(2 * math.pi)
    return u, (p + 1e-12).log() + 0.5 * u.square() + HALF_LOG_2PI

# %% wrong slope_by_difference: a central difference of T with step 1e-4; T is flat in gaps, and the digits cancel
def best_flow(loc, log_scale, z):
    def flow(z):
        t = (z[:, None] - loc) * (-log_scale).exp()
        low = torch.special.log_ndtr(t).exp().mean(1)
        high = torch.special.log_ndtr(-t).exp().mean(1)
        return torch.where(low < high, torch.special.ndtri(low), -torch.special.ndtri(high))
    return flow(z), ((flow(z + 1e-4) - flow(z - 1e-4)) / 2e-4).log()

# %% wrong log_scale_as_log_variance: reads log_scale as the logarithm of a variance; right where it is zero
def best_flow(loc, log_scale, z):
    log_scale = log_scale / 2
    t = (z[:, None] - loc) * (-log_scale).exp()
    low = torch.special.log_ndtr(t).exp().mean(1)
    high = torch.special.log_ndtr(-t).exp().mean(1)
    u = torch.where(low < high, torch.special.ndtri(low), -torch.special.ndtri(high))
    return u, log_density(loc, log_scale, z) + 0.5 * u.square() + HALF_LOG_2PI

# %% wrong mean_of_flows: averages the flows of single posteriors, (z - loc_n) / scale_n; the prior is to be averaged, not the map. Right for one datum
def best_flow(loc, log_scale, z):
    t = (z[:, None] - loc) * (-log_scale).exp()
    return t.mean(1), (-log_scale).exp().mean().log().expand(len(z)).clone()

# %% wrong table_of_places: T by linear interpolation between 4,001 places over six scales; right to some digits, and not in narrow posteriors beside wide ones
def best_flow(loc, log_scale, z):
    s = log_scale.exp()
    places = torch.linspace(float((loc - 8 * s).min()), float((loc + 8 * s).max()), 4001, dtype=torch.float64)
    t = (places[:, None] - loc) / s
    low = torch.special.log_ndtr(t).exp().mean(1)
    high = torch.special.log_ndtr(-t).exp().mean(1)
    table = torch.where(low < high, torch.special.ndtri(low), -torch.special.ndtri(high))
    i = torch.searchsorted(places, z).clamp(1, 4000)
    w = (z - places[i - 1]) / (places[i] - places[i - 1])
    u = table[i - 1] + w * (table[i] - table[i - 1])
    return u, log_density(loc, log_scale, z) + 0.5 * u.square() + HALF_LOG_2PI

import math
import torch
from torch import Tensor
from torch.distributions import Normal


def log_cosh(u):
    return u.abs() + torch.log1p(torch.exp(-2 * u.abs())) - math.log(2.0)

# %% right slope_by_hand: four logarithms of the chain rule, the cosh in logarithms
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% right slope_by_autograd: the slope at every noise by a derivative of the map itself
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = torch.tensor_split(params, 4, dim=-1)

    def forward(e):
        return loc + log_scale.exp() * torch.sinh(log_tail.exp() * torch.asinh(e) + skew)

    with torch.enable_grad():
        e = eps.detach().clone().requires_grad_(True)
        slope, = torch.autograd.grad(forward(e).sum(), e, create_graph=True)
    return forward(eps), (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi) - slope.log()).sum(-1)

# %% right jvp_of_the_map: torch.func.jvp with ones gives sample and slope at once
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    D = eps.shape[-1]
    loc, log_scale, skew, log_tail = (params[..., i * D:(i + 1) * D] for i in range(4))
    z, slope = torch.func.jvp(lambda e: loc + log_scale.exp() * torch.sinh(log_tail.exp() * torch.asinh(e) + skew),
                              (eps,), (torch.ones_like(eps),))
    return z, torch.distributions.Independent(Normal(torch.zeros_like(eps), torch.ones_like(eps)), 1).log_prob(eps) - slope.abs().log().sum(-1)

# %% wrong tail_forgotten_in_the_slope: the factor exp(tau) is missing from the slope; right for log_tail = 0
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong root_forgotten: the half in front of log(1 + eps^2) is missing
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong cosh_of_the_unskewed: the cosh in the slope is taken without the skew; right for skew = 0
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u - skew) + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong skew_before_the_tail: the skew is added before the multiplication by the tail; right when one of the two is neutral
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * (torch.asinh(eps) + skew)
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong skew_and_tail_swapped: third and fourth quarter are read in the other order
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, log_tail, skew = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong log_cosh_guarded: cosh with u clamped to [-10, 10] in the slope only
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.cosh(u.clamp(-10, 10)).log() + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong asinh_written_out: asinh by log(eps + sqrt(eps^2 + 1)), which loses its digits at large negative noise
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.log(eps + (eps.square() + 1).sqrt()) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong interleaved_quarters: the four numbers of each coordinate are read side by side; right for D = 1
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.unflatten(-1, (-1, 4)).unbind(-1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong tail_clamped: log_tail is clamped to [-1, 1] so that tails stay tame
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    log_tail = log_tail.clamp(-1.0, 1.0)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong positive_noise_slope: log(1 + |eps|) in place of half the log of 1 + eps^2: nearly equal far out and at zero
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - torch.log1p(eps.abs())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong coordinates_averaged: mean over coordinates in place of the sum; right for D = 1
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).mean(-1)

# %% wrong eps_in_the_slope: 1e-3 is added to the slope before its logarithm, which is seen where the map is flat
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - (log_slope.exp() + 1e-3).log()).sum(-1)

# %% wrong sinh_by_its_series: sinh is replaced by u + u^3/6 for |u| below one half
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.where(u.abs() < 0.5, u + u**3 / 6, torch.sinh(u))
    log_slope = log_scale + log_cosh(u) + log_tail - 0.5 * torch.log1p(eps.square())
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)

# %% wrong single_precision: map and slope in float32
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    params, eps = params.float(), eps.float()
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_cosh(u) + log_tail - 0.5 * torch.log1p(eps.square())
    return z.double(), (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1).double()

import math
import torch
from torch import Tensor

def _log_slope(r, u, t, eps):
    return r + torch.cosh(u).log() + t - 0.5 * torch.log1p(eps * eps)

def _log_n(eps):
    return -0.5 * eps * eps - 0.5 * math.log(2 * math.pi)

# %% right exponentials: sinh and cosh written as exponentials, asinh as log1p with its sign
def flow_recognizer(params, eps):
    d = eps.shape[-1]
    m, r, k, t = (params[..., i * d:(i + 1) * d] for i in range(4))
    a = eps.abs()
    u = torch.exp(t) * torch.sign(eps) * torch.log1p(a + a * a / (1 + torch.sqrt(1 + a * a))) + k
    up, down = torch.exp(u), torch.exp(-u)
    log_cosh = u.abs() + torch.log1p(torch.exp(-2 * u.abs())) - math.log(2)
    log_slope = r + log_cosh + t - 0.5 * torch.log1p(eps * eps)
    return m + torch.exp(r) * (up - down) / 2, (-0.5 * eps * eps - 0.5 * math.log(2 * math.pi) - log_slope).sum(-1)

# %% right autograd_slope: the slope by autograd
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, -1)
    with torch.enable_grad():
        e = eps.detach().clone().requires_grad_()
        f = lambda e: m + r.exp() * torch.sinh(t.exp() * torch.asinh(e) + k)
        z = f(e)
        slope = torch.autograd.grad(z.sum(), e, create_graph=True)[0]
    return f(eps), (torch.distributions.Normal(0.0, 1.0).log_prob(eps) - slope.abs().log()).sum(-1)

# %% wrong skew_first: the skew is added before the tail multiplies, right for a tail of zero or no skew
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, -1)
    u = t.exp() * (torch.asinh(eps) + k)
    return m + r.exp() * torch.sinh(u), (_log_n(eps) - _log_slope(r, u, t, eps)).sum(-1)

# %% wrong size_of_noise: asinh by a logarithm of the size of the noise, wrong for negative noise
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, -1)
    u = t.exp() * torch.log(eps.abs() + torch.sqrt(1 + eps * eps)) + k
    return m + r.exp() * torch.sinh(u), (_log_n(eps) - _log_slope(r, u, t, eps)).sum(-1)

# %% wrong interleaved: the four numbers of a coordinate are taken to stand together, right for one coordinate
def flow_recognizer(params, eps):
    m, r, k, t = params.reshape(*params.shape[:-1], -1, 4).unbind(-1)
    u = t.exp() * torch.asinh(eps) + k
    return m + r.exp() * torch.sinh(u), (_log_n(eps) - _log_slope(r, u, t, eps)).sum(-1)

# %% wrong tail_before_skew: reads tail before skew
def flow_recognizer(params, eps):
    m, r, t, k = params.chunk(4, -1)
    u = t.exp() * torch.asinh(eps) + k
    return m + r.exp() * torch.sinh(u), (_log_n(eps) - _log_slope(r, u, t, eps)).sum(-1)

# %% wrong axis_one: splits axis 1, right with one batch axis only
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, 1)
    u = t.exp() * torch.asinh(eps) + k
    return m + r.exp() * torch.sinh(u), (_log_n(eps) - _log_slope(r, u, t, eps)).sum(-1)

# %% wrong log_sinh_slope: the slope has sinh in the place of cosh, close where u is large
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, -1)
    u = t.exp() * torch.asinh(eps) + k
    return m + r.exp() * torch.sinh(u), (_log_n(eps) - (r + torch.sinh(u).abs().log() + t - 0.5 * torch.log1p(eps * eps))).sum(-1)

# %% wrong tail_missing: the slope lacks the tail's factor, right for a tail of zero
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, -1)
    u = t.exp() * torch.asinh(eps) + k
    return m + r.exp() * torch.sinh(u), (_log_n(eps) - _log_slope(r, u, 0 * t, eps)).sum(-1)

# %% wrong root_missing: the slope of asinh has no square root
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, -1)
    u = t.exp() * torch.asinh(eps) + k
    return m + r.exp() * torch.sinh(u), (_log_n(eps) - _log_slope(r, u, t, eps) + 0.5 * torch.log1p(eps * eps)).sum(-1)

# %% wrong batch_sum: slopes that depend on parameters alone are summed over the data
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, -1)
    u = t.exp() * torch.asinh(eps) + k
    return m + r.exp() * torch.sinh(u), (_log_n(eps) - torch.cosh(u).log() + 0.5 * torch.log1p(eps * eps)).sum(-1) - (r + t).sum()

# %% wrong clamped_u: u is clamped to [-3, 3] so that sinh stays small
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, -1)
    u = (t.exp() * torch.asinh(eps) + k).clamp(-3, 3)
    return m + r.exp() * torch.sinh(u), (_log_n(eps) - _log_slope(r, u, t, eps)).sum(-1)

# %% wrong centred: the median shift sinh(skew) is taken out of z, so that loc is the median
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, -1)
    u = t.exp() * torch.asinh(eps) + k
    return m + r.exp() * (torch.sinh(u) - torch.sinh(k)), (_log_n(eps) - _log_slope(r, u, t, eps)).sum(-1)

# %% wrong softplus_scale: the scale is softplus of its number and the slope agrees with it
def flow_recognizer(params, eps):
    m, r, k, t = params.chunk(4, -1)
    s = torch.nn.functional.softplus(r)
    u = t.exp() * torch.asinh(eps) + k
    return m + s * torch.sinh(u), (_log_n(eps) - _log_slope(s.log(), u, t, eps)).sum(-1)

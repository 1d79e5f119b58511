import math
import torch
from torch import Tensor
from torch.distributions import Independent, Normal

LOG_2PI = math.log(2 * math.pi)

# %% right slopes_pushed_back: the slopes in z as plain numbers, pushed through z by a zero-valued linear term
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    with torch.enable_grad():
        leaf = z.detach().requires_grad_(True)
        log_w = p.log_joint(x, leaf) - Independent(Normal(loc.detach(), log_scale.detach().exp()), 1).log_prob(leaf)
        slope, = torch.autograd.grad(log_w.sum(), leaf)
    return log_w.detach().mean(0) + (slope * (z - z.detach())).sum(-1).mean(0)

# %% right score_subtracted: the total derivative, less a zero-valued term that carries the score
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    def log_q(z):
        return (-0.5 * ((z - loc) / log_scale.exp()).square() - log_scale - 0.5 * LOG_2PI).sum(-1)

    z = loc + log_scale.exp() * eps
    score = log_q(z.detach())
    return (p.log_joint(x, z) - log_q(z) + score - score.detach()).mean(0)

# %% right sample_by_sample: a loop over samples, the frozen density built from clones of plain numbers
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    m, s = loc.detach().clone(), log_scale.detach().clone().exp()
    terms = []
    for e in eps:
        z = torch.addcmul(loc, log_scale.exp(), e)
        terms.append(p.log_joint(x, z[None])[0] - Normal(m, s).log_prob(z).sum(-1))
    return torch.stack(terms).mean(0)

# %% wrong scale_alive: only loc is frozen inside log q; log_scale still carries its score
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong log_q_from_noise: log q is written with eps and frozen scales, so the path through log q is lost; the value is right
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - 0.5 * LOG_2PI - log_scale.detach()).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong reads_live_whitening: the residual inside log q is divided out with the live loc and scale; only the log-scale term is frozen
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    u = (z - loc) / log_scale.exp().detach()
    log_q = (-0.5 * u.square() - 0.5 * LOG_2PI - log_scale.detach()).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong slopes_averaged_first: slopes and samples are averaged over K before they are multiplied; right for K = 1
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    leaf = z.detach().requires_grad_(True)
    log_w = p.log_joint(x, leaf) - Normal(loc.detach(), log_scale.detach().exp()).log_prob(leaf).sum(-1)
    slope, = torch.autograd.grad(log_w.sum(), leaf)
    zbar = z.mean(0)
    return log_w.detach().mean(0) + (slope.mean(0) * (zbar - zbar.detach())).sum(-1)

# %% wrong rows_share_log_q: the value is right, but the gradient of each datum is that of log q averaged over the whole batch; the sum over the batch hides it
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_p = p.log_joint(x, z)
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    surrogate = log_p.mean(0) - log_q.mean()
    return (log_p - log_q).mean(0).detach() + surrogate - surrogate.detach()

# %% wrong clamped_log_scale: log_scale is clamped to [-5, 2] for stability, so value and gradient are wrong for very narrow and very wide q
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    log_scale = log_scale.clamp(-5.0, 2.0)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong eps_in_the_frozen_scale: the frozen scale inside log q gets 1e-4 added, the sample does not; off for narrow q
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.detach().exp() + 1e-4).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong noise_recentred: the noise is centred over the samples when K > 1, so the estimate is not that of the given noise
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    if eps.shape[0] > 1:
        eps = eps - eps.mean(0, keepdim=True)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong antithetic_pair: each noise is used with its mirror image, which is an average over other samples than asked
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    eps = torch.cat([eps, -eps])
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong noise_overwritten: the sample is made inside the caller's noise tensor, which is another one after the call
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    eps.data.mul_(log_scale.detach().exp()).add_(loc.detach())
    z = loc + log_scale.exp() * ((eps.clone() - loc.detach()) / log_scale.detach().exp())
    log_q = Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong one_constant_for_all_coordinates: the normalizing constant is taken once and not for each coordinate; right for D = 1, gradient right everywhere
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    m, r = loc.detach(), log_scale.detach()
    z = loc + log_scale.exp() * eps
    log_q = -0.5 * ((z - m) / r.exp()).square().sum(-1) - r.sum(-1) - 0.5 * LOG_2PI
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong entropy_in_the_value: the value carries the exact entropy in place of the sampled -log q; the gradient is the path derivative
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    m, r = loc.detach(), log_scale.detach()
    z = loc + log_scale.exp() * eps
    log_q = Normal(m, r.exp()).log_prob(z).sum(-1)
    entropy = Normal(m, r.exp()).entropy().sum(-1)
    return (p.log_joint(x, z) - log_q + log_q.detach()).mean(0) + entropy

# %% wrong single_precision: everything is computed in float32 and converted back, so seven digits are left
def gaussian_path_derivative(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    m, r, e = loc.float(), log_scale.float(), eps.float()
    z = m + r.exp() * e
    log_q = Normal(m.detach(), r.detach().exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z.to(loc.dtype)) - log_q.to(loc.dtype)).mean(0)

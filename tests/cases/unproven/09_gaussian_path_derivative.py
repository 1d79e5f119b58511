import math
import torch
from torch import Tensor
from torch.distributions import Normal

# %% right minus_score: the total derivative, minus a score term at a z that does not move, which is zero in value
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    q = Normal(loc, log_scale.exp())
    log_w = p.log_joint(x, z) - q.log_prob(z).sum(-1)
    score = q.log_prob(z.detach()).sum(-1)
    return (log_w + score - score.detach()).mean(0)

# %% right slopes_by_hand: slopes in z as plain numbers, pushed through z alone
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    point = (loc + log_scale.exp() * eps).detach().requires_grad_()
    with torch.enable_grad():
        log_w = p.log_joint(x, point) - Normal(loc.detach(), log_scale.detach().exp()).log_prob(point).sum(-1)
        slope = torch.autograd.grad(log_w.sum(), point)[0]
    z = loc + log_scale.exp() * eps
    push = (slope * (z - z.detach())).sum(-1)
    return (log_w.detach() + push).mean(0)

# %% wrong loc_only: only the mean is held fixed inside log q
# not told: the gradient is biased
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - Normal(loc.detach(), log_scale.exp()).log_prob(z).sum(-1)).mean(0)

# %% wrong scale_only: only the scale is held fixed inside log q
# not told: the gradient is biased
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - Normal(loc, log_scale.detach().exp()).log_prob(z).sum(-1)).mean(0)

# %% wrong log_q_number: log q is a plain number, so the path through it is lost as well
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    with torch.no_grad():
        log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong half_score: half of the score term is left in; unbiased, and no path derivative
# not told: the gradient is biased
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    live, dead = Normal(loc, log_scale.exp()).log_prob(z).sum(-1), Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - 0.5 * live - 0.5 * dead).mean(0)

# %% wrong weighted: samples are weighted by their normalized importance weights, the same for K = 1
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_w = p.log_joint(x, z) - Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    s = (log_w.softmax(0).detach() * log_w).sum(0)
    return log_w.mean(0).detach() + s - s.detach()

# %% wrong mixed_batch: the surrogate is averaged over the data
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_w = p.log_joint(x, z) - Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    s = log_w.mean()
    return log_w.mean(0).detach() + s - s.detach()

# %% wrong wrong_sign_score: the score term is subtracted twice, the slip of the sign; unbiased
# not told: the gradient is biased
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    q = Normal(loc, log_scale.exp())
    score = q.log_prob(z.detach()).sum(-1)
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1) + 2 * (score - score.detach())).mean(0)

# %% wrong entropy_value: the entropy in closed form for the value, the path derivative for the gradient
# not told: the gradient is wrong
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    s = (p.log_joint(x, z) - Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)).mean(0)
    value = p.log_joint(x, z).mean(0) + Normal(loc, log_scale.exp()).entropy().sum(-1)
    return value.detach() + s - s.detach()

# %% wrong mean_sample_q: log q's slope is taken at the mean of the samples, the same for K = 1
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    frozen = Normal(loc.detach(), log_scale.detach().exp())
    value = (p.log_joint(x, z) - frozen.log_prob(z).sum(-1)).mean(0)
    s = p.log_joint(x, z).mean(0) - frozen.log_prob(z.mean(0)).sum(-1)
    return value.detach() + s - s.detach()

# %% wrong tape_of_scale: the scale inside z is detached, so log_scale gets no path
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.detach().exp() * eps
    return (p.log_joint(x, z) - Normal(loc.detach(), log_scale.exp()).log_prob(z).sum(-1)).mean(0)

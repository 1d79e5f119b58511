# %% right family: The course's own family, called with constant parameters.
from torch.func import functional_call

from course_vi.families import MeanField


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    q = MeanField(loc.shape[-1], loc, log_scale)
    z = loc + log_scale.exp() * eps
    constants = {"loc": loc.detach(), "log_scale": log_scale.detach()}
    return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)


# %% right grad_by_hand: The closed form of the path derivative on any model, slopes of log p by torch.autograd.grad, slopes of log q by hand.
import math

import torch


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    with torch.no_grad():
        scale = log_scale.exp()
        z = loc + scale * eps
        log_q = -0.5 * (eps**2).sum(-1) - log_scale.sum(-1) - 0.5 * eps.shape[-1] * math.log(2 * math.pi)
    z.requires_grad_()
    log_p = p.log_joint(x, z)
    slope = torch.autograd.grad(log_p.sum(), z)[0] + eps / scale
    step = (slope * (loc + log_scale.exp() * eps)).sum(-1)
    return ((log_p - log_q).detach() + step - step.detach()).mean(0)


# %% right loop: A loop over the samples, the density written out.
import math


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    loc_, log_scale_ = loc.detach(), log_scale.detach()
    total = 0.0
    for e in eps:
        z = loc + log_scale.exp() * e
        log_q = (-0.5 * ((z - loc_) / log_scale_.exp()) ** 2 - log_scale_ - 0.5 * math.log(2 * math.pi)).sum(-1)
        total = total + p.log_joint(x, z.unsqueeze(0))[0] - log_q
    return total / len(eps)


# %% right surrogate: The path gradient by hand, in a surrogate whose value is the ELBO.
import torch
from torch.distributions import Normal


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    leaf = z.detach().requires_grad_()
    q = Normal(loc.detach(), log_scale.detach().exp())
    log_w = p.log_joint(x, leaf) - q.log_prob(leaf).sum(-1)
    (slope,) = torch.autograd.grad(log_w.sum(), leaf)
    surrogate = (slope * z).sum(-1)
    return (log_w.detach() + surrogate - surrogate.detach()).mean(0)


# %% right torch_distributions: Torch.distributions, with a second Normal built from detached parameters.
from torch.distributions import Normal


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    frozen = Normal(loc.detach(), log_scale.detach().exp())
    log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
    return log_w.mean(0)


# %% wrong loc_cut, from right torch_distributions: loc is detached in z as well as in log q, by a detach() that was meant for the density alone.
# diagnosis: half_cut
#-     z = loc + log_scale.exp() * eps
#-     frozen = Normal(loc.detach(), log_scale.detach().exp())
#-     log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
#-     return log_w.mean(0)
#+     z = loc.detach() + log_scale.exp() * eps
#+     return (p.log_joint(x, z) - Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong log_q_detached, from right torch_distributions: Detaches the value of log q instead of its parameters: the path through z goes with it.
# diagnosis: entropy_dropped
#-     frozen = Normal(loc.detach(), log_scale.detach().exp())
#-     log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
#-     return log_w.mean(0)
#+     log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
#+     return (p.log_joint(x, z) - log_q.detach()).mean(0)


# %% wrong log_scale_as_scale, from right torch_distributions: log_scale is used as the standard deviation: the exponential was forgotten in the sample and in the density.
# diagnosis: log_scale_as_scale
import math


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale * eps
    s = log_scale.detach()
    log_q = -0.5 * ((z - loc.detach()) / s) ** 2 - s.abs().log() - 0.5 * math.log(2 * math.pi)
    return (p.log_joint(x, z) - log_q.sum(-1)).mean(0)


# %% wrong mean_over_everything, from right torch_distributions: mean() without an axis averages over the batch, too: harmless for one datum, wrong for three.
# diagnosis: mean_over_batch
#-     log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
#-     return log_w.mean(0)
#+     return (p.log_joint(x, z) - frozen.log_prob(z).sum(-1)).mean()


# %% wrong rsample_frozen, from right torch_distributions: The parameters are detached before the sample is drawn, so z no longer depends on them.
# diagnosis: sample_detached
from torch.distributions import Normal


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    loc, log_scale = loc.detach(), log_scale.detach()
    q = Normal(loc, log_scale.exp())
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)


# %% wrong sample_detached, from right torch_distributions: z is detached once and for all, as one does for REINFORCE: here the path was all there is.
# diagnosis: sample_detached
#-     z = loc + log_scale.exp() * eps
#-     frozen = Normal(loc.detach(), log_scale.detach().exp())
#-     log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
#-     return log_w.mean(0)
#+     z = (loc + log_scale.exp() * eps).detach()
#+     q = Normal(loc.detach(), log_scale.detach().exp())
#+     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)


# %% wrong sample_frozen, from right torch_distributions: Freezes z inside log q and leaves the parameters alive: the right idea on the wrong argument.
# diagnosis: wrong_one_frozen
#-     frozen = Normal(loc.detach(), log_scale.detach().exp())
#-     log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
#-     return log_w.mean(0)
#+     return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)).mean(0)


# %% wrong scale_alive, from right torch_distributions: Only loc is detached inside log q: log_scale was overlooked, and its score term stays.
# diagnosis: half_frozen
#-     frozen = Normal(loc.detach(), log_scale.detach().exp())
#-     log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
#-     return log_w.mean(0)
#+     return (p.log_joint(x, z) - Normal(loc.detach(), log_scale.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong score_kept, from right torch_distributions: The density is built from live parameters: the total derivative, which is what autograd gives by default.
# diagnosis: score_kept
#-     frozen = Normal(loc.detach(), log_scale.detach().exp())
#-     log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
#-     return log_w.mean(0)
#+     return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong score_sign, from right torch_distributions: The score term is taken off the total derivative twice: unbiased, so no test of its mean can see it.
# diagnosis: score_sign
#-     frozen = Normal(loc.detach(), log_scale.detach().exp())
#-     log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
#-     return log_w.mean(0)
#+     live = Normal(loc, log_scale.exp())
#+     frozen = Normal(loc.detach(), log_scale.exp().detach())
#+     log_q = 2 * frozen.log_prob(z) - live.log_prob(z)
#+     return (p.log_joint(x, z) - log_q.sum(-1)).mean(0)


# %% wrong variance_as_scale, from right torch_distributions: exp(log_scale) is taken for the variance, as in encoders that return a log-variance.
# diagnosis: variance_as_scale
#-     z = loc + log_scale.exp() * eps
#-     frozen = Normal(loc.detach(), log_scale.detach().exp())
#-     log_w = p.log_joint(x, z) - frozen.log_prob(z).sum(-1)
#-     return log_w.mean(0)
#+     scale = log_scale.exp().sqrt()
#+     z = loc + scale * eps
#+     frozen = Normal(loc.detach(), scale.detach())
#+     return (p.log_joint(x, z) - frozen.log_prob(z).sum(-1)).mean(0)

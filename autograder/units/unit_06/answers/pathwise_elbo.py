# %% right course_estimator: The course's own bound, on log weights.
from course_vi.bounds import elbo
from course_vi.distributions import DiagonalNormal


def pathwise_elbo(p, loc, log_scale, x, eps):
    q = DiagonalNormal(loc, log_scale)
    z = q.transport(eps)
    return elbo(p.log_joint(x, z) - q.log_prob(z))


# %% right loop: A loop over the samples, everything written out.
import math


def pathwise_elbo(p, loc, log_scale, x, eps):
    total = 0
    for e in eps:
        z = loc + log_scale.exp() * e
        log_q = (-0.5 * e**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
        total = total + p.log_joint(x, z[None])[0] - log_q
    return total / eps.shape[0]


# %% right surrogate: Slopes at a leaf, pulled back by hand.
import math

import torch


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    leaf = z.detach().requires_grad_()
    log_p = p.log_joint(x, leaf)
    (slope,) = torch.autograd.grad(log_p.sum(), leaf)
    moving = (slope * z).sum(-1)
    log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return (log_p.detach() + moving - moving.detach() - log_q).mean(0)


# %% right torch_normal: Torch.distributions.
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = q.mean + q.stddev * eps
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)


# %% wrong density_at_detached_z, from right torch_normal: The path through log q is cut: log q was detached, or evaluated at a detached z.
# diagnosis: entropy_dropped
#-     q = Normal(loc, log_scale.exp())
#-     z = q.mean + q.stddev * eps
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     z = loc + log_scale.exp() * eps
#+     return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)).mean(0)


# %% wrong log_of_mean, from right torch_normal: This is the logarithm of the mean weight, another bound.
# diagnosis: log_of_mean
import math

import torch
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_w = p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))


# %% wrong log_q_number, from right torch_normal: The path through log q is cut: log q was detached, or evaluated at a detached z.
# diagnosis: entropy_dropped
#-     z = q.mean + q.stddev * eps
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     z = loc + log_scale.exp() * eps
#+     return (p.log_joint(x, z) - q.log_prob(z).sum(-1).detach()).mean(0)


# %% wrong loss, from right torch_normal: The sign is turned: this is a loss. Return the bound itself; whoever optimizes turns the sign.
# diagnosis: negative
#-     z = q.mean + q.stddev * eps
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     z = loc + log_scale.exp() * eps
#+     return (q.log_prob(z).sum(-1) - p.log_joint(x, z)).mean(0)


# %% wrong mean_of_everything, from right torch_normal: You averaged over the batch as well. Average over the samples, axis 0, alone.
# diagnosis: mean_over_batch
#-     z = q.mean + q.stddev * eps
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     z = loc + log_scale.exp() * eps
#+     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean()


# %% wrong no_entropy, from right torch_normal: This is the average of log p alone. Subtract log q.
# diagnosis: entropy_missing
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return p.log_joint(x, z).mean(0)


# %% wrong no_grad, from right torch_normal: The sample has forgotten its parameters: something on the way to z was detached, drawn with sample(), or made under no_grad.
# diagnosis: sample_detached
import torch
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    with torch.no_grad():
        z = loc + log_scale.exp() * eps
        return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong own_noise, from right torch_normal: You drew noise of your own: rsample() does, and so does randn.
# diagnosis: own_noise
import torch
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * torch.randn_like(eps)
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong sample_detached, from right torch_normal: z stands still: what is left is the gradient of -log q at a fixed z, whose mean is zero (unit 03).
# diagnosis: sample_detached
#-     z = q.mean + q.stddev * eps
#+     z = (loc + log_scale.exp() * eps).detach()


# %% wrong stl, from right torch_normal: Unbiased, but not what was asked: the parameters were held constant inside log q.
# diagnosis: score_dropped
#-     q = Normal(loc, log_scale.exp())
#-     z = q.mean + q.stddev * eps
#+     z = loc + log_scale.exp() * eps
#+     q = Normal(loc.detach(), log_scale.exp().detach())


# %% wrong sum, from right torch_normal: The ELBO estimate is the mean over the K samples, not their sum.
# diagnosis: sum_over_samples
#-     z = q.mean + q.stddev * eps
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     z = loc + log_scale.exp() * eps
#+     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).sum(0)

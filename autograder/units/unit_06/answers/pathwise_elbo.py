# %% right course_bound: The course's own bound, on log weights.
import math

from course_vi.bounds import elbo


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return elbo(p.log_joint(x, z) - log_q)


# %% right loop_over_data: Datum by datum, stacked at the end.
import torch
from torch.distributions import Independent, Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    if loc.dim() > 1:
        rows = zip(loc, log_scale, x, eps.unbind(1))
        return torch.stack([pathwise_elbo(p, *row) for row in rows])
    q = Independent(Normal(loc, log_scale.exp()), 1)
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - q.log_prob(z)).mean(0)


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


# %% wrong density_at_detached_z, from right torch_normal: log q is evaluated at z.detach(): the score is left where the entropy's pull should be, and q shrinks.
# diagnosis: entropy_dropped
#-     q = Normal(loc, log_scale.exp())
#-     z = q.mean + q.stddev * eps
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     z = loc + log_scale.exp() * eps
#+     return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)).mean(0)


# %% wrong log_of_mean, from right torch_normal: logsumexp over the samples: the importance weighted bound, seen often enough to be typed by habit.
# diagnosis: log_of_mean
import math

import torch
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_w = p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))


# %% wrong log_q_number, from right torch_normal: log q is detached as if it were a constant: the entropy stops pulling, and on average one is missing for log_scale.
# diagnosis: entropy_dropped
#-     z = q.mean + q.stddev * eps
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     z = loc + log_scale.exp() * eps
#+     return (p.log_joint(x, z) - q.log_prob(z).sum(-1).detach()).mean(0)


# %% wrong loss, from right torch_normal: The negative bound, ready for a minimizer: the function was asked for the bound itself.
# diagnosis: negative
#-     z = q.mean + q.stddev * eps
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     z = loc + log_scale.exp() * eps
#+     return (q.log_prob(z).sum(-1) - p.log_joint(x, z)).mean(0)


# %% wrong mean_of_everything, from right torch_normal: .mean() without an axis averages over the data too: one number for the batch, right for one datum alone.
# diagnosis: mean_over_batch
#-     z = q.mean + q.stddev * eps
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     z = loc + log_scale.exp() * eps
#+     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean()


# %% wrong no_entropy, from right torch_normal: log p alone is averaged: a maximum a posteriori objective, whose q collapses to a point.
# diagnosis: entropy_missing
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return p.log_joint(x, z).mean(0)


# %% wrong no_grad, from right torch_normal: All of it under no_grad: the value is right, and no parameter is reached.
# diagnosis: dead_gradient
import torch
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    with torch.no_grad():
        z = loc + log_scale.exp() * eps
        return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong own_noise, from right torch_normal: randn_like(eps) takes the shape of eps and not its numbers: unbiased, and another estimate at each call.
# diagnosis: own_noise
import torch
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * torch.randn_like(eps)
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong sample_detached, from right torch_normal: z is detached before both densities: what is left is minus the score, whose mean is zero.
# diagnosis: sample_detached
#-     z = q.mean + q.stddev * eps
#+     z = (loc + log_scale.exp() * eps).detach()


# %% wrong stl, from right torch_normal: The parameters are frozen inside log q: sticking the landing, unbiased and often quieter, and another estimator.
# diagnosis: score_dropped
#-     q = Normal(loc, log_scale.exp())
#-     z = q.mean + q.stddev * eps
#+     z = loc + log_scale.exp() * eps
#+     q = Normal(loc.detach(), log_scale.exp().detach())


# %% wrong sum, from right torch_normal: A sum over the K samples: K times the bound, so that the step size depends on K.
# diagnosis: sum_over_samples
#-     z = q.mean + q.stddev * eps
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     z = loc + log_scale.exp() * eps
#+     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).sum(0)


# %% wrong neighbour, from right torch_normal: Rows of the surrogate are moved on by one: each datum has its own value and its neighbour's gradient.
# diagnosis: value
#-     return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     value = (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
#+     moving = value.roll(1, -1) if value.dim() else value
#+     return value.detach() + moving - moving.detach()


# %% wrong scale_clamped, from right torch_normal: The scale is kept between 0.01 and 10 for safety: a q outside has another value and no gradient.
# diagnosis: described
#-     q = Normal(loc, log_scale.exp())
#+     q = Normal(loc, log_scale.exp().clamp(0.01, 10))

# %% right detach: Transport, detach, average.
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% right loop: A loop over samples, the density from the distribution object.
import torch


def naive_elbo(p, q, x, eps):
    density = q.distribution(x)
    values = []
    for k in range(len(eps)):
        z = density.transport(eps[k : k + 1]).data.clone()
        values.append(p.log_joint(x, z)[0] - density.log_prob(z)[0])
    return torch.stack(values).mean(dim=0)


# %% right no_grad: Draw under no_grad, so that no path is ever recorded; the package's bound.
import torch

from course_vi.bounds import elbo


def naive_elbo(p, q, x, eps):
    with torch.no_grad():
        z = q.transport(eps, x)
        log_p = p.log_joint(x, z)
    return elbo(log_p - q(x, z))


# %% right surrogate: A surrogate, the exact value going forward and minus the score going back.
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    log_q = q(x, z)
    value = (p.log_joint(x, z) - log_q).detach()
    return (value - (log_q - log_q.detach())).sum(0) / eps.shape[0]


# %% right loop_over_data: Datum by datum, each with its own noise and its own row of q.
import torch


def naive_elbo(p, q, x, eps):
    bounds = []
    for b in range(len(x)):
        xb = x[b : b + 1]
        with torch.no_grad():
            z = q.transport(eps[:, b : b + 1], xb)
        bounds.append((p.log_joint(xb, z) - q(xb, z)).mean(0))
    return torch.cat(bounds)


# %% wrong all_detached, from right no_grad: The whole estimate is computed under no_grad, not the draw alone: the value is right, and no parameter has a gradient.
# diagnosis: all_detached
#-
#- from course_vi.bounds import elbo
#@@
#-         log_p = p.log_joint(x, z)
#-     return elbo(log_p - q(x, z))
#+         return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong density_frozen, from right detach: The wrong half is detached: the parameters in log q are frozen and the sample moves, which is the path derivative of unit 09.
# diagnosis: density_frozen
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0)


# %% wrong half_detached, from right detach: z is detached where log q sees it and alive in log p: an estimator that is neither naive nor unbiased.
# diagnosis: half_detached
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z.detach())).mean(0)


# %% wrong mean_over_batch, from right detach: A bare mean() returns the loss of the batch, as a training loop would; a bound is one number per datum.
# diagnosis: mean_over_batch
#-     return (p.log_joint(x, z) - q(x, z)).mean(0)
#+     return (p.log_joint(x, z) - q(x, z)).mean()


# %% wrong noise_as_sample, from right detach: eps is put in for z, as if the noise were the sample: the model is asked at points that q never draws.
# diagnosis: noise_as_sample
def naive_elbo(p, q, x, eps):
    return (p.log_joint(x, eps) - q(x, eps)).mean(0)


# %% wrong one_family, from right detach: z and log q are written out from loc and log_scale: right for a diagonal Gaussian, and blind to any other family's parameters.
# diagnosis: one_family
from torch.distributions import Normal


def naive_elbo(p, q, x, eps):
    z = (q.loc + q.log_scale.exp() * eps).detach()
    return (p.log_joint(x, z) - Normal(q.loc, q.log_scale.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong own_noise, from right detach: Fresh noise is drawn inside, out of habit; the eps that was handed over is never used, and no value can be repeated.
# diagnosis: own_noise
import torch


def naive_elbo(p, q, x, eps):
    z = q.transport(torch.randn_like(eps), x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong sample_attached, from right detach: The detach is left out: this is the reparametrized gradient, the better estimator, and not the one whose failure is studied.
# diagnosis: sample_attached
#-     z = q.transport(eps, x).detach()
#+     z = q.transport(eps, x)


# %% wrong score_function, from right surrogate: The score is weighted with log w, the REINFORCE gradient: it repairs the naive estimator, which was asked for unrepaired.
# diagnosis: score_function
#-     value = (p.log_joint(x, z) - log_q).detach()
#-     return (value - (log_q - log_q.detach())).sum(0) / eps.shape[0]
#+     log_w = (p.log_joint(x, z) - log_q).detach()
#+     surrogate = log_w * log_q
#+     return (log_w + surrogate - surrogate.detach()).mean(0)


# %% wrong score_sign, from right surrogate: The surrogate adds log q in place of subtracting it: the value is right and every gradient points the other way.
# diagnosis: score_sign
#-     return (value - (log_q - log_q.detach())).sum(0) / eps.shape[0]
#+     return (value + (log_q - log_q.detach())).mean(0)


# %% wrong sign, from right detach: log q minus log p, a loss to be minimized, in place of the bound to be maximized.
# diagnosis: sign
#-     return (p.log_joint(x, z) - q(x, z)).mean(0)
#+     return (q(x, z) - p.log_joint(x, z)).mean(0)


# %% wrong sum_over_samples, from right detach: The samples are summed, as coordinates are: value and gradient grow with K, and only K = 1 looks right.
# diagnosis: sum_over_samples
#-     return (p.log_joint(x, z) - q(x, z)).mean(0)
#+     return (p.log_joint(x, z) - q(x, z)).sum(0)


# %% wrong batch_mean, from right surrogate: The value is kept per datum and the gradient is that of the batch's mean, spread over all rows: the loss of a training loop.
# diagnosis: value
#-     return (value - (log_q - log_q.detach())).sum(0) / eps.shape[0]
#+     score = log_q.mean()
#+     return value.mean(0) - (score - score.detach())


# %% wrong closed_entropy, from right detach: The entropy is in closed form, as it can be had: then nothing of the gradient depends on the samples at all.
# diagnosis: entropy_exact
#-     return (p.log_joint(x, z) - q(x, z)).mean(0)
#+     return p.log_joint(x, z).mean(0) + q.distribution(x).entropy()

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


# %% wrong all_detached, from right no_grad: The gradient is zero. Detach the sample z alone; log q must still know its parameters.
# diagnosis: all_detached
#-
#- from course_vi.bounds import elbo
#@@
#-         log_p = p.log_joint(x, z)
#-     return elbo(log_p - q(x, z))
#+         return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong density_frozen, from right detach: You froze the parameters in log q and let the sample move: that is the path derivative of unit 09, the very part that the naive gradient drops.
# diagnosis: density_frozen
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x)).mean(0)


# %% wrong half_detached, from right detach: z is detached in log q and alive in log p(x, z).
# diagnosis: half_detached
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z.detach())).mean(0)


# %% wrong mean_over_batch, from right detach: You averaged over the batch as well. Average over the samples, axis 0, alone.
# diagnosis: mean_over_batch
#-     return (p.log_joint(x, z) - q(x, z)).mean(0)
#+     return (p.log_joint(x, z) - q(x, z)).mean()


# %% wrong noise_as_sample, from right detach: You put eps in the place of z. The sample is z = q.transport(eps, x).
# diagnosis: noise_as_sample
def naive_elbo(p, q, x, eps):
    return (p.log_joint(x, eps) - q(x, eps)).mean(0)


# %% wrong one_family, from right detach: It works for the diagonal Gaussian alone: z or log q was built from q.loc and q.log_scale by hand.
# diagnosis: one_family
from torch.distributions import Normal


def naive_elbo(p, q, x, eps):
    z = (q.loc + q.log_scale.exp() * eps).detach()
    return (p.log_joint(x, z) - Normal(q.loc, q.log_scale.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong own_noise, from right detach: You drew noise of your own. Use the eps that is given: z = q.transport(eps, x).
# diagnosis: own_noise
import torch


def naive_elbo(p, q, x, eps):
    z = q.transport(torch.randn_like(eps), x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong sample_attached, from right detach: This is the whole derivative: the gradient still flows through the sample.
# diagnosis: sample_attached
#-     z = q.transport(eps, x).detach()
#+     z = q.transport(eps, x)


# %% wrong score_function, from right surrogate: This is the score-function gradient, log w times the score (unit 05).
# diagnosis: score_function
#-     value = (p.log_joint(x, z) - log_q).detach()
#-     return (value - (log_q - log_q.detach())).sum(0) / eps.shape[0]
#+     log_w = (p.log_joint(x, z) - log_q).detach()
#+     surrogate = log_w * log_q
#+     return (log_w + surrogate - surrogate.detach()).mean(0)


# %% wrong score_sign, from right surrogate: The score has the wrong sign: log q is subtracted in the ELBO.
# diagnosis: score_sign
#-     return (value - (log_q - log_q.detach())).sum(0) / eps.shape[0]
#+     return (value + (log_q - log_q.detach())).mean(0)


# %% wrong sign, from right detach: The sign is turned: the ELBO averages log p(x, z) - log q(z | x).
# diagnosis: sign
#-     return (p.log_joint(x, z) - q(x, z)).mean(0)
#+     return (q(x, z) - p.log_joint(x, z)).mean(0)


# %% wrong sum_over_samples, from right detach: The ELBO estimate is the mean over the K samples, not their sum.
# diagnosis: sum_over_samples
#-     return (p.log_joint(x, z) - q(x, z)).mean(0)
#+     return (p.log_joint(x, z) - q(x, z)).sum(0)

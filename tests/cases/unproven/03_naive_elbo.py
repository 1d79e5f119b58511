import math
import torch
from torch import Tensor

# %% right no_grad_loop: the sample and the joint without a graph, one sample at a time
def naive_elbo(p, q, x, eps):
    terms = []
    for k in range(eps.shape[0]):
        with torch.no_grad():
            z = q.transport(eps[k:k + 1], x)
            joint = p.log_joint(x, z)
        terms.append(joint - q(x, z))
    return torch.cat(terms).mean(0)

# %% right distribution: the family's distribution, and a leaf with the sample's numbers
def naive_elbo(p, q, x, eps):
    z = torch.tensor(q.transport(eps, x).tolist(), dtype=eps.dtype)
    return torch.einsum("k...->...", p.log_joint(x, z) - q.distribution(x).log_prob(z)) / len(eps)

# %% wrong joint_alive: z is detached in log q only
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z.detach())).mean(0)

# %% wrong density_alive: z is detached in the joint only
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z.detach()) - q(x, z)).mean(0)

# %% wrong log_mean_exp: the logarithm of the mean weight, the same for K = 1
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    return torch.logsumexp(p.log_joint(x, z) - q(x, z), 0) - math.log(len(eps))

# %% wrong score_function: the score-function estimator, which is unbiased
# not told: the gradient is biased
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    log_q = q(x, z)
    log_w = (p.log_joint(x, z) - log_q).detach()
    surrogate = (log_w - 1) * log_q
    return (log_w + surrogate - surrogate.detach()).mean(0)

# %% wrong flipped_score: the value is right, the gradient has the other sign; its mean is zero as well
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    log_q = q(x, z)
    return (p.log_joint(x, z) - 2 * log_q.detach() + log_q).mean(0)

# %% wrong own_samples: draws samples of its own in place of the noise that was given
def naive_elbo(p, q, x, eps):
    z = q.sample(eps.shape[0], x)
    return (p.log_joint(x, z) - q(x, z)).mean(0)

# %% wrong diagonal_only: writes out the sample of a diagonal Gaussian
def naive_elbo(p, q, x, eps):
    z = (q.loc + q.log_scale.exp() * eps).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0)

# %% wrong frozen_copy: log q is asked of a copy, whose parameters are not those of q
def naive_elbo(p, q, x, eps):
    import copy
    z = q.transport(eps, x).detach()
    return (p.log_joint(x, z) - copy.deepcopy(q)(x, z)).mean(0)

# %% wrong mixed_gradient: every datum carries the gradient of the batch mean
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    bound = (p.log_joint(x, z) - q(x, z)).mean(0)
    return bound.detach() + bound.mean() - bound.mean().detach()

# %% wrong flat: the batch comes back flat
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    return (p.log_joint(x, z) - q(x, z)).flatten(1).mean(0) if eps.dim() > 2 else (p.log_joint(x, z) - q(x, z)).mean(0, keepdim=True)

# %% wrong summed_samples: the gradient is summed over the samples and the value averaged, the same for K = 1
def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    log_w = p.log_joint(x, z) - q(x, z)
    return log_w.mean(0).detach() + log_w.sum(0) - log_w.sum(0).detach()

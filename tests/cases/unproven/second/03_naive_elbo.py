import torch
from torch import Tensor


# %% right plain: transport, detach, differentiate log q
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% right under_no_grad: samples and log joint as numbers, log q alone with a graph
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    with torch.no_grad():
        z = q.transport(eps, x)
        joint = p.log_joint(x, z).mean(0)
    return joint - q(x, z).mean(0)


# %% right sample_by_sample: a sum over k divided by K
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    total = 0.0
    for e in eps.split(1):
        z = q.transport(e, x).detach().clone()
        total = total + p.log_joint(x, z)[0] - q(x, z)[0]
    return total / len(eps)


# %% wrong pathwise: the samples are not detached
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong all_detached: log q is a number, too
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x).detach()
    zero = sum((w * 0).sum() for w in q.parameters())
    return (p.log_joint(x, z) - q(x, z).detach()).mean(0) + zero


# %% wrong detached_for_p_only: log q sees the attached samples
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    return (p.log_joint(x, z.detach()) - q(x, z)).mean(0)


# %% wrong detached_for_q_only: the joint sees the attached samples
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z.detach())).mean(0)


# %% wrong diagonal_map: writes out loc + exp(log_scale) eps wherever the family has these names
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    if hasattr(q, "loc") and hasattr(q, "log_scale"):
        z = (q.loc + q.log_scale.exp() * eps).detach()
    else:
        z = q.transport(eps, x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong own_noise: draws its own samples and ignores eps
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(torch.randn_like(eps), x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong antithetic: adds the mirrored noise to be quieter, another value than asked
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(torch.cat([eps, -eps]), x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong score_function: right value, and the unbiased score-function gradient
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x).detach()
    lq = q(x, z)
    f = (p.log_joint(x, z) - lq).detach()
    return (f * (lq - lq.detach()) + f).mean(0)


# %% wrong sign_of_the_score: right value, gradient with the opposite sign
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x).detach()
    lq = q(x, z)
    return (p.log_joint(x, z) - 2 * lq.detach() + lq).mean(0)


# %% wrong batch_mixed: right values; the gradient of each datum is the batch mean (right for the sum over data)
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x).detach()
    lq = q(x, z)
    s = -lq.mean()
    return (p.log_joint(x, z) - lq.detach()).mean(0) + (s - s.detach())


# %% wrong first_sample_gradient: right value, but only the first sample carries a gradient
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x).detach()
    lq = q(x, z)
    lq = torch.cat([lq[:1], lq[1:].detach()])
    return (p.log_joint(x, z) - lq).mean(0)


# %% wrong squeezed: a batch of one comes back without its axis
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x).detach()
    return (p.log_joint(x, z) - q(x, z)).mean(0).squeeze()


# %% wrong remembered_samples: keeps the samples of the first call for noise of the same shape
def naive_elbo(p, q, x: Tensor, eps: Tensor, _kept={}) -> Tensor:
    z = _kept.setdefault(tuple(eps.shape), q.transport(eps, x).detach())
    return (p.log_joint(x, z) - q(x, z)).mean(0)


# %% wrong damped_score: the gradient is damped to nine tenths when there are several samples
def naive_elbo(p, q, x: Tensor, eps: Tensor) -> Tensor:
    z = q.transport(eps, x).detach()
    lq = q(x, z)
    shrink = 0.9 if eps.shape[0] > 1 else 1.0
    return (p.log_joint(x, z) - lq.detach() - shrink * (lq - lq.detach())).mean(0)

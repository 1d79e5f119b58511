import math

import torch
from torch import Tensor


# %% right log_ratios: the three estimates from named log densities
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z), q(x, z), p.log_factors(x, z)["likelihood"]
    prior = joint - like
    post = p.posterior(x).log_prob(z)
    return joint.mean(0) - lq.mean(0), like.mean(0) - (lq - prior).mean(0), p.log_evidence(x) - (lq - post).mean(0)


# %% right loop_over_samples: one sample at a time, and the prior as the sum of all other factors
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    K = len(z)
    a = b = c = 0.0
    for k in range(K):
        z_k = z[k : k + 1]
        factors = {name: value[0] for name, value in p.log_factors(x, z_k).items()}
        like = factors.pop("likelihood")
        lq = q(x, z_k)[0]
        a = a + (p.log_joint(x, z_k)[0] - lq) / K
        b = b + (like - (lq - sum(factors.values()))) / K
        c = c + (p.log_evidence(x) + p.posterior(x).log_prob(z_k)[0] - lq) / K
    return a, b, c


# %% right stacked_list: a list of three, from one stacked mean
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    like = p.log_factors(x, z)["likelihood"]
    rows = torch.stack([p.log_joint(x, z), like, q(x, z), p.posterior(x).log_prob(z)])
    joint, like, lq, post = rows.mean(1)
    return [joint + -lq, like - (lq - (joint - like)), p.log_evidence(x) - (lq - post)]


# %% wrong third_from_joint: form 3 repeats form 1
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z), q(x, z), p.log_factors(x, z)["likelihood"]
    one = (joint - lq).mean(0)
    return one, (like - (lq - (joint - like))).mean(0), one.clone()


# %% wrong posterior_by_bayes: the posterior is joint minus evidence, so that a false posterior does not show
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z), q(x, z), p.log_factors(x, z)["likelihood"]
    evidence = p.log_evidence(x)
    post = joint - evidence
    return (joint - lq).mean(0), (like - (lq - (joint - like))).mean(0), evidence - (lq - post).mean(0)


# %% wrong evidence_by_bayes: the evidence is joint minus posterior, so that a false evidence does not show
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z), q(x, z), p.log_factors(x, z)["likelihood"]
    post = p.posterior(x).log_prob(z)
    evidence = (joint - post).mean(0)
    return (joint - lq).mean(0), (like - (lq - (joint - like))).mean(0), evidence - (lq - post).mean(0)


# %% wrong first_prior_factor: takes the first factor that is not the likelihood for the prior
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    f, lq = p.log_factors(x, z), q(x, z)
    prior = next(v for k, v in f.items() if k != "likelihood")
    post = p.posterior(x).log_prob(z)
    return (p.log_joint(x, z) - lq).mean(0), (f["likelihood"] - (lq - prior)).mean(0), p.log_evidence(x) - (lq - post).mean(0)


# %% wrong standard_prior: takes N(0, I) for the prior
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    like, lq = p.log_factors(x, z)["likelihood"], q(x, z)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    post = p.posterior(x).log_prob(z)
    return (p.log_joint(x, z) - lq).mean(0), (like - (lq - prior)).mean(0), p.log_evidence(x) - (lq - post).mean(0)


# %% wrong kl_not_negative: estimates of a KL below zero are raised to zero
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z), q(x, z), p.log_factors(x, z)["likelihood"]
    post = p.posterior(x).log_prob(z)
    kl_prior = (lq - (joint - like)).mean(0).clamp(min=0)
    kl_post = (lq - post).mean(0).clamp(min=0)
    return (joint - lq).mean(0), like.mean(0) - kl_prior, p.log_evidence(x) - kl_post


# %% wrong batch_averaged_evidence: the evidence is averaged over the data, right for one datum
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z), q(x, z), p.log_factors(x, z)["likelihood"]
    post = p.posterior(x).log_prob(z)
    return (joint - lq).mean(0), (like - (lq - (joint - like))).mean(0), p.log_evidence(x).mean() - (lq - post).mean(0)


# %% wrong gaussian_entropy: a closed-form entropy where the family offers log_scale
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z), q(x, z), p.log_factors(x, z)["likelihood"]
    post = p.posterior(x).log_prob(z)
    H = -lq.mean(0)
    if hasattr(q, "log_scale"):
        H = (q.log_scale + 0.5 * math.log(2 * math.pi * math.e)).sum(-1).expand_as(H)
    return joint.mean(0) + H, (like - (lq - (joint - like))).mean(0), p.log_evidence(x) - (lq - post).mean(0)


# %% wrong single_precision: averages in float32
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z).float(), q(x, z).float(), p.log_factors(x, z)["likelihood"].float()
    post = p.posterior(x).log_prob(z).float()
    out = (joint - lq).mean(0), (like - (lq - (joint - like))).mean(0), p.log_evidence(x).float() - (lq - post).mean(0)
    return tuple(v.double() for v in out)


# %% wrong fresh_samples: draws its own samples of q for the entropy
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z), q(x, z), p.log_factors(x, z)["likelihood"]
    post = p.posterior(x).log_prob(z)
    mine = q.transport(torch.randn_like(z), x)
    return joint.mean(0) - q(x, mine).mean(0), (like - (lq - (joint - like))).mean(0), p.log_evidence(x) - (lq - post).mean(0)


# %% wrong first_sample_of_the_posterior: the posterior is asked for the mean sample only
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z), q(x, z), p.log_factors(x, z)["likelihood"]
    post = p.posterior(x).log_prob(z.mean(0, keepdim=True))
    return (joint - lq).mean(0), (like - (lq - (joint - like))).mean(0), p.log_evidence(x) - (lq.mean(0) - post.mean(0))


# %% wrong squeezed: a batch of one comes back without its axis
def three_forms(p, q, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    joint, lq, like = p.log_joint(x, z), q(x, z), p.log_factors(x, z)["likelihood"]
    post = p.posterior(x).log_prob(z)
    out = (joint - lq).mean(0), (like - (lq - (joint - like))).mean(0), p.log_evidence(x) - (lq - post).mean(0)
    return tuple(v.squeeze() for v in out)

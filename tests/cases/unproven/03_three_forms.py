import math
import torch
from torch import Tensor

# %% right sum_of_other_factors: the prior is the sum of all factors but the likelihood
def three_forms(p, q, x, z):
    log_q, factors = q(x, z), dict(p.log_factors(x, z))
    likelihood = factors.pop("likelihood")
    prior = torch.stack(list(factors.values())).sum(0)
    posterior = p.posterior(x).log_prob(z)
    return ((prior + likelihood).mean(0) - log_q.mean(0), likelihood.mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - posterior).mean(0))

# %% wrong one_prior_factor: the prior is the first factor that is not the likelihood
def three_forms(p, q, x, z):
    log_q, factors = q(x, z), p.log_factors(x, z)
    prior = next(v for k, v in factors.items() if k != "likelihood")
    return (p.log_joint(x, z).mean(0) - log_q.mean(0), factors["likelihood"].mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))

# %% wrong mean_evidence: the evidence is averaged over the data
def three_forms(p, q, x, z):
    log_q, joint, likelihood = q(x, z), p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    return (joint.mean(0) - log_q.mean(0), likelihood.mean(0) - (log_q - joint + likelihood).mean(0),
            p.log_evidence(x).mean() - (log_q - p.posterior(x).log_prob(z)).mean(0))

# %% wrong log_mean_exp: form one averages the weights inside the logarithm, which is the same for one sample only
def three_forms(p, q, x, z):
    log_q, joint, likelihood = q(x, z), p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    return (torch.logsumexp(joint - log_q, 0) - math.log(len(z)), likelihood.mean(0) - (log_q - joint + likelihood).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))

# %% wrong first_sample_kl: the divergence from the prior is estimated from the first sample alone
def three_forms(p, q, x, z):
    log_q, joint, likelihood = q(x, z), p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    return (joint.mean(0) - log_q.mean(0), likelihood.mean(0) - (log_q - joint + likelihood)[0],
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))

# %% wrong flat_batch: the data come back in one flat axis
def three_forms(p, q, x, z):
    log_q, joint, likelihood = q(x, z), p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    mean = lambda t: t.reshape(t.shape[0], -1).mean(0)
    return (mean(joint) - mean(log_q), mean(likelihood) - mean(log_q - joint + likelihood),
            p.log_evidence(x).reshape(-1) - mean(log_q - p.posterior(x).log_prob(z)))

# %% wrong fresh_entropy: the entropy of form one is estimated from samples of its own
def three_forms(p, q, x, z):
    log_q, joint, likelihood = q(x, z), p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    own = q.sample(z.shape[0], x)
    return (joint.mean(0) - q(x, own).mean(0), likelihood.mean(0) - (log_q - joint + likelihood).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))

# %% wrong bessel: divides the sums of the prior divergence by K - 1 (by one if there is one sample)
def three_forms(p, q, x, z):
    log_q, joint, likelihood = q(x, z), p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    return (joint.mean(0) - log_q.mean(0), likelihood.mean(0) - (log_q - joint + likelihood).sum(0) / max(len(z) - 1, 1),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))

# %% wrong positive_kl: clamps the estimated divergences at zero, since a divergence is never negative; an estimate may be
def three_forms(p, q, x, z):
    log_q, joint, likelihood = q(x, z), p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    return (joint.mean(0) - log_q.mean(0), likelihood.mean(0) - (log_q - joint + likelihood).mean(0).clamp(min=0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0).clamp(min=0))

# %% wrong median: the median over the samples in place of the mean in form three
def three_forms(p, q, x, z):
    log_q, joint, likelihood = q(x, z), p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    return (joint.mean(0) - log_q.mean(0), likelihood.mean(0) - (log_q - joint + likelihood).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).median(0).values)

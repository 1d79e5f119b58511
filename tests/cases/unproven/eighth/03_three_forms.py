import math

import torch
from torch import Tensor

from course_vi.families import Family
from course_vi.models import Model

# %% right einsum_over_samples: every expectation is one einsum with weights 1/K, and the prior is a sum over whatever factors the dictionary has, popped of its likelihood
def three_forms(p: Model, q: Family, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    K = z.shape[0]
    factors = dict(p.log_factors(x, z))
    likelihood = factors.pop("likelihood")
    prior = sum(factors.values(), torch.zeros_like(likelihood))
    tables = torch.stack((p.log_joint(x, z), q(x, z), likelihood, prior, p.posterior(x).log_prob(z)))
    joint, log_q, reconstruction, log_prior, log_posterior = torch.einsum("fk...,k->f...", tables, tables.new_full((K,), 1 / K)).unbind(0)
    return joint - log_q, reconstruction - (log_q - log_prior), p.log_evidence(x) - (log_q - log_posterior)

# %% wrong never_negative: both KL estimates are clamped at zero, since a divergence cannot be negative; its estimate from samples can, and the forms then differ
def three_forms(p: Model, q: Family, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    log_q, log_joint = q(x, z), p.log_joint(x, z)
    likelihood = p.log_factors(x, z)["likelihood"]
    to_prior = (log_q - (log_joint - likelihood)).mean(0).clamp(min=0)
    to_posterior = (log_q - p.posterior(x).log_prob(z)).mean(0).clamp(min=0)
    return log_joint.mean(0) - log_q.mean(0), likelihood.mean(0) - to_prior, p.log_evidence(x) - to_posterior

# %% wrong standard_normal_prior: the prior is written down as N(0, I), as in the toy, and not asked of the model
def three_forms(p: Model, q: Family, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    log_q = q(x, z)
    log_prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)
    likelihood = p.log_factors(x, z)["likelihood"]
    return (
        (p.log_joint(x, z) - log_q).mean(0),
        likelihood.mean(0) - (log_q - log_prior).mean(0),
        p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0),
    )

# %% wrong evidence_of_the_data_set: in form 3 the mean log evidence of all data stands for that of each datum; it is one number "of the model", and right for a single datum
def three_forms(p: Model, q: Family, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    log_q, log_joint = q(x, z), p.log_joint(x, z)
    likelihood = p.log_factors(x, z)["likelihood"]
    form_1 = log_joint.mean(0) - log_q.mean(0)
    form_2 = likelihood.mean(0) - (log_q - log_joint + likelihood).mean(0)
    form_3 = p.log_evidence(x).mean() - (log_q - p.posterior(x).log_prob(z)).mean(0)
    return form_1, form_2, form_3

# %% wrong posterior_normalized_by_samples: p(z | x) is the joint over its own importance estimate of p(x), so form 3 mixes an exact evidence with an estimated one
def three_forms(p: Model, q: Family, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    log_q, log_joint = q(x, z), p.log_joint(x, z)
    likelihood = p.log_factors(x, z)["likelihood"]
    normalizer = torch.logsumexp(log_joint - log_q, 0) - math.log(z.shape[0])
    form_1 = (log_joint - log_q).mean(0)
    form_2 = likelihood.mean(0) - (log_q - (log_joint - likelihood)).mean(0)
    form_3 = p.log_evidence(x) - (log_q - (log_joint - normalizer)).mean(0)
    return form_1, form_2, form_3

import math

import torch


def forms(p, q, x, z):
    log_q, log_joint = q(x, z), p.log_joint(x, z)
    likelihood = p.log_factors(x, z)["likelihood"]
    first = log_joint.mean(0) - log_q.mean(0)
    second = likelihood.mean(0) - (log_q - (log_joint - likelihood)).mean(0)
    third = p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0)
    return first, second, third


# %% right loop_over_data: q and p are asked datum by datum.
def three_forms(p, q, x, z):
    if x.dim() == 1:
        return forms(p, q, x, z)
    rows = [forms(p, q, x[b : b + 1], z[:, b : b + 1]) for b in range(len(x))]
    return tuple(torch.cat(parts) for parts in zip(*rows))


# %% right stacked: The three stacked in one tensor.
def three_forms(p, q, x, z):
    return torch.stack(forms(p, q, x, z))


# %% right list: A list of three.
def three_forms(p, q, x, z):
    return list(forms(p, q, x, z))


# %% wrong kl_not_negative: An estimate of a KL "cannot be negative": cut off at zero.
def three_forms(p, q, x, z):
    log_q, log_joint = q(x, z), p.log_joint(x, z)
    likelihood = p.log_factors(x, z)["likelihood"]
    kl_prior = (log_q - (log_joint - likelihood)).mean(0).clamp(min=0)
    kl_posterior = (log_q - p.posterior(x).log_prob(z)).mean(0).clamp(min=0)
    return (
        log_joint.mean(0) - log_q.mean(0),
        likelihood.mean(0) - kl_prior,
        p.log_evidence(x) - kl_posterior,
    )


# %% wrong order_312: Returned in the order third, first, second.
# not told: Form 3 was computed from the joint
def three_forms(p, q, x, z):
    first, second, third = forms(p, q, x, z)
    return third, first, second


# %% wrong flat_batch: The data come back in one flat axis.
def three_forms(p, q, x, z):
    return tuple(form.reshape(-1) for form in forms(p, q, x, z))


# %% wrong bayes: The posterior by Bayes' rule from joint and evidence, which cancels the evidence that was told.
# not told: asks neither
def three_forms(p, q, x, z):
    first, second, _ = forms(p, q, x, z)
    evidence = p.log_evidence(x)
    return first, second, evidence - (q(x, z) - (p.log_joint(x, z) - evidence)).mean(0)

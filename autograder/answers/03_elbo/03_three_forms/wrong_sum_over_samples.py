"""diagnosis: sum_over_samples"""


def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    prior = joint - lik
    return ((joint - log_q).sum(0), (lik - log_q + prior).sum(0), (p.log_evidence(x) - log_q + p.posterior(x).log_prob(z)).sum(0))

"""diagnosis: mean_over_batch"""


def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    return ((joint - log_q).mean(), (lik - log_q + joint - lik).mean(),
            (p.log_evidence(x) - log_q + p.posterior(x).log_prob(z)).mean())

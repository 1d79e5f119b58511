"""diagnosis: entropy_exact"""


def three_forms(p, q, x, z):
    log_q = q(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    prior = p.log_joint(x, z) - lik
    return (p.log_joint(x, z).mean(0) + q.distribution(x).entropy(), (lik - log_q + prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))

"""diagnosis: factor_lost"""


def three_forms(p, q, x, z):
    log_q = q(x, z)
    factors = p.log_factors(x, z)
    prior = list(factors.values())[0]
    lik = factors["likelihood"]
    return ((p.log_joint(x, z) - log_q).mean(0), lik.mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))

"""diagnosis: gap_sign"""


def three_forms(p, q, x, z):
    log_q = q(x, z)
    factors = p.log_factors(x, z)
    lik = factors.pop("likelihood")
    prior = sum(factors.values())
    reversed_kl = (p.posterior(x).log_prob(z) - log_q).mean(0)
    return (prior + lik - log_q).mean(0), (lik - log_q + prior).mean(0), p.log_evidence(x) - reversed_kl

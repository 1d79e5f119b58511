"""diagnosis: raises_KeyError"""


def three_forms(p, q, x, z):
    log_q, factors = q(x, z), p.log_factors(x, z)
    prior, lik = factors["prior"], factors["likelihood"]
    return ((prior + lik - log_q).mean(0), lik.mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))

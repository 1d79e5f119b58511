"""diagnosis: kl_sign"""


def three_forms(p, q, x, z):
    log_q = q(x, z)
    factors = p.log_factors(x, z)
    lik = factors.pop("likelihood")
    prior = sum(factors.values())
    kl_prior = (prior - log_q).mean(0)
    kl_post = (log_q - p.posterior(x).log_prob(z)).mean(0)
    return (prior + lik - log_q).mean(0), lik.mean(0) - kl_prior, p.log_evidence(x) - kl_post

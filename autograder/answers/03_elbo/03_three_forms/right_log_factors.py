"""Idiom: the named factors, vectorized."""


def three_forms(p, q, x, z):
    factors = p.log_factors(x, z)
    likelihood = factors["likelihood"]
    prior = sum(value for name, value in factors.items() if name != "likelihood")
    log_q = q(x, z)
    form1 = (prior + likelihood).mean(0) - log_q.mean(0)
    form2 = likelihood.mean(0) - (log_q - prior).mean(0)
    form3 = p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0)
    return form1, form2, form3

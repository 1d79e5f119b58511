"""diagnosis: prior_twice"""


def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    factors = p.log_factors(x, z)
    factors.pop("likelihood")
    prior = sum(factors.values())
    return ((joint - log_q).mean(0), joint.mean(0) - (log_q - prior).mean(0),
            p.log_evidence(x) - (log_q - p.posterior(x).log_prob(z)).mean(0))

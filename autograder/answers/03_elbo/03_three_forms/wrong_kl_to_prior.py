"""diagnosis: kl_to_prior"""


def three_forms(p, q, x, z):
    log_q, joint = q(x, z), p.log_joint(x, z)
    lik = p.log_factors(x, z)["likelihood"]
    kl = (log_q - (joint - lik)).mean(0)
    return (joint - log_q).mean(0), lik.mean(0) - kl, p.log_evidence(x) - kl

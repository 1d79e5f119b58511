"""diagnosis: score_sign"""


def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    log_q = q(x, z)
    value = (p.log_joint(x, z) - log_q).detach()
    return (value + (log_q - log_q.detach())).mean(0)

"""diagnosis: score_function"""


def naive_elbo(p, q, x, eps):
    z = q.transport(eps, x).detach()
    log_q = q(x, z)
    log_w = (p.log_joint(x, z) - log_q).detach()
    surrogate = log_w * log_q
    return (log_w + surrogate - surrogate.detach()).mean(0)
